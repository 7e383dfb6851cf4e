//! Enforcement: plan on a snapshot, pass the plan through the guard, then look at every customer
//! again in the transaction that records it.

use super::Desk;
use super::act::{self, Panels};
use super::handover;
use crate::billing::enforcement::{self, Because, Enforcement, Step};
use crate::billing::facts::Action;
use crate::billing::guard::{self, Gates, Limits, Refusal};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::registry::{self, Concern};
use crate::store::{FactQueries, Payments, RunId, Runs, Services, Store};
use crate::views::StepView;
use anyhow::Result;
use serde_json::json;

/// What an enforcing run would do, or did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Steps taken.
    pub actions: Vec<StepView>,
    /// Steps withheld.
    pub withheld: Vec<StepView>,
    /// What the guard refused.
    pub refusal: Option<Refusal>,
    /// Customers whose records could not be read, with the reason.
    pub unreadable: Vec<(CustomerCode, String)>,
    /// Steps whose hook failed, with its answer.
    pub failed: Vec<(Step, String)>,
}

/// The plan of a night: per customer, what is decided; over all, what the guard says.
#[derive(Debug, Default)]
pub struct Plan {
    customers: Vec<CustomerCode>,
    steps: Vec<Step>,
    withheld: Vec<Step>,
    refusal: Option<Refusal>,
    unreadable: Vec<(CustomerCode, String)>,
    /// Domain names that a person must look at.
    pub concerns: Vec<(CustomerCode, ServiceCode, Concern)>,
}

/// What the guard must know before anything is switched off, beside what is `known` already.
///
/// # Errors
/// Where the database cannot be read.
pub fn gates(desk: &Desk, store: &Store, run: RunId, known: Gates) -> Result<Gates> {
    Ok(Gates {
        payments_fresh_on: store.payments_fresh_on(desk.today)?,
        latest_run_day: store.latest_run_day(run)?,
        stopped_by: stop_file(desk),
        restored: if desk.dry_run { None } else { handover::restored(store.path(), run.0) },
        damaged: known.damaged.or_else(|| store.check().err().map(|error| error.to_string())),
        active_services: store.active_services()?,
        ..known
    })
}

/// Decides for `customers` and asks the guard. Writes nothing.
///
/// # Errors
/// Where the database cannot be read at all; a single bad record only leaves out its customer.
pub fn plan(desk: &Desk, store: &Store, customers: &[CustomerCode], gates: &Gates) -> Result<Plan> {
    let mut plan = Plan::default();
    let bar = desk.report.progress("deciding", customers.len());
    for code in customers {
        bar.inc(1);
        match store.facts(code, desk.rules.mode, desk.today) {
            Ok(Some(mut facts)) => {
                let night = enforcement::decide(&mut facts, &desk.rules, desk.today);
                if !night.changes.is_empty() || !night.steps.is_empty() {
                    plan.customers.push(code.clone());
                }
                let concerns = registry::concerns(&facts, &night.steps, &desk.rules, desk.today);
                plan.concerns
                    .extend(concerns.into_iter().map(|(service, what)| (code.clone(), service, what)));
                plan.steps.extend(night.steps);
                plan.withheld.extend(night.withheld);
            }
            Ok(None) => {}
            Err(fault) if fault.is_data() => plan.unreadable.push((code.clone(), fault.to_string())),
            Err(error) => return Err(error.into()),
        }
    }
    bar.finish_and_clear();
    plan.refusal = guard::refusal(&plan.steps, gates, &limits(desk), &desk.rules, desk.today);
    Ok(plan)
}

fn limits(desk: &Desk) -> Limits {
    desk.config.guard.limits
}

