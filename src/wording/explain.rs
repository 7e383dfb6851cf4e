//! `explain` as one screen.

use super::outbox::reply;
use super::past;
use super::speech::{day, event, hold_note, say, service_state, stage, window, word};
use crate::billing::money::Money;
use crate::export::wrapped;
use crate::views::StepView;
use crate::views::explain::{ChargeView, Event, ExplainView, PaymentView, ServiceView, Unreadable};
use std::fmt::{self, Write};

/// So many services, of them the words of each, messages, payments and reasons stand on the screen.
const SERVICES_MAX: usize = 4;
const LINES_EACH: usize = 2;
const PAST_MAX: usize = 3;
const ONE_OFF_MAX: usize = 2;
const TODAY_MAX: usize = 2;

/// Lines of the screen, and of them those that mail and money take at least.
const SCREEN: usize = 24;
const PAST_LEAST: usize = 4;

/// The screen where no window says how wide it is.
const WIDTH: usize = 80;

/// The screen, or with `all` the whole, from who it is to what comes.
#[must_use]
pub(crate) fn text(view: &ExplainView, all: bool) -> String {
    let mut text = String::new();
    let written = if all { whole(&mut text, view) } else { screen(&mut text, view) };
    written.unwrap_or_default();
    text
}

/// Who it is, how they stand, each service with what comes of it, and the last of mail and money: 24 lines of 80 letters.
fn screen(text: &mut String, view: &ExplainView) -> fmt::Result {
    let room = |text: &str| SCREEN.saturating_sub(1 + text.lines().count());
    head(text, view)?;
    // those about which somebody calls: what is due, then what comes first
    let mut services: Vec<&ServiceView> = view.services.iter().collect();
    services
        .sort_by_key(|one| (one.due_cents.is_none(), one.next.as_ref().map(|next| next.on), one.expires_on));
    for one in services.iter().take(SERVICES_MAX) {
        let mut lines = String::new();
        service(&mut lines, one)?;
        let mut lines = lines.lines();
        let most = if one.hold_until.is_some() { LINES_EACH } else { 1 };
        clipped(text, lines.next().unwrap_or_default(), most)?;
        clipped(text, lines.next().unwrap_or_default(), LINES_EACH)?;
    }
    if let more @ 1.. = services.len().saturating_sub(SERVICES_MAX) {
        writeln!(text, "  {}", say!("explain.more_services", count = more))?;
    }
    for one in
        view.charges.iter().filter(|one| one.period_from.is_none() && one.due_cents > 0).take(ONE_OFF_MAX)
    {
        let mut line = String::new();
        charge(&mut line, one)?;
        clipped(text, line.trim_end(), 1)?;
    }
    for step in view.today.withheld.iter().take(TODAY_MAX) {
        if room(text) >= PAST_LEAST + LINES_EACH {
            clipped(text, &format!("  {}", not_done(step)), LINES_EACH)?;
        }
    }
    let most = (room(text).saturating_sub(2) / 2).min(PAST_MAX);
    if !view.messages.is_empty() {
        writeln!(text, "{}", say!("explain.mail"))?;
    }
    for message in view.messages.iter().rev().take(most) {
        let state = word("delivery", &message.state);
        clipped(text, &format!("  {} {state}: {}", day(message.on), message.subject), 1)?;
    }
    let most = room(text).saturating_sub(1).min(PAST_MAX);
    if !view.payments.is_empty() {
        writeln!(text, "{}", say!("explain.money"))?;
    }
    for one in view.payments.iter().rev().take(most) {
        let mut line = String::new();
        payment(&mut line, one)?;
        clipped(text, line.trim_end(), 1)?;
    }
    writeln!(text, "{}", say!("explain.all", customer = view.customer))
}

fn head(text: &mut String, view: &ExplainView) -> fmt::Result {
    let phone = view.phone.clone().unwrap_or_else(|| say!("mail.no_phone"));
    clipped(text, &format!("{} {}", view.customer, view.name), 1)?;
    clipped(text, &format!("{phone} · {} · {}", view.email.join(", "), view.reference), 1)?;
    writeln!(
        text,
        "{}",
        say!("report.balance", due = euros(view.due_cents), credit = euros(view.credit_cents))
    )
}

