//! The table of payments, and the freshness of what is known of the bank.

use super::columns::Record;
use super::error::Result;
use super::runs::RunId;
use super::{Queries, Tx, charges};
use crate::billing::charge::Charge;
use crate::billing::charging::Spent;
use crate::billing::facts::Payment;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// `source` of payments that a person recorded.
pub const BY_HAND: &str = "hand";

/// A payment as a file brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayment {
    /// Day.
    pub date: NaiveDate,
    /// Amount; positive.
    pub amount: Money,
    /// The bank's reference: the same one is the same payment.
    pub bank_ref: String,
    /// Whose it is, if that is known.
    pub customer: Option<CustomerCode>,
    /// What told so.
    pub matched_by: Option<&'static str>,
    /// Services it names.
    pub services: Vec<ServiceCode>,
    /// Reference given.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// From which account.
    pub payer_iban: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
    /// Our account it came in on, where the statement says; else empty.
    pub account: String,
    /// What brought it: `csv`, `hand`, `camt.053` or a profile's name.
    pub source: String,
    /// `bank`, `cash`, `card` or `iris`.
    pub method: &'static str,
}

/// A payment as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPayment {
    /// Its number.
    pub id: PaymentId,
    /// Day.
    pub date: NaiveDate,
    /// What it brought.
    pub amount: Money,
    /// Of it, what was not taken back.
    pub kept: Money,
    /// Of that, what went to charges.
    pub allocated: Money,
    /// The bank's reference.
    pub bank_ref: String,
    /// Our account.
    pub account: String,
    /// What brought it.
    pub source: String,
    /// Whose it is.
    pub customer: Option<CustomerCode>,
    /// Reference given.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
    /// How it came.
    pub method: String,
}

fn stored(row: &Row<'_>) -> Result<StoredPayment> {
    let record = Record::new(row, "payment");
    let money = |column| record.integer(column).map(Money::from_cents);
    Ok(StoredPayment {
        id: PaymentId(record.integer("id")?),
        date: record.date("date")?,
        amount: money("amount_cents")?,
        kept: money("kept_cents")?,
        allocated: money("allocated_cents")?,
        bank_ref: record.text("bank_ref")?,
        account: record.text("account")?,
        source: record.text("source")?,
        customer: record.optional_text("customer")?.map(CustomerCode::new),
        reference: record.optional_text("reference")?,
        payer: record.optional_text("payer")?,
        note: record.optional_text("note")?,
        method: record.text("method")?,
    })
}

/// A customer's payments with money left, oldest first.
pub(super) fn with_money_left(connection: &Connection, customer: &CustomerCode) -> Result<Vec<Payment>> {
    let sql = "SELECT id, date, bank_ref, services, kept_cents, allocated_cents FROM money
               WHERE customer = ?1 AND kept_cents > allocated_cents ORDER BY date, bank_ref";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([customer.as_str()])?;
    let mut payments = Vec::new();
    while let Some(row) = rows.next()? {
        let record = Record::new(row, "payment");
        payments.push(Payment {
            id: PaymentId(record.integer("id")?),
            date: record.date("date")?,
            bank_ref: record.text("bank_ref")?,
            amount: Money::from_cents(record.integer("kept_cents")?),
            allocated: Money::from_cents(record.integer("allocated_cents")?),
            services: record
                .text("services")?
                .split(';')
                .filter(|c| !c.is_empty())
                .map(ServiceCode::new)
                .collect(),
        });
    }
    Ok(payments)
}

/// Whether two names of an account may mean the same one: an empty name may mean any, and `bank:011` any
/// account of that bank.
#[must_use]
pub fn is_same_account(a: &str, b: &str) -> bool {
    let bank = |account: &str| -> Option<String> {
        let code = account.strip_prefix("bank:");
        code.or_else(|| account.strip_prefix("GR").and_then(|rest| rest.get(2..5))).map(str::to_owned)
    };
    let named = !a.starts_with("bank:") && !b.starts_with("bank:");
    a == b || a.is_empty() || b.is_empty() || (!named && bank(a).is_some() && bank(a) == bank(b))
}

