//! A row of a file of payments.

use super::cells::{Cells, date, money};
use super::sheet::{Column, optional, required};
use crate::billing::money::Money;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Movement {
    /// Who paid a movement of another file: no money.
    PayerOnly,
    /// Money that came in.
    Incoming,
    /// Money that had come in and was taken back: a reversal, a return.
    TakenBack,
}

/// A payment as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    /// Whether money came, went back, or is only spoken of.
    pub movement: Movement,
    /// What brought it: `csv`, `camt.053` or a profile's name.
    pub source: Arc<str>,
    /// Day.
    pub date: NaiveDate,
    /// Amount; positive.
    pub amount: Money,
    /// The bank's reference as the file has it: one may stand with several movements, or name nothing
    /// ([`crate::billing::movement::real_reference`]). Empty where there is none.
    pub bank_ref: String,
    /// The payer's end-to-end id.
    pub end_to_end: Option<String>,
    /// The bank's transaction id.
    pub transaction_id: Option<String>,
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
    /// Which statement of its file it stands in, counted from 0: equal movements are counted within a statement.
    pub statement: u32,
    /// A batch whose parts' amounts the bank did not say: it is one movement, for a person.
    pub is_unsplit: bool,
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
        end_to_end: None,
        transaction_id: None,
        customer: cells.text("customer").value().cloned(),
        services: cells.codes("services"),
        reference: cells.text("reference").value().cloned(),
        payer: cells.text("payer").value().cloned(),
        payer_iban: cells.text("payer_iban").value().cloned(),
        note: cells.text("note").value().cloned(),
        account: "".into(),
        statement: 0,
        is_unsplit: false,
    };
    Some(row)
}
