//! What `record` reports, and what was recorded, as data. `wording/record.rs` says it in words.

use super::finding::{OpenAgain, WentBack};
use super::{AttentionView, RunView};
use crate::billing::action::Action;
use crate::billing::allocation::Basis;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::vat::Price;
use chrono::NaiveDate;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct RecordedView {
    pub(crate) run: RunView,
    pub(crate) recorded: String,
    pub(crate) effect: Option<EffectView>,
    pub(crate) attention: Vec<AttentionView>,
}

/// How a customer stands after a record, and what it settled.
#[derive(Debug, Clone, Serialize)]
pub struct EffectView {
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// What was settled by it.
    pub settled: Vec<SettledView>,
    /// Their services that are switched off, and that nothing of what was recorded switches on again.
    pub stays_off: Vec<StaysOff>,
    /// What is still due of open charges.
    pub due_cents: i64,
    /// What they have paid for nothing yet.
    pub credit_cents: i64,
}

/// A service that stays switched off.
#[derive(Debug, Clone, Serialize)]
pub struct StaysOff {
    /// Which.
    pub service: String,
    /// The code of the reason of its suspension.
    pub reason: &'static str,
}

/// A charge that was settled.
#[derive(Debug, Clone, Serialize)]
pub struct SettledView {
    /// Its service, else what was charged.
    pub what: String,
    /// The end of its period: the new expiry.
    pub until: Option<NaiveDate>,
}

/// What was recorded, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recorded {
    Acknowledged {
        what: String,
    },
    Cancelled {
        service: ServiceCode,
        lapses_on: NaiveDate,
    },
    CancellationUndone {
        service: ServiceCode,
    },
    /// Price and length of the periods that nobody was charged for yet, the first of which begins on a day.
    Changed {
        service: ServiceCode,
        price: Price,
        before: Option<Price>,
        period_months: u32,
        first: Option<NaiveDate>,
    },
    /// Another price of the periods that begin on or after a day; of the first of them there may be a charge already.
    ChangedLater {
        service: ServiceCode,
        from: NaiveDate,
        price: Money,
        before: Money,
        first: NaiveDate,
        is_charged: bool,
    },
    Charged {
        customer: CustomerCode,
        gross: Money,
        label: String,
    },
    ClockForgiven {
        latest: NaiveDate,
    },
    Discounted {
        of: String,
        amount: Money,
        left: Money,
    },
    Amended {
        code: String,
        changed: Vec<(String, String, String)>,
    },
    Emailed {
        customer: CustomerCode,
        addresses: Vec<String>,
    },
    Ended {
        service: ServiceCode,
    },
    Entered {
        code: String,
        what: String,
    },
    EndUndone {
        service: ServiceCode,
        state: String,
        expires_on: NaiveDate,
    },
    Held {
        service: ServiceCode,
        until: Option<NaiveDate>,
    },
    Invoiced {
        number: String,
        date: NaiveDate,
        entries: usize,
    },
    InvoiceForgotten {
        number: String,
        entries: usize,
    },
    Money(RecordedMoney),
    OrderDone {
        order: i64,
    },
    ProofShown {
        customer: CustomerCode,
        until: NaiveDate,
        held: usize,
    },
    Repriced {
        service: ServiceCode,
        price: Money,
        charges: usize,
    },
    Told {
        customer: CustomerCode,
        service: ServiceCode,
        how: &'static str,
        action: Action,
        on: NaiveDate,
    },
    WrittenOff {
        of: String,
        amount: Money,
    },
}

/// What was recorded of money that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordedMoney {
    Assigned {
        amount: Money,
        paid_on: NaiveDate,
        customer: CustomerCode,
        basis: Option<Basis>,
    },
    /// A promise, no money yet.
    Cheque {
        customer: CustomerCode,
        amount: Money,
        due: NaiveDate,
        held: usize,
    },
    Disowned {
        payment: PaymentId,
        amount: Money,
        paid_on: NaiveDate,
    },
    Paid {
        customer: CustomerCode,
        amount: Money,
        bank_ref: String,
        basis: Option<Basis>,
    },
    Refunded {
        customer: CustomerCode,
        amount: Money,
    },
    Same {
        bank_ref: String,
        payments: Vec<(PaymentId, String)>,
    },
    Unassigned {
        amount: Money,
        paid_on: NaiveDate,
        customer: CustomerCode,
        open: Vec<OpenAgain>,
    },
    /// Money that went back; its number, where a person had given it to the customer.
    WentBack {
        went_back: WentBack,
        given: Option<PaymentId>,
    },
}

impl Recorded {
    /// The journal's word, which is mostly the command's.
    pub(crate) const fn event(&self) -> &'static str {
        match self {
            Self::Acknowledged { .. } | Self::ClockForgiven { .. } => "record_ack",
            Self::Cancelled { .. } | Self::CancellationUndone { .. } => "record_cancel",
            Self::Changed { .. } | Self::ChangedLater { .. } => "record_change",
            Self::Charged { .. } => "record_charge",
            Self::Discounted { .. } => "record_discount",
            Self::Amended { .. } | Self::Entered { .. } => "record_entered",
            Self::Emailed { .. } => "record_email",
            Self::Ended { .. } | Self::EndUndone { .. } => "record_end",
            Self::Held { .. } => "record_hold",
            Self::Invoiced { .. } | Self::InvoiceForgotten { .. } => "record_invoice",
            Self::Money(money) => money.event(),
            Self::OrderDone { .. } => "record_done",
            Self::ProofShown { .. } => "record_proof",
            Self::Repriced { .. } => "record_reprice",
            Self::Told { .. } => "record_told",
            Self::WrittenOff { .. } => "record_writeoff",
        }
    }
}

impl RecordedMoney {
    const fn event(&self) -> &'static str {
        match self {
            Self::Assigned { .. } | Self::Unassigned { .. } => "record_assign",
            Self::Cheque { .. } => "record_cheque",
            Self::Disowned { .. } => "record_ack",
            Self::Paid { .. } => "record_payment",
            Self::Refunded { .. } => "record_refund",
            Self::Same { .. } => "record_same",
            Self::WentBack { .. } => "record_reverse",
        }
    }
}
