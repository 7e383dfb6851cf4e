//! What the exit status says to cron.

/// The contract's exit statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Done.
    Done = 0,
    /// Done, but something new needs a person.
    NeedsPerson = 3,
    /// A guard refused to enforce.
    Refused = 4,
    /// Failed; nothing half-done.
    Failed = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Another run holds the lock.
    Locked = 75,
}

impl ExitStatus {
    /// The graver of two: a refusal outweighs a person's attention, a failure outweighs both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        let code: u8 = match status {
            ExitStatus::Done => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Usage => 2,
            ExitStatus::NeedsPerson => 3,
            ExitStatus::Refused => 4,
            ExitStatus::Locked => 75,
        };
        Self::from(code)
    }
}

#[cfg(test)]
mod tests {
    use super::ExitStatus::{Done, Failed, NeedsPerson, Refused};

    #[test]
    fn the_graver_status_wins() {
        assert_eq!(Done.and(NeedsPerson), NeedsPerson);
        assert_eq!(Refused.and(NeedsPerson), Refused);
        assert_eq!(Refused.and(Failed), Failed);
    }
}
