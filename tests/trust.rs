//! What lets accounting leave the program alone: the digest, the trial beside the staff, panels that disagree,
//! panels that fail night after night, and a backup before anything is switched off.

use crate::support::sandbox::{FOLDER_PANEL, Sandbox, files, stages, steps};

fn digests(sandbox: &Sandbox) -> Vec<String> {
    let folder = sandbox.path("outbox");
    let messages = files(&folder, "eml").into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    messages.filter(|message| message.contains("Message-ID: <digest-")).collect()
}

#[test]
fn accounting_gets_one_digest_of_a_night_with_news_and_none_of_a_quiet_one() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.reconfigure(
        "reply_to",
        "digest = \"news\"\naccounting = [\"Λογιστήριο <books@konet.example>\"]\nreply_to",
    );
    sandbox.run(&["nightly", "--as-of", "2025-02-20"]).exits(0);
    assert!(digests(&sandbox).is_empty(), "nothing happened");
    sandbox.run(&["nightly", "--as-of", "2025-03-01", "--dry-run"]).exits(0);
    assert!(digests(&sandbox).is_empty(), "a dry run sends nothing");
    sandbox.file("inbox/payments-1.csv", "date;amount;bank_ref;payer\n2025-03-01;12,00;T-1;ΑΓΝΩΣΤΟΣ\n");
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(3);
    let sent = digests(&sandbox);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].contains("Subject: Night of 01/03/2025: 1 to look at, 1 card, 0 steps"), "{}", sent[0]);
    let parsed = mail_parser::MessageParser::default().parse(sent[0].as_bytes()).unwrap();
    let text = parsed.body_text(0).unwrap();
    for part in ["Needs a person (1)", "T-1", "Cards (1)", "KX-2025-000001", "124,00", "1 new"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("books@konet.example"));
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(0);
    assert_eq!(digests(&sandbox).len(), 1, "the second run of a day has no news");
    assert!(sandbox.run(&["outbox", "list", "--json"]).json()["messages"].as_array().unwrap().is_empty());
}

#[test]
fn accounting_hears_of_every_night_once_also_of_a_quiet_one_and_of_one_that_failed() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.reconfigure("reply_to", "accounting = [\"books@konet.example\"]\nreply_to");
    sandbox.run(&["nightly", "--as-of", "2025-02-20"]).exits(0);
    assert_eq!(digests(&sandbox).len(), 1, "nothing happened, and that is said");
    sandbox.run(&["nightly", "--as-of", "2025-02-20"]).exits(0);
    assert_eq!(digests(&sandbox).len(), 1, "once a day");
    std::fs::write(sandbox.path("konet.db"), "no database").unwrap();
    sandbox.run(&["nightly", "--as-of", "2025-02-21"]).exits(1);
    let sent = digests(&sandbox);
    assert!(sent.iter().any(|mail| mail.contains("Subject: Night of 21/02/2025: FAILED")), "{sent:?}");
}

#[test]
fn in_a_trial_the_digest_too_goes_to_its_recipient() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.reconfigure("reply_to", "accounting = [\"books@konet.example\"]\nreply_to");
    sandbox.reconfigure(
        "[import]",
        "[rollout]\nmode = \"trial\"\ntrial_recipient = \"trial@konet.example\"\n\n[import]",
    );
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(0);
    let sent = digests(&sandbox);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].contains("To: trial@konet.example") && sent[0].contains("[TRIAL]"), "{}", sent[0]);
}

const HEAD: &str = "code;customer;kind;name;price;period_months;expires_on;state\n";

#[test]
fn the_trial_is_compared_with_what_staff_did_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure(
        "[import]",
        "[rollout]\nmode = \"trial\"\ntrial_recipient = \"trial@konet.example\"\n\n[import]",
    );
    let customers = "code;name;email\nK-1;Α;a@a.example\nK-2;Β;b@b.example\nK-3;Γ;c@c.example\n";
    sandbox.import("customers", customers, "2025-02-01").exits(0);
    let services = |one: &str, two: &str, three: &str| {
        format!(
            "{HEAD}S-1;K-1;hosting;Φ;100;12;2025-03-31;{one}\nS-2;K-2;hosting;Φ;100;12;2025-03-31;{two}\n\
             S-3;K-3;hosting;Φ;100;12;2025-12-31;{three}\n"
        )
    };
    sandbox.import("services", services("active", "active", "active"), "2025-02-01").exits(0);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.pay("", "2025-04-07").exits(0);
    let trial = sandbox.enforce("2025-04-07").exits(0).json();
    assert_eq!(steps(&trial, "withheld"), ["suspend S-1 trial", "suspend S-2 trial"]);
    sandbox.enforce("2025-04-08").exits(0);
    // staff suspend one of the two at the panel, two days later, and one that the program would have left alone
    sandbox.import("services", services("suspended", "active", "suspended"), "2025-04-09");
    let shadow =
        sandbox.run(&["status", "--json", "--as-of", "2025-04-09"]).exits(0).json()["shadow"].clone();
    let rows: Vec<String> = shadow
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let [service, action, verdict] =
                ["service", "action", "verdict"].map(|key| row[key].as_str().unwrap());
            let day = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
            format!("{action} {service} {verdict} {} {}", day("ours_on"), day("staff_on"))
        })
        .collect();
    assert_eq!(
        rows,
        [
            "suspend S-1 agree 2025-04-07 2025-04-09",
            "suspend S-2 only_ours 2025-04-07 -",
            "suspend S-3 only_staff - 2025-04-09",
        ]
    );
    let text = sandbox.run(&["status", "--shadow", "--as-of", "2025-04-09"]).exits(0).stdout;
    assert!(text.contains("saw no reason") && text.contains("was announced for"), "{text}");
}

