//! Sentences in the language of the staff: `templates/<language>/staff.toml`, by their key. A process speaks one language,
//! as its locale would have it; whoever words something need not be told which.

use crate::billing::action::Action;
use crate::billing::customer::Language;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::period::greek_date;
use crate::billing::service::Hold;
use crate::export::{self, List, Look};
use chrono::NaiveDate;
use handlebars::{Handlebars, handlebars_helper, no_escape};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, RwLock};

/// A sentence by its key, with what stands in it: `say!("finding.no_card", customer, why)`.
macro_rules! say {
    ($key:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::wording::speech::sentence(
            $key,
            [$((stringify!($name), $crate::wording::speech::say!(@value $name $($value)?))),*],
        )
    };
    (@value $name:ident) => { $crate::wording::speech::Said::said(&$name) };
    (@value $name:ident $value:expr) => { $crate::wording::speech::Said::said(&$value) };
}
pub(crate) use say;

/// What is spoken until somebody says otherwise: faults of the command line and the configuration are English too.
const FIRST: Language = Language::English;

/// The place in [`Language::ALL`] of the language that is spoken; past its end, [`FIRST`].
static SPOKEN: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The files, in the order of [`Language::ALL`]; a test keeps it.
const FILES: [&str; Language::ALL.len()] =
    [include_str!("../../templates/el/staff.toml"), include_str!("../../templates/en/staff.toml")];

/// The width of the reader's window; zero where it has no end.
static WINDOW: AtomicUsize = AtomicUsize::new(0);

/// Speaks `language` from now on, to somebody whose window is so wide.
pub(crate) fn speak(language: Language, window: Option<usize>) {
    SPOKEN.store(language as usize, Ordering::Relaxed);
    WINDOW.store(window.unwrap_or(0), Ordering::Relaxed);
}

/// The language that is spoken.
pub(crate) fn spoken() -> Language {
    Language::ALL.get(SPOKEN.load(Ordering::Relaxed)).copied().unwrap_or(FIRST)
}

handlebars_helper!(plural: |count: i64, one: str, many: str| if count == 1 { one } else { many });

/// The sentences of a language. A command says few of them, and compiling all would take longer than most commands.
struct Sentences {
    patterns: HashMap<String, String>,
    compiled: RwLock<Handlebars<'static>>,
}

impl Sentences {
    fn of(file: &str) -> Self {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(no_escape);
        registry.register_helper("plural", Box::new(plural));
        Self { patterns: read(file).into_iter().collect(), compiled: RwLock::new(registry) }
    }

    /// None where there is no such sentence, or it lacks a value: tests try every one.
    fn say(&self, key: &str, values: &Map<String, Value>) -> Option<String> {
        let pattern = self.patterns.get(key)?;
        if !pattern.contains("{{") {
            return Some(pattern.clone());
        }
        {
            let compiled = self.compiled.read().ok()?;
            if compiled.has_template(key) {
                return compiled.render(key, values).ok();
            }
        }
        let mut compiled = self.compiled.write().ok()?;
        compiled.register_template_string(key, pattern).ok()?;
        compiled.render(key, values).ok()
    }
}

/// The sentences of a language, read once.
fn sentences(language: Language) -> &'static Sentences {
    static READ: [OnceLock<Sentences>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    let place = language as usize;
    READ[place].get_or_init(|| Sentences::of(FILES[place]))
}

/// `section.key` with its sentence, for each that a file holds.
fn read(file: &str) -> Vec<(String, String)> {
    let file: toml::Table = toml::from_str(file).unwrap_or_default();
    let mut found = Vec::new();
    for (section, entries) in file {
        for (key, sentence) in entries.as_table().into_iter().flatten() {
            found.extend(sentence.as_str().map(|text| (format!("{section}.{key}"), text.to_owned())));
        }
    }
    found
}

/// The sentence of that key with its values in their places; use [`say!`], whose keys and names a test holds against the
/// files.
pub(crate) fn sentence<const N: usize>(key: &str, values: [(&str, Value); N]) -> String {
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    sentences(spoken()).say(key, &values).unwrap_or_else(|| key.to_owned())
}

