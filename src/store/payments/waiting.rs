//! Money that nobody owns yet, found by those whose it may be.

use super::all_stored;
use crate::billing::candidates::{self, LIKELY_POINTS, PROTECTS_DAYS};
use crate::billing::facts::{Facts, LikelyMoney};
use crate::billing::ids::{CustomerCode, PaymentId};
use crate::billing::money::Money;
use crate::billing::period::{days_after, days_before};
use crate::store::columns::Record;
use crate::store::error::Result;
use chrono::NaiveDate;
use rusqlite::{Connection, params};

/// Money that nobody owns yet and that carries the customer's own reference, would be theirs if it were not parked, or
/// has them as a candidate of [`LIKELY_POINTS`] or more.
pub(in crate::store) fn likely(
    connection: &Connection,
    facts: &Facts,
    today: NaiveDate,
) -> Result<Vec<LikelyMoney>> {
    let mut amounts: Vec<i64> = facts.open_charges().iter().map(|charge| charge.due().cents()).collect();
    if amounts.is_empty() {
        return Ok(Vec::new());
    }
    amounts.extend(facts.last_card.as_ref().map(|card| card.total_due.cents()));
    let json = |list: serde_json::Value| list.to_string();
    let claim = claim_of(&facts.customer.code);
    // many may share a name, so that alone only leads to money of a fitting amount
    let names = json(candidates::heads_of_names(&facts.customer).into());
    let strong = json(facts.customer.tax_id.iter().chain([&claim]).cloned().collect::<Vec<_>>().into());
    let sql = "SELECT m.id, m.kept_cents, m.payer, m.reference, m.note, m.seen_on,
                 EXISTS (SELECT 1 FROM waiting_words w WHERE w.payment = m.id AND w.word = ?3) AS claimed
               FROM money m WHERE m.customer IS NULL AND m.kept_cents > 0 AND m.disowned_on IS NULL
                 AND m.seen_on >= ?2 AND m.id IN (
                   SELECT w.payment FROM waiting_words w JOIN payments p ON p.id = w.payment
                   WHERE w.word IN (SELECT value FROM json_each(?1))
                     AND (p.amount_cents IN (SELECT value FROM json_each(?4))
                       OR EXISTS (SELECT 1 FROM payments r WHERE r.reverses = p.id))
                   UNION SELECT payment FROM waiting_words WHERE word IN (SELECT value FROM json_each(?5)))
               ORDER BY m.id";
    let mut statement = connection.prepare_cached(sql)?;
    let since = days_before(today, PROTECTS_DAYS);
    let mut rows = statement.query(params![names, since, claim, json(amounts.into()), strong])?;
    let mut likely = Vec::new();
    while let Some(row) = rows.next()? {
        let record = Record::new(row, "payment");
        let amount = Money::from_cents(record.integer("kept_cents")?);
        let payer = record.optional_text("payer")?;
        let (reference, note) = (record.optional_text("reference")?, record.optional_text("note")?);
        let text = candidates::said(reference.as_deref(), note.as_deref());
        let scores = || {
            candidates::candidate(facts, amount, payer.as_deref(), &text)
                .is_some_and(|found| found.score >= LIKELY_POINTS)
        };
        if record.integer("claimed")? == 1 || scores() {
            likely.push(LikelyMoney {
                id: PaymentId(record.integer("id")?),
                amount,
                protects_until: days_after(record.date("seen_on")?, PROTECTS_DAYS),
            });
        }
    }
    Ok(likely)
}

/// The word under which a payment waits that carries a customer's own reference; no word of a text looks like it.
pub(super) fn claim_of(customer: &CustomerCode) -> String {
    format!("={customer}")
}

/// Makes all money that nobody owns findable: an older schema knew no words of it.
pub(in crate::store) fn index_all_waiting(connection: &Connection) -> Result<()> {
    let sql = "SELECT * FROM money WHERE customer IS NULL AND kept_cents > 0";
    for payment in all_stored(connection, sql, &[])? {
        let words = candidates::words_of_payment(payment.payer.as_deref(), &payment.said());
        index(connection, payment.id, words)?;
    }
    Ok(())
}

pub(super) fn index(
    connection: &Connection,
    payment: PaymentId,
    words: impl IntoIterator<Item = String>,
) -> Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT OR IGNORE INTO waiting_words (word, payment) VALUES (?1, ?2)")?;
    for word in words {
        statement.execute(params![word, payment.0])?;
    }
    Ok(())
}
