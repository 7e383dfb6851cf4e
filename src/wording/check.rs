//! `check`: a line for each thing that was looked at.

use super::speech::{say, word};
use crate::views::check::CheckView;

/// What is well, and what is not.
#[must_use]
pub(crate) fn text(view: &CheckView) -> String {
    let lines = view.checks.iter().map(|check| {
        let mark = if check.ok { say!("check.ok") } else { say!("check.bad") };
        format!(
            "{mark} {}{}{}\n",
            word("looked", check.what),
            if check.detail.is_empty() { "" } else { ": " },
            check.detail
        )
    });
    lines.collect()
}
