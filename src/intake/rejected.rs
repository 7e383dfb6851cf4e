//! The rows that were left out, in a file of their own, to be mended and imported again.

use super::sheet::Sheet;
use crate::billing::text::no_formula;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes the bad rows of a sheet to `FILE.rejected.csv` with a column `x_why`; gives its path.
///
/// # Errors
/// Where the file cannot be written.
pub fn write_rejected<T>(sheet: &Sheet<T>, path: &Path) -> std::io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".rejected.csv");
    let target = PathBuf::from(name);
    let mut file = std::fs::File::create(&target)?;
    // the mark by which a Greek Excel knows UTF-8
    file.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::WriterBuilder::new().delimiter(sheet.delimiter).flexible(true).from_writer(file);
    let head = sheet.header.iter().map(String::as_str).chain(["x_why"]);
    writer.write_record(head)?;
    for (cells, why) in &sheet.rejected {
        let width = sheet.header.len();
        let cells = (0..width).map(|at| cells.get(at).map_or("", String::as_str)).chain([why.as_str()]);
        writer.write_record(cells.map(no_formula))?;
    }
    writer.flush()?;
    Ok(target)
}
