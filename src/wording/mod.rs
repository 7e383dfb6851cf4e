//! What staff read: every table and sentence of a command, made of its view alone, what needs a person, and the reasons
//! of the core in words, in the language of the staff (`speech.rs`). Codes, JSON, logs, help and faults stay as they are in
//! any language.
//! What customers read is worded in `card/worded` and `templates/`.

mod because;
pub mod calendar;
pub mod check;
pub mod copies;
mod digest;
pub mod enforce;
pub mod explain;
pub mod find;
mod finding;
mod guard;
pub mod import;
pub mod list;
pub mod nightly;
pub mod notify;
pub mod outbox;
mod past;
pub mod preview;
pub mod privacy;
pub mod record;
pub mod report;
pub mod runs;
mod speech;
pub mod status;

pub(crate) use speech::speak;
