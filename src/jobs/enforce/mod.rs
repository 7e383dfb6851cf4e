//! Enforcement: plan on a snapshot, pass the plan through the guard, then look at every customer
//! again in the transaction that records it.
pub mod backup;
pub mod drift;
mod gates;
mod night;
mod panels;
mod steps;
pub mod undo;

pub use gates::{gates, stop_file};
pub use night::night;

use gates::limits;
use steps::{by_hand, in_order, is_still_decided};

use crate::billing::action::Action;
use crate::billing::because::Because;
use crate::billing::enforcement::{self, Enforcement, Step};
use crate::billing::guard::{self, Gates, Refusal};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::registry::{self, Concern};
use crate::jobs::Desk;
use crate::jobs::money;
use crate::jobs::spared::spared;
use crate::store::{Run, Store};
use crate::views::{StepView, Withheld};
use anyhow::Result;
use panels::Panels;
use serde_json::json;

/// What an enforcing run would do, or did.
#[derive(Debug, Default)]
pub struct Enforced {
    /// Steps taken.
    pub actions: Vec<StepView>,
    /// Steps withheld.
    pub withheld: Vec<StepView>,
    /// What the guard refused.
    pub refusal: Option<Refusal>,
    /// Customers whose records could not be read, with the reason.
    pub unreadable: Vec<(CustomerCode, String)>,
    /// Customers for whom the program or the database failed, with the reason.
    pub held: Vec<(CustomerCode, String)>,
    /// Steps whose hook failed, with its answer.
    pub failed: Vec<(Step, String)>,
}

/// What has come of a plan so far.
#[derive(Debug, Default)]
struct Night {
    done: Vec<Step>,
    failed: Vec<(Step, String)>,
    held: Vec<(CustomerCode, String)>,
    panels: Panels,
    stopped: Option<String>,
}

impl Night {
    fn hold_back(&mut self, store: &Store, service: &ServiceCode, why: String) {
        if let Ok(Some(service)) = store.service(service) {
            self.held.push((service.customer, why));
        }
    }
}

/// The plan of a night: per customer, what is decided; over all, what the guard says.
#[derive(Debug, Default)]
pub struct Plan {
    customers: Vec<CustomerCode>,
    steps: Vec<Step>,
    withheld: Vec<Step>,
    refusal: Option<Refusal>,
    unreadable: Vec<(CustomerCode, String)>,
    held: Vec<(CustomerCode, String)>,
    /// Domain names that a person must look at.
    pub concerns: Vec<(CustomerCode, ServiceCode, Concern)>,
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
        let mut facts = match store.facts(code, desk.rules.mode, desk.today) {
            Ok(Some(facts)) => facts,
            Ok(None) => continue,
            Err(fault) if fault.is_data() => {
                plan.unreadable.push((code.clone(), fault.to_string()));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let decided = spared(|| {
            let night = enforcement::decide(&mut facts, &desk.rules, desk.today);
            let concerns = registry::concerns(&facts, &night.steps, &desk.rules, desk.today);
            Ok((night, concerns))
        });
        match decided? {
            Ok((night, concerns)) => {
                if !night.changes.is_empty() || !night.steps.is_empty() {
                    plan.customers.push(code.clone());
                }
                let concerns = concerns.into_iter().map(|(service, what)| (code.clone(), service, what));
                plan.concerns.extend(concerns);
                plan.steps.extend(night.steps);
                plan.withheld.extend(night.withheld);
            }
            Err(why) => plan.held.push((code.clone(), why)),
        }
    }
    bar.finish_and_clear();
    plan.refusal = guard::refusal(&plan.steps, gates, &limits(desk), &desk.rules, desk.today);
    Ok(plan)
}

impl Plan {
    /// A person lets exactly this plan pass a cap. Gates stay closed: what they say can be mended.
    ///
    /// # Errors
    /// A mistake of usage where the digest is another plan's or there is nothing to approve.
    pub fn approve(&mut self, digest: &str) -> Result<()> {
        use crate::error::Stop;
        let Some(refusal) = &self.refusal else {
            let text = "the guard refuses nothing today; there is nothing to approve";
            return Err(Stop::usage(text).into());
        };
        if refusal.refused.reason() != guard::Reason::Cap {
            let text = format!("only a cap can be approved, and this is no cap: {refusal}");
            return Err(Stop::usage(text).into());
        }
        if refusal.digest != digest {
            let text = format!(
                "`{digest}` is the digest of another plan; today's is `{}`; look at it with `enforce --dry-run`",
                refusal.digest
            );
            return Err(Stop::usage(text).into());
        }
        self.refusal = None;
        Ok(())
    }

