//! What staff know, one line each: every record is journalled with who and why, and undone by a contrary one.

use super::{Desk, payments};
use crate::billing::address;
use crate::billing::charging::{charge_once, reprice_told, take_off};
use crate::billing::facts::{Change, Facts};
use crate::billing::ids::{ChargeId, CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::period::days_after;
use crate::billing::service::{Hold, Service, ServiceState, SuspensionReason};
use crate::billing::vat::Price;
use crate::store::{Charges, Customers, FactQueries, NewPayment, Payments, RunId, Services, Store, Tx};
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
        /// Whose.
        customer: CustomerCode,
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
    /// Off the open charge of a service: an amount (gross), or all of it.
    TakeOff {
        /// Which service.
        service: ServiceCode,
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
        of: Invoiced,
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

/// What a tax invoice is for.
#[derive(Debug, Clone)]
pub enum Invoiced {
    /// Everything a card asked for.
    Card(String),
    /// A service's period.
    Period(ServiceCode, NaiveDate),
    /// Everything a payment went to.
    Payment(String),
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
        Record::Payment { customer, amount, date, services, method, reference } => {
            let facts = facts(desk, tx, customer)?;
            for code in services {
                if facts.service(code).is_none() {
                    bail!("`{customer}` has no service `{code}`");
                }
            }
            let bank_ref = reference.clone().unwrap_or_else(|| format!("{method}-{}-{}", desk.today, run.0));
            if tx.payment_by_reference(&bank_ref, "")?.is_some() {
                bail!("a payment with the reference `{bank_ref}` is known already");
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
                method,
            };
            let id = tx.book_payment(run, &new)?;
            let basis = payments::allocate_to(desk, tx, run, customer, id)?;
            let text = format!("{amount} of `{customer}` booked as `{bank_ref}` ({basis})");
            Ok(("payment", Some(customer.clone()), None, text))
        }
        Record::Assign { payment, customer } => {
            facts(desk, tx, customer)?;
            let Some(known) = tx.unmatched_payment(*payment)? else {
                bail!("payment {} is not an unmatched one; see `status --unmatched`", payment.0);
            };
            payments::update(desk, tx, run, customer)?;
            tx.assign_payment(*payment, customer)?;
            let basis = payments::allocate_to(desk, tx, run, customer, *payment)?;
            tx.close_others("unmatched", &still_unmatched(tx)?, None, desk.today)?;
            let text = format!("{} of {} belongs to `{customer}` ({basis})", known.amount, known.date);
            Ok(("assign", Some(customer.clone()), None, text))
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
                bail!("`{customer}` has no service `{code}`");
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
        Record::TakeOff { service: code, amount } => {
            let service = service(tx, code)?;
            let mut facts = facts(desk, tx, &service.customer)?;
            let Some(charge) = facts.open_period_charge(&service).cloned() else {
                bail!("nothing is charged for `{code}` now");
            };
            let amount = amount.unwrap_or_else(|| charge.due());
            if amount > charge.due() || !amount.is_positive() {
                bail!("{} are due for `{code}`; {amount} cannot be taken off", charge.due());
            }
            let label = witness.reason.clone();
            let changes = take_off(&mut facts, &desk.rules, &charge, amount, label, desk.today);
            tx.apply(run, &service.customer, &changes, desk.rules.mode)?;
            let text =
                format!("{amount} taken off the charge of `{code}`, {} remain due", charge.due() - amount);
            Ok(("discount", Some(service.customer), Some(code.clone()), text))
        }
        Record::Reprice { service: code, price } => {
            let mut stored = service(tx, code)?;
            stored.price = *price;
            tx.put_service(&stored)?;
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
            payments::update(desk, tx, run, &stored.customer)?;
            let text = if *undo {
                format!("`{code}` renews again")
            } else {
                format!("`{code}` is cancelled and lapses on {}", stored.expires_on)
            };
            Ok(("cancel", Some(stored.customer), Some(code.clone()), text))
        }
        Record::End { service: code } => {
            let mut stored = service(tx, code)?;
            stored.state = ServiceState::Ended { on: desk.today };
            tx.put_service(&stored)?;
            let text = format!("`{code}` has ended: no charges, no mail, no hook");
            Ok(("end", Some(stored.customer), Some(code.clone()), text))
        }
        Record::Invoice { number, date, of } => {
            let charges = invoiced(tx, of)?;
            if charges.is_empty() {
                bail!("no charge was found for invoice `{number}`");
            }
            let count = tx.record_invoice(run, number, *date, &charges)?;
            Ok(("invoice", None, None, format!("invoice `{number}` of {date} recorded for {count} charges")))
        }
        Record::Email { customer, addresses } => {
            let mut stored =
                tx.customer(customer)?.ok_or_else(|| anyhow!("there is no customer `{customer}`"))?;
            let checked: Result<Vec<String>, String> = addresses.iter().map(|a| address::check(a)).collect();
            stored.email = checked.map_err(|why| anyhow!(why))?;
            tx.update_customer(&stored)?;
            let text = format!("`{customer}` is written to at {}", stored.email.join(", "));
            Ok(("email", Some(customer.clone()), None, text))
        }
        Record::Ack { code } => {
            let mut count = tx.acknowledge(code, &witness.by)?;
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

fn facts(desk: &Desk, tx: &Tx<'_>, code: &CustomerCode) -> Result<Facts> {
    tx.facts(code, desk.rules.mode, desk.today)?.ok_or_else(|| anyhow!("there is no customer `{code}`"))
}

fn service(tx: &Tx<'_>, code: &ServiceCode) -> Result<Service> {
    tx.service(code)?.ok_or_else(|| anyhow!("there is no service `{code}`"))
}

fn still_unmatched(tx: &Tx<'_>) -> Result<Vec<String>> {
    use crate::store::StatusQueries;
    Ok(tx.unmatched_payments()?.into_iter().map(|payment| payment.id.to_string()).collect())
}

/// Money that goes back leaves the credit: a settled one-off charge that no invoice is issued for.
fn refund(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    customer: &CustomerCode,
    amount: Money,
    witness: &Witness,
) -> Result<String> {
    let mut facts = facts(desk, tx, customer)?;
    if amount > facts.credit() || !amount.is_positive() {
        bail!("`{customer}` has {} of credit; {amount} cannot be returned", facts.credit());
    }
    let label = format!("Επιστροφή χρημάτων: {}", witness.reason);
    let rules = crate::billing::policy::Rules {
        standard_vat: crate::billing::vat::VatRate::ZERO,
        ..desk.rules.clone()
    };
    facts.customer.vat = crate::billing::vat::VatTreatment::Exempt;
    let changes = charge_once(&mut facts, &rules, None, label, Price::Gross(amount), desk.today);
    tx.apply(run, customer, &changes, desk.rules.mode)?;
    let newest = tx.newest_charge(customer)?;
    tx.record_invoice(run, "refund", desk.today, &newest)?;
    Ok(format!("{amount} of the credit of `{customer}` went back"))
}

fn invoiced(tx: &Tx<'_>, of: &Invoiced) -> Result<Vec<ChargeId>> {
    Ok(match of {
        Invoiced::Card(card) => tx.charges_of_card(card)?,
        Invoiced::Period(service, from) => tx.charge_of_period(service.as_str(), *from)?,
        Invoiced::Payment(bank_ref) => tx.charges_of_payment(bank_ref)?,
    })
}
