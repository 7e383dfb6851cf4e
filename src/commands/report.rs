//! `report`: the web site for a bookmark, by hand and after every night.

use super::Session;
use crate::cli::{Global, ReportArgs};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::{Desk, report};
use crate::store::Store;
use crate::views::report::WrittenView;
use crate::wording;
use anyhow::Result;
use std::path::Path;

pub(super) fn run(global: &Global, args: &ReportArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, true)?;
    let desk = &session.desk;
    let Some(folder) = args.out.as_deref().or(desk.config.report.folder.as_deref()) else {
        let stop = Stop::usage("no folder is named");
        return Err(stop.hint("use --out DIR, or set `report.folder`").into());
    };
    let view = written(desk, &session.reader()?, folder)?;
    desk.report.result(&view, || wording::report::text(&view))?;
    Ok(ExitStatus::Done)
}

/// Writes the report into `folder`.
pub(super) fn written(desk: &Desk, store: &Store, folder: &Path) -> Result<WrittenView> {
    let view = report::gather(desk, store)?;
    let files = wording::report::files(&view)?;
    report::publish(desk, folder, &files)?;
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    Ok(WrittenView {
        report: folder.display().to_string(),
        files: files.len(),
        bytes: u64::try_from(bytes)?,
        customers: view.customers.len(),
    })
}
