//! `backup FILE`, `restore FILE` and `init DIR`.

use super::{Session, report};
use crate::cli::{BackupArgs, Global, InitArgs, RestoreArgs};
use crate::clock;
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::copies::{self, PASSING};
use crate::jobs::{Desk, gates, init, restore};
use crate::lock::{Lock, STAFF_PATIENCE};
use crate::store::Store;
use crate::views::copies::{BackupView, InitView, RestoreView};
use crate::wording;
use anyhow::{Context, Result};
use std::fs::File;
use std::path::Path;
use tempfile::TempDir;

pub(super) fn backup(global: &Global, args: &BackupArgs) -> Result<ExitStatus> {
    let session = Session::open(global, None, true)?;
    let store = session.reader()?;
    if args.file == Path::new(PIPE) {
        return piped(&session.desk, &store);
    }
    let file = &args.file;
    if file.exists() {
        let text = format!("`{}` exists already", file.display());
        return Err(Stop::usage(text).hint("name another file; nothing is overwritten").into());
    }
    copies::write(&session.desk, &store, file, true)
        .with_context(|| format!("no backup could be written to `{}`", file.display()))?;
    let bytes = std::fs::metadata(file)?.len();
    let view = BackupView { backup: file.display().to_string(), bytes };
    session.desk.report.result(&view, || wording::copies::backed_up(&view))?;
    Ok(ExitStatus::Done)
}

/// What stands for stdin or stdout instead of a file.
const PIPE: &str = "-";

/// Writes a backup to stdout, for whatever carries it away.
fn piped(desk: &Desk, store: &Store) -> Result<ExitStatus> {
    let folder = copies::passing(store.path())?;
    let file = folder.path().join("out");
    copies::write(desk, store, &file, true).context("no backup could be made")?;
    std::io::copy(&mut File::open(&file)?, &mut std::io::stdout().lock())
        .context("the backup could not be written out")?;
    Ok(ExitStatus::Done)
}

pub(super) fn restore(global: &Global, args: &RestoreArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, false)?;
    let is_piped = args.file == Path::new(PIPE);
    if !is_piped && !args.file.exists() {
        return Err(Stop::usage(format!("there is no file `{}`", args.file.display())).into());
    }
    if let Some(folder) = session.database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder `{}` cannot be made", folder.display()))?;
    }
    // whoever sends takes their time, and keeps no night waiting
    let arrived = is_piped.then(|| arrived(&session.database)).transpose()?;
    let _lock = Lock::take(&session.database, STAFF_PATIENCE)?;
    let file = arrived.as_ref().map_or_else(|| args.file.clone(), |folder| folder.path().join(PASSING));
    let replaced = restore::put_in_place(&session.desk, &session.database, &file)?;
    let mut store = Store::open(&session.database)?;
    session.as_run(&mut store, "restore", |desk, store, run, shown| {
        gates::close_for_restored(desk, store, run, None)?;
        let view = RestoreView {
            run: shown,
            restored: args.file.display().to_string(),
            replaced: replaced.map(|kept| kept.display().to_string()),
        };
        desk.report.result(&view, || wording::copies::restored(&view))?;
        Ok(ExitStatus::NeedsPerson)
    })
}

fn arrived(database: &Path) -> Result<TempDir> {
    let folder = copies::passing(database)?;
    let mut file = File::create_new(folder.path().join(PASSING))?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file)
        .context("the backup could not be read from stdin")?;
    Ok(folder)
}

pub(super) fn init(global: &Global, args: &InitArgs) -> Result<ExitStatus> {
    let written =
        init::init(&args.folder, clock::now()).map_err(|error| Stop::usage(format!("{error:#}")))?;
    wording::speak(global.lang.unwrap_or(crate::billing::customer::Language::Greek), crate::report::window());
    let view = InitView {
        configuration: args.folder.join(init::NAME).display().to_string(),
        folder: args.folder.display().to_string(),
        written: written.iter().map(|path| path.display().to_string()).collect(),
    };
    report(global).result(&view, || wording::copies::begun(&view))?;
    Ok(ExitStatus::Done)
}
