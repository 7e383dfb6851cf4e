//! Bounces: mail that came back ties itself to its message, which then counts as told no longer. It is believed only
//! where it names what only we could have named, and the exact recipient of that message.

use crate::billing::address::{compared, masked};
use crate::billing::ids::CustomerCode;
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::import::mailbox;
use crate::mail::bounce::{self, Bounce};
use crate::mail::keyed::MailKey;
use crate::store::{Run, SentDelivery, Store};
use crate::views::AttentionView;
use crate::views::finding::{Finding, Kind, MailFinding};
use anyhow::Result;
use serde_json::json;
use std::path::Path;

/// What an import of bounces came to.
#[derive(Debug, Default)]
pub struct BouncesTaken {
    /// Messages looked at.
    pub read: u64,
    /// Deliveries that came back.
    pub bounced: u64,
    /// Notifications of messages that are not ours.
    pub foreign: u64,
    /// Messages that could not be read or put away, with the reason.
    pub faults: Vec<String>,
    /// What needs a person and is new.
    pub fresh: Vec<AttentionView>,
}

/// Reads a Maildir, an mbox file, or a single message, and marks what came back. What was read is moved away (of a
/// mailbox that is one file it is remembered how far it was read).
///
/// # Errors
/// A mailbox that cannot be read; one message that cannot be read only leaves itself out.
pub fn import(desk: &Desk, store: &mut Store, run: Run, mailbox: &Path) -> Result<BouncesTaken> {
    let mut outcome = BouncesTaken::default();
    if mailbox.is_dir() {
        for file in mailbox::files(mailbox)? {
            let done = mailbox::message(&file).and_then(|bytes| {
                take_bounce(desk, store, run, &bytes, &mut outcome)?;
                if desk.dry_run { Ok(()) } else { mailbox::put_away(mailbox, &file) }
            });
            match done {
                Err(error) if error.downcast_ref::<crate::store::StoreError>().is_some() => {
                    return Err(error);
                }
                Err(error) => outcome.faults.push(format!("{error:#}")),
                Ok(()) => {}
            }
        }
    } else {
        let name =
            std::fs::canonicalize(mailbox).unwrap_or_else(|_| mailbox.to_owned()).display().to_string();
        let (read_to, before) = store.mailbox_place(&name)?.unwrap_or_default();
        let from = mailbox::Place { read_to, before };
        let ended =
            mailbox::read(mailbox, &from, |bytes| take_bounce(desk, store, run, bytes, &mut outcome))?;
        store.write(run, |tx| tx.put_mailbox_place(&name, ended.read_to, &ended.before))?;
    }
    let mut findings = Findings::default();
    find(store, run, &mut findings)?;
    outcome.fresh = findings.raise(desk, store, run, None)?;
    Ok(outcome)
}

/// One message: whatever it holds, it keeps no other from being read.
fn take_bounce(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    bytes: &[u8],
    outcome: &mut BouncesTaken,
) -> Result<()> {
    outcome.read += 1;
    let Ok(bounces) = std::panic::catch_unwind(|| bounce::read(bytes)) else {
        outcome.faults.push("a message in the mailbox of bounces could not be taken apart".to_owned());
        return Ok(());
    };
    for bounce in bounces {
        let Some(delivery) = believed(desk, store, &bounce)? else {
            outcome.foreign += 1;
            continue;
        };
        let news = store.write(run, |tx| -> Result<bool> {
            let news = tx.mark_bounced(delivery.delivery, &bounce.why)?;
            if news {
                let detail = json!({ "delivery": delivery.delivery, "why": bounce.why });
                tx.journal(Some(&delivery.customer), None, "bounced", &detail)?;
            }
            Ok(news)
        })?;
        outcome.bounced += u64::from(news);
    }
    Ok(())
}

/// The delivery that a bounce speaks of, by the Message-ID that we gave or by the envelope sender that we proved,
/// and by the exact recipient.
fn believed(desk: &Desk, store: &Store, bounce: &Bounce) -> Result<Option<SentDelivery>> {
    let is_recipient = |delivery: &SentDelivery| bounce.recipients.contains(&compared(&delivery.address));
    if let Some(id) = &bounce.message_id
        && let Some(found) = store.sent_deliveries(id)?.into_iter().find(is_recipient)
    {
        return Ok(Some(found));
    }
    let mail = &desk.config.mail;
    let Some(delimiter) = mail.recipient_delimiter else { return Ok(None) };
    let key = MailKey::new(store.mail_key()?);
    for sender in &bounce.senders {
        let Some((number, proof)) = MailKey::delivery_of(sender, &mail.envelope_from, delimiter) else {
            continue;
        };
        let found = store.sent_delivery(number)?.filter(is_recipient);
        if let Some(found) = found.filter(|found| key.is_ours(&proof, number, &found.address)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Lists what came back and still concerns a person: it blocks a step, or the address is still the customer's and
/// nothing reached it since. What blocks a step stays listed whoever has seen it.
///
/// # Errors
/// Where the database cannot be read or written.
pub fn find(store: &mut Store, run: Run, findings: &mut Findings) -> Result<()> {
    let mut blocking = Vec::new();
    for bounced in store.bounced_deliveries()? {
        let customer = CustomerCode::new(bounced.customer.clone());
        // a record that cannot be read is listed as that
        let record = store.customer(&customer).ok().flatten();
        let is_theirs = record.as_ref().is_none_or(|record| record.email.contains(&bounced.address));
        if bounced.blocks.is_none() && (bounced.reached_since || !is_theirs) {
            continue;
        }
        let key = bounced.delivery.to_string();
        let service = bounced.blocks.map(crate::billing::ids::ServiceCode::new);
        if service.is_some() {
            blocking.push(key.clone());
        }
        let finding = Finding::Mail(MailFinding::CameBack {
            customer: customer.clone(),
            message: bounced.message,
            address: masked(&bounced.address),
            why: bounced.why,
            phone: record.and_then(|record| record.phone),
            blocks: service.clone(),
        });
        findings.add(key, Some(&customer), service.as_ref(), &finding);
    }
    if !blocking.is_empty() {
        store.write(run, |tx| tx.keep_listed(Kind::Bounced.code(), &blocking))?;
    }
    Ok(())
}
