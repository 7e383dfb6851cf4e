//! Every reader of what comes from outside under libFuzzer. `KONET_TARGET` says which: `fuzz/run` sets it.
//!
//! The rooms `billing` and `intake`, the spool of its rows, the reader of bounces and the bounds of templates are taken as they
//! stand and nothing else of the program, so that this builds in minutes: none knows the store or the clock.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the program uses more of the two rooms than their readers")]

#[path = "../../src/billing/mod.rs"]
mod billing;
#[path = "../../src/card/bounds.rs"]
mod bounds;
#[path = "../../src/mail/bounce.rs"]
mod bounce;
#[path = "../../src/intake/mod.rs"]
mod intake;
#[path = "../../src/outputs.rs"]
mod outputs;
#[path = "../../src/spool.rs"]
mod spool;

use billing::money::Money;
use billing::movement::real_reference;
use billing::text::{cleaned, look_alikes, no_formula};
use chrono::Datelike;
use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::LazyLock;

static TARGET: LazyLock<String> = LazyLock::new(|| std::env::var("KONET_TARGET").unwrap_or_default());

const CAMT: [&str; 2] = [
    "<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>GR1601101250000000012300695</IBAN></Id></Acct>",
    "</Stmt></BkToCstmrStmt></Document>",
];

const HEADERS: [&str; 5] = [
    "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n",
    "Α/Α;Ημ/νία;Αιτιολογία;Κατάστημα;Τοκισμός από;Αρ. συναλλαγής;Ποσό;Πρόσημο ποσού\n",
    "Ημ/νία Συναλλαγής;Περιγραφή Συναλλαγής;Σχόλια / Κωδικός Αναφοράς;Ποσό;Νόμισμα\n",
    "Α/Α;Ημ/νία;Τράπεζα οφειλέτη;Επωνυμία εντολέα;Ποσό;Αρ. συναλλαγής;\n",
    "Ημερομηνία;Ποσό συναλλαγής;Χρέωση / Πίστωση;Περιγραφή;Επιπρόσθετες πληροφορίες;Ονοματεπώνυμο αντισυμβαλλόμενου;\
     Λογαριασμός αντισυμβαλλόμενου;Αριθμός αναφοράς;Λογιστικό Υπόλοιπο\n",
];

fuzz_target!(|data: &[u8]| {
    match TARGET.as_str() {
        // an entry within a statement, and the file as it is
        "camt" => {
            read(&[CAMT[0].as_bytes(), data, CAMT[1].as_bytes()].concat());
            read(&[b"<", data].concat());
        }
        "csv" => read(&[b"date;amount;bank_ref;customer;services;reference;payer;payer_iban;note\n", data].concat()),
        "export" => {
            let which = data.first().map_or(0, |byte| usize::from(*byte) % HEADERS.len());
            read(&[HEADERS[which].as_bytes(), data.get(1..).unwrap_or_default()].concat());
        }
        "xlsx" => read(&workbook(data)),
        "zip" => {
            read(&[b"PK\x03\x04", data].concat());
            read(&zipped(&[("a.xml", data), ("b.csv", data)]));
        }
        "any" => read(data),
        "text" => text(&String::from_utf8_lossy(data)),
        "rows" => rows(data),
        "bounce" => returned(data),
        "profile" => profile(data),
        "template" => template(&String::from_utf8_lossy(data)),
        other => panic!("KONET_TARGET `{other}` is none of camt, csv, export, xlsx, zip, any, text, rows, bounce, profile, template"),
    }
});

/// Reads bytes as a file of payments, twice, and looks at what no reader may give.
fn read(bytes: &[u8]) {
    let once = || intake::payments_from(Path::new("file"), Cursor::new(bytes), None);
    let (first, second) = (once(), once());
    let (Ok(first), Ok(second)) = (&first, &second) else {
        assert_eq!(first.is_ok(), second.is_ok());
        return;
    };
    assert_eq!(first.rows.len(), second.rows.len());
    assert_eq!(first.rejected.len(), second.rejected.len());
    for (row, again) in first.values().map(Result::unwrap).zip(second.values().map(Result::unwrap)) {
        assert_eq!(row, again, "the same file is the same money");
        assert!(row.amount.is_positive() && row.amount <= Money::MAX, "{row:?}");
        assert!((1990..=2100).contains(&row.date.year()), "{row:?}");
        let texts = [&row.end_to_end, &row.transaction_id, &row.reference, &row.payer, &row.payer_iban, &row.note];
        for text in texts.into_iter().flatten().chain([&row.bank_ref]) {
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert!(text.len() <= 40_100, "{} bytes", text.len());
        }
    }
}

