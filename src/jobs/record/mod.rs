//! What staff know, one line each: every record is journalled with who and why, and undone by a contrary one.
//! One enumeration is the command line and the job; doc comments of its variants and their fields are the help.

mod charge;
mod customer;
mod invoice;
mod listed;
mod money;
mod service;

pub use charge::{Charge, Discount, Reprice, Writeoff};
pub use customer::{Email, Proof};
pub use invoice::Invoice;
pub use listed::{Ack, Done};
pub use money::{Assign, Payment, Refund, Reverse, Same};
pub use service::{Cancel, Change, End, Hold, Told};

use crate::billing::facts::Facts;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::money::Money;
use crate::billing::service::{self as billed, Service};
use crate::error::Stop;
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::store::{Run, Store, Tx};
use crate::views::AttentionView;
use crate::views::record::Recorded;
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

/// Records one thing; gives what it came to in words, and what needs a person because of it and is new.
///
/// # Errors
/// Something that does not exist or does not fit: then nothing changes.
pub fn record(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    record: &Record,
    author: &Author,
) -> Result<(String, Vec<AttentionView>)> {
    let mut findings = Findings::default();
    let recorded = store.write(run, |tx| -> Result<String> {
        let entry = record.enter(&mut Recording { desk, tx, author, findings: &mut findings })?;
        let words = entry.recorded.to_string();
        let detail = json!({ "by": author.by, "reason": author.reason, "what": words });
        tx.journal(entry.customer.as_ref(), entry.service.as_ref(), entry.recorded.event(), &detail)?;
        Ok(words)
    })?;
    let attention = findings.raise(desk, store, run, None)?;
    Ok((recorded, attention))
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

    /// Puts every service of a customer that can be charged on hold, unless it is on a longer one; gives how many.
    fn hold_all(&self, customer: &CustomerCode, until: NaiveDate, note: &str) -> Result<usize> {
        let mut held = 0;
        for service in self.facts(customer)?.services {
            let longer = service.hold.as_ref().is_some_and(|hold| hold.until >= until);
            if service.is_chargeable() && !longer {
                let hold = Some(billed::Hold { until, note: note.to_owned() });
                self.tx.put_service(&Service { hold, ..service })?;
                held += 1;
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
