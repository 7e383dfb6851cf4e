//! Columns read as the types they stand for; one that does not parse is an error that names it.

use super::error::{Result, StoreError};
use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};
use std::cell::Cell;

/// A row with the name of the record it belongs to, for errors.
pub(super) struct Record<'a> {
    row: &'a Row<'a>,
    table: &'a str,
    /// The place after the column that was read last: most are read in the order of their table.
    next: Cell<usize>,
}

impl<'a> Record<'a> {
    /// A row called `table` and the value of its first column.
    pub(super) const fn new(row: &'a Row<'a>, table: &'a str) -> Self {
        Self { row, table, next: Cell::new(0) }
    }

    fn value(&self, column: &'static str) -> Result<ValueRef<'a>> {
        let statement: &Statement<'_> = self.row.as_ref();
        let is_next = statement.column_name(self.next.get()).is_ok_and(|name| name == column);
        let place = if is_next { self.next.get() } else { statement.column_index(column)? };
        self.next.set(place + 1);
        Ok(self.row.get_ref(place)?)
    }

    fn fault(&self, column: &'static str, value: ValueRef<'_>, expected: &'static str) -> StoreError {
        let key = self.row.get_ref(0).map(shown).unwrap_or_default();
        let record = format!("{} `{key}`", self.table);
        StoreError::Data { record, column, value: shown(value), expected }
    }

    /// Text, or nothing.
    pub(super) fn optional_text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.optional_str(column)?.map(str::to_owned))
    }

    fn optional_str(&self, column: &'static str) -> Result<Option<&'a str>> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            other => other.as_str().map(Some).map_err(|_| self.fault(column, other, "text")),
        }
    }

    fn str(&self, column: &'static str) -> Result<&'a str> {
        self.optional_str(column)?.ok_or_else(|| self.fault(column, ValueRef::Null, "text"))
    }

    /// Text.
    pub(super) fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.str(column)?.to_owned())
    }

    /// A whole number, or nothing.
    pub(super) fn optional_integer(&self, column: &'static str) -> Result<Option<i64>> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            other => other.as_i64().map(Some).map_err(|_| self.fault(column, other, "a whole number")),
        }
    }

    /// A whole number.
    pub(super) fn integer(&self, column: &'static str) -> Result<i64> {
        let found = self.optional_integer(column)?;
        found.ok_or_else(|| self.fault(column, ValueRef::Null, "a whole number"))
    }

    /// A small whole number.
    pub(super) fn small(&self, column: &'static str) -> Result<u32> {
        let number = self.integer(column)?;
        u32::try_from(number)
            .map_err(|_| self.fault(column, ValueRef::Integer(number), "a small whole number"))
    }

    /// A date, or nothing.
    pub(super) fn optional_date(&self, column: &'static str) -> Result<Option<NaiveDate>> {
        let date = |text| self.parse(column, text, "a date", day);
        self.optional_str(column)?.map(date).transpose()
    }

    /// A date.
    pub(super) fn date(&self, column: &'static str) -> Result<NaiveDate> {
        self.optional_date(column)?.ok_or_else(|| self.fault(column, ValueRef::Null, "a date"))
    }

    /// A word of an enum.
    pub(super) fn word<T>(
        &self,
        column: &'static str,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        self.parse(column, self.str(column)?, expected, read)
    }

    fn parse<T>(
        &self,
        column: &'static str,
        text: &str,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        read(text).ok_or_else(|| self.fault(column, ValueRef::Text(text.as_bytes()), expected))
    }
}

/// `2025-03-01`, as every day is stored: the general reading of dates takes several times as long, and every customer has
/// dozens of them.
fn day(text: &str) -> Option<NaiveDate> {
    let digits = |from: usize, to: usize| {
        let part = text.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        part.parse::<u32>().ok()
    };
    let is_one = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    NaiveDate::from_ymd_opt(i32::try_from(digits(0, 4)?).ok()?, digits(5, 7)?, digits(8, 10)?)
        .filter(|_| is_one)
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).chars().take(60).collect(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_stored_and_nothing_else_is_one() {
        assert_eq!(day("2024-02-29"), NaiveDate::from_ymd_opt(2024, 2, 29));
        for wrong in [
            "2023-02-29",
            "2024-2-29",
            "2024/02/29",
            "+024-02-29",
            "2024-02-290",
            "2024-02-2",
            "",
            "ΜΑΪΟΣ-01-01",
        ] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
