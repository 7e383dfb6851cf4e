//! Tests of the program as its users meet it, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that meets the unexpected says so and fails"
)]

mod bad_input;
mod card;
mod copies;
mod core;
mod credit;
mod desk;
mod diary;
mod foretold;
mod gates;
mod guard;
mod handbook;
mod hooks;
mod house;
mod kill;
mod ledger;
mod letter;
mod limits;
mod mailbox;
mod model;
mod money;
mod movements;
mod never;
mod night;
mod outbox;
mod overlay;
mod pages;
mod panel;
mod plans;
mod promises;
mod safety;
mod staff;
mod statements;
mod support;
mod tls;
mod trust;
mod truth;
mod wild;
