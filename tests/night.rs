//! The ladder, climbed by the binary: from the first reminder to termination, and back after a payment.

use crate::support::sandbox::{CUSTOMERS, SERVICES, Sandbox, files, stages, steps};

#[test]
fn from_the_first_reminder_to_termination_and_what_each_card_names() {
    let sandbox = Sandbox::with_company("2025-02-01");
    // E = 31/3: nothing before 1/3
    assert_eq!(sandbox.notify("2025-02-28").exits(0).json()["messages"].as_array().unwrap().len(), 0);
    let first = sandbox.notify("2025-03-01").exits(0).json();
    assert_eq!(stages(&first, "K-1"), ["S-1 before-30"]);
    let message = &first["messages"][0];
    assert_eq!(message["card"], "KX-2025-000001");
    assert_eq!(message["total_cents"], 12_400);
    assert_eq!(message["state"], "sent");
    let line = &message["lines"][0];
    assert_eq!(
        [&line["net_cents"], &line["vat_cents"], &line["gross_cents"], &line["due_cents"]],
        [10_000, 2_400, 12_400, 12_400]
    );
    assert_eq!(line["period_from"], "2025-03-31");
    assert_eq!(line["period_to"], "2026-03-31");
    assert_eq!(line["suspend_on"], "2025-04-07");
    // the same day again tells nothing, and a missed stage is not made up for
    assert_eq!(sandbox.notify("2025-03-01").exits(0).json()["totals"]["messages"], 0);
    assert_eq!(stages(&sandbox.notify("2025-03-29").exits(0).json(), "K-1"), ["S-1 before-7"]);
    let later = sandbox.notify("2025-03-30").exits(0).json();
    assert_eq!(stages(&later, "K-1"), ["S-1 before-1"]);
    assert_eq!(later["messages"][0]["card"], "KX-2025-000001", "the same content keeps its number");
    assert_eq!(stages(&sandbox.notify("2025-03-31").exits(0).json(), "K-1"), ["S-1 expiry"]);
    assert_eq!(stages(&sandbox.notify("2025-04-01").exits(0).json(), "K-1"), ["S-1 after-1"]);
    assert_eq!(stages(&sandbox.notify("2025-04-05").exits(0).json(), "K-1"), ["S-1 after-5"]);
    sandbox.pay("", "2025-04-06").exits(0);
    let before = sandbox.enforce("2025-04-06").exits(0).json();
    assert_eq!(steps(&before, "actions"), Vec::<String>::new());
    sandbox.pay("", "2025-04-07").exits(0);
    let on = sandbox.enforce("2025-04-07").exits(0).json();
    assert_eq!(steps(&on, "actions"), ["suspend S-1 unsettled"]);
    assert_eq!(steps(&sandbox.enforce("2025-04-07").exits(0).json(), "actions"), Vec::<String>::new());
    let told = sandbox.notify("2025-04-07").exits(0).json();
    assert_eq!(stages(&told, "K-1"), ["S-1 suspended"]);
    assert_eq!(told["messages"][0]["lines"][0]["terminate_on"], "2025-05-07");
    assert_eq!(sandbox.notify("2025-04-29").exits(0).json()["totals"]["messages"], 0);
    assert_eq!(stages(&sandbox.notify("2025-04-30").exits(0).json(), "K-1"), ["S-1 final"]);
    sandbox.pay("", "2025-05-06").exits(0);
    let waiting = sandbox.enforce("2025-05-06").exits(0).json();
    assert_eq!(steps(&waiting, "actions"), Vec::<String>::new());
    sandbox.pay("", "2025-05-07").exits(0);
    assert_eq!(
        steps(&sandbox.enforce("2025-05-07").exits(0).json(), "actions"),
        ["terminate S-1 final_notice_served"]
    );
    assert_eq!(stages(&sandbox.notify("2025-05-07").exits(0).json(), "K-1"), ["S-1 terminated"]);
}

