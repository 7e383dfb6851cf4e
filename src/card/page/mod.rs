//! The card's layout: everything is planned as blocks, the blocks are set on pages, and only then
//! drawn, so that every page knows how many there are and nothing is split or lost.

mod charges;
mod head;
mod payment;
mod text;

use super::fonts::{Face, drawable};
use super::languages::capitals;
use super::paper::{Area, Canvas, Color, HEIGHT, Role, Type, WIDTH, part};
use super::worded::{Worded, WordedEvent, WordedService};
use super::words::Words;
use text::{centred, count, right, rule, wrapped};

const MARGIN: f32 = 42.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
const RIGHT: f32 = WIDTH - MARGIN;
/// Below it only the footer stands.
const BOTTOM: f32 = HEIGHT - 60.0;
const PADDING: f32 = 12.0;

/// Right edges of the figures, left edges of the texts.
mod column {
    use super::{MARGIN, RIGHT};
    pub(super) const SERVICE: f32 = MARGIN + 8.0;
    pub(super) const SERVICE_WIDTH: f32 = 146.0;
    pub(super) const PERIOD: f32 = MARGIN + 160.0;
    pub(super) const NEW_EXPIRY: f32 = MARGIN + 278.0;
    pub(super) const NET: f32 = RIGHT - 112.0;
    pub(super) const VAT: f32 = RIGHT - 60.0;
    pub(super) const GROSS: f32 = RIGHT - 8.0;
}

// nothing is set smaller than 8.5 points
const BODY: Type = Type::new(Face::Regular, 9.0, Color::INK);
const STRONG: Type = Type::new(Face::Bold, 9.0, Color::INK);
const SMALL: Type = Type::new(Face::Regular, 8.5, Color::MUTED);
const LABEL: Type = Type::new(Face::Bold, 8.5, Color::MUTED);
const HEAD: Type = Type::new(Face::Bold, 8.5, Color::WHITE);
const WARNING: Type = Type::new(Face::Regular, 8.5, Color::ALERT);
const SECTION: Type = Type::new(Face::Bold, 11.0, Color::TEAL);

type Draw<'a> = Box<dyn Fn(&mut dyn Canvas, f32) + 'a>;

/// A piece of the card that is never split.
struct Block<'a> {
    height: f32,
    /// Never the last on a page.
    keeps_next: bool,
    place: Place<'a>,
    draw: Draw<'a>,
}

/// Where a block stands.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// By itself.
    Alone,
    /// Above the rows of the table.
    TableHead,
    /// A row of the table: a page that begins with it repeats the head, and the gross of all rows before it, where that
    /// is not nothing.
    Row(Option<&'a str>),
}

impl<'a> Block<'a> {
    fn new(height: f32, draw: impl Fn(&mut dyn Canvas, f32) + 'a) -> Self {
        Self { height, keeps_next: false, place: Place::Alone, draw: Box::new(draw) }
    }

    fn space(height: f32) -> Self {
        Self::new(height, |_, _| {})
    }

    fn keeping_next(self) -> Self {
        Self { keeps_next: true, ..self }
    }

    fn in_table(self, place: Place<'a>) -> Self {
        Self { place, ..self }
    }
}

/// What a card needs beside its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brand {
    /// Width of the logo over its height, if there is one.
    pub logo: Option<f32>,
    /// Width of the merchant's IRIS code over its height, if there is one.
    pub iris_code: Option<f32>,
}

/// Draws the whole card.
pub(super) fn draw(said: &Worded, words: &Words, brand: Brand, canvas: &mut dyn Canvas) {
    let sheet = Sheet { said, words, brand };
    let blocks = sheet.blocks();
    let pages = sheet.paginate(&blocks);
    // the table goes on over the pages
    let mut is_in_table = false;
    for (index, page) in pages.iter().enumerate() {
        canvas.new_page();
        if index == 0 {
            sheet.first_head(canvas);
        } else {
            part(canvas, Role::Ornament, |canvas| sheet.later_head(canvas));
        }
        for (top, piece) in page {
            match piece {
                Piece::Block(block) => {
                    let is_of_table = !matches!(block.place, Place::Alone);
                    if is_of_table && !is_in_table {
                        canvas.open(Role::Table);
                    } else if is_in_table && !is_of_table {
                        canvas.close();
                    }
                    is_in_table = is_of_table;
                    (block.draw)(canvas, *top);
                }
                Piece::TableHead => part(canvas, Role::Ornament, |canvas| sheet.table_head(canvas, *top)),
                Piece::Carried(sum) => {
                    part(canvas, Role::Ornament, |canvas| sheet.carried(canvas, *top, sum));
                }
            }
        }
        if index + 1 < pages.len() {
            part(canvas, Role::Ornament, |canvas| sheet.foot(canvas, index + 1, pages.len()));
            continue;
        }
        if is_in_table {
            canvas.close();
        }
        part(canvas, Role::Paragraph, |canvas| sheet.foot(canvas, index + 1, pages.len()));
    }
}

enum Piece<'a> {
    Block(&'a Block<'a>),
    TableHead,
    Carried(&'a str),
}

/// What is drawn: the card as it is worded, and the fixed words around it.
struct Sheet<'a> {
    said: &'a Worded,
    words: &'a Words,
    brand: Brand,
}

