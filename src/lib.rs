//! konet-billing: see the README.
pub mod billing;
pub mod card;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod error;
pub mod exit_status;
pub mod hooks;
pub mod intake;
pub mod jobs;
pub mod lock;
pub mod mail;
pub mod report;
pub mod run;
pub mod store;
pub mod views;

// the sample cards are the tests', which name this crate from without
#[cfg(test)]
extern crate self as konet_billing;
#[cfg(test)]
#[path = "../tests/support/cards.rs"]
#[allow(dead_code, reason = "the tests need more of it than the crate itself")]
mod sample_cards;
