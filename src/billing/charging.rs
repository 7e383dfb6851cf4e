//! When charges come to exist, and how credit reaches them.

use super::asked::{payment_order_day, rate_of};
use super::charge::{Charge, ChargeSource};
use super::facts::{Change, Facts, PaidBy, Payment};
use super::ids::{ChargeId, PaymentId, ServiceCode};
use super::money::Money;
use super::period::{BillingPeriod, days_before};
use super::policy::Rules;
use super::service::Service;
use super::vat::Price;
use chrono::NaiveDate;

/// Brings one customer up to `today`: money leaves charges that are no longer asked for, charges that are due come
/// to exist, credit goes to whatever is open, and what is covered is settled. `until` looks further ahead, for a card
/// asked for on purpose.
///
/// The changes are already applied to `facts`. Doing it twice changes nothing.
pub fn bring_up_to_date(
    facts: &mut Facts,
    rules: &Rules,
    today: NaiveDate,
    until: Option<NaiveDate>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    release(facts, &mut changes);
    let mut due: Vec<Service> = facts.services.clone();
    due.sort_by(|a, b| (a.expires_on, &a.code).cmp(&(b.expires_on, &b.code)));
    for service in due {
        if !must_be_charged(facts, &service, rules, today, until) || facts.period_charge(&service).is_some() {
            continue;
        }
        let charge = new_charge(facts, &service, rules, today);
        make_change(facts, &mut changes, Change::Charged(charge));
    }
    spend_credit(facts, &mut changes, rules.tolerance, today);
    changes
}

/// Money is never where it cannot pay: what was paid for a charge that nobody asks for any more becomes credit, and so
/// does what was paid beyond a price that was lowered, the newest money first.
fn release(facts: &mut Facts, changes: &mut Vec<Change>) {
    for charge in facts.charges.clone() {
        let dead = facts.is_dead(&charge);
        let mut surplus =
            if dead { facts.paid_with_money(charge.id) } else { charge.paid - charge.amounts.gross };
        if !surplus.is_positive() || !(dead || charge.settled_on.is_none()) {
            continue;
        }
        if dead {
            make_change(facts, changes, Change::Released { charge: charge.id });
        }
        for payment in facts.payments.clone().into_iter().rev() {
            let by = PaidBy::Payment(payment.id);
            let there = facts.allocations.iter().find(|a| a.charge == charge.id && a.by == by);
            let amount = there.map_or(Money::ZERO, |there| there.amount.min(surplus));
            if amount.is_positive() {
                surplus -= amount;
                make_change(
                    facts,
                    changes,
                    Change::Allocated { payment: payment.id, charge: charge.id, amount: -amount },
                );
            }
        }
    }
}

fn must_be_charged(
    facts: &Facts,
    service: &Service,
    rules: &Rules,
    today: NaiveDate,
    until: Option<NaiveDate>,
) -> bool {
    let horizon = rules.policies.of(service).horizon_days(service.period_months);
    let begins = days_before(service.expires_on, horizon);
    let reached = begins <= today || until.is_some_and(|until| service.expires_on <= until);
    service.is_chargeable() && reached && facts.fault(service, rules).is_none()
}

fn new_charge(facts: &Facts, service: &Service, rules: &Rules, today: NaiveDate) -> Charge {
    let rate = rate_of(facts, service, rules);
    let period = BillingPeriod::anchored(service.expires_on, service.period_months, service.anchor_day);
    Charge {
        id: facts.next_temporary_id(),
        service: Some(service.code.clone()),
        source: ChargeSource::Period(period),
        label: service.name.clone(),
        amounts: service.price_of(service.expires_on).at(rate),
        rate,
        paid: Money::ZERO,
        created_on: today,
        settled_on: None,
        reopened_on: None,
        renewed_on: None,
        written_off_on: None,
        invoice: None,
    }
}

/// Gives open charges the price that their services have now, where no notice of them was accepted
/// yet. The changes are already applied to `facts`.
pub fn reprice(facts: &mut Facts, rules: &Rules) -> Vec<Change> {
    let told = |facts: &Facts, service: &Service| {
        facts.dunning_notices(service).any(|notice| notice.accepted_on().is_some())
    };
    reprice_where(facts, rules, |facts, service| !told(facts, service))
}

