//! Looking ahead: where a customer stands before the next night, also where a trial ends on the way.

use crate::billing::forecast::Outlook;
use crate::billing::ids::CustomerCode;
use crate::billing::period::days_after;
use crate::billing::policy::Mode;
use crate::jobs::Desk;
use crate::jobs::notify::without_waiting;
use crate::store::{Store, StoreError, Waiting};
use chrono::NaiveDate;

/// The next night: today's, unless it was done.
///
/// # Errors
/// Where the database cannot be read.
pub fn next_night(desk: &Desk, store: &Store) -> Result<NaiveDate, StoreError> {
    Ok(if store.night_was_done(desk.today)? { days_after(desk.today, 1) } else { desk.today })
}

/// Where a customer stands before the night `from`; `None` for an unknown code.
///
/// # Errors
/// A record that cannot be read.
pub fn outlook(
    desk: &Desk,
    store: &Store,
    code: &CustomerCode,
    from: NaiveDate,
) -> Result<Option<Outlook>, StoreError> {
    let facts = |mode| -> Result<_, StoreError> {
        let Some(mut facts) = store.facts(code, mode, desk.today)? else { return Ok(None) };
        // what nobody was handed yet is made anew by the next night, or withdrawn
        let mut waiting = store.waiting(code, mode)?;
        waiting.retain(Waiting::gives_way);
        without_waiting(&mut facts, &waiting);
        Ok(Some(facts))
    };
    let Some(now) = facts(desk.rules.mode)? else { return Ok(None) };
    let live = match (desk.rules.mode, desk.config.rollout.goes_live()) {
        (Mode::Trial, Some(day)) => facts(Mode::Live)?.map(|facts| (day, facts)),
        (Mode::Trial, None) | (Mode::Live, _) => None,
    };
    Ok(Some(Outlook { facts: now, from, live }))
}
