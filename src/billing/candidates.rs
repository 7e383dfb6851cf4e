//! Whose a payment is: what can tell so; and where nothing does, whose it probably is, which is proposed to a person
//! and never decided.

use super::coded::coded;
use super::customer::Customer;
use super::facts::Facts;
use super::money::Money;
use super::text::{bare_capitals, latin_letter};

coded! {
    /// What told whose a payment is. What a payment names goes before the account that it comes from: people pay for
    /// others.
    pub enum Evidence {
        /// Our own file says it.
        Customer = "customer",
        /// The customer's payment reference stands in it.
        Reference = "reference",
        /// A card's number stands in it.
        Card = "card",
        /// All the services it names are one customer's.
        Services = "services",
        /// A customer's code stands in it.
        Code = "code",
        /// It comes from an account that is known as the customer's.
        PayerIban = "payer_iban",
        /// Somebody said so.
        Person = "person",
    }
}

/// Evidence for one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// 0 to 100.
    pub score: u32,
    /// What speaks for it.
    pub because: Vec<Clue>,
}

/// What speaks for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clue {
    /// It is exactly what one charge still costs.
    OneCharge,
    /// It is the total of the last card.
    LastCard,
    /// Their tax id stands in it.
    TaxId,
    /// So many percent of the words of the payer's name and theirs are alike.
    Name(u32),
}

/// Points of each kind of evidence.
const EXACT_CHARGE: u32 = 45;
const CARD_TOTAL: u32 = 45;
const TAX_ID: u32 = 50;
const NAME_MAX: u32 = 45;
/// Weaker evidence is no proposal.
const LEAST: u32 = 30;
/// From so many points on, money that nobody owns yet protects a candidate from enforcement. Points beyond the
/// amount's come of a name or a tax id alone, so that one of [`heads_of_names`] or the tax id is always shared.
pub const LIKELY_POINTS: u32 = 80;
/// For so many days from its import; then a person has had the time to say whose it is.
pub const PROTECTS_DAYS: u32 = 30;
/// Letters by which two words of a name are compared.
const HEAD: usize = 5;
/// Digits that a tax id has at the least.
const TAX_ID_MIN: usize = 8;

/// How well a payment of `amount`, from `payer`, with these words, fits a customer.
#[must_use]
pub fn candidate(facts: &Facts, amount: Money, payer: Option<&str>, words: &str) -> Option<Candidate> {
    let mut score = 0;
    let mut because = Vec::new();
    if facts.open_charges().iter().any(|charge| charge.due() == amount) {
        score += EXACT_CHARGE;
        because.push(Clue::OneCharge);
    } else if facts.last_card.as_ref().is_some_and(|card| card.total_due == amount) {
        score += CARD_TOTAL;
        because.push(Clue::LastCard);
    }
    let tax_id = facts.customer.tax_id.as_deref().filter(|id| id.len() >= TAX_ID_MIN);
    if tax_id.is_some_and(|id| words.contains(id) || payer.is_some_and(|payer| payer.contains(id))) {
        score += TAX_ID;
        because.push(Clue::TaxId);
    }
    let alike = payer.map_or(0, |payer| likeness(payer, &facts.customer.name));
    if alike > 0 {
        score += alike * NAME_MAX / 100;
        because.push(Clue::Name(alike));
    }
    (score >= LEAST).then(|| Candidate { score: score.min(100), because })
}

/// How many percent of the words of the shorter name stand in the other, in any script and order.
fn likeness(a: &str, b: &str) -> u32 {
    let (a, b) = (words(a), words(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.iter().filter(|word| long.iter().any(|other| begins_alike(word, other))).count();
    if short.is_empty() { 0 } else { u32::try_from(same * 100 / short.len()).unwrap_or(0) }
}

/// Names decline and are cut: their first letters tell.
fn begins_alike(a: &str, b: &str) -> bool {
    head(a) == head(b)
}

fn head(word: &str) -> String {
    word.chars().take(HEAD).collect()
}

/// Heads of a customer's names, by which money of nobody may be found to be theirs; their tax id is another way.
#[must_use]
pub fn heads_of_names(customer: &Customer) -> Vec<String> {
    words(&customer.name).iter().map(|word| head(word)).collect()
}

/// What a payment says: its reference and its note as one text.
#[must_use]
pub fn said(reference: Option<&str>, note: Option<&str>) -> String {
    [reference, note].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The words by which a payment that nobody owns yet may be found: heads of its payer's names, and whatever may be a
/// tax id in what is written.
#[must_use]
pub fn words_of_payment(payer: Option<&str>, text: &str) -> Vec<String> {
    let payer = payer.unwrap_or_default();
    let mut telling: Vec<String> = words(payer).iter().map(|word| head(word)).collect();
    let runs = [payer, text].into_iter().flat_map(|text| text.split(|c: char| !c.is_ascii_digit()));
    telling.extend(runs.filter(|run| run.len() >= TAX_ID_MIN).map(str::to_owned));
    telling.sort();
    telling.dedup();
    telling
}

/// The telling words of a name, in Latin letters.
fn words(name: &str) -> Vec<String> {
    latin(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 4)
        .map(str::to_owned)
        .collect()
}

/// Greek in Latin letters, as passports write it (ELOT 743, without its double letters); banks print no marks at all.
fn latin(text: &str) -> String {
    let capitals = bare_capitals(text).replace("ΟΥ", "OU").replace("ΜΠ", "B").replace("ΝΤ", "NT");
    let mut latin = String::new();
    for c in capitals.chars() {
        match c.to_lowercase().next().map_or("", latin_letter) {
            "" => latin.extend(c.to_uppercase()),
            letters => latin.push_str(&letters.to_uppercase()),
        }
    }
    latin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_across_scripts_and_order() {
        assert_eq!(likeness("PAPADOPOULOS IOANNIS", "Παπαδόπουλος Ιωάννης"), 100);
        assert_eq!(likeness("ΙΩΑΝΝΗΣ ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδόπουλος Ιωάννης"), 100);
        assert_eq!(likeness("ΠΑΠΑΔΟΠΟΥΛΟΥ ΜΑΡΙΑ", "Παπαδόπουλος Ιωάννης"), 50);
        assert_eq!(likeness("ΒΛΑΧΟΠΟΥΛΟΣ", "Παπαδόπουλος Ιωάννης"), 0);
        assert_eq!(likeness("ΑΕ", "Παπαδόπουλος"), 0);
        assert_eq!(likeness("ΕΤΑΙΡΕΙΑ ΕΚΔΟΣΕΩΝ", "Ἑταιρεία Ἐκδόσεων"), 100);
        assert_eq!(likeness("HANS MULLER", "Müller, Hans"), 100);
        assert_eq!(likeness("ΜΑΙΟΥ ΖΩΗΣ", "Μαΐου Ζωής"), 100);
    }
}
