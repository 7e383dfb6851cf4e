//! `nightly` in a few lines: cron mails whatever is printed.

use crate::views::NightlyView;

/// Cron mails whatever is printed: enough to know what happened, and no more.
const LINES_MAX: usize = 20;

/// What happened in the night, in at most twenty lines.
#[must_use]
pub(crate) fn text(view: &NightlyView) -> String {
    let totals = &view.notify.totals;
    let mut lines = vec![format!(
        "nightly as of {}: {} messages, {} sent, {} failed, {} uncertain, {} waiting; {} steps done, {} withheld{}",
        view.run.as_of,
        totals.messages,
        totals.sent,
        totals.failed,
        totals.uncertain,
        totals.queued,
        view.enforce.actions.len(),
        view.enforce.withheld.len(),
        if view.run.dry_run { " (dry run)" } else { "" }
    )];
    lines.extend(view.enforce.guard.iter().map(|guard| format!("guard: {}", guard.message)));
    lines.extend(view.faults.iter().flat_map(|fault| fault.lines()).map(|line| format!("not done: {line}")));
    lines.extend(view.attention.iter().map(|item| format!("{}: {}", item.kind, item.text)));
    if lines.len() > LINES_MAX {
        let more = lines.len() - (LINES_MAX - 1);
        lines.truncate(LINES_MAX - 1);
        lines.push(format!("and {more} more; see `konet-billing status`"));
    }
    lines.join("\n") + "\n"
}
