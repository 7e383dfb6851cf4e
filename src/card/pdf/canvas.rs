//! Our canvas on top of genpdf's low-level renderer, whose pages are printpdf's.

use super::CardError;
use super::font::Subset;
use super::structure::{Mark, Structure};
use crate::card::fonts::{Face, lacking};
use crate::card::paper::{Area, Canvas, Color, HEIGHT, Picture, Role, Run, Type, WIDTH};
use genpdf::render::Renderer;
use printpdf::lopdf::content::Operation;
use std::fmt::Write;

/// Points to millimetres, which the library counts in.
const MM: f32 = 25.4 / 72.0;

/// About what a page shows takes.
const SHOWN: usize = 32 << 10;

/// What closes a mark.
const END: &str = "EMC\n";

/// Writes what pages show, and has genpdf's renderer make the pages.
pub(super) struct PdfCanvas {
    renderer: Renderer,
    pages: usize,
    structure: Structure,
    fonts: [Subset; 2],
    /// What the present page shows, one operation a line.
    content: String,
    /// Whether its last mark is an ornament's.
    after_ornament: bool,
    /// What is set on the present page: it stays until it is set anew.
    color: Option<Color>,
    font: Option<(Face, f32)>,
    lacking: Option<(char, String)>,
}

/// What was drawn.
pub(super) struct Drawn {
    /// The pages, as the library writes them.
    pub(super) bytes: Vec<u8>,
    /// The tree of the parts.
    pub(super) structure: Structure,
    /// The faces, in the order of [`Face::ALL`].
    pub(super) fonts: [Subset; 2],
}

impl PdfCanvas {
    pub(super) fn new() -> Result<Self, CardError> {
        let fault = |error: genpdf::error::Error| CardError::Pdf(error.to_string());
        Ok(Self {
            renderer: Renderer::new(page_size(), "").map_err(fault)?,
            pages: 0,
            structure: Structure::default(),
            fonts: Face::ALL.map(Subset::new),
            content: String::with_capacity(SHOWN),
            after_ornament: false,
            color: None,
            font: None,
            lacking: None,
        })
    }

    /// The document, its parts and its fonts.
    pub(super) fn finish(mut self) -> Result<Drawn, CardError> {
        if let Some((character, text)) = self.lacking {
            return Err(CardError::Glyph { character, text });
        }
        self.end_page();
        let mut bytes = Vec::new();
        self.renderer.write(&mut bytes).map_err(|error| CardError::Pdf(error.to_string()))?;
        Ok(Drawn { bytes, structure: self.structure, fonts: self.fonts })
    }

    /// Hands the library what the page shows: an object for every operand would cost more than the rest of the card,
    /// and it writes an operation of any length as it is.
    fn end_page(&mut self) {
        let content = std::mem::replace(&mut self.content, String::with_capacity(SHOWN));
        let page = self.renderer.last_page();
        page.first_layer().layer().add_operation(Operation::new(content.trim_end(), Vec::new()));
    }

    /// Draws on the present page, marked as the part that is open; ornaments beside each other share a mark.
    fn marked(&mut self, is_shape: bool, work: impl FnOnce(&mut Self)) {
        let mark = self.structure.mark(self.pages.saturating_sub(1), is_shape);
        match mark {
            Mark::Ornament if self.after_ornament => self.content.truncate(self.content.len() - END.len()),
            Mark::Ornament => self.content.push_str("/Artifact BMC\n"),
            Mark::Part { tag, id } => self.line(format_args!("/{tag} <</MCID {id}>> BDC")),
        }
        self.after_ornament = mark == Mark::Ornament;
        work(self);
        self.content.push_str(END);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // writing to memory does not fail
        let _ = writeln!(self.content, "{line}");
    }

    /// An operation on numbers.
    fn operation<const N: usize>(&mut self, operator: &str, values: [f32; N]) {
        for value in values {
            number(&mut self.content, value);
        }
        self.content.push_str(operator);
        self.content.push('\n');
    }

    /// Sets the colour, where it is another.
    fn set_color(&mut self, color: Color) {
        if self.color.replace(color) != Some(color) {
            let part = |value: u8| f32::from(value) / 255.0;
            self.operation("rg", [part(color.0), part(color.1), part(color.2)]);
        }
    }

    /// Sets the font, where it is another.
    fn set_font(&mut self, face: Face, size: f32) {
        if self.font.replace((face, size)) != Some((face, size)) {
            self.content.push_str(match face {
                Face::Regular => "/F0 ",
                Face::Bold => "/F1 ",
            });
            self.operation("Tf", [size]);
        }
    }

