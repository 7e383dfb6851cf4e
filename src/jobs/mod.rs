//! What ties several edges together, so that commands stay thin and edges never meet.

pub mod attention;
pub mod books;
pub mod calendar;
pub mod check;
mod claims;
pub mod copies;
pub mod deliver;
pub mod enforce;
pub mod explain;
pub mod find;
pub mod gates;
pub mod import;
pub mod income;
pub mod init;
pub mod list;
pub mod money;
pub mod monitor;
pub mod night;
pub mod notify;
pub mod privacy;
pub mod record;
pub mod report;
pub mod restore;
pub mod retention;
pub mod spared;
pub mod status;

use crate::billing::issuer::Issuer;
use crate::billing::policy::Rules;
use crate::config::Config;
use crate::report::Report;
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

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

/// Before anything is opened: what is written is its user's alone, and hooks get none of the caller's descriptors.
pub fn settle_in() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    crate::hooks::note_inherited();
}

/// From now on SIGTERM and SIGINT end a run between two steps, and a full disk is an error, not a death.
///
/// # Errors
/// Where the signals cannot be caught.
pub fn install_signal_handlers() -> std::io::Result<()> {
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(told_to_stop()))?;
        signal_hook::flag::register(signal, Arc::clone(told_to_stop()))?;
    }
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}

/// Whether the run was told to stop.
#[must_use]
pub fn stopping() -> bool {
    told_to_stop().load(Ordering::Relaxed)
}

fn told_to_stop() -> &'static Arc<AtomicBool> {
    static TOLD: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    TOLD.get_or_init(|| Arc::new(AtomicBool::new(false)))
}
