//! Who issues the cards, and how a customer is told to pay them: the configuration's part of a card.

use super::card::{Bank, Company, Iris, PaymentInstructions, PaymentWay};
use super::customer::Customer;
use super::facts::Facts;
use super::money::Money;
use super::vat::VatTreatment;

/// The country that need not be named.
pub(super) const OURS: &str = "GR";

/// Who issues the cards and how they are paid: the configuration's part of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The company.
    pub company: Company,
    /// Accounts to pay to.
    pub banks: Vec<Bank>,
    /// The same for who reads no Greek letters.
    pub latin_banks: Vec<Bank>,
    /// Further ways to pay.
    pub ways: Vec<OfferedWay>,
    /// IRIS.
    pub iris: Option<Iris>,
    /// Card-payment page with `{reference}` in it.
    pub link: Option<String>,
    /// So many bank days pass between the sending of money and the night that knows of it.
    pub arrives_days: u32,
    /// Whether cards carry an EPC069-12 QR code.
    pub epc_qr: bool,
    /// The sentence for reverse charge.
    pub reverse_charge: String,
    /// The sentence for exempt customers.
    pub exempt: String,
}

/// A way to pay that one line explains, as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedWay {
    /// What it is.
    pub label: String,
    /// What it is, for who reads no Greek letters.
    pub latin_label: String,
    /// How, with `{reference}` where the customer's stands.
    pub text: String,
}

/// The company as a customer's card shows it: in VAT between countries its number begins with `EL`.
pub(super) fn company(issuer: &Issuer, customer: &Customer) -> Company {
    let company = issuer.company.clone();
    let is_abroad = customer.vat == VatTreatment::ReverseCharge || !customer.language.reads_greek();
    if company.tax_id.is_empty() || !is_abroad {
        return company;
    }
    Company { tax_id: with_country(&company.tax_id, OURS), ..company }
}

/// A VAT number as it is used between countries; Greece is `EL` there (directive 2006/112/EC, article 215).
pub(super) fn with_country(id: &str, country: &str) -> String {
    let country = if country == OURS { "EL" } else { country };
    // some begin with a letter of their own, as U12345678 in Austria
    if id.starts_with(country) { id.to_owned() } else { format!("{country}{id}") }
}

pub(super) fn payment(facts: &Facts, issuer: &Issuer, total_due: Money) -> PaymentInstructions {
    let reference = facts.customer.reference.clone();
    let link = issuer.link.as_ref().map(|link| link.replace("{reference}", reference.as_str()));
    let banks = if facts.customer.language.reads_greek() { &issuer.banks } else { &issuer.latin_banks };
    let ways = issuer.ways.iter().map(|way| PaymentWay {
        label: if facts.customer.language.reads_greek() { &way.label } else { &way.latin_label }.clone(),
        text: way.text.replace("{reference}", reference.as_str()),
    });
    let ways = ways.collect();
    let epc_qr = banks
        .first()
        .filter(|_| issuer.epc_qr && total_due.is_positive())
        .map(|bank| epc_payload(bank, total_due, reference.as_str()));
    PaymentInstructions { reference, banks: banks.clone(), iris: issuer.iris.clone(), link, ways, epc_qr }
}

/// The payload of an EPC069-12 QR code (version 002, UTF-8, SEPA credit transfer).
pub(super) fn epc_payload(bank: &Bank, amount: Money, reference: &str) -> String {
    let name: String = bank.beneficiary.chars().take(70).collect();
    let cents = amount.cents();
    let (structured, free) =
        if super::reference::is_creditor_reference(reference) { (reference, "") } else { ("", reference) };
    let payload = format!(
        "BCD\n002\n1\nSCT\n{}\n{name}\n{}\nEUR{}.{:02}\n\n{structured}\n{free}",
        bank.bic.as_deref().unwrap_or(""),
        bank.iban,
        cents / 100,
        cents % 100
    );
    payload.trim_end_matches('\n').to_owned()
}
