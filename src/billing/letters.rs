//! Which notices are due for a customer today, and the one card that tells them.

use super::card::{
    Awaited, Bank, BillingCard, CardCustomer, CardEvent, CardLine, CardService, CardStatus, Company, Iris,
    PaymentInstructions, Urgency, VatSum,
};
use super::charge::{Charge, ChargeSource};
use super::coded::coded;
use super::deadlines::{Case, suspension_date, termination, termination_date, untold_stage, warning_due};
use super::facts::{Facts, Letter, STEPS_REMEMBERED_DAYS, StepDone};
use super::ids::{CardNumber, ServiceCode};
use super::money::Money;
use super::notice::{Class, Notice, NoticeFate, NoticeKey, Stage, Subject};
use super::period::{BillingPeriod, days_after, days_before};
use super::policy::{Mode, Rules};
use super::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use super::vat::{Amounts, VatTreatment};
use chrono::NaiveDate;

/// A charge that expires within so many days is «expiring»; one further off is «upcoming».
const EXPIRING_WITHIN_DAYS: u32 = 30;

/// Who issues the cards and how they are paid: the configuration's part of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The company.
    pub company: Company,
    /// Accounts to pay to.
    pub banks: Vec<Bank>,
    /// IRIS.
    pub iris: Option<Iris>,
    /// Card-payment page with `{reference}` in it.
    pub link: Option<String>,
    /// Whether cards carry an EPC069-12 QR code.
    pub epc_qr: bool,
    /// The sentence for reverse charge.
    pub reverse_charge: String,
    /// The sentence for exempt customers.
    pub exempt: String,
}

/// A card that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Only this service's notice; the card shows everything all the same.
    pub service: Option<ServiceCode>,
}

coded! {
    /// Why a service gets no notice.
    pub enum NotTold {
        /// Custom applications are notified by hand.
        CustomApp = "custom_app",
        /// Its record cannot be used.
        Data = "data",
        /// The customer cancelled, or its period was written off.
        Cancelled = "cancelled",
        /// The customer has no address.
        NoEmail = "no_email",
    }
}

/// A service that gets no notice, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The service.
    pub service: ServiceCode,
    /// The code of the reason.
    pub reason: NotTold,
    /// The reason in words.
    pub because: String,
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
        result.skipped.extend(services.into_iter().map(|service| Skipped {
            service: ServiceCode::new(service),
            reason: NotTold::NoEmail,
            because: "the customer has no e-mail address".to_owned(),
        }));
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
        .map(|(code, why)| Skipped { service: code.clone(), reason: NotTold::Data, because: why.clone() })
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
        let (reason, because) = if service.kind == ServiceKind::CustomApp {
            (NotTold::CustomApp, "custom applications are notified by hand".to_owned())
        } else if let Some(fault) = facts.fault(service, rules) {
            (NotTold::Data, fault.to_string())
        } else if !service.renews {
            (NotTold::Cancelled, format!("the customer cancelled; it lapses on {}", service.expires_on))
        } else if facts.is_written_off(service) {
            (NotTold::Cancelled, format!("its period was written off; it lapses on {}", service.expires_on))
        } else {
            continue;
        };
        skipped.push(Skipped { service: service.code.clone(), reason, because });
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

