//! `explain` as one screen.

use crate::billing::money::Money;
use crate::views::StepView;
use crate::views::explain::{ChargeView, Event, ExplainView, PaymentView, ServiceView};
use std::fmt::{self, Write};

/// So many of the latest payments and messages are shown.
const PAST_MAX: usize = 12;

/// So many of the latest lines of the journal are shown.
const JOURNAL_MAX: usize = 15;

/// The screen, from who it is to what comes.
#[must_use]
pub(crate) fn text(view: &ExplainView) -> String {
    let mut text = String::new();
    whole(&mut text, view).unwrap_or_default();
    text
}

fn whole(text: &mut String, view: &ExplainView) -> fmt::Result {
    writeln!(text, "{} {}", view.customer, view.name)?;
    if view.credit_cents > 0 {
        writeln!(text, "credit: {}", euros(view.credit_cents))?;
    }
    view.services.iter().try_for_each(|one| service(text, one))?;
    writeln!(text, "\nCharges that are open")?;
    view.charges.iter().try_for_each(|one| charge(text, one))?;
    writeln!(text, "\nMoney")?;
    last(&view.payments, PAST_MAX).try_for_each(|one| payment(text, one))?;
    past(text, view)?;
    today(text, view)?;
    writeln!(text, "\nWhat comes, if nobody pays")?;
    view.coming.iter().try_for_each(|coming| writeln!(text, "  {} {}", coming.on, coming.what))
}

fn euros(cents: i64) -> Money {
    Money::from_cents(cents)
}

fn last<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    items.iter().skip(items.len().saturating_sub(most))
}

fn service(text: &mut String, service: &ServiceView) -> fmt::Result {
    let due = service.due_cents.map(|cents| format!(", {} due", euros(cents))).unwrap_or_default();
    let hold = service.hold_until.map(|day| format!(", on hold until {day}")).unwrap_or_default();
    let renews = if service.renews || service.expires_on.is_none() { "" } else { ", cancelled" };
    let expires = service.expires_on.map(|day| format!(", expires {day}")).unwrap_or_default();
    writeln!(
        text,
        "  {} {} {}: {}{expires}{due}{hold}{renews}",
        service.service,
        service.name,
        service.domain_name.as_deref().unwrap_or(""),
        service.state,
    )?;
    match (&service.next, &service.lacks) {
        (Some(next), _) => writeln!(text, "    next: {} {}", next.on, next.what),
        (None, Some(lacks)) => writeln!(text, "    nothing comes of it: {lacks}"),
        (None, None) => Ok(()),
    }
}

fn charge(text: &mut String, charge: &ChargeView) -> fmt::Result {
    let period = match (charge.period_from, charge.period_to) {
        (Some(from), Some(to)) => format!(", {from} – {to}"),
        _ => String::new(),
    };
    writeln!(
        text,
        "  #{} {} {}{period}: {} of {} due",
        charge.charge,
        charge.service.as_deref().unwrap_or(""),
        charge.label,
        euros(charge.due_cents),
        euros(charge.gross_cents)
    )
}

fn payment(text: &mut String, payment: &PaymentView) -> fmt::Result {
    let (number, on, amount) = (payment.payment, payment.on, euros(payment.amount_cents));
    write!(text, "  payment {number} {on} {amount} ({}, `{}`)", payment.method, payment.bank_ref)?;
    if payment.taken_back_cents > 0 {
        write!(text, ", {} went back", euros(payment.taken_back_cents))?;
    }
    if payment.credit_cents > 0 {
        write!(text, ", {} are credit", euros(payment.credit_cents))?;
    }
    writeln!(text)
}

fn past(text: &mut String, view: &ExplainView) -> fmt::Result {
    writeln!(text, "\nMail")?;
    for message in last(&view.messages, PAST_MAX) {
        writeln!(text, "  {} {}", message.on, message.subject)?;
        for delivery in &message.deliveries {
            writeln!(text, "             {delivery}")?;
        }
    }
    writeln!(text, "\nWhat was done")?;
    for line in last(&view.journal, JOURNAL_MAX) {
        let because = line.detail["because"].as_str().or_else(|| line.detail["what"].as_str()).unwrap_or("");
        let service = line.service.as_deref().unwrap_or("");
        writeln!(text, "  {} {} {service} {because}", line.on, line.what)?;
    }
    Ok(())
}

fn today(text: &mut String, view: &ExplainView) -> fmt::Result {
    writeln!(text, "\nToday, {}", view.as_of)?;
    let step = |step: &StepView| (step.action.code(), step.service.clone());
    for done in &view.today.actions {
        let (action, service) = step(done);
        writeln!(text, "  {action} {service}: {}", done.because)?;
    }
    for withheld in &view.today.withheld {
        let (action, service) = step(withheld);
        writeln!(text, "  not: {action} {service} ({}): {}", withheld.reason, withheld.because)?;
    }
    if view.today.actions.is_empty() && view.today.withheld.is_empty() {
        writeln!(text, "  nothing is to be done")?;
    }
    Ok(())
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => write!(f, "{} {}: {}", step.action.code(), step.service, step.because),
            Self::Card { total_due, told } => {
                let told: Vec<String> = told.iter().map(|(what, stage)| format!("{what} {stage}")).collect();
                write!(f, "card for {total_due}: {}", told.join(", "))
            }
        }
    }
}
