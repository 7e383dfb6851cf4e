//! A table that people fill in: text of any kind, or an Excel file.

use super::decoding::{open, text_of};
use super::error::IntakeError;
use super::excel::{rows, unpacks_within};
use calamine::Reader;
use std::io::{Read, Seek};
use std::path::Path;

/// The text of a table that people fill in: of an Excel file the first sheet that has something in it, as a table whose lines
/// are the sheet's rows.
///
/// # Errors
/// A file that cannot be read, or is no table; a workbook beyond the limits.
pub(super) fn table_of(path: &Path) -> Result<String, IntakeError> {
    let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
    let mut file = open(path)?;
    let mut head = [0; 4];
    let begins = file.read(&mut head).map_err(unreadable)?;
    if head.get(..begins) != Some(b"PK\x03\x04") {
        return text_of(path);
    }
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    unpacks_within(&mut file).map_err(refuse)?;
    let reading = std::panic::AssertUnwindSafe(|| first_sheet(file));
    let table = std::panic::catch_unwind(reading).unwrap_or_else(|_| Err("it cannot be read".to_owned()));
    table.map_err(|why| refuse(format!("{why}; open it in Excel and save it again, as .xlsx or as CSV")))
}

fn first_sheet(file: impl Read + Seek) -> Result<String, String> {
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(file)
        .map_err(|error: calamine::XlsxError| format!("it is no Excel file: {error}"))?;
    for name in book.sheet_names() {
        let (mut table, mut at) = (String::new(), 1);
        let count = rows(&mut book, &name, |line, row| {
            // faults name the row that they are in
            table.extend(std::iter::repeat_n('\n', usize::try_from(line - at).unwrap_or(0)));
            let cells = row
                .iter()
                .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"").replace(['\n', '\r'], " ")));
            table.push_str(&cells.collect::<Vec<_>>().join(";"));
            at = line;
        })?;
        if count > 0 {
            return Ok(table + "\n");
        }
    }
    Err("its sheets are empty".to_owned())
}
