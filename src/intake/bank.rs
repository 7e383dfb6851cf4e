//! The exports of banks: CSV and Excel files with a preamble and a footer, read row by row by profiles that people
//! can edit. A profile is found by the header its columns name, never by a position.

use super::error::IntakeError;
use super::figures::{Balances, account, any_date, date, signed, told};
use super::payments::{Movement, PaymentRow};
use super::profile::{Places, Profile, folded, unwrapped};
use super::sheet::{Lines, Sheet, delimiter_of, is_cut};
use crate::billing::money::Money;
use crate::billing::movement::real_reference;
use crate::billing::text::cleaned;
use chrono::NaiveDate;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Balances and the account stand within so many rows of the end.
const FOOTER_WITHIN: usize = 10;

/// The header stands within so many rows.
const HEADER_WITHIN: usize = 40;

/// Words that begin a row which sums up, and is no movement.
const SUMS: [&str; 8] = [
    "Σύνολο",
    "Σύνολα",
    "Γενικό σύνολο",
    "Υπόλοιπο",
    "Τελικό υπόλοιπο",
    "Αρχικό υπόλοιπο",
    "Νέο υπόλοιπο",
    "Total",
];

/// Reads an export that is text; `None` for a text that no profile knows.
pub(super) fn read_text(path: &Path, text: &str, profiles: &[Profile]) -> Option<Sheet<PaymentRow>> {
    let widest = text.lines().take(HEADER_WITHIN).max_by_key(|line| line.matches([';', '\t', ',']).count());
    let delimiter = delimiter_of(widest.unwrap_or_default());
    // ="x" is no CSV: the mark goes, and what is quoted stays one cell
    let text =
        if text.contains("=\"") { without_marks(text, char::from(delimiter)) } else { text.to_owned() };
    // a quotation mark that never closes would swallow the rows behind it: then each line stands for itself
    let is_open = |row: &csv::StringRecord| {
        let width = row.len().max(3) / 2;
        row.iter()
            .any(|cell| cell.lines().skip(1).any(|line| line.matches(char::from(delimiter)).count() >= width))
    };
    let mut export = Export::new(path, profiles, 0);
    if records(&text, delimiter).any(|(_, row)| is_open(&row)) {
        for (line, text) in (1..).zip(text.lines()) {
            for (_, row) in records(text, delimiter) {
                export.row(line, row.iter().map(str::to_owned).collect());
            }
        }
    } else {
        for (line, row) in records(&text, delimiter) {
            export.row(line, row.iter().map(str::to_owned).collect());
        }
    }
    let mut sheet = export.finish()?;
    sheet.is_cut = is_cut(&text);
    Some(sheet)
}

/// The records of a text with the lines they begin on.
fn records(text: &str, delimiter: u8) -> impl Iterator<Item = (u64, csv::StringRecord)> {
    let reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = Lines::of(text);
    reader.into_records().flatten().map(move |record| (lines.of_record(&record), record))
}

/// `="x"` at the beginning of a cell becomes `"x"`.
fn without_marks(text: &str, delimiter: char) -> String {
    let mut plain =
        text.replace(&format!("{delimiter}=\""), &format!("{delimiter}\"")).replace("\n=\"", "\n\"");
    if plain.starts_with("=\"") {
        plain.remove(0);
    }
    plain
}

/// What is refused in words where no profile knows a workbook.
pub(super) fn no_header(path: &Path, profiles: &[Profile]) -> IntakeError {
    let known = profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
    let message = format!(
        "no bank's header is in it (known are {known}); if it is a table of payments, save it as CSV, and for \
         another bank write a profile into `import.profiles` (docs/profiles.md)"
    );
    IntakeError::Statement { path: path.to_owned(), message }
}

/// An export while its rows come.
pub(super) struct Export<'a> {
    profiles: &'a [Profile],
    sheet: Sheet<PaymentRow>,
    statement: u32,
    /// The rows up to the header.
    head: Vec<Vec<String>>,
    /// The last rows so far.
    tail: VecDeque<Vec<String>>,
    found: Option<Rc<Found<'a>>>,
    source: Arc<str>,
    balances: Balances,
    newest: Option<NaiveDate>,
    /// Rows that the profile does not take: by column and word, how many and the first line.
    passed_over: BTreeMap<(String, String), (u64, u64)>,
}

