//! What the tests share.

pub(crate) mod cards;
pub(crate) mod panels;
pub(crate) mod sandbox;
pub(crate) mod smtp;
