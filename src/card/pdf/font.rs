//! The faces in the document: the glyphs that cards draw, cut from the font files by `subsetter`.

use super::{CardError, Effort, deflated};
use crate::card::fonts::Face;
use lopdf::{Document, Object, ObjectId, Stream, dictionary};
use std::fmt::Write;
use std::sync::OnceLock;
use subsetter::GlyphRemapper;

/// From and to, what nearly every card is written with: it is cut and compressed once a process. A card that draws more has
/// a cut of its own.
const COMMON: [(char, char); 11] = [
    (' ', '!'),
    ('&', '&'),
    ('(', ')'),
    (',', ':'),
    ('A', 'Z'),
    ('a', 'z'),
    // Greek with its accents, and the ano teleia
    ('\u{386}', '\u{386}'),
    ('\u{388}', '\u{3ce}'),
    ('\u{b7}', '\u{b7}'),
    // dash, euro
    ('\u{2013}', '\u{2013}'),
    ('\u{20ac}', '\u{20ac}'),
];

/// The same, of sentences, which are not bold: signs, quotation marks, keraia, apostrophe and minus.
const OF_SENTENCES: [(char, char); 8] = [
    ('%', '%'),
    ('+', '+'),
    (';', '@'),
    ('\u{ab}', '\u{ab}'),
    ('\u{bb}', '\u{bb}'),
    ('\u{384}', '\u{384}'),
    ('\u{2019}', '\u{2019}'),
    ('\u{2212}', '\u{2212}'),
];

/// The glyphs of a face that a card draws, in the numbers that the document knows them by.
pub(super) struct Subset {
    face: Face,
    glyphs: GlyphRemapper,
}

/// A face's subset as the document holds it.
#[derive(Clone)]
struct Cut {
    /// The font file, compressed, and its length before.
    file: Vec<u8>,
    length: i64,
    /// What each glyph says, compressed.
    map: Vec<u8>,
}

/// The common glyphs of a face, and their cut.
fn common(face: Face) -> &'static (GlyphRemapper, Result<Cut, subsetter::Error>) {
    static COMMONS: [OnceLock<(GlyphRemapper, Result<Cut, subsetter::Error>)>; 2] =
        [const { OnceLock::new() }; 2];
    COMMONS[face as usize].get_or_init(|| {
        let mut glyphs = GlyphRemapper::new();
        let of_sentences: &[_] = if face == Face::Regular { &OF_SENTENCES } else { &[] };
        for (first, last) in COMMON.into_iter().chain(of_sentences.iter().copied()) {
            let text: String = (first..=last).collect();
            face.set(&text).for_each(|(_, glyph)| _ = glyphs.remap(glyph));
        }
        let cut = Cut::of(face, &glyphs, Effort::Once);
        (glyphs, cut)
    })
}

impl Cut {
    fn of(face: Face, glyphs: &GlyphRemapper, effort: Effort) -> Result<Self, subsetter::Error> {
        let file = subsetter::subset(face.bytes(), 0, glyphs)?;
        let map = unicode_map(face, glyphs);
        Ok(Self {
            length: i64::try_from(file.len()).unwrap_or(i64::MAX),
            file: deflated(&file, effort),
            map: deflated(map.as_bytes(), effort),
        })
    }
}

impl Subset {
    /// The common glyphs.
    pub(super) fn new(face: Face) -> Self {
        Self { face, glyphs: common(face).0.clone() }
    }

    /// The document's number of one of the face's glyphs.
    pub(super) fn number(&mut self, glyph: u16) -> u16 {
        self.glyphs.remap(glyph)
    }

    /// Writes the font into a document.
    ///
    /// # Errors
    /// [`CardError::Pdf`] if the glyphs cannot be cut out of the font.
    pub(super) fn embed(&self, document: &mut Document) -> Result<ObjectId, CardError> {
        let (known, cut) = common(self.face);
        let cut = if *known == self.glyphs {
            cut.clone()
        } else {
            Cut::of(self.face, &self.glyphs, Effort::EveryCard)
        };
        let Cut { file, length, map } = cut.map_err(|error| CardError::Pdf(error.to_string()))?;
        let packed = || dictionary! { "Filter" => "FlateDecode" };
        let mut kind = packed();
        kind.set("Length1", length);
        let file = document.add_object(Stream::new(kind, file));
        let map = document.add_object(Stream::new(packed(), map));
        // six letters and a plus sign say that it is a subset
        let (name, stem) = match self.face {
            Face::Regular => ("KONETA+KonetSans-Regular", 84),
            Face::Bold => ("KONETB+KonetSans-Bold", 130),
        };
        let (ascent, descent) = self.face.extent();
        let descriptor = document.add_object(dictionary! {
            "Type" => "FontDescriptor", "FontName" => name, "Flags" => 32, "ItalicAngle" => 0, "StemV" => stem,
            "FontBBox" => vec![(-500).into(), (-400).into(), 1500.into(), 1100.into()],
            "Ascent" => i64::from(ascent), "Descent" => i64::from(descent), "CapHeight" => 660, "FontFile2" => file,
        });
        let widths = self.glyphs.remapped_gids().map(|glyph| i64::from(self.face.advance(glyph)).into());
        let descendant = dictionary! {
            "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => name, "FontDescriptor" => descriptor,
            "CIDSystemInfo" => dictionary! {
                "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("Identity"),
                "Supplement" => 0,
            },
            "CIDToGIDMap" => "Identity", "W" => vec![0.into(), widths.collect::<Vec<Object>>().into()],
        };
        Ok(document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type0", "BaseFont" => name, "Encoding" => "Identity-H",
            "DescendantFonts" => vec![descendant.into()], "ToUnicode" => map,
        }))
    }
}

/// What each glyph says, for readers that copy and search (ISO 32000-1, 9.10.3).
fn unicode_map(face: Face, glyphs: &GlyphRemapper) -> String {
    let mut map = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
                   /CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n\
                   /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
                   1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        .to_owned();
    let said = glyphs
        .remapped_gids()
        .zip(0_u16..)
        .filter_map(|(glyph, number)| Some((number, face.character(glyph)?)));
    let said: Vec<(u16, u16)> = said.collect();
    // a range lies within the numbers that share their first byte
    let follows = |(number, character): &(u16, u16), next: &(u16, u16)| {
        next.0 == number + 1 && next.1 == character + 1 && !next.0.is_multiple_of(256)
    };
    let ranges: Vec<&[(u16, u16)]> = said.chunk_by(follows).collect();
    // a block has at most a hundred lines
    for block in ranges.chunks(100) {
        // writing to memory does not fail
        let _ = writeln!(map, "{} beginbfrange", block.len());
        for range in block {
            let ((first, character), (last, _)) = (range[0], range[range.len() - 1]);
            let _ = writeln!(map, "<{first:04X}> <{last:04X}> <{character:04X}>");
        }
        map.push_str("endbfrange\n");
    }
    map + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
}
