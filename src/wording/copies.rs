//! `backup`, `restore` and `init` in words.

use super::speech::say;
use crate::views::copies::{BackupView, InitView, RestoreView};

/// Where the backup lies.
#[must_use]
pub(crate) fn backed_up(view: &BackupView) -> String {
    say!("copies.backed_up", file = view.backup, kib = view.bytes.div_ceil(1024)) + "\n"
}

/// What was restored, what became of the other, and what a person does now.
#[must_use]
pub(crate) fn restored(view: &RestoreView) -> String {
    let restored = say!("copies.restored", file = view.restored, replaced = view.replaced);
    format!("{restored}\n{}\n", say!("copies.closed"))
}

/// What was written, and the next three commands.
#[must_use]
pub(crate) fn begun(view: &InitView) -> String {
    let written = view.written.iter().map(|path| format!("  {path}\n")).collect::<String>();
    let InitView { folder, configuration, .. } = view;
    format!("{}\n{written}\n{}\n", say!("copies.written"), say!("copies.next", configuration, folder))
}
