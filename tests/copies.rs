//! Beginning, backing up and restoring.

use crate::support::sandbox::{Sandbox, files};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn a_folder_is_begun_and_its_samples_make_a_trial() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("new/billing");
    let at = folder.to_str().unwrap();
    let begun = sandbox.run(&["init", at, "--lang", "en"]).exits(0).stdout;
    assert!(begun.contains("konet-billing import customers"), "{begun}");
    let mode = |name: &str| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("konet-billing.toml"), 0o640);
    for name in ["", "inbox", "backups", "outbox"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
    let config = folder.join("konet-billing.toml");
    let run = |arguments: &[&str]| {
        let whole: Vec<&str> =
            ["--config", config.to_str().unwrap()].iter().chain(arguments).copied().collect();
        sandbox.run(&whole)
    };
    let sample = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    run(&["import", "customers", &sample("customers.sample.csv")]).exits(0);
    run(&["import", "services", &sample("services.sample.csv")]).exits(0);
    let notices = run(&["notify", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(notices["run"]["mode"], "trial");
    assert!(!notices["messages"].as_array().unwrap().is_empty(), "{notices}");
    let again = sandbox.run(&["init", at]).exits(2);
    assert!(again.stderr.contains("exists already; nothing was written"), "{}", again.stderr);
}

#[test]
fn a_backup_is_restored_the_other_is_kept_and_a_person_says_when_enforcement_goes_on() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.run(&["backup", "copy.db"]).exits(0);
    assert_eq!(std::fs::metadata(sandbox.path("copy.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let twice = sandbox.run(&["backup", "copy.db"]).exits(2);
    assert!(twice.stderr.contains("exists already"), "{}", twice.stderr);
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;124,00;T-1;K-1;S-1;;;\n", "2025-03-02").exits(0);
    let restored = sandbox.run(&["restore", "copy.db", "--as-of", "2025-03-03", "--json"]).exits(3).json();
    let kept = std::path::PathBuf::from(restored["replaced"].as_str().unwrap());
    assert!(kept.exists(), "{restored}");
    let cards =
        |arguments: &[&str]| sandbox.run(arguments).exits(0).json()["cards"].as_array().unwrap().len();
    assert_eq!(cards(&["list", "cards", "--json"]), 0, "the card was made after the backup");
    assert_eq!(
        cards(&["list", "cards", "--json", "--db", kept.to_str().unwrap()]),
        1,
        "and is in what is kept"
    );
    let gate = sandbox.run(&["status", "--json", "--as-of", "2025-03-03"]).exits(0).stdout;
    assert!(gate.contains("record ack restored"), "{gate}");
    sandbox.run(&["record", "ack", "restored", "--by", "maria", "--as-of", "2025-03-03"]).exits(0);
}

#[test]
fn what_is_no_backup_replaces_nothing() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.file("note.txt", "no database");
    let before =
        std::fs::read(sandbox.path("konet.db")).or_else(|_| std::fs::read(sandbox.path("konet-billing.db")));
    for file in ["note.txt", "absent.db"] {
        let refused = sandbox.run(&["restore", file]);
        assert!(refused.status == 1 || refused.status == 2, "{refused:?}");
    }
    let after =
        std::fs::read(sandbox.path("konet.db")).or_else(|_| std::fs::read(sandbox.path("konet-billing.db")));
    assert_eq!(before.unwrap(), after.unwrap());
    let database = if sandbox.path("konet.db").exists() { "konet.db" } else { "konet-billing.db" };
    let itself = sandbox.run(&["restore", database]);
    assert!(itself.stderr.contains("is the database itself"), "{itself:?}");
}

#[test]
fn a_customer_is_handed_out_whole_and_erased_in_every_place_that_is_ours() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.reconfigure("[database]\n", "[database]\nbackups = \"backups\"\n");
    sandbox.file(
        "inbox/payments-1.csv",
        "date;amount;bank_ref;customer;payer\n2025-03-01;124,00;T-1;K-1;Παπαδόπουλος Ιωάννης\n",
    );
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]);
    sandbox.run(&["nightly", "--as-of", "2025-03-02"]);
    let export =
        sandbox.run(&["privacy", "export", "a@alpha.example", "--out", "kept", "--json"]).exits(0).json();
    assert_eq!(export["kept"]["customers"][0]["name"], "Παπαδόπουλος Ιωάννης");
    assert_eq!(export["kept"]["payments"][0]["payer"], "Παπαδόπουλος Ιωάννης");
    assert!(!export["kept"]["deliveries"].as_array().unwrap().is_empty());
    assert!(sandbox.path("kept/kept.json").exists() && !export["files"].as_array().unwrap().is_empty());
    assert!(!export.to_string().contains("beta.example"), "nothing of others");
    let named_in = export["named_in"].to_string();
    assert!(named_in.contains("inbox/done/") && named_in.contains("payments-1.csv"), "{named_in}");
    let erase = |arguments: &[&str]| {
        let whole: Vec<&str> =
            ["privacy", "erase", "K-1", "--by", "maria", "--reason", "αίτημα", "--as-of", "2025-03-03"]
                .iter()
                .chain(arguments)
                .copied()
                .collect();
        sandbox.run(&whole)
    };
    let refused = erase(&[]).exits(2);
    assert!(refused.stderr.contains("S-1") && refused.stderr.contains("tax invoice"), "{}", refused.stderr);
    let record = |arguments: &[&str]| {
        let whole: Vec<&str> = ["record"]
            .iter()
            .chain(arguments)
            .copied()
            .chain(["--by", "maria", "--as-of", "2025-03-03"])
            .collect();
        sandbox.run(&whole)
    };
    record(&["end", "S-1"]).exits(0);
    record(&["invoice", "ΤΠΥ-1", "2025-03-03", "--service", "S-1", "--period-from", "2025-03-31"]);
    let known = ["Παπαδόπουλος", "a@alpha.example", "090000045"];
    let databases = || {
        let mut found =
            vec![sandbox.path("konet.db"), sandbox.path("konet.db-wal"), sandbox.path("konet.db.handover")];
        found.extend(std::fs::read_dir(sandbox.path("backups")).unwrap().map(|entry| entry.unwrap().path()));
        found
    };
    let named = || -> Vec<String> {
        let holds = |path: &std::path::Path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            known.iter().any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
        };
        databases().iter().filter(|path| holds(path)).map(|path| path.display().to_string()).collect()
    };
    assert!(named().len() >= 3, "the database, a backup and the journal: {:?}", named());
    let dry = erase(&["--dry-run"]).exits(0);
    assert!(dry.stdout.contains("nothing was written") && named().len() >= 3, "{dry:?}");
    let erased = erase(&["--json"]).exits(3).json();
    assert_eq!(named(), Vec::<String>::new(), "{erased}");
    assert!(erased["left"][0].as_str().unwrap().contains("payments-1.csv"), "a file of others too: {erased}");
    let money = sandbox.run(&["list", "payments", "--json"]).exits(0).json();
    assert_eq!(money["payments"][0]["amount_cents"], 12_400, "the books stay");
    let back = sandbox.import("customers", crate::support::sandbox::CUSTOMERS, "2025-03-04");
    assert!(back.did(), "{back:?}");
    let names = sandbox.run(&["list", "customers", "--json"]).exits(0).stdout;
    assert!(
        names.contains("erased-K-1") && !names.contains("Παπαδόπουλος"),
        "a file does not bring them back: {names}"
    );
    let status = sandbox.run(&["status", "--json", "--as-of", "2025-03-04"]).exits(0).stdout;
    assert!(!status.contains("Παπαδόπουλος"), "nor is it named in a conflict: {status}");
}

