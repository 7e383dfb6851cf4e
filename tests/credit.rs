//! Money serves its owner: it goes where it can pay, and whoever's it may be is not switched off for what it covers.

use crate::support::sandbox::{Ran, Sandbox, stages, steps};
use serde_json::Value;

fn record(sandbox: &Sandbox, day: &str, arguments: &[&str]) -> Ran {
    let all =
        [&["record"], arguments, &["--by", "maria", "--reason", "τηλεφώνημα", "--as-of", day, "--json"]];
    sandbox.run(&all.concat())
}

fn explain(sandbox: &Sandbox, who: &str, day: &str) -> Value {
    sandbox.run(&["explain", who, "--json", "--as-of", day]).exits(0).json()
}

fn credit(sandbox: &Sandbox, day: &str) -> i64 {
    explain(sandbox, "K-1", day)["credit_cents"].as_i64().unwrap()
}

/// K-1 with two services of 124,00 and 62,00, both of which expire on 31 March.
fn two_services() -> Sandbox {
    let sandbox = Sandbox::with_company("2025-02-01");
    let more = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-3;K-1;hosting;Φιλοξενία;gamma.example;50,00;12;2025-03-31\n";
    sandbox.import("services", more, "2025-02-01").exits(0);
    sandbox
}

/// Every notice up to the suspension, each told on its day.
fn told_in_full(sandbox: &Sandbox) {
    for day in
        ["2025-03-01", "2025-03-16", "2025-03-24", "2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"]
    {
        sandbox.notify(day).exits(0);
    }
}

fn night(sandbox: &Sandbox, day: &str) -> Value {
    sandbox.pay("", day).exits(0);
    let ran = sandbox.enforce(day);
    assert!(matches!(ran.status, 0 | 3), "{ran:?}");
    ran.json()
}

#[test]
fn credit_reaches_what_is_already_open_whoever_comes_first() {
    // a refund of a mistake, an assignment taken back, a charge given up: what is left pays what is open
    let sandbox = two_services();
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;124,00;T-1;K-1;S-1;;;\n", "2025-03-02").exits(0);
    // the customer never wanted S-1: its money pays the other one at once
    record(&sandbox, "2025-03-02", &["cancel", "S-1"]).exits(0);
    let known = explain(&sandbox, "K-1", "2025-03-02");
    assert_eq!(known["credit_cents"], 6_200, "{known}");
    let done = night(&sandbox, "2025-03-03");
    assert_eq!(steps(&done, "actions"), ["renew S-3 settled"], "{done}");
}

#[test]
fn who_paid_all_that_the_card_asked_is_not_suspended_though_a_service_was_repriced_meanwhile() {
    let sandbox = two_services();
    let card = sandbox.notify("2025-03-01").exits(0).json();
    assert_eq!(card["messages"][0]["total_cents"], 18_600);
    sandbox.pay("2025-03-02;186,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    // both are settled, and the one is made cheaper the same day
    record(&sandbox, "2025-03-02", &["reprice", "S-1", "80,00"]).exits(0);
    let done = night(&sandbox, "2025-03-03");
    assert_eq!(steps(&done, "actions"), ["renew S-1 settled", "renew S-3 settled"], "{done}");
    // part-payment, and then cheaper than what was paid: the rest pays the other
    let sandbox = two_services();
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;100,00;T-1;K-1;S-1;;;\n", "2025-03-02").exits(0);
    record(&sandbox, "2025-03-02", &["reprice", "S-1", "30,00"]).exits(0);
    let done = night(&sandbox, "2025-03-03");
    assert_eq!(steps(&done, "actions"), ["renew S-1 settled", "renew S-3 settled"], "{done}");
    assert_eq!(credit(&sandbox, "2025-03-03"), 10_000 - 3_720 - 6_200);
}

#[test]
fn what_was_paid_for_an_expiry_that_is_corrected_the_same_day_pays_the_right_period() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;124,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    let corrected = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-1;K-1;hosting;Φιλοξενία;alpha.example;100,00;12;2025-03-20\n";
    let file = sandbox.file("corrected.csv", corrected);
    let take = [
        "import",
        "services",
        file.to_str().unwrap(),
        "--take",
        "expires_on",
        "--as-of",
        "2025-03-02",
        "--json",
    ];
    sandbox.run(&take).exits(0);
    assert_eq!(credit(&sandbox, "2025-03-02"), 0);
    let done = night(&sandbox, "2025-03-03");
    assert_eq!(done["actions"][0]["from"], "2025-03-20", "{done}");
    assert_eq!(done["actions"][0]["to"], "2026-03-20", "{done}");
}

