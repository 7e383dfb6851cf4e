//! Which notices are due for a customer today, and the one card that tells them.

use super::asked::Fault;
use super::because::NotTold;
use super::card::BillingCard;
use super::charge::Charge;
use super::deadlines::{Case, suspension_date, termination, termination_date, untold_stage, warning_due};
use super::draw::draw;
use super::facts::{Facts, Letter, STEPS_REMEMBERED_DAYS, StepDone};
use super::gathering::is_gathered;
use super::ids::{CardNumber, ServiceCode};
use super::issuer::Issuer;
use super::notice::{Notice, NoticeFate, NoticeKey, Stage, Subject};
use super::period::{days_after, days_before};
use super::policy::Rules;
use super::service::{Service, ServiceKind, ServiceState};
use chrono::NaiveDate;

/// A card that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Only this service's notice; the card shows everything all the same.
    pub service: Option<ServiceCode>,
}

/// A service that gets no notice, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The service.
    pub service: ServiceCode,
    /// Why.
    pub because: NotTold,
}

/// What is decided for one customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Correspondence {
    /// The message to send, if any is due.
    pub letter: Option<Letter>,
    /// What is not told, and why.
    pub skipped: Vec<Skipped>,
}

/// Decides which notices are due today and draws up the card that tells them. Charges due by today
/// must exist already ([`super::charging::bring_up_to_date`]). The card's number is left empty where
/// the content is new ([`Facts::numbered`] fills it in).
#[must_use]
pub fn decide(
    facts: &Facts,
    rules: &Rules,
    issuer: &Issuer,
    today: NaiveDate,
    request: Option<&Request>,
) -> Correspondence {
    let mut result = Correspondence { letter: None, skipped: skipped(facts, rules, today) };
    let notices = match request {
        Some(request) => requested(facts, rules, today, request),
        None => due_notices(facts, rules, today),
    };
    if notices.is_empty() {
        return result;
    }
    if facts.customer.email.is_empty() {
        let mut services: Vec<String> = notices.iter().map(|notice| told_of(&notice.key)).collect();
        services.dedup();
        result.skipped.extend(
            services
                .into_iter()
                .map(|service| Skipped { service: ServiceCode::new(service), because: NotTold::NoEmail }),
        );
        return result;
    }
    let card = draw(facts, rules, issuer, today, &notices);
    let charges = facts.open_charges().iter().map(|charge| charge.id).collect();
    result.letter = Some(Letter { card, notices, charges });
    result
}

/// The card as it would be drawn today, without any news: what `render-card` shows.
#[must_use]
pub fn preview(facts: &Facts, rules: &Rules, issuer: &Issuer, today: NaiveDate) -> BillingCard {
    draw(facts, rules, issuer, today, &[])
}

/// What a notice speaks of, for people: a service's code, or `#` and the number of a charge.
#[must_use]
pub fn told_of(key: &NoticeKey) -> String {
    match &key.subject {
        Subject::Period { service, .. } => service.to_string(),
        Subject::Charge(charge) => format!("#{}", charge.0),
    }
}

fn skipped(facts: &Facts, rules: &Rules, today: NaiveDate) -> Vec<Skipped> {
    // a record that cannot be read is no service here, and is named all the same
    let unreadable = facts.faults.iter().filter(|(code, _)| facts.service(code).is_none());
    let mut skipped: Vec<Skipped> = unreadable
        .map(|(code, why)| Skipped {
            service: code.clone(),
            because: NotTold::Data(Fault::Unreadable(why.clone())),
        })
        .collect();
    for service in &facts.services {
        match service.state {
            ServiceState::Active | ServiceState::Suspended { .. } => {}
            ServiceState::Terminated { .. } | ServiceState::Ended { .. } => continue,
        }
        let horizon = rules.policies.of(service).horizon_days(service.period_months);
        if service.expires_on > days_after(today, horizon) {
            continue;
        }
        let lapses_on = service.expires_on;
        let because = if service.kind == ServiceKind::CustomApp {
            NotTold::CustomApp
        } else if let Some(fault) = facts.fault(service, rules) {
            NotTold::Data(fault)
        } else if !service.renews {
            NotTold::Cancelled { lapses_on }
        } else if facts.is_written_off(service) {
            NotTold::WrittenOff { lapses_on }
        } else {
            continue;
        };
        skipped.push(Skipped { service: service.code.clone(), because });
    }
    skipped
}