#[test]
fn whoever_watches_is_told_of_a_night_and_reads_its_figures() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let told = sandbox.file("told", "#!/bin/sh\necho \"$1 $KONET_STATUS\" >> heard\ncat >> facts\n");
    std::fs::set_permissions(&told, std::fs::Permissions::from_mode(0o755)).unwrap();
    let lines =
        "on_success = [\"told\", \"ok\"]\non_failure = [\"told\", \"failed\"]\ntextfile = \"night.prom\"\n";
    sandbox.reconfigure("[import]", &format!("[monitor]\n{lines}\n[import]"));
    sandbox.run(&["nightly", "--as-of", "2025-03-01", "--dry-run"]).exits(0);
    assert!(!sandbox.path("heard").exists(), "a dry run is no night");
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(0);
    assert_eq!(std::fs::read_to_string(sandbox.path("heard")).unwrap(), "ok 0\n");
    let figures = std::fs::read_to_string(sandbox.path("night.prom")).unwrap();
    for line in [
        "konet_billing_last_night_exit_status 0",
        "konet_billing_last_night_messages 1",
        "konet_billing_unmatched_payments 0",
    ] {
        assert!(figures.lines().any(|found| found == line), "{line}: {figures}");
    }
    let mode = std::fs::metadata(sandbox.path("night.prom")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o644, "another program reads it");
    let done_at = |figures: &str| -> i64 {
        let line = figures
            .lines()
            .find(|line| line.starts_with("konet_billing_last_night_timestamp_seconds"))
            .unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let before = done_at(&figures);
    // mail that cannot leave: the night failed, and the last one that was done is the one before
    sandbox.reconfigure(
        "transport = \"folder\"",
        "transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"",
    );
    std::thread::sleep(std::time::Duration::from_millis(1100));
    sandbox.run(&["nightly", "--as-of", "2025-03-16"]).exits(1);
    let figures = std::fs::read_to_string(sandbox.path("night.prom")).unwrap();
    assert!(figures.lines().any(|line| line == "konet_billing_last_night_exit_status 1"), "{figures}");
    assert!((done_at(&figures) - before).abs() <= 1, "{figures}");
    std::fs::remove_file(sandbox.path("heard")).unwrap();
    std::fs::write(sandbox.path("konet.db"), "no database").unwrap();
    let failed = sandbox.run(&["nightly", "--as-of", "2025-03-17"]);
    assert_eq!(failed.status, 1, "{failed:?}");
    assert_eq!(std::fs::read_to_string(sandbox.path("heard")).unwrap(), "failed 1\n");
    assert!(std::fs::read_to_string(sandbox.path("facts")).unwrap().contains("\"exit_status\":1"));
}

