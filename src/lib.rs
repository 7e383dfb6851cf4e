//! konet-billing: billing cards, renewals and suspensions for a web-hosting company, run by cron.
//!
//! The tour: [`billing`] is the pure core and decides, for one customer at a time. [`intake`], [`store`], [`card`],
//! [`mail`] and [`hooks`] are the edges; each knows the core and none another. [`jobs`] tie them together: import, enforce, notify,
//! deliver, record, and the night of all of them. [`commands`] parse, do one job and print one of the [`views`],
//! as JSON or as [`wording`] puts it for people; [`export`] knows the formats that lists are taken away in.
//!
//! `docs/architecture.md` walks through the rooms with real names, `docs/rules.md` has each rule with the test that keeps it,
//! `docs/words.md` the terms, and `CONTRIBUTING.md` the recipes.

pub mod billing;
pub mod card;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod error;
pub mod exit_status;
pub mod export;
pub mod hooks;
pub mod intake;
pub mod jobs;
pub mod lock;
pub mod mail;
pub mod outputs;
pub mod report;
pub mod rights;
pub mod run;
pub mod spool;
pub mod store;
pub mod views;
pub mod wording;
