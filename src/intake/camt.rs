//! camt.053: a bank's statement as XML, any version, read as a stream. Names are matched without their
//! namespace, so that a bank's version or extension never breaks a file.

use super::payments::{Movement, PaymentRow};
use super::sheet::{IntakeError, Sheet};
use crate::billing::money::Money;
use crate::billing::text::cleaned;
use chrono::NaiveDate;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

/// The format's name in the table of payments.
const SOURCE: &str = "camt.053";

/// One transaction within an entry.
#[derive(Debug, Default, Clone)]
struct Detail {
    amount: Option<Money>,
    bank_ref: Option<String>,
    end_to_end: Option<String>,
    payer: Option<String>,
    payer_iban: Option<String>,
    returned: bool,
    reference: Option<String>,
    note: Vec<String>,
}

/// One entry of a statement.
#[derive(Debug, Default)]
struct Entry {
    amount: Option<Money>,
    currency: String,
    credit: bool,
    reversal: bool,
    status: String,
    booked: Option<NaiveDate>,
    valued: Option<NaiveDate>,
    bank_ref: Option<String>,
    details: Vec<Detail>,
}

/// A balance: its code, its amount with the sign, its day.
#[derive(Debug, Default)]
struct Balance {
    code: String,
    amount: Option<Money>,
    credit: bool,
    day: Option<NaiveDate>,
}

/// One statement while it is read.
#[derive(Debug, Default)]
struct Statement {
    account: Arc<str>,
    opening: Option<Money>,
    closing: Option<Money>,
    moved: Money,
    until: Option<NaiveDate>,
}

/// Reads a statement file.
///
/// # Errors
/// XML that is none, or no camt.053; a document type declaration.
pub(super) fn read(path: &Path, input: impl BufRead) -> Result<Sheet<PaymentRow>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    let mut reader = Reader::from_reader(input);
    let mut sheet = Sheet::of_statement(path);
    let source: Arc<str> = SOURCE.into();
    let mut place: Vec<String> = Vec::new();
    let mut statement = Statement::default();
    let mut entry = Entry::default();
    let mut detail: Option<Detail> = None;
    let mut balance = Balance::default();
    let mut text = String::new();
    let mut statements = 0;
    let mut entries = 0_u64;
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| {
            refuse(format!("it is no sound XML at byte {}: {error}", reader.error_position()))
        })?;
        match event {
            Event::DocType(_) => {
                return Err(refuse("it declares a document type; bank statements have none".to_owned()));
            }
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                text.clear();
                match name.as_str() {
                    "Stmt" => {
                        statement = Statement::default();
                        statements += 1;
                    }
                    "Ntry" => entry = Entry::default(),
                    "TxDtls" => detail = Some(Detail::default()),
                    "Bal" => balance = Balance::default(),
                    "Amt" if place.last().is_some_and(|parent| parent == "Ntry") => {
                        for attribute in start.attributes().flatten() {
                            if attribute.key.local_name().as_ref() == b"Ccy" {
                                entry.currency = String::from_utf8_lossy(&attribute.value).into_owned();
                            }
                        }
                    }
                    _ => {}
                }
                place.push(name);
            }
            Event::Text(part) => {
                let part = part.decode().map_err(|error| refuse(error.to_string()))?;
                text.push_str(&part);
            }
            Event::GeneralRef(reference) => {
                text.push_str(entity(&String::from_utf8_lossy(&reference)).unwrap_or(" "));
            }
            Event::CData(part) => text.push_str(&String::from_utf8_lossy(&part)),
            Event::End(_) => {
                let value = cleaned(&text);
                text.clear();
                let path_here: Vec<&str> = place.iter().map(String::as_str).collect();
                if path_here.contains(&"TxDtls") {
                    if let Some(detail) = &mut detail {
                        take_detail(detail, &path_here, &value);
                    }
                } else if path_here.contains(&"Ntry") {
                    take_entry(&mut entry, &path_here, &value);
                } else if path_here.contains(&"Bal") {
                    take_balance(&mut balance, &path_here, &value);
                } else if let [.., "Acct", "Id", "IBAN"] | [.., "Acct", "Id", "Othr", "Id"] =
                    path_here.as_slice()
                {
                    statement.account = value.replace(' ', "").into();
                }
                let name = place.pop().unwrap_or_default();
                match name.as_str() {
                    "TxDtls" => entry.details.extend(detail.take()),
                    "Bal" => close_balance(&mut statement, &balance),
                    "Ntry" => {
                        entries += 1;
                        book(&mut sheet, &mut statement, &std::mem::take(&mut entry), entries, &source);
                    }
                    "Stmt" => {
                        if let Err(text) = close(&statement) {
                            let key = format!("{}|{:?}", statement.account, statement.until);
                            sheet.for_people.push((key, text));
                        }
                        sheet.until = sheet.until.max(statement.until);
                    }
                    _ => {}
                }
            }
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        buffer.clear();
    }
    if statements == 0 {
        return Err(refuse("it holds no bank statement (camt.053)".to_owned()));
    }
    if !place.is_empty() {
        return Err(refuse("it ends in the middle; download it again".to_owned()));
    }
    Ok(sheet)
}

