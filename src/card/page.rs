//! The card's layout: everything is planned as blocks, the blocks are set on pages, and only then
//! drawn, so that every page knows how many there are and nothing is split or lost.

use super::fonts::{Face, drawable};
use super::paper::{Area, Canvas, Color, HEIGHT, Picture, Type, WIDTH};
use super::words::{Words, date, figures, money, rate};
use crate::billing::card::{BillingCard, CardEvent, CardLine, CardService, CardStatus, Urgency};
use crate::billing::charge::ChargeSource;
use crate::billing::customer::{Language, PaymentReference};
use crate::billing::money::Money;
use crate::billing::notice::Stage;
use crate::billing::reference::grouped;
use crate::billing::text::greek_capitals;

const MARGIN: f32 = 42.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
const RIGHT: f32 = WIDTH - MARGIN;
/// Below it only the footer stands.
const BOTTOM: f32 = HEIGHT - 74.0;
const PADDING: f32 = 12.0;

/// Right edges of the figures, left edges of the texts.
mod column {
    use super::{MARGIN, RIGHT};
    pub(super) const SERVICE: f32 = MARGIN + 8.0;
    pub(super) const SERVICE_WIDTH: f32 = 196.0;
    pub(super) const PERIOD: f32 = MARGIN + 212.0;
    pub(super) const NEW_EXPIRY: f32 = MARGIN + 280.0;
    pub(super) const NET: f32 = RIGHT - 118.0;
    pub(super) const VAT: f32 = RIGHT - 64.0;
    pub(super) const GROSS: f32 = RIGHT - 8.0;
}

const BODY: Type = Type::new(Face::Regular, 9.0, Color::INK);
const STRONG: Type = Type::new(Face::Bold, 9.0, Color::INK);
const SMALL: Type = Type::new(Face::Regular, 8.0, Color::MUTED);
const LABEL: Type = Type::new(Face::Bold, 7.2, Color::MUTED);
const HEAD: Type = Type::new(Face::Bold, 7.6, Color::WHITE);
const WARNING: Type = Type::new(Face::Regular, 8.0, Color::ALERT);
const SECTION: Type = Type::new(Face::Bold, 11.0, Color::TEAL);

type Draw<'a> = Box<dyn Fn(&mut dyn Canvas, f32) + 'a>;

/// A piece of the card that is never split.
struct Block<'a> {
    height: f32,
    /// Never the last on a page.
    keeps_next: bool,
    /// A row of the table: a page that begins with it repeats the head, and the gross so far.
    row: Option<Money>,
    draw: Draw<'a>,
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
pub(super) fn draw(card: &BillingCard, words: &Words, brand: Brand, canvas: &mut dyn Canvas) {
    let sheet = Sheet { card, words, language: card.language, brand };
    let blocks = sheet.blocks();
    let pages = sheet.paginate(&blocks);
    for (index, page) in pages.iter().enumerate() {
        canvas.new_page();
        if index == 0 {
            sheet.first_head(canvas);
        } else {
            sheet.later_head(canvas);
        }
        for (top, piece) in page {
            match piece {
                Piece::Block(block) => (block.draw)(canvas, *top),
                Piece::TableHead => sheet.table_head(canvas, *top),
                Piece::Carried(sum) => sheet.carried(canvas, *top, *sum),
            }
        }
        sheet.foot(canvas, index + 1, pages.len());
    }
}

enum Piece<'a> {
    Block(&'a Block<'a>),
    TableHead,
    Carried(Money),
}

struct Sheet<'a> {
    card: &'a BillingCard,
    words: &'a Words,
    language: Language,
    brand: Brand,
}

const TABLE_HEAD_HEIGHT: f32 = 20.0;
const CARRIED_HEIGHT: f32 = 16.0;
const LATER_TOP: f32 = 84.0;

impl<'a> Sheet<'a> {
    fn money(&self, amount: Money) -> String {
        money(self.language, amount)
    }

