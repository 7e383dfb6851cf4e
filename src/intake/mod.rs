//! Files from outside become typed rows. Every bad cell is reported with its place; nothing is guessed.
//!
//! Knows the core's types and nothing of the store.

mod bank;
mod camt;
mod cells;
mod customers;
mod invoices;
mod kind;
mod payments;
mod rejected;
mod services;
mod sheet;

pub use customers::CustomerRow;
pub use invoices::{InvoiceOf, InvoiceRow};
pub use kind::{FileKind, Looked, kind_of, kind_of_name};
pub use payments::{Movement, PaymentRow};
pub use rejected::write_rejected;
pub use services::{ServiceRow, StateWord};
pub use sheet::{Fault, IntakeError, Row, Sheet};

use std::path::Path;

/// An optional cell: a column that is absent leaves things as they are, an empty cell clears them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field<T> {
    /// The file has no such column.
    Absent,
    /// The cell is empty.
    Empty,
    /// The cell's value.
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Empty => None,
        }
    }
}

/// Reads a file of customers.
///
/// # Errors
/// [`IntakeError`] where the file as a whole cannot be used; bad rows are in [`Sheet::faults`].
pub fn customers(path: &Path) -> Result<Sheet<CustomerRow>, IntakeError> {
    sheet::read(path, &customers::COLUMNS, customers::read, |row| Some(row.code.clone()))
}

/// Reads a file of services.
///
/// # Errors
/// As [`customers`].
pub fn services(path: &Path) -> Result<Sheet<ServiceRow>, IntakeError> {
    sheet::read(path, &services::COLUMNS, services::read, |row| Some(row.code.clone()))
}

/// Reads a file of tax invoices.
///
/// # Errors
/// As [`customers`].
pub fn invoices(path: &Path) -> Result<Sheet<InvoiceRow>, IntakeError> {
    sheet::read(path, &invoices::COLUMNS, invoices::read, |_| None)
}

/// Reads a file of payments: a bank's statement (camt.053, or an export that one of the profiles knows),
/// or our own CSV. They are told apart by what they hold. `profiles` is a folder of further profiles.
///
/// # Errors
/// As [`customers`].
pub fn payments(path: &Path, profiles: Option<&Path>) -> Result<Sheet<PaymentRow>, IntakeError> {
    let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut input = std::io::BufReader::new(file);
    let head = std::io::BufRead::fill_buf(&mut input).map_err(unreadable)?;
    let begin = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if begin.starts_with(b"<") {
        return camt::read(path, input);
    }
    let is_workbook = begin.starts_with(b"PK\x03\x04");
    drop(input);
    if let Some(sheet) = bank::read(path, is_workbook, profiles)? {
        return Ok(sheet);
    }
    sheet::read(path, &payments::COLUMNS, payments::read, |row| Some(row.bank_ref.clone()))
}
