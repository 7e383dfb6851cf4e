//! Delivering: what waits in the outbox is handed over, each delivery at most once. The delivery is in
//! doubt, durably, before the first byte of its body goes out.
pub mod digest;
mod envelope;
pub mod handover;
pub mod outbox;
mod owed;
mod postfix_log;
pub mod samples;

use crate::billing::address::masked;
use crate::billing::ids::CustomerCode;
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::deliver::handover::HandoverJournal;
use crate::jobs::import::bounces;
use crate::jobs::spared::spared;
use crate::mail::keyed::MailKey;
use crate::mail::{Evidence, Handover, Outcome, Settings, Transport};
use crate::store::{AttemptRecord, Claimed, DeliveryState, HandedOver, Run, Store};
use crate::views::finding::{Finding, MailFinding, TroubledDelivery};
use crate::views::outbox::OLDER_DATABASE;
use anyhow::{Context, Result};
use chrono::Duration;
use indicatif::ProgressBar;
use owed::Look;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

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
    /// Customers whose delivery failed for a reason of their own.
    pub held: Vec<(CustomerCode, String)>,
}

/// What the connections share: one store, one journal, one queue.
struct HandoverQueue<'a> {
    store: &'a mut Store,
    journal: HandoverJournal,
    waiting: VecDeque<i64>,
    touched: Vec<i64>,
    stopped: Option<String>,
    failure: Option<anyhow::Error>,
    held: Vec<(CustomerCode, String)>,
    /// When sending ends, whatever still waits.
    deadline: Option<Instant>,
    /// When the next message may go, where they are paced.
    next_at: Instant,
}

/// Hands over everything that waits (of `only` these customers, if any are named).
///
/// # Errors
/// Where the database cannot be written: then no body goes out.
pub fn deliver(desk: &Desk, store: &mut Store, run: Run, only: &[CustomerCode]) -> Result<Delivered> {
    let mut delivered = Delivered::default();
    let recovered = store.recover_in_doubt()?;
    if recovered > 0 {
        desk.report.status(&format!("{recovered} deliveries of a run that was cut short are uncertain"));
    }
    postfix_log::resolve(desk, store, run)?;
    let waiting: VecDeque<i64> = store.queued_deliveries(&stamp(crate::clock::now()))?.into();
    if waiting.is_empty() {
        return Ok(delivered);
    }
    let settings = desk.config.smtp.settings()?;
    let connections = usize::try_from(desk.config.smtp.connections)?.clamp(1, waiting.len());
    let bar = desk.report.progress("sending", waiting.len());
    let journal = HandoverJournal::open(store.path())?;
    let key = MailKey::new(store.mail_key()?);
    let queue = Mutex::new(HandoverQueue {
        store,
        journal,
        waiting,
        touched: Vec::new(),
        stopped: None,
        failure: None,
        held: Vec::new(),
        deadline: desk
            .config
            .smtp
            .deadline_minutes
            .map(|minutes| Instant::now() + std::time::Duration::from_secs(u64::from(minutes) * 60)),
        next_at: Instant::now(),
    });
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| connection(desk, run, &queue, only, &key, &settings, &bar));
        }
    });
    bar.finish_and_clear();
    let queue = queue.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(failure) = queue.failure {
        return Err(failure);
    }
    delivered.unavailable = queue.stopped;
    delivered.held = queue.held;
    // what was not tried any more waits as well; that of others than were asked for is not waited for
    let mut messages = BTreeSet::from_iter(queue.touched);
    for delivery in queue.waiting.iter().filter(|_| only.is_empty()) {
        messages.extend(queue.store.message_of(*delivery)?);
    }
    for message in messages {
        delivered.messages.insert(message, joint_state(&queue.store.delivery_states(message)?));
    }
    Ok(delivered)
}

