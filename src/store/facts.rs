//! Everything about one customer that deciding looks at, and which customers a night must look at.

use super::charges;
use super::columns::Record;
use super::error::Result;
use super::{Read, payments};
use crate::billing::action::Action;
use crate::billing::charge::{Charge, Received};
use crate::billing::episode::Episode;
use crate::billing::facts::{
    Allocation, Facts, LastCard, LeftAlone, PaidBy, STEPS_REMEMBERED_DAYS, StepDone,
};
use crate::billing::ids::{CardNumber, ChargeId, CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::notice::{Notice, NoticeFate, NoticeKey, Stage, Subject};
use crate::billing::period::{BillingPeriod, days_after, days_before};
use crate::billing::policy::Mode;
use chrono::NaiveDate;
use rusqlite::params;

/// A period charge is the concern of a night until it is settled and its service renewed for it, or while its service
/// is suspended for it; the sums of its allocations come with it.
const CHARGES: &str =
    "SELECT c.*, coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.charge = c.id), 0)
        AS paid_cents,
        (SELECT i.number FROM invoices i WHERE i.charge = c.id ORDER BY i.id LIMIT 1) AS invoice
    FROM charges c LEFT JOIN services s ON s.code = c.service
    WHERE c.customer = ?1 AND (c.settled_on IS NULL
      OR (c.source = 'period' AND (c.renewed_on IS NULL
        OR c.period_from >= coalesce(s.suspension_expiry, s.expires_on)))
      OR (c.source = 'adjustment' AND c.id IN (SELECT a.adjustment FROM charges o JOIN allocations a ON a.charge = o.id
        WHERE o.customer = ?1 AND o.settled_on IS NULL AND a.adjustment IS NOT NULL)))
    ORDER BY c.id";

/// The allocations to the same charges.
const ALLOCATIONS: &str = "SELECT a.charge, a.payment, a.adjustment, sum(a.amount_cents) AS amount_cents
    FROM charges c JOIN allocations a ON a.charge = c.id LEFT JOIN services s ON s.code = c.service
    WHERE c.customer = ?1 AND (c.settled_on IS NULL
      OR (c.source = 'period' AND (c.renewed_on IS NULL
        OR c.period_from >= coalesce(s.suspension_expiry, s.expires_on))))
    GROUP BY a.charge, a.payment, a.adjustment HAVING sum(a.amount_cents) <> 0
    ORDER BY a.charge, a.payment, a.adjustment";

/// The fate of a notice is that of its deliveries to the customer's own addresses (in trial, to the
/// trial's recipient), unless a person told them; `here` says whether one of those addresses is still theirs.
const NOTICES: &str = "WITH told AS (
          SELECT n.* FROM services s JOIN notices n ON n.service = s.code
          WHERE s.customer = ?1
            AND (n.period_from >= coalesce(s.suspension_expiry, s.expires_on) OR n.made_on >= ?3
              OR EXISTS (SELECT 1 FROM charges c WHERE c.service = n.service AND c.period_from = n.period_from
                AND c.source = 'period' AND +c.settled_on IS NULL))
          UNION ALL SELECT n.* FROM charges c JOIN notices n ON n.charge = c.id
          WHERE c.customer = ?1 AND c.settled_on IS NULL)
    SELECT told.service, told.period_from, told.charge, told.stage, told.episode, told.made_on, told.suspend_on, told.terminate_on, told.told_how,
        (SELECT min(d.accepted_on) FROM deliveries d WHERE d.message = told.message
          AND d.state = 'sent' AND d.bounced_on IS NULL AND d.role IN ('email', 'trial')) AS accepted_on,
        (SELECT count(*) FROM deliveries d WHERE d.message = told.message
          AND d.bounced_on IS NOT NULL AND d.role IN ('email', 'trial')) AS bounced,
        (SELECT count(*) FROM deliveries d WHERE d.message = told.message
          AND d.state IN ('uncertain', 'in_doubt') AND d.role IN ('email', 'trial')) AS uncertain,
        (SELECT count(*) FROM deliveries d WHERE d.message = told.message
          AND d.state = 'queued' AND d.role IN ('email', 'trial')) AS queued,
        (SELECT count(*) FROM deliveries d WHERE d.message = told.message
          AND (d.role = 'trial' OR d.role = 'email' AND instr(';' || k.email || ';', ';' || d.address || ';') > 0)) AS here
    FROM told JOIN customers k ON k.code = ?1
    WHERE told.mode = ?2 AND told.cancelled = 0
    ORDER BY told.made_on, told.id";

