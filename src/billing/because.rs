//! Why something is done or not done: a code and its figures, worded here once.

use super::ids::PaymentId;
use super::period::BillingPeriod;
use chrono::NaiveDate;
use std::fmt;

/// Why a step is taken, or not, with its figures. Worded in [`fmt::Display`] and nowhere else.
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
    Data(String),
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

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settled(period) => write!(f, "the period {} – {} is settled", period.from, period.to),
            Self::SettledWhileSuspended(period) => {
                write!(f, "the period from {}, for which it was suspended, is settled", period.from)
            }
            Self::Unsettled { expired_on, days, promised_on } => {
                write!(
                    f,
                    "expired on {expired_on}, {days} days ago, unsettled; suspension was announced for {promised_on}"
                )
            }
            Self::Cancelled { expired_on } => {
                write!(f, "cancelled by the customer; it lapsed on {expired_on}")
            }
            Self::WrittenOff { expired_on } => {
                write!(f, "its period was written off; it lapsed on {expired_on}")
            }
            Self::FinalNoticeServed { due_on, accepted_on } => {
                write!(f, "due on {due_on}; the final notice was accepted on {accepted_on}")
            }
            Self::Hold { until, note } if note.is_empty() => write!(f, "on hold until {until}"),
            Self::Hold { until, note } => write!(f, "on hold until {until}: {note}"),
            Self::Exempt => f.write_str("the customer is exempt from enforcement"),
            Self::CustomApp => f.write_str("custom applications are handled by hand"),
            Self::NoAcceptedNotice { lacking } => match lacking {
                Lacking::AnyNotice => f.write_str(
                    "no notice of this period was made yet, or none since a hold, an exemption, a cancellation or an \
                     undo; the next card names the day, and `notify --now --customer …` sends one today",
                ),
                Lacking::LatestAccepted => {
                    f.write_str("the latest notice of this period was not accepted by the mail server")
                }
                Lacking::Consequence => f.write_str(
                    "no accepted notice named the day of suspension; the next card does, and \
                     `notify --now --customer …` sends one today",
                ),
                Lacking::Time(day) => write!(f, "the customer was told too lately; possible from {day}"),
                Lacking::Final => f.write_str("the final notice was not accepted yet"),
            },
            Self::PromisedLater { on } => write!(f, "the last accepted card named {on}"),
            Self::NotWorkingDay { next } => write!(f, "not a working day; the next is {next}"),
            Self::PaymentPending { likely, kept } => {
                let names = |ids: &[PaymentId]| {
                    ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", ")
                };
                f.write_str("money is there that would cover it:")?;
                if !likely.is_empty() {
                    write!(
                        f,
                        " payment {} may be theirs (`record assign PAYMENT CUSTOMER`, or `record ack PAYMENT` if it is not)",
                        names(likely)
                    )?;
                }
                if !kept.is_empty() {
                    write!(
                        f,
                        " payment {} is kept for other services (`record assign PAYMENT CUSTOMER --for any` frees it)",
                        names(kept)
                    )?;
                }
                Ok(())
            }
            Self::Trial(because) => write!(f, "a trial does not act; it would: {because}"),
            Self::Data(fault) => f.write_str(fault),
        }
    }
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
