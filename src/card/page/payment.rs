//! How to pay: the reference, the accounts and other ways, and the codes to scan.

use super::{
    Area, BODY, Block, Canvas, Color, Face, INNER, LABEL, MARGIN, PADDING, RIGHT, SMALL, STRONG, Sheet, Type,
    centred, count, wrapped,
};
use crate::card::paper::Picture;
use crate::card::worded::WordedPayment;

/// The side of a code to scan.
const CODE: f32 = 88.0;
/// What a code takes of the width.
const CODE_WIDTH: f32 = 100.0;

/// The codes to scan, from the right edge.
struct Codes {
    qr: Option<Qr>,
    /// Width over height of the merchant's IRIS code.
    iris: Option<f32>,
}

/// Lines of text in their style.
type Set = Vec<(Vec<String>, Type)>;

impl<'a> Sheet<'a> {
    pub(super) fn payment(&'a self, blocks: &mut Vec<Block<'a>>) {
        let Some(payment) = &self.said.payment else { return };
        let codes = Codes {
            qr: payment.epc_qr.as_deref().and_then(qr_code),
            iris: self.brand.iris_code.filter(|_| payment.iris.is_some()),
        };
        let ways = ways(payment, INNER - 2.0 * PADDING - codes.width());
        let lines: usize = ways.iter().flatten().map(|(lines, _)| lines.len()).sum();
        let ways_height = count(lines) * BODY.leading() + count(ways.len()) * 4.0;
        let height = (58.0 + ways_height + PADDING).max(if codes.width() > 0.0 { 134.0 } else { 0.0 });
        blocks.push(Block::space(10.0).keeping_next());
        blocks.push(self.section(&self.words.how_to_pay));
        blocks.push(Block::new(height + 12.0, move |canvas, top| {
            canvas.fill(Area { x: MARGIN, y: top, width: INNER, height }, 5.0, Color::PANEL);
            canvas.fill(Area { x: MARGIN, y: top, width: 3.0, height }, 0.0, Color::GOLD);
            let x = MARGIN + PADDING;
            canvas.text(x, top + 16.0, &self.capitals(&payment.reference_label), LABEL);
            let style = Type::new(Face::Bold, 15.0, Color::TEAL);
            canvas.text(x, top + 34.0, &payment.reference, style);
            canvas.text(x, top + 46.0, &self.words.reference_only, SMALL);
            let mut y = top + 64.0;
            for way in &ways {
                for (line, style) in way.iter().flat_map(|(lines, style)| lines.iter().map(|l| (l, *style))) {
                    canvas.text(x, y, line, style);
                    y += style.leading();
                }
                y += 4.0;
            }
            self.codes(canvas, &codes, top + PADDING);
        }));
    }

    fn codes(&self, canvas: &mut dyn Canvas, codes: &Codes, top: f32) {
        let mut right_edge = RIGHT - PADDING;
        let under = |canvas: &mut dyn Canvas, middle: f32, text: &str| {
            centred(canvas, middle, top + 99.0, text, SMALL);
        };
        if let Some(code) = &codes.qr {
            draw_qr(canvas, code, right_edge - CODE, top, CODE);
            under(canvas, right_edge - CODE / 2.0, &self.words.scan);
            right_edge -= CODE_WIDTH;
        }
        if let Some(ratio) = codes.iris {
            let (width, height) = if ratio > 1.0 { (CODE, CODE / ratio) } else { (CODE * ratio, CODE) };
            let x = right_edge - CODE / 2.0 - width / 2.0;
            canvas.picture(Picture::IrisCode, Area { x, y: top, width, height });
            under(canvas, right_edge - CODE / 2.0, &self.words.iris_scan);
        }
    }
}

impl Codes {
    fn width(&self) -> f32 {
        count([self.qr.is_some(), self.iris.is_some()].into_iter().filter(|there| *there).count())
            * CODE_WIDTH
    }
}

/// Every way to pay: its name, and how.
fn ways(payment: &WordedPayment, width: f32) -> Vec<Set> {
    let banks = payment.banks.iter().map(|bank| (&bank.name, &bank.text));
    let others = payment.others.iter().map(|way| (&way.label, &way.text));
    let set = |(name, text): (&String, &String)| {
        vec![(wrapped(name, STRONG, width), STRONG), (wrapped(text, BODY, width), BODY)]
    };
    banks.chain(others).map(set).collect()
}

/// The dark modules of a QR code, row by row.
struct Qr {
    size: usize,
    dark: Vec<bool>,
}

fn qr_code(payload: &str) -> Option<Qr> {
    // EPC069-12 wants error correction level M
    let code = qrcodegen::QrCode::encode_text(payload, qrcodegen::QrCodeEcc::Medium).ok()?;
    let size = usize::try_from(code.size()).ok()?;
    let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    Some(Qr { size, dark: dark.map(|(x, y)| code.get_module(x, y)).collect() })
}

/// Draws a code with its quiet zone; each run of dark modules is one rectangle.
fn draw_qr(canvas: &mut dyn Canvas, code: &Qr, x: f32, y: f32, width: f32) {
    canvas.fill(Area { x, y, width, height: width }, 0.0, Color::WHITE);
    let module = width / count(code.size + 8);
    let mut areas = Vec::new();
    for (row, modules) in code.dark.chunks(code.size).enumerate() {
        let mut column = 0;
        while column < code.size {
            let run = modules[column..].iter().take_while(|dark| **dark).count();
            if run > 0 {
                areas.push(Area {
                    x: x + module * count(column + 4),
                    y: y + module * count(row + 4),
                    width: module * count(run),
                    height: module,
                });
            }
            column += run.max(1);
        }
    }
    canvas.fill_all(&areas, Color::INK);
}
