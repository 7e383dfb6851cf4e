//! Promises: nobody is switched off, deleted or left waiting by surprise. Each test is a sentence of somebody who would
//! be wronged.

use crate::support::sandbox::{CONFIG, Ran, Sandbox, stages, steps};
use serde_json::Value;

fn record(sandbox: &Sandbox, day: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["record"];
    all.extend(arguments);
    all.extend(["--by", "maria", "--reason", "δοκιμή", "--as-of", day]);
    sandbox.run(&all)
}

/// Notices of every day on which the ladder of S-1 (31/3/2025) has one.
fn told() -> Sandbox {
    let sandbox = Sandbox::with_company("2025-02-01");
    for day in
        ["2025-03-01", "2025-03-16", "2025-03-24", "2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"]
    {
        sandbox.notify(day).exits(0);
    }
    sandbox
}

/// Told, and suspended on 7/4.
fn suspended() -> Sandbox {
    let sandbox = told();
    sandbox.pay("", "2025-04-07").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-07").exits(0).json(), "actions"), ["suspend S-1 unsettled"]);
    assert_eq!(stages(&sandbox.notify("2025-04-07").exits(0).json(), "K-1"), ["S-1 suspended"]);
    sandbox
}

/// What a night does with fresh payment data.
fn enforced(sandbox: &Sandbox, day: &str) -> Value {
    sandbox.pay("", day).exits(0);
    let ran = sandbox.enforce(day);
    assert!(matches!(ran.status, 0 | 3), "{ran:?}");
    ran.json()
}

/// The stages told to K-1 on a day.
fn news(sandbox: &Sandbox, day: &str) -> Vec<String> {
    let ran = sandbox.notify(day);
    assert!(matches!(ran.status, 0 | 3), "{ran:?}");
    stages(&ran.json(), "K-1")
}

/// Nights from one day up to another; gives each day on which K-1 was told or S-1 touched, with what.
fn nights(sandbox: &Sandbox, from: &str, to: &str) -> Vec<String> {
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let mut happened = Vec::new();
    for date in day(from).iter_days().take_while(|date| *date <= day(to)) {
        let date = date.to_string();
        for what in steps(&enforced(sandbox, &date), "actions").into_iter().chain(news(sandbox, &date)) {
            happened.push(format!("{date} {what}"));
        }
    }
    happened
}

#[test]
fn data_is_not_deleted_on_a_final_notice_that_a_hold_came_after() {
    let sandbox = suspended();
    assert_eq!(news(&sandbox, "2025-04-30"), ["S-1 final"]);
    record(&sandbox, "2025-05-01", &["hold", "S-1", "2025-10-31"]).exits(0);
    let deleted = steps(&enforced(&sandbox, "2025-11-01"), "withheld");
    assert_eq!(deleted, ["terminate S-1 no_accepted_notice"]);
    // told again, seven days before
    assert_eq!(
        nights(&sandbox, "2025-11-01", "2025-11-08"),
        ["2025-11-01 S-1 final", "2025-11-08 terminate S-1 final_notice_served", "2025-11-08 S-1 terminated"]
    );
}

#[test]
fn a_final_notice_follows_the_hold_and_names_the_day_after_it() {
    let sandbox = suspended();
    assert_eq!(news(&sandbox, "2025-04-30"), ["S-1 final"]);
    record(&sandbox, "2025-05-01", &["hold", "S-1", "2025-05-31"]).exits(0);
    assert_eq!(
        nights(&sandbox, "2025-05-20", "2025-06-02"),
        ["2025-05-25 S-1 final", "2025-06-01 terminate S-1 final_notice_served", "2025-06-01 S-1 terminated"]
    );
}

#[test]
fn data_is_not_deleted_on_a_final_notice_that_an_exemption_came_after() {
    let sandbox = suspended();
    assert_eq!(news(&sandbox, "2025-04-30"), ["S-1 final"]);
    for (word, day) in [("no", "2025-05-02"), ("yes", "2025-06-20")] {
        let rows = format!("code;name;email;enforcement\nK-1;Α;a@alpha.example;{word}\n");
        let file = sandbox.file("customers.csv", rows);
        let file = file.to_str().unwrap();
        sandbox.run(&["import", "customers", file, "--take", "enforcement", "--as-of", day]).exits(0);
    }
    assert_eq!(steps(&enforced(&sandbox, "2025-06-20"), "withheld"), ["terminate S-1 no_accepted_notice"]);
    assert_eq!(
        nights(&sandbox, "2025-06-20", "2025-06-27"),
        ["2025-06-20 S-1 final", "2025-06-27 terminate S-1 final_notice_served", "2025-06-27 S-1 terminated"]
    );
}

#[test]
fn a_suspension_that_was_undone_is_announced_again_and_told_again() {
    let sandbox = told();
    sandbox.pay("", "2025-04-07").exits(0);
    let run = sandbox.enforce("2025-04-07").exits(0).json()["run"]["id"].to_string();
    assert_eq!(news(&sandbox, "2025-04-07"), ["S-1 suspended"]);
    let undo = ["undo", &run, "--by", "maria", "--reason", "λάθος", "--as-of", "2025-04-08", "--json"];
    let undone = sandbox.run(&undo).exits(0).json();
    let because = undone["undone"][0]["because"].as_str().unwrap();
    assert!(
        because.contains("until 2025-04-15") && because.contains("tells them that it runs again"),
        "{because}"
    );
    assert_eq!(
        nights(&sandbox, "2025-04-08", "2025-04-16"),
        [
            "2025-04-08 S-1 reinstated",
            "2025-04-09 S-1 warning",
            "2025-04-16 suspend S-1 unsettled",
            "2025-04-16 S-1 suspended"
        ]
    );
}