/// Reading payments.
pub trait Payments: Queries {
    /// The movement of this bank reference on an account, money taken back and money known twice included.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn movement(&self, bank_ref: &str, account: &str) -> Result<Option<StoredPayment>> {
        let sql = "SELECT *, amount_cents AS kept_cents, 0 AS allocated_cents FROM payments
                   WHERE bank_ref = ?1 ORDER BY account <> ?2, id";
        let found = self.stored_payments(sql, params![bank_ref, account])?;
        Ok(found.into_iter().find(|known| is_same_account(&known.account, account)))
    }

    /// A payment by its number.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn payment(&self, id: PaymentId) -> Result<Option<StoredPayment>> {
        Ok(self.stored_payments("SELECT * FROM money WHERE id = ?1", params![id.0])?.pop())
    }

    /// A customer's payments, oldest first; those wholly taken back too.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn payments_of(&self, customer: &CustomerCode) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT * FROM money WHERE customer = ?1 ORDER BY date, id";
        self.stored_payments(sql, params![customer.as_str()])
    }

    /// A movement by its number, money known twice included.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn movement_of_id(&self, id: PaymentId) -> Result<Option<StoredPayment>> {
        let sql = "SELECT p.*, coalesce(m.kept_cents, p.amount_cents) AS kept_cents,
                     coalesce(m.allocated_cents, 0) AS allocated_cents
                   FROM payments p LEFT JOIN money m ON m.id = p.id WHERE p.id = ?1 AND p.reverses IS NULL";
        Ok(self.stored_payments(sql, params![id.0])?.pop())
    }

    /// The payments of a bank reference, on whatever account.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn payments_of_reference(&self, bank_ref: &str) -> Result<Vec<StoredPayment>> {
        self.stored_payments("SELECT * FROM money WHERE bank_ref = ?1 ORDER BY id", params![bank_ref])
    }

    /// Payments that gave `reference`.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn payments_that_gave(&self, reference: &str) -> Result<Vec<StoredPayment>> {
        self.stored_payments("SELECT * FROM money WHERE reference = ?1 ORDER BY id", params![reference])
    }

    /// Payments of that amount that day which other bank formats brought.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn payments_of_other_formats(
        &self,
        source: &str,
        date: NaiveDate,
        amount: Money,
    ) -> Result<Vec<StoredPayment>> {
        let sql =
            "SELECT * FROM money WHERE amount_cents = ?3 AND date = ?2 AND source NOT IN (?1, 'csv', 'hand')
                   ORDER BY id";
        self.stored_payments(sql, params![source, date, amount.cents()])
    }

    /// Payments of an amount that a person recorded within ten days of `date` and that no statement has shown
    /// yet; of one customer, if one is named.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn recorded_by_hand(
        &self,
        amount: Money,
        date: NaiveDate,
        customer: Option<&CustomerCode>,
    ) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT * FROM money p WHERE amount_cents = ?1 AND source = 'hand'
                     AND abs(julianday(date) - julianday(?2)) <= 10 AND (?3 IS NULL OR customer = ?3)
                     AND NOT EXISTS (SELECT 1 FROM payments t WHERE t.same_as = p.id) ORDER BY id";
        let customer = customer.map(CustomerCode::as_str);
        self.stored_payments(sql, params![amount.cents(), date, customer])
    }

    /// Payments of an amount that a statement showed for a customer within ten days of `date`, and that no
    /// person has named as the same as one recorded by hand.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn on_statements(
        &self,
        amount: Money,
        date: NaiveDate,
        customer: &CustomerCode,
    ) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT * FROM money WHERE amount_cents = ?1 AND source <> 'hand' AND customer = ?3
                     AND abs(julianday(date) - julianday(?2)) <= 10 ORDER BY id";
        self.stored_payments(sql, params![amount.cents(), date, customer.as_str()])
    }

    #[doc(hidden)]
    fn stored_payments(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<StoredPayment>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut payments = Vec::new();
        while let Some(row) = rows.next()? {
            payments.push(stored(row)?);
        }
        Ok(payments)
    }

    /// Where a payment's money went: what of each charge it pays, and whether the charge's service was
    /// renewed by it.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn spent(&self, payment: PaymentId) -> Result<Vec<Spent>> {
        let sql = "SELECT c.*, (SELECT sum(a.amount_cents) FROM allocations a WHERE a.charge = c.id) AS paid_cents,
                     (SELECT i.number FROM invoices i WHERE i.charge = c.id ORDER BY i.id LIMIT 1) AS invoice,
                     (SELECT sum(a.amount_cents) FROM allocations a WHERE a.charge = c.id AND a.payment = ?1) AS spent,
                     EXISTS (SELECT 1 FROM steps t WHERE t.service = c.service AND t.action = 'renew'
                       AND t.period_from = c.period_from AND t.state <> 'undone') AS renewed
                   FROM charges c WHERE c.id IN (SELECT charge FROM allocations WHERE payment = ?1) ORDER BY c.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([payment.0])?;
        let mut spent = Vec::new();
        while let Some(row) = rows.next()? {
            let charge: Charge = charges::read(row)?;
            let record = Record::new(row, "charge");
            let amount = Money::from_cents(record.integer("spent")?);
            spent.push(Spent { charge, amount, renewed: record.integer("renewed")? == 1 });
        }
        Ok(spent)
    }

    /// Who paid a movement, by a list that a bank gave apart.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn payer_told(&self, account: &str, bank_ref: &str, amount: Money) -> Result<Option<String>> {
        let sql = "SELECT account, payer FROM payers WHERE bank_ref = ?1 AND amount_cents = ?2";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(params![bank_ref, amount.cents()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let rows: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(rows.into_iter().find(|(of, _)| is_same_account(of, account)).map(|(_, payer)| payer))
    }

    /// The one customer whose earlier payments came from an account, if it is exactly one.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn customer_of_payer(&self, payer_iban: &str) -> Result<Option<CustomerCode>> {
        let sql =
            "SELECT DISTINCT customer FROM payments WHERE payer_iban = ?1 AND customer IS NOT NULL LIMIT 2";
        let mut statement = self.connection().prepare_cached(sql)?;
        let codes = statement.query_map([payer_iban], |row| row.get::<_, String>(0))?;
        let mut codes: Vec<String> = codes.collect::<rusqlite::Result<_>>()?;
        Ok(if codes.len() == 1 { codes.pop().map(CustomerCode::new) } else { None })
    }

    /// Customers who have credit and a terminated service.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn customers_with_terminated_and_credit(&self) -> Result<Vec<CustomerCode>> {
        let mut statement = self.connection().prepare_cached(LATE)?;
        let codes = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(codes.map(|code| code.map(CustomerCode::new)).collect::<rusqlite::Result<_>>()?)
    }

    /// The day up to which the bank is known: the newest payment import's, but for days to come that a person has
    /// put down to a wrong clock ([`super::CLOCK_FORGIVEN`]).
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn payments_fresh_on(&self, today: NaiveDate) -> Result<Option<NaiveDate>> {
        let sql = "SELECT max(fresh_on) FROM payment_imports WHERE fresh_on <= ?1
                     OR run > coalesce((SELECT max(run) FROM journal WHERE what = 'clock_forgiven'), 0)";
        Ok(self.connection().query_row(sql, [today], |row| row.get(0)).optional()?.flatten())
    }
}

