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

// ---- gates stay shut until somebody has looked ---------------------------------------------------------

fn guard_of(sandbox: &Sandbox, day: &str) -> String {
    let ran = sandbox.enforce(day);
    let view = ran.json();
    assert_eq!(ran.status == 4, !view["guard"].is_null(), "{view}");
    let harsh = steps(&view, "actions");
    assert!(view["guard"].is_null() || !harsh.iter().any(|step| step.contains("suspend")), "{view}");
    view["guard"]["which"].as_str().unwrap_or("open").to_owned()
}

fn ack(sandbox: &Sandbox, what: &str) {
    let ran = ["record", "ack", what, "--by", "maria", "--reason", "το είδα", "--as-of", "2025-04-07"];
    sandbox.run(&ran).exits(0);
}

#[test]
fn a_restored_backup_suspends_nobody_until_a_person_has_confirmed_it() {
    let sandbox = company(2);
    let backup = std::fs::read(sandbox.path("konet.db")).unwrap();
    paid(&sandbox, 2, "2025-04-07");
    sandbox.file("konet.db", backup);
    let seen = |dry: &[&str]| {
        let arguments = [&["enforce", "--as-of", "2025-04-07", "--json"], dry].concat();
        let view = sandbox.run(&arguments).exits(4).json();
        assert_eq!(view["guard"]["which"], "restored", "{view}");
        assert!(view["guard"]["message"].as_str().unwrap().contains("record ack restored"), "{view}");
    };
    // a dry run shows it before anything was done, and no run opens it
    seen(&["--dry-run"]);
    for _ in 0..4 {
        seen(&[]);
    }
    seen(&["--dry-run"]);
    let listed = sandbox.run(&["status", "--json", "--as-of", "2025-04-07"]).json()["attention"].to_string();
    assert!(listed.contains("record ack restored"), "{listed}");
    ack(&sandbox, "restored");
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "open");
    assert_eq!(state(&sandbox, "S-1"), "suspended");
}

#[test]
fn a_backup_written_by_the_very_last_run_is_an_older_database_all_the_same() {
    let sandbox = company(1);
    sandbox.reconfigure("path = \"konet.db\"", "path = \"konet.db\"\nbackups = \"backups\"");
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "open");
    let backups = crate::support::sandbox::files(&sandbox.path("backups"), "db");
    // it was suspended, and the backup knows nothing of it
    std::fs::copy(&backups[0], sandbox.path("konet.db")).unwrap();
    assert_eq!(state(&sandbox, "S-1"), "active");
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "restored");
}

#[test]
fn a_restored_backup_is_noticed_by_whatever_command_comes_first() {
    let sandbox = company(1);
    let backup = std::fs::read(sandbox.path("konet.db")).unwrap();
    sandbox.pay("", "2025-04-07").exits(0);
    sandbox.file("konet.db", backup);
    // an import is no confirmation
    sandbox.pay("", "2025-04-07").exits(3);
    sandbox.pay("", "2025-04-07").exits(0);
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "restored");
    // the gate refuses only where there is something to refuse
    sandbox.run(&["enforce", "--as-of", "2025-04-06", "--json"]).exits(0);
}

fn nightly(sandbox: &Sandbox, day: &str) -> crate::support::sandbox::Ran {
    sandbox.run(&["nightly", "--as-of", day, "--json"])
}

const BANK: &str = "date;amount;bank_ref;customer;services;reference;payer;note\n";

/// A file of payments in the inbox that nobody can read; the service of K-1 would be suspended.
fn with_unread_payments() -> Sandbox {
    let sandbox = company(1);
    sandbox.file("inbox/payments-07.csv", "date;amount;bank_ref\n2025-04-07;12x;T-1\n");
    let night = nightly(&sandbox, "2025-04-07").exits(4).json();
    assert_eq!(night["enforce"]["guard"]["which"], "import", "{night}");
    let message = night["enforce"]["guard"]["message"].as_str().unwrap();
    assert!(message.contains("record ack payments-07.csv"), "{message}");
    sandbox
}

#[test]
fn whoever_may_stand_in_an_unread_file_of_payments_is_suspended_by_no_later_run() {
    let sandbox = with_unread_payments();
    // by hand, by night, and after fresh statements that do not cover it
    for day in ["2025-04-08", "2025-04-09", "2025-04-10"] {
        sandbox.pay("", day).exits(0);
        assert_eq!(guard_of(&sandbox, day), "import", "{day}");
        nightly(&sandbox, day).exits(4);
    }
    assert!(sandbox.path("inbox/failed/payments-07.csv").exists());
    // it is mended, by hand or in the inbox
    sandbox.file("inbox/payments-07.csv", "date;amount;bank_ref;customer\n2025-04-07;124,00;T-1;K-1\n");
    let night = nightly(&sandbox, "2025-04-10").exits(0).json();
    assert_eq!(steps(&night["enforce"], "actions"), ["renew S-1 settled"], "{night}");
    let listed = sandbox.run(&["status", "--json", "--as-of", "2025-04-10"]).json()["attention"].to_string();
    assert!(!listed.contains("payments-07"), "{listed}");
}

