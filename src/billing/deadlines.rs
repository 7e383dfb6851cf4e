//! The days on which suspension and termination happen: what a card promises and enforcement keeps.

use super::charge::Charge;
use super::facts::Facts;
use super::notice::{Notice, Stage};
use super::period::days_after;
use super::policy::{Policy, Rules};
use super::service::{Service, ServiceState, SuspensionReason};
use chrono::NaiveDate;

impl Facts {
    /// The notices that dun a service for its present period, oldest first.
    pub fn dunning_notices<'a>(
        &'a self,
        service: &'a Service,
    ) -> impl DoubleEndedIterator<Item = &'a Notice> {
        self.notices.iter().filter(move |notice| {
            notice.key.service == service.code
                && notice.key.period_from == service.expires_on
                && match notice.key.stage {
                    Stage::Before(_) | Stage::Expiry | Stage::After(_) | Stage::OnRequest => true,
                    Stage::Suspended
                    | Stage::Final
                    | Stage::Terminated
                    | Stage::Renewed
                    | Stage::Reinstated => false,
                }
        })
    }

    /// The notice of one stage for a service's present period.
    #[must_use]
    pub fn notice(&self, service: &Service, stage: Stage) -> Option<&Notice> {
        self.notices.iter().rev().find(|notice| {
            notice.key.service == service.code
                && notice.key.period_from == service.expires_on
                && notice.key.stage == stage
        })
    }
}

/// The later of the expiry and the day the charge came to exist: the ladder's `b`.
#[must_use]
pub fn counted_from(service: &Service, charge: Option<&Charge>) -> NaiveDate {
    charge.map_or(service.expires_on, |charge| {
        charge.reopened_on.unwrap_or(charge.created_on).max(charge.created_on).max(service.expires_on)
    })
}

/// The first working day after the service's hold, if it has one.
fn after_hold(service: &Service, rules: &Rules) -> NaiveDate {
    service
        .hold
        .as_ref()
        .map_or(NaiveDate::MIN, |hold| rules.calendar.working_day_from(days_after(hold.until, 1)))
}

/// The day that the last accepted notice named, if one did.
#[must_use]
pub fn promised_suspension(facts: &Facts, service: &Service) -> Option<NaiveDate> {
    facts
        .dunning_notices(service)
        .rev()
        .filter(|notice| notice.accepted_on().is_some())
        .find_map(|notice| notice.suspend_on)
}

/// The earliest day by which an accepted notice that named the consequence is old enough.
#[must_use]
pub fn told_long_enough_on(facts: &Facts, service: &Service, policy: &Policy) -> Option<NaiveDate> {
    facts
        .dunning_notices(service)
        .filter(|notice| notice.suspend_on.is_some())
        .filter_map(Notice::accepted_on)
        .min()
        .map(|day| days_after(day, policy.min_notice_days))
}

/// The suspension date that a card of `today` names for a service with an open charge; `None` where
/// its kind is not suspended, the customer is exempt, or it no longer runs.
#[must_use]
pub fn suspension_date(
    facts: &Facts,
    service: &Service,
    charge: &Charge,
    rules: &Rules,
    today: NaiveDate,
) -> Option<NaiveDate> {
    let policy = rules.policies.of(service);
    let after = policy.suspend_after_days?;
    if !facts.customer.enforcement || service.state != ServiceState::Active {
        return None;
    }
    let promised = promised_suspension(facts, service).unwrap_or_else(|| {
        let earliest = days_after(counted_from(service, Some(charge)), after);
        rules.calendar.working_day_from(earliest.max(days_after(today, policy.min_notice_days)))
    });
    let date = promised.max(after_hold(service, rules));
    if today <= date {
        return Some(date);
    }
    let told = told_long_enough_on(facts, service, policy)
        .unwrap_or_else(|| days_after(today, policy.min_notice_days));
    Some(rules.calendar.working_day_from(told.max(days_after(today, 1))))
}

/// The day on which suspension may happen, as enforcement sees it: the day promised, moved by a hold.
#[must_use]
pub fn suspension_day_kept(facts: &Facts, service: &Service, rules: &Rules) -> Option<NaiveDate> {
    Some(promised_suspension(facts, service)?.max(after_hold(service, rules)))
}

/// Where termination stands for a service that it threatens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Termination {
    /// The day it would be due, by the policy and the hold alone.
    pub planned: NaiveDate,
    /// The day from which `final` is due.
    pub final_due: NaiveDate,
    /// The day it happens: `planned`, or later where the final notice was accepted late (or has yet to be).
    pub on: NaiveDate,
    /// The day the final notice was accepted.
    pub final_accepted_on: Option<NaiveDate>,
}

/// The termination of a service that is suspended for non-payment or cancelled, or that has expired
/// and is of a kind that is not suspended; `None` where nothing threatens its data.
#[must_use]
pub fn termination(facts: &Facts, service: &Service, rules: &Rules, today: NaiveDate) -> Option<Termination> {
    let policy = rules.policies.of(service);
    let after = policy.terminate_after_days?;
    let from = termination_counted_from(facts, service, policy, today)?;
    let planned = rules.calendar.working_day_from(days_after(from, after)).max(after_hold(service, rules));
    let days = policy.final_notice_days_before;
    let notice = facts.notice(service, Stage::Final);
    let accepted = notice.and_then(Notice::accepted_on);
    let told = days_after(accepted.unwrap_or(today), days);
    let named = accepted.and(notice).and_then(|notice| notice.terminate_on).unwrap_or(planned);
    Some(Termination {
        planned,
        final_due: super::period::days_before(planned, days),
        on: rules.calendar.working_day_from(planned.max(told).max(named)),
        final_accepted_on: accepted,
    })
}

fn termination_counted_from(
    facts: &Facts,
    service: &Service,
    policy: &Policy,
    today: NaiveDate,
) -> Option<NaiveDate> {
    match service.state {
        ServiceState::Suspended { on, reason, expiry } => match reason {
            // settled since: it is waiting to be reinstated
            SuspensionReason::Nonpayment if service.expires_on > expiry => None,
            SuspensionReason::Nonpayment | SuspensionReason::Cancelled => Some(on),
            SuspensionReason::Manual | SuspensionReason::Abuse => None,
        },
        ServiceState::Active if policy.suspend_after_days.is_none() && service.expires_on <= today => {
            let charge = facts.open_period_charge(service);
            (charge.is_some() || !service.renews).then(|| counted_from(service, charge))
        }
        ServiceState::Active | ServiceState::Terminated { .. } | ServiceState::Ended { .. } => None,
    }
}

/// The termination date a card names for a line: the real one where termination is under way, else
/// the one that would follow the suspension announced.
#[must_use]
pub fn termination_date(
    facts: &Facts,
    service: &Service,
    suspend_on: Option<NaiveDate>,
    rules: &Rules,
    today: NaiveDate,
) -> Option<NaiveDate> {
    if !facts.customer.enforcement {
        return None;
    }
    if let Some(termination) = termination(facts, service, rules, today) {
        return Some(termination.on);
    }
    let policy = rules.policies.of(service);
    let after = policy.terminate_after_days?;
    if service.state != ServiceState::Active {
        return None;
    }
    let from = match (suspend_on, policy.suspend_after_days) {
        (Some(day), _) => day,
        (None, Some(_)) => return None,
        (None, None) => counted_from(service, facts.open_period_charge(service)),
    };
    Some(rules.calendar.working_day_from(days_after(from, after)).max(after_hold(service, rules)))
}
