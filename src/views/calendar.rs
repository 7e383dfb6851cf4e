//! What `calendar` reports.

use crate::billing::action::Action;
use chrono::NaiveDate;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct CalendarView {
    pub(crate) as_of: NaiveDate,
    pub(crate) days: Vec<DayView>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct DayView {
    pub(crate) date: NaiveDate,
    pub(crate) messages: u64,
    pub(crate) asked_cents: i64,
    pub(crate) renewals: u64,
    pub(crate) reinstatements: u64,
    pub(crate) suspensions: u64,
    pub(crate) terminations: u64,
    pub(crate) services: Vec<String>,
    /// The names of their customers.
    pub(crate) names: Vec<String>,
}

impl DayView {
    /// Counts a step.
    pub(crate) const fn count(&mut self, action: Action) {
        match action {
            Action::Renew => self.renewals += 1,
            Action::Reinstate => self.reinstatements += 1,
            Action::Suspend => self.suspensions += 1,
            Action::Terminate => self.terminations += 1,
        }
    }
}