fn with_panel() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.hooks(FOLDER_PANEL, &["suspend", "reinstate", "verify"]);
    sandbox
        .import("customers", "code;name;email\nK-1;Α;a@a.example\nK-2;Β;b@b.example\n", "2025-02-01")
        .exits(0);
    let services = "code;customer;kind;name;price;period_months;expires_on;account\n\
        S-1;K-1;hosting;Φ;100;12;2025-03-31;alpha\nS-2;K-2;hosting;Φ;100;12;2025-12-31;beta\n\
        S-3;K-2;ssl;Π;20;12;2025-12-31;\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox
}

fn asked(sandbox: &Sandbox, word: &str) -> usize {
    sandbox.calls().iter().filter(|line| line.starts_with(word)).count()
}

#[test]
fn a_panel_that_disagrees_is_shown() {
    let sandbox = with_panel();
    let drift = |sandbox: &Sandbox| {
        sandbox.run(&["status", "--drift", "--json", "--as-of", "2025-04-05"]).exits(0).json()["drift"]
            .clone()
    };
    assert_eq!(drift(&sandbox), serde_json::json!([]));
    assert_eq!(asked(&sandbox, "verify"), 2, "an ssl certificate has no panel");
    // somebody switched it off by hand
    sandbox.file("off-beta", "");
    let found = drift(&sandbox);
    assert_eq!(
        (&found[0]["service"], &found[0]["ours"], &found[0]["panel"]),
        (&"S-2".into(), &"active".into(), &"suspended".into())
    );
    sandbox.file("broken", "");
    let found = drift(&sandbox);
    assert_eq!(
        (found.as_array().unwrap().len(), &found[0]["panel"]),
        (2, &serde_json::Value::Null),
        "{found}"
    );
    let text = sandbox.run(&["status", "--drift", "--as-of", "2025-04-05"]).exits(0).stdout;
    assert!(text.contains("no answer") && text.contains("exit 7"), "{text}");
    let plain = sandbox.run(&["status", "--json", "--as-of", "2025-04-05"]).json();
    assert!(plain.get("drift").is_none(), "panels are asked on purpose only");
}

#[test]
fn a_panel_that_fails_again_and_again_is_asked_less_and_less_often() {
    let sandbox = with_panel();
    sandbox.file("broken", "");
    let mut tried = Vec::new();
    for day in 7..=27 {
        let day = format!("2025-04-{day:02}");
        sandbox.pay("", &day).exits(0);
        let before = asked(&sandbox, "suspend");
        let ran = sandbox.enforce(&day).json();
        assert_eq!(steps(&ran, "withheld"), ["suspend S-1 hook_failed"], "{day}");
        if asked(&sandbox, "suspend") > before {
            tried.push(day[8..].to_owned());
        }
    }
    assert_eq!(tried, ["07", "08", "09", "10", "12", "16", "23"]);
    std::fs::remove_file(sandbox.path("broken")).unwrap();
    sandbox.pay("", "2025-04-30").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-30").exits(0).json(), "actions"), ["suspend S-1 unsettled"]);
    assert_eq!(stages(&sandbox.notify("2025-04-30").exits(0).json(), "K-1"), ["S-1 suspended"]);
    // who has paid never waits for a panel
    sandbox.pay("2025-05-01;124,00;T-1;K-1;;;;\n", "2025-05-01").exits(0);
    sandbox.file("broken", "");
    for day in ["2025-05-01", "2025-05-02", "2025-05-03", "2025-05-04", "2025-05-05"] {
        sandbox.enforce(day);
    }
    assert_eq!(asked(&sandbox, "reinstate"), 5);
}

