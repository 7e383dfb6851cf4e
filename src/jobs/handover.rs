//! Two small files beside the database that a restored backup does not take back: what was handed over,
//! and which run ended last.

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

/// The hand-over journal: one line per body that was about to go out, written before it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// How often each notice was handed over to each address.
    known: HashMap<(String, String), u32>,
}

impl Journal {
    /// Opens the journal of a database and reads it.
    ///
    /// # Errors
    /// A file that cannot be read or written: then nothing may be handed over.
    pub fn open(database: &Path) -> Result<Self> {
        let path = beside(database, ".handover");
        let failed = || format!("the hand-over journal `{}` cannot be used", path.display());
        let mut file =
            OpenOptions::new().create(true).append(true).read(true).open(&path).with_context(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(failed)?;
        let mut known = HashMap::new();
        // a line that was cut short by a crash names a body that never went out
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let mut cells = line.split('\t');
            let (Some(_at), Some(address)) = (cells.next(), cells.next()) else { continue };
            for notice in cells {
                *known.entry((notice.to_owned(), address.to_owned())).or_insert(0) += 1;
            }
        }
        Ok(Self { file, path, known })
    }

    /// How often a notice was handed over to an address, ever.
    #[must_use]
    pub fn times(&self, notice: &str, address: &str) -> u32 {
        self.known.get(&(notice.to_owned(), address.to_owned())).copied().unwrap_or(0)
    }

    /// Writes, durably, that a body is about to go out.
    ///
    /// # Errors
    /// Where it cannot be written: then the body must not go out.
    pub fn note(&mut self, at: &str, address: &str, notices: &[String]) -> Result<()> {
        let line = format!("{at}\t{address}\t{}\n", notices.join("\t"));
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written
            .with_context(|| format!("the hand-over journal `{}` cannot be written", self.path.display()))?;
        for notice in notices {
            *self.known.entry((notice.clone(), address.to_owned())).or_insert(0) += 1;
        }
        Ok(())
    }
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
    let partial = beside(database, ".last-run.partial");
    std::fs::write(&partial, format!("{run} {ended_at}\n"))
        .and_then(|()| std::fs::rename(&partial, &path))
        .with_context(|| format!("`{}` cannot be written", path.display()))
}

/// The last run that ended, as it stands beside the database.
#[must_use]
pub fn last_run(database: &Path) -> Option<LastRun> {
    let text = std::fs::read_to_string(beside(database, ".last-run")).ok()?;
    let mut words = text.split_whitespace();
    Some(LastRun { run: words.next()?.parse().ok()?, ended_at: words.next().map(str::to_owned) })
}

/// Why a database that begins `run` must be an older one; `known` says when it has a run end.
#[must_use]
pub fn restored(last: &LastRun, run: i64, known: Option<&str>) -> Option<String> {
    let is_older = last.run >= run || last.ended_at.as_deref().is_some_and(|ended| known != Some(ended));
    is_older.then(|| {
        format!(
            "the database does not know its last run ({}): a backup was restored. Look at what was sent, paid and \
             suspended since, then `record ack restored`",
            last.run
        )
    })
}
