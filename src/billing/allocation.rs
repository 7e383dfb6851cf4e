//! Where a payment's money goes: one pure function, and the reason for its choice.

use super::charge::Charge;
use super::charging::{pay, spend_credit};
use super::coded::coded;
use super::facts::{Change, Facts, Payment};
use super::ids::{ChargeId, PaymentId};
use super::money::Money;
use super::policy::Rules;
use chrono::NaiveDate;

/// Subsets are looked for among at most so many open charges.
const SUBSET_MAX: usize = 12;

coded! {
    /// Why the money of a payment goes where it goes.
    pub enum Basis {
        /// To the services the payment names.
        NamedServices = "named_services",
        /// The services it names have no open charge: it is kept for their next one.
        KeptForServices = "kept_for_services",
        /// To the one open charge of exactly that amount due.
        ExactCharge = "exact_charge",
        /// To all of the last card: it is its total.
        LastCard = "last_card",
        /// To the only set of open charges with exactly that sum.
        ExactSet = "exact_set",
        /// To the open charges, earliest expiry first.
        EarliestExpiry = "earliest_expiry",
        /// To the one open charge of exactly that amount and the credit.
        ExactChargeWithCredit = "exact_charge_with_credit",
        /// To all of the last card: with the credit it is its total.
        LastCardWithCredit = "last_card_with_credit",
        /// To the only set of open charges with exactly the sum of it and the credit.
        ExactSetWithCredit = "exact_set_with_credit",
        /// Nothing is open: it stays credit.
        Credit = "credit",
    }
}

impl Basis {
    const fn with_credit(self) -> Self {
        match self {
            Self::ExactCharge => Self::ExactChargeWithCredit,
            Self::LastCard => Self::LastCardWithCredit,
            Self::ExactSet => Self::ExactSetWithCredit,
            other => other,
        }
    }

    const fn takes_credit(self) -> bool {
        matches!(self, Self::ExactChargeWithCredit | Self::LastCardWithCredit | Self::ExactSetWithCredit)
    }
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
    // a card asks for what is due less credit: where both together fit, both go there, the oldest money first
    for source in facts.payments.clone() {
        if source.id == payment || (basis.takes_credit() && !facts.is_kept(&source)) {
            let rest: Vec<(ChargeId, Money)> = targets.iter().map(|id| (*id, due_of(facts, *id))).collect();
            pay(facts, &mut changes, &source, &rest);
        }
    }
    spend_credit(facts, &mut changes, rules.tolerance, today);
    (basis, changes)
}

fn due_of(facts: &Facts, id: ChargeId) -> Money {
    facts.charges.iter().find(|charge| charge.id == id).map_or(Money::ZERO, Charge::due)
}

fn choose(facts: &Facts, payment: &Payment) -> (Basis, Vec<ChargeId>) {
    let open = facts.open_charges();
    let ids = |charges: &[&Charge]| charges.iter().map(|charge| charge.id).collect::<Vec<_>>();
    if !payment.services.is_empty() {
        let of_named =
            |charge: &Charge| charge.service.as_ref().is_some_and(|code| payment.services.contains(code));
        let named: Vec<&Charge> = open.iter().copied().filter(|charge| of_named(charge)).collect();
        if !named.is_empty() {
            return (Basis::NamedServices, ids(&named));
        }
        if facts.is_kept(payment) {
            return (Basis::KeptForServices, Vec::new());
        }
    }
    if open.is_empty() {
        return (Basis::Credit, Vec::new());
    }
    let alone = payment.left();
    let together = facts.free_credit();
    let fitting = fitting(facts, &open, alone).or_else(|| {
        let (basis, charges) = fitting(facts, &open, together).filter(|_| together > alone)?;
        Some((basis.with_credit(), charges))
    });
    let (basis, charges) = fitting.unwrap_or((Basis::EarliestExpiry, open));
    (basis, ids(&charges))
}

/// The charges that `amount` surely is meant for.
fn fitting<'a>(facts: &Facts, open: &[&'a Charge], amount: Money) -> Option<(Basis, Vec<&'a Charge>)> {
    let exact: Vec<&Charge> = open.iter().copied().filter(|charge| charge.due() == amount).collect();
    if exact.len() == 1 {
        return Some((Basis::ExactCharge, exact));
    }
    if let Some(card) = facts.last_card.as_ref().filter(|card| card.total_due == amount) {
        let told: Vec<&Charge> = open.iter().copied().filter(|c| card.charges.contains(&c.id)).collect();
        if !told.is_empty() && told.len() == card.charges.len() {
            return Some((Basis::LastCard, told));
        }
    }
    Some((Basis::ExactSet, only_subset(open, amount)?))
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
