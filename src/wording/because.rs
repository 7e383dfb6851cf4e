//! The reasons of the core in words: why a step is taken or not, a service told or not, and why nothing comes of one.

use super::speech::{say, word};
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
        f.write_str(&match self {
            Self::Settled(period) => say!("because.settled", from = period.from, to = period.to),
            Self::SettledWhileSuspended(period) => {
                say!("because.settled_while_suspended", from = period.from)
            }
            Self::Unsettled { expired_on, days, promised_on } => {
                say!("because.unsettled", expired_on, days, promised_on)
            }
            Self::Cancelled { expired_on } => say!("because.cancelled", expired_on),
            Self::WrittenOff { expired_on } => say!("because.written_off", expired_on),
            Self::FinalNoticeServed { due_on, accepted_on } => {
                say!("because.final_served", due_on, accepted_on)
            }
            Self::Hold { until, note } => say!("because.hold", until, note),
            Self::Exempt => say!("because.exempt"),
            Self::CustomApp => say!("because.custom_app"),
            Self::NoAcceptedNotice { lacking } => return lacking.fmt(f),
            Self::PromisedLater { on } => say!("because.promised_later", on),
            Self::NotWorkingDay { next } => say!("because.not_working_day", next),
            Self::PaymentPending { likely, kept } => pending(likely, kept),
            Self::Trial(because) => say!("because.trial", because = because.to_string()),
            Self::Data(fault) => return fault.fmt(f),
        })
    }
}

/// What a step lacks to be allowed, and what helps.
impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::AnyNotice => say!("lacking.any_notice"),
            Self::LatestAccepted => say!("lacking.latest_accepted"),
            Self::Consequence => say!("lacking.consequence"),
            Self::Time(day) => say!("lacking.time", day),
            Self::Final => say!("lacking.final"),
        })
    }
}

/// Money that would cover the debt, and how a person frees it.
fn pending(likely: &[PaymentId], kept: &[PaymentId]) -> String {
    let names = |ids: &[PaymentId]| ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", ");
    if likely.is_empty() && kept.is_empty() {
        return say!("because.credit_covers");
    }
    say!("because.pending", likely = names(likely), kept = names(kept))
}

/// What is wrong with a record.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::NoPrice => say!("fault.no_price"),
            Self::Stale { days } => say!("fault.stale", days),
            Self::Unreadable(why) => why.clone(),
        })
    }
}

/// Why a service gets no notice.
impl fmt::Display for NotTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::CustomApp => say!("not_told.custom_app"),
            Self::Data(fault) => return fault.fmt(f),
            Self::Cancelled { lapses_on } => say!("not_told.cancelled", lapses_on),
            Self::WrittenOff { lapses_on } => say!("not_told.written_off", lapses_on),
            Self::NoEmail => say!("not_told.no_email"),
        })
    }
}

/// Why nothing comes of a service, and who must do what.
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Fault(fault) => return fault.fmt(f),
            Self::Terminated => say!("lack.terminated"),
            Self::Ended => say!("lack.ended"),
            Self::CustomApp => say!("lack.custom_app"),
            Self::ByHand(reason) => say!("lack.by_hand", reason = word("reason", reason.code())),
            Self::Exempt => say!("lack.exempt"),
            Self::Address => say!("lack.address"),
            Self::Unheard(NoticeFate::Bounced) => say!("lack.came_back"),
            Self::Unheard(NoticeFate::Uncertain) => say!("lack.perhaps"),
            Self::Unheard(NoticeFate::Queued | NoticeFate::Accepted(_) | NoticeFate::Failed) => {
                say!("lack.refused")
            }
            Self::Withheld(action, because) => {
                say!("lack.withheld", action, because = because.to_string())
            }
            Self::Trial => say!("lack.trial"),
            Self::NoStep => say!("lack.no_step"),
        })
    }
}

/// What a registry wants of a domain name.
impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Term { months, term } => say!("concern.term", months, term),
            Self::QuarantineOver { since } => say!("concern.quarantine_over", since),
            Self::PaidTooLate { since } => say!("concern.paid_too_late", since),
        })
    }
}

/// What speaks for a customer whose a payment may be.
impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::OneCharge => say!("clue.one_charge"),
            Self::LastCard => say!("clue.last_card"),
            Self::TaxId => say!("clue.tax_id"),
            Self::Name(alike) => say!("clue.name", alike),
        })
    }
}
