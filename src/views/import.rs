//! What `import` reports.

use super::{AttentionView, RunView};
use crate::spool::Spool;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One record that an import would change or changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordView {
    /// Its code (a payment's bank reference).
    pub code: String,
    /// `created`, `changed`, `conflict` or `missing`.
    pub change: Cow<'static, str>,
    /// What differs: column, before, after.
    pub columns: Vec<ColumnView>,
}

/// One column that differs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ColumnView {
    /// The column.
    pub column: Cow<'static, str>,
    /// What is stored; empty, where nothing was.
    pub before: String,
    /// What the file says.
    pub after: String,
}

impl ColumnView {
    /// A column of a record that is new.
    pub(crate) fn new(column: &'static str, after: &impl ToString) -> Self {
        Self { column: column.into(), before: String::new(), after: after.to_string() }
    }
}

/// `import`.
#[derive(Debug, Serialize)]
pub struct ImportView {
    /// The run.
    pub run: RunView,
    /// `customers`, `services` or `payments`.
    pub kind: &'static str,
    /// The files read.
    pub files: Vec<String>,
    /// Records that are new.
    pub created: u64,
    /// Records that differ.
    pub changed: u64,
    /// Records that are the same.
    pub unchanged: u64,
    /// Bad rows left out.
    pub rejected: u64,
    /// What is new, differs, conflicts or is missing.
    pub records: Spool<RecordView>,
    /// Slips that were mended or let pass.
    pub warnings: Vec<String>,
    /// What is wrong with each row left out.
    pub faults: Vec<String>,
    /// What needs a person and is new.
    pub attention: Vec<AttentionView>,
    /// Payments matched to a customer.
    pub matched: u64,
    /// Payments that wait for a person.
    pub unmatched: u64,
}

/// `import bounces`.
#[derive(Debug, Clone, Serialize)]
pub struct BouncesView {
    /// The run.
    pub run: RunView,
    /// Messages looked at.
    pub read: u64,
    /// Deliveries that came back.
    pub bounced: u64,
    /// Notifications of messages that are not ours.
    pub foreign: u64,
    /// Messages that could not be read or put away, with the reason.
    pub faults: Vec<String>,
    /// What needs a person and is new.
    pub attention: Vec<AttentionView>,
}