fn entity(name: &str) -> Option<&'static str> {
    match name {
        "amp" => Some("&"),
        "lt" => Some("<"),
        "gt" => Some(">"),
        "quot" => Some("\""),
        "apos" => Some("'"),
        _ => None,
    }
}

/// Amounts of the format have a dot and up to five decimals; more than two must be zeros.
fn amount(text: &str) -> Option<Money> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let cents = decimals.get(..decimals.len().min(2)).unwrap_or("");
    if decimals.len() > 2 && decimals[2..].bytes().any(|byte| byte != b'0') {
        return None;
    }
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    let euros: i64 = whole.parse().ok()?;
    Some(Money::from_cents(euros.checked_mul(100)?.checked_add(cents)?))
}

fn day(text: &str) -> Option<NaiveDate> {
    text.get(..10)?.parse().ok()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn take_entry(entry: &mut Entry, place: &[&str], value: &str) {
    match place {
        [.., "Ntry", "Amt"] => entry.amount = amount(value),
        [.., "Ntry", "CdtDbtInd"] => entry.credit = value == "CRDT",
        [.., "Ntry", "RvslInd"] => entry.reversal = value == "true" || value == "1",
        [.., "Ntry", "Sts"] if !value.is_empty() => entry.status = value.to_owned(),
        [.., "Ntry", "Sts", "Cd"] => entry.status = value.to_owned(),
        [.., "BookgDt", "Dt" | "DtTm"] => entry.booked = day(value),
        [.., "ValDt", "Dt" | "DtTm"] => entry.valued = day(value),
        [.., "Ntry", "AcctSvcrRef"] => entry.bank_ref = some(value),
        _ => {}
    }
}

fn take_detail(detail: &mut Detail, place: &[&str], value: &str) {
    match place {
        [.., "TxDtls", "Amt"] | [.., "AmtDtls", "TxAmt", "Amt"] => {
            detail.amount = amount(value).or(detail.amount);
        }
        [.., "Refs", "AcctSvcrRef"] => detail.bank_ref = some(value),
        [.., "Refs", "EndToEndId"] => detail.end_to_end = some(value).filter(|id| id != "NOTPROVIDED"),
        [.., "Dbtr", "Nm"] | [.., "Dbtr", "Pty", "Nm"] => detail.payer = some(value),
        [.., "DbtrAcct", "Id", "IBAN"] => detail.payer_iban = some(&value.replace(' ', "")),
        [.., "RtrInf", _] | [.., "RtrInf", "Rsn", _] => detail.returned = true,
        [.., "CdtrRefInf", "Ref"] => detail.reference = some(value),
        [.., "RmtInf", "Ustrd"] | [.., "AddtlTxInf"] => detail.note.extend(some(value)),
        _ => {}
    }
}

fn take_balance(balance: &mut Balance, place: &[&str], value: &str) {
    match place {
        [.., "CdOrPrtry", "Cd"] => balance.code = value.to_owned(),
        [.., "Bal", "Amt"] => balance.amount = amount(value),
        [.., "Bal", "CdtDbtInd"] => balance.credit = value == "CRDT",
        [.., "Dt", "Dt" | "DtTm"] => balance.day = day(value),
        _ => {}
    }
}

fn close_balance(statement: &mut Statement, balance: &Balance) {
    let Some(amount) = balance.amount else { return };
    let amount = if balance.credit { amount } else { -amount };
    match balance.code.as_str() {
        "OPBD" | "PRCD" => statement.opening = statement.opening.or(Some(amount)),
        "CLBD" => {
            statement.closing = Some(amount);
            statement.until = balance.day;
        }
        _ => {}
    }
}

/// Movements must lead from the opening balance to the closing one, where both are given.
fn close(statement: &Statement) -> Result<(), String> {
    let (Some(opening), Some(closing)) = (statement.opening, statement.closing) else { return Ok(()) };
    if opening + statement.moved == closing {
        return Ok(());
    }
    Err(format!(
        "the movements of the statement of {} sum to {}, and its balances go from {opening} to {closing}: \
         something may be missing; compare it with the bank",
        statement.account, statement.moved
    ))
}

fn book(
    sheet: &mut Sheet<PaymentRow>,
    statement: &mut Statement,
    entry: &Entry,
    number: u64,
    source: &Arc<str>,
) {
    if !matches!(entry.status.as_str(), "BOOK" | "") {
        sheet.warn(number, format!("entry {number} is {} and is left for a later statement", entry.status));
        return;
    }
    let Some(amount) = entry.amount else {
        sheet.fail(number, format!("entry {number} has no amount that can be read"));
        return;
    };
    statement.moved += if entry.credit { amount } else { -amount };
    let Some(date) = entry.booked.or(entry.valued) else {
        sheet.fail(number, format!("entry {number} has no date"));
        return;
    };
    if !entry.currency.is_empty() && entry.currency != "EUR" {
        sheet.warn(number, format!("entry {number} is in {}: only euro are booked", entry.currency));
        return;
    }
    let returned = entry.reversal || entry.details.iter().any(|detail| detail.returned);
    let movement = match (entry.credit, returned) {
        (true, false) => Movement::Incoming,
        (false, true) => Movement::TakenBack,
        // what we paid, and what came back of it, is no customer's money
        (true, true) | (false, false) => return,
    };
    if !amount.is_positive() {
        return;
    }
    let one = [Detail::default()];
    let details = if entry.details.is_empty() { &one[..] } else { &entry.details };
    let batch = details.len() > 1;
    if batch && details.iter().filter_map(|detail| detail.amount).sum::<Money>() != amount {
        sheet.fail(number, format!("entry {number} is a batch whose parts do not sum to {amount}"));
        return;
    }
    for (index, detail) in details.iter().enumerate() {
        let part = if batch { detail.amount.unwrap_or(Money::ZERO) } else { amount };
        if !part.is_positive() {
            continue;
        }
        let shared = entry
            .bank_ref
            .as_ref()
            .map(|text| if batch { format!("{text}/{}", index + 1) } else { text.clone() });
        let note = cleaned(&detail.note.join(" "));
        let known = detail.bank_ref.clone().or(shared);
        let bank_ref = known.unwrap_or_else(|| {
            sheet.fingerprint(date, part, &[&note, detail.payer.as_deref().unwrap_or("")])
        });
        sheet.push(
            number,
            PaymentRow {
                movement,
                source: Arc::clone(source),
                date,
                amount: part,
                bank_ref,
                end_to_end: detail.end_to_end.clone(),
                transaction_id: None,
                customer: None,
                services: Vec::new(),
                reference: detail.reference.clone().or_else(|| detail.end_to_end.clone()),
                payer: detail.payer.clone(),
                payer_iban: detail.payer_iban.clone(),
                note: some(&note),
                account: Arc::clone(&statement.account),
                statement: 0,
                is_unsplit: false,
            },
        );
    }
}

#[cfg(test)]
mod tests {
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
        let row = &sheet.rows[0].value;
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
            sheet.rows.iter().map(|row| (row.value.amount.cents(), row.value.bank_ref.as_str())).collect();
        assert_eq!(amounts, [(6_000, "R-100.00/1"), (4_000, "R-100.00/2")]);
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
        let rows: Vec<_> =
            sheet.rows.iter().map(|row| (row.value.movement, row.value.amount.cents())).collect();
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
        let row = &sheet.rows[0].value;
        assert_eq!((row.movement, row.amount.cents()), (Movement::TakenBack, 2_400));
        assert_eq!(row.reference.as_deref(), Some("RF13KONET2026000123"));
    }
}
