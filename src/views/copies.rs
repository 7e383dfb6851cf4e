//! What `backup`, `restore` and `init` report.

use super::RunView;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct BackupView {
    /// The file.
    pub(crate) backup: String,
    pub(crate) bytes: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct RestoreView {
    pub(crate) run: RunView,
    /// The backup.
    pub(crate) restored: String,
    /// Where the database that it replaced is kept.
    pub(crate) replaced: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct InitView {
    pub(crate) folder: String,
    pub(crate) configuration: String,
    /// Files and folders.
    pub(crate) written: Vec<String>,
}
