//! `import`: what it changed, or would.

use crate::views::{BouncesView, ImportView};

/// What an import changed, or would.
#[must_use]
pub(crate) fn text(view: &ImportView) -> String {
    let mut text = String::new();
    let mut missing = Vec::new();
    for record in view.records.iter() {
        let record = match record {
            Ok(record) => record,
            Err(why) => {
                text.push_str(&format!("the rest cannot be told: {why}\n"));
                break;
            }
        };
        match &*record.change {
            "created" if record.columns.is_empty() => {}
            "missing" => missing.push(record.code),
            change => {
                let columns: Vec<String> = record
                    .columns
                    .iter()
                    .map(|c| match c.before.as_str() {
                        "" => format!("{} {}", c.column, c.after),
                        before => format!("{} {before} → {}", c.column, c.after),
                    })
                    .collect();
                text.push_str(&format!("{change:<9} {}: {}\n", record.code, columns.join(", ")));
            }
        }
    }
    if !missing.is_empty() {
        let some = missing.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        let more = if missing.len() > 10 { ", …" } else { "" };
        text.push_str(&format!(
            "{} stored {} are not in the file and stay as they are: {some}{more}\n",
            missing.len(),
            view.kind
        ));
    }
    for item in &view.attention {
        text.push_str(&format!("a person is needed: {}\n", item.text));
    }
    let would = if view.run.dry_run { " (dry run: nothing was written)" } else { "" };
    text.push_str(&format!(
        "{}: {} new, {} changed, {} the same, {} left out{would}\n",
        view.kind, view.created, view.changed, view.unchanged, view.rejected
    ));
    if view.kind == "payments" {
        text.push_str(&format!("{} matched to a customer, {} unmatched\n", view.matched, view.unmatched));
    }
    text
}

/// What came back, and how many messages were looked at.
#[must_use]
pub(crate) fn bounces(view: &BouncesView) -> String {
    let mut text: String = view.attention.iter().map(|item| format!("{}\n", item.text)).collect();
    text.extend(view.faults.iter().map(|fault| format!("{fault}\n")));
    text.push_str(&format!(
        "bounces: {} messages read, {} came back, {} not ours\n",
        view.read, view.bounced, view.foreign
    ));
    text
}
