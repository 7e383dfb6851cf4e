//! The fingerprint of a card's content: while it stays, the card keeps its number.
//!
//! Fingerprints stand in the database for as long as the cards, and what they were made of does not. So
//! the form they are made of is written out here, word for word, and is never a side effect of how a
//! type is called: rename types and fields as you like, the words here stay.
//!
//! One file, for the form is one list. This is form 1. It has no mark, because all that was ever stored is of it (it is
//! what Rust's `Debug`
//! wrote of the first version's types, hence its looks). A part that a card gets later is left out where
//! it says nothing, so that only the cards that show it change. Should a form 2 be needed, its
//! fingerprints begin with `2:`, and a stored one without a mark is compared in form 1, until no
//! customer's last card has such a one; then form 1 may go.

use super::card::{
    Awaited, Bank, BillingCard, CardCustomer, CardEvent, CardLine, CardService, CardStatus, Company, Iris,
    Later, PaymentInstructions, PaymentWay, Receipt, Urgency, VatSum,
};
use super::charge::ChargeSource;
use super::customer::{Language, PaymentReference};
use super::ids::{CustomerCode, ServiceCode};
use super::money::Money;
use super::notice::Stage;
use super::period::BillingPeriod;
use super::service::ServiceKind;
use super::vat::{Amounts, VatRate};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};

