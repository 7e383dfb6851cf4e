//! Runs and the journal: who did what, when and why.

use super::error::Result;
use super::{Queries, Store, Tx};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::policy::Mode;
use chrono::NaiveDate;
use rusqlite::{OptionalExtension, params};

/// The number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

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
    ) -> Result<RunId> {
        self.write(|tx| {
            tx.connection.execute(
                "INSERT INTO runs (command, as_of, mode, started_at) VALUES (?1, ?2, ?3, ?4)",
                params![command, as_of, mode.code(), started_at],
            )?;
            Ok(RunId(tx.connection.last_insert_rowid()))
        })
    }

    /// Closes a run with its exit status.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn end_run(&mut self, run: RunId, ended_at: &str, status: u8) -> Result<()> {
        self.write(|tx| {
            tx.connection.execute(
                "UPDATE runs SET ended_at = ?2, exit_status = ?3 WHERE id = ?1",
                params![run.0, ended_at, status],
            )?;
            Ok(())
        })
    }

    /// The latest day any enforcing or notifying run before `run` worked for.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn latest_run_day(&self, run: Option<RunId>) -> Result<Option<NaiveDate>> {
        let sql = "SELECT max(as_of) FROM runs WHERE id < ?1 AND command IN ('enforce', 'notify', 'nightly')";
        let before = run.map_or(i64::MAX, |run| run.0);
        Ok(self.connection.query_row(sql, [before], |row| row.get(0)).optional()?.flatten())
    }
}

impl Tx<'_> {
    /// Writes one line of the journal.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn journal(
        &self,
        run: RunId,
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
                run.0,
                customer.map(CustomerCode::as_str),
                service.map(ServiceCode::as_str),
                what,
                detail.to_string()
            ])?;
        Ok(())
    }
}
