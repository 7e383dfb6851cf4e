//! Names that only we can give: the Message-ID of a message and the envelope sender of a delivery, by which what
//! comes back is believed.

use super::compose::address_of;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a Message-ID's and of an envelope sender's proof.
const ID_BYTES: usize = 16;
const SENDER_BYTES: usize = 8;

/// The database's own key; whoever knows it could pass a message off as ours.
#[derive(Clone)]
pub struct MailKey(Vec<u8>);

impl std::fmt::Debug for MailKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailKey(…)")
    }
}

/// What makes a message the one it is.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// `trial` or `live`.
    pub mode: &'a str,
    /// The keys of the notices it tells, as they are printed.
    pub keys: &'a [String],
    /// The number of a card that somebody asked for.
    pub request: Option<i64>,
    /// How many messages of these very notices were handed over before (and came back).
    pub again: u32,
}

impl MailKey {
    /// From the database's bytes.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The Message-ID of a message, at the sender's domain: the same message always has the same one.
    #[must_use]
    pub fn message_id(&self, identity: &Identity<'_>, from: &str) -> String {
        let mut keys = identity.keys.to_vec();
        keys.sort();
        let mut lines = vec!["message".to_owned(), identity.mode.to_owned()];
        lines.extend(identity.request.map(|number| format!("request {number}")));
        lines.extend((identity.again > 0).then(|| format!("again {}", identity.again)));
        lines.extend(keys);
        let domain = address_of(from).rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        format!("<{}@{domain}>", self.proof(&lines.join("\n"), ID_BYTES))
    }

    /// The envelope sender of one delivery (VERP): `bounces@…` becomes `bounces+12-4f3a…@…`.
    #[must_use]
    pub fn sender(&self, envelope_from: &str, delimiter: char, delivery: i64, address: &str) -> String {
        let Some((local, domain)) = envelope_from.rsplit_once('@') else { return envelope_from.to_owned() };
        format!("{local}{delimiter}{delivery}-{}@{domain}", self.sender_proof(delivery, address))
    }

    /// The delivery and the proof that a sender of this form names; whether it is ours says [`Self::is_ours`].
    #[must_use]
    pub fn delivery_of(sender: &str, envelope_from: &str, delimiter: char) -> Option<(i64, String)> {
        let (ours, domain) = envelope_from.rsplit_once('@')?;
        let (local, at) = sender.rsplit_once('@')?;
        let rest = local.get(..ours.len()).filter(|start| start.eq_ignore_ascii_case(ours))?;
        let (delivery, proof) = local.get(rest.len()..)?.strip_prefix(delimiter)?.split_once('-')?;
        at.eq_ignore_ascii_case(domain).then_some(())?;
        Some((delivery.parse().ok()?, proof.to_lowercase()))
    }

    /// Whether a sender's proof is the one of this delivery.
    #[must_use]
    pub fn is_ours(&self, proof: &str, delivery: i64, address: &str) -> bool {
        proof == self.sender_proof(delivery, address)
    }

    fn sender_proof(&self, delivery: i64, address: &str) -> String {
        self.proof(&format!("sender\n{delivery}\n{address}"), SENDER_BYTES)
    }

    fn proof(&self, text: &str, bytes: usize) -> String {
        // a key of any length will do, so there is always one
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<String> {
        vec!["S-2|2025-03-31|before-30".to_owned(), "S-1|2025-03-31|before-30".to_owned()]
    }

    fn identity(keys: &[String]) -> Identity<'_> {
        Identity { mode: "live", keys, request: None, again: 0 }
    }

    #[test]
    fn the_construction_is_pinned_for_what_was_sent_must_be_known_again() {
        let key = MailKey::new(vec![7; 32]);
        let from = "Konet <accounting@konet.example>";
        let (keys, none) = (keys(), Vec::new());
        let id = |identity: Identity<'_>| key.message_id(&identity, from);
        assert_eq!(id(identity(&keys)), "<19670e6359348512de42d818a7c0a44b@konet.example>");
        assert_eq!(
            id(Identity { request: Some(3), ..identity(&none) }),
            "<3d38c519f7d709bad63e356250edfd8d@konet.example>"
        );
        assert_eq!(
            key.sender("bounces@konet.example", '+', 12, "a@a.example"),
            "bounces+12-9004d37cee6aefa8@konet.example"
        );
    }

    #[test]
    fn nobody_without_the_key_and_no_other_message_has_the_same_id() {
        let from = "accounting@konet.example";
        let (key, other) = (MailKey::new(vec![7; 32]), MailKey::new(vec![8; 32]));
        let keys = keys();
        let usual = identity(&keys);
        let mut turned = keys.clone();
        turned.reverse();
        assert_eq!(key.message_id(&usual, from), key.message_id(&identity(&turned), from));
        for different in [
            other.message_id(&usual, from),
            key.message_id(&Identity { mode: "trial", ..usual }, from),
            key.message_id(&Identity { request: Some(1), ..usual }, from),
            key.message_id(&Identity { again: 1, ..usual }, from),
            key.message_id(&identity(&keys[..1]), from),
        ] {
            assert_ne!(different, key.message_id(&usual, from));
        }
    }

    #[test]
    fn a_sender_names_its_delivery_and_proves_it() {
        let key = MailKey::new(vec![7; 32]);
        let base = "bounces@konet.example";
        let sender = key.sender(base, '+', 12, "a@a.example");
        let (delivery, proof) = MailKey::delivery_of(&sender.to_uppercase(), base, '+').unwrap();
        assert_eq!(delivery, 12);
        assert!(key.is_ours(&proof, 12, "a@a.example"));
        assert!(!key.is_ours(&proof, 13, "a@a.example"));
        assert!(!key.is_ours(&proof, 12, "b@a.example"));
        for foreign in ["bounces@konet.example", "bounces+12@konet.example", "bounces+x-1@konet.example", "β"]
        {
            assert_eq!(MailKey::delivery_of(foreign, base, '+'), None, "{foreign}");
        }
    }
}
