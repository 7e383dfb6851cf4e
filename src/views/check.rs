//! What `check` reports.

use serde::Serialize;

/// One thing that was checked.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    pub(crate) what: &'static str,
    pub(crate) ok: bool,
    pub(crate) detail: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct CheckView {
    pub(crate) checks: Vec<Checked>,
}