impl<'a> Export<'a> {
    pub(super) fn new(path: &Path, profiles: &'a [Profile], statement: u32) -> Self {
        Self {
            profiles,
            sheet: Sheet::of_statement(path),
            statement,
            head: Vec::new(),
            tail: VecDeque::new(),
            found: None,
            source: "".into(),
            balances: Balances::default(),
            newest: None,
            passed_over: BTreeMap::new(),
        }
    }

    /// Whether no header was in the rows where it stands.
    pub(super) fn is_hopeless(&self) -> bool {
        self.found.is_none() && self.head.len() >= HEADER_WITHIN
    }

    /// Takes the next row.
    pub(super) fn row(&mut self, line: u64, row: Vec<String>) {
        if row.iter().all(|cell| cell.trim().is_empty()) || self.is_hopeless() {
            return;
        }
        let Some(found) = self.found.clone() else {
            self.found = self.profiles.iter().find_map(|profile| Found::of(profile, &row)).map(Rc::new);
            if let Some(found) = &self.found {
                self.source = found.profile.name.as_str().into();
                self.sheet.is_statement = !found.profile.payers_only;
            } else {
                self.head.push(row);
            }
            return;
        };
        self.movement(line, &found, &row);
        if self.tail.len() == FOOTER_WITHIN {
            self.tail.pop_front();
        }
        self.tail.push_back(row);
    }

    fn movement(&mut self, line: u64, found: &Found<'_>, row: &[String]) {
        let (profile, places) = (found.profile, &found.places);
        let cells = Cells { row, places };
        let (day, figures) = (cells.at(places.date), cells.at(places.amount));
        if found.sums_up(row) {
            return;
        }
        let amount = Money::parse(&figures);
        let date = date(profile, &day);
        let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
        if date.is_none() && !day.starts_with(|c: char| c.is_ascii_digit()) && !has_digit(&figures) {
            // whatever has neither a day nor an amount is a footer
            return;
        }
        let words = cells.words();
        let message = match (&date, &amount) {
            (None, _) => {
                format!("`{day}` in column `{}` is no date of {}", profile.columns.date.first(), profile.name)
            }
            (_, Err(error)) => format!("{error} in column `{}`", profile.columns.amount.first()),
            (Some(date), Ok(amount)) => {
                self.newest = self.newest.max(Some(*date));
                match cells.way(profile, *amount) {
                    Ok(incoming) => return self.sound(line, profile, &cells, *date, *amount, incoming),
                    Err(message) => message,
                }
            }
        };
        // money out that cannot be read refuses nothing: nobody's payment depends on it
        let is_out = amount.is_ok_and(|amount| cells.way(profile, amount) == Ok(false))
            && !takes_back(profile, &words);
        if is_out {
            self.sheet.warn(line, format!("{message}; it is money out, and nothing else depends on it"));
        } else {
            self.sheet.fail(line, [day, figures, words], message);
        }
    }

    /// A row whose day, amount and way are known.
    fn sound(
        &mut self,
        line: u64,
        profile: &Profile,
        cells: &Cells<'_>,
        date: NaiveDate,
        amount: Money,
        incoming: bool,
    ) {
        let (places, note) = (cells.places, cells.words());
        let amount = if amount.is_positive() { amount } else { -amount };
        let movement = kind(profile, incoming, &note);
        let is_ours = !incoming && movement == Movement::PayerOnly && !profile.payers_only;
        if let Some(word) = cells.unwanted(profile) {
            if !is_ours {
                self.passed_over.entry(word).or_insert((0, line)).0 += 1;
            }
            return;
        }
        let mut told = |text: String| {
            if !is_ours {
                self.sheet.warn(line, text);
            }
        };
        if let Some(currency) = cells.foreign(profile) {
            return told(format!("{amount} of {date} is in {currency}, no euro: it is not booked ({note})"));
        }
        if amount.is_zero() {
            told(format!("the movement of {date} is of no amount: nothing is booked ({note})"));
        }
        let balance = places.balance.and_then(|place| signed(&cells.at(place)));
        self.balances.moved(if incoming { amount } else { -amount }, balance);
        if amount.is_zero() || is_ours {
            return;
        }
        let bank_ref = cells.optional(places.bank_ref).unwrap_or_default();
        if movement == Movement::PayerOnly && real_reference(&bank_ref).is_none() {
            let text = "the payer has no transaction number: it cannot be told whose movement it is";
            return self.sheet.warn(line, text.to_owned());
        }
        let row = PaymentRow {
            movement,
            source: Arc::clone(&self.source),
            date,
            amount,
            bank_ref,
            end_to_end: None,
            transaction_id: None,
            customer: None,
            services: Vec::new(),
            reference: None,
            payer: cells.optional(places.payer),
            payer_iban: cells.optional(places.payer_iban).map(|iban| iban.replace(' ', "").to_uppercase()),
            note: (!note.is_empty()).then_some(note),
            account: "".into(),
            statement: self.statement,
            is_unsplit: false,
        };
        self.sheet.push(line, row);
    }

