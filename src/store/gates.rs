//! What keeps suspensions away until a person has looked: a restored backup, and files of the inbox that were not
//! read whole.

use super::error::Result;
use super::{Read, Tx};
use chrono::NaiveDate;
use rusqlite::{OptionalExtension, params};

/// What the gate of a restored backup is called, also where a person opens it.
pub const RESTORED: &str = "restored";
/// `settled_by` of a file that was read whole after all.
const READ: &str = "read";

/// A file of the inbox that could not be read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadFile {
    /// Its name, without a folder and as it can be printed.
    pub name: String,
    /// What tells its bytes from others under the same name.
    pub digest: String,
    /// Why.
    pub why: String,
    /// Whether somebody in it may have paid.
    pub holds_money: bool,
    /// What could be read of it.
    pub covers: Cover,
}

/// What a file of payments covers, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cover {
    /// Our account; empty where it names none, or several.
    pub account: String,
    /// First and last day.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

/// What is known of a file that was met before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// Never, with these bytes.
    Never,
    /// First on this day.
    On(NaiveDate),
    /// A person put it aside.
    PutAside,
}

/// Reading gates.
impl Read {
    /// Why a gate is closed, if it is.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn closed_gate(&self, gate: &str) -> Result<Option<String>> {
        let sql = "SELECT why FROM gates WHERE gate = ?1 AND opened_by IS NULL";
        Ok(self.connection().prepare_cached(sql)?.query_row([gate], |row| row.get(0)).optional()?)
    }

    /// The gates that are closed, each with why.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn closed_gates(&self) -> Result<Vec<(String, String)>> {
        let mut statement =
            self.connection().prepare("SELECT gate, why FROM gates WHERE opened_by IS NULL ORDER BY gate")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The names of files that may hold payments and were not read whole, oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn unread_payment_files(&self) -> Result<Vec<String>> {
        let sql = "SELECT name FROM unread_files WHERE settled_by IS NULL AND holds_money = 1
                   GROUP BY name ORDER BY min(id)";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether something under this name is still unread.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn is_unread(&self, name: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM unread_files WHERE name = ?1 AND settled_by IS NULL)";
        Ok(self.connection().prepare_cached(sql)?.query_row([name], |row| row.get(0))?)
    }

    /// Whether a file was met before with these bytes.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn met(&self, name: &str, digest: &str) -> Result<Met> {
        let sql = "SELECT seen_on, coalesce(settled_by, '') NOT IN ('', ?3) FROM unread_files
                   WHERE name = ?1 AND digest = ?2";
        let found = self
            .connection()
            .prepare_cached(sql)?
            .query_row(params![name, digest, READ], |row| Ok((row.get(0)?, row.get::<_, bool>(1)?)))
            .optional()?;
        Ok(match found {
            None => Met::Never,
            Some((_, true)) => Met::PutAside,
            Some((on, false)) => Met::On(on),
        })
    }
}

