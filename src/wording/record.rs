//! `record`: what was recorded, and what it did.

use crate::billing::action::Action;
use crate::billing::allocation::Basis;
use crate::views::record::{Recorded, RecordedMoney, RecordedView};
use std::fmt;

/// What was recorded, or would be, and what needs a person now.
#[must_use]
pub(crate) fn text(view: &RecordedView) -> String {
    let would = if view.run.dry_run { " (dry run: nothing was written)" } else { "" };
    let mut text = format!("{}{would}\n", view.recorded);
    for item in &view.attention {
        text.push_str(&format!("a person is needed: {}\n", item.text));
    }
    text
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged { what } => write!(f, "`{what}`: seen"),
            Self::Cancelled { service, lapses_on } => {
                write!(f, "`{service}` is cancelled and lapses on {lapses_on}")
            }
            Self::CancellationUndone { service } => write!(f, "`{service}` renews again"),
            Self::Changed { service, price, period_months } => {
                write!(f, "`{service}`: {price} per {period_months} months from the next charge on")
            }
            Self::Charged { customer, gross, label } => {
                write!(f, "`{customer}` is charged {gross} for «{label}»")
            }
            Self::ClockForgiven { latest } => {
                write!(f, "a run for {latest} was the clock's fault; days count again")
            }
            Self::Discounted { of, amount, left } => {
                write!(f, "{amount} taken off the charge of `{of}`, {left} remain due")
            }
            Self::Emailed { customer, addresses } => {
                write!(f, "`{customer}` is written to at {}", addresses.join(", "))
            }
            Self::Ended { service } => write!(f, "`{service}` has ended: no charges, no mail, no hook"),
            Self::EndUndone { service, state, expires_on } => {
                write!(f, "`{service}` is there again, {state}, its expiry is {expires_on}")
            }
            Self::Held { service, until: Some(until) } => {
                write!(f, "`{service}` is on hold until and with {until}")
            }
            Self::Held { service, until: None } => write!(f, "`{service}` is on hold no longer"),
            Self::Invoiced { number, date, entries } => {
                write!(f, "invoice `{number}` of {date} recorded for {entries} charges or advances")
            }
            Self::InvoiceForgotten { number, entries } => {
                write!(f, "invoice `{number}` is recorded no longer ({entries} entries)")
            }
            Self::Money(money) => money.fmt(f),
            Self::OrderDone { order } => write!(f, "work order {order} is done"),
            Self::ProofShown { customer, until, held } => {
                write!(f, "{held} services of `{customer}` are on hold until {until}")
            }
            Self::Repriced { service, price, charges } => {
                write!(f, "`{service}` costs {price} from now on; {charges} open charge changed")
            }
            Self::Told { customer, service, how, action, on } => {
                let what = if *action == Action::Terminate { "deleted" } else { "suspended" };
                write!(
                    f,
                    "`{customer}` was told by {how}: `{service}` is {what} on {on} at the earliest, unless paid"
                )
            }
            Self::WrittenOff { of, amount } => write!(
                f,
                "{amount} of `{of}` are given up; it is neither renewed nor switched on again for that"
            ),
        }
    }
}

impl fmt::Display for RecordedMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assigned { amount, paid_on, customer, basis } => {
                write!(f, "{amount} of {paid_on} belongs to `{customer}` ({})", word_of(*basis))
            }
            Self::Cheque { customer, amount, due, held } => write!(
                f,
                "`{customer}` gave a cheque of {amount}: {held} services are on hold until {due}; it is no money yet"
            ),
            Self::Disowned { payment, amount, paid_on } => write!(
                f,
                "payment {} ({amount} of {paid_on}) is none of its candidates'; it stays listed as unmatched, and keeps \
                 nothing from being done any more",
                payment.0
            ),
            Self::Paid { customer, amount, bank_ref, basis } => {
                write!(f, "{amount} of `{customer}` booked as `{bank_ref}` ({})", word_of(*basis))
            }
            Self::Refunded { customer, amount } => {
                write!(f, "{amount} of the credit of `{customer}` went back")
            }
            Self::Same { bank_ref, payments } => {
                let names: Vec<String> =
                    payments.iter().map(|(id, reference)| format!("{} (`{reference}`)", id.0)).collect();
                write!(f, "`{bank_ref}` is the money of payment {}", names.join(", "))
            }
            Self::Unassigned { amount, paid_on, customer, open } => {
                write!(f, "{amount} of {paid_on} belongs to `{customer}` no longer")?;
                open.iter().try_for_each(|open| open.fmt(f))
            }
            Self::WentBack(went_back) => went_back.fmt(f),
        }
    }
}

fn word_of(basis: Option<Basis>) -> &'static str {
    basis.map_or("", Basis::code)
}