impl BillingCard {
    /// SHA-256 (hex) of everything printed but the number, the number replaced, the day of issue and
    /// which of the lines are news.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Sha256::digest(self.form().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// How a value is written in form 1.
trait Form {
    fn form(&self) -> String;
}

/// A named thing and its parts, in their order.
fn record(name: &str, parts: &[(&str, &dyn Form)]) -> String {
    let parts: Vec<String> = parts.iter().map(|(name, part)| format!("{name}: {}", part.form())).collect();
    format!("{name} {{ {} }}", parts.join(", "))
}

/// A word of the form itself.
struct Word(&'static str);

impl Form for Word {
    fn form(&self) -> String {
        self.0.to_owned()
    }
}

impl Form for BillingCard {
    fn form(&self) -> String {
        // every part is named, so that a new one does not compile before it was thought of here
        let Self {
            number: _,
            replaces: _,
            status,
            issued_on: _,
            language,
            company,
            customer,
            events,
            lines,
            vat,
            totals,
            paid,
            credit,
            total_due,
            overdue,
            due_by,
            later,
            receipts,
            settled,
            custom_apps,
            payment,
            vat_notes,
        } = self;
        let form = record(
            "BillingCard",
            &[
                ("number", &Word("CardNumber(\"\")")),
                ("replaces", &Word("None")),
                ("status", status),
                ("issued_on", &Word("-262143-01-01")),
                ("language", language),
                ("company", company),
                ("customer", customer),
                ("events", events),
                ("lines", lines),
                ("vat", vat),
                ("totals", totals),
                ("paid", paid),
                ("credit", credit),
                ("total_due", total_due),
                ("overdue", overdue),
                ("due_by", due_by),
                ("settled", settled),
                ("custom_apps", custom_apps),
                ("payment", payment),
                ("vat_notes", vat_notes),
            ],
        );
        // parts of later versions stand behind it, where they say anything
        let later = later.map(|Later { due, by }| format!(" later {} {}", due.form(), by.form()));
        let receipt = |Receipt { on, amount }: &Receipt| format!(" received {} {}", on.form(), amount.form());
        [form].into_iter().chain(later).chain(receipts.iter().map(receipt)).collect()
    }
}

impl Form for CardLine {
    fn form(&self) -> String {
        // the stage is news, not content: a second reminder of the same amounts is the same card
        let Self {
            service,
            kind,
            name,
            domain_name,
            source,
            stage: _,
            expires_on,
            amounts,
            rate,
            paid,
            due,
            taken_off,
            later: _,
            urgency,
            suspended,
            suspend_on,
            terminate_on,
            released_on,
            invoice,
        } = self;
        let form = record(
            "CardLine",
            &[
                ("service", service),
                ("kind", kind),
                ("name", name),
                ("domain_name", domain_name),
                ("source", source),
                ("stage", &Word("None")),
                ("expires_on", expires_on),
                ("amounts", amounts),
                ("rate", rate),
                ("paid", paid),
                ("due", due),
                ("urgency", urgency),
                ("suspended", suspended),
                ("suspend_on", suspend_on),
                ("terminate_on", terminate_on),
                ("invoice", invoice),
            ],
        );
        let released = released_on.map(|day| format!(" released {}", day.form()));
        let taken_off = (!taken_off.is_zero()).then(|| format!(" taken off {}", taken_off.form()));
        [form].into_iter().chain(released).chain(taken_off).collect()
    }
}

impl Form for CardEvent {
    fn form(&self) -> String {
        let Self { service, kind: _, name, domain_name, stage, expires_on, period, terminate_on, awaits } =
            self;
        record(
            "CardEvent",
            &[
                ("service", service),
                ("name", name),
                ("domain_name", domain_name),
                ("stage", stage),
                ("expires_on", expires_on),
                ("period", period),
                ("terminate_on", terminate_on),
                ("awaits", awaits),
            ],
        )
    }
}

impl Form for Company {
    fn form(&self) -> String {
        let Self {
            name,
            trade_name,
            tax_id,
            tax_office,
            gemi,
            address,
            phone,
            email,
            website,
            support_email,
            support_phone,
        } = self;
        record(
            "Company",
            &[
                ("name", name),
                ("trade_name", trade_name),
                ("tax_id", tax_id),
                ("tax_office", tax_office),
                ("gemi", gemi),
                ("address", address),
                ("phone", phone),
                ("email", email),
                ("website", website),
                ("support_email", support_email),
                ("support_phone", support_phone),
            ],
        )
    }
}

impl Form for CardCustomer {
    fn form(&self) -> String {
        let Self { code, name, tax_id, tax_office, profession, address, country } = self;
        // the country was the end of the address
        let address: Vec<&str> = [address, country].into_iter().flatten().map(String::as_str).collect();
        let address = (!address.is_empty()).then(|| address.join(", "));
        record(
            "CardCustomer",
            &[
                ("code", code),
                ("name", name),
                ("tax_id", tax_id),
                ("tax_office", tax_office),
                ("profession", profession),
                ("address", &address),
            ],
        )
    }
}

impl Form for CardService {
    fn form(&self) -> String {
        let Self { service, name, domain_name, expires_on } = self;
        record(
            "CardService",
            &[("service", service), ("name", name), ("domain_name", domain_name), ("expires_on", expires_on)],
        )
    }
}

impl Form for PaymentInstructions {
    fn form(&self) -> String {
        let Self { reference, banks, iris, link, ways, epc_qr } = self;
        let mut parts: Vec<(&str, &dyn Form)> = vec![
            ("reference", reference),
            ("banks", banks),
            ("iris", iris),
            ("link", link),
            ("epc_qr", epc_qr),
        ];
        if !ways.is_empty() {
            parts.push(("ways", ways));
        }
        record("PaymentInstructions", &parts)
    }
}

impl Form for Bank {
    fn form(&self) -> String {
        let Self { name, iban, bic, beneficiary } = self;
        record("Bank", &[("name", name), ("iban", iban), ("bic", bic), ("beneficiary", beneficiary)])
    }
}

impl Form for PaymentWay {
    fn form(&self) -> String {
        let Self { label, text } = self;
        record("PaymentWay", &[("label", label), ("text", text)])
    }
}

impl Form for Iris {
    fn form(&self) -> String {
        let Self { tax_id, phone } = self;
        record("Iris", &[("tax_id", tax_id), ("phone", phone)])
    }
}

impl Form for VatSum {
    fn form(&self) -> String {
        let Self { rate, amounts } = self;
        record("VatSum", &[("rate", rate), ("amounts", amounts)])
    }
}

impl Form for Amounts {
    fn form(&self) -> String {
        let Self { net, vat, gross } = self;
        record("Amounts", &[("net", net), ("vat", vat), ("gross", gross)])
    }
}

impl Form for BillingPeriod {
    fn form(&self) -> String {
        let Self { from, to } = self;
        record("BillingPeriod", &[("from", from), ("to", to)])
    }
}

impl Form for ChargeSource {
    fn form(&self) -> String {
        match self {
            Self::Period(period) => format!("Period({})", period.form()),
            Self::OneOff => "OneOff".to_owned(),
            Self::Adjustment => "Adjustment".to_owned(),
        }
    }
}

impl Form for PaymentReference {
    fn form(&self) -> String {
        match self {
            Self::Own(text) => format!("Own({})", text.form()),
            Self::BankIssued(text) => format!("BankIssued({})", text.form()),
        }
    }
}

impl Form for Stage {
    fn form(&self) -> String {
        let word = self.mark();
        match self {
            Self::Before(days) | Self::After(days) => format!("{word}({days})"),
            _ => word.to_owned(),
        }
    }
}

/// Writes each variant of an enumeration as its word.
macro_rules! words {
    ($type:ty { $($variant:ident => $word:literal,)* }) => {
        impl Form for $type {
            fn form(&self) -> String {
                match self { $(Self::$variant => $word,)* }.to_owned()
            }
        }
    };
}

words! { Language { Greek => "Greek", English => "English", } }
words! { CardStatus { Issued => "Issued", Trial => "Trial", Preview => "Preview", } }
words! { Urgency { Overdue => "Overdue", Expiring => "Expiring", Upcoming => "Upcoming", } }
words! { Awaited { Reinstatement => "Reinstatement", Registry => "Registry", } }
words! { ServiceKind {
    Hosting => "Hosting",
    Domain => "Domain",
    Ssl => "Ssl",
    Email => "Email",
    Backup => "Backup",
    Server => "Server",
    Support => "Support",
    Other => "Other",
    CustomApp => "CustomApp",
} }

impl Form for CustomerCode {
    fn form(&self) -> String {
        format!("CustomerCode({:?})", self.as_str())
    }
}

impl Form for ServiceCode {
    fn form(&self) -> String {
        format!("ServiceCode({:?})", self.as_str())
    }
}

impl Form for Money {
    fn form(&self) -> String {
        format!("Money({})", self.cents())
    }
}

impl Form for VatRate {
    fn form(&self) -> String {
        format!("VatRate({})", self.basis_points())
    }
}

impl Form for NaiveDate {
    fn form(&self) -> String {
        self.format("%Y-%m-%d").to_string()
    }
}

impl Form for bool {
    fn form(&self) -> String {
        self.to_string()
    }
}

/// Between quotes, with the escapes of a Rust string.
impl Form for String {
    fn form(&self) -> String {
        format!("{self:?}")
    }
}

impl<T: Form> Form for Option<T> {
    fn form(&self) -> String {
        self.as_ref().map_or_else(|| "None".to_owned(), |value| format!("Some({})", value.form()))
    }
}

impl<T: Form> Form for Vec<T> {
    fn form(&self) -> String {
        format!("[{}]", self.iter().map(Form::form).collect::<Vec<_>>().join(", "))
    }
}
