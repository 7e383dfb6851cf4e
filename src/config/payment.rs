//! `[payment]`: the accounts to pay to, and how.

use super::Payment;
use super::section::Section;
use crate::billing::card::{Bank, Company, Iris};
use crate::billing::issuer::OfferedWay;
use crate::billing::money::Money;
use crate::billing::reference::creditor_reference;
use crate::billing::text::latin_letters;
use std::path::PathBuf;

pub(super) fn payment(
    section: &Section<'_>,
    company: &Company,
    latin_name: Option<String>,
    place: &impl Fn(String) -> PathBuf,
) -> Payment {
    let prefix = section.text("reference_prefix").unwrap_or_else(|| "KONET".to_owned());
    if prefix.len() > 12 || creditor_reference(&prefix).is_none() {
        let text = format!("`payment.reference_prefix` = `{prefix}`");
        section.fault(
            "reference_prefix",
            text,
            Some("1 to 12 letters A–Z or digits; customers write it with every transfer"),
        );
    }
    let link = section.text("link");
    if link.as_ref().is_some_and(|link| !link.contains("{reference}") || !link.starts_with("https://")) {
        let hint = "an address such as \"https://pay.konet.example/{reference}\"";
        section.fault("link", "`payment.link` must begin with https:// and hold {reference}", Some(hint));
    }
    let iris_section = section.section("iris");
    let iris = iris_section
        .exists()
        .then(|| Iris { tax_id: iris_section.text("tax_id"), phone: iris_section.text("phone") });
    if iris.as_ref().is_some_and(|iris| iris.tax_id.is_none() && iris.phone.is_none()) {
        iris_section.fault(
            "tax_id",
            "`[payment.iris]` has neither `tax_id` nor `phone`",
            Some("set one, or leave the section out"),
        );
    }
    let iris_qr = iris_section.text("qr").map(place);
    iris_section.finish();
    let latin_name = latin_name.unwrap_or_else(|| latin_letters(&company.name));
    let (mut banks, mut latin_banks) = (Vec::new(), Vec::new());
    for section in section.list_of_sections("bank") {
        let (bank, latin) = bank(&section, company, &latin_name);
        banks.push(bank);
        latin_banks.push(latin);
    }
    let payment = Payment {
        reference_prefix: prefix,
        tolerance: Money::from_cents(section.number("tolerance_cents", 1000).unwrap_or(0).into()),
        epc_qr: section.flag("epc_qr").unwrap_or(false),
        arrives_days: section.number("arrives_days", 10).unwrap_or(1),
        link,
        banks,
        latin_banks,
        ways: section.list_of_sections("way").iter().map(way).collect(),
        iris,
        iris_qr,
    };
    section.finish();
    payment
}

/// A further way to pay, which one line explains.
fn way(section: &Section<'_>) -> OfferedWay {
    let label = section.needed_text("label", "what it is, such as \"PayPal\"");
    let way = OfferedWay {
        latin_label: section.text("latin_label").unwrap_or_else(|| latin_letters(&label)),
        label,
        text: section
            .needed_text("text", "how, such as \"https://paypal.me/konet\"; {reference} is the customer's"),
    };
    section.finish();
    way
}

/// An account, and the same for who reads no Greek letters.
fn bank(section: &Section<'_>, company: &Company, latin_name: &str) -> (Bank, Bank) {
    let given = section.needed_text("iban", "the account's IBAN");
    let bare: String = given.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    if !given.is_empty() && bare.parse::<iban::Iban>().is_err() {
        let hint = "a digit is wrong or missing: copy it from the bank's site";
        section.fault("iban", format!("`{given}` is not a sound IBAN"), Some(hint));
    }
    let bic = section.text("bic").map(|bic| bic.to_uppercase());
    if let Some(bic) = &bic {
        let sound = matches!(bic.len(), 8 | 11)
            && bic.chars().all(|c| c.is_ascii_alphanumeric())
            && bic.chars().take(6).all(|c| c.is_ascii_uppercase());
        if !sound {
            section.fault(
                "bic",
                format!("`{bic}` is not a BIC"),
                Some("8 or 11 characters, such as ETHNGRAA"),
            );
        }
    }
    let bank = Bank {
        name: section.needed_text("name", "the bank's name, as customers know it"),
        iban: bare,
        bic,
        beneficiary: section.text("beneficiary").unwrap_or_else(|| company.name.clone()),
    };
    let latin = Bank {
        name: section.text("latin_name").unwrap_or_else(|| latin_letters(&bank.name)),
        beneficiary: section.text("latin_beneficiary").unwrap_or_else(|| {
            if bank.beneficiary == company.name {
                latin_name.to_owned()
            } else {
                latin_letters(&bank.beneficiary)
            }
        }),
        ..bank.clone()
    };
    section.finish();
    (bank, latin)
}
