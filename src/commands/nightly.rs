//! `nightly`: the inbox, enforcement, notices; one lock, one run, and silence when all is well.

use super::Session;
use crate::cli::{Global, NightlyArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::deliver::digest;
use crate::jobs::night::night;
use crate::wording;
use anyhow::Result;
use std::time::Duration;

pub(super) fn run(global: &Global, args: &NightlyArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    session.as_run(&mut store, "nightly", |desk, store, run, shown| {
        let (view, mut status) = night(desk, store, run, shown)?;
        if !desk.dry_run {
            // a digest that cannot go must not undo a night that was done
            let unreached =
                digest::send(desk, store, run, &view).unwrap_or_else(|error| vec![format!("{error:#}")]);
            for why in &unreached {
                desk.report.error(&format!("the digest of the night did not go to {why}"));
                status = status.and(ExitStatus::NeedsPerson);
            }
        }
        if let Some(folder) = desk.config.report.folder.as_deref().filter(|_| !desk.dry_run) {
            // nor a report that cannot be written
            if let Err(error) = super::report::written(desk, store, folder) {
                desk.report.error(&format!("the report was not written: {error:#}"));
                status = status.and(ExitStatus::NeedsPerson);
            }
        }
        if desk.report.json {
            desk.report.result(&view, String::new)?;
        } else if status != ExitStatus::Done || desk.dry_run {
            desk.report.result(&view, || wording::nightly::text(&view))?;
        }
        Ok(status)
    })
}
