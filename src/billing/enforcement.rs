//! What is done with a customer's services today, what is not, and why: one pure decision.

use super::action::Action;
use super::because::{Because, Lacking};
use super::charge::Charge;
use super::charging::{bring_up_to_date, make_change};
use super::deadlines::{Case, suspension_day_kept, termination, told_long_enough_on};
use super::facts::{Change, Facts, LikelyMoney};
use super::ids::{CustomerCode, ServiceCode};
use super::money::Money;
use super::period::{BillingPeriod, days_after};
use super::policy::{Mode, Rules};
use super::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use chrono::NaiveDate;

/// One step with one service: taken, or withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub action: Action,
    /// With which service.
    pub service: ServiceCode,
    /// Whose.
    pub customer: CustomerCode,
    /// Its kind, by which hooks are found.
    pub kind: ServiceKind,
    /// The period it belongs to; for a renewal, from the old expiry to the new one.
    pub period: BillingPeriod,
    /// Why it is taken or withheld.
    pub because: Because,
}

/// What is decided for one customer. Renewals are already applied to the facts it was decided on;
/// the other steps become true when they have been done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enforcement {
    /// Charges, allocations, settlements and renewals, in order.
    pub changes: Vec<Change>,
    /// Steps to take, in the order of the night.
    pub steps: Vec<Step>,
    /// Steps that would be due but for a reason.
    pub withheld: Vec<Step>,
}

/// Decides one customer's night: settle, renew, reinstate, suspend, terminate.
pub fn decide(facts: &mut Facts, rules: &Rules, today: NaiveDate) -> Enforcement {
    let mut night =
        Enforcement { changes: bring_up_to_date(facts, rules, today, None), ..Enforcement::default() };
    renew(facts, rules, today, &mut night);
    let mut services: Vec<&Service> = facts.services.iter().collect();
    services.sort_by(|a, b| a.code.cmp(&b.code));
    let ending = ending(facts, &services, rules, today);
    for action in [Action::Reinstate, Action::Suspend, Action::Terminate] {
        for service in &services {
            let found = match action {
                Action::Renew => None,
                Action::Reinstate => reinstatement(facts, service),
                Action::Suspend => suspension(facts, service, rules, today),
                Action::Terminate => terminating(facts, service, rules, today),
            };
            let Some((case, verdict)) = found else { continue };
            // also on a day on which nothing may be done, so that whoever is asked is not asked anew after every weekend
            let verdict = match verdict {
                Ok(because) | Err(because @ Because::NotWorkingDay { .. }) => {
                    let pending = payment_pending(facts, service, action, today, &ending);
                    let is_off = matches!(because, Because::NotWorkingDay { .. });
                    let is_spared = !is_off
                        && action == Action::Terminate
                        && !ending.iter().any(|one| one.code == service.code);
                    let covered = || Because::PaymentPending { likely: Vec::new(), kept: Vec::new() };
                    let pending = pending.or_else(|| is_spared.then(covered));
                    pending.map_or(if is_off { Err(because) } else { Ok(because) }, Err)
                }
                Err(because) => Err(because),
            };
            let period = case.period();
            let step = |because| Step {
                action,
                service: service.code.clone(),
                customer: facts.customer.code.clone(),
                kind: service.kind,
                period,
                because,
            };
            match verdict {
                Ok(because) if rules.mode == Mode::Trial => {
                    night.withheld.push(step(Because::Trial(Box::new(because))));
                }
                Ok(because) => night.steps.push(step(because)),
                Err(because) => night.withheld.push(step(because)),
            }
        }
    }
    night
}

/// The services that are terminated today. What was paid towards them becomes credit with them: one whose debt that
/// covers is none of them, and of several the one whose end frees the least is spared first.
fn ending<'a>(
    facts: &'a Facts,
    services: &[&'a Service],
    rules: &Rules,
    today: NaiveDate,
) -> Vec<&'a Service> {
    let mut ending: Vec<&Service> = services
        .iter()
        .copied()
        .filter(|service| matches!(terminating(facts, service, rules, today), Some((_, Ok(_)))))
        // one that money keeps alive frees nothing
        .filter(|service| payment_pending(facts, service, Action::Terminate, today, &[]).is_none())
        .collect();
    loop {
        let freed = |service: &&Service| facts.freed_by_end_of(&service.code);
        let money = facts.credit() + ending.iter().map(freed).sum();
        let is_covered =
            |service: &&&Service| debt(facts, service).is_some_and(|debt| money >= debt + freed(service));
        let spared = ending.iter().filter(is_covered).min_by_key(|service| freed(service));
        let Some(spared) = spared.map(|service| service.code.clone()) else { return ending };
        ending.retain(|service| service.code != spared);
    }
}

