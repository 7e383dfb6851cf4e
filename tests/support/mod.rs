//! What the tests share.

pub mod cards;
