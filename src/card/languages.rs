//! The languages of a card: a row says how one writes days, amounts and capitals, and holds its folder of templates.

use crate::billing::customer::Language;
use crate::billing::money::Money;
use crate::billing::period::greek_date;
use crate::billing::text::greek_capitals;
use crate::billing::vat::VatRate;
use chrono::NaiveDate;
use std::path::{Path, PathBuf};

/// The sign of an amount below zero; a hyphen is none.
const MINUS: char = '−';

/// One language.
struct Row {
    language: Language,
    /// `15/10/2026`, `15 Oct 2026`.
    date: fn(NaiveDate) -> String,
    /// `1.234,56`, `1,234.56`: of an amount that is not below zero.
    digits: fn(Money) -> String,
    /// What stands before and after the digits of an amount.
    around: (&'static str, &'static str),
    /// Between whole and part of a rate.
    point: &'static str,
    capitals: fn(&str) -> String,
    templates: Templates,
}

/// The files of a folder under `templates/`, as they are built in.
struct Templates {
    subject: &'static str,
    text: &'static str,
    html: &'static str,
    strings: &'static str,
    card: &'static str,
}

macro_rules! templates {
    ($folder:literal) => {
        Templates {
            subject: include_str!(concat!("../../templates/", $folder, "/subject.txt.hbs")),
            text: include_str!(concat!("../../templates/", $folder, "/body.txt.hbs")),
            html: include_str!(concat!("../../templates/", $folder, "/body.html.hbs")),
            strings: include_str!(concat!("../../templates/", $folder, "/strings.toml")),
            card: include_str!(concat!("../../templates/", $folder, "/card.toml")),
        }
    };
}

/// In the order of [`Language::ALL`]; a test keeps it.
static ROWS: [Row; Language::ALL.len()] = [
    Row {
        language: Language::Greek,
        date: greek_date,
        digits: Money::greek_digits,
        // the space does not break
        around: ("", "\u{a0}€"),
        point: ",",
        capitals: greek_capitals,
        templates: templates!("el"),
    },
    Row {
        language: Language::English,
        date: |date| date.format("%-d %b %Y").to_string(),
        digits: Money::english_digits,
        around: ("€", ""),
        point: ".",
        capitals: str::to_uppercase,
        templates: templates!("en"),
    },
];

/// A file of a language's folder: what the company wrote itself, else the built-in one.
pub(super) struct TemplateFile {
    /// Its path, as faults name it.
    pub(super) shown: String,
    /// What is built in.
    pub(super) built_in: &'static str,
    /// Where the company's own lies, if there is one.
    place: Option<PathBuf>,
}

impl TemplateFile {
    /// The file of that name in the language's folder, or in `folder` instead.
    pub(super) fn of(language: Language, folder: Option<&Path>, name: &str) -> Self {
        let code = language.code();
        let place = folder.map(|folder| folder.join(code).join(name)).filter(|file| file.exists());
        let shown = place
            .as_ref()
            .map_or_else(|| format!("templates/{code}/{name}"), |file| file.display().to_string());
        let Templates { subject, text, html, strings, card } = &row(language).templates;
        let built_in = match name {
            "subject.txt.hbs" => subject,
            "body.txt.hbs" => text,
            "body.html.hbs" => html,
            "strings.toml" => strings,
            _ => card,
        };
        Self { shown, built_in, place }
    }

    /// The company's own text; none where the built-in one serves.
    pub(super) fn own(&self) -> Option<Result<String, String>> {
        let read = |file: &PathBuf| std::fs::read_to_string(file);
        self.place.as_ref().map(|file| read(file).map_err(|error| format!("cannot be read: {error}")))
    }
}

fn row(language: Language) -> &'static Row {
    ROWS.iter().find(|row| row.language == language).unwrap_or(&ROWS[0])
}

/// A date as the reader's language writes it: `15/10/2026`, `15 Oct 2026`.
pub(super) fn date(language: Language, date: NaiveDate) -> String {
    (row(language).date)(date)
}

/// An amount as the reader's language writes it: `1.234,56 €`, `€1,234.56`.
pub(super) fn money(language: Language, amount: Money) -> String {
    let (before, after) = row(language).around;
    let (sign, digits) = signed(language, amount);
    format!("{sign}{before}{digits}{after}")
}

/// The figures of an amount, for a column whose head names the currency.
pub(super) fn figures(language: Language, amount: Money) -> String {
    let (sign, digits) = signed(language, amount);
    format!("{sign}{digits}")
}

fn signed(language: Language, amount: Money) -> (String, String) {
    let digits = row(language).digits;
    if amount.cents() < 0 { (MINUS.to_string(), digits(-amount)) } else { (String::new(), digits(amount)) }
}

/// `24%`, `6,5%`, `6.5%`.
pub(super) fn rate(language: Language, rate: VatRate) -> String {
    rate.to_string().replace(',', row(language).point)
}

/// A label in capitals, as the reader's language writes them.
pub(super) fn capitals(language: Language, text: &str) -> String {
    (row(language).capitals)(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_row() {
        assert_eq!(ROWS.each_ref().map(|row| row.language), Language::ALL);
    }
}
