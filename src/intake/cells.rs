//! The cells of one row, read as the types they stand for; every fault is kept with its column.

use super::Field;
use crate::billing::address;
use crate::billing::money::Money;
use crate::billing::period::read_day;
use crate::billing::text::{cleaned, is_plain_word};
use chrono::NaiveDate;
use csv::StringRecord;
use std::collections::BTreeMap;

/// Longer cells are refused: a name is not a novel.
pub(super) const CELL_MAX: usize = 10_000;

/// A fault or warning: the column's place from 1, and the message.
type Remark = (usize, String);

/// The cells of one row.
pub(super) struct Cells<'a> {
    record: &'a StringRecord,
    places: &'a BTreeMap<&'static str, usize>,
    faults: Vec<Remark>,
    warnings: Vec<Remark>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(
        record: &'a StringRecord,
        places: &'a BTreeMap<&'static str, usize>,
        width: usize,
    ) -> Self {
        let mut cells = Self { record, places, faults: Vec::new(), warnings: Vec::new() };
        let beyond = record.iter().skip(width).any(|cell| !cell.trim().is_empty());
        if record.len() < width {
            cells
                .faults
                .push((record.len(), format!("the row has {} cells, the header {width}", record.len())));
        } else if beyond {
            let message =
                format!("the row has {} cells, the header {width}; is a separator unquoted?", record.len());
            cells.faults.push((width + 1, message));
        }
        cells
    }

    /// The faults and the warnings of the row.
    pub(super) fn finish(self) -> (Vec<Remark>, Vec<Remark>) {
        (self.faults, self.warnings)
    }

    fn place(&self, column: &str) -> usize {
        self.places.get(column).map_or(1, |place| place + 1)
    }

    /// Notes a fault of a column.
    pub(super) fn fault(&mut self, column: &str, message: impl std::fmt::Display) {
        self.faults.push((self.place(column), format!("column `{column}`: {message}")));
    }

    /// Notes a slip that was mended or let pass.
    pub(super) fn warn(&mut self, column: &str, message: impl std::fmt::Display) {
        self.warnings.push((self.place(column), format!("column `{column}`: {message}")));
    }

    /// A cell's text, cleaned.
    pub(super) fn text(&mut self, column: &'static str) -> Field<String> {
        let Some(place) = self.places.get(column) else { return Field::Absent };
        let raw = self.record.get(*place).unwrap_or_default();
        if raw.len() > CELL_MAX {
            self.fault(column, format!("{} bytes long; at most {CELL_MAX} are taken", raw.len()));
            return Field::Empty;
        }
        if raw.contains('\0') {
            self.fault(column, "it holds a NUL character");
            return Field::Empty;
        }
        let text = cleaned(raw);
        if text.is_empty() { Field::Empty } else { Field::Value(text) }
    }

    /// A name that is given to other programs: no option and no path.
    pub(super) fn plain(&mut self, column: &'static str) -> Field<String> {
        match self.text(column) {
            Field::Value(word) if !is_plain_word(&word) => {
                let what = "looks like an option or a path, and hooks are given it; a name without `/`";
                self.fault(column, format!("`{}` {what}", shown(&word)));
                Field::Empty
            }
            field => field,
        }
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, column: &'static str) -> Option<String> {
        match self.text(column) {
            Field::Value(text) => Some(text),
            Field::Absent | Field::Empty => {
                // a cell refused for its length or a NUL has said so already
                if self.faults.iter().all(|(place, _)| *place != self.place(column)) {
                    self.fault(column, "it is empty");
                }
                None
            }
        }
    }

    /// A code: short, and without white space.
    pub(super) fn code(&mut self, column: &'static str) -> Option<String> {
        let code = self.needed(column)?;
        self.sound_code(column, code)
    }

    fn sound_code(&mut self, column: &'static str, code: String) -> Option<String> {
        if code.chars().count() > 64 || code.contains([' ', ';', '|']) {
            self.fault(
                column,
                format!("`{}` is not a code; up to 64 characters without spaces", shown(&code)),
            );
            return None;
        }
        Some(code)
    }

    /// Reads a cell with `read`; what it returns as an error is the fault.
    pub(super) fn parsed<T>(
        &mut self,
        column: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Field<T> {
        match self.text(column) {
            Field::Absent => Field::Absent,
            Field::Empty => Field::Empty,
            Field::Value(text) => match read(&text) {
                Ok(value) => Field::Value(value),
                Err(message) => {
                    self.fault(column, message);
                    Field::Empty
                }
            },
        }
    }

    /// A value that must be there.
    pub(super) fn needed_parsed<T>(
        &mut self,
        column: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.needed(column)?;
        read(&text).map_err(|message| self.fault(column, message)).ok()
    }

    /// E-mail addresses, `;` between them.
    pub(super) fn addresses(&mut self, column: &'static str) -> Field<Vec<String>> {
        let text = match self.text(column) {
            Field::Absent => return Field::Absent,
            Field::Empty => return Field::Empty,
            Field::Value(text) => text,
        };
        let mut addresses = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match address::check(part) {
                Ok(address) if !addresses.contains(&address) => addresses.push(address),
                Ok(_) => {}
                Err(fault) => self.fault(column, fault),
            }
        }
        if let Err(fault) = address::check_count(&addresses) {
            self.fault(column, fault);
        }
        if addresses.is_empty() { Field::Empty } else { Field::Value(addresses) }
    }

    /// Codes, `;` between them.
    pub(super) fn codes(&mut self, column: &'static str) -> Vec<String> {
        let Field::Value(text) = self.text(column) else { return Vec::new() };
        let parts: Vec<String> =
            text.split(';').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
        parts.into_iter().filter_map(|code| self.sound_code(column, code)).collect()
    }
}

/// What a cell says, short enough for a message.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// `dd/mm/yyyy` or ISO; a day that exists, in a year that makes sense.
pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    // named as short as it is shown
    read_day(text).map_err(|why| why.replace(text, &shown(text)))
}

/// An amount.
pub(super) fn money(text: &str) -> Result<Money, String> {
    let short = shown(text);
    Money::parse(&short).map_err(|error| error.to_string())
}

/// `yes` or `no`, in either language.
pub(super) fn yes_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "ναι" | "true" | "1" => Ok(true),
        "no" | "όχι" | "οχι" | "false" | "0" => Ok(false),
        _ => Err(format!("`{}` is neither yes nor no", shown(text))),
    }
}
