//! The deadline of a card: by when money must be sent so that it is known here before anything happens.

use super::calendar::Calendar;
use super::card::{CardLine, Later, Urgency};
use super::money::Money;
use chrono::NaiveDate;

/// How long money takes, and when it travels.
#[derive(Debug, Clone, Copy)]
pub struct Banks<'a> {
    /// The bank days.
    pub calendar: &'a Calendar,
    /// So many bank days pass between the sending of money and the night that knows of it.
    pub arrives_days: u32,
}

/// By when `lines` are to be paid: the last bank day that has `arrives_days` further bank days before the earliest
/// suspension, termination or release to come, and not after the earliest expiry to come; today, where that is past.
/// None where nothing is due, or nothing is to come.
#[must_use]
pub fn pay_by<'l>(
    lines: impl Iterator<Item = &'l CardLine> + Clone,
    banks: Banks<'_>,
    today: NaiveDate,
) -> Option<NaiveDate> {
    let due = lines.filter(|line| line.due.is_positive());
    let earliest = |days: &mut dyn Iterator<Item = NaiveDate>| days.filter(|day| *day >= today).min();
    let consequence = earliest(
        &mut due.clone().flat_map(|line| [line.suspend_on, line.terminate_on, line.released_on]).flatten(),
    );
    let expiry = earliest(&mut due.filter_map(|line| line.expires_on));
    let in_time = consequence.map(|day| banks.calendar.bank_day_before(day, banks.arrives_days + 1));
    let before_expiry = expiry.map(|day| banks.calendar.bank_day_up_to(day));
    let day = match (in_time, before_expiry) {
        (Some(a), Some(b)) => a.min(b),
        (Some(day), None) | (None, Some(day)) => day,
        (None, None) => return None,
    };
    Some(day.max(today))
}

/// Marks what of a card's lines may be paid later than `by`, the deadline of all: what is not overdue and has a
/// later one by itself. Their sum is at most `total`, for credit pays for what is needed first.
pub fn later(
    lines: &mut [CardLine],
    by: Option<NaiveDate>,
    total: Money,
    banks: Banks<'_>,
    today: NaiveDate,
) -> Option<Later> {
    let by = by?;
    for line in lines.iter_mut() {
        let own = pay_by(std::iter::once(&*line), banks, today);
        line.later = line.urgency != Urgency::Overdue && own.is_some_and(|own| own > by);
    }
    let apart = || lines.iter().filter(|line| line.later);
    let due: Money = apart().map(|line| line.due - line.taken_off).sum();
    let own_day = pay_by(apart(), banks, today)?;
    let due = due.min(total);
    due.is_positive().then_some(Later { due, by: own_day })
}
