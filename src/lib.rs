//! konet-billing: see the README.
pub mod billing;
pub mod store;