/// Customers who have credit and a terminated service: their money may have come too late.
pub(super) const LATE: &str = "SELECT DISTINCT customer FROM money
    WHERE customer IN (SELECT customer FROM services WHERE state = 'terminated') AND kept_cents > allocated_cents
    ORDER BY 1";

impl<T: Queries> Payments for T {}

impl Tx<'_> {
    /// Books a payment.
    ///
    /// # Errors
    /// A bank reference that is known already.
    pub fn book_payment(&self, run: RunId, new: &NewPayment) -> Result<PaymentId> {
        let services: Vec<&str> = new.services.iter().map(ServiceCode::as_str).collect();
        self.connection()
            .prepare_cached(
                "INSERT INTO payments (date, amount_cents, bank_ref, customer, matched_by, services, reference,
                  payer, payer_iban, note, run, account, method, source)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                new.date,
                new.amount.cents(),
                new.bank_ref,
                new.customer.as_ref().map(CustomerCode::as_str),
                new.matched_by,
                services.join(";"),
                new.reference,
                new.payer,
                new.payer_iban,
                new.note,
                run.0,
                new.account,
                new.method,
                new.source
            ])?;
        Ok(PaymentId(self.connection().last_insert_rowid()))
    }

    /// Books money that was taken back of a payment; `why` says how it is known.
    ///
    /// # Errors
    /// A bank reference that is known already.
    pub fn book_reversal(
        &self,
        run: RunId,
        of: &StoredPayment,
        amount: Money,
        date: NaiveDate,
        bank_ref: &str,
        source: &str,
        why: &str,
    ) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO payments (date, amount_cents, bank_ref, customer, matched_by, note, run, account, method,
                  source, reverses)
                 SELECT ?2, ?3, ?4, customer, 'reversal', ?5, ?6, account, method, ?7, id FROM payments WHERE id = ?1",
            )?
            .execute(params![of.id.0, date, -amount.cents(), bank_ref, why, run.0, source])?;
        Ok(())
    }

    /// A person says whose an unmatched payment is; gives whether it was unmatched. What was taken back of it
    /// goes with it.
    ///
    /// # Errors
    /// A customer that does not exist.
    pub fn assign_payment(
        &self,
        payment: PaymentId,
        customer: &CustomerCode,
        evidence: &str,
    ) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE payments SET customer = ?2, matched_by = ?3, same_as = NULL WHERE id = ?1 AND customer IS NULL",
            )?
            .execute(params![payment.0, customer.as_str(), evidence])?;
        self.connection()
            .prepare_cached("UPDATE payments SET customer = ?2 WHERE reverses = ?1")?
            .execute(params![payment.0, customer.as_str()])?;
        Ok(changed == 1)
    }

    /// A payment is nobody's again; its allocations must have been taken back before.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn unassign_payment(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE payments SET customer = NULL, matched_by = NULL, basis = NULL
                 WHERE id = ?1 OR reverses = ?1",
            )?
            .execute([payment.0])?;
        Ok(())
    }

    /// A person says that a line of a statement is the same money as a payment recorded by hand.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn name_same(&self, line: PaymentId, by_hand: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE payments SET same_as = ?2, matched_by = 'person' WHERE id = ?1")?
            .execute([line.0, by_hand.0])?;
        Ok(())
    }

    /// Remembers who paid a movement, and tells the payment if it has come already; gives whether it has.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn tell_payer(&self, account: &str, bank_ref: &str, amount: Money, payer: &str) -> Result<bool> {
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO payers (account, bank_ref, amount_cents, payer) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![account, bank_ref, amount.cents(), payer])?;
        let Some(known) = self.movement(bank_ref, account)?.filter(|known| known.amount == amount) else {
            return Ok(false);
        };
        self.connection()
            .prepare_cached("UPDATE payments SET payer = ?2 WHERE id = ?1 AND payer IS NULL")?
            .execute(params![known.id.0, payer])?;
        Ok(true)
    }

    /// Remembers why a payment's money went where it went.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_basis(&self, payment: PaymentId, basis: &str) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE payments SET basis = ?2 WHERE id = ?1")?
            .execute(params![payment.0, basis])?;
        Ok(())
    }

    /// Remembers that the bank is known up to `fresh_on`.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_payment_import(&self, run: RunId, fresh_on: NaiveDate) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO payment_imports (run, fresh_on) VALUES (?1, ?2)
                 ON CONFLICT (run) DO UPDATE SET fresh_on = max(fresh_on, excluded.fresh_on)",
            )?
            .execute(params![run.0, fresh_on])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_its_iban_or_by_its_bank() {
        let iban = "GR1601101250000000012300695";
        for (a, b, same) in [
            (iban, iban, true),
            (iban, "GR9608100010000001234567890", false),
            (iban, "GR1601101250000000012300696", false),
            (iban, "bank:011", true),
            ("bank:011", iban, true),
            (iban, "bank:014", false),
            ("bank:014", "bank:014", true),
            (iban, "", true),
            ("DE89370400440532013000", "bank:011", false),
        ] {
            assert_eq!(is_same_account(a, b), same, "{a} {b}");
        }
    }
}
