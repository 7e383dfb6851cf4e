//! Money: what importing, recording and enforcing do with it alike. Whose it turns out to be, where it goes, what is
//! taken back, and what a person is asked.

use crate::billing::allocation::{Basis, allocate};
use crate::billing::candidates::Evidence;
use crate::billing::charging::{self, Spent, bring_up_to_date};
use crate::billing::facts::{Change, Facts, Payment};
use crate::billing::ids::{CustomerCode, PaymentId};
use crate::billing::money::Money;
use crate::billing::service::{Service, ServiceState};
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::claims::{Said, wait};
use crate::store::{Parked, Run, Store, StoredPayment, Tx};
use crate::views::AttentionView;
use crate::views::finding::{Finding, Kind, MoneyFinding, OpenAgain, Resembles, UnownedPayment, WentBack};
use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;

/// A payment turns out to be a customer's: its money goes where the ladder says.
pub(crate) fn settle_owner(
    desk: &Desk,
    tx: &Tx<'_>,
    payment: PaymentId,
    code: &CustomerCode,
    evidence: Evidence,
    learns: bool,
) -> Result<Option<Basis>> {
    update(desk, tx, code)?;
    tx.assign_payment(payment, code, evidence, learns)?;
    tx.close_one(Kind::Unmatched.code(), &payment.0.to_string())?;
    allocate_to(desk, tx, code, payment)
}

/// Movements whose day was still to come when they were shown: today they are booked like others.
///
/// # Errors
/// Where the database cannot be written.
pub fn ripen(desk: &Desk, store: &mut Store, run: Run) -> Result<Vec<AttentionView>> {
    if store.payments_ripe_on(desk.today)?.is_empty() {
        return Ok(Vec::new());
    }
    let mut findings = Findings::default();
    store.write(run, |tx| -> Result<()> {
        for payment in tx.payments_ripe_on(desk.today)? {
            match &payment.likely {
                Some(code) => {
                    let known = payment.matched_by.as_deref().and_then(Evidence::from_code);
                    let evidence = known.unwrap_or(Evidence::Reference);
                    settle_owner(desk, tx, payment.id, code, evidence, true)?;
                    tell_idle(desk, tx, code, &mut findings)?;
                }
                None => {
                    tx.unpark(payment.id)?;
                    ask(tx, payment.id, &mut findings)?;
                }
            }
        }
        Ok(())
    })?;
    findings.raise(desk, store, run, None)
}

/// Money to be taken back of a payment.
pub(crate) struct Reversal<'a> {
    /// How much.
    pub(crate) amount: Money,
    /// The day.
    pub(crate) date: NaiveDate,
    /// The reference of the movement.
    pub(crate) bank_ref: &'a str,
    /// What brought it.
    pub(crate) source: &'a str,
    /// Why.
    pub(crate) why: &'a str,
}

/// Books money taken back and undoes what it had settled, never a renewal; gives what it came to, in words.
pub(crate) fn reverse(
    desk: &Desk,
    tx: &Tx<'_>,
    payment: &StoredPayment,
    entry: &Reversal<'_>,
) -> Result<(PaymentId, WentBack)> {
    let id = tx.book_reversal(payment, entry.amount, entry.date, entry.bank_ref, entry.source, entry.why)?;
    let mut back = WentBack {
        amount: entry.amount,
        paid_on: payment.date,
        bank_ref: payment.bank_ref.clone(),
        customer: payment.customer.clone(),
        was_credit: false,
        open: Vec::new(),
    };
    let Some(code) = &payment.customer else { return Ok((id, back)) };
    let detail = json!({ "payment": payment.id.0, "cents": entry.amount.cents(), "why": entry.why });
    tx.journal(Some(code), None, "taken_back", &detail)?;
    let short = payment.allocated - (payment.kept - entry.amount);
    if !short.is_positive() {
        back.was_credit = true;
        return Ok((id, back));
    }
    let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok((id, back)) };
    let spent = tx.spent(payment.id)?;
    let changes = charging::take_back(&mut facts, payment.id, short, spent.clone(), &desk.rules, desk.today);
    tx.apply(code, &changes)?;
    back.open = unsettled_again(&facts, &changes, &spent);
    Ok((id, back))
}

/// Each charge that money taken back left open, with what was already done for that money.
pub(crate) fn unsettled_again(facts: &Facts, changes: &[Change], spent: &[Spent]) -> Vec<OpenAgain> {
    let reopened = changes.iter().filter_map(|change| match change {
        Change::Reopened { charge, .. } => Some(*charge),
        _ => None,
    });
    let is_open = |id| facts.charges.iter().any(|charge| charge.id == id && charge.settled_on.is_none());
    reopened
        .filter(|id| is_open(*id))
        .filter_map(|id| spent.iter().find(|spent| spent.charge.id == id))
        .map(|Spent { charge, renewed, .. }| OpenAgain {
            what: charge.service.as_ref().map_or_else(|| charge.label.clone(), ToString::to_string),
            renewed_until: charge.period().filter(|_| *renewed).map(|period| period.to),
            invoice: charge.invoice.clone(),
        })
        .collect()
}

