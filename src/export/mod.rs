//! Lists as they are taken away: rows of typed cells, as a table for a terminal, as CSV for a Greek Excel, or as its workbook. Each
//! format is a file of this room, and knows how it writes a day and an amount.

mod excel;
mod table;
mod workbook;

pub use excel::excel;
pub use table::table;
pub use workbook::workbook;

use crate::billing::money::Money;
use chrono::NaiveDate;

/// What stands in one place of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Words or a code; empty where there are none.
    Text(String),
    /// A day.
    Day(NaiveDate),
    /// An amount.
    Money(Money),
}

/// A list: what its columns are called, and its rows, each as wide as the head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// The names of the columns.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

impl List {
    /// A list of what `row` makes of each of `items`.
    pub fn of<'a, T: 'a>(
        head: &[&'static str],
        items: impl IntoIterator<Item = &'a T>,
        row: impl FnMut(&'a T) -> Vec<Cell>,
    ) -> Self {
        Self { head: head.to_vec(), rows: items.into_iter().map(row).collect() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<Money> for Cell {
    fn from(amount: Money) -> Self {
        Self::Money(amount)
    }
}

/// What is not there leaves its place empty.
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self::Text(String::new()), Into::into)
    }
}
