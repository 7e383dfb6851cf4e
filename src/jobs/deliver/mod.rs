//! Delivering: what waits in the outbox is handed over, each delivery at most once, while others are still made. The
//! delivery is in doubt, durably, before the first byte of its body goes out.
pub mod digest;
mod envelope;
pub mod handover;
mod ledger;
pub mod outbox;
mod owed;
mod postfix_log;
mod queue;
pub mod samples;

use crate::billing::address::masked;
use crate::billing::ids::CustomerCode;
use crate::clock;
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::books::{Books, Reading, locked};
use crate::jobs::deliver::handover::HandoverJournal;
use crate::jobs::deliver::ledger::{Entry, Ledger, evidence};
use crate::jobs::deliver::queue::{Going, Queue, Waits};
use crate::jobs::import::bounces;
use crate::jobs::notify::Made;
use crate::jobs::spared::spared;
use crate::mail::keyed::MailKey;
use crate::mail::{Evidence, Handover, Outcome, Settings, Transport};
use crate::store::{Claimed, DeliveryState, HandedOver, Run, Store};
use crate::views::finding::{Finding, MailFinding, TroubledDelivery};
use crate::views::outbox::OLDER_DATABASE;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

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

/// What the connections share.
struct Sending<'a, 'b> {
    desk: &'a Desk,
    books: &'a Books<'b>,
    run: Run,
    queue: &'a Queue<'a, 'b>,
    /// Opened when there is something to hand over.
    outlet: Mutex<Option<Arc<Outlet<'a, 'b>>>>,
    bar: ProgressBar,
}

/// How mail leaves, and where that is written down.
struct Outlet<'a, 'b> {
    settings: Settings,
    key: MailKey,
    ledger: Ledger<'a, 'b>,
}

