//! What somebody beside the program on the same machine tries, who may write what it reads or where it writes.

use crate::support::sandbox::Sandbox;
use crate::support::smtp::{Behaviour, Server};
use rusqlite::Connection;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn set(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_password_in_the_configuration_is_for_one_reader_however_it_is_written() {
    let server = "host = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nusername = \"u\"\n";
    for spelled in [
        format!("[smtp]\ntransport = \"smtp\"\n{server}password = \"hunter2\"\n"),
        format!("[smtp]\ntransport = \"smtp\"\n{server}\"password\" = \"hunter2\"\n"),
        format!("[smtp]\ntransport = \"smtp\"\n{server}'pass\\u0077ord' = \"hunter2\"\n").replace('\'', "\""),
        "smtp = { transport = \"smtp\", host = \"127.0.0.1\", port = 1, tls = \"none\", username = \"u\", password = \"hunter2\" }\n"
            .to_owned(),
    ] {
        let sandbox = Sandbox::new();
        let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
        let begin = config.find("[smtp]").unwrap();
        let end = begin + 1 + config[begin + 1..].find("\n[").unwrap();
        let rest = format!("{}{}", &config[..begin], &config[end..]);
        // an inline table stands before all sections
        let whole = if spelled.starts_with("smtp") { format!("{spelled}{rest}") } else { format!("{rest}\n{spelled}") };
        let file = sandbox.file("konet-billing.toml", whole);
        set(&file, 0o644);
        let refused = sandbox.run(&["status"]).exits(2).stderr;
        assert!(refused.contains("holds a password and can be read by others"), "{spelled}: {refused}");
        assert!(refused.contains("chmod 600") && !refused.contains("hunter2"), "{refused}");
        set(&file, 0o600);
        assert!(!sandbox.run(&["status"]).stderr.contains("read by others"), "{spelled}");
    }
}

#[test]
fn a_password_file_that_others_may_read_is_refused() {
    let sandbox = Sandbox::new();
    let secret = sandbox.file("secret", "hunter2\n");
    sandbox.reconfigure(
        "transport = \"folder\"",
        "transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nusername = \"u\"\npassword_file = \"secret\"",
    );
    set(&secret, 0o644);
    let ran = sandbox.run(&["check"]);
    assert!(ran.stdout.contains("`") && ran.stdout.contains("can be read by others"), "{ran:?}");
    assert!(!ran.stdout.contains("hunter2"), "{ran:?}");
}

#[test]
fn what_everybody_may_change_is_not_obeyed_and_the_error_says_what_to_do() {
    let sandbox = Sandbox::new();
    let config = sandbox.path("konet-billing.toml");
    let folder = |name: &str| {
        std::fs::create_dir(sandbox.path(name)).unwrap();
        sandbox.path(name)
    };
    let (scripts, templates, profiles) = (folder("scripts"), folder("templates"), folder("profiles"));
    std::fs::create_dir(templates.join("el")).unwrap();
    let script = sandbox.file("scripts/off.sh", "exit 0\n");
    let letter = sandbox.file("templates/el/card.toml", "");
    sandbox.reconfigure("[mail]\n", "[mail]\ntemplates = \"templates\"\n");
    let text = std::fs::read_to_string(&config).unwrap();
    let import = if text.contains("[import]") { "" } else { "\n[import]\n" };
    let hooks =
        format!("\n[hooks.hosting]\nsuspend = [\"/bin/sh\", \"{}\", \"suspend\"]\n", script.display());
    let text = match import {
        "" => text.replace("[import]\n", "[import]\nprofiles = \"profiles\"\n"),
        _ => format!("{text}{import}profiles = \"profiles\"\n"),
    };
    sandbox.file("konet-billing.toml", format!("{text}{hooks}"));
    sandbox
        .run(&[
            "import",
            "customers",
            sandbox.file("c.csv", "code;name;email\nK-1;Α;a@a.example\n").to_str().unwrap(),
        ])
        .exits(0);
    for (path, sound) in [
        (&config, 0o644),
        (&script, 0o644),
        (&scripts, 0o755),
        (&letter, 0o644),
        (&templates, 0o755),
        (&profiles, 0o755),
        (&sandbox.path(""), 0o700),
    ] {
        set(path, sound | 0o002);
        let refused = sandbox.run(&["status"]).exits(2).stderr;
        let shown = path.display().to_string();
        let shown = shown.trim_end_matches('/');
        assert!(refused.contains(&format!("`{shown}` can be written by everybody")), "{refused}");
        assert!(refused.contains(&format!("chmod o-w '{shown}'")), "{refused}");
        set(path, sound);
        sandbox.run(&["status"]).exits(0);
    }
}

#[test]
fn whoever_else_may_change_what_is_obeyed_is_named_by_check() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let config = sandbox.path("konet-billing.toml");
    sandbox.run(&["check"]).exits(0);
    if !rustix::process::geteuid().is_root() {
        println!("NOT CHECKED: only root gives a file to another user");
        return;
    }
    std::os::unix::fs::chown(&config, Some(65_534), None).unwrap();
    let told = sandbox.run(&["check"]).exits(2).stdout;
    assert!(told.contains("belongs to another user") && told.contains("chown root"), "{told}");
    std::os::unix::fs::chown(&config, Some(0), Some(65_534)).unwrap();
    set(&config, 0o664);
    let told = sandbox.run(&["check"]).exits(2).stdout;
    assert!(told.contains("can be written by a group") && told.contains("chmod g-w"), "{told}");
    // the inbox of another user is no inbox
    std::os::unix::fs::chown(&config, Some(0), Some(0)).unwrap();
    set(&config, 0o644);
    std::os::unix::fs::chown(sandbox.path("inbox"), Some(65_534), None).unwrap();
    let told = sandbox.run(&["check"]).exits(2).stdout;
    assert!(told.contains("inbox") && told.contains("belongs to another user"), "{told}");
    sandbox.file("inbox/payments.csv", "date;amount;bank_ref\n");
    let night = sandbox.run(&["nightly", "--as-of", "2025-02-02"]);
    assert!(night.stdout.contains("can be written by others"), "{night:?}");
}

