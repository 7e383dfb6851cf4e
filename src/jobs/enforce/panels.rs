//! Acting at a panel: intent, hook, verified, recorded. Nothing external happens inside a transaction, and
//! a hook that fails leaves the service as it was.

use crate::billing::action::{Action, Patience};
use crate::billing::because::Because;
use crate::billing::enforcement::{self, Step};
use crate::billing::period::{BillingPeriod, days_after};
use crate::billing::policy::Mode;
use crate::billing::service::{Service, ServiceKind};
use crate::billing::text::is_plain_word;
use crate::config::HookSet;
use crate::hooks::{self, Answer, Call};
use crate::jobs::spared::Spared;
use crate::jobs::{Desk, money};
use crate::store::{PendingRenewal, Run, Store};
use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// The panels of one run: after a failure that nobody expected, a panel suspends and terminates nothing more.
/// What is paid for is switched on and renewed all the same, each service by itself.
#[derive(Debug, Default)]
pub(super) struct Panels {
    failing: BTreeSet<(ServiceKind, Option<String>)>,
}

impl Panels {
    fn is_failing(&self, service: &Service) -> bool {
        self.failing.contains(&(service.kind, service.server.clone()))
    }

    /// A service whose hook failed before says nothing new of its panel.
    fn note(&mut self, service: &Service, failed_before: bool) {
        if !failed_before {
            self.failing.insert((service.kind, service.server.clone()));
        }
    }
}

/// The hook that does a step, if its kind has one. A trial runs none.
#[must_use]
pub(super) fn hook(desk: &Desk, action: Action, kind: ServiceKind) -> Option<(&HookSet, &[String])> {
    if desk.rules.mode == Mode::Trial {
        return None;
    }
    let set = desk.config.hooks.get(&kind)?;
    Some((set, set.actions.get(&action)?))
}

/// Does one step by its hook and records it; gives why it failed.
///
/// # Errors
/// Where the database cannot be written: then the step is done again in the next run, and the hook says
/// that it is so already.
pub(super) fn run_hook(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    panels: &mut Panels,
    step: &Step,
) -> Result<Spared<()>> {
    let Some((set, argv)) = hook(desk, step.action, step.kind) else { return Ok(Ok(())) };
    let (failures, retry_on) = store.failures(step)?;
    if let Some(day) = retry_on.filter(|day| *day > desk.today) {
        return Ok(Err(format!("it failed {failures} times and is tried again on {day}")));
    }
    let Some(service) = store.service(&step.service)? else {
        return Ok(Err("the service is gone".to_owned()));
    };
    if step.action.is_guarded() && panels.is_failing(&service) {
        let server = service.server.map(|server| format!(" `{server}`")).unwrap_or_default();
        return Ok(Err(format!("the panel{server} of {} failed before in this run", step.kind.code())));
    }
    let intent = store.write(run, |tx| tx.intend_step(step))?;
    let answer = call(desk, set, argv, step.action, &service, step);
    let code = &step.customer;
    let done = store.write(run, |tx| -> Result<bool> {
        tx.finish_step(
            intent,
            answer.done,
            &answer.output,
            next_try(desk, step.action, failures + 1, &answer),
        )?;
        let detail = json!({ "action": step.action.code(), "done": answer.done, "output": answer.output });
        tx.journal(Some(code), Some(&step.service), "hook", &detail)?;
        if !answer.done {
            return Ok(false);
        }
        let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(false) };
        // what has been done has been done, whatever else has changed meanwhile
        if let Some(change) = enforcement::done(step, &facts, desk.today) {
            facts.apply(&change);
            tx.apply_done(code, &change)?;
            if step.action == Action::Terminate {
                money::update(desk, tx, code)?;
            }
        }
        Ok(true)
    })?;
    if done {
        return Ok(Ok(()));
    }
    panels.note(&service, failures > 0);
    Ok(Err(answer.output))
}

/// Asks the registry for a renewal that was settled and waits for it; gives the step and why it failed.
///
/// # Errors
/// Where the database cannot be written.
pub(super) fn renew(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    panels: &mut Panels,
    pending: &PendingRenewal,
) -> Result<Option<(Step, String)>> {
    let Some(service) = store.service(&pending.service)? else { return Ok(None) };
    let step = Step {
        action: Action::Renew,
        service: service.code.clone(),
        customer: service.customer.clone(),
        kind: service.kind,
        period: pending.period,
        because: Because::Settled(pending.period),
    };
    let answer = match hook(desk, Action::Renew, service.kind) {
        // the hook was taken away: a person did it, or will
        None => Answer { done: true, output: "no hook is configured any more".to_owned() },
        Some((set, argv)) => call(desk, set, argv, Action::Renew, &service, &step),
    };
    store.write(run, |tx| -> Result<()> {
        let retry_on = next_try(desk, Action::Renew, pending.failures + 1, &answer);
        tx.finish_step(pending.step, answer.done, &answer.output, retry_on)?;
        let detail = json!({ "action": "renew", "done": answer.done, "output": answer.output });
        tx.journal(Some(&service.customer), Some(&service.code), "hook", &detail)?;
        Ok(())
    })?;
    if answer.done {
        return Ok(None);
    }
    panels.note(&service, pending.failures > 0);
    Ok(Some((step, answer.output)))
}

