//! The days on which suspension and termination happen: what a card promises and enforcement keeps.

use super::charge::Charge;
use super::facts::Facts;
use super::notice::{Class, Notice, Stage};
use super::period::{BillingPeriod, days_after, days_before};
use super::policy::{Policy, Rules};
use super::service::{Service, ServiceState, SuspensionReason};
use chrono::NaiveDate;

/// A warning is due so many days before the day it names, or more where more must be given.
const WARNED_DAYS_BEFORE: u32 = 7;

/// A period of a service that is asked for, or that has lapsed: what may cost the service its running.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The service.
    pub service: &'a Service,
    /// Start of the period.
    pub from: NaiveDate,
    /// Its open charge; none where nothing is asked for.
    pub charge: Option<&'a Charge>,
}

impl Case<'_> {
    /// The later of the period's start and the day its charge came to exist, or was reopened: the ladder's `b`.
    #[must_use]
    pub fn counted_from(&self) -> NaiveDate {
        self.charge.map_or(self.from, |charge| {
            charge.reopened_on.unwrap_or(charge.created_on).max(charge.created_on).max(self.from)
        })
    }

    /// The period itself.
    #[must_use]
    pub fn period(&self) -> BillingPeriod {
        self.charge.and_then(Charge::period).unwrap_or_else(|| {
            BillingPeriod::anchored(self.from, self.service.period_months, self.service.anchor_day)
        })
    }

    /// The day its money went back, where it had been renewed before: it stands beside the present period from then on.
    fn reopened_on(&self) -> Option<NaiveDate> {
        self.charge.filter(|charge| charge.renewed_on.is_some())?.reopened_on
    }

    /// The day that a stage stands for on the ladder; none for what is no dated stage of it.
    fn day_of(&self, stage: Stage) -> Option<NaiveDate> {
        match (stage, self.reopened_on()) {
            (Stage::Reopened, reopened_on) => reopened_on,
            (Stage::After(days), Some(_)) => Some(days_after(self.counted_from(), days)),
            (Stage::After(days), None) => Some(days_after(self.from, days)),
            (Stage::Before(days), None) => Some(days_before(self.from, days)),
            (Stage::Expiry, None) => Some(self.from),
            _ => None,
        }
    }

    /// Every dated stage of it, with its day.
    #[must_use]
    pub fn stages(&self, policy: &Policy) -> Vec<(NaiveDate, Stage)> {
        policy
            .stages(self.service.period_months)
            .chain([Stage::Reopened])
            .filter_map(|stage| Some((self.day_of(stage)?, stage)))
            .collect()
    }

    /// The day that a notice stands for on the ladder. What was told before the money went back was told of a debt
    /// that had been paid since, and stands for none.
    fn day_told(&self, notice: &Notice) -> Option<NaiveDate> {
        let reopened_on = self.charge.and_then(|charge| charge.reopened_on);
        let since = reopened_on.is_none_or(|day| {
            notice.made_on > day || notice.made_on == day && notice.key.episode == self.service.episode
        });
        match notice.key.stage {
            _ if !since => None,
            Stage::Warning => Some(notice.made_on),
            stage => self.day_of(stage),
        }
    }
}

