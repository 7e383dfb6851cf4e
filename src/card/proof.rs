//! The last look: the finished PDF is read back, and must show what the card says.

use super::fonts::drawable;
use super::pdf::CardError;
use super::words::{date, figures, money};
use crate::billing::card::BillingCard;
use crate::billing::reference::grouped;
use lopdf::Document;

/// Checks number, names, dates, amounts and the reference in the text that a reader extracts.
///
/// # Errors
/// [`CardError::Proof`] names the first thing that is not there.
pub(super) fn check(bytes: &[u8], card: &BillingCard) -> Result<(), CardError> {
    let unreadable = |error: lopdf::Error| CardError::Pdf(format!("it cannot be read back: {error}"));
    let document = Document::load_mem(bytes).map_err(unreadable)?;
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    let text = packed(&document.extract_text(&pages).map_err(unreadable)?);
    for (what, expected) in expected(card) {
        if !text.contains(&packed(&drawable(&expected))) {
            return Err(CardError::Proof { what, text: expected });
        }
    }
    Ok(())
}

/// Without white space: a name may stand on two lines.
fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn expected(card: &BillingCard) -> Vec<(&'static str, String)> {
    let language = card.language;
    let mut expected = vec![
        ("the number", card.number.to_string()),
        ("the customer's name", card.customer.name.clone()),
        ("the date of issue", date(language, card.issued_on)),
    ];
    for line in &card.lines {
        expected.push(("the service", line.name.clone()));
        for amount in [line.amounts.net, line.amounts.vat, line.amounts.gross] {
            expected.push(("the amount", figures(language, amount)));
        }
        if let Some(period) = line.period() {
            for day in [period.from, period.last_day(), period.to] {
                expected.push(("the period's day", date(language, day)));
            }
        }
        for day in [line.suspend_on, line.terminate_on].into_iter().flatten() {
            expected.push(("the day of consequence", date(language, day)));
        }
    }
    if card.total_due.is_positive() {
        expected.push(("the amount to pay", money(language, card.total_due)));
        expected.push(("the payment reference", grouped(card.payment.reference.as_str())));
        for bank in &card.payment.banks {
            expected.push(("the IBAN", grouped(&bank.iban)));
        }
    }
    for service in &card.settled {
        expected.push(("the settled service", service.name.clone()));
    }
    expected
}
