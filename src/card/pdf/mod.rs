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
use flate2::{Compress, Compression, FlushCompress};
pub use image::Image;
use std::cell::RefCell;

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

/// Compressed as a PDF's streams are. What is made once a process takes its time; what every card needs shares what a
/// compressor begins with.
fn deflated(bytes: &[u8], effort: Effort) -> Vec<u8> {
    thread_local! {
        static SHARED: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), true));
    }
    match effort {
        Effort::Once => packed(bytes, &mut Compress::new(Compression::best(), true)),
        Effort::EveryCard => SHARED.with_borrow_mut(|compress| packed(bytes, compress)),
    }
}

/// How often something is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    Once,
    EveryCard,
}

fn packed(bytes: &[u8], compress: &mut Compress) -> Vec<u8> {
    compress.reset();
    // zlib adds at most five bytes a block and eleven in all (RFC 1950 and 1951)
    let mut packed = Vec::with_capacity(bytes.len() + bytes.len() / 1000 + 64);
    // compressing into memory that suffices does not fail; what it gave is read back in the last look
    let _ = compress.compress_vec(bytes, &mut packed, FlushCompress::Finish);
    packed
}
