//! The night: the inbox, enforcement, notices, in one run.

use crate::billing::guard::Gates;
use crate::exit_status::ExitStatus;
use crate::jobs::Desk;
use crate::jobs::enforce::{self, backup};
use crate::jobs::import::inbox;
use crate::jobs::notify::{self, Wanted};
use crate::jobs::retention;
use crate::store::{Run, Store};
use crate::views::{NightlyView, NotifyView, RunView};
use anyhow::Result;

/// The inbox, enforcement, notices, in that order; what one of them did is reported whatever comes of the next.
///
/// # Errors
/// A database that cannot be read or written.
pub fn night(desk: &Desk, store: &mut Store, run: Run, shown: RunView) -> Result<(NightlyView, ExitStatus)> {
    let mut gates = Gates { damaged: backup::failed(desk, store), ..Gates::default() };
    let no_backup = gates.damaged.clone();
    retention::prune(desk, store, run)?;
    let arrived = inbox::import(desk, store, run, &shown)?;
    let mut status = arrived.status;
    gates.unread_payments = arrived.unread;
    let (enforced, mut attention, enforce_status) =
        enforce::night(desk, store, run, shown.clone(), Vec::new(), gates, None)?;
    status = status.and(enforce_status);
    let mut faults = arrived.faults;
    if let Some(why) = no_backup {
        faults.push(why);
        status = status.and(ExitStatus::NeedsPerson);
    }
    // what was imported and enforced is done, and is reported, whatever comes of the notices
    let notified = match notify::night(desk, store, run, shown.clone(), &[], &Wanted::default(), None) {
        Ok((view, fresh, notify_status)) => {
            attention.extend(fresh);
            status = status.and(notify_status);
            view
        }
        Err(error) => {
            status = status.and(crate::error::status_of(&error));
            faults.push(format!("no notices were made or sent: {error:#}"));
            NotifyView::none(shown.clone())
        }
    };
    attention.extend(arrived.attention);
    let view = NightlyView {
        run: shown,
        imports: arrived.views,
        faults,
        enforce: enforced,
        notify: notified,
        attention,
    };
    Ok((view, status))
}
