//! `enforce`: what is done, what is withheld, and why.

use crate::export::{List, table};
use crate::views::{EnforceView, StepView, Withheld};
use std::fmt;

fn steps(steps: &[StepView]) -> String {
    table(&List::of(&["action", "service", "customer", "reason", "because"], steps, |step| {
        let days = match (step.from, step.to) {
            (Some(from), Some(to)) => format!("{from} → {to}; "),
            _ => String::new(),
        };
        vec![
            step.action.code().into(),
            (&step.service).into(),
            (&step.customer).into(),
            step.reason.into(),
            format!("{days}{}", step.because).into(),
        ]
    }))
}

/// The steps as tables, the guard's word, and how many there are.
#[must_use]
pub(crate) fn text(view: &EnforceView) -> String {
    let mut text = String::new();
    if !view.actions.is_empty() {
        text.push_str(if view.run.dry_run { "Would be done:\n" } else { "Done:\n" });
        text.push_str(&steps(&view.actions));
    }
    if !view.withheld.is_empty() {
        text.push_str("Withheld:\n");
        text.push_str(&steps(&view.withheld));
    }
    if let Some(guard) = &view.guard {
        text.push_str(&format!("The guard refused: {}\n", guard.message));
    }
    let mode = if view.run.mode == "trial" { ", trial" } else { "" };
    text.push_str(&format!(
        "{} as of {}{mode}: {} done, {} withheld{}\n",
        view.run.command,
        view.run.as_of,
        view.actions.len(),
        view.withheld.len(),
        if view.run.dry_run { " (dry run: nothing was written)" } else { "" }
    ));
    text
}

impl fmt::Display for Withheld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::CustomerHeldBack => f.write_str("its customer is held back"),
            Self::FactsChanged => f.write_str("its facts changed while the run was under way"),
            Self::HookFailed(why) => f.write_str(why),
        }
    }
}
