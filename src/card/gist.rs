//! What a message is mostly about: its tone, by its gravest news, and what its subject and lead speak of.

use super::languages::{date, money};
use super::words::{Words, receipts};
use crate::billing::card::{BillingCard, CardEvent, CardLine, Urgency};
use crate::billing::charge::ChargeSource;
use crate::billing::money::Money;
use crate::billing::notice::Stage;
use crate::billing::service::ServiceKind;
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

/// The longest name beside a domain name.
const NAME_MAX: usize = 60;

fn gravity(tone: &str) -> usize {
    TONES.iter().position(|other| *other == tone).unwrap_or(TONES.len())
}

/// What the phrases can speak of.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Gist {
    /// The service that matters most: a domain name, or a name with its domain name.
    service: String,
    /// How many others the message tells the same of.
    others: usize,
    /// `true` where it is exactly one.
    one_other: bool,
    /// The service and the others.
    all: usize,
    /// The day that matters most: an expiry, a deletion, a new expiry; may be empty.
    date: String,
    /// Whether that is the day of issue.
    today: bool,
    /// Whether it is the day after.
    tomorrow: bool,
    /// Whether it lies before.
    past: bool,
    /// What is due for the service and the others; empty where that is nothing.
    amount: String,
    /// What is due in all, where that is something else; else empty.
    total: String,
    /// Pay that amount by; empty where it is due at once, or nothing is.
    due_by: String,
    /// Whether it is due at once.
    at_once: bool,
    /// Whether the card names a day on which something happens if that is not paid.
    dated: bool,
    /// Each payment that settled what is told, with its day; may be empty.
    received: String,
    /// What of the customer's money is left; may be empty.
    credit: String,
    /// Paid, and something is still to be done at a panel or registry.
    awaits: bool,
}

/// A piece of news.
struct News<'a> {
    tone: &'static str,
    /// The service as it is named.
    name: String,
    /// The day that matters.
    day: Option<NaiveDate>,
    /// The lines that ask for its money.
    lines: Vec<&'a CardLine>,
}

/// The tone of a card's message and what its phrases speak of.
pub(super) fn gist(card: &BillingCard, words: &Words) -> (&'static str, Gist) {
    let mut told: Vec<News<'_>> = card.events.iter().map(|event| of_event(card, event)).collect();
    told.extend(card.lines.iter().filter_map(|line| Some(of_line(card, line, tone(line.stage?)))));
    // without news (a card to look at) the most urgent line sets the tone
    if told.is_empty() {
        told.extend(card.lines.iter().filter(|line| line.source != ChargeSource::Adjustment).map(|line| {
            let shown = if line.urgency == Urgency::Overdue { "overdue" } else { tone(Stage::OnRequest) };
            of_line(card, line, shown)
        }));
    }
    let gravest = told.iter().map(|news| news.tone).min_by_key(|tone| gravity(tone));
    let gravest = gravest.unwrap_or(tone(Stage::OnRequest));
    let mut same: Vec<News<'_>> = told.into_iter().filter(|news| news.tone == gravest).collect();
    same.sort_by_key(|news| news.day.unwrap_or(NaiveDate::MAX));
    (gravest, spoken(card, words, gravest, &same))
}