#[test]
fn nothing_is_written_through_a_link_that_somebody_left() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let theirs = sandbox.file("theirs", "theirs");
    let link = |name: &str| {
        let _ = std::fs::remove_file(sandbox.path(name));
        symlink(&theirs, sandbox.path(name)).unwrap();
        sandbox.path(name)
    };
    let unharmed = |what: &str| assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "theirs", "{what}");
    let list = link("list.csv");
    let refused = sandbox.run(&["list", "customers", "--csv", "-o", list.to_str().unwrap()]).exits(1).stderr;
    assert!(refused.contains("it is a link"), "{refused}");
    unharmed("a list");
    // what stdout leads to is no link of anybody's
    let out = sandbox.run(&["list", "customers", "--csv", "-o", "/dev/stdout"]).exits(0).stdout;
    assert!(out.contains("K-1"), "{out}");
    link("payments.csv.rejected.csv");
    link(".payments.csv.rejected.csv.partial");
    sandbox.pay("2025-03-02;zero;T-1;K-1;;;;\n", "2025-03-02").exits(3);
    unharmed("rejected rows");
    let rejected = std::fs::read_to_string(sandbox.path("payments.csv.rejected.csv")).unwrap();
    assert!(rejected.contains("zero"), "{rejected}");
    std::fs::create_dir(sandbox.path("preview")).unwrap();
    link("preview/index.html");
    link("preview/.index.html.partial");
    let preview = ["notify", "--dry-run", "--out", "preview", "--as-of", "2025-03-01"];
    sandbox.run(&preview).exits(0);
    unharmed("a preview");
    assert!(!sandbox.path("preview/index.html").is_symlink());
    std::fs::create_dir_all(sandbox.path("kept")).unwrap();
    link("kept/kept.json");
    sandbox.run(&["privacy", "export", "K-1", "--out", sandbox.path("kept").to_str().unwrap()]).exits(0);
    unharmed("what is handed out");
    // what stays open beside the database is refused where it is a link
    link("konet.db.handover");
    sandbox.notify("2025-03-01").exits(1);
    unharmed("the hand-over journal");
    std::fs::remove_file(sandbox.path("konet.db.handover")).unwrap();
    link("konet.db.lock");
    sandbox.notify("2025-03-01").exits(1);
    unharmed("the lock");
    std::fs::remove_file(sandbox.path("konet.db.lock")).unwrap();
    link(".konet.db.last-run.partial");
    sandbox.notify("2025-03-01").exits(0);
    unharmed("the last run");
    for file in ["kept/kept.json", "preview/index.html", "payments.csv.rejected.csv"] {
        let mode = std::fs::metadata(sandbox.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_customer_has_a_bounded_number_of_addresses() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let many: Vec<String> = (0..21).map(|at| format!("a{at}@a.example")).collect();
    let file = format!("code;name;email\nK-1;Α;\"{}\"\n", many.join(";"));
    let refused = sandbox.import("customers", file, "2025-02-02").exits(1);
    assert!(refused.stderr.contains("at most 20") || refused.stdout.contains("at most 20"), "{refused:?}");
    let by_hand: Vec<&str> =
        ["record", "email", "K-1", "--by", "m"].into_iter().chain(many.iter().map(String::as_str)).collect();
    let refused = sandbox.run(&by_hand);
    assert!(refused.status != 0 && refused.stderr.contains("at most 20"), "{refused:?}");
    let entered =
        sandbox.run(&["record", "customer", "K-9", "--name", "Β", "--email", &many.join(";"), "--by", "m"]);
    assert!(entered.status != 0 && entered.stderr.contains("at most 20"), "{entered:?}");
    sandbox.run(&by_hand[..by_hand.len() - 1]).exits(0);
}

#[test]
fn what_the_program_never_made_in_its_database_is_named_by_check() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.run(&["check"]).exits(0);
    let database = Connection::open(sandbox.path("konet.db")).unwrap();
    for (put, taken, named) in [
        (
            "CREATE TRIGGER kind AFTER INSERT ON payments BEGIN UPDATE services SET price_cents = 0; END",
            "DROP TRIGGER kind",
            "trigger `kind`",
        ),
        ("CREATE VIEW seen AS SELECT 1", "DROP VIEW seen", "view `seen`"),
        (
            "DROP TRIGGER journal_stays",
            "CREATE TRIGGER journal_stays BEFORE DELETE ON journal\nBEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
            "trigger `journal_stays` (missing)",
        ),
    ] {
        database.execute_batch(put).unwrap();
        let told = sandbox.run(&["check"]).exits(2).stdout;
        assert!(told.contains(named) && told.contains("never made"), "{told}");
        if !named.contains("missing") {
            // whoever looks after the night hears of it the same night
            let night = sandbox.run(&["nightly", "--dry-run", "--as-of", "2025-03-02"]);
            assert!(night.stderr.contains(named), "{}", night.stderr);
        }
        database.execute_batch(taken).unwrap();
        sandbox.run(&["check"]).exits(0);
    }
}

