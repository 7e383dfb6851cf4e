//! Recording a message: its customer is looked at again in the transaction that stores card, message, notices and deliveries
//! together.

use super::deciding::{decide, read};
use super::render::Finished;
use super::{Draft, Made};
use crate::billing::charging::bring_up_to_date;
use crate::billing::facts::Letter;
use crate::billing::notice::Notice;
use crate::jobs::Desk;
use crate::store::{NewMessage, Tx};
use crate::views::{LineView, MessageView, lines_of};
use anyhow::Result;
use serde_json::json;

/// Looks at the customer again and stores everything together; nothing where the facts have changed.
pub(super) fn stored(desk: &Desk, tx: &Tx<'_>, draft: &Draft, finished: &Finished) -> Result<Option<Made>> {
    let lines = lines_of(&draft.letter);
    let message = store_one(desk, tx, draft, finished, &lines)?;
    let Some(message) = message else { return Ok(None) };
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
    // others that wait may be made anew yet, and a card on request comes beside the notices of its customer
    let alone = draft.wanted.request.is_none() && draft.wanted.instead_of.is_none();
    let true_at = if alone { Some(tx.touched_by_others()?) } else { None };
    Ok(Some(Made { message, view, true_at }))
}

fn store_one(
    desk: &Desk,
    tx: &Tx<'_>,
    draft: &Draft,
    finished: &Finished,
    lines: &[LineView],
) -> Result<Option<i64>> {
    let (code, wanted) = (&draft.customer, &draft.wanted);
    let Some((mut facts, waiting)) = read(desk, tx, code, wanted)? else { return Ok(None) };
    let changes = bring_up_to_date(&mut facts, &desk.rules, desk.today, wanted.until);
    tx.apply(code, &changes)?;
    // once more, now that new charges have their numbers
    let Some((facts, _)) = read(desk, tx, code, wanted)? else { return Ok(None) };
    let again = decide(desk, &facts, wanted);
    let Some(again) = again.letter.filter(|again| same(again, &draft.letter)) else { return Ok(None) };
    for message in &waiting {
        tx.cancel_message(message.message, "replaced by a newer message")?;
        tx.journal(Some(code), None, "message_cancelled", &json!({ "message": message.message }))?;
    }
    let message = tx.store_message(&NewMessage {
        customer: code,
        card: &draft.letter.card,
        card_is_new: draft.card_is_new,
        charges: &again.charges,
        notices: &again.notices,
        message_id: &draft.message_id,
        subject: &finished.drawn.letter.subject,
        lines: &serde_json::to_string(lines)?,
        bytes: &finished.bytes,
        to: &draft.to,
        has_it: &draft.has_it,
        asked: draft.asked.as_ref(),
    })?;
    let keys: Vec<String> = again.notices.iter().map(|notice| notice.key.to_string()).collect();
    let detail = json!({ "message": message, "card": draft.letter.card.number, "notices": keys });
    tx.journal(Some(code), None, "message_queued", &detail)?;
    Ok(Some(message))
}

/// Whether two letters say the same; charges had temporary numbers in the first.
fn same(a: &Letter, b: &Letter) -> bool {
    let told = |notices: &[Notice]| -> Vec<_> {
        notices.iter().map(|n| (n.key.clone(), n.suspend_on, n.terminate_on)).collect()
    };
    a.card.fingerprint() == b.card.fingerprint() && told(&a.notices) == told(&b.notices)
}