fn spoken(card: &BillingCard, words: &Words, tone_of: &str, same: &[News<'_>]) -> Gist {
    let own: Vec<&CardLine> =
        card.lines.iter().filter(|line| same.iter().any(|news| news.asks_for(line))).collect();
    let is_request = tone_of == tone(Stage::OnRequest);
    let due: Money = own.iter().map(|line| line.due).sum();
    // whoever asked for the card is told of all of it; credit pays for what is needed first
    let due = if is_request { card.total_due } else { due.min(card.total_due) };
    let asked = || own.iter().filter(|line| line.due.is_positive());
    let has = |later: bool| asked().any(|line| line.later == later);
    // a sum of parts that have two days has none: the panel gives each its own
    let due_by = match card.later {
        Some(_) if is_request || has(true) && has(false) => None,
        Some(later) if has(true) => Some(later.by),
        _ => card.due_by,
    };
    let day = same.first().and_then(|news| news.day);
    let worded = |day: Option<NaiveDate>| day.map(|day| date(card.language, day)).unwrap_or_default();
    let sum = |amount: Money| {
        if amount.is_positive() { money(card.language, amount) } else { String::new() }
    };
    let others = same.len().saturating_sub(1);
    let consequences = |line: &&CardLine| [line.suspend_on, line.terminate_on, line.released_on];
    Gist {
        service: same.first().map(|news| news.name.clone()).unwrap_or_default(),
        others,
        one_other: others == 1,
        all: same.len(),
        date: worded(day),
        today: day == Some(card.issued_on),
        tomorrow: !same.is_empty() && same.iter().all(|news| news.day == card.issued_on.succ_opt()),
        past: day.is_some_and(|day| day < card.issued_on),
        amount: sum(due),
        total: if due == card.total_due { String::new() } else { sum(card.total_due) },
        due_by: worded(due_by.filter(|_| due.is_positive())),
        at_once: due.is_positive() && card.due_by.is_none(),
        dated: own.iter().flat_map(consequences).flatten().next().is_some(),
        received: receipts(card.language, words, &card.receipts),
        credit: sum(card.credit),
        awaits: tone_of == tone(Stage::Renewed) && card.events.iter().any(|event| event.awaits.is_some()),
    }
}

impl Gist {
    /// What is due for the services that the phrases name; empty where that is nothing.
    pub(super) fn amount(&self) -> &str {
        &self.amount
    }
}

impl News<'_> {
    fn asks_for(&self, line: &CardLine) -> bool {
        self.lines.iter().any(|own| std::ptr::eq(*own, line))
    }
}

/// A service as sentences name it: by its domain name, and by what it is where that is not the domain name itself.
fn named(kind: Option<ServiceKind>, name: &str, domain: Option<&str>) -> String {
    match (kind, domain) {
        (Some(ServiceKind::Domain), Some(domain)) => domain.to_owned(),
        (_, Some(domain)) if !name.contains(domain) => format!("{domain} ({})", shortened(name)),
        _ => name.to_owned(),
    }
}

/// In a sentence a long name is cut; the table has all of it.
fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    let begin: String = name.chars().take(NAME_MAX - 1).collect();
    format!("{}…", begin.trim_end())
}

fn of_event<'a>(card: &'a BillingCard, event: &CardEvent) -> News<'a> {
    let day = match event.stage {
        Stage::Final | Stage::Suspended => event.terminate_on,
        // switched on again without having been renewed: there is no new expiry to speak of
        Stage::Reinstated if event.expires_on <= event.period.from => None,
        _ => Some(event.expires_on),
    };
    // what is settled, deleted or cancelled asks for nothing
    let asks = matches!(event.stage, Stage::Suspended | Stage::Final)
        || event.stage == Stage::Reinstated && day.is_none();
    let of_it = |line: &&CardLine| asks && line.service.as_ref() == Some(&event.service);
    News {
        tone: tone(event.stage),
        name: named(Some(event.kind), &event.name, event.domain_name.as_deref()),
        day,
        lines: card.lines.iter().filter(of_it).collect(),
    }
}

fn of_line<'a>(card: &'a BillingCard, line: &'a CardLine, tone: &'static str) -> News<'a> {
    let day = match line.stage {
        Some(Stage::Final) => line.terminate_on,
        Some(Stage::Warning | Stage::Reopened) => line.suspend_on,
        _ => line.expires_on,
    };
    let is_charge = line.stage == Some(Stage::Charged);
    let domain = line.domain_name.as_deref().filter(|_| !is_charge);
    let at = card.lines.iter().position(|other| std::ptr::eq(other, line)).unwrap_or_default();
    // what was taken off it stands behind it
    let behind = card.lines[at..].iter().skip(1).take_while(|next| next.source == ChargeSource::Adjustment);
    News {
        tone,
        name: named(line.kind.filter(|_| !is_charge), &line.name, domain),
        day,
        lines: std::iter::once(line).chain(behind).collect(),
    }
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
