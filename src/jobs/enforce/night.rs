//! Enforcement from the plan to what a person must see of it.

use crate::billing::action::Action;
use crate::billing::guard::Gates;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::registry::Concern;
use crate::exit_status::ExitStatus;
use crate::jobs::attention::Findings;
use crate::jobs::enforce::Enforced;
use crate::jobs::{Desk, money};
use crate::store::{Run, Store};
use crate::views::finding::{Finding, Kind};
use crate::views::{AttentionView, EnforceView, GuardView, RunView};
use anyhow::Result;

/// Enforcement as a command and as a part of the night: plan, guard, apply, and what a person must see of it. Nobody
/// chosen means everybody; `gates` carries what is known already.
///
/// # Errors
/// A wrong approval, or a database that cannot be read or written.
pub fn night(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    shown: RunView,
    chosen: Vec<CustomerCode>,
    gates: Gates,
    approval: Option<(&str, String)>,
) -> Result<(EnforceView, Vec<AttentionView>, ExitStatus)> {
    let gates = super::gates(desk, store, run, gates)?;
    let everyone = chosen.is_empty();
    let codes = if everyone {
        store.due_customers(desk.today, desk.rules.policies.longest_horizon_days())?
    } else {
        chosen
    };
    let mut plan = super::plan(desk, store, &codes, &gates)?;
    if let Some((digest, by)) = approval {
        plan.approve(digest)?;
        let detail = serde_json::json!({ "digest": digest, "by": by });
        store.write(run, |tx| tx.journal(None, None, "approved", &detail))?;
    }
    let concerns = std::mem::take(&mut plan.concerns);
    let outcome = plan.apply(desk, store, run)?;
    let mut findings = found(&concerns, &outcome);
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
        guard: outcome.refusal.as_ref().map(GuardView::from),
    };
    Ok((view, fresh, status))
}

/// What a person must hear of the night's plan and of what came of it.
fn found(concerns: &[(CustomerCode, ServiceCode, Concern)], outcome: &Enforced) -> Findings {
    let mut findings = Findings::default();
    for (customer, service, concern) in concerns {
        let finding = Finding::Registry { service: service.clone(), concern: *concern };
        findings.add(format!("{service}|{concern}"), Some(customer), Some(service), &finding);
    }
    for (code, why) in &outcome.unreadable {
        let finding = Finding::RecordUnreadable { customer: code.clone(), why: why.clone() };
        findings.add(code.as_str(), Some(code), None, &finding);
    }
    for (code, why) in &outcome.held {
        let finding = Finding::CustomerFailed { customer: code.clone(), why: why.clone() };
        findings.add(code.as_str(), Some(code), None, &finding);
    }
    for (step, why) in &outcome.failed {
        let (action, service) = (step.action, step.service.to_string());
        let key = format!("{service}|{action}");
        let finding = Finding::HookFailed { action, service, why: why.clone() };
        findings.add(key, Some(&step.customer), Some(&step.service), &finding);
    }
    for step in outcome.withheld.iter().filter(|step| step.reason == "payment_pending") {
        let (customer, service) = (CustomerCode::new(&*step.customer), ServiceCode::new(&*step.service));
        let key = format!("{service}|{}", step.action.code());
        let finding = Finding::PaymentPending {
            customer: customer.clone(),
            service: service.clone(),
            because: step.because.clone(),
        };
        findings.add(key, Some(&customer), Some(&service), &finding);
    }
    findings
}
