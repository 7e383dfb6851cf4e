//! The paper a card is drawn on: so little that another PDF library is one folder away.

use super::fonts::Face;

/// Width of A4 in points.
pub(super) const WIDTH: f32 = 595.28;
/// Height of A4 in points.
pub(super) const HEIGHT: f32 = 841.89;

/// An RGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Color(pub u8, pub u8, pub u8);

impl Color {
    pub(super) const TEAL: Self = Self(15, 76, 92);
    pub(super) const GOLD: Self = Self(233, 185, 73);
    pub(super) const INK: Self = Self(31, 41, 51);
    pub(super) const MUTED: Self = Self(82, 96, 109);
    pub(super) const PANEL: Self = Self(238, 243, 246);
    pub(super) const RULE: Self = Self(203, 212, 219);
    pub(super) const ALERT: Self = Self(156, 47, 31);
    pub(super) const WHITE: Self = Self(255, 255, 255);
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    pub face: Face,
    pub size: f32,
    pub color: Color,
}

impl Type {
    pub(super) const fn new(face: Face, size: f32, color: Color) -> Self {
        Self { face, size, color }
    }

    /// Distance from one baseline to the next.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.32
    }

    pub(super) fn width(self, text: &str) -> f32 {
        self.face.width(text, self.size)
    }
}

/// A rectangle in points from the page's upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// Squares of a grid beside each other, counted from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub column: usize,
    pub row: usize,
    pub length: usize,
}

/// The pictures a card can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture {
    Logo,
    IrisCode,
}

impl Picture {
    /// Its name in the document.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Logo => "Logo",
            Self::IrisCode => "IrisCode",
        }
    }
}

/// What a part of the page is to somebody who has it read aloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// The title of the whole.
    Title,
    /// The title of a part.
    Heading,
    Paragraph,
    Table,
    Row,
    /// A cell that says what stands below it.
    ColumnHead,
    /// A cell that says what stands beside it.
    RowHead,
    Cell,
    /// A picture, and what is said in its place.
    Figure(String),
    /// A text that leads to an address.
    Link(String),
    /// What a reader skips: decoration, and what is repeated on every page.
    Ornament,
}

/// What can be drawn. Distances are points from the upper left corner of the present page. Parts lie within each other
/// as they are opened and closed; what is drawn outside of them is ornament.
pub(super) trait Canvas {
    /// Begins a part.
    fn open(&mut self, role: Role);
    /// Ends the part that was begun last.
    fn close(&mut self);
    /// Begins the next page.
    fn new_page(&mut self);
    /// Sets a line of text with its baseline at `y`.
    fn text(&mut self, x: f32, y: f32, text: &str, style: Type);
    /// Fills a rectangle whose corners are rounded by `radius`.
    fn fill(&mut self, area: Area, radius: f32, color: Color);
    /// Fills runs of the squares that a square area is divided into, so many a side, as one shape.
    fn fill_grid(&mut self, area: Area, side: usize, runs: &[Run], color: Color);
    /// Draws a picture into a rectangle.
    fn picture(&mut self, picture: Picture, area: Area);
}

/// Draws a part.
pub(super) fn part(canvas: &mut dyn Canvas, role: Role, draw: impl FnOnce(&mut dyn Canvas)) {
    canvas.open(role);
    draw(canvas);
    canvas.close();
}