#[test]
fn nobody_is_thanked_for_money_when_a_suspension_was_undone() {
    let sandbox = suspended();
    let run = sandbox.run(&["runs", "--json"]).json()["runs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|run| run["command"] == "enforce")
        .unwrap()["id"]
        .to_string();
    sandbox.run(&["undo", &run, "--by", "maria", "--as-of", "2025-04-08"]).exits(0);
    sandbox.notify("2025-04-08").exits(0);
    let sent = sandbox.run(&["outbox", "list", "--all", "--json"]).json();
    let last = sent["messages"].as_array().unwrap().last().unwrap().clone();
    assert!(
        last["subject"].as_str().unwrap().contains("alpha.example (Φιλοξενία): ενεργή και πάλι"),
        "{last}"
    );
    assert!(!last["subject"].as_str().unwrap().contains("νέα λήξη"), "{last}");
    let shown =
        sandbox.run(&["render-card", last["card"].as_str().unwrap(), "--as-sent", "--format", "text"]);
    let shown = if shown.status == 0 {
        shown
    } else {
        sandbox.run(&["render-card", last["card"].as_str().unwrap(), "--format", "text"]).exits(0)
    };
    assert!(!shown.stdout.contains("Σε ευχαριστούμε για την πληρωμή"), "{}", shown.stdout);
}

#[test]
fn what_was_suspended_undone_and_suspended_again_before_the_mail_went_stops_nobodys_mail() {
    let sandbox = told();
    sandbox.pay("", "2025-04-07").exits(0);
    let run = sandbox.enforce("2025-04-07").exits(0).json()["run"]["id"].to_string();
    // nobody was told yet
    let undo =
        ["undo", &run, "--hold-until", "2025-04-08", "--by", "maria", "--as-of", "2025-04-08", "--json"];
    let undone = sandbox.run(&undo).exits(0).json();
    assert!(undone["undone"][0]["because"].as_str().unwrap().contains("was not told of it"), "{undone}");
    let happened = nights(&sandbox, "2025-04-08", "2025-04-14");
    assert_eq!(
        happened,
        ["2025-04-08 S-1 warning", "2025-04-13 suspend S-1 unsettled", "2025-04-13 S-1 suspended"]
    );
    sandbox.run(&["check"]).exits(0);
}

#[test]
fn the_night_after_an_undo_does_not_do_it_again() {
    let sandbox = suspended();
    let runs = sandbox.run(&["runs", "--json"]).json();
    let run = runs["runs"].as_array().unwrap().iter().find(|run| run["command"] == "enforce").unwrap();
    let run = run["id"].to_string();
    let wrong = ["undo", &run, "--service", "S-2", "--by", "maria", "--as-of", "2025-04-08"];
    sandbox.run(&wrong).exits(1);
    let early = ["undo", &run, "--hold-until", "2025-04-01", "--by", "maria", "--as-of", "2025-04-08"];
    sandbox.run(&early).exits(2);
    let undo = [
        "undo",
        &run,
        "--customer",
        "K-1",
        "--hold-until",
        "20/04/2025",
        "--by",
        "maria",
        "--as-of",
        "2025-04-08",
    ];
    sandbox.run(&undo).exits(0);
    for day in ["2025-04-09", "2025-04-20"] {
        assert_eq!(steps(&enforced(&sandbox, day), "withheld"), ["suspend S-1 hold"], "{day}");
    }
}

#[test]
fn nobody_is_asked_to_switch_on_what_nobody_has_switched_off_yet() {
    let sandbox = suspended();
    let orders = || {
        sandbox.run(&["status", "--work-orders", "--json", "--as-of", "2025-04-08"]).json()["work_orders"]
            .clone()
    };
    assert_eq!(orders()[0]["action"], "suspend", "{}", orders());
    let runs = sandbox.run(&["runs", "--json"]).json();
    let run = runs["runs"].as_array().unwrap().iter().find(|run| run["command"] == "enforce").unwrap();
    sandbox.run(&["undo", &run["id"].to_string(), "--by", "maria", "--as-of", "2025-04-08"]).exits(0);
    assert_eq!(orders(), Value::Array(Vec::new()));
}

#[test]
fn what_was_undone_is_left_alone_also_where_its_expiry_is_corrected_meanwhile() {
    let sandbox = told();
    sandbox.pay("2025-04-06;124,00;T-1;K-1;;;;\n", "2025-04-06").exits(0);
    let run = sandbox.enforce("2025-04-06").exits(0).json()["run"]["id"].to_string();
    sandbox.run(&["undo", &run, "--by", "maria", "--as-of", "2025-04-06"]).exits(0);
    let services = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
                    S-1;K-1;hosting;Φιλοξενία;alpha.example;100,00;12;2025-03-25\n";
    let file = sandbox.file("services.csv", services);
    let take =
        ["import", "services", file.to_str().unwrap(), "--take", "expires_on", "--as-of", "2025-04-08"];
    sandbox.run(&take).exits(0);
    for day in ["2025-04-09", "2025-04-13"] {
        assert!(steps(&enforced(&sandbox, day), "actions").is_empty(), "{day}");
    }
    assert_eq!(steps(&enforced(&sandbox, "2025-04-14"), "actions"), ["renew S-1 settled"]);
}

#[test]
fn a_renewal_that_was_undone_is_left_alone_and_comes_after_that() {
    let sandbox = told();
    sandbox.pay("2025-04-06;124,00;T-1;K-1;;;;\n", "2025-04-06").exits(0);
    let run = sandbox.enforce("2025-04-06").exits(0).json()["run"]["id"].to_string();
    let undo = ["undo", &run, "--by", "maria", "--as-of", "2025-04-06", "--json"];
    let because = sandbox.run(&undo).exits(0).json()["undone"][0]["because"].to_string();
    assert!(because.contains("left alone until 2025-04-13"), "{because}");
    for day in ["2025-04-07", "2025-04-13"] {
        assert!(steps(&enforced(&sandbox, day), "actions").is_empty(), "{day}");
    }
    assert_eq!(steps(&enforced(&sandbox, "2025-04-14"), "actions"), ["renew S-1 settled"]);
    assert_eq!(news(&sandbox, "2025-04-14"), ["S-1 renewed"]);
}

#[test]
fn who_takes_a_cancellation_back_is_asked_for_money_before_anything_is_switched_off() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-05", &["cancel", "S-1"]).exits(0);
    assert_eq!(news(&sandbox, "2025-03-05"), ["S-1 cancelled"]);
    // exempt for a while, so it runs on after its expiry
    record(&sandbox, "2025-03-20", &["hold", "S-1", "2025-05-01"]).exits(0);
    record(&sandbox, "2025-05-01", &["cancel", "S-1", "--undo"]).exits(0);
    assert_eq!(steps(&enforced(&sandbox, "2025-05-02"), "withheld"), ["suspend S-1 no_accepted_notice"]);
    let happened = nights(&sandbox, "2025-05-02", "2025-05-12");
    assert_eq!(happened[0], "2025-05-02 S-1 after-5", "{happened:?}");
    assert_eq!(happened[1..], ["2025-05-07 suspend S-1 unsettled", "2025-05-07 S-1 suspended"]);
}