    /// The sheet, if one of the profiles knew the header.
    pub(super) fn finish(self) -> Option<Sheet<PaymentRow>> {
        let profile = self.found?.profile;
        let mut sheet = self.sheet;
        let frame: Vec<&Vec<String>> = self.head.iter().chain(self.tail.iter().rev()).collect();
        let account: Arc<str> = account(profile, &frame).into();
        sheet.rows = std::mem::take(&mut sheet.rows).filter_map(|mut row| {
            row.value.account = Arc::clone(&account);
            Some(row)
        });
        let mut balances = self.balances;
        balances.opening = told(&frame, &profile.opening, signed);
        balances.closing = told(&frame, &profile.closing, signed);
        if sheet.faults.is_empty()
            && let Err(text) = balances.check(&account)
        {
            let key =
                format!("{account}|{}|{}", sheet.file.rsplit('/').next().unwrap_or_default(), balances.sum);
            sheet.for_people.push((key, text));
        }
        for ((column, word), (count, line)) in self.passed_over {
            let message = format!("`{column}` is `{word}`: not booked, with {} more like it", count - 1);
            sheet.warn(line, message);
        }
        // the earliest day that it says; its movements' newest where it says none
        let day = |text: &str| any_date(profile, text);
        let ends = profile.until.iter().filter_map(|word| told(&frame, std::slice::from_ref(word), day));
        let said = ends.chain(told(&frame, &profile.closing, day)).min();
        if sheet.is_statement {
            sheet.until = said.or(self.newest);
        }
        Some(sheet)
    }
}

/// The profile whose header was found, where its columns stand, and the words of rows that are no movements.
struct Found<'a> {
    profile: &'a Profile,
    places: Places,
    sums: Vec<String>,
    /// The header's cell of the date: some banks repeat the header on every page.
    date: String,
}

impl<'a> Found<'a> {
    fn of(profile: &'a Profile, row: &[String]) -> Option<Self> {
        let places = profile.places(row)?;
        let own = profile.opening.iter().chain(&profile.closing).chain(&profile.until).map(String::as_str);
        let sums = SUMS.into_iter().chain(own).map(folded).collect();
        let date = folded(row.get(places.date)?);
        Some(Self { profile, places, sums, date })
    }

    /// Whether a row begins with the words of a sum or a balance, or is the header again.
    fn sums_up(&self, row: &[String]) -> bool {
        let first =
            row.iter().find(|cell| !cell.trim().is_empty()).map(|cell| folded(cell)).unwrap_or_default();
        self.sums.iter().any(|word| first.starts_with(word))
            || row.get(self.places.date).is_some_and(|cell| folded(cell) == self.date)
    }
}

/// The cells of a row by what they mean.
struct Cells<'a> {
    row: &'a [String],
    places: &'a Places,
}

