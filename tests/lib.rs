//! Tests of the program as its users meet it, in one binary.

mod card;
mod letter;
mod support;