#[test]
fn money_of_a_service_that_was_cancelled_ended_or_terminated_is_told_to_a_person() {
    for what in ["cancel", "end"] {
        let sandbox = Sandbox::with_company("2025-02-01");
        sandbox.notify("2025-03-01").exits(0);
        sandbox.pay("2025-03-02;100,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
        let said = record(&sandbox, "2025-03-02", &[what, "S-1"]).exits(0).json();
        assert_eq!(said["attention"][0]["kind"], "late_money", "{what}: {said}");
        assert!(said["attention"][0]["text"].as_str().unwrap().contains("record refund K-1"), "{said}");
        assert_eq!(credit(&sandbox, "2025-03-02"), 10_000);
        // and money that comes later as well
        let sandbox = Sandbox::with_company("2025-02-01");
        record(&sandbox, "2025-03-01", &[what, "S-1"]).exits(0);
        let came = sandbox.pay("2025-03-02;124,00;T-1;K-1;;;;\n", "2025-03-02").exits(3).json();
        assert_eq!(came["attention"][0]["kind"], "late_money", "{what}: {came}");
        record(&sandbox, "2025-03-03", &["refund", "K-1", "124,00"]).exits(0);
        let listed = sandbox.run(&["status", "--json", "--as-of", "2025-03-03"]).json();
        assert!(!listed["attention"].to_string().contains("late_money"), "{listed}");
    }
}

#[test]
fn money_of_a_service_that_a_file_says_is_cancelled_is_told_as_well() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;100,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    let file = "code;customer;kind;name;domain_name;price;period_months;expires_on;renews\n\
        S-1;K-1;hosting;Φιλοξενία;alpha.example;100,00;12;2025-03-31;no\n";
    let said = sandbox.import("services", file, "2025-03-03").exits(3).json();
    assert_eq!(said["attention"][0]["kind"], "late_money", "{said}");
    assert_eq!(credit(&sandbox, "2025-03-03"), 10_000);
}

#[test]
fn late_money_of_a_terminated_service_is_told_though_the_customer_has_others() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let more = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-9;K-1;hosting;Φιλοξενία;omega.example;50,00;12;2026-12-31\n";
    sandbox.import("services", more, "2025-02-01").exits(0);
    told_in_full(&sandbox);
    assert_eq!(steps(&night(&sandbox, "2025-04-07"), "actions"), ["suspend S-1 unsettled"]);
    sandbox.notify("2025-04-07").exits(0);
    sandbox.notify("2025-05-01").exits(0);
    assert_eq!(steps(&night(&sandbox, "2025-05-08"), "actions"), ["terminate S-1 final_notice_served"]);
    let came = sandbox.pay("2025-05-09;124,00;T-1;K-1;;;;\n", "2025-05-09").exits(3).json();
    assert_eq!(came["attention"][0]["service"], "S-1", "{came}");
}

#[test]
fn money_that_names_a_service_is_kept_for_it_and_a_person_is_asked_where_it_would_help_another() {
    let sandbox = two_services();
    let later = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-7;K-1;hosting;Φιλοξενία;zeta.example;100,00;12;2025-12-31\n";
    sandbox.import("services", later, "2025-02-01").exits(0);
    record(&sandbox, "2025-02-01", &["cancel", "S-3"]).exits(0);
    told_in_full(&sandbox);
    // 124,00 for S-7, which is not charged yet, while S-1 of the same price is overdue
    sandbox.pay("2025-04-06;124,00;T-1;K-1;S-7;;;\n", "2025-04-06").exits(0);
    let known = explain(&sandbox, "K-1", "2025-04-06");
    assert_eq!(known["credit_cents"], 12_400, "{known}");
    let card = sandbox.run(&[
        "notify",
        "--customer",
        "K-1",
        "--now",
        "--dry-run",
        "--json",
        "--as-of",
        "2025-04-06",
    ]);
    assert_eq!(card.exits(0).json()["messages"][0]["total_cents"], 12_400, "it is not subtracted");
    let held = night(&sandbox, "2025-04-07");
    assert!(steps(&held, "withheld").contains(&"suspend S-1 payment_pending".to_owned()), "{held}");
    assert!(held["withheld"].to_string().contains("--for any"), "{held}");
    // freed, it pays what is open at once
    let id = explain(&sandbox, "K-1", "2025-04-07")["payments"][0]["payment"].to_string();
    record(&sandbox, "2025-04-07", &["assign", &id, "K-1", "--for", "any"]).exits(0);
    let done = night(&sandbox, "2025-04-08");
    assert!(steps(&done, "actions").contains(&"renew S-1 settled".to_owned()), "{done}");
}

