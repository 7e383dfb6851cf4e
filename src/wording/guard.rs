//! The guard's refusals in words, with what helps.

use super::speech::say;
use crate::billing::guard::{Reason, Refusal, Refused};
use std::fmt;

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actions, refused, digest, .. } = self;
        let digest = (refused.reason() == Reason::Cap).then(|| digest.to_string());
        f.write_str(&say!("guard.refusal", actions, refused = refused.to_string(), digest))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::StopFile(file) => say!("guard.stop_file", file),
            Self::Database(why) | Self::Restored(why) | Self::Import(why) => why.clone(),
            Self::Clock { today, latest } => say!("guard.clock", today, latest),
            Self::NoPayments { .. } => say!("guard.no_payments"),
            Self::OldPayments { fresh_on, age, limit } => say!("guard.old_payments", fresh_on, age, limit),
            Self::TooManyActions { cap, limits, active_services } => say!(
                "guard.too_many_actions",
                cap,
                max_actions = limits.max_actions,
                max_percent = limits.max_percent,
                active_services
            ),
            Self::TooManyTerminations { planned, earlier, cap } => {
                say!("guard.too_many_terminations", planned, earlier, cap)
            }
        })
    }
}
