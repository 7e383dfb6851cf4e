//! Notices: decide on a snapshot, draw on all cores, then look at every customer again in the
//! transaction that stores card, message, notices and deliveries together.
mod envelope;
mod held;
mod night;
pub mod outlook;
pub mod preview;
pub mod render;
mod storing;
mod waiting;

pub use night::night;

use crate::billing::charging::bring_up_to_date;
use crate::billing::facts::{Facts, Letter};
use crate::billing::ids::CustomerCode;
use crate::billing::letters::{self, Correspondence, Request};
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::notify::preview::Preview;
use crate::jobs::notify::render::{Header, Renderer};
use crate::jobs::spared::spared;
use crate::store::{Asked, DeliveryState, Read, Role, Run, Store, StoreError, Waiting, sorted};
use crate::views::{MessageView, SkippedView};
use anyhow::Result;
use chrono::{Datelike, NaiveDate};
pub(super) use envelope::{addresses, keys_of};
use envelope::{message_id, number};
use held::{has_enough_of_today, hold_back, hold_customer_back, note_skipped, note_unheard, readable};
use storing::store_all;
use waiting::withdraw;
pub(super) use waiting::without_waiting;

/// Customers are decided and drawn in batches, so that memory stays flat.
const BATCH: usize = 64;

/// Which cards are made.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A card that somebody asked for.
    pub request: Option<Request>,
    /// Charge everything that expires up to this day.
    pub until: Option<NaiveDate>,
    /// The message that gives way to the one made now.
    pub instead_of: Option<Instead>,
}

/// A message that gives way to another, whatever became of it.
#[derive(Debug, Clone)]
pub struct Instead {
    /// Which.
    pub message: i64,
    /// Addresses that have it, and get no other.
    pub told: Vec<String>,
    /// Whether a person wants another in any case, also one that says the same.
    pub forced: bool,
}

/// The numbers that the next card and the next card on request get.
struct Next {
    card: u32,
    request: i64,
}

/// A message that was made (or would be).
#[derive(Debug)]
pub struct Made {
    /// The store's number.
    pub message: i64,
    /// As it is reported.
    pub view: MessageView,
}

/// What a run of notices came to.
#[derive(Debug, Default)]
pub struct Notified {
    /// Messages, by customer.
    pub made: Vec<Made>,
    /// Services that get no notice.
    pub skipped: Vec<SkippedView>,
    /// What needs a person.
    pub findings: Findings,
}

/// A letter decided for one customer, before it is drawn.
struct Draft {
    customer: CustomerCode,
    wanted: Wanted,
    letter: Letter,
    card_is_new: bool,
    asked: Option<Asked>,
    message_id: String,
    follows: Option<String>,
    to: Vec<(String, Role)>,
    has_it: Vec<(String, Role)>,
    header_to: Vec<String>,
    header_cc: Vec<String>,
    /// Whom it is for, also where a trial sends it elsewhere.
    meant_for: Vec<String>,
}

/// Makes the messages that are due for `customers`.
///
/// # Errors
/// Where the database cannot be read or written; one bad record only holds back its customer.
pub fn make(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    renderer: &Renderer,
    customers: &[CustomerCode],
    wanted: &Wanted,
    preview: &mut Option<Preview<'_>>,
) -> Result<Notified> {
    let mut outcome = Notified::default();
    let mut next = Next {
        card: store.next_card_sequence(desk.rules.mode, desk.today.year())?,
        request: store.next_request()?,
    };
    let bar = desk.report.progress("notices", customers.len());
    for batch in customers.chunks(BATCH) {
        let mut drafts = Vec::new();
        for code in batch {
            bar.inc(1);
            match spared(|| draft(desk, store, run, code, wanted, &mut next, &mut outcome))? {
                Ok(draft) => drafts.extend(draft),
                Err(why) => hold_customer_back(code, &why, &mut outcome),
            }
        }
        draw(desk, store, run, renderer, drafts, preview, &mut outcome)?;
        if wanted.request.is_some() || wanted.instead_of.is_some() {
            continue;
        }
        // a card that somebody asked for and that still waits is made anew where the facts have changed
        let mut drafts = Vec::new();
        for code in batch {
            for wanted in asked_for(desk, store, code)? {
                match spared(|| draft(desk, store, run, code, &wanted, &mut next, &mut outcome))? {
                    Ok(draft) => drafts.extend(draft),
                    Err(why) => hold_customer_back(code, &why, &mut outcome),
                }
            }
        }
        draw(desk, store, run, renderer, drafts, preview, &mut outcome)?;
    }
    bar.finish_and_clear();
    Ok(outcome)
}

