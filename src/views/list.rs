//! What `list` and `forecast` report: rows as they are stored, with what is due of each, and who owes what since when.

use crate::spool::Spool;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One list, by its name.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Listing {
    Customers { customers: Spool<CustomerRow> },
    Services { services: Spool<ServiceLine> },
    Charges { charges: Spool<ChargeLine> },
    Payments { payments: Spool<PaymentLine> },
    Cards { cards: Spool<CardLine> },
    Invoices { invoices: Spool<InvoiceLine> },
    Debtors { debtors: Vec<DebtorRow>, totals: DebtorTotals },
    Credits { credits: Vec<CreditRow>, total_cents: i64 },
}

/// A customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomerRow {
    /// Code.
    pub customer: String,
    /// Name.
    pub name: String,
    /// Addresses, `;` between them.
    pub email: String,
    /// Telephone.
    pub phone: Option<String>,
    /// ΑΦΜ.
    pub tax_id: Option<String>,
    /// What they write with a transfer.
    pub reference: String,
    /// Services that are active or suspended.
    pub services: i64,
    /// What is due of open charges.
    pub due_cents: i64,
    /// What they have paid for nothing yet.
    pub credit_cents: i64,
}

/// A service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceLine {
    /// Code.
    pub service: String,
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// What it is.
    pub description: String,
    /// The domain name.
    pub domain_name: Option<String>,
    /// Where it stands.
    pub state: String,
    /// Its expiry.
    pub expires_on: NaiveDate,
    /// Price of a period.
    pub price_cents: i64,
    /// Whether VAT is in it.
    pub price_is_gross: bool,
    /// Months of a period.
    pub period_months: i64,
    /// Whether it renews.
    pub renews: bool,
    /// The last day of its hold.
    pub hold_until: Option<NaiveDate>,
}

/// A charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChargeLine {
    /// Number.
    pub charge: i64,
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// For which service.
    pub service: Option<String>,
    /// What is printed.
    pub label: String,
    /// Start of its period, else the day it was made.
    pub day: NaiveDate,
    /// End of its period.
    pub period_to: Option<NaiveDate>,
    /// `open`, `overdue`, `settled`, `written_off` or `withdrawn`.
    pub state: String,
    /// What was charged.
    pub gross_cents: i64,
    /// What remains of it.
    pub due_cents: i64,
    /// The day it was settled.
    pub settled_on: Option<NaiveDate>,
}

/// A payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentLine {
    /// Number.
    pub payment: i64,
    /// Day.
    pub date: NaiveDate,
    /// What it brought.
    pub amount_cents: i64,
    /// What of it was not taken back.
    pub kept_cents: i64,
    /// Of that, what went to nothing yet.
    pub credit_cents: i64,
    /// Whose.
    pub customer: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// The bank's reference.
    pub bank_ref: String,
    /// How it came.
    pub method: String,
    /// Who paid.
    pub payer: Option<String>,
    /// `matched`, `unmatched`, `parked` or `reversed`.
    pub state: String,
}

/// A card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CardLine {
    /// Number.
    pub card: String,
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// What it asked for.
    pub total_cents: i64,
    /// The worst that became of its deliveries.
    pub state: String,
    /// The card it takes the place of.
    pub replaces: Option<String>,
}

/// A tax invoice that accounting issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// Number.
    pub invoice: String,
    /// Day.
    pub date: NaiveDate,
    /// Whose.
    pub customer: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// For which service.
    pub service: Option<String>,
    /// What was charged, or the money of an advance.
    pub gross_cents: i64,
}

/// The age of what is overdue, in days since the expiry.
pub(crate) const BUCKETS: [&str; 4] = ["0-30", "31-60", "61-90", "90+"];

/// Cents by age.
pub(crate) type Ageing = BTreeMap<&'static str, i64>;

/// A customer with something overdue.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DebtorRow {
    pub(crate) customer: String,
    pub(crate) name: String,
    pub(crate) phone: Option<String>,
    /// Since the oldest expiry.
    pub(crate) days: i64,
    pub(crate) buckets: Ageing,
    pub(crate) total_cents: i64,
    /// The day of the last card that a mail server took.
    pub(crate) last_mail: Option<NaiveDate>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct DebtorTotals {
    #[serde(flatten)]
    pub(crate) buckets: Ageing,
    pub(crate) total_cents: i64,
}

/// A customer with money that is for nothing yet.
#[derive(Debug, Clone, Serialize)]
pub struct CreditRow {
    /// Code.
    pub customer: String,
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: Option<String>,
    /// How much.
    pub credit_cents: i64,
    /// Day of the oldest payment that it is left of.
    pub since: NaiveDate,
}

/// What is open of a charge.
#[derive(Debug, Clone)]
pub struct OpenLine {
    /// Whose.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// Telephone.
    pub phone: Option<String>,
    /// Since when: the expiry, or the day of a one-off charge.
    pub since: NaiveDate,
    /// What remains.
    pub due_cents: i64,
    /// The kind of its service.
    pub kind: Option<String>,
    /// The day of the last card that a mail server took.
    pub last_mail: Option<NaiveDate>,
}

impl OpenLine {
    /// Whether it should have been paid before that day.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.since < today
    }
}

/// Income to come.
#[derive(Debug, Serialize)]
pub(crate) struct ForecastView {
    pub(crate) as_of: NaiveDate,
    pub(crate) forecast: Vec<IncomeRow>,
    /// The sum of these.
    pub(crate) total_cents: i64,
    /// What should have come already; in none of the sums.
    pub(crate) overdue_cents: i64,
}

/// Income of a month, a week, a kind or a customer: one of the four is there.
#[derive(Debug, Default, Serialize)]
pub(crate) struct IncomeRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) month: Option<String>,
    /// Its Monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) week: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Periods that begin.
    pub(crate) periods: u64,
    pub(crate) cents: i64,
}
