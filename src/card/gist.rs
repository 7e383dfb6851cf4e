//! What a message is mostly about: its tone, by its gravest news, and what its subject and lead speak of.

use super::words::{date, money};
use crate::billing::card::{BillingCard, CardEvent, CardLine, Urgency};
use crate::billing::notice::Stage;
use chrono::NaiveDate;
use serde::Serialize;

/// The sections of `strings.toml`, gravest first.
pub(super) const TONES: [&str; 13] = [
    "final",
    "suspended",
    "terminated",
    "reopened",
    "warning",
    "overdue",
    "expiry",
    "reminder",
    "charged",
    "request",
    "reinstated",
    "renewed",
    "cancelled",
];

/// The section that speaks of a stage.
const fn tone(stage: Stage) -> &'static str {
    match stage {
        Stage::Before(_) => "reminder",
        Stage::Expiry => "expiry",
        Stage::After(_) => "overdue",
        Stage::Charged => "charged",
        Stage::Warning => "warning",
        Stage::Reopened => "reopened",
        Stage::Suspended => "suspended",
        Stage::Final => "final",
        Stage::Terminated => "terminated",
        Stage::Renewed => "renewed",
        Stage::Reinstated => "reinstated",
        Stage::Cancelled => "cancelled",
        Stage::OnRequest => "request",
    }
}

fn gravity(tone: &str) -> usize {
    TONES.iter().position(|other| *other == tone).unwrap_or(TONES.len())
}

/// What the phrases can speak of.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Gist {
    /// The service that matters most: its domain name, or its name.
    service: String,
    /// How many others the message tells of.
    others: usize,
    /// `true` where it is exactly one.
    one_other: bool,
    /// The day that matters most: an expiry, a deletion, a new expiry; may be empty.
    date: String,
    /// The amount to pay; empty where nothing is due.
    amount: String,
    /// Pay by; may be empty.
    due_by: String,
    /// Paid, and something is still to be done at a panel or registry.
    awaits: bool,
}

/// A piece of news: its tone, the service, the day that matters.
type News<'a> = (&'static str, &'a str, Option<NaiveDate>);

/// The tone of a card's message and what its phrases speak of.
pub(super) fn gist(card: &BillingCard) -> (&'static str, Gist) {
    let mut told: Vec<News<'_>> = card.events.iter().map(of_event).collect();
    told.extend(card.lines.iter().filter_map(|line| Some(of_line(line, line.stage?))));
    // without news (a card to look at) the most urgent line sets the tone
    if told.is_empty() {
        told.extend(card.lines.iter().map(|line| {
            let shown = if line.urgency == Urgency::Overdue { "overdue" } else { tone(Stage::OnRequest) };
            (shown, line.domain_name.as_deref().unwrap_or(&line.name), line.expires_on)
        }));
    }
    let gravest = told.iter().map(|(tone, ..)| *tone).min_by_key(|tone| gravity(tone));
    let gravest = gravest.unwrap_or(tone(Stage::OnRequest));
    let mut same: Vec<News<'_>> = told.into_iter().filter(|(other, ..)| *other == gravest).collect();
    same.sort_by_key(|(_, _, day)| day.unwrap_or(NaiveDate::MAX));
    let others = same.len().saturating_sub(1);
    let (service, day) = same.first().map_or(("", None), |(_, service, day)| (*service, *day));
    let due = card.total_due.is_positive();
    let worded = |day: Option<NaiveDate>| day.map(|day| date(card.language, day)).unwrap_or_default();
    let gist = Gist {
        service: service.to_owned(),
        others,
        one_other: others == 1,
        date: worded(day),
        amount: if due { money(card.language, card.total_due) } else { String::new() },
        due_by: worded(card.due_by.filter(|_| due)),
        awaits: gravest == tone(Stage::Renewed) && card.events.iter().any(|event| event.awaits.is_some()),
    };
    (gravest, gist)
}

fn of_event(event: &CardEvent) -> News<'_> {
    let day = match event.stage {
        Stage::Final | Stage::Suspended => event.terminate_on,
        // switched on again without having been renewed: there is no new expiry to speak of
        Stage::Reinstated if event.expires_on <= event.period.from => None,
        _ => Some(event.expires_on),
    };
    (tone(event.stage), event.domain_name.as_deref().unwrap_or(&event.name), day)
}

fn of_line(line: &CardLine, stage: Stage) -> News<'_> {
    let day = match stage {
        Stage::Final => line.terminate_on,
        Stage::Warning | Stage::Reopened => line.suspend_on,
        _ => line.expires_on,
    };
    let domain = line.domain_name.as_deref().filter(|_| stage != Stage::Charged);
    (tone(stage), domain.unwrap_or(&line.name), day)
}

#[cfg(test)]
mod tests {
    use super::{TONES, tone};
    use crate::billing::notice::Stage;

    #[test]
    fn every_stage_has_its_tone_and_every_tone_its_stage() {
        let mut tones = Stage::EACH.map(tone);
        tones.sort_unstable();
        let mut all = TONES;
        all.sort_unstable();
        assert_eq!(tones, all);
    }
}