/// Gives a service's open charge its price of now, though the customer was told another: a person's wish.
pub fn reprice_told(facts: &mut Facts, rules: &Rules, code: &ServiceCode) -> Vec<Change> {
    reprice_where(facts, rules, |_, service| service.code == *code)
}

fn reprice_where(facts: &mut Facts, rules: &Rules, wanted: impl Fn(&Facts, &Service) -> bool) -> Vec<Change> {
    let mut changes = Vec::new();
    for service in facts.services.clone() {
        let wanted = wanted(facts, &service);
        let Some(old) = facts.open_period_charge(&service).cloned().filter(|_| wanted) else { continue };
        if facts.fault(&service, rules).is_some() {
            continue;
        }
        let wanted = new_charge(facts, &service, rules, old.created_on);
        let new = Charge {
            id: old.id,
            paid: old.paid,
            created_on: old.created_on,
            reopened_on: old.reopened_on,
            renewed_on: old.renewed_on,
            written_off_on: old.written_off_on,
            invoice: old.invoice.clone(),
            ..wanted
        };
        // no more can be taken off than it costs: what was agreed before stays
        if new != old && new.amounts.gross >= facts.taken_off(old.id) {
            make_change(facts, &mut changes, Change::Repriced(new));
        }
    }
    changes
}

/// A charge that a person makes: set-up, restore fee, upgrade difference. Credit goes to it at once.
/// The changes are already applied to `facts`.
pub fn charge_once(
    facts: &mut Facts,
    rules: &Rules,
    service: Option<ServiceCode>,
    label: String,
    price: Price,
    today: NaiveDate,
) -> Vec<Change> {
    let rate = service.as_ref().and_then(|code| facts.service(code)).map_or_else(
        || facts.customer.vat.rate(rules.standard_vat),
        |service| rate_of(facts, service, rules),
    );
    let charge = Charge {
        id: facts.next_temporary_id(),
        service,
        source: ChargeSource::OneOff,
        label,
        amounts: price.at(rate),
        rate,
        paid: Money::ZERO,
        created_on: today,
        settled_on: None,
        reopened_on: None,
        renewed_on: None,
        written_off_on: None,
        invoice: None,
    };
    let mut changes = Vec::new();
    make_change(facts, &mut changes, Change::Charged(charge));
    spend_credit(facts, &mut changes, rules.tolerance, today);
    changes
}

/// Why an amount is taken off a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeOff {
    /// It costs less: what is left of it settles and renews as ever.
    Discount,
    /// The debt is given up: a period neither renews nor reinstates, and what was paid for it becomes credit.
    WriteOff,
}

/// Takes `amount` (gross; at most what is due) off an open charge.
/// The changes are already applied to `facts`.
pub fn take_off(
    facts: &mut Facts,
    rules: &Rules,
    charge: &Charge,
    amount: Money,
    kind: TakeOff,
    label: String,
    today: NaiveDate,
) -> Vec<Change> {
    let amount = amount.min(charge.due());
    let adjustment = Charge {
        id: facts.next_temporary_id(),
        source: ChargeSource::Adjustment,
        label,
        amounts: Price::Gross(-amount).at(charge.rate),
        paid: Money::ZERO,
        created_on: today,
        settled_on: None,
        reopened_on: None,
        renewed_on: None,
        written_off_on: None,
        invoice: None,
        ..charge.clone()
    };
    let mut changes = Vec::new();
    let id = adjustment.id;
    make_change(facts, &mut changes, Change::Charged(adjustment));
    make_change(facts, &mut changes, Change::Adjusted { adjustment: id, charge: charge.id, amount });
    make_change(facts, &mut changes, Change::Settled { charge: id, on: today });
    if kind == TakeOff::WriteOff && amount == charge.due() {
        make_change(facts, &mut changes, Change::WrittenOff { charge: charge.id, on: today });
        release(facts, &mut changes);
    }
    spend_credit(facts, &mut changes, rules.tolerance, today);
    changes
}

