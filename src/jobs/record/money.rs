//! Records of money: that it came, came back, whose it is and what it is for.

use super::{Entry, Recording, amount};
use crate::billing::candidates::Evidence;
use crate::billing::charging;
use crate::billing::coded::coded;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::period::read_day;
use crate::billing::service::Hold;
use crate::error::Stop;
use crate::jobs::money;
use crate::store::{BY_HAND, NewPayment, StoredPayment, Tx};
use crate::views::finding::{Kind, WentBack};
use crate::views::record::{Recorded, RecordedMoney};
use anyhow::{Result, bail};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};

/// `--for any`: the money may serve every service.
pub(super) const ANY_SERVICE: &str = "any";

coded! {
    /// How money came.
    #[derive(ValueEnum)]
    pub enum Method {
        /// In cash
        Cash = "cash",
        /// By card
        Card = "card",
        /// By IRIS
        Iris = "iris",
        /// Over a bank
        Bank = "bank",
        /// A cheque: with --due a promise until its day, without it cleared money
        Cheque = "cheque",
    }
}

/// `record payment`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record payment K-0150 74,40 --by maria")]
pub struct Payment {
    /// Customer
    pub customer: CustomerCode,
    /// Amount, such as 124,00
    #[arg(value_parser = amount)]
    pub amount: Money,
    /// The day it came [default: today]
    #[arg(long, value_parser = read_day)]
    pub date: Option<NaiveDate>,
    /// For these services
    #[arg(long = "for", value_delimiter = ',', value_name = "SERVICE")]
    pub services: Vec<ServiceCode>,
    /// How it came
    #[arg(long, value_enum, default_value_t = Method::Cash)]
    pub method: Method,
    /// Its own reference, such as a receipt's number
    #[arg(long = "ref", value_name = "TEXT")]
    pub reference: Option<String>,
    /// It is not the money (or the cheque) of that amount which a statement has shown, or was recorded, already
    #[arg(long)]
    pub other_money: bool,
    /// With --method cheque: the day it can be cleared; until then it is a promise, and its services are on hold
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub due: Option<NaiveDate>,
}

impl Payment {
    pub(super) fn check(&self) -> Result<()> {
        if self.due.is_some() && self.method != Method::Cheque {
            return Err(Stop::usage("--due goes with --method cheque").into());
        }
        Ok(())
    }

    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        match self.due {
            Some(due) => self.promise(at, due),
            None => self.book(at),
        }
    }

    /// A cheque that is not due yet: a promise with a hold until its day, and money only when it is cleared.
    fn promise(&self, at: &Recording<'_>, due: NaiveDate) -> Result<Entry> {
        let Self { customer, amount, .. } = self;
        if due < at.today() {
            bail!("the cheque was due on {due}; if it is cleared, record its money without --due");
        }
        let cheque = Hold::of_cheque(*amount, due);
        let services = at.facts(customer)?.services;
        let mut holds = services.iter().filter_map(|service| service.hold.as_ref());
        if !self.other_money && holds.any(|hold| hold.note.starts_with(&cheque)) {
            bail!("this cheque was recorded already; if it is another, say so with --other-money");
        }
        let held = at.hold_all(customer, due, &(cheque + &at.author.reason))?;
        let cheque = RecordedMoney::Cheque { customer: customer.clone(), amount: *amount, due, held };
        Ok(Entry::of_customer(customer, Recorded::Money(cheque)))
    }

    fn book(&self, at: &mut Recording<'_>) -> Result<Entry> {
        let Self { customer, amount, .. } = self;
        let date = self.date.unwrap_or_else(|| at.today());
        let method = self.method.code();
        at.facts_with(customer, &self.services)?;
        at.not_ahead(date)?;
        let tx = at.tx;
        let bank_ref =
            self.reference.clone().unwrap_or_else(|| format!("{method}-{}-{}", at.today(), tx.run().id.0));
        if self.reference.is_some() && !tx.payments_of_reference(&bank_ref)?.is_empty() {
            bail!("a payment with the reference `{bank_ref}` is known already");
        }
        if !self.other_money {
            known_already(tx, *amount, date, customer)?;
        }
        at.update(customer)?;
        let id = tx.book_payment(&NewPayment {
            date,
            amount: *amount,
            bank_ref: bank_ref.clone(),
            customer: Some(customer.clone()),
            matched_by: Some(Evidence::Person),
            services: self.services.clone(),
            reference: None,
            payer: None,
            payer_iban: None,
            note: Some(at.author.reason.clone()),
            account: String::new(),
            source: BY_HAND.to_owned(),
            method,
            end_to_end: None,
            transaction_id: None,
            parked: None,
            seen_on: at.today(),
        })?;
        let basis = money::allocate_to(at.desk, tx, customer, id)?;
        at.tell_idle(customer)?;
        let paid = RecordedMoney::Paid { customer: customer.clone(), amount: *amount, bank_ref, basis };
        Ok(Entry::of_customer(customer, Recorded::Money(paid)))
    }
}

