//! The mass-action guard: caps and freshness gates. Over a cap, or with a gate closed, *nothing* is
//! suspended or terminated in the run; renewals, reinstatements and notices go on.

use super::action::Action;
use super::coded::coded;
use super::enforcement::Step;
use super::policy::Rules;
use chrono::NaiveDate;
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

/// What refuses, with its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The stop file is there.
    StopFile(String),
    /// What is wrong with the database.
    Database(String),
    /// What is known of the backup.
    Restored(String),
    /// Which payments could not be read.
    Import(String),
    /// Today lies before the day of the last run.
    Clock {
        /// Today.
        today: NaiveDate,
        /// That day.
        latest: NaiveDate,
    },
    /// No payments were ever imported.
    NoPayments {
        /// Bank days that payment data may be old.
        limit: u32,
    },
    /// The newest payments are too old.
    OldPayments {
        /// The day up to which they are known.
        fresh_on: NaiveDate,
        /// Bank days since.
        age: u32,
        /// Bank days that they may be old.
        limit: u32,
    },
    /// A run would do too much.
    TooManyActions {
        /// What one run may do.
        cap: u64,
        /// What that was taken from.
        limits: Limits,
        /// Active services, of which the percents are.
        active_services: u64,
    },
    /// A day would have too many terminations.
    TooManyTerminations {
        /// Those of this plan.
        planned: usize,
        /// Those done today by earlier runs.
        earlier: u64,
        /// What a day may have.
        cap: u64,
    },
}

impl Refused {
    /// Which gate or cap it is.
    #[must_use]
    pub const fn which(&self) -> GateOrCap {
        match self {
            Self::StopFile(_) => GateOrCap::StopFile,
            Self::Database(_) => GateOrCap::Database,
            Self::Restored(_) => GateOrCap::Restored,
            Self::Import(_) => GateOrCap::Import,
            Self::Clock { .. } => GateOrCap::Clock,
            Self::NoPayments { .. } | Self::OldPayments { .. } => GateOrCap::Payments,
            Self::TooManyActions { .. } => GateOrCap::MaxActions,
            Self::TooManyTerminations { .. } => GateOrCap::MaxTerminations,
        }
    }

    /// The `reason` of every step that is refused.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self.which() {
            GateOrCap::Payments => Reason::StalePayments,
            GateOrCap::StopFile
            | GateOrCap::Database
            | GateOrCap::Restored
            | GateOrCap::Import
            | GateOrCap::Clock => Reason::Gate,
            GateOrCap::MaxActions | GateOrCap::MaxTerminations => Reason::Cap,
        }
    }

    /// The limit that was passed, where there is one.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        match self {
            Self::NoPayments { limit } | Self::OldPayments { limit, .. } => Some((*limit).into()),
            Self::TooManyActions { cap, .. } | Self::TooManyTerminations { cap, .. } => Some(*cap),
            Self::StopFile(_)
            | Self::Database(_)
            | Self::Restored(_)
            | Self::Import(_)
            | Self::Clock { .. } => None,
        }
    }
}

/// That the guard refused a plan, why, and what a person can do; `wording/guard.rs` says it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What refuses.
    pub refused: Refused,
    /// Suspensions and terminations that were due.
    pub actions: usize,
    /// Terminations among them.
    pub terminations: usize,
    /// Day of the newest payment import.
    pub payments_as_of: Option<NaiveDate>,
    /// First 12 hex digits of the SHA-256 of the sorted plan and its day.
    pub digest: String,
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
    let enforcing: Vec<&Step> = steps.iter().filter(|step| step.action.is_guarded()).collect();
    if enforcing.is_empty() {
        return None;
    }
    let terminations = enforcing.iter().filter(|step| step.action == Action::Terminate).count();
    let refused = closed_gate(gates, limits, rules, today)
        .or_else(|| passed_cap(enforcing.len(), terminations, gates, limits))?;
    Some(Refusal {
        refused,
        actions: enforcing.len(),
        terminations,
        payments_as_of: gates.payments_fresh_on,
        digest: digest(&enforcing, today),
    })
}

fn closed_gate(gates: &Gates, limits: &Limits, rules: &Rules, today: NaiveDate) -> Option<Refused> {
    let told = [
        gates.stopped_by.clone().map(Refused::StopFile),
        gates.damaged.clone().map(Refused::Database),
        gates.restored.clone().map(Refused::Restored),
        gates.unread_payments.clone().map(Refused::Import),
    ];
    let clock = gates.latest_run_day.filter(|latest| *latest > today);
    if let Some(refused) =
        told.into_iter().flatten().next().or(clock.map(|latest| Refused::Clock { today, latest }))
    {
        return Some(refused);
    }
    let limit = limits.max_payment_age_days;
    let Some(fresh_on) = gates.payments_fresh_on else { return Some(Refused::NoPayments { limit }) };
    let age = rules.calendar.bank_days_between(fresh_on, today);
    (age > limit).then_some(Refused::OldPayments { fresh_on, age, limit })
}

fn passed_cap(actions: usize, terminations: usize, gates: &Gates, limits: &Limits) -> Option<Refused> {
    let active_services = gates.active_services;
    let share = active_services * u64::from(limits.max_percent) / 100;
    let cap = share.max(limits.max_actions.into());
    if u64::try_from(actions).unwrap_or(u64::MAX) > cap {
        return Some(Refused::TooManyActions { cap, limits: *limits, active_services });
    }
    let cap = u64::from(limits.max_terminations);
    let earlier = gates.terminated_today;
    let of_day = u64::try_from(terminations).unwrap_or(u64::MAX).saturating_add(earlier);
    // who is only to be suspended is not kept waiting by what was terminated before
    let passed = terminations > 0 && of_day > cap;
    passed.then_some(Refused::TooManyTerminations { planned: terminations, earlier, cap })
}

/// First 12 hex digits of the SHA-256 of the sorted rows of a plan and its day.
fn digest(steps: &[&Step], today: NaiveDate) -> String {
    let mut rows: Vec<String> =
        steps.iter().map(|s| format!("{}|{}|{}", s.action.code(), s.service, s.period.from)).collect();
    rows.sort();
    let hash = Sha256::digest(format!("{today}\n{}", rows.join("\n")).as_bytes());
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
