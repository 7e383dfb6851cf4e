//! The night's beginning: the files that wait in the inbox folder. Each is read or reported, whatever its name.

use crate::exit_status::ExitStatus;
use crate::intake::{FileKind, kind_of, kind_of_name};
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::gates::{InboxFile, file_name};
use crate::jobs::import::{self, Manner, Subject};
use crate::jobs::spared::spared;
use crate::rights;
use crate::store::{Cover, Met, Run, Store, UnreadFile};
use crate::views::finding::{Finding, Kind};
use crate::views::{AttentionView, ImportView, RunView};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// So many lines say what is wrong with a file; whoever mends it imports it by hand and sees them all.
const LINES_MAX: usize = 5;
/// Where imported files go, beside the inbox's others.
const DONE: &str = "done";
/// Where files go that nobody could read for two nights.
const FAILED: &str = "failed";

/// What came in.
#[derive(Debug)]
pub struct Arrived {
    /// One report per file imported.
    pub views: Vec<ImportView>,
    /// Files that could not be imported, with the reason.
    pub faults: Vec<String>,
    /// Why payments may lie in the inbox that nobody has looked at: it could not be read itself.
    pub unread: Option<String>,
    /// What needs a person and is new.
    pub attention: Vec<AttentionView>,
    /// What it means for the exit status.
    pub status: ExitStatus,
}

/// Imports the inbox: customers, then services, payments and invoices, each in the order of their names. An imported
/// file goes to the folder `done` beside it; one that nobody can read stays two nights and goes to `failed` then.
///
/// # Errors
/// A database that cannot be written; a bad file or folder only leaves itself out.
pub fn import(desk: &Desk, store: &mut Store, run: Run, shown: &RunView) -> Result<Arrived> {
    let mut arrived = Arrived {
        views: Vec::new(),
        faults: Vec::new(),
        unread: None,
        attention: Vec::new(),
        status: ExitStatus::Done,
    };
    if let Some(mailbox) = desk.config.import.bounces.as_deref() {
        // a mailbox that cannot be read must not keep the night from going on
        match spared(|| super::bounces::import(desk, store, run, mailbox))? {
            Ok(outcome) => {
                if !outcome.fresh.is_empty() || !outcome.faults.is_empty() {
                    arrived.status = ExitStatus::NeedsPerson;
                }
                arrived.faults.extend(outcome.faults);
                arrived.attention.extend(outcome.fresh);
            }
            Err(why) => arrived.fault(why),
        }
    }
    let Some(inbox) = desk.config.import.inbox.as_deref() else { return Ok(arrived) };
    let before = store.open_attention()?;
    match waiting(desk, inbox) {
        Ok(files) => {
            for file in files {
                import_file(desk, store, run, shown, &file, &mut arrived)?;
            }
        }
        Err(error) => {
            let why =
                format!("{error:#}; nothing that waits there was read, and somebody in it may have paid");
            arrived.unread = Some(why.clone());
            arrived.fault(why);
        }
    }
    let now = store.open_attention()?;
    // what is said of a file stands among the faults already
    let fresh = now.into_iter().filter(|item| !before.contains(item) && item.kind != Kind::Inbox.code());
    arrived.attention.extend(fresh.map(|item| AttentionView {
        kind: item.kind,
        customer: item.customer,
        service: item.service,
        since: item.since,
        text: item.text,
    }));
    Ok(arrived)
}

impl Arrived {
    fn fault(&mut self, why: String) {
        self.faults.push(why);
        self.status = self.status.and(ExitStatus::NeedsPerson);
    }
}

/// A file that waits, or something else that lies there.
struct Waiting {
    path: PathBuf,
    /// As it is printed.
    name: String,
    /// What it is to be imported as.
    kind: FileKind,
    /// Why it is not read at all.
    refused: Option<String>,
    /// Whether who paid stays unknown where it cannot be read.
    may_hold_payments: bool,
    /// Whether it may still be on its way.
    is_cut: bool,
    /// What tells it from another of its name, where its bytes are none of ours.
    stamp: String,
}

