//! Writing the outbox: what is stored together, what a person decides, and what an attempt came to.

use super::{AttemptRecord, DeliveryState, NewMessage, Role};
use crate::billing::ids::ServiceCode;
use crate::billing::notice::{Notice, Subject};
use crate::store::error::{Result, StoreError};
use crate::store::{Store, Tx};
use chrono::{Datelike, NaiveDate};
use rusqlite::params;
use sha2::{Digest, Sha256};

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

    pub(super) fn insert_deliveries(
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

    pub(super) fn insert_card(&self, new: &NewMessage<'_>) -> Result<()> {
        let year = self.run.as_of.year();
        let printed = new.card.number.as_str().rsplit('-').next().and_then(|n| n.parse().ok());
        let sequence = printed.map_or_else(|| self.next_card_sequence(self.run.mode, year), Ok)?;
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
                sequence,
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

    pub(super) fn insert_notice(
        &self,
        message: Option<i64>,
        told_how: Option<&str>,
        notice: &Notice,
    ) -> Result<()> {
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
                "DELETE FROM message_bytes WHERE message IN (SELECT m.id FROM messages m
                   WHERE m.id >= (SELECT min(message) FROM message_bytes) AND m.made_on < ?1
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

    pub(super) fn cancel_untold(&self, message: i64) -> Result<()> {
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

impl Tx<'_> {
    /// Writes that a delivery's body is about to be handed over: once that is committed it may be.
    ///
    /// # Errors
    /// Where it cannot be written, or the delivery does not wait: then the body must not be written.
    pub fn mark_in_doubt(&self, delivery: i64, at: &str) -> Result<()> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE deliveries SET state = 'in_doubt', attempts = attempts + 1, updated_at = ?2
                 WHERE id = ?1 AND state = 'queued'",
            )?
            .execute(params![delivery, at])?;
        if changed == 1 {
            Ok(())
        } else {
            Err(StoreError::Damaged(format!("delivery {delivery} is not queued")))
        }
    }

    /// Records what an attempt came to; the run's day is the day of acceptance.
    ///
    /// # Errors
    /// Where the database cannot be written: the delivery stays in doubt, and so uncertain.
    pub fn record_attempt(&self, delivery: i64, attempt: &AttemptRecord<'_>) -> Result<()> {
        let accepted = (attempt.state == DeliveryState::Sent).then_some(self.run.as_of);
        self.connection()
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, accepted_on = ?3, reply = ?4, queue_id = ?5, retry_at = ?6,
                  updated_at = ?7 WHERE id = ?1 AND state IN ('queued', 'in_doubt')",
            )?
            .execute(params![
                delivery,
                attempt.state.code(),
                accepted,
                attempt.reply,
                attempt.queue_id,
                attempt.retry_at,
                attempt.at
            ])?;
        self.connection()
            .prepare_cached(
                "INSERT INTO attempts (delivery, run, at, stage, code, reply, outcome)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                delivery,
                self.run.id.0,
                attempt.at,
                attempt.stage,
                attempt.code,
                attempt.reply,
                attempt.state.code()
            ])?;
        Ok(())
    }
}

impl Store {
    /// What an earlier run left in doubt is uncertain from now on. Gives how many.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn recover_in_doubt(&mut self) -> Result<usize> {
        self.transact(|read| {
            Ok(read.connection().execute(
                "UPDATE deliveries SET state = 'uncertain', reply = 'the run ended while the message was handed over'
                 WHERE state IN ('queued', 'in_doubt', 'failed', 'uncertain') AND state = 'in_doubt'",
                [],
            )?)
        })
    }
}

/// SHA-256 as hex.
pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
