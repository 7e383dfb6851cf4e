//! Money in: every bank's file, the same money known once, money that goes back, and not a cent lost on the way.

use crate::support::sandbox::{CONFIG, Ran, Sandbox, stages, steps};
use chrono::{Days, NaiveDate};
use konet_billing::billing::charging::TakeOff;
use konet_billing::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use konet_billing::billing::money::Money;
use konet_billing::billing::vat::Price;
use konet_billing::config::Config;
use konet_billing::exit_status::ExitStatus;
use konet_billing::jobs::imports::{Manner, Subject, import};
use konet_billing::jobs::record::{Record, Recorded, Witness, record as put_down};
use konet_billing::jobs::{Desk, enforce};
use konet_billing::report::Report;
use konet_billing::store::Store;
use konet_billing::views::RunView;
use proptest::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn examples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn record(sandbox: &Sandbox, day: &str, arguments: &[&str]) -> Ran {
    let all =
        [&["record"], arguments, &["--by", "maria", "--reason", "τηλεφώνημα", "--as-of", day, "--json"]];
    sandbox.run(&all.concat())
}

fn status(sandbox: &Sandbox, day: &str) -> Value {
    sandbox.run(&["status", "--json", "--as-of", day]).exits(0).json()
}

/// The example company after its first night.
fn example_company() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("konet-billing.toml", std::fs::read(examples("konet-billing.toml")).unwrap());
    for (kind, file) in [
        ("customers", "customers.csv"),
        ("services", "services.csv"),
        ("services", "services-excel-1253.csv"),
    ] {
        sandbox.import(kind, std::fs::read(examples(file)).unwrap(), "2025-09-16").exits(0);
    }
    sandbox.notify("2025-09-16").exits(0);
    sandbox
}

fn statement(sandbox: &Sandbox, name: &str) -> Ran {
    let file = examples("statements").join(name);
    sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", "2025-09-19", "--json"])
}

/// `reference customer matched_by cents` of what an import booked.
fn booked(ran: &Value) -> Vec<String> {
    let column = |record: &Value, name: &str| -> String {
        let columns = record["columns"].as_array().unwrap();
        let found = columns.iter().find(|column| column["column"] == name);
        found.map_or_else(|| "-".to_owned(), |column| column["after"].as_str().unwrap().to_owned())
    };
    let rows = ran["records"].as_array().unwrap().iter();
    rows.map(|record| {
        let code = record["code"].as_str().unwrap();
        // a fingerprint is no name to write down
        let code = if code.starts_with("fp-") { "fp" } else { code };
        let [amount, customer, by] = ["amount", "customer", "matched_by"].map(|name| column(record, name));
        format!("{code} {customer} {by} {}", amount.replace('\u{a0}', " "))
    })
    .collect()
}

#[test]
fn every_banks_export_is_read_matched_and_known_again() {
    let sandbox = example_company();
    let alpha = statement(&sandbox, "alpha.csv").exits(3).json();
    assert_eq!(
        booked(&alpha),
        ["AL25259001 K-0001 reference 10,04 €", "AL25259002 K-0008 code 160,95 €", "AL25260001 - - 74,40 €",]
    );
    let payers = statement(&sandbox, "alpha-payers.csv").exits(0).json();
    assert_eq!((&payers["created"], &payers["changed"]), (&0.into(), &2.into()), "{payers}");
    let unmatched = &status(&sandbox, "2025-09-19")["unmatched"][0];
    assert_eq!(unmatched["payer"], "PAPPA SOFIA");
    assert_eq!(unmatched["candidates"][0]["customer"], "K-0064", "{unmatched}");
    assert_eq!(
        booked(&statement(&sandbox, "eurobank.csv").exits(0).json()),
        ["fp K-0049 reference 89,90 €", "fp K-0019 reference 84,56 €"]
    );
    assert_eq!(
        booked(&statement(&sandbox, "piraeus.xlsx").exits(0).json()),
        ["fp K-0081 reference 186,00 €", "fp K-0061 reference 20,96 €"]
    );
    let nbg = statement(&sandbox, "nbg.xlsx").exits(3).json();
    assert_eq!(
        booked(&nbg),
        [
            "NBG25260001 K-0002 reference 119,04 €",
            "NBG25260002 K-0003 reference 59,52 €",
            "FT25261771 K-0004 reference 37,20 €",
            "FT25261772 K-0035 reference 22,32 €",
            "NBG25261002 - - 74,40 €",
            "reversal:NBG25260002 - - -59,52 €",
        ]
    );
    for name in
        ["alpha.csv", "alpha-payers.csv", "eurobank.csv", "piraeus.xlsx", "nbg.xlsx", "nbg-camt053.xml"]
    {
        let again = statement(&sandbox, name).exits(0).json();
        assert_eq!((&again["created"], &again["changed"]), (&0.into(), &0.into()), "{name}: {again}");
    }
    // the account is known by a payer from the moment a person said so
    let lines = status(&sandbox, "2025-09-19")["unmatched"].clone();
    let id = lines.as_array().unwrap().iter().find(|line| line["bank_ref"] == "NBG25261002").unwrap()["id"]
        .to_string();
    record(&sandbox, "2025-09-19", &["assign", &id, "K-0069"]).exits(0);
    sandbox.run(&["check"]).exits(0);
}

