//! What `calendar` reports.

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