impl Plan {
    /// A person lets exactly this plan pass a cap. Gates stay closed: what they say can be mended.
    ///
    /// # Errors
    /// [`crate::error::Stop::Usage`] where the digest is another plan's or there is nothing to approve.
    pub fn approve(&mut self, digest: &str) -> Result<()> {
        use crate::error::Stop;
        let Some(refusal) = &self.refusal else {
            return Err(Stop::Usage(
                "the guard refuses nothing today; there is nothing to approve".to_owned(),
            )
            .into());
        };
        if refusal.reason != "cap" {
            let text = format!("only a cap can be approved, and this is no cap: {}", refusal.message);
            return Err(Stop::Usage(text).into());
        }
        if refusal.digest != digest {
            let text = format!(
                "`{digest}` is the digest of another plan; today's is `{}`; look at it with `enforce --dry-run`",
                refusal.digest
            );
            return Err(Stop::Usage(text).into());
        }
        self.refusal = None;
        Ok(())
    }

    /// The plan as a report, without doing it.
    #[must_use]
    pub fn shown(self) -> Outcome {
        let mut outcome = Outcome {
            withheld: self.withheld.iter().map(StepView::of).collect(),
            unreadable: self.unreadable,
            ..Outcome::default()
        };
        for step in in_order(self.steps) {
            match &self.refusal {
                Some(refusal) if guard::is_guarded(step.action) => {
                    outcome.withheld.push(StepView::withheld(&step, refusal.reason, refusal.message.clone()));
                }
                Some(_) | None => outcome.actions.push(StepView::of(&step)),
            }
        }
        outcome.refusal = self.refusal;
        outcome
    }

    /// Does the plan: customer by customer, each looked at again in the transaction that records it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn apply(self, desk: &Desk, store: &mut Store, run: RunId) -> Result<Outcome> {
        let mut done = Vec::new();
        let mut failed = Vec::new();
        let mut panels = Panels::default();
        let mut stopped = None;
        let bar = desk.report.progress("enforcing", self.customers.len());
        for code in &self.customers {
            bar.inc(1);
            if super::stopping() {
                break;
            }
            stopped = stopped.or_else(|| stop_file(desk));
            let by_hook = self.apply_one(desk, store, run, code, stopped.is_some(), &mut done)?;
            for step in by_hook {
                // what is paid for is switched on again, whatever else is stopped
                stopped = stopped.or_else(|| stop_file(desk));
                if stopped.is_some() && is_guarded(&step) {
                    continue;
                }
                // the hook before it took its time
                if is_guarded(&step) && !stands(desk, store, &step)? {
                    continue;
                }
                // a dry run shows what would be asked of the panel, and asks nothing
                let answer =
                    if desk.dry_run { Ok(()) } else { act::act(desk, store, run, &mut panels, &step)? };
                match answer {
                    Ok(()) => done.push(step),
                    Err(why) => failed.push((step, why)),
                }
            }
        }
        bar.finish_and_clear();
        store.write(|tx| -> Result<()> {
            for step in &self.withheld {
                if let Because::Trial(because) = &step.because {
                    tx.shadow_step(run, step, because, desk.today)?;
                }
            }
            Ok(())
        })?;
        if !desk.dry_run {
            let renewals = act::renew_pending(desk, store, run, &mut panels)?;
            failed.extend(renewals.into_iter().map(|(_, step, why)| (step, why)));
        }
        let missing: Vec<Step> = self
            .steps
            .iter()
            .filter(|step| !done.contains(*step) && !failed.iter().any(|(other, _)| other == *step))
            .cloned()
            .collect();
        let mut outcome = Self { steps: done, ..self }.shown();
        if outcome.refusal.is_none() && stopped.is_some() {
            let gates = Gates {
                stopped_by: stopped,
                payments_fresh_on: store.payments_fresh_on(desk.today)?,
                ..Gates::default()
            };
            outcome.refusal = guard::refusal(&missing, &gates, &limits(desk), &desk.rules, desk.today);
        }
        for step in missing {
            let (reason, because) = match &outcome.refusal {
                Some(refusal) if guard::is_guarded(step.action) => (refusal.reason, refusal.message.clone()),
                Some(_) | None => ("gate", "its facts changed while the run was under way".to_owned()),
            };
            outcome.withheld.push(StepView::withheld(&step, reason, because));
        }
        for (step, why) in failed {
            let first = why.lines().next().unwrap_or("no answer").to_owned();
            // a renewal whose registry failed is settled all the same
            if step.action != Action::Renew {
                outcome.withheld.push(StepView::withheld(&step, "hook_failed", first.clone()));
            }
            outcome.failed.push((step, first));
        }
        Ok(outcome)
    }

    /// Records one customer's changes and the steps without a hook; gives the steps that have one.
    fn apply_one(
        &self,
        desk: &Desk,
        store: &mut Store,
        run: RunId,
        code: &CustomerCode,
        stopped: bool,
        done: &mut Vec<Step>,
    ) -> Result<Vec<Step>> {
        let refused = stopped || self.refusal.is_some();
        // a renewal is among the changes, planned or not: its record and its registry follow
        let allowed = |step: &Step| {
            step.action == Action::Renew || self.steps.contains(step) && !(refused && is_guarded(step))
        };
        let (recorded, by_hook) = store.write(|tx| -> Result<(Vec<Step>, Vec<Step>)> {
            let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else {
                return Ok((Vec::new(), Vec::new()));
            };
            let Enforcement { mut changes, steps, .. } =
                enforcement::decide(&mut facts, &desk.rules, desk.today);
            // a renewal is a fact as soon as it is settled; its hook follows
            let (by_hook, steps): (Vec<Step>, Vec<Step>) =
                steps.into_iter().filter(allowed).partition(|step| {
                    step.action != Action::Renew && act::hook(desk, step.action, step.kind).is_some()
                });
            changes.extend(steps.iter().filter_map(|step| enforcement::done(step, &facts, desk.today)));
            tx.apply(run, code, &changes, desk.rules.mode)?;
            for step in &steps {
                let reason = json!({
                    "reason": step.because.code(), "because": step.because.to_string(),
                    "from": step.period.from, "to": step.period.to,
                });
                tx.journal(run, Some(code), Some(&step.service), step.action.code(), &reason)?;
                if act::hook(desk, step.action, step.kind).is_some() {
                    tx.await_renewal(step)?;
                } else if by_hand(desk, step) {
                    tx.open_work_order(run, step, desk.today)?;
                }
            }
            Ok((steps, by_hook))
        })?;
        done.extend(recorded);
        Ok(by_hook)
    }
}