/// A line in at most so many lines of the window, indented as it begins; what has no room is left out.
fn clipped(text: &mut String, line: &str, most: usize) -> fmt::Result {
    let width = window().unwrap_or(WIDTH);
    let indent = line.len() - line.trim_start().len();
    let lines = wrapped(line.trim_start(), width.saturating_sub(indent + 2));
    let left_off = lines.len() > most;
    for (at, line) in lines.iter().take(most).enumerate() {
        let hanging = if at == 0 { "" } else { "  " };
        let more = if left_off && at + 1 == most { " …" } else { "" };
        writeln!(text, "{}{hanging}{line}{more}", " ".repeat(indent))?;
    }
    Ok(())
}

fn whole(text: &mut String, view: &ExplainView) -> fmt::Result {
    head(text, view)?;
    view.services.iter().try_for_each(|one| service(text, one))?;
    writeln!(text, "\n{}", say!("explain.open_charges"))?;
    view.charges.iter().try_for_each(|one| charge(text, one))?;
    writeln!(text, "\n{}", say!("explain.money"))?;
    view.payments.iter().try_for_each(|one| payment(text, one))?;
    past(text, view)?;
    today(text, view)?;
    writeln!(text, "\n{}", say!("explain.coming"))?;
    view.coming.iter().try_for_each(|coming| writeln!(text, "  {} {}", day(coming.on), coming.what))
}

fn euros(cents: i64) -> Money {
    Money::from_cents(cents)
}

fn service(text: &mut String, service: &ServiceView) -> fmt::Result {
    let due = service.due_cents.map(|cents| say!("explain.due", amount = euros(cents))).unwrap_or_default();
    let note = service.hold_note.as_deref().map(hold_note).filter(|note| !note.is_empty());
    let hold = service.hold_until.map(|day| say!("explain.hold", day, note)).unwrap_or_default();
    let renews = service.renews || service.expires_on.is_none();
    let renews = if renews { String::new() } else { say!("explain.cancelled") };
    let expires = service.expires_on.map(|day| say!("explain.expires", day)).unwrap_or_default();
    let later = service.later_price.as_ref();
    let later = later.map(|later| say!("explain.later_price", price = euros(later.cents), from = later.from));
    let later = later.unwrap_or_default();
    let what = [Some(service.name.as_str()), service.domain_name.as_deref()];
    let what = what.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let state = service_state(&service.state);
    writeln!(text, "  {} {state}{expires}{due}{hold}{renews}{later} – {what}", service.service)?;
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
    let what = payment.paid_for.join(", ");
    write!(text, "  {}", say!("explain.payment", number, on, amount, what, method, bank_ref))?;
    if payment.taken_back_cents > 0 {
        text.write_str(&say!("explain.went_back", amount = euros(payment.taken_back_cents)))?;
    }
    if payment.credit_cents > 0 {
        text.write_str(&say!("explain.is_credit", amount = euros(payment.credit_cents)))?;
    }
    writeln!(text)
}

/// An address, what became of it, and what the server replied.
pub(super) fn delivered(delivery: &str) -> String {
    let (to, rest) = delivery.split_once(": ").unwrap_or_default();
    let (state, said) = rest.split_once(' ').unwrap_or_default();
    format!("{to}: {} {}", word("delivery", state), reply(said))
}

fn past(text: &mut String, view: &ExplainView) -> fmt::Result {
    writeln!(text, "\n{}", say!("explain.mail"))?;
    for message in &view.messages {
        writeln!(text, "  {} {}", day(message.on), message.subject)?;
        for delivery in &message.deliveries {
            writeln!(text, "             {}", delivered(delivery))?;
        }
    }
    writeln!(text, "\n{}", say!("explain.done"))?;
    for line in &view.journal {
        let because = past::told(&line.detail);
        let service = line.service.as_deref().unwrap_or("");
        let parts = [event(&line.what), service.to_owned(), because];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        writeln!(text, "  {} {}", day(line.on), parts.join(" "))?;
    }
    Ok(())
}

fn today(text: &mut String, view: &ExplainView) -> fmt::Result {
    writeln!(text, "\n{}", say!("explain.today", day = view.as_of))?;
    for StepView { action, service, because, .. } in &view.today.actions {
        writeln!(text, "  {} {service}: {because}", word("action", action.code()))?;
    }
    for step in &view.today.withheld {
        writeln!(text, "  {}", not_done(step))?;
    }
    if view.today.actions.is_empty() && view.today.withheld.is_empty() {
        writeln!(text, "  {}", say!("explain.nothing"))?;
    }
    Ok(())
}

fn not_done(step: &StepView) -> String {
    let StepView { action, service, because, reason, .. } = step;
    say!("explain.not", action, service, reason = word("reason", reason), because)
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
