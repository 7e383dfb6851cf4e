//! Lists as they are taken away: rows of typed cells, as a table for a terminal, as CSV for a Greek Excel, or as its workbook. Each
//! format is a file of this room, and knows how it writes a day and an amount.

mod excel;
pub mod site;
mod table;
mod workbook;

pub use excel::Excel;
pub use table::{Look, table, wrapped};
pub use workbook::workbook;

use crate::billing::money::Money;
use anyhow::Result;
use chrono::NaiveDate;

/// What stands in one place of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Words; empty where there are none. Where a table is too wide, they are shortened in their middle or go over
    /// several lines.
    Text(String),
    /// What somebody will type or copy: never shortened.
    Code(String),
    /// A day.
    Day(NaiveDate),
    /// An amount.
    Money(Money),
    /// How many.
    Count(i64),
}

/// A list: what its columns are called, and its rows, each as wide as the head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// The names of the columns.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// What the line of sums is called, where one belongs to it; CSV, which other programs read, goes without.
    pub sum: Option<String>,
    /// Columns that a window may do without, the one that goes first first. Files have them all.
    pub spare: Vec<usize>,
}

/// What rows go into, one after the other: a list, or a file that never holds them all.
pub trait Sink {
    /// The list that it is, without its rows.
    ///
    /// # Errors
    /// A file that cannot be written.
    fn begin(&mut self, list: List) -> Result<()>;

    /// Its next row.
    ///
    /// # Errors
    /// A file that cannot be written.
    fn row(&mut self, row: Vec<Cell>) -> Result<()>;

    /// All of a list.
    ///
    /// # Errors
    /// A file that cannot be written.
    fn whole(&mut self, mut list: List) -> Result<()> {
        let rows = std::mem::take(&mut list.rows);
        self.begin(list)?;
        rows.into_iter().try_for_each(|row| self.row(row))
    }
}

impl Sink for List {
    fn begin(&mut self, list: List) -> Result<()> {
        *self = list;
        Ok(())
    }

    fn row(&mut self, row: Vec<Cell>) -> Result<()> {
        self.rows.push(row);
        Ok(())
    }
}

impl List {
    /// A list of what `row` makes of each of `items`.
    pub fn of<'a, T: 'a>(
        head: Vec<String>,
        items: impl IntoIterator<Item = &'a T>,
        row: impl FnMut(&'a T) -> Vec<Cell>,
    ) -> Self {
        Self { head, rows: items.into_iter().map(row).collect(), ..Self::default() }
    }

    /// The same with a line of sums.
    #[must_use]
    pub fn summed(self, word: String) -> Self {
        Self { sum: Some(word), ..self }
    }

    /// The same, where a window that is too narrow may do without these columns, the first of them first.
    #[must_use]
    pub fn sparing(self, columns: &[usize]) -> Self {
        Self { spare: columns.to_vec(), ..self }
    }

    /// Without one column.
    fn without(&self, column: usize) -> Self {
        let mut less = self.clone();
        less.head.remove(column);
        for row in &mut less.rows {
            if column < row.len() {
                row.remove(column);
            }
        }
        less.spare.retain(|spare| *spare != column);
        for spare in less.spare.iter_mut().filter(|spare| **spare > column) {
            *spare -= 1;
        }
        less
    }

    /// The sums of its amounts, beneath a list of more than one row; the other places are empty, but for the first,
    /// which says what it is.
    fn sums(&self) -> Option<Vec<Cell>> {
        let word = self.sum.as_ref().filter(|_| self.rows.len() > 1)?;
        let sum = |column: usize| -> Option<Money> {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| match cell {
                    Cell::Money(amount) => Some(*amount),
                    Cell::Text(text) if text.is_empty() => Some(Money::ZERO),
                    _ => None,
                })
                .sum::<Option<Money>>()
                .filter(|_| self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Money(_)))))
        };
        let mut sums: Vec<Cell> = (0..self.head.len()).map(|column| sum(column).into()).collect();
        if let Some(first) = sums.iter_mut().find(|cell| !matches!(cell, Cell::Money(_))) {
            *first = word.into();
        }
        Some(sums)
    }
}

/// A code, which is never shortened.
pub fn code(text: impl AsRef<str>) -> Cell {
    Cell::Code(text.as_ref().to_owned())
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

impl From<i64> for Cell {
    fn from(count: i64) -> Self {
        Self::Count(count)
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// What is not there leaves its place empty.
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self::Text(String::new()), Into::into)
    }
}
