//! Undoing a run: what it suspended runs again and what it renewed expires as before, where nothing has changed
//! since, and both are left alone for a while. Money is not touched (`record reverse` does that), and what was deleted
//! is gone.

use crate::billing::action::Action;
use crate::billing::because::Because;
use crate::billing::enforcement::Step;
use crate::billing::facts::Facts;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::notice::Stage;
use crate::billing::period::BillingPeriod;
use crate::billing::service::{Hold, Service, ServiceState};
use crate::error::Stop;
use crate::jobs::Desk;
use crate::jobs::enforce::panels::{self, Panels};
use crate::store::{Run, RunStep, Store, Tx};
use crate::views::runs::{Heard, Kept, Undone, Unmade};
use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;

/// What is undone, and by whom.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The run.
    pub run: i64,
    /// Only with this service.
    pub service: Option<ServiceCode>,
    /// Only with this customer's services.
    pub customer: Option<CustomerCode>,
    /// The last day on which what was undone is left alone.
    pub hold_until: NaiveDate,
    /// Who decides.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Undoes what can be undone of a run, and says why of the rest.
///
/// # Errors
/// A run that did nothing (of what is wanted); a database that cannot be written.
pub fn undo(desk: &Desk, store: &mut Store, run: Run, wanted: &Wanted) -> Result<Vec<Undone>> {
    let steps = store.steps_of_run(wanted.run)?;
    let mut undoing = Undoing { desk, store, run, wanted, panels: Panels::default() };
    let mut undone = Vec::new();
    for step in steps {
        if wanted.service.as_ref().is_some_and(|only| *only != step.service) {
            continue;
        }
        let service = undoing.store.service(&step.service)?;
        let owner = service.as_ref().map(|service| service.customer.clone());
        if wanted.customer.is_some() && owner != wanted.customer {
            continue;
        }
        let unmade = undoing.step(&step, service)?;
        undone.push(Undone {
            action: step.action,
            service: step.service.to_string(),
            customer: owner.map(|code| code.to_string()),
            outcome: unmade.outcome(),
            because: unmade.to_string(),
        });
    }
    if undone.is_empty() {
        let of = wanted.service.as_ref().map(ToString::to_string);
        let of = of.or_else(|| wanted.customer.as_ref().map(ToString::to_string));
        let of = of.map(|code| format!(" with `{code}`")).unwrap_or_default();
        let text = format!("run {} renewed, reinstated, suspended and deleted nothing{of}", wanted.run);
        return Err(Stop::unknown_unless(undoing.names_something(), text).hint("see `runs`").into());
    }
    Ok(undone)
}

/// What undoing needs from step to step.
struct Undoing<'a> {
    desk: &'a Desk,
    store: &'a mut Store,
    run: Run,
    wanted: &'a Wanted,
    panels: Panels,
}

