//! Greek text: capitals without accents, and the cleaning of what comes from outside.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Whether a reader, a terminal or a mail program only shows a character, and neither obeys it nor lets it turn what
/// stands beside it around.
#[must_use]
pub fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// What only shows, with lines and tabs: banks, panels and mail servers write part of what is printed and sent.
#[must_use]
pub fn printable(text: &str) -> String {
    let shown = |c| if is_shown(c) || matches!(c, '\n' | '\t') { c } else { '\u{fffd}' };
    text.replace("\r\n", "\n").chars().map(shown).collect()
}

/// Capitals as Greek sets them: the tonos goes, the dialytika stay or appear (`Μαΐου` → `ΜΑΪΟΥ`).
/// The disjunctive `ή`, alone in a word, keeps its accent.
#[must_use]
pub fn greek_capitals(text: &str) -> String {
    text.split_inclusive(|c: char| !c.is_alphabetic()).map(capital_word).collect()
}

fn capital_word(word: &str) -> String {
    if word.trim_matches(|c: char| !c.is_alphabetic()) == "ή" {
        return word.replace('ή', "Ή");
    }
    let mut out = String::new();
    let mut accented_before = false;
    for c in word.nfc() {
        let (plain, accented) = match c {
            'ά' | 'Ά' => ('Α', true),
            'έ' | 'Έ' => ('Ε', true),
            'ή' | 'Ή' => ('Η', true),
            'ί' | 'Ί' => ('Ι', true),
            'ό' | 'Ό' => ('Ο', true),
            'ύ' | 'Ύ' => ('Υ', true),
            'ώ' | 'Ώ' => ('Ω', true),
            'ΐ' => ('Ϊ', false),
            'ΰ' => ('Ϋ', false),
            // άι is two vowels; without the accent only the dialytika say so
            'ι' if accented_before && out.ends_with(['Α', 'Ε', 'Ο', 'Υ']) => ('Ϊ', false),
            'υ' if accented_before && out.ends_with(['Α', 'Ε', 'Ο']) => ('Ϋ', false),
            other => {
                out.extend(other.to_uppercase());
                accented_before = false;
                continue;
            }
        };
        out.push(plain);
        accented_before = accented;
    }
    out
}

/// Capitals without any mark, as letters are typed by whoever looks for a name: `Ἑταιρεία` and `Müller` become `ΕΤΑΙΡΕΙΑ`
/// and `MULLER`.
#[must_use]
pub fn bare_capitals(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_uppercase).collect()
}

/// Greek in Latin letters by ELOT 743 (ISO 843, type 2), as passports and banks write names: `Εθνική Τράπεζα` becomes
/// `Ethniki Trapeza`. What is not Greek stays.
#[must_use]
pub fn latin_letters(text: &str) -> String {
    let letters: Vec<char> = text.nfd().filter(|c| *c != '\u{301}' && *c != '\u{342}').nfc().collect();
    let lower = |at: usize| letters.get(at).map(|c| c.to_lowercase().next().unwrap_or(*c));
    let is_letter = |at: Option<usize>| at.and_then(lower).is_some_and(char::is_alphabetic);
    let mut latin = String::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        let (Some(this), next) = (lower(at), lower(at + 1)) else { break };
        let after = lower(at + 2);
        let is_voiced = after.is_some_and(|c| "αεηιουωβγδζλμνρ".contains(c));
        let (written, taken) = match (this, next) {
            ('ο', Some('υ')) => ("ou", 2),
            ('α', Some('υ')) => (if is_voiced { "av" } else { "af" }, 2),
            ('ε', Some('υ')) => (if is_voiced { "ev" } else { "ef" }, 2),
            ('η', Some('υ')) => (if is_voiced { "iv" } else { "if" }, 2),
            ('γ', Some('γ')) => ("ng", 2),
            ('γ', Some('ξ')) => ("nx", 2),
            ('γ', Some('χ')) => ("nch", 2),
            ('μ', Some('π')) if !is_letter(at.checked_sub(1)) || !is_letter(Some(at + 2)) => ("b", 2),
            _ => (latin_letter(this), 1),
        };
        if written.is_empty() {
            latin.push(*letter);
        } else if !letter.is_uppercase() {
            latin.push_str(written);
        } else if letters.get(at + taken).is_some_and(|c| c.is_uppercase()) {
            latin.push_str(&written.to_uppercase());
        } else {
            latin.extend(written.chars().take(1).flat_map(char::to_uppercase));
            latin.push_str(&written[1..]);
        }
        at += taken;
    }
    latin
}

