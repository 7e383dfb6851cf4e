//! What `check` reports.

use serde::Serialize;

/// One thing that was checked.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    pub(crate) what: &'static str,
    pub(crate) ok: bool,
    pub(crate) detail: String,
    /// What puts it right, or comes next: mostly a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CheckView {
    pub(crate) checks: Vec<Checked>,
}
