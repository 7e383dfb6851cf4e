//! A list as a table of a terminal: columns as wide as their widest cell, the last one free.

use super::{Cell, List};

/// The widest a column gets; a longer cell pushes the rest of its line aside.
const WIDTH_MAX: usize = 200;

/// The list as lines of text, the names of its columns first.
#[must_use]
pub fn table(list: &List) -> String {
    let head = list.head.iter().map(|name| (*name).to_owned()).collect();
    let rows = list.rows.iter().map(|row| row.iter().map(word).collect());
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).min(WIDTH_MAX)
    };
    let widths: Vec<usize> = (0..list.head.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  "));
        text.push_str(cells.collect::<String>().trim_end());
        text.push('\n');
    }
    text
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Day(day) => day.to_string(),
        Cell::Money(amount) => amount.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_any_length_makes_a_table() {
        let long = "x".repeat(100_000);
        let list = List::of(&["what", "where"], &[(long.as_str(), "a"), ("y", "b")], |(what, place)| {
            vec![(*what).into(), (*place).into()]
        });
        let text = table(&list);
        assert!(text.contains(&format!("{long}  a")) && text.lines().count() == 3);
    }
}
