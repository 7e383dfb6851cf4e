//! Payments: whose they are, where their money goes, and which of them wait for a person.

use crate::billing::candidates::{Evidence, said, words_of_payment};
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::intake::{Movement, PaymentRow};
use crate::jobs::attention::{Findings, Kind};
use crate::jobs::import::movements::{self, CSV, Line, Verdict};
use crate::jobs::import::owner::{owner, references_in};
use crate::jobs::import::{PaymentSheets, reversals};
use crate::jobs::{Desk, money};
use crate::store::{NewPayment, Parked, Store, StoredPayment, Tx};
use crate::views::{ColumnView, ImportView, RecordView};
use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

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
    sheets: PaymentSheets,
    until: Option<NaiveDate>,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    // a file without a movement says that there was none up to today, every time; others say how far they go
    let known = sheets.iter().filter(|sheet| sheet.is_statement);
    if let Some(day) = known.map(|sheet| until.or(sheet.until).unwrap_or(desk.today)).max() {
        tx.note_payment_import(day.min(desk.today))?;
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
            .then_with(|| (a.identity, a.ordinal).cmp(&(b.identity, b.ordinal)))
    });
    let is_list_of_payers = lines.iter().all(|line| line.row.movement == Movement::PayerOnly);
    let mut unmet = 0;
    // one format after the other: the second is compared with what the first has brought
    while let Some(first) = lines.first() {
        let (source, movement) = (Arc::clone(&first.row.source), first.row.movement);
        let same = |line: &Line| line.row.source == source && line.row.movement == movement;
        let of_format = lines.iter().take_while(|line| same(line)).count();
        let of_format = lines.drain(..of_format);
        match movement {
            Movement::PayerOnly => {
                for line in of_format {
                    unmet += u64::from(!payer(tx, &line.row, view)?);
                }
            }
            Movement::Incoming => {
                let (lines, verdicts) = judged(tx, of_format, view, desk)?;
                for (line, verdict) in lines.into_iter().zip(verdicts) {
                    book(desk, tx, line, verdict, view, findings)?;
                }
            }
            Movement::TakenBack => {
                for line in of_format {
                    reversals::reversal(desk, tx, &line, view, findings)?;
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
    lines: impl Iterator<Item = Line>,
    view: &mut ImportView,
    desk: &Desk,
) -> Result<(Vec<Line>, Vec<Verdict>)> {
    let mut fresh = Vec::new();
    let mut sighted = HashSet::new();
    for mut line in lines {
        if !sighted.insert((line.identity, line.ordinal)) {
            // another statement of this import shows it too
            view.unchanged += 1;
            continue;
        }
        if let Some(known) = tx.sighted(line.identity, line.ordinal)? {
            adopt(desk, tx, &known, owner(tx, &line.row)?, view)?;
            continue;
        }
        if line.row.payer.is_none() {
            line.row.payer = tx.payer_told(&line.row.account, &line.row.bank_ref, line.row.amount)?;
        }
        line.owner = owner(tx, &line.row)?;
        if let Some(known) = came_without_a_name(tx, &line)? {
            tx.sight(line.identity, line.ordinal, &line.row.source, known.id)?;
            adopt(desk, tx, &known, line.owner, view)?;
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
    Ok((fresh, verdicts))
}

/// The payment of our own file that came before without saying whose it is, or that a person has given to the same.
fn came_without_a_name(tx: &Tx<'_>, line: &Line) -> Result<Option<StoredPayment>> {
    let Some(bare) = line.bare_identity() else { return Ok(None) };
    let Some(known) = tx.sighted(bare, line.ordinal)? else { return Ok(None) };
    let theirs = line.owner.as_ref().map(|(code, _)| code);
    Ok(Some(known).filter(|known| known.customer.is_none() || known.customer.as_ref() == theirs))
}

/// A movement that is known already: where nobody owned it and this file says whose it is, it is theirs.
fn adopt(
    desk: &Desk,
    tx: &Tx<'_>,
    known: &StoredPayment,
    owner: Option<(CustomerCode, Evidence)>,
    view: &mut ImportView,
) -> Result<()> {
    view.unchanged += 1;
    let unowned = known.customer.is_none() && known.parked.is_none() && !tx.is_same_as_another(known.id)?;
    if let (true, Some((code, by))) = (unowned, owner) {
        money::settle_owner(desk, tx, known.id, &code, by, true)?;
        view.matched += 1;
    }
    Ok(())
}

fn book(
    desk: &Desk,
    tx: &Tx<'_>,
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
            tx.sight(line.identity, line.ordinal, &line.row.source, known.id)?;
            return adopt(desk, tx, &known, line.owner, view);
        }
        Verdict::Doubtful => true,
        Verdict::New => false,
    };
    let parked = parked(desk, tx, &line, doubtful)?;
    let new = payment_of(&line, parked, desk.today);
    let reference = new.bank_ref.clone();
    let owner = line.owner.clone().filter(|_| parked.is_none());
    if let Some((code, _)) = &owner {
        // charges that are due already must exist before the money comes: it goes by the ladder, not as credit
        money::update(desk, tx, code)?;
    }
    let id = tx.book_payment(&new)?;
    tx.sight(line.identity, line.ordinal, &line.row.source, id)?;
    if let Some(bare) = line.bare_identity() {
        let ordinal = tx.times_sighted(bare)? + 1;
        tx.sight(bare, ordinal, &line.row.source, id)?;
    }
    view.created += 1;
    let mut columns = Vec::with_capacity(4);
    columns.push(ColumnView::new("amount", &line.row.amount));
    if let Some((code, by)) = owner {
        view.matched += 1;
        let basis = money::allocate_to(desk, tx, &code, id)?;
        money::tell_idle(desk, tx, &code, findings)?;
        columns.push(ColumnView::new("customer", &code));
        columns.push(ColumnView::new("matched_by", &by));
        columns.push(ColumnView::new("basis", &basis));
    } else {
        view.unmatched += 1;
        wait(tx, &line, id)?;
        money::ask(tx, id, findings)?;
        if let Some(parked) = parked {
            columns.push(ColumnView::new("parked", &parked.code()));
        }
        tx.journal(None, None, "payment_unmatched", &json!({ "payment": id.0, "bank_ref": reference }))?;
    }
    view.records.push(RecordView { code: reference, change: "created", columns });
    Ok(())
}

/// The payment that a line is.
fn payment_of(line: &Line, parked: Option<Parked>, today: NaiveDate) -> NewPayment {
    let (row, owner) = (&line.row, line.owner.as_ref());
    NewPayment {
        date: row.date,
        amount: row.amount,
        bank_ref: line.display_reference(),
        customer: owner.map(|(code, _)| code.clone()),
        matched_by: owner.map(|(_, by)| *by),
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
        seen_on: today,
    }
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
    let text = said(row.reference.as_deref(), row.note.as_deref());
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
