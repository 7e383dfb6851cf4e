//! Why a step is taken, or not.

use crate::billing::because::{Because, Lacking};
use crate::billing::ids::PaymentId;
use std::fmt;

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
            Self::NoAcceptedNotice { lacking } => lacking.fmt(f),
            Self::PromisedLater { on } => write!(f, "the last accepted card named {on}"),
            Self::NotWorkingDay { next } => write!(f, "not a working day; the next is {next}"),
            Self::PaymentPending { likely, kept } => pending(f, likely, kept),
            Self::Trial(because) => write!(f, "a trial does not act; it would: {because}"),
            Self::Data(fault) => f.write_str(fault),
        }
    }
}

/// What a step lacks to be allowed, and what helps.
impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyNotice => f.write_str(
                "no notice of this period was made yet, or none since a hold, an exemption, a cancellation or an \
                 undo; the next card names the day, and `notify --now --customer …` sends one today",
            ),
            Self::LatestAccepted => {
                f.write_str("the latest notice of this period was not accepted by the mail server")
            }
            Self::Consequence => f.write_str(
                "no accepted notice named the day of suspension; the next card does, and \
                 `notify --now --customer …` sends one today",
            ),
            Self::Time(day) => write!(f, "the customer was told too lately; possible from {day}"),
            Self::Final => f.write_str("the final notice was not accepted yet"),
        }
    }
}

/// Money that would cover the debt, and how a person frees it.
fn pending(f: &mut fmt::Formatter<'_>, likely: &[PaymentId], kept: &[PaymentId]) -> fmt::Result {
    let names = |ids: &[PaymentId]| ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", ");
    if likely.is_empty() && kept.is_empty() {
        return f
            .write_str("what was paid towards a service that ends tonight becomes credit, and covers it");
    }
    f.write_str("money is there that would cover it:")?;
    if !likely.is_empty() {
        let names = names(likely);
        write!(
            f,
            " payment {names} may be theirs (`record assign PAYMENT CUSTOMER`, or `record ack PAYMENT` if it is not)"
        )?;
    }
    if !kept.is_empty() {
        let names = names(kept);
        write!(
            f,
            " payment {names} is kept for other services (`record assign PAYMENT CUSTOMER --for any` frees it)"
        )?;
    }
    Ok(())
}
