//! `nightly`: the inbox, enforcement, notices; one lock, one run, and silence when all is well.

use super::{Session, enforce, notify};
use crate::billing::guard::Gates;
use crate::billing::money::Money;
use crate::cli::{Global, NightlyArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::Desk;
use crate::jobs::deliver::digest;
use crate::jobs::enforce::backup;
use crate::jobs::import::inbox;
use crate::jobs::notify::Wanted;
use crate::store::{Run, StatusQueries, Store};
use crate::views::{NightlyView, NotifyView, RunView, StepView};
use anyhow::Result;
use std::time::Duration;

/// Cron mails whatever is printed: enough to know what happened, and no more.
const LINES_MAX: usize = 20;

pub(super) fn run(global: &Global, args: &NightlyArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    session.as_run(&mut store, "nightly", |desk, store, run, shown| {
        let (view, mut status) = night(desk, store, run, shown)?;
        if !desk.dry_run && has_news(&view) {
            // a digest that cannot go must not undo a night that was done
            let unreached = digest::send(desk, run, &subject(&view), &words(desk, store, &view)?)
                .unwrap_or_else(|error| vec![format!("{error:#}")]);
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

fn night(desk: &Desk, store: &mut Store, run: Run, shown: RunView) -> Result<(NightlyView, ExitStatus)> {
    let mut gates = Gates::default();
    if !desk.dry_run {
        gates.damaged = backup::backup(desk, store).err().map(|error| format!("{error:#}"));
    }
    let no_backup = gates.damaged.clone();
    inbox::prune(desk, store, run)?;
    let arrived = inbox::import(desk, store, run, &shown)?;
    let mut status = arrived.status;
    gates.unread_payments = arrived.unread;
    let (enforced, mut attention, enforce_status) =
        enforce::night(desk, store, run, shown.clone(), &[], gates, None)?;
    status = status.and(enforce_status);
    let mut faults = arrived.faults;
    if let Some(why) = no_backup {
        faults.push(why);
        status = status.and(ExitStatus::NeedsPerson);
    }
    // what was imported and enforced is done, and is reported, whatever comes of the notices
    let notified = match notify::night(desk, store, run, shown.clone(), &[], &Wanted::default(), None) {
        Ok((view, fresh, notify_status)) => {
            attention.extend(fresh);
            status = status.and(notify_status);
            view
        }
        Err(error) => {
            status = status.and(crate::error::status_of(&error));
            faults.push(format!("no notices were made or sent: {error:#}"));
            NotifyView::none(shown.clone())
        }
    };
    attention.extend(arrived.attention);
    let view = NightlyView {
        run: shown,
        imports: arrived.views,
        faults,
        enforce: enforced,
        notify: notified,
        attention,
    };
    Ok((view, status))
}

/// Whether anything happened that accounting would want to know.
fn has_news(view: &NightlyView) -> bool {
    let enforced = &view.enforce;
    let imported = view.imports.iter().any(|import| import.created + import.changed + import.rejected > 0);
    imported
        || !enforced.actions.is_empty()
        || enforced.guard.is_some()
        || !view.notify.messages.is_empty()
        || !view.attention.is_empty()
        || !view.faults.is_empty()
}

/// What cannot wait first: whether somebody must look.
fn subject(view: &NightlyView) -> String {
    let look = view.attention.len() + view.faults.len() + usize::from(view.enforce.guard.is_some());
    let news = if look == 0 { String::new() } else { format!("{look} to look at, ") };
    format!(
        "Night of {}: {news}{} cards, {} steps",
        view.run.as_of.format("%d/%m/%Y"),
        view.notify.messages.len(),
        view.enforce.actions.len()
    )
}

/// The digest: everything, in the order in which accounting needs it.
fn words(desk: &Desk, store: &Store, view: &NightlyView) -> Result<String> {
    let mut text = String::new();
    let mut part = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let lines: String = lines.iter().map(|line| format!("- {line}\n")).collect();
            text.push_str(&format!("{title} ({})\n{lines}\n", lines.lines().count()));
        }
    };
    let mut look: Vec<String> =
        view.enforce.guard.iter().map(|guard| format!("guard: {}", guard.message)).collect();
    look.extend(view.faults.iter().map(|fault| format!("not done: {}", fault.replace('\n', "; "))));
    look.extend(view.attention.iter().map(|item| format!("{}: {}", item.kind, item.text)));
    part("Needs a person", look);
    let steps = |steps: &[StepView]| -> Vec<String> {
        let one = |step: &StepView| {
            format!("{} {} of {}: {}", step.action.code(), step.service, step.customer, step.because)
        };
        steps.iter().map(one).collect()
    };
    part("Done", steps(&view.enforce.actions));
    part("Withheld", steps(&view.enforce.withheld));
    let imports = view.imports.iter().map(|import| {
        let money = if import.matched + import.unmatched > 0 {
            format!("; {} matched to a customer, {} unmatched", import.matched, import.unmatched)
        } else {
            String::new()
        };
        format!("{}: {} new, {} changed{money}", import.files.join(", "), import.created, import.changed)
    });
    part("Imported", imports.collect());
    let cards = view.notify.messages.iter().map(|message| {
        let total = Money::from_cents(message.total_cents);
        format!("{} {}: {total}, {} ({})", message.customer, message.card, message.subject, message.state)
    });
    part("Cards", cards.collect());
    let unpaid = store.overdue_charges(desk.today)?;
    let overdue: Money = unpaid.iter().map(|charge| Money::from_cents(charge.due_cents)).sum();
    text.push_str(&format!(
        "{overdue} are overdue for {} services; {} charges and advances wait for a tax invoice.\n\
         Everything that is open: konet-billing status\n",
        unpaid.len(),
        store.to_invoice()?.len()
    ));
    Ok(text)
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
