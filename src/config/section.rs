//! A table of the configuration, read key by key: what is not read is unknown, and every fault is kept.

use super::faults::ConfigFault;
use std::cell::RefCell;
use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Faults are collected here while the whole file is read.
#[derive(Debug)]
pub(super) struct Faults<'a> {
    text: &'a str,
    found: RefCell<Vec<ConfigFault>>,
}

impl<'a> Faults<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::new(Vec::new()) }
    }

    pub(super) fn add(&self, at: usize, message: impl Into<String>, hint: Option<&str>) {
        let before = self.text.get(..at.min(self.text.len())).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let hint = hint.map(str::to_owned);
        self.found.borrow_mut().push(ConfigFault { line, message: message.into(), hint });
    }

    /// All faults, by line, each once.
    pub(super) fn finish(self) -> Vec<ConfigFault> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| (a.line, &a.message).cmp(&(b.line, &b.message)));
        found.dedup();
        found
    }
}

/// One table; without one (a section left out) every key is absent.
pub(super) struct Section<'a> {
    pub(super) name: String,
    table: Option<&'a DeTable<'a>>,
    start: usize,
    used: RefCell<BTreeSet<&'static str>>,
    pub(super) faults: &'a Faults<'a>,
}

impl<'a> Section<'a> {
    pub(super) fn root(table: &'a Spanned<DeTable<'a>>, faults: &'a Faults<'a>) -> Self {
        Self {
            name: String::new(),
            table: Some(table.get_ref()),
            start: 0,
            used: RefCell::new(BTreeSet::new()),
            faults,
        }
    }

    fn from_value(name: String, value: Option<&'a Spanned<DeValue<'a>>>, faults: &'a Faults<'a>) -> Self {
        let start = value.map_or(0, |value| value.span().start);
        let table = value.and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                faults.add(start, format!("`{name}` must be a section, written `[{name}]`"), None);
                None
            }
        });
        Self { name, table, start, used: RefCell::new(BTreeSet::new()), faults }
    }

    /// A section within this one.
    pub(super) fn section(&self, key: &'static str) -> Self {
        let value = self.value(key);
        Self::from_value(self.path(key), value, self.faults)
    }

    /// Every section within this one, whatever its name: `[policy.NAME]`.
    pub(super) fn children(&self) -> Vec<(String, Self)> {
        let Some(table) = self.table else { return Vec::new() };
        table
            .iter()
            .map(|(key, value)| {
                let name = key.get_ref().to_string();
                (name.clone(), Self::from_value(self.path(&name), Some(value), self.faults))
            })
            .collect()
    }

    /// The tables of `[[NAME]]`.
    pub(super) fn list_of_sections(&self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.fault(key, format!("`{}` must be written `[[{}]]`", self.path(key), self.path(key)), None);
            return Vec::new();
        };
        items.iter().map(|item| Self::from_value(self.path(key), Some(item), self.faults)).collect()
    }

    pub(super) fn exists(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.used.borrow_mut().insert(key);
        self.table?.get(key)
    }

    /// Whether a key is written.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// A fault of a key, or of the section where the key is missing.
    pub(super) fn fault(&self, key: &'static str, message: impl Into<String>, hint: Option<&str>) {
        let at = self.value(key).map_or(self.start, |value| value.span().start);
        self.faults.add(at, message, hint);
    }

    fn typed<T>(
        &self,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let read = read(value.get_ref());
        if read.is_none() {
            let path = self.path(key);
            self.fault(key, format!("`{path}` must be {wanted}, not {}", value.get_ref().type_str()), None);
        }
        read
    }

    /// A text; an empty one counts as absent.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        self.typed(key, "a text in quotes", |value| value.as_str().map(str::to_owned))
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    pub(super) fn needed_text(&self, key: &'static str, hint: &str) -> String {
        self.text(key).unwrap_or_else(|| {
            let path = self.path(key);
            self.fault(key, format!("`{path}` is missing"), Some(hint));
            String::new()
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A whole number from 0 up to `max`.
    pub(super) fn number(&self, key: &'static str, max: u32) -> Option<u32> {
        let wanted = format!("a whole number from 0 to {max}");
        let number = self.typed(key, &wanted, whole)?;
        if number > max {
            self.fault(key, format!("`{}` must be {wanted}", self.path(key)), None);
            return None;
        }
        Some(number)
    }

    /// A number of days, or `"never"`: the outer option is absence.
    pub(super) fn days_or_never(&self, key: &'static str) -> Option<Option<u32>> {
        self.typed(key, "a number of days or \"never\"", |value| match value.as_str() {
            Some("never") => Some(None),
            Some(_) => None,
            None => whole(value).filter(|days| *days <= 3650).map(Some),
        })
    }

    /// A list of numbers of days; `"never"` is the empty list.
    pub(super) fn days_list(&self, key: &'static str) -> Option<Vec<u32>> {
        self.typed(key, "a list of days such as [30, 7], or \"never\"", |value| {
            if value.as_str() == Some("never") {
                return Some(Vec::new());
            }
            value.as_array()?.iter().map(|item| whole(item.get_ref()).filter(|days| *days <= 3650)).collect()
        })
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.typed(key, "a list of texts", |value| {
            value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        })
    }

    /// A date, or a list of them.
    pub(super) fn dates(&self, key: &'static str) -> Option<Vec<chrono::NaiveDate>> {
        self.typed(key, "a list of dates such as [2026-05-04]", |value| {
            value.as_array()?.iter().map(|item| date(item.get_ref())).collect()
        })
    }

    /// One date.
    pub(super) fn date(&self, key: &'static str) -> Option<chrono::NaiveDate> {
        self.typed(key, "a date such as 2023-09-18, without quotes", date)
    }

    /// Reports every key that was never asked for.
    pub(super) fn finish(&self) {
        let Some(table) = self.table else { return };
        let used = self.used.borrow();
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if used.contains(name) {
                continue;
            }
            let near = used
                .iter()
                .min_by_key(|known| distance(known, name))
                .filter(|known| distance(known, name) <= 3);
            let hint = near.map(|known| format!("did you mean `{known}`?"));
            self.faults.add(key.span().start, format!("unknown key `{}`", self.path(name)), hint.as_deref());
        }
    }
}

fn whole(value: &DeValue<'_>) -> Option<u32> {
    let number = value.as_integer()?;
    u32::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

fn date(value: &DeValue<'_>) -> Option<chrono::NaiveDate> {
    let text = value.as_datetime().map(ToString::to_string).or_else(|| value.as_str().map(str::to_owned))?;
    text.parse().ok()
}

/// Edits between two words: for the hint after a slip of the finger.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
