//! The Billing Card's content: everything that is printed, computed once.
//!
//! The PDF, the e-mail's two bodies, the JSON and the digest all read this struct and add nothing.

use super::charge::ChargeSource;
use super::customer::{Language, PaymentReference};
use super::ids::{CardNumber, CustomerCode, ServiceCode};
use super::money::Money;
use super::notice::Stage;
use super::period::BillingPeriod;
use super::service::ServiceKind;
use super::vat::{Amounts, VatRate};
use chrono::NaiveDate;

/// Who issues the card. From the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Company {
    /// Legal name.
    pub name: String,
    /// Name customers know.
    pub trade_name: Option<String>,
    /// ΑΦΜ.
    pub tax_id: String,
    /// ΔΟΥ.
    pub tax_office: Option<String>,
    /// ΓΕΜΗ number.
    pub gemi: Option<String>,
    /// Address in one line.
    pub address: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Address of accounting.
    pub email: Option<String>,
    /// Web site.
    pub website: Option<String>,
    /// Address for questions about the card.
    pub support_email: Option<String>,
    /// Telephone for questions about the card.
    pub support_phone: Option<String>,
}

/// An account to pay to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    /// The bank's name.
    pub name: String,
    /// IBAN without spaces.
    pub iban: String,
    /// BIC.
    pub bic: Option<String>,
    /// In whose name the account is.
    pub beneficiary: String,
}

/// IRIS: pay by tax id or telephone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iris {
    /// ΑΦΜ to pay to.
    pub tax_id: Option<String>,
    /// Telephone to pay to.
    pub phone: Option<String>,
}

/// How to pay. From the configuration, but for the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentInstructions {
    /// What the customer writes with the transfer.
    pub reference: PaymentReference,
    /// Accounts.
    pub banks: Vec<Bank>,
    /// IRIS, if offered.
    pub iris: Option<Iris>,
    /// Address of a card-payment page, the reference filled in.
    pub link: Option<String>,
    /// Further ways.
    pub ways: Vec<PaymentWay>,
    /// Payload of an EPC069-12 QR code, if switched on and something is due.
    pub epc_qr: Option<String>,
}

/// A way to pay that one line explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentWay {
    /// What it is, such as `PayPal`.
    pub label: String,
    /// How, the reference filled in; an address beginning with `https://` is one to follow.
    pub text: String,
}

/// What kind of card it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardStatus {
    /// Issued to the customer.
    Issued,
    /// Issued in trial mode: marked «ΔΟΚΙΜΗ».
    Trial,
    /// Drawn to be looked at: marked «ΠΡΟΕΠΙΣΚΟΠΗΣΗ».
    Preview,
}

/// The customer as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardCustomer {
    /// Code.
    pub code: CustomerCode,
    /// Name.
    pub name: String,
    /// ΑΦΜ or the like; on reverse-charge cards with its country before it.
    pub tax_id: Option<String>,
    /// ΔΟΥ.
    pub tax_office: Option<String>,
    /// Profession.
    pub profession: Option<String>,
    /// Street, postcode, city: the parts that exist, joined.
    pub address: Option<String>,
    /// ISO-2 code of the country, unless it is ours.
    pub country: Option<String>,
}

/// Lines are grouped by urgency, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// The expiry has come.
    Overdue,
    /// A stage applies: it expires soon.
    Expiring,
    /// Charged already, but further off.
    Upcoming,
}

/// One charge on the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLine {
    /// The service; `None` for what belongs to the customer alone.
    pub service: Option<ServiceCode>,
    /// Its kind.
    pub kind: Option<ServiceKind>,
    /// What it is.
    pub name: String,
    /// Its domain name.
    pub domain_name: Option<String>,
    /// Where the charge comes from.
    pub source: ChargeSource,
    /// The stage told by this message, if it is new.
    pub stage: Option<Stage>,
    /// The day it expires or expired.
    pub expires_on: Option<NaiveDate>,
    /// Net, VAT, gross.
    pub amounts: Amounts,
    /// The rate of its VAT.
    pub rate: VatRate,
    /// The money that was already paid towards it.
    pub paid: Money,
    /// What is left of it: its gross less what was paid. An adjustment's is negative.
    pub due: Money,
    /// What discounts have taken off it; each is a line of its own, behind it.
    pub taken_off: Money,
    /// Whether it may be paid later than the card's deadline.
    pub later: bool,
    /// Its group.
    pub urgency: Urgency,
    /// Suspended for non-payment: paying switches it on again.
    pub suspended: bool,
    /// The day on which it is suspended if not settled.
    pub suspend_on: Option<NaiveDate>,
    /// The day on which it is terminated if not settled.
    pub terminate_on: Option<NaiveDate>,
    /// The day from which anybody may register the domain name if it is not settled.
    pub released_on: Option<NaiveDate>,
    /// Number of a tax invoice that preceded the payment.
    pub invoice: Option<String>,
}