/// What lies in the inbox, in the order in which it is imported.
fn waiting(desk: &Desk, inbox: &Path) -> Result<Vec<Waiting>> {
    if inbox.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        if !desk.dry_run {
            make_folder(inbox)?;
        }
        return Ok(Vec::new());
    }
    let unreadable = || format!("the inbox `{}` cannot be read", inbox.display());
    let folder = std::fs::metadata(inbox).with_context(unreadable)?;
    if !rights::is_ours(&folder) || folder.mode() & 0o022 != 0 {
        bail!(
            "the inbox `{}` can be written by others (owner {}, mode {:04o}); make it its user's own (chmod go-w)",
            inbox.display(),
            folder.uid(),
            folder.mode() & 0o7777
        );
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(inbox).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if !is_passed_over(&path) {
            files.push(look(path));
        }
    }
    // the bad rows of a file that is still here are that file's
    let names: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    files.retain(|file| {
        let of = file.path.to_str().and_then(|path| path.strip_suffix(".rejected.csv"));
        of.is_none_or(|of| !names.iter().any(|other| other == Path::new(of)))
    });
    files.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    Ok(files)
}

/// What other programs leave in folders, what is still being written, and our own folders.
fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_ours = (name == DONE || name == FAILED) && path.is_dir() && !path.is_symlink();
    name.starts_with('.')
        || name.starts_with("~$")
        || name.ends_with(".part")
        || ["thumbs.db", "desktop.ini"].contains(&name.as_str())
        || is_ours
}

fn look(path: PathBuf) -> Waiting {
    let named = kind_of_name(&path);
    let mut file = Waiting {
        name: file_name(&path),
        kind: named.unwrap_or(FileKind::Payments),
        refused: None,
        may_hold_payments: named == Some(FileKind::Payments),
        is_cut: false,
        stamp: String::new(),
        path,
    };
    let looked = std::fs::symlink_metadata(&file.path).map_err(anyhow::Error::from).and_then(|metadata| {
        file.stamp = format!("{} bytes of {}", metadata.len(), metadata.mtime());
        if metadata.is_symlink() {
            bail!("it is a link to another place, and links are not followed here");
        }
        if metadata.is_dir() {
            bail!("it is a folder; only files are read");
        }
        if !metadata.is_file() {
            bail!("it is no file");
        }
        if !rights::is_ours(&metadata) {
            bail!("it belongs to another user (number {})", metadata.uid());
        }
        Ok(kind_of(&file.path)?)
    });
    match looked {
        Ok(looked) => {
            file.kind = looked.kind.unwrap_or(FileKind::Payments);
            file.may_hold_payments = looked.may_hold_payments;
            file.is_cut = looked.is_cut && file.kind == FileKind::Payments;
        }
        Err(why) => file.refused = Some(format!("{why:#}")),
    }
    file
}

fn import_file(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    shown: &RunView,
    file: &Waiting,
    arrived: &mut Arrived,
) -> Result<()> {
    // nothing is opened that is not ours, or no file at all
    let digest = match &file.refused {
        None => digest(&file.path).unwrap_or_else(|_| file.stamp.clone()),
        Some(_) => file.stamp.clone(),
    };
    let met = store.met(&file.name, &digest)?;
    if met == Met::PutAside {
        // a person has looked, and does not want it read
        move_away(desk, file, FAILED).unwrap_or_else(|error| arrived.fault(format!("{error:#}")));
        return Ok(());
    }
    if let Some(why) = &file.refused {
        return fail(desk, store, run, file, digest, why, arrived);
    }
    if file.is_cut && !matches!(met, Met::On(day) if day < desk.today) {
        let why = "its last line has no end, so it may still be on its way; it is read the next night";
        return fail(desk, store, run, file, digest, why, arrived);
    }
    let subject = match file.kind {
        FileKind::Customers => Subject::Customers,
        FileKind::Services => Subject::Services,
        FileKind::Payments => Subject::Payments,
        FileKind::Invoices => Subject::Invoices,
    };
    let from_inbox = Some(InboxFile { name: file.name.clone(), digest: digest.clone() });
    let manner = Manner { from_inbox, ..Manner::default() };
    let files = std::slice::from_ref(&file.path);
    match spared(|| import::import(desk, store, run, subject, files, &manner, shown.clone()))? {
        Ok((view, status)) => {
            let rejected = view.rejected;
            arrived.status = arrived.status.and(status);
            arrived.views.push(view);
            if rejected > 0 {
                let why =
                    format!("{rejected} of its rows could not be read; they are in its `.rejected.csv`");
                return fail(desk, store, run, file, digest, &why, arrived);
            }
            store.write(run, |tx| -> Result<()> {
                tx.note_read(&file.name, &Cover::default())?;
                tx.close_one(Kind::Inbox.code(), &file.name)?;
                Ok(())
            })?;
            // what is imported twice changes nothing
            move_away(desk, file, DONE).unwrap_or_else(|error| arrived.fault(format!("{error:#}")));
            Ok(())
        }
        Err(why) => fail(desk, store, run, file, digest, &why, arrived),
    }
}

