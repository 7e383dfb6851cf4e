//! `[guard]`, `[rollout]` and `[import]`: how far a run may go.

use super::section::Section;
use super::{Guard, Import, Rollout, hooks, mail};
use crate::billing::guard::Limits;
use crate::billing::policy::Mode;
use std::path::PathBuf;

/// `[monitor]`
#[derive(Debug, Clone)]
pub struct Monitor {
    /// Run after a night that was done: an argv, no shell.
    pub on_success: Option<Vec<String>>,
    /// Run after one that failed.
    pub on_failure: Option<Vec<String>>,
    /// Figures for Prometheus' node exporter.
    pub textfile: Option<PathBuf>,
}

/// `[report]`
#[derive(Debug, Clone)]
pub struct SiteOfReport {
    /// Where every night writes it.
    pub folder: Option<PathBuf>,
    /// The group that may read it.
    pub group: Option<String>,
    /// Where it is read: `file:///…` or `https://…`, for the digest.
    pub address: Option<String>,
}

pub(super) fn guard(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> Guard {
    let guard = Guard {
        limits: Limits {
            max_actions: section.number("max_actions", 1_000_000).unwrap_or(5),
            max_percent: section.number("max_percent", 100).unwrap_or(2),
            max_terminations: section.number("max_terminations", 1_000_000).unwrap_or(5),
            max_payment_age_days: section.number("max_payment_age_days", 365).unwrap_or(2),
        },
        stop_file: section.text("stop_file").map(place),
    };
    section.finish();
    guard
}

pub(super) fn rollout(section: &Section<'_>) -> Rollout {
    let mode = match section.text("mode").as_deref() {
        None | Some("live") => Mode::Live,
        Some("trial") => Mode::Trial,
        Some(other) => {
            section.fault("mode", format!("`rollout.mode` = `{other}`"), Some("\"trial\" or \"live\""));
            Mode::Trial
        }
    };
    let rollout = Rollout {
        mode,
        live_from: section.date("live_from"),
        trial_recipient: section.text("trial_recipient"),
    };
    match &rollout.trial_recipient {
        Some(address) => mail::check_mailbox(section, "trial_recipient", address),
        None if mode == Mode::Trial => {
            let hint = "every message of the trial goes to this address";
            section.fault(
                "trial_recipient",
                "`rollout.trial_recipient` is missing in trial mode",
                Some(hint),
            );
        }
        None => {}
    }
    section.finish();
    rollout
}

pub(super) fn monitor(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> Monitor {
    let monitor = Monitor {
        on_success: hooks::argv(section, "on_success", place),
        on_failure: hooks::argv(section, "on_failure", place),
        textfile: section.text("textfile").map(place),
    };
    section.finish();
    monitor
}

pub(super) fn report(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> SiteOfReport {
    let report = SiteOfReport {
        folder: section.text("folder").map(place),
        group: section.text("group"),
        address: section.text("address"),
    };
    section.finish();
    report
}

pub(super) fn import(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> Import {
    let import = Import {
        inbox: section.text("inbox").map(place),
        profiles: section.text("profiles").map(place),
        bounces: section.text("bounces").map(place),
        stale_days: section.number("stale_days", 3650).unwrap_or(60),
    };
    section.finish();
    import
}
