//! The card's fonts: compiled in, parsed once, and asked about every glyph before it is drawn.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;
use ttf_parser::GlyphId;
use unicode_normalization::UnicodeNormalization;

/// Regular and bold of the card's family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Face {
    Regular,
    Bold,
}

static REGULAR: &[u8] = include_bytes!("../../fonts/KonetSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/KonetSans-Bold.ttf");

/// Beyond the last character of the fonts (`fonts/prepare.py`).
const LAST_CODE: u32 = 0x2800;

impl Face {
    pub(super) const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    pub(super) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }

    /// The glyph of every character that the fonts are cut to, looked up once: 0 where there is none.
    fn glyphs(self) -> &'static [u16] {
        static GLYPHS: [OnceLock<Vec<u16>>; 2] = [OnceLock::new(), OnceLock::new()];
        let slot = match self {
            Self::Regular => &GLYPHS[0],
            Self::Bold => &GLYPHS[1],
        };
        slot.get_or_init(|| {
            let face = self.parsed();
            let glyph = |code| face?.glyph_index(char::from_u32(code)?);
            (0..LAST_CODE).map(|code| glyph(code).map_or(0, |glyph| glyph.0)).collect()
        })
    }

    fn parsed(self) -> Option<&'static ttf_parser::Face<'static>> {
        static FACES: [OnceLock<Option<ttf_parser::Face<'static>>>; 2] = [OnceLock::new(), OnceLock::new()];
        let slot = match self {
            Self::Regular => &FACES[0],
            Self::Bold => &FACES[1],
        };
        slot.get_or_init(|| ttf_parser::Face::parse(self.bytes(), 0).ok()).as_ref()
    }

    /// The glyph of a character; `None` where the font lacks it.
    fn glyph(self, c: char) -> Option<GlyphId> {
        let glyph = *self.glyphs().get(usize::try_from(u32::from(c)).ok()?)?;
        (glyph != 0).then_some(GlyphId(glyph))
    }

    /// The glyphs of a text, each with the kerning before it, in font units.
    pub(super) fn set(self, text: &str) -> Vec<(i16, u16)> {
        let mut before = None;
        let place = |glyph: GlyphId| {
            let kerning = before.replace(glyph).and_then(|before| self.kerning(before, glyph)).unwrap_or(0);
            (kerning, glyph.0)
        };
        text.chars().filter_map(|c| self.glyph(c)).map(place).collect()
    }

    /// What two glyphs are moved together by, looked up once for every pair that a card has.
    fn kerning(self, left: GlyphId, right: GlyphId) -> Option<i16> {
        thread_local! {
            static KNOWN: RefCell<HashMap<(Face, u16, u16), Option<i16>>> = RefCell::default();
        }
        KNOWN.with_borrow_mut(|known| {
            *known.entry((self, left.0, right.0)).or_insert_with(|| self.kerning_of_font(left, right))
        })
    }

    fn kerning_of_font(self, left: GlyphId, right: GlyphId) -> Option<i16> {
        let kern = self.parsed()?.tables().kern?;
        kern.subtables
            .into_iter()
            .filter(|table| table.horizontal && !table.has_cross_stream)
            .find_map(|table| table.glyphs_kerning(left, right))
    }

    /// Width of a text at a size, in points.
    pub(super) fn width(self, text: &str, size: f32) -> f32 {
        let Some(face) = self.parsed() else { return 0.0 };
        let advance = |(kerning, glyph): (i16, u16)| {
            i32::from(kerning) + i32::from(face.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0))
        };
        #[expect(clippy::cast_precision_loss, reason = "a line of text is far below 2^24 font units")]
        let units = self.set(text).into_iter().map(advance).sum::<i32>() as f32;
        units * size / f32::from(face.units_per_em())
    }
}

/// A text as the fonts can draw it: NFC, special spaces and hyphens as the plain ones.
pub(super) fn drawable(text: &str) -> String {
    text.nfc()
        .map(|c| match c {
            '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
            '\u{2010}' | '\u{2011}' => '-',
            // the keraia of Α΄ is a modifier letter in NFC; the tonos is what fonts draw
            '\u{2b9}' => '\u{384}',
            other => other,
        })
        .collect()
}

/// The first character of a drawable text that a font lacks.
pub(super) fn lacking(text: &str) -> Option<char> {
    text.chars().find(|c| Face::ALL.iter().any(|face| face.glyph(*c).is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_faces_draw_all_of_greek_and_latin() {
        let polytonic = "ᾍδης ὑπὸ τῆς γῆς ᾠδή ΐ ΰ Ϊ Ϋ «» – — … € · ͵ ʹ ὦ ῥ ᾳ ῃ ῳ ά έ ή ί ό ύ ώ";
        let latin = "The quick brown fox; Zażółć gęślą jaźń; Größe; naïve; Åse; 0123456789 %&@#()[]{}";
        assert_eq!(lacking(&drawable(polytonic)), None);
        assert_eq!(lacking(&drawable(latin)), None);
        assert_eq!(lacking("Ωραία 😀"), Some('😀'));
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
