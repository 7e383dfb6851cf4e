//! The cells of Excel files as a stream of rows, within limits that an error says: nothing is unpacked that nobody would send.

use calamine::DataRef;
use std::io::{Read, Seek};

/// Exports have some twenty columns.
const COLUMNS_MAX: u32 = 256;

/// As many as Excel has.
const ROWS_MAX: u64 = 1_048_576;

/// A hundred thousand movements unpack to less than half of it.
const UNPACKED_MAX: u64 = 256 << 20;

/// Unpacks everything once, keeping nothing: what a zip says of its sizes may be a lie.
pub(super) fn unpacks_within(input: &mut (impl Read + Seek)) -> Result<(), String> {
    let broken = |error: zip::result::ZipError| format!("it is no Excel file: {error}");
    let mut archive = zip::ZipArchive::new(&mut *input).map_err(broken)?;
    let mut unpacked = 0;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(broken)?;
        let room = UNPACKED_MAX - unpacked;
        let read = std::io::copy(&mut part.take(room + 1), &mut std::io::sink());
        unpacked += read.map_err(|error| format!("it is no Excel file: {error}"))?;
        if unpacked > UNPACKED_MAX {
            return Err(format!("it unpacks to more than {} MB; at most that is read", UNPACKED_MAX >> 20));
        }
    }
    input.rewind().map_err(|error| error.to_string())
}

/// Gives each row of a sheet that has something in it, with its number; says how many there were.
pub(super) fn rows<R: Read + Seek>(
    book: &mut calamine::Xlsx<R>,
    name: &str,
    mut take: impl FnMut(u64, Vec<String>),
) -> Result<u64, String> {
    let broken = |error: calamine::XlsxError| format!("the sheet `{name}` cannot be read: {error}");
    // a chart is no sheet of cells
    let Ok(mut cells) = book.worksheet_cells_reader(name) else { return Ok(0) };
    let (mut count, mut number, mut row) = (0, 0, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let text = worded(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let (line, column) = cell.get_position();
        let line = u64::from(line) + 1;
        if line > ROWS_MAX || column >= COLUMNS_MAX {
            return Err(format!(
                "the sheet `{name}` has a cell in row {line}, column {}; at most {ROWS_MAX} rows and {COLUMNS_MAX} \
                 columns are read",
                column + 1
            ));
        }
        if line != number {
            if !row.is_empty() {
                take(number, std::mem::take(&mut row));
                count += 1;
            }
            number = line;
        }
        let column = usize::try_from(column).unwrap_or(0);
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        row[column] = text;
    }
    if !row.is_empty() {
        take(number, row);
        count += 1;
    }
    Ok(count)
}

/// A cell as text; a number in the form that amounts are read in, a date as ISO.
fn worded(cell: &DataRef<'_>) -> String {
    match cell {
        // a reference may be a number too: whole ones have no decimals
        DataRef::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        // what is no whole cent but for the noise of binary fractions stays as it is, and is refused as an amount
        DataRef::Float(number) if ((number * 100.0).round() - number * 100.0).abs() < 1e-4 => {
            format!("{number:.2}")
        }
        DataRef::Float(number) => number.to_string(),
        DataRef::Int(number) => number.to_string(),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}
