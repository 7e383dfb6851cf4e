//! What `privacy` reports.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value};

/// All that is kept of a customer.
#[derive(Debug, Serialize)]
pub(crate) struct ExportView {
    pub(crate) as_of: NaiveDate,
    pub(crate) customer: String,
    /// Table by table, as it is stored.
    pub(crate) kept: Map<String, Value>,
    /// Their messages, as they went.
    pub(crate) files: Vec<String>,
    /// Files of others too in which they are named: what was imported, bounces, the report.
    pub(crate) named_in: Vec<String>,
}

/// What was erased, and what a person must look at.
#[derive(Debug, Serialize)]
pub(crate) struct ErasedView {
    pub(crate) customer: String,
    /// What stands in place of their name.
    pub(crate) pseudonym: String,
    /// Files in which they were.
    pub(crate) erased: Vec<String>,
    /// Files in which they still are.
    pub(crate) left: Vec<String>,
}