impl Facts {
    /// The notices that dun a service for its present period, of every episode, oldest first.
    pub fn dunning_notices<'a>(
        &'a self,
        service: &'a Service,
    ) -> impl DoubleEndedIterator<Item = &'a Notice> {
        self.notices
            .iter()
            .filter(|notice| notice.key.is_of(&service.code, service.expires_on) && notice.key.stage.duns())
    }

    /// The notices of a case that were made since the last event that moved it, oldest first.
    fn fresh_notices<'a>(&'a self, case: &Case<'a>) -> impl DoubleEndedIterator<Item = &'a Notice> {
        let (service, from) = (case.service, case.from);
        self.notices.iter().filter(move |notice| {
            notice.key.is_of(&service.code, from) && notice.key.episode == service.episode
        })
    }

    /// Those of them that dun.
    pub fn fresh_dunning<'a>(&'a self, case: &Case<'a>) -> impl DoubleEndedIterator<Item = &'a Notice> {
        self.fresh_notices(case).filter(|notice| notice.key.stage.duns())
    }

    /// Those of them that announce the termination by itself.
    pub fn fresh_finals<'a>(&'a self, case: &Case<'a>) -> impl DoubleEndedIterator<Item = &'a Notice> {
        self.fresh_notices(case).filter(|notice| notice.key.stage.class() == Class::Final)
    }

    /// The case of one open charge; none for what is no period of a service.
    #[must_use]
    pub fn case_of<'a>(&'a self, charge: &'a Charge) -> Option<Case<'a>> {
        let service = self.service(charge.service.as_ref()?)?;
        Some(Case { service, from: charge.period()?.from, charge: Some(charge) })
    }

    /// The periods of a service that are asked for, oldest first: those whose money went back after they had been
    /// renewed, then the present one.
    #[must_use]
    pub fn debts<'a>(&'a self, service: &'a Service) -> Vec<Case<'a>> {
        let mut debts: Vec<Case<'a>> = self
            .charges
            .iter()
            .filter(|charge| charge.service.as_ref() == Some(&service.code) && self.is_open(charge))
            .filter_map(|charge| Some(Case { service, from: charge.period()?.from, charge: Some(charge) }))
            .collect();
        debts.sort_by_key(|case| case.from);
        debts
    }

    /// The case that a service is suspended for, or that its present period is.
    #[must_use]
    pub fn present_case<'a>(&'a self, service: &'a Service) -> Case<'a> {
        let from = period_at_stake(service);
        let charge = self.debts(service).into_iter().find(|case| case.from == from).and_then(|c| c.charge);
        Case { service, from, charge }
    }

    /// Whether a service goes at the end of what it has: it was cancelled, or the period at stake was given up.
    #[must_use]
    pub fn lapses(&self, service: &Service) -> bool {
        !service.renews || self.is_written_off(service)
    }

    /// Whether the period at stake was given up.
    #[must_use]
    pub fn is_written_off(&self, service: &Service) -> bool {
        let from = period_at_stake(service);
        self.charges.iter().any(|charge| {
            charge.service.as_ref() == Some(&service.code)
                && charge.written_off_on.is_some()
                && charge.period().is_some_and(|period| period.from == from)
        })
    }

    /// Whether a service is suspended for a period that nothing is asked for any more: it waits for its panel. Also one that
    /// lapsed because a period was given up, where staff moved it to another one, and that was paid.
    #[must_use]
    pub fn awaits_reinstatement(&self, service: &Service) -> bool {
        let ServiceState::Suspended { reason, expiry, .. } = service.state else { return false };
        reason.is_for_money(service.renews)
            && service.expires_on > expiry
            && self.present_case(service).charge.is_none()
            && !self.is_written_off(service)
    }
}

/// The start of the period that a service is suspended for, else of the next one.
const fn period_at_stake(service: &Service) -> NaiveDate {
    match service.state {
        ServiceState::Suspended { expiry, .. } => expiry,
        ServiceState::Active | ServiceState::Terminated { .. } | ServiceState::Ended { .. } => {
            service.expires_on
        }
    }
}

/// The stage of the ladder that applies to a case on `today` and was not told: the latest whose day has come, unless
/// it or a later one was told, in whatever episode.
#[must_use]
pub fn untold_stage(facts: &Facts, case: &Case<'_>, policy: &Policy, today: NaiveDate) -> Option<Stage> {
    let due = case.stages(policy).into_iter().filter(|(day, _)| *day <= today);
    let (day, stage) = due.max_by_key(|(day, _)| *day)?;
    let told = facts
        .notices
        .iter()
        .filter(|notice| notice.key.is_of(&case.service.code, case.from))
        .any(|notice| case.day_told(notice).is_some_and(|told| told >= day));
    (!told).then_some(stage)
}

/// The first working day after the service's hold, if it has one.
fn after_hold(service: &Service, rules: &Rules) -> NaiveDate {
    service
        .hold
        .as_ref()
        .map_or(NaiveDate::MIN, |hold| rules.calendar.working_day_from(days_after(hold.until, 1)))
}

