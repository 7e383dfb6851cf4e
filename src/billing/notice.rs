//! Notices: that one (service, period, stage) is told to one customer, once in an episode.

use super::episode::Episode;
use super::ids::{ChargeId, ServiceCode};
use super::service::Service;
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
    /// Charged once, and asked for by itself.
    Charged,
    /// The day of suspension, where the ladder has no stage left that could name it.
    Warning,
    /// The money that settled a period went back: it is owed again.
    Reopened,
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
    /// The customer's cancellation was recorded.
    Cancelled,
    /// A person asked for a card today.
    OnRequest,
}

/// What kind of thing a stage is: the one list of stages that rules go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Asks for a period's money of its own accord and names the day of suspension.
    Reminder,
    /// The same, because somebody asked.
    Request,
    /// Asks for what was charged once.
    Charge,
    /// Announces the termination.
    Final,
    /// Tells of something done, and asks for nothing.
    Event,
}

impl Stage {
    /// One of each, with some days: what must hold of every stage is tried on these.
    pub const EACH: [Self; 13] = [
        Self::Before(30),
        Self::Expiry,
        Self::After(5),
        Self::Charged,
        Self::Warning,
        Self::Reopened,
        Self::Suspended,
        Self::Final,
        Self::Terminated,
        Self::Renewed,
        Self::Reinstated,
        Self::Cancelled,
        Self::OnRequest,
    ];

    /// What kind of thing it is.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Before(_) | Self::Expiry | Self::After(_) | Self::Warning | Self::Reopened => {
                Class::Reminder
            }
            Self::OnRequest => Class::Request,
            Self::Charged => Class::Charge,
            Self::Final => Class::Final,
            Self::Suspended | Self::Terminated | Self::Renewed | Self::Reinstated | Self::Cancelled => {
                Class::Event
            }
        }
    }

    /// Its word in the form of which fingerprints are made: it never changes, whatever the stage is called.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Before(_) => "Before",
            Self::Expiry => "Expiry",
            Self::After(_) => "After",
            Self::Charged => "Charged",
            Self::Warning => "Warning",
            Self::Reopened => "Reopened",
            Self::Suspended => "Suspended",
            Self::Final => "Final",
            Self::Terminated => "Terminated",
            Self::Renewed => "Renewed",
            Self::Reinstated => "Reinstated",
            Self::Cancelled => "Cancelled",
            Self::OnRequest => "OnRequest",
        }
    }

    /// Whether it tells of something done, and asks for nothing.
    #[must_use]
    pub fn is_event(self) -> bool {
        self.class() == Class::Event
    }

    /// Whether it asks for a period's money, and so names what comes if it is not paid.
    #[must_use]
    pub fn duns(self) -> bool {
        matches!(self.class(), Class::Reminder | Class::Request)
    }

    /// Reads what [`fmt::Display`] wrote.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let days = |text: &str| text.parse().ok();
        match code {
            "expiry" => Some(Self::Expiry),
            "charged" => Some(Self::Charged),
            "warning" => Some(Self::Warning),
            "reopened" => Some(Self::Reopened),
            "suspended" => Some(Self::Suspended),
            "final" => Some(Self::Final),
            "terminated" => Some(Self::Terminated),
            "renewed" => Some(Self::Renewed),
            "reinstated" => Some(Self::Reinstated),
            "cancelled" => Some(Self::Cancelled),
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
            Self::Charged => f.write_str("charged"),
            Self::Warning => f.write_str("warning"),
            Self::Reopened => f.write_str("reopened"),
            Self::Suspended => f.write_str("suspended"),
            Self::Final => f.write_str("final"),
            Self::Terminated => f.write_str("terminated"),
            Self::Renewed => f.write_str("renewed"),
            Self::Reinstated => f.write_str("reinstated"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::OnRequest => f.write_str("on_request"),
        }
    }
}

/// What a notice speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A service's period.
    Period {
        /// Which service.
        service: ServiceCode,
        /// Start of the period.
        from: NaiveDate,
    },
    /// A charge that has no period.
    Charge(ChargeId),
}

/// The key under which a notice exists at most once (cancelled ones aside).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeKey {
    /// What it speaks of.
    pub subject: Subject,
    /// What it says.
    pub stage: Stage,
    /// The service's episode in which it is said.
    pub episode: Episode,
}

impl NoticeKey {
    /// What is told now of one of a service's periods.
    #[must_use]
    pub fn of(service: &Service, from: NaiveDate, stage: Stage) -> Self {
        let subject = Subject::Period { service: service.code.clone(), from };
        Self { subject, stage, episode: service.episode }
    }

    /// What is told of a charge that has no period.
    #[must_use]
    pub const fn of_charge(charge: ChargeId, stage: Stage) -> Self {
        Self { subject: Subject::Charge(charge), stage, episode: Episode::FIRST }
    }

    /// The service it speaks of; none for a charge.
    #[must_use]
    pub const fn service(&self) -> Option<&ServiceCode> {
        match &self.subject {
            Subject::Period { service, .. } => Some(service),
            Subject::Charge(_) => None,
        }
    }

    /// The start of the period it speaks of; none for a charge.
    #[must_use]
    pub const fn period_from(&self) -> Option<NaiveDate> {
        match self.subject {
            Subject::Period { from, .. } => Some(from),
            Subject::Charge(_) => None,
        }
    }

    /// Whether it speaks of this service's period that begins on `from`.
    #[must_use]
    pub fn is_of(&self, code: &ServiceCode, from: NaiveDate) -> bool {
        self.service() == Some(code) && self.period_from() == Some(from)
    }
}

/// `S-1|2025-03-31|final`, `#12|charged`; the episode follows from the second on.
impl fmt::Display for NoticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Period { service, from } => write!(f, "{service}|{from}|{}", self.stage)?,
            Subject::Charge(charge) => write!(f, "#{}|{}", charge.0, self.stage)?,
        }
        if self.episode > Episode::FIRST { write!(f, "|{}", self.episode) } else { Ok(()) }
    }
}

/// What became of a notice, over all of its deliveries to the customer's own addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeFate {
    /// Waiting; nothing has been handed over.
    Queued,
    /// At least one own address was accepted by the mail server on this as-of day, or a person told them.
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
    /// One that is made on `today` and names nothing yet.
    #[must_use]
    pub const fn new(key: NoticeKey, today: NaiveDate) -> Self {
        Self { key, made_on: today, fate: NoticeFate::Queued, suspend_on: None, terminate_on: None }
    }

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
        for stage in Stage::EACH {
            assert_eq!(Stage::from_code(&stage.to_string()), Some(stage));
        }
        assert_eq!(Stage::from_code("before-"), None);
        assert_eq!(Stage::from_code("between-3"), None);
    }
}
