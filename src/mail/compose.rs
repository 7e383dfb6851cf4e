//! From a card's parts to the exact bytes of its message.

use crate::billing::text::{cleaned, printable};
use chrono::{DateTime, FixedOffset};
use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

/// Longer subjects are cut: an unbroken one would make a header line no server takes.
const SUBJECT_MAX: usize = 200;

/// What a message is made of.
#[derive(Debug, Clone)]
pub struct MailParts<'a> {
    /// `Name <address>` of the sender.
    pub from: &'a str,
    /// Where answers go.
    pub reply_to: Option<&'a str>,
    /// The customer's addresses.
    pub to: &'a [String],
    /// Copies.
    pub cc: &'a [String],
    /// `<…@…>`.
    pub message_id: &'a str,
    /// The Message-ID of the message before, which readers show it with.
    pub follows: Option<&'a str>,
    /// When the run began.
    pub date: DateTime<FixedOffset>,
    /// Subject.
    pub subject: &'a str,
    /// Text body.
    pub text: &'a str,
    /// HTML body.
    pub html: &'a str,
    /// The PDF.
    pub pdf: &'a [u8],
    /// Its file name, ASCII.
    pub pdf_name: &'a str,
}

/// What a message for staff is made of.
#[derive(Debug, Clone)]
pub struct TextParts<'a> {
    /// `Name <address>` of the sender.
    pub from: &'a str,
    /// Where answers go.
    pub reply_to: Option<&'a str>,
    /// `Name <address>` of the recipients.
    pub to: &'a [String],
    /// `<…@…>`.
    pub message_id: &'a str,
    /// When the run began.
    pub date: DateTime<FixedOffset>,
    /// Subject.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// The same as HTML.
    pub html: &'a str,
    /// A workbook: its file name, ASCII, and its bytes.
    pub workbook: Option<(&'a str, &'a [u8])>,
}

/// What mail programs know a workbook by.
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Composes a message for staff: text and HTML as alternatives, and a workbook where there is one.
///
/// # Errors
/// An address that is not sound.
pub fn compose_text(parts: &TextParts<'_>) -> Result<Vec<u8>, ComposeError> {
    let mut builder = Message::builder()
        .from(mailbox(parts.from)?)
        .subject(clamped(parts.subject))
        .date(parts.date.into())
        .message_id(Some(parts.message_id.to_owned()))
        .raw_header(automatic());
    for to in parts.to {
        builder = builder.to(mailbox(to)?);
    }
    if let Some(reply_to) = parts.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    let workbook = parts.workbook.map(|(name, bytes)| (name, bytes, WORKBOOK));
    let body = multipart(parts.message_id, parts.text, parts.html, workbook)?;
    let message = builder.multipart(body).map_err(|error| ComposeError::Mime(error.to_string()))?;
    Ok(message.formatted())
}

/// So that no holiday notice answers it (RFC 3834).
fn automatic() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}

/// Why a message cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// An address that cannot stand in a header.
    #[error("`{0}` cannot stand in a header: {1}")]
    Address(String, String),
    /// Anything else.
    #[error("{0}")]
    Mime(String),
}

/// Composes a message: text and HTML as alternatives, the PDF attached. The same parts give the same
/// bytes.
///
/// # Errors
/// An address that is not sound.
pub fn compose(parts: &MailParts<'_>) -> Result<Vec<u8>, ComposeError> {
    let mut builder = Message::builder()
        .from(mailbox(parts.from)?)
        .subject(clamped(parts.subject))
        .date(parts.date.into())
        .message_id(Some(parts.message_id.to_owned()));
    if let Some(before) = parts.follows {
        builder = builder.in_reply_to(before.to_owned()).references(before.to_owned());
    }
    for to in parts.to {
        builder = builder.to(bare(to)?);
    }
    for cc in parts.cc {
        builder = builder.cc(bare(cc)?);
    }
    if let Some(reply_to) = parts.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    let pdf = Some((parts.pdf_name, parts.pdf, "application/pdf"));
    let body = multipart(parts.message_id, parts.text, parts.html, pdf)?;
    let message = builder
        .raw_header(automatic())
        .multipart(body)
        .map_err(|error| ComposeError::Mime(error.to_string()))?;
    Ok(message.formatted())
}

/// Text and HTML as alternatives, and what is attached: its file name, its bytes, and their kind.
fn multipart(
    message_id: &str,
    text: &str,
    html: &str,
    attached: Option<(&str, &[u8], &str)>,
) -> Result<MultiPart, ComposeError> {
    let (outer, inner) = boundaries(message_id);
    let bodies = MultiPart::alternative()
        .boundary(inner)
        .singlepart(SinglePart::plain(printable(text)))
        .singlepart(SinglePart::html(printable(html)));
    let Some((name, bytes, kind)) = attached else { return Ok(bodies) };
    let kind = ContentType::parse(kind).map_err(|error| ComposeError::Mime(error.to_string()))?;
    let attached = Attachment::new(ascii_name(name)).body(bytes.to_vec(), kind);
    Ok(MultiPart::mixed().boundary(outer).multipart(bodies).singlepart(attached))
}

/// The bare address of `Name <address>`.
#[must_use]
pub fn address_of(mailbox: &str) -> &str {
    mailbox
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(mailbox, |(address, _)| address)
        .trim()
}

fn mailbox(text: &str) -> Result<Mailbox, ComposeError> {
    let address = bare(address_of(text))?;
    // control characters in a name would panic inside the library
    let name = cleaned(text.rsplit_once('<').map_or("", |(name, _)| name)).trim_matches('"').to_owned();
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address.email))
}

fn bare(text: &str) -> Result<Mailbox, ComposeError> {
    let fault = |why: String| ComposeError::Address(text.chars().take(60).collect(), why);
    let ascii = crate::billing::address::check(text).map_err(fault)?;
    let address: Address =
        ascii.parse().map_err(|error: lettre::address::AddressError| fault(error.to_string()))?;
    Ok(Mailbox::new(None, address))
}

fn clamped(subject: &str) -> String {
    let subject = cleaned(subject);
    if subject.chars().count() <= SUBJECT_MAX {
        return subject;
    }
    subject.chars().take(SUBJECT_MAX - 1).chain(['…']).collect()
}

fn ascii_name(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).collect()
}

/// Boundaries from the Message-ID, so that the same message has the same bytes.
fn boundaries(message_id: &str) -> (String, String) {
    let digest = Sha256::digest(message_id.as_bytes());
    let hex: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    (format!("konet-mixed-{hex}"), format!("konet-bodies-{hex}"))
}
