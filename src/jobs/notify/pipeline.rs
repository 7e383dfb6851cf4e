//! decide → draw → record, each on threads of its own and beside the others; `docs/pipeline.md` has the picture.
//!
//! Whoever decides takes a ticket for each letter, and gets it back when the letter is recorded: so many are on their way at
//! most, whatever takes its time, and memory stays flat.

use super::deciding::{Decided, Next, draft};
use super::held::{hold_back, hold_customer_back};
use super::preview::Preview;
use super::render::{Finished, Header, Renderer, caught};
use super::storing::stored;
use super::waiting::Over;
use super::{Draft, Made, Notified, Wanted};
use crate::billing::ids::CustomerCode;
use crate::jobs::Desk;
use crate::jobs::books::{Books, locked};
use crate::jobs::spared::{Spared, spared};
use crate::store::Run;
use anyhow::Result;
use indicatif::ProgressBar;
use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// Letters that are decided and not yet recorded, at most.
const ON_THEIR_WAY: usize = 64;

/// Letters that are recorded in one transaction, at most: whoever sends waits for as many.
const TOGETHER: usize = 16;

/// What is made, and with what.
struct Work<'a, 'b> {
    desk: &'a Desk,
    books: &'a Books<'b>,
    run: Run,
    renderer: &'a Renderer,
    bar: ProgressBar,
    /// As [`Draft::true_at`].
    true_at: Option<i64>,
}

/// What was decided, by its place in the order of the customers.
enum Step {
    Letter(Box<Draft>),
    Drawn(Box<Draft>, Result<Finished>),
    Over(Over),
}

/// A step with its place.
type Placed = (usize, Step);

/// Makes the messages that are due for `customers`; `recorded` hears of each as soon as it is durable.
///
/// # Errors
/// Where the database cannot be read or written; one bad record only holds back its customer.
pub fn make(
    desk: &Desk,
    books: &Books<'_>,
    run: Run,
    renderer: &Renderer,
    customers: &[CustomerCode],
    wanted: &Wanted,
    preview: &mut Option<Preview<'_>>,
    recorded: &mut dyn FnMut(&Made) -> Result<()>,
) -> Result<Notified> {
    let mut outcome = Notified::default();
    let mut next = Next::of(desk, &books.open())?;
    let bar = desk.report.progress("notices", customers.len());
    let alone = wanted.request.is_none() && wanted.instead_of.is_none();
    let true_at = if alone { Some(books.open().touched_by_others()?) } else { None };
    let mut work = Work { desk, books, run, renderer, bar, true_at };
    let all = customers.iter().map(|code| (code.clone(), wanted.clone()));
    work.pass(all, &mut next, preview, recorded, &mut outcome)?;
    if alone {
        // some of these customers were just told something
        work.true_at = None;
        let asked_for = work.asked_for(customers)?;
        work.pass(asked_for.into_iter(), &mut next, preview, recorded, &mut outcome)?;
    }
    work.bar.finish_and_clear();
    Ok(outcome)
}

impl Work<'_, '_> {
    /// Decides, draws and records each of `wanted`, in this order.
    fn pass(
        &self,
        wanted: impl Iterator<Item = (CustomerCode, Wanted)> + Send,
        next: &mut Next,
        preview: &mut Option<Preview<'_>>,
        recorded: &mut dyn FnMut(&Made) -> Result<()>,
        outcome: &mut Notified,
    ) -> Result<()> {
        let (decided, to_draw) = channel();
        let (drawn, to_record) = channel();
        let (give_back, tickets) = channel();
        for _ in 0..ON_THEIR_WAY {
            give_back.send(())?;
        }
        let to_draw = Arc::new(Mutex::new(to_draw));
        let found = std::thread::scope(|scope| -> Result<Notified> {
            let decider = scope.spawn(move || self.decide_all(wanted, next, &tickets, &decided));
            for _ in 0..std::thread::available_parallelism().map_or(1, NonZeroUsize::get) {
                let (to_draw, drawn) = (Arc::clone(&to_draw), drawn.clone());
                scope.spawn(move || self.draw_all(&to_draw, &drawn));
            }
            drop((to_draw, drawn));
            let written = self.record_all(&to_record, &give_back, preview, recorded, outcome);
            // where recording failed nobody gets a ticket any more, and deciding ends
            drop(give_back);
            let found = decider.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            written.and(found)
        })?;
        outcome.and(found);
        Ok(())
    }