/// Reads bytes as a file of customers, services or invoices.
fn rows(data: &[u8]) {
    let (which, rest) = (data.first().map_or(0, |byte| byte % 3), data.get(1..).unwrap_or_default());
    let header = [
        "code;name;email;cc;tax_id;phone;language;vat;reference;enforcement\n",
        "code;customer;kind;name;domain_name;price;period_months;expires_on;state;renews;hold_until;hold_note;account;server\n",
        "invoice;date;card;service;period_from;bank_ref\n",
    ][usize::from(which)];
    let mut file = tempfile::NamedTempFile::new_in("/dev/shm").expect("a file in memory");
    file.write_all(header.as_bytes()).and_then(|()| file.write_all(rest)).expect("memory");
    match which {
        0 => {
            for row in intake::customers(file.path()).iter().flat_map(intake_rows) {
                assert!(!row.code.as_str().is_empty() && !row.code.as_str().chars().any(char::is_control));
            }
        }
        1 => drop(intake::services(file.path())),
        _ => drop(intake::invoices(file.path())),
    }
}

fn intake_rows(sheet: &intake::Sheet<intake::CustomerRow>) -> Vec<intake::CustomerRow> {
    sheet.values().map(Result::unwrap).collect()
}

/// Reads bytes as mail that came back.
fn returned(data: &[u8]) {
    let head = b"From: mailer@example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n";
    for bytes in [data.to_vec(), [head.as_slice(), data, b"\r\n--b--\r\n"].concat()] {
        assert!(bounce::read(&bytes).len() <= 20);
    }
}

/// Reads bytes as a profile of a bank's export, with an export that fits many.
fn profile(data: &[u8]) {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    std::fs::write(folder.path().join("own.toml"), data).expect("memory");
    let export = "Date;Amount;Text;Ref\n02/03/2026;124,00;RF95KONET000042;T-1\n";
    let _ = intake::payments_from(Path::new("file"), Cursor::new(export.as_bytes()), Some(folder.path()));
}

/// Compiles what the bounds let through, and renders it without anything to name.
fn template(text: &str) {
    if bounds::check(text).is_ok() {
        let _ = handlebars::Handlebars::new().render_template(text, &());
    }
}

fn text(text: &str) {
    for amount in [Money::parse(text).ok(), Money::parse_decimal(text)].into_iter().flatten() {
        assert!(amount <= Money::MAX && -amount <= Money::MAX);
        assert_eq!(Money::parse(&amount.to_string()), Ok(amount));
    }
    let clean = cleaned(text);
    assert_eq!(cleaned(&clean), clean, "cleaning twice changes nothing");
    let _ = (look_alikes(text), real_reference(text));
    assert!(!no_formula(text).starts_with(['=', '+', '@', '\t', '\r']));
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        zip.start_file(*name, stored).and_then(|()| zip.write_all(bytes).map_err(Into::into)).expect("a zip in memory");
    }
    zip.finish().expect("a zip in memory").into_inner()
}

/// A workbook whose sheet begins with a bank's header, and whose rows, strings and styles are the data.
fn workbook(data: &[u8]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let root = format!(
        "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let relations = format!(
        "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"{office}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    );
    let header: String = HEADERS[2]
        .trim()
        .split(';')
        .zip('A'..)
        .map(|(name, column)| format!("<c r=\"{column}1\" t=\"inlineStr\"><is><t>{name}</t></is></c>"))
        .collect();
    let begin = format!("<worksheet xmlns=\"{main}\"><sheetData><row r=\"1\">{header}</row>");
    let (rows, strings) = data.split_at(data.len() - data.len() / 4);
    let sheet = [begin.as_bytes(), rows, b"</sheetData></worksheet>"].concat();
    let strings = [format!("<sst xmlns=\"{main}\">").as_bytes(), strings, b"</sst>"].concat();
    zipped(&[
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/worksheets/sheet1.xml", &sheet),
        ("xl/sharedStrings.xml", &strings),
    ])
}
