//! One run at a time decides and delivers: a lock file beside the database.
//!
//! The lock is the operating system's and goes with the process, so none is ever left over.

use crate::error::Stop;
use crate::outputs;
use anyhow::{Context, Result};
use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long staff's commands wait for a run to end.
pub const STAFF_PATIENCE: Duration = Duration::from_secs(10);

/// A lock held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `database`, waiting at most `patience`.
    ///
    /// # Errors
    /// A [`Stop`] of the kind `Locked` where another run holds it; an I/O error where the file cannot be made.
    pub fn take(database: &Path, patience: Duration) -> Result<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let file = outputs::kept_open()
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open the lock file `{}`", Path::new(&path).display()))?;
        // whoever could open it could hold it, and stop every night
        if file.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
            let _ = file.set_permissions(Permissions::from_mode(0o600));
        }
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    let text = format!("another run of konet-billing is working on `{}`", database.display());
                    return Err(Stop::locked(text).hint("try again when it has ended").into());
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| {
                        format!("cannot lock `{}`; is it on a local disk?", Path::new(&path).display())
                    });
                }
            }
        }
    }
}
