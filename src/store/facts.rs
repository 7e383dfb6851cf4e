//! Everything about one customer that deciding looks at, and which customers a night must look at.

use super::charges;
use super::columns::Record;
use super::customers::Customers;
use super::error::Result;
use super::services::Services;
use super::{Queries, payments};
use crate::billing::charge::Charge;
use crate::billing::facts::{Action, Allocation, Facts, LastCard, PaidBy, STEPS_REMEMBERED_DAYS, StepDone};
use crate::billing::ids::{CardNumber, ChargeId, CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::notice::{Notice, NoticeFate, NoticeKey, Stage};
use crate::billing::period::{BillingPeriod, days_after, days_before};
use crate::billing::policy::Mode;
use chrono::NaiveDate;
use rusqlite::params;

/// A period charge is the concern of a night until it is settled and its service renewed for it; the sums of
/// its allocations come with it.
const CHARGES: &str =
    "SELECT c.*, coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.charge = c.id), 0)
        AS paid_cents,
        (SELECT i.number FROM invoices i WHERE i.charge = c.id ORDER BY i.id LIMIT 1) AS invoice
    FROM charges c LEFT JOIN services s ON s.code = c.service
    WHERE c.customer = ?1 AND (c.settled_on IS NULL
      OR (c.source = 'period' AND (c.renewed_on IS NULL OR c.period_from >= s.expires_on)))
    ORDER BY c.id";

/// The allocations to the same charges.
const ALLOCATIONS: &str = "SELECT a.charge, a.payment, a.adjustment, sum(a.amount_cents) AS amount_cents
    FROM charges c JOIN allocations a ON a.charge = c.id LEFT JOIN services s ON s.code = c.service
    WHERE c.customer = ?1 AND (c.settled_on IS NULL
      OR (c.source = 'period' AND (c.renewed_on IS NULL OR c.period_from >= s.expires_on)))
    GROUP BY a.charge, a.payment, a.adjustment HAVING sum(a.amount_cents) <> 0
    ORDER BY a.charge, a.payment, a.adjustment";

/// The fate of a notice is that of its deliveries to the customer's own addresses (in trial, to the
/// trial's recipient).
const NOTICES: &str = "SELECT n.service, n.period_from, n.stage, n.made_on, n.suspend_on, n.terminate_on,
        (SELECT min(d.accepted_on) FROM deliveries d WHERE d.message = n.message
          AND d.state = 'sent' AND d.bounced_on IS NULL AND d.role IN ('email', 'trial')) AS accepted_on,
        (SELECT count(*) FROM deliveries d WHERE d.message = n.message
          AND d.bounced_on IS NOT NULL AND d.role IN ('email', 'trial')) AS bounced,
        (SELECT count(*) FROM deliveries d WHERE d.message = n.message
          AND d.state IN ('uncertain', 'in_doubt') AND d.role IN ('email', 'trial')) AS uncertain,
        (SELECT count(*) FROM deliveries d WHERE d.message = n.message
          AND d.state = 'queued' AND d.role IN ('email', 'trial')) AS queued
    FROM notices n JOIN services s ON s.code = n.service
    WHERE s.customer = ?1 AND n.mode = ?2 AND n.cancelled = 0
      AND (n.period_from >= coalesce(s.suspension_expiry, s.expires_on) OR n.made_on >= ?3)
    ORDER BY n.made_on, n.id";

/// Reading facts.
pub trait FactQueries: Queries {
    /// The facts of one customer as deciding needs them on `today`; `None` for an unknown code.
    ///
    /// # Errors
    /// A column of the customer, its charges, payments or notices that cannot be read; a service that
    /// cannot be read is among [`Facts::faults`].
    fn facts(&self, customer: &CustomerCode, mode: Mode, today: NaiveDate) -> Result<Option<Facts>> {
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
            steps: self.steps_of(customer, today)?,
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
    fn charges_of(&self, customer: &CustomerCode) -> Result<Vec<Charge>> {
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
    fn allocations_of(&self, customer: &CustomerCode) -> Result<Vec<Allocation>> {
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
    fn notices_of(&self, customer: &CustomerCode, mode: Mode, today: NaiveDate) -> Result<Vec<Notice>> {
        let since = days_before(today, STEPS_REMEMBERED_DAYS);
        let mut statement = self.connection().prepare_cached(NOTICES)?;
        let mut rows = statement.query(params![customer.as_str(), mode.code(), since])?;
        let mut notices = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "notice of service");
            let fate = if let Some(on) = record.optional_date("accepted_on")? {
                NoticeFate::Accepted(on)
            } else if record.integer("bounced")? > 0 {
                NoticeFate::Bounced
            } else if record.integer("uncertain")? > 0 {
                NoticeFate::Uncertain
            } else if record.integer("queued")? > 0 {
                NoticeFate::Queued
            } else {
                NoticeFate::Failed
            };
            notices.push(Notice {
                key: NoticeKey {
                    service: ServiceCode::new(record.text("service")?),
                    period_from: record.date("period_from")?,
                    stage: record.word("stage", "a stage", Stage::from_code)?,
                },
                made_on: record.date("made_on")?,
                fate,
                suspend_on: record.optional_date("suspend_on")?,
                terminate_on: record.optional_date("terminate_on")?,
            });
        }
        Ok(notices)
    }

    /// Steps done in the last weeks.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn steps_of(&self, customer: &CustomerCode, today: NaiveDate) -> Result<Vec<StepDone>> {
        let sql = "SELECT t.service, t.action, t.period_from, t.period_to, t.on_day
                   FROM steps t JOIN services s ON s.code = t.service
                   WHERE s.customer = ?1 AND t.state = 'done' AND t.on_day >= ?2 ORDER BY t.id";
        let since = days_before(today, STEPS_REMEMBERED_DAYS);
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params![customer.as_str(), since])?;
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "step of service");
            steps.push(StepDone {
                service: ServiceCode::new(record.text("service")?),
                action: record.word("action", "an action", |word| {
                    Action::ALL.into_iter().find(|action| action.code() == word)
                })?,
                period: BillingPeriod { from: record.date("period_from")?, to: record.date("period_to")? },
                on: record.date("on_day")?,
            });
        }
        Ok(steps)
    }

    /// The newest card of this mode that went out or is to go out.
    ///
    /// # Errors
    /// A column that cannot be read.
    fn last_card(&self, customer: &CustomerCode, mode: Mode) -> Result<Option<LastCard>> {
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
    fn due_customers(&self, today: NaiveDate, horizon_days: u32) -> Result<Vec<CustomerCode>> {
        let sql = "SELECT customer FROM services WHERE state = 'active' AND expires_on <= ?1
             UNION SELECT customer FROM services WHERE state = 'suspended'
             UNION SELECT customer FROM charges WHERE settled_on IS NULL
             UNION SELECT c.customer FROM charges c JOIN services s ON s.code = c.service
                   WHERE c.period_from = s.expires_on AND c.settled_on IS NOT NULL
             UNION SELECT s.customer FROM steps t JOIN services s ON s.code = t.service WHERE t.on_day >= ?2
             UNION SELECT m.customer FROM deliveries d JOIN messages m ON m.id = d.message
                   WHERE d.state IN ('queued', 'in_doubt')
             ORDER BY 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let codes = statement.query_map(
            params![days_after(today, horizon_days), days_before(today, STEPS_REMEMBERED_DAYS)],
            |row| row.get::<_, String>(0),
        )?;
        Ok(codes.map(|code| code.map(CustomerCode::new)).collect::<rusqlite::Result<_>>()?)
    }
}

impl<T: Queries> FactQueries for T {}
