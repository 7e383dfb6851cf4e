//! `nightly`: the inbox, enforcement, notices; one lock, one run, and silence when all is well.

use super::{Session, enforce, notify};
use crate::billing::guard::Gates;
use crate::cli::{Global, NightlyArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::notices::Wanted;
use crate::jobs::{Desk, inbox};
use crate::store::{RunId, Store};
use crate::views::{NightlyView, RunView};
use anyhow::Result;
use std::time::Duration;

/// Cron mails whatever is printed: enough to know what happened, and no more.
const LINES_MAX: usize = 20;

pub(super) fn run(global: &Global, args: &NightlyArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    session.as_run(&mut store, "nightly", |desk, store, run, shown| {
        let (view, status) = night(desk, store, run, shown)?;
        if desk.report.json {
            desk.report.result(&view, String::new)?;
        } else if status != ExitStatus::Done || desk.dry_run {
            desk.report.result(&view, || text(&view))?;
        }
        Ok(status)
    })
}

fn night(desk: &Desk, store: &mut Store, run: RunId, shown: RunView) -> Result<(NightlyView, ExitStatus)> {
    let mut gates = Gates::default();
    if !desk.dry_run {
        gates.damaged = inbox::backup(desk, store).err().map(|error| format!("{error:#}"));
    }
    inbox::prune(desk, store)?;
    let arrived = inbox::import(desk, store, run, &shown)?;
    let mut status = arrived.status;
    gates.failed_import = arrived.failed_payments;
    let (enforced, mut attention, enforce_status) =
        enforce::night(desk, store, run, shown.clone(), &[], gates, None)?;
    status = status.and(enforce_status);
    let (notified, fresh, notify_status) =
        notify::night(desk, store, run, shown.clone(), &[], &Wanted::default(), None)?;
    attention.extend(fresh);
    status = status.and(notify_status);
    attention.extend(arrived.attention);
    let view = NightlyView {
        run: shown,
        imports: arrived.views,
        faults: arrived.faults,
        enforce: enforced,
        notify: notified,
        attention,
    };
    Ok((view, status))
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
    lines.extend(view.faults.iter().flat_map(|fault| fault.lines()).map(|line| format!("inbox: {line}")));
    lines.extend(view.attention.iter().map(|item| format!("{}: {}", item.kind, item.text)));
    if lines.len() > LINES_MAX {
        let more = lines.len() - (LINES_MAX - 1);
        lines.truncate(LINES_MAX - 1);
        lines.push(format!("and {more} more; see `konet-billing status`"));
    }
    lines.join("\n") + "\n"
}