#[test]
fn a_line_of_the_journal_that_was_changed_afterwards_is_seen() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.pay("2025-03-02;124,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    sandbox
        .run(&[
            "record",
            "hold",
            "S-2",
            "2025-12-01",
            "--by",
            "maria",
            "--reason",
            "x",
            "--as-of",
            "2025-03-03",
        ])
        .exits(0);
    sandbox.run(&["check"]).exits(0);
    let sound = std::fs::read(sandbox.path("konet.db")).unwrap();
    let closing = "CREATE TRIGGER journal_is_kept BEFORE UPDATE ON journal\nBEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
        CREATE TRIGGER journal_stays BEFORE DELETE ON journal\nBEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END";
    for edit in [
        "UPDATE journal SET detail = replace(detail, 'maria', 'eleni') WHERE detail LIKE '%maria%'",
        "DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)",
        "INSERT INTO journal (run, what, detail) VALUES (2, 'held', '{}')",
        "UPDATE runs SET user = 0, sudo_user = 1 WHERE id = 2",
        "UPDATE runs SET seal = NULL WHERE id = 2",
        "DELETE FROM journal WHERE run = 1",
    ] {
        sandbox.file("konet.db", &sound);
        let database = Connection::open(sandbox.path("konet.db")).unwrap();
        let batch = format!("DROP TRIGGER journal_is_kept; DROP TRIGGER journal_stays; {edit}; {closing}");
        database.execute_batch(&batch).unwrap();
        assert!(database.changes() > 0 || edit.contains("runs"), "{edit}");
        drop(database);
        let told = sandbox.run(&["check"]).exits(2).stdout;
        assert!(told.contains("its seal does not fit"), "{edit}: {told}");
    }
    // what is erased on purpose is sealed again
    sandbox.file("konet.db", &sound);
    for service in ["S-1", "S-2"] {
        sandbox.run(&["record", "end", service, "--by", "m", "--as-of", "2025-03-04"]).did();
    }
    sandbox.run(&["check"]).exits(0);
}

