//! `record`: what was recorded, and what it did.

use super::speech::{say, word};
use crate::billing::action::Action;
use crate::billing::allocation::Basis;
use crate::billing::money::Money;
use crate::billing::vat::Price;
use crate::views::record::{EffectView, Recorded, RecordedMoney, RecordedView};
use std::fmt;

/// What was recorded, or would be, and what needs a person now.
#[must_use]
pub(crate) fn text(view: &RecordedView) -> String {
    let would = if view.run.dry_run { format!(" {}", say!("record.dry_run")) } else { String::new() };
    let mut text = format!("{}{would}\n", view.recorded);
    text.extend(view.effect.as_ref().map(|effect| effected(effect) + "\n"));
    for item in &view.attention {
        text.push_str(&say!("record.person", text = item.text));
        text.push('\n');
    }
    text
}

/// How the customer stands now: «Ζαφειρίου Ελένη: εξοφλήθηκαν S-0144, S-0145 έως 23/09/2027, υπόλοιπο 0,00 €».
fn effected(effect: &EffectView) -> String {
    let EffectView { name, settled, .. } = effect;
    // those with the same new expiry are told together
    let mut groups: Vec<(Option<chrono::NaiveDate>, Vec<&str>)> = Vec::new();
    for one in settled {
        match groups.iter_mut().find(|(until, _)| *until == one.until) {
            Some((_, group)) => group.push(&one.what),
            None => groups.push((one.until, vec![&one.what])),
        }
    }
    let settled =
        groups.iter().map(|(until, group)| say!("record.settled", services = group.join(", "), until));
    let settled = settled.collect::<Vec<_>>().join(", ");
    let count: usize = groups.iter().map(|(_, group)| group.len()).sum();
    let off = effect.stays_off.iter().map(|one| format!("{} ({})", one.service, word("reason", one.reason)));
    let off = off.collect::<Vec<_>>().join(", ");
    let due = Money::from_cents(effect.due_cents);
    let credit = (effect.credit_cents > 0).then(|| Money::from_cents(effect.credit_cents));
    say!("record.effect", name, count, settled, due, credit, off)
}

/// Columns as they were and are.
fn amended(changed: &[(String, String, String)]) -> String {
    let changed = changed.iter().map(|(column, before, after)| {
        let column = word("imported", column);
        match before.as_str() {
            "" => format!("{column} {after}"),
            before => format!("{column} {before} → {after}"),
        }
    });
    changed.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Acknowledged { what } => say!("record.acknowledged", what),
            Self::Cancelled { service, lapses_on } => say!("record.cancelled", service, lapses_on),
            Self::CancellationUndone { service } => say!("record.cancellation_undone", service),
            Self::Changed { service, price, before, period_months, first } => {
                let gross = matches!(price, Price::Gross(_));
                let before = before.map(|before| before.money());
                say!(
                    "record.changed",
                    service,
                    price = price.money(),
                    gross,
                    before,
                    months = period_months,
                    first
                )
            }
            Self::ChangedLater { service, from, price, before, first, is_charged } => {
                say!("record.changed_later", service, from, price, before, first, charged = *is_charged)
            }
            Self::Charged { customer, gross, label } => say!("record.charged", customer, gross, label),
            Self::ClockForgiven { latest } => say!("record.clock_forgiven", latest),
            Self::Discounted { of, amount, left } => say!("record.discounted", amount, of, left),
            Self::Amended { code, changed } if changed.is_empty() => say!("record.unchanged", code),
            Self::Amended { code, changed } => say!("record.amended", code, changed = amended(changed)),
            Self::Entered { code, what } => say!("record.entered", code, what),
            Self::Emailed { customer, addresses } => {
                say!("record.emailed", customer, addresses = addresses.join(", "))
            }
            Self::Ended { service } => say!("record.ended", service),
            Self::EndUndone { service, state, expires_on } => {
                say!("record.end_undone", service, state = word("service", state), expires_on)
            }
            Self::Held { service, until: Some(until) } => say!("record.held", service, until),
            Self::Held { service, until: None } => say!("record.held_no_longer", service),
            Self::Invoiced { number, date, entries } => say!("record.invoiced", number, date, entries),
            Self::InvoiceForgotten { number, entries } => say!("record.invoice_forgotten", number, entries),
            Self::Money(money) => return money.fmt(f),
            Self::OrderDone { order } => say!("record.order_done", order),
            Self::ProofShown { customer, until, held } => say!("record.proof", held, customer, until),
            Self::Repriced { service, price, charges } => say!("record.repriced", service, price, charges),
            Self::Told { customer, service, how, action, on } => {
                let how = word("method", how);
                match action {
                    Action::Terminate => say!("record.told_of_deletion", customer, how, service, on),
                    _ => say!("record.told_of_suspension", customer, how, service, on),
                }
            }
            Self::WrittenOff { of, amount } => say!("record.written_off", amount, of),
        })
    }
}

impl fmt::Display for RecordedMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Assigned { amount, paid_on, customer, basis } => {
                say!("record.assigned", amount, paid_on, customer, basis = word_of(*basis))
            }
            Self::Cheque { customer, amount, due, held } => {
                say!("record.cheque", customer, amount, held, due)
            }
            Self::Disowned { payment, amount, paid_on } => say!("record.disowned", payment, amount, paid_on),
            Self::Paid { customer, amount, bank_ref, basis } => {
                say!("record.paid", amount, customer, bank_ref, basis = word_of(*basis))
            }
            Self::Refunded { customer, amount } => say!("record.refunded", amount, customer),
            Self::Same { bank_ref, payments } => {
                let names: Vec<String> =
                    payments.iter().map(|(id, reference)| format!("{} (`{reference}`)", id.0)).collect();
                say!("record.same", bank_ref, names = names.join(", "))
            }
            Self::Unassigned { amount, paid_on, customer, open } => {
                let open: String = open.iter().map(ToString::to_string).collect();
                say!("record.unassigned", amount, paid_on, customer, open)
            }
            Self::WentBack { went_back, given } => {
                let mistaken =
                    given.map(|payment| say!("record.if_mistaken", payment = payment.0.to_string()));
                format!("{went_back}{}", mistaken.unwrap_or_default())
            }
        })
    }
}

fn word_of(basis: Option<Basis>) -> String {
    basis.map_or_else(String::new, |basis| word("basis", basis.code()))
}
