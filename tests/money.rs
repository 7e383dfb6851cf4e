//! Money in: every bank's file, the same money known once, money that goes back, and not a cent lost on the way.

use crate::support::sandbox::{Ran, Sandbox, stages, steps};
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
