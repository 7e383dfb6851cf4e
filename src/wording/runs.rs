//! `runs` and `undo`.

use crate::export::{List, table};
use crate::views::runs::{RunsView, UndoView};

/// A line for each run.
#[must_use]
pub(crate) fn listing(view: &RunsView) -> List {
    let head = ["run", "command", "as of", "mode", "began", "status", "journalled"];
    List::of(&head, &view.runs, |run| {
        let status = run.exit_status.map_or_else(|| "cut short".to_owned(), |status| status.to_string());
        vec![
            run.id.to_string().into(),
            (&run.command).into(),
            run.as_of.into(),
            (&run.mode).into(),
            (&run.started_at).into(),
            status.into(),
            run.journalled.to_string().into(),
        ]
    })
}

/// A line for each step of the run that was undone, or left.
#[must_use]
pub(crate) fn undone(view: &UndoView) -> String {
    table(&List::of(&["action", "service", "outcome", "because"], &view.undone, |row| {
        vec![(&row.action).into(), (&row.service).into(), row.outcome.into(), (&row.because).into()]
    }))
}
