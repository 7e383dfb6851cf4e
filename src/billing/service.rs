//! What we sell, in which state it is, and what keeps it from being enforced.

use super::coded::coded;
use super::episode::Episode;
use super::ids::{CustomerCode, ServiceCode};
use super::money::Money;
use super::vat::{Price, VatRate};
use chrono::NaiveDate;

coded! {
    /// What kind of thing a service is; the policy and the hooks go by it.
    pub enum ServiceKind {
        /// Φιλοξενία ιστοσελίδων.
        Hosting = "hosting",
        /// Όνομα χώρου.
        Domain = "domain",
        /// Πιστοποιητικό SSL.
        Ssl = "ssl",
        /// Ηλεκτρονικό ταχυδρομείο.
        Email = "email",
        /// Αντίγραφα ασφαλείας.
        Backup = "backup",
        /// Διακομιστής.
        Server = "server",
        /// Υποστήριξη.
        Support = "support",
        /// Anything else that renews.
        Other = "other",
        /// Custom εφαρμογή: billed by hand, never noticed, never enforced.
        CustomApp = "custom_app",
    }
}

coded! {
    /// Why a service is suspended. Only `Nonpayment` is lifted by a payment.
    pub enum SuspensionReason {
        /// Its period was not settled.
        Nonpayment = "nonpayment",
        /// A person did it.
        Manual = "manual",
        /// Abuse.
        Abuse = "abuse",
        /// The customer cancelled and the service lapsed.
        Cancelled = "cancelled",
    }
}

impl SuspensionReason {
    /// Whether money lifts the suspension; of one that lapsed, where the customer did not cancel: it `renews`.
    #[must_use]
    pub const fn is_for_money(self, renews: bool) -> bool {
        match self {
            Self::Nonpayment => true,
            Self::Cancelled => renews,
            Self::Manual | Self::Abuse => false,
        }
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

impl Hold {
    /// How the note begins of a hold that a cheque put on, with its amount and day; the reason follows.
    pub const CHEQUE: &str = "cheque of ";
    /// How the note begins of one that a transfer slip put on; the reason follows.
    pub const SLIP: &str = "transfer slip received: ";

    /// The beginning of the note of a cheque.
    #[must_use]
    pub fn of_cheque(amount: Money, due: NaiveDate) -> String {
        format!("{}{amount}, due on {due}: ", Self::CHEQUE)
    }
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
    /// Another price, agreed for the periods that begin on or after a day.
    pub later_price: Option<(NaiveDate, Price)>,
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
    /// What a period costs that begins on this day.
    #[must_use]
    pub fn price_of(&self, begins: NaiveDate) -> Price {
        self.later_price.filter(|(from, _)| *from <= begins).map_or(self.price, |(_, price)| price)
    }

    /// A later price becomes the price once the present period begins with it.
    pub fn settle_price(&mut self) {
        if self.later_price.is_some_and(|(from, _)| from <= self.expires_on) {
            self.price = self.price_of(self.expires_on);
            self.later_price = None;
        }
    }

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
