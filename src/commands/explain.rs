//! `explain`: one screen that answers a phone call.

use super::Session;
use crate::cli::{ExplainArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::explain::explain;
use crate::wording;
use anyhow::Result;

pub(super) fn run(global: &Global, args: &ExplainArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, true)?;
    let store = session.reader()?;
    let view = explain(&session.desk, &store, &args.which, args.days)?;
    session.desk.report.result(&view, || wording::explain::text(&view, args.all))?;
    Ok(ExitStatus::Done)
}
