//! An entry of a bank's statement as movements: what is a customer's money, what is not, and what only a person can tell.

use super::cells::CELL_MAX;
use super::charges::Charges;
use super::payments::{Movement, PaymentRow};
use super::sheet::Sheet;
use crate::billing::money::Money;
use crate::billing::movement::real_reference;
use crate::billing::text::cleaned;
use chrono::NaiveDate;
use std::sync::Arc;

/// One statement while it is read.
#[derive(Debug, Default)]
pub(super) struct Statement {
    /// Our account.
    pub(super) account: Arc<str>,
    /// Its currency, for amounts that name none.
    pub(super) currency: String,
    /// Which one of its file it is, from 0.
    pub(super) index: u32,
    pub(super) opening: Option<Money>,
    pub(super) closing: Option<Money>,
    /// What its euro movements come to.
    pub(super) moved: Money,
    /// A movement's amount could not be read: what they come to is not known.
    pub(super) is_unsure: bool,
    /// The end of what it covers.
    pub(super) to: Option<NaiveDate>,
    /// The day of its closing balance, or of the last interim one.
    pub(super) balanced: Option<NaiveDate>,
    /// The newest movement of any kind.
    pub(super) newest: Option<NaiveDate>,
    /// Entries without a day, until the balance's is known.
    pub(super) undated: Vec<Entry>,
}

impl Statement {
    /// The last day that it covers, as it says.
    pub(super) fn until(&self) -> Option<NaiveDate> {
        self.to.or(self.balanced).or(self.newest)
    }
}

/// Which way money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ways {
    In,
    Out,
}

impl Ways {
    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "CRDT" => Some(Self::In),
            "DBIT" => Some(Self::Out),
            _ => None,
        }
    }
}

/// One transaction within an entry.
#[derive(Debug, Default, Clone)]
pub(super) struct Part {
    /// Its amount in euro in the four places where banks write it, the best first.
    pub(super) amounts: [Option<Money>; 4],
    pub(super) way: Option<Ways>,
    pub(super) charges: Charges,
    pub(super) bank_ref: Option<String>,
    pub(super) end_to_end: Option<String>,
    /// Other names of the transaction, the best first.
    pub(super) ids: [Option<String>; 5],
    pub(super) debtor: Option<String>,
    pub(super) debtor_account: Option<String>,
    pub(super) ultimate_debtor: Option<String>,
    pub(super) creditor: Option<String>,
    pub(super) creditor_account: Option<String>,
    pub(super) is_returned: bool,
    pub(super) references: Vec<String>,
    pub(super) words: Vec<String>,
}

/// One entry of a statement.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Its place in the file: for messages only.
    pub(super) number: u64,
    pub(super) amount: Option<Money>,
    /// The amount as it stands.
    pub(super) written: String,
    pub(super) currency: String,
    pub(super) way: Option<Ways>,
    pub(super) is_reversal: bool,
    pub(super) status: String,
    pub(super) booked: Option<NaiveDate>,
    pub(super) valued: Option<NaiveDate>,
    pub(super) bank_ref: Option<String>,
    pub(super) entry_ref: Option<String>,
    pub(super) charges: Charges,
    /// How many transactions the bank says it sums up.
    pub(super) batch: u32,
    pub(super) words: Vec<String>,
    pub(super) parts: Vec<Part>,
}

impl Entry {
    pub(super) fn day(&self) -> Option<NaiveDate> {
        self.booked.or(self.valued)
    }

    /// Whether it may be money that came in, or that had come in and was taken back; else it is ours.
    fn concerns_customers(&self) -> bool {
        self.way != Some(Ways::Out) || self.is_reversal || self.parts.iter().any(|part| part.is_returned)
    }

    /// How a person finds it: `entry 3 of 2025-09-17 over 12.00 EUR (ΠΑΠΠΑ ΣΟΦΙΑ, KONET…)`.
    fn shown(&self) -> String {
        let day = self.day().map(|day| format!(" of {day}")).unwrap_or_default();
        let words = self.all_words();
        let words = if words.is_empty() { words } else { format!(" ({})", short(&words)) };
        let currency = if self.currency.is_empty() { "EUR" } else { &self.currency };
        format!("entry {}{day} over {} {}{words}", self.number, short(&self.written), short(currency))
    }

    /// Everything said of it, sorted, so that the order of its parts changes nothing.
    fn all_words(&self) -> String {
        let mut each: Vec<String> =
            self.parts.iter().map(Part::told).filter(|text| !text.is_empty()).collect();
        each.sort_unstable();
        joined(each.iter().chain(&self.words).map(String::as_str))
    }
}

impl Part {
    /// Who, with which reference and which words.
    fn told(&self) -> String {
        let who = self.debtor.iter().chain(&self.ultimate_debtor);
        let end_to_end = self.end_to_end.iter().filter(|id| real_reference(id).is_some());
        joined(who.chain(&self.references).chain(end_to_end).chain(&self.words).map(String::as_str))
    }

