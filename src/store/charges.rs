//! Charges, allocations and invoices: where the core's changes become rows.

use super::columns::Record;
use super::error::Result;
use super::services::state_columns;
use super::{Read, Tx};
use crate::billing::action::Action;
use crate::billing::charge::{Charge, ChargeSource};
use crate::billing::facts::Change;
use crate::billing::ids::{ChargeId, CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::period::BillingPeriod;
use crate::billing::service::ServiceState;
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
        renewed_on: record.optional_date("renewed_on")?,
        written_off_on: record.optional_date("written_off_on")?,
        invoice: record.optional_text("invoice")?,
    })
}

/// The numbers of charges that came to exist among some changes, by the temporary ones that the core gave them.
#[derive(Debug, Default)]
pub struct ChargeNumbers(BTreeMap<ChargeId, ChargeId>);

impl ChargeNumbers {
    /// The number that a charge has by now.
    #[must_use]
    pub fn real(&self, id: ChargeId) -> ChargeId {
        self.0.get(&id).copied().unwrap_or(id)
    }
}

impl Tx<'_> {
    /// Makes the core's changes true of the rows; temporary charge numbers become real ones, which it gives.
    ///
    /// # Errors
    /// Whatever the schema refuses: then nothing of the transaction is kept.
    pub fn apply(&self, customer: &CustomerCode, changes: &[Change]) -> Result<ChargeNumbers> {
        let mut numbers = ChargeNumbers::default();
        for change in changes {
            match change {
                Change::Charged(charge) => {
                    numbers.0.insert(charge.id, self.insert_charge(customer, charge)?);
                }
                Change::Repriced(charge) => self.reprice(customer, charge)?,
                Change::Allocated { payment, charge, amount } => {
                    self.allocate("payment", payment.0, numbers.real(*charge), *amount)?;
                }
                Change::Adjusted { adjustment, charge, amount } => {
                    let adjustment = numbers.real(*adjustment);
                    self.allocate("adjustment", adjustment.0, numbers.real(*charge), *amount)?;
                }
                Change::Settled { charge, on } => {
                    let charge = numbers.real(*charge);
                    self.set_charge(charge, "settled_on = ?2", Some(*on))?;
                    self.journal_charge(customer, charge, "settled")?;
                }
                Change::Released { charge } => {
                    self.set_charge(*charge, "settled_on = ?2", None)?;
                    self.journal_charge(customer, *charge, "released")?;
                }
                Change::WrittenOff { charge, on } => {
                    self.set_charge(*charge, "written_off_on = ?2", Some(*on))?;
                    self.journal_charge(customer, *charge, "written_off")?;
                }
                Change::Reopened { charge, on } => {
                    self.set_charge(*charge, "settled_on = NULL, reopened_on = ?2", Some(*on))?;
                    self.tell_afresh(*charge)?;
                    self.journal_charge(customer, *charge, "reopened")?;
                }
                Change::Renewed { service, period, on } => {
                    self.renew(service, *period, *on)?;
                    self.insert_step(service, Action::Renew, *period, "done", *on)?;
                }
                Change::StateChanged { service, action, period, state, on } => {
                    self.set_state(customer, service, *state)?;
                    if *action == Action::Reinstate {
                        self.begin_episode(service)?;
                    }
                    self.insert_step(service, *action, *period, "done", *on)?;
                }
            }
        }
        Ok(numbers)
    }

    /// Money of a payment or of an adjustment, which `from` names, goes to a charge.
    fn allocate(&self, from: &str, id: i64, charge: ChargeId, amount: Money) -> Result<()> {
        let sql = format!(
            "INSERT INTO allocations ({from}, charge, amount_cents, made_on, run) VALUES (?1, ?2, ?3, ?4, ?5)"
        );
        let values = params![id, charge.0, amount.cents(), self.run.as_of, self.run.id.0];
        self.connection().prepare_cached(&sql)?.execute(values)?;
        Ok(())
    }

    /// `columns` of a charge become the day `?2`.
    fn set_charge(&self, charge: ChargeId, columns: &str, day: Option<NaiveDate>) -> Result<()> {
        let sql = format!("UPDATE charges SET {columns} WHERE id = ?1");
        self.connection().prepare_cached(&sql)?.execute(params![charge.0, day])?;
        Ok(())
    }

    /// What was announced of a charge's service was announced before; what was told of a charge without a period is
    /// told again.
    fn tell_afresh(&self, charge: ChargeId) -> Result<()> {
        let service = "UPDATE services SET episode = episode + 1
                       WHERE code = (SELECT service FROM charges WHERE id = ?1 AND source = 'period')";
        for sql in [service, "UPDATE notices SET cancelled = 1 WHERE charge = ?1"] {
            self.connection().prepare_cached(sql)?.execute([charge.0])?;
        }
        Ok(())
    }

    fn renew(&self, service: &ServiceCode, period: BillingPeriod, on: NaiveDate) -> Result<()> {
        self.connection()
            .prepare_cached("UPDATE services SET expires_on = ?2 WHERE code = ?1")?
            .execute(params![service.as_str(), period.to])?;
        let sql = "UPDATE charges SET renewed_on = ?3
                   WHERE service = ?1 AND period_from = ?2 AND source = 'period'";
        self.connection().prepare_cached(sql)?.execute(params![service.as_str(), period.from, on])?;
        Ok(())
    }

    fn set_state(&self, customer: &CustomerCode, service: &ServiceCode, state: ServiceState) -> Result<()> {
        let (word, state_on, reason, expiry) = state_columns(state);
        let sql =
            "UPDATE services SET state = ?2, state_on = ?3, suspension_reason = ?4, suspension_expiry = ?5
                   WHERE code = ?1 AND customer = ?6";
        let values = params![service.as_str(), word, state_on, reason, expiry, customer.as_str()];
        self.connection().prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Makes the change of a step true that a hook has done; its row in `steps` was written before it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn apply_done(&self, customer: &CustomerCode, change: &Change) -> Result<()> {
        let Change::StateChanged { service, action, state, .. } = change else { return Ok(()) };
        if *action == Action::Reinstate {
            self.begin_episode(service)?;
            self.connection()
                .prepare_cached(
                    "UPDATE steps SET episode = (SELECT episode FROM services WHERE code = ?1)
                     WHERE id = (SELECT max(id) FROM steps WHERE service = ?1 AND action = 'reinstate')",
                )?
                .execute([service.as_str()])?;
        }
        self.set_state(customer, service, *state)
    }

    fn insert_charge(&self, customer: &CustomerCode, charge: &Charge) -> Result<ChargeId> {
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
                self.run.id.0,
            ])?;
        let id = ChargeId(self.connection().last_insert_rowid());
        self.journal_charge(customer, id, "charged")?;
        Ok(id)
    }

    fn reprice(&self, customer: &CustomerCode, charge: &Charge) -> Result<()> {
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
        self.journal_charge(customer, charge.id, "repriced")
    }

    fn journal_charge(&self, customer: &CustomerCode, id: ChargeId, what: &str) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO journal (run, customer, service, what, detail)
                 SELECT ?1, ?2, service, ?4, json_object('charge', id, 'period_from', period_from,
                   'period_to', period_to, 'gross_cents', gross_cents)
                 FROM charges WHERE id = ?3",
            )?
            .execute(params![self.run.id.0, customer.as_str(), id.0, what])?;
        Ok(())
    }

    /// A tax invoice was issued for charges; gives how many had none yet.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn record_invoice(&self, number: &str, date: NaiveDate, charges: &[ChargeId]) -> Result<usize> {
        let mut recorded = 0;
        for charge in charges {
            recorded += self
                .connection()
                .prepare_cached(
                    "INSERT INTO invoices (number, date, charge, run)
                     SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM invoices WHERE charge = ?3)",
                )?
                .execute(params![number, date, charge.0, self.run.id.0])?;
        }
        Ok(recorded)
    }

    /// A tax invoice was issued for money paid in advance; gives whether it had none yet.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn record_invoice_of_payment(
        &self,
        number: &str,
        date: NaiveDate,
        payment: PaymentId,
    ) -> Result<bool> {
        let sql = "INSERT INTO invoices (number, date, payment, run)
                   SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM invoices WHERE payment = ?3)";
        let recorded = self.connection().prepare_cached(sql)?.execute(params![
            number,
            date,
            payment.0,
            self.run.id.0
        ])?;
        Ok(recorded == 1)
    }

    /// An invoice that was recorded by mistake; gives how many entries it had.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn forget_invoice(&self, number: &str) -> Result<usize> {
        Ok(self.connection().prepare_cached("DELETE FROM invoices WHERE number = ?1")?.execute([number])?)
    }
}

