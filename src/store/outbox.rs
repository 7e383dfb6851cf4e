//! The outbox: cards, messages, notices and deliveries. A delivery is in doubt before its body is
//! written, and whatever is found in doubt later is uncertain: it is never sent again by itself.

use super::columns::Record;
use super::error::{Result, StoreError};
use super::{Read, Run, Store, Tx};
use crate::billing::card::BillingCard;
use crate::billing::coded::coded;
use crate::billing::ids::{ChargeId, CustomerCode, ServiceCode};
use crate::billing::notice::{Notice, Subject};
use crate::billing::policy::Mode;
use crate::views::outbox::{ListedAttempt, ListedDelivery};
use chrono::{Datelike, NaiveDate};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

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

/// Reading the outbox.
impl Read {
    /// The next number of a series: counted per year and mode.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn next_card_sequence(&self, mode: Mode, year: i32) -> Result<u32> {
        let sql = "SELECT coalesce(max(sequence), 0) + 1 FROM cards WHERE mode = ?1 AND year = ?2";
        Ok(self.connection().prepare_cached(sql)?.query_row(params![mode.code(), year], |row| row.get(0))?)
    }

    /// The number that the next card somebody asks for gets.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn next_request(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(request), 0) + 1 FROM messages";
        Ok(self.connection().prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// The key of our Message-IDs and envelope senders.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn mail_key(&self) -> Result<Vec<u8>> {
        let sql = "SELECT key FROM secrets WHERE name = 'mail'";
        Ok(self.connection().prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Whether the body of a message of this Message-ID was ever about to be handed over.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn was_handed_over(&self, message_id: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM messages m JOIN deliveries d ON d.message = m.id
                   WHERE m.message_id = ?1 AND d.attempts > 0)";
        Ok(self.connection().prepare_cached(sql)?.query_row([message_id], |row| row.get(0))?)
    }

    /// The customer's messages of which something waits.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn waiting(&self, customer: &CustomerCode, mode: Mode) -> Result<Vec<Waiting>> {
        let sql = "SELECT m.id FROM messages m WHERE m.customer = ?1 AND m.mode = ?2
                     AND EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND d.state = 'queued')
                   ORDER BY m.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let ids: Vec<i64> = statement
            .query_map(params![customer.as_str(), mode.code()], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let found: Result<Vec<Option<Waiting>>> = ids.into_iter().map(|id| self.message_again(id)).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// A message as it is looked at again.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn message_again(&self, message: i64) -> Result<Option<Waiting>> {
        let sql = "SELECT m.id, m.mode, m.request, m.request_service, m.request_until, c.fingerprint
                   FROM messages m JOIN cards c ON c.number = m.card WHERE m.id = ?1";
        let found = self.connection().prepare_cached(sql)?.query_row([message], |row| {
            let number: Option<i64> = row.get(2)?;
            let service: Option<String> = row.get(3)?;
            let until = row.get(4)?;
            Ok(Waiting {
                message: row.get(0)?,
                mode: row.get(1)?,
                asked: number.map(|number| Asked { number, service: service.map(ServiceCode::new), until }),
                fingerprint: row.get(5)?,
                keys: Vec::new(),
                deliveries: Vec::new(),
            })
        });
        let Some(mut waiting) = found.optional()? else { return Ok(None) };
        let mut statement =
            self.connection().prepare_cached("SELECT key FROM notices WHERE message = ?1 ORDER BY 1")?;
        waiting.keys = statement.query_map([message], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        waiting.keys.sort();
        let mut statement = self.connection().prepare_cached(
            "SELECT id, address, role, state, bounced_on FROM deliveries WHERE message = ?1 ORDER BY id",
        )?;
        let mut rows = statement.query([message])?;
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "delivery");
            waiting.deliveries.push(Addressed {
                delivery: record.integer("id")?,
                address: record.text("address")?,
                role: record.word("role", "a role", Role::from_code)?,
                state: record.word("state", "a state", DeliveryState::from_code)?,
                bounced: record.optional_date("bounced_on")?.is_some(),
            });
        }
        Ok(Some(waiting))
    }

    /// Messages that tell something of a service and of which nothing has been handed over.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn waiting_messages_of(&self, service: &ServiceCode, mode: Mode) -> Result<Vec<i64>> {
        let sql = "SELECT DISTINCT n.message FROM notices n WHERE n.service = ?1 AND n.mode = ?2 AND n.cancelled = 0
                     AND EXISTS (SELECT 1 FROM deliveries d WHERE d.message = n.message AND d.state = 'queued')
                     AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = n.message AND d.state <> 'queued')";
        let mut statement = self.connection().prepare_cached(sql)?;
        let messages = statement.query_map(params![service.as_str(), mode.code()], |row| row.get(0))?;
        Ok(messages.collect::<rusqlite::Result<_>>()?)
    }

    /// Deliveries that may be tried at `now`, oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn queued_deliveries(&self, now: &str) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM deliveries WHERE state = 'queued' AND (retry_at IS NULL OR retry_at <= ?1) ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let ids = statement.query_map([now], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// A queued delivery with its bytes, which must be the ones that were stored.
    ///
    /// # Errors
    /// [`StoreError::Data`] where the bytes are gone or differ.
    pub fn claim(&self, delivery: i64) -> Result<Option<Claimed>> {
        let sql = "SELECT d.id, d.message, m.customer, d.address, b.bytes, m.sha256, m.message_id, d.role
                   FROM deliveries d JOIN messages m ON m.id = d.message
                   LEFT JOIN message_bytes b ON b.message = m.id WHERE d.id = ?1 AND d.state = 'queued'";
        type Raw = (Claimed, Option<Vec<u8>>, String);
        // a column's own condition keeps other words out
        let role = |code: String| Role::from_code(&code).unwrap_or(Role::Bcc);
        let found: Option<Raw> = self
            .connection()
            .prepare_cached(sql)?
            .query_row([delivery], |row| {
                let claimed = Claimed {
                    delivery: row.get(0)?,
                    message: row.get(1)?,
                    customer: row.get(2)?,
                    address: row.get(3)?,
                    role: role(row.get(7)?),
                    bytes: Vec::new(),
                    message_id: row.get(6)?,
                };
                Ok((claimed, row.get(4)?, row.get(5)?))
            })
            .optional()?;
        let Some((claimed, bytes, sha256)) = found else { return Ok(None) };
        match bytes {
            Some(bytes) if hex_sha256(&bytes) == sha256 => Ok(Some(Claimed { bytes, ..claimed })),
            other => Err(StoreError::Data {
                record: format!("message `{}`", claimed.message),
                column: "bytes",
                value: if other.is_some() { "other bytes".to_owned() } else { "nothing".to_owned() },
                expected: "what was stored for sending",
            }),
        }
    }

    /// The states of a message's deliveries.
    ///
    /// # Errors
    /// A state that cannot be read.
    pub fn delivery_states(&self, message: i64) -> Result<Vec<DeliveryState>> {
        let mut statement =
            self.connection().prepare_cached("SELECT id, state FROM deliveries WHERE message = ?1")?;
        let mut rows = statement.query([message])?;
        let mut states = Vec::new();
        while let Some(row) = rows.next()? {
            states.push(Record::new(row, "delivery").word("state", "a state", DeliveryState::from_code)?);
        }
        Ok(states)
    }

    /// How often each notice of a message was handed over (or is in doubt) to an address, by what this
    /// database knows: in the message's mode and for this role, and ever; notices asked for are told as often as
    /// they are asked for and are left out.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn handed_over(&self, message: i64, address: &str, role: Role) -> Result<Vec<HandedOver>> {
        let sql = "SELECT n.key, n.mode,
              coalesce(sum(d.attempts) FILTER (WHERE o.mode = n.mode AND d.role = ?3), 0), coalesce(sum(d.attempts), 0)
            FROM notices n
              LEFT JOIN notices o ON o.service IS n.service AND o.period_from IS n.period_from
                AND o.charge IS n.charge AND o.key = n.key
              LEFT JOIN deliveries d ON d.message = o.message AND d.address = ?2
            WHERE n.message = ?1 AND n.stage <> 'on_request' GROUP BY n.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(params![message, address, role.code()], |row| {
            Ok(HandedOver { notice: row.get(0)?, mode: row.get(1)?, times: row.get(2)?, ever: row.get(3)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Messages with their deliveries, newest last: the unfinished ones, or all.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn listed_messages(&self, all: bool) -> Result<Vec<ListedMessage>> {
        let sql =
            "SELECT m.id, m.customer, m.card, m.message_id, m.subject, m.lines, m.made_on FROM messages m
                   WHERE ?1 OR EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id
                     AND d.state IN ('queued', 'in_doubt', 'failed', 'uncertain'))
                   ORDER BY m.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([all], listed_message)?;
        let mut messages: Vec<ListedMessage> = rows.collect::<rusqlite::Result<_>>()?;
        for message in &mut messages {
            message.deliveries = self.listed_deliveries(message.id)?;
        }
        Ok(messages)
    }

    /// A customer's messages with their deliveries, oldest first.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn messages_of(&self, customer: &CustomerCode) -> Result<Vec<ListedMessage>> {
        let sql = "SELECT id, customer, card, message_id, subject, lines, made_on FROM messages
                   WHERE customer = ?1 ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([customer.as_str()], listed_message)?;
        let mut messages: Vec<ListedMessage> = rows.collect::<rusqlite::Result<_>>()?;
        for message in &mut messages {
            message.deliveries = self.listed_deliveries(message.id)?;
        }
        Ok(messages)
    }

    /// One message with its deliveries.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn listed_message(&self, id: i64) -> Result<Option<ListedMessage>> {
        let sql =
            "SELECT id, customer, card, message_id, subject, lines, made_on FROM messages WHERE id = ?1";
        let found = self.connection().prepare_cached(sql)?.query_row([id], listed_message).optional()?;
        let Some(mut message) = found else { return Ok(None) };
        message.deliveries = self.listed_deliveries(id)?;
        Ok(Some(message))
    }

    pub(super) fn listed_deliveries(&self, message: i64) -> Result<Vec<ListedDelivery>> {
        let sql = "SELECT id, address, role, state, reply, queue_id, bounced_on, updated_at FROM deliveries
                   WHERE message = ?1 ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([message], |row| {
            Ok(ListedDelivery {
                id: row.get(0)?,
                to: row.get(1)?,
                role: row.get(2)?,
                state: row.get(3)?,
                reply: row.get(4)?,
                queue_id: row.get(5)?,
                bounced_on: row.get(6)?,
                at: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The attempts made with a delivery, oldest first.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn attempts(&self, delivery: i64) -> Result<Vec<ListedAttempt>> {
        let sql = "SELECT at, stage, code, reply, outcome FROM attempts WHERE delivery = ?1 ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([delivery], |row| {
            Ok(ListedAttempt {
                at: row.get(0)?,
                stage: row.get(1)?,
                code: row.get(2)?,
                reply: row.get(3)?,
                outcome: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The deliveries of a message that were (or perhaps were) handed over, by the Message-ID.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn sent_deliveries(&self, message_id: &str) -> Result<Vec<SentDelivery>> {
        let sql = "SELECT d.id, d.address, m.customer FROM messages m JOIN deliveries d ON d.message = m.id
                   WHERE m.message_id = ?1 AND d.state IN ('sent', 'uncertain') ORDER BY d.id DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([message_id], sent_delivery)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A delivery that was (or perhaps was) handed over, by its number.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn sent_delivery(&self, delivery: i64) -> Result<Option<SentDelivery>> {
        let sql = "SELECT d.id, d.address, m.customer FROM deliveries d JOIN messages m ON m.id = d.message
                   WHERE d.id = ?1 AND d.state IN ('sent', 'uncertain')";
        Ok(self.connection().prepare_cached(sql)?.query_row([delivery], sent_delivery).optional()?)
    }

    /// What came back from customers' own addresses and was not made anew, oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn bounced_deliveries(&self) -> Result<Vec<Bounced>> {
        // told elsewhere, with this message or a later one of the same period or by telephone, it blocks nothing
        let sql = "SELECT d.id, d.message, d.address, coalesce(d.reply, ''), m.customer,
              EXISTS (SELECT 1 FROM messages l JOIN deliveries e ON e.message = l.id WHERE l.customer = m.customer
                AND e.id > d.id AND e.address = d.address AND e.state = 'sent' AND e.bounced_on IS NULL),
              (SELECT min(n.service) FROM notices n JOIN services s ON s.code = n.service
               WHERE n.message = d.message AND n.cancelled = 0 AND s.state IN ('active', 'suspended')
                 AND n.stage NOT IN ('renewed', 'reinstated', 'terminated', 'charged', 'cancelled')
                 AND n.period_from >= coalesce(s.suspension_expiry, s.expires_on)
                 AND NOT EXISTS (SELECT 1 FROM notices t LEFT JOIN deliveries e ON e.message = t.message
                   WHERE t.service = n.service AND t.period_from = n.period_from AND t.mode = n.mode AND t.id >= n.id
                     AND t.cancelled = 0 AND (t.told_how IS NOT NULL OR (e.role IN ('email', 'trial')
                       AND e.state = 'sent' AND e.bounced_on IS NULL))))
            FROM deliveries d JOIN messages m ON m.id = d.message
            WHERE d.bounced_on IS NOT NULL AND d.role IN ('email', 'trial')
              AND EXISTS (SELECT 1 FROM notices n WHERE n.message = d.message AND n.cancelled = 0)
            ORDER BY d.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(Bounced {
                delivery: row.get(0)?,
                message: row.get(1)?,
                address: row.get(2)?,
                why: row.get(3)?,
                customer: row.get(4)?,
                reached_since: row.get(5)?,
                blocks: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How far a mailbox that is one file was read, and what stood before that place.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn mailbox_place(&self, path: &str) -> Result<Option<(u64, String)>> {
        let sql = "SELECT read_to, before FROM mailboxes WHERE path = ?1";
        let row = self.connection().prepare_cached(sql)?.query_row([path], |row| {
            let read_to: i64 = row.get(0)?;
            Ok((u64::try_from(read_to).unwrap_or(0), row.get(1)?))
        });
        Ok(row.optional()?)
    }

    /// The bytes of a message.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn bytes_of_message(&self, message: i64) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT bytes FROM message_bytes WHERE message = ?1";
        Ok(self.connection().prepare_cached(sql)?.query_row([message], |row| row.get(0)).optional()?)
    }

    /// The bytes last sent (or waiting) with a card.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn bytes_of_card(&self, number: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT b.bytes FROM messages m JOIN message_bytes b ON b.message = m.id
                   WHERE m.card = ?1 ORDER BY m.id DESC LIMIT 1";
        Ok(self.connection().prepare_cached(sql)?.query_row([number], |row| row.get(0)).optional()?)
    }

    /// The customer a card belongs to.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn customer_of_card(&self, number: &str) -> Result<Option<CustomerCode>> {
        let sql = "SELECT customer FROM cards WHERE number = ?1";
        let code = self.connection().prepare_cached(sql)?.query_row([number], |row| row.get::<_, String>(0));
        Ok(code.optional()?.map(CustomerCode::new))
    }

    /// How often a delivery has been tried.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn attempts_of(&self, delivery: i64) -> Result<u32> {
        let sql = "SELECT count(*) FROM attempts WHERE delivery = ?1";
        Ok(self.connection().prepare_cached(sql)?.query_row([delivery], |row| row.get(0))?)
    }

    /// Deliveries that a person must look at: refused for good, or perhaps arrived.
    ///
    /// # Errors
    /// A state that cannot be read.
    pub fn troubled_deliveries(&self) -> Result<Vec<Troubled>> {
        let sql = "SELECT d.id, d.message, d.state, d.address, d.reply, m.customer, m.card
                   FROM deliveries d JOIN messages m ON m.id = d.message
                   WHERE d.state IN ('failed', 'uncertain') AND d.bounced_on IS NULL ORDER BY d.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut troubled = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "delivery");
            troubled.push(Troubled {
                delivery: record.integer("id")?,
                message: record.integer("message")?,
                state: record.word("state", "a state", DeliveryState::from_code)?,
                address: record.text("address")?,
                reply: record.optional_text("reply")?.unwrap_or_default(),
                customer: CustomerCode::new(record.text("customer")?),
                card: record.text("card")?,
            });
        }
        Ok(troubled)
    }

    /// How many messages a customer was made on one day.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn messages_on(&self, customer: &CustomerCode, mode: Mode, day: NaiveDate) -> Result<u32> {
        let sql = "SELECT count(DISTINCT m.id) FROM messages m JOIN deliveries d ON d.message = m.id
                   WHERE m.customer = ?1 AND m.mode = ?2 AND m.made_on = ?3 AND d.state <> 'cancelled'";
        let values = params![customer.as_str(), mode.code(), day];
        Ok(self.connection().prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
    }
}

fn sent_delivery(row: &rusqlite::Row<'_>) -> rusqlite::Result<SentDelivery> {
    let customer: String = row.get(2)?;
    Ok(SentDelivery { delivery: row.get(0)?, address: row.get(1)?, customer: CustomerCode::new(customer) })
}

fn listed_message(row: &rusqlite::Row<'_>) -> rusqlite::Result<ListedMessage> {
    Ok(ListedMessage {
        id: row.get(0)?,
        customer: row.get(1)?,
        card: row.get(2)?,
        message_id: row.get(3)?,
        subject: row.get(4)?,
        lines: row.get(5)?,
        made_on: row.get(6)?,
        deliveries: Vec::new(),
    })
}

impl Tx<'_> {
    /// Stores card, message, notices and deliveries together.
    ///
    /// # Errors
    /// A notice that exists already, or anything else the schema refuses: then nothing is kept.
    pub fn store_message(&self, new: &NewMessage<'_>) -> Result<i64> {
        if new.card_is_new {
            self.insert_card(new)?;
        }
        self.connection()
            .prepare_cached(
                "INSERT INTO messages (customer, card, mode, message_id, subject, lines, made_on, sha256, run, keyed,
                  request, request_service, request_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10, ?11, ?12)",
            )?
            .execute(params![
                new.customer.as_str(),
                new.card.number.as_str(),
                self.run.mode.code(),
                new.message_id,
                new.subject,
                new.lines,
                self.run.as_of,
                hex_sha256(new.bytes),
                self.run.id.0,
                new.asked.map(|asked| asked.number),
                new.asked.and_then(|asked| asked.service.as_ref()).map(ServiceCode::as_str),
                new.asked.and_then(|asked| asked.until)
            ])?;
        let message = self.connection().last_insert_rowid();
        self.connection()
            .prepare_cached("INSERT INTO message_bytes (message, bytes) VALUES (?1, ?2)")?
            .execute(params![message, new.bytes])?;
        for notice in new.notices {
            self.insert_notice(Some(message), None, notice)?;
        }
        self.insert_deliveries(message, new.to, DeliveryState::Queued, None)?;
        self.insert_deliveries(message, new.has_it, DeliveryState::Cancelled, Some("has it already"))?;
        Ok(message)
    }

    fn insert_deliveries(
        &self,
        message: i64,
        to: &[(String, Role)],
        state: DeliveryState,
        reply: Option<&str>,
    ) -> Result<()> {
        let mut statement = self.connection().prepare_cached(
            "INSERT INTO deliveries (message, address, role, state, reply) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
        )?;
        for (address, role) in to {
            statement.execute(params![message, address, role.code(), state.code(), reply])?;
        }
        Ok(())
    }

    fn insert_card(&self, new: &NewMessage<'_>) -> Result<()> {
        let year = self.run.as_of.year();
        let sequence = self.next_card_sequence(self.run.mode, year)?;
        let printed: Option<u32> = new.card.number.as_str().rsplit('-').next().and_then(|n| n.parse().ok());
        self.connection()
            .prepare_cached(
                "INSERT INTO cards (number, customer, mode, year, sequence, issued_on, replaces, fingerprint,
                  total_due_cents, run)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                new.card.number.as_str(),
                new.customer.as_str(),
                self.run.mode.code(),
                year,
                printed.unwrap_or(sequence),
                new.card.issued_on,
                new.card.replaces.as_ref().map(crate::billing::ids::CardNumber::as_str),
                new.card.fingerprint(),
                new.card.total_due.cents(),
                self.run.id.0
            ])?;
        for charge in new.charges {
            self.connection()
                .prepare_cached("INSERT INTO card_charges (card, charge) VALUES (?1, ?2)")?
                .execute(params![new.card.number.as_str(), charge.0])?;
        }
        Ok(())
    }

    /// A person told a customer by other means what a notice says.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn store_told(&self, notice: &Notice, how: &str) -> Result<()> {
        self.insert_notice(None, Some(how), notice)
    }

    fn insert_notice(&self, message: Option<i64>, told_how: Option<&str>, notice: &Notice) -> Result<()> {
        let charge = match notice.key.subject {
            Subject::Charge(charge) => Some(charge.0),
            Subject::Period { .. } => None,
        };
        // one that nobody got gives way to the one that is made for other addresses
        self.connection()
            .prepare_cached(
                "UPDATE notices SET cancelled = 1 WHERE cancelled = 0 AND mode = ?1 AND key = ?2
                   AND service IS ?3 AND period_from IS ?4 AND charge IS ?5 AND told_how IS NULL
                   AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = notices.message
                     AND d.role IN ('email', 'trial') AND (d.state IN ('queued', 'in_doubt', 'uncertain')
                       OR d.state = 'sent' AND d.bounced_on IS NULL))",
            )?
            .execute(params![
                self.run.mode.code(),
                notice.key.to_string(),
                notice.key.service().map(ServiceCode::as_str),
                notice.key.period_from(),
                charge
            ])?;
        self.connection()
            .prepare_cached(
                "INSERT INTO notices (message, told_how, service, period_from, charge, stage, episode, mode, made_on,
                  suspend_on, terminate_on)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                message,
                told_how,
                notice.key.service().map(ServiceCode::as_str),
                notice.key.period_from(),
                charge,
                notice.key.stage.to_string(),
                notice.key.episode.number(),
                self.run.mode.code(),
                self.run.as_of,
                notice.suspend_on,
                notice.terminate_on
            ])?;
        Ok(())
    }

    /// A person decides what became of a delivery, or that it goes again; gives whether it was in `from`.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn decide_delivery(
        &self,
        delivery: i64,
        from: DeliveryState,
        to: DeliveryState,
        reply: &str,
    ) -> Result<bool> {
        let accepted = (to == DeliveryState::Sent).then_some(self.run.as_of);
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE deliveries SET state = ?3, accepted_on = ?4, reply = ?5, retry_at = NULL
                 WHERE id = ?1 AND state = ?2",
            )?
            .execute(params![delivery, from.code(), to.code(), accepted, reply])?;
        Ok(changed == 1)
    }

    /// A delivery came back; gives whether that is news.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn mark_bounced(&self, delivery: i64, reply: &str) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE deliveries SET bounced_on = ?2, reply = ?3 WHERE id = ?1 AND bounced_on IS NULL",
            )?
            .execute(params![delivery, self.run.as_of, reply])?;
        Ok(changed == 1)
    }

    /// Whoever has seen it, it stays listed: something waits for it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn keep_listed(&self, kind: &str, keys: &[String]) -> Result<()> {
        let mut statement = self.connection().prepare_cached(
            "UPDATE attention SET acked_by = NULL WHERE kind = ?1 AND key = ?2 AND closed_on IS NULL",
        )?;
        for key in keys {
            statement.execute(params![kind, key])?;
        }
        Ok(())
    }

    /// Remembers how far a mailbox that is one file was read.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn put_mailbox_place(&self, path: &str, read_to: u64, before: &str) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO mailboxes (path, read_to, before) VALUES (?1, ?2, ?3)
                 ON CONFLICT (path) DO UPDATE SET read_to = ?2, before = ?3",
            )?
            .execute(params![path, i64::try_from(read_to).unwrap_or(i64::MAX), before])?;
        Ok(())
    }

    /// Forgets the bytes of finished messages that were made before `day`; gives how many.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn prune_bytes(&self, day: NaiveDate) -> Result<usize> {
        Ok(self
            .connection()
            .prepare_cached(
                "DELETE FROM message_bytes WHERE message IN (SELECT m.id FROM messages m WHERE m.made_on < ?1
                   AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id
                     AND d.state IN ('queued', 'in_doubt', 'uncertain')))",
            )?
            .execute([day])?)
    }

    /// Withdraws what of a message still waits or was refused; its notices go with it, unless somebody has been
    /// told (or perhaps has).
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn cancel_message(&self, message: i64, why: &str) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE deliveries SET state = 'cancelled', reply = ?2, retry_at = NULL
                 WHERE message = ?1 AND state IN ('queued', 'failed')",
            )?
            .execute(params![message, why])?;
        self.cancel_untold(message)
    }

    /// Withdraws one delivery that waits; the notices of its message go with it where nobody else is told them.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn cancel_delivery(&self, delivery: i64, message: i64, why: &str) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE deliveries SET state = 'cancelled', reply = ?2, retry_at = NULL
                 WHERE id = ?1 AND state = 'queued'",
            )?
            .execute(params![delivery, why])?;
        self.cancel_untold(message)
    }

    fn cancel_untold(&self, message: i64) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE notices SET cancelled = 1 WHERE message = ?1 AND NOT EXISTS (SELECT 1 FROM deliveries d
                   WHERE d.message = ?1 AND d.role IN ('email', 'trial') AND (d.state IN ('queued', 'in_doubt', 'uncertain')
                     OR (d.state = 'sent' AND d.bounced_on IS NULL)))",
            )?
            .execute([message])?;
        Ok(())
    }
}

