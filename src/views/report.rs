//! What `report` shows: how things stand, who owes what, what comes, and the customers of whom something is open or recent.

use super::calendar::CalendarView;
use super::explain::ExplainView;
use super::list::{CustomerRow, DebtorRow, ForecastView};
use super::runs::{ListedRun, RunShown};
use super::status::StatusView;
use chrono::NaiveDate;
use serde::Serialize;

/// Everything that the report is made of.
#[derive(Debug)]
pub(crate) struct ReportView {
    pub(crate) as_of: NaiveDate,
    pub(crate) company: String,
    /// When it is made.
    pub(crate) made_at: String,
    pub(crate) status: StatusView,
    pub(crate) debtors: Vec<DebtorRow>,
    pub(crate) calendar: CalendarView,
    pub(crate) forecast: ForecastView,
    /// The same by week.
    pub(crate) weeks: ForecastView,
    /// What the last of them did.
    pub(crate) night: Option<RunShown>,
    /// The last nights, the latest first.
    pub(crate) nights: Vec<ListedRun>,
    /// Whether a night was done within the last day and a bit.
    pub(crate) night_is_missing: bool,
    /// The day up to which the bank is known.
    pub(crate) payments_as_of: Option<NaiveDate>,
    pub(crate) customers: Vec<CustomerPage>,
    /// Customers who have no page, for nothing of theirs is open or recent, or there are too many.
    pub(crate) left_off: usize,
}

/// A customer who has a page.
#[derive(Debug)]
pub(crate) struct CustomerPage {
    /// Its file's name, without the ending.
    pub(crate) stem: String,
    pub(crate) row: CustomerRow,
    pub(crate) explained: ExplainView,
    /// Their latest cards as they went: the number, and what lies beside the page.
    pub(crate) cards: Vec<SentCard>,
}

/// A card as it went.
#[derive(Debug)]
pub(crate) struct SentCard {
    pub(crate) number: String,
    pub(crate) pdf: Vec<u8>,
    pub(crate) html: String,
}

/// What `report` says of itself.
#[derive(Debug, Serialize)]
pub(crate) struct WrittenView {
    /// The folder.
    pub(crate) report: String,
    /// Its files.
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// Customers with a page.
    pub(crate) customers: usize,
}
