//! What the program does with a service, and what is so of each kind of step.

use super::coded::coded;
use super::notice::Stage;

coded! {
    /// A step the program takes with a service, in the order of the night.
    pub enum Action {
        /// New expiry after a settlement.
        Renew = "renew",
        /// Switched on again after a settlement.
        Reinstate = "reinstate",
        /// Switched off.
        Suspend = "suspend",
        /// The data goes.
        Terminate = "terminate",
    }
}

/// When a hook that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// In every run: somebody who paid waits for it.
    None,
    /// After a day at most.
    OneDay,
    /// After one, two, four, and at most seven days.
    Growing,
}

impl Action {
    /// The notice that tells of it.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::Renew => Stage::Renewed,
            Self::Reinstate => Stage::Reinstated,
            Self::Suspend => Stage::Suspended,
            Self::Terminate => Stage::Terminated,
        }
    }

    /// Whether it needs the guard's leave.
    #[must_use]
    pub const fn is_guarded(self) -> bool {
        match self {
            Self::Suspend | Self::Terminate => true,
            Self::Renew | Self::Reinstate => false,
        }
    }

    /// The state that a panel answers with once it is done; a registry is not asked.
    #[must_use]
    pub const fn leads_to(self) -> Option<&'static str> {
        match self {
            Self::Renew => None,
            Self::Reinstate => Some("active"),
            Self::Suspend => Some("suspended"),
            Self::Terminate => Some("terminated"),
        }
    }

    /// When its hook is tried again, from the third failure on.
    #[must_use]
    pub const fn patience(self) -> Patience {
        match self {
            Self::Renew => Patience::OneDay,
            Self::Reinstate => Patience::None,
            Self::Suspend | Self::Terminate => Patience::Growing,
        }
    }
}