    fn date(&self, day: chrono::NaiveDate) -> String {
        date(self.language, day)
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
                if let (Some(sum), Some(page)) = (block.row, pages.last_mut()) {
                    page.push((top, Piece::TableHead));
                    top += TABLE_HEAD_HEIGHT;
                    if !sum.is_zero() {
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
        self.news(&mut blocks);
        self.table(&mut blocks);
        self.totals(&mut blocks);
        self.payment(&mut blocks);
        self.notes(&mut blocks);
        blocks
    }

    // ---- heads and foot -------------------------------------------------------------------------

    fn mark(&self) -> Option<&'a str> {
        match self.card.status {
            CardStatus::Issued => None,
            CardStatus::Trial => Some(&self.words.trial),
            CardStatus::Preview => Some(&self.words.preview),
        }
    }

    /// The band that says that this is no real card.
    fn band(&self, canvas: &mut dyn Canvas) {
        let Some(mark) = self.mark() else { return };
        let style = Type::new(Face::Bold, 10.0, Color::INK);
        canvas.fill(Area { x: 0.0, y: 0.0, width: WIDTH, height: 22.0 }, 0.0, Color::GOLD);
        centred(canvas, WIDTH / 2.0, 15.0, mark, style);
    }

    fn company_name(&self) -> &str {
        self.card.company.trade_name.as_deref().unwrap_or(&self.card.company.name)
    }

    fn brand_mark(&self, canvas: &mut dyn Canvas, top: f32, height: f32) {
        if let Some(ratio) = self.brand.logo {
            let width = (height * ratio).min(180.0);
            let area = Area { x: MARGIN, y: top, width, height: width / ratio };
            canvas.picture(Picture::Logo, area);
            return;
        }
        // no logo: the initial in a square, and the name
        let square = Area { x: MARGIN, y: top, width: height, height };
        canvas.fill(square, height * 0.18, Color::TEAL);
        canvas.fill(
            Area {
                x: MARGIN + height * 0.2,
                y: top + height * 0.78,
                width: height * 0.6,
                height: height * 0.06,
            },
            0.0,
            Color::GOLD,
        );
        let initial: String = greek_capitals(&self.company_name().chars().take(1).collect::<String>());
        let style = Type::new(Face::Bold, height * 0.6, Color::WHITE);
        centred(canvas, MARGIN + height / 2.0, top + height * 0.66, &initial, style);
        let name = Type::new(Face::Bold, height * 0.5, Color::TEAL);
        canvas.text(MARGIN + height + 9.0, top + height * 0.67, &drawable(self.company_name()), name);
    }

    fn company_lines(&self) -> Vec<String> {
        let company = &self.card.company;
        let words = self.words;
        let tax = [
            (!company.tax_id.is_empty()).then(|| format!("{} {}", &words.tax_id, company.tax_id)),
            company.tax_office.as_ref().map(|office| format!("{} {office}", &words.tax_office)),
            company.gemi.as_ref().map(|gemi| format!("{} {gemi}", &words.gemi)),
        ];
        let contact = [company.phone.clone(), company.email.clone(), company.website.clone()];
        let joined = |parts: [Option<String>; 3]| parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        [Some(company.name.clone()), company.address.clone(), Some(joined(tax)), Some(joined(contact))]
            .into_iter()
            .flatten()
            .filter(|line| !line.is_empty())
            .collect()
    }

    fn first_head(&self, canvas: &mut dyn Canvas) {
        self.band(canvas);
        let words = self.words;
        let top = 40.0;
        self.brand_mark(canvas, top, 34.0);
        let title = Type::new(Face::Bold, 21.0, Color::TEAL);
        right(canvas, RIGHT, top + 17.0, &words.title, title);
        right(canvas, RIGHT, top + 33.0, &words.pro_forma, Type::new(Face::Regular, 12.0, Color::MUTED));
        let mut y = top + 52.0;
        for line in self.company_lines() {
            for part in wrapped(&line, SMALL, 300.0) {
                canvas.text(MARGIN, y, &part, SMALL);
                y += SMALL.leading();
            }
        }
        let mut y = top + 54.0;
        let mut fact = |canvas: &mut dyn Canvas, label: &str, value: &str| {
            right(canvas, RIGHT, y, value, STRONG);
            right(canvas, RIGHT - STRONG.width(value) - 5.0, y, label, SMALL);
            y += STRONG.leading() + 1.0;
        };
        let number = self.card.number.as_str();
        if !number.is_empty() {
            fact(canvas, &words.number, &drawable(number));
        }
        fact(canvas, &words.issued, &self.date(self.card.issued_on));
        if let Some(old) = &self.card.replaces {
            fact(canvas, &words.replaces, &drawable(old.as_str()));
        }
        let top = self.customer_top();
        self.customer_panel(canvas, top);
        self.amount_panel(canvas, top);
    }

    fn customer_top(&self) -> f32 {
        let lines: usize = self.company_lines().iter().map(|line| wrapped(line, SMALL, 300.0).len()).sum();
        92.0 + count(lines.max(4)) * SMALL.leading() + 8.0
    }

    fn customer_lines(&self) -> Vec<(String, Type)> {
        let customer = &self.card.customer;
        let words = self.words;
        let mut lines: Vec<(String, Type)> = Vec::new();
        let width = CUSTOMER_WIDTH - 2.0 * PADDING;
        let name = Type::new(Face::Bold, 11.0, Color::INK);
        lines.extend(wrapped(&customer.name, name, width).into_iter().map(|line| (line, name)));
        let tax = [
            customer.tax_id.as_ref().map(|id| format!("{} {id}", &words.tax_id)),
            customer.tax_office.as_ref().map(|office| format!("{} {office}", &words.tax_office)),
        ];
        let tax = tax.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let code = format!("{} {}", &words.customer_code, customer.code);
        for text in [customer.profession.clone(), customer.address.clone(), Some(tax), Some(code)] {
            let text = text.unwrap_or_default();
            lines.extend(wrapped(&text, SMALL, width).into_iter().map(|line| (line, SMALL)));
        }
        lines
    }

    fn panel_height(&self) -> f32 {
        let lines: f32 = self.customer_lines().iter().map(|(_, style)| style.leading()).sum();
        (lines + 2.0 * PADDING + 12.0).max(86.0)
    }

    fn first_head_height(&self) -> f32 {
        self.customer_top() + self.panel_height() + 18.0
    }

    fn customer_panel(&self, canvas: &mut dyn Canvas, top: f32) {
        let height = self.panel_height();
        canvas.fill(Area { x: MARGIN, y: top, width: CUSTOMER_WIDTH, height }, 5.0, Color::PANEL);
        let x = MARGIN + PADDING;
        let mut y = top + PADDING + 6.0;
        canvas.text(x, y, &self.capitals(&self.words.customer), LABEL);
        y += 4.0;
        for (line, style) in self.customer_lines() {
            y += style.leading();
            canvas.text(x, y, &line, style);
        }
    }

    fn amount_panel(&self, canvas: &mut dyn Canvas, top: f32) {
        let words = self.words;
        let x = MARGIN + CUSTOMER_WIDTH + 14.0;
        let area = Area { x, y: top, width: RIGHT - x, height: self.panel_height() };
        canvas.fill(area, 5.0, Color::TEAL);
        let x = x + PADDING;
        let white = |face, size| Type::new(face, size, Color::WHITE);
        if !self.card.total_due.is_positive() {
            let style = white(Face::Bold, 13.0);
            let mut y = top + area.height / 2.0;
            for line in wrapped(&words.nothing_due, style, area.width - 2.0 * PADDING) {
                canvas.text(x, y, &line, style);
                y += style.leading();
            }
            return;
        }
        canvas.text(x, top + PADDING + 6.0, &self.capitals(&words.amount_due), white(Face::Bold, 7.2));
        let amount = drawable(&self.money(self.card.total_due));
        let mut style = white(Face::Bold, 25.0);
        while style.width(&amount) > area.width - 2.0 * PADDING && style.size > 10.0 {
            style.size -= 1.0;
        }
        canvas.text(x, top + PADDING + 34.0, &amount, style);
        let mut y = top + PADDING + 52.0;
        if let Some(day) = self.card.due_by {
            let gold = Type::new(Face::Bold, 10.0, Color::GOLD);
            canvas.text(x, y, &format!("{} {}", &words.pay_by, self.date(day)), gold);
            y += 14.0;
        }
        if self.card.overdue.is_positive() {
            let text = format!("{} {}", &words.of_which_overdue, self.money(self.card.overdue));
            let style = white(Face::Regular, 8.5);
            for line in wrapped(&text, style, area.width - 2.0 * PADDING) {
                canvas.text(x, y, &line, style);
                y += style.leading();
            }
        }
    }

    fn later_head(&self, canvas: &mut dyn Canvas) {
        self.band(canvas);
        let y = 56.0;
        canvas.text(MARGIN, y, &drawable(self.company_name()), Type::new(Face::Bold, 12.0, Color::TEAL));
        let text = format!("{} {}", &self.words.title, self.card.number);
        right(canvas, RIGHT, y, text.trim(), STRONG);
        rule(canvas, y + 8.0, Color::TEAL, 1.2);
    }

    fn foot(&self, canvas: &mut dyn Canvas, page: usize, pages: usize) {
        let y = HEIGHT - 56.0;
        rule(canvas, y, Color::RULE, 0.6);
        canvas.text(MARGIN, y + 13.0, &self.words.not_fiscal, Type::new(Face::Bold, 7.6, Color::INK));
        let small = Type::new(Face::Regular, 7.4, Color::MUTED);
        let number = format!("{} {page} {} {pages}", &self.words.page, &self.words.of);
        right(canvas, RIGHT, y + 13.0, &number, small);
        let company = &self.card.company;
        let contact = [company.support_email.as_deref(), company.support_phone.as_deref()];
        let contact = contact.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        if !contact.is_empty() {
            let text = drawable(&format!("{} {contact}", &self.words.questions));
            canvas.text(MARGIN, y + 24.0, &text, small);
        }
    }

    /// Capitals for the little labels.
    fn capitals(&self, text: &str) -> String {
        match self.language {
            Language::Greek => greek_capitals(text),
            Language::English => text.to_uppercase(),
        }
    }

    // ---- what happened --------------------------------------------------------------------------

    fn news(&'a self, blocks: &mut Vec<Block<'a>>) {
        if self.card.events.is_empty() {
            return;
        }
        blocks.push(self.section(&self.words.news));
        for event in &self.card.events {
            blocks.push(self.event(event));
        }
        blocks.push(space(8.0));
    }

    fn event(&'a self, event: &'a CardEvent) -> Block<'a> {
        let words = self.words;
        let (text, color) = match event.stage {
            Stage::Renewed => {
                (format!("{} {}.", words.renewed(event.awaits), self.date(event.expires_on)), Color::TEAL)
            }
            Stage::Reinstated if event.expires_on <= event.period.from => {
                (words.reinstated_unpaid.clone(), Color::TEAL)
            }
            Stage::Cancelled => {
                (format!("{} {}.", &words.cancelled, self.date(event.expires_on)), Color::INK)
            }
            Stage::Reinstated => {
                (format!("{} {}.", &words.reinstated, self.date(event.expires_on)), Color::TEAL)
            }
            Stage::Suspended => (words.suspended.to_owned(), Color::ALERT),
            Stage::Terminated => (words.terminated.to_owned(), Color::ALERT),
            Stage::Final => (words.final_notice.to_owned(), Color::ALERT),
            Stage::Before(_)
            | Stage::Expiry
            | Stage::After(_)
            | Stage::Charged
            | Stage::Warning
            | Stage::Reopened
            | Stage::OnRequest => (String::new(), Color::INK),
        };
        let deletion = event
            .terminate_on
            .map(|day| format!(" {} {}.", &words.deletion_on, self.date(day)))
            .unwrap_or_default();
        let name = titled(&event.name, event.domain_name.as_deref());
        let width = INNER - 16.0;
        let style = Type { color, ..BODY };
        let names = wrapped(&name, STRONG, width);
        let texts = wrapped(&format!("{text}{deletion}"), style, width);
        let height = count(names.len() + texts.len()) * BODY.leading() + 8.0;
        Block {
            height,
            keeps_next: false,
            row: None,
            draw: Box::new(move |canvas, top| {
                canvas.fill(
                    Area { x: MARGIN, y: top + 1.0, width: 2.5, height: height - 6.0 },
                    0.0,
                    Color::GOLD,
                );
                let mut y = top + 9.0;
                for (lines, style) in [(&names, STRONG), (&texts, style)] {
                    for line in lines {
                        canvas.text(MARGIN + 10.0, y, line, style);
                        y += style.leading();
                    }
                }
            }),
        }
    }