#[test]
fn one_real_message_of_each_stage_is_sent_to_whoever_checks_and_nobody_else_hears() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let checked = sandbox.run(&["check", "--send-to", "admin@konet.example", "--json"]).exits(0).json();
    let samples =
        checked["checks"].as_array().unwrap().iter().find(|check| check["what"] == "samples").unwrap();
    assert_eq!(
        (&samples["ok"], &samples["detail"]),
        (&true.into(), &"13 messages to admin@konet.example".into())
    );
    let messages = sandbox.outbox();
    assert_eq!(messages.len(), 13);
    let parser = mail_parser::MessageParser::default();
    let mut subjects = std::collections::BTreeSet::new();
    for bytes in &messages {
        let message = parser.parse(bytes).unwrap();
        assert_eq!(message.to().unwrap().first().unwrap().address(), Some("admin@konet.example"));
        assert!(
            mail_parser::MimeHeaders::attachment_name(message.attachment(0).unwrap())
                .unwrap()
                .ends_with(".pdf")
        );
        subjects.insert(message.subject().unwrap().to_owned());
    }
    assert!(subjects.len() >= 11, "each stage says its own news: {subjects:#?}");
    let runs = sandbox.run(&["runs", "--json"]).exits(0).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2, "the two imports, and nothing recorded");
    let wrong = sandbox.run(&["check", "--send-to", "nobody"]);
    assert!(wrong.status != 0 && wrong.stdout.contains("samples"), "{wrong:?}");
}

#[test]
fn nobody_is_erased_while_a_message_of_theirs_waits() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let smtp = "transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"";
    sandbox.reconfigure("transport = \"folder\"", smtp);
    sandbox.notify("2025-03-01").exits(1);
    sandbox.run(&["record", "end", "S-1", "--by", "maria", "--as-of", "2025-03-02"]).exits(0);
    let erase = ["privacy", "erase", "K-1", "--by", "maria", "--reason", "αίτημα", "--as-of", "2025-03-03"];
    let refused = sandbox.run(&erase).exits(2);
    assert!(refused.stderr.contains("outbox list"), "{}", refused.stderr);
}

