//! The table of what is charged, and its sums.

use super::{
    Area, BODY, Block, Canvas, Color, Face, HEAD, INNER, LABEL, MARGIN, Place, RIGHT, Role, SMALL, STRONG,
    Sheet, TABLE_HEAD_HEIGHT, Type, WARNING, column, count, drawable, part, right, rule, wrapped,
};
use crate::billing::card::Urgency;
use crate::card::worded::{WordedGroup, WordedLine};

/// From line to line within a row: rows stand close, so that sixty of them take three pages.
const ROW_LEADING: f32 = 10.4;
/// Above and below the lines of a row.
const ROW_SPACE: f32 = 4.0;
/// Below the first line of a row texts may go as far as the rate.
const WIDE: f32 = column::VAT - 34.0 - column::SERVICE;
/// Between what stands on one line.
const DOT: &str = " · ";

impl<'a> Sheet<'a> {
    pub(super) fn table(&'a self, blocks: &mut Vec<Block<'a>>) {
        if self.said.groups.is_empty() {
            return;
        }
        let head = Block::new(TABLE_HEAD_HEIGHT, |canvas, top| self.table_head(canvas, top));
        blocks.push(head.keeping_next().in_table(Place::TableHead));
        for group in &self.said.groups {
            blocks.push(title(group));
            blocks.extend(group.lines.iter().map(line));
        }
        // the sums never stand alone on a page
        if let Some(last) = blocks.last_mut() {
            last.keeps_next = true;
        }
    }

    pub(super) fn table_head(&self, canvas: &mut dyn Canvas, top: f32) {
        let words = self.words;
        canvas.fill(Area { x: MARGIN, y: top, width: INNER, height: 17.0 }, 2.0, Color::TEAL);
        let y = top + 11.8;
        part(canvas, Role::Row, |canvas| {
            for (x, word) in [
                (column::SERVICE, &words.service),
                (column::PERIOD, &words.period),
                (column::NEW_EXPIRY, &words.new_expiry),
            ] {
                part(canvas, Role::ColumnHead, |canvas| canvas.text(x, y, word, HEAD));
            }
            for (x, word) in
                [(column::NET, &words.net), (column::VAT, &words.vat), (column::GROSS, &words.gross)]
            {
                part(canvas, Role::ColumnHead, |canvas| right(canvas, x, y, word, HEAD));
            }
        });
    }

    pub(super) fn carried(&self, canvas: &mut dyn Canvas, top: f32, sum: &str) {
        canvas.text(column::SERVICE, top + 9.0, &self.words.carried, SMALL);
        right(canvas, column::GROSS, top + 9.0, sum, SMALL);
    }

    pub(super) fn totals(&'a self, blocks: &mut Vec<Block<'a>>) {
        let Some(totals) = &self.said.totals else { return };
        let words = self.words;
        let last = Type::new(Face::Bold, 11.5, Color::TEAL);
        let mut rows: Vec<(&str, &str, Type)> = vec![(&words.net, &totals.net, BODY)];
        rows.extend(totals.vat.iter().map(|sum| (sum.label.as_str(), sum.vat.as_str(), BODY)));
        rows.push((&words.total, &totals.gross, STRONG));
        rows.extend(totals.paid.as_ref().map(|paid| (words.paid.as_str(), paid.as_str(), BODY)));
        rows.extend(totals.credit.as_ref().map(|credit| (words.credit.as_str(), credit.as_str(), BODY)));
        rows.push((&words.to_pay, &totals.due, last));
        blocks.push(Block::new(count(rows.len()) * 12.5 + 22.0, move |canvas, top| {
            canvas.open(Role::Table);
            for (at, (label, amount, style)) in rows.iter().enumerate() {
                let mut y = top + 13.0 + count(at) * 12.5;
                if at + 1 == rows.len() {
                    let line = Area { x: RIGHT - 230.0, y: y - 7.0, width: 230.0, height: 1.2 };
                    canvas.fill(line, 0.0, Color::GOLD);
                    y += 7.0;
                }
                part(canvas, Role::Row, |canvas| {
                    part(canvas, Role::RowHead, |canvas| {
                        right(canvas, RIGHT - 92.0, y, &drawable(label), *style);
                    });
                    part(canvas, Role::Cell, |canvas| {
                        right(canvas, column::GROSS, y, &drawable(amount), *style);
                    });
                });
            }
            canvas.close();
        }));
    }
}

