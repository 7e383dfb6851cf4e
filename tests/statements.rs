//! Fictitious statements in the shapes banks really write, each beside what it must book: nobody's money is lost in a
//! format, and nothing that came in goes unsaid.

use crate::support::sandbox::Sandbox;
use konet_billing::intake::{Movement, PaymentRow, payments, payments_from};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/statements")
}

/// The statements, each with what is expected of it.
fn cases() -> Vec<(PathBuf, Value)> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let expected = entry.unwrap().path();
        if expected.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&expected).unwrap();
            cases.push((expected.with_extension(""), serde_json::from_str(&text).unwrap()));
        }
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

fn told(row: &PaymentRow) -> Value {
    let way = match row.movement {
        Movement::Incoming => "in",
        Movement::TakenBack => "back",
        Movement::PayerOnly => "payer",
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    json!([way, row.date, row.amount.cents(), text(&row.payer), text(&row.reference), row.is_unsplit])
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(ToString::to_string);
    rows
}

#[test]
fn every_statement_books_what_it_must_and_tells_the_rest() {
    let cases = cases();
    assert!(cases.len() >= 40, "{} statements", cases.len());
    for (file, expected) in cases {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let read = payments(&file, None);
        if let Some(words) = expected["refused"].as_str() {
            let error = read.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{name}: {error}");
            continue;
        }
        let sheet = read.unwrap_or_else(|error| panic!("{name}: {error}"));
        let rows: Vec<Value> = sheet.values().map(|row| told(&row.unwrap())).collect();
        assert_eq!(sorted(rows), sorted(expected["rows"].as_array().unwrap().clone()), "{name}");
        assert_eq!(json!(sheet.until), expected["until"], "{name}: until");
        assert_eq!(json!(sheet.for_people.len()), expected["for_people"], "{name}: {:?}", sheet.for_people);
        assert_eq!(json!(sheet.faults.len()), expected["faults"], "{name}: {:?}", sheet.faults);
        assert_eq!(sheet.rejected.len(), sheet.faults.len(), "{name}");
        let lines: Vec<&str> =
            sheet.warnings.iter().chain(&sheet.faults).map(|fault| fault.message.as_str()).collect();
        let words: Vec<&str> =
            expected["told"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(lines.len(), words.len(), "{name}: {lines:#?}");
        for (line, word) in lines.iter().zip(words) {
            assert!(line.contains(word), "{name}: {word}: {line}");
        }
        assert!(!sheet.is_cut, "{name}");
    }
}

/// Whatever is cut in its last line, the reader says so, so that it waits and nothing is booked from half an amount.
#[test]
fn a_table_without_its_last_line_end_is_known_to_be_cut() {
    for (file, _) in cases().iter().filter(|(file, _)| file.extension().is_some_and(|end| end == "csv")) {
        let folder = tempfile::tempdir().unwrap();
        let cut = folder.path().join("cut.csv");
        let mut bytes = std::fs::read(file).unwrap();
        bytes.truncate(bytes.len() - 3);
        std::fs::write(&cut, bytes).unwrap();
        assert!(payments(&cut, None).unwrap().is_cut, "{}", file.display());
    }
}

#[test]
fn the_same_statement_in_another_order_or_format_of_the_message_is_the_same_money() {
    let sandbox = Sandbox::with_company("2025-09-01");
    let import = |name: &str| {
        let file = folder().join(name);
        sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", "2025-09-19", "--json"]).json()
    };
    assert_eq!(import("interim.xml")["created"], 1);
    assert_eq!(import("notification.xml")["created"], 0);
    assert_eq!(import("interim.xml")["created"], 0);
    assert_eq!(import("shared-reference.xml")["created"], 5);
    assert_eq!(import("shared-reference.xml")["created"], 0);
}

#[test]
fn the_rejected_rows_of_a_statement_say_which_movement_they_are() {
    let sandbox = Sandbox::with_company("2025-09-01");
    let bytes = std::fs::read(folder().join("undated-nowhere.xml")).unwrap();
    let file = sandbox.file("statement.xml", bytes);
    sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", "2025-09-19"]).exits(3);
    let text = std::fs::read_to_string(sandbox.path("statement.xml.rejected.csv")).unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], "date;amount;words;x_why");
    assert!(lines[1].starts_with(";12.00;ΑΓΝΩΣΤΗ ΗΜΕΡΑ;"), "{lines:?}");
}

