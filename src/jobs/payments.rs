//! Payments: whose they are, where their money goes, and which of them wait for a person.

use super::Desk;
use super::attention::{Findings, Kind};
use super::imports::PaymentSheets;
use crate::billing::allocation::allocate;
use crate::billing::charging::{self, Spent, bring_up_to_date};
use crate::billing::facts::{Change, Facts};
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::service::ServiceState;
use crate::billing::text::{have_words_in_common, look_alikes};
use crate::intake::{Movement, PaymentRow};
use crate::store::{
    Customers, FactQueries, NewPayment, Outbox, Payments, Queries, RunId, Services, StatusQueries, Store,
    StoreError, StoredPayment, Tx, is_same_account,
};
use crate::views::{AttentionView, ColumnView, ImportView, RecordView};
use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;
use std::collections::BTreeSet;

/// `source` of our own plain files: people write them, and name what they mean.
const CSV: &str = "csv";
/// Banks take money back soon or never; last year's payment of the same amount is not meant.
const REVERSED_WITHIN_DAYS: i64 = 60;

/// Why a row cannot be booked: it names somebody or something that does not exist, or a known
/// reference with another day or amount.
pub(super) fn fault(store: &Store, row: &PaymentRow) -> Option<(&'static str, String)> {
    if row.movement != Movement::Incoming {
        return None;
    }
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
    match store.movement(&row.bank_ref, &row.account) {
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
    sheets: PaymentSheets,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    // even an empty or known file says up to which day the bank is known; a statement says so itself
    let until = sheets.iter().filter_map(|sheet| sheet.until).max();
    if sheets.iter().any(|sheet| sheet.is_statement) {
        tx.note_payment_import(run, until.unwrap_or(desk.today).min(desk.today))?;
    }
    let mut sheets = sheets.into_iter();
    let mut rows = sheets.next().map(|sheet| sheet.rows).unwrap_or_default();
    rows.extend(sheets.flat_map(|sheet| sheet.rows));
    // names first, so that a payment is booked with its payer; money comes before it can be taken back
    rows.sort_unstable_by(|a, b| {
        let key = |row: &PaymentRow| (row.movement, row.date);
        key(&a.value).cmp(&key(&b.value)).then_with(|| a.value.bank_ref.cmp(&b.value.bank_ref))
    });
    let is_list_of_payers = rows.iter().all(|row| row.value.movement == Movement::PayerOnly);
    let mut known_elsewhere = BTreeSet::new();
    let mut unmet = 0;
    // each row goes as soon as it is booked: a statement may hold very many
    for row in rows {
        match row.value.movement {
            Movement::PayerOnly => unmet += u64::from(!payer(tx, &row.value, view)?),
            Movement::Incoming => book(desk, tx, run, row.value, view, &mut known_elsewhere)?,
            Movement::TakenBack => reversal(desk, tx, run, &row.value, view, findings)?,
        }
    }
    if unmet > 0 && is_list_of_payers {
        view.warnings.push(format!("{unmet} of the payers are of movements that are not imported yet"));
    }
    Ok(())
}

/// Remembers who paid a movement; gives whether that movement is known.
fn payer(tx: &Tx<'_>, row: &PaymentRow, view: &mut ImportView) -> Result<bool> {
    let payer = row.payer.as_deref().unwrap_or_default();
    let told = tx.payer_told(&row.account, &row.bank_ref, row.amount)?;
    if told.as_deref() == Some(payer) || payer.is_empty() {
        view.unchanged += 1;
        return Ok(true);
    }
    view.changed += 1;
    Ok(tx.tell_payer(&row.account, &row.bank_ref, row.amount, payer)?)
}

fn book(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    mut row: PaymentRow,
    view: &mut ImportView,
    known_elsewhere: &mut BTreeSet<PaymentId>,
) -> Result<()> {
    if tx.movement(&row.bank_ref, &row.account)?.is_some() {
        view.unchanged += 1;
        return Ok(());
    }
    if row.payer.is_none() {
        row.payer = tx.payer_told(&row.account, &row.bank_ref, row.amount)?;
    }
    let row = row;
    let mut found = owner(tx, &row)?;
    if let Some(twin) = of_other_format(tx, &row, found.as_ref(), known_elsewhere)? {
        known_elsewhere.insert(twin.id);
        view.unchanged += 1;
        if let (None, Some((code, by))) = (&twin.customer, &found) {
            // this format says whose it is, and the other did not
            settle_owner(desk, tx, run, twin.id, code, by)?;
            view.matched += 1;
        }
        return Ok(());
    }
    // money that a person may have recorded already waits for them: it must not count twice
    if let Some((code, _)) = &found
        && &*row.source != CSV
        && !tx.recorded_by_hand(row.amount, row.date, Some(code))?.is_empty()
    {
        found = None;
    }
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
        account: row.account.to_string(),
        source: row.source.to_string(),
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

/// The same movement as another format of the same bank brought it: that day, that amount, and the same
/// customer; where neither says whose it is, words in common. Each is found once per import, so that two equal
/// movements stay two.
fn of_other_format(
    tx: &Tx<'_>,
    row: &PaymentRow,
    found: Option<&(CustomerCode, &'static str)>,
    known_elsewhere: &BTreeSet<PaymentId>,
) -> Result<Option<StoredPayment>> {
    if &*row.source == CSV {
        return Ok(None);
    }
    let twins = tx.payments_of_other_formats(&row.source, row.date, row.amount)?;
    Ok(twins.into_iter().find(|twin| {
        !known_elsewhere.contains(&twin.id)
            && is_same_account(&twin.account, &row.account)
            && match (found, &twin.customer) {
                (Some((code, _)), Some(of)) => code == of,
                (Some(_) | None, None) | (None, Some(_)) => {
                    let words = |texts: [&Option<String>; 3]| {
                        texts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
                    };
                    have_words_in_common(
                        &words([&row.note, &row.payer, &row.reference]),
                        &words([&twin.note, &twin.payer, &twin.reference]),
                    )
                }
            }
    }))
}

/// A payment turns out to be a customer's: its money goes where the ladder says.
pub(super) fn settle_owner(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    payment: PaymentId,
    code: &CustomerCode,
    evidence: &str,
) -> Result<String> {
    update(desk, tx, run, code)?;
    tx.assign_payment(payment, code, evidence)?;
    allocate_to(desk, tx, run, code, payment)
}

/// Money that had come in was taken back by the bank: the payment is found by what both name, else a person is
/// told.
fn reversal(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    row: &PaymentRow,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    let bank_ref = format!("reversal:{}", row.bank_ref);
    if tx.movement(&bank_ref, &row.account)?.is_some() {
        view.unchanged += 1;
        return Ok(());
    }
    let mut of = reversed_by(tx, row)?;
    // a person who took it back before the statement came did so for the same movement
    if !of.is_empty() && of.iter().all(|known| known.kept.is_zero()) {
        view.unchanged += 1;
        return Ok(());
    }
    of.retain(|known| known.kept >= row.amount);
    let [payment] = of.as_slice() else {
        let text = format!(
            "{} were taken back by the bank on {} (`{}`, {}), and no payment was found that they surely are of; \
             `record reverse PAYMENT` takes it back",
            row.amount,
            row.date,
            row.bank_ref,
            row.payer.as_deref().or(row.note.as_deref()).unwrap_or("no words")
        );
        findings.add(Kind::Statement, format!("{}|{bank_ref}", row.account), None, None, text);
        return Ok(());
    };
    let entry = Reversal {
        amount: row.amount,
        date: row.date,
        bank_ref: &bank_ref,
        source: &row.source,
        why: row.note.as_deref().unwrap_or("the statement says so"),
    };
    let text = take_back(desk, tx, run, payment, &entry)?;
    view.created += 1;
    let column = |column, after: String| ColumnView { column, before: String::new(), after };
    let columns =
        vec![column("amount", (-row.amount).to_string()), column("reverses", payment.bank_ref.clone())];
    view.records.push(RecordView { code: bank_ref.clone(), change: "created", columns });
    let key = format!("{}|{bank_ref}", row.account);
    findings.add(Kind::Statement, key, payment.customer.as_ref(), None, text);
    Ok(())
}

/// The payments that a reversal may be of: by its own reference, by the one the payer gave, else what the
/// customer it names paid in that amount lately.
fn reversed_by(tx: &Tx<'_>, row: &PaymentRow) -> Result<Vec<StoredPayment>, StoreError> {
    let earlier = |known: &StoredPayment| known.amount == row.amount && known.date <= row.date;
    let mut of = tx.payments_of_reference(&row.bank_ref)?;
    of.retain(|known| is_same_account(&known.account, &row.account));
    if let (true, Some(reference)) = (of.is_empty(), &row.reference) {
        of = tx.payments_that_gave(reference)?;
        of.retain(earlier);
    }
    if let (true, Some((code, "reference" | "card" | "code"))) = (of.is_empty(), owner(tx, row)?) {
        of = tx.payments_of(&code)?;
        of.retain(earlier);
    }
    of.retain(|known| (row.date - known.date).num_days() <= REVERSED_WITHIN_DAYS);
    Ok(of)
}

/// Money to be taken back of a payment.
pub(super) struct Reversal<'a> {
    /// How much.
    pub(super) amount: Money,
    /// The day.
    pub(super) date: NaiveDate,
    /// The reference of the movement.
    pub(super) bank_ref: &'a str,
    /// What brought it.
    pub(super) source: &'a str,
    /// Why.
    pub(super) why: &'a str,
}

/// Books money taken back and undoes what it had settled, never a renewal; gives what it came to, in words.
pub(super) fn take_back(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    payment: &StoredPayment,
    entry: &Reversal<'_>,
) -> Result<String> {
    tx.book_reversal(run, payment, entry.amount, entry.date, entry.bank_ref, entry.source, entry.why)?;
    let mut text =
        format!("{} of the payment of {} (`{}`) went back", entry.amount, payment.date, payment.bank_ref);
    let Some(code) = &payment.customer else { return Ok(text) };
    let detail = json!({ "payment": payment.id.0, "cents": entry.amount.cents(), "why": entry.why });
    tx.journal(run, Some(code), None, "taken_back", &detail)?;
    text = format!("`{code}`: {text}");
    let short = payment.allocated - (payment.kept - entry.amount);
    if !short.is_positive() {
        text.push_str("; it was credit");
        return Ok(text);
    }
    let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(text) };
    let spent = tx.spent(payment.id)?;
    let changes = charging::take_back(&mut facts, payment.id, short, spent.clone(), &desk.rules, desk.today);
    tx.apply(run, code, &changes, desk.rules.mode)?;
    text.push_str(&unsettled_again(&facts, &changes, &spent));
    Ok(text)
}

/// What a person must know of each charge that money taken back left open: `; … is unsettled again` and what was
/// already done with that money.
pub(super) fn unsettled_again(facts: &Facts, changes: &[Change], spent: &[Spent]) -> String {
    let mut text = String::new();
    for change in changes {
        let Change::Reopened { charge: id, .. } = change else { continue };
        let open = facts.charges.iter().any(|charge| charge.id == *id && charge.settled_on.is_none());
        let Some(Spent { charge, renewed, .. }) = spent.iter().find(|s| s.charge.id == *id).filter(|_| open)
        else {
            continue;
        };
        let what = charge.service.as_ref().map_or_else(|| charge.label.clone(), ToString::to_string);
        text.push_str(&format!("; `{what}` is unsettled again"));
        if let (true, Some(period)) = (renewed, charge.period()) {
            text.push_str(&format!(
                ", but was renewed until {}: it is asked for on the next card; `undo RUN` takes the renewal back",
                period.to
            ));
        }
        if let Some(invoice) = &charge.invoice {
            text.push_str(&format!(" (invoice {invoice} was issued for it)"));
        }
    }
    text
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
        let by_hand = store.recorded_by_hand(amount, payment.date, None)?;
        let like: Vec<String> = by_hand
            .iter()
            .filter_map(|known| Some((known, known.customer.as_ref()?)))
            .map(|(known, code)| format!("payment {} of `{code}` on {}", known.id.0, known.date))
            .collect();
        let text = if like.is_empty() {
            format!(
                "payment of {amount} on {} from {who} (`{}`) matches no customer; \
                 `record assign {} CUSTOMER` says whose it is",
                payment.date, payment.bank_ref, payment.id
            )
        } else {
            format!(
                "payment of {amount} on {} from {who} (`{}`) looks like money recorded by hand ({}); if it is, \
                 `record same {} PAYMENT`, else `record assign {} CUSTOMER`",
                payment.date,
                payment.bank_ref,
                like.join(", "),
                payment.id,
                payment.id
            )
        };
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
