//! What lies over a database in a dry run: seen by nobody else, gone with it, and the same whatever others write meanwhile.

use crate::support::sandbox::Sandbox;
use konet_billing::billing::ids::CustomerCode;
use konet_billing::billing::policy::Mode;
use konet_billing::store::{Run, Store, StoreError, User};
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;

/// The files of a folder with what is in them, without SQLite's own index of what is being read.
fn all(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut all: Vec<_> = entries
        .map(|entry| {
            let bytes = if entry.path().is_dir() { Vec::new() } else { std::fs::read(entry.path()).unwrap() };
            (entry.file_name().into_string().unwrap(), bytes)
        })
        .filter(|(name, _)| !name.ends_with("-shm"))
        .collect();
    all.sort();
    all
}

fn begun(store: &mut Store) -> Run {
    let day = "2025-03-01".parse().unwrap();
    let nobody = User { id: None, sudo: None };
    store.begin_run("notify", day, Mode::Live, "2025-03-01T06:00:00+02:00", nobody).unwrap()
}

fn name_of(store: &Store) -> String {
    store.customer(&CustomerCode::new("K-1")).unwrap().unwrap().name
}

/// Far more than a transaction keeps in memory.
fn write_much(store: &mut Store, run: Run) {
    let words = "ό,τι γράφεται εδώ δεν μένει ".repeat(100);
    store
        .write(run, |tx| -> Result<(), StoreError> {
            for at in 0..10_000 {
                tx.journal(None, None, "tried", &json!({ "at": at, "words": words }))?;
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_a_dry_run_writes_lies_over_the_database_and_goes_with_it() {
    let sandbox = Sandbox::with_company("2025-02-01");
    // something that has not been put back into the file yet
    let writer = Connection::open(sandbox.path("konet.db")).unwrap();
    writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    writer.execute("UPDATE customers SET name = 'Νέο Όνομα' WHERE code = 'K-1'", []).unwrap();
    let before = all(&sandbox.path(""));
    assert!(before.iter().any(|(name, bytes)| name == "konet.db-wal" && !bytes.is_empty()));
    let mut store = Store::for_a_dry_run(&sandbox.path("konet.db")).unwrap();
    assert_eq!(name_of(&store), "Νέο Όνομα");
    let run = begun(&mut store);
    write_much(&mut store, run);
    assert_eq!(store.journal_of_run(run.id.0).unwrap().len(), 10_000);
    store.check().unwrap();
    let names = |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&all(&sandbox.path(""))), names(&before), "killed now, it leaves nothing behind");
    drop(store);
    assert!(all(&sandbox.path("")) == before, "a file has changed");
    let store = Store::open(&sandbox.path("konet.db")).unwrap();
    store.check().unwrap();
    assert_eq!(store.journal_of_run(run.id.0).unwrap().len(), 0);
}

#[test]
fn whatever_others_write_and_put_back_a_dry_run_sees_the_moment_at_which_it_began() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let path = sandbox.path("konet.db");
    let writer = Connection::open(&path).unwrap();
    writer.pragma_update(None, "busy_timeout", 0).unwrap();
    let rename = |name: &str| {
        writer.execute("UPDATE customers SET name = ?1 WHERE code = 'K-1'", [name]).unwrap();
        // as much as it is let
        let _ = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    };
    // once where all had been put back, and once where the last change had not
    for unfinished in [false, true] {
        rename("Πριν");
        if unfinished {
            writer.execute("UPDATE customers SET name = 'Τότε' WHERE code = 'K-1'", []).unwrap();
        } else {
            rename("Τότε");
        }
        let mut store = Store::for_a_dry_run(&path).unwrap();
        let run = begun(&mut store);
        for round in 0..20 {
            rename(&format!("Μετά {round}"));
            writer
                .execute(
                    "INSERT INTO mailboxes (path, read_to, before) VALUES (?1, 1, '')",
                    [format!("{unfinished} {round} {}", "x".repeat(9000))],
                )
                .unwrap();
            let one = |tx: &konet_billing::store::Tx<'_>| tx.journal(None, None, "tried", &json!(round));
            store.write(run, one).unwrap();
            assert_eq!(name_of(&store), "Τότε");
        }
        store.check().unwrap();
        assert_eq!(store.journal_of_run(run.id.0).unwrap().len(), 20);
        drop(store);
        rename("Μετά");
        let now = Store::open(&path).unwrap();
        now.check().unwrap();
        assert_eq!(name_of(&now), "Μετά");
        let kept: i64 = writer.query_row("SELECT count(*) FROM mailboxes", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, if unfinished { 40 } else { 20 });
    }
}

#[test]
fn where_nothing_can_lie_over_it_a_dry_run_works_on_a_copy() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let path = sandbox.path("konet.db");
    let mode: String = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete");
    let before = all(&sandbox.path(""));
    let mut store = Store::for_a_dry_run(&path).unwrap();
    let run = begun(&mut store);
    write_much(&mut store, run);
    drop(store);
    assert!(all(&sandbox.path("")) == before, "a file has changed");
}

#[test]
fn what_somebody_killed_in_the_wrong_moment_left_behind_is_swept_away() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for (name, hours) in [("old", 2), ("new", 0)] {
        let folder = sandbox.path(&format!(".konet-billing-dry-run-{name}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::hard_link(sandbox.path("konet.db"), folder.join("konet.db")).unwrap();
        let made = folder.metadata().unwrap().modified().unwrap();
        let then = made - std::time::Duration::from_secs(hours * 3600);
        std::fs::File::open(&folder).unwrap().set_modified(then).unwrap();
    }
    // somebody's own, however old
    let own = sandbox.path(".konet-billing-backups");
    std::fs::create_dir(&own).unwrap();
    std::fs::File::open(&own).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    sandbox.run(&["notify", "--as-of", "2025-03-01", "--dry-run"]).exits(0);
    let is_there = |name: &str| sandbox.path(&format!(".konet-billing-{name}")).exists();
    assert!(!is_there("dry-run-old") && is_there("dry-run-new") && is_there("backups"));
    sandbox.notify("2025-03-01").exits(0);
}
