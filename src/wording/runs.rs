//! `runs` and `undo`.

use super::speech::{heads, say, table, word};
use crate::export::{List, code};
use crate::views::runs::{Heard, Kept, RunsView, UndoView, Unmade};
use std::fmt;

/// A line for each run.
#[must_use]
pub(crate) fn listing(view: &RunsView) -> List {
    let head = heads(&["run", "command", "as_of", "mode", "began", "status", "journalled"]);
    List::of(head, &view.runs, |run| {
        let status = run.exit_status.map_or_else(|| say!("runs.cut_short"), |status| status.to_string());
        vec![
            code(run.id.to_string()),
            code(&run.command),
            run.as_of.into(),
            word("mode", &run.mode).into(),
            (&run.started_at).into(),
            status.into(),
            run.journalled.into(),
        ]
    })
}

/// The runs as a table.
#[must_use]
pub(crate) fn text(view: &RunsView) -> String {
    table(&listing(view))
}

/// A line for each step of the run that was undone, or left.
#[must_use]
pub(crate) fn undone(view: &UndoView) -> String {
    table(&List::of(heads(&["action", "service", "outcome", "because"]), &view.undone, |row| {
        vec![
            word("action", &row.action).into(),
            code(&row.service),
            word("outcome", row.outcome).into(),
            (&row.because).into(),
        ]
    }))
}

impl fmt::Display for Unmade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, heard) = match self {
            Self::Renewal { expires_on, alone_until, is_settled, heard } => {
                (say!("undo.renewal", expires_on, alone_until, settled = is_settled), heard)
            }
            Self::Suspension { alone_until, heard } => (say!("undo.suspension", alone_until), heard),
            Self::Left(kept) => return kept.fmt(f),
        };
        write!(f, "{what}{heard}")
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::ServiceGone => say!("undo.service_gone"),
            Self::UndoneAlready => say!("undo.undone_already"),
            Self::ChangedSince => say!("undo.changed_since"),
            Self::WasPaid => say!("undo.was_paid"),
            Self::DataGone => say!("undo.data_gone"),
            Self::RenewedOutside => say!("undo.renewed_outside"),
            Self::HookFailed(why) => say!("undo.hook_failed", why),
        })
    }
}

/// The end of a sentence.
impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Nothing => say!("undo.heard_nothing"),
            Self::Withdrawn => say!("undo.heard_withdrawn"),
            Self::Suspended => say!("undo.heard_suspended"),
            Self::RenewedUntil(until) => say!("undo.heard_renewed", until),
        })
    }
}
