//! Cases in which a program that suspends by itself could suspend a whole company: mass action, the clock,
//! and a database that changes, is edited or breaks under it.
//!
//! | case | where |
//! |---|---|
//! | G1 a day a year ahead | here; `night.rs` a_future_day_is_for_dry_runs_only |
//! | G2 no payments ever imported | `night.rs` without_fresh_payments_or_over_the_cap_nothing_is_suspended |
//! | G3 stale payments | here; the bank days in `core.rs` the_guard_lets_through_what_its_limits_allow_and_not_one_more |
//! | G4 every expiry set into the past | here |
//! | G5 one below the cap, at it, one above | here; the rule in `core.rs` |
//! | G6, G7 yesterday's digest, another plan's | `panel.rs` over_the_cap_a_person_lets_exactly_this_plan_through_today; here a plan that grew |
//! | G8 a stop file | half-way here; from the start here and in `panel.rs` a_stop_file_keeps_everything_running |
//! | G9 undo | after a part here; after a payment `panel.rs` a_run_is_undone_where_nothing_has_changed_since |
//! | G10 the first run ever | here |
//! | C1 each day of a year and more | `diary.rs` four_hundred_days_each_twice; month ends in the units of `billing/period.rs` |
//! | C2 days of 23 and 25 hours | here |
//! | C3 a clock that is wrong | here; a day behind also in `core.rs` |
//! | C4 nights that were missed | here; stages alone in `night.rs` from_the_first_reminder_to_termination_and_what_each_card_names |
//! | C5 midnight passes | here |
//! | D2 damage at random | here; what is no database `bad_input.rs` a_missing_foreign_or_damaged_database_is_refused_and_left_as_it_is |
//! | D4 a restored backup | mail in `kill.rs` a_restored_backup_sends_nothing_twice_and_suspends_nobody; enforcing here |
//! | D5 a payment while the run is under way | here |
//! | D6 rows edited by hand | here |

use crate::support::cards::day;
use crate::support::sandbox::{Ran, Sandbox, stages, steps};
use rusqlite::Connection;
use serde_json::Value;

/// The day on which everything that is due may be suspended.
const TODAY: &str = "2025-04-07";

/// So many customers with a service each that expired on 31/3, was announced, and is due for suspension on
/// [`TODAY`]; and so many others whose service runs.
fn company(due: usize, running: usize) -> Sandbox {
    company_with(due, running, "")
}

/// Such a company, with more services.
fn company_with(due: usize, running: usize, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let all = 1..=due + running;
    let customers: String = all.clone().map(|i| format!("K-{i:02};Πελάτης;k{i}@k.example\n")).collect();
    let services: String = all
        .map(|i| {
            let expires_on = if i <= due { "2025-03-31" } else { "2025-12-31" };
            format!("S-{i:02};K-{i:02};hosting;Φιλοξενία;100;12;{expires_on};a{i:02}\n")
        })
        .collect();
    let services =
        format!("code;customer;kind;name;price;period_months;expires_on;account\n{services}{more}");
    sandbox.import("customers", format!("code;name;email\n{customers}"), "2025-02-01").exits(0);
    sandbox.import("services", services, "2025-02-01").exits(0);
    assert_eq!(sandbox.notify("2025-03-31").exits(0).json()["totals"]["sent"], due);
    sandbox.pay("", TODAY).exits(0);
    sandbox
}

fn dry(sandbox: &Sandbox, on: &str) -> Ran {
    sandbox.run(&["enforce", "--dry-run", "--as-of", on, "--json"])
}

/// What was suspended or terminated.
fn harsh(enforced: &Value) -> Vec<String> {
    let done = steps(enforced, "actions");
    done.into_iter().filter(|step| step.starts_with("suspend") || step.starts_with("terminate")).collect()
}

fn sql(sandbox: &Sandbox, text: &str) -> rusqlite::Result<()> {
    Connection::open(sandbox.path("konet.db")).unwrap().execute_batch(text)
}

