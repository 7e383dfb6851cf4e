//! The table of payments, and the freshness of what is known of the bank.

use super::columns::Record;
use super::error::Result;
use super::runs::RunId;
use super::{Queries, Tx};
use crate::billing::facts::Payment;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

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
    /// `bank`, `cash`, `card`, `iris` or `refund`.
    pub method: &'static str,
}

/// A payment as stored, by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPayment {
    /// Its number.
    pub id: PaymentId,
    /// Day.
    pub date: NaiveDate,
    /// Amount.
    pub amount: Money,
}

/// A customer's payments with money left, oldest first.
pub(super) fn with_money_left(connection: &Connection, customer: &CustomerCode) -> Result<Vec<Payment>> {
    let sql = "SELECT p.id, p.date, p.bank_ref, p.amount_cents, p.services,
                coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.payment = p.id), 0) AS allocated
               FROM payments p WHERE p.customer = ?1 ORDER BY p.date, p.bank_ref";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([customer.as_str()])?;
    let mut payments = Vec::new();
    while let Some(row) = rows.next()? {
        let record = Record::new(row, "payment");
        let payment = Payment {
            id: PaymentId(record.integer("id")?),
            date: record.date("date")?,
            bank_ref: record.text("bank_ref")?,
            amount: Money::from_cents(record.integer("amount_cents")?),
            allocated: Money::from_cents(record.integer("allocated")?),
            services: record
                .text("services")?
                .split(';')
                .filter(|c| !c.is_empty())
                .map(ServiceCode::new)
                .collect(),
        };
        if payment.left().is_positive() {
            payments.push(payment);
        }
    }
    Ok(payments)
}

/// Reading payments.
pub trait Payments: Queries {
    /// The payment of this bank reference on an account; a file that names no account may mean any.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn payment_by_reference(&self, bank_ref: &str, account: &str) -> Result<Option<StoredPayment>> {
        let sql = "SELECT id, date, amount_cents FROM payments
                   WHERE bank_ref = ?1 AND (account = ?2 OR account = '' OR ?2 = '') ORDER BY account <> ?2";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([bank_ref, account])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let record = Record::new(row, "payment");
        Ok(Some(StoredPayment {
            id: PaymentId(record.integer("id")?),
            date: record.date("date")?,
            amount: Money::from_cents(record.integer("amount_cents")?),
        }))
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

    /// What an unmatched payment says of itself; `None` for a known one or none at all.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn unmatched_payment(&self, id: PaymentId) -> Result<Option<StoredPayment>> {
        let sql = "SELECT id, date, amount_cents FROM payments WHERE id = ?1 AND customer IS NULL";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([id.0])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let record = Record::new(row, "payment");
        Ok(Some(StoredPayment {
            id: PaymentId(record.integer("id")?),
            date: record.date("date")?,
            amount: Money::from_cents(record.integer("amount_cents")?),
        }))
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

    /// The day up to which the bank is known: the newest payment import's.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn payments_fresh_on(&self) -> Result<Option<NaiveDate>> {
        let sql = "SELECT max(fresh_on) FROM payment_imports";
        Ok(self.connection().query_row(sql, [], |row| row.get(0)).optional()?.flatten())
    }
}

/// Customers who have credit and a terminated service: their money may have come too late.
pub(super) const LATE: &str = "SELECT DISTINCT p.customer FROM payments p
    WHERE p.customer IN (SELECT customer FROM services WHERE state = 'terminated')
      AND p.amount_cents > coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.payment = p.id), 0)
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
                  payer, payer_iban, note, run, account, method)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
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
                new.method
            ])?;
        Ok(PaymentId(self.connection().last_insert_rowid()))
    }

    /// A person says whose an unmatched payment is; gives whether it was unmatched.
    ///
    /// # Errors
    /// A customer that does not exist.
    pub fn assign_payment(&self, payment: PaymentId, customer: &CustomerCode) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE payments SET customer = ?2, matched_by = 'person' WHERE id = ?1 AND customer IS NULL",
            )?
            .execute(params![payment.0, customer.as_str()])?;
        Ok(changed == 1)
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
            .prepare_cached("INSERT OR REPLACE INTO payment_imports (run, fresh_on) VALUES (?1, ?2)")?
            .execute(params![run.0, fresh_on])?;
        Ok(())
    }
}
