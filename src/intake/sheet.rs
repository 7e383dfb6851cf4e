//! A CSV file as a sheet of typed rows: encoding, separator, header, and the place of every fault.

use super::cells::{CELL_MAX, Cells};
use super::error::IntakeError;
use super::table::table_of;
use crate::spool::{Spool, Spooled};
use csv::StringRecord;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// A column of a kind of file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name in the header.
    pub(super) name: &'static str,
    /// Whether the header must have it.
    pub(super) required: bool,
}

/// `name*` is required, `name` is not.
pub(super) const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

/// An optional column.
pub(super) const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

/// A fault of one cell or row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line its row begins on.
    pub line: u64,
    /// The column's place, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// `file:line:column: what is wrong`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// A good row and where it stood.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row<T> {
    /// The line it begins on.
    pub line: u64,
    /// What it says.
    pub value: T,
    /// Its cells as they stood, where it had any.
    cells: Vec<String>,
}

/// A file read: the good rows, and every fault of the others.
#[derive(Debug)]
pub struct Sheet<T> {
    /// The file, as it was named.
    pub file: String,
    /// The header's names.
    pub header: Vec<String>,
    /// What separates its cells.
    pub delimiter: u8,
    /// The good rows.
    pub rows: Spool<Row<T>>,
    /// All faults, in order.
    pub faults: Vec<Fault>,
    /// Slips that were mended or let pass.
    pub warnings: Vec<Fault>,
    /// The bad rows as they stood, with what is wrong with each.
    pub rejected: Vec<(Vec<String>, String)>,
    /// The last day that a bank's statement covers, as it says; else the day of its newest movement of any kind;
    /// none, where nothing moved.
    pub until: Option<chrono::NaiveDate>,
    /// A table whose last line has no end: it may have been cut while it was sent.
    pub is_cut: bool,
    /// Whether it says up to which day the bank is known; a list of payers does not.
    pub is_statement: bool,
    /// What a person must look at: what makes it one thing, and the words.
    pub for_people: Vec<(String, String)>,
}

/// Reads `path` with the columns of its kind; `read` makes a row of its cells, `key` is what may stand
/// only once.
pub(super) fn read<T: Spooled>(
    path: &Path,
    columns: &[Column],
    read_row: impl Fn(&mut Cells<'_>) -> Option<T>,
    key: impl Fn(&T) -> Option<String>,
) -> Result<Sheet<T>, IntakeError> {
    read_text(path, &table_of(path)?, columns, read_row, key)
}

/// Reads a table that is text already.
pub(super) fn read_text<T: Spooled>(
    path: &Path,
    text: &str,
    columns: &[Column],
    read_row: impl Fn(&mut Cells<'_>) -> Option<T>,
    key: impl Fn(&T) -> Option<String>,
) -> Result<Sheet<T>, IntakeError> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = delimiter_of(first);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let header_fault = |message: String| IntakeError::Header { path: path.to_owned(), message };
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| header_fault(error.to_string()))?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let places = places(&header, columns).map_err(header_fault)?;
    let mut sheet = Sheet { header, delimiter, is_cut: is_cut(text), ..Sheet::of_statement(path) };
    let mut seen = BTreeMap::new();
    let mut record = StringRecord::new();
    let mut lines = Lines::of(text);
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                sheet.reject(&record, line, vec![(1, format!("the row cannot be read: {error}"))]);
                continue;
            }
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = lines.of_record(&record);
        sheet.add(&places, &record, line, &read_row, &key, &mut seen);
    }
    Ok(sheet)
}