fn states(sandbox: &Sandbox) -> Vec<String> {
    let connection = Connection::open(sandbox.path("konet.db")).unwrap();
    let mut statement =
        connection.prepare("SELECT code || ' ' || state FROM services ORDER BY code").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Makes a script the hook of every step.
fn hooks(sandbox: &Sandbox, script: &str) {
    sandbox.hooks(script, &["suspend", "reinstate", "terminate"]);
}

// ---- mass action --------------------------------------------------------------------------------------

#[test]
fn a_day_a_year_ahead_suspends_nobody() {
    let sandbox = company(3, 3);
    let ahead = (konet_billing::clock::now() + chrono::Days::new(365)).date_naive().to_string();
    let refused = sandbox.run(&["enforce", "--as-of", &ahead]).exits(2);
    assert!(refused.stderr.contains("--dry-run"), "{refused:?}");
    let shown = dry(&sandbox, &ahead).exits(4).json();
    assert_eq!(harsh(&shown), Vec::<String>::new());
    assert_eq!(shown["guard"]["which"], "payments");
}

#[test]
fn payments_that_are_too_old_suspend_nobody_and_keep_nobody_from_being_renewed() {
    let sandbox = company(2, 0);
    sandbox.pay("2025-04-07;124,00;T-1;K-02;;;;\n", TODAY).exits(0);
    // Monday 7/4; Thursday is the third bank day after it
    let stale = sandbox.enforce("2025-04-10").exits(4).json();
    assert_eq!(steps(&stale, "actions"), ["renew S-02 settled"]);
    assert_eq!(steps(&stale, "withheld"), ["suspend S-01 stale_payments"]);
    assert!(stale["guard"]["message"].as_str().unwrap().contains("2025-04-07"), "{stale}");
    sandbox.pay("", "2025-04-10").exits(0);
    assert_eq!(harsh(&sandbox.enforce("2025-04-10").exits(0).json()), ["suspend S-01 unsettled"]);
}

#[test]
fn expiries_that_all_lie_in_the_past_suspend_nobody_untold_and_then_nobody_over_the_cap() {
    let sandbox = company(0, 12);
    sandbox.reconfigure("max_actions = 50", "max_actions = 5\nmax_percent = 2");
    sql(&sandbox, "UPDATE services SET expires_on = '2025-03-01'").unwrap();
    let first = sandbox.enforce(TODAY).exits(0).json();
    assert_eq!(harsh(&first), Vec::<String>::new());
    // that very night everybody is told; from the day named on, the cap is what stands between
    sandbox.notify(TODAY).exits(0);
    for on in ["2025-04-14", "2025-04-15"] {
        sandbox.pay("", on).exits(0);
        let later = sandbox.enforce(on).exits(4).json();
        assert_eq!(harsh(&later), Vec::<String>::new());
        assert_eq!(later["guard"]["which"], "max_actions");
        assert_eq!((&later["guard"]["actions"], &later["guard"]["limit"]), (&12.into(), &5.into()));
    }
    assert!(states(&sandbox).iter().all(|state| state.ends_with(" active")));
}

#[test]
fn a_cap_lets_through_exactly_what_it_says() {
    let sandbox = company(10, 90);
    let cap = |which: &str, figures: &str, on: &str| {
        let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
        sandbox
            .file("konet-billing.toml", config.replace("max_actions = 50\nmax_terminations = 50", figures));
        let ran = dry(&sandbox, on);
        sandbox.file("konet-billing.toml", &config);
        let refused = ran.status == 4;
        let shown = ran.json();
        assert_eq!(shown["guard"].is_null(), !refused, "{figures}");
        assert!(!refused || shown["guard"]["which"] == which, "{figures}: {shown}");
        // all or nothing
        assert_eq!(harsh(&shown).len(), if refused { 0 } else { 10 }, "{figures}");
        refused
    };
    for (figures, refused) in [
        ("max_actions = 9\nmax_percent = 0", true),
        ("max_actions = 10\nmax_percent = 0", false),
        ("max_actions = 11\nmax_percent = 0", false),
        ("max_actions = 0\nmax_percent = 9", true),
        ("max_actions = 0\nmax_percent = 10", false),
        ("max_actions = 0\nmax_percent = 11", false),
        ("max_actions = 10\nmax_percent = 9", false),
        // a cap for deletions is none for suspensions
        ("max_actions = 10\nmax_percent = 0\nmax_terminations = 0", false),
    ] {
        assert_eq!(cap("max_actions", figures, TODAY), refused, "{figures}");
    }
    assert_eq!(harsh(&sandbox.enforce(TODAY).exits(0).json()).len(), 10);
    sandbox.notify(TODAY).exits(0);
    sandbox.notify("2025-04-30").exits(0);
    sandbox.pay("", "2025-05-07").exits(0);
    for (figures, refused) in [
        ("max_actions = 50\nmax_terminations = 9", true),
        ("max_actions = 50\nmax_terminations = 10", false),
        ("max_actions = 50\nmax_terminations = 11", false),
    ] {
        assert_eq!(cap("max_terminations", figures, "2025-05-07"), refused, "{figures}");
    }
    // deletions count among the actions as well
    assert!(cap("max_actions", "max_actions = 9\nmax_percent = 0\nmax_terminations = 10", "2025-05-07"));
}

#[test]
fn an_approval_is_of_the_plan_that_was_seen_and_opens_no_gate() {
    let sandbox = company(3, 0);
    sandbox.reconfigure("max_actions = 50", "max_actions = 1\nmax_percent = 0");
    let approve = |digest: &str| {
        sandbox.run(&["enforce", "--approve", digest, "--by", "maria", "--as-of", TODAY, "--json"])
    };
    let digest = |ran: Ran| ran.exits(4).json()["guard"]["digest"].as_str().unwrap().to_owned();
    let seen = digest(dry(&sandbox, TODAY));
    // one of them paid: the plan is another, though smaller
    sandbox.pay("2025-04-07;124,00;T-1;K-02;;;;\n", TODAY).exits(0);
    assert!(approve(&seen).exits(2).stderr.contains("another plan"));
    let now = digest(dry(&sandbox, TODAY));
    assert_ne!(seen, now);
    // without the name of a person nothing is approved
    let nobody = sandbox.run(&["enforce", "--approve", &now, "--as-of", TODAY]).exits(2);
    assert!(nobody.stderr.contains("--by"), "{nobody:?}");
    sandbox.reconfigure("max_actions = 1", "stop_file = \"stop\"\nmax_actions = 1");
    sandbox.file("stop", "");
    assert!(approve(&now).exits(2).stderr.contains("no cap"));
    std::fs::remove_file(sandbox.path("stop")).unwrap();
    assert_eq!(harsh(&approve(&now).exits(0).json()), ["suspend S-01 unsettled", "suspend S-03 unsettled"]);
}

#[test]
fn a_stop_file_stops_suspensions_and_nothing_else() {
    let sandbox = company(3, 0);
    sandbox.reconfigure("max_actions = 50", "max_actions = 50\nstop_file = \"stop\"");
    sandbox.file("stop", "");
    sandbox.pay("2025-04-07;124,00;T-1;K-02;;;;\n", TODAY).exits(0);
    let ran = sandbox.enforce(TODAY).exits(4).json();
    assert_eq!(steps(&ran, "actions"), ["renew S-02 settled"]);
    assert_eq!(steps(&ran, "withheld"), ["suspend S-01 gate", "suspend S-03 gate"]);
}

#[test]
fn a_stop_file_half_way_stops_within_one_action_and_what_was_done_can_be_undone() {
    let sandbox = company(4, 1);
    sandbox.reconfigure("max_actions = 50", "max_actions = 50\nstop_file = \"stop\"");
    hooks(
        &sandbox,
        "echo \"$1 $KONET_ACCOUNT\" >> calls\n[ \"$KONET_ACCOUNT\" = a02 ] && touch stop\nexit 0\n",
    );
    let before = states(&sandbox);
    // a payment that came in is not what the file stops
    sandbox.pay("2025-04-07;124,00;T-1;K-04;;;;\n", TODAY).exits(0);
    let ran = sandbox.enforce(TODAY).exits(4).json();
    assert_eq!(sandbox.calls(), ["suspend a01", "suspend a02"]);
    assert_eq!(
        steps(&ran, "actions"),
        ["renew S-04 settled", "suspend S-01 unsettled", "suspend S-02 unsettled"]
    );
    assert_eq!(steps(&ran, "withheld"), ["suspend S-03 gate"]);
    assert_eq!(ran["guard"]["which"], "stop_file");
    assert!(ran["withheld"][0]["because"].as_str().unwrap().contains("stop file"), "{ran}");
    let run = ran["run"]["id"].to_string();
    let undo =
        || sandbox.run(&["undo", &run, "--by", "maria", "--reason", "λάθος", "--as-of", TODAY, "--json"]);
    let undone = undo().exits(0).json();
    let outcomes: Vec<String> = undone["undone"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["service"].as_str().unwrap(), row["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, ["S-04 undone", "S-01 undone", "S-02 undone"]);
    assert_eq!(states(&sandbox), before);
    assert_eq!(sandbox.calls()[2..], ["reinstate a01", "reinstate a02"]);
    // once is enough
    undo().exits(3);
    assert_eq!(sandbox.calls().len(), 4);
    assert_eq!(states(&sandbox), before);
}

#[test]
fn the_first_run_ever_tells_and_takes_no_step() {
    let sandbox = Sandbox::new();
    let services = "code;customer;kind;name;price;period_months;expires_on\n\
        S-1;K-1;hosting;Φ;100;12;2025-03-20\nS-2;K-1;domain;Φ;20;12;2025-02-25\nS-3;K-2;hosting;Φ;100;12;2024-11-30\n\
        S-4;K-2;hosting;Φ;100;12;2025-04-10\n";
    sandbox.import("customers", "code;name;email\nK-1;Α;a@a.example\nK-2;Β;b@b.example\n", TODAY).exits(0);
    sandbox.import("services", services, TODAY);
    sandbox.file("inbox/payments.csv", crate::support::sandbox::PAYMENTS_HEAD);
    let night = sandbox.run(&["nightly", "--as-of", TODAY, "--json"]).exits(3).json();
    assert_eq!(harsh(&night["enforce"]), Vec::<String>::new());
    let mut told = stages(&night["notify"], "K-1");
    told.sort();
    assert_eq!(told, ["S-1 after-5", "S-2 after-5"]);
    assert_eq!(night["notify"]["totals"]["messages"], 2);
    assert!(!stages(&night["notify"], "K-2").iter().any(|stage| stage.starts_with("S-3")), "long expired");
    // and then like any other: not before the days that the card named
    for (on, suspended) in [("2025-04-11", 0), ("2025-04-13", 0), ("2025-04-14", 2)] {
        sandbox.pay("", on).exits(0);
        assert_eq!(harsh(&sandbox.enforce(on).exits(0).json()).len(), suspended, "{on}");
    }
}

// ---- the clock ----------------------------------------------------------------------------------------

#[test]
fn the_days_of_23_and_25_hours_are_days_like_others() {
    use chrono::TimeZone;
    use konet_billing::clock;
    // cron at 03:30: an hour that comes twice in October and never in March
    for (utc, athens) in [
        ("2026-10-24 20:59:59", "2026-10-24"),
        ("2026-10-24 21:00:00", "2026-10-25"),
        ("2026-10-25 00:30:00", "2026-10-25"),
        ("2026-10-25 01:30:00", "2026-10-25"),
        ("2026-10-25 21:59:59", "2026-10-25"),
        ("2026-10-25 22:00:00", "2026-10-26"),
        ("2026-03-28 22:00:00", "2026-03-29"),
        ("2026-03-29 00:59:59", "2026-03-29"),
        ("2026-03-29 01:00:00", "2026-03-29"),
        ("2026-03-29 20:59:59", "2026-03-29"),
        ("2026-03-29 21:00:00", "2026-03-30"),
    ] {
        let moment = chrono::NaiveDateTime::parse_from_str(utc, "%Y-%m-%d %H:%M:%S").unwrap();
        let moment = chrono_tz::Europe::Athens.from_utc_datetime(&moment);
        assert_eq!(clock::day(moment, None, false).unwrap(), day(athens), "{utc}");
    }
    for (expiry, night) in [
        ("2026-03-30", "2026-03-29"),
        ("2026-10-26", "2026-10-25"),
        ("2025-03-31", "2025-03-30"),
        ("2025-10-27", "2025-10-26"),
    ] {
        let sandbox = Sandbox::new();
        let services = format!(
            "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Φ;10;12;{expiry}\n"
        );
        sandbox.import("customers", "code;name;email\nK-1;Α;a@a.example\n", "2025-01-10").exits(0);
        sandbox.import("services", services, "2025-01-10").exits(0);
        let nightly = |on: &str| sandbox.run(&["nightly", "--as-of", on, "--json"]).exits(0).json();
        assert_eq!(stages(&nightly(night)["notify"], "K-1"), ["S-1 before-1"]);
        let twice = nightly(night);
        assert_eq!(
            (&twice["notify"]["totals"]["messages"], &twice["enforce"]["actions"]),
            (&0.into(), &Value::Array(vec![]))
        );
        assert_eq!(stages(&nightly(expiry)["notify"], "K-1"), ["S-1 expiry"]);
    }
}

#[test]
fn a_clock_that_is_behind_suspends_nobody_and_the_rest_goes_on() {
    let sandbox = company(2, 1);
    // the last run worked for a later day than this one
    sandbox.run(&["notify", "--customer", "K-03", "--as-of", "2025-04-08"]).exits(0);
    sandbox.pay("2025-04-07;124,00;T-1;K-02;;;;\n", TODAY).exits(0);
    let behind = sandbox.enforce(TODAY).exits(4).json();
    assert_eq!(behind["guard"]["which"], "clock");
    assert_eq!(steps(&behind, "actions"), ["renew S-02 settled"]);
    assert_eq!(steps(&behind, "withheld"), ["suspend S-01 gate"]);
    for on in ["2025-04-06", "1970-01-01"] {
        sandbox.pay("", on).exits(0);
        assert_eq!(harsh(&sandbox.enforce(on).exits(0).json()), Vec::<String>::new(), "{on}");
        sandbox.notify(on).exits(0);
        let night = sandbox.run(&["nightly", "--as-of", on, "--json"]).exits(0).json();
        assert_eq!(harsh(&night["enforce"]), Vec::<String>::new(), "{on}");
    }
    // an import with a clock that was behind does not make the payments older than they are
    assert_eq!(harsh(&sandbox.enforce("2025-04-08").exits(0).json()), ["suspend S-01 unsettled"]);
}

#[test]
fn a_clock_that_ran_ahead_once_is_forgiven_by_a_person() {
    let sandbox = company(1, 1);
    // the night of a machine whose clock stood in 2038
    let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    let sql =
        "INSERT INTO runs (command, as_of, mode, started_at) VALUES ('nightly', '2038-01-19', 'live', 'x')";
    database.execute(sql, []).unwrap();
    drop(database);
    let closed = sandbox.enforce(TODAY).exits(4).json();
    assert!(closed["guard"]["message"].as_str().unwrap().contains("record ack clock"), "{closed}");
    sandbox.run(&["record", "ack", "clock", "--by", "maria", "--reason", "BIOS", "--as-of", TODAY]).exits(0);
    assert_eq!(harsh(&sandbox.enforce(TODAY).exits(0).json()), ["suspend S-01 unsettled"]);
    // from then on the gate watches again
    assert_eq!(sandbox.enforce("2025-04-06").json()["actions"], serde_json::json!([]));
    sandbox.run(&["record", "ack", "clock", "--by", "maria", "--as-of", TODAY]).exits(1);
}

#[test]
fn a_clock_far_ahead_suspends_nobody() {
    let sandbox = company(2, 1);
    for on in ["2038-01-19", "2038-01-20", "9900-12-31"] {
        for command in ["enforce", "notify", "nightly"] {
            sandbox.run(&[command, "--as-of", on]).exits(2);
        }
        let shown = dry(&sandbox, on).exits(4).json();
        assert_eq!(harsh(&shown), Vec::<String>::new(), "{on}");
        assert_eq!(shown["guard"]["which"], "payments");
        for command in ["notify", "nightly"] {
            let ran = sandbox.run(&[command, "--dry-run", "--as-of", on, "--json"]);
            assert!(matches!(ran.status, 0 | 3 | 4), "{on} {command}: {ran:?}");
            ran.json();
        }
    }
    // the last day there is has no days after it to count to
    for command in ["enforce", "notify", "nightly"] {
        let ran = sandbox.run(&[command, "--dry-run", "--as-of", "9999-12-31"]).exits(2);
        assert!(ran.stderr.contains("check the clock"), "{ran:?}");
    }
    let moment = chrono::TimeZone::with_ymd_and_hms(&chrono_tz::Europe::Athens, 9999, 12, 31, 3, 30, 0);
    assert!(konet_billing::clock::day(moment.unwrap(), None, false).is_err());
    // no such days
    for on in ["2025-02-30", "0000-00-00", "31/04/2025", "07/2025", "10000-01-01"] {
        sandbox.run(&["enforce", "--as-of", on]).exits(2);
    }
    assert_eq!(states(&sandbox), ["S-01 active", "S-02 active", "S-03 active"]);
}

#[test]
fn missed_nights_are_made_up_for_with_one_mail_and_nobody_is_suspended_untold() {
    let services =
        "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Φ;10;12;2025-03-31\n";
    let nightly = |sandbox: &Sandbox, on: &str| {
        sandbox.pay("", on).exits(0);
        sandbox.run(&["nightly", "--as-of", on, "--json"]).exits(0).json()
    };
    // the night before the first reminder, then so many nights without a run
    for (missed, back, told) in
        [(1, "2025-03-02", "before-30"), (7, "2025-03-08", "before-30"), (60, "2025-04-30", "after-5")]
    {
        let sandbox = Sandbox::new();
        sandbox.import("customers", "code;name;email\nK-1;Α;a@a.example\n", "2025-02-01").exits(0);
        sandbox.import("services", services, "2025-02-01").exits(0);
        assert_eq!(day("2025-02-28") + chrono::Days::new(missed + 1), day(back));
        assert_eq!(nightly(&sandbox, "2025-02-28")["notify"]["totals"]["messages"], 0);
        let night = nightly(&sandbox, back);
        assert_eq!(stages(&night["notify"], "K-1"), [format!("S-1 {told}")], "{missed} nights");
        assert_eq!(night["notify"]["totals"]["messages"], 1);
        assert_eq!(harsh(&night["enforce"]), Vec::<String>::new());
        if missed == 60 {
            // the days count from the night that told it, though the service expired a month ago
            assert_eq!(night["notify"]["messages"][0]["lines"][0]["suspend_on"], "2025-05-07");
            assert_eq!(harsh(&nightly(&sandbox, "2025-05-06")["enforce"]), Vec::<String>::new());
            assert_eq!(harsh(&nightly(&sandbox, "2025-05-07")["enforce"]), ["suspend S-1 unsettled"]);
        }
    }
}

#[test]
fn the_day_is_read_once_for_a_whole_command() {
    // midnight may pass while it runs: whatever asks for today is handed the day it began with
    let mut readings = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let found = text.matches("clock::day(").count() + text.matches("now().date").count();
            readings.extend(std::iter::repeat_n(path.file_name().unwrap().to_owned(), found));
        }
    }
    assert_eq!(readings, ["mod.rs"], "Session::open, and nothing else");
}

// ---- a database that changes, is edited or breaks -----------------------------------------------------

#[test]
fn staff_cannot_record_into_a_run_and_are_told_to_wait() {
    let sandbox = company(2, 0);
    let program = env!("CARGO_BIN_EXE_konet-billing");
    let config = sandbox.path("konet-billing.toml");
    let script = format!(
        "[ -e said ] || {{ {program} --config {} record payment K-02 124,00 --method cash --ref A-1 --reason r \
         --by maria --as-of {TODAY} > said 2>&1; echo $? >> said; }}\nexit 0\n",
        config.display()
    );
    hooks(&sandbox, &script);
    sandbox.enforce(TODAY).exits(0);
    let said = std::fs::read_to_string(sandbox.path("said")).unwrap();
    assert!(said.contains("another run") && said.trim().ends_with("75"), "{said}");
}

#[test]
fn a_payment_that_arrives_while_the_run_is_under_way_is_seen() {
    // of one customer two services: the first one's hook is called when the second is already decided on
    let sandbox = company_with(3, 0, "S-11;K-01;hosting;Φ;50;12;2025-03-31;a11\n");
    let program = env!("CARGO_BIN_EXE_konet-billing");
    let record = |customer: &str, amount: &str, reference: &str| {
        format!(
            "{program} --config {} record payment {customer} {amount} --method cash --ref {reference} --reason r \
             --by maria --as-of {TODAY} >> said 2>&1 || exit 1",
            sandbox.path("konet-billing.toml").display()
        )
    };
    // another process that does not heed the lock: for it the lock is another file
    let script = format!(
        "echo \"$1 $KONET_ACCOUNT\" >> calls\n[ -e said ] && exit 0\nrm konet.db.lock\n{}\n{}\nexit 0\n",
        record("K-01", "62,00", "A-1"),
        record("K-02", "124,00", "A-2"),
    );
    hooks(&sandbox, &script);
    let ran = sandbox.enforce(TODAY).exits(0).json();
    assert_eq!(
        sandbox.calls(),
        ["suspend a01", "suspend a03"],
        "{}",
        std::fs::read_to_string(sandbox.path("said")).unwrap()
    );
    assert_eq!(harsh(&ran), ["suspend S-01 unsettled", "suspend S-03 unsettled"]);
    let withheld = steps(&ran, "withheld");
    assert!(withheld.contains(&"suspend S-11 gate".to_owned()), "{ran}");
    assert!(withheld.contains(&"suspend S-02 gate".to_owned()), "{ran}");
    // what was paid is renewed at once, and said so
    assert!(steps(&ran, "actions").contains(&"renew S-02 settled".to_owned()), "{ran}");
    assert!(steps(&ran, "actions").contains(&"renew S-11 settled".to_owned()), "{ran}");
    assert!(steps(&sandbox.enforce(TODAY).exits(0).json(), "actions").is_empty());
}

#[test]
fn a_restored_backup_suspends_nobody() {
    let sandbox = company(2, 0);
    let backup = std::fs::read(sandbox.path("konet.db")).unwrap();
    sandbox.pay("2025-04-07;124,00;T-1;K-02;;;;\n", TODAY).exits(0);
    sandbox.file("konet.db", backup);
    let ran = sandbox.enforce(TODAY).exits(4).json();
    assert_eq!(harsh(&ran), Vec::<String>::new());
    assert_eq!(ran["guard"]["which"], "restored");
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

#[test]
fn damage_at_random_suspends_nobody_who_would_not_be_suspended_anyway() {
    let count: u64 = std::env::var("KONET_BILLING_DAMAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let sandbox = company(8, 8);
    // who paid, has a hold, is exempt, or cancelled and expires later must not be suspended, whatever breaks
    let paid: String = (1..=3).map(|i| format!("2025-04-07;124,00;T-{i};K-{i:02};;;;\n")).collect();
    sandbox.pay(&paid, TODAY).exits(0);
    sql(
        &sandbox,
        "UPDATE services SET hold_until = '2025-09-30', hold_note = 'διακανονισμός' WHERE code = 'S-04';
         UPDATE customers SET enforcement = 0 WHERE code = 'K-05';
         DELETE FROM message_bytes; VACUUM; PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    let sound = std::fs::read(sandbox.path("konet.db")).unwrap();
    let due = ["suspend S-06 unsettled", "suspend S-07 unsettled", "suspend S-08 unsettled"];
    let fresh = |bytes: &[u8]| {
        for beside in ["konet.db-wal", "konet.db-shm", "konet.db.last-run"] {
            let _ = std::fs::remove_file(sandbox.path(beside));
        }
        sandbox.file("konet.db", bytes);
    };
    fresh(&sound);
    assert_eq!(harsh(&sandbox.enforce(TODAY).exits(0).json()), due, "undamaged");
    let (mut refused, mut withheld, mut harmless) = (0, 0, 0);
    for seed in 1..=count {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        dice.below(2);
        let mut bytes = sound.clone();
        // where something is written: most of a page is empty
        let place = loop {
            let place = dice.below(bytes.len() - 16);
            if bytes[place..place + 16].iter().any(|byte| *byte != 0) {
                break place;
            }
        };
        // half of them sixteen bytes of anything, half a single bit
        if seed % 2 == 0 {
            bytes[place..place + 16].fill_with(|| u8::try_from(dice.below(256)).unwrap());
        } else {
            bytes[place] ^= 1 << dice.below(8);
        }
        fresh(&bytes);
        let ran = sandbox.enforce(TODAY);
        let told = format!("seed {seed}, byte {place}: {ran:?}");
        match ran.status {
            1 => {
                assert!(ran.stderr.contains("konet.db") || ran.stderr.contains("database"), "{told}");
                refused += 1;
                continue;
            }
            0 | 3 => harmless += 1,
            4 => withheld += 1,
            _ => panic!("{told}"),
        }
        for step in harsh(&ran.json()) {
            assert!(due.contains(&step.as_str()), "{step} – {told}");
        }
    }
    eprintln!("{count} damages: {refused} refused, {withheld} withheld by the guard, {harmless} harmless");
    assert!(refused > 0 && harmless > 0, "the damage must be real, and not always fatal");
}

#[test]
fn rows_edited_by_hand_are_refused_or_hold_back_their_customer() {
    let sandbox = company(4, 0);
    // what the schema knows is refused at once
    for edit in [
        "UPDATE services SET price_cents = -100 WHERE code = 'S-01'",
        "UPDATE services SET expires_on = '2026-02-30' WHERE code = 'S-01'",
        "UPDATE services SET expires_on = NULL WHERE code = 'S-01'",
        "UPDATE services SET state = 'suspended' WHERE code = 'S-01'",
        "UPDATE services SET price_cents = 'πολλά' WHERE code = 'S-01'",
        "PRAGMA foreign_keys = ON; UPDATE services SET customer = 'K-99' WHERE code = 'S-01'",
        "DELETE FROM allocations; DELETE FROM journal",
    ] {
        assert!(sql(&sandbox, edit).is_err(), "{edit}");
    }
    sandbox.pay("2025-04-07;124,00;T-1;K-02;;;;\n", TODAY).exits(0);
    let sound = std::fs::read(sandbox.path("konet.db")).unwrap();
    // what somebody writes past the schema closes the gate; who paid is renewed all the same
    for edit in [
        "UPDATE services SET price_cents = -100 WHERE code = 'S-01'",
        "UPDATE services SET expires_on = '2025-02-30' WHERE code = 'S-01'",
        "UPDATE services SET hold_until = 'soon' WHERE code = 'S-01'",
        "UPDATE services SET kind = 'spaceship' WHERE code = 'S-01'",
        "UPDATE services SET customer = 'K-99' WHERE code = 'S-01'",
        "UPDATE customers SET language = 'xx' WHERE code = 'K-01'",
        "DELETE FROM customers WHERE code = 'K-01'",
    ] {
        sandbox.file("konet.db", &sound);
        let _ = std::fs::remove_file(sandbox.path("konet.db.last-run"));
        sql(&sandbox, &format!("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; {edit}"))
            .unwrap();
        let ran = sandbox.enforce(TODAY).exits(4);
        let view = ran.json();
        assert_eq!(harsh(&view), Vec::<String>::new(), "{edit}: {view}");
        assert_eq!(view["guard"]["which"], "database", "{edit}");
        assert!(steps(&view, "actions").contains(&"renew S-02 settled".to_owned()), "{edit}: {view}");
        // the others are told
        let told = sandbox.notify(TODAY);
        assert!(matches!(told.status, 0 | 3), "{edit}: {told:?}");
        assert_eq!(stages(&told.json(), "K-03"), ["S-03 after-5"], "{edit}");
        let checked = sandbox.run(&["check"]);
        assert!(checked.stdout.contains("BAD  database"), "{edit}: {checked:?}");
    }
}