#[test]
fn the_other_format_first_comes_to_the_same() {
    let sandbox = example_company();
    let camt = statement(&sandbox, "nbg-camt053.xml").exits(3).json();
    assert_eq!((&camt["created"], &camt["matched"]), (&6.into(), &4.into()), "{camt}");
    assert!(camt["warnings"][0].as_str().unwrap().contains("PDNG"));
    let workbook = statement(&sandbox, "nbg.xlsx").exits(0).json();
    assert_eq!((&workbook["created"], &workbook["unchanged"]), (&0.into(), &6.into()), "{workbook}");
}

#[test]
fn payers_that_come_before_their_movements_wait_for_them_and_say_nothing_of_the_bank() {
    let sandbox = example_company();
    let early = statement(&sandbox, "alpha-payers.csv").exits(0).json();
    assert!(early["warnings"][0].as_str().unwrap().contains("not imported yet"), "{early}");
    let known = rusqlite::Connection::open(sandbox.path("konet-billing.db")).unwrap();
    let fresh: i64 = known.query_row("SELECT count(*) FROM payment_imports", [], |row| row.get(0)).unwrap();
    assert_eq!(fresh, 0, "a list of payers is no statement: the bank is known no further");
    statement(&sandbox, "alpha.csv").exits(3);
    assert_eq!(status(&sandbox, "2025-09-19")["unmatched"][0]["payer"], "PAPPA SOFIA");
}

#[test]
fn a_statement_with_a_line_cut_out_is_told_to_a_person() {
    let sandbox = example_company();
    let eurobank = std::fs::read_to_string(examples("statements/eurobank.csv")).unwrap();
    let cut: Vec<&str> = eurobank.lines().filter(|line| !line.contains("ΠΡΟΜΗΘΕΙΑ")).collect();
    let file = sandbox.file("cut.csv", cut.join("\n"));
    let ran = sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", "2025-09-19"]).exits(3);
    let listed = status(&sandbox, "2025-09-19")["attention"].clone();
    assert!(
        listed[0]["text"].as_str().unwrap().contains("do not follow from one another"),
        "{ran:?} {listed}"
    );
    let alpha = std::fs::read(examples("statements/alpha.csv")).unwrap();
    let alpha = encoding_rs::WINDOWS_1253.decode(&alpha).0.into_owned();
    let cut: Vec<&str> = alpha.lines().filter(|line| !line.contains("ΠΡΟΜΗΘΕΙΑ")).collect();
    let file = sandbox.file("cut2.csv", cut.join("\n"));
    sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", "2025-09-19"]).exits(3);
    let listed = status(&sandbox, "2025-09-19")["attention"].to_string();
    assert!(listed.contains("something may be missing"), "{listed}");
    // and a date that cannot be read is a fault, not a footer
    let file = sandbox.file("date.csv", eurobank.replace("18/9/2025;18/9/2025", "18/9/25x;18/9/2025"));
    let ran = sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", "2025-09-19"]).exits(3);
    assert!(ran.stderr.contains("date.csv:4:1: `18/9/25x`"), "{}", ran.stderr);
}

const IBAN: &str = "GR1601101250000000012300695";

