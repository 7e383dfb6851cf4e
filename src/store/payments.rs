//! The table of payments, and the freshness of what is known of the bank.

use super::columns::Record;
use super::error::Result;
use super::{Read, Tx, charges};
use crate::billing::candidates::{self, Evidence, LIKELY_POINTS, PROTECTS_DAYS};
use crate::billing::charge::Charge;
use crate::billing::charging::Spent;
use crate::billing::coded::coded;
use crate::billing::facts::{Allocation, Facts, LikelyMoney, PaidBy, Payment};
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::movement::Identity;
use crate::billing::period::{days_after, days_before};
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
    /// The bank's reference, or one of ours where it gave none.
    pub bank_ref: String,
    /// Whose it is, if that is known.
    pub customer: Option<CustomerCode>,
    /// What told so.
    pub matched_by: Option<Evidence>,
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
    /// `bank`, `cash`, `card`, `iris` or `cheque`.
    pub method: &'static str,
    /// The payer's end-to-end id.
    pub end_to_end: Option<String>,
    /// The bank's transaction id.
    pub transaction_id: Option<String>,
    /// Why it waits for a person or its day, though it may be known whose it would be; then `customer` is only likely.
    pub parked: Option<Parked>,
    /// The as-of day of the import.
    pub seen_on: NaiveDate,
}

coded! {
    /// Why a payment is nobody's yet, though it may be known whose it would be.
    pub enum Parked {
        /// It resembles one that a person recorded.
        ByHand = "by_hand",
        /// Another format of the account brought one of that day and amount, and nothing says whether it is the same.
        OtherFormat = "other_format",
        /// The bank did not say the amounts of its parts.
        Batch = "batch",
        /// Its day is still to come.
        Ahead = "ahead",
    }
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
    /// From which account.
    pub payer_iban: Option<String>,
    /// The payer's end-to-end id.
    pub end_to_end: Option<String>,
    /// What told whose it is or would be.
    pub matched_by: Option<String>,
    /// Why it waits.
    pub parked: Option<Parked>,
    /// Whose a parked one would be.
    pub likely: Option<CustomerCode>,
}

impl StoredPayment {
    /// What it says: its reference and its note as one text.
    #[must_use]
    pub fn said(&self) -> String {
        candidates::said(self.reference.as_deref(), self.note.as_deref())
    }
}

fn all_stored(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<StoredPayment>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut payments = Vec::new();
    while let Some(row) = rows.next()? {
        payments.push(stored(row)?);
    }
    Ok(payments)
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
        payer_iban: record.optional_text("payer_iban")?,
        end_to_end: record.optional_text("end_to_end")?,
        matched_by: record.optional_text("matched_by")?,
        parked: record
            .optional_text("parked")?
            .map(|_| record.word("parked", "a reason to wait", Parked::from_code))
            .transpose()?,
        likely: record.optional_text("likely")?.map(CustomerCode::new),
    })
}

/// A customer's payments with money left, and those that the allocations are of, oldest first.
pub(super) fn of_facts(
    connection: &Connection,
    customer: &CustomerCode,
    allocations: &[Allocation],
) -> Result<Vec<Payment>> {
    let paying: Vec<i64> = allocations
        .iter()
        .filter_map(|allocation| match allocation.by {
            PaidBy::Payment(id) => Some(id.0),
            PaidBy::Adjustment(_) => None,
        })
        .collect();
    // what of it went to the services it names matters only where it names some
    let sql = "SELECT id, date, bank_ref, services, kept_cents, allocated_cents,
                 CASE WHEN services = '' THEN 0 ELSE coalesce((SELECT sum(a.amount_cents) FROM allocations a
                   JOIN charges c ON c.id = a.charge WHERE a.payment = money.id
                     AND instr(';' || money.services || ';', ';' || c.service || ';') > 0), 0) END AS for_named
               FROM money WHERE customer = ?1
                 AND (kept_cents <> allocated_cents OR id IN (SELECT value FROM json_each(?2)))
               ORDER BY date, bank_ref, id";
    let paying = serde_json::to_string(&paying).unwrap_or_else(|_| "[]".to_owned());
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![customer.as_str(), paying])?;
    let mut payments = Vec::new();
    while let Some(row) = rows.next()? {
        let record = Record::new(row, "payment");
        let money = |column| record.integer(column).map(Money::from_cents);
        payments.push(Payment {
            id: PaymentId(record.integer("id")?),
            date: record.date("date")?,
            bank_ref: record.text("bank_ref")?,
            amount: money("kept_cents")?,
            allocated: money("allocated_cents")?,
            services: record
                .text("services")?
                .split(';')
                .filter(|c| !c.is_empty())
                .map(ServiceCode::new)
                .collect(),
            for_named: money("for_named")?,
        });
    }
    Ok(payments)
}

