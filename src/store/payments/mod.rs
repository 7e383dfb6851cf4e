//! The table of payments, and the freshness of what is known of the bank.

mod lines;
mod read;
mod waiting;
mod write;

pub(in crate::store) use waiting::{index_all_waiting, likely};

pub use lines::{Judged, LineKey};

use crate::billing::candidates::{self, Evidence};
use crate::billing::coded::coded;
use crate::billing::facts::{Allocation, PaidBy, Payment};
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::store::columns::Record;
use crate::store::error::Result;
use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};

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
    /// Services it names.
    pub services: Vec<ServiceCode>,
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

/// The services that a payment names.
fn services(record: &Record<'_>) -> Result<Vec<ServiceCode>> {
    let text = record.text("services")?;
    Ok(text.split(';').filter(|code| !code.is_empty()).map(ServiceCode::new).collect())
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
        services: services(&record)?,
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
pub(in crate::store) fn of_facts(
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
            services: services(&record)?,
            for_named: money("for_named")?,
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

#[cfg(test)]
mod tests {
    use crate::store::*;

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