#[test]
fn a_person_puts_an_unread_file_of_payments_aside() {
    let sandbox = with_unread_payments();
    ack(&sandbox, "inbox/payments-07.csv");
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "open");
    // the same bytes do not close it again, others do
    assert_eq!(nightly(&sandbox, "2025-04-08").exits(0).json()["faults"], serde_json::json!([]));
    assert!(sandbox.path("inbox/failed/payments-07.csv").exists());
    let again = sandbox.run(&["record", "ack", "payments-07.csv", "--by", "maria", "--reason", "r"]);
    assert_ne!(again.status, 0, "there is nothing more to see");
    sandbox.file("inbox/payments-07.csv", "date;amount;bank_ref\n2025-04-08;13x;T-2\n");
    nightly(&sandbox, "2025-04-08").exits(3);
    let listed = sandbox.run(&["status", "--json", "--as-of", "2025-04-08"]).json()["attention"].to_string();
    assert!(listed.contains("payments-07"), "{listed}");
}

#[test]
fn the_same_file_read_whole_by_hand_opens_the_gate_again() {
    let sandbox = with_unread_payments();
    let elsewhere = sandbox.path("mended");
    std::fs::create_dir(&elsewhere).unwrap();
    let import = |text: &str, status: i32| {
        sandbox.file("mended/payments-07.csv", text);
        let arguments = ["import", "payments", "mended/payments-07.csv", "--as-of", "2025-04-07", "--json"];
        let ran = sandbox.run(&arguments);
        assert!(ran.status == status || status == 3 && ran.status == 1, "{ran:?}");
    };
    import("date;amount;bank_ref\n2025-04-07;12y;T-1\n", 3);
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "import");
    import("date;amount;bank_ref\n2025-04-07;12,00;T-1\n", 3);
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "open");
}

#[test]
fn a_file_named_by_hand_and_unreadable_closes_nothing() {
    let sandbox = company(1);
    sandbox.file("payments-x.csv", "\0\u{1}\u{2} no statement at all");
    sandbox.run(&["import", "payments", "payments-x.csv", "--as-of", "2025-04-07"]).exits(1);
    sandbox.run(&["import", "payments", "nowhere.csv", "--as-of", "2025-04-07"]).exits(1);
    assert_eq!(guard_of(&sandbox, "2025-04-07"), "open");
}

#[test]
fn a_day_terminates_no_more_than_its_cap_in_however_many_runs() {
    let sandbox = company(4);
    sandbox.enforce("2025-04-07").exits(0);
    sandbox.notify("2025-04-07").exits(0);
    sandbox.notify("2025-04-30").exits(0);
    sandbox.reconfigure("max_terminations = 50", "max_terminations = 2");
    sandbox.pay("", "2025-05-07").exits(0);
    let of = |customers: &[&str], day: &str| {
        let mut arguments = vec!["enforce", "--as-of", day, "--json"];
        for code in customers {
            arguments.extend(["--customer", code]);
        }
        sandbox.run(&arguments)
    };
    assert_eq!(steps(&of(&["K-1", "K-2"], "2025-05-07").exits(0).json(), "actions").len(), 2);
    // a run by hand for each of the others would have deleted them all the same day
    let third = of(&["K-3"], "2025-05-07").exits(4).json();
    assert_eq!(third["guard"]["which"], "max_terminations", "{third}");
    assert!(third["guard"]["message"].as_str().unwrap().contains("after 2 today"), "{third}");
    assert_eq!(state(&sandbox, "S-3"), "suspended");
    // a person lets it through, or the next day does
    let digest = third["guard"]["digest"].as_str().unwrap();
    let approved =
        ["enforce", "--approve", digest, "--by", "maria", "--customer", "K-3", "--as-of", "2025-05-07"];
    sandbox.run(&approved).exits(0);
    assert_eq!(state(&sandbox, "S-3"), "terminated");
    sandbox.pay("", "2025-05-08").exits(0);
    assert_eq!(
        steps(&of(&[], "2025-05-08").exits(0).json(), "actions"),
        ["terminate S-4 final_notice_served"]
    );
}

