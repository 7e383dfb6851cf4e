//! The table of services.

use super::columns::Record;
use super::error::Result;
use super::{Read, Tx};
use crate::billing::episode::Episode;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::money::Money;
use crate::billing::service::{Hold, Service, ServiceKind, ServiceState, SuspensionReason};
use crate::billing::vat::{Price, VatRate};
use chrono::NaiveDate;
use rusqlite::{Row, params};

fn read(row: &Row<'_>) -> Result<Service> {
    let record = Record::new(row, "service");
    let price = Money::from_cents(record.integer("price_cents")?);
    let gross = record.integer("price_is_gross")? == 1;
    let note = record.optional_text("hold_note")?.unwrap_or_default();
    let rate = record.optional_integer("vat_rate")?.and_then(|points| u32::try_from(points).ok());
    Ok(Service {
        code: ServiceCode::new(record.text("code")?),
        customer: CustomerCode::new(record.text("customer")?),
        kind: record.word("kind", "a kind of service", ServiceKind::from_code)?,
        name: record.text("name")?,
        domain_name: record.optional_text("domain_name")?,
        price: price_as(price, gross),
        later_price: later_price(&record)?,
        period_months: record.small("period_months")?,
        expires_on: record.date("expires_on")?,
        anchor_day: record.small("anchor_day")?,
        state: state(&record)?,
        renews: record.integer("renews")? == 1,
        cancelled_on: record.optional_date("cancelled_on")?,
        hold: record.optional_date("hold_until")?.map(|until| Hold { until, note }),
        episode: Episode::numbered(record.small("episode")?),
        account: record.optional_text("account")?,
        server: record.optional_text("server")?,
        vat: rate.map(VatRate::from_basis_points),
        imported_on: record.date("imported_on")?,
        confirmed: record.integer("confirmed")? == 1,
    })
}

const fn price_as(money: Money, is_gross: bool) -> Price {
    if is_gross { Price::Gross(money) } else { Price::Net(money) }
}

fn later_price(record: &Record<'_>) -> Result<Option<(NaiveDate, Price)>> {
    let Some(from) = record.optional_date("later_price_from")? else { return Ok(None) };
    let money = Money::from_cents(record.integer("later_price_cents")?);
    Ok(Some((from, price_as(money, record.integer("later_price_is_gross")? == 1))))
}

fn state(record: &Record<'_>) -> Result<ServiceState> {
    Ok(match record.text("state")?.as_str() {
        "suspended" => ServiceState::Suspended {
            on: record.date("state_on")?,
            reason: record.word(
                "suspension_reason",
                "a reason of suspension",
                SuspensionReason::from_code,
            )?,
            expiry: record.date("suspension_expiry")?,
        },
        "terminated" => ServiceState::Terminated { on: record.date("state_on")? },
        "ended" => ServiceState::Ended { on: record.date("state_on")? },
        _ => record.word("state", "a state of a service", |word| {
            (word == "active").then_some(ServiceState::Active)
        })?,
    })
}

/// A service's code, and why its record cannot be read.
pub type Unreadable = (ServiceCode, String);

/// A change of state that staff made by hand, as imported files show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceChange {
    /// Which service.
    pub service: ServiceCode,
    /// Its state before.
    pub from: String,
    /// Its state after.
    pub to: String,
    /// The day of the file that showed it first.
    pub on: NaiveDate,
}

