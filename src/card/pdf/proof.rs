//! The last look: the finished PDF is read back, and must show what the card says.

use super::CardError;
use crate::billing::card::BillingCard;
use crate::billing::reference::grouped;
use crate::card::fonts::drawable;
use crate::card::languages::{date, figures, money};
use lopdf::Document;
use std::collections::HashMap;

/// Checks number, names, dates, amounts and the reference in the text that a reader extracts.
///
/// # Errors
/// [`CardError::Proof`] names the first thing that is not there.
pub fn check(bytes: &[u8], card: &BillingCard) -> Result<(), CardError> {
    let unreadable = |error: lopdf::Error| CardError::Pdf(format!("it cannot be read back: {error}"));
    let document = Document::load_mem(bytes).map_err(unreadable)?;
    let text = packed(&extracted(&document).map_err(unreadable)?);
    for (what, expected) in expected(card) {
        if !text.contains(&packed(&drawable(&expected))) {
            return Err(CardError::Proof { what, text: expected });
        }
    }
    Ok(())
}

/// The text of all pages, as a reader finds it: each glyph by what its font's map to Unicode says.
fn extracted(document: &Document) -> lopdf::Result<String> {
    let mut text = String::new();
    for page in document.get_pages().into_values() {
        let mut fonts: HashMap<Vec<u8>, HashMap<u16, char>> = HashMap::new();
        for (name, font) in document.get_page_fonts(page)? {
            let map = font.get(b"ToUnicode")?.as_reference()?;
            let map = document.get_object(map)?.as_stream()?.decompressed_content()?;
            fonts.insert(name, unicode_map(&map));
        }
        let nothing = HashMap::new();
        let mut font = &nothing;
        // one operation a line, strings in hexadecimal: as this program writes them
        for line in document.get_page_content(page).split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.ends_with(b" Tf") {
                let name = line.split(|byte| *byte == b' ').next().unwrap_or_default();
                font = fonts.get(name.strip_prefix(b"/").unwrap_or(name)).unwrap_or(&nothing);
            } else if line.ends_with(b"TJ") {
                for part in line.split(|byte| *byte == b'<').skip(1) {
                    let hex = part.split(|byte| *byte == b'>').next().unwrap_or_default();
                    text.extend(hex.chunks_exact(4).filter_map(|glyph| font.get(&number(glyph)?)));
                }
            }
        }
        text.push('\n');
    }
    Ok(text)
}

/// The lines `<glyph> <character>` of a map.
fn unicode_map(map: &[u8]) -> HashMap<u16, char> {
    let line = |line: &[u8]| {
        let mut parts = line.split(|byte| matches!(byte, b'<' | b'>')).skip(1).step_by(2);
        let (glyph, character) = (number(parts.next()?)?, number(parts.next()?)?);
        Some((glyph, char::from_u32(character.into())?))
    };
    map.split(|byte| *byte == b'\n').filter_map(line).collect()
}

fn number(hex: &[u8]) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
}

/// Without white space: a name may stand on two lines.
fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn expected(card: &BillingCard) -> Vec<(&'static str, String)> {
    let language = card.language;
    let mut expected = vec![
        ("the number", card.number.to_string()),
        ("the customer's name", card.customer.name.clone()),
        ("the date of issue", date(language, card.issued_on)),
    ];
    for line in &card.lines {
        expected.push(("the service", line.name.clone()));
        for amount in [line.amounts.net, line.amounts.vat, line.amounts.gross] {
            expected.push(("the amount", figures(language, amount)));
        }
        if let Some(period) = line.period() {
            for day in [period.from, period.last_day(), period.to] {
                expected.push(("the period's day", date(language, day)));
            }
        }
        for day in [line.suspend_on, line.terminate_on].into_iter().flatten() {
            expected.push(("the day of consequence", date(language, day)));
        }
    }
    if card.total_due.is_positive() {
        expected.push(("the amount to pay", money(language, card.total_due)));
        expected.push(("the payment reference", grouped(card.payment.reference.as_str())));
        for bank in &card.payment.banks {
            expected.push(("the IBAN", grouped(&bank.iban)));
        }
    }
    for service in &card.settled {
        expected.push(("the settled service", service.name.clone()));
    }
    expected
}
