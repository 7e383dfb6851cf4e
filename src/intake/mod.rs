//! Files from outside become typed rows. Every bad cell is reported with its place; nothing is guessed.
//!
//! Knows the core's types and nothing of the store.

mod archive;
mod bank;
mod camt;
mod cells;
mod charges;
mod customers;
mod decoding;
mod entries;
mod error;
mod excel;
mod figures;
mod formats;
mod invoices;
mod kind;
mod payments;
mod profile;
mod rejected;
mod services;
mod sheet;
mod table;
mod workbook;

pub use customers::CustomerRow;
pub use error::IntakeError;
pub use invoices::{InvoiceOf, InvoiceRow};
pub use kind::{FileKind, Looked, kind_of, kind_of_name};
pub use payments::{Movement, PaymentRow};
pub use rejected::write_rejected;
pub use services::{ServiceRow, StateWord};
pub use sheet::{Fault, Row, Sheet};

use crate::spool::Spooled;
use formats::Format;
use profile::Profile;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Seek};
use std::path::Path;

/// An optional cell: a column that is absent leaves things as they are, an empty cell clears them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Reads one customer as a file's row has them, from what stands in its columns.
///
/// # Errors
/// Every column that is wrong, in words.
pub fn customer(columns: &[(&'static str, &str)]) -> Result<CustomerRow, String> {
    one_row(columns, |text| {
        sheet::read_text(Path::new(""), text, &customers::COLUMNS, customers::read, |row| {
            Some(row.code.clone())
        })
    })
}

/// Reads one service as a file's row has it.
///
/// # Errors
/// Every column that is wrong, in words.
pub fn service(columns: &[(&'static str, &str)]) -> Result<ServiceRow, String> {
    one_row(columns, |text| {
        sheet::read_text(Path::new(""), text, &services::COLUMNS, services::read, |row| {
            Some(row.code.clone())
        })
    })
}

fn one_row<T: Spooled>(
    columns: &[(&'static str, &str)],
    read: impl Fn(&str) -> Result<Sheet<T>, IntakeError>,
) -> Result<T, String> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    let written = writer
        .write_record(columns.iter().map(|(column, _)| column))
        .and_then(|()| writer.write_record(columns.iter().map(|(_, value)| value)));
    let bytes = written
        .map_err(|error| error.to_string())
        .and_then(|()| writer.into_inner().map_err(|error| error.to_string()))?;
    let sheet = read(&String::from_utf8_lossy(&bytes)).map_err(|error| error.to_string())?;
    if !sheet.faults.is_empty() {
        let faults: Vec<String> = sheet.faults.iter().map(|fault| fault.message.clone()).collect();
        return Err(faults.join("\n"));
    }
    let first = sheet.values().next();
    first.ok_or_else(|| "nothing was given".to_owned())?.map_err(|error| error.to_string())
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
    invoices::sheet(path)
}

/// Reads a file of payments: a bank's statement (camt.053, .052 or .054, an export that one of the profiles knows,
/// a zip of them), or our own CSV. They are told apart by what they hold. `profiles` is a folder of further profiles.
///
/// # Errors
/// As [`customers`]; what is not read is refused by its name, with what to do.
pub fn payments(path: &Path, profiles: Option<&Path>) -> Result<Sheet<PaymentRow>, IntakeError> {
    let file = decoding::open(path)?;
    payments_from(path, std::io::BufReader::with_capacity(64 << 10, file), profiles)
}

/// As [`payments`], from bytes that are open already; `path` is what messages call them.
///
/// # Errors
/// As [`payments`].
pub fn payments_from(
    path: &Path,
    input: impl BufRead + Seek,
    profiles: Option<&Path>,
) -> Result<Sheet<PaymentRow>, IntakeError> {
    statement(path, input, &profile::all(path, profiles)?, true)
}

/// Reads a statement, as a file of its own or in a zip; a zip in a zip is refused.
fn statement(
    path: &Path,
    mut input: impl BufRead + Seek,
    profiles: &[Profile],
    takes_zip: bool,
) -> Result<Sheet<PaymentRow>, IntakeError> {
    let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
    let refuse = |message| IntakeError::Statement { path: path.to_owned(), message };
    match formats::of(input.fill_buf().map_err(unreadable)?).map_err(refuse)? {
        Format::Xml => camt::read(path, input),
        Format::Zip => archive::read(path, input, profiles, |inner, bytes| {
            if takes_zip {
                statement(inner, bytes, profiles, false)
            } else {
                Err(refuse(formats::refusal("a zip in a zip", "unpack it and import what is in it")))
            }
        }),
        Format::Text => {
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes).map_err(unreadable)?;
            let text = decoding::decoded(path, bytes)?;
            if let Some(sheet) = bank::read_text(path, &text, profiles) {
                return Ok(sheet);
            }
            let mut sheet = sheet::read_text(path, &text, &payments::COLUMNS, payments::read, |_| None)?;
            // it says up to which day the bank is known by its newest row, and no later
            sheet.until = sheet.values().flatten().map(|row| row.date).max();
            Ok(sheet)
        }
    }
}
