//! What `runs` and `undo` report.

use super::RunView;
use chrono::NaiveDate;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct RunsView {
    pub(crate) runs: Vec<ListedRun>,
}

#[derive(Debug, Serialize)]
pub(crate) struct UndoView {
    pub(crate) run: RunView,
    pub(crate) undone: Vec<Undone>,
}

/// A run as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct ListedRun {
    /// Its number.
    pub id: i64,
    /// The command.
    pub command: String,
    /// The day it worked for.
    pub as_of: NaiveDate,
    /// `trial` or `live`.
    pub mode: String,
    /// When it began.
    pub started_at: String,
    /// Its exit status; none for one that was cut short.
    pub exit_status: Option<i64>,
    /// Lines of the journal.
    pub journalled: i64,
}

/// A line of the journal.
#[derive(Debug, Clone, Serialize)]
pub struct JournalLine {
    /// The run.
    pub run: i64,
    /// The day it worked for.
    pub on: NaiveDate,
    /// Which service.
    pub service: Option<String>,
    /// What.
    pub what: String,
    /// Its figures.
    pub detail: serde_json::Value,
}

/// What became of one step.
#[derive(Debug, Clone, Serialize)]
pub struct Undone {
    /// The step of that run.
    pub action: String,
    /// Which service.
    pub service: String,
    /// Whose.
    pub customer: Option<String>,
    /// `undone` or `left`.
    pub outcome: &'static str,
    /// Why, and what the customer hears of it.
    pub because: String,
}
