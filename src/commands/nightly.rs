//! `nightly`: the inbox, enforcement, notices; one lock, one run, and silence when all is well.

use super::Session;
use crate::cli::{Global, NightlyArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::deliver::digest;
use crate::jobs::night::night;
use crate::views::NightlyView;
use anyhow::Result;
use std::time::Duration;

/// Cron mails whatever is printed: enough to know what happened, and no more.
const LINES_MAX: usize = 20;

pub(super) fn run(global: &Global, args: &NightlyArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    session.as_run(&mut store, "nightly", |desk, store, run, shown| {
        let (view, mut status) = night(desk, store, run, shown)?;
        if !desk.dry_run {
            // a digest that cannot go must not undo a night that was done
            let unreached =
                digest::send(desk, store, run, &view).unwrap_or_else(|error| vec![format!("{error:#}")]);
            for why in &unreached {
                desk.report.error(&format!("the digest of the night did not go to {why}"));
                status = status.and(ExitStatus::NeedsPerson);
            }
        }
        if desk.report.json {
            desk.report.result(&view, String::new)?;
        } else if status != ExitStatus::Done || desk.dry_run {
            desk.report.result(&view, || text(&view))?;
        }
        Ok(status)
    })
}

fn text(view: &NightlyView) -> String {
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
