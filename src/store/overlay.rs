//! A dry run's database: the file as it is, and over it what the dry run writes, which nobody else sees and which is gone
//! with it. Nothing is copied but what has not been put back into the file yet (`-wal`).
//!
//! SQLite in WAL mode writes into a file of its own and touches the database only when it puts back what stands there. So
//! the overlay has another such file, beside another name of the same database, and is forbidden to put anything back. Both
//! names are taken away as soon as they are open. Meanwhile a second connection reads the database under its own name, and
//! as long as it does, SQLite lets nobody put back what is newer than the moment at which it began.

use crate::outputs::{self, beside};
use crate::store::error::Result;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How much of what a dry run reads stays in memory, in KiB.
const IN_MEMORY: i64 = 16 << 10;

/// The overlay, and the connection that keeps what lies under it as it is: that one must live as long.
#[derive(Debug)]
pub(super) struct Overlay {
    /// To read from and write to.
    pub(super) connection: Connection,
    /// Reads, from the moment before, and is dropped after it.
    pub(super) under: Connection,
}

/// What the folder of a second name is called: nobody else calls one so, for what is left of it is taken away.
const PREFIX: &str = ".konet-billing-dry-run-";

/// Nobody has two names for so long: who had was killed in that moment.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// Lays an overlay over the database of `under`; none where the place does not allow it (another file system, a folder that
/// cannot be written, a file of somebody else's) or the database is not in WAL mode.
///
/// # Errors
/// Where the database cannot be read.
pub(super) fn over(path: &Path, under: Connection) -> Result<std::result::Result<Overlay, Connection>> {
    let mode: String = under.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Ok(Err(under));
    }
    under.execute_batch("BEGIN")?;
    let _: i64 = under.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let Ok((names, second)) = second_name(path) else {
        under.execute_batch("COMMIT")?;
        return Ok(Err(under));
    };
    let connection = opened(&second)?;
    // both files are open
    drop(names);
    Ok(Ok(Overlay { connection, under }))
}

/// Another name of the database, with what has not been put back into it beside it, in a folder that goes when it is dropped.
fn second_name(path: &Path) -> std::io::Result<(TempDir, PathBuf)> {
    let real = path.canonicalize()?;
    let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
        return Err(std::io::ErrorKind::InvalidFilename.into());
    };
    let names = outputs::passing(folder, PREFIX, LEFT_BEHIND)?;
    let second = names.path().join(name);
    std::fs::hard_link(&real, &second)?;
    match std::fs::copy(beside(&real, "-wal"), beside(&second, "-wal")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok((names, second)),
    }
}

fn opened(second: &Path) -> Result<Connection> {
    // without locks, for those of this process are one file's whatever it is called, and letting one go lets all go
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(second, flags, c"unix-none")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -IN_MEMORY)?;
    // as soon as something could be written, the file for it is open
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    Ok(connection)
}