/// The word for a code of that section, such as `action.suspend`; the code itself where it has none.
pub(crate) fn word(section: &str, code: &str) -> String {
    let key = format!("{section}.{}", code.replace('-', "_"));
    sentences(spoken()).say(&key, &Map::new()).unwrap_or_else(|| code.to_owned())
}

/// What the journal calls something, in words.
pub(crate) fn event(code: &str) -> String {
    word("event", code)
}

/// A stage by its code: `before-30`, `expiry`.
pub(crate) fn stage(code: &str) -> String {
    match code.split_once('-') {
        Some(("before", days)) => say!("stage.before", days = days.parse::<u32>().unwrap_or_default()),
        Some(("after", days)) => say!("stage.after", days = days.parse::<u32>().unwrap_or_default()),
        _ => word("stage", code),
    }
}

/// Where a service stands: `active`, `suspended (nonpayment)`.
pub(crate) fn service_state(code: &str) -> String {
    match code.split_once(" (").and_then(|(state, reason)| Some((state, reason.strip_suffix(')')?))) {
        Some((state, reason)) => format!("{} ({})", word("service", state), word("reason", reason)),
        None => word("service", code),
    }
}

/// Why a service is on hold: what the program noted of cheques and transfer slips, else what somebody wrote.
pub(crate) fn hold_note(note: &str) -> String {
    let said = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {reason}") };
    if let Some(reason) = note.strip_prefix(Hold::SLIP) {
        return word("hold", "slip") + &said(reason);
    }
    let cheque = note.strip_prefix(Hold::CHEQUE).and_then(|rest| rest.split_once(", due on "));
    match cheque.and_then(|(amount, rest)| Some((amount, rest.split_once(": ")?))) {
        Some((amount, (_, reason))) => say!("hold.cheque", amount, reason = said(reason)),
        None => note.to_owned(),
    }
}

/// A list as whoever reads it sees it.
pub(crate) fn table(list: &List) -> String {
    export::table(list, Look { day, width: window() })
}

/// How many letters stand beside each other in the reader's window; none where it has no end.
pub(crate) fn window() -> Option<usize> {
    match WINDOW.load(Ordering::Relaxed) {
        0 => None,
        width => Some(width),
    }
}

/// The heads of columns.
pub(crate) fn heads(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| word("column", key)).collect()
}

/// A day as the staff writes it.
pub(crate) fn day(day: NaiveDate) -> String {
    match spoken() {
        Language::Greek => greek_date(day),
        Language::English => day.to_string(),
    }
}

/// What can stand in a sentence: amounts and days as the language writes them, counts as numbers that a plural goes by.
pub(crate) trait Said {
    /// The value as the sentence takes it.
    fn said(&self) -> Value;
}

impl<T: Said + ?Sized> Said for &T {
    fn said(&self) -> Value {
        (*self).said()
    }
}

impl Said for str {
    fn said(&self) -> Value {
        self.into()
    }
}

impl Said for String {
    fn said(&self) -> Value {
        self.as_str().into()
    }
}

impl Said for Money {
    fn said(&self) -> Value {
        self.to_string().into()
    }
}

impl Said for NaiveDate {
    fn said(&self) -> Value {
        day(*self).into()
    }
}

impl Said for Action {
    fn said(&self) -> Value {
        word("action", self.code()).into()
    }
}

/// What is not there is an empty text, and no to an `{{#if}}`.
impl<T: Said> Said for Option<T> {
    fn said(&self) -> Value {
        self.as_ref().map_or_else(|| Value::from(""), Said::said)
    }
}

macro_rules! said_as {
    ($(|$value:ident: $kind:ty| $said:expr;)+) => {
        $(impl Said for $kind {
            fn said(&self) -> Value {
                let $value = self;
                Value::from($said)
            }
        })+
    };
}