/// Credit goes to whatever is open, and what it covers is settled. Money that names services goes to their charges;
/// the rest goes oldest first, to the earliest expiry first.
pub(super) fn spend_credit(facts: &mut Facts, changes: &mut Vec<Change>, tolerance: Money, today: NaiveDate) {
    settle_covered(facts, changes, tolerance, today);
    let ids: Vec<PaymentId> = facts.payments.iter().map(|payment| payment.id).collect();
    for named in [true, false] {
        for id in &ids {
            let Some(payment) = facts.payments.iter().find(|payment| payment.id == *id).cloned() else {
                continue;
            };
            // once some of it went to what it names, the rest is credit like any other
            let passed_over = if named {
                payment.services.is_empty() || !payment.for_named.is_zero()
            } else {
                facts.is_kept(&payment)
            };
            if passed_over || !payment.left().is_positive() {
                continue;
            }
            let theirs = |charge: &&Charge| {
                !named || charge.service.as_ref().is_some_and(|code| payment.services.contains(code))
            };
            let targets: Vec<(ChargeId, Money)> = facts
                .open_charges()
                .into_iter()
                .filter(theirs)
                .map(|charge| (charge.id, charge.due()))
                .collect();
            pay(facts, changes, &payment, &targets);
        }
    }
    settle_covered(facts, changes, tolerance, today);
}

/// What is left of a payment goes to `targets`, each with what it may get at most, in their order.
pub(super) fn pay(
    facts: &mut Facts,
    changes: &mut Vec<Change>,
    payment: &Payment,
    targets: &[(ChargeId, Money)],
) {
    let mut left = payment.left();
    for (charge, due) in targets {
        let amount = left.min(*due);
        if amount.is_positive() {
            left -= amount;
            make_change(facts, changes, Change::Allocated { payment: payment.id, charge: *charge, amount });
        }
    }
}

/// What one payment paid of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The charge as it stands.
    pub charge: Charge,
    /// What of its allocations is this payment's.
    pub amount: Money,
    /// Whether its service was renewed for that period.
    pub renewed: bool,
}

/// Takes `amount` of a payment back from the charges it went to: first those that are not settled, then
/// those not renewed yet, then the latest periods. What is no longer covered is open again, and other credit
/// of the customer goes to it. The changes are already applied to `facts`.
pub fn take_back(
    facts: &mut Facts,
    payment: PaymentId,
    amount: Money,
    mut spent: Vec<Spent>,
    rules: &Rules,
    today: NaiveDate,
) -> Vec<Change> {
    spent.sort_by_key(|s| {
        (
            s.charge.settled_on.is_some(),
            s.renewed,
            std::cmp::Reverse(payment_order_day(&s.charge)),
            s.charge.id,
        )
    });
    let mut changes = Vec::new();
    let mut short = amount;
    for Spent { charge, amount, .. } in spent {
        let back = amount.min(short);
        if !back.is_positive() {
            continue;
        }
        short -= back;
        if !facts.charges.iter().any(|known| known.id == charge.id) {
            facts.charges.push(charge.clone());
        }
        make_change(facts, &mut changes, Change::Allocated { payment, charge: charge.id, amount: -back });
        let covered = Charge { paid: charge.paid - back, ..charge.clone() }.is_covered(rules.tolerance);
        if charge.settled_on.is_some() && !covered {
            make_change(facts, &mut changes, Change::Reopened { charge: charge.id, on: today });
        }
    }
    spend_credit(facts, &mut changes, rules.tolerance, today);
    changes
}

/// Settles every open charge whose allocations reach its gross less the tolerance.
pub fn settle_covered(facts: &mut Facts, changes: &mut Vec<Change>, tolerance: Money, today: NaiveDate) {
    let covered: Vec<_> = facts
        .charges
        .iter()
        .filter(|charge| {
            charge.settled_on.is_none()
                && charge.paid.is_positive()
                && charge.is_covered(tolerance)
                && (facts.is_asked_for(charge) || charge.period().is_none())
        })
        .map(|charge| charge.id)
        .collect();
    for charge in covered {
        make_change(facts, changes, Change::Settled { charge, on: today });
    }
}

/// Applies a change and remembers it.
pub fn make_change(facts: &mut Facts, changes: &mut Vec<Change>, change: Change) {
    facts.apply(&change);
    changes.push(change);
}
