//! A card in the words of its language: every sentence, label, consequence and verb is decided here, once.
//! The e-mail's templates and the PDF's page only place them.

mod payment;
mod shape;
mod specimen;

use super::languages::{capitals, date, figures, money, rate};
use super::words::{Words, receipts};
use crate::billing::card::{
    BillingCard, CardCustomer, CardEvent, CardLine, CardService, CardStatus, Company, Urgency,
};
use crate::billing::charge::ChargeSource;
use crate::billing::customer::Language;
use crate::billing::money::Money;
use crate::billing::notice::Stage;
use chrono::NaiveDate;
pub(super) use shape::{Worded, WordedEvent, WordedGroup, WordedLine, WordedPayment, WordedService};
use shape::{WordedAmount, WordedCompany, WordedCustomer, WordedState, WordedTotals, WordedVat};

/// The parts that there are, between dots.
fn dotted<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A service's name with its domain name, where that says more.
fn titled(name: &str, domain: Option<&str>) -> String {
    let domain = domain.filter(|domain| *domain != name).map(str::to_owned);
    dotted([Some(name.to_owned()), domain])
}

/// Words a card.
pub(super) fn worded(card: &BillingCard, words: &Words) -> Worded {
    let speaker = Speaker { language: card.language, words };
    let due = card.total_due.is_positive();
    let (mark, band) = match card.status {
        CardStatus::Issued => ("", None),
        CardStatus::Trial => (words.trial_mark.as_str(), Some(words.trial.clone())),
        CardStatus::Preview => (words.preview_mark.as_str(), Some(words.preview.clone())),
    };
    let services =
        |services: &[CardService]| services.iter().map(|service| speaker.service(service)).collect();
    Worded {
        language: card.language,
        mark: mark.to_owned(),
        band,
        number: card.number.to_string(),
        replaces: card.replaces.as_ref().map(ToString::to_string),
        issued_on: speaker.date(card.issued_on),
        company: speaker.company(&card.company),
        customer: speaker.customer(&card.customer),
        state: speaker.state(card),
        subtitle: speaker.subtitle(card),
        amount: due.then(|| speaker.amount(card)),
        events: card.events.iter().map(|event| speaker.event(event)).collect(),
        received: (!card.receipts.is_empty()).then(|| speaker.received(card)),
        groups: speaker.groups(&card.lines),
        totals: (!card.lines.is_empty()).then(|| speaker.totals(card)),
        payment: due.then(|| speaker.payment(card)),
        settled: services(&card.settled),
        custom_apps: services(&card.custom_apps),
        vat_notes: card.vat_notes.clone(),
        not_fiscal: speaker.not_fiscal(card),
    }
}

/// Who says it: the words of one language, and how it writes days and amounts.
#[derive(Clone, Copy)]
struct Speaker<'a> {
    language: Language,
    words: &'a Words,
}

