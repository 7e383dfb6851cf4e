//! The mass-action guard: caps and freshness gates. Over a cap, or with a gate closed, *nothing* is
//! suspended or terminated in the run; renewals, reinstatements and notices go on.

use super::coded::coded;
use super::enforcement::Step;
use super::facts::Action;
use super::policy::Rules;
use chrono::NaiveDate;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The configured limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps of a run, at the least.
    pub max_actions: u32,
    /// Steps of a run as percent of the active services; the larger of the two counts.
    pub max_percent: u32,
    /// Terminations of a day, over all its runs.
    pub max_terminations: u32,
    /// Bank days that payment data may be old.
    pub max_payment_age_days: u32,
}

/// What the gates look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gates {
    /// As-of day of the newest payment import, or the end of its statement.
    pub payments_fresh_on: Option<NaiveDate>,
    /// The latest as-of day of any run before this one.
    pub latest_run_day: Option<NaiveDate>,
    /// A person put the stop file there.
    pub stopped_by: Option<String>,
    /// The database failed a check, or could not be backed up.
    pub damaged: Option<String>,
    /// The database was older than its last run, and nobody has confirmed since that all is well.
    pub restored: Option<String>,
    /// Payments in the inbox could not be read whole, and why: somebody in them may have paid.
    pub unread_payments: Option<String>,
    /// Services terminated today by earlier runs.
    pub terminated_today: u64,
    /// Active services, of which `max_percent` is taken.
    pub active_services: u64,
}

coded! {
    /// The `reason` of every step that the guard refuses.
    pub enum Reason {
        /// Payments are not known up to now.
        StalePayments = "stale_payments",
        /// Something must be mended first.
        Gate = "gate",
        /// There are too many: a person can approve exactly these.
        Cap = "cap",
    }
}

coded! {
    /// Which gate is closed, or which cap was passed.
    pub enum GateOrCap {
        /// A person put the stop file there.
        StopFile = "stop_file",
        /// The database failed a check, or could not be backed up.
        Database = "database",
        /// The database is a backup.
        Restored = "restored",
        /// Payments could not be read whole.
        Import = "import",
        /// Today lies before the last run's day.
        Clock = "clock",
        /// The newest payments are too old.
        Payments = "payments",
        /// Steps of a run.
        MaxActions = "max_actions",
        /// Terminations of a day.
        MaxTerminations = "max_terminations",
    }
}

impl GateOrCap {
    const fn reason(self) -> Reason {
        match self {
            Self::Payments => Reason::StalePayments,
            Self::StopFile | Self::Database | Self::Restored | Self::Import | Self::Clock => Reason::Gate,
            Self::MaxActions | Self::MaxTerminations => Reason::Cap,
        }
    }
}

/// Why the guard refused, with figures and what a person can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The `reason` of every step refused.
    pub reason: Reason,
    /// Which gate or cap.
    pub which: GateOrCap,
    /// Suspensions and terminations that were due.
    pub actions: usize,
    /// Terminations among them.
    pub terminations: usize,
    /// The limit that was passed, where there is one.
    pub limit: Option<u64>,
    /// Day of the newest payment import.
    pub payments_as_of: Option<NaiveDate>,
    /// First 12 hex digits of the SHA-256 of the sorted plan and its day.
    pub digest: String,
    /// All of it as a sentence.
    pub message: String,
}

/// Looks at the suspensions and terminations of a plan; `None` lets them through.
#[must_use]
pub fn refusal(
    steps: &[Step],
    gates: &Gates,
    limits: &Limits,
    rules: &Rules,
    today: NaiveDate,
) -> Option<Refusal> {
    // what is refused, and the command that lets exactly this plan through today
    let enforcing: Vec<&Step> = steps.iter().filter(|step| is_guarded(step.action)).collect();
    if enforcing.is_empty() {
        return None;
    }
    let terminations = enforcing.iter().filter(|step| step.action == Action::Terminate).count();
    let Why { which, limit, text } = closed_gate(gates, limits, rules, today)
        .or_else(|| passed_cap(enforcing.len(), terminations, gates, limits))?;
    let digest = digest(&enforcing, today);
    let reason = which.reason();
    let way_out = if reason == Reason::Cap {
        format!("; `enforce --approve {digest}` lets exactly this plan through today")
    } else {
        String::new()
    };
    Some(Refusal {
        reason,
        which,
        actions: enforcing.len(),
        terminations,
        limit,
        payments_as_of: gates.payments_fresh_on,
        message: format!("{} suspensions and terminations withheld: {text}{way_out}", enforcing.len()),
        digest,
    })
}

