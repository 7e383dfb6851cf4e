//! `notify`

use super::{Session, known_customers};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::letters::Request;
use crate::billing::money::Money;
use crate::billing::policy::Mode;
use crate::cli::{Global, NotifyArgs};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::attention::Kind;
use crate::jobs::notify::preview::Preview;
use crate::jobs::notify::render::Studio;
use crate::jobs::notify::{self, Made, Wanted};
use crate::jobs::{Desk, deliver};
use crate::report::table;
use crate::store::{DeliveryState, FactQueries, Run, Services, Store};
use crate::views::{AttentionView, NotifyView, RunView, Totals};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

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

pub(super) fn run(global: &Global, args: &NotifyArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    let customers = known_customers(&store, &args.customer)?;
    let service = args.service.clone().map(ServiceCode::new);
    if let Some(code) = &service {
        match store.service(code)? {
            None => return Err(Stop::Usage(format!("there is no service `{code}`")).into()),
            Some(service) if !customers.contains(&service.customer) => {
                let text = format!("`{code}` is a service of `{}`", service.customer);
                return Err(Stop::Usage(text).into());
            }
            Some(_) => {}
        }
    }
    let request = args.now.then_some(Request { service });
    let wanted = Wanted { request, until: args.until, instead_of: None };
    session.as_run(&mut store, "notify", |desk, store, run, shown| {
        let (view, fresh, status) = night(desk, store, run, shown, &customers, &wanted, args.out.as_deref())?;
        for item in &fresh {
            desk.report.status(&item.text);
        }
        desk.report.result(&view, || text(&view))?;
        Ok(status)
    })
}

/// Notices as a command and as a part of the night: make, show, deliver.
pub(super) fn night(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    shown: RunView,
    customers: &[CustomerCode],
    wanted: &Wanted,
    out: Option<&Path>,
) -> Result<(NotifyView, Vec<AttentionView>, ExitStatus)> {
    if desk.rules.mode == Mode::Trial && desk.config.rollout.trial_recipient.is_none() {
        let text = format!(
            "on {} it is still a trial (`rollout.live_from`), and `rollout.trial_recipient` is not set: \
             nothing may go to customers yet",
            desk.today
        );
        return Err(Stop::Usage(text).into());
    }
    let studio = Studio::open(desk)?;
    let due = if customers.is_empty() {
        store.due_customers(desk.today, desk.rules.policies.longest_horizon_days())?
    } else {
        customers.to_vec()
    };
    let mut preview = out.map(Preview::open).transpose()?;
    let mut outcome = notify::make(desk, store, run, &studio, &due, wanted, &mut preview)?;
    if let Some(preview) = preview {
        preview.finish()?;
    }
    let mut status = ExitStatus::Done;
    let mut totals = Totals { messages: u64::try_from(outcome.made.len())?, ..Totals::default() };
    if !desk.dry_run {
        let delivered = deliver::deliver(desk, store, run, customers)?;
        count(&mut totals, &mut outcome.made, &delivered);
        for (code, why) in &delivered.held {
            let text = format!("a message to `{code}` was not handed over: {why}; it is looked at again");
            outcome.findings.add(Kind::Failed, format!("held {code}"), Some(code), None, text);
        }
        if let Some(why) = &delivered.unavailable {
            desk.report.error(&format!("no mail can be handed over, all of it stays queued: {why}"));
            status = ExitStatus::Failed;
        }
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

fn count(totals: &mut Totals, made: &mut [Made], delivered: &deliver::Delivered) {
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

fn text(view: &NotifyView) -> String {
    let mut text = String::new();
    let rows: Vec<Vec<String>> = view
        .messages
        .iter()
        .map(|message| {
            vec![
                message.state.to_owned(),
                message.customer.clone(),
                Money::from_cents(message.total_cents).to_string(),
                message.subject.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&table(&["state", "customer", "amount", "subject"], &rows));
    }
    let rows: Vec<Vec<String>> = view
        .skipped
        .iter()
        .map(|skip| {
            vec![skip.reason.to_owned(), skip.customer.clone(), skip.service.clone(), skip.because.clone()]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("Not told:\n");
        text.push_str(&table(&["reason", "customer", "service", "because"], &rows));
    }
    let totals = &view.totals;
    let mode = if view.run.mode == "trial" { ", trial" } else { "" };
    text.push_str(&format!(
        "{} as of {}{mode}: {} messages",
        view.run.command, view.run.as_of, totals.messages
    ));
    if view.run.dry_run {
        text.push_str(" (dry run: nothing was written or sent)\n");
    } else {
        text.push_str(&format!(
            "; {} sent, {} failed, {} uncertain, {} waiting\n",
            totals.sent, totals.failed, totals.uncertain, totals.queued
        ));
    }
    text
}