/// Reading facts.
impl Read {
    /// The facts of one customer as deciding needs them on `today`; `None` for an unknown code.
    ///
    /// # Errors
    /// A column of the customer, its charges, payments or notices that cannot be read; a service that
    /// cannot be read is among [`Facts::faults`].
    pub fn facts(&self, customer: &CustomerCode, mode: Mode, today: NaiveDate) -> Result<Option<Facts>> {
        let Some(record) = self.customer(customer)? else { return Ok(None) };
        let (services, faults) = self.services_of(customer)?;
        let charges = self.charges_of(customer)?;
        let allocations = self.allocations_of(customer)?;
        let mut facts = Facts {
            customer: record,
            services,
            charges,
            payments: payments::of_facts(self.connection(), customer, &allocations)?,
            allocations,
            likely: Vec::new(),
            notices: self.notices_of(customer, mode, today)?,
            steps: self.steps_of(customer, mode, today)?,
            received: self.received_of(customer, today)?,
            left_alone: self.left_alone(customer, today)?,
            last_card: self.last_card(customer, mode)?,
            faults,
        };
        facts.likely = payments::likely(self.connection(), &facts, today)?;
        Ok(Some(facts))
    }

    /// Open charges, and settled ones that wait for their renewal.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn charges_of(&self, customer: &CustomerCode) -> Result<Vec<Charge>> {
        let mut statement = self.connection().prepare_cached(CHARGES)?;
        let mut rows = statement.query([customer.as_str()])?;
        let mut charges = Vec::new();
        while let Some(row) = rows.next()? {
            charges.push(charges::read(row)?);
        }
        Ok(charges)
    }

    /// What those charges were paid with, summed.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn allocations_of(&self, customer: &CustomerCode) -> Result<Vec<Allocation>> {
        let mut statement = self.connection().prepare_cached(ALLOCATIONS)?;
        let mut rows = statement.query([customer.as_str()])?;
        let mut allocations = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "allocations to charge");
            let by = match record.optional_integer("payment")? {
                Some(id) => PaidBy::Payment(PaymentId(id)),
                None => PaidBy::Adjustment(ChargeId(record.integer("adjustment")?)),
            };
            let amount = Money::from_cents(record.integer("amount_cents")?);
            allocations.push(Allocation { charge: ChargeId(record.integer("charge")?), by, amount });
        }
        Ok(allocations)
    }

    /// Notices of the services' present periods, and those of the last weeks, oldest first.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn notices_of(&self, customer: &CustomerCode, mode: Mode, today: NaiveDate) -> Result<Vec<Notice>> {
        let since = days_before(today, STEPS_REMEMBERED_DAYS);
        let mut statement = self.connection().prepare_cached(NOTICES)?;
        let mut rows = statement.query(params![customer.as_str(), mode.code(), since])?;
        let mut notices = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "notice of service");
            let made_on = record.date("made_on")?;
            let fate = if record.optional_text("told_how")?.is_some() {
                NoticeFate::Accepted(made_on)
            } else if let Some(on) = record.optional_date("accepted_on")? {
                NoticeFate::Accepted(on)
            } else if record.integer("uncertain")? > 0 {
                NoticeFate::Uncertain
            } else if record.integer("queued")? > 0 {
                NoticeFate::Queued
            } else if record.integer("here")? == 0 {
                // nobody got it, and nobody will at those addresses: it is to be told at those of today
                continue;
            } else if record.integer("bounced")? > 0 {
                NoticeFate::Bounced
            } else {
                NoticeFate::Failed
            };
            let subject = match record.optional_integer("charge")? {
                Some(charge) => Subject::Charge(ChargeId(charge)),
                None => Subject::Period {
                    service: ServiceCode::new(record.text("service")?),
                    from: record.date("period_from")?,
                },
            };
            notices.push(Notice {
                key: NoticeKey {
                    subject,
                    stage: record.word("stage", "a stage", Stage::from_code)?,
                    episode: Episode::numbered(record.small("episode")?),
                },
                made_on,
                fate,
                suspend_on: record.optional_date("suspend_on")?,
                terminate_on: record.optional_date("terminate_on")?,
            });
        }
        Ok(notices)
    }

    /// Steps of this mode done in the last weeks. A renewal is one as soon as it stands in our books: its registry
    /// follows.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn steps_of(&self, customer: &CustomerCode, mode: Mode, today: NaiveDate) -> Result<Vec<StepDone>> {
        let sql = "SELECT t.service, t.action, t.period_from, t.period_to, t.on_day, t.episode,
                     t.state <> 'done' AS awaits_hook
                   FROM steps t JOIN services s ON s.code = t.service
                   WHERE s.customer = ?1 AND (t.state = 'done' OR t.action = 'renew' AND t.state IN ('intent', 'failed'))
                     AND t.mode = ?2 AND t.on_day >= ?3 ORDER BY t.id";
        let since = days_before(today, STEPS_REMEMBERED_DAYS);
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params![customer.as_str(), mode.code(), since])?;
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "step of service");
            steps.push(StepDone {
                service: ServiceCode::new(record.text("service")?),
                action: record.word("action", "an action", Action::from_code)?,
                period: BillingPeriod { from: record.date("period_from")?, to: record.date("period_to")? },
                on: record.date("on_day")?,
                episode: Episode::numbered(record.small("episode")?),
                awaits_hook: record.integer("awaits_hook")? != 0,
            });
        }
        Ok(steps)
    }

    /// The payments for periods that were settled or renewed in the last weeks; money that went back is none.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn received_of(&self, customer: &CustomerCode, today: NaiveDate) -> Result<Vec<Received>> {
        let sql = "SELECT c.service, c.period_from, p.id, p.date, p.kept_cents
                   FROM charges c JOIN allocations a ON a.charge = c.id JOIN money p ON p.id = a.payment
                   WHERE c.customer = ?1 AND c.source = 'period' AND max(c.settled_on, coalesce(c.renewed_on, '')) >= ?2
                   GROUP BY c.id, p.id HAVING sum(a.amount_cents) > 0 ORDER BY p.date, p.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows =
            statement.query(params![customer.as_str(), days_before(today, STEPS_REMEMBERED_DAYS)])?;
        let mut received = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "payment of service");
            received.push(Received {
                service: ServiceCode::new(record.text("service")?),
                from: record.date("period_from")?,
                payment: PaymentId(record.integer("id")?),
                on: record.date("date")?,
                amount: Money::from_cents(record.integer("kept_cents")?),
            });
        }
        Ok(received)
    }

    /// Renewals that a person took back, as long as their services are left alone.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn left_alone(&self, customer: &CustomerCode, today: NaiveDate) -> Result<Vec<LeftAlone>> {
        let sql = "SELECT t.service, max(t.retry_on) FROM services s JOIN steps t ON t.service = s.code
                     AND t.action = 'renew'
                   WHERE s.customer = ?1 AND t.state = 'undone' AND t.retry_on >= ?2 GROUP BY 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(params![customer.as_str(), today], |row| {
            Ok(LeftAlone { service: ServiceCode::new(row.get::<_, String>(0)?), until: row.get(1)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest card of this mode that went out or is to go out.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn last_card(&self, customer: &CustomerCode, mode: Mode) -> Result<Option<LastCard>> {
        let sql = "SELECT number, issued_on, fingerprint, total_due_cents FROM cards c
                   WHERE customer = ?1 AND mode = ?2
                     AND EXISTS (SELECT 1 FROM messages m JOIN deliveries d ON d.message = m.id
                                 WHERE m.card = c.number AND d.state <> 'cancelled')
                   ORDER BY year DESC, sequence DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params![customer.as_str(), mode.code()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let record = Record::new(row, "card");
        let number = record.text("number")?;
        let mut statement =
            self.connection().prepare_cached("SELECT charge FROM card_charges WHERE card = ?1")?;
        let charges = statement.query_map([&number], |row| row.get(0).map(ChargeId))?;
        Ok(Some(LastCard {
            charges: charges.collect::<rusqlite::Result<_>>()?,
            number: CardNumber::new(number),
            issued_on: record.date("issued_on")?,
            fingerprint: record.text("fingerprint")?,
            total_due: Money::from_cents(record.integer("total_due_cents")?),
        }))
    }

    /// The customers a night must look at: something expires within `horizon_days`, is suspended,
    /// charged, settled but not renewed, waits in the queue, or was done and may not have been told.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn due_customers(&self, today: NaiveDate, horizon_days: u32) -> Result<Vec<CustomerCode>> {
        let sql = "SELECT DISTINCT customer FROM (
             SELECT customer FROM services WHERE state = 'active' AND expires_on <= ?1
             UNION ALL SELECT customer FROM services WHERE state = 'suspended'
             UNION ALL SELECT customer FROM charges WHERE settled_on IS NULL
             UNION ALL SELECT customer FROM charges
                   WHERE source = 'period' AND settled_on IS NOT NULL AND renewed_on IS NULL AND written_off_on IS NULL
             UNION ALL SELECT customer FROM services WHERE expires_on IS NOT date(expires_on)
                     OR state_on IS NOT date(state_on) OR hold_until IS NOT date(hold_until)
                     OR imported_on IS NOT date(imported_on) OR suspension_expiry IS NOT date(suspension_expiry)
             UNION ALL SELECT customer FROM services WHERE cancelled_on >= ?2
             UNION ALL SELECT s.customer FROM steps t JOIN services s ON s.code = t.service WHERE t.on_day >= ?2
             UNION ALL SELECT m.customer FROM deliveries d JOIN messages m ON m.id = d.message
                   WHERE d.state IN ('queued', 'in_doubt', 'failed', 'uncertain') AND d.state IN ('queued', 'in_doubt')
             ) ORDER BY 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let codes = statement.query_map(
            params![days_after(today, horizon_days), days_before(today, STEPS_REMEMBERED_DAYS)],
            |row| row.get::<_, String>(0),
        )?;
        Ok(codes.map(|code| code.map(CustomerCode::new)).collect::<rusqlite::Result<_>>()?)
    }

    /// Whether nothing can come to exist, be repriced or be paid for a customer before `until` has passed: nothing was ever
    /// charged or paid, and every service is active and expires later.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn is_untouched(&self, customer: &CustomerCode, until: NaiveDate) -> Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM services WHERE customer = ?1 AND (expires_on <= ?2 OR state <> 'active'))
              AND NOT EXISTS (SELECT 1 FROM charges WHERE customer = ?1)
              AND NOT EXISTS (SELECT 1 FROM payments WHERE customer = ?1)";
        let values = params![customer.as_str(), until];
        Ok(self.connection().prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
    }
}
