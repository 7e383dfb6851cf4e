//! Two small files beside the database that a restored backup does not take back: what was handed over,
//! and which run ended last.

use crate::outputs::{self, beside};
use crate::store::HandedOver;
use anyhow::{Context, Result};
use chrono::NaiveDate;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The hand-over journal: one line per body that was about to go out, written before it.
#[derive(Debug)]
pub struct HandoverJournal {
    file: File,
    path: PathBuf,
    /// How often each cell stands beside each address.
    known: HashMap<(String, String), u32>,
}

/// Before the mode and the role in a cell: no service's code begins so. Cells of older versions have neither.
const MARK: char = '@';

impl HandoverJournal {
    /// Opens the journal of a database and reads it.
    ///
    /// # Errors
    /// A file that cannot be read or written: then nothing may be handed over.
    pub fn open(database: &Path) -> Result<Self> {
        let path = beside(database, ".handover");
        let failed = || format!("the hand-over journal `{}` cannot be used", path.display());
        let mut file = outputs::kept_open().append(true).read(true).open(&path).with_context(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(failed)?;
        let mut known = HashMap::new();
        // a line that was cut short by a crash names a body that never went out
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let mut cells = line.split('\t');
            let (Some(_at), Some(address)) = (cells.next(), cells.next()) else { continue };
            for cell in cells {
                *known.entry((cell.to_owned(), address.to_owned())).or_insert(0) += 1;
            }
        }
        Ok(Self { file, path, known })
    }

    /// What stands in the journal for a notice: in one mode it is told apart from the other, and a copy from the
    /// message itself.
    #[must_use]
    pub fn cell(mode: &str, role: &str, notice: &str) -> String {
        format!("{MARK}{mode}/{role}/{notice}")
    }

    /// Whether a notice was handed over to an address more often than the database knows.
    #[must_use]
    pub fn knows_more(&self, notice: &HandedOver, role: &str, address: &str) -> bool {
        let times = |cell: String| self.known.get(&(cell, address.to_owned())).copied().unwrap_or(0);
        let so = times(Self::cell(&notice.mode, role, &notice.notice));
        let before = times(notice.notice.clone());
        // what an older version wrote down may have been in any mode and for any role
        let ever = || {
            let cells = ["trial", "live"].into_iter().flat_map(|mode| {
                ["email", "cc", "bcc", "trial"].map(|role| Self::cell(mode, role, &notice.notice))
            });
            before + cells.map(times).sum::<u32>()
        };
        so > notice.times || (before > 0 && ever() > notice.ever)
    }

    /// Writes, durably, which bodies are about to go out: an address and its cells each.
    ///
    /// # Errors
    /// Where it cannot be written: then none of them may go out.
    pub fn note<'l>(
        &mut self,
        at: &str,
        bodies: impl Iterator<Item = (&'l str, &'l [String])> + Clone,
    ) -> Result<()> {
        let line = |(address, cells): (&str, &[String])| format!("{at}\t{address}\t{}\n", cells.join("\t"));
        let lines: String = bodies.clone().map(line).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data());
        written
            .with_context(|| format!("the hand-over journal `{}` cannot be written", self.path.display()))?;
        for (address, cells) in bodies {
            for cell in cells {
                *self.known.entry((cell.clone(), address.to_owned())).or_insert(0) += 1;
            }
        }
        Ok(())
    }
}

/// Lets the lines go that are from before a day: no backup that old is put back.
///
/// # Errors
/// A file that cannot be written.
pub fn forget_before(database: &Path, day: NaiveDate) -> Result<()> {
    let path = beside(database, ".handover");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
    let (day, is_day) = (day.to_string(), |at: &str| at.len() >= 10 && at.as_bytes()[4] == b'-');
    let stays = |line: &&str| line.get(..10).is_none_or(|at| !is_day(at) || *at >= *day);
    let kept: String = text.split_inclusive('\n').filter(stays).collect();
    if kept == text {
        return Ok(());
    }
    outputs::durable(&path, kept.as_bytes())
        .with_context(|| format!("the hand-over journal `{}` cannot be written", path.display()))
}

