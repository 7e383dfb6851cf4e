//! What a file's bytes are written in: UTF-8, UTF-16, what its XML says, or else windows-1253 as a Greek Excel writes.

use super::error::IntakeError;
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1253};
use std::io::Read;
use std::path::Path;

/// No table or statement that people send is larger.
pub(super) const FILE_MAX: u64 = 512 << 20;

/// Opens a file that is no larger than any sound one.
pub(super) fn open(path: &Path) -> Result<std::fs::File, IntakeError> {
    let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > FILE_MAX {
        return Err(IntakeError::TooLarge { path: path.to_owned(), size, limit: FILE_MAX });
    }
    Ok(file)
}

/// The text of a file.
pub(super) fn text_of(path: &Path) -> Result<String, IntakeError> {
    let mut bytes = Vec::new();
    open(path)?
        .take(FILE_MAX)
        .read_to_end(&mut bytes)
        .map_err(|source| IntakeError::Unreadable { path: path.to_owned(), source })?;
    decoded(path, bytes)
}

/// A mark at the beginning, or valid UTF-8, else windows-1253.
pub(super) fn decoded(path: &Path, bytes: Vec<u8>) -> Result<String, IntakeError> {
    let not_text = |what| IntakeError::NotText { path: path.to_owned(), what };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(IntakeError::Empty(path.to_owned()));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(not_text("it is an Excel or zip file"));
    }
    if bytes.starts_with(b"%PDF") {
        return Err(not_text("it is a PDF"));
    }
    if let Some((encoding, skip)) = Encoding::for_bom(&bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes[skip..]).0.into_owned());
    }
    if let Some(encoding) = utf_16(&bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes).0.into_owned());
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let control = bytes.iter().filter(|byte| **byte < 32 && !matches!(byte, b'\n' | b'\r' | b'\t')).count();
    if control * 100 > bytes.len() {
        return Err(not_text("it holds binary data"));
    }
    Ok(WINDOWS_1253.decode_without_bom_handling(&bytes).0.into_owned())
}

/// UTF-16 without its mark: every other byte of what is ASCII in it is zero.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(1024)];
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let many = head.len() / 10;
    match (zeros(0), zeros(1)) {
        (0, odd) if odd > many => Some(UTF_16LE),
        (even, 0) if even > many => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding of an XML file: its mark, its own shape, or what its declaration says.
pub(super) fn of_xml(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    if let Some(encoding) = utf_16(head) {
        return encoding;
    }
    let declaration = head.get(..head.len().min(200)).unwrap_or_default();
    let declaration = String::from_utf8_lossy(declaration);
    declaration
        .split_once("?>")
        .and_then(|(inside, _)| inside.split_once("encoding"))
        .map(|(_, rest)| rest.trim_start_matches(['=', ' ', '"', '\'']))
        .and_then(|rest| rest.split(['"', '\'']).next())
        .and_then(|label| Encoding::for_label(label.trim().as_bytes()))
        // a declaration that can be read as ASCII is no UTF-16, whatever it says
        .filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
        .unwrap_or(UTF_8)
}

/// Bytes of any encoding as UTF-8, as a stream. What the encoding does not have becomes `�`.
pub(super) struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    taken: Vec<u8>,
    given: Vec<u8>,
    at: usize,
    ended: bool,
}

const BLOCK: usize = 16 << 10;

impl<R: Read> Transcoded<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            taken: Vec::new(),
            given: Vec::new(),
            at: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> std::io::Result<()> {
        let kept = self.taken.len();
        self.taken.resize(kept + BLOCK, 0);
        let count = self.inner.read(&mut self.taken[kept..])?;
        self.taken.truncate(kept + count);
        let is_last = count == 0;
        let room = self.decoder.max_utf8_buffer_length(self.taken.len()).unwrap_or(BLOCK * 4);
        self.given.resize(room, 0);
        let (result, read, written, _) = self.decoder.decode_to_utf8(&self.taken, &mut self.given, is_last);
        self.taken.drain(..read);
        self.given.truncate(written);
        self.at = 0;
        self.ended = is_last && matches!(result, CoderResult::InputEmpty);
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.given.len() && !self.ended {
            self.refill()?;
        }
        let count = out.len().min(self.given.len() - self.at);
        out[..count].copy_from_slice(&self.given[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_read_in_its_own_encoding() {
        let text = "<?xml version=\"1.0\" encoding=\"NAME\"?><Nm>ΑΛΦΑ €</Nm>";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> =
            [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let greek = text.replace("NAME", "windows-1253");
        let greek = WINDOWS_1253.encode(&greek).0.into_owned();
        for bytes in
            [utf16, marked, greek, text.as_bytes().to_vec(), text.replace("NAME", "utf-16").into_bytes()]
        {
            let mut read = String::new();
            Transcoded::new(bytes.as_slice(), of_xml(&bytes)).read_to_string(&mut read).unwrap();
            assert!(read.ends_with("<Nm>ΑΛΦΑ €</Nm>"), "{read}");
        }
    }

    #[test]
    fn a_table_of_excel_s_unicode_text_is_read_with_and_without_its_mark() {
        let text = "date\tamount\tbank_ref\n2025-03-02\t1,00\tΤ\n";
        let bare: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(bare.iter().copied()).collect();
        for bytes in [bare, marked] {
            assert_eq!(decoded(Path::new("x"), bytes).unwrap(), text);
        }
    }
}
