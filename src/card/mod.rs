//! Drawing a card: the PDF, the e-mail's bodies and its subject. Adds nothing to the card's content.

mod bounds;
mod fonts;
mod gist;
mod languages;
pub mod letter;
mod markup;
mod page;
mod paper;
pub mod pdf;
mod worded;
mod words;

pub use words::Wording;
