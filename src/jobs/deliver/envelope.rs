//! The envelope of a delivery.

use crate::jobs::Desk;
use crate::mail::keyed::MailKey;

/// The envelope sender of a delivery: what comes back to it proves itself, where the server takes such addresses.
#[must_use]
pub(super) fn sender(desk: &Desk, key: &MailKey, delivery: i64, address: &str) -> String {
    let mail = &desk.config.mail;
    mail.recipient_delimiter.map_or_else(
        || mail.envelope_from.clone(),
        |delimiter| key.sender(&mail.envelope_from, delimiter, delivery, address),
    )
}