pub(crate) fn update(desk: &Desk, tx: &Tx<'_>, code: &CustomerCode) -> Result<()> {
    let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(()) };
    let changes = bring_up_to_date(&mut facts, &desk.rules, desk.today, None);
    tx.apply(code, &changes)?;
    Ok(())
}

/// Sends a booked payment's money where the ladder says, and remembers why.
pub(crate) fn allocate_to(
    desk: &Desk,
    tx: &Tx<'_>,
    code: &CustomerCode,
    payment: PaymentId,
) -> Result<Option<Basis>> {
    let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(None) };
    let (basis, changes) = allocate(&mut facts, payment, &desk.rules, desk.today);
    tx.apply(code, &changes)?;
    tx.note_basis(payment, basis.code())?;
    tx.journal(Some(code), None, "payment", &json!({ "payment": payment.0, "basis": basis }))?;
    Ok(Some(basis))
}

/// A payment that was given to a customer by mistake is nobody's again.
pub(crate) fn waits_again(tx: &Tx<'_>, known: &StoredPayment) -> Result<()> {
    let said = Said {
        payer: known.payer.as_deref(),
        reference: known.reference.as_deref(),
        note: known.note.as_deref(),
        services: &known.services,
    };
    wait(tx, known.id, said, known.likely.as_ref())
}

/// Lists a payment that nobody owns, with what a person can do about it.
pub(crate) fn ask(tx: &Tx<'_>, id: PaymentId, findings: &mut Findings) -> Result<()> {
    let Some(payment) = tx.movement_of_id(id)? else { return Ok(()) };
    let resembles = match payment.parked {
        // it is listed among the unmatched ones, and its day needs nobody
        Some(Parked::Ahead) => return Ok(()),
        Some(Parked::Batch) => Resembles::Batch,
        Some(Parked::OtherFormat) => Resembles::OtherFormat,
        Some(Parked::ByHand) | None => {
            let by_hand = tx.recorded_by_hand(payment.kept, payment.date, payment.likely.as_ref())?;
            let known = by_hand.into_iter().filter_map(|known| Some((known.id, known.customer?, known.date)));
            let known: Vec<_> = known.collect();
            if known.is_empty() { Resembles::Nothing } else { Resembles::ByHand(known) }
        }
    };
    let likely = payment.likely.clone();
    let payment = UnownedPayment {
        id,
        amount: payment.kept,
        on: payment.date,
        payer: payment.payer,
        bank_ref: payment.bank_ref,
        likely: payment.likely,
    };
    let finding = Finding::Money(MoneyFinding::Unmatched { payment, resembles });
    findings.add(id.0.to_string(), likely.as_ref(), None, &finding);
    Ok(())
}

/// Tells a person of credit that nothing of the customer's can still be paid with, and of money that came for a service
/// that no longer exists.
///
/// # Errors
/// Where the database cannot be read or written.
pub fn tell_idle(desk: &Desk, tx: &Tx<'_>, code: &CustomerCode, findings: &mut Findings) -> Result<()> {
    let Some(facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(()) };
    let late = |payment: &&Payment| {
        payment.left().is_positive()
            && facts.services.iter().any(|service| match service.state {
                ServiceState::Terminated { on } => {
                    payment.services.contains(&service.code)
                        || payment.services.is_empty() && payment.date >= on
                }
                ServiceState::Ended { .. } => payment.services.contains(&service.code),
                ServiceState::Active | ServiceState::Suspended { .. } => false,
            })
    };
    let idle = facts.credit().is_positive()
        && facts.open_charges().is_empty()
        && !facts.services.iter().any(|service| facts.will_be_charged(service));
    let named = facts.payments.iter().find(late);
    if !idle && named.is_none() {
        tx.close_one(Kind::LateMoney.code(), code.as_str())?;
        return Ok(());
    }
    let service = named.and_then(|payment| payment.services.first().cloned()).or_else(|| {
        let terminated = |service: &&Service| matches!(service.state, ServiceState::Terminated { .. });
        facts.services.iter().rfind(terminated).or(facts.services.last()).map(|service| service.code.clone())
    });
    let (customer, credit) = (code.clone(), facts.credit());
    let finding = Finding::Money(MoneyFinding::Late { customer, credit, service: service.clone() });
    findings.add(code.as_str(), Some(code), service.as_ref(), &finding);
    Ok(())
}
