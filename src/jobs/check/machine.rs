//! What `check` looks at on the machine: who may change and read what, the clock, and room for a night's files.

use super::Looks;
use crate::jobs::retention::{copies_beside, within};
use crate::outputs::{beside, folder_of};
use crate::rights;
use crate::store::Store;
use chrono::{DateTime, TimeDelta};
use std::path::{Path, PathBuf};

/// Below so much free space a night is not begun with a light heart: bytes beside what a backup takes.
const FREE: u64 = 64 << 20;

impl Looks<'_> {
    /// Who else may change what the program obeys.
    pub(super) fn hands(&mut self) {
        let mut hands = Vec::new();
        for path in self.desk.config.obeyed() {
            for hand in rights::hands(&path) {
                if !hands.contains(&hand) {
                    hands.push(hand);
                }
            }
        }
        for hand in hands {
            self.bad("rights", format!("{hand}, and what is written there is obeyed"), hand.remedy());
        }
    }

    /// What others may open of what the program writes.
    pub(super) fn open_files(&mut self, database: &Path) {
        let config = &self.desk.config;
        let mut places: Vec<PathBuf> = ["", "-wal", "-shm", ".lock", ".handover", ".last-run"]
            .map(|suffix| beside(database, suffix))
            .to_vec();
        places.extend(config.database.backups.clone());
        places.extend(config.smtp.folder().map(Path::to_owned));
        places.extend(
            config
                .import
                .inbox
                .iter()
                .flat_map(|inbox| [inbox.clone(), inbox.join("done"), inbox.join("failed")]),
        );
        places.extend(copies_beside(database));
        let open: Vec<_> =
            places.iter().filter(|path| rights::is_open(path)).map(|path| path.display()).collect();
        if !open.is_empty() {
            let named: Vec<String> = open.iter().map(|path| format!("`{path}`")).collect();
            let quoted: Vec<String> = open.iter().map(|path| format!("'{path}'")).collect();
            let detail = format!("others on this machine may open {}", named.join(", "));
            self.note("rights", detail, format!("chmod go-rwx {}", quoted.join(" ")));
        }
        // whoever may write the folder may put another lock or another log in their place
        if let Some(hand) = rights::of_everybody(folder_of(database)) {
            self.bad("rights", format!("{hand}, and the database lies in it"), hand.remedy());
        }
    }

    pub(super) fn clock(&mut self, store: Option<&Store>) {
        let now = self.desk.now;
        let last = store.and_then(|store| store.last_night().ok().flatten());
        let began = last.as_deref().and_then(|stamp| DateTime::parse_from_rfc3339(stamp).ok());
        let detail = now.format("%Y-%m-%d %H:%M, Europe/Athens").to_string();
        match began.filter(|began| *began > now + TimeDelta::hours(1)) {
            Some(began) => self.bad(
                "clock",
                format!("it is {detail}, and the last night began at {began}"),
                "timedatectl set-ntp true; where the clock was ahead then: konet-billing record ack clock",
            ),
            None => self.fine("clock", detail),
        }
    }

    /// The command that puts the latest backup in the database's place.
    pub(super) fn restoring(&self) -> String {
        let folder = self.desk.config.database.backups.as_deref();
        let latest = folder.and_then(|folder| {
            within(folder).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "db")).max()
        });
        let file = latest.map_or_else(|| "FILE".to_owned(), |file| format!("'{}'", file.display()));
        format!("konet-billing restore {file}")
    }

    /// Whether the next backup can be written.
    pub(super) fn backups(&mut self, database: &Path) {
        let Some(folder) = self.desk.config.database.backups.as_deref() else {
            return self.note("backups", "none are made", "set `database.backups` in the configuration");
        };
        let shown = folder.display();
        let mend = rights::making(folder);
        if !folder.exists() {
            return self.note(
                "backups",
                format!("`{shown}` is not there yet; the first night makes it"),
                mend,
            );
        }
        match tempfile::tempfile_in(folder) {
            Ok(_) => self.fine("backups", shown.to_string()),
            Err(error) => self.bad("backups", format!("nothing can be written to `{shown}`: {error}"), mend),
        }
        if std::fs::canonicalize(folder).ok().as_deref()
            == database.parent().and_then(|at| at.canonicalize().ok()).as_deref()
        {
            self.note(
                "backups",
                format!("`{shown}` is the database's own folder"),
                "name another disk, or copy them to one",
            );
        }
    }

    /// Whether a backup and a night find room.
    pub(super) fn disk(&mut self, database: &Path) {
        let size = std::fs::metadata(database).map_or(0, |metadata| metadata.len());
        let config = &self.desk.config;
        let wanted = size.saturating_mul(2).saturating_add(FREE);
        let places = [database.parent(), config.database.backups.as_deref(), config.smtp.folder()];
        let mut least: Option<(u64, &Path)> = None;
        for place in places.into_iter().flatten() {
            if let Ok(found) = rustix::fs::statvfs(place) {
                let free = found.f_bavail.saturating_mul(found.f_frsize);
                if least.is_none_or(|(known, _)| free < known) {
                    least = Some((free, place));
                }
            }
        }
        let Some((free, place)) = least else { return };
        let detail = format!("{} MB free for `{}`", free >> 20, place.display());
        if free < wanted {
            let mend = format!("make room: {} MB are wanted (twice the database and a little)", wanted >> 20);
            self.bad("disk", detail, mend);
        } else {
            self.fine("disk", detail);
        }
    }

    pub(super) fn inbox(&mut self) {
        let Some(inbox) = self.desk.config.import.inbox.as_deref() else {
            return self.note("inbox", "nightly imports no files", "set `import.inbox` in the configuration");
        };
        let shown = inbox.display();
        let mend = rights::making(inbox);
        match std::fs::metadata(inbox) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.note("inbox", format!("`{shown}` is not there yet; the first night makes it"), mend);
            }
            Err(error) => self.bad("inbox", format!("`{shown}`: {error}"), mend),
            Ok(metadata) if !metadata.is_dir() => self.bad("inbox", format!("`{shown}` is no folder"), mend),
            Ok(_) => match rights::hands(inbox).into_iter().next() {
                Some(hand) => self.bad("inbox", hand.to_string(), hand.remedy()),
                None => match std::fs::read_dir(inbox).and_then(|_| tempfile::tempfile_in(inbox)) {
                    Ok(_) => self.fine("inbox", shown.to_string()),
                    Err(error) => {
                        let text = format!("the program's user cannot work in `{shown}`: {error}");
                        self.bad("inbox", text, mend);
                    }
                },
            },
        }
    }
}
