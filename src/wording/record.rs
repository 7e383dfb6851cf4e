//! `record`: what was recorded, and what it did.

use crate::views::record::RecordedView;

/// What was recorded, or would be, and what needs a person now.
#[must_use]
pub(crate) fn text(view: &RecordedView) -> String {
    let would = if view.run.dry_run { " (dry run: nothing was written)" } else { "" };
    let mut text = format!("{}{would}\n", view.recorded);
    for item in &view.attention {
        text.push_str(&format!("a person is needed: {}\n", item.text));
    }
    text
}
