//! What an export says of itself beside its movements: balances, account and days.

use super::profile::{Profile, folded, unwrapped};
use crate::billing::money::Money;
use chrono::{Datelike, NaiveDate};

/// Our account: its IBAN where the file names one of this bank's, else the bank.
pub(super) fn account(profile: &Profile, frame: &[&Vec<String>]) -> String {
    let Some(code) = &profile.bank_code else { return profile.name.clone() };
    frame
        .iter()
        .flat_map(|row| row.iter())
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

/// What stands after one of `words`, in the same cell or a later one of its row.
pub(super) fn told<T>(
    rows: &[&Vec<String>],
    words: &[String],
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    rows.iter().find_map(|row| {
        let begins = |cell: &String| {
            let cell = folded(cell);
            words.iter().any(|word| cell.starts_with(&folded(word)))
        };
        let at = row.iter().position(begins)?;
        let cell = unwrapped(&row[at]);
        let behind = cell.match_indices([' ', ':']).find_map(|(mark, _)| read(cell[mark + 1..].trim()));
        behind.or_else(|| row[at + 1..].iter().find_map(|cell| read(&unwrapped(cell))))
    })
}

/// A balance, with the letter that some banks set behind it: Π is ours, Χ is owed.
pub(super) fn signed(text: &str) -> Option<Money> {
    let text = text.trim();
    let bare = text.trim_end_matches(['Π', 'Χ', 'X']).trim_end();
    let amount = Money::parse(bare).ok()?;
    Some(if text.ends_with(['Χ', 'X']) { -amount } else { amount })
}

/// What the movements come to, and what the export says they come to.
#[derive(Debug, Default)]
pub(super) struct Balances {
    pub(super) sum: Money,
    pub(super) opening: Option<Money>,
    pub(super) closing: Option<Money>,
    /// The movement before, with the balance beside it.
    pub(super) before: Option<(Money, Option<Money>)>,
    /// At how many places the balances do not follow, read from the oldest and from the newest.
    pub(super) oldest_first: u64,
    pub(super) newest_first: u64,
}

impl Balances {
    pub(super) fn moved(&mut self, amount: Money, balance: Option<Money>) {
        self.sum += amount;
        if let (Some((moved, Some(earlier))), Some(balance)) = (self.before, balance) {
            self.oldest_first += u64::from(earlier + amount != balance);
            self.newest_first += u64::from(balance + moved != earlier);
        }
        self.before = Some((amount, balance));
    }

    /// The movements must lead from one balance to the next, oldest first or newest first.
    pub(super) fn check(&self, account: &str) -> Result<(), String> {
        if let (Some(opening), Some(closing)) = (self.opening, self.closing)
            && opening + self.sum != closing
        {
            return Err(format!(
                "the movements of the statement of {account} sum to {}, and its balances go from {opening} to \
                 {closing}: something may be missing; compare it with the bank",
                self.sum
            ));
        }
        let broken = self.oldest_first.min(self.newest_first);
        if broken == 0 {
            return Ok(());
        }
        Err(format!(
            "the balances beside the movements of the statement of {account} do not follow from one another at {broken} \
             places: a movement may be missing; compare it with the bank"
        ))
    }
}

/// The day in a cell, in a year that makes sense.
pub(super) fn date(profile: &Profile, text: &str) -> Option<NaiveDate> {
    let day = text.split([' ', 'T']).next().unwrap_or("");
    let formats = profile.date_formats.iter().map(String::as_str);
    std::iter::once("%Y-%m-%d")
        .chain(formats)
        .filter_map(|format| NaiveDate::parse_from_str(day, format).ok())
        .find(|date| (1990..=2100).contains(&date.year()))
}

/// The first day among the words of a cell.
pub(super) fn any_date(profile: &Profile, text: &str) -> Option<NaiveDate> {
    text.split_whitespace().find_map(|word| date(profile, word))
}
