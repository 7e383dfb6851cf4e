//! `check`: a line for each thing that was looked at.

use super::speech::{say, word};
use crate::views::check::CheckView;

/// What is well, and what is not.
#[must_use]
pub(crate) fn text(view: &CheckView) -> String {
    let lines = view.checks.iter().map(|check| {
        let mark = match (check.ok, &check.remedy) {
            (true, None) => say!("check.ok"),
            (true, Some(_)) => say!("check.note"),
            (false, _) => say!("check.bad"),
        };
        let colon = if check.detail.is_empty() { "" } else { ": " };
        let remedy = check.remedy.as_ref().map(|remedy| format!("     → {remedy}\n")).unwrap_or_default();
        format!("{mark} {}{colon}{}\n{remedy}", word("looked", check.what), check.detail)
    });
    lines.collect()
}
