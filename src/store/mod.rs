//! The store: one SQLite file, and the only SQL of the program.
//!
//! Every writing transaction is `BEGIN IMMEDIATE`; nothing external happens inside one. What can be
//! read within and without a transaction is in [`Read`].

mod attention;
mod charges;
mod columns;
mod customers;
mod error;
mod facts;
mod find;
mod gates;
mod listing;
mod migrate;
mod outbox;
mod overlay;
mod payments;
mod privacy;
mod runs;
mod seal;
mod services;
mod staff;
mod status;
mod steps;

pub use attention::{Attention, NewAttention};
pub use charges::ChargeNumbers;
pub use error::{Result, StoreError};
pub use gates::{Cover, Met, RESTORED, UnreadFile};
pub use listing::{Filter, Rows};
pub use outbox::{
    Addressed, Asked, AttemptRecord, Bounced, Claimed, DeliveryState, HandedOver, ListedMessage, NewMessage,
    Role, SentDelivery, Troubled, Waiting, sorted,
};
pub use payments::{BY_HAND, Judged, LineKey, NewPayment, Parked, StoredPayment, is_same_account};
pub use runs::{CLOCK_FORGIVEN, Run, RunId, User};
pub use services::{ServiceChange, Unreadable};
pub use staff::RecordOf;
pub use steps::{PendingRenewal, RunStep, ShadowStep};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Prepared statements that are kept: more than there are.
const STATEMENTS: usize = 200;

/// How much of a dry run's copy stays in memory, in KiB.
const COPY_IN_MEMORY: i64 = 32 << 10;

/// The place of what lies nowhere.
const COPY: &str = ":memory:";

/// How long a writer waits for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An open database.
#[derive(Debug)]
pub struct Store {
    read: Read,
    path: PathBuf,
    /// Keeps what lies under a dry run's overlay as it is; dropped after it.
    _under: Option<Connection>,
}

/// A writing transaction of a run.
#[derive(Debug)]
pub struct Tx<'a> {
    read: &'a Read,
    run: Run,
}

/// What can be read, within a transaction and without: a store and a transaction both do.
#[derive(Debug)]
pub struct Read {
    connection: Connection,
}

impl Read {
    const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads everything that `work` asks for as it stood at one moment, whatever is written meanwhile.
    ///
    /// # Errors
    /// Where the database cannot be read, and whatever `work` gives.
    pub fn at_one_moment<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        // dropped, it is taken back, which is all that reading needs
        let _moment = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)
            .map_err(StoreError::from)?;
        work()
    }

    /// A number that is another one as soon as anybody else has written anything.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn touched_by_others(&self) -> Result<i64> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }
}

impl Deref for Store {
    type Target = Read;

    fn deref(&self) -> &Read {
        &self.read
    }
}

impl Deref for Tx<'_> {
    type Target = Read;

    fn deref(&self) -> &Read {
        self.read
    }
}

impl Tx<'_> {
    /// The run that writes.
    #[must_use]
    pub const fn run(&self) -> Run {
        self.run
    }

    /// Does a part of a transaction so that it can fail by itself: what it wrote is taken back, also where it
    /// panics, and the rest of the transaction goes on.
    ///
    /// # Errors
    /// Whatever `work` gives.
    pub fn part<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.connection().execute_batch("SAVEPOINT part").map_err(StoreError::from)?;
        let mut part = Part { connection: self.connection(), kept: false };
        let value = work()?;
        part.kept = true;
        Ok(value)
    }
}

/// Taken back when it is dropped, unless it is kept.
struct Part<'a> {
    connection: &'a Connection,
    kept: bool,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let end = if self.kept { "RELEASE part" } else { "ROLLBACK TO part; RELEASE part" };
        // what cannot be ended here ends with the transaction, which then fails
        let _ = self.connection.execute_batch(end);
    }
}