/// Draws what was decided, on all cores, and stores it.
fn draw(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    renderer: &Renderer,
    drafts: Vec<Draft>,
    preview: &mut Option<Preview<'_>>,
    outcome: &mut Notified,
) -> Result<()> {
    let finished = renderer.finish_all(desk, &drafts, |draft| {
        let header = Header {
            to: &draft.header_to,
            cc: &draft.header_cc,
            message_id: &draft.message_id,
            follows: draft.follows.as_deref(),
        };
        (&draft.letter, header)
    });
    let mut sound = Vec::new();
    for (draft, finished) in drafts.into_iter().zip(finished) {
        match finished {
            Ok(finished) => sound.push((draft, finished)),
            Err(error) => hold_back(&draft, &format!("{error:#}"), outcome),
        }
    }
    for ((draft, finished), made) in sound.iter().zip(store_all(desk, store, run, &sound)?) {
        match made {
            Ok(Some(made)) => {
                // the pictures of a whole night would not fit into memory: each is written and forgotten
                if let Some(preview) = preview {
                    preview.add(&made.view, &draft.letter, draft.meant_for.clone(), finished)?;
                }
                outcome.made.push(made);
            }
            Ok(None) => {}
            Err(why) => hold_back(draft, &why, outcome),
        }
    }
    Ok(())
}

/// The cards of a customer that somebody asked for and that wait, each as it was asked for.
fn asked_for(desk: &Desk, store: &Store, code: &CustomerCode) -> Result<Vec<Wanted>> {
    let waiting = store.waiting(code, desk.rules.mode)?.into_iter();
    Ok(waiting.filter_map(|message| Wanted::again(&message, false)).collect())
}

impl Wanted {
    /// What is kept of a request with its message, under its number of the day.
    fn asked(&self, number: i64) -> Option<Asked> {
        let request = self.request.as_ref()?;
        Some(Asked { number, service: request.service.clone(), until: self.until })
    }

    /// What somebody asked for with a message, asked for again; none where nobody did.
    pub(super) fn again(message: &Waiting, forced: bool) -> Option<Self> {
        let asked = message.asked.clone()?;
        let got = message.deliveries.iter().filter(|delivery| {
            matches!(
                delivery.state,
                DeliveryState::Sent
                    | DeliveryState::InDoubt
                    | DeliveryState::Uncertain
                    // it has it from the message before
                    | DeliveryState::Cancelled
            )
        });
        Some(Self {
            request: Some(Request { service: asked.service }),
            until: asked.until,
            instead_of: Some(Instead {
                message: message.message,
                told: got.map(|delivery| delivery.address.clone()).collect(),
                forced,
            }),
        })
    }
}

/// A customer's facts, and the messages that give way to the one made now: those of which nobody has been handed
/// anything. A card on request stands for itself.
fn read(
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
pub(super) fn decide(desk: &Desk, facts: &Facts, wanted: &Wanted) -> Correspondence {
    let mut decided = letters::decide(facts, &desk.rules, &desk.issuer, desk.today, wanted.request.as_ref());
    let waits = wanted.request.is_some() && wanted.instead_of.is_some();
    if decided.letter.is_none() && waits && !facts.customer.email.is_empty() {
        let card = letters::preview(facts, &desk.rules, &desk.issuer, desk.today);
        decided.letter = Some(Letter { card, notices: Vec::new(), charges: Vec::new() });
    }
    decided
}

fn draft(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    code: &CustomerCode,
    wanted: &Wanted,
    next: &mut Next,
    outcome: &mut Notified,
) -> Result<Option<Draft>> {
    let Some((mut facts, waiting)) = readable(read(desk, store, code, wanted), code, outcome)? else {
        return Ok(None);
    };
    bring_up_to_date(&mut facts, &desk.rules, desk.today, wanted.until);
    let decided = decide(desk, &facts, wanted);
    note_skipped(code, &decided.skipped, outcome);
    note_unheard(code, &facts, outcome);
    let Some(mut letter) = decided.letter else {
        if wanted.instead_of.is_none() {
            withdraw(store, run, code, &waiting, "nothing is to be told any more")?;
        }
        return Ok(None);
    };
    let (to, header_to, header_cc) = addresses(desk, &facts);
    let (told, forced) =
        wanted.instead_of.as_ref().map_or((&[][..], false), |instead| (&instead.told[..], instead.forced));
    let (has_it, to): (Vec<_>, Vec<_>) = to.into_iter().partition(|(address, _)| told.contains(address));
    if !to.iter().any(|(_, role)| role.tells()) {
        if !forced {
            withdraw(store, run, code, &waiting, "every address of today has it")?;
        }
        return Ok(None);
    }
    let (keys, fingerprint) = (keys_of(&letter), letter.card.fingerprint());
    let says_the_same = |message: &Waiting| {
        message.keys == keys && message.fingerprint == fingerprint && message.to() == sorted(to.clone())
    };
    let waits_word_for_word = !forced && waiting.iter().any(says_the_same);
    if waits_word_for_word || has_enough_of_today(desk, store, code, outcome)? {
        return Ok(None);
    }
    let card_is_new = facts.numbered(&mut letter.card, number(desk, next.card));
    next.card += u32::from(card_is_new);
    let asked = wanted.asked(next.request);
    next.request += i64::from(asked.is_some());
    let message_id = message_id(desk, store, &keys, asked.as_ref())?;
    Ok(Some(Draft {
        customer: code.clone(),
        wanted: wanted.clone(),
        letter,
        card_is_new,
        asked,
        message_id,
        follows: store.last_message_id(code, desk.rules.mode)?,
        to,
        has_it,
        header_to,
        meant_for: facts.customer.email.iter().chain(&facts.customer.cc).cloned().collect(),
        header_cc,
    }))
}
