//! `explain` as one screen.

use super::speech::{day, event, say, service_state, stage, word};
use crate::billing::money::Money;
use crate::views::StepView;
use crate::views::explain::{ChargeView, Event, ExplainView, PaymentView, ServiceView, Unreadable};
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
        writeln!(text, "{}", say!("explain.credit", credit = euros(view.credit_cents)))?;
    }
    view.services.iter().try_for_each(|one| service(text, one))?;
    writeln!(text, "\n{}", say!("explain.open_charges"))?;
    view.charges.iter().try_for_each(|one| charge(text, one))?;
    writeln!(text, "\n{}", say!("explain.money"))?;
    last(&view.payments, PAST_MAX).try_for_each(|one| payment(text, one))?;
    past(text, view)?;
    today(text, view)?;
    writeln!(text, "\n{}", say!("explain.coming"))?;
    view.coming.iter().try_for_each(|coming| writeln!(text, "  {} {}", day(coming.on), coming.what))
}

fn euros(cents: i64) -> Money {
    Money::from_cents(cents)
}

fn last<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    items.iter().skip(items.len().saturating_sub(most))
}

fn service(text: &mut String, service: &ServiceView) -> fmt::Result {
    let due = service.due_cents.map(|cents| say!("explain.due", amount = euros(cents))).unwrap_or_default();
    let hold = service.hold_until.map(|day| say!("explain.hold", day)).unwrap_or_default();
    let renews = service.renews || service.expires_on.is_none();
    let renews = if renews { String::new() } else { say!("explain.cancelled") };
    let expires = service.expires_on.map(|day| say!("explain.expires", day)).unwrap_or_default();
    writeln!(
        text,
        "  {} {} {}: {}{expires}{due}{hold}{renews}",
        service.service,
        service.name,
        service.domain_name.as_deref().unwrap_or(""),
        service_state(&service.state),
    )?;
    match (&service.next, &service.lacks) {
        (Some(next), _) => writeln!(text, "    {}", say!("explain.next", on = next.on, what = next.what)),
        (None, Some(lacks)) => writeln!(text, "    {}", say!("explain.nothing_comes", lacks)),
        (None, None) => Ok(()),
    }
}

fn charge(text: &mut String, charge: &ChargeView) -> fmt::Result {
    let period = match (charge.period_from, charge.period_to) {
        (Some(from), Some(to)) => format!(", {} – {}", day(from), day(to)),
        _ => String::new(),
    };
    let due = say!("explain.charge", due = euros(charge.due_cents), gross = euros(charge.gross_cents));
    let service = charge.service.as_deref().unwrap_or("");
    writeln!(text, "  #{} {service} {}{period}: {due}", charge.charge, charge.label)
}

fn payment(text: &mut String, payment: &PaymentView) -> fmt::Result {
    let PaymentView { payment: number, on, method, bank_ref, .. } = payment;
    let (amount, method) = (euros(payment.amount_cents), word("method", method));
    write!(text, "  {}", say!("explain.payment", number, on, amount, method, bank_ref))?;
    if payment.taken_back_cents > 0 {
        text.write_str(&say!("explain.went_back", amount = euros(payment.taken_back_cents)))?;
    }
    if payment.credit_cents > 0 {
        text.write_str(&say!("explain.is_credit", amount = euros(payment.credit_cents)))?;
    }
    writeln!(text)
}

fn past(text: &mut String, view: &ExplainView) -> fmt::Result {
    writeln!(text, "\n{}", say!("explain.mail"))?;
    for message in last(&view.messages, PAST_MAX) {
        writeln!(text, "  {} {}", day(message.on), message.subject)?;
        for delivery in &message.deliveries {
            writeln!(text, "             {delivery}")?;
        }
    }
    writeln!(text, "\n{}", say!("explain.done"))?;
    for line in last(&view.journal, JOURNAL_MAX) {
        let because = told(&line.detail);
        let service = line.service.as_deref().unwrap_or("");
        writeln!(text, "  {} {} {service} {because}", day(line.on), event(&line.what))?;
    }
    Ok(())
}

/// What a line of the journal tells in words: why a step was taken, else what was recorded, else its figures.
pub(super) fn told(detail: &serde_json::Value) -> String {
    let said = ["because", "what"].into_iter().find_map(|key| detail[key].as_str());
    if let Some(said) = said {
        return said.to_owned();
    }
    let figures = detail.as_object().into_iter().flatten().filter_map(|(key, value)| match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(format!("{key} {text}")),
        serde_json::Value::Number(number) => Some(format!("{key} {number}")),
        _ => None,
    });
    figures.collect::<Vec<_>>().join(", ")
}

fn today(text: &mut String, view: &ExplainView) -> fmt::Result {
    writeln!(text, "\n{}", say!("explain.today", day = view.as_of))?;
    for StepView { action, service, because, .. } in &view.today.actions {
        writeln!(text, "  {} {service}: {because}", word("action", action.code()))?;
    }
    for StepView { action, service, because, reason, .. } in &view.today.withheld {
        let reason = word("reason", reason);
        writeln!(text, "  {}", say!("explain.not", action, service, reason, because))?;
    }
    if view.today.actions.is_empty() && view.today.withheld.is_empty() {
        writeln!(text, "  {}", say!("explain.nothing"))?;
    }
    Ok(())
}

impl fmt::Display for Unreadable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&say!("lack.unreadable", why = self.0))
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => {
                write!(f, "{} {}: {}", word("action", step.action.code()), step.service, step.because)
            }
            Self::Card { total_due, told } => {
                let told: Vec<String> =
                    told.iter().map(|(what, of)| format!("{what} {}", stage(&of.to_string()))).collect();
                f.write_str(&say!("explain.card", total = total_due, told = told.join(", ")))
            }
        }
    }
}
