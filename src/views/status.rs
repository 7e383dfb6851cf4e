//! What `status` reports: an array for each question it answers.

use super::AttentionView;
use chrono::NaiveDate;
use serde::Serialize;

/// A payment that no customer was found for, and whose it probably is.
#[derive(Debug, Serialize)]
pub(crate) struct UnmatchedView {
    #[serde(flatten)]
    pub(crate) payment: PaymentRow,
    pub(crate) candidates: Vec<CandidateView>,
    /// Payments recorded by hand that may be the same money.
    pub(crate) resembles: Vec<ResemblingView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ResemblingView {
    pub(crate) payment: i64,
    pub(crate) customer: Option<String>,
    pub(crate) date: NaiveDate,
    pub(crate) method: String,
    pub(crate) bank_ref: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct CandidateView {
    pub(crate) customer: String,
    pub(crate) name: String,
    pub(crate) score: u32,
    pub(crate) because: String,
}

/// One array per question.
#[derive(Debug, Serialize)]
pub(crate) struct StatusView {
    pub(crate) as_of: NaiveDate,
    pub(crate) mode: &'static str,
    /// When the last night began that was done.
    pub(crate) last_night: Option<String>,
    /// Whether that is longer ago than a night may be; not where there never was one.
    pub(crate) night_is_missing: bool,
    pub(crate) due: Vec<ChargeRow>,
    pub(crate) overdue: Vec<ChargeRow>,
    /// Charges of no period that are open: a transfer, a repair.
    pub(crate) one_off: Vec<OneOffRow>,
    pub(crate) suspended: Vec<ServiceRow>,
    /// Nothing is switched off or deleted of these until their day.
    pub(crate) on_hold: Vec<HoldRow>,
    pub(crate) held_back: Vec<AttentionView>,
    pub(crate) unmatched: Vec<UnmatchedView>,
    pub(crate) custom_apps: Vec<ServiceRow>,
    pub(crate) to_invoice: Vec<InvoiceRow>,
    pub(crate) work_orders: Vec<WorkOrder>,
    pub(crate) attention: Vec<AttentionView>,
    pub(crate) shadow: Vec<Shadow>,
    /// Asked for only on purpose: every panel answers for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drift: Option<Vec<Drift>>,
}

/// A service on hold.
#[derive(Debug, Clone, Serialize)]
pub struct HoldRow {
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Which service.
    pub service: String,
    /// What it is.
    pub description: String,
    /// The last day.
    pub until: NaiveDate,
    /// Why.
    pub note: String,
}

/// An open charge of no period.
#[derive(Debug, Clone, Serialize)]
pub struct OneOffRow {
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Its number.
    pub charge: i64,
    /// What is printed.
    pub label: String,
    /// The day it came to be.
    pub since: NaiveDate,
    /// What remains to be paid.
    pub due_cents: i64,
}

/// An open period charge with its service.
#[derive(Debug, Clone, Serialize)]
pub struct ChargeRow {
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Which service.
    pub service: String,
    /// What it is.
    pub description: String,
    /// Its expiry.
    pub expires_on: NaiveDate,
    /// Gross of the period.
    pub gross_cents: i64,
    /// What remains to be paid.
    pub due_cents: i64,
}

/// A service in some state.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceRow {
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Which service.
    pub service: String,
    /// What it is.
    pub description: String,
    /// Its expiry.
    pub expires_on: NaiveDate,
    /// Since when it is in that state.
    pub since: Option<NaiveDate>,
    /// Why.
    pub reason: Option<String>,
}

/// A payment that no customer was found for.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentRow {
    /// Its number.
    pub id: i64,
    /// Day.
    pub date: NaiveDate,
    /// Amount.
    pub amount_cents: i64,
    /// The bank's reference.
    pub bank_ref: String,
    /// What was given as reference.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
    /// Why it waits, where it may be known whose it is: `by_hand`, `other_format`, `batch` or `ahead` (of its day).
    pub parked: Option<String>,
    /// Whose a parked one would be.
    pub likely: Option<String>,
}

/// A settled charge, or money paid in advance, whose tax invoice accounting has not issued yet.
#[derive(Debug, Clone, Serialize)]
pub struct InvoiceRow {
    /// `settled` or `advance`.
    pub what: String,
    /// The number of the charge; an advance has none.
    pub charge: Option<i64>,
    /// The number of the payment that an advance is left of.
    pub payment: Option<i64>,
    /// The domain name of its service.
    pub domain_name: Option<String>,
    /// The rate of its VAT, in hundredths of a percent.
    pub vat_basis_points: Option<u32>,
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Which service.
    pub service: Option<String>,
    /// What was charged.
    pub description: String,
    /// First day of the period.
    pub period_from: Option<NaiveDate>,
    /// Its end: the new expiry.
    pub period_to: Option<NaiveDate>,
    /// Net.
    pub net_cents: i64,
    /// VAT.
    pub vat_cents: i64,
    /// Gross.
    pub gross_cents: i64,
    /// The day it was settled (an advance: the day it came).
    pub settled_on: NaiveDate,
    /// ΑΦΜ.
    pub tax_id: Option<String>,
    /// ΔΟΥ.
    pub tax_office: Option<String>,
    /// Street, postcode, city.
    pub address: String,
    /// The day of the last payment towards it.
    pub paid_on: Option<NaiveDate>,
    /// The bank's references of the payments that settled it.
    pub payments: String,
}

/// A step that a person must do at a panel or registry.
#[derive(Debug, Clone, Serialize)]
pub struct WorkOrder {
    /// Its number.
    pub id: i64,
    /// What.
    pub action: String,
    /// With which service.
    pub service: String,
    /// Whose.
    pub customer: String,
    /// What it is.
    pub description: String,
    /// The domain name.
    pub domain_name: Option<String>,
    /// The panel's user name.
    pub account: Option<String>,
    /// Which panel.
    pub server: Option<String>,
    /// The new expiry, for a renewal.
    pub until: Option<NaiveDate>,
    /// Since when.
    pub opened_on: NaiveDate,
}

/// A service that its panel shows in another state than the program.
#[derive(Debug, Clone, Serialize)]
pub struct Drift {
    /// Which service.
    pub service: String,
    /// Whose.
    pub customer: String,
    /// The panel's user name.
    pub account: Option<String>,
    /// Which panel.
    pub server: Option<String>,
    /// What the program has.
    pub ours: String,
    /// What the panel answers; none where it gave no answer.
    pub panel: Option<String>,
    /// What it said instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One service that the trial or the staff would have acted on.
#[derive(Debug, Clone, Serialize)]
pub struct Shadow {
    /// Which service.
    pub service: String,
    /// Whose.
    pub customer: String,
    /// `suspend`, `reinstate` or `terminate`.
    pub action: String,
    /// The day the program would have done it.
    pub ours_on: Option<NaiveDate>,
    /// The day on which an imported file first showed that staff had.
    pub staff_on: Option<NaiveDate>,
    /// `agree`, `only_ours` or `only_staff`.
    pub verdict: &'static str,
    /// Why the program would have, or why not.
    pub because: String,
}