/// Every notice due today: events that were not told yet, the stage of each open charge, `final`, and what was
/// charged once.
fn due_notices(facts: &Facts, rules: &Rules, today: NaiveDate) -> Vec<Notice> {
    let mut notices: Vec<Notice> =
        untold_steps(facts).map(|step| event_notice(facts, rules, step, today)).collect();
    let mut services: Vec<&Service> = facts.services.iter().collect();
    services.sort_by(|a, b| (a.expires_on, &a.code).cmp(&(b.expires_on, &b.code)));
    for service in services {
        notices.extend(cancellation_notice(facts, service, today));
        for case in facts.debts(service) {
            notices.extend(stage_notice(facts, rules, &case, today));
        }
        notices.extend(final_notice(facts, rules, service, today));
    }
    let charged = charge_notices(facts, rules, today);
    // beside a period that is still reminded of, what was charged once is told with its next reminder
    if !notices.is_empty() || !is_reminded(facts, rules, today) {
        notices.extend(charged);
    }
    notices
}

/// The stage of the ladder that is due for a period, or the warning where there is none left. A suspended service is
/// only told that money went back.
fn stage_notice(facts: &Facts, rules: &Rules, case: &Case<'_>, today: NaiveDate) -> Option<Notice> {
    let active = match case.service.state {
        ServiceState::Active => true,
        ServiceState::Suspended { .. } => false,
        ServiceState::Terminated { .. } | ServiceState::Ended { .. } => return None,
    };
    let policy = rules.policies.of(case.service);
    let stage = untold_stage(facts, case, policy, today)
        .filter(|stage| active || *stage == Stage::Reopened)
        .filter(|stage| !is_gathered(facts, case, rules, *stage))
        .or_else(|| {
            let due = warning_due(facts, case, rules, today)?;
            (due <= today && facts.fault(case.service, rules).is_none()).then_some(Stage::Warning)
        })?;
    Some(dunning_notice(facts, rules, case, stage, today))
}

fn dunning_notice(facts: &Facts, rules: &Rules, case: &Case<'_>, stage: Stage, today: NaiveDate) -> Notice {
    let suspend_on = suspension_date(facts, case, rules, today);
    Notice {
        suspend_on,
        terminate_on: termination_date(facts, case, suspend_on, rules, today),
        ..Notice::new(NoticeKey::of(case.service, case.from, stage), today)
    }
}

fn final_notice(facts: &Facts, rules: &Rules, service: &Service, today: NaiveDate) -> Option<Notice> {
    let termination = termination(facts, service, rules, today)?;
    let due = today >= termination.final_due
        && facts.customer.enforcement
        && facts.fresh_finals(&termination.case).next().is_none()
        && facts.fault(service, rules).is_none()
        && service.kind != ServiceKind::CustomApp;
    due.then(|| Notice {
        terminate_on: Some(termination.on),
        ..Notice::new(NoticeKey::of(service, termination.case.from, Stage::Final), today)
    })
}

/// A cancellation that staff recorded is confirmed once.
fn cancellation_notice(facts: &Facts, service: &Service, today: NaiveDate) -> Option<Notice> {
    let recorded_on = service.cancelled_on.filter(|day| *day >= days_before(today, STEPS_REMEMBERED_DAYS))?;
    let exists = matches!(service.state, ServiceState::Active | ServiceState::Suspended { .. });
    let key = NoticeKey::of(service, service.expires_on, Stage::Cancelled);
    // a clock that went back may have told it on a day before it was recorded
    let confirmed = facts.notices.iter().any(|notice| {
        notice.key.service() == Some(&service.code)
            && notice.key.stage == Stage::Cancelled
            && (notice.made_on >= recorded_on || notice.key == key)
    });
    let due = exists && !service.renews && !confirmed && service.kind != ServiceKind::CustomApp;
    due.then(|| Notice::new(key, today))
}

