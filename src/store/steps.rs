//! Steps taken with services, by the program, a hook or a person: what was meant, done, failed, undone, or would
//! have been done in a trial.

use super::error::Result;
use super::{Read, Tx};
use crate::billing::action::Action;
use crate::billing::because::Because;
use crate::billing::enforcement::Step;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::period::BillingPeriod;
use chrono::NaiveDate;
use rusqlite::params;

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

/// A step that a run did.
#[derive(Debug, Clone)]
pub struct RunStep {
    /// Its number.
    pub id: i64,
    /// Which service.
    pub service: ServiceCode,
    /// What.
    pub action: String,
    /// The period's beginning.
    pub period_from: NaiveDate,
    /// Its end: the new expiry of a renewal.
    pub period_to: NaiveDate,
    /// The day.
    pub on: NaiveDate,
    /// Whether a hook did it.
    pub by_hook: bool,
    /// Whether a person has taken it back.
    pub undone: bool,
}

/// A step that a trial would have taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowStep {
    /// Which service.
    pub service: ServiceCode,
    /// Whose.
    pub customer: CustomerCode,
    /// What.
    pub action: String,
    /// The first day it would have.
    pub on: NaiveDate,
    /// Why.
    pub because: String,
}

/// Reading steps.
impl Read {
    /// Whether a renewal has had consequences: the next period was told, paid or settled, or a person has renewed
    /// it at its registry.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn has_consequences(&self, renewal: &RunStep) -> Result<bool> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM notices WHERE service = ?1 AND period_from = ?2 AND cancelled = 0)
                OR EXISTS (SELECT 1 FROM charges c JOIN allocations a ON a.charge = c.id
                  WHERE c.service = ?1 AND c.period_from = ?2)
                OR EXISTS (SELECT 1 FROM work_orders WHERE service = ?1 AND action = 'renew' AND until = ?2
                  AND done_on IS NOT NULL)";
        let values = params![renewal.service.as_str(), renewal.period_to];
        Ok(self.connection().query_row(sql, values, |row| row.get(0))?)
    }

    /// How many services were terminated for a day, in all its runs.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn terminated_on(&self, day: NaiveDate) -> Result<u64> {
        let sql = "SELECT count(*) FROM steps WHERE on_day = ?1 AND action = 'terminate' AND state = 'done'";
        let count: i64 = self.connection().prepare_cached(sql)?.query_row([day], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// How often the hook of a step has failed for this period since it last did it, and when it may be tried
    /// again.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn failures(&self, step: &Step) -> Result<(u32, Option<NaiveDate>)> {
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
    pub fn pending_renewals(&self, today: NaiveDate) -> Result<Vec<PendingRenewal>> {
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

    /// The steps that the trial would have taken, oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn shadow_steps(&self) -> Result<Vec<ShadowStep>> {
        let sql = "SELECT t.service, s.customer, t.action, t.on_day, t.output
                   FROM steps t JOIN services s ON s.code = t.service WHERE t.state = 'shadow' ORDER BY t.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(ShadowStep {
                service: ServiceCode::new(row.get::<_, String>(0)?),
                customer: CustomerCode::new(row.get::<_, String>(1)?),
                action: row.get(2)?,
                on: row.get(3)?,
                because: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The steps that a run did, in order, those that a person took back with them.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn steps_of_run(&self, run: i64) -> Result<Vec<RunStep>> {
        let sql = "SELECT service, action, period_from, on_day, id, period_to, attempts > 0, state = 'undone' FROM steps
                   WHERE run = ?1 AND state IN ('done', 'undone') ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([run], |row| {
            Ok(RunStep {
                service: ServiceCode::new(row.get::<_, String>(0)?),
                action: row.get(1)?,
                period_from: row.get(2)?,
                on: row.get(3)?,
                id: row.get(4)?,
                period_to: row.get(5)?,
                by_hook: row.get(6)?,
                undone: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Writes down a step in some state, in the service's episode (a reinstatement begins one: see
    /// [`Tx::begin_episode`]); gives the number of its row.
    pub(super) fn insert_step(
        &self,
        service: &ServiceCode,
        action: Action,
        period: BillingPeriod,
        state: &str,
        on: NaiveDate,
    ) -> Result<i64> {
        self.connection()
            .prepare_cached(
                "INSERT INTO steps (run, service, action, period_from, period_to, mode, state, on_day, episode)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, coalesce((SELECT episode FROM services WHERE code = ?2), 1))",
            )?
            .execute(params![
                self.run.id.0,
                service.as_str(),
                action.code(),
                period.from,
                period.to,
                self.run.mode.code(),
                state,
                on
            ])?;
        Ok(self.connection().last_insert_rowid())
    }

    /// What was announced of a service no longer counts.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn begin_episode(&self, service: &ServiceCode) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE services SET episode = episode + 1 WHERE code = ?1")?
            .execute([service.as_str()])?;
        Ok(())
    }

    /// Writes down that a step is about to be done by a hook; gives the number of its row.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn intend_step(&self, step: &Step) -> Result<i64> {
        self.insert_step(&step.service, step.action, step.period, "intent", self.run.as_of)
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
    pub fn shadow_step(&self, step: &Step, because: &Because) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO steps (run, service, action, period_from, period_to, mode, state, on_day, output)
                 SELECT ?1, ?2, ?3, ?4, ?5, 'trial', 'shadow', ?6, ?7
                 WHERE NOT EXISTS (SELECT 1 FROM steps WHERE service = ?2 AND action = ?3 AND period_from = ?4
                   AND state = 'shadow')",
            )?
            .execute(params![
                self.run.id.0,
                step.service.as_str(),
                step.action.code(),
                step.period.from,
                step.period.to,
                self.run.as_of,
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

    /// Writes down a step that was done.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_step(&self, step: &Step) -> Result<()> {
        self.insert_step(&step.service, step.action, step.period, "done", self.run.as_of)?;
        Ok(())
    }

    /// A person has taken a step back: nobody is told of it any more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn mark_undone(&self, step: &RunStep) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE steps SET state = 'undone' WHERE id = ?1")?
            .execute([step.id])?;
        Ok(())
    }

    /// Takes a renewal back: the service expires as before, is not renewed again until after `until`, and its work
    /// order is withdrawn.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn undo_renewal(&self, step: &RunStep, by: &str, until: NaiveDate) -> Result<()> {
        let service = step.service.as_str();
        let connection = self.connection();
        connection
            .prepare_cached("UPDATE services SET expires_on = ?2 WHERE code = ?1 AND expires_on = ?3")?
            .execute(params![service, step.period_from, step.period_to])?;
        connection
            .prepare_cached("UPDATE steps SET state = 'undone', retry_on = ?2 WHERE id = ?1")?
            .execute(params![step.id, until])?;
        connection
            .prepare_cached("UPDATE charges SET renewed_on = NULL WHERE service = ?1 AND period_from = ?2")?
            .execute(params![service, step.period_from])?;
        connection
            .prepare_cached(
                "UPDATE work_orders SET done_on = ?3, done_by = ?4
                 WHERE service = ?1 AND action = 'renew' AND until = ?2 AND done_on IS NULL",
            )?
            .execute(params![service, step.period_to, self.run.as_of, format!("withdrawn by {by}")])?;
        Ok(())
    }

    /// A person has done a work order; gives whether it was open.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn close_work_order(&self, order: i64, by: &str) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE work_orders SET done_on = ?2, done_by = ?3 WHERE id = ?1 AND done_on IS NULL",
            )?
            .execute(params![order, self.run.as_of, by])?;
        Ok(changed == 1)
    }

    /// Takes a work order back that nobody has done yet; gives whether there was one.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn withdraw_work_order(&self, service: &ServiceCode, action: &str, by: &str) -> Result<bool> {
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE work_orders SET done_on = ?3, done_by = ?4 WHERE service = ?1 AND action = ?2 AND done_on IS NULL",
            )?
            .execute(params![service.as_str(), action, self.run.as_of, format!("withdrawn by {by}")])?;
        Ok(changed > 0)
    }

    /// Lists a step that a person must do at a panel or registry.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn open_work_order(&self, step: &Step) -> Result<()> {
        let until = (step.action == Action::Renew).then_some(step.period.to);
        self.connection()
            .prepare_cached(
                "INSERT INTO work_orders (run, service, action, until, opened_on) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.run.id.0, step.service.as_str(), step.action.code(), until, self.run.as_of])?;
        Ok(())
    }
}
