//! Why something is done or not done, or told or not told: a code and its figures; `wording/because.rs` says it in words.

use super::asked::Fault;
use super::ids::PaymentId;
use super::period::BillingPeriod;
use chrono::NaiveDate;

/// Why a step is taken, or not, with its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The period is paid.
    Settled(BillingPeriod),
    /// The period it was suspended for is paid.
    SettledWhileSuspended(BillingPeriod),
    /// Expired, told, and still unpaid.
    Unsettled {
        /// The expiry.
        expired_on: NaiveDate,
        /// Days since.
        days: i64,
        /// The day the last accepted card named.
        promised_on: NaiveDate,
    },
    /// The customer cancelled and the service has lapsed.
    Cancelled {
        /// The expiry.
        expired_on: NaiveDate,
    },
    /// The debt was given up and the service has lapsed.
    WrittenOff {
        /// The expiry.
        expired_on: NaiveDate,
    },
    /// Suspended (or expired) long enough, and the final notice was accepted.
    FinalNoticeServed {
        /// The day termination was due.
        due_on: NaiveDate,
        /// The day the final notice was accepted.
        accepted_on: NaiveDate,
    },
    /// A hold.
    Hold {
        /// Its last day.
        until: NaiveDate,
        /// Its note.
        note: String,
    },
    /// The customer is exempt.
    Exempt,
    /// A custom application.
    CustomApp,
    /// No notice of the period was accepted early enough, or the latest was not accepted.
    NoAcceptedNotice {
        /// What is lacking.
        lacking: Lacking,
    },
    /// The last accepted card named a later day.
    PromisedLater {
        /// That day.
        on: NaiveDate,
    },
    /// Weekend, holiday or freeze.
    NotWorkingDay {
        /// The next day on which it may happen.
        next: NaiveDate,
    },
    /// Money that may be theirs, or is kept for other services of theirs, would cover the debt.
    PaymentPending {
        /// Payments of nobody that are probably theirs.
        likely: Vec<PaymentId>,
        /// Payments of theirs that are kept for other services.
        kept: Vec<PaymentId>,
    },
    /// Trial mode; why it would be done.
    Trial(Box<Self>),
    /// The record has a fault.
    Data(Fault),
}

/// What a step lacks to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// No notice of this period was made since the last event that moved its day.
    AnyNotice,
    /// The latest notice of this period is not an accepted one.
    LatestAccepted,
    /// No accepted notice since then named the day.
    Consequence,
    /// Told, but only so lately that it must wait until this day.
    Time(NaiveDate),
    /// The final notice has not been accepted.
    Final,
}

impl Because {
    /// The code of the contract: `reason` of an action or of what was withheld.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Settled(_) | Self::SettledWhileSuspended(_) => "settled",
            Self::Unsettled { .. } => "unsettled",
            Self::Cancelled { .. } | Self::WrittenOff { .. } => "cancelled",
            Self::FinalNoticeServed { .. } => "final_notice_served",
            Self::Hold { .. } => "hold",
            Self::Exempt => "exempt",
            Self::CustomApp => "custom_app",
            Self::NoAcceptedNotice { .. } => "no_accepted_notice",
            Self::PromisedLater { .. } => "promised_later",
            Self::NotWorkingDay { .. } => "not_working_day",
            Self::PaymentPending { .. } => "payment_pending",
            Self::Trial(_) => "trial",
            Self::Data(_) => "data",
        }
    }
}

/// Why a service gets no notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTold {
    /// Custom applications are notified by hand.
    CustomApp,
    /// Its record cannot be used.
    Data(Fault),
    /// The customer cancelled.
    Cancelled {
        /// Its expiry.
        lapses_on: NaiveDate,
    },
    /// Its period was written off.
    WrittenOff {
        /// Its expiry.
        lapses_on: NaiveDate,
    },
    /// The customer has no address.
    NoEmail,
}

impl NotTold {
    /// The word by which programs know it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CustomApp => "custom_app",
            Self::Data(_) => "data",
            Self::Cancelled { .. } | Self::WrittenOff { .. } => "cancelled",
            Self::NoEmail => "no_email",
        }
    }
}