    fn section(&self, title: &'a str) -> Block<'a> {
        Block {
            height: 20.0,
            keeps_next: true,
            row: None,
            draw: Box::new(move |canvas, top| canvas.text(MARGIN, top + 11.0, title, SECTION)),
        }
    }

    // ---- the charges ----------------------------------------------------------------------------

    fn table(&'a self, blocks: &mut Vec<Block<'a>>) {
        if self.card.lines.is_empty() {
            return;
        }
        blocks.push(Block {
            height: TABLE_HEAD_HEIGHT,
            keeps_next: true,
            row: None,
            draw: Box::new(|canvas, top| self.table_head(canvas, top)),
        });
        let mut sum = Money::ZERO;
        let mut group = None;
        for line in &self.card.lines {
            if group != Some(line.urgency) {
                group = Some(line.urgency);
                blocks.push(self.group(line.urgency, sum));
            }
            blocks.push(self.line(line, sum));
            sum += line.amounts.gross;
        }
    }

    fn table_head(&self, canvas: &mut dyn Canvas, top: f32) {
        let words = self.words;
        canvas.fill(Area { x: MARGIN, y: top, width: INNER, height: 17.0 }, 2.0, Color::TEAL);
        let y = top + 11.6;
        canvas.text(column::SERVICE, y, &words.service, HEAD);
        canvas.text(column::PERIOD, y, &words.period, HEAD);
        canvas.text(column::NEW_EXPIRY, y, &words.new_expiry, HEAD);
        right(canvas, column::NET, y, &words.net, HEAD);
        right(canvas, column::VAT, y, &words.vat, HEAD);
        right(canvas, column::GROSS, y, &words.gross, HEAD);
    }

    fn carried(&self, canvas: &mut dyn Canvas, top: f32, sum: Money) {
        canvas.text(column::SERVICE, top + 9.0, &self.words.carried, SMALL);
        right(canvas, column::GROSS, top + 9.0, &figures(self.language, sum), SMALL);
    }

    fn group(&self, urgency: Urgency, sum: Money) -> Block<'a> {
        let (title, color) = match urgency {
            Urgency::Overdue => (&self.words.overdue, Color::ALERT),
            Urgency::Expiring => (&self.words.expiring, Color::TEAL),
            Urgency::Upcoming => (&self.words.upcoming, Color::MUTED),
        };
        let title = self.capitals(title);
        Block {
            height: 17.0,
            keeps_next: true,
            row: Some(sum),
            draw: Box::new(move |canvas, top| {
                canvas.text(column::SERVICE, top + 11.0, &title, Type { color, ..LABEL });
            }),
        }
    }

