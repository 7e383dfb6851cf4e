//! Runs and the journal: who did what, when and why.

use super::error::Result;
use super::{Read, Store, Tx};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::policy::Mode;
use crate::views::runs::{JournalLine, ListedRun};
use chrono::NaiveDate;
use rusqlite::{OptionalExtension, params};

/// The number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub i64);

/// A run that is under way: whatever it writes carries its number, its day and its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The day it works for.
    pub as_of: NaiveDate,
    /// Trial or live.
    pub mode: Mode,
}

impl Store {
    /// Opens a run.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn begin_run(
        &mut self,
        command: &str,
        as_of: NaiveDate,
        mode: Mode,
        started_at: &str,
    ) -> Result<Run> {
        self.transact(|read| {
            read.connection().execute(
                "INSERT INTO runs (command, as_of, mode, started_at) VALUES (?1, ?2, ?3, ?4)",
                params![command, as_of, mode.code(), started_at],
            )?;
            Ok(Run { id: RunId(read.connection().last_insert_rowid()), as_of, mode })
        })
    }

    /// Closes a run with its exit status.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn end_run(&mut self, run: RunId, ended_at: &str, status: u8) -> Result<()> {
        self.transact(|read| {
            read.connection().execute(
                "UPDATE runs SET ended_at = ?2, exit_status = ?3 WHERE id = ?1",
                params![run.0, ended_at, status],
            )?;
            Ok(())
        })
    }
}

/// What the journal says where a person has seen that an earlier run's day was wrong.
pub const CLOCK_FORGIVEN: &str = "clock_forgiven";

/// Reading runs and the journal.
impl Read {
    /// The latest day any enforcing or notifying run before `run` worked for, since a person last said that the
    /// clock had been wrong ([`CLOCK_FORGIVEN`]).
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn latest_run_day(&self, run: RunId) -> Result<Option<NaiveDate>> {
        let sql = "SELECT max(as_of) FROM runs WHERE id < ?1 AND command IN ('enforce', 'notify', 'nightly')
                     AND id > coalesce((SELECT max(run) FROM journal WHERE what = 'clock_forgiven'), 0)";
        Ok(self.connection().query_row(sql, [run.0], |row| row.get(0)).optional()?.flatten())
    }

    /// When a run ended, if it is known and did.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn ended_at(&self, run: i64) -> Result<Option<String>> {
        let sql = "SELECT ended_at FROM runs WHERE id = ?1";
        Ok(self.connection().query_row(sql, [run], |row| row.get(0)).optional()?.flatten())
    }

    /// Whether the night of a day was done.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn night_was_done(&self, day: NaiveDate) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE command = 'nightly' AND as_of = ?1 AND ended_at IS NOT NULL
                     AND exit_status IN (0, 3, 4))";
        Ok(self.connection().query_row(sql, [day], |row| row.get(0))?)
    }

    /// When the last night that was done began.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn last_night(&self) -> Result<Option<String>> {
        let sql = "SELECT started_at FROM runs WHERE command = 'nightly' AND exit_status IN (0, 3, 4)
                   ORDER BY id DESC LIMIT 1";
        Ok(self.connection().query_row(sql, [], |row| row.get(0)).optional()?)
    }

    /// The last runs, newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn last_runs(&self, count: u32) -> Result<Vec<ListedRun>> {
        let sql = "SELECT r.id, r.command, r.as_of, r.mode, r.started_at, r.exit_status,
                     (SELECT count(*) FROM journal j WHERE j.run = r.id)
                   FROM runs r ORDER BY r.id DESC LIMIT ?1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([count], |row| {
            Ok(ListedRun {
                id: row.get(0)?,
                command: row.get(1)?,
                as_of: row.get(2)?,
                mode: row.get(3)?,
                started_at: row.get(4)?,
                exit_status: row.get(5)?,
                journalled: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The journal of a customer (and their services) or of one service, oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn journal_of(
        &self,
        customer: Option<&CustomerCode>,
        service: Option<&ServiceCode>,
    ) -> Result<Vec<JournalLine>> {
        let sql = "SELECT j.run, r.as_of, j.service, j.what, j.detail FROM journal j JOIN runs r ON r.id = j.run
                   WHERE (?1 IS NOT NULL AND j.customer = ?1) OR (?2 IS NOT NULL AND j.service = ?2) ORDER BY j.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let values = params![customer.map(CustomerCode::as_str), service.map(ServiceCode::as_str)];
        let rows = statement.query_map(values, |row| {
            let detail: String = row.get(4)?;
            Ok(JournalLine {
                run: row.get(0)?,
                on: row.get(1)?,
                service: row.get(2)?,
                what: row.get(3)?,
                detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::Null),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Writes one line of the journal.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn journal(
        &self,
        customer: Option<&CustomerCode>,
        service: Option<&ServiceCode>,
        what: &str,
        detail: &serde_json::Value,
    ) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO journal (run, customer, service, what, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                self.run.id.0,
                customer.map(CustomerCode::as_str),
                service.map(ServiceCode::as_str),
                what,
                detail.to_string()
            ])?;
        Ok(())
    }
}
