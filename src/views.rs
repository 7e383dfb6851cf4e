//! What commands report: the structs that `--json` prints and `report` words.

use crate::billing::enforcement::Step;
use crate::billing::facts::{Action, Letter};
use crate::billing::guard::Refusal;
use crate::billing::letters::Skipped;
use crate::billing::notice::Stage;
use chrono::NaiveDate;
use serde::Serialize;

/// The run that a report is of.
#[derive(Debug, Clone, Serialize)]
pub struct RunView {
    /// Its number; none in a dry run.
    pub id: Option<i64>,
    /// The command.
    pub command: &'static str,
    /// The day it worked for.
    pub as_of: NaiveDate,
    /// Whether it only showed.
    pub dry_run: bool,
    /// `trial` or `live`.
    pub mode: &'static str,
}

/// One step taken or withheld.
#[derive(Debug, Clone, Serialize)]
pub struct StepView {
    /// What.
    pub action: Action,
    /// With which service.
    pub service: String,
    /// Whose.
    pub customer: String,
    /// The code of the reason.
    pub reason: &'static str,
    /// The old expiry of a renewal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Its new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// The reason in words.
    pub because: String,
}

impl StepView {
    /// A step with its own reason.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        let renewal = (step.action == Action::Renew).then_some(step.period);
        Self {
            action: step.action,
            service: step.service.to_string(),
            customer: step.customer.to_string(),
            reason: step.because.code(),
            from: renewal.map(|period| period.from),
            to: renewal.map(|period| period.to),
            because: step.because.to_string(),
        }
    }

    /// A step that was withheld for another reason than its own.
    #[must_use]
    pub fn withheld(step: &Step, reason: &'static str, because: String) -> Self {
        Self { reason, because, from: None, to: None, ..Self::of(step) }
    }
}

/// `enforce`.
#[derive(Debug, Clone, Serialize)]
pub struct EnforceView {
    /// The run.
    pub run: RunView,
    /// Steps taken (or that would be).
    pub actions: Vec<StepView>,
    /// Steps withheld.
    pub withheld: Vec<StepView>,
    /// What the guard refused.
    pub guard: Option<Refusal>,
}

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
}

/// One message.
#[derive(Debug, Clone, Serialize)]
pub struct MessageView {
    /// Whom it goes to.
    pub customer: String,
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
            reason: skipped.reason.code(),
            because: skipped.because.clone(),
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

/// One record that an import would change or changed.
#[derive(Debug, Clone, Serialize)]
pub struct RecordView {
    /// Its code (a payment's bank reference).
    pub code: String,
    /// `created`, `changed`, `conflict` or `missing`.
    pub change: &'static str,
    /// What differs: column, before, after.
    pub columns: Vec<ColumnView>,
}

/// One column that differs.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnView {
    /// The column.
    pub column: &'static str,
    /// What is stored.
    pub before: String,
    /// What the file says.
    pub after: String,
}

/// `import`.
#[derive(Debug, Clone, Serialize)]
pub struct ImportView {
    /// The run.
    pub run: RunView,
    /// `customers`, `services` or `payments`.
    pub kind: &'static str,
    /// The files read.
    pub files: Vec<String>,
    /// Records that are new.
    pub created: u64,
    /// Records that differ.
    pub changed: u64,
    /// Records that are the same.
    pub unchanged: u64,
    /// Bad rows left out.
    pub rejected: u64,
    /// What is new, differs, conflicts or is missing.
    pub records: Vec<RecordView>,
    /// Slips that were mended or let pass.
    pub warnings: Vec<String>,
    /// What is wrong with each row left out.
    pub faults: Vec<String>,
    /// What needs a person and is new.
    pub attention: Vec<AttentionView>,
    /// Payments matched to a customer.
    pub matched: u64,
    /// Payments that wait for a person.
    pub unmatched: u64,
}

/// `import bounces`.
#[derive(Debug, Clone, Serialize)]
pub struct BouncesView {
    /// The run.
    pub run: RunView,
    /// Messages looked at.
    pub read: u64,
    /// Deliveries that came back.
    pub bounced: u64,
    /// Notifications of messages that are not ours.
    pub foreign: u64,
    /// Messages that could not be read or put away, with the reason.
    pub faults: Vec<String>,
    /// What needs a person and is new.
    pub attention: Vec<AttentionView>,
}

/// `nightly`.
#[derive(Debug, Clone, Serialize)]
pub struct NightlyView {
    /// The run.
    pub run: RunView,
    /// One report per file of the inbox.
    pub imports: Vec<ImportView>,
    /// Files that could not be imported, with the reason.
    pub faults: Vec<String>,
    /// Enforcement.
    pub enforce: EnforceView,
    /// Notices.
    pub notify: NotifyView,
    /// What needs a person and is new tonight.
    pub attention: Vec<AttentionView>,
}

/// Something that needs a person.
#[derive(Debug, Clone, Serialize)]
pub struct AttentionView {
    /// What kind of thing.
    pub kind: String,
    /// Whose.
    pub customer: Option<String>,
    /// Which service.
    pub service: Option<String>,
    /// Since when.
    pub since: NaiveDate,
    /// What, and what to do.
    pub text: String,
}
