//! The mass-action guard: caps and freshness gates. Over a cap, or with a gate closed, *nothing* is
//! suspended or terminated in the run; renewals, reinstatements and notices go on.

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

/// Why the guard refused, with figures and what a person can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// `stale_payments`, `gate` or `cap`: the `reason` of every step refused.
    pub reason: &'static str,
    /// Which gate or cap.
    pub which: &'static str,
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
    let (reason, which, limit, why) = closed_gate(gates, limits, rules, today)
        .or_else(|| passed_cap(enforcing.len(), terminations, gates, limits))?;
    let digest = digest(&enforcing, today);
    let way_out = if reason == "cap" {
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
        message: format!("{} suspensions and terminations withheld: {why}{way_out}", enforcing.len()),
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

type Why = (&'static str, &'static str, Option<u64>, String);

fn closed_gate(gates: &Gates, limits: &Limits, rules: &Rules, today: NaiveDate) -> Option<Why> {
    if let Some(file) = &gates.stopped_by {
        return Some((
            "gate",
            "stop_file",
            None,
            format!("the stop file `{file}` exists; remove it to go on"),
        ));
    }
    if let Some(damage) = &gates.damaged {
        return Some(("gate", "database", None, damage.clone()));
    }
    if let Some(why) = &gates.restored {
        return Some(("gate", "restored", None, why.clone()));
    }
    if let Some(why) = &gates.unread_payments {
        return Some(("gate", "import", None, why.clone()));
    }
    if let Some(latest) = gates.latest_run_day.filter(|latest| *latest > today) {
        let why = format!(
            "the day {today} lies before the last run's day {latest}; check the clock, and if it was wrong then, `record ack clock`"
        );
        return Some(("gate", "clock", None, why));
    }
    let Some(fresh_on) = gates.payments_fresh_on else {
        let why = "no payments were ever imported; import a bank statement (an empty one counts)".to_owned();
        return Some(("stale_payments", "payments", Some(limits.max_payment_age_days.into()), why));
    };
    let age = rules.calendar.bank_days_between(fresh_on, today);
    (age > limits.max_payment_age_days).then(|| {
        let why = format!(
            "payments are known up to {fresh_on}, {age} bank days ago, and at most {} are allowed; import the bank's statement",
            limits.max_payment_age_days
        );
        ("stale_payments", "payments", Some(limits.max_payment_age_days.into()), why)
    })
}

fn passed_cap(actions: usize, terminations: usize, gates: &Gates, limits: &Limits) -> Option<Why> {
    let share = gates.active_services * u64::from(limits.max_percent) / 100;
    let cap = share.max(limits.max_actions.into());
    if u64::try_from(actions).unwrap_or(u64::MAX) > cap {
        let why = format!(
            "they are more than the {cap} that one run may do (`guard.max_actions` = {}, `guard.max_percent` = {} of {} active services)",
            limits.max_actions, limits.max_percent, gates.active_services
        );
        return Some(("cap", "max_actions", Some(cap), why));
    }
    let cap = u64::from(limits.max_terminations);
    let earlier = gates.terminated_today;
    let of_day = u64::try_from(terminations).unwrap_or(u64::MAX).saturating_add(earlier);
    // who is only to be suspended is not kept waiting by what was terminated before
    (terminations > 0 && of_day > cap).then(|| {
        let before = if earlier > 0 { format!(", after {earlier} today,") } else { String::new() };
        let why = format!(
            "{terminations} terminations{before} are more than `guard.max_terminations` = {cap} a day"
        );
        ("cap", "max_terminations", Some(cap), why)
    })
}

/// First 12 hex digits of the SHA-256 of the sorted rows of a plan and its day.
fn digest(steps: &[&Step], today: NaiveDate) -> String {
    let mut rows: Vec<String> =
        steps.iter().map(|s| format!("{}|{}|{}", s.action.code(), s.service, s.period.from)).collect();
    rows.sort();
    let hash = Sha256::digest(format!("{today}\n{}", rows.join("\n")).as_bytes());
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
