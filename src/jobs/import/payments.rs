//! Payments: whose they are, where their money goes, and which of them wait for a person.

use crate::billing::candidates::Evidence;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::intake::{Movement, PaymentRow, Sheet};
use crate::jobs::attention::Findings;
use crate::jobs::claims::{Said, wait};
use crate::jobs::import::movements::{self, CSV, Line};
use crate::jobs::import::owner::owner_of_movement;
use crate::jobs::import::reversals;
use crate::jobs::{Desk, money};
use crate::store::{Judged, LineKey, NewPayment, Parked, Store, StoredPayment, Tx};
use crate::views::finding::{Finding, MoneyFinding};
use crate::views::{ColumnView, ImportView, RecordView};
use anyhow::{Context, Result};
use chrono::NaiveDate;
use serde_json::json;
use std::collections::BTreeSet;
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
    sheets: &[Sheet<PaymentRow>],
    until: Option<NaiveDate>,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    // a file without a movement says that there was none up to today, every time; others say how far they go
    let known = sheets.iter().filter(|sheet| sheet.is_statement);
    if let Some(day) = known.map(|sheet| until.or(sheet.until).unwrap_or(desk.today)).max() {
        tx.note_payment_import(day.min(desk.today))?;
    }
    tx.begin_lines()?;
    let accounts = keep(tx, sheets)?;
    foreign_accounts(desk, &accounts, findings);
    let formats = tx.formats_of_lines()?;
    let is_list_of_payers = formats.iter().all(|(kind, _)| *kind == Movement::PayerOnly as u8);
    let mut unmet = 0;
    // one format after the other: the second is compared with what the first has brought
    for (kind, source) in &formats {
        if *kind == Movement::Incoming as u8 {
            judge(desk, tx, source, view)?;
            tx.take_fresh(|said, judged| {
                book(desk, tx, serde_json::from_str(said)?, judged, view, findings)
            })?;
            continue;
        }
        tx.each_line((*kind, source), |ordinal, said| -> Result<()> {
            let line = Line { ordinal, ..serde_json::from_str(said)? };
            match line.row.movement {
                Movement::PayerOnly => unmet += u64::from(!payer(tx, &line.row, view)?),
                Movement::Incoming | Movement::TakenBack => {
                    reversals::reversal(desk, tx, &line, view, findings)?;
                }
            }
            Ok(())
        })?;
    }
    tx.end_lines()?;
    if unmet > 0 && is_list_of_payers {
        view.warnings.push(format!("{unmet} of the payers are of movements that are not imported yet"));
    }
    Ok(())
}

/// Keeps the rows of all sheets as lines, and gives the accounts they are of. Names come first, so that a payment is
/// booked with its payer; money comes before it can be taken back.
fn keep(tx: &Tx<'_>, sheets: &[Sheet<PaymentRow>]) -> Result<BTreeSet<Arc<str>>> {
    let mut accounts = BTreeSet::new();
    for (at, sheet) in sheets.iter().enumerate() {
        for row in sheet.values() {
            let line = Line::of(row?);
            let key = LineKey {
                statement: (at, line.row.statement),
                kind: line.row.movement as u8,
                source: &line.row.source,
                date: line.row.date,
                bank_ref: &line.row.bank_ref,
                identity: line.identity,
            };
            tx.keep_line(&key, &serde_json::to_string(&line)?)?;
            accounts.insert(line.row.account);
        }
    }
    Ok(accounts)
}

/// Money on an account that the configuration does not name is booked, and a person is told.
fn foreign_accounts(desk: &Desk, accounts: &BTreeSet<Arc<str>>, findings: &mut Findings) {
    let ours = |account: &str| desk.config.payment.banks.iter().any(|bank| bank.iban == account);
    for account in accounts.iter().filter(|account| account.parse::<iban::Iban>().is_ok() && !ours(account)) {
        let finding = MoneyFinding::ForeignAccount { account: account.to_string() };
        findings.add(format!("account|{account}"), None, None, &Finding::Money(finding));
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

/// Leaves out what this format has shown before, and compares the rest with what other formats have, all before any of
/// it is booked.
fn judge(desk: &Desk, tx: &Tx<'_>, source: &str, view: &mut ImportView) -> Result<()> {
    let mut last = None;
    tx.each_line((Movement::Incoming as u8, source), |ordinal, said| -> Result<()> {
        let mut line = Line { ordinal, ..serde_json::from_str(said)? };
        if last.replace((line.identity, ordinal)) == Some((line.identity, ordinal)) {
            // another statement of this import shows it too
            view.unchanged += 1;
            return Ok(());
        }
        if let Some(known) = tx.sighted(line.identity, ordinal)? {
            return adopt(desk, tx, &known, owner_of_movement(tx, &line.row)?, view);
        }
        if line.row.payer.is_none() {
            line.row.payer = tx.payer_told(&line.row.account, &line.row.bank_ref, line.row.amount)?;
        }
        line.owner = owner_of_movement(tx, &line.row)?;
        if let Some(known) = came_without_a_name(tx, &line)? {
            tx.sight(line.identity, ordinal, source, known.id)?;
            return adopt(desk, tx, &known, line.owner, view);
        }
        Ok(tx.keep_fresh(line.row.date, line.row.amount, &serde_json::to_string(&line)?)?)
    })?;
    tx.each_fresh_group(|date, amount| {
        let known = tx.payments_unseen_by(source, date, amount)?;
        if known.is_empty() {
            return Ok(());
        }
        let group = tx.fresh_lines(date, amount)?;
        let lines = group.iter().map(|(_, said)| serde_json::from_str(said));
        let lines: Vec<Line> = lines.collect::<serde_json::Result<_>>()?;
        for ((at, _), judged) in group.iter().zip(movements::compared(&lines, known)) {
            tx.judge_fresh(*at, judged)?;
        }
        Ok(())
    })
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
    judged: Judged,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    if line.owner.is_none() {
        // an earlier line of this import may have made the payer's account known
        line.owner = owner_of_movement(tx, &line.row)?;
    }
    if let Judged::Same(id) = judged {
        tx.sight(line.identity, line.ordinal, &line.row.source, id)?;
        let known = tx.payment(id)?.context("a payment of this import is gone")?;
        return adopt(desk, tx, &known, line.owner, view);
    }
    let parked = parked(desk, tx, &line, judged == Judged::Doubtful)?;
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
        columns.extend(basis.map(|basis| ColumnView::new("basis", &basis)));
    } else {
        view.unmatched += 1;
        let said = Said {
            payer: line.row.payer.as_deref(),
            reference: line.row.reference.as_deref(),
            note: line.row.note.as_deref(),
            services: &new.services,
        };
        wait(tx, id, said, line.owner.as_ref().map(|(code, _)| code))?;
        money::ask(tx, id, findings)?;
        if let Some(parked) = parked {
            columns.push(ColumnView::new("parked", &parked.code()));
        }
        tx.journal(None, None, "payment_unmatched", &json!({ "payment": id.0, "bank_ref": reference }))?;
    }
    view.records.push(RecordView { code: reference, change: "created".into(), columns });
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
