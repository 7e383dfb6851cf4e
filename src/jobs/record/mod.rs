//! What staff know, one line each: every record is journalled with who and why, and undone by a contrary one.

use crate::billing::address;
use crate::billing::asked::rate_of;
use crate::billing::charge::Charge;
use crate::billing::charging::{self, TakeOff, charge_once, reprice_told, take_off};
use crate::billing::facts::{Change, Facts};
use crate::billing::ids::{ChargeId, CustomerCode, PaymentId, ServiceCode};
use crate::billing::letters;
use crate::billing::money::Money;
use crate::billing::period::days_after;
use crate::billing::service::{Hold, Service, ServiceState, SuspensionReason};
use crate::billing::vat::Price;
use crate::error::Stop;
use crate::intake::InvoiceOf;
use crate::jobs::attention::{Findings, Kind};
use crate::jobs::import::invoices;
use crate::jobs::money;
use crate::jobs::{Desk, gates};
use crate::store::{BY_HAND, CLOCK_FORGIVEN, NewPayment, RecordOf, Run, Store, StoredPayment, Tx};
use crate::views::AttentionView;
use anyhow::{Result, anyhow, bail};
use chrono::NaiveDate;
use serde_json::json;

/// What is recorded.
#[derive(Debug, Clone)]
pub enum Record {
    /// Money came, by a way no statement shows.
    Payment {
        /// Whose.
        customer: CustomerCode,
        /// How much.
        amount: Money,
        /// The day it came.
        date: NaiveDate,
        /// For these services.
        services: Vec<ServiceCode>,
        /// `cash`, `card`, `iris`, `bank` or `cheque`.
        method: &'static str,
        /// A reference of its own; made where none is given.
        reference: Option<String>,
        /// It is not the money of that amount which a statement has shown, or a person recorded, already.
        other_money: bool,
    },
    /// A cheque that is not due yet: a promise with a hold until its day, and money only when it is cleared.
    Cheque {
        /// Whose.
        customer: CustomerCode,
        /// How much.
        amount: Money,
        /// The day it can be cleared.
        due: NaiveDate,
    },
    /// A payment came back, or never was.
    Reverse {
        /// Its number or its reference.
        payment: String,
        /// How much of it; none for all.
        amount: Option<Money>,
    },
    /// A line of a statement is the same money as a payment that is known already, or as several together.
    Same {
        /// The line.
        line: PaymentId,
        /// The payments it is the money of.
        payments: Vec<PaymentId>,
    },
    /// The customer sent a transfer slip: a short hold, not money.
    Proof {
        /// Whose.
        customer: CustomerCode,
        /// Days.
        days: u32,
    },
    /// A payment belongs to a customer, or is for other services of theirs.
    Assign {
        /// Which.
        payment: PaymentId,
        /// Whose.
        customer: CustomerCode,
        /// Its payer's account is not known as theirs by it.
        once: bool,
        /// What it is for; none leaves that as it is, an empty list frees it for any.
        services: Option<Vec<ServiceCode>>,
    },
    /// An assignment is taken back: the payment is nobody's again.
    Unassign {
        /// Which.
        payment: PaymentId,
    },
    /// Credit went back.
    Refund {
        /// Whose.
        customer: CustomerCode,
        /// How much.
        amount: Money,
    },
    /// Enforcement off until a day, or on again.
    Hold {
        /// Which service.
        service: ServiceCode,
        /// Until and with this day; none ends it.
        until: Option<NaiveDate>,
    },
    /// The customer cancels (or changes their mind).
    Cancel {
        /// Which service.
        service: ServiceCode,
        /// It renews again.
        undo: bool,
    },
    /// A person told the customer of a suspension or termination by other means than mail.
    Told {
        /// Which service.
        service: ServiceCode,
        /// The day that was named.
        date: NaiveDate,
        /// `phone` or `letter`.
        how: &'static str,
    },
    /// Transferred away or closed.
    End {
        /// Which service.
        service: ServiceCode,
        /// It is there after all.
        undo: bool,
    },
    /// A one-off charge.
    Charge {
        /// Whose.
        customer: CustomerCode,
        /// For which service.
        service: Option<ServiceCode>,
        /// How much.
        price: Price,
        /// What is printed.
        label: String,
    },
    /// Off an open charge: an amount (gross), or all of it.
    TakeOff {
        /// A service's code, for its open charge; or `#` and the number of a charge.
        of: String,
        /// How much; none for all that is due.
        amount: Option<Money>,
        /// Whether it costs less, or the debt is given up.
        kind: TakeOff,
    },
    /// A new price, also for a charge that was told.
    Reprice {
        /// Which service.
        service: ServiceCode,
        /// The price.
        price: Price,
    },
    /// Price or period from the next charge on.
    Change {
        /// Which service.
        service: ServiceCode,
        /// The price.
        price: Option<Price>,
        /// The period.
        months: Option<u32>,
    },
    /// A tax invoice was issued.
    Invoice {
        /// Its number.
        number: String,
        /// Its day.
        date: NaiveDate,
        /// What it is for.
        of: InvoiceOf,
    },
    /// A tax invoice was recorded by mistake.
    InvoiceUndone {
        /// Its number.
        number: String,
    },
    /// The customer's addresses.
    Email {
        /// Whose.
        customer: CustomerCode,
        /// The addresses.
        addresses: Vec<String>,
    },
    /// A person has seen what is listed.
    Ack {
        /// A customer's or service's code, or the key of what is listed.
        code: String,
    },
    /// A work order was done.
    Done {
        /// Its number.
        order: i64,
    },
}