#[test]
fn a_folder_that_cannot_be_made_ends_no_night() {
    // one by one: each is a file where the folder should be
    for (folder, more) in
        [("inbox", ""), ("inbox/done", ""), ("backups", "backups = \"backups\""), ("outbox", "")]
    {
        let sandbox = Sandbox::with_company("2025-02-01");
        sandbox.notify("2025-03-01").exits(0);
        sandbox.reconfigure("path = \"konet.db\"", &format!("path = \"konet.db\"\n{more}"));
        sandbox.pay("2025-03-02;124,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
        sandbox.file("inbox/payments.csv", format!("{BANK}2025-03-02;60,00;T-2;K-2;;;;\n"));
        let path = sandbox.path(folder);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::write(&path, "in the way").unwrap();
        let ran = nightly(&sandbox, "2025-03-02");
        let view = ran.json();
        assert_eq!(steps(&view["enforce"], "actions"), ["renew S-1 settled"], "{folder}: {ran:?}");
        assert_eq!(stages(&view["notify"], "K-1"), ["S-1 renewed"], "{folder}: {ran:?}");
        assert_eq!(ran.status, if folder == "outbox" { 1 } else { 3 }, "{folder}: {ran:?}");
        let told = format!("{}{}", ran.stderr, view["faults"]);
        assert!(told.contains(folder), "{folder}: {told}");
    }
}

// ---- every file of the inbox is read or reported -------------------------------------------------------

fn faults(night: &serde_json::Value) -> Vec<String> {
    night["faults"].as_array().unwrap().iter().map(|fault| fault.as_str().unwrap().to_owned()).collect()
}

/// What lies in a folder, by name; not the folders in it.
fn lying(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(sandbox.path(folder)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| !entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn whoever_stands_in_a_file_of_any_name_is_imported_and_in_the_order_that_works() {
    let sandbox = Sandbox::new();
    // every other command refuses to make a database
    sandbox.import("customers", "code;name;email\nK-9;Θ;i@i.example\n", "2025-02-01").exits(0);
    // the order of their names would be the wrong one
    sandbox.file("inbox/A.csv", "invoice;date;bank_ref\nT-100;2025-03-02;B-1\n");
    sandbox.file("inbox/Payments-02.csv", format!("{BANK}2025-03-01;124,00;B-1;K-1;;;;\n"));
    sandbox.file("inbox/Export (2).txt", crate::support::sandbox::SERVICES);
    sandbox.file("inbox/zeta", crate::support::sandbox::CUSTOMERS);
    let night = nightly(&sandbox, "2025-03-02").exits(0).json();
    let kinds: Vec<&str> =
        night["imports"].as_array().unwrap().iter().map(|import| import["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["customers", "services", "payments", "invoices"]);
    assert_eq!(steps(&night["enforce"], "actions"), ["renew S-1 settled"]);
    assert!(lying(&sandbox, "inbox").is_empty());
    assert_eq!(lying(&sandbox, "inbox/done"), ["A.csv", "Export (2).txt", "Payments-02.csv", "zeta"]);
}

#[test]
fn what_nobody_can_read_is_listed_two_nights_and_then_lies_aside_until_somebody_has_seen_it() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.file("inbox/alpha-bank.csv", "A;B;C\n1;2;3\n4;5;6\n");
    sandbox.file("inbox/photo.jpg", [0xff_u8, 0xd8, 0xff, 0, 1, 2]);
    for day in ["2025-03-02", "2025-03-02", "2025-03-03"] {
        let night = nightly(&sandbox, day).exits(3).json();
        let said = faults(&night).concat();
        assert!(said.contains("alpha-bank.csv") && said.contains("photo.jpg"), "{day}: {said}");
        let here = if day == "2025-03-02" { "inbox" } else { "inbox/failed" };
        assert_eq!(lying(&sandbox, here), ["alpha-bank.csv", "photo.jpg"], "{day}");
    }
    assert!(lying(&sandbox, "inbox").is_empty());
    nightly(&sandbox, "2025-03-04").exits(0);
    let listed = |sandbox: &Sandbox| {
        sandbox.run(&["status", "--json", "--as-of", "2025-03-04"]).json()["attention"].to_string()
    };
    assert!(listed(&sandbox).contains("alpha-bank.csv") && listed(&sandbox).contains("photo.jpg"));
    ack(&sandbox, "photo.jpg");
    assert!(listed(&sandbox).contains("alpha-bank.csv") && !listed(&sandbox).contains("photo.jpg"));
}

#[test]
fn a_picture_in_the_inbox_keeps_no_gate_shut_and_a_table_nobody_knows_does() {
    let sandbox = company(1);
    sandbox.file("inbox/photo.jpg", [0xff_u8, 0xd8, 0xff, 0, 1, 2]);
    let night = nightly(&sandbox, "2025-04-07").exits(3).json();
    assert_eq!(steps(&night["enforce"], "actions"), ["suspend S-1 unsettled"]);
    let sandbox = company(1);
    sandbox.file("inbox/alpha-bank.csv", "A;B;C\n1;2;3\n4;5;6\n");
    let night = nightly(&sandbox, "2025-04-07").exits(4).json();
    assert_eq!(steps(&night["enforce"], "withheld"), ["suspend S-1 gate"]);
}

#[test]
fn what_programs_leave_behind_is_passed_over() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let names =
        [".payments.csv.swp", "Thumbs.db", "desktop.ini", "~$payments.xlsx", "payments.csv.part", ".hidden"];
    for name in names {
        sandbox.file(&format!("inbox/{name}"), "x;y;z\n1;2;3\n4;5;6\n");
    }
    nightly(&sandbox, "2025-03-02").exits(0);
    assert_eq!(lying(&sandbox, "inbox").len(), names.len());
}

#[test]
fn a_file_of_payments_whose_last_line_has_no_end_waits_one_night() {
    let sandbox = company(1);
    sandbox.file("inbox/payments.csv", format!("{BANK}2025-04-07;124,00;T-1;K-1;;;;n"));
    let night = nightly(&sandbox, "2025-04-07").exits(4).json();
    assert_eq!(night["imports"], serde_json::json!([]));
    assert_eq!(steps(&night["enforce"], "withheld"), ["suspend S-1 gate"], "who paid may be on its way");
    // it was on its way: the whole line says more
    sandbox.file("inbox/payments.csv", format!("{BANK}2025-04-07;124,00;T-1;K-1;;;;note\n"));
    let night = nightly(&sandbox, "2025-04-08").exits(0).json();
    assert_eq!(steps(&night["enforce"], "actions"), ["renew S-1 settled"]);
    // one that stays as it is was whole
    sandbox.file("inbox/payments-2.csv", format!("{BANK}2025-04-08;1,00;T-2;K-1;;;;n"));
    nightly(&sandbox, "2025-04-08").exits(3);
    let night = nightly(&sandbox, "2025-04-09").exits(0).json();
    assert_eq!(night["imports"][0]["created"], 1, "{night}");
}

#[test]
fn nobody_elses_file_and_no_link_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = company(1);
    sandbox.file("secret", "date;amount;bank_ref;customer\nhunter2;124,00;T-1;K-1\n");
    std::os::unix::fs::symlink(sandbox.path("secret"), sandbox.path("inbox/payments.csv")).unwrap();
    let ran = nightly(&sandbox, "2025-04-07").exits(4);
    assert!(ran.stdout.contains("links are not followed") && !ran.stdout.contains("hunter2"), "{ran:?}");
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    std::fs::remove_file(sandbox.path("inbox/payments.csv")).unwrap();
    ack(&sandbox, "payments.csv");
    // what would never end is not opened
    let pipe = std::process::Command::new("mkfifo").arg(sandbox.path("inbox/pipe")).status().unwrap();
    assert!(pipe.success());
    let night = nightly(&sandbox, "2025-04-06").exits(3).json();
    assert!(faults(&night).concat().contains("no file"), "{night}");
    std::fs::remove_file(sandbox.path("inbox/pipe")).unwrap();
    // an inbox that others may write to is not read at all
    let good = format!("{BANK}2025-04-07;124,00;T-1;K-1;;;;\n");
    for mode in [0o777, 0o775, 0o757] {
        sandbox.file("inbox/payments.csv", &good);
        std::fs::set_permissions(sandbox.path("inbox"), std::fs::Permissions::from_mode(mode)).unwrap();
        let night = nightly(&sandbox, "2025-04-07").exits(4).json();
        assert!(faults(&night).concat().contains("written by others"), "{night}");
        assert_eq!(steps(&night["enforce"], "withheld"), ["suspend S-1 gate"]);
    }
    std::fs::set_permissions(sandbox.path("inbox"), std::fs::Permissions::from_mode(0o755)).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(sandbox.path("inbox/payments.csv"), Some(65_534), None).unwrap();
        let night = nightly(&sandbox, "2025-04-07").exits(4).json();
        assert!(faults(&night).concat().contains("another user"), "{night}");
        std::os::unix::fs::chown(sandbox.path("inbox/payments.csv"), Some(0), None).unwrap();
    }
    let night = nightly(&sandbox, "2025-04-07").exits(0).json();
    assert_eq!(steps(&night["enforce"], "actions"), ["renew S-1 settled"]);
}

#[test]
fn a_name_that_steers_the_terminal_is_printed_without_its_tricks() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.file("inbox/evil\u{1b}]0;owned\u{7}\u{202e}.csv", "x");
    let ran = sandbox.run(&["nightly", "--as-of", "2025-03-02"]).exits(3);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("evil ]0;owned .csv"), "{said:?}");
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    ack(&sandbox, "evil ]0;owned .csv");
}

