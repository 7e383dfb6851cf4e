//! Notices: that one (service, period, stage) is told to one customer, once.

use super::ids::ServiceCode;
use chrono::NaiveDate;
use std::fmt;

/// What a notice says, in the order of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// So many days before the expiry.
    Before(u32),
    /// On the day of expiry.
    Expiry,
    /// So many days after it.
    After(u32),
    /// It has been suspended.
    Suspended,
    /// It will be terminated: the data goes.
    Final,
    /// It has been terminated.
    Terminated,
    /// Settled: the new expiry.
    Renewed,
    /// Settled and switched on again.
    Reinstated,
    /// A person asked for a card today.
    OnRequest,
}

impl Stage {
    /// Whether it tells of something done, and asks for nothing.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(self, Self::Suspended | Self::Terminated | Self::Renewed | Self::Reinstated)
    }

    /// Reads what [`fmt::Display`] wrote.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let days = |text: &str| text.parse().ok();
        match code {
            "expiry" => Some(Self::Expiry),
            "suspended" => Some(Self::Suspended),
            "final" => Some(Self::Final),
            "terminated" => Some(Self::Terminated),
            "renewed" => Some(Self::Renewed),
            "reinstated" => Some(Self::Reinstated),
            "on_request" => Some(Self::OnRequest),
            other => match other.split_once('-') {
                Some(("before", n)) => days(n).map(Self::Before),
                Some(("after", n)) => days(n).map(Self::After),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(days) => write!(f, "before-{days}"),
            Self::Expiry => f.write_str("expiry"),
            Self::After(days) => write!(f, "after-{days}"),
            Self::Suspended => f.write_str("suspended"),
            Self::Final => f.write_str("final"),
            Self::Terminated => f.write_str("terminated"),
            Self::Renewed => f.write_str("renewed"),
            Self::Reinstated => f.write_str("reinstated"),
            Self::OnRequest => f.write_str("on_request"),
        }
    }
}

/// The key under which a notice exists at most once (cancelled ones aside).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeKey {
    /// Which service.
    pub service: ServiceCode,
    /// Start of the period it speaks of.
    pub period_from: NaiveDate,
    /// What it says.
    pub stage: Stage,
}

impl fmt::Display for NoticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}", self.service, self.period_from, self.stage)
    }
}

/// What became of a notice, over all of its deliveries to the customer's own addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeFate {
    /// Waiting; nothing has been handed over.
    Queued,
    /// At least one own address was accepted by the mail server on this as-of day.
    Accepted(NaiveDate),
    /// Refused for good, everywhere.
    Failed,
    /// Perhaps accepted, perhaps not.
    Uncertain,
    /// Accepted and sent back later.
    Bounced,
}

/// A notice that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its key.
    pub key: NoticeKey,
    /// The as-of day it was decided on.
    pub made_on: NaiveDate,
    /// What became of it.
    pub fate: NoticeFate,
    /// The day of suspension its card named.
    pub suspend_on: Option<NaiveDate>,
    /// The day of termination its card named.
    pub terminate_on: Option<NaiveDate>,
}

impl Notice {
    /// The as-of day of acceptance, if it counts as told.
    #[must_use]
    pub const fn accepted_on(&self) -> Option<NaiveDate> {
        match self.fate {
            NoticeFate::Accepted(on) => Some(on),
            NoticeFate::Queued | NoticeFate::Failed | NoticeFate::Uncertain | NoticeFate::Bounced => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_read_back() {
        for stage in [
            Stage::Before(30),
            Stage::Expiry,
            Stage::After(5),
            Stage::Suspended,
            Stage::Final,
            Stage::Terminated,
            Stage::Renewed,
            Stage::Reinstated,
            Stage::OnRequest,
        ] {
            assert_eq!(Stage::from_code(&stage.to_string()), Some(stage));
        }
        assert_eq!(Stage::from_code("before-"), None);
        assert_eq!(Stage::from_code("between-3"), None);
    }
}