/// Who says so, and why.
#[derive(Debug, Clone)]
pub struct Witness {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Records one thing; gives what it came to.
///
/// # Errors
/// Something that does not exist or does not fit: then nothing changes.
pub fn record(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    record: &Record,
    witness: &Witness,
) -> Result<Recorded> {
    let mut findings = Findings::default();
    let text = store.write(run, |tx| -> Result<String> {
        let (what, customer, service, text) = one(desk, tx, record, witness, &mut findings)?;
        let detail = json!({ "by": witness.by, "reason": witness.reason, "what": text });
        tx.journal(customer.as_ref(), service.as_ref(), &format!("record_{what}"), &detail)?;
        Ok(text)
    })?;
    let attention = findings.raise(desk, store, run, None)?;
    Ok(Recorded { text, attention })
}

/// What a record came to.
#[derive(Debug)]
pub struct Recorded {
    /// In words.
    pub text: String,
    /// What needs a person because of it and is new.
    pub attention: Vec<AttentionView>,
}

/// What was recorded, of whom, and in words.
type Entry = (&'static str, Option<CustomerCode>, Option<ServiceCode>, String);

fn one(
    desk: &Desk,
    tx: &Tx<'_>,
    record: &Record,
    witness: &Witness,
    findings: &mut Findings,
) -> Result<Entry> {
    match record {
        Record::Payment { customer, amount, date, services, method, reference, other_money } => {
            let facts = facts(desk, tx, customer)?;
            for code in services {
                if facts.service(code).is_none() {
                    return Err(unknown(format!("`{customer}` has no service `{code}`")));
                }
            }
            not_ahead(desk, *date)?;
            let bank_ref =
                reference.clone().unwrap_or_else(|| format!("{method}-{}-{}", desk.today, tx.run().id.0));
            if reference.is_some() && !tx.payments_of_reference(&bank_ref)?.is_empty() {
                bail!("a payment with the reference `{bank_ref}` is known already");
            }
            if !other_money {
                known_already(tx, *amount, *date, customer)?;
            }
            money::update(desk, tx, customer)?;
            let new = NewPayment {
                date: *date,
                amount: *amount,
                bank_ref: bank_ref.clone(),
                customer: Some(customer.clone()),
                matched_by: Some("person"),
                services: services.clone(),
                reference: None,
                payer: None,
                payer_iban: None,
                note: Some(witness.reason.clone()),
                account: String::new(),
                source: BY_HAND.to_owned(),
                method,
                end_to_end: None,
                transaction_id: None,
                parked: None,
                seen_on: desk.today,
            };
            let id = tx.book_payment(&new)?;
            let basis = money::allocate_to(desk, tx, customer, id)?;
            money::tell_idle(desk, tx, customer, findings)?;
            let text = format!("{amount} of `{customer}` booked as `{bank_ref}` ({basis})");
            Ok(("payment", Some(customer.clone()), None, text))
        }
        Record::Cheque { customer, amount, due } => {
            if *due < desk.today {
                bail!("the cheque was due on {due}; if it is cleared, record its money without --due");
            }
            let note = format!("cheque of {amount}, due on {due}: {}", witness.reason);
            let held = hold_all(desk, tx, customer, *due, &note)?;
            let text = format!(
                "`{customer}` gave a cheque of {amount}: {held} services are on hold until {due}; it is no money yet"
            );
            Ok(("cheque", Some(customer.clone()), None, text))
        }
        Record::Reverse { payment, amount } => {
            let payment = payment_named(tx, payment)?;
            let amount = amount.unwrap_or(payment.kept);
            if amount > payment.kept || !amount.is_positive() {
                bail!("{} of payment {} are left; {amount} cannot go back", payment.kept, payment.id.0);
            }
            let text = take_back(desk, tx, &payment, amount, "reversal", witness)?;
            if amount == payment.kept {
                tx.close_one(Kind::Unmatched.code(), &payment.id.0.to_string())?;
            }
            Ok(("reverse", payment.customer, None, text))
        }
        Record::Assign { payment, customer, once, services } => {
            let facts = facts(desk, tx, customer)?;
            for code in services.iter().flatten() {
                if facts.service(code).is_none() {
                    return Err(unknown(format!("`{customer}` has no service `{code}`")));
                }
            }
            assign(desk, tx, *payment, customer, *once, services.as_deref(), findings)
        }
        Record::Unassign { payment } => {
            let known = payment_named(tx, &payment.0.to_string())?;
            let Some(code) = known.customer.clone() else {
                bail!("payment {} belongs to nobody as it is", payment.0);
            };
            let spent = tx.spent(*payment)?;
            let mut facts = facts(desk, tx, &code)?;
            // its credit must not flow into what it leaves open
            facts.payments.retain(|other| other.id != *payment);
            let changes = charging::take_back(
                &mut facts,
                *payment,
                known.allocated,
                spent.clone(),
                &desk.rules,
                desk.today,
            );
            tx.apply(&code, &changes)?;
            tx.unassign_payment(*payment)?;
            money::waits_again(tx, &known)?;
            money::ask(tx, *payment, findings)?;
            let open = money::unsettled_again(&facts, &changes, &spent);
            let text = format!("{} of {} belongs to `{code}` no longer{open}", known.kept, known.date);
            Ok(("assign", Some(code), None, text))
        }
        Record::Same { line, payments } => same(tx, *line, payments),
        Record::Proof { customer, days } => {
            let until = days_after(desk.today, *days);
            let note = format!("transfer slip received: {}", witness.reason);
            let held = hold_all(desk, tx, customer, until, &note)?;
            let text = format!("{held} services of `{customer}` are on hold until {until}");
            Ok(("proof", Some(customer.clone()), None, text))
        }
        Record::Refund { customer, amount } => {
            let text = refund(desk, tx, customer, *amount, witness)?;
            money::tell_idle(desk, tx, customer, findings)?;
            Ok(("refund", Some(customer.clone()), None, text))
        }
        Record::Charge { customer, service, price, label } => {
            let mut facts = facts(desk, tx, customer)?;
            if let Some(code) = service.as_ref().filter(|code| facts.service(code).is_none()) {
                return Err(unknown(format!("`{customer}` has no service `{code}`")));
            }
            let changes =
                charge_once(&mut facts, &desk.rules, service.clone(), label.clone(), *price, desk.today);
            tx.apply(customer, &changes)?;
            let gross = changes.iter().find_map(|change| match change {
                Change::Charged(charge) => Some(charge.amounts.gross),
                _ => None,
            });
            let text = format!("`{customer}` is charged {} for «{label}»", gross.unwrap_or(Money::ZERO));
            Ok(("charge", Some(customer.clone()), service.clone(), text))
        }
        Record::TakeOff { of, amount, kind } => {
            let (mut facts, charge) = charge_named(desk, tx, of)?;
            let customer = facts.customer.code.clone();
            let amount = amount.unwrap_or_else(|| charge.due());
            if amount > charge.due() || !amount.is_positive() {
                bail!("{} are due for `{of}`; {amount} cannot be taken off", charge.due());
            }
            let label = witness.reason.clone();
            let changes = take_off(&mut facts, &desk.rules, &charge, amount, *kind, label, desk.today);
            tx.apply(&customer, &changes)?;
            money::tell_idle(desk, tx, &customer, findings)?;
            let (word, text) = match kind {
                TakeOff::Discount => (
                    "discount",
                    format!("{amount} taken off the charge of `{of}`, {} remain due", charge.due() - amount),
                ),
                TakeOff::WriteOff => (
                    "writeoff",
                    format!(
                        "{amount} of `{of}` are given up; it is neither renewed nor switched on again for that"
                    ),
                ),
            };
            Ok((word, Some(customer), charge.service, text))
        }
        Record::Reprice { service: code, price } => {
            let mut stored = service(tx, code)?;
            stored.price = *price;
            tx.put_service(&stored)?;
            tx.note_staff_word(RecordOf::Service(code), "price")?;
            let mut facts = facts(desk, tx, &stored.customer)?;
            let off =
                facts.open_period_charge(&stored).map_or(Money::ZERO, |charge| facts.taken_off(charge.id));
            if off > price.at(rate_of(&facts, &stored, &desk.rules)).gross {
                bail!(
                    "{off} were taken off the open charge of `{code}` already, which is more than the new price"
                );
            }
            let changes = reprice_told(&mut facts, &desk.rules, code);
            tx.apply(&stored.customer, &changes)?;
            money::update(desk, tx, &stored.customer)?;
            let text = format!(
                "`{code}` costs {} from now on; {} open charge changed",
                price.money(),
                changes.len()
            );
            Ok(("reprice", Some(stored.customer), Some(code.clone()), text))
        }
        Record::Change { service: code, price, months } => {
            let mut stored = service(tx, code)?;
            stored.price = price.unwrap_or(stored.price);
            stored.period_months = months.unwrap_or(stored.period_months);
            tx.put_service(&stored)?;
            for (column, said) in [("price", price.is_some()), ("period_months", months.is_some())] {
                if said {
                    tx.note_staff_word(RecordOf::Service(code), column)?;
                }
            }
            let text = format!(
                "`{code}`: {} per {} months from the next charge on",
                stored.price.money(),
                stored.period_months
            );
            Ok(("change", Some(stored.customer), Some(code.clone()), text))
        }
        Record::Hold { service: code, until } => {
            let mut stored = service(tx, code)?;
            if until.is_some_and(|until| until < desk.today) {
                bail!("a hold cannot end before today, {}", desk.today);
            }
            stored.hold = until.map(|until| Hold { until, note: witness.reason.clone() });
            tx.put_service(&stored)?;
            let text = match until {
                Some(until) => format!("`{code}` is on hold until and with {until}"),
                None => format!("`{code}` is on hold no longer"),
            };
            Ok(("hold", Some(stored.customer), Some(code.clone()), text))
        }
        Record::Cancel { service: code, undo } => {
            let mut stored = service(tx, code)?;
            // the first word counts: it is confirmed once
            stored.cancelled_on = match (*undo, stored.renews) {
                (true, _) => None,
                (false, true) => Some(desk.today),
                (false, false) => stored.cancelled_on,
            };
            stored.renews = *undo;
            if let (true, ServiceState::Suspended { on, reason: SuspensionReason::Cancelled, expiry }) =
                (*undo, stored.state)
            {
                stored.state = ServiceState::Suspended { on, reason: SuspensionReason::Nonpayment, expiry };
            }
            tx.put_service(&stored)?;
            tx.note_staff_word(RecordOf::Service(code), "renews")?;
            money::update(desk, tx, &stored.customer)?;
            money::tell_idle(desk, tx, &stored.customer, findings)?;
            let text = if *undo {
                format!("`{code}` renews again")
            } else {
                format!("`{code}` is cancelled and lapses on {}", stored.expires_on)
            };
            Ok(("cancel", Some(stored.customer), Some(code.clone()), text))
        }
        Record::Told { service: code, date, how } => {
            let owner = service(tx, code)?.customer;
            if *date < desk.today {
                bail!("{date} lies before today, {}; name a day to come", desk.today);
            }
            money::update(desk, tx, &owner)?;
            let facts = facts(desk, tx, &owner)?;
            let notice = letters::told_by_a_person(&facts, &desk.rules, code, *date, desk.today)
                .map_err(|why| anyhow!("`{code}`: {why}"))?;
            tx.store_told(&notice, how)?;
            let policy = facts.service(code).map(|service| desk.rules.policies.of(service));
            let (what, days) = match (notice.suspend_on, policy) {
                (Some(_), Some(policy)) => ("suspended", policy.min_notice_days),
                (_, Some(policy)) => ("deleted", policy.final_notice_days_before),
                (_, None) => ("suspended", 0),
            };
            let day = days_after(desk.today, days).max(*date);
            let text = format!(
                "`{owner}` was told by {how}: `{code}` is {what} on {day} at the earliest, unless paid"
            );
            Ok(("told", Some(owner), Some(code.clone()), text))
        }
        Record::End { service: code, undo: false } => {
            let mut stored = service(tx, code)?;
            if matches!(stored.state, ServiceState::Ended { .. }) {
                bail!("`{code}` has ended already");
            }
            tx.remember_before_end(code)?;
            stored.state = ServiceState::Ended { on: desk.today };
            tx.put_service(&stored)?;
            money::update(desk, tx, &stored.customer)?;
            money::tell_idle(desk, tx, &stored.customer, findings)?;
            let text = format!("`{code}` has ended: no charges, no mail, no hook");
            Ok(("end", Some(stored.customer), Some(code.clone()), text))
        }
        Record::End { service: code, undo: true } => {
            let mut stored = service(tx, code)?;
            if !matches!(stored.state, ServiceState::Ended { .. }) {
                bail!("`{code}` has not ended");
            }
            stored.state = tx.state_before_end(code)?.unwrap_or(ServiceState::Active);
            tx.put_service(&stored)?;
            money::update(desk, tx, &stored.customer)?;
            money::tell_idle(desk, tx, &stored.customer, findings)?;
            let state = crate::jobs::import::services::word_state(stored.state);
            let text = format!("`{code}` is there again, {state}, its expiry is {}", stored.expires_on);
            Ok(("end", Some(stored.customer), Some(code.clone()), text))
        }
        Record::Invoice { number, date, of } => {
            not_ahead(desk, *date)?;
            let covered = invoices::covered(tx, of)?;
            if covered.is_nothing() {
                bail!("no charge was found for invoice `{number}`");
            }
            let count = invoices::issue(tx, number, *date, &covered)?;
            let text = format!("invoice `{number}` of {date} recorded for {count} charges or advances");
            Ok(("invoice", None, None, text))
        }
        Record::InvoiceUndone { number } => {
            let count = tx.forget_invoice(number)?;
            if count == 0 {
                bail!("no invoice `{number}` is recorded");
            }
            Ok(("invoice", None, None, format!("invoice `{number}` is recorded no longer ({count} entries)")))
        }
        Record::Email { customer, addresses } => {
            let mut stored = tx
                .customer(customer)?
                .ok_or_else(|| unknown(format!("there is no customer `{customer}`")))?;
            let checked: Result<Vec<String>, String> = addresses.iter().map(|a| address::check(a)).collect();
            stored.email = checked.map_err(|why| anyhow!(why))?;
            tx.update_customer(&stored)?;
            tx.note_staff_word(RecordOf::Customer(customer), "email")?;
            let text = format!("`{customer}` is written to at {}", stored.email.join(", "));
            Ok(("email", Some(customer.clone()), None, text))
        }
        Record::Ack { code } if code == "clock" => {
            match tx.latest_run_day(tx.run().id)?.filter(|latest| *latest > desk.today) {
                None => {
                    bail!("no run worked for a later day than {}; there is nothing to forgive", desk.today)
                }
                Some(latest) => {
                    let detail = json!({ "by": witness.by, "reason": witness.reason, "day": latest });
                    tx.journal(None, None, CLOCK_FORGIVEN, &detail)?;
                    Ok((
                        "ack",
                        None,
                        None,
                        format!("a run for {latest} was the clock's fault; days count again"),
                    ))
                }
            }
        }
        Record::Ack { code } => {
            if let Some(text) = disown(tx, code, witness)? {
                return Ok(("ack", None, None, text));
            }
            let mut count = gates::put_aside(tx, code, &witness.by)?;
            count += tx.acknowledge(code, &witness.by)?;
            if let Some(mut stored) = tx.service(&ServiceCode::new(code.clone()))?.filter(|s| !s.confirmed) {
                stored.confirmed = true;
                tx.put_service(&stored)?;
                count += 1;
            }
            if count == 0 {
                bail!("nothing is listed of `{code}`");
            }
            Ok(("ack", None, None, format!("`{code}`: seen")))
        }
        Record::Done { order } => {
            if !tx.close_work_order(*order, &witness.by)? {
                bail!("work order {order} is not open; see `status --work-orders`");
            }
            Ok(("done", None, None, format!("work order {order} is done")))
        }
    }
}

/// A mistake in what was typed, and the same exit status as in every other command.
fn unknown(text: String) -> anyhow::Error {
    Stop::Usage(text).into()
}

fn facts(desk: &Desk, tx: &Tx<'_>, code: &CustomerCode) -> Result<Facts> {
    tx.facts(code, desk.rules.mode, desk.today)?
        .ok_or_else(|| unknown(format!("there is no customer `{code}`")))
}

fn service(tx: &Tx<'_>, code: &ServiceCode) -> Result<Service> {
    tx.service(code)?.ok_or_else(|| unknown(format!("there is no service `{code}`")))
}

/// Nothing is entered before its day.
fn not_ahead(desk: &Desk, date: NaiveDate) -> Result<()> {
    if date > desk.today {
        bail!("{date} lies after today, {}; enter it when its day has come", desk.today);
    }
    Ok(())
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

/// Puts every service of a customer that can be charged on hold, unless it is on a longer one; gives how many.
fn hold_all(
    desk: &Desk,
    tx: &Tx<'_>,
    customer: &CustomerCode,
    until: NaiveDate,
    note: &str,
) -> Result<usize> {
    let mut held = 0;
    for service in facts(desk, tx, customer)?.services {
        let longer = service.hold.as_ref().is_some_and(|hold| hold.until >= until);
        if service.is_chargeable() && !longer {
            let hold = Some(Hold { until, note: note.to_owned() });
            tx.put_service(&Service { hold, ..service })?;
            held += 1;
        }
    }
    Ok(held)
}

/// Gives a payment to a customer, or says what a payment of theirs is for.
fn assign(
    desk: &Desk,
    tx: &Tx<'_>,
    payment: PaymentId,
    customer: &CustomerCode,
    once: bool,
    services: Option<&[ServiceCode]>,
    findings: &mut Findings,
) -> Result<Entry> {
    let known = tx.movement_of_id(payment)?.filter(|known| known.kept.is_positive());
    let Some(known) = known else {
        return Err(unknown(format!(
            "there is no payment {} with money left; see `status --unmatched`",
            payment.0
        )));
    };
    let basis = match &known.customer {
        None => {
            if let Some(services) = services {
                tx.name_services(payment, services)?;
            }
            money::settle_owner(desk, tx, payment, customer, "person", !once)?
        }
        Some(of) if of == customer && services.is_some() => {
            tx.name_services(payment, services.unwrap_or_default())?;
            money::update(desk, tx, customer)?;
            money::allocate_to(desk, tx, customer, payment)?
        }
        Some(of) => bail!(
            "payment {} is `{of}`'s; `record assign {} --undo` makes it nobody's first",
            payment.0,
            payment.0
        ),
    };
    money::tell_idle(desk, tx, customer, findings)?;
    let text = format!("{} of {} belongs to `{customer}` ({basis})", known.kept, known.date);
    Ok(("assign", Some(customer.clone()), None, text))
}

/// A line of a statement is money that is known already.
fn same(tx: &Tx<'_>, line: PaymentId, payments: &[PaymentId]) -> Result<Entry> {
    let Some(shown) = unmatched(tx, line)? else {
        bail!("payment {} is not an unmatched one; see `status --unmatched`", line.0);
    };
    let mut known = Vec::new();
    for id in payments {
        let payment = tx.payment(*id)?.ok_or_else(|| unknown(format!("there is no payment {}", id.0)))?;
        if payment.id == line {
            bail!("payment {} is the line itself", line.0);
        }
        known.push(payment);
    }
    let sum: Money = known.iter().map(|payment| payment.amount).sum();
    let Some(first) = known.first().filter(|_| sum == shown.amount) else {
        bail!("the payments come to {sum} and the line is {}", shown.amount);
    };
    tx.name_same(line, first.id)?;
    tx.close_one(Kind::Unmatched.code(), &line.0.to_string())?;
    let names: Vec<String> =
        known.iter().map(|payment| format!("{} (`{}`)", payment.id.0, payment.bank_ref)).collect();
    let text = format!("`{}` is the money of payment {}", shown.bank_ref, names.join(", "));
    Ok(("same", first.customer.clone(), None, text))
}

/// `ack` of an unmatched payment: it is none of those' whose it seemed to be, and protects nobody any more.
fn disown(tx: &Tx<'_>, code: &str, witness: &Witness) -> Result<Option<String>> {
    let Some(id) = code.parse().ok().map(PaymentId) else { return Ok(None) };
    let Some(known) = unmatched(tx, id)? else { return Ok(None) };
    tx.disown_payment(id)?;
    tx.acknowledge(code, &witness.by)?;
    Ok(Some(format!(
        "payment {code} ({} of {}) is none of its candidates'; it stays listed as unmatched, and keeps nothing from being \
         done any more",
        known.kept, known.date
    )))
}

/// A payment by its number, else by its reference.
fn payment_named(tx: &Tx<'_>, name: &str) -> Result<StoredPayment> {
    if let Ok(id) = name.parse() {
        return tx.payment(PaymentId(id))?.ok_or_else(|| {
            unknown(format!(
                "there is no payment {name}; a reference that looks like a number is written `ref:{name}`"
            ))
        });
    }
    let reference = name.strip_prefix("ref:").unwrap_or(name);
    let mut found = tx.payments_of_reference(reference)?;
    match (found.pop(), found.is_empty()) {
        (Some(payment), true) => Ok(payment),
        (Some(_), false) => bail!("`{name}` is the reference of several payments; name one by its number"),
        (None, _) => Err(unknown(format!("there is no payment `{name}`; see `explain CUSTOMER`"))),
    }
}

/// A payment that nobody owns, also one that was named the same as another.
fn unmatched(tx: &Tx<'_>, id: PaymentId) -> Result<Option<StoredPayment>> {
    Ok(tx.movement_of_id(id)?.filter(|known| known.customer.is_none() && known.kept.is_positive()))
}

/// The open charge that a person means: `#12`, or the code of a service, whose present period comes first.
fn charge_named(desk: &Desk, tx: &Tx<'_>, name: &str) -> Result<(Facts, Charge)> {
    if let Some(id) = name.strip_prefix('#').and_then(|id| id.parse().ok()).map(ChargeId) {
        let owner =
            tx.customer_of_charge(id)?.ok_or_else(|| unknown(format!("there is no charge `{name}`")))?;
        let facts = facts(desk, tx, &owner)?;
        let open = facts.open_charges().into_iter().find(|charge| charge.id == id).cloned();
        let charge = open.ok_or_else(|| anyhow!("charge `{name}` of `{owner}` is not open"))?;
        return Ok((facts, charge));
    }
    let code = ServiceCode::new(name);
    let service = service(tx, &code)?;
    let facts = facts(desk, tx, &service.customer)?;
    let present = facts.open_period_charge(&service).cloned();
    let any =
        || facts.open_charges().into_iter().find(|charge| charge.service.as_ref() == Some(&code)).cloned();
    let charge = present.or_else(any).ok_or_else(|| anyhow!("nothing is charged for `{code}` now"))?;
    Ok((facts, charge))
}

fn take_back(
    desk: &Desk,
    tx: &Tx<'_>,
    payment: &StoredPayment,
    amount: Money,
    word: &str,
    witness: &Witness,
) -> Result<String> {
    let bank_ref = format!("{word}:{}:{}", tx.run().id.0, payment.id.0);
    let entry = money::Reversal {
        amount,
        date: desk.today,
        bank_ref: &bank_ref,
        source: BY_HAND,
        why: &witness.reason,
    };
    Ok(money::take_back(desk, tx, payment, &entry)?.1)
}

/// Credit goes back to the customer, newest payment first.
fn refund(
    desk: &Desk,
    tx: &Tx<'_>,
    customer: &CustomerCode,
    amount: Money,
    witness: &Witness,
) -> Result<String> {
    let facts = facts(desk, tx, customer)?;
    if amount > facts.credit() || !amount.is_positive() {
        bail!(
            "`{customer}` has {} of credit; {amount} cannot be returned; money that has paid for something goes \
             back with `record reverse PAYMENT`",
            facts.credit()
        );
    }
    let mut left = amount;
    for payment in facts.payments.iter().rev() {
        let back = payment.left().min(left);
        if back.is_positive() {
            left -= back;
            let stored = payment_named(tx, &payment.id.0.to_string())?;
            take_back(desk, tx, &stored, back, "refund", witness)?;
        }
    }
    Ok(format!("{amount} of the credit of `{customer}` went back"))
}
