//! The card as a PDF. Whatever knows a PDF library stands in this folder, so that another one is
//! this folder written anew: the canvas, the repairs, and the last look.

mod canvas;
mod font;
mod image;
mod polish;
pub mod proof;
mod structure;

use super::page::{self, Brand};
use super::worded::worded;
use super::words::Wording;
use crate::billing::card::BillingCard;
use canvas::PdfCanvas;
use flate2::Compression;
use flate2::write::ZlibEncoder;
pub use image::Image;
use std::cell::RefCell;
use std::io::Write;

/// Why a card cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The fonts lack a character; a box or a question mark is never printed.
    #[error("the fonts lack «{character}» (U+{:04X}), which stands in «{text}»; correct the text", *character as u32)]
    Glyph {
        /// The character.
        character: char,
        /// The text it stands in.
        text: String,
    },
    /// A picture cannot be used.
    #[error("the picture `{path}` cannot be used: {why}")]
    Image {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The finished PDF, read back, does not say what the card says.
    #[error("the finished PDF does not show {what} «{text}»; please report it")]
    Proof {
        /// What is missing.
        what: &'static str,
        /// The text that should be there.
        text: String,
    },
    /// The library failed.
    #[error("the PDF could not be made: {0}")]
    Pdf(String),
}

/// What cards look like, beside their content.
#[derive(Debug, Clone)]
pub struct Look {
    /// The company's logo; without one, its initial is drawn.
    pub logo: Option<Image>,
    /// The merchant's own IRIS code, printed where IRIS is offered.
    pub iris_code: Option<Image>,
    /// The printed words.
    pub wording: Wording,
}

/// Draws a card as a PDF. The same card gives the same bytes.
///
/// # Errors
/// [`CardError::Glyph`] for a character that the fonts lack.
pub fn render(card: &BillingCard, look: &Look) -> Result<Vec<u8>, CardError> {
    let mut canvas = PdfCanvas::new()?;
    let brand = Brand {
        logo: look.logo.as_ref().map(Image::ratio),
        iris_code: look.iris_code.as_ref().map(Image::ratio),
    };
    let words = look.wording.of(card.language);
    page::draw(&worded(card, words), words, brand, &mut canvas);
    let bytes = polish::polished(&canvas.finish()?, card, words, look)?;
    proof::check(&bytes, card)?;
    Ok(bytes)
}

/// How often something is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    Once,
    EveryCard,
}

/// A level below zlib's own, 6: a dozen bytes more a card, and less work.
const QUICK: u32 = 5;

/// Compressed as a PDF's streams are. What is made once a process takes its time; what every card needs shares an encoder,
/// whose beginning costs as much as a short stream.
fn deflated(bytes: &[u8], effort: Effort) -> Vec<u8> {
    thread_local! {
        static SHARED: RefCell<ZlibEncoder<Vec<u8>>> =
            RefCell::new(ZlibEncoder::new(Vec::new(), Compression::new(QUICK)));
    }
    // writing to memory does not fail
    let packed = |encoder: &mut ZlibEncoder<Vec<u8>>| {
        encoder.write_all(bytes).and_then(|()| encoder.reset(Vec::new())).unwrap_or_default()
    };
    match effort {
        Effort::Once => packed(&mut ZlibEncoder::new(Vec::new(), Compression::best())),
        Effort::EveryCard => SHARED.with_borrow_mut(packed),
    }
}
