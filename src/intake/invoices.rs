//! A row of a file of tax invoices that accounting has issued.

use super::cells::{Cells, date};
use super::error::IntakeError;
use super::sheet::{Column, Sheet, delimiter_of, optional, read_text, required};
use super::table::table_of;
use crate::billing::ids::{ChargeId, PaymentId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::path::Path;

pub(super) const COLUMNS: [Column; 6] = [
    required("invoice"),
    required("date"),
    optional("card"),
    optional("service"),
    optional("period_from"),
    optional("bank_ref"),
];

/// The columns of the list of what waits for an invoice (`status --to-invoice`), as it comes back with numbers.
const LISTED: [Column; 3] = [required(NUMBER), required(DAY), required(CHARGE)];

/// The column that tells that list from a file of invoices.
const NUMBER: &str = "Αρ. τιμολογίου";
const DAY: &str = "Ημ. τιμολογίου";
/// The number of a charge, or `P` and that of a payment whose rest is an advance.
const CHARGE: &str = "αρ. χρέωσης";

/// What an invoice is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoiceOf {
    /// Everything that a card asked for.
    Card(String),
    /// A service's period.
    Period(String, NaiveDate),
    /// Everything that a payment went to.
    Payment(String),
    /// One charge, by its number.
    Charge(ChargeId),
    /// What is left of one payment, by its number: paid in advance.
    Advance(PaymentId),
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

/// Reads a file of invoices, or the list of what waits for one, where somebody has entered numbers.
pub(super) fn sheet(path: &Path) -> Result<Sheet<InvoiceRow>, IntakeError> {
    let text = table_of(path)?;
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    if !head.contains(NUMBER) {
        return read_text(path, &text, &COLUMNS, read, |_| None);
    }
    // its other columns are for people
    let delimiter = char::from(delimiter_of(head));
    let known = |name: &str| LISTED.iter().any(|column| column.name == name);
    let names = head.split(delimiter).map(|name| name.trim().trim_matches('"'));
    let names = names.map(|name| if known(name) { name.to_owned() } else { format!("x_{name}") });
    let head = names.collect::<Vec<_>>().join(&delimiter.to_string());
    read_text(path, &format!("{head}\n{rest}"), &LISTED, read_listed, |_| None)
}

/// A row of that list; one without a number waits on.
fn read_listed(cells: &mut Cells<'_>) -> Option<InvoiceRow> {
    let invoice = cells.text(NUMBER).value().cloned()?;
    let day = cells.needed_parsed(DAY, date);
    let of = cells.needed_parsed(CHARGE, |text| {
        let number = |text: &str| text.parse::<i64>();
        match text.strip_prefix('P') {
            Some(payment) => number(payment).map(|id| InvoiceOf::Advance(PaymentId(id))),
            None => number(text).map(|id| InvoiceOf::Charge(ChargeId(id))),
        }
        .map_err(|_| format!("`{text}` is no number of a charge, as the list had it"))
    })?;
    Some(InvoiceRow { invoice, date: day.unwrap_or(NaiveDate::MIN), of })
}

fn read(cells: &mut Cells<'_>) -> Option<InvoiceRow> {
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