    /// A text as the `TJ` operator takes it: runs of glyphs, and the kerning between them.
    fn show(&mut self, face: Face, text: &str) {
        let font = &mut self.fonts[face as usize];
        self.content.push_str("[<");
        for (kerning, glyph) in face.set(text) {
            if kerning != 0 {
                // the operator subtracts
                let _ = write!(self.content, ">{}<", -i32::from(kerning));
            }
            let number = font.number(glyph);
            let digit = |shift: u16| char::from(b"0123456789ABCDEF"[usize::from(number >> shift & 15)]);
            self.content.extend([12, 8, 4, 0].map(digit));
        }
        self.content.push_str(">]TJ\n");
    }
}

fn page_size() -> genpdf::Size {
    genpdf::Size::new(WIDTH * MM, HEIGHT * MM)
}

/// A number and a space, with two decimals: more only make the file larger.
#[expect(clippy::cast_possible_truncation, reason = "a page is far below 2^24 points")]
fn number(content: &mut String, value: f32) {
    let hundredths = (value * 100.0).round() as i32;
    let (whole, part) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let sign = if hundredths < 0 { "-" } else { "" };
    let _ = match part {
        0 => write!(content, "{sign}{whole} "),
        _ if part % 10 == 0 => write!(content, "{sign}{whole}.{} ", part / 10),
        _ => write!(content, "{sign}{whole}.{part:02} "),
    };
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
            self.end_page();
            self.renderer.add_page(page_size());
        }
        self.pages += 1;
        (self.color, self.font, self.after_ornament) = (None, None, false);
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
        self.marked(false, |page| {
            page.set_color(style.color);
            page.content.push_str("BT\n");
            page.set_font(style.face, style.size);
            page.operation("Td", [x, HEIGHT - y]);
            page.show(style.face, text);
            page.content.push_str("ET\n");
        });
        if self.structure.leads() {
            let (width, height) = (style.width(text), style.leading());
            let area = Area { x, y: y - style.size, width, height };
            self.structure.lead(self.pages.saturating_sub(1), area);
        }
    }

    fn fill(&mut self, area: Area, radius: f32, color: Color) {
        let (left, right) = (area.x, area.x + area.width);
        let (top, bottom) = (HEIGHT - area.y, HEIGHT - area.y - area.height);
        let r = radius.min(area.width / 2.0).min(area.height / 2.0);
        // how far a Bézier curve's handles stand off so that it looks like a quarter of a circle
        let k = r * 0.4477;
        self.marked(true, |page| {
            page.set_color(color);
            if r > 0.0 {
                page.operation("m", [left + r, top]);
                page.operation("l", [right - r, top]);
                page.operation("c", [right - k, top, right, top - k, right, top - r]);
                page.operation("l", [right, bottom + r]);
                page.operation("c", [right, bottom + k, right - k, bottom, right - r, bottom]);
                page.operation("l", [left + r, bottom]);
                page.operation("c", [left + k, bottom, left, bottom + k, left, bottom + r]);
                page.operation("l", [left, top - r]);
                page.operation("c", [left, top - k, left + k, top, left + r, top]);
            } else {
                page.operation("re", [left, bottom, area.width, area.height]);
            }
            page.content.push_str("f\n");
        });
    }

    fn fill_grid(&mut self, area: Area, side: usize, runs: &[Run], color: Color) {
        self.marked(true, |page| {
            // the grid's squares are counted in whole numbers, from its upper left corner
            page.content.push_str("q\n");
            #[expect(clippy::cast_precision_loss, reason = "a code has fewer than 200 squares a side")]
            let square = area.width / side as f32;
            page.line(format_args!("{square} 0 0 -{square} {} {} cm", area.x, HEIGHT - area.y));
            page.set_color(color);
            for Run { column, row, length } in runs {
                page.line(format_args!("{column} {row} {length} 1 re"));
            }
            page.content.push_str("f\nQ\n");
            // what was set within is forgotten with it
            page.color = None;
        });
    }

    fn picture(&mut self, picture: Picture, area: Area) {
        let bottom = HEIGHT - area.y - area.height;
        self.marked(true, |page| {
            page.content.push_str("q\n");
            page.operation("cm", [area.width, 0.0, 0.0, area.height, area.x, bottom]);
            page.line(format_args!("/{} Do", picture.name()));
            page.content.push_str("Q\n");
        });
    }
}
