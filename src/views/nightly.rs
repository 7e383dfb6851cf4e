//! What `nightly` reports.

use super::{AttentionView, EnforceView, ImportView, NotifyView, RunView};
use serde::Serialize;

/// `nightly`.
#[derive(Debug, Serialize)]
pub struct NightlyView {
    /// The run.
    pub run: RunView,
    /// One report per file of the inbox.
    pub imports: Vec<ImportView>,
    /// Files that could not be imported, with the reason.
    pub faults: Vec<String>,
    /// Enforcement.
    pub enforce: EnforceView,
    /// Notices.
    pub notify: NotifyView,
    /// What needs a person and is new tonight.
    pub attention: Vec<AttentionView>,
}
