//! A list as CSV that a Greek Excel opens: a byte order mark, `;`, decimal commas, and no cell a formula.

use super::{Cell, List};
use crate::billing::text::no_formula;
use anyhow::Result;
use csv::{Terminator, WriterBuilder};

/// The bytes of the file.
///
/// # Errors
/// None that can be: it is written to memory.
pub fn excel(list: &List) -> Result<Vec<u8>> {
    let mut writer =
        WriterBuilder::new().delimiter(b';').terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(&list.head)?;
    for row in &list.rows {
        writer.write_record(row.iter().map(word))?;
    }
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(writer.into_inner().map_err(|error| error.into_error())?);
    Ok(bytes)
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Code(text) => no_formula(text),
        Cell::Day(day) => day.format("%d/%m/%Y").to_string(),
        Cell::Money(amount) => amount.greek_digits(),
        Cell::Count(count) => count.to_string(),
    }
}
