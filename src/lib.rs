//! konet-billing: see the README.
pub mod billing;
pub mod card;
pub mod clock;
pub mod config;
pub mod error;
pub mod exit_status;
pub mod intake;
pub mod mail;
pub mod store;
