//! What an imported row changes: column by column, before and after.

use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::intake::Field;
use crate::jobs::attention::Findings;
use crate::views::finding::Finding;
use crate::views::{ColumnView, ImportView, RecordView};
use serde_json::json;
use std::collections::BTreeSet;

/// Columns that `--take` knows.
pub const TAKEABLE: [&str; 25] = [
    "expires_on",
    "state",
    "hold_until",
    "enforcement",
    "reference",
    "email",
    "price",
    "period_months",
    "renews",
    "name",
    "cc",
    "tax_id",
    "tax_office",
    "profession",
    "address",
    "postcode",
    "city",
    "country",
    "phone",
    "language",
    "vat",
    "kind",
    "domain_name",
    "account",
    "server",
];

/// Collects the differences between a stored record and a row.
#[derive(Debug, Default)]
pub struct Differences {
    /// Columns that the row changes.
    pub changed: Vec<ColumnView>,
    /// Columns that the row disputes, but the program or staff have the word on.
    pub conflicts: Vec<ColumnView>,
    /// Columns that staff recorded.
    staff: BTreeSet<String>,
    /// Columns that the file decides all the same.
    take: BTreeSet<String>,
}

impl Differences {
    /// Nothing compared yet; `staff` is what staff recorded, `take` what the file decides all the same.
    #[must_use]
    pub fn new(staff: BTreeSet<String>, take: &[String]) -> Self {
        Self { staff, take: take.iter().cloned().collect(), ..Self::default() }
    }

    /// Whether the file decides a column that is not its own.
    #[must_use]
    pub fn takes(&self, column: &str) -> bool {
        self.take.contains(column)
    }

    /// Columns that staff recorded and the file has decided now.
    pub fn taken_from_staff(&self) -> impl Iterator<Item = &str> {
        self.changed.iter().map(|change| &*change.column).filter(|column| self.staff.contains(*column))
    }

    /// Puts `new` in place of `old` and notes it, if it differs; what staff recorded is disputed only.
    pub fn set<T: PartialEq>(
        &mut self,
        column: &'static str,
        old: &mut T,
        new: T,
        word: impl Fn(&T) -> String,
    ) {
        let taken = self.takes(column) || !self.staff.contains(column);
        self.owned(column, taken, old, new, word);
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
        if *old == new {
            return;
        }
        let view = ColumnView { column: column.into(), before: word(old), after: word(&new) };
        if taken {
            self.changed.push(view);
            *old = new;
        } else {
            self.conflicts.push(view);
        }
    }
}

pub(super) fn record(code: &str, change: &'static str, columns: Vec<ColumnView>) -> RecordView {
    RecordView { code: code.to_owned(), change: change.into(), columns }
}

pub(super) fn columns_json(columns: &[ColumnView]) -> serde_json::Value {
    columns
        .iter()
        .map(|column| (column.column.to_string(), json!([column.before, column.after])))
        .collect::<serde_json::Map<String, serde_json::Value>>()
        .into()
}

pub(super) fn conflicts(
    code: &str,
    customer: Option<&CustomerCode>,
    service: Option<&ServiceCode>,
    columns: Vec<ColumnView>,
    view: &mut ImportView,
    findings: &mut Findings,
) {
    if columns.is_empty() {
        return;
    }
    for column in &columns {
        let finding = Finding::Conflict {
            code: code.to_owned(),
            column: column.column.to_string(),
            file: column.after.clone(),
            program: column.before.clone(),
            can_take: TAKEABLE.contains(&&*column.column),
        };
        let key = format!("{code}|{}|{}", column.column, column.after);
        findings.add(key, customer, service, &finding);
    }
    view.records.push(record(code, "conflict", columns));
}
