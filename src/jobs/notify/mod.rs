//! Notices: decide on a snapshot, draw on all cores, then look at every customer again in the
//! transaction that stores card, message, notices and deliveries together; `docs/pipeline.md` has the picture.
mod deciding;
mod envelope;
mod held;
mod night;
pub mod outlook;
mod pipeline;
pub mod preview;
pub mod render;
mod storing;
mod waiting;

pub(super) use deciding::decide;
pub(super) use envelope::{addresses, keys_of};
pub use night::night;
pub use pipeline::make;
pub(super) use waiting::without_waiting;

use crate::billing::facts::{Change, Letter};
use crate::billing::ids::CustomerCode;
use crate::billing::letters::Request;
use crate::jobs::attention::Findings;
use crate::store::{Asked, DeliveryState, Role, Waiting};
use crate::views::{MessageView, SkippedView};
use chrono::NaiveDate;

/// Which cards are made.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A card that somebody asked for.
    pub request: Option<Request>,
    /// Charge everything that expires up to this day.
    pub until: Option<NaiveDate>,
    /// The message that gives way to the one made now.
    pub instead_of: Option<Instead>,
}

/// A message that gives way to another, whatever became of it.
#[derive(Debug, Clone)]
pub struct Instead {
    /// Which.
    pub message: i64,
    /// Addresses that have it, and get no other.
    pub told: Vec<String>,
    /// Whether a person wants another in any case, also one that says the same.
    pub forced: bool,
}

/// A message that was made (or would be).
#[derive(Debug)]
pub struct Made {
    /// The store's number.
    pub message: i64,
    /// As it is reported.
    pub view: MessageView,
    /// What [`crate::store::Read::touched_by_others`] said when its facts were looked at, where nothing else of this run
    /// concerns its customer: as long as it says so, the message is as true as it was then.
    pub true_at: Option<i64>,
}

/// What a run of notices came to.
#[derive(Debug, Default)]
pub struct Notified {
    /// Messages, by customer.
    pub made: Vec<Made>,
    /// Services that get no notice.
    pub skipped: Vec<SkippedView>,
    /// What needs a person.
    pub findings: Findings,
}

impl Notified {
    /// Adds what another thread found.
    fn and(&mut self, other: Self) {
        self.made.extend(other.made);
        self.skipped.extend(other.skipped);
        self.findings.extend(other.findings);
    }
}

/// A letter decided for one customer, before it is drawn.
struct Draft {
    customer: CustomerCode,
    wanted: Wanted,
    letter: Letter,
    card_is_new: bool,
    asked: Option<Asked>,
    message_id: String,
    follows: Option<String>,
    to: Vec<(String, Role)>,
    has_it: Vec<(String, Role)>,
    header_to: Vec<String>,
    header_cc: Vec<String>,
    /// Whom it is for, also where a trial sends it elsewhere.
    meant_for: Vec<String>,
    /// What has to come true with it.
    changes: Vec<Change>,
    /// The messages that give way to it.
    waiting: Vec<Waiting>,
    /// What [`crate::store::Read::touched_by_others`] said before its facts were read, where nothing else of this run
    /// concerns its customer: as long as it says so, they are what they were.
    true_at: Option<i64>,
}

impl Wanted {
    /// What is kept of a request with its message, under its number of the day.
    fn asked(&self, number: i64) -> Option<Asked> {
        let request = self.request.as_ref()?;
        Some(Asked { number, service: request.service.clone(), until: self.until })
    }

    /// What somebody asked for with a message, asked for again; none where nobody did.
    pub(super) fn again(message: &Waiting, forced: bool) -> Option<Self> {
        let asked = message.asked.clone()?;
        let got = message.deliveries.iter().filter(|delivery| {
            matches!(
                delivery.state,
                DeliveryState::Sent
                    | DeliveryState::InDoubt
                    | DeliveryState::Uncertain
                    // it has it from the message before
                    | DeliveryState::Cancelled
            )
        });
        Some(Self {
            request: Some(Request { service: asked.service }),
            until: asked.until,
            instead_of: Some(Instead {
                message: message.message,
                told: got.map(|delivery| delivery.address.clone()).collect(),
                forced,
            }),
        })
    }
}
