//! The JSON contract: the structs that `--json` prints and `report` words, a file for each command. Amounts are cents,
//! dates ISO.

pub(crate) mod calendar;
pub(crate) mod check;
pub(crate) mod copies;
pub(crate) mod digest;
mod enforce;
pub(crate) mod explain;
pub(crate) mod find;
pub mod finding;
mod import;
pub mod list;
mod nightly;
mod notify;
pub mod outbox;
pub(crate) mod preview;
pub(crate) mod privacy;
pub mod record;
pub(crate) mod report;
pub mod runs;
pub mod status;

pub(crate) use enforce::Withheld;
pub use enforce::{EnforceView, GuardView, StepView};
pub use import::{BouncesView, ColumnView, ImportView, RecordView};
pub use nightly::NightlyView;
pub use notify::{LineView, MessageView, NotifyView, SkippedView, Totals, lines_of};

use chrono::NaiveDate;
use serde::Serialize;

/// The run that a report is of.
#[derive(Debug, Clone, Serialize)]
pub struct RunView {
    /// Its number; none in a dry run.
    pub id: Option<i64>,
    /// The command.
    pub command: &'static str,
    /// The day it worked for.
    pub as_of: NaiveDate,
    /// Whether it only showed.
    pub dry_run: bool,
    /// `trial` or `live`.
    pub mode: &'static str,
}

/// Something that needs a person.
#[derive(Debug, Clone, Serialize)]
pub struct AttentionView {
    /// What kind of thing.
    pub kind: String,
    /// Whose.
    pub customer: Option<String>,
    /// Which service.
    pub service: Option<String>,
    /// Since when.
    pub since: NaiveDate,
    /// What, and what to do.
    pub text: String,
}