    /// What stands under a line's name.
    fn remarks(&self, line: &CardLine) -> Vec<(String, Type)> {
        let words = self.words;
        let mut remarks: Vec<(String, Type)> = Vec::new();
        let mut state = Vec::new();
        if let Some(day) = line.expires_on {
            let verb = if line.urgency == Urgency::Overdue { &words.expired_on } else { &words.expires_on };
            state.push(format!("{verb} {}", self.date(day)));
        }
        if line.suspended {
            state.push(words.is_suspended.to_owned());
        }
        let mut facts: Vec<String> = Vec::new();
        facts.extend(line.domain_name.clone().filter(|domain| *domain != line.name));
        facts.extend((!state.is_empty()).then(|| state.join(", ")));
        if !facts.is_empty() {
            remarks.push((facts.join(" · "), SMALL));
        }
        if line.paid.is_positive() {
            let text = format!(
                "{} {}, {} {}",
                &words.paid_so_far,
                self.money(line.paid),
                &words.remains,
                self.money(line.due)
            );
            remarks.push((text, SMALL));
        }
        if let Some(invoice) = &line.invoice {
            remarks.push((format!("{} {invoice}", &words.invoice), SMALL));
        }
        let consequences = [
            line.suspend_on.map(|day| format!("{} {}", &words.suspension, self.date(day))),
            line.terminate_on.map(|day| format!("{} {}", &words.termination, self.date(day))),
        ];
        let consequences = consequences.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if !consequences.is_empty() {
            remarks.push((format!("{} {consequences}", &words.unless_settled), WARNING));
        }
        remarks
    }