/// A small Greek letter in Latin ones; nothing where it is none.
pub(super) const fn latin_letter(letter: char) -> &'static str {
    match letter {
        'α' => "a",
        'β' => "v",
        'γ' => "g",
        'δ' => "d",
        'ε' => "e",
        'ζ' => "z",
        'η' | 'ι' | 'ϊ' => "i",
        'θ' => "th",
        'κ' => "k",
        'λ' => "l",
        'μ' => "m",
        'ν' => "n",
        'ξ' => "x",
        'ο' | 'ω' => "o",
        'π' => "p",
        'ρ' => "r",
        'σ' | 'ς' => "s",
        'τ' => "t",
        'υ' | 'ϋ' => "y",
        'φ' => "f",
        'χ' => "ch",
        'ψ' => "ps",
        _ => "",
    }
}

/// Upper case, Greek letters that look like Latin ones as the Latin ones: people and banks mix them.
#[must_use]
pub fn look_alikes(text: &str) -> String {
    greek_capitals(text)
        .chars()
        .map(|c| match c {
            'Α' => 'A',
            'Β' => 'B',
            'Ε' => 'E',
            'Ζ' => 'Z',
            'Η' => 'H',
            'Ι' => 'I',
            'Κ' => 'K',
            'Μ' => 'M',
            'Ν' => 'N',
            'Ο' => 'O',
            'Ρ' => 'P',
            'Τ' => 'T',
            'Υ' => 'Y',
            'Χ' => 'X',
            other => other,
        })
        .collect()
}

/// Whether at least half of the telling words of the shorter text stand in the other, in either alphabet.
#[must_use]
pub fn have_words_in_common(a: &str, b: &str) -> bool {
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        look_alikes(text)
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() >= 3)
            .map(str::to_owned)
            .collect()
    };
    let (a, b) = (words(a), words(b));
    let common = a.intersection(&b).count();
    common > 0 && common * 2 >= a.len().min(b.len())
}

/// What a person typed, fit to be stored and printed: NFC, control characters and direction marks
/// out, white space folded, ends trimmed.
#[must_use]
pub fn cleaned(text: &str) -> String {
    // what hides goes first: it would part letters and their accents
    let visible = text.chars().filter_map(|c| match c {
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{ad}' => None,
        c if c.is_control() || c.is_whitespace() => Some(' '),
        c => Some(c),
    });
    visible.nfc().collect::<String>().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A cell for people who open tables in a spreadsheet: what it would run as a formula gets an apostrophe before it.
#[must_use]
pub fn no_formula(cell: &str) -> String {
    let bare = cell.replace('\0', "");
    let is_number = |rest: &str| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '\u{a0}' | '€'))
    };
    let first = bare.trim_start_matches([' ', '\u{a0}']);
    let runs = first.starts_with(['=', '+', '@', '\t', '\r', '\n', '＝', '＋', '＠'])
        || first.strip_prefix(['-', '－']).is_some_and(|rest| !is_number(rest) && !rest.is_empty());
    if runs { format!("'{bare}") } else { bare }
}

