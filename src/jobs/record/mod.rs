//! What staff know, one line each: every record is journalled with who and why, and undone by a contrary one.
//! One enumeration is the command line and the job; doc comments of its variants and their fields are the help.

mod charge;
mod customer;
mod entered;
mod invoice;
mod listed;
mod money;
mod service;

pub use charge::{Charge, Discount, Reprice, Writeoff};
pub use customer::{Email, Proof};
pub use entered::{Customer, ServiceEntry};
pub use invoice::Invoice;
pub use listed::{Ack, Done};
pub use money::{Assign, Payment, Refund, Reverse, Same};
pub use service::{Cancel, Change, End, Hold, Told};

use crate::billing::facts::Facts;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::money::Money;
use crate::billing::service::{self as billed, Service, ServiceState};
use crate::error::Stop;
use crate::jobs::attention::Findings;
use crate::jobs::{Desk, find};
use crate::store::{Run, Store, Tx};
use crate::views::AttentionView;
use crate::views::record::{EffectView, Recorded, StaysOff};
use anyhow::{Result, bail};
use chrono::NaiveDate;
use clap::Subcommand;
use serde_json::json;

/// What staff record.
#[derive(Debug, Clone, Subcommand)]
pub enum Record {
    /// Money came that no statement shows
    Payment(Payment),
    /// A payment came back or never was: what it settled is unsettled again
    Reverse(Reverse),
    /// A line of a statement is the same money as a payment that is known already, or as several together
    Same(Same),
    /// The customer sent a transfer slip: a short hold, not money
    Proof(Proof),
    /// An unmatched payment belongs to a customer, or money of theirs is for other services
    Assign(Assign),
    /// Credit went back to the customer
    Refund(Refund),
    /// Enforcement off until and with a day
    Hold(Hold),
    /// The customer cancels: no charges, and it lapses at its expiry
    Cancel(Cancel),
    /// A customer who cannot be mailed was told by other means of a suspension or deletion
    Told(Told),
    /// Transferred away or closed: out of everything
    End(End),
    /// A one-off charge: set-up, restore fee, upgrade difference
    Charge(Charge),
    /// Take an amount (with VAT) off an open charge
    Discount(Discount),
    /// Give up an open charge: it neither renews nor switches on again
    Writeoff(Writeoff),
    /// A new price, also for a charge that the customer was told
    Reprice(Reprice),
    /// Price or period from the next charge on
    Change(Change),
    /// A tax invoice was issued
    Invoice(Invoice),
    /// A customer, new or changed, without a file
    Customer(Customer),
    /// A service, new or changed, without a file
    Service(ServiceEntry),
    /// The customer's e-mail addresses
    Email(Email),
    /// What is listed was seen; a doubtful expiry is right; an unmatched payment is none of its candidates'
    Ack(Ack),
    /// A work order was done
    Done(Done),
}

