//! The only reading of the clock. Everything else is handed its day and its time.

use chrono::{DateTime, NaiveDate};
use chrono_tz::{Europe::Athens, Tz};

/// The present moment in Athens.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> DateTime<Tz> {
    chrono::Utc::now().with_timezone(&Athens)
}

/// Why a day given on the command line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`--as-of {given}` lies in the future (today is {today}); a future day is looked at with `--dry-run` only"
)]
pub struct FutureDay {
    given: NaiveDate,
    today: NaiveDate,
}

/// The day a command works for: today in Athens, or `as_of`, which may lie ahead only in a dry run.
///
/// # Errors
/// [`FutureDay`] for a day ahead without a dry run.
pub fn day(now: DateTime<Tz>, as_of: Option<NaiveDate>, dry_run: bool) -> Result<NaiveDate, FutureDay> {
    let today = now.date_naive();
    match as_of {
        Some(given) if given > today && !dry_run => Err(FutureDay { given, today }),
        Some(given) => Ok(given),
        None => Ok(today),
    }
}
