//! `record …`

use super::{Session, person};
use crate::cli::{Global, RecordArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::record::{Author, Outcome, record};
use crate::lock::STAFF_PATIENCE;
use crate::views::record::RecordedView;
use crate::wording;
use anyhow::Result;

pub(super) fn run(global: &Global, args: &RecordArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    args.what.check()?;
    let author = Author { by: person(args.by.as_deref(), args.dry_run)?, reason: args.reason.clone() };
    let (mut store, _lock) = session.writer(STAFF_PATIENCE, false)?;
    session.as_run(&mut store, "record", |desk, store, run, shown| {
        let what = args.what.known(store)?;
        let Outcome { recorded, effect, attention } = record(desk, store, run, &what, &author)?;
        let view = RecordedView { run: shown, recorded, effect, attention };
        desk.report.result(&view, || wording::record::text(&view))?;
        // whoever recorded it is the person, and has read it
        Ok(ExitStatus::Done)
    })
}
