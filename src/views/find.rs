//! What `find` reports.

use crate::billing::ids::CustomerCode;
use crate::billing::sought::KnownBy;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct FindView {
    pub(crate) customers: Vec<FoundView>,
    /// How many more fit.
    pub(crate) left_off: usize,
    /// Where nobody fits several words: how many each fits alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) words: Vec<WordView>,
}

/// A word that was looked for.
#[derive(Debug, Serialize)]
pub(crate) struct WordView {
    pub(crate) word: String,
    pub(crate) customers: usize,
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
    pub(crate) matched: KnownBy,
}

impl FoundView {
    /// One whose record cannot be read.
    pub(crate) fn unreadable(code: &CustomerCode, why: &str, matched: KnownBy) -> Self {
        Self {
            customer: code.to_string(),
            name: why.to_owned(),
            email: Vec::new(),
            phone: None,
            reference: String::new(),
            due_cents: 0,
            credit_cents: 0,
            services: Vec::new(),
            matched,
        }
    }
}
