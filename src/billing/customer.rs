//! Whom we bill.

use super::coded::coded;
use super::ids::CustomerCode;
use super::vat::VatTreatment;

coded! {
    /// The language of a customer's cards and messages.
    pub enum Language {
        /// Ελληνικά.
        Greek = "el",
        /// English.
        English = "en",
    }
}

impl Language {
    /// Whether its readers read Greek letters.
    #[must_use]
    pub const fn reads_greek(self) -> bool {
        matches!(self, Self::Greek)
    }

    /// The words that name one, as a fault tells them: "`el` or `en`".
    #[must_use]
    pub fn words() -> String {
        Self::ALL.map(|language| format!("`{language}`")).join(" or ")
    }
}

/// What stands in place of an erased customer's name.
#[must_use]
pub fn pseudonym(code: &CustomerCode) -> String {
    format!("erased-{code}")
}

/// What a customer writes with a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PaymentReference {
    /// Our own ISO 11649 reference: printed as «Αιτιολογία κατάθεσης», never as «Κωδικός πληρωμής RF».
    Own(String),
    /// A payment code issued by a bank or by DIAS, printed as «Κωδικός πληρωμής».
    BankIssued(String),
}

impl PaymentReference {
    /// The reference without spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(text) | Self::BankIssued(text) => text,
        }
    }
}

/// A customer (πελάτης) as accounting knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Accounting's code.
    pub code: CustomerCode,
    /// Name or company.
    pub name: String,
    /// Own addresses; may be empty, and then the customer is held back.
    pub email: Vec<String>,
    /// Addresses that get a copy, which never counts as having been told.
    pub cc: Vec<String>,
    /// ΑΦΜ, without country prefix for Greece.
    pub tax_id: Option<String>,
    /// ΔΟΥ.
    pub tax_office: Option<String>,
    /// Επάγγελμα.
    pub profession: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ISO 3166 code, `GR`.
    pub country: String,
    /// For the call list.
    pub phone: Option<String>,
    /// Language of the card.
    pub language: Language,
    /// How they are taxed.
    pub vat: VatTreatment,
    /// What they write with a transfer.
    pub reference: PaymentReference,
    /// `false`: exempt from suspension and termination.
    pub enforcement: bool,
}
