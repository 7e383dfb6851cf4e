//! The pure core: what is owed, what is said, what is done, and why.
//!
//! Nothing here knows SQL, mail, files, a terminal or the clock. Everything is a function of one
//! customer's facts, the policy and the day, so that every rule can be read, tested and replayed.

pub mod action;
pub mod address;
pub mod allocation;
pub mod asked;
pub mod because;
pub mod calendar;
pub mod candidates;
pub mod card;
pub mod charge;
pub mod charging;
pub mod coded;
pub mod customer;
pub mod deadlines;
pub mod draw;
pub mod enforcement;
pub mod episode;
pub mod facts;
mod fingerprint;
pub mod forecast;
mod gathering;
pub mod guard;
pub mod ids;
pub mod issuer;
pub mod letters;
pub mod money;
pub mod movement;
pub mod notice;
pub mod pay_by;
pub mod period;
pub mod policy;
pub mod reference;
pub mod registry;
pub mod sample;
pub mod service;
pub mod sought;
pub mod tax_id;
pub mod text;
pub mod vat;
