//! Notices: decide on a snapshot, draw on all cores, then look at every customer again in the
//! transaction that stores card, message, notices and deliveries together.

use super::Desk;
use super::attention::{Findings, Kind};
use super::preview::Preview;
use super::render::{Finished, Studio};
use super::spared::spared;
use crate::billing::charging::bring_up_to_date;
use crate::billing::facts::{Facts, Letter};
use crate::billing::ids::{CardNumber, CustomerCode};
use crate::billing::letters::{self, Request, Skipped};
use crate::billing::notice::{Notice, NoticeFate};
use crate::billing::policy::Mode;
use crate::store::{FactQueries, NewMessage, Outbox, Queries, Replaceable, Role, RunId, Store, Tx};
use crate::views::{LineView, MessageView, SkippedView, lines_of};
use anyhow::Result;
use chrono::{Datelike, NaiveDate};
use serde_json::json;

/// Nobody gets more messages than this on one day, whatever goes wrong.
const MESSAGES_A_DAY: u32 = 3;

/// Customers are decided and drawn in batches, so that memory stays flat.
const BATCH: usize = 256;

/// Which cards are made.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A card that somebody asked for.
    pub request: Option<Request>,
    /// Charge everything that expires up to this day.
    pub until: Option<NaiveDate>,
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
pub struct Outcome {
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
    letter: Letter,
    card_is_new: bool,
    to: Vec<(String, Role)>,
    header_to: Vec<String>,
    header_cc: Vec<String>,
}

/// Makes the messages that are due for `customers`.
///
/// # Errors
/// Where the database cannot be read or written; one bad record only holds back its customer.
pub fn make(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    studio: &Studio,
    customers: &[CustomerCode],
    wanted: &Wanted,
    preview: &mut Option<Preview>,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut next = store.next_card_sequence(desk.rules.mode, desk.today.year())?;
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
        let finished = studio.finish_all(desk, &drafts, |draft| {
            (&draft.letter, draft.header_to.as_slice(), draft.header_cc.as_slice())
        });
        for (draft, finished) in drafts.into_iter().zip(finished) {
            match finished {
                Ok(finished) => {
                    let made = match spared(|| stored(desk, store, run, &draft, &finished, wanted))? {
                        Ok(Some(made)) => made,
                        Ok(None) => continue,
                        Err(why) => {
                            hold_back(&draft, &why, &mut outcome);
                            continue;
                        }
                    };
                    // the pictures of a whole night would not fit into memory: each is written and forgotten
                    if let Some(preview) = preview {
                        preview.add(&made.view, &finished)?;
                    }
                    outcome.made.push(made);
                }
                Err(error) => hold_back(&draft, &format!("{error:#}"), &mut outcome),
            }
        }
    }
    bar.finish_and_clear();
    Ok(outcome)
}

