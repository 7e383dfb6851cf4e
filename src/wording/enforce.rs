//! `enforce`: what is done, what is withheld, and why.

use super::speech::{day, heads, say, table, word};
use crate::export::{List, code};
use crate::views::{EnforceView, StepView, Withheld};
use std::fmt;

fn steps(steps: &[StepView]) -> String {
    let head = heads(&["action", "service", "customer", "reason", "because"]);
    table(&List::of(head, steps, |step| {
        let days = match (step.from, step.to) {
            (Some(from), Some(to)) => format!("{} → {}; ", day(from), day(to)),
            _ => String::new(),
        };
        vec![
            word("action", step.action.code()).into(),
            code(&step.service),
            code(&step.customer),
            word("reason", step.reason).into(),
            format!("{days}{}", step.because).into(),
        ]
    }))
}

/// The steps as tables, the guard's word, and how many there are.
#[must_use]
pub(crate) fn text(view: &EnforceView) -> String {
    let mut text = String::new();
    if !view.actions.is_empty() {
        text.push_str(&if view.run.dry_run { say!("enforce.would") } else { say!("enforce.done") });
        text.push('\n');
        text.push_str(&steps(&view.actions));
    }
    if !view.withheld.is_empty() {
        text.push_str(&say!("enforce.withheld"));
        text.push('\n');
        text.push_str(&steps(&view.withheld));
    }
    if let Some(guard) = &view.guard {
        text.push_str(&say!("enforce.guard", message = guard.message));
        text.push('\n');
    }
    let mode = if view.run.mode == "trial" { say!("enforce.trial") } else { String::new() };
    let (done, withheld) = (view.actions.len(), view.withheld.len());
    text.push_str(&say!(
        "enforce.sum",
        command = view.run.command,
        day = view.run.as_of,
        mode,
        done,
        withheld
    ));
    if view.run.dry_run {
        text.push_str(&format!(" {}", say!("record.dry_run")));
    }
    text + "\n"
}

impl fmt::Display for Withheld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::CustomerHeldBack => f.write_str(&say!("guard.customer_held_back")),
            Self::FactsChanged => f.write_str(&say!("guard.facts_changed")),
            Self::HookFailed(why) => f.write_str(why),
        }
    }
}
