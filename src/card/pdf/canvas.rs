//! Our canvas on top of genpdf's low-level renderer, whose pages are printpdf's.

use super::CardError;
use super::structure::{Mark, Structure};
use crate::card::fonts::{Face, lacking};
use crate::card::paper::{Area, Canvas, Color, HEIGHT, Picture, Role, Type, WIDTH};
use genpdf::render::Renderer;
use printpdf::lopdf::Object as Operand;
use printpdf::lopdf::content::Operation;
use printpdf::{IndirectFontRef, PdfLayerReference};

/// Points to millimetres, which the library counts in.
const MM: f32 = 25.4 / 72.0;

/// Draws through genpdf's renderer, whose pages are printpdf's.
pub(super) struct PdfCanvas {
    renderer: Renderer,
    fonts: [IndirectFontRef; 2],
    pages: usize,
    structure: Structure,
    /// What is set on the present page: it stays until it is set anew.
    color: Option<Color>,
    font: Option<(Face, f32)>,
    lacking: Option<(char, String)>,
}

impl PdfCanvas {
    pub(super) fn new() -> Result<Self, CardError> {
        let fault = |error: genpdf::error::Error| CardError::Pdf(error.to_string());
        let renderer = Renderer::new(page_size(), "").map_err(fault)?;
        let fonts = [
            renderer.add_embedded_font(Face::Regular.bytes()).map_err(fault)?,
            renderer.add_embedded_font(Face::Bold.bytes()).map_err(fault)?,
        ];
        Ok(Self {
            renderer,
            fonts,
            pages: 0,
            structure: Structure::default(),
            color: None,
            font: None,
            lacking: None,
        })
    }

    /// The document, and the tree of its parts.
    pub(super) fn finish(self) -> Result<(Vec<u8>, Structure), CardError> {
        if let Some((character, text)) = self.lacking {
            return Err(CardError::Glyph { character, text });
        }
        let mut bytes = Vec::new();
        self.renderer.write(&mut bytes).map_err(|error| CardError::Pdf(error.to_string()))?;
        Ok((bytes, self.structure))
    }

    /// Draws on the present page, marked as the part that is open.
    fn marked(&mut self, is_shape: bool, work: impl FnOnce(&PdfLayerReference)) {
        let mark = self.structure.mark(self.pages.saturating_sub(1), is_shape);
        let page = self.renderer.last_page();
        let page = page.first_layer();
        let layer = page.layer();
        layer.add_operation(match mark {
            Mark::Ornament => Operation::new("BMC", vec![Operand::Name("Artifact".into())]),
            Mark::Part { tag, id } => {
                let mut mark = printpdf::lopdf::Dictionary::new();
                mark.set("MCID", id);
                Operation::new("BDC", vec![Operand::Name(tag.into()), Operand::Dictionary(mark)])
            }
        });
        work(layer);
        layer.add_operation(operation("EMC", &[]));
    }
}

fn page_size() -> genpdf::Size {
    genpdf::Size::new(WIDTH * MM, HEIGHT * MM)
}

/// A distance with two decimals: more only make the file larger.
fn number(value: f32) -> Operand {
    Operand::Real((value * 100.0).round() / 100.0)
}

fn operation(operator: &str, values: &[f32]) -> Operation {
    Operation::new(operator, values.iter().copied().map(number).collect())
}

fn fill_color(color: Color) -> Operation {
    let part = |value: u8| f32::from(value) / 255.0;
    operation("rg", &[part(color.0), part(color.1), part(color.2)])
}

/// A text as the `TJ` operator takes it: runs of glyphs, and the kerning between them.
fn glyph_runs(face: Face, text: &str) -> Vec<Operand> {
    let mut runs = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let whole = |run: Vec<u8>| Operand::String(run, printpdf::lopdf::StringFormat::Hexadecimal);
    for (kerning, glyph) in face.set(text) {
        if kerning != 0 {
            runs.push(whole(std::mem::take(&mut run)));
            // the operator subtracts
            runs.push(Operand::Integer(-i64::from(kerning)));
        }
        run.extend(glyph.to_be_bytes());
    }
    runs.push(whole(run));
    runs
}

