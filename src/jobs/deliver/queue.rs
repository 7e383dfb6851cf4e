//! What waits to be handed over: it is filled while messages are made, and emptied by the connections.

use super::owed::{self, Look};
use crate::billing::address::masked;
use crate::billing::ids::CustomerCode;
use crate::jobs::Desk;
use crate::jobs::books::{Books, Reading, locked};
use crate::jobs::spared::spared;
use crate::store::{Claimed, Run};
use anyhow::Result;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a connection waits before it looks whether the run was told to stop.
const A_MOMENT: Duration = Duration::from_millis(100);

/// A delivery that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    /// Which.
    pub(super) delivery: i64,
    /// As [`crate::jobs::notify::Made::true_at`].
    pub(super) true_at: Option<i64>,
}

/// The queue, and how sending goes.
pub(super) struct Queue<'a, 'b> {
    desk: &'a Desk,
    books: &'a Books<'b>,
    run: Run,
    only: &'a [CustomerCode],
    going: Mutex<Going>,
    news: Condvar,
}

/// Closes a queue when it is dropped.
pub(super) struct Closes<'q, 'a, 'b>(&'q Queue<'a, 'b>);

impl Drop for Closes<'_, '_, '_> {
    fn drop(&mut self) {
        self.0.going().closed = true;
        self.0.news.notify_all();
    }
}

/// How sending goes.
#[derive(Default)]
pub(super) struct Going {
    waiting: VecDeque<Waits>,
    /// Whether nothing comes any more.
    closed: bool,
    /// The messages of which something was tried or withdrawn.
    pub(super) touched: Vec<i64>,
    /// Why sending stopped.
    pub(super) stopped: Option<String>,
    /// What must not be gone on after.
    pub(super) failure: Option<anyhow::Error>,
    /// Customers whose delivery failed for a reason of their own.
    pub(super) held: Vec<(CustomerCode, String)>,
    /// When sending ends, whatever still waits.
    deadline: Option<Instant>,
    /// When the next message may go, where they are paced.
    next_at: Option<Instant>,
}

impl Going {
    /// What was not tried any more.
    pub(super) fn left(&self) -> impl Iterator<Item = i64> {
        self.waiting.iter().map(|waits| waits.delivery)
    }
}

impl<'a, 'b> Queue<'a, 'b> {
    /// An empty queue, of deliveries to these customers (to everybody where none is named).
    pub(super) fn new(desk: &'a Desk, books: &'a Books<'b>, run: Run, only: &'a [CustomerCode]) -> Self {
        Self { desk, books, run, only, going: Mutex::default(), news: Condvar::new() }
    }

    /// Adds deliveries at the end.
    pub(super) fn add(&self, deliveries: impl IntoIterator<Item = Waits>) {
        let mut going = self.going();
        going.waiting.extend(deliveries);
        if !going.waiting.is_empty() && going.deadline.is_none() {
            let minutes = self.desk.config.smtp.deadline_minutes;
            let after = |minutes| Instant::now() + Duration::from_secs(u64::from(minutes) * 60);
            going.deadline = minutes.map(after);
        }
        self.news.notify_all();
    }

