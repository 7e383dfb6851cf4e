//! A zip of statements: every file in it is a statement of its own. An Excel file is a zip too, and is told apart here.

use super::error::IntakeError;
use super::formats::refusal;
use super::payments::PaymentRow;
use super::profile::Profile;
use super::sheet::Sheet;
use super::workbook;
use std::io::{Cursor, Read, Seek};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// A bank sends some dozens of files at once.
const FILES_MAX: usize = 1_000;

/// Unpacked, one file and all of them.
const FILE_MAX: u64 = 64 << 20;
const UNPACKED_MAX: u64 = 256 << 20;

/// What other programs keep in a zip, by a file that gives it away.
const OTHERS: [(&str, &str); 5] = [
    ("xl/workbook.bin", "a binary Excel file (`.xlsb`)"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a presentation"),
    ("content.xml", "a LibreOffice file (`.ods`)"),
    ("Index/Document.iwa", "a Numbers file"),
];

/// Reads a zip: an Excel file, or every statement in it by `read_one`.
///
/// # Errors
/// What is neither; one beyond the limits; one in which nothing can be read.
pub(super) fn read(
    path: &Path,
    mut input: impl Read + Seek,
    profiles: &[Profile],
    read_one: impl Fn(&Path, Cursor<Vec<u8>>) -> Result<Sheet<PaymentRow>, IntakeError>,
) -> Result<Sheet<PaymentRow>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    let broken =
        |error: ZipError| refuse(format!("it is no zip that can be read ({error}); download it again"));
    let mut archive = ZipArchive::new(&mut input).map_err(broken)?;
    let names = names_of(&mut archive).map_err(broken)?;
    if is_workbook(&names) {
        drop(archive);
        input.rewind().map_err(|source| IntakeError::Unreadable { path: path.to_owned(), source })?;
        return workbook::read(path, input, profiles);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(mark, _)| names.iter().any(|name| name == mark)) {
        return Err(refuse(refusal(what, "save it as Excel (.xlsx) or CSV, and import that")));
    }
    if names.len() > FILES_MAX {
        return Err(refuse(format!("it holds more than {FILES_MAX} files; at most that many are read")));
    }
    let mut whole: Sheet<PaymentRow> = Sheet { is_statement: false, ..Sheet::of_statement(path) };
    let (mut read_well, mut faults, mut unpacked) = (0_u32, Vec::new(), 0);
    let mut statements = 0;
    for (index, name) in names.iter().enumerate() {
        if is_no_statement(name) {
            continue;
        }
        let shown = path.join(name.trim_start_matches('/'));
        let file = archive.by_index(index).map_err(|error| error.to_string());
        let bytes = file.and_then(|file| unpack(file, &mut unpacked));
        if unpacked > UNPACKED_MAX {
            let most = UNPACKED_MAX >> 20;
            return Err(refuse(format!("it unpacks to more than {most} MB; at most that is read")));
        }
        let is_paper = bytes.as_ref().is_ok_and(|bytes| bytes.starts_with(b"%PDF"));
        let sheet = bytes
            .map_err(|message| IntakeError::Statement { path: shown.clone(), message })
            .and_then(|bytes| read_one(&shown, Cursor::new(bytes)));
        match sheet {
            Ok(sheet) => {
                let from = statements;
                statements += 1 + sheet.values().flatten().map(|row| row.statement).max().unwrap_or(0);
                whole.absorb(sheet, |row| row.statement += from);
                read_well += 1;
            }
            Err(error) => faults.push((shown.display().to_string(), error.to_string(), is_paper)),
        }
    }
    if read_well == 0 {
        let why: Vec<String> = faults.into_iter().map(|(_, why, _)| why).collect();
        let why = if why.is_empty() { "it is empty".to_owned() } else { why.join("; ") };
        return Err(refuse(format!("nothing in it can be read: {why}")));
    }
    for (file, message, is_paper) in faults {
        tell(&mut whole, file, message, is_paper);
    }
    Ok(whole)
}

/// Banks lay the printed statement beside the file for machines: that it cannot be read is no fault.
fn tell(whole: &mut Sheet<PaymentRow>, file: String, message: String, is_paper: bool) {
    if is_paper {
        whole.warn(1, message);
    } else {
        whole.fail(1, [String::new(), String::new(), file], message);
    }
}

/// What the files of the archive are called; one more than are read, at most.
fn names_of<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<Vec<String>, ZipError> {
    (0..archive.len().min(FILES_MAX + 1))
        .map(|index| Ok(archive.by_index_raw(index)?.name()?.into_owned()))
        .collect()
}

/// Whether it is an Excel workbook whose sheets are XML; binary ones are refused by name.
fn is_workbook(names: &[String]) -> bool {
    let is_sheet = |name: &String| {
        let name = name.trim_start_matches('/').replace('\\', "/");
        name == "xl/workbook.xml" || name.starts_with("xl/worksheets/")
    };
    !names.iter().any(|name| name == "xl/workbook.bin") && names.iter().any(is_sheet)
}

