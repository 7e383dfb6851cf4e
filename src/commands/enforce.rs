//! `enforce`

use super::{Session, known_customers, person};
use crate::billing::facts::Action;
use crate::billing::guard::Gates;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::cli::{EnforceArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::Desk;
use crate::jobs::attention::{Findings, Kind};
use crate::jobs::enforce::{self, backup};
use crate::jobs::money;
use crate::report::table;
use crate::store::{FactQueries, Run, Store};
use crate::views::{AttentionView, EnforceView, RunView, StepView};
use anyhow::Result;
use std::time::Duration;

pub(super) fn run(global: &Global, args: &EnforceArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    session.as_run(&mut store, "enforce", |desk, store, run, shown| {
        let approval = match args.approve.as_deref() {
            Some(digest) => Some((digest, person(args.by.as_deref(), desk.dry_run)?)),
            None => None,
        };
        let mut gates = Gates::default();
        if !desk.dry_run {
            gates.damaged = backup::backup(desk, store).err().map(|error| format!("{error:#}"));
        }
        let (view, fresh, status) = night(desk, store, run, shown, &args.customer, gates, approval)?;
        for item in &fresh {
            desk.report.status(&item.text);
        }
        desk.report.result(&view, || text(&view))?;
        Ok(status)
    })
}

/// Enforcement as a command and as a part of the night. `gates` carries what is known already.
pub(super) fn night(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    shown: RunView,
    customers: &[String],
    gates: Gates,
    approval: Option<(&str, String)>,
) -> Result<(EnforceView, Vec<AttentionView>, ExitStatus)> {
    let gates = enforce::gates(desk, store, run, gates)?;
    let chosen = known_customers(store, customers)?;
    let everyone = chosen.is_empty();
    let codes = if everyone {
        store.due_customers(desk.today, desk.rules.policies.longest_horizon_days())?
    } else {
        chosen
    };
    let mut plan = enforce::plan(desk, store, &codes, &gates)?;
    if let Some((digest, by)) = approval {
        plan.approve(digest)?;
        let detail = serde_json::json!({ "digest": digest, "by": by });
        store.write(run, |tx| tx.journal(None, None, "approved", &detail))?;
    }
    let mut findings = Findings::default();
    for (customer, service, concern) in &plan.concerns {
        let text = format!("`{service}`: {concern}");
        findings.add(Kind::Registry, format!("{service}|{concern}"), Some(customer), Some(service), text);
    }
    let outcome = plan.apply(desk, store, run)?;
    for (code, why) in &outcome.unreadable {
        let text = format!("`{code}` is held back: {why}");
        findings.add(Kind::Data, code.as_str(), Some(code), None, text);
    }
    for (code, why) in &outcome.held {
        let text = format!("`{code}` is held back: {why}; the others were not");
        findings.add(Kind::HeldBack, code.as_str(), Some(code), None, text);
    }
    for (step, why) in &outcome.failed {
        let text =
            format!("the hook to {} `{}` failed: {why}; it is tried again", step.action.code(), step.service);
        let key = format!("{}|{}", step.service, step.action.code());
        findings.add(Kind::Hook, key, Some(&step.customer), Some(&step.service), text);
    }
    for step in outcome.withheld.iter().filter(|step| step.reason == "payment_pending") {
        let text = format!("`{}` of `{}` waits: {}", step.service, step.customer, step.because);
        let (customer, service) = (CustomerCode::new(&*step.customer), ServiceCode::new(&*step.service));
        let key = format!("{service}|{}", step.action.code());
        findings.add(Kind::PaymentPending, key, Some(&customer), Some(&service), text);
    }
    for step in outcome.actions.iter().filter(|step| step.action == Action::Terminate) {
        let customer = CustomerCode::new(&*step.customer);
        store.write(run, |tx| money::tell_idle(desk, tx, &customer, &mut findings))?;
    }
    let kinds = [Kind::HeldBack, Kind::Hook, Kind::PaymentPending, Kind::Registry];
    let complete = everyone.then_some(kinds.as_slice());
    let fresh = findings.raise(desk, store, run, complete)?;
    let mut status = if fresh.is_empty() { ExitStatus::Done } else { ExitStatus::NeedsPerson };
    if outcome.refusal.is_some() {
        status = status.and(ExitStatus::Refused);
    }
    let view = EnforceView {
        run: shown,
        actions: outcome.actions,
        withheld: outcome.withheld,
        guard: outcome.refusal,
    };
    Ok((view, fresh, status))
}

fn rows(steps: &[StepView]) -> Vec<Vec<String>> {
    steps
        .iter()
        .map(|step| {
            let days = match (step.from, step.to) {
                (Some(from), Some(to)) => format!("{from} → {to}; "),
                _ => String::new(),
            };
            vec![
                step.action.code().to_owned(),
                step.service.clone(),
                step.customer.clone(),
                step.reason.to_owned(),
                format!("{days}{}", step.because),
            ]
        })
        .collect()
}

fn text(view: &EnforceView) -> String {
    let head = ["action", "service", "customer", "reason", "because"];
    let mut text = String::new();
    if !view.actions.is_empty() {
        text.push_str(if view.run.dry_run { "Would be done:\n" } else { "Done:\n" });
        text.push_str(&table(&head, &rows(&view.actions)));
    }
    if !view.withheld.is_empty() {
        text.push_str("Withheld:\n");
        text.push_str(&table(&head, &rows(&view.withheld)));
    }
    if let Some(guard) = &view.guard {
        text.push_str(&format!("The guard refused: {}\n", guard.message));
    }
    let mode = if view.run.mode == "trial" { ", trial" } else { "" };
    text.push_str(&format!(
        "{} as of {}{mode}: {} done, {} withheld{}\n",
        view.run.command,
        view.run.as_of,
        view.actions.len(),
        view.withheld.len(),
        if view.run.dry_run { " (dry run: nothing was written)" } else { "" }
    ));
    text
}
