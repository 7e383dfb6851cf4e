//! `nightly` in a few lines: cron mails whatever is printed.

use super::speech::{say, word};
use super::{enforce, notify};
use crate::views::{AttentionView, NightlyView, Totals};

/// Cron mails whatever is printed: enough to know what happened, and no more.
const LINES_MAX: usize = 20;

/// What is new for a person, a line each; of many the rest is counted.
#[must_use]
pub(crate) fn fresh(items: &[AttentionView]) -> Vec<String> {
    let mut lines: Vec<String> = items.iter().take(LINES_MAX).map(|item| item.text.clone()).collect();
    if let more @ 1.. = items.len().saturating_sub(LINES_MAX) {
        lines.push(say!("nightly.more", count = more));
    }
    lines
}

/// What happened in the night, in at most twenty lines.
#[must_use]
pub(crate) fn text(view: &NightlyView) -> String {
    let Totals { messages, sent, failed, uncertain, queued: waiting, .. } = &view.notify.totals;
    let (done, withheld) = (view.enforce.actions.len(), view.enforce.withheld.len());
    let (day, dry_run) = (view.run.as_of, view.run.dry_run);
    let mut sum =
        say!("nightly.sum", day, messages, sent, failed, uncertain, waiting, done, withheld, dry_run);
    if view.run.dry_run {
        sum.push_str(&format!(" {}", say!("nightly.dry_run")));
    }
    let mut lines = vec![sum];
    lines.extend(view.enforce.guard.iter().map(|guard| say!("digest.guard", message = guard.message)));
    let faults = view.faults.iter().flat_map(|fault| fault.lines());
    lines.extend(faults.map(|fault| say!("digest.not_done", fault)));
    lines.extend(view.attention.iter().map(|item| format!("{}: {}", word("found", &item.kind), item.text)));
    if lines.len() > LINES_MAX {
        let more = lines.len() - (LINES_MAX - 1);
        lines.truncate(LINES_MAX - 1);
        lines.push(say!("nightly.more", count = more));
    }
    // whoever tries it out wants to see what would come of it
    let whole =
        if dry_run { enforce::text(&view.enforce) + &notify::text(&view.notify) } else { String::new() };
    format!("{whole}{}\n", lines.join("\n"))
}