/// Folders, and what computers leave behind.
fn is_no_statement(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    last.is_empty()
        || last.starts_with('.')
        || name.starts_with("__MACOSX/")
        || matches!(last, "Thumbs.db" | "desktop.ini")
}

/// The bytes of one file, within the limits.
fn unpack(file: impl Read, unpacked: &mut u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    *unpacked += size;
    if size > FILE_MAX {
        return Err(format!("it unpacks to more than {} MB; at most that is read", FILE_MAX >> 20));
    }
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{profile, statement};
    use super::*;
    use std::io::Write;

    /// A zip of files.
    pub(in crate::intake) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    pub(in crate::intake) fn read_bytes(bytes: &[u8]) -> Result<Sheet<PaymentRow>, IntakeError> {
        let path = Path::new("file.zip");
        statement(path, Cursor::new(bytes), &profile::all(path, None).unwrap(), true)
    }

    const CSV: &[u8] = b"date;amount;bank_ref\n2025-03-02;1,00;T-1\n";
    const WRONG: &[u8] = b"date;amount;bank_ref\n2025-03-04;2,00;T-2\nx;3,00;T-3\n";

    #[test]
    fn every_file_of_a_zip_is_a_statement_of_its_own() {
        let bytes = zipped(&[
            ("september/a.csv", CSV),
            ("b.csv", WRONG),
            ("september/", b""),
            ("__MACOSX/._a.csv", b"\0\0"),
            ("printed.pdf", b"%PDF-1.7"),
            ("c.csv", CSV),
        ]);
        let sheet = read_bytes(&bytes).unwrap();
        let rows: Vec<_> = sheet
            .rows
            .to_vec()
            .unwrap()
            .iter()
            .map(|row| (row.value.statement, row.value.amount.cents()))
            .collect();
        assert_eq!(rows, [(0, 100), (1, 200), (2, 100)]);
        assert_eq!(sheet.until, chrono::NaiveDate::from_ymd_opt(2025, 3, 4));
        assert_eq!((sheet.faults.len(), sheet.warnings.len()), (1, 1));
        assert!(sheet.faults[0].to_string().starts_with("file.zip/b.csv:3:1:"), "{}", sheet.faults[0]);
        assert!(sheet.warnings[0].message.contains("PDF"), "{:?}", sheet.warnings);
    }

    #[test]
    fn a_file_of_a_zip_that_cannot_be_read_is_named_and_the_others_are_booked() {
        let sheet =
            read_bytes(&zipped(&[("a.csv", CSV), ("b.sta", b":20:X\n:25:Y\n:60F:Z\n"), ("c.csv", b"")]))
                .unwrap();
        assert_eq!((sheet.rows.len(), sheet.faults.len()), (1, 2));
        assert!(
            sheet.faults[0].message.contains("file.zip/b.sta") && sheet.faults[0].message.contains("MT940")
        );
        let error = read_bytes(&zipped(&[("b.sta", b":20:X\n:25:Y\n")])).unwrap_err().to_string();
        assert!(error.contains("MT940") && error.contains("nothing in it can be read"), "{error}");
        let error = read_bytes(&zipped(&[])).unwrap_err().to_string();
        assert!(error.contains("empty"), "{error}");
    }

    #[test]
    fn a_zip_in_a_zip_and_a_bomb_are_refused() {
        let inner = zipped(&[("a.csv", CSV)]);
        let error = read_bytes(&zipped(&[("inner.zip", &inner)])).unwrap_err().to_string();
        assert!(error.contains("a zip in a zip"), "{error}");
        let mebibyte = vec![b' '; 1 << 20];
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("bomb.csv", zip::write::SimpleFileOptions::default()).unwrap();
        for _ in 0..66 {
            zip.write_all(&mebibyte).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        let error = read_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains("more than 64 MB"), "{error}");
        let names: Vec<String> = (0..=FILES_MAX).map(|number| format!("{number}.csv")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), CSV)).collect();
        let error = read_bytes(&zipped(&files)).unwrap_err().to_string();
        assert!(error.contains("more than 1000 files"), "{error}");
    }

    #[test]
    fn what_else_is_a_zip_is_named() {
        for (file, name) in
            [("content.xml", ".ods"), ("word/document.xml", "Word"), ("xl/workbook.bin", ".xlsb")]
        {
            let error = read_bytes(&zipped(&[("mimetype", b"x"), (file, b"<x/>")])).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("save it as"), "{error}");
        }
        let mut broken = zipped(&[("a.csv", CSV)]);
        broken.truncate(40);
        assert!(read_bytes(&broken).unwrap_err().to_string().contains("no zip that can be read"));
    }
}
