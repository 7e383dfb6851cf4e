//! The table of what is charged, and its sums.

use super::{
    Area, BODY, Block, Canvas, Color, Face, HEAD, INNER, LABEL, MARGIN, RIGHT, SMALL, STRONG, Sheet,
    TABLE_HEAD_HEIGHT, Type, WARNING, column, count, drawable, right, rule, wrapped,
};
use crate::billing::card::Urgency;
use crate::card::worded::{WordedGroup, WordedLine};

impl<'a> Sheet<'a> {
    pub(super) fn table(&'a self, blocks: &mut Vec<Block<'a>>) {
        if self.said.groups.is_empty() {
            return;
        }
        blocks.push(Block::new(TABLE_HEAD_HEIGHT, |canvas, top| self.table_head(canvas, top)).keeping_next());
        for group in &self.said.groups {
            blocks.push(title(group));
            blocks.extend(group.lines.iter().map(line));
        }
    }

    pub(super) fn table_head(&self, canvas: &mut dyn Canvas, top: f32) {
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

    pub(super) fn carried(&self, canvas: &mut dyn Canvas, top: f32, sum: &str) {
        canvas.text(column::SERVICE, top + 9.0, &self.words.carried, SMALL);
        right(canvas, column::GROSS, top + 9.0, sum, SMALL);
    }

    pub(super) fn totals(&'a self, blocks: &mut Vec<Block<'a>>) {
        let Some(totals) = &self.said.totals else { return };
        let words = self.words;
        let mut rows: Vec<(&str, &str, Type)> = vec![(&words.net, &totals.net, BODY)];
        rows.extend(totals.vat.iter().map(|sum| (sum.label.as_str(), sum.vat.as_str(), BODY)));
        rows.push((&words.total, &totals.gross, STRONG));
        rows.extend(totals.paid.as_ref().map(|paid| (words.paid.as_str(), paid.as_str(), BODY)));
        rows.extend(totals.credit.as_ref().map(|credit| (words.credit.as_str(), credit.as_str(), BODY)));
        blocks.push(Block::new(count(rows.len()) * 13.5 + 34.0, move |canvas, top| {
            let mut y = top + 15.0;
            for (label, amount, style) in &rows {
                right(canvas, RIGHT - 92.0, y, &drawable(label), *style);
                right(canvas, column::GROSS, y, &drawable(amount), *style);
                y += 13.5;
            }
            let style = Type::new(Face::Bold, 11.5, Color::TEAL);
            canvas.fill(Area { x: RIGHT - 230.0, y: y - 8.0, width: 230.0, height: 1.2 }, 0.0, Color::GOLD);
            right(canvas, RIGHT - 92.0, y + 7.0, &words.to_pay, style);
            right(canvas, column::GROSS, y + 7.0, &drawable(&totals.due), style);
        }));
    }
}

fn title(group: &WordedGroup) -> Block<'_> {
    let color = match group.urgency {
        Urgency::Overdue => Color::ALERT,
        Urgency::Expiring => Color::TEAL,
        Urgency::Upcoming => Color::MUTED,
    };
    let style = Type { color, ..LABEL };
    let carried = group.lines.first().and_then(|line| line.carried.as_deref());
    Block::new(17.0, move |canvas, top| canvas.text(column::SERVICE, top + 11.0, &group.title, style))
        .keeping_next()
        .in_table(carried)
}

/// The name and what stands under it, in lines.
fn described(line: &WordedLine) -> Vec<(String, Type)> {
    let names = wrapped(&line.name, STRONG, column::SERVICE_WIDTH);
    let mut set: Vec<(String, Type)> = names.into_iter().map(|name| (name, STRONG)).collect();
    let remarks = line.remarks.iter().map(|text| (text, SMALL));
    for (text, style) in remarks.chain(line.unless_settled.iter().map(|text| (text, WARNING))) {
        // beside the dates there is only the service's own column; below them there is the whole width
        let beside = set.len() < 2 && line.days.is_some();
        let width = if beside { column::SERVICE_WIDTH } else { column::NET - 52.0 - column::SERVICE };
        set.extend(wrapped(text, style, width).into_iter().map(|part| (part, style)));
    }
    set
}

fn line(line: &WordedLine) -> Block<'_> {
    let set = described(line);
    let mut height: f32 = set.iter().map(|(_, style)| style.leading()).sum();
    // the rate stands below the VAT, whatever stands on the left
    height = height.max(count(2) * BODY.leading()) + 8.0;
    Block::new(height, move |canvas, top| {
        let first = top + 10.0;
        let second = first + BODY.leading();
        let mut y = first;
        for (text, style) in &set {
            canvas.text(column::SERVICE, y, text, *style);
            y += style.leading();
        }
        if let (Some([from, last]), Some(new)) = (&line.days, &line.new_expiry) {
            canvas.text(column::PERIOD, first, &format!("{from} –"), BODY);
            canvas.text(column::PERIOD, second, last, BODY);
            canvas.text(column::NEW_EXPIRY, first, new, STRONG);
        }
        let [net, vat, gross] = &line.figures;
        right(canvas, column::NET, first, net, BODY);
        right(canvas, column::VAT, first, vat, BODY);
        right(canvas, column::GROSS, first, gross, STRONG);
        right(canvas, column::VAT, second, &line.rate, SMALL);
        rule(canvas, top + height - 1.5, Color::RULE, 0.5);
    })
    .in_table(line.carried.as_deref())
}
