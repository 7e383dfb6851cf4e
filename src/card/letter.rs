//! The e-mail that carries a card: its subject and its two bodies, by handlebars templates.
//!
//! Values are values: none is ever compiled as a template, HTML escapes them all, text none.

use super::words::{Wording, Words, date, money, rate};
use crate::billing::card::{BillingCard, CardEvent, CardLine, CardService, CardStatus, Urgency};
use crate::billing::customer::{Language, PaymentReference};
use crate::billing::money::Money;
use crate::billing::notice::Stage;
use crate::billing::reference::grouped;
use crate::billing::text::{cleaned, greek_capitals};
use handlebars::Handlebars;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

/// Why a letter cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the template `{template}` failed: {why}")]
pub struct LetterError {
    template: String,
    why: String,
}

/// A letter, ready to be composed into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedLetter {
    /// Subject, one line.
    pub subject: String,
    /// HTML body.
    pub html: String,
    /// Text body.
    pub text: String,
}

/// The templates of both languages, compiled.
pub struct Letters {
    wording: Wording,
    greek: OnceLock<Templates>,
    english: OnceLock<Templates>,
}

/// What a message is mostly about; picks the phrases of `strings.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tone {
    Final,
    Suspended,
    Terminated,
    Reopened,
    Warning,
    Overdue,
    Expiry,
    Reminder,
    Charged,
    Request,
    Reinstated,
    Renewed,
    Cancelled,
}

impl Tone {
    const ALL: [Self; 13] = [
        Self::Final,
        Self::Suspended,
        Self::Terminated,
        Self::Reopened,
        Self::Warning,
        Self::Overdue,
        Self::Expiry,
        Self::Reminder,
        Self::Charged,
        Self::Request,
        Self::Reinstated,
        Self::Renewed,
        Self::Cancelled,
    ];

    const fn of(stage: Stage) -> Self {
        match stage {
            Stage::Before(_) => Self::Reminder,
            Stage::Expiry => Self::Expiry,
            Stage::After(_) => Self::Overdue,
            Stage::Charged => Self::Charged,
            Stage::Warning => Self::Warning,
            Stage::Reopened => Self::Reopened,
            Stage::Cancelled => Self::Cancelled,
            Stage::Suspended => Self::Suspended,
            Stage::Final => Self::Final,
            Stage::Terminated => Self::Terminated,
            Stage::Renewed => Self::Renewed,
            Stage::Reinstated => Self::Reinstated,
            Stage::OnRequest => Self::Request,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Suspended => "suspended",
            Self::Terminated => "terminated",
            Self::Reopened => "reopened",
            Self::Warning => "warning",
            Self::Overdue => "overdue",
            Self::Charged => "charged",
            Self::Cancelled => "cancelled",
            Self::Expiry => "expiry",
            Self::Reminder => "reminder",
            Self::Request => "request",
            Self::Reinstated => "reinstated",
            Self::Renewed => "renewed",
        }
    }
}

/// The phrases of one tone; each is a template over [`Gist`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrases {
    subject: String,
    headline: String,
    lead: String,
}

struct Templates {
    language: Language,
    /// `subject`, `text` and the phrases: nothing is escaped.
    plain: Handlebars<'static>,
    /// `html`: everything is escaped.
    html: Handlebars<'static>,
}

const PARTS: [(&str, &str, &str); 4] = [
    (
        "subject.txt.hbs",
        include_str!("../../templates/el/subject.txt.hbs"),
        include_str!("../../templates/en/subject.txt.hbs"),
    ),
    (
        "body.txt.hbs",
        include_str!("../../templates/el/body.txt.hbs"),
        include_str!("../../templates/en/body.txt.hbs"),
    ),
    (
        "body.html.hbs",
        include_str!("../../templates/el/body.html.hbs"),
        include_str!("../../templates/en/body.html.hbs"),
    ),
    (
        "strings.toml",
        include_str!("../../templates/el/strings.toml"),
        include_str!("../../templates/en/strings.toml"),
    ),
];

/// Subjects are cut beyond it; the card's number stands at the beginning.
const SUBJECT_MAX: usize = 180;