/// An entry of a statement of ours: kind, cents, reference of the bank, reference given.
fn camt(entries: &[(&str, i64, &str, &str)], day: &str) -> String {
    let entry = |(kind, cents, bank_ref, given): &(&str, i64, &str, &str)| {
        let (way, mark) = match *kind {
            "in" => ("CRDT", ""),
            _ => ("DBIT", "<RvslInd>true</RvslInd>"),
        };
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{}.{:02}</Amt><CdtDbtInd>{way}</CdtDbtInd>{mark}<Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{bank_ref}</AcctSvcrRef><NtryDtls><TxDtls><RmtInf>\
             <Ustrd>{given}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
            cents / 100,
            cents % 100
        )
    };
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>\
         {IBAN}</IBAN></Id></Acct><Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1.00</Amt>\
         <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>{}</Stmt></BkToCstmrStmt></Document>",
        entries.iter().map(entry).collect::<String>()
    )
}

fn arrive(sandbox: &Sandbox, entries: &[(&str, i64, &str, &str)], day: &str) -> Ran {
    let file = sandbox.file("statement.xml", camt(entries, day));
    sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", day, "--json"])
}

#[test]
fn money_taken_back_before_the_renewal_leaves_the_period_open_and_tells_it_anew() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    arrive(&sandbox, &[("in", 12_400, "B-1", "για τον K-1")], "2025-04-06").exits(0);
    let back = arrive(&sandbox, &[("back", 12_400, "B-2", "K-1")], "2025-04-06").exits(3).json();
    assert_eq!(back["created"], 1, "{back}");
    assert_eq!(
        arrive(&sandbox, &[("back", 12_400, "B-2", "K-1")], "2025-04-06").exits(0).json()["created"],
        0
    );
    // the days count from then: the customer hears of it again before anything happens
    let idle = sandbox.enforce("2025-04-07").exits(0).json();
    assert_eq!(steps(&idle, "actions"), Vec::<String>::new(), "{idle}");
    let told = sandbox.notify("2025-04-07").exits(0).json();
    assert_eq!(stages(&told, "K-1"), ["S-1 after-5"]);
    assert_eq!(told["messages"][0]["lines"][0]["suspend_on"], "2025-04-13", "{told}");
    sandbox.pay("", "2025-04-11").exits(0);
    let early = sandbox.enforce("2025-04-11").exits(0).json();
    assert_eq!(steps(&early, "actions"), Vec::<String>::new(), "{early}");
    sandbox.pay("", "2025-04-14").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-14").exits(0).json(), "actions"), ["suspend S-1 unsettled"]);
    sandbox.run(&["check"]).exits(0);
}

#[test]
fn money_taken_back_after_the_renewal_is_owed_and_the_renewal_stays_until_a_person_says_otherwise() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-30").exits(0);
    arrive(&sandbox, &[("in", 12_400, "B-1", "K-1")], "2025-03-30").exits(0);
    let renewed = sandbox.enforce("2025-03-30").exits(0).json();
    assert_eq!(steps(&renewed, "actions"), ["renew S-1 settled"]);
    let run = renewed["run"]["id"].to_string();
    sandbox.notify("2025-03-30").exits(0);
    // the same reference, as some banks do
    let back = arrive(&sandbox, &[("back", 12_400, "B-1", "")], "2025-04-02").exits(3).json();
    assert_eq!(booked(&back), ["reversal:B-1 - - -124,00 €"]);
    let listed = status(&sandbox, "2025-04-02");
    assert!(
        listed["attention"][0]["text"].as_str().unwrap().contains("was renewed until 2026-03-31"),
        "{listed}"
    );
    assert_eq!(listed["overdue"][0]["due_cents"], 12_400);
    assert_eq!(steps(&sandbox.enforce("2025-04-20").json(), "actions"), Vec::<String>::new());
    // it is asked for, and its steps are as ever, from the day the money went back
    let asked = sandbox
        .run(&["notify", "--customer", "K-1", "--now", "--as-of", "2025-04-20", "--json"])
        .exits(0)
        .json();
    assert_eq!(asked["messages"][0]["total_cents"], 12_400, "{asked}");
    assert_eq!(asked["messages"][0]["lines"][0]["suspend_on"], "2025-04-25");
    // paid after all: settled, and not renewed a second time
    arrive(&sandbox, &[("in", 12_400, "B-3", "K-1")], "2025-04-21").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-21").exits(0).json(), "actions"), Vec::<String>::new());
    assert!(status(&sandbox, "2025-04-21")["overdue"].as_array().unwrap().is_empty());
    // taken back again, and now a person takes the renewal back too
    record(&sandbox, "2025-04-22", &["reverse", "B-3"]).exits(0);
    let undone =
        sandbox.run(&["undo", &run, "--by", "maria", "--as-of", "2025-04-22", "--json"]).exits(0).json();
    assert_eq!(undone["undone"][0]["outcome"], "undone", "{undone}");
    let explained = sandbox.run(&["explain", "S-1", "--json", "--as-of", "2025-04-22"]).exits(0).json();
    assert_eq!(explained["services"][0]["expires_on"], "2025-03-31");
    assert_eq!(stages(&sandbox.notify("2025-04-22").exits(0).json(), "K-1"), ["S-1 after-5"]);
    sandbox.run(&["check"]).exits(0);
}

