//! Columns read as the types they stand for; one that does not parse is an error that names it.

use super::error::{Result, StoreError};
use chrono::NaiveDate;
use rusqlite::Row;
use rusqlite::types::ValueRef;

/// A row with the name of the record it belongs to, for errors.
pub(super) struct Record<'a> {
    row: &'a Row<'a>,
    name: String,
}

impl<'a> Record<'a> {
    /// A row called `table` and the value of its first column.
    pub(super) fn new(row: &'a Row<'a>, table: &str) -> Self {
        let key = row.get_ref(0).map(shown).unwrap_or_default();
        Self { row, name: format!("{table} `{key}`") }
    }

    fn value(&self, column: &'static str) -> Result<ValueRef<'a>> {
        Ok(self.row.get_ref(column)?)
    }

    fn fault(&self, column: &'static str, value: ValueRef<'_>, expected: &'static str) -> StoreError {
        StoreError::Data { record: self.name.clone(), column, value: shown(value), expected }
    }

    /// Text, or nothing.
    pub(super) fn optional_text(&self, column: &'static str) -> Result<Option<String>> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            other => other
                .as_str()
                .map(|text| Some(text.to_owned()))
                .map_err(|_| self.fault(column, other, "text")),
        }
    }

    /// Text.
    pub(super) fn text(&self, column: &'static str) -> Result<String> {
        let value = self.value(column)?;
        self.optional_text(column)?.ok_or_else(|| self.fault(column, value, "text"))
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
        let value = self.value(column)?;
        self.optional_integer(column)?.ok_or_else(|| self.fault(column, value, "a whole number"))
    }

    /// A small whole number.
    pub(super) fn small(&self, column: &'static str) -> Result<u32> {
        let number = self.integer(column)?;
        u32::try_from(number)
            .map_err(|_| self.fault(column, ValueRef::Integer(number), "a small whole number"))
    }

    /// A date, or nothing.
    pub(super) fn optional_date(&self, column: &'static str) -> Result<Option<NaiveDate>> {
        self.optional_text(column)?
            .map(|text| self.parse(column, &text, "a date", |t| t.parse().ok()))
            .transpose()
    }

    /// A date.
    pub(super) fn date(&self, column: &'static str) -> Result<NaiveDate> {
        let value = self.value(column)?;
        self.optional_date(column)?.ok_or_else(|| self.fault(column, value, "a date"))
    }

    /// A word of an enum.
    pub(super) fn word<T>(
        &self,
        column: &'static str,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        let text = self.text(column)?;
        self.parse(column, &text, expected, read)
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

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).chars().take(60).collect(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
