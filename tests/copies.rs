//! Beginning, backing up and restoring.

use crate::support::sandbox::Sandbox;
use std::os::unix::fs::PermissionsExt;

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
