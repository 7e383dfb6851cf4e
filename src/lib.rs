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