impl Letters {
    /// Compiles the templates; files in `folder` (`el/body.html.hbs`, …) replace the built-in ones.
    ///
    /// # Errors
    /// Every file that cannot be read or compiled, or names something that no card has.
    pub fn load(folder: Option<&Path>, wording: Wording) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let letters = Self { wording, greek: OnceLock::new(), english: OnceLock::new() };
        // the built-in ones are known to be sound, and compiling them takes longer than a quiet night
        if folder.is_some() {
            for (slot, language) in [(&letters.greek, Language::Greek), (&letters.english, Language::English)]
            {
                slot.get_or_init(|| Templates::load(language, folder, &mut faults));
            }
        }
        if faults.is_empty() { Ok(letters) } else { Err(faults) }
    }

    /// Writes the letter of a card, in the card's language.
    ///
    /// # Errors
    /// [`LetterError`] where a template of a folder fails on this card.
    pub fn render(&self, card: &BillingCard) -> Result<RenderedLetter, LetterError> {
        let slot = match card.language {
            Language::Greek => &self.greek,
            Language::English => &self.english,
        };
        slot.get_or_init(|| Templates::load(card.language, None, &mut Vec::new()))
            .render(card, self.wording.of(card.language))
    }
}

impl Templates {
    fn load(language: Language, folder: Option<&Path>, faults: &mut Vec<String>) -> Self {
        let mut plain = Handlebars::new();
        plain.set_strict_mode(true);
        plain.register_escape_fn(handlebars::no_escape);
        let mut html = Handlebars::new();
        html.set_strict_mode(true);
        for (name, greek, english) in PARTS {
            let built_in = match language {
                Language::Greek => greek,
                Language::English => english,
            };
            let place =
                folder.map(|folder| folder.join(language.code()).join(name)).filter(|file| file.exists());
            let shown = place.as_ref().map_or_else(
                || format!("templates/{}/{name}", language.code()),
                |file| file.display().to_string(),
            );
            let source = match &place {
                None => built_in.to_owned(),
                Some(file) => match std::fs::read_to_string(file) {
                    Ok(text) => text,
                    Err(error) => {
                        faults.push(format!("{shown}: cannot be read: {error}"));
                        continue;
                    }
                },
            };
            let outcome = match name {
                "strings.toml" => phrases(&mut plain, &source),
                "body.html.hbs" => html.register_template_string("html", &source).map_err(|e| e.to_string()),
                "body.txt.hbs" => plain.register_template_string("text", &source).map_err(|e| e.to_string()),
                _ => plain.register_template_string("subject", &source).map_err(|e| e.to_string()),
            };
            if let Err(why) = outcome {
                faults.push(format!("{shown}: {why}"));
            }
        }
        let templates = Self { language, plain, html };
        if faults.is_empty() {
            faults.extend(templates.tried().err().map(|error| {
                format!(
                    "{}: {error}",
                    folder.unwrap_or(Path::new("templates")).join(language.code()).display()
                )
            }));
        }
        templates
    }

    /// Renders with everything filled in, so that a name no card has is found at once.
    fn tried(&self) -> Result<(), LetterError> {
        for tone in Tone::ALL {
            let gist = Gist::default();
            for part in ["subject", "headline", "lead"] {
                self.phrase(tone, part, &gist)?;
            }
        }
        self.written(&View::specimen(self.language)).map(|_| ())
    }

    fn phrase(&self, tone: Tone, part: &str, gist: &Gist) -> Result<String, LetterError> {
        let name = format!("{}.{part}", tone.key());
        self.plain.render(&name, gist).map_err(|error| LetterError {
            template: format!("strings.toml: {name}"),
            why: error.to_string(),
        })
    }

    fn render(&self, card: &BillingCard, words: &Words) -> Result<RenderedLetter, LetterError> {
        let mut view = View::of(card, words);
        let (tone, gist) = gist(card);
        view.tone = tone.key();
        view.topic = self.phrase(tone, "subject", &gist)?;
        view.headline = self.phrase(tone, "headline", &gist)?;
        view.lead = self.phrase(tone, "lead", &gist)?;
        self.written(&view)
    }

