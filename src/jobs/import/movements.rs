//! Which lines of a statement are movements that were seen before, in this format or another, and which are new.

use crate::billing::candidates::Evidence;
use crate::billing::ids::CustomerCode;
use crate::billing::movement::{Identity, Movement as Said, real_reference};
use crate::billing::text::{cleaned, have_words_in_common};
use crate::intake::{Movement, PaymentRow};
use crate::store::{Judged, StoredPayment, is_same_account};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `source` of our own plain files: people write them, and name what they mean.
pub(super) const CSV: &str = "csv";

/// How we call movements that have no reference.
const OURS: &str = "fp-";

/// Texts are compared word by word among at most so many pairs of a day and amount.
const PAIRS_MAX: usize = 10_000;

/// A line of a statement with its identity.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// What the file says.
    pub(super) row: PaymentRow,
    /// What makes it the same movement within its format.
    pub(super) identity: Identity,
    /// Which of its equals within the statement it is, from 1; 0 until they are counted.
    pub(super) ordinal: u32,
    /// Whose it is, and what told so.
    pub(super) owner: Option<(CustomerCode, Evidence)>,
}

impl Line {
    /// The line that a row is.
    pub(super) fn of(row: PaymentRow) -> Self {
        let named = if names_somebody(&row) {
            format!("|{}|{}", row.customer.as_deref().unwrap_or_default(), row.services.join(";"))
        } else {
            String::new()
        };
        Self { identity: Self::said(&row, &named), ordinal: 0, row, owner: None }
    }

    /// What the file says of the movement. `named` tells apart what our own files name: whose, and what for.
    fn said<'a>(row: &'a PaymentRow, named: &'a str) -> Identity {
        let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        let given = text(&row.reference);
        Said {
            source: &row.source,
            incoming: row.movement == Movement::Incoming,
            account: &row.account,
            date: row.date,
            amount: row.amount,
            bank_ref: &row.bank_ref,
            end_to_end: text(&row.end_to_end),
            transaction_id: text(&row.transaction_id),
            payer: text(&row.payer),
            payer_iban: text(&row.payer_iban),
            text: [text(&row.note), &format!("{given}{named}")],
        }
        .identity()
    }

    /// The identity of the line without the customer and services that our own file names: it may have come without
    /// them before, or come again without them.
    pub(super) fn bare_identity(&self) -> Option<Identity> {
        names_somebody(&self.row).then(|| Self::said(&self.row, ""))
    }

    /// The reference by which people speak of it: the bank's, or one made of its identity.
    pub(super) fn display_reference(&self) -> String {
        real_reference(&self.row.bank_ref).map_or_else(
            || {
                let head: String = self.identity.to_string().chars().take(10).collect();
                if self.ordinal == 1 {
                    format!("{OURS}{head}")
                } else {
                    format!("{OURS}{head}-{}", self.ordinal)
                }
            },
            str::to_owned,
        )
    }
}

fn names_somebody(row: &PaymentRow) -> bool {
    row.customer.is_some() || !row.services.is_empty()
}

/// Compares lines of one format, day and amount with `known`, which other formats of the account have shown: as many
/// count as the fuller format has. What both say surely (the payer's account, the end-to-end id, a reference, whose it
/// is) goes before words in common; where nothing tells, a person is asked.
pub(super) fn compared(lines: &[Line], known: Vec<StoredPayment>) -> Vec<Judged> {
    let mut verdicts = vec![Judged::New; lines.len()];
    let mut pairing =
        Pairing { lines, open: (0..lines.len()).collect(), known: known.into_iter().map(Some).collect() };
    pairing.by_key(&mut verdicts, |line| text(&line.row.payer_iban), |known| text(&known.payer_iban));
    pairing.by_key(&mut verdicts, |line| real(&line.row.end_to_end), |known| real(&known.end_to_end));
    pairing.by_key(
        &mut verdicts,
        |line| real_reference(&line.row.bank_ref).map(str::to_owned),
        |known| given_reference(&known.bank_ref).map(str::to_owned),
    );
    pairing.by_key(
        &mut verdicts,
        |line| line.owner.as_ref().map(|(code, _)| code.to_string()),
        |known| known.customer.as_ref().or(known.likely.as_ref()).map(ToString::to_string),
    );
    pairing.by_words(&mut verdicts);
    pairing.rest(&mut verdicts);
    verdicts
}

/// A reference that the bank gave; what we call a movement without one is none.
fn given_reference(text: &str) -> Option<&str> {
    real_reference(text).filter(|text| !text.starts_with(OURS))
}

