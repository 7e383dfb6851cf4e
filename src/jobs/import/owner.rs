//! Whose a payment is: what a statement says of that, from the file's own word down to the account it comes from.

use crate::billing::candidates::Evidence;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::text::look_alikes;
use crate::intake::PaymentRow;
use crate::jobs::claims::references_in;
use crate::store::{Read, StoreError, Tx};

/// Whose a payment is, and what told so.
pub(super) fn owner_of_movement(
    tx: &Tx<'_>,
    row: &PaymentRow,
) -> Result<Option<(CustomerCode, Evidence)>, StoreError> {
    if let Some(code) = &row.customer {
        return Ok(Some((CustomerCode::new(code.clone()), Evidence::Customer)));
    }
    let texts = || [&row.reference, &row.note].into_iter().flatten();
    let mut named = false;
    for text in texts() {
        let references = references_in(tx, text)?;
        if let [code] = references.as_slice() {
            return Ok(Some((code.clone(), Evidence::Reference)));
        }
        named |= !references.is_empty();
        if let Some(code) = by_card(tx, text)? {
            return Ok(Some((code, Evidence::Card)));
        }
    }
    let mut owners = Vec::new();
    for code in &row.services {
        owners.extend(tx.service(&ServiceCode::new(code.clone()))?.map(|service| service.customer));
    }
    owners.sort();
    owners.dedup();
    if !owners.is_empty() {
        return Ok(if owners.len() == 1 {
            owners.pop().map(|code| (code, Evidence::Services))
        } else {
            None
        });
    }
    for text in texts() {
        if let Some(code) = by_code(tx, text)? {
            return Ok(Some((code, Evidence::Code)));
        }
    }
    if let (false, Some(iban)) = (named, &row.payer_iban)
        && let Some(code) = tx.customer_of_payer(iban)?
    {
        return Ok(Some((code, Evidence::PayerIban)));
    }
    Ok(None)
}

/// The customer of the one card whose number stands in a text.
fn by_card(tx: &Read, text: &str) -> Result<Option<CustomerCode>, StoreError> {
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
fn by_code(tx: &Read, text: &str) -> Result<Option<CustomerCode>, StoreError> {
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
