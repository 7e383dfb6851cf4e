//! From a letter to finished bytes: the PDF, the two bodies and the whole e-mail, on all cores.

use crate::billing::card::BillingCard;
use crate::billing::facts::Letter;
use crate::card::Wording;
use crate::card::letter::{Letters, RenderedLetter};
use crate::card::pdf::{self, Image, Look};
use crate::jobs::Desk;
use crate::mail::compose::{MailParts, compose};
use anyhow::{Context, Result};

/// What draws cards: loaded once, shared by all threads.
pub struct Renderer {
    letters: Letters,
    look: Look,
}

/// A card drawn in every form.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Its PDF.
    pub pdf: Vec<u8>,
    /// Its subject and bodies.
    pub letter: RenderedLetter,
}

/// A message ready to be stored.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The card in every form.
    pub drawn: Drawn,
    /// The exact bytes.
    pub bytes: Vec<u8>,
}

/// What the header of a message says.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The customer's addresses.
    pub to: &'a [String],
    /// Copies.
    pub cc: &'a [String],
    /// Its Message-ID.
    pub message_id: &'a str,
    /// That of the customer's message before.
    pub follows: Option<&'a str>,
}

impl Renderer {
    /// Loads templates, fonts and logo.
    ///
    /// # Errors
    /// Every template that does not compile, all together; a logo that cannot be read.
    pub fn open(desk: &Desk) -> Result<Self> {
        let folder = desk.config.mail.templates.as_deref();
        let usage = |faults: Vec<String>| crate::error::Stop::configuration(faults.join("\n"));
        let wording = Wording::load(folder).map_err(usage)?;
        let letters = Letters::load(folder, wording.clone()).map_err(usage)?;
        let logo = desk.config.logo.as_deref().map(Image::load).transpose()?;
        let iris_code = desk.config.payment.iris_qr.as_deref().map(Image::load).transpose()?;
        Ok(Self { letters, look: Look { logo, iris_code, wording } })
    }

    /// Draws one card in every form. No PDF, no mail.
    ///
    /// # Errors
    /// A glyph the fonts lack, or a template that fails.
    pub fn draw(&self, card: &BillingCard) -> Result<Drawn> {
        let pdf = pdf::render(card, &self.look).context("the card's PDF could not be drawn")?;
        let letter = self.letter(card)?;
        Ok(Drawn { pdf, letter })
    }

    /// Writes the subject and the bodies of a card's e-mail.
    ///
    /// # Errors
    /// A template that fails.
    pub fn letter(&self, card: &BillingCard) -> Result<RenderedLetter> {
        self.letters.render(card).context("the card's e-mail could not be written")
    }

    /// Draws a letter and composes its message.
    ///
    /// # Errors
    /// As [`Self::draw`], and an address that cannot stand in a header.
    pub fn finish(&self, desk: &Desk, letter: &Letter, header: &Header<'_>) -> Result<Finished> {
        let drawn = self.draw(&letter.card)?;
        let bytes = compose(&MailParts {
            from: &desk.config.mail.from,
            reply_to: desk.config.mail.reply_to.as_deref(),
            to: header.to,
            cc: header.cc,
            message_id: header.message_id,
            follows: header.follows,
            date: desk.now.fixed_offset(),
            subject: &drawn.letter.subject,
            text: &drawn.letter.text,
            html: &drawn.letter.html,
            pdf: &drawn.pdf,
            pdf_name: &pdf_name(letter.card.number.as_str()),
        })
        .context("the e-mail could not be composed")?;
        Ok(Finished { drawn, bytes })
    }
}

/// One dirty record must not end the night, even where a library panics on it.
pub(super) fn caught(work: impl FnOnce() -> Result<Finished>) -> Result<Finished> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(anyhow::anyhow!("drawing this card failed unexpectedly; please report it")))
}

/// `kartela-KX-2026-000123.pdf`, ASCII whatever the series.
#[must_use]
pub fn pdf_name(card_number: &str) -> String {
    let number = card_number.replace("ΔΟΚ", "DOK");
    let ascii: String = number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if ascii.is_empty() { "kartela.pdf".to_owned() } else { format!("kartela-{ascii}.pdf") }
}

#[cfg(test)]
mod tests {
    use super::pdf_name;

    #[test]
    fn the_name_of_a_pdf_is_ascii_whatever_the_series() {
        assert_eq!(pdf_name("KX-2026-000123"), "kartela-KX-2026-000123.pdf");
        assert_eq!(pdf_name("ΔΟΚ-2026-000001"), "kartela-DOK-2026-000001.pdf");
        assert_eq!(pdf_name(""), "kartela.pdf");
    }
}