#[test]
fn a_cancellation_is_confirmed_once() {
    let sandbox = Sandbox::with_company("2025-02-01");
    record(&sandbox, "2025-02-10", &["cancel", "S-1"]).exits(0);
    let confirmed = sandbox.notify("2025-02-10").exits(0).json();
    assert_eq!(stages(&confirmed, "K-1"), ["S-1 cancelled"]);
    assert_eq!(confirmed["messages"][0]["total_cents"], 0);
    record(&sandbox, "2025-02-11", &["cancel", "S-1"]).exits(0);
    assert_eq!(news(&sandbox, "2025-02-11"), Vec::<String>::new());
}

#[test]
fn a_cancelled_services_data_is_not_deleted_without_its_final_notice() {
    let sandbox = Sandbox::with_company("2025-02-01");
    record(&sandbox, "2025-02-10", &["cancel", "S-1"]).exits(0);
    let happened = nights(&sandbox, "2025-03-30", "2025-04-30");
    assert_eq!(
        happened,
        [
            "2025-03-31 suspend S-1 cancelled",
            "2025-03-31 S-1 suspended",
            "2025-04-23 S-1 final",
            "2025-04-30 terminate S-1 final_notice_served",
            "2025-04-30 S-1 terminated"
        ]
    );
}

#[test]
fn a_card_that_named_no_day_because_the_customer_was_exempt_then_suspends_nobody() {
    let sandbox = Sandbox::new();
    let customers = |word: &str| format!("code;name;email;enforcement\nK-1;Α;a@alpha.example;{word}\n");
    sandbox.import("customers", customers("no"), "2025-02-01").exits(0);
    let services =
        "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Φ;100;12;2025-03-31\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    for day in ["2025-03-01", "2025-04-05"] {
        let card = sandbox.notify(day).exits(0).json();
        assert_eq!(card["messages"][0]["lines"][0]["suspend_on"], Value::Null, "{card}");
        assert_eq!(card["messages"][0]["lines"][0]["terminate_on"], Value::Null, "{card}");
    }
    let file = sandbox.file("customers.csv", customers("yes"));
    let file = file.to_str().unwrap();
    sandbox.run(&["import", "customers", file, "--take", "enforcement", "--as-of", "2025-04-20"]).exits(0);
    assert_eq!(
        nights(&sandbox, "2025-04-20", "2025-04-26"),
        ["2025-04-20 S-1 warning", "2025-04-25 suspend S-1 unsettled", "2025-04-25 S-1 suspended"]
    );
}

#[test]
fn an_expiry_that_is_corrected_there_and_back_is_told_again_before_anything_is_switched_off() {
    let sandbox = told();
    let correct = |to: &str, day: &str| {
        let row = "code;customer;kind;name;price;period_months;expires_on\n";
        let file = sandbox.file("corrected.csv", format!("{row}S-1;K-1;hosting;Φιλοξενία;100;12;{to}\n"));
        let file = file.to_str().unwrap();
        sandbox.run(&["import", "services", file, "--take", "expires_on", "--as-of", day]).exits(0);
    };
    // somebody typed a later day, and the mistake is found in the summer
    correct("2025-12-31", "2025-04-06");
    assert_eq!(nights(&sandbox, "2025-07-01", "2025-07-02"), [] as [&str; 0]);
    correct("2025-03-31", "2025-07-03");
    assert_eq!(
        nights(&sandbox, "2025-07-03", "2025-07-10"),
        ["2025-07-03 S-1 warning", "2025-07-08 suspend S-1 unsettled", "2025-07-08 S-1 suspended"]
    );
}