#[test]
fn a_payment_renews_from_the_old_expiry_and_says_thank_you() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    let reference =
        sandbox.notify("2025-03-16").exits(0).json()["messages"][0]["reference"].as_str().unwrap().to_owned();
    assert!(reference.starts_with("RF") && reference.ends_with("KONET000001"), "{reference}");
    let paid = sandbox.pay(&format!("2025-03-20;124,00;T-1;;;{reference};;\n"), "2025-03-20").exits(0).json();
    assert_eq!(paid["matched"], 1);
    let renewed = sandbox.enforce("2025-03-20").exits(0).json();
    assert_eq!(steps(&renewed, "actions"), ["renew S-1 settled"]);
    assert_eq!(renewed["actions"][0]["from"], "2025-03-31");
    assert_eq!(renewed["actions"][0]["to"], "2026-03-31");
    let thanks = sandbox.notify("2025-03-20").exits(0).json();
    assert_eq!(stages(&thanks, "K-1"), ["S-1 renewed"]);
    assert_eq!(thanks["messages"][0]["total_cents"], 0);
    // the same statement again is nothing
    let again =
        sandbox.pay(&format!("2025-03-20;124,00;T-1;;;{reference};;\n"), "2025-03-21").exits(0).json();
    assert_eq!((again["created"].as_i64(), again["unchanged"].as_i64()), (Some(0), Some(1)));
    assert_eq!(sandbox.notify("2025-04-10").exits(0).json()["totals"]["messages"], 0);
    assert_eq!(steps(&sandbox.enforce("2025-04-10").exits(0).json(), "actions"), Vec::<String>::new());
}

#[test]
fn paying_after_the_suspension_reinstates_with_one_notice() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.pay("", "2025-04-07").exits(0);
    sandbox.enforce("2025-04-07").exits(0);
    sandbox.notify("2025-04-07").exits(0);
    sandbox.pay("2025-04-12;124,00;T-9;K-1;;;;\n", "2025-04-12").exits(0);
    // money does not wait for a working day
    let back = sandbox.enforce("2025-04-12").exits(0).json();
    assert_eq!(steps(&back, "actions"), ["renew S-1 settled", "reinstate S-1 settled"]);
    assert_eq!(stages(&sandbox.notify("2025-04-12").exits(0).json(), "K-1"), ["S-1 reinstated"]);
}

#[test]
fn a_dry_run_shows_the_night_and_writes_nothing() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let bytes = || std::fs::read(sandbox.path("konet.db")).unwrap();
    // whatever the last run left in the write-ahead log goes into the file first
    let before = bytes();
    let shown = sandbox
        .run(&["notify", "--as-of", "2025-03-01", "--dry-run", "--json", "--out", "look"])
        .exits(0)
        .json();
    assert_eq!(shown["run"]["id"], serde_json::Value::Null);
    assert_eq!(shown["messages"][0]["card"], "KX-2025-000001");
    assert_eq!(shown["messages"][0]["state"], "queued");
    for extension in ["eml", "html", "txt", "pdf"] {
        let expected = if extension == "html" { 2 } else { 1 };
        assert_eq!(files(&sandbox.path("look"), extension).len(), expected, "{extension}");
    }
    let enforced = sandbox.run(&["enforce", "--as-of", "2099-01-01", "--dry-run", "--json"]);
    assert_eq!(enforced.json()["run"]["dry_run"], true);
    assert_eq!(bytes(), before);
    assert!(sandbox.outbox().is_empty());
    let real = sandbox.notify("2025-03-01").exits(0).json();
    for key in ["customer", "to", "card", "subject", "reference", "total_cents", "lines"] {
        assert_eq!(real["messages"][0][key], shown["messages"][0][key], "{key}");
    }
}

