//! Everything that is kept of one customer: handed out whole, or replaced by a pseudonym where no law keeps it.

use super::error::{Result, StoreError};
use super::{Read, Store, Tx};
use crate::billing::ids::CustomerCode;
use rusqlite::params;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

const THEIR_SERVICES: &str = "SELECT code FROM services WHERE customer = ?1";
const THEIR_CHARGES: &str = "SELECT id FROM charges WHERE customer = ?1";
const THEIR_PAYMENTS: &str = "SELECT id FROM payments WHERE customer = ?1 OR likely = ?1";
const THEIR_MESSAGES: &str = "SELECT id FROM messages WHERE customer = ?1";

/// Tables that hold something of a customer, each with what makes a row theirs.
fn places() -> Vec<(&'static str, String)> {
    let of = |table, condition: &str| (table, condition.to_owned());
    let within = |table, column: &str, theirs: &str| (table, format!("{column} IN ({theirs})"));
    vec![
        of("customers", "code = ?1"),
        of("found_by", "customer = ?1"),
        of("services", "customer = ?1"),
        of("charges", "customer = ?1"),
        within("allocations", "charge", THEIR_CHARGES),
        of("payments", "customer = ?1 OR likely = ?1"),
        within("sightings", "payment", THEIR_PAYMENTS),
        within("waiting_words", "payment", THEIR_PAYMENTS),
        of("payers", "bank_ref IN (SELECT bank_ref FROM payments WHERE customer = ?1 OR likely = ?1)"),
        of("invoices", "charge IN (SELECT id FROM charges WHERE customer = ?1)
             OR payment IN (SELECT id FROM payments WHERE customer = ?1)"),
        of("cards", "customer = ?1"),
        of("card_charges", "card IN (SELECT number FROM cards WHERE customer = ?1)"),
        of("messages", "customer = ?1"),
        of("deliveries", "message IN (SELECT id FROM messages WHERE customer = ?1)"),
        of("attempts", "delivery IN (SELECT d.id FROM deliveries d JOIN messages m ON m.id = d.message WHERE m.customer = ?1)"),
        of("notices", "message IN (SELECT id FROM messages WHERE customer = ?1)
             OR service IN (SELECT code FROM services WHERE customer = ?1) OR charge IN (SELECT id FROM charges WHERE customer = ?1)"),
        within("steps", "service", THEIR_SERVICES),
        within("staff_states", "service", THEIR_SERVICES),
        within("work_orders", "service", THEIR_SERVICES),
        within("holds", "service", THEIR_SERVICES),
        within("ends", "service", THEIR_SERVICES),
        of("staff_words", "record = 'customer' AND code = ?1
             OR record = 'service' AND code IN (SELECT code FROM services WHERE customer = ?1)"),
        of("attention", "customer = ?1"),
        of("journal", "customer = ?1 OR service IN (SELECT code FROM services WHERE customer = ?1)"),
    ]
}

/// Columns that a person can be known by, and what stands there afterwards. Codes, days, amounts, numbers of cards and
/// invoices, and the bank's references stay: the books are made of them.
const ERASED: [&str; 12] = [
    "UPDATE customers SET name = ?2, email = '', cc = '', tax_id = NULL, tax_office = NULL, profession = NULL,
       address = NULL, postcode = NULL, city = NULL, phone = NULL WHERE code = ?1",
    "UPDATE services SET domain_name = NULL, account = NULL, server = NULL, hold_until = NULL, hold_note = NULL
       WHERE customer = ?1 AND ?2 IS NOT NULL",
    "UPDATE payments SET payer = NULL, payer_iban = NULL, note = NULL, reference = NULL, end_to_end = NULL
       WHERE (customer = ?1 OR likely = ?1) AND ?2 IS NOT NULL",
    "DELETE FROM payers WHERE bank_ref IN (SELECT bank_ref FROM payments WHERE customer = ?1 OR likely = ?1) AND ?2 IS NOT NULL",
    "DELETE FROM waiting_words WHERE payment IN (SELECT id FROM payments WHERE customer = ?1 OR likely = ?1) AND ?2 IS NOT NULL",
    "DELETE FROM message_bytes WHERE message IN (SELECT id FROM messages WHERE customer = ?1) AND ?2 IS NOT NULL",
    "UPDATE attempts SET reply = '' WHERE ?2 IS NOT NULL
       AND delivery IN (SELECT d.id FROM deliveries d JOIN messages m ON m.id = d.message WHERE m.customer = ?1)",
    "UPDATE deliveries SET address = ?2 || '-' || id, reply = NULL WHERE message IN (SELECT id FROM messages WHERE customer = ?1)",
    "UPDATE messages SET subject = '', lines = '[]' WHERE customer = ?1 AND ?2 IS NOT NULL",
    "UPDATE holds SET note = '' WHERE service IN (SELECT code FROM services WHERE customer = ?1) AND ?2 IS NOT NULL",
    "DELETE FROM attention WHERE customer = ?1 AND ?2 IS NOT NULL",
    "UPDATE journal SET detail = '{}' WHERE ?2 IS NOT NULL
       AND (customer = ?1 OR service IN (SELECT code FROM services WHERE customer = ?1))",
];

/// The journal is append-only; what is erased is the one exception, within one transaction.
const JOURNAL_OPENS: &str = "DROP TRIGGER journal_is_kept";
const JOURNAL_CLOSES: &str = "CREATE TRIGGER journal_is_kept BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END";

impl Read {
    /// Every row that is a customer's, table by table, as it is stored.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn all_of_customer(&self, customer: &CustomerCode) -> Result<Map<String, Value>> {
        let mut all = Map::new();
        for (table, condition) in places() {
            let mut statement =
                self.connection().prepare(&format!("SELECT * FROM {table} WHERE {condition}"))?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([customer.as_str()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let mut object = Map::new();
                for (at, name) in names.iter().enumerate() {
                    object.insert(name.clone(), json_of(row.get_ref(at)?));
                }
                found.push(Value::Object(object));
            }
            all.insert(table.to_owned(), found.into());
        }
        Ok(all)
    }

    /// The numbers of a customer's messages.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn message_numbers_of(&self, customer: &CustomerCode) -> Result<Vec<(i64, String)>> {
        let sql = format!("SELECT id, message_id FROM messages WHERE id IN ({THEIR_MESSAGES}) ORDER BY id");
        let mut statement = self.connection().prepare(&sql)?;
        let rows = statement.query_map([customer.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a delivery of a customer's messages waits, or nobody knows whether it arrived.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn has_unfinished(&self, customer: &CustomerCode) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM deliveries WHERE message IN ({THEIR_MESSAGES})
               AND state IN ('queued', 'in_doubt', 'uncertain'))"
        );
        Ok(self.connection().query_row(&sql, [customer.as_str()], |row| row.get(0))?)
    }

    /// Every address that a customer's messages went to.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn addresses_of(&self, customer: &CustomerCode) -> Result<Vec<String>> {
        let sql = format!("SELECT DISTINCT address FROM deliveries WHERE message IN ({THEIR_MESSAGES})");
        let mut statement = self.connection().prepare(&sql)?;
        let rows = statement.query_map([customer.as_str()], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()).into(),
    }
}

fn erase(read: &Read, customer: &CustomerCode, pseudonym: &str) -> Result<()> {
    let connection = read.connection();
    connection.execute_batch(JOURNAL_OPENS)?;
    for sql in ERASED {
        connection.execute(sql, params![customer.as_str(), pseudonym])?;
    }
    connection.execute_batch(JOURNAL_CLOSES)?;
    super::seal::seal_again(connection)
}

impl Tx<'_> {
    /// Replaces a customer by `pseudonym` in every place of the database.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn erase_customer(&self, customer: &CustomerCode, pseudonym: &str) -> Result<()> {
        erase(self, customer, pseudonym)
    }
}

