//! `find WORDS…`

use super::{Session, taken_away};
use crate::cli::{FindArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::find::find;
use crate::wording;
use anyhow::Result;

pub(super) fn run(global: &Global, args: &FindArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, true)?;
    let view = find(&session.desk, &session.reader()?, &args.words)?;
    taken_away::shown(
        &session.desk.report,
        &args.taken,
        &view,
        || wording::find::text(&view),
        || vec![(wording::list::name("customers"), wording::find::list(&view))],
    )?;
    Ok(ExitStatus::Done)
}
