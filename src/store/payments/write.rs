//! Writing payments: booked, taken back, whose they are, and what waits.

use super::waiting::{claim_of, index};
use super::{NewPayment, Parked, StoredPayment, is_same_account};
use crate::billing::candidates::{self, Evidence};
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::movement::Identity;
use crate::store::Tx;
use crate::store::error::Result;
use chrono::NaiveDate;
use rusqlite::params;

impl Tx<'_> {
    /// Books a payment; one that is parked is nobody's, and `customer` is whose it would be.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn book_payment(&self, new: &NewPayment) -> Result<PaymentId> {
        let services: Vec<&str> = new.services.iter().map(ServiceCode::as_str).collect();
        let customer = new.customer.as_ref().map(CustomerCode::as_str);
        let (owner, likely) = if new.parked.is_some() { (None, customer) } else { (customer, None) };
        self.connection()
            .prepare_cached(
                "INSERT INTO payments (date, amount_cents, bank_ref, customer, matched_by, services, reference,
                  payer, payer_iban, note, run, account, method, source, end_to_end, transaction_id, parked, likely,
                  seen_on)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            )?
            .execute(params![
                new.date,
                new.amount.cents(),
                new.bank_ref,
                owner,
                new.matched_by.map(Evidence::code),
                services.join(";"),
                new.reference,
                new.payer,
                new.payer_iban,
                new.note,
                self.run.id.0,
                new.account,
                new.method,
                new.source,
                new.end_to_end,
                new.transaction_id,
                new.parked.map(Parked::code),
                likely,
                new.seen_on
            ])?;
        Ok(PaymentId(self.connection().last_insert_rowid()))
    }

    /// Remembers that a format has shown a payment (or money taken back) under this identity.
    ///
    /// # Errors
    /// An identity and ordinal that are known already.
    pub fn sight(&self, identity: Identity, ordinal: u32, source: &str, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO sightings (identity, ordinal, source, payment) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![identity.to_string(), ordinal, source, payment.0])?;
        Ok(())
    }

    /// Makes a payment that nobody owns findable for those whose it may be: by the words of its payer and text, and by
    /// `claims`, the customers whose own reference it carries or whose it would be.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn index_waiting(&self, payment: PaymentId, words: &[String], claims: &[CustomerCode]) -> Result<()> {
        index(self.connection(), payment, words.iter().cloned().chain(claims.iter().map(claim_of)))
    }

    /// A payment waits no longer for its day; it is still nobody's.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn unpark(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE payments SET parked = NULL, likely = NULL WHERE id = ?1")?
            .execute([payment.0])?;
        Ok(())
    }

    /// A person says that a payment is none of those' whose it seemed to be.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn disown_payment(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE payments SET disowned_on = ?2 WHERE id = ?1")?
            .execute(params![payment.0, self.run.as_of])?;
        Ok(())
    }

    /// A person says for which services a payment is; for none in particular, where there are none.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn name_services(&self, payment: PaymentId, services: &[ServiceCode]) -> Result<()> {
        let services: Vec<&str> = services.iter().map(ServiceCode::as_str).collect();
        self.connection()
            .prepare_cached("UPDATE payments SET services = ?2 WHERE id = ?1")?
            .execute(params![payment.0, services.join(";")])?;
        Ok(())
    }

    /// Books money that was taken back of a payment; `why` says how it is known.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn book_reversal(
        &self,
        of: &StoredPayment,
        amount: Money,
        date: NaiveDate,
        bank_ref: &str,
        source: &str,
        why: &str,
    ) -> Result<PaymentId> {
        self.connection()
            .prepare_cached(
                "INSERT INTO payments (date, amount_cents, bank_ref, customer, matched_by, note, run, account, method,
                  source, reverses)
                 SELECT ?2, ?3, ?4, customer, 'reversal', ?5, ?6, account, method, ?7, id FROM payments WHERE id = ?1",
            )?
            .execute(params![of.id.0, date, -amount.cents(), bank_ref, why, self.run.id.0, source])?;
        Ok(PaymentId(self.connection().last_insert_rowid()))
    }

    /// An unmatched payment is this customer's, by that evidence; gives whether it was unmatched. What was taken back of
    /// it goes with it. `learns`: its payer's account is known as theirs from now on.
    ///
    /// # Errors
    /// A customer that does not exist.
    pub fn assign_payment(
        &self,
        payment: PaymentId,
        customer: &CustomerCode,
        evidence: Evidence,
        learns: bool,
    ) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE payments SET customer = ?2, matched_by = ?3, same_as = NULL, parked = NULL, likely = NULL,
                   disowned_on = NULL, learns = ?4
                 WHERE id = ?1 AND customer IS NULL",
            )?
            .execute(params![payment.0, customer.as_str(), evidence.code(), learns])?;
        self.forget_waiting(payment)?;
        self.connection()
            .prepare_cached("UPDATE payments SET customer = ?2 WHERE reverses = ?1")?
            .execute(params![payment.0, customer.as_str()])?;
        Ok(changed == 1)
    }

    /// A payment is nobody's again; its allocations must have been taken back before.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn unassign_payment(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE payments SET customer = NULL, matched_by = NULL, basis = NULL
                 WHERE id = ?1 OR reverses = ?1",
            )?
            .execute([payment.0])?;
        Ok(())
    }

    pub(super) fn forget_waiting(&self, payment: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached("DELETE FROM waiting_words WHERE payment = ?1")?
            .execute([payment.0])?;
        Ok(())
    }

    /// A person says that a line of a statement is the same money as a payment recorded by hand.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn name_same(&self, line: PaymentId, by_hand: PaymentId) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE payments SET same_as = ?2, matched_by = 'person', parked = NULL, likely = NULL WHERE id = ?1",
            )?
            .execute([line.0, by_hand.0])?;
        self.forget_waiting(line)
    }

    /// Remembers who paid a movement, and tells the payment if it has come already; gives whether it has.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn tell_payer(&self, account: &str, bank_ref: &str, amount: Money, payer: &str) -> Result<bool> {
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO payers (account, bank_ref, amount_cents, payer) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![account, bank_ref, amount.cents(), payer])?;
        let found = self.stored_payments(
            "SELECT p.*, p.amount_cents AS kept_cents, 0 AS allocated_cents FROM payments p
             WHERE bank_ref = ?1 AND amount_cents = ?2 AND reverses IS NULL ORDER BY id",
            params![bank_ref, amount.cents()],
        )?;
        let mut of_account = found.iter().filter(|known| is_same_account(&known.account, account));
        // one reference of several payments names none of them
        let (Some(known), None) = (of_account.next(), of_account.next()) else { return Ok(found.len() > 1) };
        self.connection()
            .prepare_cached("UPDATE payments SET payer = ?2 WHERE id = ?1 AND payer IS NULL")?
            .execute(params![known.id.0, payer])?;
        if known.customer.is_none() {
            self.index_waiting(known.id, &candidates::words_of_payment(Some(payer), &known.said()), &[])?;
        }
        Ok(true)
    }

    /// Remembers why a payment's money went where it went.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_basis(&self, payment: PaymentId, basis: &str) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE payments SET basis = ?2 WHERE id = ?1")?
            .execute(params![payment.0, basis])?;
        Ok(())
    }

    /// Remembers that the bank is known up to `fresh_on`.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_payment_import(&self, fresh_on: NaiveDate) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO payment_imports (run, fresh_on) VALUES (?1, ?2)
                 ON CONFLICT (run) DO UPDATE SET fresh_on = max(fresh_on, excluded.fresh_on)",
            )?
            .execute(params![self.run.id.0, fresh_on])?;
        Ok(())
    }
}