#[test]
fn a_future_day_is_for_dry_runs_only() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for command in [["notify"], ["enforce"], ["nightly"]] {
        let ran = sandbox.run(&[command[0], "--as-of", "2099-01-01"]).exits(2);
        assert!(ran.stderr.contains("--dry-run"), "{ran:?}");
    }
}

#[test]
fn a_hold_an_exemption_and_a_custom_application_are_left_alone_and_say_why() {
    let sandbox = Sandbox::new();
    let customers =
        "code;name;email;enforcement\nK-1;Α;a@a.example;yes\nK-2;Β;b@b.example;no\nK-3;Γ;c@c.example;yes\n";
    let services = "code;customer;kind;name;price;period_months;expires_on;hold_until;hold_note\n\
        S-1;K-1;hosting;Φιλοξενία;10;12;2025-03-31;2025-04-20;διακανονισμός\n\
        S-2;K-2;hosting;Φιλοξενία;10;12;2025-03-31;;\n\
        S-3;K-3;custom_app;Εφαρμογή;10;12;2025-03-31;;\n";
    sandbox.import("customers", customers, "2025-03-01").exits(0);
    sandbox.import("services", services, "2025-03-01").exits(0);
    let notified = sandbox.notify("2025-03-31").exits(0).json();
    assert_eq!(stages(&notified, "K-3"), Vec::<String>::new());
    assert!(
        notified["skipped"]
            .as_array()
            .unwrap()
            .iter()
            .any(|s| s["service"] == "S-3" && s["reason"] == "custom_app")
    );
    sandbox.notify("2025-04-05").exits(0);
    sandbox.pay("", "2025-04-10").exits(0);
    let enforced = sandbox.enforce("2025-04-10").exits(0).json();
    assert_eq!(steps(&enforced, "actions"), Vec::<String>::new());
    let withheld = steps(&enforced, "withheld");
    assert!(withheld.contains(&"suspend S-1 hold".to_owned()), "{withheld:?}");
    assert!(withheld.contains(&"suspend S-2 exempt".to_owned()), "{withheld:?}");
    assert!(
        withheld.iter().all(|step| !step.contains("S-3") || step.ends_with("custom_app")),
        "{withheld:?}"
    );
}

#[test]
fn without_fresh_payments_or_over_the_cap_nothing_is_suspended() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    let never = sandbox.enforce("2025-04-07").exits(4).json();
    assert_eq!(steps(&never, "withheld"), ["suspend S-1 stale_payments"]);
    assert_eq!(never["guard"]["reason"], "stale_payments");
    sandbox.reconfigure("max_actions = 50", "max_actions = 0\nmax_percent = 0");
    sandbox.pay("", "2025-04-07").exits(0);
    let capped = sandbox.enforce("2025-04-07").exits(4).json();
    assert_eq!(steps(&capped, "withheld"), ["suspend S-1 cap"]);
    assert_eq!(capped["guard"]["limit"], 0);
    // a closed gate that refuses nothing is no reason to cry
    sandbox.enforce("2025-03-15").exits(0);
}

#[test]
fn a_trial_tells_one_recipient_and_suspends_nobody() {
    let sandbox = Sandbox::new();
    let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
    sandbox.file(
        "konet-billing.toml",
        format!("{config}\n[rollout]\nmode = \"trial\"\ntrial_recipient = \"trial@konet.example\"\n"),
    );
    sandbox.import("customers", CUSTOMERS, "2025-02-01").exits(0);
    sandbox.import("services", SERVICES, "2025-02-01").exits(0);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01"] {
        let told = sandbox.notify(day).exits(0).json();
        assert_eq!(told["run"]["mode"], "trial");
        assert_eq!(told["messages"][0]["to"], serde_json::json!(["trial@konet.example"]));
        assert!(told["messages"][0]["subject"].as_str().unwrap().starts_with("[ΔΟΚΙΜΗ]"));
        assert!(told["messages"][0]["card"].as_str().unwrap().starts_with("ΔΟΚ-2025-"));
    }
    sandbox.pay("", "2025-04-08").exits(0);
    let enforced = sandbox.enforce("2025-04-08").exits(0).json();
    assert_eq!(steps(&enforced, "withheld"), ["suspend S-1 trial"]);
    // going live, each stage is due afresh, and the series is another
    sandbox.reconfigure("mode = \"trial\"", "mode = \"live\"");
    let live = sandbox.notify("2025-04-09").exits(0).json();
    assert_eq!(live["messages"][0]["card"], "KX-2025-000001");
    assert_eq!(stages(&live, "K-1"), ["S-1 after-5"]);
    assert_eq!(live["messages"][0]["to"], serde_json::json!(["a@alpha.example"]));
}

