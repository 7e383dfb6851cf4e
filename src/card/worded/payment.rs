//! How to pay, in words.

use super::shape::{WordedBank, WordedPayment, WordedWay};
use super::{Speaker, dotted};
use crate::billing::card::{Bank, BillingCard, Iris};
use crate::billing::customer::PaymentReference;
use crate::billing::reference::grouped;

impl Speaker<'_> {
    pub(super) fn payment(self, card: &BillingCard) -> WordedPayment {
        let (words, payment) = (self.words, &card.payment);
        let (reference_label, reference_only) = match payment.reference {
            PaymentReference::Own(_) => (&words.reference_own, &words.reference_only),
            PaymentReference::BankIssued(_) => (&words.reference_bank, &words.reference_only_bank),
        };
        let iris = payment.iris.as_ref().map(|iris| self.iris(iris));
        let way = |label: &str, text: &Option<String>, is_link| {
            text.clone().map(|text| WordedWay { label: label.to_owned(), text, is_link })
        };
        let others = [way(&words.iris, &iris, false), way(&words.by_card, &payment.link, true)];
        let further = payment.ways.iter().map(|way| WordedWay {
            label: format!("{}:", way.label),
            text: way.text.clone(),
            is_link: way.text.starts_with("https://"),
        });
        WordedPayment {
            reference_label: reference_label.clone(),
            reference: grouped(payment.reference.as_str()),
            reference_only: reference_only.clone(),
            banks: payment.banks.iter().map(|bank| self.bank(bank)).collect(),
            others: others.into_iter().flatten().chain(further).collect(),
            iris,
            link: payment.link.clone(),
            epc_qr: payment.epc_qr.clone(),
        }
    }

    fn bank(self, bank: &Bank) -> WordedBank {
        let iban = grouped(&bank.iban);
        WordedBank {
            name: bank.name.clone(),
            iban,
            bic: bank.bic.clone(),
            beneficiary: bank.beneficiary.clone(),
        }
    }

    fn iris(self, iris: &Iris) -> String {
        dotted([iris.tax_id.as_ref().map(|id| format!("{} {id}", self.words.tax_id)), iris.phone.clone()])
    }
}