impl Store {
    /// What is deleted from now on is overwritten.
    ///
    /// # Errors
    /// Where SQLite refuses.
    pub fn overwrite_what_is_deleted(&self) -> Result<()> {
        Ok(self.read.connection.pragma_update(None, "secure_delete", true)?)
    }

    /// Writes the database anew and cuts its log, so that nothing stands any more in what neither of them uses.
    ///
    /// # Errors
    /// Where SQLite refuses.
    pub fn compact(&self) -> Result<()> {
        self.read.connection.execute_batch("VACUUM")?;
        self.read.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Replaces a customer by `pseudonym` in a copy of the database that is nobody's: a backup. Gives whether they were in it.
    ///
    /// # Errors
    /// Where the copy cannot be written.
    pub fn erase_in_copy(&mut self, customer: &CustomerCode, pseudonym: &str) -> Result<bool> {
        self.overwrite_what_is_deleted()?;
        if self.customer(customer)?.is_none_or(|known| known.name == pseudonym) {
            return Ok(false);
        }
        self.transact(|read| erase(read, customer, pseudonym))?;
        // free pages still have what stood there
        self.read.connection.execute_batch("VACUUM").map_err(StoreError::from)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables in which nothing of a customer stands.
    const OF_NOBODY: [&str; 7] =
        ["runs", "payment_imports", "message_bytes", "gates", "unread_files", "secrets", "mailboxes"];

    #[test]
    fn no_table_is_forgotten() {
        let store = Store::in_memory().unwrap();
        let mut statement = store
            .read
            .connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .unwrap();
        let tables: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
        for table in tables {
            let known =
                places().iter().any(|(place, _)| *place == table) || OF_NOBODY.contains(&table.as_str());
            assert!(known, "`{table}` is neither handed out nor nobody's");
        }
        store.all_of_customer(&CustomerCode::new("K-1")).unwrap();
    }

    #[test]
    fn the_journal_is_closed_again_as_it_was() {
        let mut store = Store::in_memory().unwrap();
        let trigger = |store: &Store| -> String {
            let sql = "SELECT sql FROM sqlite_master WHERE name = 'journal_is_kept'";
            store.read.connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let before = trigger(&store);
        store.transact(|read| erase(read, &CustomerCode::new("K-1"), "x")).unwrap();
        assert_eq!(trigger(&store), before);
    }
}
