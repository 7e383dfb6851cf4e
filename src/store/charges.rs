//! Charges, allocations and steps: where the core's changes become rows.

use super::columns::Record;
use super::error::Result;
use super::runs::{RunId, RunStep};
use super::services::state_columns;
use super::{Queries, Tx};
use crate::billing::charge::{Charge, ChargeSource};
use crate::billing::enforcement::{Because, Step};
use crate::billing::facts::{Action, Change};
use crate::billing::ids::{ChargeId, CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::period::BillingPeriod;
use crate::billing::policy::Mode;
use crate::billing::vat::{Amounts, VatRate};
use chrono::NaiveDate;
use rusqlite::{Row, params};
use std::collections::BTreeMap;

/// Reads a charge with the sum of its allocations in column `paid_cents`.
pub(super) fn read(row: &Row<'_>) -> Result<Charge> {
    let record = Record::new(row, "charge");
    let money = |column| record.integer(column).map(Money::from_cents);
    let source = match record.text("source")?.as_str() {
        "period" => ChargeSource::Period(BillingPeriod {
            from: record.date("period_from")?,
            to: record.date("period_to")?,
        }),
        "one_off" => ChargeSource::OneOff,
        _ => record.word("source", "a source of charges", |word| {
            (word == "adjustment").then_some(ChargeSource::Adjustment)
        })?,
    };
    Ok(Charge {
        id: ChargeId(record.integer("id")?),
        service: record.optional_text("service")?.map(ServiceCode::new),
        source,
        label: record.text("label")?,
        amounts: Amounts { net: money("net_cents")?, vat: money("vat_cents")?, gross: money("gross_cents")? },
        rate: VatRate::from_basis_points(record.small("vat_rate")?),
        paid: money("paid_cents")?,
        created_on: record.date("created_on")?,
        settled_on: record.optional_date("settled_on")?,
        reopened_on: record.optional_date("reopened_on")?,
        invoice: record.optional_text("invoice")?,
    })
}

impl Tx<'_> {
    /// Makes the core's changes true of the rows; temporary charge numbers become real ones.
    ///
    /// # Errors
    /// Whatever the schema refuses: then nothing of the transaction is kept.
    pub fn apply(&self, run: RunId, customer: &CustomerCode, changes: &[Change], mode: Mode) -> Result<()> {
        let mut numbers: BTreeMap<ChargeId, ChargeId> = BTreeMap::new();
        let mut today = None;
        for change in changes {
            match change {
                Change::Charged(charge) => {
                    today = Some(charge.created_on);
                    numbers.insert(charge.id, self.insert_charge(run, customer, charge)?);
                }
                Change::Repriced(charge) => self.reprice(run, customer, charge)?,
                Change::Allocated { payment, charge, amount } => {
                    let charge = numbers.get(charge).copied().unwrap_or(*charge);
                    self.connection()
                        .prepare_cached(
                            "INSERT INTO allocations (payment, charge, amount_cents, made_on, run)
                             VALUES (?1, ?2, ?3, coalesce(?4, (SELECT as_of FROM runs WHERE id = ?5)), ?5)",
                        )?
                        .execute(params![payment.0, charge.0, amount.cents(), today, run.0])?;
                }
                Change::Adjusted { adjustment, charge, amount } => {
                    let real = |id: &ChargeId| numbers.get(id).copied().unwrap_or(*id);
                    self.connection()
                        .prepare_cached(
                            "INSERT INTO allocations (adjustment, charge, amount_cents, made_on, run)
                             VALUES (?1, ?2, ?3, coalesce(?4, (SELECT as_of FROM runs WHERE id = ?5)), ?5)",
                        )?
                        .execute(params![real(adjustment).0, real(charge).0, amount.cents(), today, run.0])?;
                }
                Change::Settled { charge, on } => {
                    let charge = numbers.get(charge).copied().unwrap_or(*charge);
                    self.connection()
                        .prepare_cached("UPDATE charges SET settled_on = ?2 WHERE id = ?1")?
                        .execute(params![charge.0, on])?;
                    self.journal_charge(run, customer, charge, "settled")?;
                }
                Change::Reopened { charge, on } => {
                    self.connection()
                        .prepare_cached(
                            "UPDATE charges SET settled_on = NULL, reopened_on = ?2 WHERE id = ?1",
                        )?
                        .execute(params![charge.0, on])?;
                    self.connection()
                        .prepare_cached(
                            "UPDATE notices SET cancelled = 1 WHERE cancelled = 0
                              AND stage NOT IN ('suspended', 'terminated', 'renewed', 'reinstated')
                              AND (service, period_from) IN (SELECT service, period_from FROM charges WHERE id = ?1)",
                        )?
                        .execute([charge.0])?;
                    self.journal_charge(run, customer, *charge, "reopened")?;
                }
                Change::Renewed { service, period, on } => {
                    self.connection()
                        .prepare_cached("UPDATE services SET expires_on = ?2 WHERE code = ?1")?
                        .execute(params![service.as_str(), period.to])?;
                    self.insert_step(run, service, Action::Renew, *period, mode, *on)?;
                }
                Change::StateChanged { service, action, period, state, on } => {
                    let (word, state_on, reason, expiry) = state_columns(*state);
                    self.connection()
                        .prepare_cached(
                            "UPDATE services SET state = ?2, state_on = ?3, suspension_reason = ?4,
                              suspension_expiry = ?5 WHERE code = ?1",
                        )?
                        .execute(params![service.as_str(), word, state_on, reason, expiry])?;
                    self.insert_step(run, service, *action, *period, mode, *on)?;
                }
            }
        }
        Ok(())
    }

    /// Makes the change of a step true that a hook has done; its row in `steps` was written before it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn apply_done(&self, customer: &CustomerCode, change: &Change) -> Result<()> {
        let Change::StateChanged { service, state, .. } = change else { return Ok(()) };
        let (word, state_on, reason, expiry) = state_columns(*state);
        self.connection()
            .prepare_cached(
                "UPDATE services SET state = ?2, state_on = ?3, suspension_reason = ?4, suspension_expiry = ?5
                 WHERE code = ?1 AND customer = ?6",
            )?
            .execute(params![service.as_str(), word, state_on, reason, expiry, customer.as_str()])?;
        Ok(())
    }

    fn insert_charge(&self, run: RunId, customer: &CustomerCode, charge: &Charge) -> Result<ChargeId> {
        let source = match charge.source {
            ChargeSource::Period(_) => "period",
            ChargeSource::OneOff => "one_off",
            ChargeSource::Adjustment => "adjustment",
        };
        let period = charge.period();
        self.connection()
            .prepare_cached(
                "INSERT INTO charges (customer, service, source, period_from, period_to, label, net_cents,
                  vat_cents, gross_cents, vat_rate, created_on, run)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                customer.as_str(),
                charge.service.as_ref().map(ServiceCode::as_str),
                source,
                period.map(|period| period.from),
                period.map(|period| period.to),
                charge.label,
                charge.amounts.net.cents(),
                charge.amounts.vat.cents(),
                charge.amounts.gross.cents(),
                charge.rate.basis_points(),
                charge.created_on,
                run.0,
            ])?;
        let id = ChargeId(self.connection().last_insert_rowid());
        self.journal_charge(run, customer, id, "charged")?;
        Ok(id)
    }

    fn reprice(&self, run: RunId, customer: &CustomerCode, charge: &Charge) -> Result<()> {
        let period = charge.period();
        self.connection()
            .prepare_cached(
                "UPDATE charges SET net_cents = ?2, vat_cents = ?3, gross_cents = ?4, vat_rate = ?5, label = ?6,
                  period_to = ?7
                 WHERE id = ?1 AND settled_on IS NULL",
            )?
            .execute(params![
                charge.id.0,
                charge.amounts.net.cents(),
                charge.amounts.vat.cents(),
                charge.amounts.gross.cents(),
                charge.rate.basis_points(),
                charge.label,
                period.map(|period| period.to),
            ])?;
        self.journal_charge(run, customer, charge.id, "repriced")
    }

    fn journal_charge(&self, run: RunId, customer: &CustomerCode, id: ChargeId, what: &str) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO journal (run, customer, service, what, detail)
                 SELECT ?1, ?2, service, ?4, json_object('charge', id, 'period_from', period_from,
                   'period_to', period_to, 'gross_cents', gross_cents)
                 FROM charges WHERE id = ?3",
            )?
            .execute(params![run.0, customer.as_str(), id.0, what])?;
        Ok(())
    }

    fn insert_step(
        &self,
        run: RunId,
        service: &ServiceCode,
        action: Action,
        period: BillingPeriod,
        mode: Mode,
        on: NaiveDate,
    ) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO steps (run, service, action, period_from, period_to, mode, state, on_day)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'done', ?7)",
            )?
            .execute(params![
                run.0,
                service.as_str(),
                action.code(),
                period.from,
                period.to,
                mode.code(),
                on
            ])?;
        Ok(())
    }

    /// Writes down that a step is about to be done by a hook; gives the number of its row.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn intend_step(&self, run: RunId, step: &Step, mode: Mode, today: NaiveDate) -> Result<i64> {
        self.connection()
            .prepare_cached(
                "INSERT INTO steps (run, service, action, period_from, period_to, mode, state, on_day)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'intent', ?7)",
            )?
            .execute(params![
                run.0,
                step.service.as_str(),
                step.action.code(),
                step.period.from,
                step.period.to,
                mode.code(),
                today
            ])?;
        Ok(self.connection().last_insert_rowid())
    }

    /// What became of a step that a hook was to do; its output is kept.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn finish_step(
        &self,
        step: i64,
        done: bool,
        output: &str,
        retry_on: Option<NaiveDate>,
    ) -> Result<()> {
        self.connection()
            .prepare_cached(
                "UPDATE steps SET state = ?2, output = ?3, attempts = attempts + 1, retry_on = ?4 WHERE id = ?1",
            )?
            .execute(params![step, if done { "done" } else { "failed" }, output, retry_on])?;
        Ok(())
    }

    /// A trial's run would have taken a step: the first time it is remembered, and nothing is done.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn shadow_step(&self, run: RunId, step: &Step, because: &Because, today: NaiveDate) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO steps (run, service, action, period_from, period_to, mode, state, on_day, output)
                 SELECT ?1, ?2, ?3, ?4, ?5, 'trial', 'shadow', ?6, ?7
                 WHERE NOT EXISTS (SELECT 1 FROM steps WHERE service = ?2 AND action = ?3 AND period_from = ?4
                   AND state = 'shadow')",
            )?
            .execute(params![
                run.0,
                step.service.as_str(),
                step.action.code(),
                step.period.from,
                step.period.to,
                today,
                because.to_string()
            ])?;
        Ok(())
    }

    /// A renewal that was written down waits for its hook; gives the number of its row.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn await_renewal(&self, step: &Step) -> Result<Option<i64>> {
        use rusqlite::OptionalExtension;
        let sql = "UPDATE steps SET state = 'intent' WHERE id = (SELECT max(id) FROM steps WHERE service = ?1
                     AND action = 'renew' AND period_from = ?2) RETURNING id";
        Ok(self
            .connection()
            .prepare_cached(sql)?
            .query_row(params![step.service.as_str(), step.period.from], |row| row.get(0))
            .optional()?)
    }

    /// Takes a renewal back: the service expires as before, its work order is withdrawn, and its notices may be
    /// made again.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn undo_renewal(&self, step: &RunStep, by: &str, today: NaiveDate) -> Result<()> {
        let service = step.service.as_str();
        let connection = self.connection();
        connection
            .prepare_cached("UPDATE services SET expires_on = ?2 WHERE code = ?1 AND expires_on = ?3")?
            .execute(params![service, step.period_from, step.period_to])?;
        connection.prepare_cached("UPDATE steps SET state = 'undone' WHERE id = ?1")?.execute([step.id])?;
        connection
            .prepare_cached(
                "UPDATE notices SET cancelled = 1 WHERE service = ?1 AND period_from = ?2
                  AND stage IN ('renewed', 'reinstated')",
            )?
            .execute(params![service, step.period_from])?;
        connection
            .prepare_cached(
                "UPDATE work_orders SET done_on = ?3, done_by = ?4
                 WHERE service = ?1 AND action = 'renew' AND until = ?2 AND done_on IS NULL",
            )?
            .execute(params![service, step.period_to, today, format!("withdrawn by {by}")])?;
        Ok(())
    }

    /// A person has done a work order; gives whether it was open.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn close_work_order(&self, order: i64, by: &str, today: NaiveDate) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE work_orders SET done_on = ?2, done_by = ?3 WHERE id = ?1 AND done_on IS NULL",
            )?
            .execute(params![order, today, by])?;
        Ok(changed == 1)
    }

    /// A tax invoice was issued for charges; gives how many had none yet.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn record_invoice(
        &self,
        run: RunId,
        number: &str,
        date: NaiveDate,
        charges: &[ChargeId],
    ) -> Result<usize> {
        let mut recorded = 0;
        for charge in charges {
            recorded += self
                .connection()
                .prepare_cached(
                    "INSERT INTO invoices (number, date, charge, run)
                     SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM invoices WHERE charge = ?3)",
                )?
                .execute(params![number, date, charge.0, run.0])?;
        }
        Ok(recorded)
    }

    /// A tax invoice was issued for money paid in advance; gives whether it had none yet.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn record_invoice_of_payment(
        &self,
        run: RunId,
        number: &str,
        date: NaiveDate,
        payment: PaymentId,
    ) -> Result<bool> {
        let sql = "INSERT INTO invoices (number, date, payment, run)
                   SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM invoices WHERE payment = ?3)";
        let recorded =
            self.connection().prepare_cached(sql)?.execute(params![number, date, payment.0, run.0])?;
        Ok(recorded == 1)
    }

    /// An invoice that was recorded by mistake; gives how many entries it had.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn forget_invoice(&self, number: &str) -> Result<usize> {
        Ok(self.connection().prepare_cached("DELETE FROM invoices WHERE number = ?1")?.execute([number])?)
    }

    /// Lists a step that a person must do at a panel or registry.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn open_work_order(&self, run: RunId, step: &Step, today: NaiveDate) -> Result<()> {
        let until = (step.action == Action::Renew).then_some(step.period.to);
        self.connection()
            .prepare_cached(
                "INSERT INTO work_orders (run, service, action, until, opened_on) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![run.0, step.service.as_str(), step.action.code(), until, today])?;
        Ok(())
    }
}