    /// The plan as a report, without doing it.
    #[must_use]
    pub fn shown(self) -> Enforced {
        let mut outcome = Enforced {
            withheld: self.withheld.iter().map(StepView::of).collect(),
            unreadable: self.unreadable,
            held: self.held,
            ..Enforced::default()
        };
        for step in in_order(self.steps) {
            match &self.refusal {
                Some(refusal) if step.action.is_guarded() => {
                    outcome.withheld.push(StepView::withheld(&step, &Withheld::Refused(refusal)));
                }
                Some(_) | None => outcome.actions.push(StepView::of(&step)),
            }
        }
        outcome.refusal = self.refusal;
        outcome
    }

    /// Does the plan in the order of the night: each customer is looked at again in the transaction that records
    /// them; then the panels and registries are asked, first for what is paid. A customer, hook or account that
    /// fails keeps off nobody else.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn apply(self, desk: &Desk, store: &mut Store, run: Run) -> Result<Enforced> {
        let mut night = Night { stopped: stop_file(desk), ..Night::default() };
        let mut by_hook = Vec::new();
        let bar = desk.report.progress("enforcing", self.customers.len());
        for code in &self.customers {
            bar.inc(1);
            if crate::jobs::stopping() {
                break;
            }
            by_hook.extend(self.record(desk, store, run, code, &mut night)?);
        }
        bar.finish_and_clear();
        self.remember_trial(store, run)?;
        self.ask(desk, store, run, by_hook, &mut night)?;
        self.report(desk, store, night)
    }

    /// Asks for every step that has a hook, and for renewals that wait: what never failed before comes first, and
    /// of that what is paid.
    fn ask(
        &self,
        desk: &Desk,
        store: &mut Store,
        run: Run,
        by_hook: Vec<Step>,
        night: &mut Night,
    ) -> Result<()> {
        let renewals = store.pending_renewals(desk.today)?;
        let mut steps = Vec::new();
        for step in in_order(by_hook) {
            let failed_before = store.failures(&step)?.0 > 0;
            steps.push((failed_before, step));
        }
        for again in [false, true] {
            let of_turn = || steps.iter().filter(|(before, _)| *before == again).map(|(_, step)| step);
            for step in of_turn().filter(|step| !step.action.is_guarded()) {
                self.ask_for(desk, store, run, step, night)?;
            }
            for pending in renewals.iter().filter(|pending| (pending.failures > 0) == again) {
                if crate::jobs::stopping() {
                    return Ok(());
                }
                match spared(|| panels::renew(desk, store, run, &mut night.panels, pending))? {
                    Ok(failed) => night.failed.extend(failed),
                    Err(why) => night.hold_back(store, &pending.service, why),
                }
            }
            for step in of_turn().filter(|step| step.action.is_guarded()) {
                self.ask_for(desk, store, run, step, night)?;
            }
        }
        Ok(())
    }

    fn ask_for(
        &self,
        desk: &Desk,
        store: &mut Store,
        run: Run,
        step: &Step,
        night: &mut Night,
    ) -> Result<()> {
        night.stopped = night.stopped.take().or_else(|| stop_file(desk));
        // what is paid for is switched on again, whatever else is stopped
        if crate::jobs::stopping() || night.stopped.is_some() && step.action.is_guarded() {
            return Ok(());
        }
        // the hooks before it took their time
        match spared(|| is_still_decided(desk, store, step))? {
            Ok(true) => {}
            Ok(false) => {
                self.record(desk, store, run, &step.customer, night)?;
                return Ok(());
            }
            Err(why) => {
                night.held.push((step.customer.clone(), why));
                return Ok(());
            }
        }
        match spared(|| panels::run_hook(desk, store, run, &mut night.panels, step))? {
            Ok(Ok(())) => night.done.push(step.clone()),
            Ok(Err(why)) => night.failed.push((step.clone(), why)),
            Err(why) => night.held.push((step.customer.clone(), why)),
        }
        Ok(())
    }

