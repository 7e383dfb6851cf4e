//! What staff read: every table and sentence of a command, made of its view alone, and the reasons of the core in
//! words. What needs a person, refusals and what `record` answers are
//! still worded where they arise. Codes, JSON and logs stay as they are in any language.
//! What customers read is worded in `card/worded` and `templates/`.

mod because;
pub mod calendar;
pub mod check;
pub mod enforce;
pub mod explain;
pub mod import;
pub mod nightly;
pub mod notify;
pub mod outbox;
pub mod record;
pub mod runs;
pub mod status;
