//! All that is known of a customer or a service on one screen, with what comes of it.

use crate::billing::enforcement;
use crate::billing::facts::Facts;
use crate::billing::forecast::{Coming, Outlook, forecast, lack};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::letters::told_of;
use crate::billing::notice::Stage;
use crate::billing::period::days_after;
use crate::billing::service::{Service, ServiceState};
use crate::error::Stop;
use crate::jobs::import::services::word_state;
use crate::jobs::notify::outlook::{next_night, outlook};
use crate::jobs::{Desk, find};
use crate::store::{Store, StoredPayment};
use crate::views::StepView;
use crate::views::explain::{
    ChargeView, ComingView, Event, ExplainView, LaterPrice, PastMessage, PaymentView, ServiceView, TodayView,
};
use anyhow::Result;
use chrono::NaiveDate;

/// Explains the service, else the customer, of that code; what comes is told for so many days.
///
/// # Errors
/// Where there is neither, or the database cannot be read.
pub(crate) fn explain(desk: &Desk, store: &Store, which: &str, days: u32) -> Result<ExplainView> {
    let service = ServiceCode::new(which);
    let owner = store.owner_of(&service)?;
    let only = owner.is_some().then_some(service);
    let code = match owner {
        Some(owner) => owner,
        None => find::known(store, which)?.unwrap_or_else(|| CustomerCode::new(which)),
    };
    of_customer(desk, store, &code, only.as_ref(), days)?.ok_or_else(|| {
        let text = format!("there is no service and no customer `{which}`");
        Stop::unknown(text).hint("`find` looks for anything you remember").into()
    })
}

/// Explains a customer, or `only` one of their services; none where there is no such customer.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) fn of_customer(
    desk: &Desk,
    store: &Store,
    code: &CustomerCode,
    only: Option<&ServiceCode>,
    days: u32,
) -> Result<Option<ExplainView>> {
    let Some(facts) = store.facts(code, desk.rules.mode, desk.today)? else { return Ok(None) };
    let wanted = |code: &ServiceCode| only.is_none_or(|only| only == code);
    let from = next_night(desk, store)?;
    let outlook =
        outlook(desk, store, code, from)?.unwrap_or(Outlook { facts: facts.clone(), from, live: None });
    let mut tonight = facts.clone();
    let night = enforcement::decide(&mut tonight, &desk.rules, desk.today);
    let steps = |steps: &[enforcement::Step]| -> Vec<StepView> {
        steps.iter().filter(|step| wanted(&step.service)).map(StepView::of).collect()
    };
    let future = future(desk, &outlook, days, &wanted);
    let end = days_after(from, days);
    let coming = future
        .iter()
        .filter(|(on, _)| *on < end)
        .filter_map(|(on, coming)| worded(coming, &wanted).map(|what| ComingView { on: *on, what }))
        .collect();
    Ok(Some(ExplainView {
        as_of: desk.today,
        customer: code.to_string(),
        name: facts.customer.name.clone(),
        phone: facts.customer.phone.clone(),
        email: facts.customer.email.clone(),
        reference: facts.customer.reference.as_str().to_owned(),
        due_cents: facts.due().cents(),
        credit_cents: facts.credit().cents(),
        services: services(desk, store, &tonight, &future, only)?,
        charges: charges(&facts, &wanted),
        payments: store.payments_of(code)?.iter().map(|one| payment(store, one)).collect::<Result<_>>()?,
        messages: messages(store, code)?,
        journal: store.journal_of(only.is_none().then_some(code), only)?,
        today: TodayView { actions: steps(&night.steps), withheld: steps(&night.withheld) },
        coming,
    }))
}

/// The services that are asked for: each with what comes of it, or what it lacks, those that have ended or cannot be
/// read with them.
fn services(
    desk: &Desk,
    store: &Store,
    facts: &Facts,
    future: &[(NaiveDate, Coming)],
    only: Option<&ServiceCode>,
) -> Result<Vec<ServiceView>> {
    let mut views = Vec::new();
    let unreadable = facts.faults.iter().map(|(code, _)| code);
    let known = facts.services.iter().map(|service| &service.code).chain(unreadable);
    let codes: Vec<&ServiceCode> = only.map_or_else(|| known.collect(), |code| vec![code]);
    for code in codes {
        if let Some((_, why)) = facts.faults.iter().find(|(faulty, _)| faulty == code) {
            views.push(ServiceView::unreadable(code, why));
            continue;
        }
        let found = facts.service(code).cloned();
        let Some(service) = found.map_or_else(|| store.service(code), |service| Ok(Some(service)))? else {
            continue;
        };
        let next = next_of(future, code);
        let lacks = next.is_none().then(|| lack(facts, &desk.rules, &service, desk.today).to_string());
        views.push(ServiceView {
            service: code.to_string(),
            name: service.name.clone(),
            domain_name: service.domain_name.clone(),
            kind: service.kind.code(),
            state: word_state(service.state),
            expires_on: Some(service.expires_on),
            renews: service.renews,
            hold_until: service.hold.as_ref().map(|hold| hold.until),
            hold_note: service.hold.as_ref().map(|hold| hold.note.clone()),
            due_cents: facts.open_period_charge(&service).map(|charge| charge.due().cents()),
            later_price: service
                .later_price
                .map(|(from, price)| LaterPrice { from, cents: price.money().cents() }),
            next,
            lacks,
        });
    }
    Ok(views)
}