/// The day that the last accepted notice of this episode named, if one did.
#[must_use]
pub fn promised_suspension(facts: &Facts, case: &Case<'_>) -> Option<NaiveDate> {
    facts
        .fresh_dunning(case)
        .rev()
        .filter(|notice| notice.accepted_on().is_some())
        .find_map(|notice| notice.suspend_on)
}

/// The earliest day by which an accepted notice of this episode that named the consequence is old enough.
#[must_use]
pub fn told_long_enough_on(facts: &Facts, case: &Case<'_>, policy: &Policy) -> Option<NaiveDate> {
    facts
        .fresh_dunning(case)
        .filter(|notice| notice.suspend_on.is_some())
        .filter_map(Notice::accepted_on)
        .min()
        .map(|day| days_after(day, policy.min_notice_days))
}

/// The suspension date that a card of `today` names for a period that is asked for; `None` where
/// its kind is not suspended, the customer is exempt, or the service no longer runs.
#[must_use]
pub fn suspension_date(facts: &Facts, case: &Case<'_>, rules: &Rules, today: NaiveDate) -> Option<NaiveDate> {
    let policy = rules.policies.of(case.service);
    let after = policy.suspend_after_days?;
    case.charge?;
    if !facts.customer.enforcement || case.service.state != ServiceState::Active {
        return None;
    }
    let promised = promised_suspension(facts, case).unwrap_or_else(|| {
        let earliest = days_after(case.counted_from(), after);
        rules.calendar.working_day_from(earliest.max(days_after(today, policy.min_notice_days)))
    });
    let date = promised.max(after_hold(case.service, rules));
    if today <= date {
        return Some(date);
    }
    let told =
        told_long_enough_on(facts, case, policy).unwrap_or_else(|| days_after(today, policy.min_notice_days));
    Some(rules.calendar.working_day_from(told.max(days_after(today, 1))))
}

/// The day on which suspension may happen, as enforcement sees it: the day promised, moved by a hold.
#[must_use]
pub fn suspension_day_kept(facts: &Facts, case: &Case<'_>, rules: &Rules) -> Option<NaiveDate> {
    Some(promised_suspension(facts, case)?.max(after_hold(case.service, rules)))
}

/// The day on which a warning of a case is due: where nothing that counts names its suspension, and no stage of the
/// ladder is left that could. It is made once in an episode; what became of it a person sees.
#[must_use]
pub fn warning_due(facts: &Facts, case: &Case<'_>, rules: &Rules, today: NaiveDate) -> Option<NaiveDate> {
    let policy = rules.policies.of(case.service);
    let counts = facts
        .fresh_dunning(case)
        .next_back()
        .is_some_and(|latest| latest.accepted_on().is_none() || promised_suspension(facts, case).is_some());
    let warned = facts.fresh_dunning(case).any(|notice| notice.key.stage == Stage::Warning);
    if counts || warned {
        return None;
    }
    suspension_date(facts, case, rules, today)?;
    // the policy's own day, for the day that a card of today names moves with today, and with it over a weekend
    let day = suspension_day_of_policy(case, rules)?;
    let in_time = days_before(day, policy.min_notice_days);
    if case.stages(policy).iter().any(|(stage, _)| today < *stage && *stage <= in_time) {
        return None;
    }
    Some(days_before(day, WARNED_DAYS_BEFORE.max(policy.min_notice_days)))
}

/// The working day on which the policy suspends a service, after its hold, whatever was told.
fn suspension_day_of_policy(case: &Case<'_>, rules: &Rules) -> Option<NaiveDate> {
    let after = rules.policies.of(case.service).suspend_after_days?;
    let day = rules.calendar.working_day_from(days_after(case.counted_from(), after));
    Some(day.max(after_hold(case.service, rules)))
}

/// Where termination stands for a service that it threatens.
#[derive(Debug, Clone, Copy)]
pub struct Termination<'a> {
    /// What the service is terminated for.
    pub case: Case<'a>,
    /// The day from which the policy has it: so many days after the step before was done, or the debt came to be.
    pub earliest: NaiveDate,
    /// The day from which `final` is due.
    pub final_due: NaiveDate,
    /// The day it happens, at the earliest: by the policy, the hold, what was promised, and the time since `final`
    /// was accepted (or yet has to be).
    pub on: NaiveDate,
    /// The day the final notice was accepted.
    pub final_accepted_on: Option<NaiveDate>,
}