/// Makes messages, and hands over what waits (of `only` these customers, if any are named): what `make` makes, each from
/// the moment it is recorded, and then what waited before.
///
/// # Errors
/// Whatever `make` gives, and where the database cannot be written: then no body goes out.
pub fn while_making<T>(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    only: &[CustomerCode],
    make: impl FnOnce(&Books<'_>, &mut dyn FnMut(&Made) -> Result<()>) -> Result<T>,
) -> Result<(T, Delivered)> {
    let recovered = store.recover_in_doubt()?;
    if recovered > 0 {
        desk.report.status(&format!("{recovered} deliveries of a run that was cut short are uncertain"));
    }
    postfix_log::resolve(desk, store, run)?;
    let before = store.queued_deliveries(&clock::stamp(clock::now()))?;
    let books = Books::of(store);
    let queue = Queue::new(desk, &books, run, only);
    let bar = desk.report.growing("sending");
    let sending = Sending { desk, books: &books, run, queue: &queue, outlet: Mutex::default(), bar };
    let made = std::thread::scope(|scope| {
        // whatever happens here, nobody waits for more afterwards
        let _closes = queue.closes();
        for _ in 0..desk.config.smtp.connections.max(1) {
            scope.spawn(|| sending.connection());
        }
        let made = make(&books, &mut |made| {
            let deliveries = books.open().queued_of(made.message)?;
            sending.bar.inc_length(u64::try_from(deliveries.len())?);
            queue.add(deliveries.into_iter().map(|delivery| Waits { delivery, true_at: made.true_at }));
            Ok(())
        })
        .inspect_err(|_| queue.stop("the messages could not all be made"))?;
        sending.bar.inc_length(u64::try_from(before.len())?);
        desk.report.all_known(&sending.bar);
        // what waited before may just have given way
        queue.add(before.into_iter().map(|delivery| Waits { delivery, true_at: None }));
        anyhow::Ok(made)
    })?;
    sending.bar.finish_and_clear();
    drop(sending);
    let delivered = came_to(queue.into_inner(), &books.open(), only)?;
    Ok((made, delivered))
}

/// What sending came to, over all messages.
fn came_to(going: Going, store: &Store, only: &[CustomerCode]) -> Result<Delivered> {
    let mut messages = BTreeSet::from_iter(going.touched.iter().copied());
    // what was not tried any more waits as well; that of others than were asked for is not waited for
    for delivery in going.left().filter(|_| only.is_empty()) {
        messages.extend(store.message_of(delivery)?);
    }
    if let Some(failure) = going.failure {
        return Err(failure);
    }
    let mut delivered = Delivered { unavailable: going.stopped, held: going.held, ..Delivered::default() };
    for message in messages {
        delivered.messages.insert(message, joint_state(&store.delivery_states(message)?));
    }
    Ok(delivered)
}

impl<'a, 'b> Sending<'a, 'b> {
    /// Hands over one message after the other on a connection of its own, until nothing comes any more.
    fn connection(&self) {
        if !self.queue.has_begun() {
            return;
        }
        if let Err(error) = self.hand_over_all() {
            self.queue.fail(error);
        }
    }

    fn hand_over_all(&self) -> Result<()> {
        let outlet = self.outlet()?;
        let reading = self.books.reading()?;
        let mut transport = Transport::new(&outlet.settings);
        while let Some(claimed) = self.queue.next(&reading) {
            self.bar.inc(1);
            if let Err(why) = spared(|| self.hand_over(&outlet, &reading, &mut transport, &claimed))? {
                // nobody knows where the conversation stopped
                transport = Transport::new(&outlet.settings);
                self.queue.going().held.push((CustomerCode::new(claimed.customer), why));
            }
        }
        Ok(())
    }

    /// How mail leaves: the first connection that has something to hand over finds out.
    fn outlet(&self) -> Result<Arc<Outlet<'a, 'b>>> {
        let mut outlet = locked(&self.outlet);
        if let Some(outlet) = &*outlet {
            return Ok(Arc::clone(outlet));
        }
        let key = MailKey::new(self.books.open().mail_key()?);
        let ledger = Ledger::open(self.books, self.run)?;
        let opened = Arc::new(Outlet { settings: self.desk.config.smtp.settings()?, key, ledger });
        *outlet = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn hand_over(
        &self,
        outlet: &Outlet<'_, '_>,
        reading: &Reading<'_, '_>,
        transport: &mut Transport,
        claimed: &Claimed,
    ) -> Result<()> {
        let (delivery, role) = (claimed.delivery, claimed.role.code());
        let known = reading
            .at_one_moment(|from| from.handed_over(claimed.message, &claimed.address, claimed.role))?;
        if let Some(HandedOver { notice, .. }) = outlet.ledger.forgotten(&known, role, &claimed.address) {
            // the journal knows of a hand-over that the database does not: perhaps it arrived
            let reply = format!("`{notice}`{OLDER_DATABASE}");
            let outcome =
                Outcome::Uncertain(Evidence { stage: "journal", code: None, reply, queue_id: None });
            return self.write_outcome(outlet, claimed, outcome);
        }
        let cells: Vec<String> =
            known.iter().map(|notice| HandoverJournal::cell(&notice.mode, role, &notice.notice)).collect();
        let from = envelope::sender(self.desk, &outlet.key, delivery, &claimed.address);
        let handover = Handover {
            from: &from,
            to: &claimed.address,
            message_id: &claimed.message_id,
            bytes: &claimed.bytes,
        };
        let mut in_doubt = Some(Entry::InDoubt { delivery, address: claimed.address.clone(), cells });
        let outcome = transport
            .deliver(&handover, &mut || in_doubt.take().map_or(Ok(()), |entry| outlet.ledger.write(entry)))
            .with_context(|| format!("delivery {delivery} could not be recorded and was not sent"))?;
        let said = format!("{} {}: {}", masked(&claimed.address), word(&outcome), evidence(&outcome).reply);
        self.desk.report.detail(&said);
        self.write_outcome(outlet, claimed, outcome)
    }

    fn write_outcome(&self, outlet: &Outlet<'_, '_>, claimed: &Claimed, outcome: Outcome) -> Result<()> {
        let stops = match &outcome {
            Outcome::Unavailable(evidence) => Some(evidence.reply.clone()),
            _ => None,
        };
        outlet.ledger.write(Entry::Attempt { delivery: claimed.delivery, outcome })?;
        self.queue.going().touched.push(claimed.message);
        if let Some(why) = stops {
            self.queue.stop(&why);
        }
        Ok(())
    }
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
