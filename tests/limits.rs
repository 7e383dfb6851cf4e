//! What is too much, and names that would be something else: refused with the limit, or shown as they are.

use crate::support::sandbox::Sandbox;
use std::path::{Path, PathBuf};

/// A code that climbs out of folders, and a name that is a script.
const CLIMBING: &str = "../../../x";
const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>";

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_code_that_climbs_and_a_name_that_is_a_script_are_shown_and_nothing_more() {
    // everything that is written lies in the sandbox, one folder deeper than where the codes climb to
    let sandbox = Sandbox::new();
    let customers =
        format!("code;name;email\n{CLIMBING};{SCRIPT};a@alpha.example\n..;Τελείες;b@beta.example\n");
    sandbox.import("customers", customers, "2025-02-01").exits(0);
    let services = format!(
        "code;customer;kind;name;price;period_months;expires_on\n/etc/S;{CLIMBING};hosting;{SCRIPT};100;12;2025-03-31\n\
         S-2;..;hosting;\"{SCRIPT}\";60;12;2025-03-31\n"
    );
    sandbox.import("services", services, "2025-02-01").exits(0);
    let above = sandbox.path("..").canonicalize().unwrap();
    let names =
        || -> Vec<_> { std::fs::read_dir(&above).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
    let before = names();
    let out = |name: &str| sandbox.path(name).to_str().unwrap().to_owned();
    sandbox.run(&["notify", "--dry-run", "--out", &out("preview"), "--as-of", "2025-03-01"]).exits(0);
    sandbox.notify("2025-03-01").exits(0);
    sandbox.run(&["report", "--out", &out("site"), "--as-of", "2025-03-01"]).exits(0);
    sandbox.run(&["privacy", "export", CLIMBING, "--out", &out("kept")]).exits(0);
    let since = names();
    assert!(
        since
            .iter()
            .filter(|name| !before.contains(name))
            .all(|name| name.to_string_lossy().starts_with('.'))
    );
    let mut files = Vec::new();
    ["preview", "site", "kept", "outbox"].iter().for_each(|name| all_files(&sandbox.path(name), &mut files));
    let mut pages = 0;
    for file in &files {
        assert!(!file.to_string_lossy().contains(".."), "{}", file.display());
        if file.extension().is_some_and(|end| end == "html") {
            let page = std::fs::read_to_string(file).unwrap();
            assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{}", file.display());
            assert!(
                page.contains("Content-Security-Policy") || !file.ends_with("index.html"),
                "{}",
                file.display()
            );
            pages += 1;
        }
    }
    assert!(pages > 8, "{pages}: {files:?}");
    for mail in sandbox.outbox() {
        let mail = mail_parser::MessageParser::default().parse(&mail).unwrap();
        let html = mail.body_html(0).unwrap();
        assert!(html.contains("&lt;script&gt;alert") && !html.contains("<img src=x"), "{html}");
    }
}

#[test]
fn a_cell_beyond_every_sound_one_and_a_file_of_bad_rows_are_faults_and_no_flood() {
    let sandbox = Sandbox::new();
    let long = format!("code;name;email\nK-1;{};a@alpha.example\n", "α".repeat(20_000));
    let refused = sandbox.import("customers", long, "2025-02-01").exits(1);
    assert!(refused.stderr.contains("10000") && refused.stderr.len() < 4_000, "{}", refused.stderr.len());
    let rows: String = (0..20_000).map(|row| format!("K-{row};;not an address\n")).collect();
    let bad = sandbox.import("customers", format!("code;name;email\n{rows}"), "2025-02-01").exits(1);
    assert!(bad.stderr.contains("20000 bad rows: nothing was imported"), "the end says how many");
    let skipped = sandbox.file("bad.csv", format!("code;name;email\nK-1;Άλφα;a@alpha.example\n{rows}"));
    let arguments =
        ["import", "customers", skipped.to_str().unwrap(), "--skip-invalid", "--as-of", "2025-02-01"];
    sandbox.run(&arguments).exits(3);
    assert!(sandbox.run(&["explain", "K-1", "--as-of", "2025-02-01"]).exits(0).stdout.contains("Άλφα"));
}

#[test]
fn a_file_larger_than_any_sound_one_is_refused_before_it_is_read() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("huge.csv");
    // a hole: it takes no room and no time
    std::fs::File::create(&file).unwrap().set_len(513 << 20).unwrap();
    for kind in ["customers", "services", "payments", "invoices"] {
        let refused =
            sandbox.run(&["import", kind, file.to_str().unwrap(), "--as-of", "2025-02-01"]).exits(1);
        assert!(refused.stderr.contains("512 MB"), "{kind}: {}", refused.stderr);
    }
}

#[test]
fn a_customer_of_a_thousand_services_gets_a_card_that_can_be_sent() {
    let sandbox = Sandbox::new();
    sandbox.import("customers", "code;name;email\nK-1;Άλφα;a@alpha.example\n", "2025-02-01").exits(0);
    let rows: String =
        (0..1_000).map(|at| format!("S-{at};K-1;hosting;Φιλοξενία {at};10;12;2025-03-31\n")).collect();
    let services = format!("code;customer;kind;name;price;period_months;expires_on\n{rows}");
    sandbox.import("services", services, "2025-02-01").exits(0);
    let told = sandbox.notify("2025-03-01").exits(0).json();
    assert_eq!(told["messages"][0]["total_cents"], 1_240_000);
    let mail = sandbox.outbox().pop().unwrap();
    assert!(mail.len() < 4 << 20, "{}", mail.len());
}

#[test]
fn a_mailbox_that_somebody_has_filled_is_read_in_parts() {
    let sandbox = Sandbox::with_company("2025-02-01");
    std::fs::create_dir_all(sandbox.path("bounces/new")).unwrap();
    for at in 0..10_001 {
        let mail = format!("From: a@b.example\nSubject: {at}\n\nspam\n");
        std::fs::write(sandbox.path(&format!("bounces/new/{at:05}")), mail).unwrap();
    }
    let mailbox = sandbox.path("bounces");
    let read = || {
        let ran =
            sandbox.run(&["import", "bounces", mailbox.to_str().unwrap(), "--as-of", "2025-03-01", "--json"]);
        ran.json()["read"].as_u64()
    };
    assert_eq!([read(), read(), read()], [Some(10_000), Some(1), Some(0)]);
}
