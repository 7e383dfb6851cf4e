//! How to pay: the reference, the accounts and other ways, and the codes to scan.

use super::{
    Area, BODY, Block, Canvas, Color, Face, INNER, LABEL, MARGIN, PADDING, RIGHT, Role, SMALL, STRONG, Sheet,
    Type, centred, count, part, wrapped,
};
use crate::card::paper::{Picture, Run};
use crate::card::worded::WordedPayment;
use crate::card::words::Words;

/// The side of a code to scan.
const CODE: f32 = 84.0;
/// What a code takes of the width.
const CODE_WIDTH: f32 = 96.0;
/// What the reference takes of the height, beside its label.
const REFERENCE_HEIGHT: f32 = 34.0;
/// What it takes more where it stands below its label.
const BELOW: f32 = 15.0;
/// The reference.
const REFERENCE: Type = Type::new(Face::Bold, 13.0, Color::TEAL);
/// What the names of banks take of the width.
const BANK_WIDTH: f32 = 92.0;
/// An account's number.
const IBAN: Type = Type::new(Face::Bold, 11.0, Color::INK);

/// The codes to scan, from the right edge.
struct Codes {
    qr: Option<Qr>,
    /// Width over height of the merchant's IRIS code.
    iris: Option<f32>,
}

impl<'a> Sheet<'a> {
    pub(super) fn payment(&'a self, blocks: &mut Vec<Block<'a>>) {
        let Some(payment) = &self.said.payment else { return };
        let codes = Codes {
            qr: payment.epc_qr.as_deref().and_then(qr_code),
            iris: self.brand.iris_code.filter(|_| payment.iris.is_some()),
        };
        let width = INNER - 2.0 * PADDING - codes.width();
        let (accounts, beneficiary) = accounts(payment, self.words, width);
        let beneficiary: Vec<(String, Option<String>)> = beneficiary
            .iter()
            .flat_map(|text| wrapped(text, SMALL, width))
            .map(|line| (line, None))
            .collect();
        let others = others(payment, width);
        let rows: f32 = accounts.iter().map(Account::height).sum();
        let label = self.capitals(&payment.reference_label);
        let beside = LABEL.width(&label) + 8.0;
        let is_beside = beside + REFERENCE.width(&payment.reference) <= width;
        let (indent, drop) = if is_beside { (beside, 0.0) } else { (0.0, BELOW) };
        let height = REFERENCE_HEIGHT
            + drop
            + rows
            + count(beneficiary.len()) * SMALL.leading()
            + count(others.len()) * BODY.leading()
            + PADDING;
        let height = height.max(if codes.width() > 0.0 { CODE + 34.0 } else { 0.0 });
        blocks.push(Block::new(height + 12.0, move |canvas, top| {
            canvas.fill(Area { x: MARGIN, y: top, width: INNER, height }, 5.0, Color::PANEL);
            canvas.fill(Area { x: MARGIN, y: top, width: 3.0, height }, 0.0, Color::GOLD);
            let x = MARGIN + PADDING;
            part(canvas, Role::Paragraph, |canvas| {
                canvas.text(x, top + 17.0, &label, LABEL);
                canvas.text(x + indent, top + 17.0 + drop, &payment.reference, REFERENCE);
                canvas.text(x, top + 29.0 + drop, &payment.reference_only, SMALL);
            });
            let mut y = top + REFERENCE_HEIGHT + drop + 10.0;
            canvas.open(Role::Table);
            for account in &accounts {
                part(canvas, Role::Row, |canvas| account.draw(canvas, x, y));
                y += account.height();
            }
            canvas.close();
            for (lines, style) in [(&beneficiary, SMALL), (&others, BODY)] {
                for (text, address) in lines {
                    let role = address.clone().map_or(Role::Paragraph, Role::Link);
                    part(canvas, role, |canvas| canvas.text(x, y, text, style));
                    y += style.leading();
                }
            }
            self.codes(canvas, &codes, top + PADDING);
        }));
    }

    fn codes(&self, canvas: &mut dyn Canvas, codes: &Codes, top: f32) {
        let mut right_edge = RIGHT - PADDING;
        let under = |canvas: &mut dyn Canvas, middle: f32, text: &str| {
            centred(canvas, middle, top + CODE + 10.0, text, SMALL);
        };
        if let Some(code) = &codes.qr {
            part(canvas, Role::Figure(self.words.scan.clone()), |canvas| {
                draw_qr(canvas, code, right_edge - CODE, top, CODE);
                under(canvas, right_edge - CODE / 2.0, &self.words.scan);
            });
            right_edge -= CODE_WIDTH;
        }
        if let Some(ratio) = codes.iris {
            let (width, height) = if ratio > 1.0 { (CODE, CODE / ratio) } else { (CODE * ratio, CODE) };
            let x = right_edge - CODE / 2.0 - width / 2.0;
            part(canvas, Role::Figure(self.words.iris_scan.clone()), |canvas| {
                canvas.picture(Picture::IrisCode, Area { x, y: top, width, height });
                under(canvas, right_edge - CODE / 2.0, &self.words.iris_scan);
            });
        }
    }
}