/// What would keep a service: the least that is due for one of its periods.
fn debt(facts: &Facts, service: &Service) -> Option<Money> {
    let of_service =
        |charge: &&Charge| charge.service.as_ref() == Some(&service.code) && charge.period().is_some();
    facts.open_charges().into_iter().filter(of_service).map(Charge::due).min()
}

fn renew(facts: &mut Facts, rules: &Rules, today: NaiveDate, night: &mut Enforcement) {
    let mut codes: Vec<ServiceCode> = facts.services.iter().map(|service| service.code.clone()).collect();
    codes.sort();
    for code in codes {
        while let Some((period, kind)) = settled_period(facts, &code, today) {
            make_change(
                facts,
                &mut night.changes,
                Change::Renewed { service: code.clone(), period, on: today },
            );
            night.steps.push(Step {
                action: Action::Renew,
                service: code.clone(),
                customer: facts.customer.code.clone(),
                kind,
                period,
                because: Because::Settled(period),
            });
            // the next period may be due at once, and credit may settle it
            night.changes.extend(bring_up_to_date(facts, rules, today, None));
        }
    }
}

fn settled_period(
    facts: &Facts,
    code: &ServiceCode,
    today: NaiveDate,
) -> Option<(BillingPeriod, ServiceKind)> {
    let service = facts.service(code)?;
    match service.state {
        ServiceState::Active | ServiceState::Suspended { .. } => {}
        ServiceState::Terminated { .. } | ServiceState::Ended { .. } => return None,
    }
    let charge = facts.period_charge(service)?;
    charge.settled_on?;
    let period = charge.period()?;
    let left_alone = facts.left_alone.iter().any(|alone| alone.service == *code && today <= alone.until);
    // a debt that was given up renews nothing, and what a person took back is left alone for a while
    (charge.written_off_on.is_none() && !left_alone).then_some((period, service.kind))
}

/// `Ok`: do it. `Err`: it would be due, but for a reason.
type Verdict = Result<Because, Because>;

/// What is decided, and of which period; `None`: nothing to decide.
type Found<'a> = Option<(Case<'a>, Verdict)>;

fn reinstatement<'a>(facts: &'a Facts, service: &'a Service) -> Found<'a> {
    facts.awaits_reinstatement(service).then(|| {
        let case = facts.present_case(service);
        (case, Ok(Because::SettledWhileSuspended(case.period())))
    })
}

