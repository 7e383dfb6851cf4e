//! What needs a person in words: what, whose, and what can be done about it.

use super::speech::say;
use crate::views::finding::{
    Finding, MailFinding, MoneyFinding, OpenAgain, Resembles, TroubledDelivery, UnownedPayment, WentBack,
};
use std::fmt;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::NoAddress { customer } => say!("finding.no_address", customer),
            Self::NoCard { customer, why } => say!("finding.no_card", customer, why),
            Self::ServiceHeldBack { customer, service, because } => {
                say!("finding.service_held_back", customer, service, because = because.to_string())
            }
            Self::RecordUnreadable { customer, why } => say!("finding.record_unreadable", customer, why),
            Self::CustomerFailed { customer, why } => say!("finding.customer_failed", customer, why),
            Self::TooManyMessages { customer, made } => say!("finding.too_many_messages", customer, made),
            Self::Registry { service, concern } => {
                say!("finding.registry", service, concern = concern.to_string())
            }
            Self::HookFailed { action, service, why } => say!("finding.hook_failed", action, service, why),
            Self::PaymentPending { customer, service, because } => {
                say!("finding.payment_pending", customer, service, because)
            }
            Self::Money(money) => return money.fmt(f),
            Self::Mail(mail) => return mail.fmt(f),
            Self::Conflict { code, column, file, program, can_take: true } => {
                say!("finding.conflict_take", code, column, file, program)
            }
            // its charges, payments and cards are its customer's
            Self::Conflict { code, column, file, program, can_take: false } => {
                say!("finding.conflict_end", code, column, file, program)
            }
            Self::FileUnread { file, may_hold_money, why, moved_to } => {
                say!("finding.file_unread", file, money = may_hold_money, why, folder = moved_to)
            }
            Self::Restored { last_run: Some(last_run) } => say!("finding.restored", last_run),
            Self::Restored { last_run: None } => say!("finding.restored_by_hand"),
        })
    }
}

impl fmt::Display for MoneyFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Unmatched { payment, resembles } => unmatched(payment, resembles),
            Self::Late { customer, credit, service: Some(service) } => {
                say!("money.late_of_service", credit, customer, service)
            }
            Self::Late { customer, credit, service: None } => say!("money.late", credit, customer),
            Self::ForeignAccount { account } => say!("money.foreign_account", account),
            Self::StatementGap { why } => why.clone(),
            Self::ReversalOfUnknown { amount, on, bank_ref, words } => {
                let words = words.clone().unwrap_or_else(|| say!("money.no_words"));
                say!("money.reversal_of_unknown", amount, on, bank_ref, words)
            }
            Self::WentBack(went_back) => return went_back.fmt(f),
        })
    }
}

impl fmt::Display for MailFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::NotHandedOver { customer, why } => say!("mail.not_handed_over", customer, why),
            Self::Refused(TroubledDelivery { message, card, address, reply }) => {
                say!("mail.refused", card, address, reply, message)
            }
            Self::Uncertain(TroubledDelivery { message, card, address, reply }) => {
                let reply = super::outbox::reply(reply);
                say!("mail.uncertain", card, address, reply, message)
            }
            Self::CameBack { customer, message, address, why, phone, blocks } => {
                let phone = phone.clone().unwrap_or_else(|| say!("mail.no_phone"));
                say!("mail.came_back", address, customer, why, phone, message, service = blocks)
            }
            Self::Unheard { customer, service } => say!("mail.unheard", service, customer),
        })
    }
}

fn unmatched(payment: &UnownedPayment, resembles: &Resembles) -> String {
    let UnownedPayment { id, amount, on, payer, bank_ref, likely } = payment;
    let who = payer.clone().unwrap_or_else(|| say!("money.unnamed"));
    let whose = likely.as_ref().map_or("CUSTOMER", |code| code.as_str());
    let assign = format!("`record assign {} {whose}`", id.0);
    match resembles {
        Resembles::Nothing => say!("money.unmatched", amount, on, who, bank_ref, assign),
        Resembles::Batch => say!("money.unmatched_batch", amount, on, who, bank_ref, id, assign),
        Resembles::OtherFormat => say!("money.unmatched_other_format", amount, on, who, bank_ref, id, assign),
        Resembles::ByHand(known) => {
            let known = known.iter().map(|(payment, code, on)| say!("money.known", payment, code, on));
            let known = known.collect::<Vec<_>>().join(", ");
            say!("money.unmatched_by_hand", amount, on, who, bank_ref, known, id, assign)
        }
    }
}

impl fmt::Display for WentBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { customer, amount, paid_on, bank_ref, was_credit, .. } = self;
        let open: String = self.open.iter().map(ToString::to_string).collect();
        f.write_str(&say!("money.went_back", customer, amount, paid_on, bank_ref, credit = was_credit, open))
    }
}

/// One charge, as the end of a sentence.
impl fmt::Display for OpenAgain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, renewed_until, invoice } = self;
        f.write_str(&say!("money.open_again", what, until = renewed_until, invoice))
    }
}
