//! A list as CSV that a Greek Excel opens: a byte order mark, `;`, decimal commas, and no cell a formula.

use super::{Cell, List, Sink};
use crate::billing::text::no_formula;
use anyhow::Result;
use csv::{ErrorKind, Terminator, Writer, WriterBuilder};
use std::io::Write;

/// Such a file while it is written.
pub struct Excel<W: Write> {
    rows: Writer<W>,
}

impl<W: Write> Excel<W> {
    /// Begins one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn new(mut out: W) -> Result<Self> {
        out.write_all("\u{feff}".as_bytes())?;
        let rows = WriterBuilder::new().delimiter(b';').terminator(Terminator::CRLF).from_writer(out);
        Ok(Self { rows })
    }

    /// Writes out what is not yet.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn end(mut self) -> Result<()> {
        Ok(self.rows.flush()?)
    }
}

impl<W: Write> Sink for Excel<W> {
    fn begin(&mut self, list: List) -> Result<()> {
        self.rows.write_record(&list.head).map_err(why)
    }

    fn row(&mut self, row: Vec<Cell>) -> Result<()> {
        self.rows.write_record(row.iter().map(word)).map_err(why)
    }
}

/// What the file itself said, so that a reader who has read enough is known as such.
fn why(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error.into(),
        other => anyhow::anyhow!("{other:?}"),
    }
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Code(text) => no_formula(text),
        Cell::Day(day) => day.format("%d/%m/%Y").to_string(),
        Cell::Money(amount) => amount.greek_digits(),
        Cell::Count(count) => count.to_string(),
    }
}
