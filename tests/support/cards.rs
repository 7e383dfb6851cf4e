//! A sample card in every shape, made through the public core.

use chrono::NaiveDate;
use konet_billing::billing::calendar::Calendar;
use konet_billing::billing::card::{
    Bank, BillingCard, CardCustomer, CardEvent, CardLine, CardService, CardStatus, Company, Iris,
    PaymentInstructions, Receipt, Urgency, VatSum,
};
use konet_billing::billing::charge::ChargeSource;
use konet_billing::billing::customer::{Language, PaymentReference};
use konet_billing::billing::ids::{CardNumber, CustomerCode, ServiceCode};
use konet_billing::billing::money::Money;
use konet_billing::billing::notice::Stage;
use konet_billing::billing::pay_by::{Banks, later, pay_by};
use konet_billing::billing::period::{BillingPeriod, days_after};
use konet_billing::billing::reference::creditor_reference;
use konet_billing::billing::service::ServiceKind;
use konet_billing::billing::vat::{Amounts, Price, VatRate};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The day the sample cards are issued.
pub(crate) const ISSUED: &str = "2025-09-16";

const NAMES: [(&str, ServiceKind, i64); 6] = [
    ("Φιλοξενία ιστοσελίδων Business SSD 20 GB", ServiceKind::Hosting, 9_600),
    ("Κατοχύρωση ονόματος χώρου", ServiceKind::Domain, 1_690),
    ("Πιστοποιητικό SSL Wildcard", ServiceKind::Ssl, 7_900),
    ("Ηλεκτρονικό ταχυδρομείο, 10 θυρίδες", ServiceKind::Email, 4_800),
    ("Αντίγραφα ασφαλείας 50 GB", ServiceKind::Backup, 3_600),
    ("Εικονικός διακομιστής VPS 4 GB", ServiceKind::Server, 24_000),
];

/// One line that expires so many days from the issue.
pub(crate) fn line(index: usize, in_days: i64, stage: Option<Stage>) -> CardLine {
    let (name, kind, net) = NAMES[index % NAMES.len()];
    let issued = day(ISSUED);
    let from = issued + chrono::Duration::days(in_days);
    let amounts = Price::Net(Money::from_cents(net)).at(VatRate::percent(24));
    let suspend_on = days_after(from.max(issued), 7);
    CardLine {
        service: Some(ServiceCode::new(format!("S-{index:04}"))),
        kind: Some(kind),
        name: name.to_owned(),
        domain_name: Some(format!("mythos-{index}.example")),
        source: ChargeSource::Period(BillingPeriod::anchored(from, 12, 31)),
        stage,
        expires_on: Some(from),
        amounts,
        rate: VatRate::percent(24),
        paid: Money::ZERO,
        due: amounts.gross,
        taken_off: Money::ZERO,
        later: false,
        urgency: match in_days {
            ..0 => Urgency::Overdue,
            0..=30 => Urgency::Expiring,
            _ => Urgency::Upcoming,
        },
        suspended: false,
        suspend_on: Some(suspend_on),
        terminate_on: Some(days_after(suspend_on, 30)),
        released_on: None,
        invoice: None,
    }
}

/// An event of a service.
pub(crate) fn event(stage: Stage) -> CardEvent {
    let period = BillingPeriod::anchored(day("2025-09-10"), 12, 10);
    CardEvent {
        service: ServiceCode::new("S-0900"),
        kind: ServiceKind::Hosting,
        name: "Φιλοξενία ηλεκτρονικού καταστήματος".to_owned(),
        domain_name: Some("agora.example".to_owned()),
        stage,
        expires_on: if stage == Stage::Renewed || stage == Stage::Reinstated {
            period.to
        } else {
            period.from
        },
        period,
        terminate_on: matches!(stage, Stage::Suspended | Stage::Final).then(|| day("2025-10-20")),
        awaits: None,
    }
}

