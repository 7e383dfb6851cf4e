//! Reading payments.

use super::{StoredPayment, all_stored, is_same_account};
use crate::billing::charge::Charge;
use crate::billing::charging::Spent;
use crate::billing::ids::{CustomerCode, PaymentId};
use crate::billing::money::Money;
use crate::billing::movement::Identity;
use crate::store::columns::Record;
use crate::store::error::Result;
use crate::store::{Read, charges};
use chrono::NaiveDate;
use rusqlite::{OptionalExtension, params};

/// Reading payments.
impl Read {
    /// The payment that a movement of this identity is, the ordinal-th of its equals within a statement.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn sighted(&self, identity: Identity, ordinal: u32) -> Result<Option<StoredPayment>> {
        let sql = "SELECT p.*, p.amount_cents AS kept_cents, 0 AS allocated_cents
                   FROM sightings s JOIN payments p ON p.id = s.payment WHERE s.identity = ?1 AND s.ordinal = ?2";
        Ok(self.stored_payments(sql, params![identity.to_string(), ordinal])?.pop())
    }

    /// How many movements of this identity were seen.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn times_sighted(&self, identity: Identity) -> Result<u32> {
        let sql = "SELECT coalesce(max(ordinal), 0) FROM sightings WHERE identity = ?1";
        Ok(self.connection().query_row(sql, [identity.to_string()], |row| row.get(0))?)
    }

    /// Whether a person has said that a movement is the money of another.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn is_same_as_another(&self, id: PaymentId) -> Result<bool> {
        let sql = "SELECT same_as IS NOT NULL FROM payments WHERE id = ?1";
        Ok(self.connection().query_row(sql, [id.0], |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// A payment by its number.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn payment(&self, id: PaymentId) -> Result<Option<StoredPayment>> {
        Ok(self.stored_payments("SELECT * FROM money WHERE id = ?1", params![id.0])?.pop())
    }

    /// A customer's payments, oldest first; those wholly taken back too.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn payments_of(&self, customer: &CustomerCode) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT * FROM money WHERE customer = ?1 ORDER BY date, id";
        self.stored_payments(sql, params![customer.as_str()])
    }

    /// A movement by its number, money known twice included.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn movement_of_id(&self, id: PaymentId) -> Result<Option<StoredPayment>> {
        let sql = "SELECT p.*, coalesce(m.kept_cents, p.amount_cents) AS kept_cents,
                     coalesce(m.allocated_cents, 0) AS allocated_cents
                   FROM payments p LEFT JOIN money m ON m.id = p.id WHERE p.id = ?1 AND p.reverses IS NULL";
        Ok(self.stored_payments(sql, params![id.0])?.pop())
    }

    /// Payments of a customer that a person recorded for a day.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn recorded_on(
        &self,
        amount: Money,
        date: NaiveDate,
        customer: &CustomerCode,
    ) -> Result<Vec<StoredPayment>> {
        let sql =
            "SELECT * FROM money WHERE amount_cents = ?1 AND date = ?2 AND customer = ?3 AND source = 'hand'
                     AND kept_cents > 0 ORDER BY id";
        self.stored_payments(sql, params![amount.cents(), date, customer.as_str()])
    }

    /// The payments of a bank reference, on whatever account.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn payments_of_reference(&self, bank_ref: &str) -> Result<Vec<StoredPayment>> {
        self.stored_payments("SELECT * FROM money WHERE bank_ref = ?1 ORDER BY id", params![bank_ref])
    }

    /// Payments that gave `reference`.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn payments_that_gave(&self, reference: &str) -> Result<Vec<StoredPayment>> {
        self.stored_payments("SELECT * FROM money WHERE reference = ?1 ORDER BY id", params![reference])
    }

    /// Payments that gave an end-to-end id.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn payments_of_end_to_end(&self, end_to_end: &str, amount: Money) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT * FROM money WHERE amount_cents = ?2 AND end_to_end = ?1 ORDER BY id";
        self.stored_payments(sql, params![end_to_end, amount.cents()])
    }

    /// Payments of that amount that day which `source` has not shown yet, and that no person recorded.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn payments_unseen_by(
        &self,
        source: &str,
        date: NaiveDate,
        amount: Money,
    ) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT p.*, p.amount_cents AS kept_cents, 0 AS allocated_cents FROM payments p
                   WHERE date = ?2 AND amount_cents = ?3 AND reverses IS NULL AND source <> 'hand'
                     AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.payment = p.id AND s.source = ?1) ORDER BY id";
        self.stored_payments(sql, params![source, date, amount.cents()])
    }

    /// What was taken back of that amount that day, as other formats have shown and `source` has not yet: its number,
    /// that of the payment, and the account.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn reversals_unseen_by(
        &self,
        source: &str,
        date: NaiveDate,
        amount: Money,
    ) -> Result<Vec<(PaymentId, PaymentId, String)>> {
        let sql = "SELECT id, reverses, account FROM payments p
                   WHERE date = ?2 AND amount_cents = ?3 AND reverses IS NOT NULL
                     AND EXISTS (SELECT 1 FROM sightings s WHERE s.payment = p.id)
                     AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.payment = p.id AND s.source = ?1) ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(params![source, date, -amount.cents()], |row| {
            Ok((PaymentId(row.get(0)?), PaymentId(row.get(1)?), row.get(2)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Payments whose day was still to come when they were shown and has come.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn payments_ripe_on(&self, today: NaiveDate) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT * FROM money WHERE customer IS NULL AND parked = 'ahead' AND date <= ?1 ORDER BY date, bank_ref, id";
        self.stored_payments(sql, params![today])
    }

    /// How many lines of that amount around that day wait because they resemble a payment of this customer that a
    /// person recorded.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn parked_beside_hand(
        &self,
        amount: Money,
        date: NaiveDate,
        customer: &CustomerCode,
    ) -> Result<usize> {
        let sql = "SELECT count(*) FROM money WHERE amount_cents = ?1 AND parked = 'by_hand' AND likely = ?3
                     AND customer IS NULL AND abs(julianday(date) - julianday(?2)) <= 10";
        let count: i64 =
            self.connection()
                .query_row(sql, params![amount.cents(), date, customer.as_str()], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Payments of an amount that a person recorded within ten days of `date` and that no statement has shown
    /// yet; of one customer, if one is named.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn recorded_by_hand(
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
    pub fn on_statements(
        &self,
        amount: Money,
        date: NaiveDate,
        customer: &CustomerCode,
    ) -> Result<Vec<StoredPayment>> {
        let sql = "SELECT * FROM money WHERE amount_cents = ?1 AND source <> 'hand' AND customer = ?3
                     AND abs(julianday(date) - julianday(?2)) <= 10 ORDER BY id";
        self.stored_payments(sql, params![amount.cents(), date, customer.as_str()])
    }

    pub(super) fn stored_payments(
        &self,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<StoredPayment>> {
        all_stored(self.connection(), sql, values)
    }

    /// Where a payment's money went: what of each charge it pays, and whether the charge's service was
    /// renewed by it.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn spent(&self, payment: PaymentId) -> Result<Vec<Spent>> {
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
    pub fn payer_told(&self, account: &str, bank_ref: &str, amount: Money) -> Result<Option<String>> {
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
    pub fn customer_of_payer(&self, payer_iban: &str) -> Result<Option<CustomerCode>> {
        let sql =
            "SELECT DISTINCT customer FROM payments WHERE payer_iban = ?1 AND customer IS NOT NULL AND learns = 1
             LIMIT 2";
        let mut statement = self.connection().prepare_cached(sql)?;
        let codes = statement.query_map([payer_iban], |row| row.get::<_, String>(0))?;
        let mut codes: Vec<String> = codes.collect::<rusqlite::Result<_>>()?;
        Ok(if codes.len() == 1 { codes.pop().map(CustomerCode::new) } else { None })
    }

    /// The day up to which the bank is known: the newest payment import's, but for days to come that a person has
    /// put down to a wrong clock ([`crate::store::CLOCK_FORGIVEN`]).
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn payments_fresh_on(&self, today: NaiveDate) -> Result<Option<NaiveDate>> {
        let sql = "SELECT max(fresh_on) FROM payment_imports WHERE fresh_on <= ?1
                     OR run > coalesce((SELECT max(run) FROM journal WHERE what = 'clock_forgiven'), 0)";
        Ok(self.connection().query_row(sql, [today], |row| row.get(0)).optional()?.flatten())
    }
}