/// Finding charges for a tax invoice.
impl Read {
    /// The charges a card asked for.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn charges_of_card(&self, card: &str) -> Result<Vec<ChargeId>> {
        self.charge_ids("SELECT charge FROM card_charges WHERE card = ?1 AND ?2 IS NOT NULL", card, "")
    }

    /// Whose an invoice of that number is.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn customers_of_invoice(&self, number: &str) -> Result<Vec<CustomerCode>> {
        let sql = "SELECT DISTINCT coalesce(c.customer, p.customer) FROM invoices i LEFT JOIN charges c ON c.id = i.charge
                     LEFT JOIN payments p ON p.id = i.payment
                   WHERE i.number = ?1 AND coalesce(c.customer, p.customer) IS NOT NULL";
        let mut statement = self.connection().prepare_cached(sql)?;
        let codes = statement.query_map([number], |row| row.get::<_, String>(0))?;
        Ok(codes.map(|code| code.map(CustomerCode::new)).collect::<rusqlite::Result<_>>()?)
    }

    /// Whose a charge is.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn customer_of_charge(&self, charge: ChargeId) -> Result<Option<CustomerCode>> {
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
    pub fn charge_of_period(&self, service: &str, period_from: NaiveDate) -> Result<Vec<ChargeId>> {
        let sql = "SELECT id FROM charges WHERE service = ?1 AND period_from = ?2";
        self.charge_ids(sql, service, &period_from.to_string())
    }

    /// The charges that a payment went to.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn charges_of_payment(&self, bank_ref: &str) -> Result<Vec<ChargeId>> {
        let sql = "SELECT DISTINCT a.charge FROM payments p JOIN allocations a ON a.payment = p.id
                   WHERE p.bank_ref = ?1 AND ?2 IS NOT NULL";
        self.charge_ids(sql, bank_ref, "")
    }

    pub(super) fn charge_ids(&self, sql: &str, first: &str, second: &str) -> Result<Vec<ChargeId>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let ids = statement.query_map([first, second], |row| row.get(0).map(ChargeId))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }
}