impl CardLine {
    /// The period charged; its `to` is the new expiry once settled.
    #[must_use]
    pub const fn period(&self) -> Option<BillingPeriod> {
        match self.source {
            ChargeSource::Period(period) => Some(period),
            ChargeSource::OneOff | ChargeSource::Adjustment => None,
        }
    }
}

/// Something that happened to a service and is told now: nothing is due for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardEvent {
    /// The service.
    pub service: ServiceCode,
    /// Its kind.
    pub kind: ServiceKind,
    /// What it is.
    pub name: String,
    /// Its domain name.
    pub domain_name: Option<String>,
    /// `suspended`, `terminated`, `renewed`, `reinstated`, `cancelled`, or `final` where nothing is charged.
    pub stage: Stage,
    /// The expiry of the service now (renewed: the new one).
    pub expires_on: NaiveDate,
    /// The period the event speaks of.
    pub period: BillingPeriod,
    /// The day of termination, for `suspended` and `final`.
    pub terminate_on: Option<NaiveDate>,
    /// What a paid service still waits for.
    pub awaits: Option<Awaited>,
}

/// What a service that is paid and renewed in our books still waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// Its panel has not switched it on again yet.
    Reinstatement,
    /// Its registry has not renewed it yet.
    Registry,
}

/// The part of a card that may be paid later than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Later {
    /// The sum of those charges.
    pub due: Money,
    /// Their own deadline, later than the card's.
    pub by: NaiveDate,
}

/// Money that came in and settled what the card's events tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The day of the payment.
    pub on: NaiveDate,
    /// The whole of it.
    pub amount: Money,
}

/// A service that needs nothing now, or a custom application: no amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardService {
    /// The service.
    pub service: ServiceCode,
    /// What it is.
    pub name: String,
    /// Its domain name.
    pub domain_name: Option<String>,
    /// Its expiry.
    pub expires_on: NaiveDate,
}

/// Sum of the lines of one VAT rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VatSum {
    /// The rate.
    pub rate: VatRate,
    /// Net, VAT, gross at that rate.
    pub amounts: Amounts,
}

/// The Billing Card (Καρτέλα Χρέωσης), complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingCard {
    /// Its number.
    pub number: CardNumber,
    /// The number it replaces.
    pub replaces: Option<CardNumber>,
    /// Issued, trial or preview.
    pub status: CardStatus,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// The customer's language.
    pub language: Language,
    /// Who issues it.
    pub company: Company,
    /// Who gets it.
    pub customer: CardCustomer,
    /// What happened, told now.
    pub events: Vec<CardEvent>,
    /// What is charged, ordered by urgency, then expiry, then service code.
    pub lines: Vec<CardLine>,
    /// Per rate, highest first.
    pub vat: Vec<VatSum>,
    /// Sum of the lines.
    pub totals: Amounts,
    /// What was already paid towards the lines.
    pub paid: Money,
    /// Credit the customer still has.
    pub credit: Money,
    /// The amount to pay: what is due less credit, never negative.
    pub total_due: Money,
    /// Of it, what is overdue now.
    pub overdue: Money,
    /// The deadline, as `pay_by.rs` finds it; none where nothing is due, or it is due at once.
    pub due_by: Option<NaiveDate>,
    /// What of it may be paid later than that.
    pub later: Option<Later>,
    /// The payments that the events speak of.
    pub receipts: Vec<Receipt>,
    /// Settled services with their expiry.
    pub settled: Vec<CardService>,
    /// Custom applications: notified by hand.
    pub custom_apps: Vec<CardService>,
    /// How to pay.
    pub payment: PaymentInstructions,
    /// Sentences that VAT law wants printed (reverse charge, exemption).
    pub vat_notes: Vec<String>,
}

impl BillingCard {
    /// What is to be paid by the deadline.
    #[must_use]
    pub fn due_now(&self) -> Money {
        self.total_due - self.later.map_or(Money::ZERO, |later| later.due)
    }

    /// Every stage told by the message that carries this card, most telling last.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        let mut stages: Vec<Stage> = self.events.iter().map(|event| event.stage).collect();
        stages.extend(self.lines.iter().filter_map(|line| line.stage));
        stages.sort_unstable();
        stages.dedup();
        stages
    }
}
