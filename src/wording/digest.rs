//! The digest of a night: everything, in the order in which accounting needs it.

use crate::billing::money::Money;
use crate::views::StepView;
use crate::views::digest::{Digest, DigestSubject};
use std::fmt;

/// What cannot wait first: whether somebody must look.
impl fmt::Display for DigestSubject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let night = self.0;
        let look = night.attention.len() + night.faults.len() + usize::from(night.enforce.guard.is_some());
        write!(f, "Night of {}: ", night.run.as_of.format("%d/%m/%Y"))?;
        if look > 0 {
            write!(f, "{look} to look at, ")?;
        }
        write!(f, "{} cards, {} steps", night.notify.messages.len(), night.enforce.actions.len())
    }
}

impl fmt::Display for Digest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let night = self.night;
        let guard = night.enforce.guard.iter().map(|guard| format!("guard: {}", guard.message));
        let faults = night.faults.iter().map(|fault| format!("not done: {}", fault.replace('\n', "; ")));
        let attention = night.attention.iter().map(|item| format!("{}: {}", item.kind, item.text));
        part(f, "Needs a person", guard.chain(faults).chain(attention))?;
        part(f, "Done", night.enforce.actions.iter().map(step))?;
        part(f, "Withheld", night.enforce.withheld.iter().map(step))?;
        let imports = night.imports.iter().map(|import| {
            let money = if import.matched + import.unmatched > 0 {
                format!("; {} matched to a customer, {} unmatched", import.matched, import.unmatched)
            } else {
                String::new()
            };
            format!("{}: {} new, {} changed{money}", import.files.join(", "), import.created, import.changed)
        });
        part(f, "Imported", imports)?;
        let cards = night.notify.messages.iter().map(|message| {
            let total = Money::from_cents(message.total_cents);
            format!("{} {}: {total}, {} ({})", message.customer, message.card, message.subject, message.state)
        });
        part(f, "Cards", cards)?;
        writeln!(
            f,
            "{} are overdue for {} services; {} charges and advances wait for a tax invoice.\n\
             Everything that is open: konet-billing status",
            self.overdue, self.overdue_charges, self.to_invoice
        )
    }
}

fn step(step: &StepView) -> String {
    format!("{} {} of {}: {}", step.action.code(), step.service, step.customer, step.because)
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