#[test]
fn the_bad_rows_of_a_file_that_still_lies_there_are_not_read_as_another_file() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.file("inbox/customers.csv", "code;name;email\nK-1;Α;not an address\n");
    sandbox.file("inbox/customers.csv.rejected.csv", "code;name;email;x_why\nK-1;Α;not an address;bad\n");
    let night = nightly(&sandbox, "2025-03-02").exits(3).json();
    assert_eq!(faults(&night).len(), 1, "{night}");
    // mended and alone, they are
    std::fs::remove_file(sandbox.path("inbox/customers.csv")).unwrap();
    sandbox.file("inbox/customers.csv.rejected.csv", "code;name;email;x_why\nK-1;Άλφα;a@alpha.example;\n");
    let night = nightly(&sandbox, "2025-03-02").exits(0).json();
    assert_eq!(night["imports"][0]["changed"], 1, "{night}");
}

// ---- one record stops nobody's night --------------------------------------------------------------------

/// Makes the database refuse something of one service or customer, as a broken condition would.
fn trap(sandbox: &Sandbox, before: &str, when: &str) {
    let body = "BEGIN SELECT RAISE(ABORT, 'a condition that fails'); END";
    sql(sandbox, &format!("CREATE TRIGGER trap BEFORE {before} WHEN {when} {body}"));
}

fn listed(sandbox: &Sandbox, day: &str) -> Vec<String> {
    let status = sandbox.run(&["status", "--json", "--as-of", day]).json();
    let words = |item: &serde_json::Value| {
        format!("{} {}", item["kind"].as_str().unwrap(), item["customer"].as_str().unwrap_or("-"))
    };
    let both = ["held_back", "attention"].map(|array| status[array].as_array().unwrap());
    both.into_iter().flatten().map(words).collect()
}

