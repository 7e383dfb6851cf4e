//! camt.053, .052 and .054: a bank's statement as XML, any version, read as a stream. Names are matched without
//! their namespace, so that a bank's version or extension never breaks a file.

use super::cells::CELL_MAX;
use super::decoding::{Transcoded, of_xml};
use super::entries::{Entry, Part, Statement, Ways, book};
use super::error::IntakeError;
use super::payments::PaymentRow;
use super::sheet::Sheet;
use crate::billing::money::Money;
use crate::billing::text::cleaned;
use chrono::{Datelike, NaiveDate};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

/// The name of all three in the table of payments: an interim report brings the same money as the later statement.
pub(super) const SOURCE: &str = "camt.053";

/// No statement is nested deeper; what is, was made to do harm.
const DEPTH_MAX: usize = 64;

/// Nobody writes more than this into one element.
const TEXT_MAX: usize = 2 * CELL_MAX;

/// A balance: its code, its amount with the sign, its day.
#[derive(Debug, Default)]
struct Balance {
    code: String,
    amount: Option<Money>,
    in_euro: bool,
    credit: bool,
    day: Option<NaiveDate>,
}

/// All that is known while a file is read.
struct Reading {
    sheet: Sheet<PaymentRow>,
    source: Arc<str>,
    statement: Statement,
    statements: u32,
    entries: u64,
    entry: Entry,
    part: Option<Part>,
    balance: Balance,
    currency: String,
}

impl Reading {
    fn of(path: &Path) -> Self {
        Self {
            sheet: Sheet::of_statement(path),
            source: SOURCE.into(),
            statement: Statement::default(),
            statements: 0,
            entries: 0,
            entry: Entry::default(),
            part: None,
            balance: Balance::default(),
            currency: String::new(),
        }
    }
}

/// Reads a statement file.
///
/// # Errors
/// XML that is none, or no statement; a document type declaration; XML that is nested too deep.
pub(super) fn read(path: &Path, mut input: impl BufRead) -> Result<Sheet<PaymentRow>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
    let encoding = of_xml(input.fill_buf().map_err(unreadable)?);
    let mut reader = Reader::from_reader(std::io::BufReader::new(Transcoded::new(input, encoding)));
    reader.config_mut().expand_empty_elements = true;
    let mut reading = Reading::of(path);
    let mut place: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| {
            let at = reader.error_position();
            refuse(format!("it is no sound XML at byte {at}: {error}; download it again"))
        })?;
        match event {
            Event::DocType(_) => {
                return Err(refuse("it declares a document type; bank statements have none".to_owned()));
            }
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                text.clear();
                if matches!(name.as_str(), "Amt" | "TtlChrgsAndTaxAmt") {
                    reading.currency = currency_of(&start);
                }
                reading.begin(&name);
                place.push(name);
                if place.len() > DEPTH_MAX {
                    return Err(refuse(format!("it is nested deeper than {DEPTH_MAX} elements")));
                }
            }
            Event::Text(part) => add(&mut text, &part),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(letter)) => add(&mut text, letter.encode_utf8(&mut [0; 4])),
                Ok(None) | Err(_) => add(&mut text, entity(&reference)),
            },
            Event::CData(part) => add(&mut text, &part),
            Event::End(_) => {
                let value = cleaned(&text);
                text.clear();
                let here: Vec<&str> = place.iter().map(String::as_str).collect();
                reading.take(&here, &value);
                let name = place.pop().unwrap_or_default();
                reading.end(&name);
            }
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        buffer.clear();
    }
    if !place.is_empty() {
        return Err(refuse("it ends in the middle; download it again".to_owned()));
    }
    if reading.statements == 0 {
        let what = "it holds no bank statement (camt.053, .052 or .054)";
        return Err(refuse(format!("{what}; download the account's movements as camt.053, CSV or Excel")));
    }
    Ok(reading.sheet)
}

/// The currency of an amount; empty, where it names none.
fn currency_of(amount: &BytesStart<'_>) -> String {
    // the checks for doubles would make many attributes slow
    let mut attributes = amount.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let currency = attributes.find(|attribute| attribute.key.local_name().as_ref() == "Ccy");
    currency.map(|found| found.value.trim().to_owned()).unwrap_or_default()
}

