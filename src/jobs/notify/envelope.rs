//! What stands outside a letter: its number, its Message-ID, and to whom it goes.

use crate::billing::facts::{Facts, Letter};
use crate::billing::ids::CardNumber;
use crate::billing::policy::Mode;
use crate::jobs::Desk;
use crate::mail::keyed::{Identity, MailKey};
use crate::store::{Asked, Read, Role};
use anyhow::Result;
use chrono::Datelike;

/// The keys of a letter's notices, as text, sorted.
pub(in crate::jobs) fn keys_of(letter: &Letter) -> Vec<String> {
    let mut keys: Vec<String> = letter.notices.iter().map(|notice| notice.key.to_string()).collect();
    keys.sort();
    keys
}

/// The Message-ID of a message that is made now: no other that may have left has the same.
pub(super) fn message_id(
    desk: &Desk,
    store: &Read,
    keys: &[String],
    asked: Option<&Asked>,
) -> Result<String> {
    let key = MailKey::new(store.mail_key()?);
    let mode = desk.rules.mode.code();
    let mut identity = Identity { mode, keys, request: asked.map(|asked| asked.number), again: 0 };
    loop {
        let id = key.message_id(&identity, &desk.config.mail.from);
        if !store.was_handed_over(&id)? {
            return Ok(id);
        }
        identity.again += 1;
    }
}

/// `KX-2026-000123`; the trial has a series of its own.
pub(super) fn number(desk: &Desk, sequence: u32) -> CardNumber {
    let year = desk.today.year();
    let prefix = &desk.config.card_prefix;
    CardNumber::new(match desk.rules.mode {
        Mode::Live => format!("{prefix}-{year}-{sequence:06}"),
        Mode::Trial => format!("ΔΟΚ-{year}-{sequence:06}"),
    })
}

/// Whom a message goes to: every delivery, and what its header shows.
pub(in crate::jobs) fn addresses(
    desk: &Desk,
    facts: &Facts,
) -> (Vec<(String, Role)>, Vec<String>, Vec<String>) {
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