#[test]
fn a_policy_that_is_shortened_keeps_the_days_that_were_promised() {
    let sandbox = suspended();
    // the card of 7/4 named 7/5
    sandbox.reconfigure("terminate_after_days = 30", "terminate_after_days = 10");
    assert_eq!(
        nights(&sandbox, "2025-04-17", "2025-05-07"),
        ["2025-04-30 S-1 final", "2025-05-07 terminate S-1 final_notice_served", "2025-05-07 S-1 terminated"]
    );
    let sandbox = told();
    sandbox.reconfigure("suspend_after_days = 7", "suspend_after_days = 1");
    assert_eq!(steps(&enforced(&sandbox, "2025-04-06"), "withheld"), ["suspend S-1 promised_later"]);
    assert_eq!(steps(&enforced(&sandbox, "2025-04-07"), "actions"), ["suspend S-1 unsettled"]);
}

#[test]
fn a_kind_that_is_suspended_from_now_on_warns_those_whose_last_stage_is_past() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("suspend_after_days = 7", "suspend_after_days = \"never\"");
    sandbox.reconfigure("terminate_after_days = 30", "terminate_after_days = \"never\"");
    sandbox.found("2025-02-01");
    for day in ["2025-03-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.reconfigure("suspend_after_days = \"never\"", "suspend_after_days = 7");
    let warned = sandbox.notify("2025-04-20").exits(0).json();
    assert_eq!(stages(&warned, "K-1"), ["S-1 warning"]);
    assert_eq!(warned["messages"][0]["lines"][0]["suspend_on"], "2025-04-25");
    assert!(
        warned["messages"][0]["subject"]
            .as_str()
            .unwrap()
            .contains("Αναστολή στις 25/04/2025: alpha.example")
    );
    // once
    assert_eq!(nights(&sandbox, "2025-04-21", "2025-04-25")[0], "2025-04-25 suspend S-1 unsettled");
}

#[test]
fn a_monthly_service_that_no_stage_reminds_of_is_warned() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("notice_days_before = [30, 15, 7, 1]", "notice_days_before = [30]");
    sandbox.reconfigure("notice_on_expiry = true", "notice_on_expiry = false");
    sandbox.reconfigure("notice_days_after = [1, 5]", "notice_days_after = []");
    sandbox.import("customers", "code;name;email\nK-1;Α;a@a.example\n", "2025-03-01").exits(0);
    let services =
        "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Φ;10;1;2025-03-31\n";
    sandbox.import("services", services, "2025-03-01").exits(0);
    assert_eq!(
        nights(&sandbox, "2025-03-20", "2025-04-08"),
        ["2025-03-31 S-1 warning", "2025-04-07 suspend S-1 unsettled", "2025-04-07 S-1 suspended"]
    );
}

#[test]
fn who_has_no_address_is_told_by_phone_and_that_counts_from_then() {
    let sandbox = Sandbox::new();
    sandbox.import("customers", "code;name;email\nK-1;Α;\n", "2025-02-01").exits(0);
    let services =
        "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Φ;100;12;2025-03-31\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    enforced(&sandbox, "2025-03-05");
    assert_eq!(steps(&enforced(&sandbox, "2025-04-10"), "withheld"), ["suspend S-1 no_accepted_notice"]);
    record(&sandbox, "2025-04-10", &["told", "S-1", "2025-04-09", "--how", "phone"]).exits(1);
    let said = record(&sandbox, "2025-04-10", &["told", "S-1", "11/04/2025", "--how", "phone"]).exits(0);
    assert!(said.stdout.contains("2025-04-15 at the earliest"), "{said:?}");
    assert_eq!(steps(&enforced(&sandbox, "2025-04-14"), "withheld"), ["suspend S-1 no_accepted_notice"]);
    assert_eq!(steps(&enforced(&sandbox, "2025-04-15"), "actions"), ["suspend S-1 unsettled"]);
    // and of the deletion by letter
    record(&sandbox, "2025-05-20", &["told", "S-1", "2025-06-10", "--how", "letter"]).exits(0);
    assert_eq!(steps(&enforced(&sandbox, "2025-06-09"), "withheld"), ["terminate S-1 promised_later"]);
    assert_eq!(steps(&enforced(&sandbox, "2025-06-10"), "actions"), ["terminate S-1 final_notice_served"]);
}