/// So many days ahead the next event of a service is looked for, at most: its period, and what follows it.
const FAR: i64 = 3_660;

/// What comes, at least `days` ahead and as far as the first event of each service that is wanted.
fn future(
    desk: &Desk,
    outlook: &Outlook,
    days: u32,
    wanted: &impl Fn(&ServiceCode) -> bool,
) -> Vec<(NaiveDate, Coming)> {
    let near = forecast(outlook, &desk.rules, &desk.issuer, days);
    let waiting = |service: &&Service| {
        wanted(&service.code)
            && matches!(service.state, ServiceState::Active | ServiceState::Suspended { .. })
            && next_of(&near, &service.code).is_none()
    };
    let held = |s: &Service| s.hold.as_ref().map_or(s.expires_on, |hold| hold.until.max(s.expires_on));
    let last = outlook.facts.services.iter().filter(waiting).map(held).max();
    // two months after its expiry, or its hold, something has come of it, or nothing does
    let far = last.map_or(0, |day| ((day - outlook.from).num_days() + 60).clamp(0, FAR));
    match u32::try_from(far) {
        Ok(far) if far > days => forecast(outlook, &desk.rules, &desk.issuer, far),
        Ok(_) | Err(_) => near,
    }
}

/// The first thing that comes of one service.
fn next_of(future: &[(NaiveDate, Coming)], code: &ServiceCode) -> Option<ComingView> {
    future.iter().find_map(|(on, coming)| {
        let of_service = match coming {
            Coming::Step(step) => step.service == *code,
            Coming::Message { notices, .. } => notices.iter().any(|key| key.service() == Some(code)),
        };
        let what = of_service.then(|| worded(coming, &|other: &ServiceCode| other == code))??;
        Some(ComingView { on: *on, what })
    })
}

fn charges(facts: &Facts, wanted: &impl Fn(&ServiceCode) -> bool) -> Vec<ChargeView> {
    facts
        .open_charges()
        .into_iter()
        .filter(|charge| charge.service.as_ref().is_none_or(wanted))
        .map(|charge| ChargeView {
            charge: charge.id.0,
            service: charge.service.as_ref().map(ToString::to_string),
            label: charge.label.clone(),
            period_from: charge.period().map(|period| period.from),
            period_to: charge.period().map(|period| period.to),
            gross_cents: charge.amounts.gross.cents(),
            due_cents: charge.due().cents(),
        })
        .collect()
}

fn payment(store: &Store, payment: &StoredPayment) -> Result<PaymentView> {
    let spent = store.spent(payment.id)?.into_iter().filter(|spent| spent.amount.is_positive());
    let paid_for = spent
        .map(|spent| spent.charge.service.map_or(spent.charge.label, |service| service.to_string()))
        .collect();
    Ok(PaymentView {
        payment: payment.id.0,
        on: payment.date,
        amount_cents: payment.amount.cents(),
        taken_back_cents: (payment.amount - payment.kept).cents(),
        credit_cents: (payment.kept - payment.allocated).cents(),
        method: payment.method.clone(),
        bank_ref: payment.bank_ref.clone(),
        paid_for,
    })
}

fn messages(store: &Store, code: &CustomerCode) -> Result<Vec<PastMessage>> {
    Ok(store
        .messages_of(code)?
        .into_iter()
        .map(|message| PastMessage {
            on: message.made_on,
            card: message.card,
            subject: message.subject,
            state: message.deliveries.first().map(|delivery| delivery.state.clone()).unwrap_or_default(),
            deliveries: message
                .deliveries
                .iter()
                .map(|d| format!("{}: {} {}", d.to, d.state, d.reply.as_deref().unwrap_or("")))
                .collect(),
        })
        .collect())
}

fn worded(coming: &Coming, wanted: &impl Fn(&ServiceCode) -> bool) -> Option<String> {
    match coming {
        Coming::Step(step) if wanted(&step.service) => Some(Event::Step(step).to_string()),
        Coming::Step(_) => None,
        Coming::Message { notices, total_due } => {
            let told: Vec<(String, Stage)> = notices
                .iter()
                .filter(|notice| notice.service().is_none_or(wanted))
                .map(|notice| (told_of(notice), notice.stage))
                .collect();
            (!told.is_empty()).then(|| Event::Card { total_due: *total_due, told }.to_string())
        }
    }
}
