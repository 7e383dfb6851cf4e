//! What makes a movement on a bank account the same one, however often and in whatever file it is seen.
//!
//! A bank's reference alone does not: banks write `NONREF`, zeros, or one reference for all payments of a terminal.
//! A running balance or a place in the file does not either: an inserted line would make every later one new. So,
//! within one format, everything that the payer and the bank said of it tells two movements apart, and equal ones are
//! counted ([`Identity`] and its ordinal within a statement). Between two formats of one account day and amount must
//! agree, and the payer's account and the end-to-end id must not differ; what else makes two lines one stands in
//! `jobs/import/movements.rs`, for each format words the rest as it likes.

use super::money::Money;
use super::text::{cleaned, look_alikes};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::fmt;

/// All that one format says of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement<'a> {
    /// The format: `csv`, `camt.053` or a profile's name.
    pub source: &'a str,
    /// Whether the money came in; else it was taken back.
    pub incoming: bool,
    /// Our account, where the statement names it.
    pub account: &'a str,
    /// The day of booking.
    pub date: NaiveDate,
    /// The amount; positive.
    pub amount: Money,
    /// The bank's reference as it stands.
    pub bank_ref: &'a str,
    /// The payer's end-to-end id as it stands.
    pub end_to_end: &'a str,
    /// The bank's transaction id as it stands.
    pub transaction_id: &'a str,
    /// Who paid.
    pub payer: &'a str,
    /// From which account.
    pub payer_iban: &'a str,
    /// Every word of remittance, and the reference that was given.
    pub text: [&'a str; 2],
}

/// A fingerprint of a movement within its format; equal movements have equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Identity([u8; 16]);

/// The identity as it is stored: 32 hex digits.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Movement<'_> {
    /// Its identity: changing what goes in, or how, makes every stored movement a stranger (a test pins it).
    #[must_use]
    pub fn identity(&self) -> Identity {
        let direction = if self.incoming { "in" } else { "back" };
        let parts = [
            self.source.to_owned(),
            direction.to_owned(),
            self.account.to_owned(),
            self.date.to_string(),
            self.amount.cents().to_string(),
            real_reference(self.bank_ref).unwrap_or_default().to_owned(),
            real_reference(self.end_to_end).unwrap_or_default().to_owned(),
            real_reference(self.transaction_id).unwrap_or_default().to_owned(),
            cleaned(self.payer),
            self.payer_iban.replace(' ', "").to_uppercase(),
            cleaned(self.text[0]),
            cleaned(self.text[1]),
        ];
        // no part can hold the mark between them: they are cleaned of control characters
        let digest = Sha256::digest(parts.join("\u{1f}").as_bytes());
        let mut identity = [0; 16];
        identity.copy_from_slice(&digest[..16]);
        Identity(identity)
    }
}

/// The reference if it is a real one: `NONREF`, `NOTPROVIDED`, dashes, zeros and the like name nothing.
#[must_use]
pub fn real_reference(text: &str) -> Option<&str> {
    const NAMES_NOTHING: [&str; 11] = [
        "NONREF",
        "NOREF",
        "NOREFERENCE",
        "NOTPROVIDED",
        "NOTPROVIDE",
        "NOTAVAILABLE",
        "UNKNOWN",
        "NONE",
        "NULL",
        "NA",
        "NIL",
    ];
    let text = text.trim();
    let bare: String = look_alikes(text).chars().filter(|c| c.is_alphanumeric()).collect();
    let empty = bare.chars().all(|c| c == '0') || bare.chars().all(|c| c == 'X');
    (!empty && !NAMES_NOTHING.contains(&bare.as_str())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement() -> Movement<'static> {
        Movement {
            source: "camt.053",
            incoming: true,
            account: "GR1601101250000000012300695",
            date: NaiveDate::from_ymd_opt(2025, 3, 2).unwrap(),
            amount: Money::from_cents(12_400),
            bank_ref: "NONREF",
            end_to_end: "",
            transaction_id: "",
            payer: "ΠΑΠΠΑ ΣΟΦΙΑ",
            payer_iban: "GR9608100010000001234567890",
            text: ["ΠΛΗΡΩΜΗ", ""],
        }
    }

    #[test]
    fn placeholders_name_nothing() {
        for nothing in [
            "",
            " ",
            "NONREF",
            "nonref",
            "NOTPROVIDED",
            "Not provided",
            "000000",
            "0",
            "-",
            "--",
            "N/A",
            "xxx",
        ] {
            assert_eq!(real_reference(nothing), None, "{nothing}");
        }
        for real in ["AL25259001", "1", "0010", "POS-1", " T-1 "] {
            assert_eq!(real_reference(real), Some(real.trim()), "{real}");
        }
    }

    #[test]
    fn whatever_was_said_of_it_tells_two_movements_apart() {
        let one = movement();
        for other in [
            Movement { source: "NBG", ..one },
            Movement { incoming: false, ..one },
            Movement { account: "GR9608100010000001234567890", ..one },
            Movement { date: one.date.succ_opt().unwrap(), ..one },
            Movement { amount: Money::from_cents(12_401), ..one },
            Movement { bank_ref: "A-1", ..one },
            Movement { end_to_end: "E-1", ..one },
            Movement { transaction_id: "T-1", ..one },
            Movement { payer: "ΠΑΠΠΑ ΜΑΡΙΑ", ..one },
            Movement { payer_iban: "GR1601101250000000012300695", ..one },
            Movement { text: ["ΠΛΗΡΩΜΗ 2", ""], ..one },
            Movement { text: ["ΠΛΗΡΩΜΗ", "RF741"], ..one },
        ] {
            assert_ne!(one.identity(), other.identity(), "{other:?}");
        }
        let same =
            Movement { bank_ref: "NOTPROVIDED", end_to_end: "000", text: [" ΠΛΗΡΩΜΗ ", ""], ..one };
        assert_eq!(one.identity(), same.identity());
    }

    #[test]
    fn the_identity_is_pinned() {
        assert_eq!(movement().identity().to_string(), "4bf27e9dc5b83908a0654281289e8662");
    }
}