/// Paid, but a panel or registry has not done its part yet: it is told so, and not that it has.
fn awaits(facts: &Facts, service: &Service, key: &NoticeKey) -> Option<Awaited> {
    if key.stage != Stage::Renewed {
        return None;
    }
    match service.state {
        ServiceState::Suspended { reason: SuspensionReason::Nonpayment, expiry, .. }
            if Some(expiry) == key.period_from() =>
        {
            Some(Awaited::Reinstatement)
        }
        _ => facts
            .steps
            .iter()
            .any(|step| {
                step.awaits_hook
                    && Some(&step.service) == key.service()
                    && Some(step.period.from) == key.period_from()
            })
            .then_some(Awaited::Registry),
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

fn draw(facts: &Facts, rules: &Rules, issuer: &Issuer, today: NaiveDate, notices: &[Notice]) -> BillingCard {
    let lines = lines(facts, rules, today, notices);
    let totals: Amounts = lines.iter().map(|line| line.amounts).sum();
    let due: Money = lines.iter().map(|line| line.due).sum();
    let overdue: Money =
        lines.iter().filter(|line| line.urgency == Urgency::Overdue).map(|line| line.due).sum();
    let credit = facts.credit();
    // money that is kept for a service pays for no other
    let total_due = (due - facts.free_credit()).at_least_zero();
    let customer = &facts.customer;
    BillingCard {
        number: CardNumber::new(""),
        replaces: None,
        status: match rules.mode {
            Mode::Trial => CardStatus::Trial,
            Mode::Live => CardStatus::Issued,
        },
        issued_on: today,
        language: customer.language,
        company: issuer.company.clone(),
        customer: card_customer(facts),
        events: events(facts, notices, &lines),
        vat: vat_sums(&lines),
        totals,
        paid: lines.iter().map(|line| line.paid).sum(),
        credit,
        total_due,
        overdue: overdue.min(total_due),
        due_by: pay_by(&lines, today),
        settled: settled(facts, &lines),
        custom_apps: custom_apps(facts),
        payment: payment(facts, issuer, total_due),
        vat_notes: match customer.vat {
            VatTreatment::ReverseCharge => vec![issuer.reverse_charge.clone()],
            VatTreatment::Exempt => vec![issuer.exempt.clone()],
            VatTreatment::Standard | VatTreatment::Own(_) => Vec::new(),
        },
        lines,
    }
}

fn lines(facts: &Facts, rules: &Rules, today: NaiveDate, notices: &[Notice]) -> Vec<CardLine> {
    let mut lines: Vec<CardLine> =
        facts.open_charges().into_iter().map(|charge| line(facts, rules, today, notices, charge)).collect();
    lines.sort_by(|a, b| (a.urgency, a.expires_on, &a.service).cmp(&(b.urgency, b.expires_on, &b.service)));
    lines
}

fn line(facts: &Facts, rules: &Rules, today: NaiveDate, notices: &[Notice], charge: &Charge) -> CardLine {
    let service = charge.service.as_ref().and_then(|code| facts.service(code));
    let period = charge.period();
    let case = facts.case_of(charge);
    let told = |wanted: &dyn Fn(Class) -> bool| {
        let of_charge = |key: &NoticeKey| match (&key.subject, &case) {
            (Subject::Charge(id), _) => *id == charge.id,
            (Subject::Period { .. }, Some(case)) => key.is_of(&case.service.code, case.from),
            (Subject::Period { .. }, None) => false,
        };
        notices.iter().find(|notice| of_charge(&notice.key) && wanted(notice.key.stage.class()))
    };
    // a due reminder stands on the line; `final` beside it becomes an event of its own
    let news = told(&|class| !matches!(class, Class::Event | Class::Final))
        .or_else(|| told(&|class| class == Class::Final))
        .map(|notice| match notice.key.stage {
            // told again, it says the same
            Stage::After(_) if period.is_none() => Stage::Charged,
            stage => stage,
        });
    let suspend_on = case.and_then(|case| suspension_date(facts, &case, rules, today));
    CardLine {
        service: charge.service.clone(),
        kind: service.map(|service| service.kind),
        name: match charge.source {
            ChargeSource::Period(_) => service.map_or_else(|| charge.label.clone(), |s| s.name.clone()),
            ChargeSource::OneOff | ChargeSource::Adjustment => charge.label.clone(),
        },
        domain_name: service.and_then(|service| service.domain_name.clone()),
        source: charge.source,
        stage: news,
        expires_on: period.map(|period| period.from),
        amounts: charge.amounts,
        rate: charge.rate,
        paid: charge.paid,
        due: charge.due(),
        urgency: urgency(period, today),
        suspended: service.is_some_and(|service| {
            matches!(service.state, ServiceState::Suspended { reason: SuspensionReason::Nonpayment, .. })
        }),
        suspend_on,
        terminate_on: case.and_then(|case| termination_date(facts, &case, suspend_on, rules, today)),
        invoice: charge.invoice.clone(),
    }
}

fn urgency(period: Option<BillingPeriod>, today: NaiveDate) -> Urgency {
    match period {
        Some(period) if period.from < today => Urgency::Overdue,
        Some(period) if period.from > days_after(today, EXPIRING_WITHIN_DAYS) => Urgency::Upcoming,
        Some(_) | None => Urgency::Expiring,
    }
}

/// The earliest expiry to come; where all is overdue, the earliest consequence.
fn pay_by(lines: &[CardLine], today: NaiveDate) -> Option<NaiveDate> {
    let due = || lines.iter().filter(|line| line.due.is_positive());
    due().filter_map(|line| line.expires_on).filter(|day| *day >= today).min().or_else(|| {
        due().flat_map(|line| [line.suspend_on, line.terminate_on]).flatten().filter(|d| *d >= today).min()
    })
}

fn events(facts: &Facts, notices: &[Notice], lines: &[CardLine]) -> Vec<CardEvent> {
    let stands_on_line = |notice: &Notice| {
        lines.iter().any(|line| {
            line.stage == Some(notice.key.stage)
                && line.service.as_ref() == notice.key.service()
                && line.expires_on == notice.key.period_from()
        })
    };
    notices
        .iter()
        .filter(|notice| !stands_on_line(notice))
        .filter_map(|notice| {
            let service = facts.service(notice.key.service()?)?;
            Some(CardEvent {
                service: service.code.clone(),
                name: service.name.clone(),
                domain_name: service.domain_name.clone(),
                stage: notice.key.stage,
                expires_on: service.expires_on,
                period: BillingPeriod::anchored(
                    notice.key.period_from()?,
                    service.period_months,
                    service.anchor_day,
                ),
                terminate_on: notice.terminate_on,
                awaits: awaits(facts, service, &notice.key),
            })
        })
        .collect()
}

fn card_service(service: &Service) -> CardService {
    CardService {
        service: service.code.clone(),
        name: service.name.clone(),
        domain_name: service.domain_name.clone(),
        expires_on: service.expires_on,
    }
}

/// Running services that renew and of which no period is asked for, neither the next nor one that was renewed
/// with money that went back.
fn settled(facts: &Facts, lines: &[CardLine]) -> Vec<CardService> {
    let charged = |service: &Service| {
        lines.iter().any(|line| line.service.as_ref() == Some(&service.code) && line.expires_on.is_some())
    };
    let mut settled: Vec<CardService> = facts
        .services
        .iter()
        .filter(|s| s.state == ServiceState::Active && s.is_chargeable() && s.price.money().is_positive())
        .filter(|service| !charged(service))
        .map(card_service)
        .collect();
    settled.sort_by(|a, b| (a.expires_on, &a.service).cmp(&(b.expires_on, &b.service)));
    settled
}

fn custom_apps(facts: &Facts) -> Vec<CardService> {
    let mut apps: Vec<CardService> = facts
        .services
        .iter()
        .filter(|s| s.kind == ServiceKind::CustomApp && s.state == ServiceState::Active)
        .map(card_service)
        .collect();
    apps.sort_by(|a, b| a.service.cmp(&b.service));
    apps
}

fn vat_sums(lines: &[CardLine]) -> Vec<VatSum> {
    let mut rates: Vec<_> = lines.iter().map(|line| line.rate).collect();
    rates.sort_unstable_by(|a, b| b.cmp(a));
    rates.dedup();
    let sum = |rate| lines.iter().filter(|line| line.rate == rate).map(|line| line.amounts).sum();
    rates.into_iter().map(|rate| VatSum { rate, amounts: sum(rate) }).collect()
}

fn card_customer(facts: &Facts) -> CardCustomer {
    let customer = &facts.customer;
    let town = [customer.postcode.as_deref(), customer.city.as_deref()];
    let town = town.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let country = (customer.country != "GR").then_some(customer.country.as_str());
    let parts = [customer.address.as_deref(), Some(town.as_str()), country];
    let address = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    CardCustomer {
        code: customer.code.clone(),
        name: customer.name.clone(),
        tax_id: customer.tax_id.clone(),
        tax_office: customer.tax_office.clone(),
        profession: customer.profession.clone(),
        address: (!address.is_empty()).then_some(address),
    }
}

fn payment(facts: &Facts, issuer: &Issuer, total_due: Money) -> PaymentInstructions {
    let reference = facts.customer.reference.clone();
    let link = issuer.link.as_ref().map(|link| link.replace("{reference}", reference.as_str()));
    let epc_qr = issuer
        .banks
        .first()
        .filter(|_| issuer.epc_qr && total_due.is_positive())
        .map(|bank| epc_payload(bank, total_due, reference.as_str()));
    PaymentInstructions { reference, banks: issuer.banks.clone(), iris: issuer.iris.clone(), link, epc_qr }
}

/// The payload of an EPC069-12 QR code (version 002, UTF-8, SEPA credit transfer).
fn epc_payload(bank: &Bank, amount: Money, reference: &str) -> String {
    let name: String = bank.beneficiary.chars().take(70).collect();
    let cents = amount.cents();
    let (structured, free) =
        if super::reference::is_creditor_reference(reference) { (reference, "") } else { ("", reference) };
    let payload = format!(
        "BCD\n002\n1\nSCT\n{}\n{name}\n{}\nEUR{}.{:02}\n\n{structured}\n{free}",
        bank.bic.as_deref().unwrap_or(""),
        bank.iban,
        cents / 100,
        cents % 100
    );
    payload.trim_end_matches('\n').to_owned()
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