const TABLE_HEAD_HEIGHT: f32 = 20.0;
const CARRIED_HEIGHT: f32 = 14.0;
const LATER_TOP: f32 = 76.0;

impl<'a> Sheet<'a> {
    /// Capitals for the little labels.
    fn capitals(&self, text: &str) -> String {
        capitals(self.said.language, text)
    }

    /// Sets the blocks on pages, each with its distance from the top.
    fn paginate<'b>(&self, blocks: &'b [Block<'b>]) -> Vec<Vec<(f32, Piece<'b>)>> {
        let mut pages = vec![Vec::new()];
        let mut top = self.first_head_height();
        for (index, block) in blocks.iter().enumerate() {
            let mut needed = block.height;
            let mut ahead = index;
            while blocks[ahead].keeps_next && ahead + 1 < blocks.len() {
                ahead += 1;
                needed += blocks[ahead].height;
            }
            let page_is_empty = pages.last().is_none_or(Vec::is_empty);
            if top + needed > BOTTOM && !page_is_empty {
                pages.push(Vec::new());
                top = LATER_TOP;
                if let (Place::Row(carried), Some(page)) = (block.place, pages.last_mut()) {
                    page.push((top, Piece::TableHead));
                    top += TABLE_HEAD_HEIGHT;
                    if let Some(sum) = carried {
                        page.push((top, Piece::Carried(sum)));
                        top += CARRIED_HEIGHT;
                    }
                }
            }
            if let Some(page) = pages.last_mut() {
                page.push((top, Piece::Block(block)));
            }
            top += block.height;
        }
        pages
    }

    fn blocks(&'a self) -> Vec<Block<'a>> {
        let mut blocks = Vec::new();
        // what a reader needs to pay stands on the first page's upper half, whatever follows
        self.payment(&mut blocks);
        self.news(&mut blocks);
        self.table(&mut blocks);
        self.totals(&mut blocks);
        self.notes(&mut blocks);
        blocks
    }

    fn news(&'a self, blocks: &mut Vec<Block<'a>>) {
        if self.said.events.is_empty() {
            return;
        }
        blocks.push(self.section(&self.words.news));
        blocks.extend(self.said.received.iter().map(|text| paragraph(text, BODY)));
        blocks.extend(self.said.events.iter().map(event));
        blocks.push(Block::space(8.0));
    }

    fn section(&self, title: &'a str) -> Block<'a> {
        let draw = move |canvas: &mut dyn Canvas, top| {
            part(canvas, Role::Heading, |canvas| canvas.text(MARGIN, top + 11.0, title, SECTION));
        };
        Block::new(20.0, draw).keeping_next()
    }

    fn notes(&'a self, blocks: &mut Vec<Block<'a>>) {
        let words = self.words;
        blocks.extend(self.said.vat_notes.iter().map(|note| paragraph(note, BODY)));
        if !self.said.settled.is_empty() {
            blocks.push(self.section(&words.settled));
            blocks.extend(self.said.settled.iter().map(|service| listed(service, Some(&service.until))));
            blocks.push(Block::space(8.0));
        }
        if !self.said.custom_apps.is_empty() {
            blocks.push(self.section(&words.custom_apps));
            blocks.extend(self.said.custom_apps.iter().map(|service| listed(service, None)));
            blocks.push(paragraph(&words.custom_apps_note, SMALL));
        }
    }
}

fn event(event: &WordedEvent) -> Block<'_> {
    let color = match event {
        WordedEvent { grave: true, .. } => Color::ALERT,
        WordedEvent { good: true, .. } => Color::TEAL,
        WordedEvent { .. } => Color::INK,
    };
    let width = INNER - 16.0;
    let style = Type { color, ..BODY };
    let names = wrapped(&event.name, STRONG, width);
    let texts = wrapped(&event.text, style, width);
    let height = count(names.len() + texts.len()) * BODY.leading() + 8.0;
    Block::new(height, move |canvas, top| {
        canvas.fill(Area { x: MARGIN, y: top + 1.0, width: 2.5, height: height - 6.0 }, 0.0, Color::GOLD);
        canvas.open(Role::Paragraph);
        let mut y = top + 9.0;
        for (lines, style) in [(&names, STRONG), (&texts, style)] {
            for line in lines {
                canvas.text(MARGIN + 10.0, y, line, style);
                y += style.leading();
            }
        }
        canvas.close();
    })
}

fn listed<'a>(service: &'a WordedService, until: Option<&'a str>) -> Block<'a> {
    let lines = wrapped(&service.name, BODY, INNER - 130.0);
    Block::new(count(lines.len()) * BODY.leading() + 1.0, move |canvas, top| {
        canvas.open(Role::Paragraph);
        for (at, line) in lines.iter().enumerate() {
            canvas.text(column::SERVICE, top + 9.0 + count(at) * BODY.leading(), line, BODY);
        }
        if let Some(until) = until {
            right(canvas, column::GROSS, top + 9.0, until, SMALL);
        }
        canvas.close();
    })
}

fn paragraph<'a>(text: &str, style: Type) -> Block<'a> {
    let lines = wrapped(text, style, INNER);
    Block::new(count(lines.len()) * style.leading() + 6.0, move |canvas, top| {
        canvas.open(Role::Paragraph);
        for (at, line) in lines.iter().enumerate() {
            canvas.text(MARGIN, top + style.size + count(at) * style.leading(), line, style);
        }
        canvas.close();
    })
}