#[test]
fn a_card_neither_thanks_for_money_that_went_back_nor_calls_its_service_settled() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-30").exits(0);
    arrive(&sandbox, &[("in", 12_400, "B-1", "K-1")], "2025-03-31").exits(0);
    sandbox.enforce("2025-03-31").exits(0);
    let settled = || {
        let card = sandbox.run(&["render-card", "K-1", "--as-of", "2025-04-02", "--format", "text"]);
        card.exits(0).stdout.contains("ΕΞΟΦΛΗΜΕΝΕΣ ΥΠΗΡΕΣΙΕΣ")
    };
    assert!(settled());
    // before anybody was told of the renewal
    arrive(&sandbox, &[("back", 12_400, "B-1", "")], "2025-04-02").exits(3);
    assert!(!settled());
    assert_eq!(stages(&sandbox.notify("2025-04-02").exits(0).json(), "K-1"), ["S-1 reopened"]);
    arrive(&sandbox, &[("in", 12_400, "B-2", "K-1")], "2025-04-03").exits(0);
    assert_eq!(stages(&sandbox.notify("2025-04-03").exits(0).json(), "K-1"), ["S-1 renewed"]);
}

#[test]
fn a_reversal_of_nothing_known_is_for_a_person_and_changes_nothing() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-30").exits(0);
    arrive(&sandbox, &[("in", 6_000, "B-1", "K-1"), ("in", 6_000, "B-2", "K-1")], "2025-03-30").exits(0);
    // two payments it may be of, and one amount nobody paid
    arrive(&sandbox, &[("back", 6_000, "B-3", "K-1")], "2025-03-31").exits(3);
    arrive(&sandbox, &[("back", 999, "B-4", "")], "2025-03-31").exits(3);
    let listed = status(&sandbox, "2025-03-31")["attention"].to_string();
    assert!(listed.contains("B-3") && listed.contains("B-4"), "{listed}");
    let explained = sandbox.run(&["explain", "K-1", "--json", "--as-of", "2025-03-31"]).exits(0).json();
    assert!(
        explained["payments"].as_array().unwrap().iter().all(|p| p["taken_back_cents"] == 0),
        "{explained}"
    );
    let second = explained["payments"][1]["payment"].to_string();
    record(&sandbox, "2025-03-31", &["reverse", &second, "--amount", "70"]).exits(1);
    record(&sandbox, "2025-03-31", &["reverse", &second, "--amount", "10"]).exits(0);
    let explained = sandbox.run(&["explain", "K-1", "--json", "--as-of", "2025-03-31"]).exits(0).json();
    assert_eq!(explained["charges"][0]["due_cents"], 12_400 - 11_000, "{explained}");
}

