//! Looking for a customer by whatever somebody remembers of them: how texts are compared with what is typed. Accents and all
//! other marks, case and the final sigma count for nothing, nor what people put between the figures of a number.

use super::coded::coded;
use super::text::bare_capitals;
use memchr::memmem::{Finder, find_iter};

coded! {
    /// What a customer can be known by, the most telling first.
    pub enum KnownBy {
        /// Their code.
        Code = "code",
        /// Their tax id.
        TaxId = "tax_id",
        /// The reference that they pay with.
        Reference = "reference",
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// Their name.
        Name = "name",
        /// The code of a service.
        Service = "service",
        /// The domain name of a service.
        DomainName = "domain_name",
        /// The number of a card.
        Card = "card",
        /// The number of a tax invoice.
        Invoice = "invoice",
        /// Who paid for them.
        Payer = "payer",
    }
}

/// Before each text of a customer stands one character that no text holds: this one for the first of [`KnownBy::ALL`].
const FIRST_MARK: u8 = 0x10;

impl KnownBy {
    /// Whether it names somebody exactly where it is typed whole; a code is looked up by itself.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        matches!(self, Self::DomainName | Self::Email | Self::TaxId | Self::Reference | Self::Card)
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Phone | Self::Reference | Self::TaxId)
    }

    /// Appends to all that a customer is known by what is compared of one text more, unless it stands there already.
    pub fn append(self, text: &str, all: &mut String) {
        let begin = all.len();
        all.push(char::from(FIRST_MARK + self as u8));
        all.push_str(&comparable(text, self.is_number(), bare_capitals));
        let (before, line) = all.split_at(begin);
        // the other texts begin with a mark too
        if line.len() == 1 || is_line_of(before, line) {
            all.truncate(begin);
        }
    }

    /// What the text is that a place lies in.
    fn at(all: &str, place: usize) -> Option<Self> {
        let mark = all.as_bytes().get(..place)?.iter().rev().find(|byte| byte.is_ascii_control())?;
        Self::ALL.get(usize::from(mark.checked_sub(FIRST_MARK)?)).copied()
    }
}

/// Whether one of the texts is `line`, which begins with its mark.
fn is_line_of(all: &str, line: &str) -> bool {
    find_iter(all.as_bytes(), line).any(|place| ends_at(all, place + line.len()))
}

/// Whether a text ends at a place.
fn ends_at(all: &str, place: usize) -> bool {
    all.as_bytes().get(place).is_none_or(u8::is_ascii_control)
}

/// A text as it is compared: in capitals, and a number without what people put between its figures.
fn comparable(text: &str, is_number: bool, capitals: fn(&str) -> String) -> String {
    // most texts are codes and addresses, and a million of them are gone through
    let mut capital = if text.is_ascii() { text.to_ascii_uppercase() } else { capitals(text) };
    capital.retain(|c| if is_number { c.is_alphanumeric() } else { !c.is_control() });
    capital
}

/// A word that is looked for in all that customers are known by.
#[derive(Debug)]
pub struct Sought {
    text: Finder<'static>,
    /// As it stands in numbers, where that is not the same.
    number: Option<Finder<'static>>,
}

impl Sought {
    /// A word as it was typed; nothing of it may be left.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let (text, number) = (comparable(word, false, bare_capitals), comparable(word, true, bare_capitals));
        let finder = |needle: &str| Finder::new(needle).into_owned();
        Self { number: (number != text && !number.is_empty()).then(|| finder(&number)), text: finder(&text) }
    }

    /// Where the word stands first in all that a customer is known by.
    #[must_use]
    pub fn place_in(&self, all: &str) -> Option<usize> {
        if self.text.needle().is_empty() {
            return None;
        }
        // numbers hold nothing but letters and figures: a word that has more is in none of them as it was typed
        let as_text = self.text.find(all.as_bytes());
        let as_number = self.number.as_ref().and_then(|number| {
            let is_one = |place: &usize| KnownBy::at(all, *place).is_some_and(KnownBy::is_number);
            number.find_iter(all.as_bytes()).find(is_one)
        });
        as_text.into_iter().chain(as_number).min()
    }

    /// Whether a text that names somebody exactly is this word, marks aside.
    #[must_use]
    pub fn is_exactly_in(&self, all: &str) -> bool {
        let is_whole = |finder: &Finder<'_>, number: bool| {
            !finder.needle().is_empty()
                && finder.find_iter(all.as_bytes()).any(|place| {
                    let begins = place.checked_sub(1).and_then(|before| all.as_bytes().get(before));
                    begins.is_some_and(u8::is_ascii_control)
                        && ends_at(all, place + finder.needle().len())
                        && KnownBy::at(all, place)
                            .is_some_and(|what| what.is_exact() && (what.is_number() || !number))
                })
        };
        is_whole(&self.text, false) || self.number.as_ref().is_some_and(|number| is_whole(number, true))
    }
}