/// Building the sheet of a bank's statement, entry by entry.
impl<T> Sheet<T> {
    pub(super) fn of_statement(path: &Path) -> Self {
        Self {
            file: path.display().to_string(),
            header: STATEMENT_HEADER.map(str::to_owned).to_vec(),
            delimiter: b';',
            rows: Spool::default(),
            faults: Vec::new(),
            warnings: Vec::new(),
            rejected: Vec::new(),
            until: None,
            is_cut: false,
            is_statement: true,
            for_people: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, line: u64, value: T)
    where
        T: Spooled,
    {
        self.rows.push(Row { line, value, cells: Vec::new() });
    }

    /// What its rows say.
    ///
    /// # Errors
    /// As [`Spool::iter`].
    pub fn values(&self) -> impl Iterator<Item = std::io::Result<T>> + '_
    where
        T: Spooled,
    {
        self.rows.iter().map(|row| Ok(row?.value))
    }

    pub(super) fn warn(&mut self, line: u64, message: String) {
        self.warnings.push(Fault { file: self.file.clone(), line, column: 1, message });
    }

    /// A movement that cannot be booked: its day, amount and words as they stand, and what is wrong.
    pub(super) fn fail(&mut self, line: u64, cells: [String; 3], message: String) {
        self.rejected.push((Vec::from(cells), message.clone()));
        self.faults.push(Fault { file: self.file.clone(), line, column: 1, message });
    }

    /// Takes in a further statement of the same file.
    pub(super) fn absorb(&mut self, other: Self, mut statement_of: impl FnMut(&mut T))
    where
        T: Spooled,
    {
        let width = STATEMENT_HEADER.len();
        let is_table = other.header.len() != width;
        self.rows.append(&other.rows.filter_map(|mut row| {
            statement_of(&mut row.value);
            Some(row)
        }));
        self.faults.extend(other.faults);
        self.warnings.extend(other.warnings);
        self.rejected.extend(other.rejected.into_iter().map(|(cells, why)| {
            // a table's own columns have no place beside a statement's
            let cells = if is_table { vec![String::new(), String::new(), cells.join("; ")] } else { cells };
            (cells, why)
        }));
        self.until = self.until.max(other.until);
        self.is_cut |= other.is_cut;
        self.is_statement |= other.is_statement;
        self.for_people.extend(other.for_people);
    }
}

/// What the rejected movements of a statement have beside what is wrong with them.
const STATEMENT_HEADER: [&str; 3] = ["date", "amount", "words"];

/// The lines on which records begin: the reader counts the second half of a line's end to the record behind it.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line of a record; records are asked for in their order.
    pub(super) fn of_record(&mut self, record: &StringRecord) -> u64 {
        let begins = record.position().and_then(|position| usize::try_from(position.byte()).ok());
        let begins = begins.unwrap_or(self.at).min(self.text.len());
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let begins = begins + self.text[begins..].iter().take_while(|byte| ends(byte)).count();
        let passed = self.text.get(self.at..begins).unwrap_or_default();
        self.line += u64::try_from(passed.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        self.at = begins.max(self.at);
        self.line
    }
}

/// Whether a table's last line lacks its end.
pub(super) fn is_cut(text: &str) -> bool {
    !text.ends_with(['\n', '\r'])
}

impl<T: Spooled> Sheet<T> {
    fn add(
        &mut self,
        places: &BTreeMap<&'static str, usize>,
        record: &StringRecord,
        line: u64,
        read_row: &impl Fn(&mut Cells<'_>) -> Option<T>,
        key: &impl Fn(&T) -> Option<String>,
        seen: &mut BTreeMap<String, (u64, u64)>,
    ) {
        let mut cells = Cells::new(record, places, self.header.len());
        let value = read_row(&mut cells);
        let (faults, warnings) = cells.finish();
        let warned = warnings.into_iter().map(|(column, message)| self.fault(line, column, message));
        let warned: Vec<Fault> = warned.collect();
        self.warnings.extend(warned);
        let Some(value) = value.filter(|_| faults.is_empty()) else {
            // a row that says nothing yet is none
            if !faults.is_empty() {
                self.reject(record, line, faults);
            }
            return;
        };
        if let Some(key) = key(&value) {
            if let Some((earlier, said)) = seen.get(&key) {
                if *said == fingerprint(&value) {
                    let message = format!("`{key}` stands on line {earlier} already, the same; left out");
                    self.warnings.push(self.fault(line, 1, message));
                } else {
                    let message = format!("`{key}` stands on line {earlier} already, with other values");
                    self.reject(record, line, vec![(1, message)]);
                }
                return;
            }
            seen.insert(key, (line, fingerprint(&value)));
        }
        self.rows.push(Row { line, value, cells: whole(record) });
    }

    fn fault(&self, line: u64, column: usize, message: String) -> Fault {
        Fault { file: self.file.clone(), line, column, message }
    }

    /// Leaves out rows that were read well but do not fit what is stored; `why` names the column and
    /// what is wrong.
    pub fn refuse_where(&mut self, mut why: impl FnMut(&T) -> Option<(&'static str, String)>) {
        // what cannot be read back is said by whoever reads the rows
        let refusals = self.rows.iter().map_while(Result::ok).enumerate().filter_map(|(at, row)| {
            let (column, message) = why(&row.value)?;
            Some((at, (row.line, column, message, row.cells)))
        });
        let refused: BTreeMap<usize, _> = refusals.collect();
        if !refused.is_empty() {
            let mut places = 0..;
            let rows = std::mem::take(&mut self.rows);
            self.rows = rows.filter_map(|row| {
                let is_refused = places.next().is_some_and(|at| refused.contains_key(&at));
                (!is_refused).then_some(row)
            });
        }
        for (line, column, message, cells) in refused.into_values() {
            let place = self.header.iter().position(|name| name.eq_ignore_ascii_case(column));
            let message = format!("column `{column}`: {message}");
            self.faults.push(self.fault(line, place.map_or(1, |at| at + 1), message.clone()));
            self.rejected.push((cells, message));
        }
    }

    fn reject(&mut self, record: &StringRecord, line: u64, faults: Vec<(usize, String)>) {
        let why = faults.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>().join("; ");
        let faults: Vec<Fault> =
            faults.into_iter().map(|(column, message)| self.fault(line, column, message)).collect();
        self.faults.extend(faults);
        self.rejected.push((whole(record), why));
    }
}

/// The cells of a row as they stood, none longer than any sound one.
fn whole(record: &StringRecord) -> Vec<String> {
    record
        .iter()
        .map(|cell| cell.char_indices().nth(CELL_MAX).map_or(cell, |(end, _)| &cell[..end]).to_owned())
        .collect()
}

/// What tells a row from another under the same key.
fn fingerprint<T: Spooled>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_vec(value).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

/// Where each known column stands. All that is wrong with a header is said at once.
fn places(header: &[String], columns: &[Column]) -> Result<BTreeMap<&'static str, usize>, String> {
    let mut places = BTreeMap::new();
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for (place, name) in header.iter().enumerate() {
        let shown: String = name.chars().take(60).collect();
        if let Some(column) = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)) {
            if places.insert(column.name, place).is_some() {
                wrong.push(format!("column `{}` stands twice", column.name));
            }
        } else if !name.starts_with("x_") && !name.is_empty() {
            unknown.push(format!("`{shown}`"));
        }
    }
    let missing = columns.iter().filter(|column| column.required && !places.contains_key(column.name));
    let missing: Vec<String> = missing.map(|column| format!("`{}`", column.name)).collect();
    match missing.as_slice() {
        [] => {}
        [one] => wrong.push(format!("column {one} is missing")),
        all => wrong.push(format!("columns {} are missing; is it another kind of file?", all.join(", "))),
    }
    match unknown.as_slice() {
        [] => {}
        [one] => wrong.push(format!("unknown column {one}; put `x_` before its name to have it ignored")),
        all => wrong.push(format!(
            "unknown columns {}; put `x_` before the name of one to have it ignored",
            all.join(", ")
        )),
    }
    if wrong.is_empty() { Ok(places) } else { Err(wrong.join("; ")) }
}

/// The one of `;`, tab and `,` that the header has most of.
pub(super) fn delimiter_of(header: &str) -> u8 {
    let count = |mark: u8| header.bytes().filter(|byte| *byte == mark).count();
    [b',', b'\t', b';'].into_iter().max_by_key(|mark| count(*mark)).unwrap_or(b',')
}