/// Whether a name given to other programs can be taken for neither an option nor a path.
#[must_use]
pub fn is_plain_word(word: &str) -> bool {
    !word.starts_with(['-', '.', '~']) && !word.contains(|c: char| c.is_control() || c == '/' || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        assert_eq!(
            printable("α\u{1b}[2J\r\u{9b}1m\tβ\r\n\u{202e}γ"),
            "α\u{fffd}[2J\u{fffd}\u{fffd}1m\tβ\n\u{fffd}γ"
        );
    }

    #[test]
    fn greek_names_are_written_in_latin_letters_as_passports_do() {
        for (greek, latin) in [
            ("Εθνική Τράπεζα", "Ethniki Trapeza"),
            ("Τράπεζα Πειραιώς", "Trapeza Peiraios"),
            ("Konet Υπηρεσίες Διαδικτύου Ε.Ε.", "Konet Ypiresies Diadiktyou E.E."),
            ("ΕΥΑΓΓΕΛΟΣ ΜΠΟΥΜΠΟΥΛΗΣ", "EVANGELOS BOUMPOULIS"),
            ("Αυγή, Ναύπακτος, Ευτυχία", "Avgi, Nafpaktos, Eftychia"),
            ("Άγχος Σφίγξ Ψυχή", "Anchos Sfinx Psychi"),
            ("Θεσσαλονίκη 546 30", "Thessaloniki 546 30"),
        ] {
            assert_eq!(latin_letters(greek), latin);
        }
    }

    #[test]
    fn capitals_lose_their_accents() {
        for (text, capitals) in [
            ("Άδεια Χρήσης", "ΑΔΕΙΑ ΧΡΗΣΗΣ"),
            ("Μαΐου", "ΜΑΪΟΥ"),
            ("προϊόν", "ΠΡΟΪΟΝ"),
            ("μάιος", "ΜΑΪΟΣ"),
            ("πληρωμή ή εξόφληση", "ΠΛΗΡΩΜΗ Ή ΕΞΟΦΛΗΣΗ"),
            ("Στοιχεία πελάτη", "ΣΤΟΙΧΕΙΑ ΠΕΛΑΤΗ"),
            ("example.gr", "EXAMPLE.GR"),
        ] {
            assert_eq!(greek_capitals(text), capitals);
        }
    }

    #[test]
    fn words_in_common_are_found_across_alphabets() {
        assert!(have_words_in_common("ΚΑΤΑΘΕΣΗ RF05KONET000001", "Κατάθεση, rf05κονετ000001, Νίκος"));
        assert!(!have_words_in_common("ΚΑΤΑΘΕΣΗ", ""));
        assert!(!have_words_in_common("ΕΜΒΑΣΜΑ ΑΛΦΑ ΕΠΕ", "ΕΜΒΑΣΜΑ ΒΗΤΑ ΟΕΕ"));
    }

    #[test]
    fn a_word_for_a_panel_is_no_option_and_no_path() {
        for word in ["alpha", "άλφα.ελ", "web-1.example:2087", "k_1", "alpha@web1"] {
            assert!(is_plain_word(word), "{word}");
        }
        for word in ["--help", "-f", "../etc", "/etc/passwd", "a/b", "a\\b", "..", "~root", "a\nb"] {
            assert!(!is_plain_word(word), "{word}");
        }
    }

    #[test]
    fn cleaning_leaves_nothing_that_hides() {
        assert_eq!(cleaned("  Α\u{202e}Β\r\nBcc:\0x\t\u{200b} "), "ΑΒ Bcc: x");
        // a letter and its accent that something hidden stood between; cleaning twice changes nothing
        for text in ["Α\u{ad}\u{301}", "\u{353}\u{200b}\u{342}\u{ad}\u{353}"] {
            assert_eq!(cleaned(&cleaned(text)), cleaned(text), "{text:?}");
        }
        assert_eq!(cleaned("Α\u{ad}\u{301}"), "Ά");
    }

    #[test]
    fn a_cell_never_runs_in_the_accountant_s_spreadsheet() {
        for cell in [
            "=1+1",
            "+30",
            "@SUM(A1)",
            "-1+cmd|calc",
            "-A1",
            "\t=1",
            "  =1",
            "\u{a0}@x",
            "＝1",
            "-2+3",
            "\r=1",
        ] {
            assert_eq!(no_formula(cell), format!("'{cell}"), "{cell:?}");
        }
        for cell in ["", "-12,34", "-1.234,56\u{a0}€", "-", "ΠΑΠΠΑΣ", "12", "a=b", "-5"] {
            assert_eq!(no_formula(cell), cell, "{cell:?}");
        }
        assert_eq!(no_formula("\0=1"), "'=1");
    }
}
