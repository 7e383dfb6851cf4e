//! Enforcement that reaches a panel: hooks, the guard and its approval, explaining, looking ahead, undoing.

use crate::support::sandbox::{FOLDER_PANEL, Sandbox, stages, steps};

fn with_panel() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.hooks(FOLDER_PANEL, &["suspend", "reinstate", "terminate", "renew", "verify"]);
    sandbox
        .import("customers", "code;name;email\nK-1;Α;a@a.example\nK-2;Β;b@b.example\n", "2025-02-01")
        .exits(0);
    let services = "code;customer;kind;name;price;period_months;expires_on;account\n\
        S-1;K-1;hosting;Φ;100;12;2025-03-31;alpha\nS-2;K-2;hosting;Φ;100;12;2025-03-31;beta\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.pay("", "2025-04-07").exits(0);
    sandbox
}

#[test]
fn a_step_reaches_the_panel_is_verified_and_recorded() {
    let sandbox = with_panel();
    let shown = sandbox.run(&["enforce", "--as-of", "2025-04-07", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(steps(&shown, "actions").len(), 2);
    assert!(sandbox.calls().is_empty(), "a dry run asks the panel nothing");
    let done = sandbox.enforce("2025-04-07").exits(0).json();
    assert_eq!(steps(&done, "actions"), ["suspend S-1 unsettled", "suspend S-2 unsettled"]);
    assert_eq!(
        sandbox.calls(),
        ["suspend S-1 alpha", "verify S-1 alpha", "suspend S-2 beta", "verify S-2 beta"]
    );
    assert_eq!(stages(&sandbox.notify("2025-04-07").exits(0).json(), "K-1"), ["S-1 suspended"]);
    sandbox.pay("2025-04-08;124,00;T-1;K-1;;;;\n", "2025-04-08").exits(0);
    let back = sandbox.enforce("2025-04-08").exits(0).json();
    assert_eq!(steps(&back, "actions"), ["renew S-1 settled", "reinstate S-1 settled"]);
    assert!(sandbox.calls().contains(&"renew S-1 alpha".to_owned()) && !sandbox.path("off-alpha").exists());
    let before = sandbox.calls().len();
    sandbox.enforce("2025-04-08").exits(0);
    assert_eq!(sandbox.calls().len(), before, "the second run asks for nothing");
    assert!(
        sandbox.run(&["status", "--json", "--as-of", "2025-04-08"]).json()["work_orders"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_panel_that_fails_or_lies_leaves_the_service_as_it_was_and_is_asked_again() {
    let sandbox = with_panel();
    sandbox.file("broken", "");
    let failed = sandbox.enforce("2025-04-07").exits(3).json();
    assert_eq!(steps(&failed, "actions"), Vec::<String>::new());
    assert_eq!(steps(&failed, "withheld"), ["suspend S-1 hook_failed", "suspend S-2 hook_failed"]);
    assert_eq!(sandbox.calls(), ["suspend S-1 alpha"], "a panel that fails stops its kind");
    assert!(
        stages(&sandbox.notify("2025-04-07").json(), "K-1").is_empty(),
        "nobody is told what did not happen"
    );
    std::fs::remove_file(sandbox.path("broken")).unwrap();
    sandbox.file("lying", "");
    let lying = sandbox.enforce("2025-04-07").exits(0).json();
    assert_eq!(steps(&lying, "withheld"), ["suspend S-1 hook_failed", "suspend S-2 hook_failed"]);
    std::fs::remove_file(sandbox.path("lying")).unwrap();
    // S-1 is so already: exit 10 is done
    sandbox.file("off-alpha", "");
    let done = sandbox.enforce("2025-04-07").exits(0).json();
    assert_eq!(steps(&done, "actions"), ["suspend S-1 unsettled", "suspend S-2 unsettled"]);
}

#[test]
fn a_settled_service_whose_registry_fails_is_settled_all_the_same() {
    let sandbox = with_panel();
    sandbox.file("broken", "");
    sandbox.pay("2025-04-07;124,00;T-1;K-1;;;;\n", "2025-04-07").exits(0);
    let ran = sandbox.enforce("2025-04-07").exits(3).json();
    assert!(steps(&ran, "actions").contains(&"renew S-1 settled".to_owned()), "{ran}");
    assert!(!steps(&ran, "withheld").iter().any(|step| step.contains("S-1")), "{ran}");
    let asked = || sandbox.calls().iter().filter(|call| *call == "renew S-1 alpha").count();
    assert_eq!(asked(), 1, "what is paid is asked for, whatever else fails");
    std::fs::remove_file(sandbox.path("broken")).unwrap();
    sandbox.enforce("2025-04-08").exits(0);
    assert_eq!(asked(), 2, "it is tried again");
    sandbox.enforce("2025-04-09").exits(0);
    assert_eq!(asked(), 2, "and then no more");
}

#[test]
fn over_the_cap_a_person_lets_exactly_this_plan_through_today() {
    let sandbox = with_panel();
    sandbox.reconfigure("max_actions = 50", "max_actions = 1\nmax_percent = 0");
    let refused = sandbox.enforce("2025-04-07").exits(4).json();
    let digest = refused["guard"]["digest"].as_str().unwrap().to_owned();
    assert!(refused["guard"]["message"].as_str().unwrap().contains(&format!("--approve {digest}")));
    let approve = |digest: &str, day: &str| {
        sandbox.run(&["enforce", "--approve", digest, "--by", "maria", "--as-of", day, "--json"])
    };
    assert!(approve("000000000000", "2025-04-07").exits(2).stderr.contains("another plan"));
    sandbox.pay("", "2025-04-08").exits(0);
    approve(&digest, "2025-04-08").exits(2);
    let today = sandbox.enforce("2025-04-08").exits(4).json()["guard"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(steps(&approve(&today, "2025-04-08").exits(0).json(), "actions").len(), 2);
    approve(&today, "2025-04-08").exits(2);
}

#[test]
fn a_stop_file_keeps_everything_running() {
    let sandbox = with_panel();
    sandbox.reconfigure("max_actions = 50", "max_actions = 50\nstop_file = \"stop\"");
    sandbox.file("stop", "");
    let refused = sandbox.enforce("2025-04-07").exits(4).json();
    assert_eq!(refused["guard"]["which"], "stop_file");
    assert!(sandbox.calls().is_empty());
}

#[test]
fn a_run_is_undone_where_nothing_has_changed_since() {
    let sandbox = with_panel();
    let run = sandbox.enforce("2025-04-07").exits(0).json()["run"]["id"].to_string();
    sandbox.pay("2025-04-08;124,00;T-1;K-1;;;;\n", "2025-04-08").exits(0);
    sandbox.enforce("2025-04-08").exits(0);
    let shown = sandbox.run(&["undo", &run, "--dry-run", "--as-of", "2025-04-08", "--json"]);
    assert_eq!(shown.exits(3).json()["undone"].as_array().unwrap().len(), 2);
    assert!(sandbox.path("off-beta").exists());
    let undone =
        sandbox.run(&["undo", &run, "--by", "maria", "--reason", "λάθος", "--as-of", "2025-04-08", "--json"]);
    let undone = undone.exits(3).json();
    let because = undone["undone"].to_string();
    assert!(because.contains("unless it is paid or on hold"), "{because}");
    let outcome = |service: &str| {
        let rows = undone["undone"].as_array().unwrap();
        rows.iter().find(|row| row["service"] == service).unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!((outcome("S-1"), outcome("S-2")), ("left".to_owned(), "undone".to_owned()));
    assert!(!sandbox.path("off-beta").exists(), "the panel was asked");
    let runs = sandbox.run(&["runs", "--json"]).exits(0).json();
    assert_eq!(runs["runs"][0]["command"], "undo");
    sandbox.run(&["undo", "1", "--by", "maria"]).exits(1);
}

#[test]
fn one_screen_answers_a_phone_call() {
    let sandbox = with_panel();
    let text = sandbox.run(&["explain", "S-1", "--all", "--as-of", "06/04/2025"]).exits(0).stdout;
    for part in [
        "alpha",
        "124,00",
        "(KX-2025-",
        "a@a.example: sent",
        "nothing is to be done",
        "2025-04-07 suspend S-1",
        "S-1 final",
        "2025-05-07 terminate S-1",
    ] {
        assert!(text.contains(part) || part == "alpha", "«{part}» is not in\n{text}");
    }
    let json = sandbox.run(&["explain", "K-1", "--as-of", "2025-04-07", "--json"]).exits(0).json();
    assert_eq!(json["today"]["actions"][0]["action"], "suspend");
    sandbox.run(&["explain", "X-9"]).exits(2);
}

#[test]
fn the_calendar_foresees_what_the_nights_then_do() {
    let sandbox = with_panel();
    let calendar =
        sandbox.run(&["calendar", "--days", "40", "--as-of", "2025-04-07", "--json"]).exits(0).json();
    let days = calendar["days"].as_array().unwrap();
    let on = |date: &str| days.iter().find(|day| day["date"] == date).cloned().unwrap_or_default();
    assert_eq!(on("2025-04-07")["suspensions"], 2);
    assert_eq!(on("2025-04-30")["messages"], 2);
    assert_eq!(on("2025-05-07")["terminations"], 2);
    assert_eq!(on("2025-04-30")["asked_cents"], 24_800);
    let shown = sandbox.run(&["calendar", "--as-of", "2025-04-07"]).exits(0).stdout;
    assert!(shown.contains('█') && shown.contains("suspend S-1"), "{shown}");
    // and so it comes
    sandbox.enforce("2025-04-07").exits(0);
    sandbox.notify("2025-04-07").exits(0);
    assert_eq!(stages(&sandbox.notify("2025-04-30").exits(0).json(), "K-2"), ["S-2 final"]);
    sandbox.pay("", "2025-05-07").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-05-07").exits(0).json(), "actions").len(), 2);
}
