//! Money that had come in and that the bank took back.

use crate::billing::candidates::Evidence;
use crate::billing::ids::PaymentId;
use crate::billing::movement::real_reference;
use crate::intake::PaymentRow;
use crate::jobs::Desk;
use crate::jobs::attention::Findings;
use crate::jobs::import::movements::Line;
use crate::jobs::import::owner::owner_of_movement;
use crate::jobs::money::{self, Reversal};
use crate::store::{StoreError, StoredPayment, Tx, is_same_account};
use crate::views::finding::{Finding, MoneyFinding};
use crate::views::{ColumnView, ImportView, RecordView};
use anyhow::Result;

/// Banks take money back soon or never; last year's payment of the same amount is not meant.
pub(super) const REVERSED_WITHIN_DAYS: i64 = 60;

/// Money that had come in was taken back by the bank: the payment is found by what both name, else a person is
/// told.
pub(super) fn reversal(
    desk: &Desk,
    tx: &Tx<'_>,
    line: &Line,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    let row = &line.row;
    if tx.sighted(line.identity, line.ordinal)?.is_some() {
        view.unchanged += 1;
        return Ok(());
    }
    let bank_ref = format!("reversal:{}", line.display_reference());
    let mut of = reversed_by(tx, row)?;
    if let Some(id) = shown_by_another(tx, row, &of)? {
        tx.sight(line.identity, line.ordinal, &row.source, id)?;
        view.unchanged += 1;
        return Ok(());
    }
    // a person who took it back before the statement came did so for the same movement
    if !of.is_empty() && of.iter().all(|known| known.kept.is_zero()) {
        view.unchanged += 1;
        return Ok(());
    }
    of.retain(|known| known.kept >= row.amount);
    if of.len() > 1 && of.iter().filter(|known| known.amount == row.amount).count() == 1 {
        of.retain(|known| known.amount == row.amount);
    }
    let key = format!("{}|{}|{}", row.account, line.identity, line.ordinal);
    let [payment] = of.as_slice() else {
        let finding = MoneyFinding::ReversalOfUnknown {
            amount: row.amount,
            on: row.date,
            bank_ref: row.bank_ref.clone(),
            words: row.payer.clone().or_else(|| row.note.clone()),
        };
        findings.add(key, None, None, &Finding::Money(finding));
        return Ok(());
    };
    let entry = Reversal {
        amount: row.amount,
        date: row.date,
        bank_ref: &bank_ref,
        source: &row.source,
        why: row.note.as_deref().unwrap_or("the statement says so"),
    };
    let (id, went_back) = money::reverse(desk, tx, payment, &entry)?;
    tx.sight(line.identity, line.ordinal, &row.source, id)?;
    view.created += 1;
    let columns =
        vec![ColumnView::new("amount", &-row.amount), ColumnView::new("reverses", &payment.bank_ref)];
    view.records.push(RecordView { code: bank_ref, change: "created".into(), columns });
    let finding = Finding::Money(MoneyFinding::WentBack(went_back));
    findings.add(key, payment.customer.as_ref(), None, &finding);
    Ok(())
}

/// Another format has shown it already: as many count as the fuller one has.
fn shown_by_another(
    tx: &Tx<'_>,
    row: &PaymentRow,
    of: &[StoredPayment],
) -> Result<Option<PaymentId>, StoreError> {
    let theirs = owner_of_movement(tx, row)?.map(|(code, _)| code);
    for (id, payment, account) in tx.reversals_unseen_by(&row.source, row.date, row.amount)? {
        if !is_same_account(&account, &row.account) {
            continue;
        }
        // what was taken back may have been nobody's, and only seemed to be theirs
        let is_theirs = || -> Result<bool, StoreError> {
            let known = tx.payment(payment)?;
            let of = |known: &StoredPayment| known.customer.clone().or_else(|| known.likely.clone());
            Ok(theirs.is_some() && known.as_ref().and_then(of) == theirs)
        };
        if of.is_empty() || of.iter().any(|known| known.id == payment) || is_theirs()? {
            return Ok(Some(id));
        }
    }
    Ok(None)
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
    if let (true, Some((code, Evidence::Reference | Evidence::Card | Evidence::Code))) =
        (of.is_empty(), owner_of_movement(tx, row)?)
    {
        of = tx.payments_of(&code)?;
        of.retain(earlier);
    }
    of.retain(|known| (row.date - known.date).num_days() <= REVERSED_WITHIN_DAYS);
    Ok(of)
}