    /// The first thread: one customer after the other, each from the facts of one moment.
    fn decide_all(
        &self,
        wanted: impl Iterator<Item = (CustomerCode, Wanted)>,
        next: &mut Next,
        tickets: &Receiver<()>,
        decided: &Sender<Placed>,
    ) -> Result<Notified> {
        let reading = self.books.reading()?;
        let (mut outcome, mut place) = (Notified::default(), 0);
        for (code, wanted) in wanted {
            self.bar.inc(1);
            let letter = spared(|| {
                reading.at_one_moment(|from| {
                    draft(self.desk, from, &code, &wanted, self.true_at, next, &mut outcome)
                })
            })?;
            let step = match letter {
                Ok(Decided::Letter(draft)) => Step::Letter(draft),
                Ok(Decided::Over(over)) if !over.waiting.is_empty() => Step::Over(over),
                Ok(Decided::Over(_) | Decided::Nothing) => continue,
                Err(why) => {
                    hold_customer_back(&code, &why, &mut outcome);
                    continue;
                }
            };
            // who records has stopped, and says why
            if tickets.recv().is_err() || decided.send((place, step)).is_err() {
                break;
            }
            place += 1;
        }
        Ok(outcome)
    }

    /// A thread for each core: whatever is decided next.
    fn draw_all(&self, to_draw: &Mutex<Receiver<Placed>>, drawn: &Sender<Placed>) {
        loop {
            let next = locked(to_draw).recv();
            let Ok((place, step)) = next else { return };
            let step = match step {
                Step::Letter(draft) => {
                    let finished = caught(|| self.finished(&draft));
                    Step::Drawn(draft, finished)
                }
                step => step,
            };
            if drawn.send((place, step)).is_err() {
                return;
            }
        }
    }

    fn finished(&self, draft: &Draft) -> Result<Finished> {
        let header = Header {
            to: &draft.header_to,
            cc: &draft.header_cc,
            message_id: &draft.message_id,
            follows: draft.follows.as_deref(),
        };
        self.renderer.finish(self.desk, &draft.letter, &header)
    }

    /// The calling thread: what is drawn is recorded in the order in which it was decided.
    fn record_all(
        &self,
        to_record: &Receiver<Placed>,
        give_back: &Sender<()>,
        preview: &mut Option<Preview<'_>>,
        recorded: &mut dyn FnMut(&Made) -> Result<()>,
        outcome: &mut Notified,
    ) -> Result<()> {
        let mut here = BTreeMap::new();
        let mut next = 0;
        while let Ok((place, step)) = to_record.recv() {
            here.insert(place, step);
            // and whatever came while the last ones were written
            here.extend(to_record.try_iter());
            loop {
                let mut steps = Vec::new();
                while steps.len() < TOGETHER
                    && let Some(step) = here.remove(&next)
                {
                    steps.push(step);
                    next += 1;
                }
                if steps.is_empty() {
                    break;
                }
                for (step, made) in self.record(&steps, outcome)? {
                    let _ = give_back.send(());
                    let (Step::Drawn(draft, Ok(finished)), Some(made)) = (step, made) else { continue };
                    // the pictures of a whole night would not fit into memory: each is written and forgotten
                    if let Some(preview) = preview {
                        preview.add(&made.view, &draft.letter, draft.meant_for.clone(), finished)?;
                    }
                    recorded(&made)?;
                    outcome.made.push(made);
                }
            }
        }
        Ok(())
    }

    /// Records some steps in one durable transaction, each as a part that can fail by itself: a commit for each would wait
    /// for the disk as often.
    fn record<'s>(&self, steps: &'s [Step], outcome: &mut Notified) -> Result<Vec<(&'s Step, Option<Made>)>> {
        let made: Vec<Spared<Option<Made>>> = self.books.open().write(self.run, |tx| {
            let write = |step: &Step| match step {
                Step::Drawn(draft, Ok(finished)) => stored(self.desk, tx, draft, finished),
                Step::Drawn(_, Err(error)) => anyhow::bail!("{error:#}"),
                Step::Over(over) => Ok(over.withdraw(tx).map(|()| None)?),
                Step::Letter(_) => Ok(None),
            };
            steps.iter().map(|step| spared(|| tx.part(|| write(step)))).collect::<Result<_>>()
        })?;
        let mut recorded = Vec::new();
        for (step, made) in steps.iter().zip(made) {
            match (step, &made) {
                (Step::Drawn(draft, _) | Step::Letter(draft), Err(why)) => hold_back(draft, why, outcome),
                (Step::Over(over), Err(why)) => hold_customer_back(&over.customer, why, outcome),
                (_, Ok(_)) => {}
            }
            recorded.push((step, made.unwrap_or_default()));
        }
        Ok(recorded)
    }

    /// The cards of these customers that somebody asked for and that wait, each as it was asked for: they are made anew
    /// where the facts have changed.
    fn asked_for(&self, customers: &[CustomerCode]) -> Result<Vec<(CustomerCode, Wanted)>> {
        let store = self.books.open();
        let waiting = store.waiting_requests(self.desk.rules.mode)?;
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let chosen: HashSet<&CustomerCode> = customers.iter().collect();
        let mut wanted = Vec::new();
        for (code, message) in waiting.into_iter().filter(|(code, _)| chosen.contains(code)) {
            let again = store.message_again(message)?.and_then(|message| Wanted::again(&message, false));
            wanted.extend(again.map(|wanted| (code, wanted)));
        }
        Ok(wanted)
    }
}