impl Store {
    /// Commits, durably, that a delivery's body is about to be handed over.
    ///
    /// # Errors
    /// Where that cannot be committed: then the body must not be written.
    pub fn mark_in_doubt(&mut self, delivery: i64, at: &str) -> Result<()> {
        self.transact(|read| {
            let changed = read.connection().execute(
                "UPDATE deliveries SET state = 'in_doubt', attempts = attempts + 1, updated_at = ?2
                 WHERE id = ?1 AND state = 'queued'",
                params![delivery, at],
            )?;
            if changed == 1 {
                Ok(())
            } else {
                Err(StoreError::Damaged(format!("delivery {delivery} is not queued")))
            }
        })
    }

    /// Records what an attempt came to; the run's day is the day of acceptance.
    ///
    /// # Errors
    /// Where the database cannot be written: the delivery stays in doubt, and so uncertain.
    pub fn record_attempt(&mut self, run: Run, delivery: i64, attempt: &AttemptRecord<'_>) -> Result<()> {
        self.write(run, |tx| {
            let accepted = (attempt.state == DeliveryState::Sent).then_some(run.as_of);
            tx.connection().execute(
                "UPDATE deliveries SET state = ?2, accepted_on = ?3, reply = ?4, queue_id = ?5, retry_at = ?6,
                  updated_at = ?7 WHERE id = ?1 AND state IN ('queued', 'in_doubt')",
                params![
                    delivery,
                    attempt.state.code(),
                    accepted,
                    attempt.reply,
                    attempt.queue_id,
                    attempt.retry_at,
                    attempt.at
                ],
            )?;
            tx.connection().execute(
                "INSERT INTO attempts (delivery, run, at, stage, code, reply, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![delivery, run.id.0, attempt.at, attempt.stage, attempt.code, attempt.reply, attempt.state.code()],
            )?;
            Ok(())
        })
    }

    /// What an earlier run left in doubt is uncertain from now on. Gives how many.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn recover_in_doubt(&mut self) -> Result<usize> {
        self.transact(|read| {
            Ok(read.connection().execute(
                "UPDATE deliveries SET state = 'uncertain', reply = 'the run ended while the message was handed over'
                 WHERE state = 'in_doubt'",
                [],
            )?)
        })
    }
}

/// SHA-256 as hex.
fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
