//! When charges come to exist, and how credit reaches them.

use super::charge::{Charge, ChargeSource};
use super::facts::{Change, Facts, PaidBy, Payment};
use super::ids::{ChargeId, PaymentId, ServiceCode};
use super::money::Money;
use super::period::{BillingPeriod, days_before};
use super::policy::Rules;
use super::service::{Service, ServiceKind, ServiceState};
use super::vat::{Price, VatRate};
use chrono::NaiveDate;

/// Why a service is held back until a person has looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A price of zero (or less) is surely a slip.
    NoPrice,
    /// It had expired so many days before its first import.
    Stale {
        /// Days between its expiry and its first import.
        days: i64,
    },
    /// The stored record cannot be read.
    Unreadable(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoPrice => f.write_str("its price is zero; import the right one"),
            Self::Stale { days } => write!(
                f,
                "it had expired {days} days before its first import; confirm it with `record ack`, or import its right expiry with `--take expires_on`"
            ),
            Self::Unreadable(why) => f.write_str(why),
        }
    }
}

impl Service {
    /// Whether it is charged at all: it renews, is not a custom application, and still exists.
    #[must_use]
    pub fn is_chargeable(&self) -> bool {
        self.exists() && self.renews && self.kind != ServiceKind::CustomApp
    }

    /// Whether it is there: neither terminated nor ended.
    #[must_use]
    pub const fn exists(&self) -> bool {
        match self.state {
            ServiceState::Active | ServiceState::Suspended { .. } => true,
            ServiceState::Terminated { .. } | ServiceState::Ended { .. } => false,
        }
    }
}

impl Facts {
    /// What is wrong with a service, so that it is neither charged nor enforced.
    #[must_use]
    pub fn fault(&self, service: &Service, rules: &Rules) -> Option<Fault> {
        if let Some((_, why)) = self.faults.iter().find(|(code, _)| *code == service.code) {
            return Some(Fault::Unreadable(why.clone()));
        }
        if service.kind == ServiceKind::CustomApp {
            return None;
        }
        if !service.price.money().is_positive() {
            return Some(Fault::NoPrice);
        }
        let days = (service.imported_on - service.expires_on).num_days();
        (days > i64::from(rules.stale_days) && !service.confirmed).then_some(Fault::Stale { days })
    }

    /// Charges that can be paid, earliest expiry first, ties by service code: the order money goes in.
    #[must_use]
    pub fn open_charges(&self) -> Vec<&Charge> {
        let mut open: Vec<&Charge> = self.charges.iter().filter(|charge| self.is_open(charge)).collect();
        open.sort_by(|a, b| payment_order(a).cmp(&payment_order(b)));
        open
    }

    /// The open charge of a service's present period.
    #[must_use]
    pub fn open_period_charge(&self, service: &Service) -> Option<&Charge> {
        self.period_charge(service).filter(|charge| self.is_open(charge))
    }

    /// Whether a charge that is not settled is owed: money that comes goes to it, and cards show it.
    #[must_use]
    pub fn is_open(&self, charge: &Charge) -> bool {
        self.is_asked_for(charge) && charge.settled_on.is_none() && charge.due().is_positive()
    }

    /// Whether a charge is one that the customer is to pay, or to have paid.
    fn is_asked_for(&self, charge: &Charge) -> bool {
        if charge.written_off_on.is_some() {
            return false;
        }
        let Some(code) = &charge.service else { return true };
        self.service(code).is_some_and(|service| match charge.source {
            ChargeSource::OneOff | ChargeSource::Adjustment => true,
            ChargeSource::Period(period) if period.from == service.expires_on => service.is_chargeable(),
            // renewed with money that went back: it was served, and is owed
            ChargeSource::Period(_) => charge.renewed_on.is_some() && service.exists(),
        })
    }

    /// Whether what was paid for a charge can only be credit: it is not asked for, and nothing was given for it.
    fn is_dead(&self, charge: &Charge) -> bool {
        charge.period().is_some() && charge.renewed_on.is_none() && !self.is_asked_for(charge)
    }

    /// Whether money that names services waits for their next charge: none of them has an open one, none has had
    /// anything of it, and at least one can be charged again.
    #[must_use]
    pub fn is_kept(&self, payment: &Payment) -> bool {
        let named = |service: &&Service| payment.services.contains(&service.code);
        payment.left().is_positive()
            && payment.for_named.is_zero()
            && self.services.iter().filter(named).any(|service| self.will_be_charged(service))
    }