#[test]
fn a_condition_that_fails_for_one_customer_keeps_nobody_from_being_renewed_or_suspended() {
    let sandbox = company(3);
    paid(&sandbox, 1, "2025-04-07");
    paid(&sandbox, 2, "2025-04-07");
    trap(&sandbox, "UPDATE ON services", "NEW.code = 'S-1'");
    let ran = sandbox.enforce("2025-04-07").exits(3).json();
    assert_eq!(steps(&ran, "actions"), ["renew S-2 settled", "suspend S-3 unsettled"], "{ran}");
    assert_eq!(steps(&ran, "withheld"), ["renew S-1 data"], "{ran}");
    assert_eq!(listed(&sandbox, "2025-04-07"), ["held_back K-1"]);
    // said once, and over when it is over
    sandbox.enforce("2025-04-08").exits(0);
    sql(&sandbox, "DROP TRIGGER trap");
    assert_eq!(steps(&sandbox.enforce("2025-04-08").exits(0).json(), "actions"), ["renew S-1 settled"]);
    assert_eq!(listed(&sandbox, "2025-04-08"), Vec::<String>::new());
}

#[test]
fn a_condition_that_fails_for_one_customer_keeps_nobody_from_being_told() {
    let sandbox = company(3);
    sandbox.enforce("2025-04-07").exits(0);
    trap(&sandbox, "INSERT ON notices", "NEW.service = 'S-1'");
    let told = sandbox.notify("2025-04-07").exits(3).json();
    for (customer, stage) in [("K-1", None), ("K-2", Some("S-2 suspended")), ("K-3", Some("S-3 suspended"))] {
        assert_eq!(stages(&told, customer), Vec::from_iter(stage), "{customer}: {told}");
    }
    assert_eq!(listed(&sandbox, "2025-04-07"), ["card K-1"]);
    sql(&sandbox, "DROP TRIGGER trap");
    assert_eq!(stages(&sandbox.notify("2025-04-08").exits(0).json(), "K-1"), ["S-1 suspended"]);
    assert_eq!(listed(&sandbox, "2025-04-08"), Vec::<String>::new());
}

#[test]
fn a_condition_that_fails_for_one_message_keeps_nobody_elses_from_being_handed_over() {
    let sandbox = company(3);
    sandbox.enforce("2025-04-07").exits(0);
    let of_one = "(SELECT customer FROM messages WHERE id = NEW.message) = 'K-1' AND NEW.state <> 'queued'";
    trap(&sandbox, "UPDATE ON deliveries", of_one);
    let told = sandbox.notify("2025-04-07").exits(3).json();
    assert_eq!(told["totals"]["sent"], 2, "{told}");
    assert_eq!(listed(&sandbox, "2025-04-07"), ["failed K-1"]);
    sql(&sandbox, "DROP TRIGGER trap");
    assert_eq!(sandbox.notify("2025-04-07").exits(0).json()["totals"]["sent"], 1);
}

#[test]
fn a_condition_that_fails_for_one_customer_keeps_no_other_row_from_being_imported() {
    let sandbox = company(3);
    trap(&sandbox, "INSERT ON charges", "NEW.customer = 'K-1'");
    let rows = "code;customer;kind;name;price;period_months;expires_on\n\
        S-7;K-1;hosting;Νέα;10;12;2025-04-20\nS-8;K-2;hosting;Νέα;10;12;2025-04-20\n";
    let ran = sandbox.import("services", rows, "2025-04-07").exits(3).json();
    assert_eq!(ran["created"], 2, "{ran}");
    assert!(listed(&sandbox, "2025-04-07").contains(&"held_back K-1".to_owned()));
    let connection = Connection::open(sandbox.path("konet.db")).unwrap();
    let charged: Vec<String> = connection
        .prepare("SELECT service FROM charges WHERE service IN ('S-7', 'S-8')")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(charged, ["S-8"]);
}

// ---- hooks -----------------------------------------------------------------------------------------------

#[test]
fn whoever_comes_after_a_hook_that_hangs_waits_no_longer_than_its_deadline() {
    let sandbox = company(2);
    // in a session of its own the child outlives the group, with the pipes in its hands
    let hang = "[ \"$KONET_ACCOUNT\" = a1 ] && { setsid sleep 90 & sleep 90; }\n";
    sandbox.hooks(&format!("{hang}{FOLDER_PANEL}"), &["suspend", "reinstate"]);
    sandbox.enforce("2025-04-06").exits(0);
    sandbox.reconfigure("timeout_seconds = 60", "timeout_seconds = 1");
    sql(
        &sandbox,
        "UPDATE services SET state = 'suspended', state_on = '2025-04-06', \
        suspension_reason = 'nonpayment', suspension_expiry = '2025-03-31'",
    );
    paid(&sandbox, 1, "2025-04-07");
    paid(&sandbox, 2, "2025-04-07");
    let begun = std::time::Instant::now();
    let ran = sandbox.enforce("2025-04-07").exits(3).json();
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(["S-1", "S-2"].map(|code| state(&sandbox, code)), ["suspended", "active"], "{ran}");
}

#[test]
fn a_hook_has_one_folder_one_umask_and_none_of_the_callers_descriptors() {
    let sandbox = company(1);
    sandbox.hooks(
        "pwd > said; umask >> said; ls /proc/self/fd | tr '\\n' ' ' >> said; echo \"$0\" >> said\nexit 0\n",
        &["suspend"],
    );
    sandbox.file("secret", "");
    // another folder, another umask, and a file that the caller has open
    let shell = format!(
        "umask 000; cd /; exec 7< {}; exec {} enforce --as-of 2025-04-07",
        sandbox.path("secret").display(),
        env!("CARGO_BIN_EXE_konet-billing")
    );
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", &shell])
        .env("KONET_BILLING_CONFIG", sandbox.path("konet-billing.toml"))
        .status()
        .unwrap();
    assert!(status.success());
    let said = std::fs::read_to_string(sandbox.path("said")).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(std::path::Path::new(lines[0]), sandbox.path("").as_path().components().as_path(), "{said}");
    assert_eq!(lines[1], "0077");
    // 3 is the folder that `ls` reads
    assert!(lines[2].starts_with("0 1 2 3 /"), "{said}");
}