    /// What the trial would have done is remembered, to be compared with what staff did.
    fn remember_trial(&self, store: &mut Store, run: Run) -> Result<()> {
        store.write(run, |tx| -> Result<()> {
            for step in &self.withheld {
                if let Because::Trial(because) = &step.because {
                    tx.shadow_step(step, because)?;
                }
            }
            Ok(())
        })
    }

    /// The report of a plan that was done.
    fn report(self, desk: &Desk, store: &Store, night: Night) -> Result<Enforced> {
        let Night { done, mut failed, held, stopped, .. } = night;
        failed.sort_by(|(a, _), (b, _)| (a.action, &a.service).cmp(&(b.action, &b.service)));
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
            let why = match &outcome.refusal {
                _ if held.iter().any(|(code, _)| *code == step.customer) => Withheld::CustomerHeldBack,
                Some(refusal) if step.action.is_guarded() => Withheld::Refused(refusal),
                Some(_) | None => Withheld::FactsChanged,
            };
            let view = StepView::withheld(&step, &why);
            outcome.withheld.push(view);
        }
        for (step, why) in failed {
            let first = why.lines().next().unwrap_or("no answer").to_owned();
            // a renewal whose registry failed is settled all the same
            if step.action != Action::Renew {
                outcome.withheld.push(StepView::withheld(&step, &Withheld::HookFailed(&first)));
            }
            outcome.failed.push((step, first));
        }
        outcome.held.extend(held);
        Ok(outcome)
    }

    /// Records one customer's changes and the steps without a hook; gives the steps that have one. A customer for
    /// whom that fails is held back.
    fn record(
        &self,
        desk: &Desk,
        store: &mut Store,
        run: Run,
        code: &CustomerCode,
        night: &mut Night,
    ) -> Result<Vec<Step>> {
        night.stopped = night.stopped.take().or_else(|| stop_file(desk));
        let stopped = night.stopped.is_some();
        match spared(|| self.apply_one(desk, store, run, code, stopped))? {
            Ok((recorded, by_hook)) => {
                night.done.extend(recorded);
                Ok(by_hook)
            }
            Err(why) => {
                night.held.push((code.clone(), why));
                Ok(Vec::new())
            }
        }
    }

    /// The transaction of one customer: what was recorded, and the steps that are a hook's.
    fn apply_one(
        &self,
        desk: &Desk,
        store: &mut Store,
        run: Run,
        code: &CustomerCode,
        stopped: bool,
    ) -> Result<(Vec<Step>, Vec<Step>)> {
        let refused = stopped || self.refusal.is_some();
        // a renewal is among the changes, planned or not: its record and its registry follow
        let allowed = |step: &Step| {
            step.action == Action::Renew
                || self.steps.contains(step) && !(refused && step.action.is_guarded())
        };
        store.write(run, |tx| -> Result<(Vec<Step>, Vec<Step>)> {
            let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else {
                return Ok((Vec::new(), Vec::new()));
            };
            let Enforcement { mut changes, steps, .. } =
                enforcement::decide(&mut facts, &desk.rules, desk.today);
            // a renewal is a fact as soon as it is settled; its hook follows
            let (by_hook, steps): (Vec<Step>, Vec<Step>) =
                steps.into_iter().filter(allowed).partition(|step| {
                    step.action != Action::Renew && panels::hook(desk, step.action, step.kind).is_some()
                });
            changes.extend(steps.iter().filter_map(|step| enforcement::done(step, &facts, desk.today)));
            tx.apply(code, &changes)?;
            if steps.iter().any(|step| step.action == Action::Terminate) {
                // what was paid for a period that is given up becomes credit with the step
                money::update(desk, tx, code)?;
            }
            for step in &steps {
                let reason = json!({
                    "reason": step.because.code(), "because": step.because.to_string(),
                    "from": step.period.from, "to": step.period.to,
                });
                tx.journal(Some(code), Some(&step.service), step.action.code(), &reason)?;
                if panels::hook(desk, step.action, step.kind).is_some() {
                    tx.await_renewal(step)?;
                } else if by_hand(desk, step) {
                    tx.open_work_order(step)?;
                }
            }
            Ok((steps, by_hook))
        })
    }
}
