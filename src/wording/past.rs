//! What a line of the journal tells, in words: «31,00 €, 02/10/2025 – 02/10/2026», «το ακριβές ποσό μίας χρέωσης».

use super::speech::{day, say, stage, word};
use crate::billing::money::Money;
use chrono::NaiveDate;
use serde_json::{Map, Value};

/// Why a step was taken, else what was recorded, else what the line holds; and who said so, with their reason.
pub(super) fn told(detail: &Value) -> String {
    let empty = Map::new();
    let detail = detail.as_object().unwrap_or(&empty);
    let text = |key: &str| detail.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let said = text("because").or_else(|| text("what")).map_or_else(|| held(detail), str::to_owned);
    match (text("by"), text("reason")) {
        (Some(by), Some(reason)) => format!("{said} ({by}: {reason})"),
        (Some(by), None) => format!("{said} ({by})"),
        _ => said,
    }
    .trim_start()
    .to_owned()
}

/// What a line holds beside numbers of ours that nobody looks for.
fn held(detail: &Map<String, Value>) -> String {
    let date = |key: &str| detail.get(key)?.as_str()?.parse::<NaiveDate>().ok();
    let mut parts = Vec::new();
    if let (Some(from), Some(to)) = (date("period_from"), date("period_to")) {
        parts.push(format!("{} – {}", day(from), day(to)));
    }
    parts.extend(detail.iter().filter_map(|(key, value)| part(key, value)));
    parts.join(", ")
}

fn part(key: &str, value: &Value) -> Option<String> {
    let told = match (key, value) {
        (
            "by" | "reason" | "because" | "what" | "period_from" | "period_to" | "message" | "delivery"
            | "run" | "digest",
            _,
        ) => {
            return None;
        }
        ("cents" | "gross_cents", Value::Number(cents)) => Money::from_cents(cents.as_i64()?).to_string(),
        ("payment", Value::Number(payment)) => say!("past.payment", payment = payment.to_string()),
        ("charge", Value::Number(charge)) => format!("#{charge}"),
        ("charges", Value::Number(count)) => say!("past.charges", count = count.as_i64()?),
        ("basis", Value::String(basis)) => word("basis", basis),
        ("action", Value::String(action)) => word("action", action),
        ("done", Value::Bool(done)) => word("hook", if *done { "done" } else { "failed" }),
        ("notices", Value::Array(notices)) => {
            notices.iter().filter_map(notice).collect::<Vec<_>>().join(", ")
        }
        // a column as it was and is
        (column, Value::Array(both)) => {
            let [before, after] = both.as_slice() else { return None };
            let of = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{} {} → {}", word("imported", column), of(before), of(after))
        }
        (_, Value::String(text)) => text.parse().map_or_else(|_| text.clone(), day),
        (_, Value::Number(number)) => number.to_string(),
        _ => return None,
    };
    (!told.is_empty()).then_some(told)
}

/// `S-0003|2025-10-02|before-30` as «S-0003 30 ημέρες πριν».
fn notice(key: &Value) -> Option<String> {
    let mut parts = key.as_str()?.split('|');
    let (of, told) = (parts.next()?, parts.nth(1)?);
    Some(format!("{of} {}", stage(told)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_of_the_journal_is_told_without_the_names_of_its_parts() {
        for (detail, words) in [
            (json!({"by": "maria", "reason": "phoned", "what": "74,40 €"}), "74,40 € (maria: phoned)"),
            (json!({"by": "maria", "reason": "", "what": "74,40 €"}), "74,40 € (maria)"),
            (json!({"because": "paid", "from": "2025-09-16", "reason": "settled"}), "paid"),
            (
                json!({"charge": 84, "gross_cents": 7440, "period_from": "2025-08-17", "period_to": "2026-08-17"}),
                "2025-08-17 – 2026-08-17, #84, 74,40 €",
            ),
            (
                json!({"card": "KX-1", "message": 47, "notices": ["S-3|2025-10-02|before-30"]}),
                "KX-1, S-3 before-30",
            ),
            (json!({"basis": "exact_charge", "payment": 1}), "exact_charge, payment 1"),
            (json!({"email": ["a@a.example", "b@a.example"]}), "email a@a.example → b@a.example"),
            (
                json!({"action": "suspend", "done": false, "output": "no such user"}),
                "suspend, failed, no such user",
            ),
            (json!({"delivery": 3}), ""),
            (json!(null), ""),
        ] {
            assert_eq!(told(&detail).replace('\u{a0}', " "), words, "{detail}");
        }
    }
}
