//! A list as a table of a terminal: columns as wide as their widest cell, amounts to the right. Where that is wider than
//! the reader's window, words give way first – shortened in their middle, in the last column over several lines, never
//! within a word –, then the columns that a list can spare; and where even that is too wide, each row stands as lines of its
//! own. Codes are never shortened.

use super::{Cell, List};
use crate::billing::money::Money;
use chrono::NaiveDate;

/// How a table looks to whoever reads it.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// How a day is written.
    pub day: fn(NaiveDate) -> String,
    /// The widest a line may be, in letters; none where nobody's window ends.
    pub width: Option<usize>,
}

/// Between two columns.
const GAP: usize = 2;

/// Words in a column are shortened to no less than this.
const WORDS_MIN: usize = 12;

/// A last column of words is worth its place from this width on.
const PROSE_MIN: usize = 24;

/// The widest a column gets where no window ends; a longer cell pushes the rest of its line aside.
const WIDTH_MAX: usize = 200;

/// The list as lines of text, the names of its columns first.
#[must_use]
pub fn table(list: &List, look: Look) -> String {
    let sums = list.sums();
    let rows: Vec<&[Cell]> = list.rows.iter().chain(sums.as_ref()).map(Vec::as_slice).collect();
    let columns: Vec<Column> = (0..list.head.len()).map(|at| Column::of(list, &rows, at, look)).collect();
    match (widths(&columns, look.width), list.spare.first()) {
        (Some(widths), _) => laid_out(list, &rows, &columns, &widths, look),
        (None, Some(spare)) => table(&list.without(*spare), look),
        (None, None) => stacked(list, &rows, look),
    }
}

struct Column {
    /// Its widest cell.
    natural: usize,
    /// What it can be shortened to.
    least: usize,
    to_the_right: bool,
}

impl Column {
    fn of(list: &List, rows: &[&[Cell]], at: usize, look: Look) -> Self {
        let head = length(&list.head[at]);
        let cells = || rows.iter().filter_map(|row| row.get(at));
        let natural = cells().map(|cell| length(&word(cell, look))).max().unwrap_or(0).max(head);
        // what must stay whole
        let whole = cells().filter(|cell| !matches!(cell, Cell::Text(_)));
        let whole = whole.map(|cell| length(&word(cell, look))).max().unwrap_or(0).max(head);
        let words_min = if at + 1 == list.head.len() { PROSE_MIN } else { WORDS_MIN };
        let least = whole.max(natural.min(words_min));
        let to_the_right = cells().any(|cell| matches!(cell, Cell::Money(_) | Cell::Count(_)));
        Self { natural: natural.min(WIDTH_MAX), least, to_the_right }
    }
}

/// The width of each column; none where they do not fit beside each other.
fn widths(columns: &[Column], width: Option<usize>) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.natural).collect();
    let Some(width) = width else { return Some(widths) };
    let gaps = GAP * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        // the widest that can give way
        let most =
            (0..columns.len()).filter(|at| widths[*at] > columns[*at].least).max_by_key(|at| widths[*at])?;
        widths[most] -= 1;
    }
    Some(widths)
}

fn laid_out(list: &List, rows: &[&[Cell]], columns: &[Column], widths: &[usize], look: Look) -> String {
    let mut text = String::new();
    let mut line = |cells: Vec<String>| {
        let last = cells.len().saturating_sub(1);
        let mut further = Vec::new();
        let mut indent = 0;
        let mut first = String::new();
        for (at, cell) in cells.into_iter().enumerate() {
            let (width, pad) = (widths[at], " ".repeat(widths[at].saturating_sub(length(&cell))));
            let shown = if length(&cell) <= width || look.width.is_none() {
                cell
            } else if at == last {
                let mut lines = wrapped(&cell, width);
                further = lines.split_off(1);
                lines.remove(0)
            } else {
                shortened(&cell, width)
            };
            if at > 0 {
                first.push_str(&" ".repeat(GAP));
            }
            indent = length(&first);
            if columns[at].to_the_right {
                first.push_str(&pad);
                first.push_str(&shown);
            } else {
                first.push_str(&shown);
                first.push_str(&pad);
            }
        }
        text.push_str(first.trim_end());
        text.push('\n');
        for rest in further {
            text.push_str(&" ".repeat(indent));
            text.push_str(&rest);
            text.push('\n');
        }
    };
    line(list.head.clone());
    rows.iter().for_each(|row| line(row.iter().map(|cell| word(cell, look)).collect()));
    text
}

