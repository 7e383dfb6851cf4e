//! What can go wrong with the database, in words that say what to do.

use std::path::PathBuf;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No database there.
    #[error("no database at `{}`; `konet-billing import customers FILE` creates it", .0.display())]
    Missing(PathBuf),
    /// Something else lies there.
    #[error("`{}` is not a database of konet-billing ({why}); it was left untouched", path.display())]
    NotOurs {
        /// Where.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// Written by an older version, and only looked at.
    #[error(
        "`{}` has schema {found} of an older version, and this program works with {known}; the next command that \
         writes (the night's run, an import) upgrades it, after a backup beside it (`{}.before-schema-{known}`); \
         `check` tries that in memory",
        path.display(), path.display()
    )]
    Older {
        /// Where.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Written by a later version.
    #[error("`{}` has schema {found}, and this program knows up to {known}; install the newer konet-billing", path.display())]
    Newer {
        /// Where.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A check found damage.
    #[error("the database is damaged: {0}; restore a backup")]
    Damaged(String),
    /// One record cannot be read: its customer is held back and the night goes on.
    #[error("{record}: column `{column}` holds `{value}`, which is not {expected}")]
    Data {
        /// Which record.
        record: String,
        /// Which column.
        column: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A condition of the schema refused what one record was to become.
    #[error("the database refused it: {0}")]
    Constraint(String),
    /// Another process is writing.
    #[error("the database is locked by another program; nothing was changed, try again")]
    Busy,
    /// It cannot be written.
    #[error("the database cannot be written ({0}); check the rights of its folder and the space on its disk")]
    Unwritable(String),
    /// Anything else SQLite says.
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    /// Anything else the file system says.
    #[error("`{}`: {cause}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        cause: std::io::Error,
    },
}

impl StoreError {
    /// Whether it concerns one record only.
    #[must_use]
    pub const fn is_data(&self) -> bool {
        matches!(self, Self::Data { .. } | Self::Constraint(_))
    }
}

impl StoreError {
    /// Whether it concerns one customer only: a record that cannot be read, or a row that the schema refuses.
    #[must_use]
    pub fn is_of_one_customer(&self) -> bool {
        let refused = |error: &rusqlite::Error| {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
        };
        self.is_data() || matches!(self, Self::Sqlite(error) if refused(error))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let code = error.sqlite_error_code();
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied,
            ) => Self::Unwritable(error.to_string()),
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, StoreError>;
