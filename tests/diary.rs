//! Four hundred days of the example company, each day twice: the second run of a day does nothing, and
//! what happens on each is written down in `diary.txt`, to be read and compared.
//!
//! `KONET_BILLING_UPDATE=1 KONET_BILLING_DAYS=400 cargo test diary` writes the diary anew.

use crate::support::sandbox::Sandbox;
use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

const FIRST_DAY: &str = "2025-09-16";
const DAYS: u64 = 400;

/// The README's tests live through the first of them, `.ci/run` through all.
fn days() -> u64 {
    std::env::var("KONET_BILLING_DAYS").ok().and_then(|text| text.parse().ok()).unwrap_or(45).min(DAYS)
}

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// What the diary checks by itself, whatever the program says about its reasons.
#[derive(Default)]
struct Witness {
    told: BTreeSet<(String, String, String)>,
    first_told: BTreeMap<(String, String), NaiveDate>,
    suspended: BTreeMap<String, NaiveDate>,
}

impl Witness {
    fn message(&mut self, day: NaiveDate, message: &Value) {
        for line in message["lines"].as_array().unwrap() {
            let (Some(service), Some(stage)) = (line["service"].as_str(), line["stage"].as_str()) else {
                continue;
            };
            let from = line["period_from"].as_str().unwrap();
            let key = (service.to_owned(), from.to_owned(), stage.to_owned());
            assert!(self.told.insert(key.clone()), "{day}: {key:?} was told twice");
            if line["suspend_on"].is_string() {
                self.first_told.entry((service.to_owned(), from.to_owned())).or_insert(day);
            }
        }
    }

