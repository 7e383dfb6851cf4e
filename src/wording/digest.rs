//! The digest of a night: everything, in the order in which accounting needs it.

use super::speech::{say, spoken, word};
use crate::billing::money::Money;
use crate::billing::period::greek_date;
use crate::export::site::commands;
use crate::views::StepView;
use crate::views::digest::{Digest, DigestSubject, FailedNight};
use handlebars::Handlebars;
use serde_json::json;
use std::fmt;

const PAGE: &str = include_str!("../../templates/digest.html.hbs");

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

impl FailedNight<'_> {
    /// The same for programs that show HTML.
    #[must_use]
    pub(crate) fn html(&self) -> String {
        let said = self.to_string();
        page(&self.subject(), said.lines().filter(|line| !line.is_empty()), &[], "", None)
    }
}

/// A part of the digest: its title, its lines, and whether somebody must look at them.
struct Part {
    title: String,
    lines: Vec<String>,
    /// How many lines there are, also where not all of them are told.
    count: usize,
    urgent: bool,
}

/// A mail of more is read by nobody, and cut by many programs.
const LINES_MAX: usize = 200;

impl Part {
    fn bounded(mut self) -> Self {
        self.count = self.lines.len();
        if let more @ 1.. = self.count.saturating_sub(LINES_MAX) {
            self.lines.truncate(LINES_MAX);
            self.lines.push(say!("nightly.more", count = more));
        }
        self
    }
}

impl Digest<'_> {
    /// The same for programs that show HTML; `link` leads to the report.
    #[must_use]
    pub(crate) fn html(&self, link: Option<&str>) -> String {
        page(&self.subject(), [].into_iter(), &self.parts(), &self.open(), link)
    }

    /// What cannot wait first: whether somebody must look.
    #[must_use]
    pub(crate) fn subject(&self) -> String {
        DigestSubject(self.night).to_string()
    }

    /// All of it as text, and where the report is read.
    #[must_use]
    pub(crate) fn text(&self, link: Option<&str>) -> String {
        let link = link.map(|link| format!("{link}\n")).unwrap_or_default();
        format!("{self}{link}")
    }

    fn open(&self) -> String {
        let Self { overdue, overdue_charges: services, to_invoice, .. } = self;
        say!("digest.open", overdue, services, to_invoice)
    }

    /// What the night did and what it left, without the parts that are empty.
    fn parts(&self) -> Vec<Part> {
        let night = self.night;
        let guard = night.enforce.guard.iter().map(|guard| say!("digest.guard", message = guard.message));
        let faults =
            night.faults.iter().map(|fault| say!("digest.not_done", fault = fault.replace('\n', "; ")));
        let attention =
            night.attention.iter().map(|item| format!("{}: {}", word("found", &item.kind), item.text));
        let imports = night.imports.iter().map(|import| {
            let (files, created, changed) = (import.files.join(", "), import.created, import.changed);
            let (matched, unmatched) = (import.matched, import.unmatched);
            if matched + unmatched == 0 {
                return say!("digest.file", files, created, changed);
            }
            say!("digest.file_of_payments", files, created, changed, matched, unmatched)
        });
        let cards = night.notify.messages.iter().map(|message| {
            let (total, state) = (Money::from_cents(message.total_cents), word("delivery", message.state));
            let (customer, card, subject) = (&message.customer, &message.card, &message.subject);
            say!("digest.card", customer, card, total, subject, state)
        });
        let part = |title: String, lines: Vec<String>| Part { title, lines, count: 0, urgent: false };
        let parts = [
            Part {
                title: say!("digest.needs_person"),
                lines: guard.chain(faults).chain(attention).collect(),
                count: 0,
                urgent: true,
            },
            part(say!("digest.done"), night.enforce.actions.iter().map(step).collect()),
            part(say!("digest.withheld"), night.enforce.withheld.iter().map(step).collect()),
            part(say!("digest.imported"), imports.collect()),
            part(say!("digest.cards"), cards.collect()),
        ];
        parts.into_iter().filter(|part| !part.lines.is_empty()).map(Part::bounded).collect()
    }
}

impl fmt::Display for Digest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts() {
            writeln!(f, "{} ({})", part.title, part.count)?;
            part.lines.iter().try_for_each(|line| writeln!(f, "- {line}"))?;
            writeln!(f)?;
        }
        writeln!(f, "{}", self.open())
    }
}

fn step(step: &StepView) -> String {
    let StepView { action, service, customer, because, .. } = step;
    say!("digest.step", action, service, customer, because)
}

/// The mail's page; values are escaped, and none is a template.
fn page<'a>(
    title: &str,
    opening: impl Iterator<Item = &'a str>,
    parts: &[Part],
    closing: &str,
    link: Option<&str>,
) -> String {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| json!({ "title": part.title, "count": part.count, "lines": part.lines.iter().map(|line| commands(line)).collect::<Vec<_>>(), "urgent": part.urgent }))
        .collect();
    let view = json!({
        "language": spoken().code(), "title": title, "opening": opening.map(commands).collect::<Vec<_>>(), "parts": parts,
        "closing": closing.lines().collect::<Vec<_>>(), "link": link,
    });
    // the template is ours, and names nothing else
    Handlebars::new().render_template(PAGE, &view).unwrap_or_default()
}
