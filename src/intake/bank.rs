//! The exports of banks: CSV and Excel files with a preamble and a footer, read by profiles that people can
//! edit. A profile is found by the header its columns name, never by a position.

use super::payments::{Movement, PaymentRow};
use super::sheet::{IntakeError, Sheet, decoded, delimiter_of};
use crate::billing::money::Money;
use crate::billing::text::cleaned;
use calamine::{Data, Reader};
use chrono::NaiveDate;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

/// How a bank's export is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    /// What the export is called, in the table of payments too.
    name: String,
    /// The bank's code in its IBANs, so that its other formats are known as the same bank's.
    bank_code: Option<String>,
    /// How its dates are written.
    date_formats: Vec<String>,
    /// What stands in the sign's column for money in.
    #[serde(default)]
    credit: Vec<String>,
    /// And for money out.
    #[serde(default)]
    debit: Vec<String>,
    /// Words of a movement out that takes back money which had come in.
    #[serde(default)]
    reversal: Vec<String>,
    /// Words before the opening balance, in the preamble or the footer.
    #[serde(default)]
    opening: Vec<String>,
    /// Words before the closing balance.
    #[serde(default)]
    closing: Vec<String>,
    /// It lists who paid, and is no statement.
    #[serde(default)]
    payers_only: bool,
    /// The names of its columns.
    columns: Columns,
}

/// A column's name, or the names it has had.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }

    fn first(&self) -> &str {
        self.all().first().map_or("", String::as_str)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    date: Names,
    amount: Names,
    sign: Option<Names>,
    text: Option<Names>,
    note: Option<Names>,
    payer: Option<Names>,
    payer_iban: Option<Names>,
    bank_ref: Option<Names>,
    balance: Option<Names>,
}

const BUILT_IN: [(&str, &str); 5] = [
    ("piraeus.toml", include_str!("../../profiles/piraeus.toml")),
    ("alpha.toml", include_str!("../../profiles/alpha.toml")),
    ("alpha-payers.toml", include_str!("../../profiles/alpha-payers.toml")),
    ("eurobank.toml", include_str!("../../profiles/eurobank.toml")),
    ("nbg.toml", include_str!("../../profiles/nbg.toml")),
];

/// Balances and the account stand within so many rows of the end.
const FOOTER_WITHIN: usize = 10;

/// The header stands within so many rows.
const HEADER_WITHIN: usize = 40;

/// Reads an export; `None` for a text that no profile knows.
///
/// # Errors
/// A workbook that no profile knows, a profile that is not sound, a file that cannot be read.
pub(super) fn read(
    path: &Path,
    is_workbook: bool,
    folder: Option<&Path>,
) -> Result<Option<Sheet<PaymentRow>>, IntakeError> {
    let profiles = profiles(path, folder)?;
    let rows = if is_workbook { workbook(path)? } else { table(path)? };
    for profile in &profiles {
        for (index, row) in rows.iter().enumerate().take(HEADER_WITHIN) {
            if let Some(places) = places(profile, row) {
                return Ok(Some(movements(path, profile, &places, &rows, index)));
            }
        }
    }
    if is_workbook {
        let known = profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!(
            "no bank's header is in it (known are {known}); if it is a table of payments, save it as CSV, and for \
             another bank write a profile into `import.profiles`"
        );
        return Err(IntakeError::Statement { path: path.to_owned(), message });
    }
    Ok(None)
}