/// Each row as lines of its own, `name: value`, what is empty left out.
fn stacked(list: &List, rows: &[&[Cell]], look: Look) -> String {
    let width = look.width.unwrap_or(WIDTH_MAX);
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        for (name, cell) in list.head.iter().zip(*row) {
            let value = word(cell, look);
            if value.is_empty() {
                continue;
            }
            for (at, line) in wrapped(&format!("{name}: {value}"), width - GAP).into_iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "  " });
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
    text
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A text with its middle left out, so that its beginning and its end stay.
fn shortened(text: &str, width: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let (head, tail) = (kept - kept / 2, kept / 2);
    letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect()
}

/// The lines of a text that is broken between its words; a single longer word is shortened in its middle. At least one.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let word = shortened(word, width);
        let line = lines.last_mut().map_or(0, |line| length(line));
        if line > 0 && line + 1 + length(&word) > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}

fn word(cell: &Cell, look: Look) -> String {
    match cell {
        Cell::Text(text) | Cell::Code(text) => text.clone(),
        Cell::Day(day) => (look.day)(*day),
        Cell::Money(amount) => Money::to_string(amount),
        Cell::Count(count) => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::code;

    fn look(width: Option<usize>) -> Look {
        Look { day: |day| day.to_string(), width }
    }

    fn heads(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_cell_of_any_length_makes_a_table() {
        let long = "x".repeat(100_000);
        let list =
            List::of(heads(&["what", "where"]), &[(long.as_str(), "a"), ("y", "b")], |(what, place)| {
                vec![(*what).into(), (*place).into()]
            });
        let text = table(&list, look(None));
        assert!(text.contains(&format!("{long}  a")) && text.lines().count() == 3);
        assert!(table(&list, look(Some(80))).lines().all(|line| length(line) <= 80));
    }

    fn sample() -> List {
        let rows = [
            (
                "S-1",
                "Παπαδόπουλος Υπηρεσίες Πληροφορικής Μονοπρόσωπη ΑΕ",
                7_440,
                "έληξε και δεν έχει εξοφληθεί",
            ),
            ("S-20", "Άλφα", 123_456, "σε αναμονή"),
        ];
        List::of(heads(&["code", "name", "due", "why"]), &rows, |(service, name, due, why)| {
            vec![code(service), (*name).into(), Money::from_cents(*due).into(), (*why).into()]
        })
        .summed("sum".to_owned())
    }

    #[test]
    fn columns_that_can_be_spared_go_before_a_row_is_taken_apart() {
        let text = table(&sample().sparing(&[1, 3]), look(Some(20)));
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("S-20") && text.contains("1.234,56"), "{text}");
    }

    #[test]
    fn amounts_stand_to_the_right_with_their_sum_beneath() {
        let text = table(&sample(), look(None));
        let ends: Vec<usize> =
            text.lines().map(|line| line.find('€').map_or(0, |at| line[..at].chars().count())).collect();
        assert_eq!(ends[1], ends[2], "{text}");
        assert_eq!(ends[2], ends[3], "{text}");
        assert!(text.lines().last().unwrap().contains("1.308,96"), "{text}");
        assert!(text.lines().last().unwrap().starts_with("sum"), "{text}");
    }

    #[test]
    fn a_narrow_window_shortens_words_in_their_middle_and_breaks_between_words_and_never_cuts_a_code() {
        for width in 30..120 {
            let text = table(&sample(), look(Some(width)));
            assert!(text.lines().all(|line| length(line) <= width), "{width}\n{text}");
            for whole in ["S-1", "S-20", "74,40", "1.234,56"] {
                assert!(text.contains(whole), "{width}: {whole}\n{text}");
            }
        }
        let text = table(&sample(), look(Some(60)));
        assert!(text.contains("Παπαδ") && text.contains('…') && text.contains("ΑΕ"), "{text}");
        assert!(text.split_whitespace().any(|word| word == "εξοφληθεί"), "{text}");
    }
}