#[test]
fn what_is_older_than_the_archive_keeps_is_gone_in_every_place() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("[mail]\n", "[mail]\narchive_months = 1\n");
    let today = konet_billing::clock::now().date_naive();
    let ago = |days: u64| today.checked_sub_days(chrono::Days::new(days)).unwrap();
    sandbox.import("customers", crate::support::sandbox::CUSTOMERS, &ago(100).to_string()).exits(0);
    let services = format!(
        "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Φ;100;12;{}\n",
        ago(60)
    );
    sandbox.import("services", services, &ago(100).to_string()).exits(0);
    sandbox.notify(&ago(90).to_string()).exits(0);
    let bytes = || -> i64 {
        let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
        database.query_row("SELECT count(*) FROM message_bytes", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(bytes(), 1);
    std::fs::create_dir_all(sandbox.path("inbox/done")).unwrap();
    let days = std::time::Duration::from_secs(90 * 86_400);
    let old = std::fs::metadata(sandbox.path("konet.db")).unwrap().modified().unwrap() - days;
    let files =
        ["inbox/done/bank.csv", "konet.db.before-schema-2", "konet.db.replaced-2026-01-01", "outbox/old.eml"];
    for (at, name) in files.iter().chain(&["inbox/done/new.csv", "unrelated"]).enumerate() {
        let file = std::fs::File::create(sandbox.path(name)).unwrap();
        if at != files.len() {
            file.set_modified(old).unwrap();
        }
    }
    let line =
        |at: &str| format!("{at}T03:00:00+02:00\ta@alpha.example\t@live/email/S-1|2025-03-31|expiry\n");
    sandbox.file("konet.db.handover", line(&ago(90).to_string()) + &line(&ago(3).to_string()));
    // what is due for suspension waits for the bank to be known
    let night = sandbox.run(&["nightly"]);
    assert!(matches!(night.status, 0 | 3 | 4), "{night:?}");
    assert!(bytes() <= 1, "only what this night sent");
    let sent: String = {
        let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
        database
            .query_row(
                "SELECT min(m.made_on) FROM message_bytes b JOIN messages m ON m.id = b.message",
                [],
                |row| row.get::<_, Option<String>>(0),
            )
            .unwrap()
            .unwrap_or_default()
    };
    assert!(sent.is_empty() || sent == today.to_string(), "{sent}");
    for name in files {
        assert!(!sandbox.path(name).exists(), "{name}");
    }
    assert!(sandbox.path("inbox/done/new.csv").exists() && sandbox.path("unrelated").exists());
    let journal = std::fs::read_to_string(sandbox.path("konet.db.handover")).unwrap();
    assert!(journal.starts_with(&line(&ago(3).to_string())), "{journal}");
}

#[test]
fn a_backup_goes_through_a_pipe_and_comes_back_through_one() {
    use std::io::Write;
    use std::process::Stdio;
    let sandbox = Sandbox::with_company("2025-02-01");
    let out = sandbox.command(&["backup", "-"]).output().unwrap();
    assert!(out.status.success() && out.stdout.starts_with(b"SQLite format 3"), "{out:?}");
    sandbox.notify("2025-03-01").exits(0);
    let mut command = sandbox.command(&["restore", "-", "--as-of", "2025-03-03"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&out.stdout).unwrap();
    let restored = child.wait_with_output().unwrap();
    assert_eq!(restored.status.code(), Some(3), "{restored:?}");
    let status = sandbox.run(&["status", "--as-of", "2025-03-03"]).exits(0).stdout;
    assert!(status.contains("record ack restored"), "{status}");
    // what is none changes nothing, and nothing is left beside it
    let mut command = sandbox.command(&["restore", "-", "--as-of", "2025-03-03"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"no database").unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
    sandbox.run(&["check"]).exits(0);
    let left = std::fs::read_dir(sandbox.path("")).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("passing")));
}

#[test]
fn what_is_too_old_and_cannot_be_removed_keeps_no_night_from_being_done() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.reconfigure("[mail]\n", "[mail]\narchive_months = 1\n");
    // a journal that is a folder is nothing that can be shortened
    std::fs::create_dir(sandbox.path("konet.db.handover")).unwrap();
    let night = sandbox.run(&["nightly", "--as-of", "2025-02-03"]).exits(0);
    assert!(!night.stderr.contains("panicked"), "{night:?}");
    std::fs::remove_dir(sandbox.path("konet.db.handover")).unwrap();
    if rustix::process::geteuid().is_root() {
        println!("NOT CHECKED: nothing keeps root from removing a file");
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let done = sandbox.path("inbox/done");
    std::fs::create_dir_all(&done).unwrap();
    let file = std::fs::File::create(done.join("old.csv")).unwrap();
    let days = std::time::Duration::from_secs(900 * 86_400);
    file.set_modified(file.metadata().unwrap().modified().unwrap() - days).unwrap();
    std::fs::set_permissions(&done, std::fs::Permissions::from_mode(0o500)).unwrap();
    let night = sandbox.run(&["nightly", "--as-of", "2025-02-04"]).exits(0);
    std::fs::set_permissions(&done, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(night.stderr.contains("cannot be removed"), "{night:?}");
}

#[test]
fn a_copy_is_encrypted_for_whoever_has_the_key_or_not_written() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let program = "/usr/bin/age";
    if !std::path::Path::new(program).exists() {
        eprintln!("NOT CHECKED: `age` is not installed");
        return;
    }
    let key = sandbox.path("key");
    let made = Command::new("age-keygen").args(["-o", key.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    let public = said.trim().rsplit(' ').next().unwrap().to_owned();
    let encrypt = |public: &str| {
        format!(
            "encrypt = [\"{program}\", \"--recipient\", \"{public}\", \"--output\", \"{{encrypted}}\", \"{{plain}}\"]\n"
        )
    };
    sandbox.reconfigure("[database]\n", &format!("[database]\nbackups = \"backups\"\n{}", encrypt(&public)));
    let stranded = sandbox.path(".passing-old");
    std::fs::create_dir(&stranded).unwrap();
    std::fs::write(stranded.join("backup.db"), "in clear").unwrap();
    let long_ago = std::fs::metadata(&stranded).unwrap().modified().unwrap()
        - std::time::Duration::from_secs(2 * 86_400);
    std::fs::File::open(&stranded).unwrap().set_modified(long_ago).unwrap();
    // as cron runs it: in the configuration's folder, by its name alone
    let mut beside = sandbox.command(&["enforce", "--as-of", "2025-03-01"]);
    let ran = beside
        .env("KONET_BILLING_CONFIG", "konet-billing.toml")
        .current_dir(sandbox.path("."))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert!(!stranded.exists(), "what a process left that was killed is gone");
    let written = || files(&sandbox.path("backups"), "encrypted");
    assert_eq!(written().len(), 1);
    assert!(files(&sandbox.path("backups"), "db").is_empty(), "nothing lies there in clear");
    let names = || {
        std::fs::read_dir(sandbox.path(".")).unwrap().map(|one| one.unwrap().file_name()).collect::<Vec<_>>()
    };
    assert!(!names().iter().any(|name| name.to_string_lossy().contains("passing")), "{:?}", names());
    let refused = sandbox.run(&["restore", written()[0].to_str().unwrap()]);
    assert!(refused.status != 0 && refused.stderr.contains("age --decrypt"), "{refused:?}");
    // what comes back is what went
    let copy = sandbox.path("moved");
    sandbox.run(&["backup", copy.to_str().unwrap()]).exits(0);
    assert!(std::fs::read(&copy).unwrap().starts_with(b"age-encryption.org/v1"));
    sandbox.run(&["record", "end", "S-1", "--by", "m", "--as-of", "2025-03-02"]).exits(0);
    let clear =
        Command::new(program).args(["--decrypt", "--identity"]).arg(&key).arg(&copy).output().unwrap();
    assert!(clear.status.success() && clear.stdout.starts_with(b"SQLite format 3"));
    let back = sandbox.file("back.db", &clear.stdout);
    sandbox.run(&["restore", back.to_str().unwrap(), "--as-of", "2025-03-03"]).exits(3);
    assert!(sandbox.run(&["explain", "S-1", "--as-of", "2025-03-03"]).exits(0).stdout.contains("active"));
    // a key that is none: nothing is written, and nobody is suspended
    sandbox.reconfigure(&public, "age1nobody");
    let failed = sandbox.run(&["backup", sandbox.path("other").to_str().unwrap()]).exits(1);
    assert!(
        failed.stderr.contains("was not encrypted") && !sandbox.path("other").exists(),
        "{}",
        failed.stderr
    );
    sandbox.enforce("2025-03-04");
    assert_eq!(written().len(), 1);
    sandbox.reconfigure("\"{encrypted}\", ", "");
    let wrong = sandbox.run(&["check"]);
    assert!(wrong.stderr.contains("encrypt") || wrong.stdout.contains("encrypt"), "{wrong:?}");
}
