//! A zip of statements: every file in it is a statement of its own. An Excel file is a zip too, and is told apart here.

use super::formats::refusal;
use super::payments::PaymentRow;
use super::profile::Profile;
use super::sheet::{IntakeError, Sheet};
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
    let mut names = Vec::new();
    for index in 0..archive.len().min(FILES_MAX + 1) {
        names.push(archive.by_index_raw(index).map_err(broken)?.name().map_err(broken)?.into_owned());
    }
    if names.iter().any(|name| name.trim_start_matches('/') == "xl/workbook.xml") {
        drop(archive);
        input.rewind().map_err(|source| IntakeError::Unreadable { path: path.to_owned(), source })?;
        return workbook::read(path, input, profiles);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(mark, _)| names.iter().any(|name| name == mark)) {
        let remedy = "save it as Excel (.xlsx) or CSV, and import that";
        return Err(refuse(refusal(what, remedy)));
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
            return Err(refuse(format!(
                "it unpacks to more than {} MB; at most that is read",
                UNPACKED_MAX >> 20
            )));
        }
        let is_paper = bytes.as_ref().is_ok_and(|bytes| bytes.starts_with(b"%PDF"));
        let sheet = bytes
            .map_err(|message| IntakeError::Statement { path: shown.clone(), message })
            .and_then(|bytes| read_one(&shown, Cursor::new(bytes)));
        match sheet {
            Ok(sheet) => {
                let from = statements;
                statements += 1 + sheet.rows.iter().map(|row| row.value.statement).max().unwrap_or(0);
                whole.absorb(sheet, |row| row.statement += from);
                read_well += 1;
            }
            Err(error) => faults.push((shown.display().to_string(), error.to_string(), is_paper)),
        }
    }
    if read_well == 0 {
        let why = if faults.is_empty() {
            "it is empty".to_owned()
        } else {
            faults.into_iter().map(|(_, why, _)| why).collect::<Vec<_>>().join("; ")
        };
        return Err(refuse(format!("nothing in it can be read: {why}")));
    }
    for (file, message, is_paper) in faults {
        // banks lay the printed statement beside the file for machines
        if is_paper {
            whole.warn(1, message);
        } else {
            whole.fail(1, [String::new(), String::new(), file], message);
        }
    }
    Ok(whole)
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