#[test]
fn a_hold_has_bounds_and_the_error_says_them() {
    let sandbox = told();
    for day in ["9999-12-31", "31/12/9999", "0001-01-01"] {
        let refused = record(&sandbox, "2025-04-06", &["hold", "S-1", day]).exits(2);
        assert!(refused.stderr.contains("1990") && refused.stderr.contains("2100"), "{refused:?}");
    }
    record(&sandbox, "2025-04-06", &["hold", "S-1", "2100-12-31"]).exits(0);
    record(&sandbox, "2025-04-06", &["proof", "K-1", "--days", "4000000000"]).exits(2);
    sandbox.run(&["calendar", "--days", "4000000000"]).exits(2);
    for day in ["2025-04-06", "2025-04-20", "2025-11-01"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.run(&["check"]).exits(0);
}

#[test]
fn a_charge_alone_is_told_at_once_again_and_until_it_is_paid() {
    let sandbox = Sandbox::with_company("2025-02-01");
    record(&sandbox, "2025-02-03", &["charge", "K-1", "50,00", "Μεταφορά ιστοσελίδας"]).exits(0);
    let told = sandbox.notify("2025-02-03").exits(0).json();
    let line = &told["messages"][0]["lines"][0];
    assert_eq!((line["stage"].as_str(), line["service"].as_str()), (Some("charged"), None), "{told}");
    assert_eq!(
        (line["due_cents"].as_i64(), told["messages"][0]["total_cents"].as_i64()),
        (Some(6_200), Some(6_200))
    );
    assert!(told["messages"][0]["subject"].as_str().unwrap().contains("Μεταφορά ιστοσελίδας"), "{told}");
    let days = |sandbox: &Sandbox| -> Vec<&'static str> {
        ["2025-02-03", "2025-02-04", "2025-02-05", "2025-02-08", "2025-02-09"]
            .into_iter()
            .filter(|day| !sandbox.notify(day).exits(0).json()["messages"].as_array().unwrap().is_empty())
            .collect()
    };
    assert_eq!(days(&sandbox), ["2025-02-04", "2025-02-08"]);
    let paid = Sandbox::with_company("2025-02-01");
    record(&paid, "2025-02-03", &["charge", "K-1", "50,00", "Μεταφορά", "--service", "S-1"]).exits(0);
    let told = paid.notify("2025-02-03").exits(0).json();
    assert_eq!(stages(&told, "K-1"), ["S-1 charged"]);
    paid.pay("2025-02-03;62,00;T-1;K-1;;;;\n", "2025-02-03").exits(0);
    assert_eq!(days(&paid), Vec::<&str>::new());
}

#[test]
fn a_charge_alone_gets_a_card_on_request() {
    let sandbox = Sandbox::with_company("2025-02-01");
    record(&sandbox, "2025-02-03", &["charge", "K-1", "50,00", "Μεταφορά"]).exits(0);
    sandbox.notify("2025-02-03").exits(0);
    let asked = ["notify", "--customer", "K-1", "--now", "--as-of", "2025-02-05", "--json"];
    let asked = sandbox.run(&asked).exits(0).json();
    assert_eq!(asked["messages"][0]["total_cents"], 6_200, "{asked}");
    assert_eq!(asked["messages"][0]["lines"][0]["stage"], "on_request", "{asked}");
}

#[test]
fn what_is_charged_beside_a_period_that_is_reminded_of_waits_for_the_reminder() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-02", &["charge", "K-1", "50,00", "Μεταφορά"]).exits(0);
    assert_eq!(sandbox.notify("2025-03-02").exits(0).json()["totals"]["messages"], 0);
    let card = sandbox.notify("2025-03-16").exits(0).json();
    assert_eq!(card["messages"][0]["total_cents"], 12_400 + 6_200, "{card}");
}

#[test]
fn who_was_ended_by_mistake_is_what_they_were() {
    let sandbox = suspended();
    record(&sandbox, "2025-04-10", &["end", "S-1"]).exits(0);
    record(&sandbox, "2025-04-10", &["end", "S-1"]).exits(1);
    assert_eq!(steps(&enforced(&sandbox, "2025-04-11"), "actions"), Vec::<String>::new());
    record(&sandbox, "2025-04-12", &["end", "S-1", "--undo"]).exits(0);
    let status = sandbox.run(&["status", "--json", "--as-of", "2025-04-12"]).json();
    let row = &status["suspended"][0];
    assert_eq!(
        (row["service"].as_str(), row["since"].as_str(), row["reason"].as_str()),
        (Some("S-1"), Some("2025-04-07"), Some("nonpayment")),
        "{status}"
    );
    // and who pays is switched on again
    sandbox.pay("2025-04-13;124,00;T-1;K-1;;;;\n", "2025-04-13").exits(0);
    let done = steps(&sandbox.enforce("2025-04-13").exits(0).json(), "actions");
    assert_eq!(done, ["renew S-1 settled", "reinstate S-1 settled"]);
}

#[test]
fn money_that_went_back_after_the_renewal_is_asked_for_and_has_its_steps() {
    let sandbox = told();
    sandbox.pay("2025-04-06;124,00;T-1;K-1;;;;\n", "2025-04-06").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-06").exits(0).json(), "actions"), ["renew S-1 settled"]);
    assert_eq!(news(&sandbox, "2025-04-06"), ["S-1 renewed"]);
    record(&sandbox, "2025-05-10", &["reverse", "T-1"]).exits(0);
    let card = sandbox.notify("2025-05-10").exits(0).json();
    assert_eq!(stages(&card, "K-1"), ["S-1 reopened"]);
    assert!(card["messages"][0]["subject"].as_str().unwrap().contains("επιστράφηκε"), "{card}");
    assert_eq!(card["messages"][0]["lines"][0]["suspend_on"], "2025-05-17");
    assert_eq!(
        nights(&sandbox, "2025-05-11", "2025-05-17"),
        [
            "2025-05-11 S-1 after-1",
            "2025-05-15 S-1 after-5",
            "2025-05-17 suspend S-1 unsettled",
            "2025-05-17 S-1 suspended"
        ]
    );
    // paid at last: it moves no date, and runs again
    sandbox.pay("2025-05-20;124,00;T-2;K-1;;;;\n", "2025-05-20").exits(0);
    let done = steps(&sandbox.enforce("2025-05-20").exits(0).json(), "actions");
    assert_eq!(done, ["reinstate S-1 settled"]);
    assert_eq!(news(&sandbox, "2025-05-20"), ["S-1 reinstated"]);
    let explained = sandbox.run(&["explain", "S-1", "--json", "--as-of", "2025-05-20"]).exits(0).json();
    assert_eq!(explained["services"][0]["expires_on"], "2026-03-31");
}

