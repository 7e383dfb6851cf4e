//! What a worded card consists of: texts, and of which kind they are where that is drawn differently.

use crate::billing::card::Urgency;
use crate::billing::customer::Language;
use serde::{Serialize, Serializer};

/// What templates can name is serialised, and keeps its names, because companies have templates of their
/// own; the page alone reads what is skipped: the same, as the lines it has room for.
#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct Worded {
    #[serde(serialize_with = "code")]
    pub(in crate::card) language: Language,
    /// Before the subject of what is no real card; else nothing.
    pub(in crate::card) mark: String,
    /// Across the page of what is no real card.
    #[serde(skip)]
    pub(in crate::card) band: Option<String>,
    pub(in crate::card) number: String,
    pub(in crate::card) replaces: Option<String>,
    pub(in crate::card) issued_on: String,
    pub(in crate::card) company: WordedCompany,
    pub(in crate::card) customer: WordedCustomer,
    /// What the whole of it is about, in a few words.
    #[serde(skip)]
    pub(in crate::card) state: WordedState,
    /// What it is beside a Billing Card; may be empty.
    pub(in crate::card) subtitle: String,
    /// Nothing where nothing is due.
    pub(in crate::card) amount: Option<WordedAmount>,
    pub(in crate::card) events: Vec<WordedEvent>,
    /// Which payments came, and what is left of them; nothing where the events speak of none.
    #[serde(skip)]
    pub(in crate::card) received: Option<String>,
    pub(in crate::card) groups: Vec<WordedGroup>,
    pub(in crate::card) totals: Option<WordedTotals>,
    pub(in crate::card) payment: Option<WordedPayment>,
    pub(in crate::card) settled: Vec<WordedService>,
    pub(in crate::card) custom_apps: Vec<WordedService>,
    pub(in crate::card) vat_notes: Vec<String>,
    pub(in crate::card) not_fiscal: String,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedCompany {
    /// The name customers know.
    pub(in crate::card) name: String,
    pub(in crate::card) legal_name: String,
    pub(in crate::card) address: Option<String>,
    pub(in crate::card) tax_id: String,
    pub(in crate::card) tax_office: Option<String>,
    pub(in crate::card) website: Option<String>,
    pub(in crate::card) support_email: Option<String>,
    pub(in crate::card) support_phone: Option<String>,
    #[serde(skip)]
    pub(in crate::card) lines: Vec<String>,
    /// Whom to ask.
    #[serde(skip)]
    pub(in crate::card) questions: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedCustomer {
    pub(in crate::card) code: String,
    pub(in crate::card) name: String,
    pub(in crate::card) tax_id: Option<String>,
    /// What stands under the name.
    #[serde(skip)]
    pub(in crate::card) lines: Vec<String>,
}

/// The state of what the card speaks of, for a band across the page.
#[derive(Debug, Clone)]
pub(in crate::card) struct WordedState {
    pub(in crate::card) text: String,
    /// Something is lost, or will be.
    pub(in crate::card) grave: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedAmount {
    pub(in crate::card) total: String,
    pub(in crate::card) due_by: Option<String>,
    pub(in crate::card) overdue: Option<String>,
    /// By when, or that it is due at once; with its own sum where a part may come later.
    pub(in crate::card) pay_by: String,
    /// That part and its day.
    pub(in crate::card) later: Option<String>,
    #[serde(skip)]
    pub(in crate::card) of_which_overdue: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedEvent {
    pub(in crate::card) name: String,
    pub(in crate::card) text: String,
    pub(in crate::card) grave: bool,
    /// The service goes on.
    #[serde(skip)]
    pub(in crate::card) good: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedGroup {
    pub(in crate::card) title: String,
    pub(in crate::card) overdue: bool,
    #[serde(skip)]
    pub(in crate::card) urgency: Urgency,
    pub(in crate::card) lines: Vec<WordedLine>,
    /// What comes of all of them, where that is one thing.
    #[serde(skip)]
    pub(in crate::card) unless_settled: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedLine {
    pub(in crate::card) name: String,
    pub(in crate::card) domain_name: Option<String>,
    /// When it expires or expired, and that it is suspended.
    pub(in crate::card) state: Option<String>,
    pub(in crate::card) period: Option<String>,
    pub(in crate::card) new_expiry: Option<String>,
    pub(in crate::card) net: String,
    pub(in crate::card) vat: String,
    pub(in crate::card) rate: String,
    pub(in crate::card) gross: String,
    /// Only where something has been paid.
    pub(in crate::card) paid: Option<String>,
    pub(in crate::card) due: String,
    /// Number of a tax invoice that preceded the payment.
    pub(in crate::card) invoice: Option<String>,
    /// The days of suspension and termination.
    pub(in crate::card) consequence: Option<String>,
    /// The period's first day and its last.
    #[serde(skip)]
    pub(in crate::card) days: Option<[String; 2]>,
    /// Net, VAT and gross for columns whose head names the currency.
    #[serde(skip)]
    pub(in crate::card) figures: [String; 3],
    /// The gross of all lines before it, where that is not nothing.
    #[serde(skip)]
    pub(in crate::card) carried: Option<String>,
    /// What stands first: the domain name, else the service's own.
    #[serde(skip)]
    pub(in crate::card) title: String,
    /// What stands under it: the service, its state, what was paid, invoice.
    #[serde(skip)]
    pub(in crate::card) remarks: Vec<String>,
    /// What comes of it, unless that is said of the whole group.
    #[serde(skip)]
    pub(in crate::card) unless_settled: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedTotals {
    pub(in crate::card) net: String,
    pub(in crate::card) vat: Vec<WordedVat>,
    pub(in crate::card) gross: String,
    pub(in crate::card) paid: Option<String>,
    pub(in crate::card) credit: Option<String>,
    pub(in crate::card) due: String,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedVat {
    pub(in crate::card) rate: String,
    pub(in crate::card) net: String,
    pub(in crate::card) vat: String,
    #[serde(skip)]
    pub(in crate::card) label: String,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedPayment {
    pub(in crate::card) reference_label: String,
    pub(in crate::card) reference: String,
    /// That nothing else is to be written.
    pub(in crate::card) reference_only: String,
    pub(in crate::card) banks: Vec<WordedBank>,
    /// Every way but the accounts.
    pub(in crate::card) others: Vec<WordedWay>,
    /// Two of the others by their own names, which templates had first.
    pub(in crate::card) iris: Option<String>,
    pub(in crate::card) link: Option<String>,
    /// What a code to scan holds.
    #[serde(skip)]
    pub(in crate::card) epc_qr: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedBank {
    pub(in crate::card) name: String,
    pub(in crate::card) iban: String,
    pub(in crate::card) bic: Option<String>,
    pub(in crate::card) beneficiary: String,
}

/// A way to pay that one line explains.
#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedWay {
    pub(in crate::card) label: String,
    pub(in crate::card) text: String,
    /// The text is an address to follow.
    pub(in crate::card) is_link: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::card) struct WordedService {
    pub(in crate::card) name: String,
    pub(in crate::card) expires_on: String,
    #[serde(skip)]
    pub(in crate::card) until: String,
}

fn code<S: Serializer>(language: &Language, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(language.code())
}