    fn written(&self, view: &View) -> Result<RenderedLetter, LetterError> {
        let fault = |template: &str| {
            let template = template.to_owned();
            move |error: handlebars::RenderError| LetterError { template, why: error.to_string() }
        };
        let subject = self.plain.render("subject", view).map_err(fault("subject.txt.hbs"))?;
        let subject = cleaned(&subject);
        let subject = if subject.chars().count() > SUBJECT_MAX {
            subject.chars().take(SUBJECT_MAX - 1).chain(['…']).collect()
        } else {
            subject
        };
        let html = self.html.render("html", view).map_err(fault("body.html.hbs"))?;
        let text = self.plain.render("text", view).map_err(fault("body.txt.hbs"))?;
        Ok(RenderedLetter { subject, html, text })
    }
}

/// Registers the phrases of every tone as templates of their own.
fn phrases(plain: &mut Handlebars<'static>, source: &str) -> Result<(), String> {
    let phrases: BTreeMap<Tone, Phrases> = toml::from_str(source).map_err(|error| error.to_string())?;
    for tone in Tone::ALL {
        let found = phrases.get(&tone).ok_or_else(|| format!("the section [{}] is missing", tone.key()))?;
        for (part, text) in
            [("subject", &found.subject), ("headline", &found.headline), ("lead", &found.lead)]
        {
            let name = format!("{}.{part}", tone.key());
            plain.register_template_string(&name, text).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

/// What the phrases can speak of.
#[derive(Debug, Clone, Default, Serialize)]
struct Gist {
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

/// The tone of a card's message and what its phrases speak of.
fn gist(card: &BillingCard) -> (Tone, Gist) {
    let mut told: Vec<(Tone, &str, Option<chrono::NaiveDate>)> = Vec::new();
    for event in &card.events {
        let tone = Tone::of(event.stage);
        let day = match tone {
            Tone::Final | Tone::Suspended => event.terminate_on,
            // switched on again without having been renewed: there is no new expiry to speak of
            Tone::Reinstated if event.expires_on <= event.period.from => None,
            _ => Some(event.expires_on),
        };
        told.push((tone, event.domain_name.as_deref().unwrap_or(&event.name), day));
    }
    for line in &card.lines {
        let Some(stage) = line.stage else { continue };
        let tone = Tone::of(stage);
        let day = match tone {
            Tone::Final => line.terminate_on,
            Tone::Warning | Tone::Reopened => line.suspend_on,
            _ => line.expires_on,
        };
        let domain = line.domain_name.as_deref().filter(|_| tone != Tone::Charged);
        told.push((tone, domain.unwrap_or(&line.name), day));
    }
    // without news (a card to look at) the most urgent line sets the tone
    if told.is_empty() {
        told.extend(card.lines.iter().map(|line| {
            let tone = if line.urgency == Urgency::Overdue { Tone::Overdue } else { Tone::Request };
            (tone, line.domain_name.as_deref().unwrap_or(&line.name), line.expires_on)
        }));
    }
    let tone = told.iter().map(|(tone, ..)| *tone).min().unwrap_or(Tone::Request);
    let mut same: Vec<_> = told.into_iter().filter(|(other, ..)| *other == tone).collect();
    same.sort_by_key(|(_, _, day)| day.unwrap_or(chrono::NaiveDate::MAX));
    let others = same.len().saturating_sub(1);
    let (service, day) = same.first().map_or(("", None), |(_, service, day)| (*service, *day));
    let word_date =
        |day: Option<chrono::NaiveDate>| day.map(|day| date(card.language, day)).unwrap_or_default();
    let amount = card.total_due.is_positive().then(|| money(card.language, card.total_due));
    let gist = Gist {
        service: service.to_owned(),
        others,
        one_other: others == 1,
        date: word_date(day),
        amount: amount.unwrap_or_default(),
        due_by: word_date(card.due_by.filter(|_| card.total_due.is_positive())),
        awaits: tone == Tone::Renewed && card.events.iter().any(|event| event.awaits.is_some()),
    };
    (tone, gist)
}

// ---- the card as templates see it: every date and amount already worded -------------------------

#[derive(Debug, Clone, Serialize)]
struct View {
    language: &'static str,
    tone: &'static str,
    topic: String,
    headline: String,
    lead: String,
    /// `[ΔΟΚΙΜΗ] `, `[ΠΡΟΕΠΙΣΚΟΠΗΣΗ] `, or nothing.
    mark: &'static str,
    number: String,
    replaces: Option<String>,
    issued_on: String,
    company: CompanyView,
    customer: CustomerView,
    /// Nothing where nothing is due.
    amount: Option<AmountView>,
    events: Vec<EventView>,
    groups: Vec<GroupView>,
    totals: Option<TotalsView>,
    payment: Option<PaymentView>,
    settled: Vec<ServiceView>,
    custom_apps: Vec<ServiceView>,
    vat_notes: Vec<String>,
    not_fiscal: String,
}

#[derive(Debug, Clone, Serialize)]
struct CompanyView {
    name: String,
    legal_name: String,
    address: Option<String>,
    tax_id: String,
    tax_office: Option<String>,
    website: Option<String>,
    support_email: Option<String>,
    support_phone: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct CustomerView {
    code: String,
    name: String,
    tax_id: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct AmountView {
    total: String,
    due_by: Option<String>,
    overdue: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct EventView {
    name: String,
    text: String,
    grave: bool,
}

#[derive(Debug, Clone, Serialize)]
struct GroupView {
    title: String,
    overdue: bool,
    lines: Vec<LineView>,
}

#[derive(Debug, Clone, Serialize)]
struct LineView {
    name: String,
    domain_name: Option<String>,
    /// `έληξε στις 7/9/2025, σε αναστολή`
    state: Option<String>,
    period: Option<String>,
    new_expiry: Option<String>,
    net: String,
    vat: String,
    rate: String,
    gross: String,
    /// Only where something has been paid.
    paid: Option<String>,
    due: String,
    /// Number of a tax invoice that preceded the payment.
    invoice: Option<String>,
    /// `αναστολή στις …, διαγραφή στις …`
    consequence: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct TotalsView {
    net: String,
    vat: Vec<VatView>,
    gross: String,
    paid: Option<String>,
    credit: Option<String>,
    due: String,
}

#[derive(Debug, Clone, Serialize)]
struct VatView {
    rate: String,
    net: String,
    vat: String,
}

#[derive(Debug, Clone, Serialize)]
struct PaymentView {
    reference_label: String,
    reference: String,
    banks: Vec<BankView>,
    iris: Option<String>,
    link: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct BankView {
    name: String,
    iban: String,
    bic: Option<String>,
    beneficiary: String,
}

#[derive(Debug, Clone, Serialize)]
struct ServiceView {
    name: String,
    expires_on: String,
}

impl View {
    fn of(card: &BillingCard, words: &Words) -> Self {
        let word = |amount| money(card.language, amount);
        let company = &card.company;
        let due = card.total_due.is_positive();
        Self {
            language: card.language.code(),
            tone: "",
            topic: String::new(),
            headline: String::new(),
            lead: String::new(),
            mark: match card.status {
                CardStatus::Issued => "",
                CardStatus::Trial => "[ΔΟΚΙΜΗ] ",
                CardStatus::Preview => "[ΠΡΟΕΠΙΣΚΟΠΗΣΗ] ",
            },
            number: card.number.to_string(),
            replaces: card.replaces.as_ref().map(ToString::to_string),
            issued_on: date(card.language, card.issued_on),
            company: CompanyView {
                name: company.trade_name.clone().unwrap_or_else(|| company.name.clone()),
                legal_name: company.name.clone(),
                address: company.address.clone(),
                tax_id: company.tax_id.clone(),
                tax_office: company.tax_office.clone(),
                website: company.website.clone(),
                support_email: company.support_email.clone(),
                support_phone: company.support_phone.clone(),
            },
            customer: CustomerView {
                code: card.customer.code.to_string(),
                name: card.customer.name.clone(),
                tax_id: card.customer.tax_id.clone(),
            },
            amount: due.then(|| AmountView {
                total: word(card.total_due),
                due_by: card.due_by.map(|day| date(card.language, day)),
                overdue: card.overdue.is_positive().then(|| word(card.overdue)),
            }),
            events: card.events.iter().map(|event| event_view(event, card.language, words)).collect(),
            groups: groups(card, words),
            totals: (!card.lines.is_empty()).then(|| totals(card)),
            payment: due.then(|| payment(card, words)),
            settled: card.settled.iter().map(|service| service_view(service, card.language)).collect(),
            custom_apps: card
                .custom_apps
                .iter()
                .map(|service| service_view(service, card.language))
                .collect(),
            vat_notes: card.vat_notes.clone(),
            not_fiscal: words.not_fiscal.clone(),
        }
    }

    /// A view in which everything is filled in.
    fn specimen(language: Language) -> Self {
        let text = || "x".to_owned();
        let some = || Some(text());
        let line = LineView {
            name: text(),
            domain_name: some(),
            state: some(),
            period: some(),
            new_expiry: some(),
            net: text(),
            vat: text(),
            rate: text(),
            gross: text(),
            paid: some(),
            due: text(),
            invoice: some(),
            consequence: some(),
        };
        let service = ServiceView { name: text(), expires_on: text() };
        let bank = BankView { name: text(), iban: text(), bic: some(), beneficiary: text() };
        Self {
            language: language.code(),
            tone: "reminder",
            topic: text(),
            headline: text(),
            lead: text(),
            mark: "",
            number: text(),
            replaces: some(),
            issued_on: text(),
            company: CompanyView {
                name: text(),
                legal_name: text(),
                address: some(),
                tax_id: text(),
                tax_office: some(),
                website: some(),
                support_email: some(),
                support_phone: some(),
            },
            customer: CustomerView { code: text(), name: text(), tax_id: some() },
            amount: Some(AmountView { total: text(), due_by: some(), overdue: some() }),
            events: vec![EventView { name: text(), text: text(), grave: true }],
            groups: vec![GroupView { title: text(), overdue: true, lines: vec![line] }],
            totals: Some(TotalsView {
                net: text(),
                vat: vec![VatView { rate: text(), net: text(), vat: text() }],
                gross: text(),
                paid: some(),
                credit: some(),
                due: text(),
            }),
            payment: Some(PaymentView {
                reference_label: text(),
                reference: text(),
                banks: vec![bank],
                iris: some(),
                link: some(),
            }),
            settled: vec![service.clone()],
            custom_apps: vec![service],
            vat_notes: vec![text()],
            not_fiscal: text(),
        }
    }
}

fn named(name: &str, domain: Option<&str>) -> String {
    match domain {
        Some(domain) if domain != name => format!("{name} · {domain}"),
        Some(_) | None => name.to_owned(),
    }
}

fn service_view(service: &CardService, language: Language) -> ServiceView {
    ServiceView {
        name: named(&service.name, service.domain_name.as_deref()),
        expires_on: date(language, service.expires_on),
    }
}

fn event_view(event: &CardEvent, language: Language, words: &Words) -> EventView {
    let new_expiry = date(language, event.expires_on);
    let (text, grave) = match event.stage {
        Stage::Renewed => (format!("{} {new_expiry}.", words.renewed(event.awaits)), false),
        Stage::Reinstated if event.expires_on <= event.period.from => {
            (words.reinstated_unpaid.clone(), false)
        }
        Stage::Reinstated => (format!("{} {new_expiry}.", words.reinstated), false),
        Stage::Cancelled => (format!("{} {new_expiry}.", words.cancelled), false),
        Stage::Suspended => (words.suspended.to_owned(), true),
        Stage::Terminated => (words.terminated.to_owned(), true),
        Stage::Final => (words.final_notice.to_owned(), true),
        Stage::Before(_)
        | Stage::Expiry
        | Stage::After(_)
        | Stage::Charged
        | Stage::Warning
        | Stage::Reopened
        | Stage::OnRequest => (String::new(), false),
    };
    let deletion = event.terminate_on.map(|day| format!(" {} {}.", words.deletion_on, date(language, day)));
    EventView {
        name: named(&event.name, event.domain_name.as_deref()),
        text: text + &deletion.unwrap_or_default(),
        grave,
    }
}

fn groups(card: &BillingCard, words: &Words) -> Vec<GroupView> {
    let mut groups: Vec<(Urgency, GroupView)> = Vec::new();
    for line in &card.lines {
        if groups.last().is_none_or(|(urgency, _)| *urgency != line.urgency) {
            let title = match line.urgency {
                Urgency::Overdue => &words.overdue,
                Urgency::Expiring => &words.expiring,
                Urgency::Upcoming => &words.upcoming,
            };
            let title = match card.language {
                Language::Greek => greek_capitals(title),
                Language::English => title.to_uppercase(),
            };
            let overdue = line.urgency == Urgency::Overdue;
            groups.push((line.urgency, GroupView { title, overdue, lines: Vec::new() }));
        }
        if let Some((_, group)) = groups.last_mut() {
            group.lines.push(line_view(line, card.language, words));
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn line_view(line: &CardLine, language: Language, words: &Words) -> LineView {
    let word = |amount: Money| money(language, amount);
    let day = |day| date(language, day);
    let mut state: Vec<String> = Vec::new();
    if let Some(expiry) = line.expires_on {
        let verb = if line.urgency == Urgency::Overdue { &words.expired_on } else { &words.expires_on };
        state.push(format!("{verb} {}", day(expiry)));
    }
    if line.suspended {
        state.push(words.is_suspended.to_owned());
    }
    let consequences = [
        line.suspend_on.map(|on| format!("{} {}", words.suspension, day(on))),
        line.terminate_on.map(|on| format!("{} {}", words.termination, day(on))),
    ];
    let consequences: Vec<String> = consequences.into_iter().flatten().collect();
    let period = line.period();
    LineView {
        name: line.name.clone(),
        domain_name: line.domain_name.clone().filter(|domain| *domain != line.name),
        state: (!state.is_empty()).then(|| state.join(", ")),
        period: period.map(|period| format!("{} – {}", day(period.from), day(period.last_day()))),
        new_expiry: period.map(|period| day(period.to)),
        net: word(line.amounts.net),
        vat: word(line.amounts.vat),
        rate: rate(language, line.rate),
        gross: word(line.amounts.gross),
        paid: line.paid.is_positive().then(|| word(line.paid)),
        due: word(line.due),
        invoice: line.invoice.clone(),
        consequence: (!consequences.is_empty()).then(|| consequences.join(", ")),
    }
}

fn totals(card: &BillingCard) -> TotalsView {
    let word = |amount: Money| money(card.language, amount);
    TotalsView {
        net: word(card.totals.net),
        vat: card
            .vat
            .iter()
            .map(|sum| VatView {
                rate: rate(card.language, sum.rate),
                net: word(sum.amounts.net),
                vat: word(sum.amounts.vat),
            })
            .collect(),
        gross: word(card.totals.gross),
        paid: card.paid.is_positive().then(|| word(-card.paid)),
        credit: card.credit.is_positive().then(|| word(-card.credit)),
        due: word(card.total_due),
    }
}

fn payment(card: &BillingCard, words: &Words) -> PaymentView {
    let payment = &card.payment;
    PaymentView {
        reference_label: match payment.reference {
            PaymentReference::Own(_) => words.reference_own.clone(),
            PaymentReference::BankIssued(_) => words.reference_bank.clone(),
        },
        reference: grouped(payment.reference.as_str()),
        banks: payment
            .banks
            .iter()
            .map(|bank| BankView {
                name: bank.name.clone(),
                iban: grouped(&bank.iban),
                bic: bank.bic.clone(),
                beneficiary: bank.beneficiary.clone(),
            })
            .collect(),
        iris: payment.iris.as_ref().map(|iris| {
            let ways = [iris.tax_id.as_ref().map(|id| format!("{} {id}", words.tax_id)), iris.phone.clone()];
            ways.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }),
        link: payment.link.clone(),
    }
}