/// `record reverse`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record reverse 128 --reason \"επιστροφή από την τράπεζα\"")]
pub struct Reverse {
    /// The payment's number or its reference
    pub payment: String,
    /// How much of it [default: all]
    #[arg(long, value_parser = amount)]
    pub amount: Option<Money>,
}

impl Reverse {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let payment = payment_named(at.tx, &self.payment)?;
        let amount = self.amount.unwrap_or(payment.kept);
        if amount > payment.kept || !amount.is_positive() {
            bail!("{} of payment {} are left; {amount} cannot go back", payment.kept, payment.id.0);
        }
        let went_back = go_back(at, &payment, amount, "reversal")?;
        if amount == payment.kept {
            at.tx.close_one(Kind::Unmatched.code(), &payment.id.0.to_string())?;
        }
        // a person had given it to this customer: perhaps that is what was the mistake
        let is_given =
            payment.matched_by.as_deref() == Some(Evidence::Person.code()) && payment.source != BY_HAND;
        let given = is_given.then_some(payment.id);
        let recorded = Recorded::Money(RecordedMoney::WentBack { went_back, given });
        Ok(Entry { customer: payment.customer, service: None, recorded })
    }
}

/// `record same`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record same 131 128")]
pub struct Same {
    /// The line's number, from `status --unmatched`
    pub line: PaymentId,
    /// The number of the payment recorded by hand or brought by another file
    #[arg(required = true, value_name = "PAYMENT")]
    pub payments: Vec<PaymentId>,
}

impl Same {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let Self { line, payments } = self;
        let Some(shown) = unmatched(at.tx, *line)? else {
            let text = format!("payment {} is not an unmatched one", line.0);
            let known = at.tx.payment(*line)?.is_some();
            return Err(Stop::unknown_unless(known, text).hint("see `status --unmatched`").into());
        };
        let mut known = Vec::new();
        for id in payments {
            let payment =
                at.tx.payment(*id)?.ok_or_else(|| Stop::unknown(format!("there is no payment {}", id.0)))?;
            if payment.id == *line {
                bail!("payment {} is the line itself", line.0);
            }
            known.push(payment);
        }
        let sum: Money = known.iter().map(|payment| payment.amount).sum();
        let Some(first) = known.first().filter(|_| sum == shown.amount) else {
            bail!("the payments come to {sum} and the line is {}", shown.amount);
        };
        at.tx.name_same(*line, first.id)?;
        at.tx.close_one(Kind::Unmatched.code(), &line.0.to_string())?;
        let customer = first.customer.clone();
        let payments = known.into_iter().map(|payment| (payment.id, payment.bank_ref)).collect();
        let recorded = Recorded::Money(RecordedMoney::Same { bank_ref: shown.bank_ref, payments });
        Ok(Entry { customer, service: None, recorded })
    }
}

/// `record assign`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record assign 131 K-0150 --once")]
pub struct Assign {
    /// The payment's number, from `status --unmatched`
    pub payment: PaymentId,
    /// Customer
    #[arg(required_unless_present = "undo")]
    pub customer: Option<CustomerCode>,
    /// This once: the account it came from is not known as the customer's by it
    #[arg(long)]
    pub once: bool,
    /// What it is for: services, or `any` to free money that is kept for some
    #[arg(long = "for", value_delimiter = ',', value_name = "SERVICE|any")]
    pub of: Option<Vec<ServiceCode>>,
    /// It belongs to nobody again
    #[arg(long, conflicts_with = "customer")]
    pub undo: bool,
}

impl Assign {
    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        match &self.customer {
            Some(customer) => self.give(at, customer),
            None => self.take(at),
        }
    }

    /// Gives a payment to a customer, or says what a payment of theirs is for.
    fn give(&self, at: &mut Recording<'_>, customer: &CustomerCode) -> Result<Entry> {
        let (tx, id) = (at.tx, self.payment);
        // none leaves what it is for as it is, an empty list frees it for any
        let services: Option<Vec<ServiceCode>> =
            self.of.clone().map(|of| of.into_iter().filter(|code| code.as_str() != ANY_SERVICE).collect());
        at.facts_with(customer, services.iter().flatten())?;
        let known = tx.movement_of_id(id)?.filter(|known| known.kept.is_positive());
        let Some(known) = known else {
            let text = format!("there is no payment {} with money left", id.0);
            return Err(Stop::unknown(text).hint("see `status --unmatched`").into());
        };
        let basis = match (&known.customer, services) {
            (None, services) => {
                if let Some(services) = services {
                    tx.name_services(id, &services)?;
                }
                money::settle_owner(at.desk, tx, id, customer, Evidence::Person, !self.once)?
            }
            (Some(of), Some(services)) if of == customer => {
                tx.name_services(id, &services)?;
                at.update(customer)?;
                money::allocate_to(at.desk, tx, customer, id)?
            }
            (Some(of), _) => {
                bail!("payment {} is `{of}`'s; `record assign {} --undo` makes it nobody's first", id.0, id.0)
            }
        };
        at.tell_idle(customer)?;
        let (amount, paid_on) = (known.kept, known.date);
        let assigned = RecordedMoney::Assigned { amount, paid_on, customer: customer.clone(), basis };
        Ok(Entry::of_customer(customer, Recorded::Money(assigned)))
    }

    /// An assignment is taken back: the payment is nobody's again.
    fn take(&self, at: &mut Recording<'_>) -> Result<Entry> {
        let (tx, id) = (at.tx, self.payment);
        let known = payment_named(tx, &id.0.to_string())?;
        let Some(code) = known.customer.clone() else {
            bail!("payment {} belongs to nobody as it is", id.0);
        };
        if !known.kept.is_positive() {
            bail!("all of payment {} went back; nothing of it is left to be anybody's", id.0);
        }
        let spent = tx.spent(id)?;
        let mut facts = at.facts(&code)?;
        // its credit must not flow into what it leaves open
        facts.payments.retain(|other| other.id != id);
        let changes =
            charging::take_back(&mut facts, id, known.allocated, spent.clone(), &at.desk.rules, at.today());
        tx.apply(&code, &changes)?;
        tx.unassign_payment(id)?;
        money::waits_again(tx, &known)?;
        money::ask(tx, id, at.findings)?;
        let open = money::unsettled_again(&facts, &changes, &spent);
        let (amount, paid_on) = (known.kept, known.date);
        let unassigned = RecordedMoney::Unassigned { amount, paid_on, customer: code.clone(), open };
        Ok(Entry::of_customer(&code, Recorded::Money(unassigned)))
    }
}