impl Codes {
    fn width(&self) -> f32 {
        count([self.qr.is_some(), self.iris.is_some()].into_iter().filter(|there| *there).count())
            * CODE_WIDTH
    }
}

/// A row of the table of accounts: the bank, its IBAN, and its BIC.
struct Account<'a> {
    name: Vec<String>,
    iban: &'a str,
    bic: Option<&'a str>,
    /// Where not all accounts have one beneficiary.
    beneficiary: Option<Vec<String>>,
}

impl Account<'_> {
    fn draw(&self, canvas: &mut dyn Canvas, x: f32, y: f32) {
        part(canvas, Role::RowHead, |canvas| {
            for (at, name) in self.name.iter().enumerate() {
                canvas.text(x, y + count(at) * BODY.leading(), name, STRONG);
            }
        });
        part(canvas, Role::Cell, |canvas| canvas.text(x + BANK_WIDTH, y, self.iban, IBAN));
        part(canvas, Role::Cell, |canvas| {
            let bic = self.bic.unwrap_or_default();
            canvas.text(x + BANK_WIDTH + IBAN.width(self.iban) + 12.0, y, bic, BODY);
        });
        let below = y + self.height() - 2.0;
        part(canvas, Role::Cell, |canvas| {
            for (at, line) in self.beneficiary.iter().flatten().enumerate() {
                canvas.text(x, below - SMALL.leading() + count(at) * SMALL.leading(), line, SMALL);
            }
        });
    }

    fn height(&self) -> f32 {
        let names = count(self.name.len()) * BODY.leading();
        names.max(IBAN.leading()) + count(self.beneficiary.iter().flatten().count()) * SMALL.leading() + 2.0
    }
}

/// The accounts, and in whose name all of them are, if it is one.
fn accounts<'a>(payment: &'a WordedPayment, words: &Words, width: f32) -> (Vec<Account<'a>>, Option<String>) {
    let said = |name: &str| format!("{}: {name}", words.beneficiary);
    let first = payment.banks.first().map(|bank| bank.beneficiary.as_str());
    let is_one = payment.banks.iter().all(|bank| Some(bank.beneficiary.as_str()) == first);
    let accounts = payment.banks.iter().map(|bank| Account {
        name: wrapped(&bank.name, STRONG, BANK_WIDTH - 6.0),
        iban: &bank.iban,
        bic: bank.bic.as_deref(),
        beneficiary: (!is_one).then(|| wrapped(&said(&bank.beneficiary), SMALL, width)),
    });
    (accounts.collect(), first.filter(|_| is_one).map(said))
}

/// The ways beside the accounts: what it is and how, in lines, each with the address it leads to.
fn others(payment: &WordedPayment, width: f32) -> Vec<(String, Option<String>)> {
    let lines = payment.others.iter().flat_map(|way| {
        let address = way.is_link.then(|| way.text.clone());
        let text = format!("{} {}", way.label, way.text);
        wrapped(&text, BODY, width).into_iter().map(move |line| (line, address.clone()))
    });
    lines.collect()
}

/// The dark modules of a QR code, row by row.
struct Qr {
    size: usize,
    dark: Vec<bool>,
}

fn qr_code(payload: &str) -> Option<Qr> {
    // EPC069-12 wants error correction level M
    let code = fast_qr::QRBuilder::new(payload).ecl(fast_qr::ECL::M).build().ok()?;
    let dark = (0..code.size).flat_map(|row| code[row].iter().map(|module| module.value()));
    Some(Qr { size: code.size, dark: dark.collect() })
}

/// The light squares around a code, without which it is not read (ISO/IEC 18004).
const QUIET: usize = 4;

/// Draws a code with its quiet zone.
fn draw_qr(canvas: &mut dyn Canvas, code: &Qr, x: f32, y: f32, width: f32) {
    let area = Area { x, y, width, height: width };
    canvas.fill(area, 0.0, Color::WHITE);
    let mut runs = Vec::new();
    for (row, modules) in code.dark.chunks(code.size).enumerate() {
        let mut column = 0;
        while column < code.size {
            let length = modules[column..].iter().take_while(|dark| **dark).count();
            if length > 0 {
                runs.push(Run { column: column + QUIET, row: row + QUIET, length });
            }
            column += length.max(1);
        }
    }
    canvas.fill_grid(area, code.size + 2 * QUIET, &runs, Color::INK);
}
