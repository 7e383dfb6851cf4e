//! The guard's refusals in words, with what helps.

use crate::billing::guard::{Reason, Refusal, Refused};
use std::fmt;

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} suspensions and terminations withheld: {}", self.actions, self.refused)?;
        if self.refused.reason() == Reason::Cap {
            write!(f, "; `enforce --approve {}` lets exactly this plan through today", self.digest)?;
        }
        Ok(())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopFile(file) => write!(f, "the stop file `{file}` exists; remove it to go on"),
            Self::Database(why) | Self::Restored(why) | Self::Import(why) => f.write_str(why),
            Self::Clock { today, latest } => write!(
                f,
                "the day {today} lies before the last run's day {latest}; check the clock, and if it was wrong then, \
                 `record ack clock`"
            ),
            Self::NoPayments { .. } => {
                f.write_str("no payments were ever imported; import a bank statement (an empty one counts)")
            }
            Self::OldPayments { fresh_on, age, limit } => write!(
                f,
                "payments are known up to {fresh_on}, {age} bank days ago, and at most {limit} are allowed; import the \
                 bank's statement"
            ),
            Self::TooManyActions { cap, limits, active_services } => write!(
                f,
                "they are more than the {cap} that one run may do (`guard.max_actions` = {}, `guard.max_percent` = {} \
                 of {active_services} active services)",
                limits.max_actions, limits.max_percent
            ),
            Self::TooManyTerminations { planned, earlier, cap } => {
                let before = if *earlier > 0 { format!(", after {earlier} today,") } else { String::new() };
                write!(
                    f,
                    "{planned} terminations{before} are more than `guard.max_terminations` = {cap} a day"
                )
            }
        }
    }
}
