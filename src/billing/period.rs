//! Billing periods: whole months counted from the old expiry, with the anchor day kept.

use chrono::{Datelike, Days, NaiveDate};

/// From the old expiry (the first day not covered before) to the new one (the first not covered after).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillingPeriod {
    /// First day covered.
    pub from: NaiveDate,
    /// The new expiry: the first day *not* covered.
    pub to: NaiveDate,
}

impl BillingPeriod {
    /// The period of `months` from `from`, whose end falls on `anchor_day`, or on the last day of a
    /// month too short for it: 31/1 → 28/2 → 31/3.
    #[must_use]
    pub fn anchored(from: NaiveDate, months: u32, anchor_day: u32) -> Self {
        Self { from, to: months_later(from, months, anchor_day) }
    }

    /// The last day covered, which is what is printed.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        days_before(self.to, 1)
    }
}

fn months_later(from: NaiveDate, months: u32, anchor_day: u32) -> NaiveDate {
    let month0 = from.month0() + months;
    let year = from.year() + i32::try_from(month0 / 12).unwrap_or(0);
    let month = month0 % 12 + 1;
    (28..=anchor_day.clamp(1, 31))
        .rev()
        .chain(std::iter::once(anchor_day.clamp(1, 28)))
        .find_map(|day| NaiveDate::from_ymd_opt(year, month, day))
        .unwrap_or(NaiveDate::MAX)
}

/// `date` and `days` more; stays at the end of time rather than panicking.
#[must_use]
pub fn days_after(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_add_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MAX)
}

/// `date` and `days` fewer.
#[must_use]
pub fn days_before(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_sub_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MIN)
}

/// Dates that people and files give lie in these years, so that a deadline can be counted from each of them.
pub const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// Reads a day as people write it: `31/12/2026` or `2026-12-31`.
///
/// # Errors
/// In words, for what is no day and for a day outside [`YEARS`].
pub fn read_day(text: &str) -> Result<NaiveDate, String> {
    let parsed = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"]
        .into_iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok());
    match parsed {
        Some(date) if YEARS.contains(&date.year()) => Ok(date),
        Some(_) => Err(format!("`{text}` lies outside the years {}–{}", YEARS.start(), YEARS.end())),
        None => Err(format!("`{text}` is not a date; write 31/12/2026 or 2026-12-31")),
    }
}

/// `15/10/2026`.
#[must_use]
pub fn greek_date(date: NaiveDate) -> String {
    date.format("%d/%m/%Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn keeps_the_anchor_day_through_short_months() {
        for (from, months, anchor, to) in [
            ("2026-01-31", 1, 31, "2026-02-28"),
            ("2026-02-28", 1, 31, "2026-03-31"),
            ("2024-02-29", 12, 29, "2025-02-28"),
            ("2027-02-28", 12, 29, "2028-02-29"),
            ("2026-11-30", 3, 30, "2027-02-28"),
            ("2026-12-15", 1, 15, "2027-01-15"),
            ("2026-12-01", 36, 1, "2029-12-01"),
        ] {
            assert_eq!(BillingPeriod::anchored(d(from), months, anchor).to, d(to), "{from} + {months}");
        }
    }

    #[test]
    fn prints_the_day_before_the_new_expiry() {
        assert_eq!(BillingPeriod { from: d("2026-12-01"), to: d("2027-12-01") }.last_day(), d("2027-11-30"));
    }

    proptest::proptest! {
        #[test]
        fn twelve_times_one_month_is_twelve_months(offset in 0_u32..3000, steps in 1_u32..60) {
            let start = days_after(d("2020-01-01"), offset);
            let anchor = start.day();
            let mut date = start;
            for _ in 0..steps {
                date = BillingPeriod::anchored(date, 1, anchor).to;
            }
            proptest::prop_assert_eq!(date, BillingPeriod::anchored(start, steps, anchor).to);
        }
    }
}
