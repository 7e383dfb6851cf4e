//! What is kept no longer than `mail.archive_months`: messages, the files that were imported, mail in a folder, copies of the
//! database that an upgrade or a restore left beside it, and the hand-over journal's lines. The books stay.

use crate::jobs::Desk;
use crate::jobs::deliver::handover;
use crate::outputs::folder_of;
use crate::store::{Run, Store};
use anyhow::Result;
use chrono::{DateTime, NaiveDate};
use chrono_tz::Europe::Athens;
use std::path::{Path, PathBuf};

/// Lets go what is older.
///
/// # Errors
/// A database that cannot be written; a file that cannot be removed is only said.
pub fn prune(desk: &Desk, store: &mut Store, run: Run) -> Result<()> {
    let months = chrono::Months::new(desk.config.mail.archive_months);
    let Some(day) = desk.today.checked_sub_months(months) else { return Ok(()) };
    // what goes is gone, and not only unused
    store.overwrite_what_is_deleted()?;
    let pruned = store.write(run, |tx| tx.prune_bytes(day))?;
    if pruned > 0 {
        desk.report.detail(&format!("the bytes of {pruned} messages from before {day} were pruned"));
    }
    if desk.dry_run {
        return Ok(());
    }
    // what cannot go stays until the next night, and keeps this one from nothing
    if let Err(error) = handover::forget_before(store.path(), day) {
        desk.report.error(&format!("{error:#}"));
    }
    let mut gone = 0;
    for file in ours(desk, store.path()).into_iter().filter(|file| is_older(file, day)) {
        match std::fs::remove_file(&file) {
            Ok(()) => gone += 1,
            Err(error) => desk.report.error(&format!("`{}` cannot be removed: {error}", file.display())),
        }
    }
    if gone > 0 {
        desk.report.detail(&format!("{gone} files from before {day} were removed"));
    }
    Ok(())
}

/// Files that the program wrote or put away, whose time may come.
fn ours(desk: &Desk, database: &Path) -> Vec<PathBuf> {
    let config = &desk.config;
    let done = config.import.inbox.iter().flat_map(|inbox| [inbox.join("done"), inbox.join("failed")]);
    let mut files: Vec<PathBuf> = done.flat_map(|folder| within(&folder)).collect();
    let mail = config.smtp.folder().map(within).unwrap_or_default();
    files.extend(mail.into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "eml")));
    files.extend(copies_beside(database));
    files
}

/// The copies of a database that an upgrade or a restore left beside it.
#[must_use]
pub fn copies_beside(database: &Path) -> Vec<PathBuf> {
    let name = database.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_copy = |path: &PathBuf| {
        let other = path.file_name().map(|other| other.to_string_lossy().into_owned()).unwrap_or_default();
        let suffix = other.strip_prefix(&name).unwrap_or_default();
        let is_log = suffix.ends_with("-wal") || suffix.ends_with("-shm");
        (suffix.starts_with(".before-schema-") || suffix.starts_with(".replaced-")) && !is_log
    };
    within(folder_of(database)).into_iter().filter(is_copy).collect()
}

/// The files of a folder, links and folders aside.
#[must_use]
pub fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect()
}

fn is_older(file: &Path, day: NaiveDate) -> bool {
    let written = std::fs::symlink_metadata(file).and_then(|metadata| metadata.modified());
    written.is_ok_and(|at| DateTime::<chrono::Utc>::from(at).with_timezone(&Athens).date_naive() < day)
}
