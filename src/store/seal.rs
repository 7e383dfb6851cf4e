//! Seals: what each run wrote into the journal, hashed together with the seal of the run before it, so that a line that
//! was changed, added or taken away afterwards is seen.
//!
//! Whoever may write the database may also make new seals. What they cannot reach is a seal that lies elsewhere: systemd's
//! journal has that of every run, and a backup has those before it.

use super::error::Result;
use super::{Read, Store};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

/// What is sealed of a run itself, and its lines.
const RUN: &str = "SELECT id, command, as_of, mode, started_at, ended_at, exit_status, user, sudo_user FROM runs WHERE id = ?1";
const LINES: &str = "SELECT id, customer, service, what, detail FROM journal WHERE run = ?1 ORDER BY id";

/// Seals every run up to `run` that has no seal yet: those that were cut short, and those of an older version.
pub(super) fn seal_up_to(connection: &Connection, run: i64) -> Result<()> {
    let runs: Vec<i64> = connection
        .prepare_cached("SELECT id FROM runs WHERE id > coalesce((SELECT id FROM runs WHERE seal IS NOT NULL ORDER BY id DESC LIMIT 1), 0) AND id <= ?1 ORDER BY id")?
        .query_map([run], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    seal(connection, &runs)
}

/// Makes every seal anew, where what they were made of was erased on purpose.
pub(super) fn seal_again(connection: &Connection) -> Result<()> {
    let sealed = connection
        .prepare("SELECT id FROM runs WHERE seal IS NOT NULL ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    connection.execute("UPDATE runs SET seal = NULL", [])?;
    seal(connection, &sealed)
}

fn seal(connection: &Connection, runs: &[i64]) -> Result<()> {
    for run in runs {
        let seal = computed(connection, *run)?;
        connection.prepare_cached("UPDATE runs SET seal = ?2 WHERE id = ?1")?.execute(params![run, seal])?;
    }
    Ok(())
}

/// The seal that a run must have, with the one of the run before it as it stands.
fn computed(connection: &Connection, run: i64) -> Result<String> {
    let before: Option<String> = connection
        .prepare_cached("SELECT seal FROM runs WHERE id < ?1 AND seal IS NOT NULL ORDER BY id DESC LIMIT 1")?
        .query_row([run], |row| row.get(0))
        .optional()?;
    let mut hash = Sha256::new();
    hash.update(before.unwrap_or_default());
    for sql in [RUN, LINES] {
        let mut statement = connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            for at in 0..columns {
                add(&mut hash, row.get_ref(at)?);
            }
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A value with its kind and its length, so that no two rows are hashed alike.
fn add(hash: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes) = match value {
        ValueRef::Null => (b'-', Vec::new()),
        ValueRef::Integer(number) => (b'i', number.to_be_bytes().to_vec()),
        ValueRef::Real(number) => (b'r', number.to_be_bytes().to_vec()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => (b't', bytes.to_vec()),
    };
    hash.update([kind]);
    hash.update(bytes.len().to_be_bytes());
    hash.update(bytes);
}

impl Read {
    /// The seal of a run that has one.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn seal_of(&self, run: i64) -> Result<Option<String>> {
        let sql = "SELECT seal FROM runs WHERE id = ?1";
        Ok(self.connection().query_row(sql, [run], |row| row.get(0)).optional()?.flatten())
    }

    /// The first run whose seal does not fit what stands in the journal.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn broken_seal(&self) -> Result<Option<i64>> {
        let connection = self.connection();
        let mut statement = connection.prepare(
            "SELECT id, seal FROM runs WHERE id <= (SELECT max(id) FROM runs WHERE seal IS NOT NULL) ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (run, seal): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
            if seal != Some(computed(connection, run)?) {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }
}

impl Store {
    /// Triggers and views that this program never made: whatever is written, they do something beside it.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn strange_orders(&self) -> Result<Vec<String>> {
        super::migrate::strange_orders(&self.read.connection)
    }

    /// What stands in the schema that is not this version's, or not as this version has it: tables, indexes, triggers and
    /// views, each by its kind and name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn strange_schema(&self) -> Result<Vec<String>> {
        let ours = schema(&Self::in_memory()?.read.connection)?;
        let theirs = schema(&self.read.connection)?;
        let of = |(kind, name, _): &(String, String, String)| format!("{kind} `{name}`");
        let mut strange: Vec<String> = theirs.iter().filter(|part| !ours.contains(part)).map(of).collect();
        let known = |part: &(String, String, String)| {
            theirs.iter().any(|other| (&other.0, &other.1) == (&part.0, &part.1))
        };
        strange.extend(ours.iter().filter(|part| !known(part)).map(|part| format!("{} (missing)", of(part))));
        Ok(strange)
    }
}

/// Everything that was made in a database, but for what SQLite keeps for itself.
fn schema(connection: &Connection) -> Result<Vec<(String, String, String)>> {
    let mut statement = connection.prepare(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1, 2",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
