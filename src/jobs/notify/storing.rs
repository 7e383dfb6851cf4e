//! Recording a message: its customer is looked at again in the transaction that stores card, message, notices and deliveries
//! together.

use super::deciding::{decide, read};
use super::render::Finished;
use super::{Draft, Made};
use crate::billing::charging::bring_up_to_date;
use crate::billing::facts::Letter;
use crate::billing::ids::ChargeId;
use crate::billing::notice::{Notice, Subject};
use crate::jobs::Desk;
use crate::store::{NewMessage, Tx, Waiting};
use crate::views::{LineView, MessageView, lines_of};
use anyhow::Result;
use serde_json::json;
use std::borrow::Cow;

/// Looks at the customer again and stores everything together; nothing where the facts have changed.
pub(super) fn stored(desk: &Desk, tx: &Tx<'_>, draft: &Draft, finished: &Finished) -> Result<Option<Made>> {
    let touched = tx.touched_by_others()?;
    let sound =
        if draft.true_at == Some(touched) { as_decided(tx, draft) } else { looked_again(desk, tx, draft) };
    let Some(told) = sound? else { return Ok(None) };
    let lines = lines_of(&draft.letter);
    let message = store_all(tx, draft, finished, &told, &lines)?;
    let card = &draft.letter.card;
    let view = MessageView {
        customer: draft.customer.to_string(),
        name: card.customer.name.clone(),
        to: draft.header_to.iter().chain(&draft.header_cc).cloned().collect(),
        card: card.number.to_string(),
        subject: finished.drawn.letter.subject.clone(),
        reference: card.payment.reference.as_str().to_owned(),
        total_cents: card.total_due.cents(),
        pay_by: card.due_by,
        now_cents: card.due_now().cents(),
        later_cents: card.later.map_or(0, |later| later.due.cents()),
        later_by: card.later.map(|later| later.by),
        lines,
        state: "queued",
    };
    Ok(Some(Made { message, view, true_at: draft.true_at.map(|_| touched) }))
}

/// What a message tells, under the numbers that the database has.
struct Told<'a> {
    charges: Vec<ChargeId>,
    notices: Vec<Notice>,
    /// The messages that give way to it.
    waiting: Cow<'a, [Waiting]>,
}

/// Nobody but this run has written since the facts were read, and nothing of it concerned this customer: they are as they
/// were, and so is what was decided.
fn as_decided<'a>(tx: &Tx<'_>, draft: &'a Draft) -> Result<Option<Told<'a>>> {
    let numbers = tx.apply(&draft.customer, &draft.changes)?;
    let mut notices = draft.letter.notices.clone();
    for notice in &mut notices {
        if let Subject::Charge(charge) = &mut notice.key.subject {
            *charge = numbers.real(*charge);
        }
    }
    let charges = draft.letter.charges.iter().map(|charge| numbers.real(*charge)).collect();
    Ok(Some(Told { charges, notices, waiting: Cow::Borrowed(&draft.waiting) }))
}

/// Decides again, from the facts of this transaction; nothing where that comes to another letter.
fn looked_again<'a>(desk: &Desk, tx: &Tx<'_>, draft: &'a Draft) -> Result<Option<Told<'a>>> {
    let (code, wanted) = (&draft.customer, &draft.wanted);
    let Some((mut facts, waiting)) = read(desk, tx, code, wanted)? else { return Ok(None) };
    let changes = bring_up_to_date(&mut facts, &desk.rules, desk.today, wanted.until);
    tx.apply(code, &changes)?;
    // once more, now that new charges have their numbers
    let Some((facts, _)) = read(desk, tx, code, wanted)? else { return Ok(None) };
    let again = decide(desk, &facts, wanted).letter.filter(|again| same(again, &draft.letter));
    Ok(again.map(|Letter { charges, notices, .. }| Told { charges, notices, waiting: Cow::Owned(waiting) }))
}

fn store_all(
    tx: &Tx<'_>,
    draft: &Draft,
    finished: &Finished,
    told: &Told<'_>,
    lines: &[LineView],
) -> Result<i64> {
    let code = &draft.customer;
    for message in &*told.waiting {
        tx.cancel_message(message.message, "replaced by a newer message")?;
        tx.journal(Some(code), None, "message_cancelled", &json!({ "message": message.message }))?;
    }
    let message = tx.store_message(&NewMessage {
        customer: code,
        card: &draft.letter.card,
        card_is_new: draft.card_is_new,
        charges: &told.charges,
        notices: &told.notices,
        message_id: &draft.message_id,
        subject: &finished.drawn.letter.subject,
        lines: &serde_json::to_string(lines)?,
        bytes: &finished.bytes,
        to: &draft.to,
        has_it: &draft.has_it,
        asked: draft.asked.as_ref(),
    })?;
    let keys: Vec<String> = told.notices.iter().map(|notice| notice.key.to_string()).collect();
    let detail = json!({ "message": message, "card": draft.letter.card.number, "notices": keys });
    tx.journal(Some(code), None, "message_queued", &detail)?;
    Ok(message)
}

/// Whether two letters say the same; charges had temporary numbers in the first.
fn same(a: &Letter, b: &Letter) -> bool {
    let told = |notices: &[Notice]| -> Vec<_> {
        notices.iter().map(|n| (n.key.clone(), n.suspend_on, n.terminate_on)).collect()
    };
    a.card.fingerprint() == b.card.fingerprint() && told(&a.notices) == told(&b.notices)
}