impl Cells<'_> {
    fn at(&self, place: usize) -> String {
        self.row.get(place).map(|cell| unwrapped(cell)).unwrap_or_default()
    }

    fn optional(&self, place: Option<usize>) -> Option<String> {
        place.map(|place| cleaned(&self.at(place))).filter(|text| !text.is_empty())
    }

    /// What the payer and the bank wrote.
    fn words(&self) -> String {
        let parts = [self.optional(self.places.text), self.optional(self.places.note)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Whether money came in.
    fn way(&self, profile: &Profile, amount: Money) -> Result<bool, String> {
        let Some(place) = self.places.sign else { return Ok(amount >= Money::ZERO) };
        let sign = folded(&self.at(place));
        let is = |list: &[String]| list.iter().any(|word| folded(word) == sign);
        match (is(&profile.credit), is(&profile.debit)) {
            (true, _) if amount < Money::ZERO => {
                Err(format!("`{}` says money in, and the amount is negative", self.at(place)))
            }
            (true, _) => Ok(true),
            (false, true) => Ok(false),
            (false, false) => Err(format!("`{}` says neither money in nor money out", self.at(place))),
        }
    }

    /// The column and word by which the profile's `only` leaves it out.
    fn unwanted(&self, profile: &Profile) -> Option<(String, String)> {
        profile.only.iter().zip(&self.places.only).find_map(|((column, wanted), place)| {
            let word = self.at(*place);
            let is_wanted = wanted.all().iter().any(|wanted| folded(wanted) == folded(&word));
            (!is_wanted).then(|| (column.clone(), word))
        })
    }

    /// Its currency, where that is not euro.
    fn foreign(&self, profile: &Profile) -> Option<String> {
        let own = self.places.currency.map(|place| self.at(place)).filter(|text| !text.is_empty());
        let currency = own.or_else(|| profile.currency.clone())?;
        let is_euro = ["EUR", "€", "ΕΥΡΩ", "EURO"].iter().any(|word| folded(word) == folded(&currency));
        (!is_euro).then_some(currency)
    }
}

/// What a movement is: money that only went out is of interest for its payee alone.
fn kind(profile: &Profile, incoming: bool, words: &str) -> Movement {
    match (profile.payers_only, incoming) {
        (true, _) => Movement::PayerOnly,
        (false, true) => Movement::Incoming,
        (false, false) if takes_back(profile, words) => Movement::TakenBack,
        (false, false) => Movement::PayerOnly,
    }
}

/// Whether the words are those of money that had come in and is taken back.
fn takes_back(profile: &Profile, words: &str) -> bool {
    let words = folded(words);
    profile.reversal.iter().any(|word| words.contains(&folded(word)))
}

#[cfg(test)]
mod tests {
    use super::super::{decoding, profile};
    use super::*;

    fn read(bytes: &[u8]) -> Option<Sheet<PaymentRow>> {
        read_with(bytes, &profile::all(Path::new("x"), None).unwrap())
    }

    fn read_with(bytes: &[u8], profiles: &[Profile]) -> Option<Sheet<PaymentRow>> {
        let path = Path::new("export.csv");
        read_text(path, &decoding::decoded(path, bytes.to_vec()).unwrap(), profiles)
    }

    #[test]
    fn alpha_has_a_preamble_signs_and_letters_that_look_alike() {
        let text = "Λογαριασμός;123\nΠροηγούμενο Υπόλοιπο;1.000,00\n\n\
            Α/Α;Ημερομηνία;Αιτιολογία;Κατάστημα;Τοκισμός από;Αρ. συναλλαγής;Ποσό;Πρόσημο ποσού;\n\
            1;02/03/2025;=\"ΚΑΤΑΘΕΣΗ RF05KONET000001\";099;02/03/2025;=\"TX1\";1.089,92;Π;\n\
            2;02.03.2025;ΕΞΟΔΑ;099;02/03/2025;TX2;5,00;X;\nΣύνολο;;;;;;;;\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1253.encode(text);
        let sheet = read(&bytes).unwrap();
        assert!(sheet.faults.is_empty(), "{:?}", sheet.faults);
        assert_eq!(sheet.rows.len(), 1);
        let row = &sheet.rows.to_vec().unwrap()[0].value;
        assert_eq!((row.amount.cents(), row.bank_ref.as_str(), &*row.account), (108_992, "TX1", "bank:014"));
        assert_eq!(row.note.as_deref(), Some("ΚΑΤΑΘΕΣΗ RF05KONET000001"));
    }

    #[test]
    fn eurobank_has_no_references_and_two_equal_payments_stay_two() {
        let text = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n\
            2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ;124,00;1.124,00\n2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ;124,00;1.248,00\n\
            3/3/2025;3/3/2025;ΠΡΟΜΗΘΕΙΑ;-1,00;1.247,00\nΛογαριασμός;GR...;;;\n";
        let sheet = read(text.as_bytes()).unwrap();
        assert_eq!(sheet.rows.len(), 2);
        // the running balance, which an inserted line changes, is nowhere in what is said of them
        assert_eq!(sheet.rows.to_vec().unwrap()[0].value, sheet.rows.to_vec().unwrap()[1].value);
        assert_eq!(sheet.rows.to_vec().unwrap()[0].value.bank_ref, "");
        // the fee is the newest movement
        assert_eq!(sheet.until, NaiveDate::from_ymd_opt(2025, 3, 3));
    }

    #[test]
    fn our_own_payments_are_no_bank_export() {
        assert!(read(b"date;amount;bank_ref\n2025-03-02;1,00;T\n").is_none());
    }

    #[test]
    fn an_unreadable_amount_is_named_with_its_line() {
        let text =
            "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n2/3/2025;2/3/2025;Χ;abc;1,00\n";
        let sheet = read(text.as_bytes()).unwrap();
        assert_eq!(sheet.faults.len(), 1);
        assert_eq!(sheet.faults[0].line, 2);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_reported_and_the_others_stay() {
        let text = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n\
            2/3/2025;2/3/2025;ΠΡΩΤΗ;124,00;\n\
            ;2/3/2025;ΧΩΡΙΣ ΗΜΕΡΑ;50,00;\n\
            31/2/2025;2/3/2025;ΚΑΚΗ ΗΜΕΡΑ;51,00;\n\
            2/3/25;2/3/2025;ΔΥΟ ΨΗΦΙΑ;52,00;\n\
            2/3/2025;2/3/2025;ΧΩΡΙΣ ΠΟΣΟ;;\n\
            2/3/2025;2/3/2025;ΞΕΝΑ ΨΗΦΙΑ;٥٠,٠٠;\n\
            ;2/3/2025;ΠΡΟΜΗΘΕΙΑ;-3,00;\n\
            2/3/2025;2/3/2025;ΜΗΔΕΝ;0,00;\n\
            2/3/2025;2/3/2025;ΔΕΥΤΕΡΗ;125,00;\n\
            Σύνολο;;;249,00;\nΛογαριασμός;0026.0000.00.0000000000;;;\nΣελίδα 1;;;;\n";
        let sheet = read(text.as_bytes()).unwrap();
        let notes: Vec<_> = sheet.values().filter_map(|row| row.unwrap().note).collect();
        assert_eq!(notes, ["ΠΡΩΤΗ", "ΔΕΥΤΕΡΗ"]);
        let lines: Vec<u64> = sheet.faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7]);
        assert_eq!(sheet.rejected[0].0, ["", "50,00", "ΧΩΡΙΣ ΗΜΕΡΑ"]);
        let warned: Vec<u64> = sheet.warnings.iter().map(|warning| warning.line).collect();
        assert_eq!(warned, [8, 9], "the fee and the zero are told, and refuse nothing: {:?}", sheet.warnings);
    }

    #[test]
    fn a_quotation_mark_that_never_closes_swallows_nobody_s_payment() {
        let rows: String = (1..=9).map(|n| format!("2/3/2025;2/3/2025;ΠΕΛΑΤΗΣ {n};{n},00;\n")).collect();
        let text = format!(
            "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n2/3/2025;2/3/2025;\"ΚΑΦΕ;8,00;\n{rows}"
        );
        let sheet = read(text.as_bytes()).unwrap();
        assert_eq!((sheet.rows.len(), sheet.faults.len()), (9, 1), "{:?}", sheet.faults);
        assert_eq!(sheet.faults[0].line, 2);
        let quoted = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n\
            2/3/2025;2/3/2025;\"ΚΑΦΕ; \"\"ΤΟ ΣΤΕΚΙ\"\"\nΒΟΛΟΣ\";8,00;\n2/3/2025;2/3/2025;=\"Α;Β\";9,00;\n";
        let sheet = read(quoted.as_bytes()).unwrap();
        let notes: Vec<_> = sheet.values().filter_map(|row| row.unwrap().note).collect();
        assert_eq!(notes, ["ΚΑΦΕ; \"ΤΟ ΣΤΕΚΙ\" ΒΟΛΟΣ", "Α;Β"]);
    }

    #[test]
    fn alpha_s_other_header_and_balances_with_a_letter_are_read() {
        let text = "Λογαριασμός;GR1601401250000000012300695\nΠροηγούμενο Υπόλοιπο;148,00 Χ\n\n\
            Α/Α;Ημ/νία;Αιτιολογία;Κατάστημα;Τοκισμός από;Αρ. συναλλαγής;Ποσό;Πρόσημο ποσού;\n\
            1;02/03/2025;=\"ΕΜΒΑΣΜΑ; ΜΕΣΩ\";099;02/03/2025;=\"TX1\";1.296,00;Π;\n\
            Νέο Υπόλοιπο 03/03/2025;1.148,00 Π\n";
        let sheet = read(text.as_bytes()).unwrap();
        assert!(
            sheet.faults.is_empty() && sheet.for_people.is_empty(),
            "{:?} {:?}",
            sheet.faults,
            sheet.for_people
        );
        assert_eq!(sheet.rows.to_vec().unwrap()[0].value.note.as_deref(), Some("ΕΜΒΑΣΜΑ; ΜΕΣΩ"));
        assert_eq!(sheet.until, NaiveDate::from_ymd_opt(2025, 3, 3));
        let less = text.replace("1.148,00 Π", "1.148,00 Χ");
        assert_eq!(read(less.as_bytes()).unwrap().for_people.len(), 1);
    }

    #[test]
    fn the_payers_file_is_read_as_the_bank_writes_it() {
        let text = "Εισερχόμενες εντολές;;;;;;\n\nΑ/Α;Ημ/νία;Τράπεζα οφειλέτη;Επωνυμία εντολέα;Ποσό;Αρ. συναλλαγής;\n\
            1;09/16/2025;PIRBGRAA;=\"ΠΑΠΑΔΟΠΟΥΛΟΣ; ΙΩΑΝΝΗΣ\";EUR 10.100,00;=\"AL1\";\n\
            2;9/17/2025 10:15:00;ETHNGRAA;PAPPA SOFIA;EUR 74,40;AL2;\n3;18/09/2025;X;ΒΗΤΑ;EUR 1,00;AL3;\n\
            4;09/18/2025;X;ΓΑΜΑ;EUR 1,00;;\n5;09/18/2025;X;ΔΕΛΤΑ;USD 1,00;AL5;\nΣύνολο;;;;EUR 10.175,40;;\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1253.encode(text);
        let sheet = read(&bytes).unwrap();
        let rows = sheet.rows.to_vec().unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (row.value.bank_ref.as_str(), row.value.payer.as_deref().unwrap(), row.value.amount.cents())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("AL1", "ΠΑΠΑΔΟΠΟΥΛΟΣ; ΙΩΑΝΝΗΣ", 1_010_000),
                ("AL2", "PAPPA SOFIA", 7_440),
                ("AL3", "ΒΗΤΑ", 100)
            ]
        );
        assert!(sheet.rows.to_vec().unwrap().iter().all(|row| row.value.movement == Movement::PayerOnly));
        assert_eq!((sheet.is_statement, sheet.until), (false, None));
        assert_eq!((sheet.warnings.len(), sheet.faults.len()), (1, 1));
    }

    #[test]
    fn eurobank_without_a_balance_column_is_read() {
        let text = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό\n2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ;124,00\n";
        assert_eq!(read(text.as_bytes()).unwrap().rows.len(), 1);
    }

    #[test]
    fn other_currencies_and_movements_that_are_not_done_are_never_booked_as_euro() {
        let profile = "name = \"Neo\"\ndate_formats = [\"%Y-%m-%d\"]\n[only]\nState = [\"COMPLETED\", \"DONE\"]\n[columns]\n\
            date = \"Date\"\namount = \"Amount\"\ncurrency = \"Currency\"\ntext = \"Text\"\n";
        let text = "Date,Amount,Currency,Text,State\n2025-03-02,10.00,EUR,a,COMPLETED\n2025-03-02,11.00,USD,b,COMPLETED\n\
            2025-03-02,12.00,EUR,c,PENDING\n2025-03-03,13.00,EUR,d,PENDING\n2025-03-03,-14.00,USD,fee,COMPLETED\n\
            2025-03-03,15.00,€,e,Done\n2025-03-03,16.00,,f,DONE\n";
        let sheet = read_with(text.as_bytes(), &[Profile::parse(profile).unwrap()]).unwrap();
        let cents: Vec<i64> =
            sheet.rows.to_vec().unwrap().iter().map(|row| row.value.amount.cents()).collect();
        assert_eq!(cents, [1_000, 1_500, 1_600]);
        let told: Vec<_> = sheet.warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert!(
            told[0].contains("USD") && told[1].contains("`State` is `PENDING`: not booked, with 1 more"),
            "{told:?}"
        );
        let dollars =
            profile.replace("currency = \"Currency\"\n", "").replace("[only]", "currency = \"USD\"\n[only]");
        let sheet = read_with(text.as_bytes(), &[Profile::parse(&dollars).unwrap()]).unwrap();
        assert!(sheet.rows.is_empty() && sheet.warnings.len() >= 4, "{:?}", sheet.warnings);
    }

    #[test]
    fn a_table_cut_in_its_last_line_says_so() {
        let text =
            "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n2/3/2025;2/3/2025;ΕΜΒΑΣΜΑ;124,0";
        assert!(read(text.as_bytes()).unwrap().is_cut);
        assert!(!read(format!("{text}0;\n").as_bytes()).unwrap().is_cut);
    }
}