impl Undoing<'_> {
    /// Whether the run, the service and the customer that were named exist.
    fn names_something(&self) -> bool {
        let Wanted { run, service, customer, .. } = self.wanted;
        // a record that cannot be read exists all the same, and runs are numbered in turn: this is the last
        !service.as_ref().is_some_and(|code| matches!(self.store.owner_of(code), Ok(None)))
            && !customer.as_ref().is_some_and(|code| matches!(self.store.customer(code), Ok(None)))
            && (1..=self.run.id.0).contains(run)
    }

    /// Undoes one step, or says why it stays.
    fn step(&mut self, step: &RunStep, service: Option<Service>) -> Result<Unmade> {
        let Some(service) = service else { return Ok(Unmade::Left(Kept::ServiceGone)) };
        if step.undone {
            return Ok(Unmade::Left(Kept::UndoneAlready));
        }
        match Action::from_code(&step.action) {
            Some(Action::Suspend) => match service.state {
                ServiceState::Suspended { on, .. } if on == step.on => self.reinstate(step, &service),
                _ => Ok(Unmade::Left(Kept::ChangedSince)),
            },
            Some(Action::Renew) => match self.not_undone(step, &service)? {
                Some(why) => Ok(Unmade::Left(why)),
                None => self.undo_renewal(step, &service),
            },
            Some(Action::Reinstate) => Ok(Unmade::Left(Kept::WasPaid)),
            Some(Action::Terminate) | None => Ok(Unmade::Left(Kept::DataGone)),
        }
    }

    /// Why a renewal must stay as it is.
    fn not_undone(&self, step: &RunStep, service: &Service) -> Result<Option<Kept>> {
        Ok(match service.state {
            _ if step.by_hook => Some(Kept::RenewedOutside),
            ServiceState::Terminated { .. } | ServiceState::Ended { .. } => Some(Kept::ChangedSince),
            ServiceState::Active | ServiceState::Suspended { .. } => {
                let moved = service.expires_on != step.period_to || self.store.has_consequences(step)?;
                moved.then_some(Kept::ChangedSince)
            }
        })
    }

    fn undo_renewal(&mut self, step: &RunStep, service: &Service) -> Result<Unmade> {
        let Self { desk, run, wanted, .. } = *self;
        let told = self.was_told(step, Stage::Renewed)?;
        let withdrawn = self.store.write(run, |tx| -> Result<usize> {
            tx.undo_renewal(step, &wanted.by, wanted.hold_until)?;
            let as_before = Service { expires_on: step.period_from, ..service.clone() };
            self::leave_alone(desk, tx, wanted, as_before, "the renewal was undone")
        })?;
        let facts = self.facts(service)?;
        let is_settled = facts.as_ref().is_some_and(|facts| {
            let charge = facts.service(&service.code).and_then(|s| facts.period_charge(s));
            charge.is_some_and(|charge| charge.settled_on.is_some())
        });
        let heard = if told { Heard::RenewedUntil(step.period_to) } else { heard(withdrawn) };
        let (expires_on, alone_until) = (step.period_from, wanted.hold_until);
        Ok(Unmade::Renewal { expires_on, alone_until, is_settled, heard })
    }

    fn reinstate(&mut self, undone: &RunStep, service: &Service) -> Result<Unmade> {
        let Self { desk, run, wanted, .. } = *self;
        let period = BillingPeriod { from: undone.period_from, to: undone.period_to };
        let step = Step {
            action: Action::Reinstate,
            service: service.code.clone(),
            customer: service.customer.clone(),
            kind: service.kind,
            period,
            because: Because::Settled(period),
        };
        let told = self.was_told(undone, Stage::Suspended)?;
        let by_hook = panels::hook(desk, Action::Reinstate, service.kind).is_some() && !desk.dry_run;
        if by_hook && let Err(why) = panels::run_hook(desk, self.store, run, &mut self.panels, &step)? {
            return Ok(Unmade::Left(Kept::HookFailed(why)));
        }
        let withdrawn = self.store.write(run, |tx| -> Result<usize> {
            let running = Service { state: ServiceState::Active, ..service.clone() };
            let withdrawn = leave_alone(desk, tx, wanted, running, "the suspension was undone")?;
            tx.mark_undone(undone)?;
            if !by_hook {
                tx.note_step(&step)?;
                // what nobody has switched off yet, nobody need switch on
                if !tx.withdraw_work_order(&step.service, &undone.action, &wanted.by)? {
                    tx.open_work_order(&step)?;
                }
            }
            Ok(withdrawn)
        })?;
        let heard = if told { Heard::Suspended } else { heard(withdrawn) };
        Ok(Unmade::Suspension { alone_until: wanted.hold_until, heard })
    }

    fn facts(&self, service: &Service) -> Result<Option<Facts>> {
        Ok(self.store.facts(&service.customer, self.desk.rules.mode, self.desk.today)?)
    }

    /// Whether the customer heard of a step.
    fn was_told(&self, step: &RunStep, stage: Stage) -> Result<bool> {
        let Some(service) = self.store.service(&step.service)? else { return Ok(false) };
        let facts = self.facts(&service)?;
        Ok(facts.is_some_and(|facts| {
            facts.notices.iter().any(|notice| {
                notice.key.is_of(&step.service, step.period_from)
                    && notice.key.stage == stage
                    && notice.accepted_on().is_some()
            })
        }))
    }
}

/// What a customer hears who was not told of the step itself.
const fn heard(withdrawn: usize) -> Heard {
    match withdrawn {
        0 => Heard::Nothing,
        _ => Heard::Withdrawn,
    }
}

/// Stores a service as it was, on hold, and withdraws what was to be told of it and was not sent; gives how many
/// messages.
fn leave_alone(desk: &Desk, tx: &Tx<'_>, wanted: &Wanted, service: Service, because: &str) -> Result<usize> {
    let longer = service.hold.as_ref().filter(|hold| hold.until >= wanted.hold_until).cloned();
    let note = if wanted.reason.is_empty() { because } else { wanted.reason.as_str() };
    let hold = longer.unwrap_or_else(|| Hold { until: wanted.hold_until, note: note.to_owned() });
    let (customer, code) = (service.customer.clone(), service.code.clone());
    tx.put_service(&Service { hold: Some(hold), ..service })?;
    // also where the hold was there already, an undo is an event of its own
    tx.begin_episode(&code)?;
    let waiting = tx.waiting_messages_of(&code, desk.rules.mode)?;
    for message in &waiting {
        tx.cancel_message(*message, because)?;
        tx.journal(Some(&customer), None, "message_cancelled", &json!({ "message": message }))?;
    }
    let detail = json!({
        "by": wanted.by, "reason": wanted.reason, "because": because, "run": wanted.run,
        "hold_until": wanted.hold_until,
    });
    tx.journal(Some(&customer), Some(&code), "undo", &detail)?;
    Ok(waiting.len())
}