/// What was charged once and is not paid is told at once, and again on the default policy's days after.
fn charge_notices(facts: &Facts, rules: &Rules, today: NaiveDate) -> Vec<Notice> {
    let untold = |charge: &Charge| {
        let from = charge.reopened_on.unwrap_or(charge.created_on);
        let day_of = |stage: Stage| match stage {
            Stage::Charged => Some(from),
            Stage::After(days) => Some(days_after(from, days)),
            _ => None,
        };
        let after = rules.policies.default.notice_days_after.iter().map(|days| Stage::After(*days));
        let stages = std::iter::once(Stage::Charged).chain(after);
        let stage =
            stages.filter(|s| day_of(*s).is_some_and(|day| day <= today)).max_by_key(|s| day_of(*s))?;
        let subject = Subject::Charge(charge.id);
        let told = facts
            .notices
            .iter()
            .any(|notice| notice.key.subject == subject && day_of(notice.key.stage) >= day_of(stage));
        (!told).then(|| Notice::new(NoticeKey::of_charge(charge.id, stage), today))
    };
    facts.open_charges().into_iter().filter(|c| c.period().is_none()).filter_map(untold).collect()
}

/// Whether some period of the customer's is asked for and has a reminder to come.
fn is_reminded(facts: &Facts, rules: &Rules, today: NaiveDate) -> bool {
    facts.services.iter().filter(|service| service.state == ServiceState::Active).any(|service| {
        let policy = rules.policies.of(service);
        facts.debts(service).iter().any(|case| case.stages(policy).iter().any(|(day, _)| *day > today))
    })
}

/// Services whose next step waits for a notice that did not arrive, with what became of it: nothing comes of them
/// before somebody mends the address, or tells the customer.
#[must_use]
pub fn unheard(facts: &Facts) -> Vec<(ServiceCode, NoticeFate)> {
    let latest = |service: &Service| {
        let active = service.state == ServiceState::Active;
        let debts = if active { facts.debts(service) } else { Vec::new() };
        let dunned = debts.iter().find_map(|case| facts.fresh_dunning(case).next_back());
        let case = facts.present_case(service);
        let told = facts.fresh_finals(&case).any(|notice| notice.accepted_on().is_some());
        let fate = facts.fresh_finals(&case).next_back().filter(|_| !told).or(dunned)?.fate;
        let silent = matches!(fate, NoticeFate::Failed | NoticeFate::Bounced | NoticeFate::Uncertain);
        silent.then(|| (service.code.clone(), fate))
    };
    if !facts.customer.enforcement {
        return Vec::new();
    }
    let running = |s: &&Service| matches!(s.state, ServiceState::Active | ServiceState::Suspended { .. });
    facts.services.iter().filter(running).filter_map(latest).collect()
}

/// What it is that a person told a customer, who named the day `date`: the suspension of what is asked for, or the
/// termination. It counts from `today` as an accepted notice does.
///
/// # Errors
/// In words, where nothing threatens the service.
pub fn told_by_a_person(
    facts: &Facts,
    rules: &Rules,
    code: &ServiceCode,
    date: NaiveDate,
    today: NaiveDate,
) -> Result<Notice, &'static str> {
    let service = facts.service(code).ok_or("its record cannot be used; see `check`")?;
    if !facts.customer.enforcement {
        return Err("the customer is exempt; nothing is done");
    }
    let told = |key| Notice { fate: NoticeFate::Accepted(today), ..Notice::new(key, today) };
    if let Some(termination) = termination(facts, service, rules, today) {
        let key = NoticeKey::of(service, termination.case.from, Stage::Final);
        return Ok(Notice { terminate_on: Some(date), ..told(key) });
    }
    let debts = facts.debts(service);
    let case = debts.iter().find(|case| suspension_date(facts, case, rules, today).is_some());
    let case = case.ok_or("nothing that is asked for leads to a suspension or deletion")?;
    let terminate_on = termination_date(facts, case, Some(date), rules, today);
    let key = NoticeKey::of(service, case.from, Stage::Warning);
    Ok(Notice { suspend_on: Some(date), terminate_on, ..told(key) })
}

