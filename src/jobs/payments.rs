//! Payments: whose they are, where their money goes, and which of them wait for a person.

use super::Desk;
use super::attention::{Findings, Kind};
use super::imports::PaymentSheets;
use crate::billing::allocation::allocate;
use crate::billing::charging::bring_up_to_date;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::service::ServiceState;
use crate::billing::text::look_alikes;
use crate::intake::PaymentRow;
use crate::store::{
    Customers, FactQueries, NewPayment, Outbox, Payments, Queries, RunId, Services, StatusQueries, Store,
    StoreError, Tx,
};
use crate::views::{AttentionView, ColumnView, ImportView, RecordView};
use anyhow::Result;
use serde_json::json;

/// Why a row cannot be booked: it names somebody or something that does not exist, or a known
/// reference with another day or amount.
pub(super) fn fault(store: &Store, row: &PaymentRow) -> Option<(&'static str, String)> {
    if let Some(code) = &row.customer
        && matches!(store.customer(&CustomerCode::new(code.clone())), Ok(None))
    {
        return Some(("customer", format!("there is no customer `{code}`")));
    }
    for code in &row.services {
        match store.service(&ServiceCode::new(code.clone())) {
            Ok(None) => return Some(("services", format!("there is no service `{code}`"))),
            Ok(Some(service)) if row.customer.as_ref().is_some_and(|c| *c != service.customer.as_str()) => {
                return Some(("services", format!("`{code}` is a service of `{}`", service.customer)));
            }
            Ok(Some(_)) | Err(_) => {}
        }
    }
    match store.payment_by_reference(&row.bank_ref, &row.account) {
        Ok(Some(known)) if known.date != row.date || known.amount != row.amount => Some((
            "bank_ref",
            format!(
                "`{}` is known as the payment of {} on {}; the same reference cannot be another payment",
                row.bank_ref, known.amount, known.date
            ),
        )),
        Ok(_) | Err(_) => None,
    }
}

/// Books the rows in the order of date and bank reference, and sends their money where it belongs.
pub(super) fn write(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    sheets: &PaymentSheets,
    view: &mut ImportView,
) -> Result<()> {
    let mut rows: Vec<&PaymentRow> =
        sheets.iter().flat_map(|sheet| &sheet.rows).map(|row| &row.value).collect();
    rows.sort_by(|a, b| (a.date, &a.bank_ref).cmp(&(b.date, &b.bank_ref)));
    for row in rows {
        book(desk, tx, run, row, view)?;
    }
    // even an empty or known file says up to which day the bank is known; a statement says so itself
    let until = sheets.iter().filter_map(|sheet| sheet.until).max();
    tx.note_payment_import(run, until.unwrap_or(desk.today).min(desk.today))?;
    Ok(())
}

fn book(desk: &Desk, tx: &Tx<'_>, run: RunId, row: &PaymentRow, view: &mut ImportView) -> Result<()> {
    if tx.payment_by_reference(&row.bank_ref, &row.account)?.is_some() {
        view.unchanged += 1;
        return Ok(());
    }
    let found = owner(tx, row)?;
    let new = NewPayment {
        date: row.date,
        amount: row.amount,
        bank_ref: row.bank_ref.clone(),
        customer: found.as_ref().map(|(code, _)| code.clone()),
        matched_by: found.as_ref().map(|(_, by)| *by),
        services: row.services.iter().cloned().map(ServiceCode::new).collect(),
        reference: row.reference.clone(),
        payer: row.payer.clone(),
        payer_iban: row.payer_iban.clone(),
        note: row.note.clone(),
        account: row.account.clone(),
        method: "bank",
    };
    if let Some((code, _)) = &found {
        // charges that are due already must exist before the money comes: it goes by the ladder, not as credit
        update(desk, tx, run, code)?;
    }
    let id = tx.book_payment(run, &new)?;
    view.created += 1;
    let column = |column, after: String| ColumnView { column, before: String::new(), after };
    let mut columns = vec![column("amount", row.amount.to_string())];
    if let Some((code, by)) = found {
        view.matched += 1;
        let basis = allocate_to(desk, tx, run, &code, id)?;
        columns.push(column("customer", code.to_string()));
        columns.push(column("matched_by", by.to_owned()));
        columns.push(column("basis", basis));
    } else {
        view.unmatched += 1;
        tx.journal(run, None, None, "payment_unmatched", &json!({ "bank_ref": row.bank_ref }))?;
    }
    view.records.push(RecordView { code: row.bank_ref.clone(), change: "created", columns });
    Ok(())
}

pub(super) fn update(desk: &Desk, tx: &Tx<'_>, run: RunId, code: &CustomerCode) -> Result<()> {
    let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(()) };
    let changes = bring_up_to_date(&mut facts, &desk.rules, desk.today, None);
    tx.apply(run, code, &changes, desk.rules.mode)?;
    Ok(())
}

/// Sends a booked payment's money where the ladder says, and remembers why.
pub(super) fn allocate_to(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    code: &CustomerCode,
    payment: PaymentId,
) -> Result<String> {
    let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(String::new()) };
    let (basis, changes) = allocate(&mut facts, payment, &desk.rules, desk.today);
    tx.apply(run, code, &changes, desk.rules.mode)?;
    let word = serde_json::to_value(basis)?.as_str().unwrap_or_default().to_owned();
    tx.note_basis(payment, &word)?;
    tx.journal(run, Some(code), None, "payment", &json!({ "payment": payment.0, "basis": word }))?;
    Ok(word)
}

