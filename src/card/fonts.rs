//! The card's fonts: compiled in, parsed once, and asked about every glyph before it is drawn.

use read_fonts::types::{GlyphId, Tag};
use read_fonts::{FontRef, ReadError, TableProvider};
use std::sync::OnceLock;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Regular and bold of the card's family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Face {
    Regular,
    Bold,
}

static REGULAR: &[u8] = include_bytes!("../../fonts/KonetSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/KonetSans-Bold.ttf");

/// Beyond the last character of the fonts (`fonts/prepare.py`).
const LAST_CODE: u16 = 0x2800;

impl Face {
    pub(super) const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    pub(super) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }

    /// What a card asks of the font, read once.
    fn tables(self) -> &'static Tables {
        static TABLES: [OnceLock<Tables>; 2] = [const { OnceLock::new() }; 2];
        TABLES[self as usize]
            .get_or_init(|| FontRef::new(self.bytes()).and_then(|font| Tables::of(&font)).unwrap_or_default())
    }

    /// The glyph of a character; `None` where the font lacks it.
    fn glyph(self, c: char) -> Option<u16> {
        let glyph = *self.tables().glyphs.get(usize::try_from(u32::from(c)).ok()?)?;
        (glyph != 0).then_some(glyph)
    }

    /// The glyphs of a text, each with the kerning before it, in font units.
    pub(super) fn set(self, text: &str) -> impl Iterator<Item = (i16, u16)> {
        let tables = self.tables();
        let mut before = None;
        text.chars().filter_map(move |c| self.glyph(c)).map(move |glyph| {
            (before.replace(glyph).map_or(0, |before| tables.kerning(before, glyph)), glyph)
        })
    }

    /// The width of a glyph, in font units.
    pub(super) fn advance(self, glyph: u16) -> u16 {
        self.tables().advances.get(usize::from(glyph)).copied().unwrap_or(0)
    }

    /// What a glyph says; `None` for one that stands for no character.
    pub(super) fn character(self, glyph: u16) -> Option<u16> {
        self.tables().characters.get(usize::from(glyph)).copied().filter(|character| *character != 0)
    }

    /// How far it reaches above and below its baseline, in font units.
    pub(super) fn extent(self) -> (i16, i16) {
        self.tables().extent
    }

    /// Width of a text at a size, in points.
    pub(super) fn width(self, text: &str, size: f32) -> f32 {
        let tables = self.tables();
        let advance = |(kerning, glyph): (i16, u16)| i32::from(kerning) + i32::from(self.advance(glyph));
        #[expect(clippy::cast_precision_loss, reason = "a line of text is far below 2^24 font units")]
        let units = self.set(text).map(advance).sum::<i32>() as f32;
        units * size / f32::from(tables.units_per_em.max(1))
    }
}

/// A font's figures, laid out for looking up.
#[derive(Debug, Default)]
struct Tables {
    /// Of every character that the fonts are cut to: 0 where there is none.
    glyphs: Vec<u16>,
    /// Of every glyph: the first character that is drawn with it, 0 where there is none.
    characters: Vec<u16>,
    /// Of every glyph.
    advances: Vec<u16>,
    /// By its left glyph: the right ones in order, each with what the two are moved by.
    kernings: Vec<Vec<(u16, i16)>>,
    units_per_em: u16,
    extent: (i16, i16),
}

impl Tables {
    fn of(font: &FontRef<'_>) -> Result<Self, ReadError> {
        let (letters, widths, above) = (font.cmap()?, font.hmtx()?, font.hhea()?);
        let glyph = |code| {
            letters.map_codepoint(u32::from(code)).and_then(|glyph| u16::try_from(glyph.to_u32()).ok())
        };
        let count = font.maxp()?.num_glyphs();
        let glyphs: Vec<u16> = (0..LAST_CODE).map(|code| glyph(code).unwrap_or(0)).collect();
        let mut characters = vec![0; usize::from(count)];
        for (glyph, code) in glyphs.iter().zip(0..LAST_CODE).rev() {
            characters[usize::from(*glyph)] = code;
        }
        Ok(Self {
            glyphs,
            characters,
            advances: (0..count).map(|id| widths.advance(GlyphId::from(id)).unwrap_or(0)).collect(),
            kernings: font.table_data(KERN).map_or_else(Vec::new, |table| kernings(table.as_bytes(), count)),
            units_per_em: font.head()?.units_per_em(),
            extent: (above.ascender().to_i16(), above.descender().to_i16()),
        })
    }

    fn kerning(&self, left: u16, right: u16) -> i16 {
        let Some(row) = self.kernings.get(usize::from(left)) else { return 0 };
        row.binary_search_by_key(&right, |(right, _)| *right).map_or(0, |at| row[at].1)
    }
}

