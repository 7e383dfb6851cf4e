//! What the connections write down: several at a time where several come at once, each durable before it goes on.

use super::handover::HandoverJournal;
use crate::clock;
use crate::jobs::books::{Books, locked};
use crate::mail::{Evidence, Outcome};
use crate::store::{AttemptRecord, DeliveryState, HandedOver, Run, Store, StoreError, Tx};
use anyhow::{Context, Result};
use chrono::Duration;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

/// The first pause after a deferral; it doubles with every further one, up to about five hours.
const FIRST_PAUSE_MINUTES: i64 = 5;
const DOUBLINGS: u32 = 6;

/// What a connection has to write down of one delivery.
pub(super) enum Entry {
    /// Its body is about to be handed over, to this address, telling these notices.
    InDoubt { delivery: i64, address: String, cells: Vec<String> },
    /// What an attempt came to.
    Attempt { delivery: i64, outcome: Outcome },
}

/// An entry, and who waits for it.
struct Slip {
    entry: Entry,
    written: Sender<Result<()>>,
}

/// Writes into the database and into the journal beside it.
pub(super) struct Ledger<'a, 'b> {
    books: &'a Books<'b>,
    run: Run,
    journal: Mutex<HandoverJournal>,
    slips: Mutex<Vec<Slip>>,
}

impl<'a, 'b> Ledger<'a, 'b> {
    /// Opens the journal beside the database.
    ///
    /// # Errors
    /// A journal that cannot be read or written: then nothing may be handed over.
    pub(super) fn open(books: &'a Books<'b>, run: Run) -> Result<Self> {
        let journal = Mutex::new(HandoverJournal::open(books.open().path())?);
        Ok(Self { books, run, journal, slips: Mutex::default() })
    }

    /// The notice that was handed over to an address more often than the database knows, where there is one.
    pub(super) fn forgotten<'n>(
        &self,
        known: &'n [HandedOver],
        role: &str,
        address: &str,
    ) -> Option<&'n HandedOver> {
        let journal = locked(&self.journal);
        known.iter().find(|notice| journal.knows_more(notice, role, address))
    }

    /// Writes an entry, durably. Whoever gets the store first writes what all others wait for as well: one wait for the disk
    /// serves as many connections as came meanwhile.
    ///
    /// # Errors
    /// Where it cannot be written: then nothing may go out.
    pub(super) fn write(&self, entry: Entry) -> Result<()> {
        let (written, answer) = channel();
        locked(&self.slips).push(Slip { entry, written });
        {
            let mut store = self.books.open();
            let slips = std::mem::take(&mut *locked(&self.slips));
            if !slips.is_empty() {
                self.write_all(&mut store, slips);
            }
        }
        answer.recv().context("what became of a delivery was not written")?
    }

    fn write_all(&self, store: &mut Store, slips: Vec<Slip>) {
        let at = clock::stamp(clock::now());
        let in_transaction = store.write(self.run, |tx| -> Result<Vec<Result<(), StoreError>>, StoreError> {
            let mut all = Vec::with_capacity(slips.len());
            for slip in &slips {
                match tx.part(|| slip.entry.write(tx, &at)) {
                    // it concerns one, and the others are written
                    Err(fault) if fault.is_data() => all.push(Err(fault)),
                    written => all.push(Ok(written?)),
                }
            }
            Ok(all)
        });
        let each = match in_transaction {
            Ok(each) => each,
            Err(fault) => {
                let why = fault.to_string();
                let mut first = Some(fault);
                let fault = || first.take().unwrap_or_else(|| StoreError::Unwritable(why.clone()));
                std::iter::repeat_with(fault).take(slips.len()).map(Err).collect()
            }
        };
        // the journal follows the database: what stands in it alone is taken for handed over
        let lines = slips.iter().zip(&each).filter_map(|(slip, written)| match &slip.entry {
            Entry::InDoubt { address, cells, .. } if written.is_ok() => {
                Some((address.as_str(), cells.as_slice()))
            }
            _ => None,
        });
        let noted = locked(&self.journal).note(&at, lines).map_err(|error| format!("{error:#}"));
        for (slip, written) in slips.into_iter().zip(each) {
            let noted = match (&slip.entry, &noted) {
                (Entry::InDoubt { .. }, Err(why)) => Err(StoreError::Unwritable(why.clone())),
                _ => Ok(()),
            };
            // who waited and is gone has stopped
            let _ = slip.written.send(written.and(noted).map_err(anyhow::Error::from));
        }
    }
}

impl Entry {
    fn write(&self, tx: &Tx<'_>, at: &str) -> Result<(), StoreError> {
        match self {
            Self::InDoubt { delivery, .. } => tx.mark_in_doubt(*delivery, at),
            Self::Attempt { delivery, outcome } => record(tx, *delivery, outcome, at),
        }
    }
}

fn record(tx: &Tx<'_>, delivery: i64, outcome: &Outcome, at: &str) -> Result<(), StoreError> {
    let evidence = evidence(outcome);
    let (state, retry_at) = match outcome {
        Outcome::Sent(_) => (DeliveryState::Sent, None),
        Outcome::Refused(_) => (DeliveryState::Failed, None),
        Outcome::Uncertain(_) => (DeliveryState::Uncertain, None),
        Outcome::Unavailable(_) => (DeliveryState::Queued, None),
        Outcome::Deferred(_) => {
            let pause = FIRST_PAUSE_MINUTES << tx.attempts_of(delivery)?.min(DOUBLINGS);
            (DeliveryState::Queued, Some(clock::stamp(clock::now() + Duration::minutes(pause))))
        }
    };
    tx.record_attempt(
        delivery,
        &AttemptRecord {
            state,
            stage: evidence.stage,
            code: evidence.code,
            reply: &evidence.reply,
            queue_id: evidence.queue_id.as_deref(),
            retry_at,
            at,
        },
    )
}

/// What shows what a hand-over came to.
pub(super) const fn evidence(outcome: &Outcome) -> &Evidence {
    match outcome {
        Outcome::Sent(evidence)
        | Outcome::Deferred(evidence)
        | Outcome::Refused(evidence)
        | Outcome::Uncertain(evidence)
        | Outcome::Unavailable(evidence) => evidence,
    }
}