/// Whose last word came back is listed as long as something waits for it.
fn note_unheard(code: &CustomerCode, facts: &Facts, outcome: &mut Outcome) {
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

fn hold_back(draft: &Draft, why: &str, outcome: &mut Outcome) {
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

fn hold_customer_back(code: &CustomerCode, why: &str, outcome: &mut Outcome) {
    let text = format!("no card could be made for `{code}`: {why}");
    outcome.findings.add(Kind::Card, code.as_str(), Some(code), None, text);
}

/// Facts as if messages that nobody has been handed yet did not exist: they may still be replaced.
fn without_waiting(facts: &mut Facts, waiting: &[Replaceable]) {
    let keys: Vec<&String> = waiting.iter().flat_map(|message| &message.keys).collect();
    facts
        .notices
        .retain(|notice| notice.fate != NoticeFate::Queued || !keys.contains(&&notice.key.to_string()));
}

/// A customer's facts and messages that may be replaced; a card on request replaces none.
fn read(
    desk: &Desk,
    from: &impl Queries,
    code: &CustomerCode,
    wanted: &Wanted,
) -> Result<Option<(Facts, Vec<Replaceable>)>, crate::store::StoreError> {
    let Some(mut facts) = from.facts(code, desk.rules.mode, desk.today)? else { return Ok(None) };
    let waiting =
        if wanted.request.is_some() { Vec::new() } else { from.replaceable(code, desk.rules.mode)? };
    without_waiting(&mut facts, &waiting);
    Ok(Some((facts, waiting)))
}

fn draft(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    code: &CustomerCode,
    wanted: &Wanted,
    next: &mut u32,
    outcome: &mut Outcome,
) -> Result<Option<Draft>> {
    let (mut facts, waiting) = match read(desk, store, code, wanted) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(None),
        Err(fault) if fault.is_data() => {
            let text = format!("`{code}` is held back: {fault}");
            outcome.findings.add(Kind::Data, code.as_str(), Some(code), None, text);
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    bring_up_to_date(&mut facts, &desk.rules, desk.today, wanted.until);
    let decided = letters::decide(&facts, &desk.rules, &desk.issuer, desk.today, wanted.request.as_ref());
    note_skipped(code, &decided.skipped, outcome);
    note_unheard(code, &facts, outcome);
    let Some(mut letter) = decided.letter else {
        withdraw(store, run, code, &waiting)?;
        return Ok(None);
    };
    let mut keys: Vec<String> = letter.notices.iter().map(|notice| notice.key.to_string()).collect();
    keys.sort();
    let fingerprint = letter.card.fingerprint();
    if waiting.iter().any(|message| message.keys == keys && message.fingerprint == fingerprint) {
        // it waits already, word for word
        return Ok(None);
    }
    if store.messages_on(code, desk.rules.mode, desk.today)? >= MESSAGES_A_DAY {
        let text =
            format!("`{code}` was made {MESSAGES_A_DAY} messages today already; this one is held back");
        outcome.findings.add(Kind::TooMany, format!("{code}|{}", desk.today), Some(code), None, text);
        return Ok(None);
    }
    let card_is_new = facts.numbered(&mut letter.card, number(desk, *next));
    if card_is_new {
        *next += 1;
    }
    let (to, header_to, header_cc) = addresses(desk, &facts);
    Ok(Some(Draft { customer: code.clone(), letter, card_is_new, to, header_to, header_cc }))
}

fn note_skipped(code: &CustomerCode, skipped: &[Skipped], outcome: &mut Outcome) {
    for skip in skipped {
        outcome.skipped.push(SkippedView::of(code.as_str(), skip));
        match skip.reason {
            "no_email" => {
                let text = format!("`{code}` has something to be told and no e-mail address");
                outcome.findings.add(Kind::NoEmail, code.as_str(), Some(code), None, text);
            }
            "data" => {
                let text = format!("`{}` of `{code}` is held back: {}", skip.service, skip.because);
                let key = skip.service.as_str();
                outcome.findings.add(Kind::Data, key, Some(code), Some(&skip.service), text);
            }
            _ => {}
        }
    }
}

/// `KX-2026-000123`; the trial has a series of its own.
fn number(desk: &Desk, sequence: u32) -> CardNumber {
    let year = desk.today.year();
    let prefix = &desk.config.card_prefix;
    CardNumber::new(match desk.rules.mode {
        Mode::Live => format!("{prefix}-{year}-{sequence:06}"),
        Mode::Trial => format!("ΔΟΚ-{year}-{sequence:06}"),
    })
}

/// Whom a message goes to: every delivery, and what its header shows.
fn addresses(desk: &Desk, facts: &Facts) -> (Vec<(String, Role)>, Vec<String>, Vec<String>) {
    if let (Mode::Trial, Some(recipient)) = (desk.rules.mode, &desk.config.rollout.trial_recipient) {
        return (vec![(recipient.clone(), Role::Trial)], vec![recipient.clone()], Vec::new());
    }
    let customer = &facts.customer;
    let of = |list: &[String], role| list.iter().map(|a| (a.clone(), role)).collect::<Vec<_>>();
    let mut to = of(&customer.email, Role::Email);
    to.extend(of(&customer.cc, Role::Cc));
    to.extend(desk.config.mail.bcc.iter().map(|address| (address.clone(), Role::Bcc)));
    (to, customer.email.clone(), customer.cc.clone())
}

/// Nothing is to be told any more: what waits is withdrawn.
fn withdraw(store: &mut Store, run: RunId, code: &CustomerCode, waiting: &[Replaceable]) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    store.write(|tx| -> Result<()> {
        for message in waiting {
            tx.cancel_message(message.message, "nothing is to be told any more")?;
            tx.journal(run, Some(code), None, "message_cancelled", &json!({ "message": message.message }))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Looks at the customer again and stores everything together; nothing where the facts have changed.
fn stored(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    draft: &Draft,
    finished: &Finished,
    wanted: &Wanted,
) -> Result<Option<Made>> {
    let lines = lines_of(&draft.letter);
    let message = store.write(|tx| store_one(desk, tx, run, draft, finished, wanted, &lines))?;
    let Some(message) = message else { return Ok(None) };
    let card = &draft.letter.card;
    let view = MessageView {
        customer: draft.customer.to_string(),
        to: draft.header_to.iter().chain(&draft.header_cc).cloned().collect(),
        card: card.number.to_string(),
        subject: finished.drawn.letter.subject.clone(),
        reference: card.payment.reference.as_str().to_owned(),
        total_cents: card.total_due.cents(),
        lines,
        state: "queued",
    };
    Ok(Some(Made { message, view }))
}

fn store_one(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    draft: &Draft,
    finished: &Finished,
    wanted: &Wanted,
    lines: &[LineView],
) -> Result<Option<i64>> {
    let code = &draft.customer;
    let Some((mut facts, waiting)) = read(desk, tx, code, wanted)? else { return Ok(None) };
    let changes = bring_up_to_date(&mut facts, &desk.rules, desk.today, wanted.until);
    tx.apply(run, code, &changes, desk.rules.mode)?;
    // once more, now that new charges have their numbers
    let Some((facts, _)) = read(desk, tx, code, wanted)? else { return Ok(None) };
    let again = letters::decide(&facts, &desk.rules, &desk.issuer, desk.today, wanted.request.as_ref());
    let Some(again) = again.letter.filter(|again| same(again, &draft.letter)) else { return Ok(None) };
    for message in &waiting {
        tx.cancel_message(message.message, "replaced by a newer message")?;
        tx.journal(run, Some(code), None, "message_cancelled", &json!({ "message": message.message }))?;
    }
    let message = tx.store_message(
        run,
        &NewMessage {
            customer: code,
            card: &draft.letter.card,
            card_is_new: draft.card_is_new,
            charges: &again.charges,
            notices: &again.notices,
            message_id: &finished.message_id,
            subject: &finished.drawn.letter.subject,
            lines: &serde_json::to_string(lines)?,
            bytes: &finished.bytes,
            to: &draft.to,
        },
        desk.rules.mode,
        desk.today,
    )?;
    let keys: Vec<String> = again.notices.iter().map(|notice| notice.key.to_string()).collect();
    let detail = json!({ "message": message, "card": draft.letter.card.number, "notices": keys });
    tx.journal(run, Some(code), None, "message_queued", &detail)?;
    Ok(Some(message))
}

/// Whether two letters say the same; charges had temporary numbers in the first.
fn same(a: &Letter, b: &Letter) -> bool {
    let told = |notices: &[Notice]| -> Vec<_> {
        notices.iter().map(|n| (n.key.clone(), n.suspend_on, n.terminate_on)).collect()
    };
    a.card.fingerprint() == b.card.fingerprint() && told(&a.notices) == told(&b.notices)
}
