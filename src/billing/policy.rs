//! The policy: on which days a kind of service is reminded, suspended and terminated.

use super::calendar::Calendar;
use super::coded::coded;
use super::money::Money;
use super::notice::Stage;
use super::service::{Service, ServiceKind};
use super::vat::VatRate;
use std::collections::BTreeMap;

/// The ladder of one kind of service. `None` means that the step does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Days before the expiry on which a notice is due, most first.
    pub notice_days_before: Vec<u32>,
    /// Whether a notice is due on the day of expiry.
    pub notice_on_expiry: bool,
    /// Days after the expiry, fewest first.
    pub notice_days_after: Vec<u32>,
    /// Days after the expiry on which suspension becomes possible.
    pub suspend_after_days: Option<u32>,
    /// Days that must pass between an accepted notice and suspension.
    pub min_notice_days: u32,
    /// Days between the accepted final notice and termination.
    pub final_notice_days_before: u32,
    /// Days after the suspension on which termination becomes possible.
    pub terminate_after_days: Option<u32>,
    /// The months that a registry registers a name for; multiples are fine.
    pub term_months: Option<u32>,
    /// Days after the expiry in which a registry still renews a name.
    pub quarantine_days: Option<u32>,
}

impl Policy {
    /// The days before expiry that a period of so many months knows: a monthly service is not
    /// reminded a month ahead.
    fn before(&self, period_months: u32) -> impl Iterator<Item = u32> + '_ {
        let longest = 15 * period_months;
        self.notice_days_before.iter().copied().filter(move |days| *days <= longest)
    }

    /// How many days before its expiry the charge of the next period comes to exist.
    #[must_use]
    pub fn horizon_days(&self, period_months: u32) -> u32 {
        self.before(period_months).max().unwrap_or(0)
    }

    /// Every stage of the ladder that has a day of its own.
    pub fn stages(&self, period_months: u32) -> impl Iterator<Item = Stage> + '_ {
        let before = self.before(period_months).map(Stage::Before);
        let expiry = self.notice_on_expiry.then_some(Stage::Expiry);
        let after = self.notice_days_after.iter().map(|days| Stage::After(*days));
        before.chain(expiry).chain(after)
    }
}

/// Policies by kind and, for domain names, by top-level domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    /// For a kind that has none of its own.
    pub default: Policy,
    /// By kind; what a kind does not set was inherited when this was built.
    pub by_kind: BTreeMap<ServiceKind, Policy>,
    /// By top-level domain without the dot and in ASCII (`gr`, `com.gr`, `xn--qxam`), for kind `domain`.
    pub by_tld: BTreeMap<String, Policy>,
}

/// A name as registries know it: `κονετ.ελ` and `xn--qxajjh1a.xn--qxam` are the same.
#[must_use]
pub fn ascii_name(name: &str) -> String {
    idna::domain_to_ascii(name.trim().trim_start_matches('.')).unwrap_or_else(|_| name.to_lowercase())
}

impl Policies {
    /// The policy of one service; the longest matching top-level domain wins.
    #[must_use]
    pub fn of(&self, service: &Service) -> &Policy {
        if service.kind == ServiceKind::Domain {
            let name = ascii_name(service.domain_name.as_deref().unwrap_or(&service.name));
            let mut rest = name.as_str();
            while let Some((_, tld)) = rest.split_once('.') {
                if let Some(policy) = self.by_tld.get(tld) {
                    return policy;
                }
                rest = tld;
            }
        }
        self.by_kind.get(&service.kind).unwrap_or(&self.default)
    }

    /// The shortest time between an accepted notice and a suspension, over all kinds that are suspended.
    #[must_use]
    pub fn shortest_notice_days(&self) -> Option<u32> {
        std::iter::once(&self.default)
            .chain(self.by_kind.values())
            .chain(self.by_tld.values())
            .filter(|policy| policy.suspend_after_days.is_some())
            .map(|policy| policy.min_notice_days)
            .min()
    }

    /// The longest horizon of all, in days: nothing further off can be due.
    #[must_use]
    pub fn longest_horizon_days(&self) -> u32 {
        std::iter::once(&self.default)
            .chain(self.by_kind.values())
            .chain(self.by_tld.values())
            .flat_map(|policy| policy.notice_days_before.iter().copied())
            .max()
            .unwrap_or(0)
    }
}

coded! {
    /// Whether the program acts or only shows.
    pub enum Mode {
        /// Everything goes to one recipient; nothing is suspended; no hook runs.
        Trial = "trial",
        /// For the customers.
        Live = "live",
    }
}

/// All that deciding needs beside the facts and the day.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The ladders.
    pub policies: Policies,
    /// On which days enforcement may happen.
    pub calendar: Calendar,
    /// The VAT rate of most customers.
    pub standard_vat: VatRate,
    /// What a settlement may fall short by.
    pub tolerance: Money,
    /// Trial or live, on the day of the run.
    pub mode: Mode,
    /// Expired longer than this before its first import: a person must confirm.
    pub stale_days: u32,
    /// Within so many days a card that listed a charge stands for its next reminder; 0: each is told.
    pub gather_days: u32,
}