/// `record refund`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record refund K-0150 26,00")]
pub struct Refund {
    /// Customer
    pub customer: CustomerCode,
    /// Amount
    #[arg(value_parser = amount)]
    pub amount: Money,
}

impl Refund {
    /// Credit goes back to the customer, newest payment first.
    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        let Self { customer, amount } = self;
        let facts = at.facts(customer)?;
        if *amount > facts.credit() || !amount.is_positive() {
            bail!(
                "`{customer}` has {} of credit; {amount} cannot be returned; money that has paid for something goes \
                 back with `record reverse PAYMENT`",
                facts.credit()
            );
        }
        let mut left = *amount;
        for payment in facts.payments.iter().rev() {
            let back = payment.left().min(left);
            if back.is_positive() {
                left -= back;
                let stored = payment_named(at.tx, &payment.id.0.to_string())?;
                go_back(at, &stored, back, "refund")?;
            }
        }
        at.tell_idle(customer)?;
        let refunded = RecordedMoney::Refunded { customer: customer.clone(), amount: *amount };
        Ok(Entry::of_customer(customer, Recorded::Money(refunded)))
    }
}

/// Refuses money that a statement has shown, or that a person has recorded for the same day.
fn known_already(tx: &Tx<'_>, amount: Money, date: NaiveDate, customer: &CustomerCode) -> Result<()> {
    if let Some(shown) = tx.on_statements(amount, date, customer)?.first() {
        bail!(
            "{amount} of `{customer}` came on {} by a statement already (`{}`); if this is other money, say so with \
             --other-money",
            shown.date,
            shown.bank_ref
        );
    }
    if let Some(known) = tx.recorded_on(amount, date, customer)?.first() {
        bail!(
            "{amount} of `{customer}` were recorded for {date} already (payment {}, `{}`); if this is other money, say so \
             with --other-money",
            known.id.0,
            known.bank_ref
        );
    }
    Ok(())
}

/// A payment by its number, else by its reference.
fn payment_named(tx: &Tx<'_>, name: &str) -> Result<StoredPayment> {
    if let Ok(id) = name.parse() {
        let payment = tx.payment(id)?;
        return Ok(payment.ok_or_else(|| {
            Stop::unknown(format!("there is no payment {name}"))
                .hint(format!("a reference that looks like a number is written `ref:{name}`"))
        })?);
    }
    let reference = name.strip_prefix("ref:").unwrap_or(name);
    let mut found = tx.payments_of_reference(reference)?;
    match (found.pop(), found.is_empty()) {
        (Some(payment), true) => Ok(payment),
        (Some(_), false) => bail!("`{name}` is the reference of several payments; name one by its number"),
        (None, _) => {
            Err(Stop::unknown(format!("there is no payment `{name}`")).hint("see `explain CUSTOMER`").into())
        }
    }
}

/// A payment that nobody owns, also one that was named the same as another.
pub(super) fn unmatched(tx: &Tx<'_>, id: PaymentId) -> Result<Option<StoredPayment>> {
    Ok(tx.movement_of_id(id)?.filter(|known| known.customer.is_none() && known.kept.is_positive()))
}

fn go_back(at: &Recording<'_>, payment: &StoredPayment, amount: Money, word: &str) -> Result<WentBack> {
    let bank_ref = format!("{word}:{}:{}", at.tx.run().id.0, payment.id.0);
    let entry = money::Reversal {
        amount,
        date: at.today(),
        bank_ref: &bank_ref,
        source: BY_HAND,
        why: &at.author.reason,
    };
    Ok(money::reverse(at.desk, at.tx, payment, &entry)?.1)
}
