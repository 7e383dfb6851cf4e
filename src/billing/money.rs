//! Money in whole euro cents, and the one place that reads and words amounts.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An amount in euro cents; negative for discounts and refunds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Money(i64);

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Nothing was written.
    #[error("amount is empty")]
    Empty,
    /// Not a number at all, or more than two decimals.
    #[error("`{0}` is not an amount; write 1234,56 or 1.234,56 or 1234.56")]
    NotAnAmount(String),
    /// One separator with three digits behind it: thousands or decimals?
    #[error("`{0}` is ambiguous: thousands or decimals? write 1234,00 or 1,23")]
    Ambiguous(String),
    /// Beyond a thousand million euro: surely a slip.
    #[error("`{0}` is larger than any amount this program handles")]
    TooLarge(String),
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount of `cents` euro cents.
    #[must_use]
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    /// The amount in euro cents.
    #[must_use]
    pub const fn cents(self) -> i64 {
        self.0
    }

    /// Whether it is exactly nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The larger of this and nothing.
    #[must_use]
    pub fn at_least_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// The largest amount that is taken from outside: sums of fewer than ninety million of them cannot overflow,
    /// and what does stops (`overflow-checks` are on in every build) instead of becoming another amount.
    pub const MAX: Self = Self(99_999_999_999);

    /// `euros` and `cents` from outside, if they are no more than any sound amount.
    fn from_outside(euros: &str, cents: &str) -> Option<Self> {
        let euros = euros.trim_start_matches('0');
        if euros.len() > 9 {
            return None;
        }
        let euros: i64 = if euros.is_empty() { 0 } else { euros.parse().ok()? };
        let cents: i64 = format!("{cents:0<2}").parse().ok()?;
        euros.checked_mul(100)?.checked_add(cents).map(Self)
    }

    /// Reads an amount as XML and other machines' formats write it: ASCII digits, a dot, and no more than two
    /// decimals that are not zero.
    #[must_use]
    pub fn parse_decimal(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() + decimals.len() == 0 {
            return None;
        }
        let (cents, beyond) = decimals.split_at(decimals.len().min(2));
        if beyond.bytes().any(|byte| byte != b'0') {
            return None;
        }
        Self::from_outside(whole, cents)
    }

    /// Reads an amount as Greeks and machines write it: `1.234,56`, `1234,56`, `1,234.56`,
    /// `1234.56`, `EUR 10.100,00`, `-12,34 €`.
    ///
    /// # Errors
    /// [`MoneyError`] says what is wrong; `1.234` is refused because it can mean two things.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let given = || text.trim().chars().take(60).collect::<String>();
        let (negative, bare) = without_signs(text);
        if bare.is_empty() {
            return Err(MoneyError::Empty);
        }
        let not_an_amount = || MoneyError::NotAnAmount(given());
        let digits = ungrouped(bare).ok_or_else(not_an_amount)?;
        let digits = digits.as_str();
        let (whole, decimals) = match digits.rfind(['.', ',']) {
            None => (digits.to_owned(), ""),
            Some(at) => {
                let mark = digits.as_bytes()[at];
                let (head, tail) = (&digits[..at], &digits[at + 1..]);
                let other = if mark == b',' { '.' } else { ',' };
                let alone = !head.contains(['.', ',']);
                if tail.len() == 3 && alone && head != "0" {
                    return Err(MoneyError::Ambiguous(given()));
                }
                if head.contains(char::from(mark)) {
                    // 1.234.567: only thousands
                    if head.contains(other) {
                        return Err(not_an_amount());
                    }
                    (ungroup(digits, char::from(mark)).ok_or_else(not_an_amount)?, "")
                } else if head.contains(other) {
                    (ungroup(head, other).ok_or_else(not_an_amount)?, tail)
                } else {
                    (head.to_owned(), tail)
                }
            }
        };
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(&whole) || !all_digits(decimals) || decimals.len() > 2 {
            return Err(not_an_amount());
        }
        let value = Self::from_outside(&whole, decimals).ok_or_else(|| MoneyError::TooLarge(given()))?;
        Ok(if negative { -value } else { value })
    }

    /// `1.234,56` without the currency sign, as a Greek Excel reads it.
    #[must_use]
    pub fn greek_digits(self) -> String {
        let absolute = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{},{:02}", grouped(absolute / 100, '.'), absolute % 100)
    }

    /// `1,234.56` without the currency sign, as English readers expect it.
    #[must_use]
    pub fn english_digits(self) -> String {
        let absolute = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", grouped(absolute / 100, ','), absolute % 100)
    }
}

/// The amount without its currency and its sign, which may stand before or behind it, each once.
fn without_signs(text: &str) -> (bool, &str) {
    let mut bare = text.trim();
    let (mut currency, mut sign) = (false, None);
    loop {
        let before = bare;
        if !currency {
            for mark in ["EUR", "€"] {
                if let Some(rest) = bare.strip_prefix(mark).or_else(|| bare.strip_suffix(mark)) {
                    (bare, currency) = (rest.trim(), true);
                    break;
                }
            }
        }
        if sign.is_none() {
            for (mark, negative) in [("-", true), ("\u{2212}", true), ("+", false)] {
                if let Some(rest) = bare.strip_prefix(mark).or_else(|| bare.strip_suffix(mark)) {
                    (bare, sign) = (rest.trim(), Some(negative));
                    break;
                }
            }
        }
        if bare == before {
            return (sign.unwrap_or(false), bare);
        }
    }
}

