//! A card's amount and deadline as schema.org data, by which mail programs show an invoice to come and remind of it
//! (<https://schema.org/Invoice>). It says what the card says, and only where something is due.

use crate::billing::card::BillingCard;
use crate::billing::money::Money;
use serde_json::json;

/// The data as JSON that may stand within a `script` element; empty where nothing is due.
pub(super) fn markup(card: &BillingCard) -> String {
    if !card.total_due.is_positive() {
        return String::new();
    }
    let company = card.company.trade_name.as_ref().unwrap_or(&card.company.name);
    let is_company = card.customer.profession.is_some() || card.customer.tax_office.is_some();
    let status = if card.overdue.is_positive() { "PaymentPastDue" } else { "PaymentDue" };
    let price = |amount: Money| {
        let cents = amount.cents();
        let digits = format!("{}.{:02}", cents / 100, cents % 100);
        json!({ "@type": "PriceSpecification", "price": digits, "priceCurrency": "EUR" })
    };
    let mut invoice = json!({
        "@context": "https://schema.org",
        "@type": "Invoice",
        "identifier": card.number.as_str(),
        "accountId": card.customer.code.as_str(),
        "provider": { "@type": "Organization", "name": company },
        "customer": {
            "@type": if is_company { "Organization" } else { "Person" },
            "name": card.customer.name,
        },
        "paymentStatus": format!("https://schema.org/{status}"),
        "totalPaymentDue": price(card.total_due),
    });
    if let Some(day) = card.due_by {
        invoice["paymentDueDate"] = json!(day);
    }
    if card.later.is_some() {
        // the day is of this part alone
        invoice["minimumPaymentDue"] = price(card.due_now());
    }
    if let Some(link) = &card.payment.link {
        invoice["url"] = json!(link);
    }
    // nothing in it ends the element, whatever a name holds
    let mut text = invoice.to_string();
    for (sign, escaped) in [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")] {
        text = text.replace(sign, escaped);
    }
    text
}