/// Lists a file that could not be read whole, and sets it aside after its second night.
fn fail(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    file: &Waiting,
    digest: String,
    why: &str,
    arrived: &mut Arrived,
) -> Result<()> {
    let is_second_night = matches!(store.met(&file.name, &digest)?, Met::On(day) if day < desk.today);
    let mut moved_to = None;
    if is_second_night {
        match move_away(desk, file, FAILED) {
            Ok(()) => moved_to = Some(FAILED),
            Err(error) => arrived.fault(format!("{error:#}")),
        }
    }
    let why = first_lines(why);
    let finding = Finding::FileUnread {
        file: file.name.clone(),
        may_hold_money: file.may_hold_payments,
        why: why.clone(),
        moved_to,
    };
    let unread = UnreadFile {
        name: file.name.clone(),
        digest,
        why,
        holds_money: file.may_hold_payments,
        covers: Cover::default(),
    };
    store.write(run, |tx| tx.note_unread(&unread))?;
    let mut findings = Findings::default();
    findings.add(file.name.clone(), None, None, &finding);
    findings.raise(desk, store, run, None)?;
    arrived.fault(finding.to_string());
    Ok(())
}

/// The first lines of a reason, without what would steer a terminal.
fn first_lines(why: &str) -> String {
    let mut lines: Vec<String> = why.lines().take(LINES_MAX).map(crate::billing::text::cleaned).collect();
    let more = why.lines().count().saturating_sub(LINES_MAX);
    if more > 0 {
        lines.push(format!("and {more} lines more"));
    }
    lines.join("\n").trim_end_matches('.').to_owned()
}

fn digest(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut part = vec![0; 65_536];
    loop {
        match file.read(&mut part)? {
            0 => break,
            read => hash.update(&part[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Moves a file, with its bad rows, to a folder of the inbox's, never over another.
fn move_away(desk: &Desk, file: &Waiting, folder: &str) -> Result<()> {
    if desk.dry_run {
        return Ok(());
    }
    let Some(inbox) = file.path.parent() else { return Ok(()) };
    let folder = inbox.join(folder);
    let failed = || format!("`{}` cannot be moved to `{}`", file.name, folder.display());
    make_folder(&folder).with_context(failed)?;
    let mut rows = file.path.as_os_str().to_owned();
    rows.push(".rejected.csv");
    let rows = PathBuf::from(rows);
    for path in [file.path.as_path()].into_iter().chain(rows.is_file().then_some(rows.as_path())) {
        let Some(name) = path.file_name() else { continue };
        let mut target = folder.join(name);
        let mut copy = 1;
        while target.symlink_metadata().is_ok() {
            copy += 1;
            target = folder.join(format!("{}.{copy}", name.to_string_lossy()));
        }
        std::fs::rename(path, &target).with_context(failed)?;
    }
    Ok(())
}

/// A folder of ours: nobody else reads it.
fn make_folder(folder: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("the folder `{}` cannot be made", folder.display()))
}
