//! From what a customer is told to the content of the card that tells it.

use super::card::{
    Awaited, BillingCard, CardCustomer, CardEvent, CardLine, CardService, CardStatus, Receipt, Urgency,
    VatSum,
};
use super::charge::{Charge, ChargeSource, Received};
use super::deadlines::{Case, suspension_date, termination_date};
use super::facts::{Facts, PaidBy};
use super::ids::CardNumber;
use super::issuer::{Issuer, OURS, company, payment, with_country};
use super::money::Money;
use super::notice::{Class, Notice, NoticeKey, Stage, Subject};
use super::pay_by::{Banks, later, pay_by};
use super::period::{BillingPeriod, days_after};
use super::policy::{Mode, Rules};
use super::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use super::vat::{Amounts, Price, VatRate, VatTreatment};
use chrono::NaiveDate;

/// A charge that expires within so many days is «expiring»; one further off is «upcoming».
const EXPIRING_WITHIN_DAYS: u32 = 30;

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

pub(super) fn draw(
    facts: &Facts,
    rules: &Rules,
    issuer: &Issuer,
    today: NaiveDate,
    notices: &[Notice],
) -> BillingCard {
    let mut lines = lines(facts, rules, today, notices);
    let totals: Amounts = lines.iter().map(|line| line.amounts).sum();
    let due: Money = lines.iter().map(|line| line.due).sum();
    let overdue: Money =
        lines.iter().filter(|line| line.urgency == Urgency::Overdue).map(|line| line.due).sum();
    let credit = facts.credit();
    // money that is kept for a service pays for no other
    let total_due = (due - facts.free_credit()).at_least_zero();
    let banks = Banks { calendar: &rules.calendar, arrives_days: issuer.arrives_days };
    let due_by = pay_by(lines.iter(), banks, today).filter(|_| total_due.is_positive());
    let later = later(&mut lines, due_by, total_due, banks, today);
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
        company: company(issuer, customer),
        customer: card_customer(facts),
        events: events(facts, notices, &lines),
        vat: vat_sums(&lines),
        totals,
        paid: lines.iter().map(|line| line.paid).sum(),
        credit,
        total_due,
        overdue: overdue.min(total_due),
        due_by,
        later,
        receipts: receipts(facts, notices),
        settled: settled(facts, &lines),
        custom_apps: custom_apps(facts),
        payment: payment(facts, issuer, total_due),
        vat_notes: vat_notes(customer.vat, issuer, &lines),
        lines,
    }
}

pub(super) fn lines(facts: &Facts, rules: &Rules, today: NaiveDate, notices: &[Notice]) -> Vec<CardLine> {
    let open = facts.open_charges().into_iter();
    let mut lines: Vec<(CardLine, &Charge)> =
        open.map(|charge| (line(facts, rules, today, notices, charge), charge)).collect();
    lines.sort_by(|(a, _), (b, _)| {
        (a.urgency, a.expires_on, &a.service).cmp(&(b.urgency, b.expires_on, &b.service))
    });
    let with_reductions = |(line, charge): (CardLine, &Charge)| {
        let reductions: Vec<CardLine> = reductions(facts, charge, &line).collect();
        std::iter::once(line).chain(reductions)
    };
    lines.into_iter().flat_map(with_reductions).collect()
}

/// What was taken off a charge: a line each, with its reason, which lowers net, VAT and gross alike.
fn reductions<'a>(
    facts: &'a Facts,
    charge: &'a Charge,
    line: &'a CardLine,
) -> impl Iterator<Item = CardLine> + 'a {
    facts.allocations.iter().filter(|allocation| allocation.charge == charge.id).filter_map(|allocation| {
        let PaidBy::Adjustment(id) = allocation.by else { return None };
        let label = facts.charges.iter().find(|known| known.id == id).map(|known| known.label.clone());
        let amounts = Price::Gross(-allocation.amount).at(charge.rate);
        Some(CardLine {
            name: label.unwrap_or_default(),
            source: ChargeSource::Adjustment,
            stage: None,
            expires_on: None,
            amounts,
            paid: Money::ZERO,
            due: amounts.gross,
            taken_off: Money::ZERO,
            suspended: false,
            suspend_on: None,
            terminate_on: None,
            released_on: None,
            invoice: None,
            ..line.clone()
        })
    })
}

/// The payments that settled what is told now to be renewed, or switched on again; each once.
fn receipts(facts: &Facts, notices: &[Notice]) -> Vec<Receipt> {
    let tells = |received: &&Received| {
        notices.iter().any(|notice| {
            matches!(notice.key.stage, Stage::Renewed | Stage::Reinstated)
                && notice.key.is_of(&received.service, received.from)
        })
    };
    let mut told: Vec<&Received> = facts.received.iter().filter(tells).collect();
    told.sort_by_key(|received| (received.on, received.payment));
    told.dedup_by_key(|received| received.payment);
    told.into_iter().map(|received| Receipt { on: received.on, amount: received.amount }).collect()
}