/// Puts `pseudonym` in place of these addresses in the journal of a database; gives whether one of them stood there.
///
/// # Errors
/// A file that cannot be written.
pub fn forget(database: &Path, addresses: &[String], pseudonym: &str) -> Result<bool> {
    let path = beside(database, ".handover");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(false) };
    let lines = text.split_inclusive('\n').map(|line| {
        let mut cells = line.splitn(3, '\t');
        match (cells.next(), cells.next(), cells.next()) {
            (Some(at), Some(address), Some(rest)) if addresses.iter().any(|known| known == address) => {
                format!("{at}\t{pseudonym}\t{rest}")
            }
            _ => line.to_owned(),
        }
    });
    let without: String = lines.collect();
    if without == text {
        return Ok(false);
    }
    outputs::durable(&path, without.as_bytes())
        .with_context(|| format!("the hand-over journal `{}` cannot be written", path.display()))?;
    Ok(true)
}

/// The last run that ended: its number, and when it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Its number.
    pub run: i64,
    /// When it ended; not known of a file that an older version wrote.
    pub ended_at: Option<String>,
}

/// Remembers beside the database that `run` was the last one. Written after the run has ended in the database, so
/// that a database which does not know it is an older one.
///
/// # Errors
/// Where the file cannot be written.
pub fn mark_run(database: &Path, run: i64, ended_at: &str) -> Result<()> {
    let path = beside(database, ".last-run");
    outputs::whole(&path, format!("{run} {ended_at}\n").as_bytes())
        .with_context(|| format!("`{}` cannot be written", path.display()))
}

/// The last run that ended, as it stands beside the database.
#[must_use]
pub fn last_run(database: &Path) -> Option<LastRun> {
    let text = std::fs::read_to_string(beside(database, ".last-run")).ok()?;
    let mut words = text.split_whitespace();
    Some(LastRun { run: words.next()?.parse().ok()?, ended_at: words.next().map(str::to_owned) })
}

/// Whether a database that begins `run` must be an older one; `known` says when it has a run end.
#[must_use]
pub fn is_older_than(last: &LastRun, run: i64, known: Option<&str>) -> bool {
    last.run >= run || last.ended_at.as_deref().is_some_and(|ended| known != Some(ended))
}

#[cfg(test)]
mod tests {
    use super::{HandedOver, HandoverJournal};

    fn known(times: u32, ever: u32) -> HandedOver {
        HandedOver { notice: "S-1|2025-03-31|expiry".to_owned(), mode: "live".to_owned(), times, ever }
    }

    fn journal(text: &str) -> (tempfile::TempDir, HandoverJournal) {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("konet.db");
        std::fs::write(folder.path().join("konet.db.handover"), text).unwrap();
        let journal = HandoverJournal::open(&database).unwrap();
        (folder, journal)
    }

    fn note(journal: &mut HandoverJournal, cell: String) {
        journal.note("t", [("a@a.example", [cell].as_slice())].into_iter()).unwrap();
    }

    #[test]
    fn a_trial_is_no_hand_over_in_live_and_a_copy_none_of_the_message() {
        let (_folder, mut journal) = journal("");
        let cell = |mode, role| HandoverJournal::cell(mode, role, "S-1|2025-03-31|expiry");
        note(&mut journal, cell("trial", "trial"));
        assert!(!journal.knows_more(&known(0, 0), "bcc", "a@a.example"));
        note(&mut journal, cell("live", "bcc"));
        assert!(journal.knows_more(&known(0, 1), "bcc", "a@a.example"));
        assert!(!journal.knows_more(&known(1, 2), "bcc", "a@a.example"));
        assert!(!journal.knows_more(&known(0, 2), "email", "a@a.example"));
    }

    #[test]
    fn what_an_older_version_wrote_down_still_counts() {
        let (_folder, mut journal) = journal("t\ta@a.example\tS-1|2025-03-31|expiry\nt\tcut");
        assert!(journal.knows_more(&known(0, 0), "email", "a@a.example"), "of a database that was restored");
        assert!(!journal.knows_more(&known(0, 1), "bcc", "a@a.example"), "it was in the trial");
        note(&mut journal, HandoverJournal::cell("live", "email", "S-1|2025-03-31|expiry"));
        assert!(journal.knows_more(&known(0, 1), "email", "a@a.example"));
        assert!(!journal.knows_more(&known(1, 2), "email", "a@a.example"));
    }
}