/// When a hook that failed is tried again: the next run at first, then after one, two, four, and at most seven
/// days. Who has paid never waits for their reinstatement, and a renewal at most a day.
fn next_try(desk: &Desk, action: Action, failures: u32, answer: &Answer) -> Option<NaiveDate> {
    let days = match action.patience() {
        _ if answer.done || failures < 3 => return None,
        Patience::None => return None,
        Patience::OneDay => 1,
        Patience::Growing => (1 << (failures - 3).min(3)).min(7),
    };
    Some(days_after(desk.today, days))
}

/// What a panel is told about a service, as JSON and as variables.
struct Briefing {
    facts: String,
    variables: [(&'static str, String); 8],
}

fn briefing(word: &str, service: &Service, period: BillingPeriod, reason: &str) -> Briefing {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let facts = json!({
        "action": word, "service": service.code, "customer": service.customer,
        "kind": service.kind.code(), "name": service.name, "domain_name": service.domain_name,
        "account": service.account, "server": service.server, "expires_on": service.expires_on,
        "period_from": period.from, "period_to": period.to,
        "period_months": service.period_months, "reason": reason,
    });
    let variables = [
        ("KONET_ACTION", word.to_owned()),
        ("KONET_SERVICE", service.code.to_string()),
        ("KONET_CUSTOMER", service.customer.to_string()),
        ("KONET_KIND", service.kind.code().to_owned()),
        ("KONET_DOMAIN_NAME", text(&service.domain_name)),
        ("KONET_ACCOUNT", text(&service.account)),
        ("KONET_SERVER", text(&service.server)),
        ("KONET_UNTIL", period.to.to_string()),
    ];
    Briefing { facts: facts.to_string(), variables }
}

/// Runs a program in the configuration's folder, to which its relative paths refer.
fn ask(desk: &Desk, argv: &[String], briefing: &Briefing, limit: Duration) -> Answer {
    let folder = desk.config.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
    hooks::run(&Call { argv, folder, facts: &briefing.facts, variables: &briefing.variables, limit })
}

/// Why no program is told of a service: a panel's script could take its words for options or paths.
fn unfit(service: &Service) -> Option<String> {
    let words =
        [("account", &service.account), ("server", &service.server), ("domain_name", &service.domain_name)];
    words.into_iter().find_map(|(column, word)| {
        let word = word.as_deref().filter(|word| !is_plain_word(word))?;
        Some(format!(
            "its `{column}` is `{word}`, which looks like an option or a path; mend it and import it"
        ))
    })
}

/// Runs the hook, and asks `verify` afterwards where there is one.
fn call(
    desk: &Desk,
    set: &HookSet,
    argv: &[String],
    action: Action,
    service: &Service,
    step: &Step,
) -> Answer {
    if desk.dry_run {
        // it shows what would be asked of the panel and what comes of it, and asks nothing
        return Answer { done: true, output: String::new() };
    }
    if let Some(why) = unfit(service) {
        return Answer { done: false, output: why };
    }
    let briefing = briefing(action.code(), service, step.period, step.because.code());
    let limit = Duration::from_secs(set.timeout_seconds.into());
    let ask = |argv| ask(desk, argv, &briefing, limit);
    let answer = ask(argv);
    let verify = set.verify.as_deref().filter(|_| answer.done);
    let Some((verify, wanted)) = verify.zip(action.leads_to()) else { return answer };
    let seen = ask(verify);
    let state = seen.output.split_whitespace().next().unwrap_or("");
    // a verifier that prints nothing answers with its exit status
    if seen.done && (state.is_empty() || state == wanted) {
        return answer;
    }
    Answer { done: false, output: format!("the panel answers «{}» and not «{wanted}»", seen.output) }
}

/// What a panel says of a service, by the `verify` of its kind: its state, or why it gave none. Nothing where there
/// is no `verify`.
#[must_use]
pub(super) fn state_at_panel(desk: &Desk, service: &Service) -> Option<Result<String, String>> {
    let set = desk.config.hooks.get(&service.kind)?;
    let verify = set.verify.as_deref()?;
    let period = BillingPeriod::anchored(service.expires_on, service.period_months, service.anchor_day);
    let briefing = briefing("verify", service, period, "status");
    let limit = Duration::from_secs(set.timeout_seconds.into());
    if let Some(why) = unfit(service) {
        return Some(Err(why));
    }
    let seen = ask(desk, verify, &briefing, limit);
    let first = seen.output.lines().next().unwrap_or("it answers nothing").to_owned();
    Some(match seen.output.split_whitespace().next() {
        Some(state @ ("active" | "suspended" | "terminated")) if seen.done => Ok(state.to_owned()),
        _ => Err(first),
    })
}
