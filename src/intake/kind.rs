//! What a file holds, told by its content: whatever its name, nothing that somebody sent is left lying.

use super::sheet::{Column, delimiter_of};
use super::{customers, invoices, payments, services};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// So much of a file tells what it is.
const HEAD: u64 = 65_536;

/// The kinds of files, in the order in which a night imports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// Customers.
    Customers,
    /// Services.
    Services,
    /// Payments: our own columns, or a statement of a bank's.
    Payments,
    /// Tax invoices.
    Invoices,
}

/// What the look at a file came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// What it is by its columns or by its format; none where only reading it as a statement can tell.
    pub kind: Option<FileKind>,
    /// Whether somebody in it may have paid, should it prove unreadable.
    pub may_hold_payments: bool,
    /// Whether its last line has no end: it may still be on its way.
    pub is_cut: bool,
}

/// Looks at the beginning and the end of a file.
///
/// # Errors
/// A file that cannot be opened or read.
pub fn kind_of(path: &Path) -> std::io::Result<Looked> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head)?;
    let begin = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    let named = kind_of_name(path);
    let is_xml = begin.starts_with(b"<");
    let is_workbook = begin.starts_with(b"PK\x03\x04") || begin.starts_with(b"\xd0\xcf\x11\xe0");
    if is_xml || is_workbook {
        return Ok(Looked { kind: Some(FileKind::Payments), may_hold_payments: true, is_cut: false });
    }
    let text = decoded_head(&head);
    let kind = kind_of_header(&text).or(named);
    let last_byte = {
        let mut last = [b'\n'];
        let length = file.seek(SeekFrom::End(0))?;
        if length > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        last[0]
    };
    Ok(Looked {
        kind,
        may_hold_payments: match kind {
            Some(kind) => kind == FileKind::Payments,
            None => is_table(&text),
        },
        is_cut: !matches!(last_byte, b'\n' | b'\r' | 0),
    })
}

/// What a file's name says it is: where it cannot be read at all, nothing else does.
#[must_use]
pub fn kind_of_name(path: &Path) -> Option<FileKind> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let begins = [
        ("customers", FileKind::Customers),
        ("services", FileKind::Services),
        ("payments", FileKind::Payments),
        ("invoices", FileKind::Invoices),
    ];
    begins.into_iter().find(|(word, _)| name.starts_with(word)).map(|(_, kind)| kind)
}

fn decoded_head(head: &[u8]) -> String {
    if let Some((encoding, skip)) = encoding_rs::Encoding::for_bom(head) {
        return encoding.decode_without_bom_handling(&head[skip..]).0.into_owned();
    }
    match std::str::from_utf8(head) {
        Ok(text) => text.to_owned(),
        // a character may be cut where the head ends
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(head).into_owned(),
        Err(_) => encoding_rs::WINDOWS_1253.decode_without_bom_handling(head).0.into_owned(),
    }
}

/// The kind whose columns the header has.
fn kind_of_header(text: &str) -> Option<FileKind> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let delimiter = char::from(delimiter_of(first));
    let names: Vec<String> =
        first.split(delimiter).map(|name| name.trim().trim_matches('"').to_lowercase()).collect();
    let has_all = |columns: &[Column]| {
        columns.iter().filter(|column| column.required).all(|column| names.iter().any(|n| n == column.name))
    };
    if has_all(&services::COLUMNS) {
        Some(FileKind::Services)
    } else if has_all(&customers::COLUMNS) {
        Some(FileKind::Customers)
    } else if has_all(&payments::COLUMNS) {
        Some(FileKind::Payments)
    } else if has_all(&invoices::COLUMNS) || names.iter().any(|name| name.contains("τιμολ")) {
        Some(FileKind::Invoices)
    } else {
        None
    }
}

/// Whether two lines have the same separators: prose does not.
fn is_table(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(40).collect();
    [';', '\t', ','].into_iter().any(|mark| {
        let mut counts: Vec<usize> =
            lines.iter().map(|line| line.matches(mark).count()).filter(|count| *count >= 2).collect();
        counts.sort_unstable();
        counts.windows(2).any(|pair| pair[0] == pair[1])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(name: &str, bytes: impl AsRef<[u8]>) -> Looked {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        kind_of(&path).unwrap()
    }

    #[test]
    fn files_are_told_apart_by_what_they_hold() {
        let services = "code;customer;kind;name;price;period_months;expires_on\n";
        let greek = encoding_rs::WINDOWS_1253.encode("Αρ. τιμολογίου;Ημ. τιμολογίου;πελάτης\n").0;
        for (name, bytes, kind) in [
            ("neu.txt", "Name,CODE,email\n".as_bytes(), Some(FileKind::Customers)),
            ("payments.csv", services.as_bytes(), Some(FileKind::Services)),
            ("Book1.csv", b"\xef\xbb\xbfdate;amount;bank_ref\n".as_slice(), Some(FileKind::Payments)),
            ("camt", b"<?xml version=\"1.0\"?><Document/>".as_slice(), Some(FileKind::Payments)),
            ("alpha.xlsx", b"PK\x03\x04....".as_slice(), Some(FileKind::Payments)),
            ("list.csv", "invoice;date;card\n".as_bytes(), Some(FileKind::Invoices)),
            ("to_invoice.csv", greek.as_ref(), Some(FileKind::Invoices)),
            ("Customers-bad.csv", b"code;name\n".as_slice(), Some(FileKind::Customers)),
            ("read me.txt", "Dear all,\n\nsee below, please.\n".as_bytes(), None),
        ] {
            assert_eq!(look(name, bytes).kind, kind, "{name}");
        }
    }

    #[test]
    fn whoever_may_have_paid_in_an_unknown_table_is_not_forgotten() {
        let bank = "Κίνηση λογαριασμού\n\nA;B;C\n1;2;3\n4;5;6\n";
        assert!(look("alpha-bank.csv", bank).may_hold_payments);
        assert!(look("payments.bin", [0_u8, 1, 2]).may_hold_payments);
        assert!(!look("notes.txt", "Καλημέρα, παιδιά,\nτα λέμε.\n").may_hold_payments);
        assert!(look("Book1.csv", "date;amount;bank_ref\n2025-03-01;1,0").is_cut);
        assert!(!look("Book1.csv", "date;amount;bank_ref\r\n").is_cut);
    }
}