const KERN: Tag = Tag::new(b"kern");

/// What stands before the pairs of a `kern` table with one subtable of format 0, as our fonts have it
/// (OpenType, «kern – Kerning»): its version and count, the subtable's version, length and coverage, and four counts of
/// which the first is the number of pairs.
const BEFORE_PAIRS: usize = 4 + 6 + 8;

/// The pairs of such a table, by their left glyph; a test holds them against the parser's.
fn kernings(table: &[u8], glyphs: u16) -> Vec<Vec<(u16, i16)>> {
    let mut rows = vec![Vec::new(); usize::from(glyphs)];
    let count = table.get(10..12).map_or(0, |count| u16::from_be_bytes([count[0], count[1]]));
    let pairs = table.get(BEFORE_PAIRS..).unwrap_or_default().chunks_exact(6).take(usize::from(count));
    for pair in pairs {
        let number = |at: usize| u16::from_be_bytes([pair[at], pair[at + 1]]);
        if let Some(row) = rows.get_mut(usize::from(number(0))) {
            row.push((number(2), i16::from_be_bytes([pair[4], pair[5]])));
        }
    }
    rows
}

/// A text as the fonts can draw it: NFC, special spaces and hyphens as the plain ones, without soft hyphens.
pub(super) fn drawable(text: &str) -> String {
    // where a word may be broken is not drawn
    let drawn = |c: char| (c != '\u{ad}').then(|| plain(c));
    // nearly all text is composed already, which is seen sooner than composed anew
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.chars().filter_map(drawn).collect(),
        _ => text.nfc().filter_map(drawn).collect(),
    }
}

/// The plain character that is drawn for one that the fonts lack.
const fn plain(c: char) -> char {
    match c {
        '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        '\u{2010}' | '\u{2011}' => '-',
        // the keraia of Α΄ is a modifier letter in NFC; the tonos is what fonts draw
        '\u{2b9}' => '\u{384}',
        other => other,
    }
}

/// The first character of a drawable text that a font lacks.
pub(super) fn lacking(text: &str) -> Option<char> {
    text.chars().find(|c| Face::ALL.iter().any(|face| face.glyph(*c).is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use read_fonts::tables::kern::SubtableKind;

    #[test]
    fn both_faces_draw_all_of_greek_and_latin() {
        let polytonic = "ᾍδης ὑπὸ τῆς γῆς ᾠδή ΐ ΰ Ϊ Ϋ «» – — … € · ͵ ʹ ὦ ῥ ᾳ ῃ ῳ ά έ ή ί ό ύ ώ";
        let latin = "The quick brown fox; Zażółć gęślą jaźń; Größe; naïve; Åse; 0123456789 %&@#()[]{}";
        assert_eq!(lacking(&drawable(polytonic)), None);
        assert_eq!(lacking(&drawable(latin)), None);
        assert_eq!(lacking("Ωραία 😀"), Some('😀'));
    }

    #[test]
    fn the_tables_say_what_the_parser_says_of_the_font() {
        for face in Face::ALL {
            let font = FontRef::new(face.bytes()).unwrap();
            let tables = face.tables();
            let subtables: Vec<_> = font.kern().unwrap().subtables().map(Result::unwrap).collect();
            let count = font.maxp().unwrap().num_glyphs();
            let mut kerned = 0;
            for (left, right) in (0..count).flat_map(|left| (0..count).map(move |right| (left, right))) {
                let of_font = subtables
                    .iter()
                    .filter(|table| table.is_horizontal() && !table.is_cross_stream())
                    .find_map(|table| match table.kind() {
                        Ok(SubtableKind::Format0(pairs)) => pairs.kerning(left.into(), right.into()),
                        _ => None,
                    });
                let said = i32::from(tables.kerning(left, right));
                assert_eq!(said, of_font.unwrap_or(0), "{face:?} {left} {right}");
                kerned += usize::from(said != 0);
            }
            assert!(kerned > 1_000, "{kerned}");
        }
    }

    #[test]
    fn a_text_is_as_wide_as_its_parts() {
        for face in Face::ALL {
            let whole = face.width("Καρτέλα", 10.0);
            assert!(whole > 30.0 && whole < 45.0, "{whole}");
        }
        // kerning brings A and V together
        let apart = Face::Bold.width("A", 10.0) + Face::Bold.width("V", 10.0);
        assert!(Face::Bold.width("AV", 10.0) < apart);
        // figures in a column must stand under each other
        assert!((Face::Regular.width("1", 10.0) - Face::Regular.width("8", 10.0)).abs() < 0.001);
    }
}
