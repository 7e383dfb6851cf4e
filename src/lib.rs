//! konet-billing: see the README.
pub mod billing;
pub mod intake;
pub mod mail;
pub mod store;
