//! The rows that were left out, in a file of their own, to be mended and imported again.

use super::sheet::Sheet;
use crate::billing::text::no_formula;
use crate::outputs;
use std::path::{Path, PathBuf};

/// Writes the bad rows of a sheet to `FILE.rejected.csv` with a column `x_why`; gives its path.
///
/// # Errors
/// Where the file cannot be written.
pub fn write_rejected<T>(sheet: &Sheet<T>, path: &Path) -> std::io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".rejected.csv");
    let target = PathBuf::from(name);
    // the mark by which a Greek Excel knows UTF-8
    let marked = "\u{feff}".as_bytes().to_vec();
    let mut writer = csv::WriterBuilder::new().delimiter(sheet.delimiter).flexible(true).from_writer(marked);
    let head = sheet.header.iter().map(String::as_str).chain(["x_why"]);
    writer.write_record(head)?;
    for (cells, why) in &sheet.rejected {
        let width = sheet.header.len();
        let cells = (0..width).map(|at| cells.get(at).map_or("", String::as_str)).chain([why.as_str()]);
        writer.write_record(cells.map(no_formula))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    outputs::whole(&target, &bytes)?;
    Ok(target)
}
