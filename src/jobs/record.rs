//! What staff know, one line each: every record is journalled with who and why, and undone by a contrary one.

use super::{Desk, gates, invoices, payments};
use crate::billing::address;
use crate::billing::charge::Charge;
use crate::billing::charging::{self, charge_once, reprice_told, take_off};
use crate::billing::facts::{Change, Facts};
use crate::billing::ids::{ChargeId, CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::period::days_after;
use crate::billing::service::{Hold, Service, ServiceState, SuspensionReason};
use crate::billing::vat::Price;
use crate::error::Stop;
use crate::intake::InvoiceOf;
use crate::store::{
    BY_HAND, CLOCK_FORGIVEN, Charges, Customers, FactQueries, NewPayment, Payments, RecordOf, RunId, Runs,
    Services, Store, StoredPayment, Tx,
};
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
        /// `cash`, `card`, `iris` or `bank`.
        method: &'static str,
        /// A reference of its own; made where none is given.
        reference: Option<String>,
        /// It is not the money of that amount which a statement has shown already.
        other_money: bool,
    },
    /// A payment came back, or never was.
    Reverse {
        /// Its number or its reference.
        payment: String,
        /// How much of it; none for all.
        amount: Option<Money>,
    },
    /// A line of a statement is the same money as a payment recorded by hand.
    Same {
        /// The line.
        line: PaymentId,
        /// The payment recorded by hand.
        by_hand: PaymentId,
    },
    /// The customer sent a transfer slip: a short hold, not money.
    Proof {
        /// Whose.
        customer: CustomerCode,
        /// Days.
        days: u32,
    },
    /// An unmatched payment belongs to a customer.
    Assign {
        /// Which.
        payment: PaymentId,
        /// Whose; none takes an assignment back.
        customer: Option<CustomerCode>,
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

/// Records one thing; gives what it came to, in words.
///
/// # Errors
/// Something that does not exist or does not fit: then nothing changes.
pub fn record(
    desk: &Desk,
    store: &mut Store,
    run: RunId,
    record: &Record,
    witness: &Witness,
) -> Result<String> {
    store.write(|tx| {
        let (what, customer, service, text) = one(desk, tx, run, record, witness)?;
        let detail = json!({ "by": witness.by, "reason": witness.reason, "what": text });
        tx.journal(run, customer.as_ref(), service.as_ref(), &format!("record_{what}"), &detail)?;
        Ok(text)
    })
}

type Recorded = (&'static str, Option<CustomerCode>, Option<ServiceCode>, String);

fn one(desk: &Desk, tx: &Tx<'_>, run: RunId, record: &Record, witness: &Witness) -> Result<Recorded> {
    match record {
        Record::Payment { customer, amount, date, services, method, reference, other_money } => {
            let facts = facts(desk, tx, customer)?;
            for code in services {
                if facts.service(code).is_none() {
                    return Err(unknown(format!("`{customer}` has no service `{code}`")));
                }
            }
            let bank_ref = reference.clone().unwrap_or_else(|| format!("{method}-{}-{}", desk.today, run.0));
            if tx.movement(&bank_ref, "")?.is_some() {
                bail!("a payment with the reference `{bank_ref}` is known already");
            }
            if let (false, Some(shown)) = (*other_money, tx.on_statements(*amount, *date, customer)?.first())
            {
                bail!(
                    "{amount} of `{customer}` came on {} by a statement already (`{}`); if this is other money, \
                     say so with --other-money",
                    shown.date,
                    shown.bank_ref
                );
            }
            payments::update(desk, tx, run, customer)?;
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
            };
            let id = tx.book_payment(run, &new)?;
            let basis = payments::allocate_to(desk, tx, run, customer, id)?;
            let text = format!("{amount} of `{customer}` booked as `{bank_ref}` ({basis})");
            Ok(("payment", Some(customer.clone()), None, text))
        }
        Record::Reverse { payment, amount } => {
            let payment = payment_named(tx, payment)?;
            let amount = amount.unwrap_or(payment.kept);
            if amount > payment.kept || !amount.is_positive() {
                bail!("{} of payment {} are left; {amount} cannot go back", payment.kept, payment.id.0);
            }
            let text = take_back(desk, tx, run, &payment, amount, "reversal", witness)?;
            Ok(("reverse", payment.customer, None, text))
        }
        Record::Assign { payment, customer: Some(customer) } => {
            facts(desk, tx, customer)?;
            let Some(known) = unmatched(tx, *payment)? else {
                bail!("payment {} is not an unmatched one; see `status --unmatched`", payment.0);
            };
            let basis = payments::settle_owner(desk, tx, run, *payment, customer, "person")?;
            tx.close_others("unmatched", &still_unmatched(tx)?, None, desk.today)?;
            let text = format!("{} of {} belongs to `{customer}` ({basis})", known.kept, known.date);
            Ok(("assign", Some(customer.clone()), None, text))
        }
        Record::Assign { payment, customer: None } => {
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
            tx.apply(run, &code, &changes, desk.rules.mode)?;
            tx.unassign_payment(*payment)?;
            let open = payments::unsettled_again(&facts, &changes, &spent);
            let text = format!("{} of {} belongs to `{code}` no longer{open}", known.kept, known.date);
            Ok(("assign", Some(code), None, text))
        }
        Record::Same { line, by_hand } => {
            let Some(shown) = unmatched(tx, *line)? else {
                bail!("payment {} is not an unmatched one; see `status --unmatched`", line.0);
            };
            let known = payment_named(tx, &by_hand.0.to_string())?;
            if known.source != BY_HAND {
                bail!("payment {} was not recorded by hand", by_hand.0);
            }
            if known.amount != shown.amount {
                bail!("payment {} is {} and the line is {}", by_hand.0, known.amount, shown.amount);
            }
            tx.name_same(*line, *by_hand)?;
            tx.close_others("unmatched", &still_unmatched(tx)?, None, desk.today)?;
            let text =
                format!("`{}` is the money of payment {} (`{}`)", shown.bank_ref, by_hand.0, known.bank_ref);
            Ok(("same", known.customer, None, text))
        }
        Record::Proof { customer, days } => {
            let until = days_after(desk.today, *days);
            let note = format!("transfer slip received: {}", witness.reason);
            let mut held = 0;
            for service in facts(desk, tx, customer)?.services {
                let longer = service.hold.as_ref().is_some_and(|hold| hold.until >= until);
                if service.is_chargeable() && !longer {
                    let hold = Some(Hold { until, note: note.clone() });
                    tx.put_service(&Service { hold, ..service })?;
                    held += 1;
                }
            }
            Ok((
                "proof",
                Some(customer.clone()),
                None,
                format!("{held} services of `{customer}` are on hold until {until}"),
            ))
        }
        Record::Refund { customer, amount } => {
            let text = refund(desk, tx, run, customer, *amount, witness)?;
            Ok(("refund", Some(customer.clone()), None, text))
        }
        Record::Charge { customer, service, price, label } => {
            let mut facts = facts(desk, tx, customer)?;
            if let Some(code) = service.as_ref().filter(|code| facts.service(code).is_none()) {
                return Err(unknown(format!("`{customer}` has no service `{code}`")));
            }
            let changes =
                charge_once(&mut facts, &desk.rules, service.clone(), label.clone(), *price, desk.today);
            tx.apply(run, customer, &changes, desk.rules.mode)?;
            let gross = changes.iter().find_map(|change| match change {
                Change::Charged(charge) => Some(charge.amounts.gross),
                _ => None,
            });
            let text = format!("`{customer}` is charged {} for «{label}»", gross.unwrap_or(Money::ZERO));
            Ok(("charge", Some(customer.clone()), service.clone(), text))
        }
        Record::TakeOff { of, amount } => {
            let (mut facts, charge) = charge_named(desk, tx, of)?;
            let customer = facts.customer.code.clone();
            let amount = amount.unwrap_or_else(|| charge.due());
            if amount > charge.due() || !amount.is_positive() {
                bail!("{} are due for `{of}`; {amount} cannot be taken off", charge.due());
            }
            let label = witness.reason.clone();
            let changes = take_off(&mut facts, &desk.rules, &charge, amount, label, desk.today);
            tx.apply(run, &customer, &changes, desk.rules.mode)?;
            let text =
                format!("{amount} taken off the charge of `{of}`, {} remain due", charge.due() - amount);
            Ok(("discount", Some(customer), charge.service, text))
        }
        Record::Reprice { service: code, price } => {
            let mut stored = service(tx, code)?;
            stored.price = *price;
            tx.put_service(&stored)?;
            tx.note_staff_word(run, RecordOf::Service(code), "price")?;
            let mut facts = facts(desk, tx, &stored.customer)?;
            let changes = reprice_told(&mut facts, &desk.rules, code);
            tx.apply(run, &stored.customer, &changes, desk.rules.mode)?;
            payments::update(desk, tx, run, &stored.customer)?;
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
                    tx.note_staff_word(run, RecordOf::Service(code), column)?;
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
            stored.renews = *undo;
            if let (true, ServiceState::Suspended { on, reason: SuspensionReason::Cancelled, expiry }) =
                (*undo, stored.state)
            {
                stored.state = ServiceState::Suspended { on, reason: SuspensionReason::Nonpayment, expiry };
            }
            tx.put_service(&stored)?;
            tx.note_staff_word(run, RecordOf::Service(code), "renews")?;
            payments::update(desk, tx, run, &stored.customer)?;
            let text = if *undo {
                format!("`{code}` renews again")
            } else {
                format!("`{code}` is cancelled and lapses on {}", stored.expires_on)
            };
            Ok(("cancel", Some(stored.customer), Some(code.clone()), text))
        }
        Record::End { service: code, undo } => {
            let mut stored = service(tx, code)?;
            if *undo && !matches!(stored.state, ServiceState::Ended { .. }) {
                bail!("`{code}` has not ended");
            }
            stored.state = if *undo { ServiceState::Active } else { ServiceState::Ended { on: desk.today } };
            tx.put_service(&stored)?;
            let text = if *undo {
                format!("`{code}` is there again, active until {}", stored.expires_on)
            } else {
                format!("`{code}` has ended: no charges, no mail, no hook")
            };
            Ok(("end", Some(stored.customer), Some(code.clone()), text))
        }
        Record::Invoice { number, date, of } => {
            let covered = invoices::covered(tx, of)?;
            if covered.is_nothing() {
                bail!("no charge was found for invoice `{number}`");
            }
            let count = invoices::issue(tx, run, number, *date, &covered)?;
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
            tx.note_staff_word(run, RecordOf::Customer(customer), "email")?;
            let text = format!("`{customer}` is written to at {}", stored.email.join(", "));
            Ok(("email", Some(customer.clone()), None, text))
        }
        Record::Ack { code } if code == "clock" => {
            match tx.latest_run_day(run)?.filter(|latest| *latest > desk.today) {
                None => {
                    bail!("no run worked for a later day than {}; there is nothing to forgive", desk.today)
                }
                Some(latest) => {
                    let detail = json!({ "by": witness.by, "reason": witness.reason, "day": latest });
                    tx.journal(run, None, None, CLOCK_FORGIVEN, &detail)?;
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
            let mut count = gates::put_aside(desk, tx, code, &witness.by)?;
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
            if !tx.close_work_order(*order, &witness.by, desk.today)? {
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

fn still_unmatched(tx: &Tx<'_>) -> Result<Vec<String>> {
    use crate::store::StatusQueries;
    Ok(tx.unmatched_payments()?.into_iter().map(|payment| payment.id.to_string()).collect())
}

/// A payment by its number, else by its reference.
fn payment_named(tx: &Tx<'_>, name: &str) -> Result<StoredPayment> {
    if let Some(payment) = name.parse().ok().map(|id| tx.payment(PaymentId(id))).transpose()?.flatten() {
        return Ok(payment);
    }
    let mut found = tx.payments_of_reference(name)?;
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
    run: RunId,
    payment: &StoredPayment,
    amount: Money,
    word: &str,
    witness: &Witness,
) -> Result<String> {
    let bank_ref = format!("{word}:{}:{}", run.0, payment.id.0);
    let entry = payments::Reversal {
        amount,
        date: desk.today,
        bank_ref: &bank_ref,
        source: BY_HAND,
        why: &witness.reason,
    };
    payments::take_back(desk, tx, run, payment, &entry)
}

/// Credit goes back to the customer, newest payment first.
fn refund(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
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
            take_back(desk, tx, run, &stored, back, "refund", witness)?;
        }
    }
    Ok(format!("{amount} of the credit of `{customer}` went back"))
}