/// A renewal that its hook has not done yet.
#[derive(Debug, Clone)]
pub struct PendingRenewal {
    /// The number of its row.
    pub step: i64,
    /// Which service.
    pub service: ServiceCode,
    /// The period; its end is the new expiry.
    pub period: BillingPeriod,
    /// How often its hook has failed.
    pub failures: u32,
}

/// Finding charges for a tax invoice.
pub trait Charges: super::Queries {
    /// The charges a card asked for.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn charges_of_card(&self, card: &str) -> Result<Vec<ChargeId>> {
        self.charge_ids("SELECT charge FROM card_charges WHERE card = ?1 AND ?2 IS NOT NULL", card, "")
    }

    /// Whether a renewal has had consequences: the next period was told, paid or settled, or a person has renewed
    /// it at its registry.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn has_consequences(&self, renewal: &RunStep) -> Result<bool> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM notices WHERE service = ?1 AND period_from = ?2 AND cancelled = 0)
                OR EXISTS (SELECT 1 FROM charges c JOIN allocations a ON a.charge = c.id
                  WHERE c.service = ?1 AND c.period_from = ?2)
                OR EXISTS (SELECT 1 FROM work_orders WHERE service = ?1 AND action = 'renew' AND until = ?2
                  AND done_on IS NOT NULL)";
        let values = params![renewal.service.as_str(), renewal.period_to];
        Ok(self.connection().query_row(sql, values, |row| row.get(0))?)
    }

    /// Whose a charge is.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn customer_of_charge(&self, charge: ChargeId) -> Result<Option<CustomerCode>> {
        use rusqlite::OptionalExtension;
        let sql = "SELECT customer FROM charges WHERE id = ?1";
        let code: Option<String> =
            self.connection().query_row(sql, [charge.0], |row| row.get(0)).optional()?;
        Ok(code.map(CustomerCode::new))
    }

    /// The charge of a service's period.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn charge_of_period(&self, service: &str, period_from: NaiveDate) -> Result<Vec<ChargeId>> {
        let sql = "SELECT id FROM charges WHERE service = ?1 AND period_from = ?2";
        self.charge_ids(sql, service, &period_from.to_string())
    }

    /// The charges that a payment went to.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn charges_of_payment(&self, bank_ref: &str) -> Result<Vec<ChargeId>> {
        let sql = "SELECT DISTINCT a.charge FROM payments p JOIN allocations a ON a.payment = p.id
                   WHERE p.bank_ref = ?1 AND ?2 IS NOT NULL";
        self.charge_ids(sql, bank_ref, "")
    }

    /// How often the hook of a step has failed for this period since it last did it, and when it may be tried
    /// again.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn failures(&self, step: &Step) -> Result<(u32, Option<NaiveDate>)> {
        let sql = "SELECT count(*), max(retry_on) FROM steps f WHERE service = ?1 AND action = ?2 AND period_from = ?3
                     AND state = 'failed' AND id > coalesce((SELECT max(id) FROM steps WHERE service = ?1
                       AND action = ?2 AND state = 'done'), 0)";
        let values = params![step.service.as_str(), step.action.code(), step.period.from];
        Ok(self.connection().query_row(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Renewals that were settled and wait for their hook, oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn pending_renewals(&self, today: NaiveDate) -> Result<Vec<PendingRenewal>> {
        let sql = "SELECT id, service, period_from, period_to, attempts FROM steps
                   WHERE action = 'renew' AND state IN ('intent', 'failed')
                     AND (retry_on IS NULL OR retry_on <= ?1) ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([today], |row| {
            Ok(PendingRenewal {
                step: row.get(0)?,
                service: ServiceCode::new(row.get::<_, String>(1)?),
                period: BillingPeriod { from: row.get(2)?, to: row.get(3)? },
                failures: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    #[doc(hidden)]
    fn charge_ids(&self, sql: &str, first: &str, second: &str) -> Result<Vec<ChargeId>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let ids = statement.query_map([first, second], |row| row.get(0).map(ChargeId))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }
}

impl<T: super::Queries> Charges for T {}
