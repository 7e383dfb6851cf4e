//! Who gets no letter, and what a person is told of that.

use super::{Draft, Notified};
use crate::billing::because::NotTold;
use crate::billing::facts::Facts;
use crate::billing::ids::CustomerCode;
use crate::billing::letters::{self, Skipped};
use crate::billing::notice::NoticeFate;
use crate::jobs::Desk;
use crate::jobs::attention::Kind;
use crate::store::{Store, StoreError};
use crate::views::SkippedView;
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
        let text = format!(
            "`{service}` of `{code}`: the notice that names its suspension or deletion came back, so nothing is done; \
             mend the address (`record email`), or tell them (`record told {service} DATE --how phone`)"
        );
        outcome.findings.add(Kind::Unheard, service.as_str(), Some(code), Some(&service), text);
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
    let text = format!("no card could be made for `{code}`: {why}");
    outcome.findings.add(Kind::Card, code.as_str(), Some(code), None, text);
}

pub(super) fn note_skipped(code: &CustomerCode, skipped: &[Skipped], outcome: &mut Notified) {
    for skip in skipped {
        outcome.skipped.push(SkippedView::of(code.as_str(), skip));
        match skip.because {
            NotTold::NoEmail => {
                let text = format!("`{code}` has something to be told and no e-mail address");
                outcome.findings.add(Kind::NoEmail, code.as_str(), Some(code), None, text);
            }
            NotTold::Data(_) => {
                let text = format!("`{}` of `{code}` is held back: {}", skip.service, skip.because);
                let key = skip.service.as_str();
                outcome.findings.add(Kind::Data, key, Some(code), Some(&skip.service), text);
            }
            NotTold::CustomApp | NotTold::Cancelled { .. } | NotTold::WrittenOff { .. } => {}
        }
    }
}

/// Whether a customer was made so many messages today that a person must look first.
pub(super) fn has_enough_of_today(
    desk: &Desk,
    store: &Store,
    code: &CustomerCode,
    outcome: &mut Notified,
) -> Result<bool> {
    let is_enough = store.messages_on(code, desk.rules.mode, desk.today)? >= MESSAGES_A_DAY;
    if is_enough {
        let text =
            format!("`{code}` was made {MESSAGES_A_DAY} messages today already; this one is held back");
        outcome.findings.add(Kind::TooMany, format!("{code}|{}", desk.today), Some(code), None, text);
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
            let text = format!("`{code}` is held back: {fault}");
            outcome.findings.add(Kind::Data, code.as_str(), Some(code), None, text);
            Ok(None)
        }
        read => Ok(read?),
    }
}