#[test]
fn one_bad_record_holds_back_its_customer_and_the_night_goes_on() {
    let sandbox = Sandbox::new();
    let customers = "code;name;email\nK-1;Α;a@a.example\nK-2;Ταβέρνα 🐙;b@b.example\nK-3;Χωρίς διεύθυνση;\n";
    let services = "code;customer;kind;name;price;period_months;expires_on\n\
        S-1;K-1;hosting;Φιλοξενία;10;12;2025-03-31\nS-2;K-2;hosting;Φιλοξενία;10;12;2025-03-31\n\
        S-3;K-3;hosting;Φιλοξενία;10;12;2025-03-31\nS-4;K-1;hosting;Δωρεάν;0;12;2025-03-31\n";
    sandbox.import("customers", customers, "2025-03-01").exits(0);
    sandbox.import("services", services, "2025-03-01").exits(0);
    let ran = sandbox.notify("2025-03-20").exits(3);
    assert!(ran.stderr.contains("🐙") && ran.stderr.contains("U+1F419"), "{}", ran.stderr);
    let told = ran.json();
    assert_eq!(stages(&told, "K-1"), ["S-1 before-15"]);
    let reasons: Vec<&str> =
        told["skipped"].as_array().unwrap().iter().map(|s| s["reason"].as_str().unwrap()).collect();
    for reason in ["card", "no_email", "data"] {
        assert!(reasons.contains(&reason), "{reasons:?}");
    }
    // what was said once stays listed and does not cry every night
    sandbox.notify("2025-03-21").exits(0);
    let status = sandbox.run(&["status", "--as-of", "2025-03-21", "--json"]).exits(0).json();
    assert_eq!(status["held_back"].as_array().unwrap().len(), 3, "{status}");
}

#[test]
fn the_night_is_silent_when_all_is_well_and_short_when_not() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.file("inbox/payments-1.csv", "date;amount;bank_ref;customer\n2025-03-01;124,00;T-1;K-1\n");
    let quiet = sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert!(files(&sandbox.path("inbox"), "csv").is_empty(), "an imported file is put away");
    let rows: String = (0..40).map(|i| format!("2025-03-02;10,00;U-{i};;;;Άγνωστος;\n")).collect();
    sandbox.file("inbox/payments-2.csv", format!("{}{rows}", crate::support::sandbox::PAYMENTS_HEAD));
    sandbox.file("inbox/customers-bad.csv", "code;name\nK-9;x\n");
    let loud = sandbox.run(&["nightly", "--as-of", "2025-03-02"]).exits(3);
    assert!(loud.stdout.lines().count() <= 20, "{}", loud.stdout);
    assert!(loud.stdout.contains("customers-bad.csv"), "{}", loud.stdout);
    assert!(sandbox.path("inbox/customers-bad.csv").exists(), "a bad file stays");
    let status = sandbox.run(&["status", "--unmatched", "--json", "--as-of", "2025-03-02"]).exits(0).json();
    assert_eq!(status["unmatched"].as_array().unwrap().len(), 40);
}