/// The termination of a service that is suspended for non-payment or cancelled, or that has expired
/// and is of a kind that is not suspended; `None` where nothing threatens its data.
#[must_use]
pub fn termination<'a>(
    facts: &'a Facts,
    service: &'a Service,
    rules: &Rules,
    today: NaiveDate,
) -> Option<Termination<'a>> {
    let policy = rules.policies.of(service);
    let after = policy.terminate_after_days?;
    let (case, from) = terminable(facts, service, policy, today)?;
    let earliest = days_after(from, after);
    let planned = rules.calendar.working_day_from(earliest).max(after_hold(service, rules));
    let planned = planned.max(promised_termination(facts, &case));
    let days = policy.final_notice_days_before;
    let accepted = facts.fresh_finals(&case).filter_map(Notice::accepted_on).min();
    let told = days_after(accepted.unwrap_or(today), days);
    Some(Termination {
        case,
        earliest,
        final_due: days_before(planned, days),
        on: rules.calendar.working_day_from(planned.max(told)),
        final_accepted_on: accepted,
    })
}

/// The latest day of termination that an accepted notice of this episode named: a shorter policy does not undo it.
fn promised_termination(facts: &Facts, case: &Case<'_>) -> NaiveDate {
    let accepted = facts.fresh_notices(case).filter(|notice| notice.accepted_on().is_some());
    accepted.filter_map(|notice| notice.terminate_on).max().unwrap_or(NaiveDate::MIN)
}

/// What a service would be terminated for, and the day that is counted from.
fn terminable<'a>(
    facts: &'a Facts,
    service: &'a Service,
    policy: &Policy,
    today: NaiveDate,
) -> Option<(Case<'a>, NaiveDate)> {
    match service.state {
        ServiceState::Suspended { on, reason, .. } => match reason {
            _ if facts.awaits_reinstatement(service) => None,
            SuspensionReason::Nonpayment | SuspensionReason::Cancelled => {
                Some((facts.present_case(service), on))
            }
            SuspensionReason::Manual | SuspensionReason::Abuse => None,
        },
        ServiceState::Active if policy.suspend_after_days.is_none() => {
            let debt = facts.debts(service).into_iter().next();
            let lapsed = || facts.lapses(service).then(|| facts.present_case(service));
            let case = debt.or_else(lapsed).filter(|case| case.from <= today)?;
            Some((case, case.counted_from()))
        }
        ServiceState::Active | ServiceState::Terminated { .. } | ServiceState::Ended { .. } => None,
    }
}

fn next_working_day(rules: &Rules, today: NaiveDate) -> NaiveDate {
    rules.calendar.working_day_from(days_after(today, 1))
}

/// The termination date a card names for a case: the real one where termination is under way, else
/// the one that would follow the suspension announced.
#[must_use]
pub fn termination_date(
    facts: &Facts,
    case: &Case<'_>,
    suspend_on: Option<NaiveDate>,
    rules: &Rules,
    today: NaiveDate,
) -> Option<NaiveDate> {
    let service = case.service;
    if !facts.customer.enforcement {
        return None;
    }
    if let Some(termination) = termination(facts, service, rules, today) {
        // a day that passed because something withheld it is no day to name
        let on = if today <= termination.on { termination.on } else { next_working_day(rules, today) };
        return (termination.case.from == case.from).then_some(on);
    }
    let policy = rules.policies.of(service);
    let after = policy.terminate_after_days?;
    if service.state != ServiceState::Active {
        return None;
    }
    let from = match (suspend_on, policy.suspend_after_days) {
        (Some(day), _) => day,
        (None, Some(_)) => return None,
        (None, None) => case.counted_from(),
    };
    let planned = rules.calendar.working_day_from(days_after(from, after));
    Some(planned.max(after_hold(service, rules)).max(promised_termination(facts, case)))
}
