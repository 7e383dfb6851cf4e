//! What a preview shows beside the messages themselves.

use super::SkippedView;
use crate::billing::notice::Stage;
use chrono::NaiveDate;

/// A folder of messages to be looked through.
#[derive(Debug)]
pub(crate) struct PreviewView {
    pub(crate) as_of: NaiveDate,
    /// `trial` or `live`.
    pub(crate) mode: &'static str,
    pub(crate) messages: Vec<PreviewRow>,
    /// Who gets none, and why.
    pub(crate) skipped: Vec<SkippedView>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct PreviewRow {
    /// Its files' name, without what they end in.
    pub(crate) stem: String,
    pub(crate) customer: String,
    pub(crate) name: String,
    pub(crate) card: String,
    pub(crate) subject: String,
    /// Whom it is for, also in a trial.
    pub(crate) to: Vec<String>,
    /// What it tells.
    pub(crate) stages: Vec<Stage>,
    pub(crate) total_cents: i64,
}

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Something was or will be switched off or deleted.
    Urgent,
    /// Something expires or is asked for.
    Soon,
    /// Good news, and what somebody asked for.
    News,
}

impl PreviewRow {
    /// By the gravest of what it tells.
    pub(crate) fn urgency(&self) -> Urgency {
        let of = |stage: &Stage| match stage {
            Stage::After(_) | Stage::Reopened | Stage::Suspended | Stage::Final | Stage::Terminated => {
                Urgency::Urgent
            }
            Stage::Before(_) | Stage::Expiry | Stage::Warning | Stage::Charged => Urgency::Soon,
            Stage::Renewed | Stage::Reinstated | Stage::Cancelled | Stage::OnRequest => Urgency::News,
        };
        self.stages.iter().map(of).min().unwrap_or(Urgency::News)
    }
}
