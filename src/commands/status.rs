//! `status`: how things stand.

use super::{Session, taken_away};
use crate::cli::{Global, StatusArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::enforce::drift::drift;
use crate::jobs::status::status;
use crate::wording::status::{Parts, lists, text};
use anyhow::Result;

pub(super) fn run(global: &Global, args: &StatusArgs) -> Result<ExitStatus> {
    // nothing is written, so any day may be asked about
    let session = Session::open(global, args.as_of, true)?;
    let store = session.reader()?;
    let desk = &session.desk;
    let mut view = status(desk, &store)?;
    if args.drift {
        view.drift = Some(drift(desk, &store)?);
    }
    let parts = Parts {
        unmatched: args.unmatched,
        work_orders: args.work_orders,
        to_invoice: args.to_invoice,
        drift: args.drift,
        shadow: args.shadow,
    };
    taken_away::shown(&desk.report, &args.taken, &view, || text(&view, parts), || lists(&view, parts))?;
    Ok(ExitStatus::Done)
}
