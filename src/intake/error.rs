//! Why a file as a whole cannot be used.

use std::path::PathBuf;

/// Why a file as a whole cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is empty.
    #[error("`{}` is empty; the first line must name the columns", .0.display())]
    Empty(PathBuf),
    /// It is no text at all.
    #[error("`{}` is not a CSV file ({what}); save it as CSV and import that", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// It is larger than anything people send.
    #[error("`{}` has {} MB; at most {} MB are read", path.display(), size >> 20, limit >> 20)]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its bytes.
        size: u64,
        /// How many are read.
        limit: u64,
    },
    /// It is a bank's statement that cannot be used.
    #[error("`{}`: {message}; nothing of it was booked", path.display())]
    Statement {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Its header does not fit.
    #[error("{}:1:1: {message}", path.display())]
    Header {
        /// Which.
        path: PathBuf,
        /// All that is wrong with it.
        message: String,
    },
}
