//! A row of a file of customers.

use super::Field;
use super::cells::{Cells, shown, yes_no};
use super::sheet::{Column, optional, required};
use crate::billing::customer::Language;
use crate::billing::tax_id;
use crate::billing::vat::{VatRate, VatTreatment};
use serde::{Deserialize, Serialize};

pub(super) const COLUMNS: [Column; 16] = [
    required("code"),
    required("name"),
    required("email"),
    optional("cc"),
    optional("tax_id"),
    optional("tax_office"),
    optional("profession"),
    optional("address"),
    optional("postcode"),
    optional("city"),
    optional("country"),
    optional("phone"),
    optional("language"),
    optional("vat"),
    optional("reference"),
    optional("enforcement"),
];

/// A customer as a file has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Own addresses; may be empty.
    pub email: Vec<String>,
    /// Addresses for copies.
    pub cc: Field<Vec<String>>,
    /// ΑΦΜ.
    pub tax_id: Field<String>,
    /// ΔΟΥ.
    pub tax_office: Field<String>,
    /// Profession.
    pub profession: Field<String>,
    /// Street and number.
    pub address: Field<String>,
    /// Postcode.
    pub postcode: Field<String>,
    /// City.
    pub city: Field<String>,
    /// ISO code of the country.
    pub country: Field<String>,
    /// Telephone.
    pub phone: Field<String>,
    /// Language.
    pub language: Field<Language>,
    /// VAT treatment.
    pub vat: Field<VatTreatment>,
    /// Payment code issued by a bank, without spaces.
    pub reference: Field<String>,
    /// Whether enforcement applies.
    pub enforcement: Field<bool>,
}

pub(super) fn read(cells: &mut Cells<'_>) -> Option<CustomerRow> {
    let code = cells.code("code");
    let name = cells.needed("name");
    let email = cells.addresses("email");
    let country = cells.parsed("country", country);
    let row = CustomerRow {
        code: String::new(),
        name: String::new(),
        email: email.value().cloned().unwrap_or_default(),
        cc: cells.addresses("cc"),
        tax_id: greek_or_foreign(cells, country.value().map_or("GR", String::as_str)),
        tax_office: cells.text("tax_office"),
        profession: cells.text("profession"),
        address: cells.text("address"),
        postcode: cells.text("postcode"),
        city: cells.text("city"),
        country,
        phone: cells.text("phone"),
        language: cells.parsed("language", |text| {
            let known = Language::from_code(&text.to_lowercase());
            known.ok_or_else(|| format!("`{}` is no language of a card; {}", shown(text), Language::words()))
        }),
        vat: cells.parsed("vat", vat),
        reference: cells.parsed("reference", |text| {
            let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
            let sound = bare.len() <= 35 && bare.chars().all(|c| c.is_ascii_alphanumeric());
            sound
                .then_some(bare)
                .ok_or(format!("`{}` is not a payment code; letters A–Z and digits", shown(text)))
        }),
        enforcement: cells.parsed("enforcement", yes_no),
    };
    Some(CustomerRow { code: code?, name: name?, ..row })
}

fn country(text: &str) -> Result<String, String> {
    let code = text.to_uppercase();
    let code = if code == "EL" { "GR".to_owned() } else { code };
    let sound = code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase());
    sound.then_some(code).ok_or(format!("`{}` is not a country code such as GR or CY", shown(text)))
}

/// A Greek number is checked, and the zero that Excel drops is put back; a foreign one is kept as given.
fn greek_or_foreign(cells: &mut Cells<'_>, country: &str) -> Field<String> {
    let Field::Value(text) = cells.text("tax_id") else { return cells.text("tax_id") };
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    if country != "GR" {
        return Field::Value(bare);
    }
    let bare = bare.trim_start_matches("EL").trim_start_matches("GR").to_owned();
    let padded = if bare.len() == 8 { format!("0{bare}") } else { bare.clone() };
    if padded != bare {
        cells.warn("tax_id", format!("`{bare}` has 8 digits; taken as `{padded}`"));
    }
    if !tax_id::is_greek_tax_id(&padded) {
        cells.warn("tax_id", format!("`{}` is not a sound ΑΦΜ; kept as given", shown(&padded)));
    }
    Field::Value(padded)
}

fn vat(text: &str) -> Result<VatTreatment, String> {
    match text.to_lowercase().as_str() {
        "standard" => Ok(VatTreatment::Standard),
        "reverse_charge" => Ok(VatTreatment::ReverseCharge),
        "exempt" => Ok(VatTreatment::Exempt),
        other => percent(other).map(VatTreatment::Own),
    }
}

/// A percentage: `24`, `24%`, `6,5`.
pub(super) fn percent(text: &str) -> Result<VatRate, String> {
    let wrong = || {
        format!("`{}` is not a VAT rate; write standard, reverse_charge, exempt or a percentage", shown(text))
    };
    let bare = text.trim_end_matches('%').trim().replace(',', ".");
    let (whole, part) = bare.split_once('.').unwrap_or((&bare, ""));
    if whole.is_empty() || part.len() > 2 || !bare.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err(wrong());
    }
    let points: u32 = format!("{whole}{part:0<2}").parse().map_err(|_| wrong())?;
    if points > 10_000 { Err(wrong()) } else { Ok(VatRate::from_basis_points(points)) }
}