/// The sentences that the law wants on a card without VAT, where something on it has none.
fn vat_notes(treatment: VatTreatment, issuer: &Issuer, lines: &[CardLine]) -> Vec<String> {
    if lines.iter().all(|line| line.rate != VatRate::ZERO) {
        return Vec::new();
    }
    match treatment {
        VatTreatment::ReverseCharge => vec![issuer.reverse_charge.clone()],
        VatTreatment::Exempt | VatTreatment::Standard | VatTreatment::Own(_) => vec![issuer.exempt.clone()],
    }
}

pub(super) fn line(
    facts: &Facts,
    rules: &Rules,
    today: NaiveDate,
    notices: &[Notice],
    charge: &Charge,
) -> CardLine {
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
    let taken_off = facts.taken_off(charge.id);
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
        paid: charge.paid - taken_off,
        due: charge.due() + taken_off,
        taken_off,
        later: false,
        urgency: urgency(period, today),
        suspended: service.is_some_and(|service| {
            matches!(service.state, ServiceState::Suspended { reason: SuspensionReason::Nonpayment, .. })
        }),
        suspend_on,
        terminate_on: case.and_then(|case| termination_date(facts, &case, suspend_on, rules, today)),
        released_on: case.and_then(|case| released_on(&case, rules)).filter(|day| *day >= today),
        invoice: charge.invoice.clone(),
    }
}

/// The first day on which anybody may register an unpaid domain name.
fn released_on(case: &Case<'_>, rules: &Rules) -> Option<NaiveDate> {
    let service = case.service;
    // a period that it was renewed for is none that its registry knows as unpaid
    let is_present = service.kind == ServiceKind::Domain && case.from == service.expires_on;
    let days = rules.policies.of(service).quarantine_days.filter(|_| is_present)?;
    Some(days_after(service.expires_on, days + 1))
}

pub(super) fn urgency(period: Option<BillingPeriod>, today: NaiveDate) -> Urgency {
    match period {
        Some(period) if period.from < today => Urgency::Overdue,
        Some(period) if period.from > days_after(today, EXPIRING_WITHIN_DAYS) => Urgency::Upcoming,
        Some(_) | None => Urgency::Expiring,
    }
}

pub(super) fn events(facts: &Facts, notices: &[Notice], lines: &[CardLine]) -> Vec<CardEvent> {
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
                kind: service.kind,
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

pub(super) fn card_service(service: &Service) -> CardService {
    CardService {
        service: service.code.clone(),
        name: service.name.clone(),
        domain_name: service.domain_name.clone(),
        expires_on: service.expires_on,
    }
}

/// Running services that renew and of which no period is asked for, neither the next nor one that was renewed
/// with money that went back.
pub(super) fn settled(facts: &Facts, lines: &[CardLine]) -> Vec<CardService> {
    let charged = |service: &Service| {
        lines.iter().any(|line| line.service.as_ref() == Some(&service.code) && line.expires_on.is_some())
    };
    let mut settled: Vec<CardService> = facts
        .services
        .iter()
        .filter(|s| {
            s.state == ServiceState::Active
                && s.is_chargeable()
                && s.price_of(s.expires_on).money().is_positive()
        })
        .filter(|service| !charged(service))
        .map(card_service)
        .collect();
    settled.sort_by(|a, b| (a.expires_on, &a.service).cmp(&(b.expires_on, &b.service)));
    settled
}

pub(super) fn custom_apps(facts: &Facts) -> Vec<CardService> {
    let mut apps: Vec<CardService> = facts
        .services
        .iter()
        .filter(|s| s.kind == ServiceKind::CustomApp && s.state == ServiceState::Active)
        .map(card_service)
        .collect();
    apps.sort_by(|a, b| a.service.cmp(&b.service));
    apps
}

pub(super) fn vat_sums(lines: &[CardLine]) -> Vec<VatSum> {
    let mut rates: Vec<_> = lines.iter().map(|line| line.rate).collect();
    rates.sort_unstable_by(|a, b| b.cmp(a));
    rates.dedup();
    let sum = |rate| lines.iter().filter(|line| line.rate == rate).map(|line| line.amounts).sum();
    rates.into_iter().map(|rate| VatSum { rate, amounts: sum(rate) }).collect()
}

pub(super) fn card_customer(facts: &Facts) -> CardCustomer {
    let customer = &facts.customer;
    let town = [customer.postcode.as_deref(), customer.city.as_deref()];
    let town = town.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let parts = [customer.address.as_deref(), Some(town.as_str())];
    let address = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    CardCustomer {
        code: customer.code.clone(),
        name: customer.name.clone(),
        tax_id: customer.tax_id.as_ref().map(|id| match customer.vat {
            VatTreatment::ReverseCharge => with_country(id, &customer.country),
            _ => id.clone(),
        }),
        tax_office: customer.tax_office.clone(),
        profession: customer.profession.clone(),
        address: (!address.is_empty()).then_some(address),
        country: (customer.country != OURS).then(|| customer.country.clone()),
    }
}
