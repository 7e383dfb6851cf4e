//! What the exit status says to cron.

/// The contract's exit statuses.
/// Ordered by gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Done.
    Done,
    /// Done, but something new needs a person.
    NeedsPerson,
    /// A guard refused to enforce.
    Refused,
    /// Failed; nothing half-done.
    Failed,
    /// Usage or configuration.
    Usage,
    /// Another run holds the lock.
    Locked,
}

impl ExitStatus {
    /// The number that the caller sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NeedsPerson => 3,
            Self::Refused => 4,
            Self::Locked => 75,
        }
    }

    /// Whether what was asked for was done, whoever must look at it now.
    #[must_use]
    pub const fn was_done(self) -> bool {
        matches!(self, Self::Done | Self::NeedsPerson | Self::Refused)
    }

    /// The graver of two: a refusal outweighs a person's attention, a failure outweighs both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
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
        assert_eq!([Done, NeedsPerson, Refused, Failed].map(super::ExitStatus::code), [0, 3, 4, 1]);
    }
}
