//! Nobody is kept off, left waiting or switched off because of somebody else: a broken account, record or file
//! stops nobody, and what keeps suspensions away stays there until a person has looked.

use crate::support::sandbox::{FOLDER_PANEL, Sandbox, stages, steps};
use rusqlite::Connection;

/// So many customers with a hosting service each that expired on 31/3 and was announced; accounts `a1`, `a2`, …
fn company(count: usize) -> Sandbox {
    company_with(count, "")
}

fn company_with(count: usize, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let customers: String = (1..=count).map(|i| format!("K-{i};Πελάτης;k{i}@k.example\n")).collect();
    let services: String =
        (1..=count).map(|i| format!("S-{i};K-{i};hosting;Φιλοξενία;100;12;2025-03-31;a{i};\n")).collect();
    let head = "code;customer;kind;name;price;period_months;expires_on;account;server\n";
    sandbox.import("customers", format!("code;name;email\n{customers}"), "2025-02-01").exits(0);
    sandbox.import("services", format!("{head}{services}{more}"), "2025-02-01").exits(0);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.pay("", "2025-04-07").exits(0);
    sandbox
}

/// A panel that knows no account whose file `lost-…` is there, and is away where `broken` is.
fn panel(sandbox: &Sandbox) {
    let lost = "[ -e \"lost-$KONET_ACCOUNT\" ] && { echo \"$1 $KONET_SERVICE $KONET_ACCOUNT\" >> calls; \
        echo \"no such account\" >&2; exit 1; }\n";
    sandbox
        .hooks(&format!("{lost}{FOLDER_PANEL}"), &["suspend", "reinstate", "terminate", "renew", "verify"]);
}

fn paid(sandbox: &Sandbox, customer: usize, day: &str) {
    sandbox.pay(&format!("{day};124,00;T-{customer};K-{customer};;;;\n"), day).exits(0);
}

fn asked(sandbox: &Sandbox, what: &str) -> usize {
    sandbox.calls().iter().filter(|call| *call == what).count()
}

fn sql(sandbox: &Sandbox, text: &str) {
    Connection::open(sandbox.path("konet.db")).unwrap().execute_batch(text).unwrap();
}

fn state(sandbox: &Sandbox, service: &str) -> String {
    let connection = Connection::open(sandbox.path("konet.db")).unwrap();
    connection.query_row("SELECT state FROM services WHERE code = ?1", [service], |row| row.get(0)).unwrap()
}

// ---- one broken account keeps nobody else off ----------------------------------------------------------

#[test]
fn whoever_paid_is_switched_on_though_another_account_is_gone_at_the_panel() {
    let sandbox = company(3);
    panel(&sandbox);
    assert_eq!(steps(&sandbox.enforce("2025-04-07").exits(0).json(), "actions").len(), 3);
    sandbox.notify("2025-04-07").exits(0);
    sandbox.file("lost-a1", "");
    for customer in [1, 2, 3] {
        paid(&sandbox, customer, "2025-04-08");
    }
    let ran = sandbox.enforce("2025-04-08").exits(3).json();
    assert_eq!(steps(&ran, "withheld"), ["reinstate S-1 hook_failed"], "{ran}");
    assert_eq!(["S-1", "S-2", "S-3"].map(|code| state(&sandbox, code)), ["suspended", "active", "active"]);
    // what was paid last is asked before what failed before
    let calls = sandbox.calls().len();
    sandbox.file("off-a3", "");
    sql(
        &sandbox,
        "UPDATE services SET state = 'suspended', state_on = '2025-04-07', suspension_reason = 'nonpayment', \
        suspension_expiry = '2025-03-31' WHERE code = 'S-3'",
    );
    sandbox.enforce("2025-04-09").exits(0);
    let later: Vec<String> = sandbox.calls()[calls..].to_vec();
    let of = |call: &str| later.iter().position(|known| known == call).unwrap();
    assert!(of("reinstate S-3 a3") < of("reinstate S-1 a1"), "{later:?}");
    // and every night, for they have paid
    for day in ["2025-04-10", "2025-04-11", "2025-04-12", "2025-04-13"] {
        sandbox.enforce(day).exits(0);
    }
    assert_eq!(asked(&sandbox, "reinstate S-1 a1"), 6);
    std::fs::remove_file(sandbox.path("lost-a1")).unwrap();
    assert_eq!(steps(&sandbox.enforce("2025-04-14").exits(0).json(), "actions"), ["reinstate S-1 settled"]);
}