/// The profiles of the folder, then the built-in ones that it does not replace.
fn profiles(path: &Path, folder: Option<&Path>) -> Result<Vec<Profile>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    let mut profiles = Vec::new();
    let mut replaced = Vec::new();
    if let Some(folder) = folder {
        let unreadable = |source| IntakeError::Unreadable { path: folder.to_owned(), source };
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .map_err(unreadable)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()
            .map_err(unreadable)?;
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml"))
        {
            let text = std::fs::read_to_string(file).map_err(unreadable)?;
            let profile = toml::from_str(&text)
                .map_err(|error| refuse(format!("the profile `{}` is not sound: {error}", file.display())))?;
            profiles.push(profile);
            replaced.extend(file.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    for (name, text) in BUILT_IN {
        if !replaced.iter().any(|other| other == name) {
            profiles.push(toml::from_str(text).map_err(|error| refuse(error.to_string()))?);
        }
    }
    Ok(profiles)
}

/// A header's name, however it is spaced, quoted and mixed of Greek and Latin letters.
fn folded(text: &str) -> String {
    let bare = unwrapped(text);
    crate::billing::text::look_alikes(&cleaned(&bare))
}

/// `="x"` as Excel is told to keep a text.
fn unwrapped(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    text.trim_matches('"').trim().to_owned()
}

/// Where the columns of a profile stand in a row, if it is the header.
struct Places {
    date: usize,
    amount: usize,
    sign: Option<usize>,
    text: Option<usize>,
    note: Option<usize>,
    payer: Option<usize>,
    payer_iban: Option<usize>,
    bank_ref: Option<usize>,
    balance: Option<usize>,
}

fn places(profile: &Profile, row: &[String]) -> Option<Places> {
    let names: Vec<String> = row.iter().map(|cell| folded(cell)).collect();
    // the first of two columns of one name is meant: the other is another account's currency
    let find =
        |wanted: &Names| wanted.all().iter().find_map(|name| names.iter().position(|n| *n == folded(name)));
    let wanted = |name: &Option<Names>| match name {
        None => Some(None),
        Some(name) => find(name).map(Some),
    };
    let columns = &profile.columns;
    Some(Places {
        date: find(&columns.date)?,
        amount: find(&columns.amount)?,
        sign: wanted(&columns.sign)?,
        text: wanted(&columns.text)?,
        note: wanted(&columns.note)?,
        payer: wanted(&columns.payer)?,
        payer_iban: wanted(&columns.payer_iban)?,
        bank_ref: wanted(&columns.bank_ref)?,
        balance: wanted(&columns.balance)?,
    })
}

fn movements(
    path: &Path,
    profile: &Profile,
    places: &Places,
    rows: &[Vec<String>],
    header: usize,
) -> Sheet<PaymentRow> {
    let mut sheet = Sheet::of_statement(path);
    sheet.is_statement = !profile.payers_only;
    let account: Arc<str> = account(profile, rows).into();
    let source: Arc<str> = profile.name.as_str().into();
    let mut balances = Balances::default();
    for (index, row) in rows.iter().enumerate().skip(header + 1) {
        let line = u64::try_from(index).unwrap_or(0) + 1;
        let cell = |place: usize| row.get(place).map(|cell| unwrapped(cell)).unwrap_or_default();
        let optional =
            |place: Option<usize>| place.map(cell).filter(|text| !text.is_empty()).map(|text| cleaned(&text));
        let (day, figures) = (cell(places.date), cell(places.amount));
        let Some(date) = date(profile, &day) else {
            // whatever has no date is a footer or a blank line; a date that cannot be read is a fault
            if Money::parse(&figures).is_ok() && day.starts_with(|c: char| c.is_ascii_digit()) {
                let column = profile.columns.date.first();
                sheet.fail(line, format!("`{day}` in column `{column}` is no date of {}", profile.name));
            }
            continue;
        };
        let amount = match Money::parse(&figures) {
            Ok(amount) => amount,
            Err(error) => {
                sheet.fail(line, format!("{error} in column `{}`", profile.columns.amount.first()));
                continue;
            }
        };
        let incoming = match places.sign {
            None => amount.is_positive(),
            Some(place) => {
                let sign = folded(&cell(place));
                let is = |list: &[String]| list.iter().any(|word| folded(word) == sign);
                if !is(&profile.credit) && !is(&profile.debit) {
                    sheet.fail(line, format!("`{}` says neither money in nor money out", cell(place)));
                    continue;
                }
                is(&profile.credit)
            }
        };
        if amount.is_zero() {
            continue;
        }
        let amount = if amount.is_positive() { amount } else { -amount };
        let balance = optional(places.balance).unwrap_or_default();
        balances.moved(if incoming { amount } else { -amount }, Money::parse(&balance).ok());
        let note = [optional(places.text), optional(places.note)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        let takes_back = || profile.reversal.iter().any(|word| folded(&note).contains(&folded(word)));
        let movement = if profile.payers_only {
            Movement::PayerOnly
        } else if incoming {
            Movement::Incoming
        } else if takes_back() {
            Movement::TakenBack
        } else {
            continue;
        };
        let payer = optional(places.payer);
        let bank_ref =
            optional(places.bank_ref).unwrap_or_else(|| sheet.fingerprint(date, amount, &[&note, &balance]));
        sheet.push(
            line,
            PaymentRow {
                movement,
                source: Arc::clone(&source),
                date,
                amount,
                bank_ref,
                end_to_end: None,
                transaction_id: None,
                customer: None,
                services: Vec::new(),
                reference: None,
                payer,
                payer_iban: optional(places.payer_iban).map(|iban| iban.replace(' ', "")),
                note: (!note.is_empty()).then_some(note),
                account: Arc::clone(&account),
                statement: 0,
                is_unsplit: false,
            },
        );
    }
    let frame = rows.iter().take(header).chain(rows.iter().rev().take(FOOTER_WITHIN));
    let frame: Vec<&Vec<String>> = frame.collect();
    balances.opening = told(&frame, &profile.opening);
    balances.closing = told(&frame, &profile.closing);
    if let Err(text) = balances.check(&account) {
        let key = format!("{account}|{}|{}", path.file_name().unwrap_or_default().display(), balances.sum);
        sheet.for_people.push((key, text));
    }
    sheet
}

/// Our account: its IBAN where the file names one of this bank's, else the bank.
fn account(profile: &Profile, rows: &[Vec<String>]) -> String {
    let Some(code) = &profile.bank_code else { return profile.name.clone() };
    let frame = rows.iter().take(HEADER_WITHIN).chain(rows.iter().rev().take(FOOTER_WITHIN));
    frame
        .flatten()
        .map(|cell| unwrapped(cell).replace(' ', ""))
        .flat_map(|text| {
            text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect::<Vec<_>>()
        })
        .find(|word| {
            word.len() == 27
                && word.starts_with("GR")
                && word.get(4..7) == Some(code)
                && word.parse::<iban::Iban>().is_ok()
        })
        .unwrap_or_else(|| format!("bank:{code}"))
}

/// The amount that stands after one of `words`, in the same cell or a later one of its row.
fn told(rows: &[&Vec<String>], words: &[String]) -> Option<Money> {
    rows.iter().find_map(|row| {
        let begins = |cell: &String| {
            let cell = folded(cell);
            words.iter().any(|word| cell.starts_with(&folded(word)))
        };
        let at = row.iter().position(begins)?;
        let same = row[at].rsplit([' ', ':']).next().and_then(|text| Money::parse(text).ok());
        same.or_else(|| row[at + 1..].iter().find_map(|cell| Money::parse(&unwrapped(cell)).ok()))
    })
}

/// A movement with the balance that stands beside it.
type Beside = (Money, Option<Money>);

/// What the movements come to, and what the export says they come to.
#[derive(Debug, Default)]
struct Balances {
    sum: Money,
    opening: Option<Money>,
    closing: Option<Money>,
    /// Each movement with the balance beside it.
    running: Vec<Beside>,
}

impl Balances {
    fn moved(&mut self, amount: Money, balance: Option<Money>) {
        self.sum += amount;
        self.running.push((amount, balance));
    }

    /// The movements must lead from one balance to the next, oldest first or newest first.
    fn check(&self, account: &str) -> Result<(), String> {
        if let (Some(opening), Some(closing)) = (self.opening, self.closing)
            && opening + self.sum != closing
        {
            return Err(format!(
                "the movements of the statement of {account} sum to {}, and its balances go from {opening} to \
                 {closing}: something may be missing; compare it with the bank",
                self.sum
            ));
        }
        let pairs = || self.running.windows(2);
        let oldest_first = |pair: &[Beside]| match (pair[0].1, pair[1].1) {
            (Some(before), Some(after)) => before + pair[1].0 == after,
            _ => true,
        };
        let newest_first = |pair: &[Beside]| match (pair[0].1, pair[1].1) {
            (Some(after), Some(before)) => before + pair[0].0 == after,
            _ => true,
        };
        if pairs().all(oldest_first) || pairs().all(newest_first) {
            return Ok(());
        }
        let broken = |fits: &dyn Fn(&[Beside]) -> bool| pairs().filter(|pair| !fits(pair)).count();
        Err(format!(
            "the balances beside the movements of the statement of {account} do not follow from one another at {} \
             places: a movement may be missing; compare it with the bank",
            broken(&oldest_first).min(broken(&newest_first))
        ))
    }
}

fn date(profile: &Profile, text: &str) -> Option<NaiveDate> {
    let day = text.split([' ', 'T']).next().unwrap_or("");
    if let Ok(date) = day.parse() {
        return Some(date);
    }
    profile.date_formats.iter().find_map(|format| NaiveDate::parse_from_str(day, format).ok())
}

fn table(path: &Path) -> Result<Vec<Vec<String>>, IntakeError> {
    let text = decoded(path)?;
    let widest = text.lines().take(HEADER_WITHIN).max_by_key(|line| line.matches([';', '\t', ',']).count());
    let delimiter = delimiter_of(widest.unwrap_or_default());
    let mut rows = Vec::new();
    // cells such as ="x" are no CSV: the marks are taken off afterwards
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .quoting(!text.contains("=\""))
        .from_reader(text.as_bytes());
    for record in reader.records() {
        let Ok(record) = record else { return Ok(Vec::new()) };
        rows.push(record.iter().map(str::to_owned).collect());
    }
    Ok(rows)
}

fn workbook(path: &Path) -> Result<Vec<Vec<String>>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path)
        .map_err(|error: calamine::XlsxError| refuse(format!("it is no Excel file: {error}")))?;
    let range = book
        .worksheet_range_at(0)
        .ok_or_else(|| refuse("it has no sheet".to_owned()))?
        .map_err(|error| refuse(error.to_string()))?;
    Ok(range.rows().map(|row| row.iter().map(worded).collect()).collect())
}

/// A cell as text; a number in the form that amounts are read in, a date as ISO.
fn worded(cell: &Data) -> String {
    match cell {
        // a reference may be a number too: whole ones have no decimals
        Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Data::Float(number) => format!("{number:.2}"),
        Data::Int(number) => number.to_string(),
        Data::DateTime(moment) => moment.to_ymd_hms_milli_text(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(value) => value.to_string(),
        Data::Error(_) | Data::Empty => String::new(),
    }
}

/// The day of an Excel moment.
trait DayText {
    fn to_ymd_hms_milli_text(&self) -> String;
}

impl DayText for calamine::ExcelDateTime {
    fn to_ymd_hms_milli_text(&self) -> String {
        let (year, month, day, ..) = self.to_ymd_hms_milli();
        format!("{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(bytes: &[u8]) -> Option<Sheet<PaymentRow>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.csv");
        std::fs::write(&file, bytes).unwrap();
        read(&file, false, None).unwrap()
    }

    #[test]
    fn alpha_has_a_preamble_signs_and_letters_that_look_alike() {
        let text = "Λογαριασμός;123\nΠροηγούμενο Υπόλοιπο;1.000,00\n\n\
            Α/Α;Ημερομηνία;Αιτιολογία;Κατάστημα;Τοκισμός από;Αρ. συναλλαγής;Ποσό;Πρόσημο ποσού;\n\
            1;02/03/2025;=\"ΚΑΤΑΘΕΣΗ RF05KONET000001\";099;02/03/2025;=\"TX1\";1.089,92;Π;\n\
            2;02.03.2025;ΕΞΟΔΑ;099;02/03/2025;TX2;5,00;X;\nΣύνολο;;;;;;;;\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1253.encode(text);
        let sheet = read_text(&bytes).unwrap();
        assert!(sheet.faults.is_empty(), "{:?}", sheet.faults);
        assert_eq!(sheet.rows.len(), 1);
        let row = &sheet.rows[0].value;
        assert_eq!((row.amount.cents(), row.bank_ref.as_str(), &*row.account), (108_992, "TX1", "bank:014"));
        assert_eq!(row.note.as_deref(), Some("ΚΑΤΑΘΕΣΗ RF05KONET000001"));
    }

    #[test]
    fn eurobank_has_no_references_and_gets_the_same_fingerprints_every_time() {
        let text = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n\
            2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ;124,00;1.124,00\n2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ;124,00;1.248,00\n\
            3/3/2025;3/3/2025;ΠΡΟΜΗΘΕΙΑ;-1,00;1.247,00\nΛογαριασμός;GR...;;;\n";
        let first = read_text(text.as_bytes()).unwrap();
        let again = read_text(text.as_bytes()).unwrap();
        let references = |sheet: &Sheet<PaymentRow>| -> Vec<String> {
            sheet.rows.iter().map(|row| row.value.bank_ref.clone()).collect()
        };
        assert_eq!(references(&first), references(&again));
        assert_eq!(first.rows.len(), 2);
        assert_ne!(references(&first)[0], references(&first)[1]);
    }

    #[test]
    fn our_own_payments_are_no_bank_export() {
        assert!(read_text(b"date;amount;bank_ref\n2025-03-02;1,00;T\n").is_none());
    }

    #[test]
    fn an_unreadable_amount_is_named_with_its_line() {
        let text =
            "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n2/3/2025;2/3/2025;Χ;abc;1,00\n";
        let sheet = read_text(text.as_bytes()).unwrap();
        assert_eq!(sheet.faults.len(), 1);
        assert_eq!(sheet.faults[0].line, 2);
    }
}