#[test]
fn whoever_says_a_name_leaves_the_systems_number_of_their_user_too() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let hold =
        ["record", "hold", "S-1", "2025-12-01", "--by", "director", "--reason", "x", "--as-of", "2025-03-03"];
    let mut command = sandbox.command(&hold);
    assert!(command.env("SUDO_UID", "1234").output().unwrap().status.success());
    let runs = sandbox.run(&["runs", "--json"]).exits(0).json();
    let last = &runs["runs"][0];
    assert_eq!(last["command"], "record", "{runs}");
    assert_eq!(last["user"], rustix::process::getuid().as_raw(), "{runs}");
    assert_eq!(last["sudo_user"], 1234, "{runs}");
}

#[test]
fn systemds_journal_has_a_line_and_a_seal_of_every_run_and_nobody_else_sees_one() {
    use std::os::unix::fs::MetadataExt;
    let sandbox = Sandbox::with_company("2025-02-01");
    let notify = ["notify", "--as-of", "2025-03-01", "--quiet"];
    let night = |dry_run: bool, stream: &dyn Fn(&std::fs::Metadata) -> String| -> String {
        let file = std::fs::File::create(sandbox.path("stderr")).unwrap();
        let mut command = sandbox.command(if dry_run {
            &["notify", "--as-of", "2025-03-01", "--quiet", "--dry-run"]
        } else {
            &notify
        });
        command.env("JOURNAL_STREAM", stream(&file.metadata().unwrap())).stderr(file);
        assert!(command.output().unwrap().status.success());
        std::fs::read_to_string(sandbox.path("stderr")).unwrap()
    };
    let its = |found: &std::fs::Metadata| format!("{}:{}", found.dev(), found.ino());
    let line: serde_json::Value = serde_json::from_str(night(false, &its).trim()).unwrap();
    assert_eq!((&line["command"], &line["exit_status"]), (&"notify".into(), &0.into()), "{line}");
    assert_eq!(line["seal"].as_str().unwrap().len(), 64, "{line}");
    assert_eq!(night(true, &its), "");
    assert_eq!(night(false, &|_| "1:1".to_owned()), "");
}

