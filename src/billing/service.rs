//! What we sell, in which state it is, and what keeps it from being enforced.

use super::episode::Episode;
use super::ids::{CustomerCode, ServiceCode};
use super::vat::{Price, VatRate};
use chrono::NaiveDate;

/// What kind of thing a service is; the policy and the hooks go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKind {
    /// Φιλοξενία ιστοσελίδων.
    Hosting,
    /// Όνομα χώρου.
    Domain,
    /// Πιστοποιητικό SSL.
    Ssl,
    /// Ηλεκτρονικό ταχυδρομείο.
    Email,
    /// Αντίγραφα ασφαλείας.
    Backup,
    /// Διακομιστής.
    Server,
    /// Υποστήριξη.
    Support,
    /// Anything else that renews.
    Other,
    /// Custom εφαρμογή: billed by hand, never noticed, never enforced.
    CustomApp,
}

impl ServiceKind {
    /// Every kind, in the order of the configuration.
    pub const ALL: [Self; 9] = [
        Self::Hosting,
        Self::Domain,
        Self::Ssl,
        Self::Email,
        Self::Backup,
        Self::Server,
        Self::Support,
        Self::Other,
        Self::CustomApp,
    ];

    /// The word in files, keys and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hosting => "hosting",
            Self::Domain => "domain",
            Self::Ssl => "ssl",
            Self::Email => "email",
            Self::Backup => "backup",
            Self::Server => "server",
            Self::Support => "support",
            Self::Other => "other",
            Self::CustomApp => "custom_app",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Why a service is suspended. Only `Nonpayment` is lifted by a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuspensionReason {
    /// Its period was not settled.
    Nonpayment,
    /// A person did it.
    Manual,
    /// Abuse.
    Abuse,
    /// The customer cancelled and the service lapsed.
    Cancelled,
}

impl SuspensionReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Nonpayment, Self::Manual, Self::Abuse, Self::Cancelled];

    /// The word in files and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nonpayment => "nonpayment",
            Self::Manual => "manual",
            Self::Abuse => "abuse",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Where a service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceState {
    /// Running.
    Active,
    /// Switched off, data kept.
    Suspended {
        /// The day it was actually done (the import day, if it came suspended).
        on: NaiveDate,
        /// Why.
        reason: SuspensionReason,
        /// The expiry the service had then: a later expiry means that the period was settled.
        expiry: NaiveDate,
    },
    /// The data is gone.
    Terminated {
        /// The day it was done.
        on: NaiveDate,
    },
    /// Transferred away or closed by a person: out of everything.
    Ended {
        /// The day it was recorded.
        on: NaiveDate,
    },
}

/// Enforcement is off until a day, for a reason; the day itself is covered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hold {
    /// Last day of the hold.
    pub until: NaiveDate,
    /// Why, in a person's words.
    pub note: String,
}

/// A service (υπηρεσία).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Accounting's code.
    pub code: ServiceCode,
    /// Whose it is.
    pub customer: CustomerCode,
    /// What it is.
    pub kind: ServiceKind,
    /// What the customer bought, as printed.
    pub name: String,
    /// The domain name it belongs to, as printed.
    pub domain_name: Option<String>,
    /// Agreed per period.
    pub price: Price,
    /// Length of a period in months.
    pub period_months: u32,
    /// Λήξη: the first day not covered.
    pub expires_on: NaiveDate,
    /// Day of the month that expiries return to, 1–31.
    pub anchor_day: u32,
    /// Where it stands.
    pub state: ServiceState,
    /// `false`: cancelled by the customer; lapses at its expiry.
    pub renews: bool,
    /// The day staff recorded that, if they did: it is confirmed to the customer.
    pub cancelled_on: Option<NaiveDate>,
    /// Enforcement off.
    pub hold: Option<Hold>,
    /// How long what was announced counts.
    pub episode: Episode,
    /// The panel's user name.
    pub account: Option<String>,
    /// Which panel.
    pub server: Option<String>,
    /// VAT of its own; otherwise the customer's.
    pub vat: Option<VatRate>,
    /// The as-of day of its first import.
    pub imported_on: NaiveDate,
    /// A person has confirmed an expiry that was long past at the first import.
    pub confirmed: bool,
}

impl Service {
    /// The episode in which it is, once it is changed into `now`. (An exemption is the customer's, and a reopening the
    /// charge's: both begin one for the service besides. A renewal moves the expiry and changes no service by hand.)
    #[must_use]
    pub fn episode_as(&self, now: &Self) -> Episode {
        let until = |service: &Self| service.hold.as_ref().map(|hold| hold.until);
        let reinstated =
            matches!(self.state, ServiceState::Suspended { .. }) && matches!(now.state, ServiceState::Active);
        let back = matches!(self.state, ServiceState::Ended { .. })
            && !matches!(now.state, ServiceState::Ended { .. });
        let corrected = self.expires_on != now.expires_on;
        if until(self) != until(now) || self.renews != now.renews || reinstated || back || corrected {
            self.episode.next()
        } else {
            self.episode
        }
    }
}