#[test]
fn money_kept_for_a_service_pays_its_next_charge_and_is_free_once_that_service_is_gone() {
    let sandbox = two_services();
    sandbox.pay("2025-02-05;62,00;T-1;K-1;S-3;;;\n", "2025-02-05").exits(0);
    assert_eq!(credit(&sandbox, "2025-02-05"), 6_200);
    sandbox.notify("2025-03-01").exits(0);
    assert_eq!(steps(&night(&sandbox, "2025-03-01"), "actions"), ["renew S-3 settled"]);
    let sandbox = two_services();
    sandbox.pay("2025-02-05;124,00;T-1;K-1;S-3;;;\n", "2025-02-05").exits(0);
    record(&sandbox, "2025-02-06", &["end", "S-3"]).exits(0);
    sandbox.notify("2025-03-01").exits(0);
    assert_eq!(steps(&night(&sandbox, "2025-03-01"), "actions"), ["renew S-1 settled"]);
}

#[test]
fn what_a_payment_names_goes_before_the_account_it_comes_from() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    let head = "date;amount;bank_ref;customer;services;reference;payer;payer_iban;note\n";
    let iban = "GR9608100010000001234567890";
    let pay = |row: String, day: &str| sandbox.import("payments", format!("{head}{row}"), day);
    pay(format!("2025-03-01;1,00;T-1;K-2;;;;{iban};\n"), "2025-03-01").exits(0);
    // K-2's father pays for K-1, by its service
    let ran = pay(format!("2025-03-02;124,00;T-2;;S-1;;;{iban};\n"), "2025-03-02").exits(0).json();
    assert_eq!(ran["matched"], 1, "{ran}");
    assert_eq!(steps(&night(&sandbox, "2025-03-02"), "actions"), ["renew S-1 settled"]);
    // an assignment made once teaches nothing
    let other = "GR1201000230000000481090510";
    pay(format!("2025-03-03;5,00;T-3;;;;;{other};\n"), "2025-03-03").exits(3);
    let id =
        sandbox.run(&["status", "--json", "--as-of", "2025-03-03"]).json()["unmatched"][0]["id"].to_string();
    record(&sandbox, "2025-03-03", &["assign", &id, "K-2", "--once"]).exits(0);
    assert_eq!(
        pay(format!("2025-03-04;6,00;T-4;;;;;{other};\n"), "2025-03-04").exits(3).json()["unmatched"],
        1
    );
}

#[test]
fn a_write_off_neither_renews_nor_reinstates_and_a_discount_of_the_whole_does() {
    let sandbox = Sandbox::with_company("2025-02-01");
    told_in_full(&sandbox);
    assert_eq!(steps(&night(&sandbox, "2025-04-07"), "actions"), ["suspend S-1 unsettled"]);
    sandbox.pay("2025-04-08;24,00;T-1;K-1;;;;\n", "2025-04-08").exits(0);
    let said = record(&sandbox, "2025-04-08", &["writeoff", "S-1"]).exits(0).json();
    assert_eq!(said["attention"][0]["kind"], "late_money", "what was paid for it is credit: {said}");
    assert_eq!(credit(&sandbox, "2025-04-08"), 2_400);
    assert_eq!(steps(&night(&sandbox, "2025-04-08"), "actions"), Vec::<String>::new());
    // its data goes as announced, and its final asks for nothing
    sandbox.notify("2025-04-08").exits(0);
    let last = sandbox.notify("2025-05-01").exits(0).json();
    assert_eq!(stages(&last, "K-1"), ["S-1 final"], "{last}");
    assert_eq!(last["messages"][0]["total_cents"], 0, "{last}");
    let sandbox = Sandbox::with_company("2025-02-01");
    told_in_full(&sandbox);
    night(&sandbox, "2025-04-07");
    record(&sandbox, "2025-04-08", &["discount", "S-1", "124,00"]).exits(0);
    assert_eq!(
        steps(&night(&sandbox, "2025-04-08"), "actions"),
        ["renew S-1 settled", "reinstate S-1 settled"]
    );
}

#[test]
fn an_active_service_whose_period_was_written_off_lapses() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-02", &["writeoff", "S-1"]).exits(0);
    assert_eq!(sandbox.notify("2025-03-16").exits(0).json()["totals"]["messages"], 0);
    assert_eq!(steps(&night(&sandbox, "2025-03-30"), "actions"), Vec::<String>::new());
    assert_eq!(steps(&night(&sandbox, "2025-03-31"), "actions"), ["suspend S-1 cancelled"]);
}

