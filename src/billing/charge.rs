//! Charges: one service, one period (or a one-off, or an adjustment), and what was paid towards them.

use super::ids::{ChargeId, PaymentId, ServiceCode};
use super::money::Money;
use super::period::BillingPeriod;
use super::vat::{Amounts, VatRate};
use chrono::NaiveDate;

/// Where a charge comes from. Only an unsettled `Period` charge enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChargeSource {
    /// A service's billing period.
    Period(BillingPeriod),
    /// Set-up, restore fee, upgrade difference.
    OneOff,
    /// Discount or write-off; negative.
    Adjustment,
}

/// A charge (χρέωση) as it was fixed, with what has been paid towards it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The store's number.
    pub id: ChargeId,
    /// The service; `None` for what belongs to the customer alone.
    pub service: Option<ServiceCode>,
    /// Where it comes from.
    pub source: ChargeSource,
    /// What is printed for a charge without a period.
    pub label: String,
    /// Net, VAT, gross.
    pub amounts: Amounts,
    /// The rate VAT was computed at.
    pub rate: VatRate,
    /// Sum of the allocations to it.
    pub paid: Money,
    /// The as-of day it came to exist.
    pub created_on: NaiveDate,
    /// The as-of day it was settled.
    pub settled_on: Option<NaiveDate>,
    /// The as-of day on which its money was taken back: it counts from then on.
    pub reopened_on: Option<NaiveDate>,
    /// The as-of day its service was renewed for it. Money on a charge that was not renewed may leave it again.
    pub renewed_on: Option<NaiveDate>,
    /// The as-of day a person gave the debt up: it neither renews nor reinstates.
    pub written_off_on: Option<NaiveDate>,
    /// Number of its tax invoice, where one was issued.
    pub invoice: Option<String>,
}

/// Money that settled a period which was renewed not long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The service.
    pub service: ServiceCode,
    /// Start of the period that it settled.
    pub from: NaiveDate,
    /// The payment.
    pub payment: PaymentId,
    /// Its day.
    pub on: NaiveDate,
    /// The whole of it.
    pub amount: Money,
}

impl Charge {
    /// Οφειλή: what remains to be paid. The one place it is computed.
    #[must_use]
    pub fn due(&self) -> Money {
        if self.settled_on.is_some() { Money::ZERO } else { self.amounts.gross - self.paid }
    }

    /// Its period, if it has one.
    #[must_use]
    pub const fn period(&self) -> Option<BillingPeriod> {
        match self.source {
            ChargeSource::Period(period) => Some(period),
            ChargeSource::OneOff | ChargeSource::Adjustment => None,
        }
    }

    /// Whether the allocations reach its gross less the tolerance.
    #[must_use]
    pub fn is_covered(&self, tolerance: Money) -> bool {
        self.amounts.gross - self.paid <= tolerance
    }
}
