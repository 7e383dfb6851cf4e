//! `runs` and `undo`.

use super::past::told;
use super::speech::{day, event, heads, say, table, word};
use crate::billing::money::Money;
use crate::export::{List, code};
use crate::views::runs::{Heard, JournalLine, Kept, RunShown, RunsView, UndoView, Unmade};
use std::fmt;

/// A line for each run.
#[must_use]
pub(crate) fn listing(view: &RunsView) -> List {
    let head = heads(&["run", "command", "as_of", "mode", "began", "status", "journalled"]);
    List::of(head, &view.runs, |run| {
        let status = run
            .exit_status
            .map_or_else(|| say!("runs.cut_short"), |status| word("exit", &status.to_string()));
        vec![
            code(run.id.to_string()),
            code(&run.command),
            run.as_of.into(),
            word("mode", &run.mode).into(),
            code(moment(&run.started_at)),
            status.into(),
            run.journalled.into(),
        ]
    })
    .sparing(&[6, 3])
}

/// `2026-11-28T18:15:26+02:00` as a day and a time of day.
fn moment(stamp: &str) -> String {
    match chrono::DateTime::parse_from_rfc3339(stamp) {
        Ok(at) => format!("{} {}", day(at.date_naive()), at.format("%H:%M")),
        Err(_) => stamp.to_owned(),
    }
}

/// The runs as a table.
#[must_use]
pub(crate) fn text(view: &RunsView) -> String {
    table(&listing(view))
}

/// What one run did: its messages, and its lines of the journal.
#[must_use]
pub(crate) fn shown(view: &RunShown) -> String {
    let runs = RunsView { runs: vec![view.run.clone()] };
    let mut text = table(&listing(&runs));
    if !view.messages.is_empty() {
        text.push_str(&format!("\n{}", table(&messages(view))));
    }
    if !view.journal.is_empty() {
        text.push_str(&format!("\n{}", table(&lines(&view.journal))));
    }
    text
}

/// The messages that a run made, with what they ask for.
pub(super) fn messages(view: &RunShown) -> List {
    let head = heads(&["message", "customer", "name", "card", "amount", "subject"]);
    let messages = List::of(head, &view.messages, |message| {
        vec![
            code(message.message.to_string()),
            code(&message.customer),
            (&message.name).into(),
            code(&message.card),
            Money::from_cents(message.total_cents).into(),
            (&message.subject).into(),
        ]
    });
    messages.sparing(&[5, 2]).summed(word("column", "sum"))
}

/// What was done to services and money, without what goes with it: cards, messages, charges.
pub(super) fn acts(view: &RunShown) -> List {
    const ACTS: [&str; 8] = [
        "renew",
        "reinstate",
        "suspend",
        "terminate",
        "settled",
        "reopened",
        "taken_back",
        "payment_unmatched",
    ];
    lines(view.journal.iter().filter(|line| ACTS.contains(&line.what.as_str())))
}

fn lines<'a>(journal: impl IntoIterator<Item = &'a JournalLine>) -> List {
    let head = heads(&["customer", "name", "service", "what", "because"]);
    let lines = List::of(head, journal, |line| {
        vec![
            line.customer.as_ref().map(code).into(),
            line.name.clone().into(),
            line.service.as_ref().map(code).into(),
            event(&line.what).into(),
            told(&line.detail).into(),
        ]
    });
    lines.sparing(&[4, 1])
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