#[test]
fn who_is_suspended_for_a_period_that_went_back_runs_again_when_it_is_paid_though_the_expiry_was_corrected() {
    let sandbox = told();
    sandbox.pay("2025-04-06;124,00;T-1;K-1;;;;\n", "2025-04-06").exits(0);
    sandbox.enforce("2025-04-06").exits(0);
    record(&sandbox, "2025-05-10", &["reverse", "T-1"]).exits(0);
    assert_eq!(
        nights(&sandbox, "2025-05-10", "2025-05-17"),
        [
            "2025-05-10 S-1 reopened",
            "2025-05-11 S-1 after-1",
            "2025-05-15 S-1 after-5",
            "2025-05-17 suspend S-1 unsettled",
            "2025-05-17 S-1 suspended"
        ]
    );
    // the year that it was renewed for ends two weeks later: it is suspended for the one before all the same
    let row = "code;customer;kind;name;price;period_months;expires_on\n";
    let file = sandbox.file("corrected.csv", format!("{row}S-1;K-1;hosting;Φιλοξενία;100;12;2026-04-15\n"));
    let file = file.to_str().unwrap();
    sandbox.run(&["import", "services", file, "--take", "expires_on", "--as-of", "2025-05-18"]).exits(0);
    sandbox.pay("2025-05-20;124,00;T-2;K-1;;;;\n", "2025-05-20").exits(0);
    let done = steps(&sandbox.enforce("2025-05-20").exits(0).json(), "actions");
    assert_eq!(done, ["reinstate S-1 settled"]);
    assert_eq!(news(&sandbox, "2025-05-20"), ["S-1 reinstated"]);
}

#[test]
fn nobody_is_told_that_they_were_reinstated_by_money_that_went_back() {
    let sandbox = suspended();
    sandbox.pay("2025-04-09;124,00;T-1;K-1;;;;\n", "2025-04-09").exits(0);
    let done = steps(&sandbox.enforce("2025-04-09").exits(0).json(), "actions");
    assert_eq!(done, ["renew S-1 settled", "reinstate S-1 settled"]);
    record(&sandbox, "2025-04-09", &["reverse", "T-1"]).exits(0);
    assert_eq!(news(&sandbox, "2025-04-09"), ["S-1 reopened"]);
}

#[test]
fn a_second_suspension_reinstatement_and_final_notice_are_told_as_the_first_were() {
    let sandbox = told();
    sandbox.pay("2025-04-06;124,00;T-1;K-1;;;;\n", "2025-04-06").exits(0);
    sandbox.enforce("2025-04-06").exits(0);
    let mut stages = Vec::new();
    // the same period is suspended for, paid and taken back twice
    for (back, paid, payment, old) in
        [("2025-05-10", "2025-05-20", "T-2", "T-1"), ("2025-06-10", "2025-06-20", "T-3", "T-2")]
    {
        record(&sandbox, back, &["reverse", old]).exits(0);
        stages.extend(nights(&sandbox, back, &paid.replace("-20", "-18")));
        sandbox.pay(&format!("{paid};124,00;{payment};K-1;;;;\n"), paid).exits(0);
        sandbox.enforce(paid).exits(0);
        stages.extend(news(&sandbox, paid));
    }
    let count = |word: &str| stages.iter().filter(|told| told.ends_with(word)).count();
    assert_eq!(
        (count("S-1 reopened"), count("S-1 suspended"), count("S-1 reinstated")),
        (2, 2, 2),
        "{stages:?}"
    );
}

#[test]
fn a_trials_steps_are_not_told_after_going_live() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{CONFIG}\n[rollout]\nmode = \"live\"\nlive_from = 2025-04-10\ntrial_recipient = \"t@k.example\"\n"
    );
    sandbox.file("konet-billing.toml", text);
    sandbox.found("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-04-08;124,00;T-1;K-1;;;;\n", "2025-04-08").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-08").exits(0).json(), "actions"), ["renew S-1 settled"]);
    assert_eq!(news(&sandbox, "2025-04-10"), Vec::<String>::new());
}

#[test]
fn a_final_notice_that_came_back_is_told_again_where_the_address_is_another() {
    let sandbox = suspended();
    assert_eq!(news(&sandbox, "2025-04-30"), ["S-1 final"]);
    let sql = "UPDATE deliveries SET bounced_on = '2025-05-01' WHERE id = (SELECT max(id) FROM deliveries)";
    rusqlite::Connection::open(sandbox.path("konet.db")).unwrap().execute(sql, []).unwrap();
    assert_eq!(steps(&enforced(&sandbox, "2025-05-07"), "withheld"), ["terminate S-1 no_accepted_notice"]);
    // to the same address it is not told again, but somebody reads of it
    let ran = sandbox.notify("2025-05-07").exits(3);
    assert_eq!(stages(&ran.json(), "K-1"), Vec::<String>::new());
    let listed = sandbox.run(&["status", "--json", "--as-of", "2025-05-07"]).json()["attention"].to_string();
    assert!(listed.contains("S-1") && listed.contains("record told"), "{listed}");
    record(&sandbox, "2025-05-08", &["email", "K-1", "new@alpha.example"]).exits(0);
    assert_eq!(
        nights(&sandbox, "2025-05-08", "2025-05-15"),
        ["2025-05-08 S-1 final", "2025-05-15 terminate S-1 final_notice_served", "2025-05-15 S-1 terminated"]
    );
    let listed = sandbox.run(&["status", "--json", "--as-of", "2025-05-15"]).json()["attention"].to_string();
    assert!(!listed.contains("record told"), "{listed}");
}

