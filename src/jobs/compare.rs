//! What an imported row changes: column by column, before and after.

use crate::intake::Field;
use crate::views::ColumnView;

/// Collects the differences between a stored record and a row.
#[derive(Debug, Default)]
pub struct Differences {
    /// Columns that the row changes.
    pub changed: Vec<ColumnView>,
    /// Columns that the row disputes, but the program owns.
    pub conflicts: Vec<ColumnView>,
}

impl Differences {
    /// Puts `new` in place of `old` and notes it, if it differs.
    pub fn set<T: PartialEq>(
        &mut self,
        column: &'static str,
        old: &mut T,
        new: T,
        word: impl Fn(&T) -> String,
    ) {
        if *old != new {
            self.changed.push(ColumnView { column, before: word(old), after: word(&new) });
            *old = new;
        }
    }

    /// As [`Self::set`], for an optional text column: absent leaves it, empty clears it.
    pub fn text(&mut self, column: &'static str, old: &mut Option<String>, field: &Field<String>) {
        let new = match field {
            Field::Absent => return,
            Field::Empty => None,
            Field::Value(text) => Some(text.clone()),
        };
        self.set(column, old, new, |text| text.clone().unwrap_or_default());
    }

    /// A column that the program owns: changed where `taken`, disputed otherwise.
    pub fn owned<T: PartialEq>(
        &mut self,
        column: &'static str,
        taken: bool,
        old: &mut T,
        new: T,
        word: impl Fn(&T) -> String,
    ) {
        if taken {
            self.set(column, old, new, word);
        } else if *old != new {
            self.conflicts.push(ColumnView { column, before: word(old), after: word(&new) });
        }
    }
}