/// Statements are prepared once: without this a partial index makes SQLite prepare a statement anew
/// for every value that is bound to it.
fn tune(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// The database is its user's alone; the files beside it get its mode. One of another user's is left as it is.
fn keep_to_ourselves(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if metadata.permissions().mode() & 0o077 != 0 {
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    }
}

impl Store {
    /// Opens the database at `path`, brought up to this version's schema (after a backup beside it).
    ///
    /// # Errors
    /// [`StoreError::Missing`], `NotOurs`, `Newer`, `Unwritable`: the file is left untouched.
    pub fn open(path: &Path) -> Result<Self> {
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        migrate::check_identity(&store.connection, path)?;
        keep_to_ourselves(path);
        store.prepare()?;
        migrate::upgrade(&store.connection, path)?;
        Ok(store)
    }

    /// Opens the database so that nothing can be written: for dry runs and for looking.
    ///
    /// # Errors
    /// As [`Self::open`]; an older schema is an error here, because it may not be upgraded.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrate::check_identity(&store.connection, path)?;
        migrate::check_current(&store.connection, path)?;
        store.connection.pragma_update(None, "query_only", true)?;
        Ok(store)
    }

    /// Another connection to the same database, from which another thread reads what is committed; none of a copy, which
    /// has but one.
    ///
    /// # Errors
    /// As [`Self::open_read_only`].
    pub fn beside(&self) -> Result<Option<Self>> {
        if self.is_a_copy() {
            return Ok(None);
        }
        Self::open_read_only(&self.path).map(Some)
    }

    /// Whether nothing of it stays.
    fn is_a_copy(&self) -> bool {
        self.path.as_os_str() == COPY
    }

    /// Opens the database, or makes a new one where there is none.
    ///
    /// # Errors
    /// As [`Self::open`], and where the folder cannot be written.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        if path.exists() {
            return Self::open(path);
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|cause| StoreError::Io { path: folder.to_owned(), cause })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let store = Self::connect(path, flags)?;
        store.prepare()?;
        migrate::upgrade(&store.connection, path)?;
        Ok(store)
    }

    /// A fresh database in memory, for dry runs of a first import and for tests.
    ///
    /// # Errors
    /// Where SQLite cannot make one.
    pub fn in_memory() -> Result<Self> {
        let connection = Connection::open_in_memory()?;
        let store = Self { read: Read { connection }, path: PathBuf::from(COPY), _under: None };
        store.connection.pragma_update(None, "foreign_keys", true)?;
        migrate::upgrade(&store.connection, &store.path)?;
        Ok(store)
    }

    /// A copy of the database at `path`, brought up to this version's schema there: the file stays as it
    /// is. Gives the copy and the schema that the file has.
    ///
    /// # Errors
    /// As [`Self::open_read_only`], for an older schema too where it cannot be upgraded.
    pub fn rehearse(path: &Path) -> Result<(Self, i64)> {
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrate::check_identity(&store.connection, path)?;
        let found = migrate::version(&store.connection)?;
        let copy = store.copy()?;
        migrate::upgrade_in_place(&copy.connection)?;
        Ok((copy, found))
    }

    /// The database at `path` for a dry run: everything can be done and nothing stays. What is written lies over the
    /// database (`overlay.rs`) where its place allows that, and else everything is copied.
    ///
    /// # Errors
    /// As [`Self::rehearse`].
    pub fn for_a_dry_run(path: &Path) -> Result<Self> {
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrate::check_identity(&store.connection, path)?;
        let over = match overlay::over(path, store.read.connection)? {
            Ok(over) => {
                over.connection.pragma_update(None, "foreign_keys", true)?;
                tune(&over.connection)?;
                let read = Read { connection: over.connection };
                Self { read, path: PathBuf::from(COPY), _under: Some(over.under) }
            }
            Err(connection) => Self { read: Read { connection }, path: store.path, _under: None }.copy()?,
        };
        migrate::upgrade_in_place(&over.connection)?;
        Ok(over)
    }

    /// The version of the schema that this program works with.
    #[must_use]
    pub fn schema_version() -> i64 {
        migrate::known_version()
    }

    /// A copy on which a dry run can do everything and change nothing. It lies in memory as long as it is small, and
    /// beyond 32 MB in a temporary file without a name, which nobody else can open and the end removes.
    ///
    /// # Errors
    /// Where the database cannot be read whole, or the place for temporary files is full.
    pub fn copy(&self) -> Result<Self> {
        let mut connection = Connection::open("")?;
        connection.pragma_update(None, "cache_size", -COPY_IN_MEMORY)?;
        connection.pragma_update(None, "journal_mode", "MEMORY")?;
        rusqlite::backup::Backup::new(&self.connection, &mut connection)?.run_to_completion(
            1000,
            Duration::ZERO,
            None,
        )?;
        connection.pragma_update(None, "foreign_keys", true)?;
        tune(&connection)?;
        Ok(Self { read: Read { connection }, path: PathBuf::from(COPY), _under: None })
    }

    /// How the database is opened.
    fn connect(path: &Path, flags: OpenFlags) -> Result<Self> {
        if !flags.contains(OpenFlags::SQLITE_OPEN_CREATE) && !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        tune(&connection)?;
        Ok(Self { read: Read { connection }, path: path.to_owned(), _under: None })
    }

    /// Durable at every commit; strict about what it reads.
    fn prepare(&self) -> Result<()> {
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.pragma_update(None, "foreign_keys", true)?;
        self.connection.pragma_update(None, "trusted_schema", false)?;
        self.connection.pragma_update(None, "cell_size_check", true)?;
        Ok(())
    }

    /// Where the database lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one writing transaction: all of it is kept, or nothing.
    ///
    /// # Errors
    /// Whatever `work` gives, after a rollback; [`StoreError::Busy`] where another program writes.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        run: Run,
        work: impl FnOnce(&Tx<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.transact(|read| work(&Tx { read, run }))
    }

    /// Does `work` in a transaction that belongs to no run's decisions.
    fn transact<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Read) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        // unchecked, but none can be within another: the store is borrowed for writing
        let transaction = Transaction::new_unchecked(&self.read.connection, TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let value = work(&self.read)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    /// Writes a copy of the database to `target` by the online API.
    ///
    /// # Errors
    /// Where the copy cannot be written.
    pub fn backup_to(&self, target: &Path) -> Result<()> {
        migrate::backup(&self.connection, target)
    }

    /// Looks for damage: SQLite's own checks, foreign keys, and money that does not add up.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] says what was found.
    pub fn check(&self) -> Result<()> {
        let verdict: String = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged(verdict));
        }
        migrate::check_foreign_keys(&self.connection)?;
        let overspent: Option<i64> = self
            .connection
            .prepare(
                "SELECT id FROM money WHERE allocated_cents NOT BETWEEN 0 AND kept_cents
                   OR (customer IS NULL AND allocated_cents <> 0) LIMIT 1",
            )?
            .query_map([], |row| row.get(0))?
            .next()
            .transpose()?;
        match overspent {
            Some(id) => Err(StoreError::Damaged(format!("more than payment {id} brought was allocated"))),
            None => Ok(()),
        }
    }
}