#[test]
fn money_recorded_by_hand_and_shown_by_the_bank_counts_once() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-02", &["payment", "K-1", "124,00", "--method", "iris", "--ref", "ΙΡΙΣ-1"])
        .exits(0);
    let shown = arrive(&sandbox, &[("in", 12_400, "B-1", "K-1")], "2025-03-04").exits(3).json();
    assert_eq!(
        (&shown["created"], &shown["matched"]),
        (&1.into(), &0.into()),
        "proposed, not counted: {shown}"
    );
    let listed = status(&sandbox, "2025-03-04");
    let line = listed["unmatched"][0]["id"].to_string();
    assert_eq!(listed["unmatched"][0]["resembles"][0]["bank_ref"], "ΙΡΙΣ-1", "{listed}");
    let by_hand = listed["unmatched"][0]["resembles"][0]["payment"].to_string();
    record(&sandbox, "2025-03-04", &["same", &by_hand, &line]).exits(1);
    record(&sandbox, "2025-03-04", &["same", &line, &by_hand]).exits(0);
    let after = status(&sandbox, "2025-03-04");
    assert!(
        after["unmatched"].as_array().unwrap().is_empty()
            && after["attention"].as_array().unwrap().is_empty()
    );
    assert_eq!(
        arrive(&sandbox, &[("in", 12_400, "B-1", "K-1")], "2025-03-04").exits(0).json()["unchanged"],
        1
    );
    let explained = sandbox.run(&["explain", "K-1", "--json", "--as-of", "2025-03-04"]).exits(0).json();
    assert_eq!((&explained["credit_cents"], explained["payments"].as_array().unwrap().len()), (&0.into(), 1));
    // the next such line is other money
    arrive(&sandbox, &[("in", 12_400, "B-2", "K-1")], "2025-03-05").exits(0);
    // and the other way round: the statement first
    let twice = record(&sandbox, "2025-03-06", &["payment", "K-1", "124,00", "--method", "bank"]).exits(1);
    assert!(twice.stderr.contains("B-2") && twice.stderr.contains("--other-money"), "{}", twice.stderr);
    record(&sandbox, "2025-03-06", &["payment", "K-1", "124,00", "--other-money"]).exits(0);
    // a person who said «the same» may think again
    record(&sandbox, "2025-03-06", &["assign", &line, "K-1"]).exits(0);
    let explained = sandbox.run(&["explain", "K-1", "--json", "--as-of", "2025-03-06"]).exits(0).json();
    assert_eq!(explained["credit_cents"], 3 * 12_400, "{explained}");
}

#[test]
fn an_assignment_an_invoice_and_an_end_are_taken_back() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-30").exits(0);
    sandbox.pay("2025-03-30;124,00;T-1;;;;;x\n", "2025-03-30").exits(3);
    let id = status(&sandbox, "2025-03-30")["unmatched"][0]["id"].to_string();
    record(&sandbox, "2025-03-30", &["assign", &id, "K-2"]).exits(0);
    record(&sandbox, "2025-03-30", &["assign", &id, "--undo"]).exits(0);
    assert_eq!(status(&sandbox, "2025-03-30")["unmatched"][0]["amount_cents"], 12_400);
    record(&sandbox, "2025-03-30", &["assign", &id, "K-1"]).exits(0);
    record(&sandbox, "2025-03-30", &["invoice", "ΤΠΥ-1", "2025-03-30", "--bank-ref", "T-1"]).exits(0);
    assert!(status(&sandbox, "2025-03-30")["to_invoice"].as_array().unwrap().is_empty());
    record(&sandbox, "2025-03-30", &["invoice", "ΤΠΥ-1", "--undo"]).exits(0);
    record(&sandbox, "2025-03-30", &["invoice", "ΤΠΥ-1", "--undo"]).exits(1);
    assert_eq!(status(&sandbox, "2025-03-30")["to_invoice"][0]["what"], "settled");
    record(&sandbox, "2025-03-30", &["end", "S-2"]).exits(0);
    record(&sandbox, "2025-03-30", &["end", "S-2", "--undo"]).exits(0);
    assert_eq!(stages(&sandbox.notify("2025-11-16").exits(0).json(), "K-2"), ["S-2 before-15"]);
}

#[test]
fn who_takes_an_assignment_back_is_told_what_was_done_with_the_money_meanwhile() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-30").exits(0);
    sandbox.pay("2025-03-30;124,00;T-1;;;;;x\n", "2025-03-30").exits(3);
    let id = status(&sandbox, "2025-03-30")["unmatched"][0]["id"].to_string();
    record(&sandbox, "2025-03-30", &["assign", &id, "K-1"]).exits(0);
    sandbox.enforce("2025-03-30").exits(0);
    let undone = record(&sandbox, "2025-03-30", &["assign", &id, "--undo"]).exits(0);
    assert!(
        undone.stdout.contains("`S-1` is unsettled again, but was renewed until 2026-03-31"),
        "{undone:?}"
    );
}

