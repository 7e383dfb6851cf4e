//! Backups of the database, before every run that may enforce.

use crate::jobs::{Desk, copies};
use crate::store::Store;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;

const PREFIX: &str = "konet-billing-";
const PLAIN: &str = ".db";
const ENCRYPTED: &str = ".db.encrypted";

/// Writes a backup beside the others, and lets old ones go: of each of the last `keep` days the newest stays, and
/// of the last day the newest `keep`.
fn backup(desk: &Desk, store: &Store) -> Result<()> {
    let Some(folder) = desk.config.database.backups.as_deref() else { return Ok(()) };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("the backup folder `{}` cannot be made", folder.display()))?;
    let ending = if desk.config.database.encrypt.is_some() { ENCRYPTED } else { PLAIN };
    let target = folder.join(format!("{PREFIX}{}{ending}", desk.now.format("%Y-%m-%d-%H%M%S")));
    copies::write(desk, store, &target, false)
        .with_context(|| format!("no backup could be written to `{}`", target.display()))?;
    let files = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    for old in superfluous(files.collect(), usize::try_from(desk.config.database.keep)?.max(1)) {
        std::fs::remove_file(&old)
            .with_context(|| format!("the old backup `{}` cannot be removed", old.display()))?;
    }
    Ok(())
}

/// Writes a backup, unless nothing is to be written; gives why it could not be, which closes a gate.
pub fn failed(desk: &Desk, store: &Store) -> Option<String> {
    if desk.dry_run { None } else { backup(desk, store).err().map(|error| format!("{error:#}")) }
}

/// The backups that go. Their names sort by time, and begin with the day.
fn superfluous(mut files: Vec<PathBuf>, keep: usize) -> Vec<PathBuf> {
    files.sort();
    let mut days: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stamp = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_suffix(PLAIN).or_else(|| rest.strip_suffix(ENCRYPTED)));
        if let Some(day) = stamp.and_then(|stamp| stamp.get(..10)) {
            days.entry(day.to_owned()).or_default().push(file);
        }
    }
    let mut gone = Vec::new();
    for (age, files) in days.into_values().rev().enumerate() {
        let stay = match age {
            0 => keep,
            age if age < keep => 1,
            _ => 0,
        };
        let many = files.len().saturating_sub(stay);
        gone.extend(files.into_iter().take(many));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_day_does_not_push_the_other_days_out() {
        let names =
            ["04-01-030000", "04-02-030000", "04-03-030000", "04-03-100000", "04-04-030000", "04-04-090000"];
        let mut files: Vec<PathBuf> =
            names.iter().map(|name| PathBuf::from(format!("b/konet-billing-2026-{name}.db"))).collect();
        // from when they began to be encrypted on, both are there
        files[0] = PathBuf::from("b/konet-billing-2026-04-01-030000.db.encrypted");
        files.push(PathBuf::from("b/notes.txt"));
        let gone: Vec<String> = superfluous(files, 3)
            .iter()
            .map(|file| file.file_name().unwrap().display().to_string())
            .collect();
        assert_eq!(
            gone,
            ["konet-billing-2026-04-03-030000.db", "konet-billing-2026-04-01-030000.db.encrypted"]
        );
    }
}
