//! Notices from the decision to the mail server, and what a person must see of it.

use super::preview::{Preview, Shown};
use super::render::Renderer;
use super::{Made, Wanted};
use crate::billing::ids::CustomerCode;
use crate::billing::policy::Mode;
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::books::Books;
use crate::jobs::deliver::Delivered;
use crate::jobs::{Desk, deliver};
use crate::store::{DeliveryState, Run, Store};
use crate::views::finding::{Finding, Kind, MailFinding};
use crate::views::{AttentionView, NotifyView, RunView, Totals};
use anyhow::Result;

/// Kinds of findings that a run over all customers looks for everywhere.
const COMPLETE: [Kind; 8] = [
    Kind::NoEmail,
    Kind::Card,
    Kind::Data,
    Kind::TooMany,
    Kind::Failed,
    Kind::Uncertain,
    Kind::Bounced,
    Kind::Unheard,
];

/// Notices as a command and as a part of the night: make, show, deliver.
///
/// # Errors
/// A trial without a recipient, a folder that cannot be written, or the database.
pub fn night(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    shown: RunView,
    customers: &[CustomerCode],
    wanted: &Wanted,
    out: Option<Shown<'_>>,
) -> Result<(NotifyView, Vec<AttentionView>, ExitStatus)> {
    if desk.rules.mode == Mode::Trial && desk.config.rollout.trial_recipient.is_none() {
        let text = format!(
            "on {} it is still a trial (`rollout.live_from`), and `rollout.trial_recipient` is not set: \
             nothing may go to customers yet",
            desk.today
        );
        return Err(Stop::configuration(text).into());
    }
    let renderer = Renderer::open(desk)?;
    let due = if customers.is_empty() {
        store.due_customers(desk.today, desk.rules.policies.longest_horizon_days())?
    } else {
        customers.to_vec()
    };
    let mut preview = out.map(Preview::open).transpose()?;
    let mut make = |books: &Books<'_>, recorded: &mut dyn FnMut(&Made) -> Result<()>| {
        super::make(desk, books, run, &renderer, &due, wanted, &mut preview, recorded)
    };
    let (mut outcome, delivered) = if desk.dry_run {
        (make(&Books::of(store), &mut |_| Ok(()))?, Delivered::default())
    } else {
        deliver::while_making(desk, store, run, customers, make)?
    };
    if let Some(preview) = preview {
        preview.finish(desk, &outcome.skipped)?;
    }
    let mut status = ExitStatus::Done;
    let mut totals = Totals { messages: u64::try_from(outcome.made.len())?, ..Totals::default() };
    count(&mut totals, &mut outcome.made, &delivered);
    for (code, why) in &delivered.held {
        let finding = MailFinding::NotHandedOver { customer: code.clone(), why: why.clone() };
        outcome.findings.add(format!("held {code}"), Some(code), None, &Finding::Mail(finding));
    }
    if let Some(why) = &delivered.unavailable {
        desk.report.error(&format!("no mail can be handed over, all of it stays queued: {why}"));
        status = ExitStatus::Failed;
    }
    deliver::troubles(store, run, &mut outcome.findings)?;
    let complete = customers.is_empty().then_some(COMPLETE.as_slice());
    let fresh = outcome.findings.raise(desk, store, run, complete)?;
    if !fresh.is_empty() {
        status = status.and(ExitStatus::NeedsPerson);
    }
    let messages = outcome.made.into_iter().map(|made| made.view).collect();
    Ok((NotifyView { run: shown, messages, skipped: outcome.skipped, totals }, fresh, status))
}

fn count(totals: &mut Totals, made: &mut [Made], delivered: &Delivered) {
    for made in made {
        if let Some(state) = delivered.messages.get(&made.message) {
            made.view.state = state.code();
        }
    }
    for state in delivered.messages.values() {
        match state {
            DeliveryState::Sent => totals.sent += 1,
            DeliveryState::Failed => totals.failed += 1,
            DeliveryState::Uncertain | DeliveryState::InDoubt => totals.uncertain += 1,
            DeliveryState::Queued => totals.queued += 1,
            DeliveryState::Cancelled => {}
        }
    }
}
