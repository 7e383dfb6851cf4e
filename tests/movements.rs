//! What makes a movement the same one: nothing that came in is lost, and nothing counts twice.

use crate::support::sandbox::{Ran, Sandbox, steps};
use serde_json::Value;
use std::path::PathBuf;

const IBAN: &str = "GR1601101250000000012300695";

/// An entry of a statement: what came, when, and all that the bank says of it, by the names of the format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) cents: i64,
    pub(crate) day: &'a str,
    pub(crate) bank_ref: &'a str,
    pub(crate) end_to_end: &'a str,
    pub(crate) payer: &'a str,
    pub(crate) payer_iban: &'a str,
    pub(crate) text: &'a str,
}

impl Default for Entry<'_> {
    fn default() -> Self {
        Self {
            cents: 12_400,
            day: "2025-03-02",
            bank_ref: "",
            end_to_end: "",
            payer: "",
            payer_iban: "",
            text: "",
        }
    }
}

impl Entry<'_> {
    fn xml(&self) -> String {
        let part = |open: &str, text: &str, close: &str| {
            if text.is_empty() { String::new() } else { format!("{open}{text}{close}") }
        };
        let (reference, id) = (self.bank_ref, self.end_to_end);
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{}.{:02}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt>\
             </BookgDt>{}<NtryDtls><TxDtls>{}<RltdPties>{}{}</RltdPties>{}</TxDtls></NtryDtls></Ntry>",
            self.cents / 100,
            self.cents % 100,
            self.day,
            part("<AcctSvcrRef>", reference, "</AcctSvcrRef>"),
            part("<Refs><EndToEndId>", id, "</EndToEndId></Refs>"),
            part("<Dbtr><Pty><Nm>", self.payer, "</Nm></Pty></Dbtr>"),
            part("<DbtrAcct><Id><IBAN>", self.payer_iban, "</IBAN></Id></DbtrAcct>"),
            part("<RmtInf><Ustrd>", self.text, "</Ustrd></RmtInf>"),
        )
    }
}

