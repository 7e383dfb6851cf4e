//! Copies of the database that leave its folder: whole, sound, and encrypted where the configuration names who does that.

use crate::config::{ENCRYPTED, PLAIN};
use crate::hooks::{self, Call};
use crate::jobs::Desk;
use crate::outputs::{self, folder_of};
use crate::store::Store;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// A gigabyte is encrypted in seconds.
const LIMIT: Duration = Duration::from_secs(600);

/// A copy as it lies beside the database for as long as it takes.
pub const PASSING: &str = "backup.db";

/// A folder beside the database for a copy that is on its way, which goes with the process.
///
/// # Errors
/// Where none can be made.
pub fn passing(database: &Path) -> Result<TempDir> {
    let folder = folder_of(database);
    std::fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
    // the program that encrypts runs in another folder
    let folder = std::path::absolute(folder)?;
    outputs::passing(&folder, PREFIX, DAY).context("there is no place for a copy")
}

const PREFIX: &str = ".passing-";

/// So long no copy is on its way.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Writes a copy of the database, encrypted where that is configured: what cannot be encrypted is not written. `looks`: it is
/// tried out first, for one that cannot be restored is none.
///
/// # Errors
/// A copy that is not sound, or a file that cannot be written; a program that does not encrypt it.
pub fn write(desk: &Desk, store: &Store, target: &Path, looks: bool) -> Result<()> {
    let Some(argv) = &desk.config.database.encrypt else {
        store.backup_to(target)?;
        return if looks { sound(target) } else { Ok(()) };
    };
    let folder = passing(store.path())?;
    let plain = folder.path().join(PASSING);
    store.backup_to(&plain)?;
    if looks {
        sound(&plain)?;
    }
    let encrypted = folder.path().join("encrypted");
    let named = |part: &String| match part.as_str() {
        PLAIN => plain.display().to_string(),
        ENCRYPTED => encrypted.display().to_string(),
        other => other.to_owned(),
    };
    let argv: Vec<String> = argv.iter().map(named).collect();
    let call = Call { argv: &argv, folder: Path::new("/"), facts: "", variables: &[], limit: LIMIT };
    let answer = hooks::run(&call);
    if !answer.done {
        bail!("the copy was not encrypted, and is not kept: {}", answer.output);
    }
    let mut written = std::fs::File::open(&encrypted).with_context(|| {
        format!("`{}` wrote nothing to the file that it was told", argv.first().map_or("", String::as_str))
    })?;
    let failed = || format!("`{}` cannot be written", target.display());
    outputs::written(target, OURS, |file| std::io::copy(&mut written, file).map(|_| ())).with_context(failed)
}

/// Nobody else reads it.
const OURS: u32 = 0o600;

fn sound(copy: &Path) -> Result<()> {
    Ok(Store::rehearse(copy)?.0.check()?)
}