/// A card with these lines and events, its sums as the core makes them.
pub(crate) fn card(language: Language, mut lines: Vec<CardLine>, events: Vec<CardEvent>) -> BillingCard {
    let totals: Amounts = lines.iter().map(|line| line.amounts).sum();
    let due: Money = lines.iter().map(|line| line.due).sum();
    let overdue: Money =
        lines.iter().filter(|line| line.urgency == Urgency::Overdue).map(|line| line.due).sum();
    let calendar = Calendar::default();
    let banks = Banks { calendar: &calendar, arrives_days: 1 };
    let due_by = pay_by(lines.iter(), banks, day(ISSUED));
    let later = later(&mut lines, due_by, due, banks, day(ISSUED));
    let is_thanked = |event: &CardEvent| matches!(event.stage, Stage::Renewed | Stage::Reinstated);
    let receipt = Receipt { on: day("2025-09-15"), amount: Money::from_cents(16_095) };
    BillingCard {
        number: CardNumber::new("KX-2025-000123"),
        replaces: Some(CardNumber::new("KX-2025-000097")),
        status: CardStatus::Issued,
        issued_on: day(ISSUED),
        language,
        company: Company {
            name: "Konet Υπηρεσίες Διαδικτύου Ε.Ε.".to_owned(),
            trade_name: Some("Konet".to_owned()),
            tax_id: "090000045".to_owned(),
            tax_office: Some("Α΄ Θεσσαλονίκης".to_owned()),
            gemi: Some("012345678000".to_owned()),
            address: Some("Εγνατία 1, 546 30 Θεσσαλονίκη".to_owned()),
            phone: Some("2310 000000".to_owned()),
            email: Some("accounting@konet.example".to_owned()),
            website: Some("www.konet.example".to_owned()),
            support_email: Some("accounting@konet.example".to_owned()),
            support_phone: Some("2310 000000".to_owned()),
        },
        customer: CardCustomer {
            code: CustomerCode::new("K-0042"),
            name: "Ἀφοὶ Παπαδοπούλου – Εμπορική & Τουριστική Α.Ε.".to_owned(),
            tax_id: Some("094014201".to_owned()),
            tax_office: Some("ΚΕΦΟΔΕ Αττικής".to_owned()),
            profession: Some("Εμπόριο ειδών δώρων".to_owned()),
            address: Some("Τσιμισκή 100, 546 22 Θεσσαλονίκη".to_owned()),
            country: None,
        },
        vat: vec![VatSum { rate: VatRate::percent(24), amounts: totals }],
        totals,
        paid: lines.iter().map(|line| line.paid).sum(),
        credit: Money::ZERO,
        total_due: due,
        overdue,
        due_by,
        later,
        receipts: events.iter().filter(|event| is_thanked(event)).map(|_| receipt).collect(),
        settled: vec![CardService {
            service: ServiceCode::new("S-0800"),
            name: "Φιλοξενία εφαρμογής".to_owned(),
            domain_name: Some("ραδιόφωνο.example".to_owned()),
            expires_on: day("2027-01-31"),
        }],
        custom_apps: vec![CardService {
            service: ServiceCode::new("S-0700"),
            name: "Εφαρμογή κρατήσεων".to_owned(),
            domain_name: None,
            expires_on: day("2026-01-31"),
        }],
        payment: PaymentInstructions {
            reference: PaymentReference::Own(creditor_reference("KONET000042").unwrap()),
            banks: vec![
                Bank {
                    name: "Εθνική Τράπεζα".to_owned(),
                    iban: "GR1601101250000000012300695".to_owned(),
                    bic: Some("ETHNGRAA".to_owned()),
                    beneficiary: "Konet Υπηρεσίες Διαδικτύου Ε.Ε.".to_owned(),
                },
                Bank {
                    name: "Τράπεζα Πειραιώς".to_owned(),
                    iban: "GR9608100010000001234567890".to_owned(),
                    bic: Some("PIRBGRAA".to_owned()),
                    beneficiary: "Konet Υπηρεσίες Διαδικτύου Ε.Ε.".to_owned(),
                },
            ],
            iris: Some(Iris { tax_id: Some("090000045".to_owned()), phone: None }),
            link: None,
            ways: Vec::new(),
            epc_qr: None,
        },
        events,
        lines,
        vat_notes: Vec::new(),
    }
}

/// Six lines in all three groups, one partly paid, one suspended, with a QR code.
pub(crate) fn six_lines(language: Language) -> BillingCard {
    let mut lines = vec![
        line(0, -9, Some(Stage::After(5))),
        line(1, -3, Some(Stage::After(1))),
        line(2, 6, Some(Stage::Before(7))),
        line(3, 6, None),
        line(4, 15, Some(Stage::Before(15))),
        line(5, 40, None),
    ];
    lines[0].suspended = true;
    lines[0].suspend_on = None;
    lines[2].paid = Money::from_cents(5_000);
    lines[2].due = lines[2].amounts.gross - lines[2].paid;
    let mut card = card(language, lines, vec![event(Stage::Renewed)]);
    card.payment.epc_qr = Some(format!(
        "BCD\n002\n1\nSCT\nETHNGRAA\nKonet\nGR1601101250000000012300695\nEUR{}.{:02}\n\n{}",
        card.total_due.cents() / 100,
        card.total_due.cents() % 100,
        card.payment.reference.as_str()
    ));
    card
}
