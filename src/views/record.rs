//! What `record` reports.

use super::{AttentionView, RunView};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct RecordedView {
    pub(crate) run: RunView,
    pub(crate) recorded: String,
    pub(crate) attention: Vec<AttentionView>,
}
