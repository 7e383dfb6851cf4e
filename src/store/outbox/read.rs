//! Reading the outbox.

use super::write::hex_sha256;
use super::{Addressed, Asked, Claimed, DeliveryState, HandedOver, Role, Waiting};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::policy::Mode;
use crate::store::Read;
use crate::store::columns::Record;
use crate::store::error::{Result, StoreError};
use chrono::NaiveDate;
use rusqlite::{OptionalExtension, params};

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

    /// Cards that somebody asked for and that wait: whose, and which message.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn waiting_requests(&self, mode: Mode) -> Result<Vec<(CustomerCode, i64)>> {
        // the list is said as the index of unfinished ones says it
        let sql = "SELECT DISTINCT m.customer, m.id FROM deliveries d JOIN messages m ON m.id = d.message
                   WHERE d.state IN ('queued', 'in_doubt', 'failed', 'uncertain') AND d.state = 'queued'
                     AND m.mode = ?1 AND m.request IS NOT NULL ORDER BY m.customer, m.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement
            .query_map([mode.code()], |row| Ok((CustomerCode::new(row.get::<_, String>(0)?), row.get(1)?)))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
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
        // the list is said as the index of unfinished ones says it, or all that was ever sent is looked at
        let sql = "SELECT id FROM deliveries
                   WHERE state IN ('queued', 'in_doubt', 'failed', 'uncertain') AND state = 'queued'
                     AND (retry_at IS NULL OR retry_at <= ?1) ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let ids = statement.query_map([now], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// The deliveries of a message that wait.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn queued_of(&self, message: i64) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM deliveries WHERE message = ?1 AND state = 'queued' ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let ids = statement.query_map([message], |row| row.get(0))?;
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

    /// The message of a delivery.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn message_of(&self, delivery: i64) -> Result<Option<i64>> {
        let sql = "SELECT message FROM deliveries WHERE id = ?1";
        Ok(self.connection().prepare_cached(sql)?.query_row([delivery], |row| row.get(0)).optional()?)
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

    /// The Message-ID of the last message that a customer's mail server took; none before the first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn last_message_id(&self, customer: &CustomerCode, mode: Mode) -> Result<Option<String>> {
        let sql = "SELECT m.message_id FROM messages m WHERE m.customer = ?1 AND m.mode = ?2
                     AND EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND d.state = 'sent')
                   ORDER BY m.id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(params![customer.as_str(), mode.code()], |row| row.get(0)).optional()?)
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