impl Tx<'_> {
    /// Closes a gate until a person opens it; gives whether it was open.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn close_gate(&self, gate: &str, why: &str) -> Result<bool> {
        let sql = "INSERT INTO gates (gate, why, closed_on, run) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (gate) WHERE opened_by IS NULL DO NOTHING";
        Ok(self.connection().prepare_cached(sql)?.execute(params![
            gate,
            why,
            self.run.as_of,
            self.run.id.0
        ])? == 1)
    }

    /// A person opens a gate, or puts a file aside that could not be read; gives how many that opened.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn put_aside(&self, name: &str, by: &str) -> Result<usize> {
        let connection = self.connection();
        let gates = connection
            .prepare_cached("UPDATE gates SET opened_by = ?2 WHERE gate = ?1 AND opened_by IS NULL")?
            .execute(params![name, by])?;
        let files = connection
            .prepare_cached("UPDATE unread_files SET settled_by = ?2 WHERE name = ?1 AND settled_by IS NULL")?
            .execute(params![name, by])?;
        Ok(gates + files)
    }

    /// A file could not be read whole: what it may hold stays unknown until it is settled. One that a person put
    /// aside stays aside.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_unread(&self, file: &UnreadFile) -> Result<()> {
        let (first, last) = file.covers.days.unzip();
        self.connection()
            .prepare_cached(
                "INSERT INTO unread_files (name, digest, why, holds_money, account, first_day, last_day, seen_on, run)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (name, digest) DO UPDATE SET why = excluded.why,
                   account = CASE WHEN excluded.first_day IS NULL THEN account ELSE excluded.account END,
                   first_day = coalesce(excluded.first_day, first_day), last_day = coalesce(excluded.last_day, last_day),
                   holds_money = max(holds_money, excluded.holds_money),
                   settled_by = CASE settled_by WHEN ?10 THEN NULL ELSE settled_by END",
            )?
            .execute(params![
                file.name,
                file.digest,
                file.why,
                file.holds_money,
                file.covers.account,
                first,
                last,
                self.run.as_of,
                self.run.id.0,
                READ
            ])?;
        Ok(())
    }

    /// A file was read whole: it settles what could not be read under its name, as far as it covers that; a
    /// statement settles what lies within its account and days, too.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_read(&self, name: &str, covers: &Cover) -> Result<usize> {
        let (first, last) = covers.days.unzip();
        Ok(self
            .connection()
            .prepare_cached(
                "UPDATE unread_files SET settled_by = ?5 WHERE settled_by IS NULL
                   AND (name = ?1 AND first_day IS NULL
                     OR (name = ?1 OR account = ?2 AND ?2 <> '') AND first_day >= ?3 AND last_day <= ?4)",
            )?
            .execute(params![name, covers.account, first, last, READ])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::policy::Mode;
    use crate::store::Store;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn cover(account: &str, first: &str, last: &str) -> Cover {
        Cover { account: account.to_owned(), days: Some((day(first), day(last))) }
    }

    /// Whether the gate is open after `unread` could not be read whole and `name` with these days was.
    fn opens(unread: &Cover, name: &str, covers: &Cover) -> bool {
        let mut store = Store::in_memory().expect("a database");
        let today = day("2025-04-07");
        let run =
            store.begin_run("import", today, Mode::Live, "x", super::super::User::default()).expect("a run");
        let file = UnreadFile {
            name: "statement.xml".to_owned(),
            digest: "1".to_owned(),
            why: String::new(),
            holds_money: true,
            covers: unread.clone(),
        };
        store
            .write(run, |tx| {
                tx.note_unread(&file)?;
                assert_eq!(tx.unread_payment_files()?, ["statement.xml"]);
                tx.note_read(name, covers)?;
                Ok::<_, super::super::StoreError>(tx.unread_payment_files()?.is_empty())
            })
            .expect("a write")
    }

    #[test]
    fn whoever_paid_in_an_unread_statement_is_known_once_its_account_and_days_were_read() {
        let unread = cover("GR16", "2025-04-01", "2025-04-04");
        for (name, covers, opened) in [
            ("statement.xml", cover("GR16", "2025-04-01", "2025-04-04"), true),
            ("week.xml", cover("GR16", "2025-03-30", "2025-04-06"), true),
            ("week.xml", cover("GR16", "2025-04-02", "2025-04-06"), false),
            ("week.xml", cover("GR16", "2025-03-30", "2025-04-03"), false),
            ("week.xml", cover("GR17", "2025-03-30", "2025-04-06"), false),
            // the next week's, under the same name
            ("statement.xml", cover("GR16", "2025-04-07", "2025-04-11"), false),
            ("week.xml", Cover::default(), false),
        ] {
            assert_eq!(opens(&unread, name, &covers), opened, "{name} {covers:?}");
        }
        // a file that says nothing of itself is known by its name alone
        let nothing = Cover::default();
        assert!(opens(&nothing, "statement.xml", &cover("", "2025-04-07", "2025-04-07")));
        assert!(opens(&nothing, "statement.xml", &nothing));
        assert!(!opens(&nothing, "week.xml", &cover("", "2025-04-01", "2025-04-30")));
        assert!(!opens(
            &cover("", "2025-04-01", "2025-04-04"),
            "week.csv",
            &cover("", "2025-04-01", "2025-04-30")
        ));
    }
}