#[test]
fn before_every_enforcing_run_a_backup_is_written_or_nothing_is_switched_off() {
    let sandbox = with_panel();
    sandbox.reconfigure("path = \"konet.db\"", "path = \"konet.db\"\nbackups = \"backups\"");
    sandbox.pay("", "2025-04-07").exits(0);
    sandbox.file("backups", "a file where the folder should be");
    let refused = sandbox.enforce("2025-04-07").exits(4).json();
    assert_eq!(steps(&refused, "withheld"), ["suspend S-1 gate"]);
    assert!(refused["guard"]["message"].as_str().unwrap().contains("backup"), "{refused}");
    std::fs::remove_file(sandbox.path("backups")).unwrap();
    sandbox.run(&["enforce", "--as-of", "2025-04-07", "--dry-run"]).exits(0);
    assert!(files(&sandbox.path("backups"), "db").is_empty(), "a dry run writes nothing");
    sandbox.enforce("2025-04-07").exits(0);
    let written = files(&sandbox.path("backups"), "db");
    assert_eq!(written.len(), 1);
    let before = rusqlite::Connection::open(&written[0]).unwrap();
    let state: String =
        before.query_row("SELECT state FROM services WHERE code = 'S-1'", [], |row| row.get(0)).unwrap();
    assert_eq!(state, "active", "it is of before the run");
}

#[test]
fn each_registry_has_its_own_days_terms_and_quarantine() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure(
        "[calendar]",
        "[policy.domain]\nsuspend_after_days = \"never\"\nterminate_after_days = \"never\"\n\n\
         [policy.domain.tld.gr]\nnotice_days_before = [60, 15]\nnotice_days_after = [14]\nterm_months = 24\n\
         quarantine_days = 15\n\n[policy.domain.tld.\"ελ\"]\nnotice_days_before = [40]\n\n\
         [policy.domain.tld.com]\nnotice_days_before = [30, 7]\nnotice_days_after = [3]\n\n[calendar]",
    );
    sandbox
        .import("customers", "code;name;email\nK-1;Α;a@a.example\nK-2;Β;b@b.example\n", "2025-01-01")
        .exits(0);
    let services = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-GR;K-1;domain;Όνομα;alpha.gr;30;24;2025-03-31\nS-SUB;K-1;domain;Όνομα;alpha.com.gr;30;12;2025-03-31\n\
        S-EL;K-1;domain;Όνομα;άλφα.ελ;30;24;2025-03-31\nS-COM;K-2;domain;Όνομα;beta.com;10;12;2025-03-31\n\
        S-NET;K-2;domain;Όνομα;beta.net;10;12;2025-03-31\n";
    sandbox.import("services", services, "2025-01-01").exits(0);
    let mut told = Vec::new();
    for (day, month) in (20..=31)
        .map(|d| (d, 1))
        .chain((1..=28).map(|d| (d, 2)))
        .chain((1..=31).map(|d| (d, 3)))
        .chain((1..=20).map(|d| (d, 4)))
    {
        let day = format!("2025-{month:02}-{day:02}");
        let ran = sandbox.notify(&day).exits(0).json();
        for line in [stages(&ran, "K-1"), stages(&ran, "K-2")].concat() {
            if ["S-GR", "S-EL", "S-COM"].iter().any(|code| line.starts_with(code)) {
                told.push(format!("{} {line}", &day[5..]));
            }
        }
    }
    assert_eq!(
        told,
        [
            "01-30 S-GR before-60",
            "02-19 S-EL before-40",
            "03-01 S-COM before-30",
            "03-16 S-GR before-15",
            "03-24 S-COM before-7",
            "03-31 S-EL expiry",
            "03-31 S-GR expiry",
            "03-31 S-COM expiry",
            "04-01 S-EL after-1",
            "04-03 S-COM after-3",
            "04-05 S-EL after-5",
            "04-14 S-GR after-14",
        ]
    );
    // com.gr is under gr: a year is no term there; and after its quarantine nobody is sure of a name
    sandbox.enforce("2025-04-15").exits(3);
    let listed = |day: &str| -> Vec<String> {
        let attention = sandbox.run(&["status", "--json", "--as-of", day]).json()["attention"].clone();
        let of_registry = |item: &&serde_json::Value| item["kind"] == "registry";
        let words = |item: &serde_json::Value| {
            format!("{} {}", item["service"].as_str().unwrap(), item["text"].as_str().unwrap())
        };
        attention.as_array().unwrap().iter().filter(of_registry).map(words).collect()
    };
    let found = listed("2025-04-15");
    assert!(
        found.len() == 1 && found[0].contains("S-SUB") && found[0].contains("terms of 24 months"),
        "{found:?}"
    );
    sandbox.enforce("2025-04-16").exits(3);
    let found = listed("2025-04-16");
    assert!(found.iter().any(|text| text.contains("S-GR") && text.contains("since 2025-04-16")), "{found:?}");
    sandbox.pay("2025-04-17;37,20;T-1;K-1;S-GR;;;\n", "2025-04-17").exits(0);
    let late = sandbox.enforce("2025-04-17").exits(3).json();
    assert_eq!(
        steps(&late, "actions"),
        ["renew S-GR settled"],
        "the money is a fact, the registry a person's"
    );
    let found = listed("2025-04-17");
    assert!(found.iter().any(|text| text.contains("S-GR") && text.contains("it was paid, but")), "{found:?}");
}