/// Steps whose notice was not made and that are still true.
fn untold_steps(facts: &Facts) -> impl Iterator<Item = &StepDone> {
    facts.steps.iter().filter(move |step| {
        let told = facts.notices.iter().any(|notice| {
            notice.key.is_of(&step.service, step.period.from)
                && notice.key.stage == step.action.stage()
                && notice.key.episode == step.episode
        });
        !told && is_news(facts, step)
    })
}

fn is_news(facts: &Facts, step: &StepDone) -> bool {
    let Some(service) = facts.service(&step.service) else { return false };
    let charge = facts.charges.iter().find(|charge| {
        charge.service.as_ref() == Some(&step.service)
            && charge.period().is_some_and(|period| period.from == step.period.from)
    });
    let unpaid = charge.is_some_and(|charge| charge.settled_on.is_none());
    match step.action.stage() {
        Stage::Suspended => {
            matches!(service.state, ServiceState::Suspended { expiry, .. } if expiry == step.period.from)
        }
        Stage::Terminated => matches!(service.state, ServiceState::Terminated { .. }),
        // nobody is thanked for money that went back; who is switched on again unpaid, by a person, hears of it
        // where they had heard that it was switched off
        Stage::Reinstated => {
            let thanked = charge.is_some_and(|charge| charge.reopened_on.is_some());
            let told_off = facts.notices.iter().any(|notice| {
                notice.key.is_of(&step.service, step.period.from)
                    && notice.key.stage == Stage::Suspended
                    && notice.accepted_on().is_some()
            });
            service.state == ServiceState::Active && (!unpaid || !thanked && told_off)
        }
        Stage::Renewed => {
            let reinstated = facts.steps.iter().any(|other| {
                other.service == step.service
                    && other.action.stage() == Stage::Reinstated
                    && other.period.from == step.period.from
                    && other.episode > step.episode
            });
            !reinstated && !unpaid
        }
        _ => false,
    }
}

fn event_notice(facts: &Facts, rules: &Rules, step: &StepDone, today: NaiveDate) -> Notice {
    let stage = step.action.stage();
    let subject = Subject::Period { service: step.service.clone(), from: step.period.from };
    let terminate_on = facts
        .service(&step.service)
        .filter(|_| stage == Stage::Suspended)
        .and_then(|service| termination_date(facts, &facts.present_case(service), None, rules, today));
    let key = NoticeKey { subject, stage, episode: step.episode };
    Notice { terminate_on, ..Notice::new(key, today) }
}

/// A card asked for on purpose tells of every open charge, or of one service.
fn requested(facts: &Facts, rules: &Rules, today: NaiveDate, request: &Request) -> Vec<Notice> {
    let wanted = |code: Option<&ServiceCode>| request.service.is_none() || request.service.as_ref() == code;
    let periods = facts
        .services
        .iter()
        .filter(|service| wanted(Some(&service.code)))
        .flat_map(|service| facts.debts(service))
        .map(|case| dunning_notice(facts, rules, &case, Stage::OnRequest, today));
    let once = facts
        .open_charges()
        .into_iter()
        .filter(|charge| charge.period().is_none() && wanted(charge.service.as_ref()))
        .map(|charge| Notice::new(NoticeKey::of_charge(charge.id, Stage::OnRequest), today));
    periods.chain(once).collect()
}

impl Facts {
    /// Gives a letter's card its number: the last card's while the content stays, else `next`.
    pub fn numbered(&self, card: &mut BillingCard, next: CardNumber) -> bool {
        match &self.last_card {
            Some(last) if last.fingerprint == card.fingerprint() => {
                card.number = last.number.clone();
                card.issued_on = last.issued_on;
                false
            }
            last => {
                card.number = next;
                card.replaces = last.as_ref().map(|last| last.number.clone());
                true
            }
        }
    }
}
