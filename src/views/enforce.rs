//! What `enforce` reports.

use super::RunView;
use crate::billing::enforcement::Step;
use crate::billing::facts::Action;
use crate::billing::guard::Refusal;
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
    pub fn withheld(step: &Step, reason: &'static str, because: String) -> Self {
        Self { reason, because, from: None, to: None, ..Self::of(step) }
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
    pub guard: Option<Refusal>,
}
