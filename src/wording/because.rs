//! The reasons of the core in words: why a step is taken or not, a service told or not, and why nothing comes of one.

use crate::billing::asked::Fault;
use crate::billing::because::{Because, Lacking, NotTold};
use crate::billing::candidates::Clue;
use crate::billing::forecast::Lack;
use crate::billing::ids::PaymentId;
use crate::billing::notice::NoticeFate;
use crate::billing::registry::Concern;
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
            Self::Data(fault) => fault.fmt(f),
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

/// What is wrong with a record.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Why a service gets no notice.
impl fmt::Display for NotTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CustomApp => f.write_str("custom applications are notified by hand"),
            Self::Data(fault) => fault.fmt(f),
            Self::Cancelled { lapses_on } => write!(f, "the customer cancelled; it lapses on {lapses_on}"),
            Self::WrittenOff { lapses_on } => {
                write!(f, "its period was written off; it lapses on {lapses_on}")
            }
            Self::NoEmail => f.write_str("the customer has no e-mail address"),
        }
    }
}

/// Why nothing comes of a service, and who must do what.
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Terminated => f.write_str("it was deleted; nothing comes of it any more"),
            Self::Ended => f.write_str("it has ended; `record end SERVICE --undo` takes that back"),
            Self::CustomApp => f.write_str("a custom application: a person notifies and collects by hand"),
            Self::ByHand(reason) => write!(
                f,
                "a person suspended it ({}); whoever did must lift it: import it as active with `--take state`",
                reason.code()
            ),
            Self::Exempt => f.write_str(
                "the customer is exempt and every reminder was sent: accounting collects by hand, or ends the \
                 exemption (`import customers --take enforcement`)",
            ),
            Self::Address => f.write_str(
                "the customer has no e-mail address: enter one (`record email`), or tell them (`record told SERVICE \
                 DATE --how phone`)",
            ),
            Self::Unheard(fate) => {
                let what = match fate {
                    NoticeFate::Bounced => "came back",
                    NoticeFate::Uncertain => "perhaps arrived",
                    NoticeFate::Queued | NoticeFate::Accepted(_) | NoticeFate::Failed => "was refused",
                };
                write!(
                    f,
                    "the latest notice {what}: look at `outbox list`, mend the address (`record email`), or tell them \
                     (`record told SERVICE DATE --how phone`)"
                )
            }
            Self::Withheld(action, because) => write!(f, "{} is withheld: {because}", action.code()),
            Self::NoStep => f.write_str(
                "every reminder was sent, and the policy of its kind has no further step: accounting collects by hand",
            ),
        }
    }
}

/// What a registry wants of a domain name.
impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term { months, term } => write!(
                f,
                "it is charged for {months} months, and its registry knows terms of {term} months and their multiples"
            ),
            Self::QuarantineOver { since } => write!(
                f,
                "its quarantine ended and since {since} anybody may register it; if it is gone, `record end` it"
            ),
            Self::PaidTooLate { since } => write!(
                f,
                "it was paid, but its quarantine had ended and since {since} anybody may register it; look at the \
                 registry, and register it anew or give the money back (`record reverse`)"
            ),
        }
    }
}

/// What speaks for a customer whose a payment may be.
impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneCharge => f.write_str("exactly one charge's amount"),
            Self::LastCard => f.write_str("the last card's total"),
            Self::TaxId => f.write_str("the tax id stands in it"),
            Self::Name(alike) => write!(f, "the payer's name is {alike} % alike"),
        }
    }
}
