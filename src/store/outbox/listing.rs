//! Listing the outbox: what people and bounces ask about.

use super::{Bounced, DeliveryState, ListedMessage, SentDelivery, Troubled};
use crate::billing::ids::CustomerCode;
use crate::store::Read;
use crate::store::columns::Record;
use crate::store::error::Result;
use crate::views::outbox::{ListedAttempt, ListedDelivery};
use rusqlite::OptionalExtension;

impl Read {
    /// Messages with their deliveries, newest last: the unfinished ones, or all.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn listed_messages(&self, all: bool) -> Result<Vec<ListedMessage>> {
        let unfinished = "WHERE m.id IN (SELECT d.message FROM deliveries d
                            WHERE d.state IN ('queued', 'in_doubt', 'failed', 'uncertain'))";
        let which = if all { "" } else { unfinished };
        let sql = format!(
            "SELECT m.id, m.customer, m.card, m.message_id, m.subject, m.lines, m.made_on FROM messages m {which} ORDER BY m.id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], listed_message)?;
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

    /// Messages with a delivery that became uncertain in a run.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn uncertain_of_run(&self, run: i64) -> Result<Vec<i64>> {
        let sql = "SELECT DISTINCT d.message FROM deliveries d JOIN messages m ON m.id = d.message
                   WHERE d.state IN ('queued', 'in_doubt', 'failed', 'uncertain') AND d.state = 'uncertain' AND (m.run = ?1
                     OR EXISTS (SELECT 1 FROM attempts a WHERE a.delivery = d.id AND a.run = ?1)) ORDER BY d.message";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([run], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
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
            FROM deliveries d INDEXED BY deliveries_bounced JOIN messages m ON m.id = d.message
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

    /// Deliveries that a person must look at: refused for good, or perhaps arrived.
    ///
    /// # Errors
    /// A state that cannot be read.
    pub fn troubled_deliveries(&self) -> Result<Vec<Troubled>> {
        let sql = "SELECT d.id, d.message, d.state, d.address, d.reply, m.customer, m.card
                   FROM deliveries d JOIN messages m ON m.id = d.message
                   WHERE d.state IN ('queued', 'in_doubt', 'failed', 'uncertain') AND d.state IN ('failed', 'uncertain')
                     AND d.bounced_on IS NULL ORDER BY d.id";
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
}

pub(super) fn sent_delivery(row: &rusqlite::Row<'_>) -> rusqlite::Result<SentDelivery> {
    let customer: String = row.get(2)?;
    Ok(SentDelivery { delivery: row.get(0)?, address: row.get(1)?, customer: CustomerCode::new(customer) })
}

pub(super) fn listed_message(row: &rusqlite::Row<'_>) -> rusqlite::Result<ListedMessage> {
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
