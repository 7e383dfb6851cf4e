//! `calendar`: every mail and step to come, per day, if nobody pays.

use super::{Session, known_customers, taken_away};
use crate::cli::{CalendarArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::calendar::calendar;
use crate::wording;
use anyhow::Result;

pub(super) fn run(global: &Global, args: &CalendarArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, true)?;
    let store = session.reader()?;
    let chosen = known_customers(&store, &args.customer)?;
    let view = calendar(&session.desk, &store, chosen, args.days)?;
    let list = || vec![(wording::list::name("calendar"), wording::calendar::list(&view))];
    taken_away::shown(&session.desk.report, &args.taken, &view, || wording::calendar::text(&view), list)?;
    Ok(ExitStatus::Done)
}
