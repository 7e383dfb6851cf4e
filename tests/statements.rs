//! Fictitious statements in the shapes banks really write, each beside what it must book: nobody's money is lost in a
//! format, and nothing that came in goes unsaid.

use crate::support::sandbox::Sandbox;
use konet_billing::intake::{Movement, PaymentRow, payments};
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
        let rows: Vec<Value> = sheet.rows.iter().map(|row| told(&row.value)).collect();
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
    let rows: Vec<_> = sheet
        .rows
        .iter()
        .map(|row| (row.value.amount.cents(), row.value.payer.clone().unwrap(), row.value.bank_ref.clone()))
        .collect();
    assert_eq!(rows, [(12_400, "Alpha Ltd".to_owned(), "HB-1".to_owned())]);
    let told: Vec<String> = sheet.warnings.iter().map(ToString::to_string).collect();
    assert!(told.len() == 2 && told[0].contains("USD") && told[1].contains("PENDING"), "{told:?}");
    assert_eq!(sheet.until, chrono::NaiveDate::from_ymd_opt(2025, 9, 18));
}
