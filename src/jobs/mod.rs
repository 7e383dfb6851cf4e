//! What ties several edges together, so that commands stay thin and edges never meet.

pub mod attention;
pub mod compare;
pub mod customers;
pub mod deliver;
pub mod enforce;
pub mod notices;
pub mod payments;
pub mod render;
pub mod services;

use crate::billing::letters::Issuer;
use crate::billing::policy::Rules;
use crate::config::Config;
use crate::report::Report;
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

/// What every job is given: the configuration, the rules of the day, and where to speak.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The configuration.
    pub config: Config,
    /// The rules, in force on `today`.
    pub rules: Rules,
    /// Who issues cards.
    pub issuer: Issuer,
    /// The day worked for.
    pub today: NaiveDate,
    /// The moment the command began.
    pub now: DateTime<Tz>,
    /// Show only.
    pub dry_run: bool,
    /// Where to speak.
    pub report: Report,
}