/// Adds to an element's text what a sound one may have.
fn add(text: &mut String, part: &str) {
    let room = TEXT_MAX.saturating_sub(text.len());
    if part.len() <= room {
        text.push_str(part);
    } else {
        text.extend(part.chars().take(room / 4));
    }
}

fn entity(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => " ",
    }
}

/// The day of a date or moment, in a year that makes sense.
fn day(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.get(..10)?.parse().ok()?;
    (1990..=2100).contains(&date.year()).then_some(date)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Reading {
    fn begin(&mut self, name: &str) {
        match name {
            "Stmt" | "Rpt" | "Ntfctn" => {
                self.statement = Statement { index: self.statements, ..Statement::default() };
                self.statements += 1;
            }
            "Ntry" => {
                self.entries += 1;
                self.entry = Entry { number: self.entries, ..Entry::default() };
            }
            "TxDtls" => self.part = Some(Part::default()),
            "Bal" => self.balance = Balance::default(),
            _ => {}
        }
    }

    /// An element's text goes where it belongs.
    fn take(&mut self, here: &[&str], value: &str) {
        let currency = &self.currency;
        if let (Some(part), Some(at)) = (&mut self.part, position(here, "TxDtls")) {
            take_part(part, &here[at..], value, currency);
        } else if let Some(at) = position(here, "Ntry") {
            take_entry(&mut self.entry, &here[at..], value, currency);
        } else if let Some(at) = position(here, "Bal") {
            take_balance(&mut self.balance, &here[at..], value, currency);
        } else if let Some(at) = here.iter().position(|name| matches!(*name, "Stmt" | "Rpt" | "Ntfctn")) {
            take_statement(&mut self.statement, &here[at + 1..], value);
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "TxDtls" => self.entry.parts.extend(self.part.take()),
            "Bal" => close_balance(&mut self.statement, &self.balance),
            "Ntry" => {
                let entry = std::mem::take(&mut self.entry);
                if entry.day().is_none() {
                    self.statement.undated.push(entry);
                } else {
                    book(&mut self.sheet, &mut self.statement, &entry, &self.source);
                }
            }
            "Stmt" | "Rpt" | "Ntfctn" => self.close(),
            _ => {}
        }
    }

    fn close(&mut self) {
        let day = self.statement.balanced.or(self.statement.to);
        for mut entry in std::mem::take(&mut self.statement.undated) {
            entry.valued = day;
            book(&mut self.sheet, &mut self.statement, &entry, &self.source);
        }
        let statement = &self.statement;
        if let Err(text) = balance(statement) {
            let key = format!("{}|{:?}", statement.account, statement.until());
            self.sheet.for_people.push((key, text));
        }
        self.sheet.until = self.sheet.until.max(statement.until());
    }
}

fn position(here: &[&str], name: &str) -> Option<usize> {
    here.iter().position(|element| *element == name)
}

fn take_statement(statement: &mut Statement, place: &[&str], value: &str) {
    match place {
        ["Acct", "Id", "IBAN"] => statement.account = value.replace(' ', "").to_uppercase().into(),
        ["Acct", "Id", "Othr", "Id"] if statement.account.is_empty() => {
            statement.account = value.replace(' ', "").into();
        }
        ["Acct", "Ccy"] => value.clone_into(&mut statement.currency),
        ["FrToDt", "ToDtTm" | "ToDt"] | ["FrToDt", "ToDt", _] if !value.is_empty() => {
            statement.to = day(value);
        }
        _ => {}
    }
}

fn take_entry(entry: &mut Entry, place: &[&str], value: &str, currency: &str) {
    match place {
        ["Ntry", "Amt"] => {
            entry.amount = Money::parse_decimal(value);
            currency.clone_into(&mut entry.currency);
            value.clone_into(&mut entry.written);
        }
        ["Ntry", "CdtDbtInd"] => entry.way = Ways::of(value),
        ["Ntry", "RvslInd"] => entry.is_reversal = is_true(value),
        ["Ntry", "Sts"] | ["Ntry", "Sts", _] if !value.is_empty() => value.clone_into(&mut entry.status),
        ["Ntry", "BookgDt", _] => entry.booked = day(value),
        ["Ntry", "ValDt", _] => entry.valued = day(value),
        ["Ntry", "AcctSvcrRef"] => entry.bank_ref = some(value),
        ["Ntry", "NtryRef"] => entry.entry_ref = some(value),
        ["Ntry", "AddtlNtryInf"] => entry.words.extend(some(value)),
        ["Ntry", "Chrgs", rest @ ..] => entry.charges.take(rest, value, currency),
        ["Ntry", "NtryDtls", "Btch", "NbOfTxs"] => {
            entry.batch += value.parse::<u32>().unwrap_or(0).min(1_000_000);
        }
        _ => {}
    }
}

fn is_true(value: &str) -> bool {
    value == "true" || value == "1"
}

fn take_part(part: &mut Part, place: &[&str], value: &str, currency: &str) {
    let euro = |value: &str| if matches!(currency, "" | "EUR") { Money::parse_decimal(value) } else { None };
    match place {
        ["TxDtls", "Amt"] => part.amounts[0] = euro(value),
        [_, "AmtDtls", "TxAmt", "Amt"] => part.amounts[1] = euro(value),
        [_, "AmtDtls", "CntrValAmt", "Amt"] => part.amounts[2] = euro(value),
        [_, "AmtDtls", "InstdAmt", "Amt"] => part.amounts[3] = euro(value),
        ["TxDtls", "CdtDbtInd"] => part.way = Ways::of(value),
        [_, "Chrgs", rest @ ..] => part.charges.take(rest, value, currency),
        [_, "Refs", "AcctSvcrRef"] => part.bank_ref = some(value),
        [_, "Refs", "EndToEndId"] => part.end_to_end = some(value),
        [_, "Refs", "TxId"] => part.ids[0] = some(value),
        [_, "Refs", "InstrId"] => part.ids[1] = some(value),
        [_, "Refs", "UETR"] => part.ids[2] = some(value),
        [_, "Refs", "ClrSysRef"] => part.ids[3] = some(value),
        [_, "Refs", "ChqNb"] => part.ids[4] = some(value),
        [_, "RltdPties", "Dbtr", "Nm"] | [_, "RltdPties", "Dbtr", "Pty", "Nm"] => part.debtor = some(value),
        [_, "RltdPties", "UltmtDbtr", "Nm"] | [_, "RltdPties", "UltmtDbtr", "Pty", "Nm"] => {
            part.ultimate_debtor = some(value);
        }
        [_, "RltdPties", "Cdtr", "Nm"] | [_, "RltdPties", "Cdtr", "Pty", "Nm"] => part.creditor = some(value),
        [_, "RltdPties", "DbtrAcct", "Id", rest @ ..] => account(&mut part.debtor_account, rest, value),
        [_, "RltdPties", "CdtrAcct", "Id", rest @ ..] => account(&mut part.creditor_account, rest, value),
        [_, "RtrInf"] => part.is_returned = true,
        [_, "RmtInf", "Strd", "CdtrRefInf", "Ref"] => part.references.extend(some(value)),
        [_, "RmtInf", "Ustrd"]
        | [_, "AddtlTxInf"]
        | [_, "RmtInf", "Strd", "AddtlRmtInf"]
        | [_, "RmtInf", "Strd", "RfrdDocInf", "Nb"] => part.words.extend(some(value)),
        _ => {}
    }
}

/// An IBAN, or else another number of the account.
fn account(known: &mut Option<String>, place: &[&str], value: &str) {
    match place {
        ["IBAN"] => *known = some(&value.replace(' ', "").to_uppercase()),
        ["Othr", "Id"] if known.is_none() => *known = some(&value.replace(' ', "")),
        _ => {}
    }
}

fn take_balance(balance: &mut Balance, place: &[&str], value: &str, currency: &str) {
    match place {
        ["Bal", "Tp", "CdOrPrtry", "Cd"] | ["Bal", "Tp", "Cd"] => value.clone_into(&mut balance.code),
        ["Bal", "Amt"] => {
            balance.amount = Money::parse_decimal(value);
            balance.in_euro = matches!(currency, "" | "EUR");
        }
        ["Bal", "CdtDbtInd"] => balance.credit = value == "CRDT",
        ["Bal", "Dt", "Dt" | "DtTm"] => balance.day = day(value),
        _ => {}
    }
}

fn close_balance(statement: &mut Statement, balance: &Balance) {
    let amount = balance.amount.filter(|_| balance.in_euro);
    let amount = amount.map(|amount| if balance.credit { amount } else { -amount });
    match balance.code.as_str() {
        "OPBD" => statement.opening = amount.or(statement.opening),
        "PRCD" => statement.opening = statement.opening.or(amount),
        "CLBD" => {
            statement.closing = amount.or(statement.closing);
            statement.balanced = balance.day.or(statement.balanced);
        }
        "CLAV" | "ITBD" | "ITAV" => statement.balanced = statement.balanced.or(balance.day),
        _ => {}
    }
}

/// Movements must lead from the opening balance to the closing one, where both are given.
fn balance(statement: &Statement) -> Result<(), String> {
    let (Some(opening), Some(closing)) = (statement.opening, statement.closing) else { return Ok(()) };
    if statement.is_unsure || opening + statement.moved == closing {
        return Ok(());
    }
    Err(format!(
        "the movements of the statement of {} sum to {}, and its balances go from {opening} to {closing}: \
         something may be missing; compare it with the bank",
        statement.account, statement.moved
    ))
}

#[cfg(test)]
mod tests {
    use super::super::payments::Movement;
    use super::*;

    fn file(entries: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
             <Stmt><Acct><Id><IBAN>GR1601101250000000012300695</IBAN></Id></Acct>\
             <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>\
             <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">200.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
             <Dt><Dt>2025-03-02</Dt></Dt></Bal>{entries}</Stmt></BkToCstmrStmt></Document>"
        )
    }

    fn entry(amount: &str, kind: &str, more: &str) -> String {
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{kind}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>2025-03-02</Dt></BookgDt><AcctSvcrRef>R-{amount}</AcctSvcrRef>{more}</Ntry>"
        )
    }

    fn sheet(xml: &str) -> Result<Sheet<PaymentRow>, IntakeError> {
        read(Path::new("s.xml"), xml.as_bytes())
    }

    #[test]
    fn takes_credits_with_their_payer_and_both_kinds_of_reference() {
        let detail = "<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Α &amp; Β</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>GR96 \
            0810 0010 0000 0123 4567 890</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>ΠΛΗΡΩΜΗ</Ustrd><Strd>\
            <CdtrRefInf><Ref>RF13KONET2026000123</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls>";
        let xml = file(&(entry("124.00", "CRDT", detail) + &entry("24.00", "DBIT", "")));
        let sheet = sheet(&xml).unwrap();
        assert_eq!(sheet.rows.len(), 1);
        let row = &sheet.rows.to_vec().unwrap()[0].value;
        assert_eq!(row.payer.as_deref(), Some("Α & Β"));
        assert_eq!(row.reference.as_deref(), Some("RF13KONET2026000123"));
        assert_eq!(row.payer_iban.as_deref(), Some("GR9608100010000001234567890"));
        assert_eq!((row.bank_ref.as_str(), row.amount.cents()), ("R-124.00", 12_400));
        assert_eq!(sheet.until, NaiveDate::from_ymd_opt(2025, 3, 2));
    }

    #[test]
    fn a_batch_falls_into_its_parts() {
        let part = |cents: &str| format!("<TxDtls><Amt Ccy=\"EUR\">{cents}</Amt></TxDtls>");
        let details = format!("<NtryDtls>{}{}</NtryDtls>", part("60.00000"), part("40.00"));
        let sheet = sheet(&file(&entry("100.00", "CRDT", &details))).unwrap();
        let amounts: Vec<_> =
            sheet.values().map(Result::unwrap).map(|row| (row.amount.cents(), row.bank_ref)).collect();
        // the entry's reference is theirs together: a place in the batch would make it another one
        assert_eq!(amounts, [(6_000, "R-100.00".to_owned()), (4_000, "R-100.00".to_owned())]);
    }

    #[test]
    fn refuses_what_is_broken_or_no_statement() {
        for (xml, part) in [
            (file(&entry("100.00", "CRDT", "")).replace("</Document>", ""), "ends in the middle"),
            ("<a/>".to_owned(), "no bank statement"),
            ("<!DOCTYPE x [<!ENTITY a \"b\">]><Document/>".to_owned(), "document type"),
            ("<Document><a></b></Document>".to_owned(), "no sound XML"),
        ] {
            let error = sheet(&xml).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    /// What is booked: the way, cents, and who.
    fn booked(sheet: &Sheet<PaymentRow>) -> Vec<(Movement, i64, String)> {
        let row = |row: &super::super::Row<PaymentRow>| {
            (row.value.movement, row.value.amount.cents(), row.value.payer.clone().unwrap_or_default())
        };
        sheet.rows.to_vec().unwrap().iter().map(row).collect()
    }

    fn part(amounts: &str, payer: &str, more: &str) -> String {
        format!(
            "<TxDtls>{amounts}<RltdPties><Dbtr><Nm>{payer}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>λόγος {payer}</Ustrd>\
             </RmtInf>{more}</TxDtls>"
        )
    }

    fn amt(cents: &str) -> String {
        format!("<Amt Ccy=\"EUR\">{cents}</Amt>")
    }

    #[test]
    fn the_parts_of_a_batch_are_found_wherever_the_bank_writes_their_amounts() {
        let instructed = |cents: &str| format!("<AmtDtls><InstdAmt>{}</InstdAmt></AmtDtls>", amt(cents));
        let transaction = |cents: &str| {
            format!(
                "{}<AmtDtls><InstdAmt>{}</InstdAmt><TxAmt>{}</TxAmt></AmtDtls>",
                "<Amt Ccy=\"SEK\">0</Amt>",
                amt("99.99"),
                amt(cents)
            )
        };
        for (one, two) in [
            (amt("60.00"), amt("40.00")),
            (instructed("60.00"), instructed("40.00")),
            (transaction("60.00"), transaction("40.00")),
            (amt("60.00"), instructed("40.00")),
        ] {
            let details = format!("<NtryDtls>{}{}</NtryDtls>", part(&one, "Α", ""), part(&two, "Β", ""));
            let sheet = sheet(&file(&entry("100.00", "CRDT", &details))).unwrap();
            let expected =
                [(Movement::Incoming, 6_000, "Α".to_owned()), (Movement::Incoming, 4_000, "Β".to_owned())];
            assert_eq!(booked(&sheet), expected, "{one}");
            assert!(sheet.warnings.is_empty() && sheet.faults.is_empty());
        }
    }

    #[test]
    fn whoever_paid_through_a_terminal_has_paid_in_full_though_the_bank_kept_its_charges() {
        let charges = format!("<Chrgs><Rcrd>{}</Rcrd></Chrgs>", amt("2.00"));
        let own = format!("<Chrgs>{}</Chrgs>", amt("1.00"));
        let plain =
            format!("<NtryDtls>{}{}</NtryDtls>", part(&amt("60.00"), "Α", ""), part(&amt("40.00"), "Β", ""));
        let each = format!(
            "<NtryDtls>{}{}</NtryDtls>",
            part(&amt("60.00"), "Α", &own),
            part(&amt("40.00"), "Β", &own)
        );
        for details in [charges + &plain, each] {
            let sheet = sheet(&file(&entry("98.00", "CRDT", &details))).unwrap();
            let cents: Vec<i64> =
                sheet.rows.to_vec().unwrap().iter().map(|row| row.value.amount.cents()).collect();
            assert_eq!(cents, [6_000, 4_000]);
            assert!(sheet.warnings[0].message.contains("kept 2,00"), "{:?}", sheet.warnings);
        }
    }

    #[test]
    fn a_batch_that_says_nothing_of_its_parts_is_one_movement_for_a_person() {
        let silent = format!("<NtryDtls>{}{}</NtryDtls>", part("", "ΒΗΤΑ", ""), part("", "ΑΛΦΑ", ""));
        let turned = format!("<NtryDtls>{}{}</NtryDtls>", part("", "ΑΛΦΑ", ""), part("", "ΒΗΤΑ", ""));
        let wrong = format!(
            "<NtryDtls>{}{}</NtryDtls>",
            part(&amt("1.00"), "ΒΗΤΑ", ""),
            part(&amt("2.00"), "ΑΛΦΑ", "")
        );
        let mut notes = Vec::new();
        for details in [&silent, &turned, &wrong] {
            let sheet = sheet(&file(&entry("100.00", "CRDT", details))).unwrap();
            assert_eq!(booked(&sheet), [(Movement::Incoming, 10_000, String::new())]);
            let row = &sheet.rows.to_vec().unwrap()[0].value;
            assert!(row.is_unsplit && row.reference.is_none() && row.bank_ref == "R-100.00");
            assert_eq!((sheet.warnings.len(), sheet.faults.len()), (1, 0));
            notes.push(row.note.clone().unwrap());
        }
        assert_eq!(notes[0], "ΑΛΦΑ λόγος ΑΛΦΑ ΒΗΤΑ λόγος ΒΗΤΑ");
        // the order of the parts is a place in the file
        assert_eq!(notes[0], notes[1]);
        let summed = "<NtryDtls><Btch><NbOfTxs>3</NbOfTxs></Btch></NtryDtls>";
        let sheet = sheet(&file(&entry("100.00", "CRDT", summed))).unwrap();
        assert!(sheet.rows.to_vec().unwrap()[0].value.is_unsplit);
    }

    #[test]
    fn one_returned_part_does_not_lose_what_the_others_paid() {
        let parts = |returned: &str, way: &str| {
            let one = |number: usize| {
                let more = if number == 7 { returned } else { "" };
                let way = if number == 7 { way } else { "" };
                part(&format!("{}{way}", amt("1.00")), &format!("Π{number}"), more)
            };
            format!("<NtryDtls>{}</NtryDtls>", (0..100).map(one).collect::<String>())
        };
        let returned = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>";
        // our own money that came back among them: told, and no customer's
        let among = sheet(&file(&entry("100.00", "CRDT", &parts(returned, "")))).unwrap();
        assert_eq!((among.rows.len(), among.warnings.len(), among.faults.len()), (99, 1, 0));
        // a payment taken back, and the bank books the difference
        for way in ["<CdtDbtInd>DBIT</CdtDbtInd>", ""] {
            let less = sheet(&file(&entry("98.00", "CRDT", &parts(returned, way)))).unwrap();
            let back: Vec<_> =
                booked(&less).into_iter().filter(|(way, ..)| *way == Movement::TakenBack).collect();
            assert_eq!((less.rows.len(), back), (100, vec![(Movement::TakenBack, 100, "Π7".to_owned())]));
        }
    }

    #[test]
    fn a_debit_or_fee_without_date_or_amount_refuses_nobody_s_payment() {
        let dateless =
            |kind: &str| entry("5.00", kind, "").replace("<BookgDt><Dt>2025-03-02</Dt></BookgDt>", "");
        let unread = entry("x", "DBIT", "");
        let xml = file(&(dateless("DBIT") + &unread + &entry("105.00", "CRDT", "")));
        let without = xml.replace("<Dt><Dt>2025-03-02</Dt></Dt>", "");
        let sheet_of = sheet(&without).unwrap();
        assert_eq!((sheet_of.rows.len(), sheet_of.faults.len(), sheet_of.warnings.len()), (1, 0, 2));
        // money in without a date takes the balance's, and where there is none it is a fault beside the others
        let xml = file(&(dateless("CRDT") + &entry("95.00", "CRDT", "")));
        let dated = sheet(&xml).unwrap();
        assert_eq!((dated.rows.len(), dated.faults.len()), (2, 0));
        assert!(
            dated
                .rows
                .to_vec()
                .unwrap()
                .iter()
                .all(|row| Some(row.value.date) == NaiveDate::from_ymd_opt(2025, 3, 2))
        );
        let bare = sheet(&xml.replace("<Dt><Dt>2025-03-02</Dt></Dt>", "")).unwrap();
        assert_eq!((bare.rows.len(), bare.faults.len()), (1, 1));
        assert_eq!(bare.rejected[0].0[1], "5.00");
        assert!(bare.for_people.is_empty(), "what is missing is said already: {:?}", bare.for_people);
    }

    #[test]
    fn nothing_that_came_in_is_left_out_without_a_line_that_says_so() {
        let dollars = entry("7.00", "CRDT", "").replace("EUR", "USD");
        let own_code = entry("8.00", "CRDT", "").replace("<Cd>BOOK</Cd>", "<Prtry>PENDING</Prtry>");
        let older = entry("9.00", "CRDT", "").replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>PENDING</Sts>");
        let nothing = entry("0.00", "CRDT", "");
        let back = entry("3.00", "CRDT", "<RvslInd>true</RvslInd>");
        let unread = entry("1.0€0", "CRDT", "<AddtlNtryInf>ΠΑΠΠΑ</AddtlNtryInf>");
        let entries = [dollars, own_code, older, nothing, back, unread].concat();
        let sheet = sheet(&file(&entries)).unwrap();
        assert_eq!((sheet.rows.len(), sheet.warnings.len(), sheet.faults.len()), (0, 5, 1));
        for (warning, word) in
            sheet.warnings.iter().zip(["USD", "PENDING", "PENDING", "no amount", "came back"])
        {
            assert!(warning.message.contains(word), "{warning}");
        }
        assert_eq!(sheet.rejected[0].0, ["2025-03-02", "1.0€0", "ΠΑΠΠΑ"]);
    }

    #[test]
    fn every_word_and_every_reference_of_the_payer_is_kept() {
        let details = "<AddtlNtryInf>ΤΕΛΟΣ &#928;&#x391;</AddtlNtryInf><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId>\
            <InstrId>I-7</InstrId></Refs><RltdPties><Dbtr><Nm>&#928;&#913;&#928;&#928;&#913;</Nm></Dbtr></RltdPties><RmtInf>\
            <Ustrd>ΕΝΑ</Ustrd><Ustrd>ΔΥΟ</Ustrd><Strd><CdtrRefInf><Ref>RF741</Ref></CdtrRefInf><CdtrRefInf><Ref>RF712348231\
            </Ref></CdtrRefInf><AddtlRmtInf>ΤΡΙΑ</AddtlRmtInf></Strd></RmtInf><AddtlTxInf>ΔΥΟ</AddtlTxInf></TxDtls></NtryDtls>";
        let sheet = sheet(&file(&entry("100.00", "CRDT", details))).unwrap();
        let row = &sheet.rows.to_vec().unwrap()[0].value;
        assert_eq!(row.payer.as_deref(), Some("ΠΑΠΠΑ"));
        assert_eq!(row.note.as_deref(), Some("ΕΝΑ ΔΥΟ ΤΡΙΑ RF712348231 ΤΕΛΟΣ ΠΑ"));
        assert_eq!(row.reference.as_deref(), Some("RF741"));
        assert_eq!((row.end_to_end.as_deref(), row.transaction_id.as_deref()), (None, Some("I-7")));
    }

    #[test]
    fn a_counter_is_no_reference_and_a_placeholder_gives_way_to_a_real_one() {
        let bare = entry("100.00", "CRDT", "").replace("<AcctSvcrRef>R-100.00</AcctSvcrRef>", "REF");
        for (given, expected) in [
            ("<NtryRef>3</NtryRef>", ""),
            ("<NtryRef>0000000042</NtryRef>", ""),
            ("<NtryRef>CH700033323323241701E</NtryRef>", "CH700033323323241701E"),
            ("<NtryRef>N-1</NtryRef><AcctSvcrRef>NONREF</AcctSvcrRef>", "N-1"),
            ("<NtryRef>3</NtryRef><AcctSvcrRef>NONREF</AcctSvcrRef>", "NONREF"),
            ("<NtryRef>N-1</NtryRef><AcctSvcrRef>A-1</AcctSvcrRef>", "A-1"),
            (
                "<AcctSvcrRef>A-1</AcctSvcrRef><NtryDtls><TxDtls><Refs><AcctSvcrRef>D-1</AcctSvcrRef></Refs></TxDtls></NtryDtls>",
                "D-1",
            ),
        ] {
            let sheet = sheet(&file(&bare.replace("REF", given))).unwrap();
            assert_eq!(sheet.rows.to_vec().unwrap()[0].value.bank_ref, expected, "{given}");
        }
    }

    #[test]
    fn a_statement_says_up_to_which_day_the_bank_is_known() {
        let fee = entry("1.00", "DBIT", "").replace("2025-03-02", "2025-02-27");
        let undated = file(&fee).replace("<Dt><Dt>2025-03-02</Dt></Dt>", "");
        let period = undated.replace(
            "<Acct>",
            "<FrToDt><FrDtTm>2025-02-01T00:00:00</FrDtTm><ToDtTm>2025-02-28T23:59:59</ToDtTm></FrToDt><Acct>",
        );
        let empty = file("").replace("<Dt><Dt>2025-03-02</Dt></Dt>", "");
        for (xml, day) in [
            (file(&fee), Some((2025, 3, 2))),
            (period, Some((2025, 2, 28))),
            (undated, Some((2025, 2, 27))),
            (empty, None),
        ] {
            let day = day.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day));
            assert_eq!(sheet(&xml).unwrap().until, day, "{xml}");
        }
    }

    #[test]
    fn interim_reports_and_notifications_are_the_same_money_in_any_namespace() {
        let statement = file(&entry("100.00", "CRDT", ""));
        let report = statement.replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>");
        let notice = statement.replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn").replace("Stmt>", "Ntfctn>");
        let prefixed = statement
            .replace("</", "</ns2:")
            .replace('<', "<ns2:")
            .replace("<ns2:/ns2:", "</ns2:")
            .replace("<ns2:?xml", "<?xml")
            .replace("xmlns=", "xmlns:ns2=");
        let one = sheet(&statement).unwrap().rows.to_vec().unwrap().remove(0).value;
        for xml in [report, notice, prefixed] {
            let sheet = sheet(&xml).unwrap();
            assert_eq!(sheet.rows.to_vec().unwrap()[0].value, one, "{xml}");
        }
    }

    #[test]
    fn two_statements_of_a_file_are_counted_apart() {
        let one = file(&entry("100.00", "CRDT", ""));
        let from = one.find("<Stmt>").unwrap();
        let to = one.find("</BkToCstmrStmt>").unwrap();
        let two = format!(
            "{}{}{}",
            &one[..to],
            one[from..to].replace("GR1601101250000000012300695", "DE1"),
            &one[to..]
        );
        let sheet = sheet(&two).unwrap();
        let places: Vec<_> =
            sheet.values().map(Result::unwrap).map(|row| (row.statement, row.account.to_string())).collect();
        assert_eq!(places, [(0, "GR1601101250000000012300695".to_owned()), (1, "DE1".to_owned())]);
    }

    #[test]
    fn xml_made_to_do_harm_is_refused_or_read_in_no_time() {
        let deep = "<a>".repeat(100_000);
        let error = sheet(&deep).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("nested deeper"), "{error}");
        let attributes: String = (0..50_000).map(|number| format!(" a{number}=\"1\"")).collect();
        let xml = file(&entry("100.00", "CRDT", "")).replace("<Amt Ccy", &format!("<Amt{attributes} Ccy"));
        let began = std::time::Instant::now();
        assert_eq!(sheet(&xml).unwrap().rows.len(), 1);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
        let long =
            file(&entry("100.00", "CRDT", &format!("<AddtlNtryInf>{}</AddtlNtryInf>", "Ω".repeat(1 << 20))));
        assert!(
            sheet(&long).unwrap().rows.to_vec().unwrap()[0]
                .value
                .note
                .as_ref()
                .is_none_or(|note| note.len() <= CELL_MAX)
        );
    }

    #[test]
    fn balances_that_the_movements_contradict_are_for_people() {
        assert!(sheet(&file(&entry("100.00", "CRDT", ""))).unwrap().for_people.is_empty());
        let sheet = sheet(&file(&entry("99.00", "CRDT", ""))).unwrap();
        assert_eq!((sheet.rows.len(), sheet.for_people.len()), (1, 1));
        assert!(sheet.for_people[0].1.contains("something may be missing"));
    }

    #[test]
    fn pending_entries_wait_and_reversals_are_money_taken_back() {
        let pending = entry("50.00", "CRDT", "").replace("<Cd>BOOK", "<Cd>PDNG");
        let reversal = entry("20.00", "DBIT", "<RvslInd>true</RvslInd>");
        let xml = file(&(pending + &reversal + &entry("120.00", "CRDT", "")));
        let sheet = sheet(&xml).unwrap();
        let rows: Vec<_> = sheet
            .rows
            .to_vec()
            .unwrap()
            .iter()
            .map(|row| (row.value.movement, row.value.amount.cents()))
            .collect();
        assert_eq!(rows, [(Movement::TakenBack, 2_000), (Movement::Incoming, 12_000)]);
        assert_eq!((sheet.warnings.len(), sheet.for_people.len()), (1, 0));
    }

    #[test]
    fn a_returned_transfer_is_money_taken_back_and_our_own_payments_are_nobodys() {
        let returned = "<NtryDtls><TxDtls><Refs><EndToEndId>RF13KONET2026000123</EndToEndId></Refs><RtrInf><Rsn><Cd>\
            AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls>";
        let ours_back = entry("30.00", "CRDT", "<RvslInd>true</RvslInd>");
        let xml = file(&(entry("24.00", "DBIT", returned) + &entry("5.00", "DBIT", "") + &ours_back));
        let sheet = sheet(&xml).unwrap();
        assert_eq!(sheet.rows.len(), 1);
        let row = &sheet.rows.to_vec().unwrap()[0].value;
        assert_eq!((row.movement, row.amount.cents()), (Movement::TakenBack, 2_400));
        assert_eq!(row.reference.as_deref(), Some("RF13KONET2026000123"));
    }
}
