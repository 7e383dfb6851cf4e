//! Working days: on which days a service may be suspended or terminated.

use super::period::{days_after, days_before};
use chrono::{Datelike, NaiveDate, Weekday};
use std::collections::BTreeSet;

/// A span of every year in which nothing is enforced, both days included; may cross New Year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freeze {
    /// (month, day) of its first day.
    pub from: (u32, u32),
    /// (month, day) of its last day.
    pub to: (u32, u32),
}

impl Freeze {
    fn covers(self, date: NaiveDate) -> bool {
        let day = (date.month(), date.day());
        if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            day >= self.from || day <= self.to
        }
    }
}

/// The enforcement calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Weekdays on which enforcement may happen.
    pub enforce_on: Vec<Weekday>,
    /// Whether Greek public holidays are kept.
    pub greek_holidays: bool,
    /// Days declared free beside them (1 May moved, local feasts).
    pub extra_holidays: BTreeSet<NaiveDate>,
    /// Yearly freezes.
    pub freezes: Vec<Freeze>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            enforce_on: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu],
            greek_holidays: true,
            extra_holidays: BTreeSet::new(),
            freezes: Vec::new(),
        }
    }
}

impl Calendar {
    /// Whether enforcement may happen on `date`.
    #[must_use]
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        self.enforce_on.contains(&date.weekday())
            && !self.is_holiday(date)
            && !self.freezes.iter().any(|freeze| freeze.covers(date))
    }

    fn is_holiday(&self, date: NaiveDate) -> bool {
        self.extra_holidays.contains(&date) || (self.greek_holidays && is_greek_holiday(date))
    }

    /// The first working day on or after `date`. The configuration guarantees that every year has one.
    #[must_use]
    pub fn working_day_from(&self, date: NaiveDate) -> NaiveDate {
        (0..=800).map(|n| days_after(date, n)).find(|day| self.is_working_day(*day)).unwrap_or(NaiveDate::MAX)
    }

    /// Bank days (Monday to Friday, no Greek holiday and no extra one) after `from`, up to and with `to`. Banks keep
    /// the Greek holidays also where enforcement does not.
    #[must_use]
    pub fn bank_days_between(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        let days = u32::try_from((to - from).num_days().clamp(0, 4000)).unwrap_or(0);
        let count = (1..=days).map(|n| days_after(from, n)).filter(|day| self.is_bank_day(*day)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn is_bank_day(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
            && !is_greek_holiday(day)
            && !self.extra_holidays.contains(&day)
    }

    /// The last bank day that is not after `day`.
    #[must_use]
    pub fn bank_day_up_to(&self, day: NaiveDate) -> NaiveDate {
        (0..=800).map(|n| days_before(day, n)).find(|day| self.is_bank_day(*day)).unwrap_or(day)
    }

    /// The bank day that lies `count` bank days before `day`.
    #[must_use]
    pub fn bank_day_before(&self, day: NaiveDate, count: u32) -> NaiveDate {
        (0..count).fold(day, |day, _| self.bank_day_up_to(days_before(day, 1)))
    }
}

/// Greek public holidays: the fixed ones and those that follow the Orthodox Easter.
///
/// Source: ν. 4468/2017 and the practice of public offices; 1 May is moved by yearly decision when it
/// falls on a Sunday or an Easter day, which is configured and not computed.
#[must_use]
pub fn is_greek_holiday(date: NaiveDate) -> bool {
    let fixed = [(1, 1), (1, 6), (3, 25), (5, 1), (8, 15), (10, 28), (12, 25), (12, 26)];
    if fixed.contains(&(date.month(), date.day())) {
        return true;
    }
    let easter = orthodox_easter(date.year());
    [days_before(easter, 48), days_before(easter, 2), easter, days_after(easter, 1), days_after(easter, 50)]
        .contains(&date)
}

/// Orthodox Easter in the Gregorian calendar, 1900–2099 (Meeus' Julian algorithm and 13 days).
#[must_use]
pub fn orthodox_easter(year: i32) -> NaiveDate {
    let (a, b, c) = (year.rem_euclid(4), year.rem_euclid(7), year.rem_euclid(19));
    let d = (19 * c + 15) % 30;
    let e = (2 * a + 4 * b - d + 34) % 7;
    let k = d + e + 114;
    let month = u32::try_from(k / 31).unwrap_or(4);
    let day = u32::try_from(k % 31 + 1).unwrap_or(1);
    let julian = NaiveDate::from_ymd_opt(year, month, day).unwrap_or(NaiveDate::MAX);
    days_after(julian, 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn easter_is_the_orthodox_one() {
        for day in [
            "2024-05-05",
            "2025-04-20",
            "2026-04-12",
            "2027-05-02",
            "2028-04-16",
            "2029-04-08",
            "2030-04-28",
            "2031-04-13",
            "2032-05-02",
            "2033-04-24",
            "2034-04-09",
            "2035-04-29",
        ] {
            assert_eq!(orthodox_easter(d(day).year()), d(day));
        }
    }

    #[test]
    fn knows_the_moveable_feasts_of_two_years() {
        for day in [
            "2026-02-23",
            "2026-04-10",
            "2026-04-13",
            "2026-06-01",
            "2027-03-15",
            "2027-04-30",
            "2027-05-03",
            "2027-06-21",
            "2026-10-28",
            "2026-12-26",
        ] {
            assert!(is_greek_holiday(d(day)), "{day}");
        }
        assert!(!is_greek_holiday(d("2026-04-11")), "Holy Saturday is not statutory");
        assert!(!is_greek_holiday(d("2026-11-17")));
    }

    #[test]
    fn working_days_skip_fridays_feasts_and_freezes() {
        let calendar =
            Calendar { freezes: vec![Freeze { from: (12, 24), to: (1, 7) }], ..Calendar::default() };
        for (from, working) in [
            ("2026-09-10", "2026-09-10"),
            ("2026-09-11", "2026-09-14"),
            ("2026-10-28", "2026-10-29"),
            ("2026-12-23", "2026-12-23"),
            ("2026-12-24", "2027-01-11"),
            ("2027-01-08", "2027-01-11"),
        ] {
            assert_eq!(calendar.working_day_from(d(from)), d(working), "from {from}");
        }
    }

    #[test]
    fn bank_days_leave_out_weekends_and_feasts() {
        let calendar = Calendar::default();
        assert_eq!(calendar.bank_days_between(d("2026-09-18"), d("2026-09-18")), 0);
        assert_eq!(calendar.bank_days_between(d("2026-09-18"), d("2026-09-20")), 0);
        assert_eq!(calendar.bank_days_between(d("2026-09-18"), d("2026-09-22")), 2);
        assert_eq!(calendar.bank_days_between(d("2026-10-27"), d("2026-10-29")), 1);
        assert_eq!(calendar.bank_days_between(d("2026-09-20"), d("2026-09-18")), 0);
        // a local feast, on which the banks are closed too
        let local = Calendar { extra_holidays: BTreeSet::from([d("2026-09-21")]), ..Calendar::default() };
        assert_eq!(local.bank_days_between(d("2026-09-18"), d("2026-09-22")), 1);
    }
}