    /// Whether a service has a next charge to come: it is charged, and its present period was not given up.
    #[must_use]
    pub fn will_be_charged(&self, service: &Service) -> bool {
        service.is_chargeable()
            && self.period_charge(service).is_none_or(|charge| charge.written_off_on.is_none())
    }

    /// What was paid towards a charge with money.
    fn paid_with_money(&self, charge: ChargeId) -> Money {
        let of = self.allocations.iter().filter(|allocation| allocation.charge == charge);
        of.filter(|allocation| matches!(allocation.by, PaidBy::Payment(_))).map(|paid| paid.amount).sum()
    }

    /// What discounts and write-offs have taken off a charge.
    #[must_use]
    pub fn taken_off(&self, charge: ChargeId) -> Money {
        let of = self.allocations.iter().filter(|allocation| allocation.charge == charge);
        of.filter(|allocation| matches!(allocation.by, PaidBy::Adjustment(_))).map(|off| off.amount).sum()
    }

    /// Credit that may pay for anything: what is not kept for services.
    #[must_use]
    pub fn free_credit(&self) -> Money {
        self.payments.iter().filter(|payment| !self.is_kept(payment)).map(Payment::left).sum()
    }

    /// Money that is kept for services other than `service`, with what it is kept for.
    pub fn kept_for_others<'a>(&'a self, service: &'a ServiceCode) -> impl Iterator<Item = &'a Payment> {
        self.payments
            .iter()
            .filter(move |payment| self.is_kept(payment) && !payment.services.contains(service))
    }
}

fn payment_order_day(charge: &Charge) -> NaiveDate {
    charge.period().map_or(charge.created_on, |period| period.from)
}

fn payment_order(charge: &Charge) -> (NaiveDate, Option<&ServiceCode>, i64) {
    (payment_order_day(charge), charge.service.as_ref(), charge.id.0.abs())
}

/// The rate a service is charged at: its own, else the customer's.
#[must_use]
pub fn rate_of(facts: &Facts, service: &Service, rules: &Rules) -> VatRate {
    service.vat.unwrap_or_else(|| facts.customer.vat.rate(rules.standard_vat))
}

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
        if !charge_exists(facts, &service, rules, today, until) || facts.period_charge(&service).is_some() {
            continue;
        }
        let charge = new_charge(facts, &service, rules, today);
        push(facts, &mut changes, Change::Charged(charge));
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
            push(facts, changes, Change::Released { charge: charge.id });
        }
        for payment in facts.payments.clone().into_iter().rev() {
            let by = PaidBy::Payment(payment.id);
            let there = facts.allocations.iter().find(|a| a.charge == charge.id && a.by == by);
            let amount = there.map_or(Money::ZERO, |there| there.amount.min(surplus));
            if amount.is_positive() {
                surplus -= amount;
                push(
                    facts,
                    changes,
                    Change::Allocated { payment: payment.id, charge: charge.id, amount: -amount },
                );
            }
        }
    }
}

fn charge_exists(
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
        amounts: service.price.at(rate),
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
            push(facts, &mut changes, Change::Repriced(new));
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
    push(facts, &mut changes, Change::Charged(charge));
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
    push(facts, &mut changes, Change::Charged(adjustment));
    push(facts, &mut changes, Change::Adjusted { adjustment: id, charge: charge.id, amount });
    push(facts, &mut changes, Change::Settled { charge: id, on: today });
    if kind == TakeOff::WriteOff && amount == charge.due() {
        push(facts, &mut changes, Change::WrittenOff { charge: charge.id, on: today });
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
            push(facts, changes, Change::Allocated { payment: payment.id, charge: *charge, amount });
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
        push(facts, &mut changes, Change::Allocated { payment, charge: charge.id, amount: -back });
        let covered = Charge { paid: charge.paid - back, ..charge.clone() }.is_covered(rules.tolerance);
        if charge.settled_on.is_some() && !covered {
            push(facts, &mut changes, Change::Reopened { charge: charge.id, on: today });
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
        push(facts, changes, Change::Settled { charge, on: today });
    }
}

/// Applies a change and remembers it.
pub fn push(facts: &mut Facts, changes: &mut Vec<Change>, change: Change) {
    facts.apply(&change);
    changes.push(change);
}
