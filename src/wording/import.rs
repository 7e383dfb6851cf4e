//! `import`: what it changed, or would.

use super::speech::{say, word};
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
                text.push_str(&say!("import.untold", why = why.to_string()));
                text.push('\n');
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
                    .map(|c| match (word("imported", &c.column), c.before.as_str()) {
                        (column, "") => format!("{column} {}", value(&c.column, &c.after)),
                        (column, before) => format!("{column} {before} → {}", c.after),
                    })
                    .collect();
                let change = word("change", change);
                text.push_str(&format!("{change:<9} {}: {}\n", record.code, columns.join(", ")));
            }
        }
    }
    if !missing.is_empty() {
        let some = missing.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        let some = if missing.len() > 10 { format!("{some}, …") } else { some };
        let (count, kind) = (missing.len(), word("records", view.kind));
        text.push_str(&say!("import.missing", count, kind, some));
        text.push('\n');
    }
    for item in &view.attention {
        text.push_str(&say!("record.person", text = item.text));
        text.push('\n');
    }
    let ImportView { created, changed, unchanged, rejected, matched, unmatched, .. } = view;
    let kind = word("records", view.kind);
    text.push_str(&say!("import.sum", kind, created, changed, unchanged, rejected));
    if view.run.dry_run {
        text.push_str(&format!(" {}", say!("record.dry_run")));
    }
    text.push('\n');
    if view.kind == "payments" {
        text.push_str(&say!("import.payments", matched, unmatched));
        text.push('\n');
    }
    text
}

/// What was found out of a payment, in words; what stands in a file is told as it stands there.
fn value(column: &str, value: &str) -> String {
    match column {
        "matched_by" => word("evidence", value),
        "basis" | "parked" => word(column, value),
        _ => value.to_owned(),
    }
}

/// What came back, and how many messages were looked at.
#[must_use]
pub(crate) fn bounces(view: &BouncesView) -> String {
    let mut text: String = view.attention.iter().map(|item| format!("{}\n", item.text)).collect();
    text.extend(view.faults.iter().map(|fault| format!("{fault}\n")));
    let BouncesView { read, bounced, foreign, .. } = view;
    text + &say!("import.bounces", read, bounced, foreign) + "\n"
}
