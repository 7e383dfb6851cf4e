//! The outbox: cards, messages, notices and deliveries. A delivery is in doubt before its body is
//! written, and whatever is found in doubt later is uncertain: it is never sent again by itself.

mod listing;
mod read;
mod write;

use crate::billing::card::BillingCard;
use crate::billing::coded::coded;
use crate::billing::ids::{ChargeId, CustomerCode, ServiceCode};
use crate::billing::notice::Notice;
use crate::views::outbox::ListedDelivery;
use chrono::NaiveDate;

coded! {
    /// For what an address gets a message. Only `Email` (and `Trial`, in trial) counts as having been told.
    pub enum Role {
        /// The customer's own address.
        Email = "email",
        /// A copy for the customer's people.
        Cc = "cc",
        /// A copy for us.
        Bcc = "bcc",
        /// The trial's recipient.
        Trial = "trial",
    }
}

impl Role {
    /// Whether who was reached by it has been told.
    #[must_use]
    pub const fn tells(self) -> bool {
        matches!(self, Self::Email | Self::Trial)
    }
}

coded! {
    /// Where a delivery stands.
    pub enum DeliveryState {
        /// Waiting.
        Queued = "queued",
        /// The body is being handed over.
        InDoubt = "in_doubt",
        /// The server took it.
        Sent = "sent",
        /// The server refused it for good.
        Failed = "failed",
        /// Perhaps it was taken.
        Uncertain = "uncertain",
        /// Withdrawn before anything was handed over.
        Cancelled = "cancelled",
    }
}

/// A message to be stored, with all that belongs to it.
#[derive(Debug)]
pub struct NewMessage<'a> {
    /// Whom it goes to.
    pub customer: &'a CustomerCode,
    /// Its card.
    pub card: &'a BillingCard,
    /// Whether the card's number is new.
    pub card_is_new: bool,
    /// The charges the card asks for.
    pub charges: &'a [ChargeId],
    /// The notices it tells.
    pub notices: &'a [Notice],
    /// Its Message-ID.
    pub message_id: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// What it says, as JSON.
    pub lines: &'a str,
    /// The finished bytes.
    pub bytes: &'a [u8],
    /// The addresses.
    pub to: &'a [(String, Role)],
    /// Addresses that have it from a message that gives way to this one.
    pub has_it: &'a [(String, Role)],
    /// What somebody asked for, where it is the answer to that.
    pub asked: Option<&'a Asked>,
}

/// A card that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its own number.
    pub number: i64,
    /// Only this service's notice.
    pub service: Option<ServiceCode>,
    /// Charge everything that expires up to this day.
    pub until: Option<NaiveDate>,
}

/// A message as it stands in the queue, to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub message: i64,
    /// `trial` or `live`.
    pub mode: String,
    /// What somebody asked for, where it answers that.
    pub asked: Option<Asked>,
    /// The fingerprint of its card.
    pub fingerprint: String,
    /// Its notices' keys, as text, sorted.
    pub keys: Vec<String>,
    /// Its deliveries.
    pub deliveries: Vec<Addressed>,
}

/// A delivery of a message that is looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// Its number.
    pub delivery: i64,
    /// The address.
    pub address: String,
    /// For what it gets the message.
    pub role: Role,
    /// Its state.
    pub state: DeliveryState,
    /// Whether it came back.
    pub bounced: bool,
}

impl Waiting {
    /// Whether nobody has been handed anything of it, so that it may still give way to another.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.deliveries.iter().any(|delivery| {
            matches!(delivery.state, DeliveryState::Sent | DeliveryState::InDoubt | DeliveryState::Uncertain)
        })
    }

    /// Whether it is made anew, or withdrawn, by the next run where the facts have changed: a card that somebody
    /// asked for stands for itself.
    #[must_use]
    pub fn gives_way(&self) -> bool {
        self.asked.is_none() && self.is_whole()
    }

    /// The addresses that have not got it, sorted: they wait or were refused.
    #[must_use]
    pub fn to(&self) -> Vec<(String, Role)> {
        let open = self
            .deliveries
            .iter()
            .filter(|delivery| matches!(delivery.state, DeliveryState::Queued | DeliveryState::Failed));
        sorted(open.map(|delivery| (delivery.address.clone(), delivery.role)).collect())
    }
}

/// Addresses in the order in which they are compared.
#[must_use]
pub fn sorted(mut to: Vec<(String, Role)>) -> Vec<(String, Role)> {
    to.sort_by(|a, b| (&a.0, a.1.code()).cmp(&(&b.0, b.1.code())));
    to.dedup_by(|a, b| a.0 == b.0);
    to
}

/// How often a notice was handed over to an address, by what the database knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// Its key.
    pub notice: String,
    /// `trial` or `live`.
    pub mode: String,
    /// How often in that mode, for the role that was asked about.
    pub times: u32,
    /// How often in any mode, for any role.
    pub ever: u32,
}

/// A delivery taken from the queue.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its number.
    pub delivery: i64,
    /// Its message.
    pub message: i64,
    /// Whom it is for.
    pub customer: String,
    /// The address.
    pub address: String,
    /// For what it gets the message.
    pub role: Role,
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// The Message-ID.
    pub message_id: String,
}

/// A delivery that was, or perhaps was, handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentDelivery {
    /// Its number.
    pub delivery: i64,
    /// The address.
    pub address: String,
    /// Whose.
    pub customer: CustomerCode,
}

/// A delivery that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounced {
    /// Its number.
    pub delivery: i64,
    /// Its message.
    pub message: i64,
    /// The address.
    pub address: String,
    /// The status and what the other server said.
    pub why: String,
    /// Whose.
    pub customer: String,
    /// Whether a later message reached the same address.
    pub reached_since: bool,
    /// A service that is not suspended or terminated for want of this notice.
    pub blocks: Option<String>,
}

/// A delivery that a person must look at.
#[derive(Debug, Clone)]
pub struct Troubled {
    /// Its number.
    pub delivery: i64,
    /// Its message.
    pub message: i64,
    /// `Failed` or `Uncertain`.
    pub state: DeliveryState,
    /// The address.
    pub address: String,
    /// What the server said.
    pub reply: String,
    /// Whose.
    pub customer: CustomerCode,
    /// The card it carries.
    pub card: String,
}

/// A message as it is listed.
#[derive(Debug, Clone)]
pub struct ListedMessage {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub customer: String,
    /// The card it carries.
    pub card: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
    /// What it says, as JSON.
    pub lines: String,
    /// The day it was made.
    pub made_on: NaiveDate,
    /// To whom it goes.
    pub deliveries: Vec<ListedDelivery>,
}

/// What one attempt came to.
#[derive(Debug, Clone)]
pub struct AttemptRecord<'a> {
    /// The delivery's new state.
    pub state: DeliveryState,
    /// How far the conversation came.
    pub stage: &'a str,
    /// The reply's code.
    pub code: Option<u16>,
    /// The reply.
    pub reply: &'a str,
    /// The server's queue id.
    pub queue_id: Option<&'a str>,
    /// Not before this moment again.
    pub retry_at: Option<String>,
    /// When.
    pub at: &'a str,
}