/// Money that nobody owns yet and that carries the customer's own reference, would be theirs if it were not parked, or
/// has them as a candidate of [`LIKELY_POINTS`] or more.
pub(super) fn likely(connection: &Connection, facts: &Facts, today: NaiveDate) -> Result<Vec<LikelyMoney>> {
    let mut amounts: Vec<i64> = facts.open_charges().iter().map(|charge| charge.due().cents()).collect();
    if amounts.is_empty() {
        return Ok(Vec::new());
    }
    amounts.extend(facts.last_card.as_ref().map(|card| card.total_due.cents()));
    let json = |list: serde_json::Value| list.to_string();
    let claim = claim_of(&facts.customer.code);
    // many may share a name, so that alone only leads to money of a fitting amount
    let names = json(candidates::heads_of_names(&facts.customer).into());
    let strong = json(facts.customer.tax_id.iter().chain([&claim]).cloned().collect::<Vec<_>>().into());
    let sql = "SELECT m.id, m.kept_cents, m.payer, m.reference, m.note, m.seen_on,
                 EXISTS (SELECT 1 FROM waiting_words w WHERE w.payment = m.id AND w.word = ?3) AS claimed
               FROM money m WHERE m.customer IS NULL AND m.kept_cents > 0 AND m.disowned_on IS NULL
                 AND m.seen_on >= ?2 AND m.id IN (
                   SELECT w.payment FROM waiting_words w JOIN payments p ON p.id = w.payment
                   WHERE w.word IN (SELECT value FROM json_each(?1))
                     AND (p.amount_cents IN (SELECT value FROM json_each(?4))
                       OR EXISTS (SELECT 1 FROM payments r WHERE r.reverses = p.id))
                   UNION SELECT payment FROM waiting_words WHERE word IN (SELECT value FROM json_each(?5)))
               ORDER BY m.id";
    let mut statement = connection.prepare_cached(sql)?;
    let since = days_before(today, PROTECTS_DAYS);
    let mut rows = statement.query(params![names, since, claim, json(amounts.into()), strong])?;
    let mut likely = Vec::new();
    while let Some(row) = rows.next()? {
        let record = Record::new(row, "payment");
        let amount = Money::from_cents(record.integer("kept_cents")?);
        let payer = record.optional_text("payer")?;
        let (reference, note) = (record.optional_text("reference")?, record.optional_text("note")?);
        let text = candidates::said(reference.as_deref(), note.as_deref());
        let scores = || {
            candidates::candidate(facts, amount, payer.as_deref(), &text)
                .is_some_and(|found| found.score >= LIKELY_POINTS)
        };
        if record.integer("claimed")? == 1 || scores() {
            likely.push(LikelyMoney {
                id: PaymentId(record.integer("id")?),
                amount,
                protects_until: days_after(record.date("seen_on")?, PROTECTS_DAYS),
            });
        }
    }
    Ok(likely)
}

/// The word under which a payment waits that carries a customer's own reference; no word of a text looks like it.
fn claim_of(customer: &CustomerCode) -> String {
    format!("={customer}")
}

/// Makes all money that nobody owns findable: an older schema knew no words of it.
pub(super) fn index_all_waiting(connection: &Connection) -> Result<()> {
    let sql = "SELECT * FROM money WHERE customer IS NULL AND kept_cents > 0";
    for payment in all_stored(connection, sql, &[])? {
        let words = candidates::words_of_payment(payment.payer.as_deref(), &payment.said());
        index(connection, payment.id, words)?;
    }
    Ok(())
}