#[test]
fn a_card_is_shown_before_it_is_sent_and_again_after() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let preview =
        sandbox.run(&["render-card", "K-1", "--format", "text", "--as-of", "2025-03-01"]).exits(0).stdout;
    assert!(preview.contains("124,00") && preview.contains("Αιτιολογία κατάθεσης"), "{preview}");
    let html =
        sandbox.run(&["render-card", "K-1", "--format", "html", "--as-of", "2025-03-01"]).exits(0).stdout;
    assert!(html.contains("ΠΡΟΕΠΙΣΚΟΠΗΣΗ"));
    sandbox.notify("2025-03-01").exits(0);
    let sent = sandbox.run(&["render-card", "KX-2025-000001", "--format", "eml"]).exits(0).stdout;
    assert_eq!(sent.as_bytes(), sandbox.outbox()[0], "the exact bytes");
    sandbox.run(&["render-card", "KX-2025-000001", "-o", "card.pdf"]).exits(0);
    assert!(std::fs::read(sandbox.path("card.pdf")).unwrap().starts_with(b"%PDF"));
    // what has changed since shows in the preview, and not in what was sent
    sandbox.pay("2025-03-02;24,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    let of = |more: &[&str]| {
        let mut arguments = vec!["render-card", "K-1", "--format", "text", "--as-of", "2025-03-02"];
        arguments.extend(more);
        sandbox.run(&arguments).exits(0).stdout
    };
    assert!(
        of(&[]).contains("Πληρωτέο ποσό: 100,00") && of(&["--as-sent"]).contains("Πληρωτέο ποσό: 124,00")
    );
    let again = sandbox.run(&["notify", "--customer", "K-1", "--resend", "--as-of", "2025-03-02", "--json"]);
    assert_eq!(again.exits(0).json()["totals"]["sent"], 1);
    let nobody = sandbox.run(&["render-card", "K-77"]).exits(2);
    assert!(nobody.stderr.contains("K-77"));
}

#[test]
fn a_card_on_request_goes_out_once_per_request() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let asked =
        ["notify", "--customer", "K-2", "--now", "--until", "2025-12-31", "--as-of", "2025-02-10", "--json"];
    let told = sandbox.run(&asked).exits(0).json();
    assert_eq!(stages(&told, "K-2"), ["S-2 on_request"]);
    let far = sandbox
        .run(&["notify", "--customer", "K-1", "--now", "--as-of", "2025-02-10", "--json"])
        .exits(0)
        .json();
    assert_eq!(far["totals"]["messages"], 0, "nothing is charged yet");
    sandbox.run(&["notify", "--now", "--as-of", "2025-02-10"]).exits(2);
}

#[test]
fn partial_and_over_payments_go_where_the_ladder_says() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;24,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    let reminded = sandbox.notify("2025-03-16").exits(0).json();
    assert_eq!(reminded["messages"][0]["lines"][0]["due_cents"], 10_000);
    assert_eq!(reminded["messages"][0]["card"], "KX-2025-000002", "new content, new number");
    sandbox.pay("2025-03-18;150,00;T-2;;S-1;;;\n", "2025-03-18").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-03-18").exits(0).json(), "actions"), ["renew S-1 settled"]);
    // 50 EUR are credit: they lower the next amount to pay
    let next = sandbox.notify("2026-03-01").exits(0).json();
    assert_eq!(next["messages"][0]["lines"][0]["due_cents"], 7_400);
    assert_eq!(next["messages"][0]["total_cents"], 7_400);
}

#[test]
fn a_second_run_waits_for_nobody_and_says_so() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let lock = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(sandbox.path("konet.db.lock"));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    for command in ["enforce", "notify", "nightly"] {
        let ran = sandbox.run(&[command, "--as-of", "2025-03-01"]).exits(75);
        assert!(ran.stderr.contains("another run"), "{ran:?}");
    }
    // looking is always possible
    sandbox.run(&["status", "--as-of", "2025-03-01"]).exits(0);
    sandbox.run(&["notify", "--dry-run", "--as-of", "2025-03-01"]).exits(0);
}
