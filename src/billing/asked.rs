//! What is asked for: which charges, of which services, in which order money goes to them, and what is wrong with one.

use super::charge::{Charge, ChargeSource};
use super::facts::{Facts, PaidBy, Payment};
use super::ids::{ChargeId, ServiceCode};
use super::money::Money;
use super::policy::Rules;
use super::service::{Service, ServiceKind, ServiceState};
use super::vat::VatRate;
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
        if !service.price_of(service.expires_on).money().is_positive() {
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

    /// What is due of all that is open.
    #[must_use]
    pub fn due(&self) -> Money {
        self.open_charges().into_iter().map(Charge::due).sum()
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
    pub(super) fn is_asked_for(&self, charge: &Charge) -> bool {
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
    pub(super) fn is_dead(&self, charge: &Charge) -> bool {
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

    /// What becomes credit when a service ends: the money on its charges that renewed nothing.
    pub(super) fn freed_by_end_of(&self, service: &ServiceCode) -> Money {
        let unserved = |charge: &&Charge| {
            charge.service.as_ref() == Some(service)
                && charge.period().is_some()
                && charge.renewed_on.is_none()
        };
        self.charges.iter().filter(unserved).map(|charge| self.paid_with_money(charge.id)).sum()
    }

    /// What was paid towards a charge with money.
    pub(super) fn paid_with_money(&self, charge: ChargeId) -> Money {
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

pub(super) fn payment_order_day(charge: &Charge) -> NaiveDate {
    charge.period().map_or(charge.created_on, |period| period.from)
}

pub(super) fn payment_order(charge: &Charge) -> (NaiveDate, Option<&ServiceCode>, i64) {
    (payment_order_day(charge), charge.service.as_ref(), charge.id.0.abs())
}

/// The rate a service is charged at: its own, else the customer's.
#[must_use]
pub fn rate_of(facts: &Facts, service: &Service, rules: &Rules) -> VatRate {
    service.vat.unwrap_or_else(|| facts.customer.vat.rate(rules.standard_vat))
}
