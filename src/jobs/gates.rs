//! The gates that stay closed from run to run: a restored backup, and payments that could not be read whole.

use crate::billing::text::cleaned;
use crate::intake::{PaymentRow, Sheet};
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::deliver::handover;
use crate::store::{Cover, RESTORED, Run, Store, StoreError, Tx, UnreadFile};
use crate::views::finding::{Finding, Kind};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::BTreeSet;
use std::path::Path;

/// Closes the gate where the database is older than the last run that worked on it, and lists it; gives whether
/// that is new.
///
/// # Errors
/// Where the database cannot be read or written.
pub fn note_restored(desk: &Desk, store: &mut Store, run: Run, database: &Path) -> Result<bool> {
    let Some(last) = handover::last_run(database) else { return Ok(false) };
    let known = store.ended_at(last.run)?;
    if !handover::is_older_than(&last, run.id.0, known.as_deref()) {
        return Ok(false);
    }
    close_for_restored(desk, store, run, Some(last.run))
}

/// Closes the gate of a restored database, whether or not it misses runs that are known of; gives whether that is new.
///
/// # Errors
/// Where the database cannot be written.
pub fn close_for_restored(desk: &Desk, store: &mut Store, run: Run, last_run: Option<i64>) -> Result<bool> {
    let finding = Finding::Restored { last_run };
    let why = finding.to_string();
    store.write(run, |tx| tx.close_gate(RESTORED, &why))?;
    desk.report.status(&why);
    let mut findings = Findings::default();
    findings.add(RESTORED, None, None, &finding);
    Ok(!findings.raise(desk, store, run, None)?.is_empty())
}

/// Why payments are not known, if files that may hold some were not read whole.
///
/// # Errors
/// Where the database cannot be read.
pub fn unread_payments(store: &Store) -> Result<Option<String>, StoreError> {
    let files = store.unread_payment_files()?;
    let Some(first) = files.first() else { return Ok(None) };
    let more = match files.len() {
        1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    };
    Ok(Some(format!(
        "`{first}`{more} could not be read whole, and somebody in it may have paid; import it mended, or put it \
         aside with `record ack {first}`"
    )))
}

/// A file of the inbox that is being imported.
#[derive(Debug, Clone)]
pub struct InboxFile {
    /// Its name as it is printed and put aside.
    pub name: String,
    /// What tells its bytes from others under the same name.
    pub digest: String,
}

/// What a file of payments was found to cover.
#[derive(Debug, Clone)]
pub struct ReadFile {
    name: String,
    covers: Cover,
    bad_rows: usize,
}

/// What the files of payments cover, once their bad rows are known.
///
/// # Errors
/// Where the rows of a long file cannot be read again.
pub fn read_files(sheets: &[Sheet<PaymentRow>]) -> Result<Vec<ReadFile>> {
    sheets.iter().map(read_file).collect()
}

fn read_file(sheet: &Sheet<PaymentRow>) -> Result<ReadFile> {
    let mut accounts = BTreeSet::new();
    let (mut first, mut last) = (None, sheet.until);
    for row in sheet.values() {
        let row = row?;
        first = first.map_or(Some(row.date), |first: NaiveDate| Some(first.min(row.date)));
        last = last.max(Some(row.date));
        accounts.insert(row.account);
    }
    let mut accounts = accounts.into_iter();
    let account = match (accounts.next(), accounts.next()) {
        (Some(one), None) => one.to_string(),
        _ => String::new(),
    };
    // what a bad row says is not known, so that only a statement with an end says what it covers
    let is_known = sheet.rejected.is_empty() || sheet.until.is_some();
    Ok(ReadFile {
        name: file_name(Path::new(&sheet.file)),
        covers: Cover { account, days: first.zip(last).filter(|_| is_known) },
        bad_rows: sheet.rejected.len(),
    })
}

/// Files that were read whole settle what could not be read before. One of the inbox that was not keeps the gate
/// closed.
///
/// # Errors
/// Where the database cannot be written.
pub fn note_read(tx: &Tx<'_>, files: &[ReadFile], from_inbox: Option<&InboxFile>) -> Result<(), StoreError> {
    for file in files {
        if file.bad_rows == 0 {
            // the bad rows of a file, mended, are the rest of it
            let name = file.name.strip_suffix(".rejected.csv").unwrap_or(&file.name);
            tx.note_read(name, &file.covers)?;
            if !tx.is_unread(name)? {
                tx.close_one(Kind::Inbox.code(), name)?;
            }
        } else if let Some(inbox) = from_inbox {
            let unread = UnreadFile {
                name: inbox.name.clone(),
                digest: inbox.digest.clone(),
                why: format!("{} bad rows", file.bad_rows),
                holds_money: true,
                covers: file.covers.clone(),
            };
            tx.note_unread(&unread)?;
        }
    }
    Ok(())
}

/// A person has seen a gate or a file, by its name or its path; gives how many things that opened.
///
/// # Errors
/// Where the database cannot be written.
pub fn put_aside(tx: &Tx<'_>, name: &str, by: &str) -> Result<usize, StoreError> {
    let name = file_name(Path::new(name));
    let opened = tx.put_aside(&name, by)?;
    let mut closed = 0;
    for kind in [Kind::Inbox, Kind::Restored] {
        closed += tx.close_one(kind.code(), &name)?;
    }
    Ok(opened + closed)
}

/// The name of a file as it is printed, kept and put aside.
#[must_use]
pub fn file_name(path: &Path) -> String {
    cleaned(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}