/// The first of a service's debts that it may be suspended for today, else the first that it would be, but for a
/// reason.
fn suspension<'a>(facts: &'a Facts, service: &'a Service, rules: &Rules, today: NaiveDate) -> Found<'a> {
    let after = rules.policies.of(service).suspend_after_days?;
    if service.state != ServiceState::Active {
        return None;
    }
    let mut cases = facts.debts(service);
    // also one that nothing is asked for may be held, exempt or at fault, and says so
    if cases.last().is_none_or(|case| case.from < service.expires_on) && !facts.lapses(service) {
        cases.push(Case { service, from: service.expires_on, charge: None });
    }
    let mut found: Vec<(Case<'a>, Verdict)> = cases
        .into_iter()
        .filter(|case| days_after(case.counted_from(), after) <= today)
        .filter_map(|case| Some((case, unsettled(facts, &case, rules, today)?)))
        .chain(lapse(facts, service, rules, today))
        .collect();
    let first = found.iter().position(|(_, verdict)| verdict.is_ok()).unwrap_or(0);
    (first < found.len()).then(|| found.swap_remove(first))
}

/// A cancelled service, or one whose period was given up, lapses at its expiry, which needs no notice.
fn lapse<'a>(facts: &'a Facts, service: &'a Service, rules: &Rules, today: NaiveDate) -> Found<'a> {
    let paid = |charge: &Charge| charge.settled_on.is_some() && charge.written_off_on.is_none();
    if !facts.lapses(service) || service.expires_on > today || facts.period_charge(service).is_some_and(paid)
    {
        return None;
    }
    let expired_on = service.expires_on;
    let because =
        if service.renews { Because::WrittenOff { expired_on } } else { Because::Cancelled { expired_on } };
    let verdict = not_enforceable(facts, service, rules, today).map_or(Ok(because), Err);
    Some((facts.present_case(service), verdict))
}

fn unsettled(facts: &Facts, case: &Case<'_>, rules: &Rules, today: NaiveDate) -> Option<Verdict> {
    if let Some(because) = not_enforceable(facts, case.service, rules, today) {
        return Some(Err(because));
    }
    case.charge?;
    Some(promised_day(facts, case, rules, today).and_then(|promised_on| {
        working_day(rules, today)?;
        let days = (today - case.from).num_days();
        Ok(Because::Unsettled { expired_on: case.from, days, promised_on })
    }))
}

/// Nothing is switched off for a debt that money of nobody's covers, where that is probably theirs, or money of theirs
/// that is kept for other services: a person knows. Nor is a service suspended for a debt that is covered by what
/// becomes credit in this very night, for it was paid towards one of those that are `ending`.
fn payment_pending(
    facts: &Facts,
    service: &Service,
    action: Action,
    today: NaiveDate,
    ending: &[&Service],
) -> Option<Because> {
    let freed = match action {
        Action::Suspend => ending.iter().map(|ending| facts.freed_by_end_of(&ending.code)).sum(),
        Action::Terminate => Money::ZERO,
        Action::Renew | Action::Reinstate => return None,
    };
    let debt = debt(facts, service)?;
    let likely: Vec<&LikelyMoney> =
        facts.likely.iter().filter(|money| money.protects_until >= today).collect();
    let money = facts.credit() + freed + likely.iter().map(|money| money.amount).sum();
    (money >= debt).then(|| Because::PaymentPending {
        likely: likely.iter().map(|money| money.id).collect(),
        kept: facts.kept_for_others(&service.code).map(|payment| payment.id).collect(),
    })
}

/// Hold, exemption, custom application, a fault in the record: what keeps anything from being done.
fn not_enforceable(facts: &Facts, service: &Service, rules: &Rules, today: NaiveDate) -> Option<Because> {
    if let Some(hold) = service.hold.as_ref().filter(|hold| hold.until >= today) {
        return Some(Because::Hold { until: hold.until, note: hold.note.clone() });
    }
    if !facts.customer.enforcement {
        return Some(Because::Exempt);
    }
    if service.kind == ServiceKind::CustomApp {
        return Some(Because::CustomApp);
    }
    facts.fault(service, rules).map(Because::Data)
}

/// Whether the customer was told of this period's suspension early enough, and since the last event that moved it;
/// gives the day promised.
fn promised_day(
    facts: &Facts,
    case: &Case<'_>,
    rules: &Rules,
    today: NaiveDate,
) -> Result<NaiveDate, Because> {
    let policy = rules.policies.of(case.service);
    let lacking = |lacking| Because::NoAcceptedNotice { lacking };
    let latest = facts.fresh_dunning(case).next_back().ok_or_else(|| lacking(Lacking::AnyNotice))?;
    if latest.accepted_on().is_none() {
        return Err(lacking(Lacking::LatestAccepted));
    }
    let day = suspension_day_kept(facts, case, rules).ok_or_else(|| lacking(Lacking::Consequence))?;
    let told_on = told_long_enough_on(facts, case, policy).ok_or_else(|| lacking(Lacking::Consequence))?;
    if today < told_on {
        return Err(lacking(Lacking::Time(told_on)));
    }
    if today < day {
        return Err(Because::PromisedLater { on: day });
    }
    Ok(day)
}

fn working_day(rules: &Rules, today: NaiveDate) -> Result<(), Because> {
    if rules.calendar.is_working_day(today) {
        Ok(())
    } else {
        Err(Because::NotWorkingDay { next: rules.calendar.working_day_from(today) })
    }
}

fn terminating<'a>(facts: &'a Facts, service: &'a Service, rules: &Rules, today: NaiveDate) -> Found<'a> {
    // a custom application is never charged, so nothing ever threatens it
    if service.kind == ServiceKind::CustomApp {
        return None;
    }
    let termination = termination(facts, service, rules, today)?;
    if today < termination.earliest {
        return None;
    }
    let verdict = match (not_enforceable(facts, service, rules, today), termination.final_accepted_on) {
        (Some(because), _) => Err(because),
        (None, None) => Err(Because::NoAcceptedNotice { lacking: Lacking::Final }),
        (None, Some(_)) if today < termination.on => Err(Because::PromisedLater { on: termination.on }),
        (None, Some(accepted_on)) => working_day(rules, today)
            .map(|()| Because::FinalNoticeServed { due_on: termination.on, accepted_on }),
    };
    Some((termination.case, verdict))
}

/// The change that a step makes once it has been done on `today`; a renewal made its own already.
#[must_use]
pub fn done(step: &Step, facts: &Facts, today: NaiveDate) -> Option<Change> {
    let service = facts.service(&step.service)?;
    let state = match step.action {
        Action::Renew => return None,
        Action::Reinstate => ServiceState::Active,
        Action::Suspend => ServiceState::Suspended {
            on: today,
            // a debt may be older than what the service is renewed for
            reason: if facts.lapses(service) && step.period.from == service.expires_on {
                SuspensionReason::Cancelled
            } else {
                SuspensionReason::Nonpayment
            },
            expiry: step.period.from,
        },
        Action::Terminate => ServiceState::Terminated { on: today },
    };
    Some(Change::StateChanged {
        service: step.service.clone(),
        action: step.action,
        period: step.period,
        state,
        on: today,
    })
}
