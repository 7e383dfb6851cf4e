//! What people decide about messages: that one arrived, that one goes again.

use crate::billing::coded::coded;
use crate::billing::ids::CustomerCode;
use crate::billing::letters::Request;
use crate::jobs::Desk;
use crate::jobs::books::Books;
use crate::jobs::notify::render::Renderer;
use crate::jobs::notify::{self, Instead, Wanted};
use crate::store::{Addressed, DeliveryState, ListedMessage, Run, Store, Tx};
use crate::views::outbox::ListedDelivery;
use anyhow::{Result, bail};
use serde_json::{Value, json};

coded! {
    /// What a person decides.
    pub enum Verdict {
        /// An uncertain one arrived.
        Confirm = "confirm",
        /// An uncertain one goes again.
        Resend = "resend",
        /// One that was refused or came back is made anew, to the addresses of today.
        Requeue = "requeue",
    }
}

impl Verdict {
    /// Whether it can be said of a delivery.
    fn fits(self, delivery: &ListedDelivery) -> bool {
        let uncertain = delivery.state == DeliveryState::Uncertain.code();
        match self {
            Self::Confirm | Self::Resend => uncertain && delivery.bounced_on.is_none(),
            Self::Requeue => delivery.state == DeliveryState::Failed.code() || delivery.bounced_on.is_some(),
        }
    }

    const fn wants(self) -> &'static str {
        match self {
            Self::Confirm | Self::Resend => "uncertain",
            Self::Requeue => "failed or bounced",
        }
    }
}

/// Who decides, and why.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    by: &'a str,
    reason: &'a str,
}

/// Carries a verdict out for every delivery of a message it fits, or only for the one to `address`; gives the
/// message that comes of it.
///
/// # Errors
/// A message that does not exist, or has nothing the verdict fits: then nothing changes.
pub fn decide(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    message: i64,
    verdict: Verdict,
    address: Option<&str>,
    by: &str,
    reason: &str,
) -> Result<ListedMessage> {
    let said = Said { by, reason };
    let Some(listed) = store.listed_message(message)? else {
        return Err(crate::error::Stop::unknown(format!("there is no message {message}")).into());
    };
    let chosen: Vec<&ListedDelivery> = listed
        .deliveries
        .iter()
        .filter(|delivery| verdict.fits(delivery) && address.is_none_or(|to| delivery.to == to))
        .collect();
    if chosen.is_empty() {
        let states: Vec<String> = listed
            .deliveries
            .iter()
            .map(|delivery| format!("{} is {}", delivery.to, state(delivery)))
            .collect();
        bail!(
            "message {message} has no {} delivery to {}: {}",
            verdict.wants(),
            verdict.code(),
            states.join(", ")
        );
    }
    let (to, ids) = match verdict {
        Verdict::Confirm => (DeliveryState::Sent, chosen.iter().map(|delivery| delivery.id).collect()),
        Verdict::Resend => (DeliveryState::Queued, chosen.iter().map(|delivery| delivery.id).collect()),
        Verdict::Requeue => return requeue(desk, store, run, &listed, &chosen, said),
    };
    let ids: Vec<i64> = ids;
    let note = format!("{} by {by}: {reason}", verdict.code());
    store.write(run, |tx| -> Result<()> {
        for delivery in &ids {
            tx.decide_delivery(*delivery, DeliveryState::Uncertain, to, &note)?;
        }
        journal(tx, &listed, verdict, json!({ "message": message, "deliveries": ids }), said)
    })?;
    Ok(store.listed_message(message)?.unwrap_or(listed))
}

/// A message is made anew, of the facts and to the addresses of today: the same notices where nobody has been told
/// them, else a card as if somebody had asked for it, to those who have none. The next `notify` delivers it.
fn requeue(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    listed: &ListedMessage,
    chosen: &[&ListedDelivery],
    said: Said<'_>,
) -> Result<ListedMessage> {
    let customer = CustomerCode::new(listed.customer.clone());
    let Some(message) = store.message_again(listed.id)? else { bail!("message {} is gone", listed.id) };
    if message.mode != desk.rules.mode.code() {
        bail!("message {} was made in {} mode and is made no more", listed.id, message.mode);
    }
    let kept = |delivery: &&Addressed| {
        !chosen.iter().any(|one| one.id == delivery.delivery)
            && !matches!(delivery.state, DeliveryState::Queued | DeliveryState::Cancelled)
    };
    let kept: Vec<&Addressed> = message.deliveries.iter().filter(kept).collect();
    let told = kept.iter().any(|delivery| {
        delivery.role.tells() && !delivery.bounced && delivery.state != DeliveryState::Failed
    });
    let instead_of = Some(Instead {
        message: listed.id,
        told: kept.iter().map(|delivery| delivery.address.clone()).collect(),
        forced: true,
    });
    let asked = message.asked.clone();
    let until = asked.as_ref().and_then(|asked| asked.until);
    let request = Request { service: asked.as_ref().and_then(|asked| asked.service.clone()) };
    let as_asked = Wanted { request: Some(request), until, instead_of: instead_of.clone() };
    let as_due = Wanted { request: None, until: None, instead_of };
    let tries = if told || asked.is_some() { vec![as_asked] } else { vec![as_due, as_asked] };
    let renderer = Renderer::open(desk)?;
    let mut because = String::new();
    for wanted in tries {
        let one = std::slice::from_ref(&customer);
        let books = Books::of(store);
        let outcome = notify::make(desk, &books, run, &renderer, one, &wanted, &mut None, &mut |_| Ok(()))?;
        if let Some(made) = outcome.made.first() {
            let detail = json!({ "message": listed.id, "anew": made.message });
            store.write(run, |tx| journal(tx, listed, Verdict::Requeue, detail, said))?;
            return Ok(store.listed_message(made.message)?.unwrap_or_else(|| listed.clone()));
        }
        because = outcome.findings.texts().join("; ");
    }
    if because.is_empty() {
        because.push_str("every address of today was told already, or there is none; see `record email`");
    }
    bail!("message {} cannot be made anew: {because}", listed.id)
}

fn state(delivery: &ListedDelivery) -> &str {
    if delivery.bounced_on.is_some() { "bounced" } else { &delivery.state }
}

fn journal(
    tx: &Tx<'_>,
    listed: &ListedMessage,
    verdict: Verdict,
    mut detail: Value,
    said: Said<'_>,
) -> Result<()> {
    detail["by"] = said.by.into();
    detail["reason"] = said.reason.into();
    let customer = CustomerCode::new(listed.customer.clone());
    tx.journal(Some(&customer), None, &format!("outbox_{}", verdict.code()), &detail)?;
    Ok(())
}
