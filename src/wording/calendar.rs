//! `calendar`: a line a day, with bars.

use crate::billing::money::Money;
use crate::export::List;
use crate::views::calendar::CalendarView;

/// Bars are at most so wide.
const BAR: usize = 30;

/// What comes, a row a day.
#[must_use]
pub(crate) fn list(view: &CalendarView) -> List {
    List::of(&["date", "messages", "asked", "services"], &view.days, |day| {
        vec![
            day.date.into(),
            day.messages.to_string().into(),
            Money::from_cents(day.asked_cents).into(),
            day.services.join(", ").into(),
        ]
    })
}

/// What comes, a line a day.
#[must_use]
pub(crate) fn text(view: &CalendarView) -> String {
    let most = view.days.iter().map(|day| day.messages).max().unwrap_or(0).max(1);
    let mut text = format!("What comes from {} on, if nobody pays and every message arrives\n", view.as_of);
    for day in &view.days {
        let width = usize::try_from(day.messages).unwrap_or(0) * BAR / usize::try_from(most).unwrap_or(1);
        let asked = Money::from_cents(day.asked_cents).to_string();
        text.push_str(&format!(
            "{} {}  {:>4} messages {asked:>14}  {:<BAR$}  {}\n",
            day.date.format("%a"),
            day.date,
            day.messages,
            "█".repeat(width),
            day.services.join(", ")
        ));
    }
    text
}
