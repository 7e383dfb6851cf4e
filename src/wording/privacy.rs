//! `privacy` in words.

use super::speech::say;
use crate::views::privacy::{ErasedView, ExportView};

/// How much is kept; all of it stands in the JSON.
#[must_use]
pub(crate) fn exported(view: &ExportView) -> String {
    let kept = view.kept.iter().filter_map(|(table, rows)| {
        let count = rows.as_array().map_or(0, Vec::len);
        (count > 0).then(|| format!("  {table}: {count}\n"))
    });
    let customer = &view.customer;
    let mut text = format!("{}\n{}", say!("privacy.kept", customer), kept.collect::<String>());
    if !view.named_in.is_empty() {
        text.push_str(&format!("{}\n", say!("privacy.named_in")));
        text.extend(view.named_in.iter().map(|file| format!("  {file}\n")));
    }
    text + &say!("privacy.take") + "\n"
}

/// Where they were, and where they still are.
#[must_use]
pub(crate) fn erased(view: &ErasedView, is_dry: bool) -> String {
    let ErasedView { customer, pseudonym, .. } = view;
    let list = |files: &[String]| files.iter().map(|file| format!("  {file}\n")).collect::<String>();
    let mut text = say!("privacy.erased", customer, pseudonym);
    if is_dry {
        text.push_str(&format!(" {}", say!("record.dry_run")));
    }
    text.push('\n');
    text.push_str(&list(&view.erased));
    if !view.left.is_empty() {
        text.push_str(&format!("{}\n{}", say!("privacy.left"), list(&view.left)));
    }
    text
}
