//! The night's beginning: the files that wait in the inbox folder.

use super::Desk;
use super::imports::{self, Manner, Subject};
use crate::exit_status::ExitStatus;
use crate::store::{AttentionQueries, RunId, Store};
use crate::views::{AttentionView, ImportView, RunView};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What came in.
#[derive(Debug)]
pub struct Arrived {
    /// One report per file imported.
    pub views: Vec<ImportView>,
    /// Files that could not be imported, with the reason.
    pub faults: Vec<String>,
    /// A file of payments among them.
    pub failed_payments: Option<String>,
    /// What needs a person and is new.
    pub attention: Vec<AttentionView>,
    /// What it means for the exit status.
    pub status: ExitStatus,
}

/// Imports the inbox: customers, then services, then payments, each in the order of their names.
/// An imported file goes to the folder `done` beside it; one that cannot be imported stays.
///
/// # Errors
/// An inbox that cannot be read; a bad file only leaves itself out.
pub fn import(desk: &Desk, store: &mut Store, run: RunId, shown: &RunView) -> Result<Arrived> {
    let mut arrived = Arrived {
        views: Vec::new(),
        faults: Vec::new(),
        failed_payments: None,
        attention: Vec::new(),
        status: ExitStatus::Done,
    };
    if let Some(mailbox) = desk.config.import.bounces.as_deref() {
        // a mailbox that cannot be read must not keep the night from going on
        match super::bounces::import(desk, store, run, mailbox) {
            Ok(outcome) => {
                if !outcome.fresh.is_empty() || !outcome.faults.is_empty() {
                    arrived.status = ExitStatus::NeedsPerson;
                }
                arrived.faults.extend(outcome.faults);
                arrived.attention.extend(outcome.fresh);
            }
            Err(error) => {
                arrived.faults.push(format!("{error:#}"));
                arrived.status = ExitStatus::NeedsPerson;
            }
        }
    }
    let Some(inbox) = desk.config.import.inbox.as_deref() else { return Ok(arrived) };
    let before = store.open_attention()?;
    for (subject, file) in waiting(inbox)? {
        let one = std::slice::from_ref(&file);
        match imports::import(desk, store, run, subject, one, &Manner::default(), shown.clone()) {
            Ok((view, status)) => {
                arrived.views.push(view);
                arrived.status = arrived.status.and(status);
                if !desk.dry_run {
                    put_away(&file)?;
                }
            }
            Err(error) if error.downcast_ref::<crate::store::StoreError>().is_some() => return Err(error),
            Err(error) => {
                arrived.faults.push(format!("{error:#}"));
                arrived.status = arrived.status.and(ExitStatus::NeedsPerson);
                if subject == Subject::Payments {
                    arrived.failed_payments = Some(file.display().to_string());
                }
            }
        }
    }
    let now = store.open_attention()?;
    let fresh = now.into_iter().filter(|item| !before.contains(item)).map(|item| AttentionView {
        kind: item.kind,
        customer: item.customer,
        service: item.service,
        since: item.since,
        text: item.text,
    });
    arrived.attention.extend(fresh);
    Ok(arrived)
}

/// The files whose names begin with what they hold.
fn waiting(inbox: &Path) -> Result<Vec<(Subject, PathBuf)>> {
    let unreadable = || format!("cannot read the inbox `{}`", inbox.display());
    let mut files: Vec<PathBuf> = std::fs::read_dir(inbox)
        .with_context(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .with_context(unreadable)?;
    files.sort();
    let mut waiting = Vec::new();
    for subject in [Subject::Customers, Subject::Services, Subject::Payments] {
        let of_subject = files.iter().filter(|file| {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            file.is_file() && name.starts_with(subject.word()) && !name.ends_with(".rejected.csv")
        });
        waiting.extend(of_subject.map(|file| (subject, file.clone())));
    }
    Ok(waiting)
}

/// Moves an imported file out of the way, never over another.
fn put_away(file: &Path) -> Result<()> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(()) };
    let done = folder.join("done");
    let failed = || format!("`{}` was imported but cannot be moved to `{}`", file.display(), done.display());
    std::fs::create_dir_all(&done).with_context(failed)?;
    let mut target = done.join(name);
    let mut copy = 1;
    while target.exists() {
        copy += 1;
        target = done.join(format!("{}.{copy}", name.to_string_lossy()));
    }
    std::fs::rename(file, &target).with_context(failed)
}

/// Forgets the bytes of messages that are older than `mail.archive_months`.
///
/// # Errors
/// Where the database cannot be written.
pub fn prune(desk: &Desk, store: &mut Store) -> Result<()> {
    let months = chrono::Months::new(desk.config.mail.archive_months);
    let Some(day) = desk.today.checked_sub_months(months) else { return Ok(()) };
    let pruned = store.write(|tx| tx.prune_bytes(day))?;
    if pruned > 0 {
        desk.report.detail(&format!("the bytes of {pruned} messages from before {day} were pruned"));
    }
    Ok(())
}