/// The title of a group, and what comes for all of it.
fn title(group: &WordedGroup) -> Block<'_> {
    let color = match group.urgency {
        Urgency::Overdue => Color::ALERT,
        Urgency::Expiring => Color::TEAL,
        Urgency::Upcoming => Color::MUTED,
    };
    let style = Type { color, ..LABEL };
    let carried = group.lines.first().and_then(|line| line.carried.as_deref());
    let comes = group.unless_settled.as_deref().map(|text| wrapped(text, WARNING, WIDE)).unwrap_or_default();
    let height = 16.0 + count(comes.len()) * ROW_LEADING;
    Block::new(height, move |canvas, top| {
        part(canvas, Role::Row, |canvas| {
            part(canvas, Role::RowHead, |canvas| {
                canvas.text(column::SERVICE, top + 11.0, &group.title, style);
                for (at, text) in comes.iter().enumerate() {
                    let y = top + 11.0 + count(at + 1) * ROW_LEADING;
                    canvas.text(column::SERVICE, y, text, WARNING);
                }
            });
        });
    })
    .keeping_next()
    .in_table(Place::Row(carried))
}

/// A line of a row's first cell: pieces beside each other.
type Pieces = Vec<(f32, String, Type)>;

/// What is charged, and below it what is to be known of it, in lines.
fn described(line: &WordedLine) -> Vec<Pieces> {
    let piece = |text: String, style: Type| vec![(column::SERVICE, text, style)];
    // beside the dates there is only the service's own column
    let width =
        if line.days.is_some() { column::SERVICE_WIDTH } else { column::NET - 56.0 - column::SERVICE };
    let mut lines: Vec<Pieces> =
        wrapped(&line.title, STRONG, width).into_iter().map(|text| piece(text, STRONG)).collect();
    let below = line.remarks.join(DOT);
    lines.extend(wrapped(&below, SMALL, WIDE).into_iter().map(|text| piece(text, SMALL)));
    let Some(comes) = &line.unless_settled else { return lines };
    let used = lines.last().filter(|_| !below.is_empty()).map_or(0.0, |pieces| {
        pieces.iter().map(|(_, text, style)| style.width(text)).sum::<f32>() + SMALL.width(DOT)
    });
    match lines.last_mut().filter(|_| used > 0.0 && used + WARNING.width(&drawable(comes)) <= WIDE) {
        Some(last) => {
            last.push((column::SERVICE + used - SMALL.width(DOT), DOT.to_owned(), SMALL));
            last.push((column::SERVICE + used, drawable(comes), WARNING));
        }
        None => lines.extend(wrapped(comes, WARNING, WIDE).into_iter().map(|text| piece(text, WARNING))),
    }
    lines
}

fn line(line: &WordedLine) -> Block<'_> {
    let lines = described(line);
    // the rate stands below the VAT, whatever stands on the left
    let height = count(lines.len().max(2)) * ROW_LEADING + ROW_SPACE;
    Block::new(height, move |canvas, top| {
        let first = top + 9.6;
        canvas.open(Role::Row);
        part(canvas, Role::RowHead, |canvas| {
            for (at, pieces) in lines.iter().enumerate() {
                for (x, text, style) in pieces {
                    canvas.text(*x, first + count(at) * ROW_LEADING, text, *style);
                }
            }
        });
        let dates = line.days.as_ref().zip(line.new_expiry.as_ref());
        let period = dates.map(|([from, last], _)| format!("{from} – {last}"));
        part(canvas, Role::Cell, |canvas| {
            canvas.text(column::PERIOD, first, &period.unwrap_or_default(), BODY);
        });
        part(canvas, Role::Cell, |canvas| {
            canvas.text(column::NEW_EXPIRY, first, dates.map_or("", |(_, new)| new), STRONG);
        });
        let [net, vat, gross] = &line.figures;
        part(canvas, Role::Cell, |canvas| right(canvas, column::NET, first, net, BODY));
        part(canvas, Role::Cell, |canvas| {
            right(canvas, column::VAT, first, vat, BODY);
            right(canvas, column::VAT, first + ROW_LEADING, &line.rate, SMALL);
        });
        part(canvas, Role::Cell, |canvas| right(canvas, column::GROSS, first, gross, STRONG));
        canvas.close();
        rule(canvas, top + height - 1.0, Color::RULE, 0.5);
    })
    .in_table(Place::Row(line.carried.as_deref()))
}
