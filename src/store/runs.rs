//! Runs and the journal: who did what, when and why.

use super::error::Result;
use super::{Read, Store, Tx};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::policy::Mode;
use crate::views::runs::{JournalLine, ListedRun, RunMessage};
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

/// Whose process a run is, whatever name its person gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct User {
    /// The system's number of the user that it runs as.
    pub id: Option<u32>,
    /// That of the user who called `sudo`, as sudo says.
    pub sudo: Option<u32>,
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
        user: User,
    ) -> Result<Run> {
        self.transact(|read| {
            read.connection().execute(
                "INSERT INTO runs (command, as_of, mode, started_at, user, sudo_user) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![command, as_of, mode.code(), started_at, user.id, user.sudo],
            )?;
            Ok(Run { id: RunId(read.connection().last_insert_rowid()), as_of, mode })
        })
    }

    /// Closes a run with its exit status, and seals what it wrote down.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn end_run(&mut self, run: RunId, ended_at: &str, status: u8) -> Result<()> {
        self.transact(|read| {
            read.connection().execute(
                "UPDATE runs SET ended_at = ?2, exit_status = ?3 WHERE id = ?1",
                params![run.0, ended_at, status],
            )?;
            super::seal::seal_up_to(read.connection(), run.0)
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

    /// Whether a night before `run` was done for that day.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn had_night(&self, day: NaiveDate, run: Run) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE command = 'nightly' AND exit_status IN (0, 3, 4)
                     AND as_of = ?1 AND id < ?2)";
        Ok(self.connection().query_row(sql, params![day, run.id.0], |row| row.get(0))?)
    }

    /// The last runs, newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn last_runs(&self, count: u32) -> Result<Vec<ListedRun>> {
        let mut statement = self.connection().prepare_cached(&listed("ORDER BY r.id DESC LIMIT ?1"))?;
        let rows = statement.query_map([count], listed_run)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One run.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn listed_run(&self, run: i64) -> Result<Option<ListedRun>> {
        let mut statement = self.connection().prepare_cached(&listed("WHERE r.id = ?1"))?;
        Ok(statement.query_row([run], listed_run).optional()?)
    }

    /// The messages that a run made.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn messages_of_run(&self, run: i64) -> Result<Vec<RunMessage>> {
        let sql = "SELECT m.id, m.customer, k.name, m.card, c.total_due_cents, m.subject FROM messages m
                   JOIN customers k ON k.code = m.customer JOIN cards c ON c.number = m.card WHERE m.run = ?1 ORDER BY m.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([run], |row| {
            Ok(RunMessage {
                message: row.get(0)?,
                customer: row.get(1)?,
                name: row.get(2)?,
                card: row.get(3)?,
                total_cents: row.get(4)?,
                subject: row.get(5)?,
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
        let condition = "(?1 IS NOT NULL AND j.customer = ?1) OR (?2 IS NOT NULL AND j.service = ?2)";
        let values = params![customer.map(CustomerCode::as_str), service.map(ServiceCode::as_str)];
        self.journal_lines(condition, values)
    }

    /// What a run wrote into the journal, in its order.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn journal_of_run(&self, run: i64) -> Result<Vec<JournalLine>> {
        self.journal_lines("j.run = ?1", params![run])
    }

    fn journal_lines(&self, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<JournalLine>> {
        let sql = format!(
            "SELECT j.run, r.as_of, j.customer, j.service, j.what, j.detail, k.name FROM journal j JOIN runs r ON r.id = j.run
             LEFT JOIN customers k ON k.code = j.customer
             WHERE {condition} ORDER BY j.id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(values, |row| {
            let detail: String = row.get(5)?;
            Ok(JournalLine {
                run: row.get(0)?,
                on: row.get(1)?,
                customer: row.get(2)?,
                name: row.get(6)?,
                service: row.get(3)?,
                what: row.get(4)?,
                detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::Null),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Runs as they are listed, chosen by a clause of this file.
fn listed(clause: &str) -> String {
    format!(
        "SELECT r.id, r.command, r.as_of, r.mode, r.started_at, r.exit_status, r.user, r.sudo_user,
           (SELECT count(*) FROM journal j WHERE j.run = r.id)
         FROM runs r {clause}"
    )
}

fn listed_run(row: &rusqlite::Row<'_>) -> rusqlite::Result<ListedRun> {
    Ok(ListedRun {
        id: row.get(0)?,
        command: row.get(1)?,
        as_of: row.get(2)?,
        mode: row.get(3)?,
        started_at: row.get(4)?,
        exit_status: row.get(5)?,
        user: row.get(6)?,
        sudo_user: row.get(7)?,
        journalled: row.get(8)?,
    })
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