/// Reading services.
impl Read {
    /// The service of this code.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn service(&self, code: &ServiceCode) -> Result<Option<Service>> {
        let mut statement = self.connection().prepare_cached("SELECT * FROM services WHERE code = ?1")?;
        let mut rows = statement.query([code.as_str()])?;
        rows.next()?.map(read).transpose()
    }

    /// Whose a service is, also where its record cannot be read.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn owner_of(&self, code: &ServiceCode) -> Result<Option<CustomerCode>> {
        use rusqlite::OptionalExtension;
        let sql = "SELECT customer FROM services WHERE code = ?1";
        let owner = self.connection().query_row(sql, [code.as_str()], |row| row.get::<_, String>(0));
        Ok(owner.optional()?.map(CustomerCode::new))
    }

    /// A customer's services by code, those that cannot be read beside them with the reason.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn services_of(&self, customer: &CustomerCode) -> Result<(Vec<Service>, Vec<Unreadable>)> {
        let sql = "SELECT * FROM services WHERE customer = ?1 AND state <> 'ended' ORDER BY code";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([customer.as_str()])?;
        let (mut services, mut faults) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            match read(row) {
                Ok(service) => services.push(service),
                Err(fault) if fault.is_data() => {
                    faults.push((ServiceCode::new(row.get::<_, String>("code")?), fault.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok((services, faults))
    }

    /// Services that a panel should know: those that exist, and those terminated since `since`.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn services_at_panels(&self, since: chrono::NaiveDate) -> Result<Vec<Service>> {
        let sql = "SELECT * FROM services WHERE state IN ('active', 'suspended')
                     OR (state = 'terminated' AND state_on >= ?1) ORDER BY code";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([since])?;
        let mut services = Vec::new();
        while let Some(row) = rows.next()? {
            services.push(read(row)?);
        }
        Ok(services)
    }

    /// What staff changed while the program was on trial, oldest first; how a file showed a service first is no
    /// change.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn staff_changes(&self) -> Result<Vec<ServiceChange>> {
        let sql = "SELECT service, before, state, on_day FROM (SELECT id, service, state, on_day,
                     lag(state) OVER (PARTITION BY service ORDER BY id) AS before FROM staff_states)
                   WHERE before IS NOT NULL ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(ServiceChange {
                service: ServiceCode::new(row.get::<_, String>(0)?),
                from: row.get(1)?,
                to: row.get(2)?,
                on: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every service's code, in order.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn service_codes(&self) -> Result<Vec<ServiceCode>> {
        let mut statement = self.connection().prepare_cached("SELECT code FROM services ORDER BY code")?;
        let codes = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(codes.map(|code| code.map(ServiceCode::new)).collect::<rusqlite::Result<_>>()?)
    }

    /// How many services are active.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn active_services(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM services WHERE state = 'active'";
        let count: i64 = self.connection().query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// The state's four columns.
pub(super) fn state_columns(
    state: ServiceState,
) -> (&'static str, Option<chrono::NaiveDate>, Option<&'static str>, Option<chrono::NaiveDate>) {
    match state {
        ServiceState::Active => ("active", None, None, None),
        ServiceState::Suspended { on, reason, expiry } => {
            ("suspended", Some(on), Some(reason.code()), Some(expiry))
        }
        ServiceState::Terminated { on } => ("terminated", Some(on), None, None),
        ServiceState::Ended { on } => ("ended", Some(on), None, None),
    }
}

impl Tx<'_> {
    /// Notes the state in which an imported file shows a service, where it differs from what the last one showed.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn note_staff_state(
        &self,
        service: &ServiceCode,
        state: &str,
        today: chrono::NaiveDate,
    ) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO staff_states (service, state, on_day, run) SELECT ?1, ?2, ?3, ?4
                 WHERE ?2 IS NOT (SELECT state FROM staff_states WHERE service = ?1 ORDER BY id DESC LIMIT 1)",
            )?
            .execute(params![service.as_str(), state, today, self.run.id.0])?;
        Ok(())
    }

    /// Remembers what a service is, before it ends.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn remember_before_end(&self, service: &ServiceCode) -> Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO ends SELECT code, state, state_on, suspension_reason, suspension_expiry
                 FROM services WHERE code = ?1",
            )?
            .execute([service.as_str()])?;
        Ok(())
    }

    /// What a service was before it ended, where that is known; it is forgotten with the answer.
    ///
    /// # Errors
    /// Where the database cannot be written, or what was remembered cannot be read.
    pub fn state_before_end(&self, service: &ServiceCode) -> Result<Option<ServiceState>> {
        let sql = "DELETE FROM ends WHERE service = ?1
                   RETURNING service AS code, state, state_on, suspension_reason, suspension_expiry";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([service.as_str()])?;
        let found = rows.next()?.map(|row| state(&Record::new(row, "service"))).transpose()?;
        // the row is gone only when the statement has ended
        while rows.next()?.is_some() {}
        Ok(found)
    }

    /// Stores a service, new or changed; what changes what was announced begins an episode.
    ///
    /// # Errors
    /// A customer that does not exist, or a value the schema refuses.
    pub fn put_service(&self, service: &Service) -> Result<()> {
        let before = match self.service(&service.code) {
            Ok(before) => before,
            // a record that cannot be read is mended by what replaces it
            Err(fault) if fault.is_data() => None,
            Err(error) => return Err(error),
        };
        self.write_service(service, before.map_or(service.episode, |before| before.episode_as(service)))
    }

    /// Stores a service that is not there yet.
    ///
    /// # Errors
    /// As [`Self::put_service`].
    pub fn put_new_service(&self, service: &Service) -> Result<()> {
        self.write_service(service, service.episode)
    }

    fn write_service(&self, service: &Service, episode: Episode) -> Result<()> {
        let sql = "INSERT INTO services (code, customer, kind, name, domain_name, price_cents, price_is_gross,
                    period_months, expires_on, anchor_day, state, state_on, suspension_reason,
                    suspension_expiry, renews, hold_until, hold_note, account, server, vat_rate, imported_on,
                    confirmed, cancelled_on, episode, later_price_cents, later_price_is_gross, later_price_from)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                    ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)
                   ON CONFLICT (code) DO UPDATE SET kind = ?3, name = ?4, domain_name = ?5, price_cents = ?6,
                    price_is_gross = ?7, period_months = ?8, expires_on = ?9, anchor_day = ?10, state = ?11,
                    state_on = ?12, suspension_reason = ?13, suspension_expiry = ?14, renews = ?15,
                    hold_until = ?16, hold_note = ?17, account = ?18, server = ?19, vat_rate = ?20,
                    confirmed = ?22, cancelled_on = ?23, episode = ?24,
                    later_price_cents = ?25, later_price_is_gross = ?26, later_price_from = ?27";
        let (state, state_on, reason, expiry) = state_columns(service.state);
        let gross = matches!(service.price, Price::Gross(_));
        self.connection().prepare_cached(sql)?.execute(params![
            service.code.as_str(),
            service.customer.as_str(),
            service.kind.code(),
            service.name,
            service.domain_name,
            service.price.money().cents(),
            gross,
            service.period_months,
            service.expires_on,
            service.anchor_day,
            state,
            state_on,
            reason,
            expiry,
            service.renews,
            service.hold.as_ref().map(|hold| hold.until),
            service.hold.as_ref().map(|hold| hold.note.as_str()),
            service.account,
            service.server,
            service.vat.map(VatRate::basis_points),
            service.imported_on,
            service.confirmed,
            service.cancelled_on,
            episode.number(),
            service.later_price.map(|(_, price)| price.money().cents()),
            service.later_price.map(|(_, price)| matches!(price, Price::Gross(_))),
            service.later_price.map(|(from, _)| from),
        ])?;
        Ok(())
    }
}