#[test]
fn the_program_that_was_checked_is_the_one_that_runs() {
    let sandbox = company(1);
    sandbox.hooks("echo checked >> calls\n", &["suspend"]);
    let hook = sandbox.path("hook").display().to_string();
    sandbox.reconfigure(&format!("[\"{hook}\", \"suspend\"]"), "[\"hook\"]");
    // one of the same name stands first in the caller's path, and the configuration is named without a folder
    std::fs::create_dir(sandbox.path("bin")).unwrap();
    sandbox.file("bin/hook", "#!/bin/sh\necho another >> calls\n");
    std::fs::set_permissions(sandbox.path("bin/hook"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let status = sandbox
        .command(&["--config", "konet-billing.toml", "enforce", "--as-of", "2025-04-07"])
        .env("PATH", sandbox.path("bin"))
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(sandbox.calls(), ["checked"]);
}

#[test]
fn what_a_panel_could_take_for_an_option_or_a_path_is_refused_with_its_place() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for (column, word) in [
        ("account", "--help"),
        ("account", "../../etc/passwd"),
        ("server", "/etc/passwd"),
        ("server", "-oProxyCommand=x"),
        ("domain_name", "-rf"),
        ("domain_name", "alpha.example/../x"),
    ] {
        let head = format!("code;customer;kind;name;price;period_months;expires_on;{column}\n");
        let ran = sandbox.import(
            "services",
            format!("{head}S-5;K-1;hosting;Φ;10;12;2025-12-01;{word}\n"),
            "2025-02-01",
        );
        assert_ne!(ran.status, 0, "{column} {word}");
        assert!(ran.stderr.contains(":2:8: ") && ran.stderr.contains("option or a path"), "{ran:?}");
    }
    // one that stands in the database already is given to no program
    let sandbox = company(1);
    panel(&sandbox);
    sql(&sandbox, "UPDATE services SET account = '--force'");
    let ran = sandbox.enforce("2025-04-07").exits(3).json();
    assert_eq!(steps(&ran, "withheld"), ["suspend S-1 hook_failed"]);
    assert!(sandbox.calls().is_empty());
}

#[test]
fn nobody_else_on_the_machine_reads_what_is_written_or_stops_the_night() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.reconfigure("path = \"konet.db\"", "path = \"data/konet.db\"\nbackups = \"backups\"");
    sandbox.import("customers", crate::support::sandbox::CUSTOMERS, "2025-02-01").exits(0);
    sandbox.import("services", crate::support::sandbox::SERVICES, "2025-02-01").exits(0);
    sandbox.file("inbox/payments.csv", BANK);
    nightly(&sandbox, "2025-03-01").exits(0);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in ["data", "backups", "outbox", "inbox/done"] {
        assert_eq!(mode(&sandbox.path(folder)), 0o700, "{folder}");
        for entry in std::fs::read_dir(sandbox.path(folder)).unwrap() {
            let path = entry.unwrap().path();
            // what others put there keeps its mode
            assert!(folder == "inbox/done" || mode(&path) == 0o600, "{}", path.display());
        }
    }
    // what an older version left open is closed
    for name in ["data/konet.db", "data/konet.db.lock"] {
        std::fs::set_permissions(sandbox.path(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let told = sandbox.run(&["check"]).exits(0).stdout;
    assert!(told.contains("konet.db.lock`") && !told.contains("last-run"), "{told}");
    sandbox.enforce("2025-03-01").exits(0);
    for name in ["data/konet.db", "data/konet.db.lock"] {
        assert_eq!(mode(&sandbox.path(name)), 0o600, "{name}");
    }
}

// ---- staff's word ----------------------------------------------------------------------------------------

fn record(sandbox: &Sandbox, what: &[&str]) -> crate::support::sandbox::Ran {
    let who = ["--by", "maria", "--reason", "τηλέφωνο", "--as-of", "2025-02-10"];
    sandbox.run(&[&["record"], what, &who].concat())
}

#[test]
fn what_staff_recorded_is_not_undone_by_the_next_file() {
    let sandbox = Sandbox::new();
    let customers = "code;name;email;enforcement\nK-1;Α;a@alpha.example;yes\n";
    let services = "code;customer;kind;name;price;period_months;expires_on;renews;hold_until\n\
        S-1;K-1;hosting;Φ;100;12;2025-03-31;yes;\nS-2;K-1;hosting;Φ;50;12;2025-06-30;yes;\n";
    sandbox.import("customers", customers, "2025-02-01").exits(0);
    sandbox.import("services", services, "2025-02-01").exits(0);
    for what in [
        ["email", "K-1", "new@alpha.example"].as_slice(),
        &["cancel", "S-1"],
        &["hold", "S-1", "2025-04-20"],
        &["change", "S-2", "--price", "80", "--months", "24"],
    ] {
        record(&sandbox, what).exits(0);
    }
    let kept = |sandbox: &Sandbox| -> (String, String) {
        let connection = Connection::open(sandbox.path("konet.db")).unwrap();
        let sql = "SELECT group_concat(code || ' ' || price_cents || ' ' || period_months || ' ' || renews || ' ' ||
            coalesce(hold_until, '-'), ', ' ORDER BY code) FROM services";
        let services = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        (services, connection.query_row("SELECT email FROM customers", [], |row| row.get(0)).unwrap())
    };
    let before = kept(&sandbox);
    assert_eq!(before.0, "S-1 10000 12 0 2025-04-20, S-2 8000 24 1 -");
    let columns = |ran: &serde_json::Value| -> Vec<String> {
        let of = |record: &serde_json::Value| {
            let column = |column: &serde_json::Value| column["column"].as_str().unwrap().to_owned();
            let conflict = record["change"] == "conflict";
            record["columns"].as_array().unwrap().iter().filter(|_| conflict).map(column).collect::<Vec<_>>()
        };
        ran["records"].as_array().unwrap().iter().flat_map(of).collect()
    };
    let conflicts = columns(&sandbox.import("customers", customers, "2025-02-11").exits(3).json());
    assert_eq!(conflicts, ["email"]);
    let conflicts = columns(&sandbox.import("services", services, "2025-02-11").exits(3).json());
    assert_eq!(conflicts, ["renews", "hold_until", "price", "period_months"]);
    assert_eq!(kept(&sandbox), before, "the files changed nothing");
    // said once; and a file that agrees is no conflict
    sandbox.import("services", services, "2025-02-12").exits(0);
    // a person lets the file decide, and from then on it does
    let take = |column: &str| {
        let file = sandbox.path("services.csv");
        let arguments =
            ["import", "services", file.to_str().unwrap(), "--take", column, "--as-of", "2025-02-12"];
        sandbox.run(&arguments)
    };
    take("price").exits(0);
    assert_eq!(kept(&sandbox).0, "S-1 10000 12 0 2025-04-20, S-2 5000 24 1 -");
    sandbox.import("services", services.replace(";50;", ";60;"), "2025-02-13").exits(0);
    assert_eq!(kept(&sandbox).0, "S-1 10000 12 0 2025-04-20, S-2 6000 24 1 -");
}

#[test]
fn a_service_is_moved_to_another_customer_by_no_file() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let moved = crate::support::sandbox::SERVICES.replace("S-1;K-1", "S-1;K-2");
    let ran = sandbox.import("services", &moved, "2025-02-02").exits(3);
    assert!(!ran.stderr.contains("--take customer"), "{ran:?}");
    let listed = sandbox.run(&["status", "--json", "--as-of", "2025-02-02"]).json()["attention"].to_string();
    assert!(listed.contains("record end") && !listed.contains("--take customer"), "{listed}");
    let file = sandbox.path("services.csv");
    let take = ["import", "services", file.to_str().unwrap(), "--take", "customer", "--as-of", "2025-02-02"];
    sandbox.run(&take).exits(2);
}

#[test]
fn a_mistyped_customer_service_or_payment_is_the_same_exit_status_everywhere() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for what in [
        ["email", "K-77", "x@x.example"].as_slice(),
        &["payment", "K-77", "10"],
        &["payment", "K-1", "10", "--for", "S-77"],
        &["proof", "K-77"],
        &["refund", "K-77", "10"],
        &["hold", "S-77", "2025-04-20"],
        &["cancel", "S-77"],
        &["end", "S-77"],
        &["reprice", "S-77", "10"],
        &["change", "S-77", "--price", "10"],
        &["writeoff", "S-77"],
        &["discount", "#77", "10"],
        &["charge", "K-77", "10", "x"],
        &["reverse", "77"],
    ] {
        let ran = record(&sandbox, what);
        assert_eq!(ran.status, 2, "{what:?}: {ran:?}");
    }
    for arguments in [
        ["explain", "S-77"].as_slice(),
        &["render-card", "K-77"],
        &["notify", "--customer", "K-77", "--as-of", "2025-02-10"],
        &["enforce", "--customer", "K-77", "--as-of", "2025-02-10"],
        &["outbox", "show", "77"],
        &["outbox", "resend", "77", "--by", "maria", "--reason", "r"],
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {ran:?}");
    }
}