/// Whether a step is still what its customer's facts call for.
fn stands(desk: &Desk, store: &Store, step: &Step) -> Result<bool> {
    match store.facts(&step.customer, desk.rules.mode, desk.today) {
        Ok(Some(mut facts)) => {
            Ok(enforcement::decide(&mut facts, &desk.rules, desk.today).steps.contains(step))
        }
        Ok(None) => Ok(false),
        Err(fault) if fault.is_data() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_guarded(step: &Step) -> bool {
    guard::is_guarded(step.action)
}

/// Without a hook for its kind, a person must do the step at the panel or registry. A trial changes
/// nothing there.
fn by_hand(desk: &Desk, step: &Step) -> bool {
    use crate::billing::policy::Mode;
    desk.rules.mode == Mode::Live && step.action != Action::Renew || is_registry_renewal(desk, step)
}

/// A domain name is renewed at its registry, and a certificate at its authority.
fn is_registry_renewal(desk: &Desk, step: &Step) -> bool {
    use crate::billing::policy::Mode;
    use crate::billing::service::ServiceKind;
    desk.rules.mode == Mode::Live
        && step.action == Action::Renew
        && matches!(step.kind, ServiceKind::Domain | ServiceKind::Ssl)
}

/// The stop file, if it is configured and there.
#[must_use]
pub fn stop_file(desk: &Desk) -> Option<String> {
    let file = desk.config.guard.stop_file.as_deref()?;
    file.exists().then(|| file.display().to_string())
}

/// In the order of the night: renew, reinstate, suspend, terminate; each by service.
fn in_order(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by(|a, b| (a.action, &a.service, a.period).cmp(&(b.action, &b.service, b.period)));
    steps
}
