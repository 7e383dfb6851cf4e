//! What a file of payments is, by its content; what is not read is refused by its name, with what to do.

use super::decoding;

/// How a file of payments is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A bank's statement as XML.
    Xml,
    /// A zip: an Excel file or several statements.
    Zip,
    /// A table as text.
    Text,
}

const ASK_THE_BANK: &str =
    "ask the bank for camt.053 (XML), or download the movements as CSV or Excel (.xlsx), and import that";
const SAVE_AS_XLSX: &str = "open it in Excel or LibreOffice, save it as Excel (.xlsx), and import that";

/// Names and their remedy of what begins with certain bytes.
const BY_BEGINNING: [(&[u8], &str, &str); 16] = [
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (BIFF, `.xls`)", SAVE_AS_XLSX),
    (b"\x09\x08", "an old Excel file (BIFF, `.xls`)", SAVE_AS_XLSX),
    (b"\x09\x04", "an old Excel file (BIFF, `.xls`)", SAVE_AS_XLSX),
    (b"\x09\x02", "an old Excel file (BIFF, `.xls`)", SAVE_AS_XLSX),
    (b"%PDF", "a PDF", ASK_THE_BANK),
    (b"{\\rtf", "a text of a word processor (RTF)", ASK_THE_BANK),
    (b"\x1f\x8b", "a gzip file", "unpack it and import what is in it"),
    (b"7z\xbc\xaf", "a 7-Zip file", "unpack it and import what is in it"),
    (b"Rar!", "a RAR file", "unpack it and import what is in it"),
    (b"\x89PNG", "a picture (PNG)", ASK_THE_BANK),
    (b"\xff\xd8\xff", "a picture (JPEG)", ASK_THE_BANK),
    (b"GIF8", "a picture (GIF)", ASK_THE_BANK),
    (b"II*\0", "a picture (TIFF)", ASK_THE_BANK),
    (b"SQLite format 3", "a database (SQLite)", ASK_THE_BANK),
    (b"\x7fELF", "a program", ASK_THE_BANK),
    (b"MZ\x90", "a program", ASK_THE_BANK),
];

/// Tells a file apart by its first bytes.
///
/// # Errors
/// The name of what it is and what to do, where that is not read.
pub(super) fn of(head: &[u8]) -> Result<Format, String> {
    if let Some((_, name, remedy)) = BY_BEGINNING.iter().find(|(mark, ..)| head.starts_with(mark)) {
        return Err(refusal(name, remedy));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Format::Zip);
    }
    let text = decoding::of_xml(head).decode(head).0;
    let text = text.trim_start();
    if text.starts_with('<') {
        return xml(text);
    }
    match text_format(text) {
        Some((name, remedy)) => Err(refusal(name, remedy)),
        None => Ok(Format::Text),
    }
}

/// The words of a refusal by name.
pub(super) fn refusal(name: &str, remedy: &str) -> String {
    format!("it is {name}, which this program does not read; {remedy}")
}

/// Statements are XML; so is much else.
fn xml(text: &str) -> Result<Format, String> {
    let lower: String = text.chars().take(4_000).collect::<String>().to_ascii_lowercase();
    // the first element, past the declaration and comments
    let mut rest = lower.as_str();
    while let Some(inside) = rest.strip_prefix("<?").or_else(|| rest.strip_prefix("<!--")) {
        if inside.starts_with("ofx") {
            return Err(refusal("OFX (Quicken, Money)", ASK_THE_BANK));
        }
        let end = if rest.starts_with("<?") { "?>" } else { "-->" };
        let Some((_, after)) = inside.split_once(end) else { break };
        rest = after.trim_start();
    }
    let name =
        rest.trim_start_matches('<').split([' ', '>', '\n', '\r', '\t', '/']).next().unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default();
    match local {
        "ofx" => Err(refusal("OFX (Quicken, Money)", ASK_THE_BANK)),
        "html" | "table" | "head" | "body" | "meta" | "style" | "div" => Err(refusal(
            "a web page (HTML; some banks call it `.xls`)",
            "open it in Excel or LibreOffice, save it as Excel (.xlsx), and import that",
        )),
        "!doctype" if rest.starts_with("<!doctype html") => Err(refusal(
            "a web page (HTML; some banks call it `.xls`)",
            "open it in Excel or LibreOffice, save it as Excel (.xlsx), and import that",
        )),
        "workbook" => Err(refusal("an Excel 2003 file as XML", SAVE_AS_XLSX)),
        _ => Ok(Format::Xml),
    }
}

