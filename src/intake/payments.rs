//! A row of a file of payments.

use super::cells::{Cells, date, money};
use super::sheet::{Column, optional, required};
use crate::billing::money::Money;
use chrono::NaiveDate;
use std::sync::Arc;

pub(super) const COLUMNS: [Column; 9] = [
    required("date"),
    required("amount"),
    required("bank_ref"),
    optional("customer"),
    optional("services"),
    optional("reference"),
    optional("payer"),
    optional("payer_iban"),
    optional("note"),
];

/// What a row of a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Movement {
    /// Who paid a movement of another file: no money.
    PayerOnly,
    /// Money that came in.
    Incoming,
    /// Money that had come in and was taken back: a reversal, a return.
    TakenBack,
}

/// A payment as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// Whether money came, went back, or is only spoken of.
    pub movement: Movement,
    /// What brought it: `csv`, `camt.053` or a profile's name.
    pub source: Arc<str>,
    /// Day.
    pub date: NaiveDate,
    /// Amount; positive.
    pub amount: Money,
    /// The bank's reference.
    pub bank_ref: String,
    /// Code of the customer, if the file knows.
    pub customer: Option<String>,
    /// Codes of services.
    pub services: Vec<String>,
    /// Reference given.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// From which account.
    pub payer_iban: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
    /// Our account it came in on, where the statement says; else empty.
    pub account: Arc<str>,
}

pub(super) fn read(cells: &mut Cells<'_>) -> Option<PaymentRow> {
    let date = cells.needed_parsed("date", date);
    let amount = cells.needed_parsed("amount", |text| match money(text)? {
        amount if amount.is_positive() => Ok(amount),
        _ => Err("only money that came in is imported; it must be more than zero".to_owned()),
    });
    let bank_ref = cells.needed("bank_ref");
    let row = PaymentRow {
        movement: Movement::Incoming,
        source: "csv".into(),
        date: date.unwrap_or(NaiveDate::MIN),
        amount: amount.unwrap_or(Money::ZERO),
        bank_ref: bank_ref.unwrap_or_default(),
        customer: cells.text("customer").value().cloned(),
        services: cells.codes("services"),
        reference: cells.text("reference").value().cloned(),
        payer: cells.text("payer").value().cloned(),
        payer_iban: cells.text("payer_iban").value().cloned(),
        note: cells.text("note").value().cloned(),
        account: "".into(),
    };
    Some(row)
}
