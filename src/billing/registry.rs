//! What a registry wants of a domain name that no ladder can give: its terms, and the end of its quarantine.
//!
//! `.gr` names are registered for two years or multiples, and are free for anyone fifteen days after their expiry
//! (EETT 843/2/2018); other registries have windows of their own. Both are policy.

use super::action::Action;
use super::enforcement::Step;
use super::facts::Facts;
use super::ids::ServiceCode;
use super::period::days_after;
use super::policy::Rules;
use super::service::ServiceKind;
use chrono::NaiveDate;

/// Something about a domain name that a person must look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// It is charged for a term that its registry does not know.
    Term {
        /// Months charged.
        months: u32,
        /// The registry's term in months.
        term: u32,
    },
    /// Its quarantine is over and it is unpaid: it may be somebody else's.
    QuarantineOver {
        /// The first day after it.
        since: NaiveDate,
    },
    /// It was paid after its quarantine: renewing may no longer be possible.
    PaidTooLate {
        /// The first day after the quarantine.
        since: NaiveDate,
    },
}

/// The concerns of one customer's domain names, with the steps of tonight's decision.
#[must_use]
pub fn concerns(
    facts: &Facts,
    steps: &[Step],
    rules: &Rules,
    today: NaiveDate,
) -> Vec<(ServiceCode, Concern)> {
    let mut found = Vec::new();
    for service in facts.services.iter().filter(|s| s.kind == ServiceKind::Domain && s.is_chargeable()) {
        let policy = rules.policies.of(service);
        if let Some(term) = policy.term_months.filter(|term| service.period_months % term != 0) {
            found.push((service.code.clone(), Concern::Term { months: service.period_months, term }));
        }
        let Some(days) = policy.quarantine_days else { continue };
        let renewed = steps.iter().filter(|s| s.action == Action::Renew && s.service == service.code);
        if let Some(since) =
            renewed.map(|step| days_after(step.period.from, days + 1)).find(|day| *day <= today)
        {
            found.push((service.code.clone(), Concern::PaidTooLate { since }));
        }
        let since = days_after(service.expires_on, days + 1);
        if since <= today && facts.open_period_charge(service).is_some() {
            found.push((service.code.clone(), Concern::QuarantineOver { since }));
        }
    }
    found
}