#[test]
fn an_exemption_that_ends_after_the_last_notice_needs_one_more_before_anything_is_switched_off() {
    let sandbox = Sandbox::new();
    let customer =
        |enforcement: &str| format!("code;name;email;enforcement\nK-1;Α;a@a.example;{enforcement}\n");
    sandbox.import("customers", customer("no"), "2025-02-01").exits(0);
    let services =
        "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Φ;100;12;2025-03-31\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    for day in ["2025-03-01", "2025-03-31", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.pay("", "2025-04-20").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-20").exits(0).json(), "withheld"), ["suspend S-1 exempt"]);
    // every stage is told, and none of the cards named a day, for there was none
    let file = sandbox.file("customers.csv", customer("yes"));
    let file = file.to_str().unwrap();
    let take = ["import", "customers", file, "--take", "enforcement", "--as-of", "2025-04-21"];
    sandbox.run(&take).exits(0);
    let withheld = sandbox.enforce("2025-04-21").exits(0).json();
    assert_eq!(steps(&withheld, "withheld"), ["suspend S-1 no_accepted_notice"]);
    let because = withheld["withheld"][0]["because"].as_str().unwrap();
    assert!(because.contains("notify --now --customer"), "{because}");
    // the ladder has no stage left, so a warning names the day, and the customer has their days
    let told = sandbox.notify("2025-04-21").exits(0).json();
    assert_eq!(stages(&told, "K-1"), ["S-1 warning"]);
    assert_eq!(told["messages"][0]["lines"][0]["suspend_on"], "2025-04-26");
    for day in ["2025-04-22", "2025-04-25"] {
        sandbox.pay("", day).exits(0);
        assert!(steps(&sandbox.enforce(day).exits(0).json(), "actions").is_empty(), "{day}");
    }
    sandbox.pay("", "2025-04-26").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-26").exits(0).json(), "actions"), ["suspend S-1 unsettled"]);
}

#[test]
fn the_digest_is_text_and_html_with_the_list_for_invoices_attached() {
    use mail_parser::MimeHeaders;
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.reconfigure("reply_to", "accounting = [\"books@konet.example\"]\nreply_to");
    let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
    sandbox.file(
        "konet-billing.toml",
        format!("{config}\n[report]\naddress = \"https://books.konet.example/b/index.html\"\n"),
    );
    sandbox.file("inbox/payments-1.csv", "date;amount;bank_ref;customer;payer\n2025-03-01;124,00;T-1;K-1;\n2025-03-01;12,00;T-2;;<b>ΑΓΝΩΣΤΟΣ\n");
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(3);
    let sent = digests(&sandbox);
    let mail = mail_parser::MessageParser::default().parse(sent[0].as_bytes()).unwrap();
    let html = mail.body_html(0).unwrap();
    let text = mail.body_text(0).unwrap();
    for part in ["Needs a person (1)", "T-2", "https://books.konet.example/b/index.html"] {
        assert!(html.contains(part) && text.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("<b>"), "{html}");
    let book = mail.attachment(0).unwrap();
    assert_eq!(book.attachment_name(), Some("to-invoice.xlsx"));
    use calamine::Reader;
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(std::io::Cursor::new(book.contents())).unwrap();
    let sheet = book.worksheet_range("To invoice").unwrap();
    assert_eq!(sheet.height(), 2, "its head, and what was paid");
    // nothing waits: nothing is attached
    let quiet = Sandbox::with_company("2025-02-01");
    quiet.reconfigure("reply_to", "accounting = [\"books@konet.example\"]\nreply_to");
    quiet.run(&["nightly", "--as-of", "2025-02-20"]).exits(0);
    let sent = digests(&quiet);
    assert_eq!(
        mail_parser::MessageParser::default().parse(sent[0].as_bytes()).unwrap().attachment_count(),
        0
    );
    // one that failed is said in both, too
    std::fs::write(quiet.path("konet.db"), "no database").unwrap();
    quiet.run(&["nightly", "--as-of", "2025-02-21"]).exits(1);
    let failed = digests(&quiet).into_iter().find(|mail| mail.contains("FAILED")).unwrap();
    let mail = mail_parser::MessageParser::default().parse(failed.as_bytes()).unwrap();
    assert!(mail.body_html(0).unwrap().contains("<html") && mail.body_text(0).unwrap().contains("by hand"));
}