    fn amount(&self) -> Option<Money> {
        self.amounts.iter().flatten().next().copied()
    }
}

/// Words one after the other, each text once, no longer than any sound cell.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut seen: Vec<&str> = Vec::new();
    let mut length = 0;
    for word in words {
        // the last few are enough to find what banks repeat, and a long list stays quick
        if seen.iter().rev().take(200).any(|other| *other == word) {
            continue;
        }
        length += word.len() + 1;
        if length > CELL_MAX {
            break;
        }
        seen.push(word);
    }
    cleaned(&seen.join(" "))
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Books what is a customer's money; whatever came in and is not booked has a line that says so.
pub(super) fn book(
    sheet: &mut Sheet<PaymentRow>,
    statement: &mut Statement,
    entry: &Entry,
    source: &Arc<str>,
) {
    let line = entry.number;
    let concerns = entry.concerns_customers();
    if !matches!(entry.status.as_str(), "BOOK" | "") {
        if concerns {
            let status = short(&entry.status);
            let text = format!("{} is {status} at the bank and is left for a later statement", entry.shown());
            sheet.warn(line, text);
        }
        return;
    }
    let currency = if entry.currency.is_empty() { &statement.currency } else { &entry.currency };
    let in_euro = matches!(currency.as_str(), "" | "EUR");
    let unsound = match (entry.way, entry.day(), entry.amount) {
        (None, ..) => Some("says neither money in (CRDT) nor money out (DBIT)"),
        (_, None, _) => Some("has no date, and its statement none that could stand for it"),
        (.., None) if in_euro => Some("has no amount that can be read"),
        _ => None,
    };
    let (Some(way), Some(date), None) = (entry.way, entry.day(), unsound) else {
        statement.is_unsure = true;
        let text = format!("{} {}", entry.shown(), unsound.unwrap_or("cannot be read"));
        if concerns {
            let day = entry.day().map(|day| day.to_string()).unwrap_or_default();
            sheet.fail(line, [day, entry.written.clone(), entry.all_words()], text);
        } else {
            sheet.warn(line, format!("{text}; it is money out, and nothing else depends on it"));
        }
        return;
    };
    statement.newest = statement.newest.max(Some(date));
    let (true, Some(amount)) = (in_euro, entry.amount) else {
        if concerns {
            sheet.warn(line, format!("{} is in {}: only euro are booked", entry.shown(), short(currency)));
        }
        return;
    };
    statement.moved += if way == Ways::In { amount } else { -amount };
    if amount.is_zero() {
        if concerns {
            sheet.warn(line, format!("{} is of no amount: nothing is booked", entry.shown()));
        }
        return;
    }
    Booking { sheet, statement, entry, source, way, date, amount }.movements();
}

/// Where a part's amount is looked for.
type AmountOf<'a> = dyn Fn(&Part) -> Option<Money> + 'a;

/// An entry whose day, way and amount are sound.
struct Booking<'a> {
    sheet: &'a mut Sheet<PaymentRow>,
    statement: &'a Statement,
    entry: &'a Entry,
    source: &'a Arc<str>,
    way: Ways,
    date: NaiveDate,
    amount: Money,
}