fn index(connection: &Connection, payment: PaymentId, words: impl IntoIterator<Item = String>) -> Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT OR IGNORE INTO waiting_words (word, payment) VALUES (?1, ?2)")?;
    for word in words {
        statement.execute(params![word, payment.0])?;
    }
    Ok(())
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
impl Read {
    /// The payment that a movement of this identity is, the ordinal-th of its equals within a statement.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn sighted(&self, identity: &Identity, ordinal: u32) -> Result<Option<StoredPayment>> {
        let sql = "SELECT p.*, p.amount_cents AS kept_cents, 0 AS allocated_cents
                   FROM sightings s JOIN payments p ON p.id = s.payment WHERE s.identity = ?1 AND s.ordinal = ?2";
        Ok(self.stored_payments(sql, params![identity.as_str(), ordinal])?.pop())
    }

    /// How many movements of this identity were seen.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn times_sighted(&self, identity: &Identity) -> Result<u32> {
        let sql = "SELECT coalesce(max(ordinal), 0) FROM sightings WHERE identity = ?1";
        Ok(self.connection().query_row(sql, [identity.as_str()], |row| row.get(0))?)
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

    fn stored_payments(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<StoredPayment>> {
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
    /// put down to a wrong clock ([`super::CLOCK_FORGIVEN`]).
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn payments_fresh_on(&self, today: NaiveDate) -> Result<Option<NaiveDate>> {
        let sql = "SELECT max(fresh_on) FROM payment_imports WHERE fresh_on <= ?1
                     OR run > coalesce((SELECT max(run) FROM journal WHERE what = 'clock_forgiven'), 0)";
        Ok(self.connection().query_row(sql, [today], |row| row.get(0)).optional()?.flatten())
    }
}

impl Tx<'_> {
    /// Books a payment; one that is parked is nobody's, and `customer` is whose it would be.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn book_payment(&self, new: &NewPayment) -> Result<PaymentId> {
        let services: Vec<&str> = new.services.iter().map(ServiceCode::as_str).collect();
        let customer = new.customer.as_ref().map(CustomerCode::as_str);
        let (owner, likely) = if new.parked.is_some() { (None, customer) } else { (customer, None) };
        self.connection()
            .prepare_cached(
                "INSERT INTO payments (date, amount_cents, bank_ref, customer, matched_by, services, reference,
                  payer, payer_iban, note, run, account, method, source, end_to_end, transaction_id, parked, likely,
                  seen_on)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            )?
            .execute(params![
                new.date,
                new.amount.cents(),
                new.bank_ref,
                owner,
                new.matched_by.map(Evidence::code),
                services.join(";"),
                new.reference,
                new.payer,
                new.payer_iban,
                new.note,
                self.run.id.0,
                new.account,
                new.method,
                new.source,
                new.end_to_end,
                new.transaction_id,
                new.parked.map(Parked::code),
                likely,
                new.seen_on
            ])?;
        Ok(PaymentId(self.connection().last_insert_rowid()))
    }

    /// Remembers that a format has shown a payment (or money taken back) under this identity.
    ///
    /// # Errors
    /// An identity and ordinal that are known already.
    pub fn sight(&self, identity: &Identity, ordinal: u32, source: &str, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO sightings (identity, ordinal, source, payment) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![identity.as_str(), ordinal, source, payment.0])?;
        Ok(())
    }

    /// Makes a payment that nobody owns findable for those whose it may be: by the words of its payer and text, and by
    /// `claims`, the customers whose own reference it carries or whose it would be.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn index_waiting(&self, payment: PaymentId, words: &[String], claims: &[CustomerCode]) -> Result<()> {
        index(self.connection(), payment, words.iter().cloned().chain(claims.iter().map(claim_of)))
    }

    /// A payment waits no longer for its day; it is still nobody's.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn unpark(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE payments SET parked = NULL, likely = NULL WHERE id = ?1")?
            .execute([payment.0])?;
        Ok(())
    }

    /// A person says that a payment is none of those' whose it seemed to be.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn disown_payment(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE payments SET disowned_on = ?2 WHERE id = ?1")?
            .execute(params![payment.0, self.run.as_of])?;
        Ok(())
    }

    /// A person says for which services a payment is; for none in particular, where there are none.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn name_services(&self, payment: PaymentId, services: &[ServiceCode]) -> Result<()> {
        let services: Vec<&str> = services.iter().map(ServiceCode::as_str).collect();
        self.connection()
            .prepare_cached("UPDATE payments SET services = ?2 WHERE id = ?1")?
            .execute(params![payment.0, services.join(";")])?;
        Ok(())
    }

    /// Books money that was taken back of a payment; `why` says how it is known.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn book_reversal(
        &self,
        of: &StoredPayment,
        amount: Money,
        date: NaiveDate,
        bank_ref: &str,
        source: &str,
        why: &str,
    ) -> Result<PaymentId> {
        self.connection()
            .prepare_cached(
                "INSERT INTO payments (date, amount_cents, bank_ref, customer, matched_by, note, run, account, method,
                  source, reverses)
                 SELECT ?2, ?3, ?4, customer, 'reversal', ?5, ?6, account, method, ?7, id FROM payments WHERE id = ?1",
            )?
            .execute(params![of.id.0, date, -amount.cents(), bank_ref, why, self.run.id.0, source])?;
        Ok(PaymentId(self.connection().last_insert_rowid()))
    }

    /// An unmatched payment is this customer's, by that evidence; gives whether it was unmatched. What was taken back of
    /// it goes with it. `learns`: its payer's account is known as theirs from now on.
    ///
    /// # Errors
    /// A customer that does not exist.
    pub fn assign_payment(
        &self,
        payment: PaymentId,
        customer: &CustomerCode,
        evidence: Evidence,
        learns: bool,
    ) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE payments SET customer = ?2, matched_by = ?3, same_as = NULL, parked = NULL, likely = NULL,
                   disowned_on = NULL, learns = ?4
                 WHERE id = ?1 AND customer IS NULL",
            )?
            .execute(params![payment.0, customer.as_str(), evidence.code(), learns])?;
        self.forget_waiting(payment)?;
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

    fn forget_waiting(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached("DELETE FROM waiting_words WHERE payment = ?1")?
            .execute([payment.0])?;
        Ok(())
    }

    /// A person says that a line of a statement is the same money as a payment recorded by hand.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn name_same(&self, line: PaymentId, by_hand: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE payments SET same_as = ?2, matched_by = 'person', parked = NULL, likely = NULL WHERE id = ?1",
            )?
            .execute([line.0, by_hand.0])?;
        self.forget_waiting(line)
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
        let found = self.stored_payments(
            "SELECT p.*, p.amount_cents AS kept_cents, 0 AS allocated_cents FROM payments p
             WHERE bank_ref = ?1 AND amount_cents = ?2 AND reverses IS NULL ORDER BY id",
            params![bank_ref, amount.cents()],
        )?;
        let mut of_account = found.iter().filter(|known| is_same_account(&known.account, account));
        // one reference of several payments names none of them
        let (Some(known), None) = (of_account.next(), of_account.next()) else { return Ok(found.len() > 1) };
        self.connection()
            .prepare_cached("UPDATE payments SET payer = ?2 WHERE id = ?1 AND payer IS NULL")?
            .execute(params![known.id.0, payer])?;
        if known.customer.is_none() {
            self.index_waiting(known.id, &candidates::words_of_payment(Some(payer), &known.said()), &[])?;
        }
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
    pub fn note_payment_import(&self, fresh_on: NaiveDate) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO payment_imports (run, fresh_on) VALUES (?1, ?2)
                 ON CONFLICT (run) DO UPDATE SET fresh_on = max(fresh_on, excluded.fresh_on)",
            )?
            .execute(params![self.run.id.0, fresh_on])?;
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
