//! Payments: whose they are, where their money goes, and which of them wait for a person.

use super::Desk;
use super::attention::{Findings, Kind};
use super::imports::PaymentSheets;
use super::movements::{self, CSV, Line, Verdict};
use crate::billing::allocation::allocate;
use crate::billing::candidates::words_of_payment;
use crate::billing::charging::{self, Spent, bring_up_to_date};
use crate::billing::facts::{Change, Facts, Payment};
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::movement::real_reference;
use crate::billing::service::{Service, ServiceState};
use crate::billing::text::look_alikes;
use crate::intake::{Movement, PaymentRow};
use crate::store::{
    Customers, FactQueries, NewPayment, Outbox, Parked, Payments, Queries, RunId, Services, Store,
    StoreError, StoredPayment, Tx, is_same_account,
};
use crate::views::{AttentionView, ColumnView, ImportView, RecordView};
use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Banks take money back soon or never; last year's payment of the same amount is not meant.
const REVERSED_WITHIN_DAYS: i64 = 60;

/// Why a row cannot be booked: it names somebody or something that does not exist, or our own file is ahead of its day.
pub(super) fn fault(store: &Store, row: &PaymentRow, today: NaiveDate) -> Option<(&'static str, String)> {
    if row.movement != Movement::Incoming {
        return None;
    }
    if &*row.source == CSV && row.date > today {
        return Some((
            "date",
            format!("{} lies after today, {today}; money is entered when it is there", row.date),
        ));
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
    None
}

/// Books what was not seen before, in the order of date and bank reference, and sends its money where it belongs.
/// `until` is a person's word for the day up to which the files know the bank.
pub(super) fn write(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    sheets: PaymentSheets,
    until: Option<NaiveDate>,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    // a file without a movement says that there was none up to today, every time; others say how far they go
    let known = sheets.iter().filter(|sheet| sheet.is_statement);
    if let Some(day) = known.map(|sheet| until.or(sheet.until).unwrap_or(desk.today)).max() {
        tx.note_payment_import(run, day.min(desk.today))?;
    }
    let rows = sheets
        .into_iter()
        .enumerate()
        .flat_map(|(at, sheet)| sheet.rows.into_iter().map(move |row| (at, row.value)));
    let mut lines = movements::identified(rows);
    foreign_accounts(desk, &lines, findings);
    // names first, so that a payment is booked with its payer; money comes before it can be taken back
    lines.sort_unstable_by(|a, b| {
        let key = |line: &Line| (line.row.movement, Arc::clone(&line.row.source), line.row.date);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.row.bank_ref.cmp(&b.row.bank_ref))
            .then_with(|| (&a.identity, a.ordinal).cmp(&(&b.identity, b.ordinal)))
    });
    let is_list_of_payers = lines.iter().all(|line| line.row.movement == Movement::PayerOnly);
    let mut unmet = 0;
    let mut lines = lines.into_iter().peekable();
    // one format after the other: the second is compared with what the first has brought
    while let Some(first) = lines.next() {
        let (source, movement) = (Arc::clone(&first.row.source), first.row.movement);
        let same = |line: &Line| line.row.source == source && line.row.movement == movement;
        let mut of_format = vec![first];
        while let Some(line) = lines.next_if(same) {
            of_format.push(line);
        }
        match movement {
            Movement::PayerOnly => {
                for line in &of_format {
                    unmet += u64::from(!payer(tx, &line.row, view)?);
                }
            }
            Movement::Incoming => {
                for (line, verdict) in judged(tx, of_format, view, desk, run)? {
                    book(desk, tx, run, line, verdict, view, findings)?;
                }
            }
            Movement::TakenBack => {
                for line in &of_format {
                    reversal(desk, tx, run, line, view, findings)?;
                }
            }
        }
    }
    if unmet > 0 && is_list_of_payers {
        view.warnings.push(format!("{unmet} of the payers are of movements that are not imported yet"));
    }
    Ok(())
}

