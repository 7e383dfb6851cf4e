//! What staff recorded of a customer or service: a file that says otherwise disputes it, and does not undo it.

use super::error::Result;
use super::{Read, Tx};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::views::record::SettledView;
use rusqlite::params;
use std::collections::BTreeSet;

/// Whose record it is.
#[derive(Debug, Clone, Copy)]
pub enum RecordOf<'a> {
    /// A customer's.
    Customer(&'a CustomerCode),
    /// A service's.
    Service(&'a ServiceCode),
}

impl<'a> RecordOf<'a> {
    fn key(self) -> (&'static str, &'a str) {
        match self {
            Self::Customer(code) => ("customer", code.as_str()),
            Self::Service(code) => ("service", code.as_str()),
        }
    }
}

/// Reading what staff recorded.
impl Read {
    /// The columns of a customer or service that staff have the last word on.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn staff_columns(&self, of: RecordOf<'_>) -> Result<BTreeSet<String>> {
        let (record, code) = of.key();
        let sql = "SELECT column_name FROM staff_words WHERE record = ?1 AND code = ?2";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([record, code], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Charges of a customer that this run settled.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn settled_by_run(&self, customer: &CustomerCode) -> Result<Vec<SettledView>> {
        let sql = "SELECT coalesce(c.service, c.label), c.period_to FROM charges c
                   WHERE c.customer = ?1 AND c.settled_on IS NOT NULL AND c.source <> 'adjustment'
                     AND EXISTS (SELECT 1 FROM allocations a WHERE a.charge = c.id AND a.run = ?2 AND a.payment IS NOT NULL) ORDER BY c.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(params![customer.as_str(), self.run.id.0], |row| {
            Ok(SettledView { what: row.get(0)?, until: row.get(1)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Staff recorded a column of a customer or service; the file it came from does not undo it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_staff_word(&self, of: RecordOf<'_>, column: &str) -> Result<()> {
        let (record, code) = of.key();
        self.connection()
            .prepare_cached(
                "INSERT INTO staff_words (record, code, column_name, run) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (record, code, column_name) DO UPDATE SET run = excluded.run",
            )?
            .execute(params![record, code, column, self.run.id.0])?;
        Ok(())
    }

    /// A person let a file decide a column after all.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn forget_staff_word(&self, of: RecordOf<'_>, column: &str) -> Result<()> {
        let (record, code) = of.key();
        self.connection()
            .prepare_cached("DELETE FROM staff_words WHERE record = ?1 AND code = ?2 AND column_name = ?3")?
            .execute(params![record, code, column])?;
        Ok(())
    }
}
