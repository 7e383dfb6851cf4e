//! What `enforce` reports.

use super::RunView;
use crate::billing::action::Action;
use crate::billing::enforcement::Step;
use crate::billing::guard::{GateOrCap, Reason, Refusal};
use chrono::NaiveDate;
use serde::Serialize;

/// One step taken or withheld.
#[derive(Debug, Clone, Serialize)]
pub struct StepView {
    /// What.
    pub action: Action,
    /// With which service.
    pub service: String,
    /// Whose.
    pub customer: String,
    /// The code of the reason.
    pub reason: &'static str,
    /// The old expiry of a renewal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Its new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// The reason in words.
    pub because: String,
}

impl StepView {
    /// A step with its own reason.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        let renewal = (step.action == Action::Renew).then_some(step.period);
        Self {
            action: step.action,
            service: step.service.to_string(),
            customer: step.customer.to_string(),
            reason: step.because.code(),
            from: renewal.map(|period| period.from),
            to: renewal.map(|period| period.to),
            because: step.because.to_string(),
        }
    }

    /// A step that was withheld for another reason than its own.
    #[must_use]
    pub(crate) fn withheld(step: &Step, why: &Withheld<'_>) -> Self {
        let (reason, because) = (why.code(), why.to_string());
        Self { reason, because, from: None, to: None, ..Self::of(step) }
    }
}

/// Why a step of the plan was not taken in the end; `wording/enforce.rs` says it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Withheld<'a> {
    Refused(&'a Refusal),
    CustomerHeldBack,
    FactsChanged,
    HookFailed(&'a str),
}

impl Withheld<'_> {
    const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.refused.reason().code(),
            Self::CustomerHeldBack => "data",
            Self::FactsChanged => "gate",
            Self::HookFailed(_) => "hook_failed",
        }
    }
}

/// `enforce`.
#[derive(Debug, Clone, Serialize)]
pub struct EnforceView {
    /// The run.
    pub run: RunView,
    /// Steps taken (or that would be).
    pub actions: Vec<StepView>,
    /// Steps withheld.
    pub withheld: Vec<StepView>,
    /// What the guard refused.
    pub guard: Option<GuardView>,
}

/// Why the guard refused, with its figures.
#[derive(Debug, Clone, Serialize)]
pub struct GuardView {
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
    /// What lets this plan pass a cap.
    pub digest: String,
    /// All of it as a sentence.
    pub message: String,
}

impl From<&Refusal> for GuardView {
    fn from(refusal: &Refusal) -> Self {
        Self {
            reason: refusal.refused.reason(),
            which: refusal.refused.which(),
            actions: refusal.actions,
            terminations: refusal.terminations,
            limit: refusal.refused.limit(),
            payments_as_of: refusal.payments_as_of,
            digest: refusal.digest.clone(),
            message: refusal.to_string(),
        }
    }
}
