//! Undoing a run: what it suspended runs again and what it renewed expires as before, where nothing has changed
//! since. Money is not touched (`record reverse` does that), and what was deleted is gone.

use super::Desk;
use super::act::{self, Panels};
use crate::billing::enforcement::{Because, Step};
use crate::billing::facts::Action;
use crate::billing::period::BillingPeriod;
use crate::billing::service::{Service, ServiceState};
use crate::store::{FactQueries, RunId, RunStep, Services, Steps, Store};
use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::json;

/// What became of one step.
#[derive(Debug, Clone, Serialize)]
pub struct Undone {
    /// The step of that run.
    pub action: String,
    /// Which service.
    pub service: String,
    /// `undone` or `left`.
    pub outcome: &'static str,
    /// Why.
    pub because: String,
}

/// Undoes what can be undone of a run, and says why of the rest.
///
/// # Errors
/// A run that did nothing; a database that cannot be written.
pub fn undo(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    undone_run: i64,
    by: &str,
    reason: &str,
) -> Result<Vec<Undone>> {
    let steps = store.steps_of_run(undone_run)?;
    if steps.is_empty() {
        bail!("run {undone_run} renewed, reinstated, suspended and deleted nothing; see `runs`");
    }
    let mut panels = Panels::default();
    let mut undone = Vec::new();
    for step in steps {
        let mut row = Undone {
            action: step.action.clone(),
            service: step.service.to_string(),
            outcome: "left",
            because: String::new(),
        };
        let service = store.service(&step.service)?;
        row.because = match (step.action.as_str(), service) {
            (_, None) => "the service is gone".to_owned(),
            ("suspend", Some(service)) => match service.state {
                ServiceState::Suspended { on, .. } if on == step.on => {
                    match reinstate(desk, store, run, &mut panels, service, by, reason)? {
                        Ok(()) => {
                            row.outcome = "undone";
                            "it runs again; what is still due is suspended by the next run, unless it is paid or on hold"
                                .to_owned()
                        }
                        Err(why) => format!("the hook failed: {why}"),
                    }
                }
                _ => "it has changed since".to_owned(),
            },
            ("renew", Some(service)) => match not_undone(store, &step, &service)? {
                Some(why) => why.to_owned(),
                None => {
                    row.outcome = "undone";
                    take_back(desk, store, run, &step, &service, by, reason)?
                }
            },
            ("reinstate", Some(_)) => "it was paid for".to_owned(),
            (_, Some(_)) => "what was deleted is gone".to_owned(),
        };
        undone.push(row);
    }
    Ok(undone)
}

/// Why a renewal must stay as it is.
fn not_undone(store: &Store, step: &RunStep, service: &Service) -> Result<Option<&'static str>> {
    Ok(match service.state {
        _ if step.by_hook => Some("its hook has renewed it outside; that cannot be taken back from here"),
        ServiceState::Terminated { .. } | ServiceState::Ended { .. } => Some("it has changed since"),
        ServiceState::Active | ServiceState::Suspended { .. } => {
            let moved = service.expires_on != step.period_to || store.has_consequences(step)?;
            moved.then_some("it has changed since")
        }
    })
}

fn take_back(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    step: &RunStep,
    service: &Service,
    by: &str,
    reason: &str,
) -> Result<String> {
    store.write(|tx| -> Result<()> {
        tx.undo_renewal(step, by, desk.today)?;
        let detail = json!({ "by": by, "reason": reason, "because": "the renewal was undone" });
        tx.journal(run, Some(&service.customer), Some(&service.code), "undo", &detail)?;
        Ok(())
    })?;
    let facts = store.facts(&service.customer, desk.rules.mode, desk.today)?;
    let settled = facts.is_some_and(|facts| {
        facts
            .service(&service.code)
            .and_then(|s| facts.period_charge(s))
            .is_some_and(|c| c.settled_on.is_some())
    });
    let mut because = format!("it expires on {} again", step.period_from);
    if settled {
        because.push_str(
            "; its period is still settled, so the next run renews it, unless `record reverse` takes the payment back",
        );
    }
    Ok(because)
}

fn reinstate(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    panels: &mut Panels,
    service: Service,
    by: &str,
    reason: &str,
) -> Result<Result<(), String>> {
    let step = Step {
        action: Action::Reinstate,
        service: service.code.clone(),
        customer: service.customer.clone(),
        kind: service.kind,
        period: BillingPeriod::anchored(service.expires_on, service.period_months, service.anchor_day),
        because: Because::Settled(BillingPeriod { from: service.expires_on, to: service.expires_on }),
    };
    let has_hook = act::hook(desk, Action::Reinstate, service.kind).is_some();
    if has_hook
        && !desk.dry_run
        && let Err(why) = act::act(desk, store, run, panels, &step)?
    {
        return Ok(Err(why));
    }
    store.write(|tx| -> Result<()> {
        let customer = service.customer.clone();
        let code = service.code.clone();
        tx.put_service(&Service { state: ServiceState::Active, ..service })?;
        if !has_hook {
            tx.open_work_order(run, &step, desk.today)?;
        }
        let detail = json!({ "by": by, "reason": reason, "because": "the suspension was undone" });
        tx.journal(run, Some(&customer), Some(&code), "undo", &detail)?;
        Ok(())
    })?;
    Ok(Ok(()))
}
