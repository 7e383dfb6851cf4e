//! Episodes: how long a promise counts. What names a suspension or a termination must have been told in the episode
//! that is under way, so that an old notice is never taken for a new one.

use std::fmt;

/// A stretch of a service's life, counted from 1. A new one begins with each event that moves what was announced: a
/// hold recorded, changed or lifted (not run out), an exemption switched on or off, a cancellation or its
/// withdrawal, an undo, a reinstatement, a reopening, an expiry that was corrected. Notices and steps belong to the one they were made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Episode(u32);

impl Episode {
    /// The one that every service begins with.
    pub const FIRST: Self = Self(1);

    /// The one of this number; below 1 there is none.
    #[must_use]
    pub fn numbered(number: u32) -> Self {
        Self(number.max(1))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
