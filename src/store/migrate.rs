//! The schema's versions: forward only, all that are missing in one transaction, with a backup before it.

use super::error::{Result, StoreError};
use crate::outputs;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `KNBT`: what `PRAGMA application_id` holds in our databases.
const APPLICATION_ID: i64 = 0x4B4E_4254;

/// Never edited once released; the next one is added below.
const MIGRATIONS: [&str; 9] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_money.sql"),
    include_str!("migrations/0003_episodes.sql"),
    include_str!("migrations/0004_gates.sql"),
    include_str!("migrations/0005_mail.sql"),
    include_str!("migrations/0006_hand.sql"),
    include_str!("migrations/0007_scale.sql"),
    include_str!("migrations/0008_trust.sql"),
    include_str!("migrations/0009_found_by.sql"),
];

/// The version since which waiting money is findable by the words that it is looked for with now, which only the program
/// can tell: names without any mark.
const WORDS: usize = 8;

/// Refuses what is not one of our databases, or is of a later version. Writes nothing.
pub(super) fn check_identity(connection: &Connection, path: &Path) -> Result<()> {
    let not_ours = |why: &str| StoreError::NotOurs { path: path.to_owned(), why: why.to_owned() };
    let pragma =
        |name: &str| -> rusqlite::Result<i64> { connection.pragma_query_value(None, name, |row| row.get(0)) };
    let id = pragma("application_id").map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => not_ours("not an SQLite database"),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => not_ours("a damaged SQLite database"),
        _ => StoreError::from(error),
    })?;
    if id != APPLICATION_ID {
        let empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
        return Err(not_ours(if empty { "an empty file" } else { "another program's database" }));
    }
    let known = known_version();
    let found = pragma("user_version")?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// What SQLite obeys in a database and this program never made: triggers, and views that are others than they were.
pub(super) fn strange_orders(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT type || ' `' || name || '`', sql FROM sqlite_schema WHERE type IN ('trigger', 'view') ORDER BY name",
    )?;
    let parts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let parts: Vec<(String, String)> = parts.collect::<rusqlite::Result<_>>()?;
    // SQLite keeps a statement as it was written
    let is_ours = |sql: &str| MIGRATIONS.iter().any(|migration| migration.contains(sql));
    Ok(parts.into_iter().filter(|(_, sql)| !is_ours(sql)).map(|(what, _)| what).collect())
}

/// Refuses an older schema where it may not be upgraded.
pub(super) fn check_current(connection: &Connection, path: &Path) -> Result<()> {
    let found = version(connection)?;
    if found == known_version() {
        return Ok(());
    }
    Err(StoreError::Older { path: path.to_owned(), found, known: known_version() })
}

/// The schema that a database has.
pub(super) fn version(connection: &Connection) -> Result<i64> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

pub(super) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema up to date; an existing database is backed up beside itself first.
pub(super) fn upgrade(connection: &Connection, path: &Path) -> Result<()> {
    let found = version(connection)?;
    if found > 0 && found < known_version() {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-schema-{}", known_version()));
        backup(connection, &PathBuf::from(name))?;
    }
    upgrade_in_place(connection)
}

/// Brings the schema up to date in one transaction: a program that is cut short leaves the old one whole.
pub(super) fn upgrade_in_place(connection: &Connection) -> Result<()> {
    let done = usize::try_from(version(connection)?).unwrap_or(0);
    if done >= MIGRATIONS.len() {
        return Ok(());
    }
    // a table that others point at can only be made anew while nobody looks at the pointers
    let enforced: bool = connection.pragma_query_value(None, "foreign_keys", |row| row.get(0))?;
    connection.pragma_update(None, "foreign_keys", false)?;
    let upgraded = migrations(connection, done);
    if upgraded.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    connection.pragma_update(None, "foreign_keys", enforced)?;
    upgraded
}

/// All that are missing, kept only where every pointer points at something.
fn migrations(connection: &Connection, done: usize) -> Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for sql in MIGRATIONS.iter().skip(done) {
        connection.execute_batch(sql)?;
    }
    if done < WORDS {
        super::payments::index_all_waiting(connection)?;
    }
    let version = known_version();
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};"
    ))?;
    check_foreign_keys(connection)?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// Every row points at rows that are there.
pub(super) fn check_foreign_keys(connection: &Connection) -> Result<()> {
    let orphan: Option<String> = connection
        .prepare("PRAGMA foreign_key_check")?
        .query_map([], |row| row.get(0))?
        .next()
        .transpose()?;
    orphan.map_or(Ok(()), |table| Err(StoreError::Damaged(format!("a row of `{table}` points at nothing"))))
}

/// Copies the database to `target` by the online API, by way of a temporary name.
pub(super) fn backup(connection: &Connection, target: &Path) -> Result<()> {
    let io = |cause| StoreError::Io { path: target.to_owned(), cause };
    let (partial, file) = outputs::begun(target).map_err(io)?;
    {
        let mut copy = Connection::open_with_flags(&partial, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        rusqlite::backup::Backup::new(connection, &mut copy)?.run_to_completion(
            1000,
            Duration::ZERO,
            None,
        )?;
        // a copy is one file: whoever reads it makes no log beside it
        copy.pragma_update(None, "journal_mode", "DELETE")?;
    }
    file.sync_all().map_err(io)?;
    std::fs::rename(&partial, target).map_err(io)
}
