//! The parts of a message that was composed here, read back from its bytes.

use mail_parser::{MessageParser, MimeHeaders};

/// What a card's message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Subject.
    pub subject: String,
    /// Text body.
    pub text: String,
    /// HTML body.
    pub html: String,
    /// The attached PDF.
    pub pdf: Vec<u8>,
}

impl Parts {
    /// Reads a message; `None` where it is not one of ours.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let message = MessageParser::default().parse(bytes)?;
        let pdf = message
            .attachments()
            .find(|part| part.content_type().is_some_and(|t| t.subtype() == Some("pdf")))?;
        Some(Self {
            subject: message.subject()?.to_owned(),
            text: message.body_text(0)?.into_owned(),
            html: message.body_html(0)?.into_owned(),
            pdf: pdf.contents().to_vec(),
        })
    }
}
