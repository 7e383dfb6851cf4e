//! The digest of a night: everything, in the order in which accounting needs it.

use super::speech::{say, word};
use crate::billing::money::Money;
use crate::billing::period::greek_date;
use crate::views::StepView;
use crate::views::digest::{Digest, DigestSubject, FailedNight};
use std::fmt;

/// What cannot wait first: whether somebody must look.
impl fmt::Display for DigestSubject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let night = self.0;
        let look = night.attention.len() + night.faults.len() + usize::from(night.enforce.guard.is_some());
        let (cards, steps) = (night.notify.messages.len(), night.enforce.actions.len());
        f.write_str(&say!("digest.subject", on = greek_date(night.run.as_of), look, cards, steps))
    }
}

impl FailedNight<'_> {
    pub(crate) fn subject(&self) -> String {
        say!("digest.failed_subject", on = greek_date(self.on))
    }
}

impl fmt::Display for FailedNight<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&say!("digest.failed", on = greek_date(self.on), why = self.why))
    }
}

impl fmt::Display for Digest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let night = self.night;
        let guard = night.enforce.guard.iter().map(|guard| say!("digest.guard", message = guard.message));
        let faults =
            night.faults.iter().map(|fault| say!("digest.not_done", fault = fault.replace('\n', "; ")));
        let attention =
            night.attention.iter().map(|item| format!("{}: {}", word("found", &item.kind), item.text));
        part(f, &say!("digest.needs_person"), guard.chain(faults).chain(attention))?;
        part(f, &say!("digest.done"), night.enforce.actions.iter().map(step))?;
        part(f, &say!("digest.withheld"), night.enforce.withheld.iter().map(step))?;
        let imports = night.imports.iter().map(|import| {
            let (files, created, changed) = (import.files.join(", "), import.created, import.changed);
            let (matched, unmatched) = (import.matched, import.unmatched);
            if matched + unmatched == 0 {
                return say!("digest.file", files, created, changed);
            }
            say!("digest.file_of_payments", files, created, changed, matched, unmatched)
        });
        part(f, &say!("digest.imported"), imports)?;
        let cards = night.notify.messages.iter().map(|message| {
            let (total, state) = (Money::from_cents(message.total_cents), word("delivery", message.state));
            let (customer, card, subject) = (&message.customer, &message.card, &message.subject);
            say!("digest.card", customer, card, total, subject, state)
        });
        part(f, &say!("digest.cards"), cards)?;
        let Self { overdue, overdue_charges: services, to_invoice, .. } = self;
        writeln!(f, "{}", say!("digest.open", overdue, services, to_invoice))
    }
}

fn step(step: &StepView) -> String {
    let StepView { action, service, customer, because, .. } = step;
    say!("digest.step", action, service, customer, because)
}

fn part(f: &mut fmt::Formatter<'_>, title: &str, lines: impl Iterator<Item = String>) -> fmt::Result {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title} ({})", lines.len())?;
    lines.iter().try_for_each(|line| writeln!(f, "- {line}"))?;
    writeln!(f)
}