    fn step(&mut self, day: NaiveDate, step: &Value, expiries: &BTreeMap<String, NaiveDate>) {
        let service = step["service"].as_str().unwrap();
        let reason = step["reason"].as_str().unwrap();
        match step["action"].as_str().unwrap() {
            "suspend" => {
                if reason == "unsettled" {
                    let expiry = expiries[service];
                    let told = self.first_told.get(&(service.to_owned(), expiry.to_string()));
                    let told = told.unwrap_or_else(|| panic!("{day}: {service} was suspended untold"));
                    assert!(*told + Days::new(5) <= day, "{day}: {service} was told on {told} only");
                    assert!(expiry + Days::new(7) <= day, "{day}: {service} expired on {expiry} only");
                    assert!(
                        !matches!(day.weekday(), Weekday::Fri | Weekday::Sat | Weekday::Sun),
                        "{day}: {service}"
                    );
                }
                assert!(self.suspended.insert(service.to_owned(), day).is_none(), "{day}: {service} twice");
            }
            "reinstate" => {
                // one service was suspended before the program met it
                let met_suspended = service == "S-0271";
                assert!(self.suspended.remove(service).is_some() || met_suspended, "{day}: {service}");
            }
            "terminate" => {
                let told = self.told.iter().any(|(s, _, stage)| s == service && stage == "final");
                assert!(told, "{day}: {service} was terminated without a final notice");
                if let Some(since) = self.suspended.get(service) {
                    assert!(*since + Days::new(30) <= day, "{day}: {service}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn four_hundred_days_each_twice() {
    let sandbox = Sandbox::new();
    sandbox.file("konet-billing.toml", std::fs::read(examples().join("konet-billing.toml")).unwrap());
    let first: NaiveDate = FIRST_DAY.parse().unwrap();
    for (kind, file) in [
        ("customers", "customers.csv"),
        ("services", "services.csv"),
        ("services", "services-excel-1253.csv"),
    ] {
        sandbox.import(kind, std::fs::read(examples().join(file)).unwrap(), FIRST_DAY).exits(0);
    }
    let opening = std::fs::read_to_string(examples().join("inbox/payments-2025-09-16.csv")).unwrap();
    let diary = std::fs::read_to_string(examples().join("diary/payments.csv")).unwrap();
    let head = diary.lines().next().unwrap();
    let mut expiries = expiries();
    let mut witness = Witness::default();
    let mut written = String::new();
    for offset in 0..days() {
        let day = first + Days::new(offset);
        let date = day.to_string();
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            // the bank's statement of the day before arrives on working days, with or without entries
            let rows: Vec<&str> = if offset == 0 {
                opening.lines().skip(1).collect()
            } else {
                diary.lines().skip(1).filter(|row| row.starts_with(&date)).collect()
            };
            sandbox.file(&format!("inbox/payments-{date}.csv"), format!("{head}\n{}\n", rows.join("\n")));
        }
        let night = sandbox.run(&["nightly", "--as-of", &date, "--json"]);
        assert!(matches!(night.status, 0 | 3 | 4), "{date}: {night:?}");
        let status = night.status;
        let night = night.json();
        describe(&mut written, day, &night, status);
        for step in night["enforce"]["actions"].as_array().unwrap() {
            witness.step(day, step, &expiries);
            if let (Some(to), "renew") = (step["to"].as_str(), step["action"].as_str().unwrap()) {
                expiries.insert(step["service"].as_str().unwrap().to_owned(), to.parse().unwrap());
            }
        }
        for message in night["notify"]["messages"].as_array().unwrap() {
            assert_eq!(message["state"], "sent", "{date}: {message}");
            witness.message(day, message);
        }
        let again = sandbox.run(&["nightly", "--as-of", &date, "--json"]);
        let again_json = again.json();
        assert_eq!(
            again_json["notify"]["messages"],
            serde_json::json!([]),
            "{date}: the second run told something"
        );
        assert_eq!(
            again_json["enforce"]["actions"],
            serde_json::json!([]),
            "{date}: the second run did something"
        );
        assert_ne!(again.status, 3, "{date}: the second run cried");
    }
    sandbox.run(&["check"]).exits(0);
    compare(&written);
}

/// The expiries of the files, which renewals then move.
fn expiries() -> BTreeMap<String, NaiveDate> {
    let mut expiries = BTreeMap::new();
    for file in ["services.csv", "services-excel-1253.csv"] {
        let bytes = std::fs::read(examples().join(file)).unwrap();
        let text = encoding_rs::UTF_8.decode_without_bom_handling_and_without_replacement(&bytes);
        let text =
            text.map_or_else(|| encoding_rs::WINDOWS_1253.decode(&bytes).0.into_owned(), |t| t.into_owned());
        for row in text.lines().skip(1) {
            let cells: Vec<&str> = row.split(';').collect();
            let date = NaiveDate::parse_from_str(cells[8], "%Y-%m-%d")
                .or_else(|_| NaiveDate::parse_from_str(cells[8], "%d/%m/%Y"))
                .unwrap();
            expiries.insert(cells[0].to_owned(), date);
        }
    }
    expiries
}

/// One day of the diary, as a person would write it down. Quiet days are left out.
fn describe(diary: &mut String, day: NaiveDate, night: &Value, status: i32) {
    let mut lines = Vec::new();
    for import in night["imports"].as_array().unwrap() {
        let (new, unmatched) = (import["created"].as_u64().unwrap(), import["unmatched"].as_u64().unwrap());
        if new > 0 {
            lines.push(format!(
                "payments: {new}{}",
                if unmatched > 0 { format!(", {unmatched} unmatched") } else { String::new() }
            ));
        }
    }
    for step in night["enforce"]["actions"].as_array().unwrap() {
        let until = step["to"].as_str().map(|to| format!(" until {to}")).unwrap_or_default();
        let word = |key: &str| step[key].as_str().unwrap().to_owned();
        lines.push(format!("{} {} ({}){until}", word("action"), word("service"), word("customer")));
    }
    if let Some(message) = night["enforce"]["guard"]["message"].as_str() {
        lines.push(format!("guard: {message}"));
    }
    for message in night["notify"]["messages"].as_array().unwrap() {
        let told: Vec<String> = message["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|line| Some(format!("{} {}", line["service"].as_str()?, line["stage"].as_str()?)))
            .collect();
        let cents = message["total_cents"].as_i64().unwrap();
        lines.push(format!(
            "card {} to {}: {}; {},{:02}",
            message["card"].as_str().unwrap(),
            message["customer"].as_str().unwrap(),
            told.join(", "),
            cents / 100,
            cents % 100
        ));
    }
    for item in night["attention"].as_array().unwrap() {
        lines.push(format!("a person: {}", item["text"].as_str().unwrap()));
    }
    if !lines.is_empty() {
        let ended = if status == 0 { String::new() } else { format!(" (status {status})") };
        writeln!(diary, "{} {}{ended}", day.format("%a"), day).unwrap();
        for line in lines {
            writeln!(diary, "  {line}").unwrap();
        }
    }
}

fn compare(written: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/diary.txt");
    if std::env::var_os("KONET_BILLING_UPDATE").is_some() {
        assert_eq!(days(), DAYS, "the diary is kept whole: KONET_BILLING_DAYS={DAYS}");
        std::fs::write(&path, written).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    if let Some((line, (now, then))) =
        written.lines().zip(kept.lines()).enumerate().find(|(_, (now, then))| now != then)
    {
        panic!("the diary differs on line {}:\n  kept: {then}\n  now:  {now}", line + 1);
    }
    let whole = days() == DAYS;
    assert!(!whole || written.lines().count() == kept.lines().count(), "the diary is longer or shorter");
    assert!(written.lines().count() <= kept.lines().count(), "the diary is longer");
}
