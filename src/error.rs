//! Errors that decide the exit status; everything else is a failure with its chain of causes.

use crate::exit_status::ExitStatus;

/// An error whose kind matters to whoever called the program.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Usage or configuration: nothing was tried.
    #[error("{0}")]
    Usage(String),
    /// Another run holds the lock.
    #[error("{0}")]
    Locked(String),
}

/// The exit status of an error: the kind it carries, else a failure.
#[must_use]
pub fn status_of(error: &anyhow::Error) -> ExitStatus {
    if error.downcast_ref::<crate::clock::DayRefused>().is_some()
        || error.downcast_ref::<crate::config::ConfigFaults>().is_some()
    {
        return ExitStatus::Usage;
    }
    match error.downcast_ref::<Stop>() {
        Some(Stop::Usage(_)) => ExitStatus::Usage,
        Some(Stop::Locked(_)) => ExitStatus::Locked,
        None => ExitStatus::Failed,
    }
}