/// Whether an action needs the guard's leave.
#[must_use]
pub const fn is_guarded(action: Action) -> bool {
    match action {
        Action::Suspend | Action::Terminate => true,
        Action::Renew | Action::Reinstate => false,
    }
}

/// What refuses, the limit that was passed where there is one, and what a person must know.
struct Why {
    which: GateOrCap,
    limit: Option<u64>,
    text: String,
}

fn closed_gate(gates: &Gates, limits: &Limits, rules: &Rules, today: NaiveDate) -> Option<Why> {
    let closed = |which, text: String| Some(Why { which, limit: None, text });
    if let Some(file) = &gates.stopped_by {
        return closed(GateOrCap::StopFile, format!("the stop file `{file}` exists; remove it to go on"));
    }
    if let Some(damage) = &gates.damaged {
        return closed(GateOrCap::Database, damage.clone());
    }
    if let Some(why) = &gates.restored {
        return closed(GateOrCap::Restored, why.clone());
    }
    if let Some(why) = &gates.unread_payments {
        return closed(GateOrCap::Import, why.clone());
    }
    if let Some(latest) = gates.latest_run_day.filter(|latest| *latest > today) {
        let why = format!(
            "the day {today} lies before the last run's day {latest}; check the clock, and if it was wrong then, `record ack clock`"
        );
        return closed(GateOrCap::Clock, why);
    }
    let limit = limits.max_payment_age_days;
    let stale = |text| Some(Why { which: GateOrCap::Payments, limit: Some(limit.into()), text });
    let Some(fresh_on) = gates.payments_fresh_on else {
        return stale(
            "no payments were ever imported; import a bank statement (an empty one counts)".to_owned(),
        );
    };
    let age = rules.calendar.bank_days_between(fresh_on, today);
    if age <= limit {
        return None;
    }
    stale(format!(
        "payments are known up to {fresh_on}, {age} bank days ago, and at most {limit} are allowed; import the bank's statement"
    ))
}

fn passed_cap(actions: usize, terminations: usize, gates: &Gates, limits: &Limits) -> Option<Why> {
    let passed = |which, cap, text| Some(Why { which, limit: Some(cap), text });
    let share = gates.active_services * u64::from(limits.max_percent) / 100;
    let cap = share.max(limits.max_actions.into());
    if u64::try_from(actions).unwrap_or(u64::MAX) > cap {
        let why = format!(
            "they are more than the {cap} that one run may do (`guard.max_actions` = {}, `guard.max_percent` = {} of {} active services)",
            limits.max_actions, limits.max_percent, gates.active_services
        );
        return passed(GateOrCap::MaxActions, cap, why);
    }
    let cap = u64::from(limits.max_terminations);
    let earlier = gates.terminated_today;
    let of_day = u64::try_from(terminations).unwrap_or(u64::MAX).saturating_add(earlier);
    // who is only to be suspended is not kept waiting by what was terminated before
    if terminations == 0 || of_day <= cap {
        return None;
    }
    let before = if earlier > 0 { format!(", after {earlier} today,") } else { String::new() };
    let why =
        format!("{terminations} terminations{before} are more than `guard.max_terminations` = {cap} a day");
    passed(GateOrCap::MaxTerminations, cap, why)
}

/// First 12 hex digits of the SHA-256 of the sorted rows of a plan and its day.
fn digest(steps: &[&Step], today: NaiveDate) -> String {
    let mut rows: Vec<String> =
        steps.iter().map(|s| format!("{}|{}|{}", s.action.code(), s.service, s.period.from)).collect();
    rows.sort();
    let hash = Sha256::digest(format!("{today}\n{}", rows.join("\n")).as_bytes());
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