/// The profile that the page on profiles shows, as somebody would copy it.
#[test]
fn the_profile_of_the_page_reads_the_export_of_the_page() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/profiles.md")).unwrap();
    let block = |kind: &str| -> String {
        let (_, rest) = page.split_once(&format!("```{kind}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let profile = block("toml");
    assert!(profile.trim().lines().count() <= 8, "eight lines: {profile}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harbour.toml"), profile).unwrap();
    let export = folder.path().join("export.csv");
    std::fs::write(&export, block("csv")).unwrap();
    let sheet = payments(&export, Some(folder.path())).unwrap();
    let rows = sheet.values().map(Result::unwrap);
    let rows: Vec<_> = rows.map(|row| (row.amount.cents(), row.payer.unwrap(), row.bank_ref)).collect();
    assert_eq!(rows, [(12_400, "Alpha Ltd".to_owned(), "HB-1".to_owned())]);
    let told: Vec<String> = sheet.warnings.iter().map(ToString::to_string).collect();
    assert!(told.len() == 2 && told[0].contains("USD") && told[1].contains("PENDING"), "{told:?}");
    assert_eq!(sheet.until, chrono::NaiveDate::from_ymd_opt(2025, 9, 18));
}

/// The short form of `fuzz/run`: every statement with some of its bytes changed, cut, doubled or moved.
#[test]
fn no_broken_statement_stops_the_night_or_becomes_other_money() {
    // the same ones every time
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    let marks: [&[u8]; 10] = [
        b"\0",
        b"<",
        b">",
        b"\"",
        b";",
        b"\n",
        b"&#0;",
        b"\xff\xfe",
        "€".as_bytes(),
        b"99999999999999999999",
    ];
    let mut read = 0;
    for (file, _) in cases() {
        let sound = std::fs::read(&file).unwrap();
        for _ in 0..40 {
            let mut bytes = sound.clone();
            for _ in 0..=random(3) {
                let (at, to) = (random(bytes.len()), random(bytes.len()));
                match random(5) {
                    0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                    1 => drop(bytes.splice(at..at, marks[random(marks.len())].iter().copied())),
                    2 => drop(bytes.drain(at.min(to)..at.max(to).min(at.min(to) + 20))),
                    3 => bytes.truncate(at.max(1)),
                    _ => {
                        let from = random(sound.len());
                        let some = &sound[from..(from + random(40)).min(sound.len())];
                        drop(bytes.splice(at..at, some.iter().copied()));
                    }
                }
                if bytes.is_empty() {
                    bytes.push(b'x');
                }
            }
            let name = file.file_name().unwrap();
            let Ok(sheet) = payments_from(Path::new(name), std::io::Cursor::new(&bytes), None) else {
                continue;
            };
            read += 1;
            for row in sheet.values().map(Result::unwrap) {
                assert!(row.amount.is_positive() && row.amount.cents() <= 99_999_999_999, "{row:?}");
                let texts = [&row.payer, &row.payer_iban, &row.note, &row.reference, &row.end_to_end];
                let mut texts = texts.into_iter().flatten().chain([&row.bank_ref]);
                assert!(texts.all(|text| !text.chars().any(char::is_control)), "{row:?}");
            }
            assert_eq!(sheet.faults.is_empty(), sheet.rejected.is_empty());
        }
    }
    assert!(read > 100, "{read} were still read");
}