/// Text that is no table, by the marks of its format.
fn text_format(text: &str) -> Option<(&'static str, &'static str)> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(40).collect();
    let first = lines.first().copied().unwrap_or_default();
    let begins = |mark: &str| lines.iter().any(|line| line.starts_with(mark));
    if first.starts_with("OFXHEADER") || text.starts_with("<OFX") {
        return Some(("OFX (Quicken, Money)", ASK_THE_BANK));
    }
    if first.starts_with("!Type:") || first.starts_with("!Account") || first.starts_with("!Option") {
        return Some(("QIF (Quicken)", ASK_THE_BANK));
    }
    let tags = [":20:", ":25:", ":28C:", ":60F:", ":60M:", ":61:"].iter().filter(|tag| begins(tag)).count();
    if begins(":34F:") || begins(":13D:") || first.contains("{2:O942") {
        return Some(("MT942 (SWIFT, an interim report)", ASK_THE_BANK));
    }
    if tags >= 2 || first.contains("{2:O940") {
        return Some(("MT940 (SWIFT)", ASK_THE_BANK));
    }
    if first.starts_with("{1:F01") {
        return Some(("a SWIFT message", ASK_THE_BANK));
    }
    let is = |line: &str, width: usize| line.chars().count() == width;
    let is_coda = |line: &str| is(line, 128) && line.starts_with(['0', '1', '2', '3', '4', '8', '9']);
    if first.starts_with("00000") && lines.iter().all(|line| is_coda(line)) {
        return Some(("CODA (Belgian banks)", ASK_THE_BANK));
    }
    if first.starts_with("01,") && (begins("02,") || begins("03,") || first.ends_with('/')) {
        return Some(("BAI2 (American banks)", ASK_THE_BANK));
    }
    if is(first, 120) && first.starts_with("01") && begins("04") {
        return Some(("CFONB 120 (French banks)", ASK_THE_BANK));
    }
    if is(first, 80) && first.starts_with("11") && lines.iter().all(|line| is(line, 80)) {
        return Some(("Norma 43 (Spanish banks)", ASK_THE_BANK));
    }
    if first.starts_with('{') || first.starts_with('[') {
        return Some(("JSON", ASK_THE_BANK));
    }
    let is_mail = |line: &str| {
        ["Received: ", "Return-Path: ", "From: ", "Delivered-To: ", "MIME-Version: "]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    if is_mail(first) && lines.iter().filter(|line| is_mail(line)).count() >= 2 {
        return Some(("an e-mail", "save what is attached to it and import that"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_refused_by_its_name_with_what_to_do() {
        let coda = format!("{:<128}\n{:<128}\n{:<128}\n", "0000001092025725 Titre", "10001BE", "9");
        let mails = "Return-Path: <a@example.gr>\r\nReceived: from x\r\nFrom: a\r\n\r\nx";
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("<html><table>".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        for (bytes, name) in [
            (b"OFXHEADER:100\r\nDATA:OFXSGML\r\n".as_slice(), "OFX"),
            (b"<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX>", "OFX"),
            (coda.as_bytes(), "CODA"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "BIFF"),
            (b"\x09\x08\x10\0\0\x06", "BIFF"),
            (b"<html><body><table>", "HTML"),
            (b"\xef\xbb\xbf  <!DOCTYPE html>\n<html>", "HTML"),
            (b"<!-- x --><TABLE border=1>", "HTML"),
            (&utf16, "HTML"),
            (b"<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook>", "Excel 2003"),
            (b"%PDF-1.7", "PDF"),
            (b"!Type:Bank\nD1/2'25\n", "QIF"),
            (b":20:STMT\r\n:25:GR16/EUR\r\n:28C:1/1\r\n:60F:C250901EUR1,00\r\n", "MT940"),
            (b"{1:F01ETHNGRAAXXXX}{2:O9401200}{4:\r\n:20:X", "MT940"),
            (b":20:X\r\n:25:Y\r\n:34F:EURD0,\r\n:13D:2509", "MT942"),
            (b"01,122099999,123456789,250917,0200,1,,,2/\n02,031001234/\n", "BAI2"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"\x89PNG\r\n", "PNG"),
            (b"{\"a\":1}", "JSON"),
            (mails.as_bytes(), "e-mail"),
        ] {
            let why = of(bytes).unwrap_err();
            assert!(why.contains(name) && why.contains(';'), "{name}: {why}");
        }
    }

    #[test]
    fn tables_and_statements_are_not_taken_for_something_else() {
        for (bytes, format) in [
            (b"date;amount;bank_ref\n".as_slice(), Format::Text),
            ("Ημερομηνία;Ποσό;From: x\n".as_bytes(), Format::Text),
            (b"From: x;y\n1;2\n", Format::Text),
            (b"", Format::Text),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?><Document>", Format::Xml),
            (b"<ns:Document xmlns:ns=\"x\">", Format::Xml),
            (b"PK\x03\x04", Format::Zip),
        ] {
            assert_eq!(of(bytes), Ok(format));
        }
    }
}