/// Whose a payment is, and what told so: the file, a reference, a card's number, the services named.
fn owner(tx: &Tx<'_>, row: &PaymentRow) -> Result<Option<(CustomerCode, &'static str)>, StoreError> {
    if let Some(code) = &row.customer {
        return Ok(Some((CustomerCode::new(code.clone()), "customer")));
    }
    for text in [&row.reference, &row.note].into_iter().flatten() {
        if let Some(code) = by_reference(tx, text)? {
            return Ok(Some((code, "reference")));
        }
        if let Some(code) = by_card(tx, text)? {
            return Ok(Some((code, "card")));
        }
    }
    for text in [&row.reference, &row.note].into_iter().flatten() {
        if let Some(code) = by_code(tx, text)? {
            return Ok(Some((code, "code")));
        }
    }
    if let Some(iban) = &row.payer_iban
        && let Some(code) = tx.customer_of_payer(iban)?
    {
        return Ok(Some((code, "payer_iban")));
    }
    let mut owners = Vec::new();
    for code in &row.services {
        owners.extend(tx.service(&ServiceCode::new(code.clone()))?.map(|service| service.customer));
    }
    owners.dedup();
    Ok(if owners.len() == 1 { owners.pop().map(|code| (code, "services")) } else { None })
}

/// The one customer whose payment reference stands in a text, however it is spaced.
fn by_reference(tx: &impl Queries, text: &str) -> Result<Option<CustomerCode>, StoreError> {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).map(look_alikes).filter(|word| !word.is_empty()).collect();
    let mut found: Vec<CustomerCode> = Vec::new();
    // people type a reference in groups, banks cut it anywhere: try every run of words
    for first in 0..words.len() {
        let mut joined = String::new();
        for word in &words[first..] {
            joined.push_str(word);
            if joined.len() > 30 {
                break;
            }
            if joined.len() >= 5
                && let Some(code) = tx.customer_of_reference(&joined)?
                && !found.contains(&code)
            {
                found.push(code);
            }
        }
    }
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The customer of the one card whose number stands in a text.
fn by_card(tx: &impl Queries, text: &str) -> Result<Option<CustomerCode>, StoreError> {
    let upper = look_alikes(text);
    let mut found: Vec<CustomerCode> = Vec::new();
    for word in upper.split(|c: char| !(c.is_alphanumeric() || c == '-')) {
        if word.matches('-').count() == 2
            && let Some(code) = tx.customer_of_card(word)?
            && !found.contains(&code)
        {
            found.push(code);
        }
    }
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The one customer whose code stands in a text as a word; a bare number is no evidence.
fn by_code(tx: &impl Queries, text: &str) -> Result<Option<CustomerCode>, StoreError> {
    let mut found: Vec<CustomerCode> = Vec::new();
    for word in look_alikes(text).split(|c: char| !(c.is_alphanumeric() || c == '-')) {
        let telling = word.len() >= 3
            && word.chars().any(char::is_alphabetic)
            && word.chars().any(|c| c.is_ascii_digit());
        let code = CustomerCode::new(word);
        if telling && !found.contains(&code) && tx.customer(&code)?.is_some() {
            found.push(code);
        }
    }
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// Lists payments that wait for a person; gives what is new.
pub(super) fn attend(desk: &Desk, store: &mut Store, run: RunId) -> Result<Vec<AttentionView>> {
    let mut findings = Findings::default();
    for payment in store.unmatched_payments()? {
        let amount = Money::from_cents(payment.amount_cents);
        let who = payment.payer.as_deref().unwrap_or("an unnamed payer");
        let text = format!(
            "payment of {amount} on {} from {who} (`{}`) matches no customer; \
             import it with its customer, or assign it",
            payment.date, payment.bank_ref
        );
        findings.add(Kind::Unmatched, payment.id.to_string(), None, None, text);
    }
    for (code, credit, service) in late_money(desk, store)? {
        let text = format!(
            "{credit} are left of payments for `{service}`, which was terminated; return them or apply them"
        );
        findings.add(Kind::LateMoney, service.to_string(), Some(&code), Some(&service), text);
    }
    findings.raise(desk, store, run, Some(&[Kind::Unmatched, Kind::LateMoney]))
}

/// Credit of payments that name a terminated service, or of customers who have nothing else.
fn late_money(desk: &Desk, store: &Store) -> Result<Vec<(CustomerCode, Money, ServiceCode)>> {
    let mut late = Vec::new();
    for code in store.customers_with_terminated_and_credit()? {
        let Ok(Some(facts)) = store.facts(&code, desk.rules.mode, desk.today) else { continue };
        let gone = |service: &&crate::billing::service::Service| {
            matches!(service.state, ServiceState::Terminated { .. })
        };
        let runs = facts.services.iter().any(|service| service.is_chargeable());
        let Some(service) = facts.services.iter().rfind(gone) else { continue };
        let named = facts
            .payments
            .iter()
            .flat_map(|payment| &payment.services)
            .find(|code| facts.service(code).is_some_and(|service| gone(&service)));
        if let Some(named) = named.or((!runs).then_some(&service.code)) {
            late.push((code, facts.credit(), named.clone()));
        }
    }
    Ok(late)
}