#[test]
fn an_advance_is_invoiced_when_it_comes_and_not_again_when_it_settles() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.pay("2025-02-03;124,00;T-1;K-1;;;;\n", "2025-02-03").exits(0);
    let listed = status(&sandbox, "2025-02-03");
    let row = &listed["to_invoice"][0];
    assert_eq!(
        (&row["what"], &row["net_cents"], &row["vat_cents"]),
        (&"advance".into(), &10_000.into(), &2_400.into())
    );
    let file = "invoice;date;bank_ref\nΤΠΥ-9;2025-02-04;T-1\n";
    assert_eq!(sandbox.import("invoices", file, "2025-02-04").exits(0).json()["created"], 1);
    assert!(status(&sandbox, "2025-02-04")["to_invoice"].as_array().unwrap().is_empty());
    assert_eq!(steps(&sandbox.enforce("2025-03-01").exits(0).json(), "actions"), ["renew S-1 settled"]);
    assert!(
        status(&sandbox, "2025-03-01")["to_invoice"].as_array().unwrap().is_empty(),
        "it has its invoice"
    );
    // a discount is no turnover
    sandbox.notify("2025-11-01").exits(0);
    record(&sandbox, "2025-11-02", &["discount", "S-2", "12,40"]).exits(0);
    sandbox.pay("2025-11-02;62,00;T-2;K-2;;;;\n", "2025-11-02").exits(0);
    let row = status(&sandbox, "2025-11-02")["to_invoice"][0].clone();
    assert_eq!(
        (&row["net_cents"], &row["gross_cents"], &row["paid_on"]),
        (&5_000.into(), &6_200.into(), &"2025-11-02".into())
    );
}

/// One thing that happens to the money.
#[derive(Debug, Clone)]
enum Happening {
    /// A statement line for a customer (or nobody), in one of two formats.
    Line {
        customer: Option<usize>,
        cents: i64,
        number: u8,
    },
    /// The same statement lines once more.
    Again,
    /// A person records a payment.
    ByHand {
        customer: usize,
        cents: i64,
    },
    Assign {
        which: usize,
        customer: usize,
    },
    Unassign {
        which: usize,
    },
    Reverse {
        which: usize,
        part: i64,
    },
    BankReverses {
        which: usize,
    },
    Refund {
        customer: usize,
        cents: i64,
    },
    Same {
        which: usize,
        other: usize,
    },
    Charge {
        customer: usize,
        cents: i64,
    },
    Discount {
        service: usize,
        cents: i64,
    },
    Days(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let cents = prop_oneof![Just(12_400_i64), Just(6_200), 1_i64..30_000];
    let charge = prop_oneof![Just(10_000_i64), 1_i64..9_000];
    prop_oneof![
        4 => (proptest::option::of(0_usize..3), cents.clone(), any::<u8>())
            .prop_map(|(customer, cents, number)| Happening::Line { customer, cents, number: number % 40 }),
        1 => Just(Happening::Again),
        1 => (0_usize..3, cents.clone()).prop_map(|(customer, cents)| Happening::ByHand { customer, cents }),
        1 => (any::<usize>(), 0_usize..3).prop_map(|(which, customer)| Happening::Assign { which, customer }),
        1 => any::<usize>().prop_map(|which| Happening::Unassign { which }),
        2 => (any::<usize>(), 1_i64..120).prop_map(|(which, part)| Happening::Reverse { which, part }),
        1 => any::<usize>().prop_map(|which| Happening::BankReverses { which }),
        1 => (0_usize..3, cents.clone()).prop_map(|(customer, cents)| Happening::Refund { customer, cents }),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(which, other)| Happening::Same { which, other }),
        1 => (0_usize..3, charge).prop_map(|(customer, cents)| Happening::Charge { customer, cents }),
        1 => (0_usize..4, cents).prop_map(|(service, cents)| Happening::Discount { service, cents }),
        3 => (1_u64..40).prop_map(Happening::Days),
    ]
}

/// A company whose money is followed cent by cent.
struct Ledger {
    folder: tempfile::TempDir,
    store: Store,
    today: NaiveDate,
    config: Config,
    lines: Vec<(String, String)>,
}