said_as! {
    |flag: bool| *flag;
    |count: i64| *count;
    |count: u64| *count;
    |count: u32| *count;
    |count: usize| *count;
    |code: CustomerCode| code.as_str();
    |code: ServiceCode| code.as_str();
    |payment: PaymentId| payment.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// What a pattern puts in: the names in its braces.
    fn names(pattern: &str) -> BTreeSet<String> {
        let parts = pattern.split("{{").skip(1).filter_map(|part| part.split("}}").next());
        let mut names = BTreeSet::new();
        for part in parts {
            let mut words = part.split_whitespace();
            match words.next().unwrap_or_default() {
                "#if" | "plural" => names.extend(words.next().map(str::to_owned)),
                "else" | "/if" => {}
                name => {
                    names.insert(name.to_owned());
                }
            }
        }
        names
    }

    /// Keys that are made of a section and a code.
    const OF_CODES: [&str; 31] = [
        "column", "sheet", "action", "reason", "stage", "kind", "found", "basis", "method", "mode", "event",
        "delivery", "weekday", "service", "matched", "outcome", "verdict", "change", "records", "charge",
        "payment", "lists", "night", "looked", "imported", "evidence", "parked", "exit", "urgency", "hook",
        "hold",
    ];

    /// Each `say!` of the sources: its key, and the names that it gives.
    fn said() -> Vec<(String, String, BTreeSet<String>)> {
        fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    sources(&path, found);
                } else {
                    found.push(path);
                }
            }
        }
        let mut files = Vec::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let mut calls = Vec::new();
        // this file has `say!` as an example too
        for file in files.iter().filter(|file| !file.ends_with("speech.rs")) {
            let text = std::fs::read_to_string(file).unwrap();
            for call in text.split("say!(").skip(1) {
                let (mut depth, mut end) = (1_u32, 0);
                for (at, letter) in call.char_indices() {
                    match letter {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        end = at;
                        break;
                    }
                }
                let (mut parts, mut depth) = (vec![String::new()], 0_u32);
                for letter in call[..end].chars() {
                    match letter {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth -= 1,
                        _ => {}
                    }
                    if letter == ',' && depth == 0 {
                        parts.push(String::new());
                    } else {
                        parts.last_mut().unwrap().push(letter);
                    }
                }
                let key = parts[0].trim().trim_matches('"').to_owned();
                let given = parts[1..].iter().map(|part| part.split('=').next().unwrap().trim().to_owned());
                calls.push((
                    file.display().to_string(),
                    key,
                    given.filter(|name| !name.is_empty()).collect(),
                ));
            }
        }
        calls
    }

    #[test]
    fn every_language_has_each_sentence_that_is_said_with_the_names_it_is_given_and_no_other() {
        let calls = said();
        assert!(calls.len() > 100, "{}", calls.len());
        for (language, file) in Language::ALL.into_iter().zip(FILES) {
            let known: BTreeMap<String, String> = read(file).into_iter().collect();
            for (place, key, given) in &calls {
                let pattern = known.get(key).unwrap_or_else(|| panic!("{place}: {language} has no `{key}`"));
                assert_eq!(&names(pattern), given, "{place}: {language} {key}");
            }
            let spoken: BTreeSet<&str> = calls.iter().map(|(_, key, _)| key.as_str()).collect();
            for key in known.keys().filter(|key| !OF_CODES.contains(&key.split('.').next().unwrap())) {
                assert!(spoken.contains(key.as_str()), "{language}: nobody says `{key}`");
            }
        }
    }

    #[test]
    fn every_language_words_the_same_codes_and_every_sentence_is_one() {
        let keys = |file| read(file).into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>();
        let [first, others @ ..] = FILES;
        for other in others {
            assert_eq!(keys(first), keys(other));
        }
        for (language, file) in Language::ALL.into_iter().zip(FILES) {
            assert!(file.parse::<toml::Table>().is_ok(), "{language}");
            for (key, sentence) in read(file) {
                let compiled = handlebars::Template::compile(&sentence);
                assert!(compiled.is_ok(), "{language}: `{key}` is no template");
            }
        }
    }
}
