//! What needs a person: told once, listed until it is over.

use super::error::Result;
use super::{Read, Tx};
use chrono::NaiveDate;
use rusqlite::params;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttention {
    /// What kind of thing: `no_email`, `unmatched`, `data`, …
    pub kind: &'static str,
    /// What makes it one thing: raised again, it is not new.
    pub key: String,
    /// Whose.
    pub customer: Option<String>,
    /// Which service.
    pub service: Option<String>,
    /// What, and what to do.
    pub text: String,
}

/// Something listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// What kind of thing.
    pub kind: String,
    /// Whose.
    pub customer: Option<String>,
    /// Which service.
    pub service: Option<String>,
    /// What, and what to do.
    pub text: String,
    /// Since when.
    pub since: NaiveDate,
}

/// Reading the list.
impl Read {
    /// All that is open and not silenced.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn open_attention(&self) -> Result<Vec<Attention>> {
        let sql = "SELECT kind, customer, service, text, since FROM attention
                   WHERE closed_on IS NULL AND acked_by IS NULL ORDER BY kind, since, customer, service";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(Attention {
                kind: row.get(0)?,
                customer: row.get(1)?,
                service: row.get(2)?,
                text: row.get(3)?,
                since: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Lists something; gives whether it is new.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn raise(&self, new: &NewAttention) -> Result<bool> {
        let known = self
            .connection()
            .prepare_cached(
                "UPDATE attention SET text = ?3 WHERE kind = ?1 AND key = ?2 AND closed_on IS NULL",
            )?
            .execute(params![new.kind, new.key, new.text])?;
        if known > 0 {
            return Ok(false);
        }
        self.connection()
            .prepare_cached(
                "INSERT INTO attention (kind, key, customer, service, text, since, run)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                new.kind,
                new.key,
                new.customer,
                new.service,
                new.text,
                self.run.as_of,
                self.run.id.0
            ])?;
        Ok(true)
    }

    /// A person has seen what is listed of a customer or service; gives how many.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn acknowledge(&self, code: &str, by: &str) -> Result<usize> {
        Ok(self
            .connection()
            .prepare_cached(
                "UPDATE attention SET acked_by = ?2 WHERE closed_on IS NULL AND acked_by IS NULL
                   AND (customer = ?1 OR service = ?1 OR key = ?1)",
            )?
            .execute(params![code, by])?)
    }

    /// One thing is over, whoever has seen it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn close_one(&self, kind: &str, key: &str) -> Result<usize> {
        Ok(self
            .connection()
            .prepare_cached(
                "UPDATE attention SET closed_on = ?3 WHERE kind = ?1 AND key = ?2 AND closed_on IS NULL",
            )?
            .execute(params![kind, key, self.run.as_of])?)
    }

    /// Closes what was listed of a kind and was not raised again; `within` limits it to a customer.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn close_others(&self, kind: &str, still: &[String], within: Option<&str>) -> Result<()> {
        let still = serde_json::to_string(still).unwrap_or_else(|_| "[]".to_owned());
        self.connection()
            .prepare_cached(
                "UPDATE attention SET closed_on = ?4 WHERE kind = ?1 AND closed_on IS NULL
                   AND key NOT IN (SELECT value FROM json_each(?2)) AND (?3 IS NULL OR customer = ?3)",
            )?
            .execute(params![kind, still, within, self.run.as_of])?;
        Ok(())
    }
}
