//! The heads of the first page and of later ones, and the foot of all.

use super::{
    Area, Canvas, Color, Face, HEIGHT, LABEL, MARGIN, PADDING, RIGHT, Role, SMALL, STRONG, Sheet, Type,
    WIDTH, centred, count, drawable, part, right, rule, wrapped,
};
use crate::billing::text::greek_capitals;
use crate::card::paper::Picture;

const AMOUNT_WIDTH: f32 = 198.0;
const CUSTOMER_WIDTH: f32 = RIGHT - MARGIN - AMOUNT_WIDTH - 13.0;
const COMPANY_WIDTH: f32 = 310.0;
const STATE_HEIGHT: f32 = 21.0;

impl Sheet<'_> {
    /// The band that says that this is no real card.
    fn band(&self, canvas: &mut dyn Canvas) {
        let Some(mark) = &self.said.band else { return };
        let style = Type::new(Face::Bold, 10.0, Color::INK);
        canvas.fill(Area { x: 0.0, y: 0.0, width: WIDTH, height: 22.0 }, 0.0, Color::GOLD);
        part(canvas, Role::Paragraph, |canvas| centred(canvas, WIDTH / 2.0, 15.0, mark, style));
    }

    fn brand_mark(&self, canvas: &mut dyn Canvas, top: f32, height: f32) {
        if let Some(ratio) = self.brand.logo {
            let width = (height * ratio).min(180.0);
            let area = Area { x: MARGIN, y: top, width, height: width / ratio };
            let said = Role::Figure(self.said.company.name.clone());
            part(canvas, said, |canvas| canvas.picture(Picture::Logo, area));
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
        let initial: String = greek_capitals(&self.said.company.name.chars().take(1).collect::<String>());
        let style = Type::new(Face::Bold, height * 0.6, Color::WHITE);
        centred(canvas, MARGIN + height / 2.0, top + height * 0.66, &initial, style);
        let name = Type::new(Face::Bold, height * 0.5, Color::TEAL);
        part(canvas, Role::Paragraph, |canvas| {
            canvas.text(MARGIN + height + 9.0, top + height * 0.67, &drawable(&self.said.company.name), name);
        });
    }

    pub(super) fn first_head(&self, canvas: &mut dyn Canvas) {
        self.band(canvas);
        let words = self.words;
        let top = 34.0;
        self.brand_mark(canvas, top, 34.0);
        let title = Type::new(Face::Bold, 21.0, Color::TEAL);
        part(canvas, Role::Title, |canvas| right(canvas, RIGHT, top + 17.0, &words.title, title));
        let subtitle = Type::new(Face::Regular, 12.0, Color::MUTED);
        part(canvas, Role::Paragraph, |canvas| {
            right(canvas, RIGHT, top + 33.0, &self.said.subtitle, subtitle);
        });
        part(canvas, Role::Paragraph, |canvas| {
            let lines = self.said.company.lines.iter().flat_map(|line| wrapped(line, SMALL, COMPANY_WIDTH));
            for (at, line) in lines.enumerate() {
                canvas.text(MARGIN, top + 52.0 + count(at) * SMALL.leading(), &line, SMALL);
            }
        });
        let mut y = top + 54.0;
        let mut fact = |canvas: &mut dyn Canvas, label: &str, value: &str| {
            part(canvas, Role::Paragraph, |canvas| {
                right(canvas, RIGHT - STRONG.width(value) - 5.0, y, label, SMALL);
                right(canvas, RIGHT, y, value, STRONG);
            });
            y += STRONG.leading() + 1.0;
        };
        let said = self.said;
        if !said.number.is_empty() {
            fact(canvas, &words.number, &drawable(&said.number));
        }
        fact(canvas, &words.issued, &said.issued_on);
        if let Some(old) = &said.replaces {
            fact(canvas, &words.replaces, &drawable(old));
        }
        self.state(canvas, self.state_top());
        let top = self.customer_top();
        self.customer_panel(canvas, top);
        self.amount_panel(canvas, top);
    }

    /// The state across the page: a sign and words, which a printer without colours keeps.
    fn state(&self, canvas: &mut dyn Canvas, top: f32) {
        let state = &self.said.state;
        let (ground, ink) =
            if state.grave { (Color::ALERT, Color::WHITE) } else { (Color::PANEL, Color::TEAL) };
        canvas.fill(Area { x: MARGIN, y: top, width: RIGHT - MARGIN, height: STATE_HEIGHT }, 4.0, ground);
        let style = Type::new(Face::Bold, 9.5, ink);
        let x = MARGIN + PADDING;
        let disc = Area { x, y: top + 4.0, width: 13.0, height: 13.0 };
        canvas.fill(disc, 6.5, ink);
        let sign = Type::new(Face::Bold, 10.0, ground);
        centred(canvas, x + 6.5, top + 14.2, if state.grave { "!" } else { "i" }, sign);
        part(canvas, Role::Heading, |canvas| {
            canvas.text(x + 20.0, top + 14.0, &drawable(&state.text), style);
        });
    }

    fn state_top(&self) -> f32 {
        let lines = self.said.company.lines.iter().map(|line| wrapped(line, SMALL, COMPANY_WIDTH).len());
        let lines: usize = lines.sum();
        86.0 + count(lines.max(4)) * SMALL.leading() + 2.0
    }

    fn customer_top(&self) -> f32 {
        self.state_top() + STATE_HEIGHT + 8.0
    }

    fn customer_lines(&self) -> Vec<(String, Type)> {
        let customer = &self.said.customer;
        let name = Type::new(Face::Bold, 11.0, Color::INK);
        let texts = customer.lines.iter().map(|text| (text, SMALL));
        let width = CUSTOMER_WIDTH - 2.0 * PADDING;
        std::iter::once((&customer.name, name))
            .chain(texts)
            .flat_map(|(text, style)| wrapped(text, style, width).into_iter().map(move |line| (line, style)))
            .collect()
    }

    fn panel_height(&self) -> f32 {
        let customer: f32 = self.customer_lines().iter().map(|(_, style)| style.leading()).sum();
        let amount: f32 = self.amount_lines().iter().map(|(_, _, step)| step).sum();
        (customer + 12.0).max(amount) + 2.0 * PADDING
    }

    pub(super) fn first_head_height(&self) -> f32 {
        self.customer_top() + self.panel_height() + 10.0
    }

    fn customer_panel(&self, canvas: &mut dyn Canvas, top: f32) {
        let height = self.panel_height();
        canvas.fill(Area { x: MARGIN, y: top, width: CUSTOMER_WIDTH, height }, 5.0, Color::PANEL);
        let x = MARGIN + PADDING;
        let mut y = top + PADDING + 6.0;
        part(canvas, Role::Paragraph, |canvas| {
            canvas.text(x, y, &self.capitals(&self.words.customer), LABEL);
            y += 4.0;
            for (line, style) in self.customer_lines() {
                y += style.leading();
                canvas.text(x, y, &line, style);
            }
        });
    }

    /// What the panel beside the customer says, each line with the distance from the one before it.
    fn amount_lines(&self) -> Vec<(String, Type, f32)> {
        let (words, width) = (self.words, AMOUNT_WIDTH - 2.0 * PADDING);
        let white = |face, size| Type::new(face, size, Color::WHITE);
        let broken = |text: &str, style: Type| {
            wrapped(text, style, width).into_iter().map(move |line| (line, style, style.leading()))
        };
        let Some(due) = &self.said.amount else {
            return broken(&words.nothing_due, white(Face::Bold, 13.0)).collect();
        };
        let amount = drawable(&due.total);
        let mut large = white(Face::Bold, 24.0);
        while large.width(&amount) > width && large.size > 10.0 {
            large.size -= 1.0;
        }
        let mut lines = vec![(self.capitals(&words.amount_due), white(Face::Bold, 8.5), 8.0)];
        lines.push((amount, large, 25.0));
        let gold = Type::new(Face::Bold, 10.0, Color::GOLD);
        lines.extend(std::iter::once(&due.pay_by).chain(&due.later).map(|day| (day.clone(), gold, 14.5)));
        lines.extend(due.of_which_overdue.iter().flat_map(|text| broken(text, white(Face::Regular, 8.5))));
        if let Some(payment) = &self.said.payment {
            lines.push((payment.reference_label.clone(), white(Face::Regular, 8.5), 14.5));
            lines.extend(broken(&payment.reference, white(Face::Bold, 11.0)));
        }
        lines
    }

    fn amount_panel(&self, canvas: &mut dyn Canvas, top: f32) {
        let x = RIGHT - AMOUNT_WIDTH;
        let (height, lines) = (self.panel_height(), self.amount_lines());
        canvas.fill(Area { x, y: top, width: AMOUNT_WIDTH, height }, 5.0, Color::TEAL);
        let taken: f32 = lines.iter().map(|(_, _, step)| step).sum();
        // where nothing is due the few words stand in the middle
        let is_due = self.said.amount.is_some();
        let mut y = if is_due { top + PADDING } else { top + (height - taken) / 2.0 - 3.0 };
        part(canvas, Role::Paragraph, |canvas| {
            for (text, style, step) in &lines {
                y += step;
                canvas.text(x + PADDING, y, text, *style);
            }
        });
    }

    pub(super) fn later_head(&self, canvas: &mut dyn Canvas) {
        self.band(canvas);
        let y = 52.0;
        canvas.text(MARGIN, y, &drawable(&self.said.company.name), Type::new(Face::Bold, 12.0, Color::TEAL));
        let text = format!("{} {}", &self.words.title, self.said.number);
        right(canvas, RIGHT, y, text.trim(), STRONG);
        rule(canvas, y + 8.0, Color::TEAL, 1.2);
    }

    pub(super) fn foot(&self, canvas: &mut dyn Canvas, page: usize, pages: usize) {
        let y = HEIGHT - 52.0;
        rule(canvas, y, Color::RULE, 0.6);
        let strong = Type { color: Color::INK, ..LABEL };
        canvas.text(MARGIN, y + 13.0, &self.said.not_fiscal, strong);
        if let Some(questions) = &self.said.company.questions {
            canvas.text(MARGIN, y + 25.0, &drawable(questions), SMALL);
        }
        let number = format!("{} {page} {} {pages}", &self.words.page, &self.words.of);
        part(canvas, Role::Ornament, |canvas| right(canvas, RIGHT, y + 25.0, &number, SMALL));
    }
}
