//! The only reading of the clock. Everything else is handed its day and its time.

use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::{Europe::Athens, Tz};

/// The present moment in Athens.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> DateTime<Tz> {
    chrono::Utc::now().with_timezone(&Athens)
}

/// A deadline counted from a later year could lie beyond 9999, where dates end.
const LAST_YEAR: i32 = 9900;

/// Why a day is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DayRefused {
    /// A day ahead without a dry run.
    #[error(
        "`--as-of {given}` lies in the future (today is {today}); a future day is looked at with `--dry-run` only"
    )]
    Ahead {
        /// The day given on the command line.
        given: NaiveDate,
        /// The day it is.
        today: NaiveDate,
    },
    /// A day from which nothing can be counted.
    #[error("the day {0} is too far ahead to count from; check the clock, or `--as-of`")]
    TooFar(NaiveDate),
}

/// The day a command works for: today in Athens, or `as_of`, which may lie ahead only in a dry run.
///
/// # Errors
/// [`DayRefused`] says which day cannot be worked for.
pub fn day(now: DateTime<Tz>, as_of: Option<NaiveDate>, dry_run: bool) -> Result<NaiveDate, DayRefused> {
    let today = now.date_naive();
    let day = as_of.unwrap_or(today);
    if as_of.is_some() && day > today && !dry_run {
        return Err(DayRefused::Ahead { given: day, today });
    }
    if day.year() > LAST_YEAR {
        return Err(DayRefused::TooFar(day));
    }
    Ok(day)
}

/// A moment as it is stored and compared: UTC, to the second.
#[must_use]
pub fn stamp(at: DateTime<Tz>) -> String {
    at.with_timezone(&chrono::Utc).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
