//! The lines of an import while it goes on: they lie in temporary tables, so that a statement may be of any length.
//! What a line says is the job's; here it is text that comes back as it was.

use crate::billing::ids::PaymentId;
use crate::billing::money::Money;
use crate::billing::movement::Identity;
use crate::store::{Result, StoreError, Tx};
use chrono::NaiveDate;
use rusqlite::{Row, params};

/// What a line is sorted and counted by.
#[derive(Debug, Clone, Copy)]
pub struct LineKey<'a> {
    /// Which statement of which sheet it stands in: equal lines are counted within one.
    pub statement: (usize, u32),
    /// What it is; lower kinds come first.
    pub kind: u8,
    /// The format that shows it.
    pub source: &'a str,
    /// Day.
    pub date: NaiveDate,
    /// The bank's reference.
    pub bank_ref: &'a str,
    /// What makes it the same movement within its format.
    pub identity: Identity,
}

/// What a fresh line was found to be, beside other formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Money that was not seen before.
    New,
    /// The same as this payment.
    Same(PaymentId),
    /// Perhaps the same as another: a person knows.
    Doubtful,
}

const MAKE: &str = "DROP TABLE IF EXISTS temp.line;
    DROP TABLE IF EXISTS temp.fresh_line;
    CREATE TEMP TABLE line (
        at INTEGER PRIMARY KEY, sheet INTEGER NOT NULL, statement INTEGER NOT NULL, kind INTEGER NOT NULL,
        source TEXT NOT NULL, date TEXT NOT NULL, bank_ref TEXT NOT NULL, identity TEXT NOT NULL, said TEXT NOT NULL
    ) STRICT;
    CREATE TEMP TABLE fresh_line (
        at INTEGER PRIMARY KEY, date TEXT NOT NULL, amount_cents INTEGER NOT NULL, same_as INTEGER,
        is_doubtful INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL
    ) STRICT;
    CREATE INDEX temp.fresh_line_group ON fresh_line (date, amount_cents);";

