//! Delivering: what waits in the outbox is handed over, each delivery at most once. The delivery is in
//! doubt, durably, before the first byte of its body goes out.

use super::Desk;
use super::attention::{Findings, Kind};
use crate::billing::address::masked;
use crate::billing::ids::CustomerCode;
use crate::mail::{Evidence, Handover, Outcome, Transport};
use crate::store::{AttemptRecord, DeliveryState, Outbox, RunId, Store};
use anyhow::{Context, Result};
use chrono::Duration;
use std::collections::BTreeMap;

/// The first pause after a deferral; it doubles with every further one, up to about five hours.
const FIRST_PAUSE_MINUTES: i64 = 5;
const DOUBLINGS: u32 = 6;

/// What a run of deliveries came to.
#[derive(Debug, Default)]
pub struct Delivered {
    /// The messages touched, each with what all of its deliveries came to.
    pub messages: BTreeMap<i64, DeliveryState>,
    /// Why sending stopped, if it did.
    pub unavailable: Option<String>,
}

/// Hands over everything that waits (of `only` these customers, if any are named).
///
/// # Errors
/// Where the database cannot be written: then no body goes out.
pub fn deliver(desk: &Desk, store: &mut Store, run: RunId, only: &[CustomerCode]) -> Result<Delivered> {
    let mut delivered = Delivered::default();
    let recovered = store.recover_in_doubt()?;
    if recovered > 0 {
        desk.report.status(&format!("{recovered} deliveries of a run that was cut short are uncertain"));
    }
    let waiting = store.queued_deliveries(&stamp(crate::clock::now()))?;
    if waiting.is_empty() {
        return Ok(delivered);
    }
    let mut transport = Transport::new(&desk.config.smtp.settings()?);
    let bar = desk.report.progress("sending", waiting.len());
    for delivery in waiting {
        bar.inc(1);
        if super::stopping() {
            delivered.unavailable = Some("the run was told to stop; the rest stays queued".to_owned());
            break;
        }
        let Some(claimed) = store.claim(delivery)? else { continue };
        if !only.is_empty() && !only.iter().any(|code| code.as_str() == claimed.customer) {
            continue;
        }
        let handover = Handover {
            from: &desk.config.mail.envelope_from,
            to: &claimed.address,
            message_id: &claimed.message_id,
            bytes: &claimed.bytes,
        };
        let outcome = transport
            .deliver(&handover, &mut || Ok(store.mark_in_doubt(delivery, &stamp(crate::clock::now()))?))
            .with_context(|| format!("delivery {delivery} could not be recorded and was not sent"))?;
        desk.report.detail(&format!("{} {}: {}", masked(&claimed.address), word(&outcome), reply(&outcome)));
        let stopped = matches!(outcome, Outcome::Unavailable(_)).then(|| reply(&outcome).to_owned());
        record(desk, store, run, delivery, &outcome)?;
        delivered.messages.insert(claimed.message, DeliveryState::Queued);
        if let Some(why) = stopped {
            delivered.unavailable = Some(why);
            break;
        }
    }
    bar.finish_and_clear();
    for (message, state) in &mut delivered.messages {
        *state = joint(&store.delivery_states(*message)?);
    }
    Ok(delivered)
}

/// The moment as it is stored and compared.
fn stamp(at: chrono::DateTime<chrono_tz::Tz>) -> String {
    at.with_timezone(&chrono::Utc).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

const fn evidence(outcome: &Outcome) -> &Evidence {
    match outcome {
        Outcome::Sent(evidence)
        | Outcome::Deferred(evidence)
        | Outcome::Refused(evidence)
        | Outcome::Uncertain(evidence)
        | Outcome::Unavailable(evidence) => evidence,
    }
}

fn reply(outcome: &Outcome) -> &str {
    &evidence(outcome).reply
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Sent(_) => "sent",
        Outcome::Deferred(_) => "deferred",
        Outcome::Refused(_) => "refused",
        Outcome::Uncertain(_) => "uncertain",
        Outcome::Unavailable(_) => "not sent",
    }
}

fn record(desk: &Desk, store: &mut Store, run: RunId, delivery: i64, outcome: &Outcome) -> Result<()> {
    let evidence = evidence(outcome);
    let now = crate::clock::now();
    let (state, retry_at) = match outcome {
        Outcome::Sent(_) => (DeliveryState::Sent, None),
        Outcome::Refused(_) => (DeliveryState::Failed, None),
        Outcome::Uncertain(_) => (DeliveryState::Uncertain, None),
        Outcome::Unavailable(_) => (DeliveryState::Queued, None),
        Outcome::Deferred(_) => {
            let pause = FIRST_PAUSE_MINUTES << store.attempts_of(delivery)?.min(DOUBLINGS);
            (DeliveryState::Queued, Some(stamp(now + Duration::minutes(pause))))
        }
    };
    let attempt = AttemptRecord {
        state,
        stage: evidence.stage,
        code: evidence.code,
        reply: &evidence.reply,
        queue_id: evidence.queue_id.as_deref(),
        retry_at,
        at: &stamp(now),
    };
    store.record_attempt(run, delivery, &attempt, desk.today)?;
    Ok(())
}

/// What a message came to over all of its deliveries: the one that matters most.
fn joint(states: &[DeliveryState]) -> DeliveryState {
    let order = [
        DeliveryState::Uncertain,
        DeliveryState::InDoubt,
        DeliveryState::Failed,
        DeliveryState::Queued,
        DeliveryState::Sent,
    ];
    order.into_iter().find(|state| states.contains(state)).unwrap_or(DeliveryState::Cancelled)
}

/// Deliveries that a person must look at.
///
/// # Errors
/// Where the database cannot be read.
pub fn troubles(store: &Store, findings: &mut Findings) -> Result<()> {
    for trouble in store.troubled_deliveries()? {
        let customer = Some(&trouble.customer);
        let address = masked(&trouble.address);
        let (kind, text) = if trouble.state == DeliveryState::Failed {
            let text = format!("card {} was refused for {address}: {}", trouble.card, trouble.reply);
            (Kind::Failed, text)
        } else {
            let text = format!(
                "card {} may or may not have reached {address}: {}; look into the mail server's log",
                trouble.card, trouble.reply
            );
            (Kind::Uncertain, text)
        };
        findings.add(kind, trouble.delivery.to_string(), customer, None, text);
    }
    Ok(())
}
