//! Where a payment's money goes: one pure function, and the reason for its choice.

use super::charge::Charge;
use super::charging::{push, settle_covered};
use super::facts::{Change, Facts, Payment};
use super::ids::{ChargeId, PaymentId};
use super::money::Money;
use super::policy::Rules;
use chrono::NaiveDate;

/// Subsets are looked for among at most so many open charges.
const SUBSET_MAX: usize = 12;

/// Why the money of a payment goes where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// To the services the payment names.
    NamedServices,
    /// To the one open charge of exactly that amount due.
    ExactCharge,
    /// To all of the last card: it is its total.
    LastCard,
    /// To the only set of open charges with exactly that sum.
    ExactSet,
    /// To the open charges, earliest expiry first.
    EarliestExpiry,
    /// Nothing is open: it stays credit.
    Credit,
}

/// Allocates a payment that was just matched to this customer, and settles what it covers. Charges
/// due by `today` must exist already ([`super::charging::bring_up_to_date`]). The changes are applied to `facts`.
pub fn allocate(
    facts: &mut Facts,
    payment: PaymentId,
    rules: &Rules,
    today: NaiveDate,
) -> (Basis, Vec<Change>) {
    let mut changes = Vec::new();
    let Some(paid) = facts.payments.iter().find(|p| p.id == payment).cloned() else {
        return (Basis::Credit, changes);
    };
    let (basis, targets) = choose(facts, &paid);
    let mut left = paid.left();
    for (charge, due) in targets {
        let amount = left.min(due);
        if amount.is_positive() {
            left -= amount;
            push(facts, &mut changes, Change::Allocated { payment, charge, amount });
        }
    }
    settle_covered(facts, &mut changes, rules.tolerance, today);
    (basis, changes)
}

fn choose(facts: &Facts, payment: &Payment) -> (Basis, Vec<(ChargeId, Money)>) {
    let open = facts.open_charges();
    let targets = |charges: &[&Charge]| charges.iter().map(|c| (c.id, c.due())).collect::<Vec<_>>();
    if !payment.services.is_empty() {
        let named: Vec<&Charge> = open
            .iter()
            .copied()
            .filter(|charge| charge.service.as_ref().is_some_and(|code| payment.services.contains(code)))
            .collect();
        return (Basis::NamedServices, targets(&named));
    }
    if open.is_empty() {
        return (Basis::Credit, Vec::new());
    }
    let exact: Vec<&Charge> = open.iter().copied().filter(|charge| charge.due() == payment.amount).collect();
    if exact.len() == 1 {
        return (Basis::ExactCharge, targets(&exact));
    }
    if let Some(card) = facts.last_card.as_ref().filter(|card| card.total_due == payment.amount) {
        let told: Vec<&Charge> = open.iter().copied().filter(|c| card.charges.contains(&c.id)).collect();
        if !told.is_empty() && told.len() == card.charges.len() {
            return (Basis::LastCard, targets(&told));
        }
    }
    if let Some(set) = only_subset(&open, payment.amount) {
        return (Basis::ExactSet, targets(&set));
    }
    (Basis::EarliestExpiry, targets(&open))
}

/// The only set of open charges whose dues sum to `amount`, where there are at most [`SUBSET_MAX`].
fn only_subset<'a>(open: &[&'a Charge], amount: Money) -> Option<Vec<&'a Charge>> {
    if open.len() > SUBSET_MAX {
        return None;
    }
    let sum = |mask: u32| -> Money {
        open.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, charge)| charge.due()).sum()
    };
    let mut hits = (1..1_u32 << open.len()).filter(|mask| sum(*mask) == amount);
    let mask = hits.next()?;
    if hits.next().is_some() {
        return None;
    }
    Some(open.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, charge)| *charge).collect())
}