#[test]
fn root_leaves_no_file_that_the_service_user_cannot_open() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT CHECKED: only root can be somebody else");
        return;
    }
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("data")).unwrap();
    sandbox.reconfigure("path = \"konet.db\"", "path = \"data/konet.db\"");
    std::os::unix::fs::chown(sandbox.path("data"), Some(65_534), None).unwrap();
    let ran = sandbox.import("customers", crate::support::sandbox::CUSTOMERS, "2025-02-01").exits(2);
    assert!(ran.stderr.contains("belongs to another user"), "{ran:?}");
    assert!(lying(&sandbox, "data").is_empty());
}

// ---- upgrades --------------------------------------------------------------------------------------------

/// A database of version 0.1.0 with people in it who owe, have paid and were told.
fn of_first_version(sandbox: &Sandbox) {
    let connection = Connection::open(sandbox.path("konet.db")).unwrap();
    connection.execute_batch(include_str!("../src/store/migrations/0001_initial.sql")).unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x4B4E4254; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
               INSERT INTO runs (command, as_of, mode, started_at, ended_at, exit_status)
               SELECT 'notify', '2025-02-01', 'live', 'x', 'x', 0 FROM n;
             INSERT INTO customers SELECT 'K-' || id, id, 'Πελάτης', 'k@k.example', '', NULL, NULL, NULL, NULL, NULL,
               NULL, 'GR', NULL, 'el', 'standard', NULL, 'REF' || id, 'own', 1, '2025-02-01' FROM runs;
             INSERT INTO services SELECT 'S-' || id, 'K-' || id, 'hosting', 'Φ', NULL, 10000, 0, 12, '2025-03-31', 31,
               'active', NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, '2025-02-01', 0 FROM runs;
             INSERT INTO charges (customer, service, source, period_from, period_to, label, net_cents, vat_cents,
                 gross_cents, vat_rate, created_on, settled_on, run)
               SELECT 'K-' || id, 'S-' || id, 'period', '2025-03-31', '2026-03-31', 'Φ', 10000, 2400, 12400, 2400,
                 '2025-03-01', CASE WHEN id % 2 = 0 THEN '2025-03-05' END, id FROM runs;
             INSERT INTO payments (date, amount_cents, bank_ref, customer, run)
               SELECT '2025-03-05', 12400, 'T-' || id, 'K-' || id, id FROM runs WHERE id % 2 = 0;
             INSERT INTO allocations (payment, charge, amount_cents, made_on, run)
               SELECT p.id, c.id, 12400, '2025-03-05', 1 FROM payments p JOIN charges c ON c.customer = p.customer;",
        )
        .unwrap();
}