    fn line(&'a self, line: &'a CardLine, sum: Money) -> Block<'a> {
        let names = wrapped(&line.name, STRONG, column::SERVICE_WIDTH);
        let mut set: Vec<(String, Type)> = names.into_iter().map(|name| (name, STRONG)).collect();
        for (text, style) in self.remarks(line) {
            // beside the dates there is only the service's own column; below them there is the whole width
            let beside = set.len() < 2 && line.period().is_some();
            let width = if beside { column::SERVICE_WIDTH } else { column::NET - 52.0 - column::SERVICE };
            set.extend(wrapped(&text, style, width).into_iter().map(|part| (part, style)));
        }
        let period = match line.source {
            ChargeSource::Period(period) => Some(period),
            ChargeSource::OneOff | ChargeSource::Adjustment => None,
        };
        let dates = period.map(|period| {
            [format!("{} –", self.date(period.from)), self.date(period.last_day()), self.date(period.to)]
        });
        let least = if dates.is_some() { 2 } else { 1 };
        let mut height: f32 = set.iter().map(|(_, style)| style.leading()).sum();
        height = height.max(count(least) * BODY.leading()) + 8.0;
        let language = self.language;
        Block {
            height,
            keeps_next: false,
            row: Some(sum),
            draw: Box::new(move |canvas, top| {
                let first = top + 10.0;
                let mut y = first;
                for (text, style) in &set {
                    canvas.text(column::SERVICE, y, text, *style);
                    y += style.leading();
                }
                if let Some([from, last, new]) = &dates {
                    canvas.text(column::PERIOD, first, from, BODY);
                    canvas.text(column::PERIOD, first + BODY.leading(), last, BODY);
                    canvas.text(column::NEW_EXPIRY, first, new, STRONG);
                }
                right(canvas, column::NET, first, &figures(language, line.amounts.net), BODY);
                right(canvas, column::VAT, first, &figures(language, line.amounts.vat), BODY);
                right(canvas, column::GROSS, first, &figures(language, line.amounts.gross), STRONG);
                let percent = rate(language, line.rate);
                right(canvas, column::VAT, first + BODY.leading(), &percent, SMALL);
                rule(canvas, top + height - 1.5, Color::RULE, 0.5);
            }),
        }
    }

    // ---- sums -----------------------------------------------------------------------------------

    fn totals(&'a self, blocks: &mut Vec<Block<'a>>) {
        let card = self.card;
        let words = self.words;
        if card.lines.is_empty() {
            return;
        }
        let mut rows: Vec<(String, Money, Type)> = vec![(words.net.to_owned(), card.totals.net, BODY)];
        for sum in &card.vat {
            let label = format!(
                "{} {} {} {}",
                &words.vat,
                rate(self.language, sum.rate),
                &words.vat_on,
                self.money(sum.amounts.net)
            );
            rows.push((label, sum.amounts.vat, BODY));
        }
        rows.push((words.total.to_owned(), card.totals.gross, STRONG));
        if !card.paid.is_zero() {
            rows.push((words.paid.to_owned(), -card.paid, BODY));
        }
        if !card.credit.is_zero() {
            rows.push((words.credit.to_owned(), -card.credit, BODY));
        }
        let height = count(rows.len()) * 13.5 + 34.0;
        blocks.push(Block {
            height,
            keeps_next: false,
            row: None,
            draw: Box::new(move |canvas, top| {
                let mut y = top + 15.0;
                for (label, amount, style) in &rows {
                    right(canvas, RIGHT - 92.0, y, &drawable(label), *style);
                    right(canvas, column::GROSS, y, &drawable(&self.money(*amount)), *style);
                    y += 13.5;
                }
                let style = Type::new(Face::Bold, 11.5, Color::TEAL);
                canvas.fill(
                    Area { x: RIGHT - 230.0, y: y - 8.0, width: 230.0, height: 1.2 },
                    0.0,
                    Color::GOLD,
                );
                right(canvas, RIGHT - 92.0, y + 7.0, &words.to_pay, style);
                right(canvas, column::GROSS, y + 7.0, &drawable(&self.money(card.total_due)), style);
            }),
        });
    }

    // ---- how to pay -----------------------------------------------------------------------------

    fn payment(&'a self, blocks: &mut Vec<Block<'a>>) {
        if !self.card.total_due.is_positive() {
            return;
        }
        let words = self.words;
        let payment = &self.card.payment;
        let qr = payment.epc_qr.as_deref().and_then(qr_code);
        let iris_code = self.brand.iris_code.filter(|_| payment.iris.is_some());
        let codes = [qr.is_some(), iris_code.is_some()].into_iter().filter(|there| *there).count();
        let qr_width = count(codes) * 100.0;
        let text_width = INNER - 2.0 * PADDING - qr_width;
        let (label, reference) = match &payment.reference {
            PaymentReference::Own(text) => (&words.reference_own, grouped(text)),
            PaymentReference::BankIssued(text) => (&words.reference_bank, grouped(text)),
        };
        let mut rows: Vec<(String, String)> = Vec::new();
        for bank in &payment.banks {
            let bic = bank.bic.as_ref().map(|bic| format!(" · BIC {bic}")).unwrap_or_default();
            rows.push((
                bank.name.clone(),
                format!("{}{bic} · {}: {}", grouped(&bank.iban), &words.beneficiary, bank.beneficiary),
            ));
        }
        if let Some(iris) = &payment.iris {
            let ways = [iris.tax_id.as_ref().map(|id| format!("{} {id}", &words.tax_id)), iris.phone.clone()];
            rows.push((words.iris.to_owned(), ways.into_iter().flatten().collect::<Vec<_>>().join(" · ")));
        }
        if let Some(link) = &payment.link {
            rows.push((words.by_card.to_owned(), link.clone()));
        }
        let set: Vec<(Vec<String>, Vec<String>)> = rows
            .iter()
            .map(|(name, text)| (wrapped(name, STRONG, text_width), wrapped(text, BODY, text_width)))
            .collect();
        let lines: usize = set.iter().map(|(name, text)| name.len() + text.len()).sum();
        let rows_height = count(lines) * BODY.leading() + count(set.len()) * 4.0;
        let height = (58.0 + rows_height + PADDING).max(if codes > 0 { 134.0 } else { 0.0 });
        blocks.push(Block { keeps_next: true, ..space(10.0) });
        blocks.push(self.section(&words.how_to_pay));
        blocks.push(Block {
            height: height + 12.0,
            keeps_next: false,
            row: None,
            draw: Box::new(move |canvas, top| {
                canvas.fill(Area { x: MARGIN, y: top, width: INNER, height }, 5.0, Color::PANEL);
                canvas.fill(Area { x: MARGIN, y: top, width: 3.0, height }, 0.0, Color::GOLD);
                let x = MARGIN + PADDING;
                canvas.text(x, top + 16.0, &self.capitals(label), LABEL);
                let style = Type::new(Face::Bold, 15.0, Color::TEAL);
                canvas.text(x, top + 34.0, &reference, style);
                canvas.text(x, top + 46.0, &words.reference_only, SMALL);
                let mut y = top + 64.0;
                for (name, text) in &set {
                    for (lines, style) in [(name, STRONG), (text, BODY)] {
                        for line in lines {
                            canvas.text(x, y, line, style);
                            y += style.leading();
                        }
                    }
                    y += 4.0;
                }
                let mut right_edge = RIGHT - PADDING;
                if let Some(code) = &qr {
                    draw_qr(canvas, code, right_edge - 88.0, top + PADDING, 88.0);
                    centred(canvas, right_edge - 44.0, top + PADDING + 99.0, &words.scan, SMALL);
                    right_edge -= 100.0;
                }
                if let Some(ratio) = iris_code {
                    let (width, height) =
                        if ratio > 1.0 { (88.0, 88.0 / ratio) } else { (88.0 * ratio, 88.0) };
                    let x = right_edge - 44.0 - width / 2.0;
                    canvas.picture(Picture::IrisCode, Area { x, y: top + PADDING, width, height });
                    centred(canvas, right_edge - 44.0, top + PADDING + 99.0, &words.iris_scan, SMALL);
                }
            }),
        });
    }

    // ---- the rest -------------------------------------------------------------------------------

    fn notes(&'a self, blocks: &mut Vec<Block<'a>>) {
        let words = self.words;
        for note in &self.card.vat_notes {
            blocks.push(paragraph(note, BODY));
        }
        if !self.card.settled.is_empty() {
            blocks.push(self.section(&words.settled));
            blocks.extend(self.card.settled.iter().map(|service| self.listed(service, true)));
            blocks.push(space(8.0));
        }
        if !self.card.custom_apps.is_empty() {
            blocks.push(self.section(&words.custom_apps));
            blocks.extend(self.card.custom_apps.iter().map(|service| self.listed(service, false)));
            blocks.push(paragraph(&words.custom_apps_note, SMALL));
        }
    }

    fn listed(&'a self, service: &CardService, with_expiry: bool) -> Block<'a> {
        let name = titled(&service.name, service.domain_name.as_deref());
        let until = with_expiry.then(|| format!("{} {}", &self.words.until, self.date(service.expires_on)));
        let lines = wrapped(&name, BODY, INNER - 130.0);
        Block {
            height: count(lines.len()) * BODY.leading() + 2.0,
            keeps_next: false,
            row: None,
            draw: Box::new(move |canvas, top| {
                let mut y = top + 9.0;
                if let Some(until) = &until {
                    right(canvas, column::GROSS, y, until, SMALL);
                }
                for line in &lines {
                    canvas.text(column::SERVICE, y, line, BODY);
                    y += BODY.leading();
                }
            }),
        }
    }
}