impl Record {
    /// Looks, before anything is opened, whether what was typed fits together where the command line cannot say so.
    ///
    /// # Errors
    /// In words, as a mistake of usage.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Payment(payment) => payment.check(),
            Self::Change(change) => change.check(),
            _ => Ok(()),
        }
    }

    /// The same, with codes where a customer or a service was named by a whole domain name, e-mail address, ΑΦΜ, reference
    /// or number of a card.
    ///
    /// # Errors
    /// A name that fits several.
    pub fn known(&self, store: &Store) -> Result<Self> {
        let mut known = self.clone();
        let (customers, services) = known.named();
        for customer in customers {
            if let Some(code) = find::known(store, customer.as_str())? {
                *customer = code;
            }
        }
        for service in services {
            if let Some(code) = find::known_service(store, service.as_str())? {
                *service = code;
            }
        }
        Ok(known)
    }

    /// The customers and services that it names and that must be there.
    fn named(&mut self) -> (Vec<&mut CustomerCode>, Vec<&mut ServiceCode>) {
        match self {
            Self::Payment(Payment { customer, services, .. }) => {
                (vec![customer], services.iter_mut().collect())
            }
            // a new customer's code is nobody's yet, and stays as it is
            Self::Customer(Customer { customer, .. })
            | Self::Proof(Proof { customer, .. })
            | Self::Refund(Refund { customer, .. })
            | Self::Email(Email { customer, .. }) => (vec![customer], Vec::new()),
            Self::Charge(Charge { customer, service, .. }) => (vec![customer], service.iter_mut().collect()),
            Self::Assign(Assign { customer, of, .. }) => {
                // `--for any` is a word, and no service
                let services = of.iter_mut().flatten().filter(|code| code.as_str() != money::ANY_SERVICE);
                (customer.iter_mut().collect(), services.collect())
            }
            Self::Hold(Hold { service, .. })
            | Self::Cancel(Cancel { service, .. })
            | Self::Told(Told { service, .. })
            | Self::End(End { service, .. })
            | Self::Reprice(Reprice { service, .. })
            | Self::Change(Change { service, .. }) => (Vec::new(), vec![service]),
            Self::Service(ServiceEntry { customer, .. }) => (customer.iter_mut().collect(), Vec::new()),
            Self::Reverse(_)
            | Self::Same(_)
            | Self::Discount(_)
            | Self::Writeoff(_)
            | Self::Invoice(_)
            | Self::Ack(_)
            | Self::Done(_) => (Vec::new(), Vec::new()),
        }
    }

    fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        match self {
            Self::Payment(payment) => payment.enter(at),
            Self::Reverse(reverse) => reverse.enter(at),
            Self::Same(same) => same.enter(at),
            Self::Proof(proof) => proof.enter(at),
            Self::Assign(assign) => assign.enter(at),
            Self::Refund(refund) => refund.enter(at),
            Self::Hold(hold) => hold.enter(at),
            Self::Cancel(cancel) => cancel.enter(at),
            Self::Told(told) => told.enter(at),
            Self::End(end) => end.enter(at),
            Self::Charge(charge) => charge.enter(at),
            Self::Discount(discount) => discount.enter(at),
            Self::Writeoff(writeoff) => writeoff.enter(at),
            Self::Reprice(reprice) => reprice.enter(at),
            Self::Change(change) => change.enter(at),
            Self::Invoice(invoice) => invoice.enter(at),
            Self::Customer(customer) => customer.enter(at),
            Self::Service(service) => service.enter(at),
            Self::Email(email) => email.enter(at),
            Self::Ack(ack) => ack.enter(at),
            Self::Done(done) => done.enter(at),
        }
    }
}

/// Who says so, and why.
#[derive(Debug, Clone)]
pub struct Author {
    /// Named with `--by`, else whoever is logged in.
    pub by: String,
    /// Kept in the journal; empty where nothing was said.
    pub reason: String,
}

/// What a record came to.
#[derive(Debug)]
pub struct Outcome {
    /// In words.
    pub recorded: String,
    /// What it did to the money and services of its customer.
    pub effect: Option<EffectView>,
    /// What needs a person because of it, and is new.
    pub attention: Vec<AttentionView>,
}

/// Records one thing.
///
/// # Errors
/// Something that does not exist or does not fit: then nothing changes.
pub fn record(desk: &Desk, store: &mut Store, run: Run, record: &Record, author: &Author) -> Result<Outcome> {
    let mut findings = Findings::default();
    let (recorded, effect) = store.write(run, |tx| -> Result<(String, Option<EffectView>)> {
        let entry = record.enter(&mut Recording { desk, tx, author, findings: &mut findings })?;
        let words = entry.recorded.to_string();
        let detail = json!({ "by": author.by, "reason": author.reason, "what": words });
        tx.journal(entry.customer.as_ref(), entry.service.as_ref(), entry.recorded.event(), &detail)?;
        let effect = entry.customer.as_ref().map(|customer| effect(desk, tx, customer)).transpose()?;
        Ok((words, effect.flatten()))
    })?;
    let attention = findings.raise(desk, store, run, None)?;
    Ok(Outcome { recorded, effect, attention })
}

/// How a customer stands after this run, and what it settled. One whose record cannot be read has none.
fn effect(desk: &Desk, tx: &Tx<'_>, code: &CustomerCode) -> Result<Option<EffectView>> {
    let facts = match tx.facts(code, desk.rules.mode, desk.today) {
        Err(fault) if fault.is_data() => return Ok(None),
        facts => facts?,
    };
    let Some(facts) = facts else { return Ok(None) };
    Ok(Some(EffectView {
        customer: code.to_string(),
        name: facts.customer.name.clone(),
        settled: tx.settled_by_run(code)?,
        stays_off: facts.services.iter().filter_map(|service| stays_off(&facts, service)).collect(),
        due_cents: facts.due().cents(),
        credit_cents: facts.credit().cents(),
    }))
}

