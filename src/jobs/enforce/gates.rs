//! What keeps a whole run from suspending and terminating, as things stand: the gates, and how many steps a plan may have.

use crate::billing::guard::{Gates, Limits};
use crate::jobs::Desk;
use crate::jobs::gates::unread_payments;
use crate::store::{RESTORED, Run, Store};
use anyhow::Result;

/// What the guard must know before anything is switched off, beside what is `known` already.
///
/// # Errors
/// Where the database cannot be read.
pub fn gates(desk: &Desk, store: &Store, run: Run, known: Gates) -> Result<Gates> {
    Ok(Gates {
        payments_fresh_on: store.payments_fresh_on(desk.today)?,
        latest_run_day: store.latest_run_day(run.id)?,
        stopped_by: stop_file(desk),
        restored: store.closed_gate(RESTORED)?,
        unread_payments: known.unread_payments.or(unread_payments(store)?),
        terminated_today: store.terminated_on(desk.today)?,
        damaged: known.damaged.or_else(|| store.check().err().map(|error| error.to_string())),
        active_services: store.active_services()?,
    })
}

pub(super) fn limits(desk: &Desk) -> Limits {
    desk.config.guard.limits
}

/// The stop file, if it is configured and there.
#[must_use]
pub fn stop_file(desk: &Desk) -> Option<String> {
    let file = desk.config.guard.stop_file.as_deref()?;
    file.exists().then(|| file.display().to_string())
}