/// By what a customer is found where every word is met: what the first of them stands in.
#[must_use]
pub fn met(words: &[Sought], all: &str) -> Option<KnownBy> {
    let places: Option<Vec<usize>> = words.iter().map(|word| word.place_in(all)).collect();
    KnownBy::at(all, places?.into_iter().min()?)
}

/// Whether a text is the word that was typed: what names somebody exactly keeps the marks that are none of Greek's.
#[must_use]
pub fn is_same(what: KnownBy, text: &str, word: &str) -> bool {
    let same = |text: &str| comparable(text, what.is_number(), super::text::greek_capitals);
    let word = same(word.trim());
    // what is not there is nobody's, though many have no address
    !word.is_empty() && same(text.trim()) == word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> String {
        let mut all = String::new();
        KnownBy::Code.append("K-1", &mut all);
        KnownBy::TaxId.append("EL 090000045", &mut all);
        KnownBy::Phone.append("2310 123-456", &mut all);
        KnownBy::Name.append("Παπαδόπουλος & Σία", &mut all);
        KnownBy::Name.append("", &mut all);
        KnownBy::DomainName.append("alpha.example", &mut all);
        KnownBy::Payer.append("ΠΑΠΑΔΟΠΟΥΛΟΣ", &mut all);
        KnownBy::Payer.append("Παπαδόπουλος", &mut all);
        KnownBy::Payer.append("a\u{10}b\u{11}", &mut all);
        all
    }

    #[test]
    fn each_text_stands_once_and_no_mark_within_one() {
        assert_eq!(
            known(),
            "\u{10}K-1\u{11}EL090000045\u{14}2310123456\u{15}ΠΑΠΑΔΟΠΟΥΛΟΣ & ΣΙΑ\u{17}ALPHA.EXAMPLE\u{1a}ΠΑΠΑΔΟΠΟΥΛΟΣ\u{1a}AB"
        );
    }

    #[test]
    fn a_word_is_met_in_what_is_most_telling() {
        let met = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| Sought::of(word)).collect();
            met(&words, &known())
        };
        for (words, what) in [
            (&["k-1"][..], Some(KnownBy::Code)),
            (&["0900 00"], Some(KnownBy::TaxId)),
            (&["10-12"], Some(KnownBy::Phone)),
            (&["παπαδοπουλοσ"], Some(KnownBy::Name)),
            (&["σία", "alpha"], Some(KnownBy::Name)),
            (&["a.ex"], Some(KnownBy::DomainName)),
            (&["σία", "omega"], None),
            // what is one text's end and the next one's beginning is in neither
            (&["456παπ"], None),
            (&["a-lpha"], None),
            (&["-"], Some(KnownBy::Code)),
            (&[""], None),
            (&["\u{10}"], None),
        ] {
            assert_eq!(met(words), what, "{words:?}");
        }
    }

    #[test]
    fn exact_is_a_whole_text_of_those_that_name_somebody() {
        for (word, is) in [
            ("alpha.example", true),
            ("ALPHA.EXAMPLE", true),
            ("pha.example", false),
            ("alpha.exampl", false),
            ("el090000045", true),
            ("EL 0900-00045", true),
            ("090000045", false),
            ("2310123456", false),
            ("Παπαδόπουλος", false),
            ("", false),
        ] {
            assert_eq!(Sought::of(word).is_exactly_in(&known()), is, "{word}");
        }
        assert!(is_same(KnownBy::DomainName, "Μαΐου.example", "μαΐου.example"));
        assert!(!is_same(KnownBy::DomainName, "müller.example", "muller.example"));
        assert!(is_same(KnownBy::Reference, "RF12 34", "rf1234"));
        assert!(!is_same(KnownBy::Email, "", " "));
    }
}
