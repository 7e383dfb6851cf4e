//! The last look: the finished PDF is read back, and must show what the card says.

use super::CardError;
use crate::billing::card::BillingCard;
use crate::billing::reference::grouped;
use crate::card::fonts::drawable;
use crate::card::languages::{date, figures, money};
use lopdf::{Document, ObjectId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Checks number, names, dates, amounts and the reference in the text that a reader extracts.
///
/// # Errors
/// [`CardError::Proof`] names the first thing that is not there.
pub fn check(bytes: &[u8], card: &BillingCard) -> Result<(), CardError> {
    let unreadable = |error: lopdf::Error| CardError::Pdf(format!("it cannot be read back: {error}"));
    let document = Document::load_mem(bytes).map_err(unreadable)?;
    let text = extracted(&document).map_err(unreadable)?;
    for (what, expected) in expected(card) {
        // without white space: a name may stand on two lines
        let mut sought = drawable(&expected);
        sought.retain(|c| !c.is_whitespace());
        if !text.contains(&sought) {
            return Err(CardError::Proof { what, text: expected });
        }
    }
    Ok(())
}

/// The text of all pages without its white space, as a reader finds it: each glyph by what its font's map to Unicode says.
fn extracted(document: &Document) -> lopdf::Result<String> {
    let mut text = String::new();
    let mut maps: HashMap<ObjectId, Vec<char>> = HashMap::new();
    for page in document.page_iter() {
        let mut fonts: Vec<(Vec<u8>, ObjectId)> = Vec::new();
        for (name, font) in document.get_page_fonts(page)? {
            let map = font.get(b"ToUnicode")?.as_reference()?;
            if let Entry::Vacant(place) = maps.entry(map) {
                place.insert(unicode_map(&document.get_object(map)?.as_stream()?.decompressed_content()?));
            }
            fonts.push((name, map));
        }
        let mut font: &[char] = &[];
        // one operation a line, strings in hexadecimal: as this program writes them
        for line in document.get_page_content(page).split(|byte| *byte == b'\n') {
            if line.ends_with(b" Tf") {
                let name = line.split(|byte| *byte == b' ').next().unwrap_or_default();
                let called = |(known, _): &&(Vec<u8>, ObjectId)| name.strip_prefix(b"/") == Some(known);
                font =
                    fonts.iter().find(called).and_then(|(_, map)| maps.get(map)).map_or(&[], Vec::as_slice);
            } else if line.ends_with(b"TJ") {
                for part in line.split(|byte| *byte == b'<').skip(1) {
                    let glyphs = part.chunks_exact(4).map_while(number);
                    text.extend(
                        glyphs
                            .filter_map(|glyph| font.get(usize::from(glyph)).filter(|c| !c.is_whitespace())),
                    );
                }
            }
        }
        text.push('\n');
    }
    Ok(text)
}

/// What each glyph says, by the lines `<first glyph> <last glyph> <first character>` of a map: a space where there is none.
fn unicode_map(map: &[u8]) -> Vec<char> {
    let mut characters = Vec::new();
    for line in map.split(|byte| *byte == b'\n') {
        let mut parts = line.split(|byte| matches!(byte, b'<' | b'>')).skip(1).step_by(2).map_while(number);
        if let (Some(first), Some(last), Some(character)) = (parts.next(), parts.next(), parts.next()) {
            characters.resize(characters.len().max(usize::from(last) + 1), ' ');
            for (glyph, character) in (first..=last).zip(u32::from(character)..) {
                characters[usize::from(glyph)] = char::from_u32(character).unwrap_or(' ');
            }
        }
    }
    characters
}

/// Four hexadecimal digits.
fn number(hex: &[u8]) -> Option<u16> {
    let digits = <[u8; 4]>::try_from(hex).ok()?;
    digits.into_iter().try_fold(0, |all, digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(all << 4 | u16::try_from(digit).ok()?)
    })
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
