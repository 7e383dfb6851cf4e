//! `check`: configuration, database, templates, fonts and logo; sends nothing.

use super::{Session, report};
use crate::cli::{CheckArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::{check, status};
use crate::views::check::{CheckView, Checked};
use crate::wording;
use anyhow::Result;
use chrono::TimeDelta;

pub(super) fn run(global: &Global, args: &CheckArgs) -> Result<ExitStatus> {
    match args.last_run {
        Some(within) => last_night(global, within),
        None => everything(global, args.send_to.as_deref()),
    }
}

/// Whether a night was done within that time, for whoever watches: nights that a guard refused or that need a person
/// were done.
fn last_night(global: &Global, within: TimeDelta) -> Result<ExitStatus> {
    let session = Session::open(global, None, true)?;
    let (night, ok) = status::last_night(&session.desk, &session.reader()?, within)?;
    let detail = night.unwrap_or_else(|| "no night was ever done".to_owned());
    let view = CheckView { checks: vec![Checked { what: "last night", ok, detail, remedy: None }] };
    report(global).result(&view, || wording::check::text(&view))?;
    Ok(if ok { ExitStatus::Done } else { ExitStatus::NeedsPerson })
}

fn everything(global: &Global, send_to: Option<&str>) -> Result<ExitStatus> {
    let session = Session::open(global, None, true)?;
    let looked = check::everything(&session.desk, &session.database, send_to);
    report(global).result(&looked.view, || wording::check::text(&looked.view))?;
    Ok(match looked.view.checks.iter().all(|check| check.ok) {
        true => ExitStatus::Done,
        // a server that does not answer is no fault of the configuration
        false if looked.only_mail_fails => ExitStatus::Failed,
        false => ExitStatus::Usage,
    })
}