impl Canvas for PdfCanvas {
    fn open(&mut self, role: Role) {
        self.structure.open(role);
    }

    fn close(&mut self) {
        self.structure.close();
    }

    fn new_page(&mut self) {
        // the renderer is born with its first page
        if self.pages > 0 {
            self.renderer.add_page(page_size());
        }
        self.pages += 1;
        (self.color, self.font) = (None, None);
    }

    fn text(&mut self, x: f32, y: f32, text: &str, style: Type) {
        if text.is_empty() {
            return;
        }
        // the library would leave out what its font lacks without a word
        if let Some(character) = lacking(text) {
            self.lacking.get_or_insert_with(|| (character, text.to_owned()));
            return;
        }
        let font = match style.face {
            Face::Regular => &self.fonts[0],
            Face::Bold => &self.fonts[1],
        };
        let font = font.clone();
        let is_other_color = self.color.replace(style.color) != Some(style.color);
        let is_other_font = self.font.replace((style.face, style.size)) != Some((style.face, style.size));
        self.marked(false, |layer| {
            if is_other_color {
                layer.add_operation(fill_color(style.color));
            }
            layer.begin_text_section();
            if is_other_font {
                layer.set_font(&font, style.size);
            }
            layer.add_operation(operation("Td", &[x, HEIGHT - y]));
            layer.add_operation(Operation::new("TJ", vec![Operand::Array(glyph_runs(style.face, text))]));
            layer.end_text_section();
        });
        if self.structure.leads() {
            let (width, height) = (style.width(text), style.leading());
            let area = Area { x, y: y - style.size, width, height };
            self.structure.lead(self.pages.saturating_sub(1), area);
        }
    }

    fn fill(&mut self, area: Area, radius: f32, color: Color) {
        if radius <= 0.0 {
            self.fill_all(&[area], color);
            return;
        }
        let (left, right) = (area.x, area.x + area.width);
        let (top, bottom) = (HEIGHT - area.y, HEIGHT - area.y - area.height);
        let r = radius.min(area.width / 2.0).min(area.height / 2.0);
        // how far a Bézier curve's handles stand off so that it looks like a quarter of a circle
        let k = r * 0.4477;
        let is_other_color = self.color.replace(color) != Some(color);
        self.marked(true, |layer| {
            if is_other_color {
                layer.add_operation(fill_color(color));
            }
            layer.add_operation(operation("m", &[left + r, top]));
            layer.add_operation(operation("l", &[right - r, top]));
            layer.add_operation(operation("c", &[right - k, top, right, top - k, right, top - r]));
            layer.add_operation(operation("l", &[right, bottom + r]));
            layer.add_operation(operation("c", &[right, bottom + k, right - k, bottom, right - r, bottom]));
            layer.add_operation(operation("l", &[left + r, bottom]));
            layer.add_operation(operation("c", &[left + k, bottom, left, bottom + k, left, bottom + r]));
            layer.add_operation(operation("l", &[left, top - r]));
            layer.add_operation(operation("c", &[left, top - k, left + k, top, left + r, top]));
            layer.add_operation(operation("f", &[]));
        });
    }

    fn fill_all(&mut self, areas: &[Area], color: Color) {
        let is_other_color = self.color.replace(color) != Some(color);
        self.marked(true, |layer| {
            if is_other_color {
                layer.add_operation(fill_color(color));
            }
            for area in areas {
                let bottom = HEIGHT - area.y - area.height;
                layer.add_operation(operation("re", &[area.x, bottom, area.width, area.height]));
            }
            layer.add_operation(operation("f", &[]));
        });
    }

    fn picture(&mut self, picture: Picture, area: Area) {
        let bottom = HEIGHT - area.y - area.height;
        self.marked(true, |layer| {
            layer.save_graphics_state();
            layer.add_operation(operation("cm", &[area.width, 0.0, 0.0, area.height, area.x, bottom]));
            layer.add_operation(Operation::new("Do", vec![Operand::Name(picture.name().into())]));
            layer.restore_graphics_state();
        });
    }
}