impl Booking<'_> {
    fn movements(mut self) {
        let none = [Part::default()];
        let entry = self.entry;
        let parts = if entry.parts.is_empty() { &none[..] } else { &entry.parts };
        let many = parts.len() > 1 || entry.batch > 1;
        if !many {
            let returned = entry.is_reversal || parts[0].is_returned;
            self.movement(&parts[0], self.way, returned, self.amount);
            return;
        }
        let Some(split) = self.split(parts) else {
            self.unsplit(parts);
            return;
        };
        for (part, (way, amount)) in parts.iter().zip(split) {
            let returned = entry.is_reversal || part.is_returned;
            if amount.is_zero() && way == Ways::In {
                let text = format!("a part of {} ({}) is of no amount", entry.shown(), short(&part.told()));
                self.sheet.warn(entry.number, text);
            } else if !amount.is_zero() {
                self.movement(part, way, returned, amount);
            }
        }
    }

    /// The ways and amounts of the parts, where they make up the entry: to the cent, or less the charges that the
    /// bank says it kept. Then each payer has paid their part, and the charges are ours.
    fn split(&mut self, parts: &[Part]) -> Option<Vec<(Ways, Money)>> {
        let own = |part: &Part| part.way.unwrap_or(self.way);
        let turned = |part: &Part| match (part.way, self.way) {
            (None, Ways::In) if part.is_returned => Ways::Out,
            (None, Ways::Out) if part.is_returned => Ways::In,
            (way, of_entry) => way.unwrap_or(of_entry),
        };
        let ways: [&dyn Fn(&Part) -> Ways; 2] = [&own, &turned];
        let of_place = |place: usize| move |part: &Part| part.amounts[place];
        let amounts: [&AmountOf<'_>; 5] =
            [&of_place(0), &of_place(1), &of_place(2), &of_place(3), &Part::amount];
        let of_parts: Money = parts.iter().map(|part| part.charges.amount()).sum();
        for kept in [Money::ZERO, self.entry.charges.amount(), of_parts] {
            for way in ways {
                for amount in amounts {
                    let split: Option<Vec<(Ways, Money)>> =
                        parts.iter().map(|part| Some((way(part), amount(part)?))).collect();
                    let Some(split) = split else { continue };
                    let sum: Money = split
                        .iter()
                        .map(|(way, amount)| if *way == self.way { *amount } else { -*amount })
                        .sum();
                    if sum - kept != self.amount {
                        continue;
                    }
                    if !kept.is_zero() && self.way == Ways::In {
                        let text = format!("of {} the bank kept {kept} as its charges", self.entry.shown());
                        self.sheet.warn(self.entry.number, text);
                    }
                    return Some(split);
                }
            }
        }
        None
    }

    /// A batch whose parts the bank does not tell: one movement, which a person divides.
    fn unsplit(&mut self, parts: &[Part]) {
        let returned = self.entry.is_reversal
            || (self.way == Ways::In && parts.iter().all(|part| part.is_returned))
            || (self.way == Ways::Out && parts.iter().any(|part| part.is_returned));
        let (Some(movement), entry) = (self.kind(self.way, returned), self.entry) else { return };
        let text = format!(
            "{} is a batch whose parts do not say what each is: booked as one, for a person",
            entry.shown()
        );
        self.sheet.warn(entry.number, text);
        let row = PaymentRow {
            bank_ref: self.bank_ref(None),
            note: Some(entry.all_words()).filter(|note| !note.is_empty()),
            is_unsplit: true,
            ..self.row(movement, self.amount)
        };
        self.sheet.push(entry.number, row);
    }

    fn movement(&mut self, part: &Part, way: Ways, returned: bool, amount: Money) {
        let Some(movement) = self.kind(way, returned) else { return };
        let entry = self.entry;
        let real = |id: &Option<String>| id.as_deref().and_then(real_reference).map(str::to_owned);
        let end_to_end = real(&part.end_to_end);
        // of money that goes back, the other side is the one who had paid
        let (payer, account) = match (way, &part.debtor) {
            (Ways::Out, None) => (&part.creditor, &part.creditor_account),
            (Ways::In, _) | (Ways::Out, Some(_)) => (&part.debtor, &part.debtor_account),
        };
        let further = part.references.iter().skip(1);
        let words = part.words.iter().chain(further).chain(&part.ultimate_debtor).chain(&entry.words);
        let note = joined(words.map(String::as_str));
        let row = PaymentRow {
            bank_ref: self.bank_ref(Some(part)),
            reference: part.references.first().cloned().or_else(|| end_to_end.clone()),
            end_to_end,
            transaction_id: part.ids.iter().find_map(real),
            payer: payer.clone().or_else(|| part.ultimate_debtor.clone()),
            payer_iban: account.clone(),
            note: Some(note).filter(|note| !note.is_empty()),
            ..self.row(movement, amount)
        };
        self.sheet.push(entry.number, row);
    }

    /// Whose money it is; what we had paid and came back to us is nobody's, and is told.
    fn kind(&mut self, way: Ways, returned: bool) -> Option<Movement> {
        match (way, returned) {
            (Ways::In, false) => Some(Movement::Incoming),
            (Ways::Out, true) => Some(Movement::TakenBack),
            (Ways::Out, false) => None,
            (Ways::In, true) => {
                let text =
                    format!("{}: it is money of ours that came back; no customer's", self.entry.shown());
                self.sheet.warn(self.entry.number, text);
                None
            }
        }
    }

    /// The part's own reference, else the entry's, which its parts share; never a counter, for that is a place in the file.
    fn bank_ref(&self, part: Option<&Part>) -> String {
        let counts =
            |text: &str| text.chars().all(|c| c.is_ascii_digit()) && text.trim_start_matches('0').len() < 9;
        let own = part.and_then(|part| part.bank_ref.as_deref());
        let of_entry = self.entry.bank_ref.as_deref();
        let numbered = self.entry.entry_ref.as_deref().filter(|text| !counts(text));
        let real = [own, of_entry, numbered].into_iter().flatten().find_map(real_reference);
        real.or(own).or(of_entry).unwrap_or_default().to_owned()
    }

    fn row(&self, movement: Movement, amount: Money) -> PaymentRow {
        PaymentRow {
            movement,
            source: Arc::clone(self.source),
            date: self.date,
            amount,
            bank_ref: String::new(),
            end_to_end: None,
            transaction_id: None,
            customer: None,
            services: Vec::new(),
            reference: None,
            payer: None,
            payer_iban: None,
            note: None,
            account: Arc::clone(&self.statement.account),
            statement: self.statement.index,
            is_unsplit: false,
        }
    }
}
