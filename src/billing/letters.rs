//! Which notices are due for a customer today, and the one card that tells them.

use super::card::{
    Bank, BillingCard, CardCustomer, CardEvent, CardLine, CardService, CardStatus, Company, Iris,
    PaymentInstructions, Urgency, VatSum,
};
use super::charge::{Charge, ChargeSource};
use super::deadlines::{suspension_date, termination, termination_date};
use super::facts::{Facts, Letter, StepDone};
use super::ids::{CardNumber, ServiceCode};
use super::money::Money;
use super::notice::{Notice, NoticeFate, NoticeKey, Stage};
use super::period::{BillingPeriod, days_after};
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

/// A service that gets no notice, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The service.
    pub service: ServiceCode,
    /// `custom_app`, `data`, `cancelled` or `no_email`.
    pub reason: &'static str,
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
        let mut services: Vec<ServiceCode> = notices.into_iter().map(|notice| notice.key.service).collect();
        services.dedup();
        result.skipped.extend(services.into_iter().map(|service| Skipped {
            service,
            reason: "no_email",
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

fn skipped(facts: &Facts, rules: &Rules, today: NaiveDate) -> Vec<Skipped> {
    let mut skipped = Vec::new();
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
            ("custom_app", "custom applications are notified by hand".to_owned())
        } else if let Some(fault) = facts.fault(service, rules) {
            ("data", fault.to_string())
        } else if !service.renews {
            ("cancelled", format!("the customer cancelled; it lapses on {}", service.expires_on))
        } else {
            continue;
        };
        skipped.push(Skipped { service: service.code.clone(), reason, because });
    }
    skipped
}

/// Every notice due today: events that were not told yet, the stage of each open charge, `final`.
fn due_notices(facts: &Facts, rules: &Rules, today: NaiveDate) -> Vec<Notice> {
    let mut notices: Vec<Notice> =
        untold_steps(facts, rules).map(|step| event_notice(facts, rules, step, today)).collect();
    let mut services: Vec<&Service> = facts.services.iter().collect();
    services.sort_by(|a, b| (a.expires_on, &a.code).cmp(&(b.expires_on, &b.code)));
    for service in services {
        notices.extend(stage_notice(facts, rules, service, today));
        notices.extend(final_notice(facts, rules, service, today));
    }
    notices
}

fn stage_notice(facts: &Facts, rules: &Rules, service: &Service, today: NaiveDate) -> Option<Notice> {
    let charge = facts.open_period_charge(service)?;
    if service.state != ServiceState::Active {
        return None;
    }
    let policy = rules.policies.of(service);
    let stage = policy.stage_on(service.expires_on, service.period_months, today)?;
    // a stage that was told, or a later one, is not told again
    let told = facts.dunning_notices(service).any(|notice| match notice.key.stage {
        Stage::OnRequest => false,
        earlier => earlier >= stage_floor(stage) && is_at_or_after(earlier, stage),
    });
    (!told).then(|| dunning_notice(facts, rules, service, charge, stage, today))
}

/// The least stage that can stand for `stage`; `Before` runs backwards, so it has no floor of its own.
const fn stage_floor(stage: Stage) -> Stage {
    match stage {
        Stage::Before(_) => Stage::Before(0),
        other => other,
    }
}

/// Whether stage `a` comes on the same day as `b` or later on the ladder.
const fn is_at_or_after(a: Stage, b: Stage) -> bool {
    match (a, b) {
        (Stage::Before(a), Stage::Before(b)) => a <= b,
        (Stage::After(a), Stage::After(b)) => a >= b,
        _ => true,
    }
}

fn dunning_notice(
    facts: &Facts,
    rules: &Rules,
    service: &Service,
    charge: &Charge,
    stage: Stage,
    today: NaiveDate,
) -> Notice {
    let suspend_on = suspension_date(facts, service, charge, rules, today);
    Notice {
        key: NoticeKey { service: service.code.clone(), period_from: service.expires_on, stage },
        made_on: today,
        fate: NoticeFate::Queued,
        suspend_on,
        terminate_on: termination_date(facts, service, suspend_on, rules, today),
    }
}

fn final_notice(facts: &Facts, rules: &Rules, service: &Service, today: NaiveDate) -> Option<Notice> {
    let termination = termination(facts, service, rules, today)?;
    let due = today >= termination.final_due
        && facts.customer.enforcement
        && facts.notice(service, Stage::Final).is_none()
        && facts.fault(service, rules).is_none()
        && service.kind != ServiceKind::CustomApp;
    due.then(|| Notice {
        key: NoticeKey {
            service: service.code.clone(),
            period_from: service.expires_on,
            stage: Stage::Final,
        },
        made_on: today,
        fate: NoticeFate::Queued,
        suspend_on: None,
        terminate_on: Some(termination.on),
    })
}

/// Steps whose notice was not made and that are still true.
fn untold_steps<'a>(facts: &'a Facts, rules: &'a Rules) -> impl Iterator<Item = &'a StepDone> {
    facts.steps.iter().filter(move |step| {
        let told = facts.notices.iter().any(|notice| {
            notice.key.service == step.service
                && notice.key.period_from == step.period.from
                && notice.key.stage == step.action.stage()
        });
        !told && is_news(facts, rules, step)
    })
}

fn is_news(facts: &Facts, rules: &Rules, step: &StepDone) -> bool {
    let Some(service) = facts.service(&step.service) else { return false };
    match step.action.stage() {
        Stage::Suspended => {
            matches!(service.state, ServiceState::Suspended { expiry, .. } if expiry == step.period.from)
        }
        Stage::Terminated => matches!(service.state, ServiceState::Terminated { .. }),
        Stage::Reinstated => service.state == ServiceState::Active,
        Stage::Renewed => {
            let reinstated = facts.steps.iter().any(|other| {
                other.service == step.service
                    && other.action.stage() == Stage::Reinstated
                    && other.period.from == step.period.from
            });
            let unpaid = facts.charges.iter().any(|charge| {
                charge.service.as_ref() == Some(&step.service)
                    && charge.settled_on.is_none()
                    && charge.period().is_some_and(|period| period.from == step.period.from)
            });
            !reinstated && !unpaid && (rules.mode == Mode::Trial || !awaits_reinstatement(service, step))
        }
        Stage::Before(_) | Stage::Expiry | Stage::After(_) | Stage::Final | Stage::OnRequest => false,
    }
}

/// Paid, but the panel has not switched it on yet: one notice will say so when it has.
fn awaits_reinstatement(service: &Service, step: &StepDone) -> bool {
    matches!(
        service.state,
        ServiceState::Suspended { reason: SuspensionReason::Nonpayment, expiry, .. } if expiry == step.period.from
    )
}

fn event_notice(facts: &Facts, rules: &Rules, step: &StepDone, today: NaiveDate) -> Notice {
    let stage = step.action.stage();
    let terminate_on = facts
        .service(&step.service)
        .filter(|_| stage == Stage::Suspended)
        .and_then(|service| termination_date(facts, service, None, rules, today));
    Notice {
        key: NoticeKey { service: step.service.clone(), period_from: step.period.from, stage },
        made_on: today,
        fate: NoticeFate::Queued,
        suspend_on: None,
        terminate_on,
    }
}

/// A card asked for on purpose tells of every open charge, or of one service.
fn requested(facts: &Facts, rules: &Rules, today: NaiveDate, request: &Request) -> Vec<Notice> {
    let wanted = |service: &&Service| request.service.as_ref().is_none_or(|code| *code == service.code);
    facts
        .services
        .iter()
        .filter(wanted)
        .flat_map(|service| {
            let of_service = |charge: &&Charge| charge.service.as_ref() == Some(&service.code);
            facts.open_charges().into_iter().filter(of_service).filter_map(move |charge| {
                let period = charge.period()?;
                if period.from == service.expires_on {
                    return Some(dunning_notice(facts, rules, service, charge, Stage::OnRequest, today));
                }
                let key = NoticeKey {
                    service: service.code.clone(),
                    period_from: period.from,
                    stage: Stage::OnRequest,
                };
                let fate = NoticeFate::Queued;
                Some(Notice { key, made_on: today, fate, suspend_on: None, terminate_on: None })
            })
        })
        .collect()
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
    let told = |stage: &dyn Fn(Stage) -> bool| {
        let service = service?;
        let period = period?;
        notices
            .iter()
            .find(|n| n.key.service == service.code && n.key.period_from == period.from && stage(n.key.stage))
    };
    // a due reminder stands on the line; `final` beside it becomes an event of its own
    let news =
        told(&|stage| !stage.is_event() && stage != Stage::Final).or_else(|| told(&|s| s == Stage::Final));
    // a period that was renewed with money that went back is owed, and threatens nothing
    let dunned = service.filter(|s| period.is_some_and(|period| period.from == s.expires_on));
    let suspend_on = dunned.and_then(|service| suspension_date(facts, service, charge, rules, today));
    CardLine {
        service: charge.service.clone(),
        kind: service.map(|service| service.kind),
        name: match charge.source {
            ChargeSource::Period(_) => service.map_or_else(|| charge.label.clone(), |s| s.name.clone()),
            ChargeSource::OneOff | ChargeSource::Adjustment => charge.label.clone(),
        },
        domain_name: service.and_then(|service| service.domain_name.clone()),
        source: charge.source,
        stage: news.map(|notice| notice.key.stage),
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
        terminate_on: dunned.and_then(|service| termination_date(facts, service, suspend_on, rules, today)),
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
                && line.service.as_ref() == Some(&notice.key.service)
                && line.expires_on == Some(notice.key.period_from)
        })
    };
    notices
        .iter()
        .filter(|notice| !stands_on_line(notice))
        .filter_map(|notice| {
            let service = facts.service(&notice.key.service)?;
            Some(CardEvent {
                service: service.code.clone(),
                name: service.name.clone(),
                domain_name: service.domain_name.clone(),
                stage: notice.key.stage,
                expires_on: service.expires_on,
                period: BillingPeriod::anchored(
                    notice.key.period_from,
                    service.period_months,
                    service.anchor_day,
                ),
                terminate_on: notice.terminate_on,
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