#[test]
fn a_record_with_an_unreadable_date_is_listed_and_stops_nobody() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let edit = "PRAGMA ignore_check_constraints = ON; UPDATE services SET expires_on = '2025-02-30' WHERE code = 'S-2'";
    rusqlite::Connection::open(sandbox.path("konet.db")).unwrap().execute_batch(edit).unwrap();
    let told = sandbox.notify("2025-03-01").exits(3).json();
    assert_eq!(stages(&told, "K-1"), ["S-1 before-30"]);
    let skipped = told["skipped"].to_string();
    assert!(skipped.contains("S-2") && skipped.contains("2025-02-30"), "{told}");
    let status = sandbox.run(&["status", "--json", "--as-of", "2025-03-01"]).json();
    assert!(status["held_back"].to_string().contains("2025-02-30"), "{status}");
    let explained = sandbox.run(&["explain", "S-2", "--json", "--as-of", "2025-03-01"]).exits(0).json();
    assert!(explained["services"].to_string().contains("2025-02-30"), "{explained}");
}

/// What the calendar says of some days, each: date, messages, suspensions, terminations.
fn foretold(sandbox: &Sandbox, day: &str, days: &str) -> Vec<String> {
    let calendar = sandbox.run(&["calendar", "--json", "--days", days, "--as-of", day]).exits(0).json();
    let number = |day: &Value, key: &str| day[key].as_u64().unwrap();
    calendar["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| {
            let date = day["date"].as_str().unwrap();
            let counts = ["messages", "suspensions", "terminations"].map(|key| number(day, key));
            format!("{date} {counts:?}")
        })
        .collect()
}

/// The same of the nights that come.
fn came(sandbox: &Sandbox, from: &str, days: usize) -> Vec<String> {
    let mut came = Vec::new();
    for date in from.parse::<chrono::NaiveDate>().unwrap().iter_days().take(days) {
        let date = date.to_string();
        let done = steps(&enforced(sandbox, &date), "actions");
        let count = |word: &str| done.iter().filter(|step| step.starts_with(word)).count();
        let made = sandbox.notify(&date);
        assert!(matches!(made.status, 0 | 3), "{made:?}");
        let messages = made.json()["totals"]["messages"].as_u64().unwrap();
        if !done.is_empty() || messages > 0 {
            came.push(format!("{date} {:?}", [messages, count("suspend") as u64, count("terminate") as u64]));
        }
    }
    came
}

#[test]
fn what_is_foretold_before_going_live_comes() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{CONFIG}\n[rollout]\nmode = \"live\"\nlive_from = 2025-04-10\ntrial_recipient = \"t@k.example\"\n"
    );
    sandbox.file("konet-billing.toml", text);
    sandbox.found("2025-02-01");
    for day in ["2025-03-01", "2025-03-16"] {
        sandbox.notify(day).exits(0);
    }
    // the trial switches nothing off; from 10/4 on the customer is told afresh, and then it goes on
    let foretold = foretold(&sandbox, "2025-03-20", "60");
    assert_eq!(foretold, came(&sandbox, "2025-03-20", 60));
    assert!(foretold.contains(&"2025-04-10 [1, 0, 0]".to_owned()), "{foretold:?}");
    assert!(foretold.contains(&"2025-04-15 [1, 1, 0]".to_owned()), "{foretold:?}");
}

#[test]
fn what_is_foretold_of_holds_exemptions_and_new_prices_comes() {
    let sandbox = suspended();
    record(&sandbox, "2025-04-10", &["hold", "S-1", "2025-05-20"]).exits(0);
    let foretold_first = foretold(&sandbox, "2025-04-10", "60");
    assert_eq!(foretold_first, came(&sandbox, "2025-04-10", 60));
    let sandbox = told();
    record(&sandbox, "2025-04-06", &["hold", "S-1", "2025-04-30"]).exits(0);
    record(&sandbox, "2025-04-06", &["reprice", "S-1", "80,00"]).exits(0);
    let said = foretold(&sandbox, "2025-04-06", "30");
    assert_eq!(said, came(&sandbox, "2025-04-06", 30));
    let exempt = told();
    let file = exempt.file("customers.csv", "code;name;email;enforcement\nK-1;Α;a@alpha.example;no\n");
    let file = file.to_str().unwrap();
    exempt.run(&["import", "customers", file, "--take", "enforcement", "--as-of", "2025-04-06"]).exits(0);
    let said = foretold(&exempt, "2025-04-06", "30");
    assert_eq!(said, came(&exempt, "2025-04-06", 30));
    assert_eq!(said, Vec::<String>::new());
}