#[test]
fn check_says_what_is_missing_in_order_each_with_what_puts_it_right() {
    let sandbox = Sandbox::new();
    let looked = |status: i32| {
        let view = sandbox.run(&["check", "--json"]).exits(status).json();
        let checks = view["checks"].as_array().unwrap().clone();
        let open = checks.iter().filter(|check| check.get("remedy").is_some());
        open.map(|check| {
            let remedy = check["remedy"].as_str().unwrap();
            (check["what"].as_str().unwrap().to_owned(), check["ok"].as_bool().unwrap(), remedy.to_owned())
        })
        .collect::<Vec<_>>()
    };
    std::fs::remove_dir(sandbox.path("inbox")).unwrap();
    let begun = looked(2);
    let database = begun.iter().position(|(what, ..)| what == "database").unwrap();
    assert!(!begun[database].1 && begun[database].2.contains("import customers"), "{begun:?}");
    assert!(
        begun.iter().any(|(what, ok, remedy)| what == "inbox" && *ok && remedy.contains("install -d")),
        "{begun:?}"
    );
    sandbox.found("2025-02-01");
    let then = looked(0);
    assert!(!then.iter().any(|(what, ..)| what == "database"), "{then:?}");
    assert!(
        then.iter().any(|(what, _, remedy)| what == "bank" && remedy.contains("import payments")),
        "{then:?}"
    );
    assert!(
        then.iter().any(|(what, _, remedy)| what == "last night" && remedy.contains("nightly")),
        "{then:?}"
    );
    sandbox.run(&["nightly"]).did();
    std::fs::create_dir_all(sandbox.path("inbox")).unwrap();
    set(&sandbox.path("inbox"), 0o700);
    let after = looked(0);
    assert!(!after.iter().any(|(what, ..)| ["last night", "inbox"].contains(&what.as_str())), "{after:?}");
    // a template that fails in one language and one stage
    std::fs::create_dir_all(sandbox.path("templates/en")).unwrap();
    let own = "{{#if (eq stage \"expiry\")}}{{no_such_value}}{{/if}}";
    sandbox.file("templates/en/body.txt.hbs", own);
    sandbox.reconfigure("[mail]\n", "[mail]\ntemplates = \"templates\"\n");
    let told = sandbox.run(&["check"]).exits(2).stdout;
    assert!(told.contains("templates") && told.contains("en"), "{told}");
}

#[test]
fn what_a_panel_a_file_or_a_server_says_paints_no_terminal_and_no_mail() {
    let sandbox = Sandbox::new();
    sandbox.hooks("printf 'gone\\033[2J\\302\\233\\342\\200\\256evil\\n' >&2; exit 7\n", &["suspend"]);
    sandbox.found("2025-02-01");
    let painted = |text: &str| {
        text.chars()
            .any(|c| c != '\n' && c != '\r' && c != '\t' && !konet_billing::billing::text::is_shown(c))
    };
    let header = sandbox.import("customers", "code;name;em\u{1b}[31mail\n", "2025-02-01");
    assert!(header.status != 0 && header.stderr.contains("mail") && !painted(&header.stderr), "{header:?}");
    for day in ["2025-03-01", "2025-03-31", "2025-04-01"] {
        sandbox.notify(day);
    }
    sandbox.pay("", "2025-04-07").exits(0);
    let night = sandbox.run(&["nightly", "--as-of", "2025-04-07"]);
    assert!(night.stdout.contains("evil") || night.stderr.contains("evil"), "{night:?}");
    let asked: [&[&str]; 4] = [
        &["status", "--as-of", "2025-04-07"],
        &["status", "--as-of", "2025-04-07", "--json"],
        &["explain", "S-1", "--as-of", "2025-04-07", "--all"],
        &["explain", "S-1", "--as-of", "2025-04-07", "--json"],
    ];
    let mut seen = 0;
    for arguments in asked {
        let ran = sandbox.run(arguments).exits(0);
        seen += usize::from(ran.stdout.contains("evil"));
        assert!(!painted(&ran.stdout) && !painted(&ran.stderr), "{arguments:?}: {ran:?}");
    }
    assert!(seen > 0 && !painted(&night.stdout) && !painted(&night.stderr), "{night:?}");
    let mut mails = 0;
    for bytes in sandbox.outbox() {
        let message = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert!(!painted(&message.body_text(0).unwrap()), "{message:?}");
        mails += 1;
    }
    assert!(mails >= 3, "cards, and the digest");
}

#[test]
fn a_server_that_offers_no_encryption_any_more_gets_nothing() {
    let server = Server::start(Behaviour::Friendly);
    let sandbox = Sandbox::with_company("2025-02-01");
    let smtp =
        format!("transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"required\"", server.port);
    sandbox.reconfigure("transport = \"folder\"", &smtp);
    let ran = sandbox.notify("2025-03-01").exits(1);
    assert!(ran.stderr.contains("STARTTLS") || ran.stdout.contains("STARTTLS"), "{ran:?}");
    assert!(server.taken().is_empty());
}

