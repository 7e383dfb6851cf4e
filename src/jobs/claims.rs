//! Whose money may be that waits for an owner: what it names makes it findable for them, from its import and again after
//! it was given to somebody by mistake.

use crate::billing::candidates::{said, words_of_payment};
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::text::look_alikes;
use crate::store::{Read, StoreError, Tx};
use anyhow::Result;

/// What a payment says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    /// Who paid.
    pub(crate) payer: Option<&'a str>,
    /// The reference given.
    pub(crate) reference: Option<&'a str>,
    /// The words given.
    pub(crate) note: Option<&'a str>,
    /// The services named.
    pub(crate) services: &'a [ServiceCode],
}

/// Makes money that nobody owns findable for those whose it may be; `seems` is whose it would be but for a doubt.
pub(crate) fn wait(
    tx: &Tx<'_>,
    id: PaymentId,
    payment: Said<'_>,
    seems: Option<&CustomerCode>,
) -> Result<()> {
    let mut claims: Vec<CustomerCode> = seems.into_iter().cloned().collect();
    for text in [payment.reference, payment.note].into_iter().flatten() {
        claims.extend(references_in(tx, text)?);
    }
    for code in payment.services {
        claims.extend(tx.service(code)?.map(|service| service.customer));
    }
    let words = words_of_payment(payment.payer, &said(payment.reference, payment.note));
    Ok(tx.index_waiting(id, &words, &claims)?)
}

/// The customers whose payment reference stands in a text, however it is spaced.
pub(crate) fn references_in(tx: &Read, text: &str) -> Result<Vec<CustomerCode>, StoreError> {
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