fn text(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn real(text: &Option<String>) -> Option<String> {
    text.as_deref().and_then(real_reference).map(str::to_owned)
}

/// Whether nothing that can be compared across formats tells a line and a payment apart. Whose each seems to be cannot:
/// one of the two may be wrong, and then it is one payment that would count twice.
fn can_be(line: &Line, known: &StoredPayment) -> bool {
    let differ = |a: Option<String>, b: Option<String>| a.is_some() && b.is_some() && a != b;
    is_same_account(&known.account, &line.row.account)
        && !differ(text(&line.row.payer_iban), text(&known.payer_iban))
        && !differ(real(&line.row.end_to_end), real(&known.end_to_end))
}

/// Whether each seems to be another customer's: then only a person knows.
fn contradict(line: &Line, known: &StoredPayment) -> bool {
    let owners = line.owner.as_ref().map(|(code, _)| code).zip(known.customer.as_ref());
    owners.is_some_and(|(ours, theirs)| ours != theirs)
}

/// Lines that no payment was found for yet, and payments that no line was found for.
struct Pairing<'a> {
    lines: &'a [Line],
    open: Vec<usize>,
    known: Vec<Option<StoredPayment>>,
}

impl Pairing<'_> {
    /// Pairs lines and payments with an equal key.
    fn by_key(
        &mut self,
        verdicts: &mut [Judged],
        of_line: impl Fn(&Line) -> Option<String>,
        of_known: impl Fn(&StoredPayment) -> Option<String>,
    ) {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, known) in self.known.iter().enumerate().rev() {
            if let Some(key) = known.as_ref().and_then(&of_known) {
                places.entry(key).or_default().push(at);
            }
        }
        let lines = self.lines;
        let known = &mut self.known;
        self.open.retain(|at| {
            let line = &lines[*at];
            let Some(places) = of_line(line).and_then(|key| places.get_mut(&key)) else { return true };
            let fits = |place: &usize| known[*place].as_ref().is_some_and(|known| can_be(line, known));
            // the last one fits nearly always: a statement may hold very many of one key
            let Some(at_key) = places.iter().rposition(fits) else { return true };
            let found = places.remove(at_key);
            if let Some(known) = known[found].take() {
                verdicts[*at] = verdict(line, &known);
            }
            false
        });
    }

    /// Pairs what has words in common, where there is not too much to compare.
    fn by_words(&mut self, verdicts: &mut [Judged]) {
        if self.open.len() * self.known.iter().flatten().count() > PAIRS_MAX {
            return;
        }
        let lines = self.lines;
        let all = |texts: [&Option<String>; 3]| {
            cleaned(&texts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" "))
        };
        let known = &mut self.known;
        self.open.retain(|at| {
            let line = &lines[*at];
            let words = all([&line.row.note, &line.row.payer, &line.row.reference]);
            let alike = |known: &StoredPayment| {
                can_be(line, known)
                    && !contradict(line, known)
                    && have_words_in_common(&words, &all([&known.note, &known.payer, &known.reference]))
            };
            let Some(found) = known.iter_mut().find(|known| known.as_ref().is_some_and(alike)) else {
                return true;
            };
            if let Some(known) = found.take() {
                verdicts[*at] = verdict(line, &known);
            }
            false
        });
    }

    /// What is left on both sides may be the same or not; lines that say whose they are are new money first.
    fn rest(&mut self, verdicts: &mut [Judged]) {
        let lines = self.lines;
        self.open.sort_by_key(|at| lines[*at].owner.is_some());
        let mut left: Vec<StoredPayment> = self.known.drain(..).flatten().collect();
        for at in &self.open {
            if let Some(found) = left.iter().position(|known| can_be(&lines[*at], known)) {
                left.swap_remove(found);
                verdicts[*at] = Judged::Doubtful;
            }
        }
    }
}

/// A person's own file beside a bank's, each with a reference of its own, and money that seems to be of two customers:
/// only a person knows whether they are one.
fn verdict(line: &Line, known: &StoredPayment) -> Judged {
    let [ours, theirs] = [&*line.row.bank_ref, &*known.bank_ref].map(given_reference);
    let by_person = &*line.row.source == CSV || known.source == CSV;
    let certain = line.row.payer_iban.is_some() && text(&line.row.payer_iban) == text(&known.payer_iban);
    let named_apart = by_person && ours.is_some() && theirs.is_some() && ours != theirs && !certain;
    if named_apart || contradict(line, known) {
        return Judged::Doubtful;
    }
    Judged::Same(known.id)
}