/// A statement of our account that ends on `until`.
pub(crate) fn camt(entries: &[Entry<'_>], until: &str) -> String {
    let entries: String = entries.iter().map(Entry::xml).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Id>{until}</Id><Acct><Id>\
         <IBAN>{IBAN}</IBAN></Id></Acct><Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1.00</Amt>\
         <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{until}</Dt></Dt></Bal>{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

pub(crate) fn import(sandbox: &Sandbox, name: &str, text: &str, day: &str) -> Ran {
    let file: PathBuf = sandbox.file(name, text);
    sandbox.run(&["import", "payments", file.to_str().unwrap(), "--as-of", day, "--json"])
}

fn statement(sandbox: &Sandbox, entries: &[Entry<'_>], day: &str) -> Ran {
    import(sandbox, "statement.xml", &camt(entries, day), day)
}

pub(crate) fn status(sandbox: &Sandbox, day: &str) -> Value {
    sandbox.run(&["status", "--json", "--as-of", day]).exits(0).json()
}

pub(crate) fn explain(sandbox: &Sandbox, who: &str, day: &str) -> Value {
    sandbox.run(&["explain", who, "--json", "--as-of", day]).exits(0).json()
}

fn counts(ran: &Ran) -> (i64, i64) {
    let json = ran.json();
    (json["created"].as_i64().unwrap(), json["unchanged"].as_i64().unwrap())
}

/// K-1 and K-2 were told on 1 March; K-1 owes 124,00, K-2 nothing yet.
fn told() -> Sandbox {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox
}

#[test]
fn two_payments_that_share_a_reference_are_two_payments() {
    for shared in ["NONREF", "POS-77", "000000", "NOTPROVIDED", ""] {
        let sandbox = told();
        let of = |text| Entry { bank_ref: shared, text, ..Entry::default() };
        let ran = statement(&sandbox, &[of("για τον K-1"), of("για τον K-2")], "2025-03-02").exits(0);
        assert_eq!(counts(&ran), (2, 0), "{shared}");
        assert_eq!(explain(&sandbox, "K-2", "2025-03-02")["credit_cents"], 12_400, "{shared}");
        let renewed = sandbox.enforce("2025-03-02").exits(0).json();
        assert_eq!(steps(&renewed, "actions"), ["renew S-1 settled"], "{shared}");
        // the next day's file shows them again, and a third
        let third = Entry { day: "2025-03-03", ..of("και πάλι K-2") };
        let again =
            statement(&sandbox, &[third, of("για τον K-2"), of("για τον K-1")], "2025-03-03").exits(0);
        assert_eq!(counts(&again), (1, 2), "{shared}");
    }
}

#[test]
fn whatever_the_bank_said_tells_two_payments_apart() {
    let alike = Entry { text: "ΠΛΗΡΩΜΗ", ..Entry::default() };
    for other in [
        Entry { end_to_end: "E-2", ..alike },
        Entry { payer: "ΠΑΠΠΑ ΣΟΦΙΑ", ..alike },
        Entry { payer_iban: "GR9608100010000001234567890", ..alike },
        Entry { bank_ref: "B-2", ..alike },
        Entry { text: "ΠΛΗΡΩΜΗ 2", ..alike },
    ] {
        let sandbox = told();
        assert_eq!(counts(&statement(&sandbox, &[alike], "2025-03-02").exits(3)), (1, 0));
        assert_eq!(counts(&statement(&sandbox, &[other], "2025-03-02").exits(3)), (1, 0), "{other:?}");
        assert_eq!(counts(&statement(&sandbox, &[other, alike], "2025-03-02").exits(0)), (0, 2), "{other:?}");
    }
}

#[test]
fn equal_payments_are_counted_within_a_statement_and_known_in_the_next() {
    let sandbox = told();
    let one = Entry { text: "ΚΑΤΑΘΕΣΗ", payer: "ΑΓΝΩΣΤΟΣ", ..Entry::default() };
    assert_eq!(counts(&statement(&sandbox, &[one, one], "2025-03-02").exits(3)), (2, 0));
    assert_eq!(counts(&statement(&sandbox, &[one], "2025-03-02").exits(0)), (0, 1));
    // an overlapping statement knows of a third
    assert_eq!(counts(&statement(&sandbox, &[one, one, one], "2025-03-02").exits(3)), (1, 2));
    // and two files of one import that overlap count once
    let files = [
        sandbox.file("a.xml", camt(&[one; 4], "2025-03-02")),
        sandbox.file("b.xml", camt(&[one; 4], "2025-03-02")),
    ];
    let [a, b] = files.each_ref().map(|file| file.to_str().unwrap());
    let ran = sandbox.run(&["import", "payments", a, b, "--as-of", "2025-03-02", "--json"]).exits(3);
    assert_eq!(counts(&ran), (1, 7));
}

#[test]
fn an_inserted_line_does_not_make_the_others_new() {
    let sandbox = told();
    let head = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n";
    let first = "2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ Α;124,00;1.124,00\n3/3/2025;3/3/2025;ΕΜΒΑΣΜΑ Β;60,00;1.184,00\n";
    let ran = import(&sandbox, "eurobank.csv", &format!("{head}{first}"), "2025-03-03");
    assert_eq!(counts(&ran), (2, 0));
    let later = "2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ Γ;10,00;1.010,00\n2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ Α;124,00;1.134,00\n\
        3/3/2025;3/3/2025;ΕΜΒΑΣΜΑ Β;60,00;1.194,00\n";
    let ran = import(&sandbox, "eurobank.csv", &format!("{head}{later}"), "2025-03-03");
    assert_eq!(counts(&ran), (1, 2));
}

#[test]
fn our_own_file_may_name_two_customers_under_one_reference() {
    let sandbox = told();
    let row = |who: &str| format!("2025-03-02;124,00;POS-1;{who};;;;\n");
    sandbox.pay(&row("K-1"), "2025-03-02").exits(0);
    sandbox.pay(&row("K-2"), "2025-03-02").exits(0);
    assert_eq!(explain(&sandbox, "K-2", "2025-03-02")["credit_cents"], 12_400);
    // in one file, in another order, and once without saying whose: nothing new
    let ran = sandbox.pay(&(row("K-2") + &row("K-1")), "2025-03-02").exits(0);
    assert_eq!(counts(&ran), (0, 2));
    assert_eq!(counts(&sandbox.pay(&row(""), "2025-03-02").exits(0)), (0, 1));
}

#[test]
fn a_line_of_our_own_file_that_says_later_whose_it_is_is_the_same_line() {
    let sandbox = told();
    sandbox.pay("2025-03-02;124,00;X-1;;;;;x\n", "2025-03-02").exits(3);
    let ran = sandbox.pay("2025-03-02;124,00;X-1;K-1;;;;x\n", "2025-03-03").exits(0);
    assert_eq!(counts(&ran), (0, 1));
    assert_eq!(steps(&sandbox.enforce("2025-03-03").exits(0).json(), "actions"), ["renew S-1 settled"]);
    assert!(status(&sandbox, "2025-03-03")["unmatched"].as_array().unwrap().is_empty());
}

#[test]
fn the_same_money_in_our_own_file_and_in_a_statement_counts_once_and_a_person_is_asked() {
    for csv_first in [false, true] {
        let sandbox = told();
        let bank = || {
            statement(&sandbox, &[Entry { bank_ref: "B-1", text: "K-1", ..Entry::default() }], "2025-03-02")
        };
        let ours = || sandbox.pay("2025-03-02;124,00;MY-1;K-1;;;;\n", "2025-03-02");
        let (first, second) = if csv_first { (ours(), bank()) } else { (bank(), ours()) };
        first.exits(0);
        let second = second.exits(3).json();
        assert_eq!(second["attention"][0]["kind"], "unmatched", "it says why in the same breath: {second}");
        assert_eq!(second["unmatched"], 1);
        let known = explain(&sandbox, "K-1", "2025-03-02");
        assert_eq!(known["credit_cents"], 0, "{known}");
        let waiting = status(&sandbox, "2025-03-02")["unmatched"][0].clone();
        assert_eq!((&waiting["parked"], &waiting["likely"]), (&"other_format".into(), &"K-1".into()));
        // it was another payment after all
        let id = waiting["id"].to_string();
        let assign = ["record", "assign", &id, "K-1", "--by", "maria", "--as-of", "2025-03-02"];
        sandbox.run(&assign).exits(0);
        assert_eq!(explain(&sandbox, "K-1", "2025-03-02")["credit_cents"], 12_400);
        sandbox.run(&["check"]).exits(0);
    }
}

#[test]
fn money_that_two_formats_give_to_two_customers_counts_once_and_a_person_is_asked() {
    let sandbox = told();
    sandbox.pay("2025-03-02;124,00;NONREF;;S-2;;ΑΛΕΞΙΟΥ ΑΝΝΑ;για τον K-1\n", "2025-03-02").exits(0);
    let entry = Entry { payer: "ΑΛΕΞΙΟΥ ΑΝΝΑ", text: "για τον K-1", ..Entry::default() };
    statement(&sandbox, &[entry], "2025-03-02").exits(3);
    assert_eq!(explain(&sandbox, "K-2", "2025-03-02")["credit_cents"], 12_400);
    let waiting = status(&sandbox, "2025-03-02")["unmatched"][0].clone();
    assert_eq!((&waiting["parked"], &waiting["likely"]), (&"other_format".into(), &"K-1".into()));
    // the fuller format has two of them: both count
    let two = [entry, Entry { text: "K-2", ..entry }];
    let sandbox = told();
    sandbox.pay("2025-03-02;124,00;NONREF;K-1;;;;\n", "2025-03-02").exits(0);
    statement(&sandbox, &two, "2025-03-02").exits(0);
    assert_eq!(explain(&sandbox, "K-2", "2025-03-02")["credit_cents"], 12_400);
}

#[test]
fn the_same_money_by_hand_and_in_any_file_counts_once() {
    for by_file in ["camt", "csv"] {
        let sandbox = told();
        let hand = ["record", "payment", "K-1", "124,00", "--by", "maria", "--as-of", "2025-03-02"];
        sandbox.run(&hand).exits(0);
        let ran = match by_file {
            "camt" => statement(
                &sandbox,
                &[Entry { bank_ref: "B-1", text: "K-1", ..Entry::default() }],
                "2025-03-03",
            ),
            _ => sandbox.pay("2025-03-02;124,00;MY-1;K-1;;;;\n", "2025-03-03"),
        };
        ran.exits(3);
        assert_eq!(explain(&sandbox, "K-1", "2025-03-03")["credit_cents"], 0);
        let waiting = status(&sandbox, "2025-03-03")["unmatched"][0].clone();
        assert_eq!(waiting["parked"], "by_hand");
        let (line, known) = (waiting["id"].to_string(), waiting["resembles"][0]["payment"].to_string());
        sandbox.run(&["record", "same", &line, &known, "--by", "maria", "--as-of", "2025-03-03"]).exits(0);
        assert!(status(&sandbox, "2025-03-03")["unmatched"].as_array().unwrap().is_empty());
        // a second line of that amount is other money: one record answers for one line
        let second = Entry { bank_ref: "B-2", text: "K-1", day: "2025-03-04", ..Entry::default() };
        statement(&sandbox, &[second], "2025-03-04").exits(0);
        assert_eq!(explain(&sandbox, "K-1", "2025-03-04")["credit_cents"], 12_400);
    }
}

#[test]
fn one_cash_entry_twice_on_a_day_is_asked_about() {
    let sandbox = told();
    let cash = |more: &[&str]| {
        let all = [&["record", "payment", "K-1", "62,00", "--by", "maria", "--as-of", "2025-03-02"], more];
        sandbox.run(&all.concat())
    };
    cash(&[]).exits(0);
    let asked = cash(&[]).exits(1);
    assert!(asked.stderr.contains("--other-money"), "{asked:?}");
    cash(&["--other-money"]).exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-03-02").exits(0).json(), "actions"), ["renew S-1 settled"]);
}

#[test]
fn a_reversal_by_number_never_takes_another_payment_for_its_reference() {
    let sandbox = told();
    sandbox.pay("2025-03-02;10,00;7;K-2;;;;\n2025-03-02;20,00;1;K-2;;;;\n", "2025-03-02").exits(0);
    let reverse =
        |name: &str| sandbox.run(&["record", "reverse", name, "--by", "maria", "--as-of", "2025-03-02"]);
    let wrong = reverse("7");
    assert!(wrong.status != 0 && wrong.stderr.contains("ref:7"), "{wrong:?}");
    reverse("ref:7").exits(0);
    assert_eq!(explain(&sandbox, "K-2", "2025-03-02")["credit_cents"], 2_000);
}

/// The same movement, taken back.
fn taken_back(statement: &str) -> String {
    statement.replace(
        "<CdtDbtInd>CRDT</CdtDbtInd><Sts>",
        "<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>",
    )
}

/// What was taken back of K-2's in the bank's own export, which has no references.
const TAKEN_BACK: &str = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n\
    7/3/2025;7/3/2025;ΑΝΤΙΛΟΓΙΣΜΟΣ K-2;-50,00;1.000,00\n\
    Λογαριασμός;0026.0001.00.0000000012;;;\n";

#[test]
fn a_reversal_that_another_format_shows_again_takes_no_other_payment_back() {
    let sandbox = told();
    let pays = |bank_ref, day| Entry { bank_ref, text: "K-2", day, cents: 5_000, ..Entry::default() };
    // an account at the bank whose export it is
    let camt = |entry, day| camt(&[entry], day).replace(IBAN, "GR3202600010000000012300695");
    import(&sandbox, "one.xml", &camt(pays("", "2025-03-02"), "2025-03-02"), "2025-03-02");
    import(&sandbox, "two.xml", &camt(pays("B-1", "2025-03-05"), "2025-03-05"), "2025-03-05");
    let back = taken_back(&camt(pays("B-1", "2025-03-07"), "2025-03-07"));
    import(&sandbox, "back.xml", &back, "2025-03-07").exits(3);
    assert_eq!(explain(&sandbox, "K-2", "2025-03-07")["credit_cents"], 5_000);
    // the same day in the bank's export
    let again = || import(&sandbox, "export.csv", TAKEN_BACK, "2025-03-08");
    assert_eq!(counts(&again()), (0, 1));
    assert_eq!(counts(&again()), (0, 1));
    assert_eq!(explain(&sandbox, "K-2", "2025-03-08")["credit_cents"], 5_000);
}

#[test]
fn a_reversal_of_money_that_waits_beside_a_record_takes_that_record_back_in_no_format() {
    let sandbox = told();
    let by_hand =
        ["record", "payment", "K-2", "50,00", "--by", "m", "--reason", "μετρητά", "--as-of", "2025-03-05"];
    sandbox.run(&by_hand).exits(0);
    let entry = |day| Entry { bank_ref: "B-1", text: "K-2", day, cents: 5_000, ..Entry::default() };
    let camt = |entry, day| camt(&[entry], day).replace(IBAN, "GR3202600010000000012300695");
    import(&sandbox, "one.xml", &camt(entry("2025-03-05"), "2025-03-05"), "2025-03-05").exits(3);
    assert_eq!(status(&sandbox, "2025-03-05")["unmatched"][0]["parked"], "by_hand");
    let back = taken_back(&camt(entry("2025-03-07"), "2025-03-07"));
    import(&sandbox, "back.xml", &back, "2025-03-07").exits(3);
    assert_eq!(explain(&sandbox, "K-2", "2025-03-07")["credit_cents"], 5_000);
    assert_eq!(counts(&import(&sandbox, "export.csv", TAKEN_BACK, "2025-03-08")), (0, 1));
    assert_eq!(explain(&sandbox, "K-2", "2025-03-08")["credit_cents"], 5_000, "the cash is there");
}

#[test]
fn money_dated_after_today_waits_for_its_day_and_is_refused_where_a_person_enters_it() {
    let sandbox = told();
    for day in ["2025-03-16", "2025-03-24", "2025-03-30", "2025-04-01"] {
        sandbox.notify(day).exits(0);
    }
    // the bank dates Saturday's transfers on Monday
    let monday = Entry { day: "2025-04-07", text: "K-1", bank_ref: "W-1", ..Entry::default() };
    let ran = import(&sandbox, "weekend.xml", &camt(&[monday], "2025-04-05"), "2025-04-05").exits(0);
    assert_eq!(ran.json()["unmatched"], 1);
    assert_eq!(status(&sandbox, "2025-04-05")["unmatched"][0]["parked"], "ahead");
    // nothing happens to whoever is about to have paid
    sandbox.pay("", "2025-04-06").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-06").json(), "actions"), Vec::<String>::new());
    let night = sandbox.enforce("2025-04-07").exits(0).json();
    assert_eq!(steps(&night, "actions"), ["renew S-1 settled"], "{night}");
    assert!(status(&sandbox, "2025-04-07")["unmatched"].as_array().unwrap().is_empty());
    let by_hand =
        ["record", "payment", "K-1", "5", "--date", "2025-04-09", "--by", "m", "--as-of", "2025-04-08"];
    assert!(sandbox.run(&by_hand).exits(1).stderr.contains("lies after today"));
    let file = sandbox.pay("2025-04-09;5,00;Z-1;K-1;;;;\n", "2025-04-08").exits(3);
    assert!(file.json()["faults"][0].as_str().unwrap().contains("lies after today"), "{file:?}");
}

#[test]
fn a_statement_of_an_account_that_is_not_ours_is_booked_and_named() {
    let sandbox = told();
    let foreign = camt(&[Entry { text: "K-1", ..Entry::default() }], "2025-03-02")
        .replace(IBAN, "GR9608100010000001234567890");
    let ran = import(&sandbox, "foreign.xml", &foreign, "2025-03-02").exits(3).json();
    assert_eq!(ran["matched"], 1);
    assert!(ran["attention"][0]["text"].as_str().unwrap().contains("GR9608100010000001234567890"), "{ran}");
}

#[test]
fn an_old_statement_never_opens_the_gate_and_a_file_without_rows_counts_its_day() {
    let sandbox = told();
    for day in ["2025-03-16", "2025-03-24", "2025-03-30", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    // imported today, but it ends a month ago; so does our own file whose newest movement is old
    import(&sandbox, "old.xml", &camt(&[], "2025-03-01"), "2025-04-08").exits(0);
    sandbox.pay("2025-03-01;1,00;T-9;K-2;;;;\n", "2025-04-08").exits(0);
    let refused = sandbox.enforce("2025-04-08").exits(4).json();
    assert_eq!(steps(&refused, "withheld"), ["suspend S-1 stale_payments"], "{refused}");
    let file = sandbox.file("known.csv", "date;amount;bank_ref\n2025-03-01;1,00;T-10\n");
    let until =
        ["import", "payments", file.to_str().unwrap(), "--until", "2025-04-08", "--as-of", "2025-04-08"];
    sandbox.run(&until).exits(3);
    assert_eq!(steps(&sandbox.enforce("2025-04-08").exits(0).json(), "actions"), ["suspend S-1 unsettled"]);
}

#[test]
fn a_database_of_the_first_schema_knows_its_money_after_the_upgrade() {
    let sandbox = told();
    let rows = "2025-03-02;124,00;T-1;K-1;;;;\n2025-03-02;30,00;T-2;;;;ΠΑΠΠΑΣ ΙΩΑΝΝΗΣ;\n";
    sandbox.pay(rows, "2025-03-02").exits(3);
    let path = sandbox.path("konet.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    // what the first schema kept of them: no identity
    database.execute("DELETE FROM sightings", []).unwrap();
    drop(database);
    let again = sandbox.pay(rows, "2025-03-03").exits(0);
    assert_eq!(counts(&again), (0, 2), "{again:?}");
}