#[test]
fn what_is_foretold_while_mail_waits_comes() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for day in ["2025-03-01", "2025-03-31"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.notify("2025-04-05").exits(0);
    // the last card waits still: the mail server was busy
    let sql = "UPDATE deliveries SET state = 'queued', accepted_on = NULL WHERE id = (SELECT max(id) FROM deliveries)";
    rusqlite::Connection::open(sandbox.path("konet.db")).unwrap().execute(sql, []).unwrap();
    let said = foretold(&sandbox, "2025-04-06", "10");
    assert_eq!(said, ["2025-04-06 [1, 0, 0]", "2025-04-07 [1, 1, 0]"]);
    let done = nights(&sandbox, "2025-04-06", "2025-04-07");
    assert!(done.contains(&"2025-04-07 suspend S-1 unsettled".to_owned()), "{done:?}");
}

#[test]
fn of_every_service_the_next_event_is_named_or_what_it_lacks() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let explained = |which: &str, day: &str| -> Value {
        let ran = sandbox.run(&["explain", which, "--json", "--as-of", day]).exits(0).json();
        ran["services"][0].clone()
    };
    // far ahead as well
    assert_eq!(explained("S-1", "2025-02-01")["next"]["on"], "2025-03-01");
    assert_eq!(explained("S-2", "2025-02-01")["next"]["on"], "2025-11-01");
    let more = "code;customer;kind;name;price;period_months;expires_on;state;suspension_reason\n\
        S-3;K-2;custom_app;Εφαρμογή;10;12;2025-04-01;;\n\
        S-4;K-2;hosting;Φ;10;12;2025-12-01;suspended;abuse\n\
        S-5;K-2;hosting;Φ;0;12;2025-12-01;;\n";
    sandbox.import("services", more, "2025-02-02").exits(0);
    for (which, word) in [("S-3", "custom application"), ("S-4", "abuse"), ("S-5", "price is zero")] {
        let view = explained(which, "2025-02-02");
        assert!(view["next"].is_null(), "{view}");
        assert!(view["lacks"].as_str().unwrap().contains(word), "{view}");
    }
    record(&sandbox, "2025-02-03", &["end", "S-3"]).exits(0);
    assert!(explained("S-3", "2025-02-03")["lacks"].as_str().unwrap().contains("end SERVICE --undo"));
    // held for years: what comes then is named
    record(&sandbox, "2025-02-03", &["hold", "S-1", "2027-12-31"]).exits(0);
    let text = sandbox.run(&["explain", "S-1", "--as-of", "2025-04-10"]).exits(0).stdout;
    assert!(text.contains("next: 2025-04-10 card"), "{text}");
    sandbox.notify("2025-04-10").exits(0);
    let text = sandbox.run(&["explain", "S-1", "--as-of", "2025-04-11"]).exits(0).stdout;
    assert!(text.contains("next: 2028-01-01 suspend S-1"), "{text}");
    // no address, so a person must do something
    record(&sandbox, "2025-04-11", &["hold", "S-1", "--none"]).exits(0);
    let sql = "UPDATE customers SET email = '' WHERE code = 'K-1'";
    rusqlite::Connection::open(sandbox.path("konet.db")).unwrap().execute(sql, []).unwrap();
    let lacks = explained("S-1", "2025-04-12")["lacks"].as_str().unwrap().to_owned();
    assert!(lacks.contains("record told SERVICE DATE"), "{lacks}");
}

#[test]
fn rows_that_the_schema_refuses_hold_back_their_customer_and_nobody_else() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    let refuse = "CREATE TRIGGER no BEFORE INSERT ON messages WHEN NEW.customer = 'K-1'
        BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    database.execute_batch(refuse).unwrap();
    let told = sandbox.notify("2025-11-16").exits(3).json();
    assert_eq!(stages(&told, "K-2"), ["S-2 before-15"]);
    assert!(told["skipped"].to_string().contains("not this one"), "{told}");
    let status = sandbox.run(&["status", "--json", "--as-of", "2025-11-16"]).json();
    assert!(status.to_string().contains("no card could be made for `K-1`"), "{status}");
}

#[test]
fn notices_of_every_kind_have_the_key_that_the_program_writes() {
    let sandbox = suspended();
    record(&sandbox, "2025-04-08", &["charge", "K-1", "10", "Μεταφορά"]).exits(0);
    record(&sandbox, "2025-04-08", &["hold", "S-1", "2025-04-09"]).exits(0);
    nights(&sandbox, "2025-04-08", "2025-05-02");
    let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    let mut statement =
        database.prepare("SELECT DISTINCT key FROM notices WHERE cancelled = 0 ORDER BY id").unwrap();
    let keys: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for key in ["S-1|2025-03-31|suspended", "#2|charged", "#2|after-5", "S-1|2025-03-31|final|2"] {
        assert!(keys.contains(&key.to_owned()), "{key} is not in {keys:?}");
    }
    // the journal of what was queued names them alike
    let journalled: String = database
        .query_row("SELECT group_concat(detail, ' ') FROM journal WHERE what = 'message_queued'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(keys.iter().all(|key| journalled.contains(key.as_str())), "{keys:?} {journalled}");
}

#[test]
fn a_cancellation_confirmed_by_a_clock_that_went_back_stops_no_mail_of_that_customer() {
    let sandbox = Sandbox::with_company("2025-02-01");
    record(&sandbox, "2025-03-02", &["cancel", "S-1"]).exits(0);
    let confirmed = sandbox.notify("2025-03-01").exits(0).json();
    assert_eq!(stages(&confirmed, "K-1"), ["S-1 cancelled"]);
    let later = sandbox.notify("2025-03-03").exits(0).json();
    assert_eq!(later["totals"]["messages"], 0, "{later}");
}