/// Whether a service is suspended, and money that is there does not lift that.
fn stays_off(facts: &Facts, service: &Service) -> Option<StaysOff> {
    let ServiceState::Suspended { reason, .. } = service.state else { return None };
    let stays = !reason.is_for_money(service.renews) || facts.open_period_charge(service).is_some();
    stays.then(|| StaysOff { service: service.code.to_string(), reason: reason.code() })
}

/// What the journal says of a record.
struct Entry {
    customer: Option<CustomerCode>,
    service: Option<ServiceCode>,
    recorded: Recorded,
}

impl Entry {
    fn of_customer(customer: &CustomerCode, recorded: Recorded) -> Self {
        Self { customer: Some(customer.clone()), service: None, recorded }
    }

    fn of_service(service: Service, recorded: Recorded) -> Self {
        Self { customer: Some(service.customer), service: Some(service.code), recorded }
    }

    const fn of_nobody(recorded: Recorded) -> Self {
        Self { customer: None, service: None, recorded }
    }
}

/// The transaction in which a record is entered, who says so, and what it brings to light.
struct Recording<'a> {
    desk: &'a Desk,
    tx: &'a Tx<'a>,
    author: &'a Author,
    findings: &'a mut Findings,
}

impl Recording<'_> {
    const fn today(&self) -> NaiveDate {
        self.desk.today
    }

    fn facts(&self, code: &CustomerCode) -> Result<Facts> {
        let facts = self.tx.facts(code, self.desk.rules.mode, self.today())?;
        Ok(facts.ok_or_else(|| Stop::unknown(format!("there is no customer `{code}`")))?)
    }

    /// What is known of a customer, who must have all of these services.
    fn facts_with<'s>(
        &self,
        customer: &CustomerCode,
        services: impl IntoIterator<Item = &'s ServiceCode>,
    ) -> Result<Facts> {
        let facts = self.facts(customer)?;
        match services.into_iter().find(|code| facts.service(code).is_none()) {
            Some(code) => Err(Stop::unknown(format!("`{customer}` has no service `{code}`")).into()),
            None => Ok(facts),
        }
    }

    fn service(&self, code: &ServiceCode) -> Result<Service> {
        let service = self.tx.service(code)?;
        Ok(service.ok_or_else(|| Stop::unknown(format!("there is no service `{code}`")))?)
    }

    /// Nothing is entered before its day.
    fn not_ahead(&self, date: NaiveDate) -> Result<()> {
        if date > self.today() {
            bail!("{date} lies after today, {}; enter it when its day has come", self.today());
        }
        Ok(())
    }

    /// Brings a customer's charges and credit up to today.
    fn update(&self, customer: &CustomerCode) -> Result<()> {
        crate::jobs::money::update(self.desk, self.tx, customer)
    }

    /// Notes for a person what money of the customer's lies idle.
    fn tell_idle(&mut self, customer: &CustomerCode) -> Result<()> {
        crate::jobs::money::tell_idle(self.desk, self.tx, customer, self.findings)
    }

    /// Puts every service of a customer that can be charged on hold, unless it is on a longer one; gives how many are on hold
    /// until then or longer.
    fn hold_all(&self, customer: &CustomerCode, until: NaiveDate, note: &str) -> Result<usize> {
        let mut held = 0;
        for service in self.facts(customer)?.services {
            let longer = service.hold.as_ref().is_some_and(|hold| hold.until >= until);
            if !service.is_chargeable() {
                continue;
            }
            held += 1;
            if !longer {
                let hold = Some(billed::Hold { until, note: note.to_owned() });
                self.tx.put_service(&Service { hold, ..service })?;
            }
        }
        Ok(held)
    }
}

/// An amount on the command line: more than nothing.
fn amount(text: &str) -> Result<Money, String> {
    let amount = Money::parse(text).map_err(|error| error.to_string())?;
    if amount.is_positive() { Ok(amount) } else { Err(format!("`{text}` must be more than zero")) }
}
