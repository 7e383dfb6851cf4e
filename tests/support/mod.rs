//! What the tests share.

pub(crate) mod books;
pub(crate) mod cards;
pub(crate) mod company;
pub(crate) mod panels;
pub(crate) mod sandbox;
pub(crate) mod smtp;