#[test]
fn whoever_paid_is_renewed_though_the_registry_knows_another_name_no_more() {
    let sandbox = company(3);
    panel(&sandbox);
    sandbox.file("lost-a1", "");
    for customer in [1, 2, 3] {
        paid(&sandbox, customer, "2025-04-07");
    }
    sandbox.enforce("2025-04-07").exits(3);
    let renewals =
        |sandbox: &Sandbox| ["renew S-1 a1", "renew S-2 a2", "renew S-3 a3"].map(|call| asked(sandbox, call));
    assert_eq!(renewals(&sandbox), [1, 1, 1]);
    // it is asked again each night, and after three failures once a day
    for day in ["2025-04-08", "2025-04-09", "2025-04-09", "2025-04-09"] {
        sandbox.enforce(day).exits(0);
    }
    assert_eq!(renewals(&sandbox), [3, 1, 1]);
}

#[test]
fn a_panel_that_fails_suspends_nobody_more_and_another_panel_is_asked_all_the_same() {
    let other = "S-8;K-1;hosting;Φ;100;12;2025-03-31;b8;web2\nS-9;K-1;hosting;Φ;100;12;2025-03-31;b9;web2\n";
    let sandbox = company_with(3, other);
    panel(&sandbox);
    sandbox.file("lost-a1", "");
    let ran = sandbox.enforce("2025-04-07").exits(3).json();
    assert_eq!(steps(&ran, "actions"), ["suspend S-8 unsettled", "suspend S-9 unsettled"], "{ran}");
    assert_eq!([asked(&sandbox, "suspend S-1 a1"), asked(&sandbox, "suspend S-2 a2")], [1, 0]);
    // a service that failed before is asked last, and stops nobody
    let next = sandbox.enforce("2025-04-08").exits(0).json();
    assert_eq!(steps(&next, "actions"), ["suspend S-2 unsettled", "suspend S-3 unsettled"]);
    let calls = sandbox.calls();
    assert_eq!(calls.last().unwrap(), "suspend S-1 a1", "{calls:?}");
}

/// The text of the only message told.
fn letter(sandbox: &Sandbox, told: &serde_json::Value) -> String {
    let card = told["messages"][0]["card"].as_str().unwrap();
    let bytes = sandbox.run(&["render-card", card, "--format", "eml"]).exits(0).stdout;
    let parsed = mail_parser::MessageParser::default().parse(bytes.as_bytes()).unwrap();
    format!("{}\n{}", parsed.subject().unwrap(), parsed.body_text(0).unwrap())
}

#[test]
fn whoever_paid_is_told_so_though_the_registry_has_not_renewed_it_yet() {
    let sandbox = company(1);
    panel(&sandbox);
    sandbox.file("broken", "");
    paid(&sandbox, 1, "2025-04-07");
    sandbox.enforce("2025-04-07").exits(3);
    let told = sandbox.notify("2025-04-07").exits(0).json();
    assert_eq!(stages(&told, "K-1"), ["S-1 renewed"], "{told}");
    let text = letter(&sandbox, &told);
    assert!(text.contains("Πληρώθηκε και ανανεώνεται. Νέα λήξη 31/03/2026"), "{text}");
    assert!(!text.contains("νεώθηκε"), "{text}");
    // told once, also when it has been done
    std::fs::remove_file(sandbox.path("broken")).unwrap();
    sandbox.enforce("2025-04-08").exits(0);
    assert_eq!(sandbox.notify("2025-04-08").exits(0).json()["totals"]["messages"], 0);
}

#[test]
fn whoever_paid_is_told_so_in_true_words_while_the_panel_is_away() {
    let sandbox = company(1);
    panel(&sandbox);
    sandbox.enforce("2025-04-07").exits(0);
    sandbox.notify("2025-04-07").exits(0);
    sandbox.file("broken", "");
    paid(&sandbox, 1, "2025-04-08");
    sandbox.enforce("2025-04-08").exits(3);
    let told = sandbox.notify("2025-04-08").exits(0).json();
    assert_eq!(stages(&told, "K-1"), ["S-1 renewed"], "{told}");
    let text = letter(&sandbox, &told);
    assert!(text.contains("Πληρώθηκε και ενεργοποιείται ξανά. Νέα λήξη 31/03/2026"), "{text}");
    assert!(!text.contains("νεώθηκε"), "{text}");
    // nothing more to say while nothing changes, and then the good news
    assert_eq!(sandbox.notify("2025-04-09").exits(0).json()["totals"]["messages"], 0);
    std::fs::remove_file(sandbox.path("broken")).unwrap();
    assert_eq!(steps(&sandbox.enforce("2025-04-09").exits(0).json(), "actions"), ["reinstate S-1 settled"]);
    assert_eq!(stages(&sandbox.notify("2025-04-09").exits(0).json(), "K-1"), ["S-1 reinstated"]);
}
