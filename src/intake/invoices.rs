//! A row of a file of tax invoices that accounting has issued.

use super::cells::{Cells, date};
use super::sheet::{Column, optional, required};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub(super) const COLUMNS: [Column; 6] = [
    required("invoice"),
    required("date"),
    optional("card"),
    optional("service"),
    optional("period_from"),
    optional("bank_ref"),
];

/// What an invoice is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoiceOf {
    /// Everything that a card asked for.
    Card(String),
    /// A service's period.
    Period(String, NaiveDate),
    /// Everything that a payment went to.
    Payment(String),
}

/// An invoice as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRow {
    /// Its number.
    pub invoice: String,
    /// Its day.
    pub date: NaiveDate,
    /// What it is for.
    pub of: InvoiceOf,
}

pub(super) fn read(cells: &mut Cells<'_>) -> Option<InvoiceRow> {
    let invoice = cells.needed("invoice");
    let day = cells.needed_parsed("date", date);
    let card = cells.text("card").value().cloned();
    let service = cells.text("service").value().cloned();
    let period_from = cells.parsed("period_from", date).value().copied();
    let bank_ref = cells.text("bank_ref").value().cloned();
    let of = match (card, service, period_from, bank_ref) {
        (Some(card), None, None, None) => InvoiceOf::Card(card),
        (None, Some(service), Some(from), None) => InvoiceOf::Period(service, from),
        (None, None, None, Some(bank_ref)) => InvoiceOf::Payment(bank_ref),
        _ => {
            cells.fault(
                "invoice",
                "says what it is for by exactly one of `card`, `service` with `period_from`, `bank_ref`",
            );
            return None;
        }
    };
    Some(InvoiceRow { invoice: invoice.unwrap_or_default(), date: day.unwrap_or(NaiveDate::MIN), of })
}
