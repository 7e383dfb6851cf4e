//! What the digest of a night tells accounting; `wording/digest.rs` says it in words.

use super::NightlyView;
use crate::billing::money::Money;

/// A night, and what is open after it.
#[derive(Debug, Clone)]
pub(crate) struct Digest<'a> {
    pub(crate) night: &'a NightlyView,
    /// What is overdue in all.
    pub(crate) overdue: Money,
    /// Charges that it is of.
    pub(crate) overdue_charges: usize,
    /// Charges and advances that wait for a tax invoice.
    pub(crate) to_invoice: usize,
}

/// A night that failed.
#[derive(Debug, Clone)]
pub(crate) struct FailedNight<'a> {
    pub(crate) on: chrono::NaiveDate,
    pub(crate) why: &'a str,
}

/// The subject of that mail.
#[derive(Debug, Clone)]
pub(crate) struct DigestSubject<'a>(pub(crate) &'a NightlyView);