const CUSTOMER_WIDTH: f32 = 300.0;

fn titled(name: &str, domain: Option<&str>) -> String {
    match domain {
        Some(domain) if domain != name => format!("{name} · {domain}"),
        Some(_) | None => name.to_owned(),
    }
}

fn space<'a>(height: f32) -> Block<'a> {
    Block { height, keeps_next: false, row: None, draw: Box::new(|_, _| {}) }
}

fn paragraph<'a>(text: &str, style: Type) -> Block<'a> {
    let lines = wrapped(text, style, INNER);
    Block {
        height: count(lines.len()) * style.leading() + 6.0,
        keeps_next: false,
        row: None,
        draw: Box::new(move |canvas, top| {
            let mut y = top + style.size;
            for line in &lines {
                canvas.text(MARGIN, y, line, style);
                y += style.leading();
            }
        }),
    }
}

fn right(canvas: &mut dyn Canvas, x: f32, y: f32, text: &str, style: Type) {
    canvas.text(x - style.width(text), y, text, style);
}

fn centred(canvas: &mut dyn Canvas, x: f32, y: f32, text: &str, style: Type) {
    canvas.text(x - style.width(text) / 2.0, y, text, style);
}

fn rule(canvas: &mut dyn Canvas, y: f32, color: Color, thickness: f32) {
    canvas.fill(Area { x: MARGIN, y, width: INNER, height: thickness }, 0.0, color);
}

/// A small number as a factor of distances.
#[expect(clippy::cast_precision_loss, reason = "lines and rows are far fewer than 2^24")]
fn count(number: usize) -> f32 {
    number as f32
}

/// A text in lines of at most `width`; a word that is longer than a line is cut, never dropped.
fn wrapped(text: &str, style: Type, width: f32) -> Vec<String> {
    let text = drawable(text);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if style.width(&longer) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if style.width(&line) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::take(&mut line));
                line.push(c);
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
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