fn figures(sandbox: &Sandbox) -> (i64, i64, i64, i64) {
    let connection = Connection::open(sandbox.path("konet.db")).unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
    (
        one("SELECT count(*) FROM customers"),
        one("SELECT sum(amount_cents) FROM payments"),
        one("SELECT sum(amount_cents) FROM allocations"),
        one("SELECT count(*) FROM charges WHERE settled_on IS NOT NULL"),
    )
}

fn version(sandbox: &Sandbox) -> i64 {
    let connection = Connection::open(sandbox.path("konet.db")).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn nobody_is_lost_in_an_upgrade_that_is_killed_at_any_moment() {
    let sandbox = Sandbox::on_disk();
    of_first_version(&sandbox);
    let before = figures(&sandbox);
    let old = std::fs::read(sandbox.path("konet.db")).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    // how long an upgrade takes here and now, so that the moments lie before, within and after it
    let mut whole = std::time::Duration::ZERO;
    let kills = std::env::var("KONET_BILLING_KILLS").ok().and_then(|text| text.parse().ok());
    let moments = std::cmp::Ord::clamp(kills.unwrap_or(12_u32), 12, 40);
    for moment in 0..moments {
        for beside in ["konet.db-wal", "konet.db-shm", "konet.db.last-run"] {
            let _ = std::fs::remove_file(sandbox.path(beside));
        }
        sandbox.file("konet.db", &old);
        sandbox.file("payments.csv", BANK);
        let mut child = sandbox
            .command(&["import", "payments", "payments.csv", "--as-of", "2025-03-06"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let begun = std::time::Instant::now();
        if moment == 0 {
            assert!(child.wait().unwrap().success());
            whole = begun.elapsed();
        } else {
            std::thread::sleep(whole * moment * 10 / (moments * 9));
            let _ = child.kill();
            child.wait().unwrap();
        }
        // the old schema whole, or the new one
        seen.insert(version(&sandbox));
        assert_eq!(figures(&sandbox), before, "killed after {moment} parts of {whole:?}");
        sandbox.pay("", "2025-03-06").exits(0);
        assert_eq!(figures(&sandbox), before, "killed after {moment} parts of {whole:?}");
        sandbox.run(&["check"]).exits(0);
    }
    assert_eq!(seen.len(), 2, "killed before and after, and never between: {seen:?}");
}

#[test]
fn looking_at_an_older_database_changes_nothing_and_says_how_it_is_upgraded() {
    let sandbox = Sandbox::new();
    of_first_version(&sandbox);
    let old = std::fs::read(sandbox.path("konet.db")).unwrap();
    let told = sandbox.run(&["check"]).exits(0).stdout;
    assert!(told.contains("has schema 1") && told.contains("next command that writes"), "{told}");
    let refused = sandbox.run(&["status", "--as-of", "2025-03-06"]).exits(1).stderr;
    assert!(refused.contains("next command that writes") && refused.contains("before-schema"), "{refused}");
    // a dry run shows what would come
    let shown = sandbox.run(&["enforce", "--dry-run", "--as-of", "2025-03-06", "--json"]).exits(0).json();
    assert_eq!(shown["actions"].as_array().unwrap().len(), 1000);
    assert_eq!(std::fs::read(sandbox.path("konet.db")).unwrap(), old);
    assert_eq!(version(&sandbox), 1);
    sandbox.pay("", "2025-03-06").exits(0);
    let now = version(&sandbox);
    assert!(now > 1);
    let kept = Connection::open(sandbox.path(&format!("konet.db.before-schema-{now}"))).unwrap();
    let kept: i64 = kept.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
    // and the night goes on with what it had
    assert_eq!(sandbox.enforce("2025-03-06").exits(0).json()["actions"].as_array().unwrap().len(), 1000);
}
