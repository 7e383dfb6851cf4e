//! `runs` and `undo RUN`

use super::{Session, person, taken_away};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::period::days_after;
use crate::cli::{Global, RunsArgs, RunsCommand, UndoArgs};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::enforce::undo;
use crate::jobs::report;
use crate::lock::STAFF_PATIENCE;
use crate::views::runs::{RunsView, UndoView};
use crate::wording;
use anyhow::Result;

/// What is undone is left alone for so many days, where nothing else is said.
const LEFT_ALONE_DAYS: u32 = 7;

pub(super) fn run(global: &Global, args: &RunsArgs) -> Result<ExitStatus> {
    let session = Session::open(global, None, true)?;
    if let Some(RunsCommand::Show { run }) = args.what {
        let store = session.reader()?;
        let Some(shown) = store.listed_run(run)? else {
            let text = format!("there is no run {run}");
            return Err(Stop::unknown(text).hint("`runs` lists the last ones").into());
        };
        let view = report::shown(&store, shown)?;
        session.desk.report.result(&view, || wording::runs::shown(&view))?;
        return Ok(ExitStatus::Done);
    }
    let view = RunsView { runs: session.reader()?.last_runs(args.last)? };
    let list = || vec![(wording::list::name("runs"), wording::runs::listing(&view))];
    taken_away::shown(&session.desk.report, &args.taken, &view, || wording::runs::text(&view), list)?;
    Ok(ExitStatus::Done)
}

pub(super) fn undo(global: &Global, args: &UndoArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let today = session.desk.today;
    let hold_until = args.hold_until.unwrap_or_else(|| days_after(today, LEFT_ALONE_DAYS));
    if hold_until < today {
        return Err(Stop::usage(format!("--hold-until {hold_until} lies before today, {today}")).into());
    }
    let wanted = undo::Wanted {
        run: args.run,
        service: args.service.clone().map(ServiceCode::new),
        customer: args.customer.clone().map(CustomerCode::new),
        hold_until,
        by: person(args.by.as_deref(), args.dry_run)?,
        reason: args.reason.clone(),
    };
    let (mut store, _lock) = session.writer(STAFF_PATIENCE, false)?;
    session.as_run(&mut store, "undo", |desk, store, run, shown| {
        let undone = undo::undo(desk, store, run, &wanted)?;
        let view = UndoView { run: shown, undone };
        desk.report.result(&view, || wording::runs::undone(&view))?;
        let left = view.undone.iter().any(|row| row.outcome == "left");
        Ok(if left { ExitStatus::NeedsPerson } else { ExitStatus::Done })
    })
}
