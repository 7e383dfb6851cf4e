//! Acting at a panel: intent, hook, verified, recorded. Nothing external happens inside a transaction, and
//! a hook that fails leaves the service as it was.

use super::Desk;
use crate::billing::enforcement::{self, Step};
use crate::billing::facts::Action;
use crate::billing::ids::CustomerCode;
use crate::billing::policy::Mode;
use crate::billing::service::{Service, ServiceKind};
use crate::config::HookSet;
use crate::hooks::{self, Answer, Call};
use crate::store::{Charges, FactQueries, RunId, Services, Store};
use anyhow::Result;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// The hooks of one run: a panel that fails stops its kind.
#[derive(Debug, Default)]
pub struct Panels {
    broken: BTreeSet<ServiceKind>,
}

/// The hook that does a step, if its kind has one. A trial runs none.
#[must_use]
pub fn hook(desk: &Desk, action: Action, kind: ServiceKind) -> Option<(&HookSet, &[String])> {
    if desk.rules.mode == Mode::Trial {
        return None;
    }
    let set = desk.config.hooks.get(&kind)?;
    let argv = match action {
        Action::Renew => &set.renew,
        Action::Reinstate => &set.reinstate,
        Action::Suspend => &set.suspend,
        Action::Terminate => &set.terminate,
    };
    Some((set, argv.as_deref()?))
}

/// Does one step by its hook and records it; gives why it failed.
///
/// # Errors
/// Where the database cannot be written: then the step is done again in the next run, and the hook says
/// that it is so already.
pub fn act(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    panels: &mut Panels,
    step: &Step,
) -> Result<Result<(), String>> {
    if panels.broken.contains(&step.kind) {
        return Ok(Err(format!("the panel of {} failed before in this run", step.kind.code())));
    }
    let Some((set, argv)) = hook(desk, step.action, step.kind) else { return Ok(Ok(())) };
    let Some(service) = store.service(&step.service)? else {
        return Ok(Err("the service is gone".to_owned()));
    };
    let intent = store.write(|tx| tx.intend_step(run, step, desk.rules.mode, desk.today))?;
    let answer = call(set, argv, step.action, &service, step);
    let code = &step.customer;
    let done = store.write(|tx| -> Result<bool> {
        tx.finish_step(intent, answer.done, &answer.output)?;
        let detail = json!({ "action": step.action.code(), "done": answer.done, "output": answer.output });
        tx.journal(run, Some(code), Some(&step.service), "hook", &detail)?;
        if !answer.done {
            return Ok(false);
        }
        let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(false) };
        // what has been done has been done, whatever else has changed meanwhile
        if let Some(change) = enforcement::done(step, &facts, desk.today) {
            facts.apply(&change);
            tx.apply_done(code, &change)?;
        }
        Ok(true)
    })?;
    if done {
        return Ok(Ok(()));
    }
    panels.broken.insert(step.kind);
    Ok(Err(answer.output))
}

/// Renewals that were settled and wait for their registry; gives those that failed.
///
/// # Errors
/// Where the database cannot be written.
pub fn renew_pending(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    panels: &mut Panels,
) -> Result<Vec<(CustomerCode, Step, String)>> {
    let mut failed = Vec::new();
    for pending in store.pending_renewals()? {
        let Some(service) = store.service(&pending.service)? else { continue };
        let step = Step {
            action: Action::Renew,
            service: service.code.clone(),
            customer: service.customer.clone(),
            kind: service.kind,
            period: pending.period,
            because: enforcement::Because::Settled(pending.period),
        };
        let answer = match hook(desk, Action::Renew, service.kind) {
            // the hook was taken away: a person did it, or will
            None => Answer { done: true, output: "no hook is configured any more".to_owned() },
            Some(_) if panels.broken.contains(&service.kind) => {
                failed.push((
                    service.customer.clone(),
                    step,
                    "its panel failed before in this run".to_owned(),
                ));
                continue;
            }
            Some((set, argv)) => call(set, argv, Action::Renew, &service, &step),
        };
        store.write(|tx| -> Result<()> {
            tx.finish_step(pending.step, answer.done, &answer.output)?;
            let detail = json!({ "action": "renew", "done": answer.done, "output": answer.output });
            tx.journal(run, Some(&service.customer), Some(&service.code), "hook", &detail)?;
            Ok(())
        })?;
        if !answer.done {
            panels.broken.insert(service.kind);
            failed.push((service.customer.clone(), step, answer.output));
        }
    }
    Ok(failed)
}

/// Runs the hook, and asks `verify` afterwards where there is one.
fn call(set: &HookSet, argv: &[String], action: Action, service: &Service, step: &Step) -> Answer {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let facts = json!({
        "action": action.code(), "service": service.code, "customer": service.customer,
        "kind": service.kind.code(), "name": service.name, "domain_name": service.domain_name,
        "account": service.account, "server": service.server, "expires_on": service.expires_on,
        "period_from": step.period.from, "period_to": step.period.to,
        "period_months": service.period_months, "reason": step.because.code(),
    })
    .to_string();
    let variables = [
        ("KONET_ACTION", action.code().to_owned()),
        ("KONET_SERVICE", service.code.to_string()),
        ("KONET_CUSTOMER", service.customer.to_string()),
        ("KONET_KIND", service.kind.code().to_owned()),
        ("KONET_DOMAIN_NAME", text(&service.domain_name)),
        ("KONET_ACCOUNT", text(&service.account)),
        ("KONET_SERVER", text(&service.server)),
        ("KONET_UNTIL", step.period.to.to_string()),
    ];
    let limit = Duration::from_secs(set.timeout_seconds.into());
    let answer = hooks::run(&Call { argv, facts: &facts, variables: &variables, limit });
    let Some(verify) = set.verify.as_deref().filter(|_| answer.done && action != Action::Renew) else {
        return answer;
    };
    let wanted = match action {
        Action::Suspend => "suspended",
        Action::Terminate => "terminated",
        Action::Reinstate | Action::Renew => "active",
    };
    let seen = hooks::run(&Call { argv: verify, facts: &facts, variables: &variables, limit });
    let state = seen.output.split_whitespace().next().unwrap_or("");
    // a verifier that prints nothing answers with its exit status
    if seen.done && (state.is_empty() || state == wanted) {
        return answer;
    }
    Answer { done: false, output: format!("the panel answers «{}» and not «{wanted}»", seen.output) }
}
