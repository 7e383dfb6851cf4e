//! Files from outside become typed rows. Every bad cell is reported with its place; nothing is guessed.
//!
//! Knows the core's types and nothing of the store.

mod cells;
mod customers;
mod payments;
mod rejected;
mod services;
mod sheet;

pub use customers::CustomerRow;
pub use payments::PaymentRow;
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

/// Reads a file of payments.
///
/// # Errors
/// As [`customers`].
pub fn payments(path: &Path) -> Result<Sheet<PaymentRow>, IntakeError> {
    sheet::read(path, &payments::COLUMNS, payments::read, |row| Some(row.bank_ref.clone()))
}
