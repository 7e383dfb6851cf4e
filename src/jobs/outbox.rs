//! What people decide about messages: that one arrived, that one goes again.

use super::Desk;
use crate::store::{DeliveryState, ListedMessage, Outbox, RunId, Store};
use anyhow::{Result, bail};
use serde_json::json;

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An uncertain one arrived.
    Confirm,
    /// An uncertain one goes again.
    Resend,
    /// A refused one goes again.
    Requeue,
}

impl Verdict {
    const fn states(self) -> (DeliveryState, DeliveryState) {
        match self {
            Self::Confirm => (DeliveryState::Uncertain, DeliveryState::Sent),
            Self::Resend => (DeliveryState::Uncertain, DeliveryState::Queued),
            Self::Requeue => (DeliveryState::Failed, DeliveryState::Queued),
        }
    }

    /// The word of the command and the journal.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Resend => "resend",
            Self::Requeue => "requeue",
        }
    }
}

/// Carries a verdict out for every delivery of a message it fits, or only for the one to `address`.
///
/// # Errors
/// A message that does not exist, or has nothing the verdict fits: then nothing changes.
pub fn decide(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    message: i64,
    verdict: Verdict,
    address: Option<&str>,
    by: &str,
    reason: &str,
) -> Result<ListedMessage> {
    let Some(listed) = store.listed_message(message)? else {
        return Err(crate::error::Stop::Usage(format!("there is no message {message}")).into());
    };
    let (from, to) = verdict.states();
    let note = format!("{} by {by}: {reason}", verdict.word());
    let chosen: Vec<i64> = listed
        .deliveries
        .iter()
        .filter(|delivery| delivery.state == from.code() && address.is_none_or(|to| delivery.to == to))
        .map(|delivery| delivery.id)
        .collect();
    if chosen.is_empty() {
        let states: Vec<String> = listed
            .deliveries
            .iter()
            .map(|delivery| format!("{} is {}", delivery.to, delivery.state))
            .collect();
        bail!(
            "message {message} has no {} delivery to {}: {}",
            from.code(),
            verdict.word(),
            states.join(", ")
        );
    }
    store.write(|tx| -> Result<()> {
        for delivery in &chosen {
            tx.decide_delivery(*delivery, from, to, desk.today, &note)?;
        }
        let detail = json!({ "message": message, "deliveries": chosen, "by": by, "reason": reason });
        let customer = crate::billing::ids::CustomerCode::new(listed.customer.clone());
        tx.journal(run, Some(&customer), None, &format!("outbox_{}", verdict.word()), &detail)?;
        Ok(())
    })?;
    Ok(store.listed_message(message)?.unwrap_or(listed))
}
