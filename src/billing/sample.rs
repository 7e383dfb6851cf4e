//! A card of each stage for somebody who does not exist: what `check --send-to` sends, drawn as every card is.

use super::action::Action;
use super::card::{BillingCard, CardStatus};
use super::charging::{bring_up_to_date, charge_once};
use super::customer::{Customer, Language, PaymentReference};
use super::draw::draw;
use super::episode::Episode;
use super::facts::{Facts, StepDone};
use super::ids::{CustomerCode, ServiceCode};
use super::issuer::Issuer;
use super::money::Money;
use super::notice::{Notice, NoticeKey, Stage};
use super::period::{BillingPeriod, days_after, days_before};
use super::policy::Rules;
use super::reference::creditor_reference;
use super::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use super::vat::{Price, VatTreatment};
use chrono::{Datelike, NaiveDate};

/// What it is called where nobody is.
const NAME: &str = "Δείγμα – Sample";

/// Days since the expiry of what is overdue, suspended, and about to be deleted.
const OVERDUE: u32 = 3;
const SUSPENDED: u32 = 8;
const FINAL: u32 = 31;

/// The card that tells `stage` today, with its status of a preview.
#[must_use]
pub fn card(
    stage: Stage,
    rules: &Rules,
    issuer: &Issuer,
    language: Language,
    today: NaiveDate,
) -> BillingCard {
    let service = service(stage, rules, today);
    let period = BillingPeriod::anchored(service.expires_on, service.period_months, service.anchor_day);
    let mut facts = Facts::new(customer(language), vec![service.clone()]);
    let mut key = NoticeKey::of(&service, period.from, stage);
    match stage {
        Stage::Charged => {
            let price = Price::Net(Money::from_cents(3_000));
            charge_once(&mut facts, rules, None, NAME.to_owned(), price, today);
            key = facts.charges.first().map_or(key, |charge| NoticeKey::of_charge(charge.id, stage));
        }
        Stage::Renewed | Stage::Reinstated => {
            // the period that was paid, and that the service has now behind it
            let from = days_before(today, 1);
            let paid = BillingPeriod { from, to: service.expires_on };
            let action = if stage == Stage::Renewed { Action::Renew } else { Action::Reinstate };
            facts.steps.push(step(&service, action, paid, today));
            key = NoticeKey::of(&service, from, stage);
        }
        Stage::Suspended => facts.steps.push(step(&service, Action::Suspend, period, today)),
        Stage::Terminated => facts.steps.push(step(&service, Action::Terminate, period, today)),
        _ => {}
    }
    bring_up_to_date(&mut facts, rules, today, Some(service.expires_on));
    let mut card = draw(&facts, rules, issuer, today, &[Notice::new(key, today)]);
    card.status = CardStatus::Preview;
    card
}

fn step(service: &Service, action: Action, period: BillingPeriod, on: NaiveDate) -> StepDone {
    let (service, episode) = (service.code.clone(), service.episode);
    StepDone { service, action, period, on, episode, awaits_hook: false }
}

fn customer(language: Language) -> Customer {
    let body = "SAMPLE000001";
    Customer {
        code: CustomerCode::new("SAMPLE"),
        name: NAME.to_owned(),
        email: Vec::new(),
        cc: Vec::new(),
        tax_id: None,
        tax_office: None,
        profession: None,
        address: None,
        postcode: None,
        city: None,
        country: "GR".to_owned(),
        phone: None,
        language,
        vat: VatTreatment::Standard,
        reference: PaymentReference::Own(creditor_reference(body).unwrap_or_else(|| body.to_owned())),
        enforcement: true,
    }
}

fn service(stage: Stage, rules: &Rules, today: NaiveDate) -> Service {
    let expires_on = match stage {
        Stage::Before(days) => days_after(today, days),
        Stage::After(days) => days_before(today, days),
        Stage::Expiry | Stage::Cancelled => today,
        Stage::Warning | Stage::Reopened => days_before(today, OVERDUE),
        Stage::Suspended => days_before(today, SUSPENDED),
        Stage::Final | Stage::Terminated => days_before(today, FINAL),
        Stage::Renewed | Stage::Reinstated => {
            BillingPeriod::anchored(days_before(today, 1), 12, today.day()).to
        }
        Stage::Charged | Stage::OnRequest => days_after(today, 20),
    };
    let suspended =
        ServiceState::Suspended { on: today, reason: SuspensionReason::Nonpayment, expiry: expires_on };
    let mut service = Service {
        code: ServiceCode::new("SAMPLE-1"),
        customer: CustomerCode::new("SAMPLE"),
        kind: ServiceKind::Hosting,
        name: NAME.to_owned(),
        domain_name: Some("sample.example".to_owned()),
        price: Price::Net(Money::from_cents(6_000)),
        later_price: None,
        period_months: 12,
        expires_on,
        anchor_day: expires_on.day(),
        state: ServiceState::Active,
        renews: stage != Stage::Cancelled,
        cancelled_on: (stage == Stage::Cancelled).then_some(today),
        hold: None,
        episode: Episode::FIRST,
        account: None,
        server: None,
        vat: None,
        imported_on: days_before(today, rules.stale_days.saturating_mul(2)),
        confirmed: true,
    };
    service.state = match stage {
        Stage::Suspended | Stage::Final => suspended,
        Stage::Terminated => ServiceState::Terminated { on: today },
        _ => ServiceState::Active,
    };
    service
}
