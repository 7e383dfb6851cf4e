//! The card's fonts: compiled in, parsed once, and asked about every glyph before it is drawn.

use printpdf::{FontData, TtfFace};
use std::sync::OnceLock;

/// Regular and bold of the card's family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Regular,
    Bold,
}

static REGULAR: &[u8] = include_bytes!("../../fonts/KonetSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/KonetSans-Bold.ttf");

/// Width of every character in thousandths of the size.
struct Metrics {
    face: Option<TtfFace>,
}

impl Face {
    pub(super) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }

    fn metrics(self) -> &'static Metrics {
        static METRICS: [OnceLock<Metrics>; 2] = [OnceLock::new(), OnceLock::new()];
        let slot = match self {
            Self::Regular => &METRICS[0],
            Self::Bold => &METRICS[1],
        };
        slot.get_or_init(|| Metrics { face: TtfFace::from_vec(self.bytes().to_vec()).ok() })
    }

    /// Whether the font can draw a character.
    pub(super) fn has(self, c: char) -> bool {
        self.metrics().face.as_ref().is_some_and(|face| face.glyph_id(c).is_some_and(|glyph| glyph != 0))
    }

    /// Width of a text at a size, in points.
    pub(super) fn width(self, text: &str, size: f32) -> f32 {
        let Some(face) = &self.metrics().face else { return 0.0 };
        let units: u32 = text
            .chars()
            .filter_map(|c| face.glyph_metrics(face.glyph_id(c)?))
            .map(|metrics| metrics.width)
            .sum();
        units as f32 * size / f32::from(face.font_metrics().units_per_em)
    }
}