#[test]
fn who_lapsed_and_was_moved_to_another_period_runs_again_when_that_is_paid() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-02", &["writeoff", "S-1"]).exits(0);
    assert_eq!(steps(&night(&sandbox, "2025-03-31"), "actions"), ["suspend S-1 cancelled"]);
    // staff correct the expiry: another period is asked for, and paid
    let head = "code;customer;kind;name;price;period_months;expires_on\n";
    sandbox.file("moved.csv", format!("{head}S-1;K-1;hosting;Φιλοξενία;100;12;2025-04-15\n"));
    sandbox
        .run(&["import", "services", "moved.csv", "--take", "expires_on", "--as-of", "2025-04-01"])
        .exits(0);
    assert_eq!(steps(&night(&sandbox, "2025-04-02"), "actions"), Vec::<String>::new());
    sandbox.pay("2025-04-03;124,00;T-1;K-1;S-1;;;\n", "2025-04-03").exits(0);
    assert_eq!(
        steps(&night(&sandbox, "2025-04-03"), "actions"),
        ["renew S-1 settled", "reinstate S-1 settled"]
    );
    assert_eq!(explain(&sandbox, "S-1", "2025-04-03")["services"][0]["state"], "active");
}

#[test]
fn money_of_nobody_that_may_be_somebodys_keeps_them_running_until_a_person_has_said() {
    let row = |text: &str| format!("2025-04-06;124,00;T-1;;;;{text};\n");
    let name = row("ΠΑΠΑΔΟΠΟΥΛΟΣ ΙΩΑΝΝΗΣ");
    let tax_id = "2025-04-06;124,00;T-1;;;;;για 090000045\n".to_owned();
    for (payment, ending) in [(&name, "assign"), (&tax_id, "ack"), (&name, "time")] {
        let sandbox = Sandbox::with_company("2025-02-01");
        told_in_full(&sandbox);
        sandbox.pay(payment, "2025-04-06").exits(3);
        let held = night(&sandbox, "2025-04-07");
        assert_eq!(steps(&held, "withheld"), ["suspend S-1 payment_pending"], "{held}");
        let id = sandbox.run(&["status", "--json", "--as-of", "2025-04-07"]).json()["unmatched"][0]["id"]
            .to_string();
        match ending {
            "assign" => {
                record(&sandbox, "2025-04-07", &["assign", &id, "K-1"]).exits(0);
                assert_eq!(steps(&night(&sandbox, "2025-04-08"), "actions"), ["renew S-1 settled"]);
            }
            "ack" => {
                record(&sandbox, "2025-04-07", &["ack", &id]).exits(0);
                assert_eq!(steps(&night(&sandbox, "2025-04-08"), "actions"), ["suspend S-1 unsettled"]);
            }
            _ => {
                assert_eq!(steps(&night(&sandbox, "2025-05-06"), "actions"), Vec::<String>::new());
                assert_eq!(steps(&night(&sandbox, "2025-05-07"), "actions"), ["suspend S-1 unsettled"]);
            }
        }
        sandbox.run(&["check"]).exits(0);
    }
}

#[test]
fn money_of_somebody_whose_name_carries_old_accents_protects_them_too() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox
        .import("customers", "code;name;email\nK-1;Ἑρμῆς Ὀδυσσεύς;a@alpha.example\n", "2025-02-01")
        .exits(0);
    told_in_full(&sandbox);
    sandbox.pay("2025-04-06;124,00;T-1;;;;ΕΡΜΗΣ ΟΔΥΣΣΕΥΣ;\n", "2025-04-06").exits(3);
    let held = night(&sandbox, "2025-04-07");
    assert_eq!(steps(&held, "withheld"), ["suspend S-1 payment_pending"], "{held}");
}

#[test]
fn money_that_covers_the_debt_with_the_credit_only_counts_as_well_and_too_little_does_not() {
    for (cents, kept) in [("100,00", true), ("99,99", false)] {
        let sandbox = Sandbox::with_company("2025-02-01");
        told_in_full(&sandbox);
        sandbox.pay("2025-04-05;24,00;T-0;K-1;;;;\n", "2025-04-05").exits(0);
        // two references in one text: nobody's, and it may be either's
        let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
        let mut statement = database.prepare("SELECT reference FROM customers ORDER BY code").unwrap();
        let references: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let row = format!("2025-04-06;{cents};T-1;;;;;{}\n", references.join(" και "));
        sandbox.pay(&row, "2025-04-06").exits(3);
        let ran = night(&sandbox, "2025-04-07");
        let word = if kept { "withheld" } else { "actions" };
        assert_eq!(steps(&ran, word).len(), 1, "{cents}: {ran}");
    }
}

