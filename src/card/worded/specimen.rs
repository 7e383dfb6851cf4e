//! A worded card with everything filled in, which templates are tried on before a night needs them.

use super::shape::{
    Worded, WordedAmount, WordedBank, WordedCompany, WordedCustomer, WordedEvent, WordedGroup, WordedLine,
    WordedPayment, WordedService, WordedState, WordedTotals, WordedVat, WordedWay,
};
use crate::billing::card::Urgency;
use crate::billing::customer::Language;

fn text() -> String {
    "x".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "it fills what may be empty")]
fn some() -> Option<String> {
    Some(text())
}

impl Worded {
    /// Every list with one item, nothing left out.
    pub(in crate::card) fn specimen(language: Language) -> Self {
        let service = || WordedService { name: text(), expires_on: text(), until: text() };
        Self {
            language,
            mark: String::new(),
            band: None,
            number: text(),
            replaces: some(),
            issued_on: text(),
            company: company(),
            customer: WordedCustomer { code: text(), name: text(), tax_id: some(), lines: vec![text()] },
            state: WordedState { text: text(), grave: false },
            subtitle: text(),
            amount: Some(WordedAmount {
                total: text(),
                due_by: some(),
                overdue: some(),
                pay_by: text(),
                later: some(),
                of_which_overdue: some(),
            }),
            events: vec![WordedEvent { name: text(), text: text(), grave: true, good: false }],
            received: some(),
            groups: vec![WordedGroup {
                title: text(),
                overdue: true,
                urgency: Urgency::Overdue,
                lines: vec![line()],
                unless_settled: None,
            }],
            totals: Some(WordedTotals {
                net: text(),
                vat: vec![WordedVat { rate: text(), net: text(), vat: text(), label: text() }],
                gross: text(),
                paid: some(),
                credit: some(),
                due: text(),
            }),
            payment: Some(payment()),
            settled: vec![service()],
            custom_apps: vec![service()],
            vat_notes: vec![text()],
            not_fiscal: text(),
        }
    }
}

fn company() -> WordedCompany {
    WordedCompany {
        name: text(),
        legal_name: text(),
        address: some(),
        tax_id: text(),
        tax_office: some(),
        website: some(),
        support_email: some(),
        support_phone: some(),
        lines: vec![text()],
        questions: some(),
    }
}

fn line() -> WordedLine {
    WordedLine {
        name: text(),
        domain_name: some(),
        state: some(),
        period: some(),
        new_expiry: some(),
        net: text(),
        vat: text(),
        rate: text(),
        gross: text(),
        paid: some(),
        due: text(),
        invoice: some(),
        consequence: some(),
        days: Some([text(), text()]),
        figures: [text(), text(), text()],
        carried: some(),
        title: text(),
        remarks: vec![text()],
        unless_settled: some(),
    }
}

fn payment() -> WordedPayment {
    let bank = WordedBank { name: text(), iban: text(), bic: some(), beneficiary: text() };
    WordedPayment {
        reference_label: text(),
        reference: text(),
        reference_only: text(),
        banks: vec![bank],
        others: vec![WordedWay { label: text(), text: text(), is_link: true }],
        iris: some(),
        link: some(),
        epc_qr: some(),
    }
}