#[test]
fn an_amount_that_once_ended_the_night_is_a_row_that_is_listed_and_mail_goes_out() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let statement =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/statements/nbg-camt053.xml"))
            .unwrap();
    let amount = statement.find("<Amt").map(|at| at + statement[at..].find('>').unwrap() + 1).unwrap();
    let end = amount + statement[amount..].find('<').unwrap();
    sandbox.file("inbox/bank.xml", format!("{}1.0€0{}", &statement[..amount], &statement[end..]));
    let night = sandbox.run(&["nightly", "--as-of", "2025-03-01", "--json"]);
    assert!(matches!(night.status, 0 | 3 | 4), "{night:?}");
    assert_eq!(night.json()["notify"]["totals"]["messages"], 1, "{night:?}");
}

#[test]
fn a_shell_completes_below_the_first_level() {
    let sandbox = Sandbox::new();
    let script = sandbox.run(&["completions", "bash"]).exits(0).stdout;
    let file = sandbox.file("complete.bash", script);
    let ask = format!(
        "source {}; COMP_WORDS=(konet-billing record pa); COMP_CWORD=2; _konet__billing konet-billing pa record; echo \"${{COMPREPLY[@]}}\"",
        file.display()
    );
    let Ok(asked) = std::process::Command::new("bash").args(["-c", &ask]).output() else {
        println!("NOT CHECKED: there is no bash");
        return;
    };
    assert!(String::from_utf8_lossy(&asked.stdout).contains("payment"), "{asked:?}");
}

#[test]
fn whoever_has_read_enough_is_no_failure() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let line = format!(
        "set -o pipefail; for i in 1 2 3; do '{}' status --json --as-of 2025-03-01 | head -c 1 >/dev/null || exit 9; done",
        env!("CARGO_BIN_EXE_konet-billing")
    );
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &line]).env("KONET_BILLING_CONFIG", sandbox.path("konet-billing.toml"));
    let Ok(ran) = shell.output() else {
        println!("NOT CHECKED: there is no bash");
        return;
    };
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran:?}");
}

#[test]
fn check_names_a_restored_backup_a_lost_database_and_mail_that_reaches_nobody() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let remedies = |status: i32| sandbox.run(&["check", "--json"]).exits(status).json()["checks"].to_string();
    std::fs::create_dir_all(sandbox.path("backups")).unwrap();
    sandbox.run(&["backup", "backups/konet-billing-2025-02-01-030000.db"]).exits(0);
    assert!(remedies(0).contains("it reaches nobody"), "the sandbox writes mail into a folder");
    sandbox.run(&["restore", "backups/konet-billing-2025-02-01-030000.db", "--as-of", "2025-02-02"]).exits(3);
    assert!(remedies(0).contains("record ack restored"));
    sandbox.run(&["record", "ack", "restored", "--by", "maria", "--as-of", "2025-02-02"]).exits(0);
    assert!(!remedies(0).contains("record ack restored"));
    std::fs::remove_file(sandbox.path("konet.db")).unwrap();
    let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
    if !config.contains("backups") {
        sandbox.reconfigure("[database]\n", "[database]\nbackups = \"backups\"\n");
    }
    let lost = remedies(2);
    assert!(lost.contains("any more") && lost.contains("konet-billing-2025-02-01-030000.db"), "{lost}");
}

#[test]
fn what_was_not_tried_any_more_is_counted_as_waiting() {
    let sandbox = Sandbox::new();
    let smtp = "transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"";
    sandbox.reconfigure("transport = \"folder\"", smtp);
    let customers: String = (1..=5).map(|n| format!("K-{n};Πελάτης {n};a{n}@a.example\n")).collect();
    sandbox.import("customers", format!("code;name;email\n{customers}"), "2025-02-01").exits(0);
    let services: String = (1..=5).map(|n| format!("S-{n};K-{n};hosting;Φ;100;12;2025-03-31\n")).collect();
    let head = "code;customer;kind;name;price;period_months;expires_on\n";
    sandbox.import("services", format!("{head}{services}"), "2025-02-01").exits(0);
    let totals =
        sandbox.run(&["notify", "--as-of", "2025-03-01", "--json"]).exits(1).json()["totals"].clone();
    assert_eq!(
        (&totals["messages"], &totals["sent"], &totals["queued"]),
        (&5.into(), &0.into(), &5.into()),
        "{totals}"
    );
}