/// Money on an account that the configuration does not name is booked, and a person is told.
fn foreign_accounts(desk: &Desk, lines: &[Line], findings: &mut Findings) {
    let ours = |account: &str| desk.config.payment.banks.iter().any(|bank| bank.iban == account);
    let accounts: BTreeSet<&Arc<str>> = lines.iter().map(|line| &line.row.account).collect();
    for account in
        accounts.into_iter().filter(|account| account.parse::<iban::Iban>().is_ok() && !ours(account))
    {
        let text = format!(
            "a statement is of the account {account}, which the configuration does not name as ours; its money was \
             booked; if the account is ours, add it under `payment.bank`"
        );
        findings.add(Kind::Statement, format!("account|{account}"), None, None, text);
    }
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

/// Leaves out what this format has shown before, and compares the rest with what other formats have.
fn judged(
    tx: &Tx<'_>,
    lines: Vec<Line>,
    view: &mut ImportView,
    desk: &Desk,
    run: RunId,
) -> Result<Vec<(Line, Verdict)>> {
    let mut fresh = Vec::new();
    let mut sighted = HashSet::new();
    for mut line in lines {
        if !sighted.insert((line.identity.clone(), line.ordinal)) {
            // another statement of this import shows it too
            view.unchanged += 1;
            continue;
        }
        if let Some(known) = tx.sighted(&line.identity, line.ordinal)? {
            adopt(desk, tx, run, &known, owner(tx, &line.row)?, view)?;
            continue;
        }
        if line.row.payer.is_none() {
            line.row.payer = tx.payer_told(&line.row.account, &line.row.bank_ref, line.row.amount)?;
        }
        line.owner = owner(tx, &line.row)?;
        if let Some(known) = came_without_a_name(tx, &line)? {
            tx.sight(&line.identity, line.ordinal, &line.row.source, known.id)?;
            adopt(desk, tx, run, &known, line.owner, view)?;
            continue;
        }
        fresh.push(line);
    }
    let mut groups: BTreeMap<(NaiveDate, Money), Vec<usize>> = BTreeMap::new();
    for (at, line) in fresh.iter().enumerate() {
        groups.entry((line.row.date, line.row.amount)).or_default().push(at);
    }
    let mut verdicts: Vec<Verdict> = fresh.iter().map(|_| Verdict::New).collect();
    for places in groups.values() {
        let group: Vec<&Line> = places.iter().map(|at| &fresh[*at]).collect();
        for (at, verdict) in places.iter().zip(movements::compared(tx, &group)?) {
            verdicts[*at] = verdict;
        }
    }
    Ok(fresh.into_iter().zip(verdicts).collect())
}

/// The payment of our own file that came before without saying whose it is, or that a person has given to the same.
fn came_without_a_name(tx: &Tx<'_>, line: &Line) -> Result<Option<StoredPayment>> {
    let Some(bare) = line.bare_identity() else { return Ok(None) };
    let Some(known) = tx.sighted(&bare, line.ordinal)? else { return Ok(None) };
    let theirs = line.owner.as_ref().map(|(code, _)| code);
    Ok(Some(known).filter(|known| known.customer.is_none() || known.customer.as_ref() == theirs))
}

/// A movement that is known already: where nobody owned it and this file says whose it is, it is theirs.
fn adopt(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    known: &StoredPayment,
    owner: Option<(CustomerCode, &'static str)>,
    view: &mut ImportView,
) -> Result<()> {
    view.unchanged += 1;
    let unowned = known.customer.is_none() && known.parked.is_none() && !tx.is_same_as_another(known.id)?;
    if let (true, Some((code, by))) = (unowned, owner) {
        settle_owner(desk, tx, run, known.id, &code, by, true)?;
        view.matched += 1;
    }
    Ok(())
}

fn book(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    mut line: Line,
    verdict: Verdict,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    if line.owner.is_none() {
        // an earlier line of this import may have made the payer's account known
        line.owner = owner(tx, &line.row)?;
    }
    let doubtful = match verdict {
        Verdict::Same(known) => {
            tx.sight(&line.identity, line.ordinal, &line.row.source, known.id)?;
            return adopt(desk, tx, run, &known, line.owner, view);
        }
        Verdict::Doubtful => true,
        Verdict::New => false,
    };
    let parked = parked(desk, tx, &line, doubtful)?;
    let owner = line.owner.clone();
    let reference = line.display_reference();
    let row = &line.row;
    let new = NewPayment {
        date: row.date,
        amount: row.amount,
        bank_ref: reference.clone(),
        customer: owner.as_ref().map(|(code, _)| code.clone()),
        matched_by: owner.as_ref().map(|(_, by)| *by),
        services: row.services.iter().cloned().map(ServiceCode::new).collect(),
        reference: row.reference.clone(),
        payer: row.payer.clone(),
        payer_iban: row.payer_iban.clone(),
        note: row.note.clone(),
        account: row.account.to_string(),
        source: row.source.to_string(),
        method: "bank",
        end_to_end: row.end_to_end.clone(),
        transaction_id: row.transaction_id.clone(),
        parked,
        seen_on: desk.today,
    };
    let owner = owner.filter(|_| parked.is_none());
    if let Some((code, _)) = &owner {
        // charges that are due already must exist before the money comes: it goes by the ladder, not as credit
        update(desk, tx, run, code)?;
    }
    let id = tx.book_payment(run, &new)?;
    tx.sight(&line.identity, line.ordinal, &line.row.source, id)?;
    if let Some(bare) = line.bare_identity() {
        let ordinal = tx.times_sighted(&bare)? + 1;
        tx.sight(&bare, ordinal, &line.row.source, id)?;
    }
    view.created += 1;
    let column = |column, after: String| ColumnView { column, before: String::new(), after };
    let mut columns = vec![column("amount", row.amount.to_string())];
    if let Some((code, by)) = owner {
        view.matched += 1;
        let basis = allocate_to(desk, tx, run, &code, id)?;
        tell_idle(desk, tx, &code, findings)?;
        columns.push(column("customer", code.to_string()));
        columns.push(column("matched_by", by.to_owned()));
        columns.push(column("basis", basis));
    } else {
        view.unmatched += 1;
        wait(tx, &line, id)?;
        ask(tx, id, findings)?;
        if let Some(parked) = parked {
            columns.push(column("parked", parked.code().to_owned()));
        }
        tx.journal(run, None, None, "payment_unmatched", &json!({ "payment": id.0, "bank_ref": reference }))?;
    }
    view.records.push(RecordView { code: reference, change: "created", columns });
    Ok(())
}

/// Why a line waits for a person or its day, though it may be known whose it would be.
fn parked(desk: &Desk, tx: &Tx<'_>, line: &Line, doubtful: bool) -> Result<Option<Parked>> {
    let row = &line.row;
    if row.date > desk.today {
        return Ok(Some(Parked::Ahead));
    }
    if row.is_unsplit {
        return Ok(Some(Parked::Batch));
    }
    if doubtful {
        return Ok(Some(Parked::OtherFormat));
    }
    // money that a person may have recorded already must not count twice: each record answers for one line
    let Some((code, _)) = &line.owner else { return Ok(None) };
    let recorded = tx.recorded_by_hand(row.amount, row.date, Some(code))?.len();
    let answered = tx.parked_beside_hand(row.amount, row.date, code)?;
    Ok((recorded > answered).then_some(Parked::ByHand))
}

/// Makes money that nobody owns findable for those whose it may be.
fn wait(tx: &Tx<'_>, line: &Line, id: PaymentId) -> Result<()> {
    let row = &line.row;
    let texts = [row.reference.as_deref(), row.note.as_deref()];
    let text = texts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let mut claims: Vec<CustomerCode> = line.owner.iter().map(|(code, _)| code.clone()).collect();
    for text in [&row.reference, &row.note].into_iter().flatten() {
        claims.extend(references_in(tx, text)?);
    }
    for code in &row.services {
        claims.extend(tx.service(&ServiceCode::new(code.clone()))?.map(|service| service.customer));
    }
    tx.index_waiting(id, &words_of_payment(row.payer.as_deref(), &text), &claims)?;
    Ok(())
}

/// A payment turns out to be a customer's: its money goes where the ladder says.
pub(super) fn settle_owner(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    payment: PaymentId,
    code: &CustomerCode,
    evidence: &str,
    learns: bool,
) -> Result<String> {
    update(desk, tx, run, code)?;
    tx.assign_payment(payment, code, evidence, learns)?;
    tx.close_one(Kind::Unmatched.code(), &payment.0.to_string(), desk.today)?;
    allocate_to(desk, tx, run, code, payment)
}

/// Movements whose day was still to come when they were shown: today they are booked like others.
///
/// # Errors
/// Where the database cannot be written.
pub fn ripen(desk: &Desk, store: &mut Store, run: RunId) -> Result<Vec<AttentionView>> {
    if store.payments_ripe_on(desk.today)?.is_empty() {
        return Ok(Vec::new());
    }
    let mut findings = Findings::default();
    store.write(|tx| -> Result<()> {
        for payment in tx.payments_ripe_on(desk.today)? {
            match &payment.likely {
                Some(code) => {
                    let evidence = payment.matched_by.as_deref().unwrap_or("reference");
                    settle_owner(desk, tx, run, payment.id, code, evidence, true)?;
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

/// Money that had come in was taken back by the bank: the payment is found by what both name, else a person is
/// told.
fn reversal(
    desk: &Desk,
    tx: &Tx<'_>,
    run: RunId,
    line: &Line,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    let row = &line.row;
    if tx.sighted(&line.identity, line.ordinal)?.is_some() {
        view.unchanged += 1;
        return Ok(());
    }
    let bank_ref = format!("reversal:{}", line.display_reference());
    let mut of = reversed_by(tx, row)?;
    // a person who took it back before the statement came did so for the same movement
    if !of.is_empty() && of.iter().all(|known| known.kept.is_zero()) {
        view.unchanged += 1;
        return Ok(());
    }
    of.retain(|known| known.kept >= row.amount);
    if of.len() > 1 && of.iter().filter(|known| known.amount == row.amount).count() == 1 {
        of.retain(|known| known.amount == row.amount);
    }
    let key = format!("{}|{}|{}", row.account, line.identity.as_str(), line.ordinal);
    let [payment] = of.as_slice() else {
        let text = format!(
            "{} were taken back by the bank on {} (`{}`, {}), and no payment was found that they surely are of; \
             `record reverse PAYMENT` takes it back",
            row.amount,
            row.date,
            row.bank_ref,
            row.payer.as_deref().or(row.note.as_deref()).unwrap_or("no words")
        );
        findings.add(Kind::Statement, key, None, None, text);
        return Ok(());
    };
    let entry = Reversal {
        amount: row.amount,
        date: row.date,
        bank_ref: &bank_ref,
        source: &row.source,
        why: row.note.as_deref().unwrap_or("the statement says so"),
    };
    let (id, text) = take_back(desk, tx, run, payment, &entry)?;
    tx.sight(&line.identity, line.ordinal, &row.source, id)?;
    view.created += 1;
    let column = |column, after: String| ColumnView { column, before: String::new(), after };
    let columns =
        vec![column("amount", (-row.amount).to_string()), column("reverses", payment.bank_ref.clone())];
    view.records.push(RecordView { code: bank_ref, change: "created", columns });
    findings.add(Kind::Statement, key, payment.customer.as_ref(), None, text);
    Ok(())
}

/// The payments that a reversal may be of: by its own reference, by the end-to-end id, by what the payer gave, else what
/// the customer it names paid in that amount lately.
fn reversed_by(tx: &Tx<'_>, row: &PaymentRow) -> Result<Vec<StoredPayment>, StoreError> {
    let earlier = |known: &StoredPayment| known.amount == row.amount && known.date <= row.date;
    let mut of = match real_reference(&row.bank_ref) {
        Some(reference) => tx.payments_of_reference(reference)?,
        None => Vec::new(),
    };
    of.retain(|known| is_same_account(&known.account, &row.account) && known.date <= row.date);
    if let (true, Some(id)) = (of.is_empty(), row.end_to_end.as_deref().and_then(real_reference)) {
        of = tx.payments_of_end_to_end(id, row.amount)?;
        of.retain(earlier);
    }
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
) -> Result<(PaymentId, String)> {
    let id =
        tx.book_reversal(run, payment, entry.amount, entry.date, entry.bank_ref, entry.source, entry.why)?;
    let mut text =
        format!("{} of the payment of {} (`{}`) went back", entry.amount, payment.date, payment.bank_ref);
    let Some(code) = &payment.customer else { return Ok((id, text)) };
    let detail = json!({ "payment": payment.id.0, "cents": entry.amount.cents(), "why": entry.why });
    tx.journal(run, Some(code), None, "taken_back", &detail)?;
    text = format!("`{code}`: {text}");
    let short = payment.allocated - (payment.kept - entry.amount);
    if !short.is_positive() {
        text.push_str("; it was credit");
        return Ok((id, text));
    }
    let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok((id, text)) };
    let spent = tx.spent(payment.id)?;
    let changes = charging::take_back(&mut facts, payment.id, short, spent.clone(), &desk.rules, desk.today);
    tx.apply(run, code, &changes, desk.rules.mode)?;
    text.push_str(&unsettled_again(&facts, &changes, &spent));
    Ok((id, text))
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

/// Whose a payment is, and what told so: the file, a reference, a card's number, the services named. What a payment
/// names goes before the account that it comes from: people pay for others.
fn owner(tx: &Tx<'_>, row: &PaymentRow) -> Result<Option<(CustomerCode, &'static str)>, StoreError> {
    if let Some(code) = &row.customer {
        return Ok(Some((CustomerCode::new(code.clone()), "customer")));
    }
    let texts = || [&row.reference, &row.note].into_iter().flatten();
    let mut named = false;
    for text in texts() {
        let references = references_in(tx, text)?;
        if let [code] = references.as_slice() {
            return Ok(Some((code.clone(), "reference")));
        }
        named |= !references.is_empty();
        if let Some(code) = by_card(tx, text)? {
            return Ok(Some((code, "card")));
        }
    }
    let mut owners = Vec::new();
    for code in &row.services {
        owners.extend(tx.service(&ServiceCode::new(code.clone()))?.map(|service| service.customer));
    }
    owners.sort();
    owners.dedup();
    if !owners.is_empty() {
        return Ok(if owners.len() == 1 { owners.pop().map(|code| (code, "services")) } else { None });
    }
    for text in texts() {
        if let Some(code) = by_code(tx, text)? {
            return Ok(Some((code, "code")));
        }
    }
    if let (false, Some(iban)) = (named, &row.payer_iban)
        && let Some(code) = tx.customer_of_payer(iban)?
    {
        return Ok(Some((code, "payer_iban")));
    }
    Ok(None)
}

/// The customers whose payment reference stands in a text, however it is spaced.
fn references_in(tx: &impl Queries, text: &str) -> Result<Vec<CustomerCode>, StoreError> {
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
    Ok(found)
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

/// A payment that was given to a customer by mistake is nobody's again.
pub(super) fn waits_again(tx: &Tx<'_>, known: &StoredPayment) -> Result<()> {
    let texts = [known.reference.as_deref(), known.note.as_deref()];
    let text = texts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(tx.index_waiting(known.id, &words_of_payment(known.payer.as_deref(), &text), &[])?)
}

/// Lists a payment that nobody owns, with what a person can do about it.
pub(super) fn ask(tx: &Tx<'_>, id: PaymentId, findings: &mut Findings) -> Result<()> {
    let Some(payment) = tx.movement_of_id(id)? else { return Ok(()) };
    let who = payment.payer.as_deref().unwrap_or("an unnamed payer");
    let what = format!("payment of {} on {} from {who} (`{}`)", payment.kept, payment.date, payment.bank_ref);
    let whose = payment.likely.as_ref().map_or_else(|| "CUSTOMER".to_owned(), ToString::to_string);
    let assign = format!("`record assign {} {whose}`", id.0);
    let text = match payment.parked {
        // it is listed among the unmatched ones, and its day needs nobody
        Some(Parked::Ahead) => return Ok(()),
        Some(Parked::Batch) => format!(
            "{what} is a batch, and the bank does not say how it is divided; ask the bank, record its parts and say \
             `record same {} PAYMENT…`, or {assign}",
            id.0
        ),
        Some(Parked::OtherFormat) => format!(
            "{what} may be one that another file brought; if it is, `record same {} PAYMENT`, else {assign}",
            id.0
        ),
        Some(Parked::ByHand) | None => {
            let by_hand = tx.recorded_by_hand(payment.kept, payment.date, payment.likely.as_ref())?;
            let like: Vec<String> = by_hand
                .iter()
                .filter_map(|known| Some((known, known.customer.as_ref()?)))
                .map(|(known, code)| format!("payment {} of `{code}` on {}", known.id.0, known.date))
                .collect();
            if like.is_empty() {
                format!("{what} matches no customer; {assign} says whose it is")
            } else {
                format!(
                    "{what} looks like money recorded by hand ({}); if it is, `record same {} PAYMENT`, else {assign}",
                    like.join(", "),
                    id.0
                )
            }
        }
    };
    findings.add(Kind::Unmatched, id.0.to_string(), payment.likely.as_ref(), None, text);
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
        tx.close_one(Kind::LateMoney.code(), code.as_str(), desk.today)?;
        return Ok(());
    }
    let service = named.and_then(|payment| payment.services.first().cloned()).or_else(|| {
        let terminated = |service: &&Service| matches!(service.state, ServiceState::Terminated { .. });
        facts.services.iter().rfind(terminated).or(facts.services.last()).map(|service| service.code.clone())
    });
    let what = service.as_ref().map_or_else(
        || "who has no service".to_owned(),
        |service| format!("whose `{service}` is charged no longer"),
    );
    let text = format!(
        "{} of credit are left of `{code}`, {what}; give it back (`record refund {code} AMOUNT`) or agree with the \
         customer what it is for",
        facts.credit()
    );
    findings.add(Kind::LateMoney, code.as_str(), Some(code), service.as_ref(), text);
    Ok(())
}
