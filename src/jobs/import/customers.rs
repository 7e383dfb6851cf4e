//! Importing customers: what a row makes of a stored customer, or a new one.

use crate::billing::customer::{Customer, Language, PaymentReference};
use crate::billing::ids::CustomerCode;
use crate::billing::reference::creditor_reference;
use crate::billing::vat::VatTreatment;
use crate::intake::{CustomerRow, Field};
use crate::jobs::import::differences::Differences;
use crate::store::Store;
use std::collections::BTreeSet;

/// A new customer from its row. `sequence` is theirs for ever and makes their payment reference.
#[must_use]
pub(crate) fn created(row: &CustomerRow, sequence: i64, prefix: &str, language: Language) -> Customer {
    Customer {
        code: CustomerCode::new(row.code.clone()),
        name: row.name.clone(),
        email: row.email.clone(),
        cc: row.cc.value().cloned().unwrap_or_default(),
        tax_id: row.tax_id.value().cloned(),
        tax_office: row.tax_office.value().cloned(),
        profession: row.profession.value().cloned(),
        address: row.address.value().cloned(),
        postcode: row.postcode.value().cloned(),
        city: row.city.value().cloned(),
        country: row.country.value().cloned().unwrap_or_else(|| "GR".to_owned()),
        phone: row.phone.value().cloned(),
        language: row.language.value().copied().unwrap_or(language),
        vat: row.vat.value().copied().unwrap_or(VatTreatment::Standard),
        reference: reference(row, sequence, prefix),
        enforcement: row.enforcement.value().copied().unwrap_or(true),
    }
}

/// Why a row's payment reference cannot be its customer's.
pub(super) fn foreign_reference(
    store: &Store,
    known: &BTreeSet<CustomerCode>,
    seen: &mut BTreeSet<String>,
    row: &CustomerRow,
) -> Option<(&'static str, String)> {
    let reference = row.reference.value()?;
    let owner = store.customer_of_reference(reference).ok().flatten();
    if let Some(owner) = owner.filter(|owner| owner.as_str() != row.code) {
        return Some(("reference", format!("`{reference}` is the payment reference of customer `{owner}`")));
    }
    let is_new = !known.contains(&CustomerCode::new(row.code.clone()));
    let twice = !seen.insert(reference.clone());
    (is_new && twice).then(|| ("reference", format!("`{reference}` stands with another customer too")))
}

/// A bank-issued code as it is, or our own from the sequence: stable, unique, and never reused.
fn reference(row: &CustomerRow, sequence: i64, prefix: &str) -> PaymentReference {
    match row.reference.value() {
        Some(issued) => PaymentReference::BankIssued(issued.clone()),
        None => own_reference(sequence, prefix),
    }
}

fn own_reference(sequence: i64, prefix: &str) -> PaymentReference {
    let body = format!("{prefix}{sequence:06}");
    PaymentReference::Own(creditor_reference(&body).unwrap_or(body))
}

/// Applies a row to a stored customer and says what differs. The program owns `enforcement`, and staff what they
/// recorded.
pub(crate) fn updated(
    customer: &mut Customer,
    row: &CustomerRow,
    mut differences: Differences,
) -> Differences {
    let d = &mut differences;
    let list = |list: &Vec<String>| list.join(";");
    d.set("name", &mut customer.name, row.name.clone(), Clone::clone);
    d.set("email", &mut customer.email, row.email.clone(), list);
    match &row.cc {
        Field::Absent => {}
        Field::Empty => d.set("cc", &mut customer.cc, Vec::new(), list),
        Field::Value(cc) => d.set("cc", &mut customer.cc, cc.clone(), list),
    }
    d.text("tax_id", &mut customer.tax_id, &row.tax_id);
    d.text("tax_office", &mut customer.tax_office, &row.tax_office);
    d.text("profession", &mut customer.profession, &row.profession);
    d.text("address", &mut customer.address, &row.address);
    d.text("postcode", &mut customer.postcode, &row.postcode);
    d.text("city", &mut customer.city, &row.city);
    d.text("phone", &mut customer.phone, &row.phone);
    if let Some(country) = row.country.value() {
        d.set("country", &mut customer.country, country.clone(), Clone::clone);
    }
    if let Some(language) = row.language.value() {
        d.set("language", &mut customer.language, *language, |l| l.code().to_owned());
    }
    match &row.vat {
        Field::Absent => {}
        Field::Empty => d.set("vat", &mut customer.vat, VatTreatment::Standard, |v| word_vat(*v)),
        Field::Value(vat) => d.set("vat", &mut customer.vat, *vat, |v| word_vat(*v)),
    }
    if let Some(issued) = row.reference.value() {
        // a reference is fixed at import: customers have it in their standing orders
        let new = PaymentReference::BankIssued(issued.clone());
        let taken = d.takes("reference");
        d.owned("reference", taken, &mut customer.reference, new, |r| r.as_str().to_owned());
    }
    if let Some(enforcement) = row.enforcement.value() {
        let taken = d.takes("enforcement");
        d.owned("enforcement", taken, &mut customer.enforcement, *enforcement, |yes| yes_no(*yes));
    }
    differences
}

/// `yes` or `no`.
#[must_use]
pub(super) fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn word_vat(vat: VatTreatment) -> String {
    match vat {
        VatTreatment::Standard => "standard".to_owned(),
        VatTreatment::Own(rate) => rate.to_string(),
        VatTreatment::ReverseCharge => "reverse_charge".to_owned(),
        VatTreatment::Exempt => "exempt".to_owned(),
    }
}
