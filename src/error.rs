//! Errors that decide the exit status; everything else is a failure with its chain of causes.

use crate::exit_status::ExitStatus;
use std::fmt;

/// What kind of thing went wrong, for whoever called the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was typed cannot be meant; nothing was tried.
    Usage,
    /// What was typed names nothing that is there.
    Unknown,
    /// The configuration, or what it names, is not as it must be.
    Configuration,
    /// Another run holds the lock.
    Locked,
    /// Anything else; nothing is half-done.
    Failed,
}

impl Kind {
    /// The exit status of each kind.
    #[must_use]
    pub const fn status(self) -> ExitStatus {
        match self {
            Self::Usage | Self::Unknown | Self::Configuration => ExitStatus::Usage,
            Self::Locked => ExitStatus::Locked,
            Self::Failed => ExitStatus::Failed,
        }
    }
}

/// An error whose kind matters to whoever called the program: what is wrong, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

impl Stop {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// Of kind [`Kind::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Of kind [`Kind::Unknown`].
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Kind::Unknown, message)
    }

    /// Nothing is to be done with what was named: a failure where that is known, else of kind [`Kind::Unknown`].
    pub fn unknown_unless(known: bool, message: impl Into<String>) -> Self {
        Self::new(if known { Kind::Failed } else { Kind::Unknown }, message)
    }

    /// Of kind [`Kind::Configuration`].
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Kind::Configuration, message)
    }

    /// Of kind [`Kind::Locked`].
    pub fn locked(message: impl Into<String>) -> Self {
        Self::new(Kind::Locked, message)
    }

    /// With something that can be done about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for Stop {}

/// The exit status of an error: that of the kind it carries, else a failure's.
#[must_use]
pub fn status_of(error: &anyhow::Error) -> ExitStatus {
    error.downcast_ref::<Stop>().map_or(Kind::Failed, |stop| stop.kind).status()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_kind_decides_the_status_whatever_was_said_around_it() {
        let stop = || Stop::unknown("there is no customer `K-9`").hint("see `status`");
        let error: anyhow::Error = stop().into();
        assert_eq!(error.to_string(), "there is no customer `K-9`; see `status`");
        assert_eq!(status_of(&error), ExitStatus::Usage);
        assert_eq!(status_of(&Err::<(), _>(stop()).context("while asking").unwrap_err()), ExitStatus::Usage);
        assert_eq!(status_of(&Stop::locked("busy").into()), ExitStatus::Locked);
        assert_eq!(status_of(&anyhow::anyhow!("a full disk")), ExitStatus::Failed);
    }
}
