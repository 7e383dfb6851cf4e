//! What is told to one customer: decided from the facts of one moment, and nothing is written.

use super::envelope::{addresses, keys_of, message_id, number};
use super::held::{has_enough_of_today, note_skipped, note_unheard, readable};
use super::waiting::{Over, without_waiting};
use super::{Draft, Notified, Wanted};
use crate::billing::charging::bring_up_to_date;
use crate::billing::facts::{Facts, Letter};
use crate::billing::ids::CustomerCode;
use crate::billing::letters::{self, Correspondence};
use crate::jobs::Desk;
use crate::store::{Read, StoreError, Waiting, sorted};
use anyhow::Result;
use chrono::Datelike;

/// The numbers that the next card and the next card on request get.
pub(super) struct Next {
    card: u32,
    request: i64,
}

impl Next {
    /// As the database has them.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn of(desk: &Desk, store: &Read) -> Result<Self, StoreError> {
        Ok(Self {
            card: store.next_card_sequence(desk.rules.mode, desk.today.year())?,
            request: store.next_request()?,
        })
    }
}

/// What was decided for a customer.
pub(super) enum Decided {
    /// Nothing is told, or what is told waits already.
    Nothing,
    /// A letter.
    Letter(Box<Draft>),
    /// What waits is withdrawn.
    Over(Over),
}

/// A customer's facts, and the messages that give way to the one made now: those of which nobody has been handed
/// anything. A card on request stands for itself.
pub(super) fn read(
    desk: &Desk,
    from: &Read,
    code: &CustomerCode,
    wanted: &Wanted,
) -> Result<Option<(Facts, Vec<Waiting>)>, StoreError> {
    let Some(mut facts) = from.facts(code, desk.rules.mode, desk.today)? else { return Ok(None) };
    let mut waiting =
        if wanted.request.is_some() { Vec::new() } else { from.waiting(code, desk.rules.mode)? };
    waiting.retain(Waiting::gives_way);
    if let Some(instead) = &wanted.instead_of
        && !waiting.iter().any(|message| message.message == instead.message)
    {
        waiting.extend(from.message_again(instead.message)?);
    }
    without_waiting(&mut facts, &waiting);
    Ok(Some((facts, waiting)))
}

/// Decides what is told; who asked for a card and waits for it gets one, also where nothing is due any more.
pub(in crate::jobs) fn decide(desk: &Desk, facts: &Facts, wanted: &Wanted) -> Correspondence {
    let mut decided = letters::decide(facts, &desk.rules, &desk.issuer, desk.today, wanted.request.as_ref());
    let waits = wanted.request.is_some() && wanted.instead_of.is_some();
    if decided.letter.is_none() && waits && !facts.customer.email.is_empty() {
        let card = letters::preview(facts, &desk.rules, &desk.issuer, desk.today);
        decided.letter = Some(Letter { card, notices: Vec::new(), charges: Vec::new() });
    }
    decided
}

/// Decides for one customer, from what `from` says at this moment, which is `true_at` or later.
///
/// # Errors
/// Where the database cannot be read; a record that cannot be read holds its customer back.
pub(super) fn draft(
    desk: &Desk,
    from: &Read,
    code: &CustomerCode,
    wanted: &Wanted,
    true_at: Option<i64>,
    next: &mut Next,
    outcome: &mut Notified,
) -> Result<Decided> {
    let Some((mut facts, waiting)) = readable(read(desk, from, code, wanted), code, outcome)? else {
        return Ok(Decided::Nothing);
    };
    let changes = bring_up_to_date(&mut facts, &desk.rules, desk.today, wanted.until);
    let decided = decide(desk, &facts, wanted);
    note_skipped(code, &decided.skipped, outcome);
    note_unheard(code, &facts, outcome);
    let over = |because, waiting| Decided::Over(Over { customer: code.clone(), waiting, because });
    let Some(mut letter) = decided.letter else {
        let because = "nothing is to be told any more";
        return Ok(if wanted.instead_of.is_none() { over(because, waiting) } else { Decided::Nothing });
    };
    let (to, header_to, header_cc) = addresses(desk, &facts);
    let (told, forced) =
        wanted.instead_of.as_ref().map_or((&[][..], false), |instead| (&instead.told[..], instead.forced));
    let (has_it, to): (Vec<_>, Vec<_>) = to.into_iter().partition(|(address, _)| told.contains(address));
    if !to.iter().any(|(_, role)| role.tells()) {
        return Ok(if forced { Decided::Nothing } else { over("every address of today has it", waiting) });
    }
    let (keys, fingerprint) = (keys_of(&letter), letter.card.fingerprint());
    let says_the_same = |message: &Waiting| {
        message.keys == keys && message.fingerprint == fingerprint && message.to() == sorted(to.clone())
    };
    let waits_word_for_word = !forced && waiting.iter().any(says_the_same);
    if waits_word_for_word || has_enough_of_today(desk, from, code, outcome)? {
        return Ok(Decided::Nothing);
    }
    let card_is_new = facts.numbered(&mut letter.card, number(desk, next.card));
    next.card += u32::from(card_is_new);
    let asked = wanted.asked(next.request);
    next.request += i64::from(asked.is_some());
    Ok(Decided::Letter(Box::new(Draft {
        customer: code.clone(),
        wanted: wanted.clone(),
        letter,
        card_is_new,
        message_id: message_id(desk, from, &keys, asked.as_ref())?,
        asked,
        follows: from.last_message_id(code, desk.rules.mode)?,
        to,
        has_it,
        header_to,
        meant_for: facts.customer.email.iter().chain(&facts.customer.cc).cloned().collect(),
        header_cc,
        changes,
        waiting,
        true_at,
    })))
}
