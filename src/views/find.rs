//! What `find` reports.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct FindView {
    pub(crate) customers: Vec<FoundView>,
    /// How many more fit.
    pub(crate) left_off: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct FoundView {
    pub(crate) customer: String,
    pub(crate) name: String,
    pub(crate) email: Vec<String>,
    pub(crate) phone: Option<String>,
    pub(crate) reference: String,
    pub(crate) due_cents: i64,
    pub(crate) credit_cents: i64,
    pub(crate) services: Vec<String>,
    /// By what it was found.
    pub(crate) matched: String,
}
