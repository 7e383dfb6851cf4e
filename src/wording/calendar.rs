//! `calendar`: a line a day, with bars.

use super::speech::{day, heads, say, window, word};
use crate::billing::money::Money;
use crate::export::{List, wrapped};
use crate::views::calendar::{CalendarView, DayView};

/// Bars are at most so wide.
const BAR: usize = 30;

/// What else stands in a line.
const BESIDE_THE_BAR: usize = 47;

/// What comes, a row a day.
#[must_use]
pub(crate) fn list(view: &CalendarView) -> List {
    List::of(heads(&["date", "messages", "asked", "services"]), &view.days, |day| {
        vec![
            day.date.into(),
            day.messages.into(),
            Money::from_cents(day.asked_cents).into(),
            worded(day).into(),
        ]
    })
}

/// `suspend S-1`, each in words.
fn worded(day: &DayView) -> String {
    let steps = day.services.iter().zip(&day.names).map(|(step, name)| match step.split_once(' ') {
        Some((action, service)) => format!("{} {service} ({name})", word("action", action)),
        None => step.clone(),
    });
    steps.collect::<Vec<_>>().join(", ")
}

/// What comes, a line a day; the bars are as wide as there is room.
#[must_use]
pub(crate) fn text(view: &CalendarView) -> String {
    let most = view.days.iter().map(|day| day.messages).max().unwrap_or(0).max(1);
    let bar = window().map_or(BAR, |width| width.saturating_sub(BESIDE_THE_BAR).clamp(1, BAR));
    let mut text = say!("calendar.title", day = view.as_of) + "\n";
    for one in &view.days {
        let width = usize::try_from(one.messages).unwrap_or(0) * bar / usize::try_from(most).unwrap_or(1);
        let asked = Money::from_cents(one.asked_cents).to_string();
        let weekday = word("weekday", &one.date.format("%a").to_string());
        let messages = say!("calendar.day", messages = one.messages);
        let line =
            format!("{weekday} {}  {messages:>13} {asked:>14}  {:<bar$}", day(one.date), "█".repeat(width));
        text.push_str(&beside(&line, &worded(one)));
    }
    text
}

/// Before what stands beneath its day.
const INDENT: usize = 4;

/// A line with more words behind it, or beneath it where the window is too narrow for both.
fn beside(line: &str, words: &str) -> String {
    match window() {
        Some(width) if line.chars().count() + 2 + words.chars().count() > width => {
            let below = wrapped(words, width.saturating_sub(INDENT));
            let below: String = below.iter().map(|row| format!("{}{row}\n", " ".repeat(INDENT))).collect();
            format!("{}\n{below}", line.trim_end())
        }
        _ => format!("{}\n", format!("{line}  {words}").trim_end()),
    }
}