impl Tx<'_> {
    /// Begins an import of lines; what another has left is gone.
    ///
    /// # Errors
    /// Where the temporary tables cannot be made.
    pub fn begin_lines(&self) -> Result<()> {
        Ok(self.connection().execute_batch(MAKE)?)
    }

    /// Ends it: nothing is left of the lines.
    ///
    /// # Errors
    /// Where the temporary tables cannot be written.
    pub fn end_lines(&self) -> Result<()> {
        Ok(self.connection().execute_batch("DROP TABLE temp.line; DROP TABLE temp.fresh_line;")?)
    }

    /// Keeps a line.
    ///
    /// # Errors
    /// Where the temporary tables cannot be written.
    pub fn keep_line(&self, key: &LineKey<'_>, said: &str) -> Result<()> {
        let sql = "INSERT INTO temp.line (sheet, statement, kind, source, date, bank_ref, identity, said)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let sheet = i64::try_from(key.statement.0).unwrap_or(i64::MAX);
        self.connection().prepare_cached(sql)?.execute(params![
            sheet,
            key.statement.1,
            key.kind,
            key.source,
            key.date,
            key.bank_ref,
            key.identity.to_string(),
            said
        ])?;
        Ok(())
    }

    /// The kinds of lines and their formats, in the order in which they are booked.
    ///
    /// # Errors
    /// Where the temporary tables cannot be read.
    pub fn formats_of_lines(&self) -> Result<Vec<(u8, String)>> {
        let sql = "SELECT DISTINCT kind, source FROM temp.line ORDER BY kind, source";
        let mut statement = self.connection().prepare(sql)?;
        let formats = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(formats.collect::<rusqlite::Result<_>>()?)
    }

    /// The lines of a format by day, bank reference and identity, each with its place among its equals in its statement,
    /// from 1. Equals of several statements follow each other.
    ///
    /// # Errors
    /// Where the temporary tables cannot be read, and the first error of `work`.
    pub fn each_line<E: From<StoreError>>(
        &self,
        (kind, source): (u8, &str),
        mut work: impl FnMut(u32, &str) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql =
            "SELECT row_number() OVER (PARTITION BY sheet, statement, identity ORDER BY at) AS ordinal, said
                   FROM temp.line WHERE kind = ?1 AND source = ?2 ORDER BY date, bank_ref, identity, ordinal";
        self.each(sql, params![kind, source], |row| {
            let (ordinal, said): (u32, String) = (row.get(0)?, row.get(1)?);
            Ok(work(ordinal, &said))
        })
    }

    /// Keeps a line of the present format that was not seen before in it.
    ///
    /// # Errors
    /// Where the temporary tables cannot be written.
    pub fn keep_fresh(&self, date: NaiveDate, amount: Money, said: &str) -> Result<()> {
        let sql = "INSERT INTO temp.fresh_line (date, amount_cents, said) VALUES (?1, ?2, ?3)";
        self.connection().prepare_cached(sql)?.execute(params![date, amount.cents(), said])?;
        Ok(())
    }

    /// The days and amounts of fresh lines.
    ///
    /// # Errors
    /// Where the temporary tables cannot be read, and the first error of `work`.
    pub fn each_fresh_group<E: From<StoreError>>(
        &self,
        mut work: impl FnMut(NaiveDate, Money) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = "SELECT date, amount_cents FROM temp.fresh_line GROUP BY date, amount_cents";
        self.each(sql, [], |row| Ok(work(row.get(0)?, Money::from_cents(row.get(1)?))))
    }

    /// The fresh lines of a day and amount, each with its place.
    ///
    /// # Errors
    /// Where the temporary tables cannot be read.
    pub fn fresh_lines(&self, date: NaiveDate, amount: Money) -> Result<Vec<(i64, String)>> {
        let sql = "SELECT at, said FROM temp.fresh_line WHERE date = ?1 AND amount_cents = ?2 ORDER BY at";
        let mut statement = self.connection().prepare_cached(sql)?;
        let lines =
            statement.query_map(params![date, amount.cents()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(lines.collect::<rusqlite::Result<_>>()?)
    }

    /// Notes what the fresh line at a place is.
    ///
    /// # Errors
    /// Where the temporary tables cannot be written.
    pub fn judge_fresh(&self, at: i64, judged: Judged) -> Result<()> {
        let same_as = if let Judged::Same(id) = judged { Some(id.0) } else { None };
        let sql = "UPDATE temp.fresh_line SET same_as = ?2, is_doubtful = ?3 WHERE at = ?1";
        let values = params![at, same_as, judged == Judged::Doubtful];
        self.connection().prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// The fresh lines of the present format in their order, with what they are; none is left then.
    ///
    /// # Errors
    /// Where the temporary tables cannot be read or written, and the first error of `work`.
    pub fn take_fresh<E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&str, Judged) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = "SELECT said, same_as, is_doubtful FROM temp.fresh_line ORDER BY at";
        self.each(sql, [], |row| {
            let (said, same_as, is_doubtful): (String, Option<i64>, bool) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let judged = match same_as {
                Some(id) => Judged::Same(PaymentId(id)),
                None if is_doubtful => Judged::Doubtful,
                None => Judged::New,
            };
            Ok(work(&said, judged))
        })?;
        self.connection().execute_batch("DELETE FROM temp.fresh_line").map_err(StoreError::from)?;
        Ok(())
    }

    fn each<E: From<StoreError>>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        mut work: impl FnMut(&Row<'_>) -> rusqlite::Result<std::result::Result<(), E>>,
    ) -> std::result::Result<(), E> {
        let mut statement = self.connection().prepare(sql).map_err(StoreError::from)?;
        let mut rows = statement.query(values).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            work(row).map_err(StoreError::from)??;
        }
        Ok(())
    }
}
