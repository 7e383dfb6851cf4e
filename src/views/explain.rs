//! What `explain` reports.

use super::StepView;
use super::runs::JournalLine;
use crate::billing::enforcement::Step;
use crate::billing::ids::ServiceCode;
use crate::billing::money::Money;
use crate::billing::notice::Stage;
use chrono::NaiveDate;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct ExplainView {
    pub(crate) as_of: NaiveDate,
    pub(crate) customer: String,
    pub(crate) name: String,
    pub(crate) phone: Option<String>,
    pub(crate) email: Vec<String>,
    pub(crate) reference: String,
    pub(crate) due_cents: i64,
    pub(crate) credit_cents: i64,
    pub(crate) services: Vec<ServiceView>,
    pub(crate) charges: Vec<ChargeView>,
    pub(crate) payments: Vec<PaymentView>,
    pub(crate) messages: Vec<PastMessage>,
    pub(crate) journal: Vec<JournalLine>,
    pub(crate) today: TodayView,
    pub(crate) coming: Vec<ComingView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ServiceView {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) domain_name: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) state: String,
    pub(crate) expires_on: Option<NaiveDate>,
    pub(crate) renews: bool,
    pub(crate) hold_until: Option<NaiveDate>,
    /// Why it is on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hold_note: Option<String>,
    pub(crate) due_cents: Option<i64>,
    /// Another price of periods that begin on or after a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) later_price: Option<LaterPrice>,
    /// What comes next of it, and when.
    pub(crate) next: Option<ComingView>,
    /// Else what it lacks, and who must do what.
    pub(crate) lacks: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct LaterPrice {
    pub(crate) from: NaiveDate,
    pub(crate) cents: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ChargeView {
    pub(crate) charge: i64,
    pub(crate) service: Option<String>,
    pub(crate) label: String,
    pub(crate) period_from: Option<NaiveDate>,
    pub(crate) period_to: Option<NaiveDate>,
    pub(crate) gross_cents: i64,
    pub(crate) due_cents: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct PaymentView {
    pub(crate) payment: i64,
    pub(crate) on: NaiveDate,
    pub(crate) amount_cents: i64,
    pub(crate) taken_back_cents: i64,
    pub(crate) credit_cents: i64,
    pub(crate) method: String,
    pub(crate) bank_ref: String,
    /// What it paid: services, else what was charged.
    pub(crate) paid_for: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PastMessage {
    pub(crate) on: NaiveDate,
    pub(crate) card: String,
    pub(crate) subject: String,
    /// What became of the first delivery.
    pub(crate) state: String,
    pub(crate) deliveries: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct TodayView {
    pub(crate) actions: Vec<StepView>,
    pub(crate) withheld: Vec<StepView>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ComingView {
    pub(crate) on: NaiveDate,
    pub(crate) what: String,
}

/// What comes of a customer, as data; `wording/explain.rs` says it in words.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    Step(&'a Step),
    /// A card, with each service (or a one-off charge) and the stage that it tells.
    Card {
        total_due: Money,
        told: Vec<(String, Stage)>,
    },
}

/// Why nothing comes of a record that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable<'a>(pub(crate) &'a str);

impl ServiceView {
    /// One whose record cannot be read.
    pub(crate) fn unreadable(code: &ServiceCode, why: &str) -> Self {
        Self {
            service: code.to_string(),
            name: String::new(),
            domain_name: None,
            kind: "",
            state: "unreadable".to_owned(),
            expires_on: None,
            renews: false,
            hold_until: None,
            hold_note: None,
            due_cents: None,
            later_price: None,
            next: None,
            lacks: Some(Unreadable(why).to_string()),
        }
    }
}