impl Speaker<'_> {
    fn date(self, day: NaiveDate) -> String {
        date(self.language, day)
    }

    fn money(self, amount: Money) -> String {
        money(self.language, amount)
    }

    /// A word and the day it speaks of.
    fn on(self, word: &str, day: NaiveDate) -> String {
        format!("{word} {}", self.date(day))
    }

    fn company(self, company: &Company) -> WordedCompany {
        let words = self.words;
        let tax = dotted([
            (!company.tax_id.is_empty()).then(|| format!("{} {}", words.tax_id, company.tax_id)),
            company.tax_office.as_ref().map(|office| format!("{} {office}", words.tax_office)),
            company.gemi.as_ref().map(|gemi| format!("{} {gemi}", words.gemi)),
        ]);
        let contact = dotted([company.phone.clone(), company.email.clone(), company.website.clone()]);
        let mut lines = vec![company.name.clone(), company.address.clone().unwrap_or_default(), tax, contact];
        lines.retain(|line| !line.is_empty());
        let support = dotted([company.support_email.clone(), company.support_phone.clone()]);
        WordedCompany {
            name: company.trade_name.clone().unwrap_or_else(|| company.name.clone()),
            legal_name: company.name.clone(),
            address: company.address.clone(),
            tax_id: company.tax_id.clone(),
            tax_office: company.tax_office.clone(),
            website: company.website.clone(),
            support_email: company.support_email.clone(),
            support_phone: company.support_phone.clone(),
            lines,
            questions: (!support.is_empty()).then(|| format!("{} {support}", words.questions)),
        }
    }

    fn customer(self, customer: &CardCustomer) -> WordedCustomer {
        let words = self.words;
        let tax = dotted([
            customer.tax_id.as_ref().map(|id| format!("{} {id}", words.tax_id)),
            customer.tax_office.as_ref().map(|office| format!("{} {office}", words.tax_office)),
        ]);
        let country = customer.country.as_ref().map(|code| words.countries.get(code).unwrap_or(code).clone());
        let place: Vec<String> = customer.address.iter().cloned().chain(country).collect();
        let known = [customer.profession.clone(), (!place.is_empty()).then(|| place.join(", "))];
        let code = format!("{} {}", words.customer_code, customer.code);
        WordedCustomer {
            code: customer.code.to_string(),
            name: customer.name.clone(),
            tax_id: customer.tax_id.clone(),
            lines: known.into_iter().flatten().chain([tax, code]).collect(),
        }
    }

    fn state(self, card: &BillingCard) -> WordedState {
        let words = self.words;
        let stages = card.stages();
        let told = |stage| stages.contains(&stage);
        let is_overdue = card.overdue.is_positive();
        let (text, grave) = if told(Stage::Final) {
            (&words.state_final, true)
        } else if told(Stage::Terminated) {
            (&words.state_terminated, true)
        } else if told(Stage::Suspended) || card.lines.iter().any(|line| line.suspended) {
            (&words.state_suspended, true)
        } else if is_overdue {
            (&words.state_overdue, true)
        } else if card.total_due.is_positive() {
            (&words.state_due, false)
        } else {
            (&words.state_settled, false)
        };
        WordedState { text: capitals(self.language, text), grave }
    }

    /// What the card is, beside a Billing Card: a last notice, a pro forma invoice, a confirmation.
    fn subtitle(self, card: &BillingCard) -> String {
        let words = self.words;
        let is_final = card.stages().contains(&Stage::Final);
        let is_good = |event: &CardEvent| matches!(event.stage, Stage::Renewed | Stage::Reinstated);
        let is_due = card.total_due.is_positive();
        dotted([
            is_final.then(|| words.final_title.clone()),
            is_due.then(|| words.pro_forma.clone()),
            (!is_due && !is_final && card.events.iter().any(is_good)).then(|| words.confirmation.clone()),
        ])
    }

    /// That it is no tax document, and when that comes or that it was issued already.
    fn not_fiscal(self, card: &BillingCard) -> String {
        let words = self.words;
        let asked = || card.lines.iter().filter(|line| line.due.is_positive());
        let said = if !card.total_due.is_positive() {
            if card.receipts.is_empty() {
                &self.words.not_fiscal_bare
            } else {
                &self.words.not_fiscal_received
            }
        } else if asked().all(|line| line.invoice.is_some()) {
            &words.not_fiscal_issued
        } else if asked().any(|line| line.invoice.is_some()) {
            &words.not_fiscal_some
        } else {
            &words.not_fiscal
        };
        said.clone()
    }

    fn amount(self, card: &BillingCard) -> WordedAmount {
        let overdue = card.overdue.is_positive().then(|| self.money(card.overdue));
        let part =
            |amount: Money, day| format!("{} {}", self.money(amount), self.on(&self.words.by_day, day));
        WordedAmount {
            total: self.money(card.total_due),
            due_by: card.due_by.map(|day| self.date(day)),
            pay_by: match (card.due_by, card.later) {
                (None, _) => self.words.pay_at_once.clone(),
                (Some(day), None) => self.on(&self.words.pay_by, day),
                (Some(day), Some(_)) => part(card.due_now(), day),
            },
            later: card.later.map(|later| part(later.due, later.by)),
            of_which_overdue: overdue.as_ref().map(|sum| format!("{} {sum}", self.words.of_which_overdue)),
            overdue,
        }
    }

    fn event(self, event: &CardEvent) -> WordedEvent {
        let words = self.words;
        let with_expiry = |word: &str| format!("{}.", self.on(word, event.expires_on));
        let (mut text, grave, good) = match event.stage {
            Stage::Renewed => (with_expiry(words.renewed(event.awaits)), false, true),
            Stage::Reinstated if event.expires_on <= event.period.from => {
                (words.reinstated_unpaid.clone(), false, true)
            }
            Stage::Reinstated => (with_expiry(&words.reinstated), false, true),
            Stage::Cancelled => (with_expiry(&words.cancelled), false, false),
            Stage::Suspended => (words.suspended.clone(), true, false),
            Stage::Terminated => (words.terminated.clone(), true, false),
            Stage::Final => (words.final_notice.clone(), true, false),
            // what is asked for is a line, not an event
            Stage::Before(_)
            | Stage::Expiry
            | Stage::After(_)
            | Stage::Charged
            | Stage::Warning
            | Stage::Reopened
            | Stage::OnRequest => (String::new(), false, false),
        };
        if let Some(day) = event.terminate_on {
            text.push_str(&format!(" {}.", self.on(&words.deletion_on, day)));
        }
        WordedEvent { name: titled(&event.name, event.domain_name.as_deref()), text, grave, good }
    }

    fn received(self, card: &BillingCard) -> String {
        let words = self.words;
        let payments = receipts(self.language, words, &card.receipts);
        let credit =
            card.credit.is_positive().then(|| format!(" {}: {}.", words.credit, self.money(card.credit)));
        format!("{} {payments}.{}", words.received, credit.unwrap_or_default())
    }

    fn groups(self, lines: &[CardLine]) -> Vec<WordedGroup> {
        let mut groups: Vec<WordedGroup> = Vec::new();
        let mut sum = Money::ZERO;
        for line in lines {
            if groups.last().is_none_or(|group| group.urgency != line.urgency) {
                groups.push(self.group(line.urgency));
            }
            let carried = (!sum.is_zero()).then(|| figures(self.language, sum));
            groups
                .last_mut()
                .into_iter()
                .for_each(|group| group.lines.push(self.line(line, carried.clone())));
            sum += line.amounts.gross;
        }
        groups.iter_mut().for_each(|group| self.say_once(group));
        groups
    }

    fn group(self, urgency: Urgency) -> WordedGroup {
        let title = match urgency {
            Urgency::Overdue => &self.words.overdue,
            Urgency::Expiring => &self.words.expiring,
            Urgency::Upcoming => &self.words.upcoming,
        };
        let title = capitals(self.language, title);
        let overdue = urgency == Urgency::Overdue;
        WordedGroup { title, overdue, urgency, lines: Vec::new(), unless_settled: None }
    }

    /// What comes of every line of a group is said once, above them.
    fn say_once(self, group: &mut WordedGroup) {
        let [first, others @ ..] = group.lines.as_slice() else { return };
        if others.is_empty() || others.iter().any(|line| line.consequence != first.consequence) {
            return;
        }
        let said = |days: &String| format!("{} {days}", self.words.unless_all_settled);
        group.unless_settled = first.consequence.as_ref().map(said);
        group.lines.iter_mut().for_each(|line| line.unless_settled = None);
    }

    fn line(self, line: &CardLine, carried: Option<String>) -> WordedLine {
        let words = self.words;
        let verb = if line.urgency == Urgency::Overdue { &words.expired_on } else { &words.expires_on };
        let state = listed([
            line.expires_on.map(|day| self.on(verb, day)),
            line.suspended.then(|| words.is_suspended.clone()),
        ]);
        let consequence = listed([
            line.suspend_on.map(|day| self.on(&words.suspension, day)),
            line.terminate_on.map(|day| self.on(&words.termination, day)),
            line.released_on.map(|day| self.on(&words.release, day)),
        ]);
        // nobody said why something was taken off
        let is_unnamed = line.source == ChargeSource::Adjustment && line.name.is_empty();
        let name = if is_unnamed { &words.discount } else { &line.name };
        let domain_name = line.domain_name.clone().filter(|domain| domain != name);
        let paid = line.paid.is_positive().then(|| self.money(line.paid));
        let due = self.money(line.due - line.taken_off);
        // the period begins on the day of expiry, which need not be said twice
        let is_told = line.period().is_some_and(|period| Some(period.from) == line.expires_on);
        let suspended = line.suspended.then(|| words.is_suspended.clone());
        let remarks = [
            domain_name.is_some().then(|| name.clone()),
            if is_told { suspended } else { state.clone() },
            paid.as_ref().map(|paid| format!("{} {paid}, {} {due}", words.paid_so_far, words.remains)),
            line.invoice.as_ref().map(|invoice| format!("{} {invoice}", words.invoice)),
        ];
        let days = line.period().map(|period| [period.from, period.last_day()].map(|day| self.date(day)));
        let amounts = [line.amounts.net, line.amounts.vat, line.amounts.gross];
        let [net, vat, gross] = amounts.map(|amount| self.money(amount));
        WordedLine {
            title: domain_name.clone().unwrap_or_else(|| name.clone()),
            name: name.clone(),
            domain_name,
            state,
            period: days.as_ref().map(|[from, last]| format!("{from} – {last}")),
            new_expiry: line.period().map(|period| self.date(period.to)),
            net,
            vat,
            rate: rate(self.language, line.rate),
            gross,
            paid,
            due,
            invoice: line.invoice.clone(),
            unless_settled: consequence.as_ref().map(|days| format!("{} {days}", words.unless_settled)),
            consequence,
            days,
            figures: amounts.map(|amount| figures(self.language, amount)),
            carried,
            remarks: remarks.into_iter().flatten().collect(),
        }
    }

    fn totals(self, card: &BillingCard) -> WordedTotals {
        let words = self.words;
        let taken = |amount: Money| amount.is_positive().then(|| self.money(-amount));
        let vat = card.vat.iter().map(|sum| {
            let (rate, net) = (rate(self.language, sum.rate), self.money(sum.amounts.net));
            let label = format!("{} {rate} {} {net}", words.vat, words.vat_on);
            WordedVat { rate, net, vat: self.money(sum.amounts.vat), label }
        });
        WordedTotals {
            net: self.money(card.totals.net),
            vat: vat.collect(),
            gross: self.money(card.totals.gross),
            paid: taken(card.paid),
            credit: taken(card.credit),
            due: self.money(card.total_due),
        }
    }

    fn service(self, service: &CardService) -> WordedService {
        WordedService {
            name: titled(&service.name, service.domain_name.as_deref()),
            expires_on: self.date(service.expires_on),
            until: self.on(&self.words.until, service.expires_on),
        }
    }
}

/// The parts that there are, between commas.
fn listed<const N: usize>(parts: [Option<String>; N]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
