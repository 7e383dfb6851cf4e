//! How things stand: who is due, overdue, suspended, held back, and what waits for a person.

use crate::billing::candidates::{candidate, heads_of_names, said, words_of_payment};
use crate::billing::facts::Facts;
use crate::billing::ids::CustomerCode;
use crate::billing::money::Money;
use crate::billing::vat::Price;
use crate::jobs::Desk;
use crate::jobs::enforce::drift::shadow;
use crate::store::{Attention, Store, StoredPayment};
use crate::views::AttentionView;
use crate::views::status::{CandidateView, InvoiceRow, ResemblingView, StatusView, UnmatchedView};
use anyhow::Result;
use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use std::collections::{BTreeSet, HashMap};

/// Listed findings that hold a customer or a service back.
const HOLDING_BACK: [&str; 5] = ["no_email", "card", "data", "held_back", "too_many"];

/// A night is missed after so many hours.
const NIGHT_HOURS: i64 = 26;

/// When the last night began that was done, and whether that is within so long.
///
/// # Errors
/// Where the database cannot be read.
pub fn last_night(desk: &Desk, store: &Store, within: TimeDelta) -> Result<(Option<String>, bool)> {
    let night = store.last_night()?;
    let began = night.as_deref().and_then(|stamp| DateTime::parse_from_rfc3339(stamp).ok());
    let is_recent = began.is_some_and(|began| desk.now.signed_duration_since(began) < within);
    Ok((night, is_recent))
}

/// Everything that [`StatusView`] shows but the drift, for which panels are asked.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) fn status(desk: &Desk, store: &Store) -> Result<StatusView> {
    let horizon = desk.rules.policies.longest_horizon_days();
    let mut view = gather(store, desk, horizon)?;
    propose(store, desk, horizon, &mut view.unmatched)?;
    Ok(view)
}

fn gather(store: &Store, desk: &Desk, horizon: u32) -> Result<StatusView> {
    let (today, mode) = (desk.today, desk.rules.mode.code());
    let soon = today.checked_add_days(Days::new(horizon.into())).unwrap_or(NaiveDate::MAX);
    let listed: Vec<AttentionView> = store.open_attention()?.into_iter().map(attention).collect();
    let (held_back, others) = listed.into_iter().partition(|item| HOLDING_BACK.contains(&item.kind.as_str()));
    let (last_night, is_recent) = last_night(desk, store, TimeDelta::hours(NIGHT_HOURS))?;
    Ok(StatusView {
        as_of: today,
        mode,
        night_is_missing: last_night.is_some() && !is_recent,
        last_night,
        due: store.open_period_charges(today, soon)?,
        overdue: store.overdue_charges(today)?,
        one_off: store.one_off_charges()?,
        suspended: store.suspended_services()?,
        on_hold: store.services_on_hold(today)?,
        held_back,
        unmatched: store
            .unmatched_payments()?
            .into_iter()
            .map(|payment| {
                let amount = Money::from_cents(payment.amount_cents);
                let resembles =
                    store.recorded_by_hand(amount, payment.date, None)?.into_iter().map(resembling);
                Ok(UnmatchedView { resembles: resembles.collect(), payment, candidates: Vec::new() })
            })
            .collect::<Result<_>>()?,
        custom_apps: store.custom_apps(soon)?,
        to_invoice: to_invoice(store, desk)?,
        work_orders: store.work_orders()?,
        attention: others,
        shadow: shadow(desk, store)?,
        drift: None,
    })
}

fn resembling(known: StoredPayment) -> ResemblingView {
    ResemblingView {
        payment: known.id.0,
        customer: known.customer.map(|code| code.to_string()),
        date: known.date,
        method: known.method,
        bank_ref: known.bank_ref,
    }
}

/// What waits for a tax invoice; an advance is split at the customer's own rate.
fn to_invoice(store: &Store, desk: &Desk) -> Result<Vec<InvoiceRow>> {
    let mut rows = store.to_invoice()?;
    for row in rows.iter_mut().filter(|row| row.what == "advance") {
        let Some(customer) = store.customer(&CustomerCode::new(row.customer.clone()))? else { continue };
        let rate = customer.vat.rate(desk.rules.standard_vat);
        let amounts = Price::Gross(Money::from_cents(row.gross_cents)).at(rate);
        (row.net_cents, row.vat_cents) = (amounts.net.cents(), amounts.vat.cents());
    }
    Ok(rows)
}

/// Looks through the customers who owe something for whose the unmatched payments may be.
fn propose(store: &Store, desk: &Desk, horizon: u32, unmatched: &mut [UnmatchedView]) -> Result<()> {
    if unmatched.is_empty() {
        return Ok(());
    }
    let waiting = Waiting::of(unmatched);
    for code in store.due_customers(desk.today, horizon)? {
        // a record that cannot be read proposes nothing; it is listed elsewhere
        let Ok(Some(facts)) = store.facts(&code, desk.rules.mode, desk.today) else { continue };
        for at in waiting.perhaps(&facts) {
            let payment = &unmatched[at].payment;
            let words = said(payment.reference.as_deref(), payment.note.as_deref());
            let amount = Money::from_cents(payment.amount_cents);
            if let Some(found) = candidate(&facts, amount, payment.payer.as_deref(), &words) {
                unmatched[at].candidates.push(CandidateView {
                    customer: code.to_string(),
                    name: facts.customer.name.clone(),
                    score: found.score,
                    because: found.because.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                });
            }
        }
    }
    for view in unmatched {
        view.candidates.sort_by(|a, b| (b.score, &a.customer).cmp(&(a.score, &b.customer)));
        view.candidates.truncate(3);
    }
    Ok(())
}

/// Payments of nobody, by what makes one somebody's candidate: nobody is compared with all of them.
struct Waiting {
    by_amount: HashMap<i64, Vec<usize>>,
    by_word: HashMap<String, Vec<usize>>,
}

impl Waiting {
    fn of(unmatched: &[UnmatchedView]) -> Self {
        let mut waiting = Self { by_amount: HashMap::new(), by_word: HashMap::new() };
        for (at, UnmatchedView { payment, .. }) in unmatched.iter().enumerate() {
            waiting.by_amount.entry(payment.amount_cents).or_default().push(at);
            let text = said(payment.reference.as_deref(), payment.note.as_deref());
            for word in words_of_payment(payment.payer.as_deref(), &text) {
                waiting.by_word.entry(word).or_default().push(at);
            }
        }
        waiting
    }

    /// Those that may be a customer's, in order: by an amount of theirs, a name or the tax id.
    fn perhaps(&self, facts: &Facts) -> BTreeSet<usize> {
        let card = facts.last_card.as_ref().map(|card| card.total_due);
        let amounts = facts.open_charges().iter().map(|charge| charge.due()).chain(card).collect::<Vec<_>>();
        let amounts = amounts.iter().filter_map(|amount| self.by_amount.get(&amount.cents()));
        let names = heads_of_names(&facts.customer);
        // of a payment's words only figures are compared with a tax id, which abroad begins with letters
        let tax_id = facts.customer.tax_id.as_deref().unwrap_or_default();
        let figures: String = tax_id.chars().filter(char::is_ascii_digit).collect();
        let words = names.iter().chain([&figures]).filter_map(|word| self.by_word.get(word));
        amounts.chain(words).flatten().copied().collect()
    }
}

fn attention(item: Attention) -> AttentionView {
    AttentionView {
        kind: item.kind,
        customer: item.customer,
        service: item.service,
        since: item.since,
        text: item.text,
    }
}