    /// Nothing comes any more, as soon as what this gives is dropped.
    pub(super) const fn closes(&self) -> Closes<'_, 'a, 'b> {
        Closes(self)
    }

    /// Nothing more is handed over, for this reason; the rest stays queued.
    pub(super) fn stop(&self, why: &str) {
        self.going().stopped.get_or_insert_with(|| why.to_owned());
        self.news.notify_all();
    }

    /// How it goes.
    pub(super) fn going(&self) -> MutexGuard<'_, Going> {
        locked(&self.going)
    }

    /// How it went.
    pub(super) fn into_inner(self) -> Going {
        self.going.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends sending for good: the error is the run's.
    pub(super) fn fail(&self, error: anyhow::Error) {
        self.going().failure.get_or_insert(error);
        self.news.notify_all();
    }

    /// Waits until something waits to be handed over; false where nothing comes any more.
    pub(super) fn has_begun(&self) -> bool {
        let mut going = self.going();
        while going.waiting.is_empty() && !going.closed {
            going = self.news.wait(going).unwrap_or_else(PoisonError::into_inner);
        }
        !going.waiting.is_empty()
    }

    /// The next delivery to hand over; none when nothing comes any more or sending has stopped.
    pub(super) fn next(&self, reading: &Reading<'_, '_>) -> Option<Claimed> {
        while let Some(waits) = self.pop() {
            let claimed = match spared(|| self.claimed(reading, waits)) {
                Ok(Ok(Some(claimed))) => claimed,
                Ok(Ok(None)) => continue,
                Ok(Err(why)) => {
                    // bytes that are not what was stored are never sent; the others go on
                    self.desk.report.error(&why);
                    continue;
                }
                Err(error) => {
                    self.fail(error);
                    return None;
                }
            };
            match spared(|| self.is_owed(reading, &claimed, waits)) {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => continue,
                Ok(Err(why)) => {
                    self.going().held.push((CustomerCode::new(claimed.customer), why));
                    continue;
                }
                Err(error) => {
                    self.fail(error);
                    return None;
                }
            }
            std::thread::sleep(self.pause());
            return Some(claimed);
        }
        None
    }

    fn pop(&self) -> Option<Waits> {
        let mut going = self.going();
        loop {
            if going.stopped.is_some() || going.failure.is_some() {
                return None;
            }
            if crate::jobs::stopping() {
                going.stopped = Some("the run was told to stop; the rest stays queued".to_owned());
                return None;
            }
            if going.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                going.stopped =
                    Some("the time of `smtp.deadline_minutes` is over; the rest stays queued".to_owned());
                return None;
            }
            match going.waiting.pop_front() {
                Some(waits) => return Some(waits),
                None if going.closed => return None,
                None => {
                    let waited = self.news.wait_timeout(going, A_MOMENT);
                    going = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// The delivery with its bytes, where it still waits and its customer was asked for.
    fn claimed(&self, reading: &Reading<'_, '_>, waits: Waits) -> Result<Option<Claimed>> {
        let claimed = reading.at_one_moment(|from| from.claim(waits.delivery))?;
        Ok(claimed.filter(|claimed| {
            self.only.is_empty() || self.only.iter().any(|code| code.as_str() == claimed.customer)
        }))
    }

    /// Looks at a delivery once more; withdraws it where it is owed no longer, or not to this address.
    fn is_owed(&self, reading: &Reading<'_, '_>, claimed: &Claimed, waits: Waits) -> Result<bool> {
        // nobody but this run has written since it was recorded, and it has nothing else for this customer
        if waits.true_at.is_some() && waits.true_at == Some(self.books.open().touched_by_others()?) {
            return Ok(true);
        }
        let why = match reading.at_one_moment(|from| owed::look(self.desk, from, claimed))? {
            Look::Owed => return Ok(true),
            Look::Anew(why) => {
                let text = format!("{}: waits to be made anew, {why}", masked(&claimed.address));
                self.desk.report.detail(&text);
                return Ok(false);
            }
            Look::Over(why) => why,
        };
        self.desk.report.detail(&format!("{}: withdrawn, {why}", masked(&claimed.address)));
        self.books.open().write(self.run, |tx| -> Result<()> {
            tx.cancel_delivery(claimed.delivery, claimed.message, why)?;
            let detail = json!({ "message": claimed.message, "delivery": claimed.delivery, "because": why });
            let customer = CustomerCode::new(claimed.customer.clone());
            tx.journal(Some(&customer), None, "message_cancelled", &detail)?;
            Ok(())
        })?;
        self.going().touched.push(claimed.message);
        Ok(false)
    }

    /// How long this message waits for its turn, where messages are paced.
    fn pause(&self) -> Duration {
        let Some(per_minute) = self.desk.config.smtp.per_minute else { return Duration::ZERO };
        let now = Instant::now();
        let mut going = self.going();
        let turn = going.next_at.map_or(now, |turn| turn.max(now));
        going.next_at = Some(turn + Duration::from_secs(60) / per_minute.max(1));
        turn.saturating_duration_since(now)
    }
}