#[test]
fn a_period_given_away_whole_is_still_given_away_when_its_end_was_a_mistake() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-02", &["discount", "S-1", "124,00"]).exits(0);
    record(&sandbox, "2025-03-02", &["end", "S-1"]).exits(0);
    record(&sandbox, "2025-03-02", &["end", "S-1", "--undo"]).exits(0);
    assert_eq!(steps(&night(&sandbox, "2025-03-03"), "actions"), ["renew S-1 settled"]);
}

#[test]
fn a_price_below_what_was_taken_off_already_is_refused() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-02", &["discount", "S-1", "50,00"]).exits(0);
    let refused = record(&sandbox, "2025-03-02", &["reprice", "S-1", "40,00"]).exits(1);
    assert!(refused.stderr.contains("were taken off the open charge of `S-1`"), "{refused:?}");
    record(&sandbox, "2025-03-02", &["reprice", "S-1", "50,00"]).exits(0);
    let card = sandbox.notify("2025-03-16").exits(0).json();
    assert_eq!(card["messages"][0]["total_cents"], 1_200, "{card}");
}

#[test]
fn a_cheque_is_a_promise_until_it_is_cleared() {
    let sandbox = Sandbox::with_company("2025-02-01");
    told_in_full(&sandbox);
    let cheque = ["payment", "K-1", "124,00", "--method", "cheque", "--due", "2025-04-20"];
    record(&sandbox, "2025-04-06", &cheque).exits(0);
    assert_eq!(credit(&sandbox, "2025-04-06"), 0);
    assert_eq!(steps(&night(&sandbox, "2025-04-14"), "withheld"), ["suspend S-1 hold"]);
    record(&sandbox, "2025-04-19", &["payment", "K-1", "124,00", "--method", "cheque"]).exits(0);
    assert_eq!(steps(&night(&sandbox, "2025-04-20"), "actions"), ["renew S-1 settled"]);
}

#[test]
fn nobodys_data_is_deleted_for_what_the_money_of_a_service_covers_that_is_deleted_the_same_night() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let more = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-3;K-1;hosting;Φιλοξενία;gamma.example;300,00;12;2025-03-31\n";
    sandbox.import("services", more, "2025-02-01").exits(0);
    // 200,00 towards the dearer one, which is not enough for it
    sandbox.pay("2025-02-20;200,00;T-1;K-1;S-3;;;\n", "2025-02-20").exits(0);
    told_in_full(&sandbox);
    assert_eq!(
        steps(&night(&sandbox, "2025-04-07"), "actions"),
        ["suspend S-1 unsettled", "suspend S-3 unsettled"]
    );
    sandbox.notify("2025-04-07");
    assert_eq!(stages(&sandbox.notify("2025-04-30").json(), "K-1"), ["S-1 final", "S-3 final"]);
    // with the one the money is free, and pays for the other
    let done = night(&sandbox, "2025-05-07");
    assert_eq!(steps(&done, "actions"), ["terminate S-3 final_notice_served"], "{done}");
    assert_eq!(steps(&done, "withheld"), ["terminate S-1 payment_pending"], "{done}");
    let done = night(&sandbox, "2025-05-08");
    assert_eq!(steps(&done, "actions"), ["renew S-1 settled", "reinstate S-1 settled"], "{done}");
}

#[test]
fn money_that_was_given_to_somebody_by_mistake_protects_again_those_whose_reference_it_carries() {
    let sandbox = Sandbox::with_company("2025-02-01");
    told_in_full(&sandbox);
    let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    let mut statement = database.prepare("SELECT reference FROM customers ORDER BY code").unwrap();
    let references: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    // both references in one text: it is nobody's until a person says
    let row = format!("2025-04-05;124,00;T-1;;;{};;\n", references.join(" "));
    sandbox.pay(&row, "2025-04-05").exits(3);
    let id =
        sandbox.run(&["status", "--json", "--as-of", "2025-04-05"]).json()["unmatched"][0]["id"].to_string();
    record(&sandbox, "2025-04-06", &["assign", &id, "K-2"]).exits(0);
    record(&sandbox, "2025-04-06", &["assign", &id, "--undo"]);
    let held = night(&sandbox, "2025-04-07");
    assert_eq!(steps(&held, "withheld"), ["suspend S-1 payment_pending"], "{held}");
}
