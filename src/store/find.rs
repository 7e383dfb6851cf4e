//! What customers can be found by: every text that somebody may remember of one, kept together so that all are looked
//! through at once.

use super::error::Result;
use super::{Read, Store};
use crate::billing::ids::CustomerCode;
use crate::billing::sought::KnownBy;
use rusqlite::{OptionalExtension, Params, Row, params};
use std::collections::BTreeMap;

/// Where the texts stand: a table of customers' rows, and what its columns are, in the order of [`KnownBy::ALL`].
type Place = (&'static str, &'static [(KnownBy, &'static str)]);
const PLACES: [Place; 6] = [
    (
        "customers t ON t.code = f.customer",
        &[
            (KnownBy::Code, "t.code"),
            (KnownBy::TaxId, "t.tax_id"),
            (KnownBy::Reference, "t.reference"),
            (KnownBy::Email, "t.email"),
            (KnownBy::Email, "t.cc"),
            (KnownBy::Phone, "t.phone"),
            (KnownBy::Name, "t.name"),
        ],
    ),
    (
        "services t ON t.customer = f.customer",
        &[(KnownBy::Service, "t.code"), (KnownBy::DomainName, "t.domain_name")],
    ),
    ("cards t ON t.customer = f.customer", &[(KnownBy::Card, "t.number")]),
    (
        "charges t ON t.customer = f.customer JOIN invoices i ON i.charge = t.id",
        &[(KnownBy::Invoice, "i.number")],
    ),
    (
        "payments t ON t.customer = f.customer JOIN invoices i ON i.payment = t.id",
        &[(KnownBy::Invoice, "i.number")],
    ),
    ("payments t ON t.customer = f.customer", &[(KnownBy::Payer, "t.payer")]),
];

/// One, and those of whom something has changed, after one and up to another.
const ONE: &str = "f.customer = ?1";
const CHANGED: &str = "f.texts IS NULL AND f.customer > ?1 AND f.customer <= ?2";

/// So many customers are worth a second thread.
const MANY: i64 = if cfg!(debug_assertions) { 2 } else { 20_000 };

/// So many of them are gone through at once.
const AT_ONCE: i64 = 2_000;

/// What stands in a column; what is not there, or is no text, finds nobody.
fn text<'a>(row: &'a Row<'_>, column: usize) -> &'a str {
    row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default()
}

impl Read {
    /// Hands over each text that a customer can be found by, as it is stored.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn known_by(&self, customer: &CustomerCode, each: &mut dyn FnMut(KnownBy, &str)) -> Result<()> {
        self.texts(ONE, [customer.as_str()], &mut |_, what, text| each(what, text))
    }

    /// Hands over each service of a customer's that has not ended, with its domain name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn domain_names_of(&self, customer: &CustomerCode, each: &mut dyn FnMut(&str, &str)) -> Result<()> {
        let sql = "SELECT code, domain_name FROM services WHERE customer = ?1 AND domain_name IS NOT NULL
                     AND state <> 'ended'";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([customer.as_str()])?;
        while let Some(row) = rows.next()? {
            each(text(row, 0), text(row, 1));
        }
        Ok(())
    }

    /// The customer that stands about half way among all, by their codes; none where they are few.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn half_way(&self) -> Result<Option<String>> {
        let all = self.next_customer_sequence()?;
        if all < MANY {
            return Ok(None);
        }
        let sql = "SELECT code FROM customers ORDER BY code LIMIT 1 OFFSET ?1";
        Ok(self.connection().prepare_cached(sql)?.query_row([all / 2], |row| row.get(0)).optional()?)
    }

    /// Hands over each customer after one and up to another with all that they can be found by, as [`KnownBy::append`] puts
    /// it together.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn known_between(
        &self,
        after: &str,
        up_to: Option<&str>,
        each: &mut dyn FnMut(&str, &str),
    ) -> Result<()> {
        let mut statement = self.connection().prepare_cached(
            "SELECT customer, texts FROM found_by WHERE customer > ?1 AND texts IS NOT NULL ORDER BY customer",
        )?;
        let is_beyond = |customer: &str| up_to.is_some_and(|up_to| customer > up_to);
        let mut rows = statement.query([after])?;
        while let Some(row) = rows.next()?
            && !is_beyond(text(row, 0))
        {
            each(text(row, 0), text(row, 1));
        }
        let mut after = after.to_owned();
        while let Some((last, changed)) = self.changed(&after)? {
            let those = changed.iter().filter(|(code, _)| !is_beyond(code));
            those.for_each(|(customer, texts)| each(customer, texts));
            if is_beyond(&last) {
                break;
            }
            after = last;
        }
        Ok(())
    }

    /// All that is known of some customers of whom something has changed, the first after `after`; and the last of them.
    fn changed(&self, after: &str) -> Result<Option<(String, BTreeMap<String, String>)>> {
        let sql =
            "SELECT max(customer) FROM (SELECT customer FROM found_by WHERE texts IS NULL AND customer > ?1
                     ORDER BY customer LIMIT ?2)";
        let last: Option<String> =
            self.connection().prepare_cached(sql)?.query_row(params![after, AT_ONCE], |row| row.get(0))?;
        let Some(last) = last else { return Ok(None) };
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        self.texts(CHANGED, [after, &last], &mut |customer, what, text| {
            let texts = match all.get_mut(customer) {
                Some(texts) => texts,
                None => all.entry(customer.to_owned()).or_default(),
            };
            match what {
                // each address by itself
                KnownBy::Email => text.split(';').for_each(|one| what.append(one.trim(), texts)),
                _ => what.append(text, texts),
            }
        })?;
        Ok(Some((last, all)))
    }

    fn texts(
        &self,
        those: &str,
        values: impl Params + Copy,
        each: &mut dyn FnMut(&str, KnownBy, &str),
    ) -> Result<()> {
        for (rows, columns) in PLACES {
            let names = columns.iter().map(|(_, column)| *column).collect::<Vec<_>>().join(", ");
            let sql = format!("SELECT f.customer, {names} FROM found_by f CROSS JOIN {rows} WHERE {those}");
            let mut statement = self.connection().prepare_cached(&sql)?;
            let mut rows = statement.query(values)?;
            while let Some(row) = rows.next()? {
                for (at, (what, _)) in columns.iter().enumerate() {
                    each(text(row, 0), *what, text(row, at + 1));
                }
            }
        }
        Ok(())
    }
}

impl Store {
    /// Keeps all that is known of those of whom something has changed, so that they are found as quickly as the others. What
    /// is not kept is found all the same.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn keep_known_by(&mut self) -> Result<()> {
        let mut after = String::new();
        while let Some(last) = self.transact(|read| keep_some(read, &after))? {
            after = last;
        }
        Ok(())
    }
}

fn keep_some(read: &Read, after: &str) -> Result<Option<String>> {
    let Some((last, changed)) = read.changed(after)? else { return Ok(None) };
    let mut statement =
        read.connection().prepare_cached("UPDATE found_by SET texts = ?2 WHERE customer = ?1")?;
    for (customer, texts) in &changed {
        statement.execute(params![customer, texts])?;
    }
    Ok(Some(last))
}