/// Spaces and apostrophes may part thousands, and nothing else.
fn ungrouped(text: &str) -> Option<String> {
    let is_mark = |c: char| c == '\'' || c == '\u{2019}' || c.is_whitespace();
    if !text.contains(is_mark) {
        return Some(text.to_owned());
    }
    let end = text.rfind(['.', ',']).unwrap_or(text.len());
    let (whole, rest) = text.split_at(end);
    let plain: String = whole.chars().map(|c| if is_mark(c) { ' ' } else { c }).collect();
    (!rest.contains(is_mark)).then_some(())?;
    Some(ungroup(&plain, ' ')? + rest)
}

fn ungroup(text: &str, mark: char) -> Option<String> {
    let mut groups = text.split(mark);
    let first = groups.next()?;
    let sound = (1..=3).contains(&first.len()) && groups.clone().all(|g| g.len() == 3);
    sound.then(|| std::iter::once(first).chain(groups).collect())
}

fn grouped(mut euros: u64, mark: char) -> String {
    let mut groups = Vec::new();
    while euros >= 1000 {
        groups.push(format!("{:03}", euros % 1000));
        euros /= 1000;
    }
    groups.push(euros.to_string());
    groups.reverse();
    groups.join(&mark.to_string())
}

/// Greek form with a no-break space before the sign: `1.234,56 €`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}\u{a0}€", self.greek_digits()))
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}
impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}
impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}
impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|m| m.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_way_an_accountant_writes_an_amount() {
        for (text, cents) in [
            ("1.234,56", 123_456),
            ("1234,56", 123_456),
            ("1,234.56", 123_456),
            ("1234.56", 123_456),
            ("EUR 10.100,00", 1_010_000),
            ("-12,34", -1_234),
            ("12,3", 1_230),
            ("124", 12_400),
            ("0,99 €", 99),
            ("1.234.567,8", 123_456_780),
            ("1.234.567", 123_456_700),
            ("0", 0),
        ] {
            assert_eq!(Money::parse(text).map(Money::cents), Ok(cents), "{text}");
        }
    }

    #[test]
    fn refuses_what_could_mean_two_things_or_nothing() {
        assert!(matches!(Money::parse("1.234"), Err(MoneyError::Ambiguous(_))));
        assert!(matches!(Money::parse("1,234"), Err(MoneyError::Ambiguous(_))));
        assert!(matches!(Money::parse(" "), Err(MoneyError::Empty)));
        for text in ["abc", "1,2,3", "12.34.56", "1.23,456", "--1", "1e3", "12,345,6", "NaN", "."] {
            assert!(matches!(Money::parse(text), Err(MoneyError::NotAnAmount(_))), "{text}");
        }
        for text in ["99999999999", "92000000000000000", "1.000.000.000,00"] {
            assert!(matches!(Money::parse(text), Err(MoneyError::TooLarge(_))), "{text}");
        }
    }

    #[test]
    fn an_amount_is_ascii_digits_with_its_signs_at_the_ends() {
        for text in
            ["1.0€0", "1€2", "12 34", "1 2,34", "١٢,٣٤", "१२", "1,2 3", "--1", "1-2", "€€1", "-1-", "€", "-"]
        {
            assert!(Money::parse(text).is_err(), "{text}");
        }
        for (text, cents) in
            [("12,34-", -1_234), ("-€ 5", -500), ("€ -5", -500), ("1 234,50", 123_450), ("1'234.5", 123_450)]
        {
            assert_eq!(Money::parse(text).map(Money::cents), Ok(cents), "{text}");
        }
    }

    #[test]
    fn a_machine_s_amount_has_a_dot_and_no_tenths_of_cents() {
        for (text, cents) in
            [("124.00", 12_400), ("8.85000", 885), ("0", 0), (".5", 50), ("5.", 500), ("00012.3", 1_230)]
        {
            assert_eq!(Money::parse_decimal(text).map(Money::cents), Some(cents), "{text}");
        }
        for text in ["", ".", "1.0€0", "-5", "1,00", "1.234", "1e3", "92000000000000000", "٣", "1 0", "1.0.0"]
        {
            assert_eq!(Money::parse_decimal(text), None, "{text}");
        }
        assert_eq!(Money::parse_decimal("999999999.99"), Some(Money::MAX));
    }

    #[test]
    #[should_panic(expected = "overflow")]
    fn a_sum_beyond_all_money_stops_and_never_becomes_another_amount() {
        let much = Money::from_cents(9_200_000_000_000_000_000);
        let sum: Money = [much, much].into_iter().sum();
        assert_eq!(sum, Money::ZERO);
    }

    #[test]
    fn words_amounts_in_both_languages() {
        assert_eq!(Money::from_cents(123_456).to_string(), "1.234,56\u{a0}€");
        assert_eq!(Money::from_cents(-5).greek_digits(), "-0,05");
        assert_eq!(Money::from_cents(100_000_000).english_digits(), "1,000,000.00");
    }

    proptest::proptest! {
        #[test]
        fn what_is_worded_is_read_back(cents in -99_999_999_999_i64..99_999_999_999) {
            let money = Money::from_cents(cents);
            proptest::prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
            proptest::prop_assert_eq!(Money::parse(&money.english_digits()), Ok(money));
        }
    }
}
