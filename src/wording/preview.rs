//! The page over a preview's messages: grouped by urgency, with who gets none and why.

use super::speech::{day, say, spoken, stage, word};
use crate::billing::money::Money;
use crate::views::preview::{PreviewRow, PreviewView, Urgency};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handlebars::Handlebars;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../../templates/preview.html.hbs");

/// The page; values are escaped, and none is a template.
#[must_use]
pub(crate) fn page(view: &PreviewView) -> String {
    let groups: Vec<Value> = [Urgency::Urgent, Urgency::Soon, Urgency::News]
        .into_iter()
        .filter_map(|urgency| group(view, urgency))
        .collect();
    let skipped: Vec<Value> = view
        .skipped
        .iter()
        .map(|one| json!({ "customer": one.customer, "service": one.service, "because": one.because.replace('`', "") }))
        .collect();
    let total: i64 = view.messages.iter().map(|row| row.total_cents).sum();
    let first = groups.first().and_then(|group| group["rows"][0]["stem"].as_str()).map(str::to_owned);
    let count = view.messages.len();
    // whatever a name may hold, no script runs but the page's own
    let hash_within = |open: &str, close: &str| {
        let text = PAGE.split_once(open).and_then(|(_, rest)| rest.split_once(close)).unwrap_or_default().0;
        STANDARD.encode(Sha256::digest(text))
    };
    let page = json!({
        "style_hash": hash_within("<style>", "</style>"),
        "script_hash": hash_within("<script>", "</script>"),
        "language": spoken().code(),
        "title": say!("preview.title", count, day = day(view.as_of)),
        "total": say!("preview.total", total = Money::from_cents(total)),
        "mode": (view.mode == "trial").then(|| say!("preview.trial")),
        "first": first,
        "groups": groups,
        "skipped": skipped,
        "nobody": say!("preview.nobody", count = view.skipped.len()),
        "words": {
            "search": say!("report.search"), "found": say!("report.found"), "keys": say!("preview.keys"),
            "text": say!("preview.text"), "message": say!("preview.message"),
        },
    });
    // the template is ours, and names nothing else
    Handlebars::new().render_template(PAGE, &page).unwrap_or_default()
}

fn group(view: &PreviewView, urgency: Urgency) -> Option<Value> {
    let rows: Vec<&PreviewRow> = view.messages.iter().filter(|row| row.urgency() == urgency).collect();
    let sum: i64 = rows.iter().map(|row| row.total_cents).sum();
    let code = match urgency {
        Urgency::Urgent => "urgent",
        Urgency::Soon => "soon",
        Urgency::News => "news",
    };
    let (count, sum) = (rows.len(), Money::from_cents(sum));
    let rows: Vec<Value> = rows.into_iter().map(shown).collect();
    (count > 0).then(|| {
        json!({ "title": word("urgency", code), "count": count, "sum": sum.to_string(), "code": code, "rows": rows })
    })
}

fn shown(row: &PreviewRow) -> Value {
    let mut stages: Vec<String> = row.stages.iter().map(|one| stage(&one.to_string())).collect();
    stages.dedup();
    json!({
        "stem": row.stem, "customer": row.customer, "name": row.name, "card": row.card, "subject": row.subject,
        "to": row.to.join(", "), "stages": stages.join(" · "), "amount": Money::from_cents(row.total_cents).to_string(),
    })
}