/// Hands over one message after the other on a connection of its own, until none waits.
fn connection(
    desk: &Desk,
    run: Run,
    queue: &Mutex<HandoverQueue<'_>>,
    only: &[CustomerCode],
    key: &MailKey,
    settings: &Settings,
    bar: &ProgressBar,
) {
    let mut transport = Transport::new(settings);
    while let Some(claimed) = next(desk, run, queue, only) {
        bar.inc(1);
        match spared(|| hand_over(desk, run, queue, &mut transport, key, &claimed)) {
            Ok(Ok(())) => {}
            Ok(Err(why)) => {
                // nobody knows where the conversation stopped
                transport = Transport::new(settings);
                locked(queue).held.push((CustomerCode::new(claimed.customer.clone()), why));
            }
            Err(error) => {
                locked(queue).failure.get_or_insert(error);
            }
        }
    }
}

/// A connection that panicked has stopped; what it left in the queue is sound.
fn locked<'a, 'b>(queue: &'a Mutex<HandoverQueue<'b>>) -> MutexGuard<'a, HandoverQueue<'b>> {
    queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The next delivery to hand over; none when the queue is empty or sending has stopped.
fn next(desk: &Desk, run: Run, queue: &Mutex<HandoverQueue<'_>>, only: &[CustomerCode]) -> Option<Claimed> {
    loop {
        let mut queue = locked(queue);
        if queue.stopped.is_some() || queue.failure.is_some() {
            return None;
        }
        if crate::jobs::stopping() {
            queue.stopped = Some("the run was told to stop; the rest stays queued".to_owned());
            return None;
        }
        if queue.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            queue.stopped =
                Some("the time of `smtp.deadline_minutes` is over; the rest stays queued".to_owned());
            return None;
        }
        let delivery = queue.waiting.pop_front()?;
        let claimed = match queue.store.claim(delivery) {
            Ok(Some(claimed)) => claimed,
            Ok(None) => continue,
            // bytes that are not what was stored are never sent; the others go on
            Err(fault) if fault.is_data() => {
                desk.report.error(&fault.to_string());
                continue;
            }
            Err(error) => {
                queue.failure = Some(error.into());
                return None;
            }
        };
        if !only.is_empty() && !only.iter().any(|code| code.as_str() == claimed.customer) {
            continue;
        }
        match spared(|| still_owed(desk, run, &mut queue, &claimed)) {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => continue,
            Ok(Err(why)) => {
                queue.held.push((CustomerCode::new(claimed.customer.clone()), why));
                continue;
            }
            Err(error) => {
                queue.failure = Some(error);
                return None;
            }
        }
        let pause = queue.next_at.saturating_duration_since(Instant::now());
        if let Some(per_minute) = desk.config.smtp.per_minute {
            let step = std::time::Duration::from_secs(60) / per_minute.max(1);
            queue.next_at = queue.next_at.max(Instant::now()) + step;
        }
        drop(queue);
        std::thread::sleep(pause);
        return Some(claimed);
    }
}

/// Looks at a delivery once more; withdraws it where it is owed no longer, or not to this address.
fn still_owed(desk: &Desk, run: Run, queue: &mut HandoverQueue<'_>, claimed: &Claimed) -> Result<bool> {
    let why = match owed::look(desk, queue.store, claimed)? {
        Look::Owed => return Ok(true),
        Look::Anew(why) => {
            desk.report.detail(&format!("{}: waits to be made anew, {why}", masked(&claimed.address)));
            return Ok(false);
        }
        Look::Over(why) => why,
    };
    desk.report.detail(&format!("{}: withdrawn, {why}", masked(&claimed.address)));
    queue.store.write(run, |tx| -> Result<()> {
        tx.cancel_delivery(claimed.delivery, claimed.message, why)?;
        let detail = json!({ "message": claimed.message, "delivery": claimed.delivery, "because": why });
        let customer = CustomerCode::new(claimed.customer.clone());
        tx.journal(Some(&customer), None, "message_cancelled", &detail)?;
        Ok(())
    })?;
    queue.touched.push(claimed.message);
    Ok(false)
}

