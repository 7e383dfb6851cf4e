//! Who gets no letter, and what a person is told of that.

use super::{Draft, Notified};
use crate::billing::because::NotTold;
use crate::billing::facts::Facts;
use crate::billing::ids::CustomerCode;
use crate::billing::letters::{self, Skipped};
use crate::billing::notice::NoticeFate;
use crate::jobs::Desk;
use crate::store::{Read, StoreError};
use crate::views::SkippedView;
use crate::views::finding::{Finding, MailFinding};
use anyhow::Result;

/// Nobody gets more messages than this on one day, whatever goes wrong.
const MESSAGES_A_DAY: u32 = 3;

/// Whose last word came back is listed as long as something waits for it.
pub(super) fn note_unheard(code: &CustomerCode, facts: &Facts, outcome: &mut Notified) {
    for (service, fate) in letters::unheard(facts) {
        if fate != NoticeFate::Bounced {
            // what was refused, and what is uncertain, is listed with its delivery
            continue;
        }
        let finding = MailFinding::Unheard { customer: code.clone(), service: service.clone() };
        outcome.findings.add(service.as_str(), Some(code), Some(&service), &Finding::Mail(finding));
    }
}

pub(super) fn hold_back(draft: &Draft, why: &str, outcome: &mut Notified) {
    for notice in &draft.letter.notices {
        outcome.skipped.push(SkippedView {
            customer: draft.customer.to_string(),
            service: letters::told_of(&notice.key),
            reason: "card",
            because: why.to_owned(),
        });
    }
    hold_customer_back(&draft.customer, why, outcome);
}

pub(super) fn hold_customer_back(code: &CustomerCode, why: &str, outcome: &mut Notified) {
    let finding = Finding::NoCard { customer: code.clone(), why: why.to_owned() };
    outcome.findings.add(code.as_str(), Some(code), None, &finding);
}

pub(super) fn note_skipped(code: &CustomerCode, skipped: &[Skipped], outcome: &mut Notified) {
    for skip in skipped {
        outcome.skipped.push(SkippedView::of(code.as_str(), skip));
        match skip.because {
            NotTold::NoEmail => {
                let finding = Finding::NoAddress { customer: code.clone() };
                outcome.findings.add(code.as_str(), Some(code), None, &finding);
            }
            NotTold::Data(_) => {
                let (customer, service) = (code.clone(), skip.service.clone());
                let finding = Finding::ServiceHeldBack { customer, service, because: skip.because.clone() };
                outcome.findings.add(skip.service.as_str(), Some(code), Some(&skip.service), &finding);
            }
            NotTold::CustomApp | NotTold::Cancelled { .. } | NotTold::WrittenOff { .. } => {}
        }
    }
}

/// Whether a customer was made so many messages today that a person must look first.
pub(super) fn has_enough_of_today(
    desk: &Desk,
    store: &Read,
    code: &CustomerCode,
    outcome: &mut Notified,
) -> Result<bool> {
    let is_enough = store.messages_on(code, desk.rules.mode, desk.today)? >= MESSAGES_A_DAY;
    if is_enough {
        let finding = Finding::TooManyMessages { customer: code.clone(), made: MESSAGES_A_DAY };
        outcome.findings.add(format!("{code}|{}", desk.today), Some(code), None, &finding);
    }
    Ok(is_enough)
}

/// What was read of a customer; one whose record has a fault is held back, and keeps nobody else waiting.
pub(super) fn readable<T>(
    read: Result<Option<T>, StoreError>,
    code: &CustomerCode,
    outcome: &mut Notified,
) -> Result<Option<T>> {
    match read {
        Err(fault) if fault.is_data() => {
            let finding = Finding::RecordUnreadable { customer: code.clone(), why: fault.to_string() };
            outcome.findings.add(code.as_str(), Some(code), None, &finding);
            Ok(None)
        }
        read => Ok(read?),
    }
}
