//! Drawing a card: the PDF, the e-mail's bodies and its subject. Adds nothing to the card's content.

mod canvas;
mod fonts;
pub mod letter;
mod page;
pub mod pdf;
mod proof;
mod words;

pub use words::Wording;
