//! What `runs` and `undo` report.

use super::RunView;
use chrono::NaiveDate;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct RunsView {
    pub(crate) runs: Vec<ListedRun>,
}

/// One run, and all that it did.
#[derive(Debug, Serialize)]
pub(crate) struct RunShown {
    pub(crate) run: ListedRun,
    pub(crate) messages: Vec<RunMessage>,
    pub(crate) journal: Vec<JournalLine>,
}

/// A message that a run made.
#[derive(Debug, Clone, Serialize)]
pub struct RunMessage {
    /// Its number.
    pub message: i64,
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Its card.
    pub card: String,
    /// What the card asked for.
    pub total_cents: i64,
    /// Its subject.
    pub subject: String,
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
    /// The number of the system's user whose process it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    /// That of who called `sudo` for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<u32>,
    /// Lines of the journal.
    pub journalled: i64,
}

/// A run that has ended, as systemd's journal has it.
#[derive(Debug, Clone, Serialize)]
pub struct EndedRun<'a> {
    /// Its number.
    pub run: i64,
    /// The command.
    pub command: &'a str,
    /// The day it worked for.
    pub as_of: NaiveDate,
    /// `trial` or `live`.
    pub mode: &'a str,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub ended_at: &'a str,
    /// Its exit status.
    pub exit_status: u8,
    /// What stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The seal over what it wrote down, and over all seals before it.
    pub seal: Option<String>,
}

/// A line of the journal.
#[derive(Debug, Clone, Serialize)]
pub struct JournalLine {
    /// The run.
    pub run: i64,
    /// The day it worked for.
    pub on: NaiveDate,
    /// Whose.
    pub customer: Option<String>,
    /// Their name.
    #[serde(skip)]
    pub name: Option<String>,
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

/// What became of a step that was to be undone; `wording/runs.rs` says it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unmade {
    /// The renewal was taken back.
    Renewal {
        expires_on: NaiveDate,
        alone_until: NaiveDate,
        /// Its period is paid all the same.
        is_settled: bool,
        heard: Heard,
    },
    /// It runs again.
    Suspension {
        alone_until: NaiveDate,
        heard: Heard,
    },
    Left(Kept),
}

/// Why a step stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    ServiceGone,
    UndoneAlready,
    ChangedSince,
    WasPaid,
    DataGone,
    RenewedOutside,
    HookFailed(String),
}

/// What the customer heard of a step that was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Nothing,
    /// The message waited, and is withdrawn.
    Withdrawn,
    RenewedUntil(NaiveDate),
    Suspended,
}

impl Unmade {
    /// `undone` or `left`.
    pub(crate) const fn outcome(&self) -> &'static str {
        match self {
            Self::Renewal { .. } | Self::Suspension { .. } => "undone",
            Self::Left(_) => "left",
        }
    }
}
