//! `restore`: a backup takes the database's place, in steps after each of which one whole database is there.

use crate::jobs::Desk;
use crate::outputs::beside;
use crate::store::Store;
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::path::{Path, PathBuf};

/// How a file begins that `age` encrypted.
const AGE: &[u8] = b"age-encryption.org/";

/// Puts the backup where the database was; gives where the replaced one is kept now, if there was one. Whoever calls
/// holds the lock.
///
/// # Errors
/// A backup that is not sound, or the database itself: nothing has changed then. A file that cannot be written.
pub fn put_in_place(desk: &Desk, database: &Path, backup: &Path) -> Result<Option<PathBuf>> {
    let same = |path: &Path| std::fs::canonicalize(path).ok();
    if same(backup).is_some() && same(backup) == same(database) {
        bail!("`{}` is the database itself", backup.display());
    }
    // read whole, upgraded and checked in memory, before anything is touched
    let (copy, _) = Store::rehearse(backup).with_context(|| {
        let mut head = Vec::new();
        let file = std::fs::File::open(backup);
        let _ = file.and_then(|file| file.take(AGE.len() as u64).read_to_end(&mut head));
        let is_encrypted = head == AGE;
        let decrypt = "; age --decrypt --identity KEY FILE | konet-billing restore - takes an encrypted one";
        format!("nothing was changed{}", if is_encrypted { decrypt } else { "" })
    })?;
    copy.check().with_context(|| format!("`{}` is not sound; nothing was changed", backup.display()))?;
    let arriving = beside(database, ".restoring");
    std::fs::remove_file(&arriving).or_else(absent)?;
    copy.backup_to(&arriving)?;
    let replaced = keep(desk, database)?;
    // a log of the other database would be taken for this one's
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(beside(database, suffix)).or_else(absent)?;
    }
    std::fs::rename(&arriving, database)
        .with_context(|| format!("`{}` cannot be replaced", database.display()))?;
    Ok(replaced)
}

/// Gives the present database a second name; what it has not yet written back goes with it.
fn keep(desk: &Desk, database: &Path) -> Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    // a database that can be opened writes back what its log holds; one that cannot keeps its log
    if let Err(error) = Store::open(database) {
        desk.report.detail(&format!("the replaced database cannot be opened: {error}"));
    }
    let name = format!(".replaced-{}", desk.now.format("%Y-%m-%d-%H%M%S"));
    let kept = beside(database, &name);
    for suffix in ["-wal", ""] {
        let from = beside(database, suffix);
        let to = beside(&kept, suffix);
        if from.exists() {
            std::fs::hard_link(&from, &to)
                .or_else(|_| std::fs::copy(&from, &to).map(|_| ()))
                .with_context(|| format!("`{}` cannot be kept as `{}`", from.display(), to.display()))?;
        }
    }
    Ok(Some(kept))
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