impl Ledger {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse(CONFIG, &folder.path().join("konet-billing.toml")).unwrap();
        let store = Store::open_or_create(&folder.path().join("konet.db")).unwrap();
        let today = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let mut ledger = Self { folder, store, today, config, lines: Vec::new() };
        let customers = "code;name;email\nK-0;Α;a@a.example\nK-1;Β;b@b.example\nK-2;Γ;c@c.example\n";
        let services = "code;customer;kind;name;price;period_months;expires_on\n\
            S-0;K-0;hosting;Φ;100;12;2025-02-10\nS-1;K-0;ssl;Φ;50;12;2025-02-20\n\
            S-2;K-1;hosting;Φ;100;1;2025-01-31\nS-3;K-2;hosting;Φ;9,99;3;2025-02-28\n";
        assert!(ledger.import(Subject::Customers, customers).is_ok());
        assert!(ledger.import(Subject::Services, services).is_ok());
        ledger
    }

    fn desk(&self) -> Desk {
        let now = chrono::DateTime::parse_from_rfc3339("2025-01-01T03:00:00Z").unwrap();
        Desk {
            rules: self.config.rules(self.today),
            issuer: self.config.issuer(),
            config: self.config.clone(),
            today: self.today,
            now: now.with_timezone(&chrono_tz::Europe::Athens),
            dry_run: false,
            report: Report { json: true, quiet: true, verbose: false },
        }
    }

    fn import(&mut self, subject: Subject, text: &str) -> anyhow::Result<ExitStatus> {
        let desk = self.desk();
        let file = self.folder.path().join("import");
        std::fs::write(&file, text).unwrap();
        let run = self.store.begin_run("import", self.today, desk.rules.mode, "2025-01-01T03:00:00+02:00")?;
        let view =
            RunView { id: Some(run.0), command: "import", as_of: self.today, dry_run: false, mode: "live" };
        let (_, status) = import(&desk, &mut self.store, run, subject, &[file], &Manner::default(), view)?;
        Ok(status)
    }

    fn record(&mut self, what: &Record) -> anyhow::Result<Recorded> {
        let desk = self.desk();
        let run = self.store.begin_run("record", self.today, desk.rules.mode, "2025-01-01T03:00:00+02:00")?;
        let witness = Witness { by: "maria".to_owned(), reason: "δοκιμή".to_owned() };
        put_down(&desk, &mut self.store, run, what, &witness)
    }

    fn days(&mut self, days: u64) {
        self.today = self.today + Days::new(days);
        let desk = self.desk();
        let run = self
            .store
            .begin_run("enforce", self.today, desk.rules.mode, "2025-01-01T03:00:00+02:00")
            .unwrap();
        let everyone: Vec<CustomerCode> = (0..3).map(customer).collect();
        let plan =
            enforce::plan(&desk, &self.store, &everyone, &konet_billing::billing::guard::Gates::default());
        plan.unwrap().apply(&desk, &mut self.store, run).unwrap();
    }

    fn rows(&self, sql: &str) -> Vec<i64> {
        let connection = rusqlite::Connection::open(self.folder.path().join("konet.db")).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn sum(&self, sql: &str) -> i64 {
        self.rows(sql)[0]
    }

    /// One of the payments, by any number.
    fn payment(&self, which: usize) -> Option<PaymentId> {
        let ids = self.rows("SELECT id FROM payments WHERE reverses IS NULL ORDER BY id");
        (!ids.is_empty()).then(|| PaymentId(ids[which % ids.len()]))
    }

    /// Does what happens; what makes no sense is refused and changes nothing.
    fn happens(&mut self, what: &Happening) {
        match what {
            Happening::Line { customer: of, cents, number } => {
                let words = of.map_or_else(|| "χωρίς λόγια".to_owned(), |of| format!("K-{of}"));
                let day = self.today.to_string();
                let text = camt(&[("in", *cents, &format!("B-{number}-{cents}-{day}"), &words)], &day);
                let _ = self.import(Subject::Payments, &text);
                self.lines.push((text, day));
            }
            Happening::Again => {
                for (text, _) in self.lines.clone() {
                    let before = self.sum("SELECT count(*) FROM payments");
                    assert!(self.import(Subject::Payments, &text).is_ok());
                    assert_eq!(
                        self.sum("SELECT count(*) FROM payments"),
                        before,
                        "the same statement booked something"
                    );
                }
            }
            Happening::ByHand { customer: of, cents } => {
                let payment = Record::Payment {
                    customer: customer(*of),
                    amount: Money::from_cents(*cents),
                    date: self.today,
                    services: Vec::new(),
                    method: "cash",
                    reference: None,
                    other_money: false,
                };
                let _ = self.record(&payment);
            }
            Happening::Assign { which, customer: of } => {
                let Some(payment) = self.payment(*which) else { return };
                let _ = self.record(&Record::Assign {
                    payment,
                    customer: customer(*of),
                    once: false,
                    services: None,
                });
            }
            Happening::Unassign { which } => {
                let Some(payment) = self.payment(*which) else { return };
                let _ = self.record(&Record::Unassign { payment });
            }
            Happening::Reverse { which, part } => {
                let Some(payment) = self.payment(*which) else { return };
                let amount = (*part <= 100).then(|| Money::from_cents(*part * 100));
                let _ = self.record(&Record::Reverse { payment: payment.0.to_string(), amount });
            }
            Happening::BankReverses { which } => {
                let Some(payment) = self.payment(*which) else { return };
                let cents = self.sum(&format!("SELECT amount_cents FROM payments WHERE id = {}", payment.0));
                let connection = rusqlite::Connection::open(self.folder.path().join("konet.db")).unwrap();
                let bank_ref: String = connection
                    .query_row("SELECT bank_ref FROM payments WHERE id = ?1", [payment.0], |row| row.get(0))
                    .unwrap();
                drop(connection);
                let text = camt(&[("back", cents, &bank_ref, "")], &self.today.to_string());
                assert!(self.import(Subject::Payments, &text).is_ok());
            }
            Happening::Refund { customer: of, cents } => {
                let _ = self
                    .record(&Record::Refund { customer: customer(*of), amount: Money::from_cents(*cents) });
            }
            Happening::Same { which, other } => {
                let (Some(line), Some(by_hand)) = (self.payment(*which), self.payment(*other)) else {
                    return;
                };
                let _ = self.record(&Record::Same { line, payments: vec![by_hand] });
            }
            Happening::Charge { customer: of, cents } => {
                let charge = Record::Charge {
                    customer: customer(*of),
                    service: None,
                    price: Price::Net(Money::from_cents(*cents)),
                    label: "Εργασία".to_owned(),
                };
                self.record(&charge).unwrap();
            }
            Happening::Discount { service, cents } => {
                let of = ServiceCode::new(format!("S-{service}")).to_string();
                let _ = self.record(&Record::TakeOff {
                    of,
                    amount: Some(Money::from_cents(*cents)),
                    kind: TakeOff::Discount,
                });
            }
            Happening::Days(days) => self.days(*days),
        }
    }

    /// Every cent that came is at a charge, credit, or nobody's yet.
    fn balances(&self) {
        let came = self.sum("SELECT coalesce(sum(amount_cents), 0) FROM payments WHERE same_as IS NULL");
        let allocated =
            self.sum("SELECT coalesce(sum(amount_cents), 0) FROM allocations WHERE payment IS NOT NULL");
        let credit: i64 = (0..3).map(|of| self.credit(of)).sum();
        let unmatched = self.sum(
            "SELECT coalesce(sum(amount_cents), 0) FROM payments WHERE customer IS NULL AND same_as IS NULL",
        );
        assert_eq!(came, allocated + credit + unmatched, "{came} = {allocated} + {credit} + {unmatched}");
        // settled means covered, and nothing is paid twice over
        assert!(
            self.rows(
                "SELECT c.id FROM charges c WHERE c.gross_cents > 0 AND (c.settled_on IS NOT NULL) <>
                   (coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.charge = c.id), 0) = c.gross_cents)"
            )
            .is_empty()
        );
        self.store.check().unwrap();
    }

    fn credit(&self, of: usize) -> i64 {
        use konet_billing::store::FactQueries;
        let desk = self.desk();
        let facts = self.store.facts(&customer(of), desk.rules.mode, self.today).unwrap().unwrap();
        facts.credit().cents()
    }
}

fn customer(of: usize) -> CustomerCode {
    CustomerCode::new(format!("K-{of}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// `KONET_BILLING_LEDGERS=2000 cargo test ledger` follows more of them.
    #[test]
    fn no_cent_is_lost_or_made_whatever_happens_to_the_ledger(
        happenings in proptest::collection::vec(happening(), 1..24)
    ) {
        let mut ledger = Ledger::new();
        for what in &happenings {
            ledger.happens(what);
            ledger.balances();
        }
    }
}

fn cases() -> u32 {
    std::env::var("KONET_BILLING_LEDGERS").ok().and_then(|count| count.parse().ok()).unwrap_or(24)
}