fn hand_over(
    desk: &Desk,
    run: Run,
    queue: &Mutex<HandoverQueue<'_>>,
    transport: &mut Transport,
    key: &MailKey,
    claimed: &Claimed,
) -> Result<()> {
    let lines = {
        let mut queue = locked(queue);
        let known = queue.store.handed_over(claimed.message, &claimed.address, claimed.role)?;
        let role = claimed.role.code();
        let forgotten_one =
            known.iter().find(|notice| queue.journal.knows_more(notice, role, &claimed.address));
        if let Some(HandedOver { notice, .. }) = forgotten_one {
            let reply = format!("`{notice}`{OLDER_DATABASE}");
            forgotten(run, &mut queue, claimed, &reply)?;
            return Ok(());
        }
        known
            .iter()
            .map(|notice| HandoverJournal::cell(&notice.mode, role, &notice.notice))
            .collect::<Vec<_>>()
    };
    let from = envelope::sender(desk, key, claimed.delivery, &claimed.address);
    let handover = Handover {
        from: &from,
        to: &claimed.address,
        message_id: &claimed.message_id,
        bytes: &claimed.bytes,
    };
    let outcome = transport
        .deliver(&handover, &mut || {
            let mut queue = locked(queue);
            let at = stamp(crate::clock::now());
            queue.store.mark_in_doubt(claimed.delivery, &at)?;
            queue.journal.note(&at, &claimed.address, &lines)
        })
        .with_context(|| format!("delivery {} could not be recorded and was not sent", claimed.delivery))?;
    desk.report.detail(&format!("{} {}: {}", masked(&claimed.address), word(&outcome), reply(&outcome)));
    let mut queue = locked(queue);
    record(queue.store, run, claimed.delivery, &outcome)?;
    queue.touched.push(claimed.message);
    if matches!(outcome, Outcome::Unavailable(_)) {
        queue.stopped.get_or_insert_with(|| reply(&outcome).to_owned());
    }
    Ok(())
}

/// The journal knows of a hand-over that the database does not: perhaps it arrived.
fn forgotten(run: Run, queue: &mut HandoverQueue<'_>, claimed: &Claimed, reply: &str) -> Result<()> {
    let at = stamp(crate::clock::now());
    let attempt = AttemptRecord {
        state: DeliveryState::Uncertain,
        stage: "journal",
        code: None,
        reply,
        queue_id: None,
        retry_at: None,
        at: &at,
    };
    queue.store.record_attempt(run, claimed.delivery, &attempt)?;
    queue.touched.push(claimed.message);
    Ok(())
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

fn record(store: &mut Store, run: Run, delivery: i64, outcome: &Outcome) -> Result<()> {
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
    store.record_attempt(run, delivery, &attempt)?;
    Ok(())
}

/// What a message came to over all of its deliveries: the one that matters most.
fn joint_state(states: &[DeliveryState]) -> DeliveryState {
    let order = [
        DeliveryState::Uncertain,
        DeliveryState::InDoubt,
        DeliveryState::Failed,
        DeliveryState::Queued,
        DeliveryState::Sent,
    ];
    order.into_iter().find(|state| states.contains(state)).unwrap_or(DeliveryState::Cancelled)
}

/// Deliveries that a person must look at: refused, perhaps arrived, or come back.
///
/// # Errors
/// Where the database cannot be read or written.
pub fn troubles(store: &mut Store, run: Run, findings: &mut Findings) -> Result<()> {
    bounces::find(store, run, findings)?;
    for trouble in store.troubled_deliveries()? {
        let customer = Some(&trouble.customer);
        let delivery = TroubledDelivery {
            message: trouble.message,
            card: trouble.card,
            address: masked(&trouble.address),
            reply: trouble.reply,
        };
        let finding = match trouble.state {
            DeliveryState::Failed => MailFinding::Refused(delivery),
            _ => MailFinding::Uncertain(delivery),
        };
        findings.add(trouble.delivery.to_string(), customer, None, &Finding::Mail(finding));
    }
    Ok(())
}
