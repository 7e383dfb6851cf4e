//! `nightly`: the inbox, enforcement, notices; one lock, one run, and silence when all is well.

use super::Session;
use crate::cli::{Global, NightlyArgs};
use crate::error;
use crate::exit_status::ExitStatus;
use crate::export::workbook;
use crate::jobs::deliver::digest::{self, Said};
use crate::jobs::night::night;
use crate::jobs::{Desk, monitor};
use crate::wording;
use anyhow::Result;
use std::time::Duration;

pub(super) fn run(global: &Global, args: &NightlyArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let outcome = whole(&session);
    if !session.desk.dry_run {
        tell(&session.desk, &outcome);
    }
    outcome
}

/// The list for accounting, as it is attached to the digest.
const TO_INVOICE: &str = "to-invoice.xlsx";

/// Whoever watches hears how it ended; of a night that failed accounting does too.
fn tell(desk: &Desk, outcome: &Result<ExitStatus>) {
    let status = outcome.as_ref().map_or_else(error::status_of, |status| *status);
    let why = outcome.as_ref().err().map(|error| format!("{error:#}"));
    if let Some(why) = why.as_deref().filter(|_| status != ExitStatus::Locked) {
        let unreached = digest::send_failure(desk, why, |night| Said {
            subject: night.subject(),
            text: night.to_string(),
            html: night.html(),
            workbook: None,
        })
        .unwrap_or_else(|error| vec![format!("{error:#}")]);
        unreached
            .iter()
            .for_each(|why| desk.report.error(&format!("the digest of the night did not go to {why}")));
    }
    if let Some(why) = monitor::tell(desk, status, why.as_deref()) {
        desk.report.error(&format!("the monitor was not told: {why}"));
    }
}

fn whole(session: &Session) -> Result<ExitStatus> {
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    session.as_run(&mut store, "nightly", |desk, store, run, shown| {
        let (view, mut status) = night(desk, store, run, shown)?;
        if !desk.dry_run {
            // a digest that cannot go must not undo a night that was done
            let address = desk.config.report.address.as_deref();
            let sent = digest::send(desk, store, run, &view, |digest, to_invoice| {
                let lists = wording::status::to_invoice_lists(to_invoice);
                let workbook =
                    if to_invoice.is_empty() { None } else { Some((TO_INVOICE, workbook(&lists)?)) };
                Ok(Said {
                    subject: digest.subject(),
                    text: digest.text(address),
                    html: digest.html(address),
                    workbook,
                })
            });
            let unreached = sent.unwrap_or_else(|error| vec![format!("{error:#}")]);
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
        if !desk.dry_run
            && let Err(error) = monitor::figures(desk, store, &view, status)
        {
            desk.report.error(&format!("the figures for the monitor: {error:#}"));
            status = status.and(ExitStatus::NeedsPerson);
        }
        if desk.report.json {
            desk.report.result(&view, String::new)?;
        } else if status != ExitStatus::Done || desk.dry_run {
            desk.report.result(&view, || wording::nightly::text(&view))?;
        }
        Ok(status)
    })
}
