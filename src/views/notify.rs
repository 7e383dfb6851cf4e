//! What `notify` reports.

use super::RunView;
use crate::billing::facts::Letter;
use crate::billing::letters::Skipped;
use crate::billing::notice::Stage;
use chrono::NaiveDate;
use serde::Serialize;

/// One line of a message.
#[derive(Debug, Clone, Serialize)]
pub struct LineView {
    /// The service; none for what belongs to the customer alone.
    pub service: Option<String>,
    /// The new stage it tells.
    pub stage: Option<String>,
    /// The expiry.
    pub expires_on: Option<NaiveDate>,
    /// Start of the period.
    pub period_from: Option<NaiveDate>,
    /// Its end: the new expiry.
    pub period_to: Option<NaiveDate>,
    /// Net.
    pub net_cents: i64,
    /// VAT.
    pub vat_cents: i64,
    /// Gross.
    pub gross_cents: i64,
    /// What remains to be paid.
    pub due_cents: i64,
    /// The day of suspension the card names.
    pub suspend_on: Option<NaiveDate>,
    /// The day of termination the card names.
    pub terminate_on: Option<NaiveDate>,
    /// The day of release by the registry the card names.
    pub released_on: Option<NaiveDate>,
}

/// One message.
#[derive(Debug, Clone, Serialize)]
pub struct MessageView {
    /// Whom it goes to.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// The addresses.
    pub to: Vec<String>,
    /// The card it carries.
    pub card: String,
    /// Its subject.
    pub subject: String,
    /// The customer's payment reference.
    pub reference: String,
    /// The amount asked for.
    pub total_cents: i64,
    /// The deadline; null where nothing is due, or at once.
    pub pay_by: Option<NaiveDate>,
    /// What is to be paid by it.
    pub now_cents: i64,
    /// What may be paid later.
    pub later_cents: i64,
    /// The deadline of that.
    pub later_by: Option<NaiveDate>,
    /// What it says, service by service.
    pub lines: Vec<LineView>,
    /// `queued`, `sent`, `failed` or `uncertain`.
    pub state: &'static str,
}

/// The lines of a letter: each event, then each charge.
#[must_use]
pub fn lines_of(letter: &Letter) -> Vec<LineView> {
    let card = &letter.card;
    let events = card.events.iter().map(|event| LineView {
        service: Some(event.service.to_string()),
        stage: Some(event.stage.to_string()),
        expires_on: Some(event.expires_on),
        period_from: Some(event.period.from),
        period_to: Some(event.period.to),
        net_cents: 0,
        vat_cents: 0,
        gross_cents: 0,
        due_cents: 0,
        suspend_on: None,
        terminate_on: event.terminate_on,
        released_on: None,
    });
    let charges = card.lines.iter().map(|line| LineView {
        service: line.service.as_ref().map(ToString::to_string),
        stage: line.stage.as_ref().map(Stage::to_string),
        expires_on: line.expires_on,
        period_from: line.period().map(|period| period.from),
        period_to: line.period().map(|period| period.to),
        net_cents: line.amounts.net.cents(),
        vat_cents: line.amounts.vat.cents(),
        gross_cents: line.amounts.gross.cents(),
        due_cents: line.due.cents(),
        suspend_on: line.suspend_on,
        terminate_on: line.terminate_on,
        released_on: line.released_on,
    });
    events.chain(charges).collect()
}

/// A service that got no notice.
#[derive(Debug, Clone, Serialize)]
pub struct SkippedView {
    /// Whose.
    pub customer: String,
    /// Which.
    pub service: String,
    /// The code of the reason.
    pub reason: &'static str,
    /// The reason in words.
    pub because: String,
}

impl SkippedView {
    /// With its customer.
    #[must_use]
    pub fn of(customer: &str, skipped: &Skipped) -> Self {
        Self {
            customer: customer.to_owned(),
            service: skipped.service.to_string(),
            reason: skipped.because.code(),
            because: skipped.because.to_string(),
        }
    }
}

/// What became of the messages of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// Messages made.
    pub messages: u64,
    /// Deliveries the mail server accepted, of these and of older ones.
    pub sent: u64,
    /// Deliveries refused for good.
    pub failed: u64,
    /// Deliveries that perhaps arrived.
    pub uncertain: u64,
    /// Deliveries that wait.
    pub queued: u64,
}

/// `notify`.
#[derive(Debug, Clone, Serialize)]
pub struct NotifyView {
    /// The run.
    pub run: RunView,
    /// Messages made (or that would be).
    pub messages: Vec<MessageView>,
    /// Services that got no notice.
    pub skipped: Vec<SkippedView>,
    /// What became of them.
    pub totals: Totals,
}

impl NotifyView {
    /// Nothing was made.
    #[must_use]
    pub fn none(run: RunView) -> Self {
        Self { run, messages: Vec::new(), skipped: Vec::new(), totals: Totals::default() }
    }
}
