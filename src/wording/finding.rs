//! What needs a person in words: what, whose, and what can be done about it.

use crate::views::finding::{
    Finding, MailFinding, MoneyFinding, OpenAgain, Resembles, TroubledDelivery, UnownedPayment, WentBack,
};
use std::fmt;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress { customer } => {
                write!(f, "`{customer}` has something to be told and no e-mail address")
            }
            Self::NoCard { customer, why } => write!(f, "no card could be made for `{customer}`: {why}"),
            Self::ServiceHeldBack { customer, service, because } => {
                write!(f, "`{service}` of `{customer}` is held back: {because}")
            }
            Self::RecordUnreadable { customer, why } => write!(f, "`{customer}` is held back: {why}"),
            Self::CustomerFailed { customer, why } => {
                write!(f, "`{customer}` is held back: {why}; the others were not")
            }
            Self::TooManyMessages { customer, made } => {
                write!(f, "`{customer}` was made {made} messages today already; this one is held back")
            }
            Self::Registry { service, concern } => write!(f, "`{service}`: {concern}"),
            Self::HookFailed { action, service, why } => {
                write!(f, "the hook to {action} `{service}` failed: {why}; it is tried again")
            }
            Self::PaymentPending { customer, service, because } => {
                write!(f, "`{service}` of `{customer}` waits: {because}")
            }
            Self::Money(money) => money.fmt(f),
            Self::Mail(mail) => mail.fmt(f),
            Self::Conflict { code, column, file, program, can_take } => {
                write!(
                    f,
                    "`{code}`: the file says {column} = `{file}`, the program has `{program}` and keeps it; "
                )?;
                match can_take {
                    true => write!(f, "`--take {column}` lets the file decide"),
                    // its charges, payments and cards are its customer's
                    false => f.write_str("end it (`record end`) and import a service with a code of its own"),
                }
            }
            Self::FileUnread { file, may_hold_money, why, moved_to } => {
                let money = if *may_hold_money { ", and somebody in it may have paid" } else { "" };
                write!(f, "`{file}` could not be read whole{money}: {why}.")?;
                if let Some(folder) = moved_to {
                    write!(f, " It lies in `{folder}` now.")?;
                }
                write!(f, " Mend it and leave it in the inbox, or put it aside with `record ack {file}`")
            }
            Self::Restored { last_run } => write!(
                f,
                "the database does not know its last run ({last_run}): a backup was restored. Look at what was sent, \
                 paid and suspended since, then `record ack restored`"
            ),
        }
    }
}

impl fmt::Display for MoneyFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmatched { payment, resembles } => unmatched(f, payment, resembles),
            Self::Late { customer, credit, service } => {
                write!(f, "{credit} of credit are left of `{customer}`, ")?;
                match service {
                    Some(service) => write!(f, "whose `{service}` is charged no longer")?,
                    None => f.write_str("who has no service")?,
                }
                write!(
                    f,
                    "; give it back (`record refund {customer} AMOUNT`) or agree with the customer what it is for"
                )
            }
            Self::ForeignAccount { account } => write!(
                f,
                "a statement is of the account {account}, which the configuration does not name as ours; its money was \
             booked; if the account is ours, add it under `payment.bank`"
            ),
            Self::StatementGap { why } => f.write_str(why),
            Self::ReversalOfUnknown { amount, on, bank_ref, words } => {
                let words = words.as_deref().unwrap_or("no words");
                write!(
                    f,
                    "{amount} were taken back by the bank on {on} (`{bank_ref}`, {words}), and no payment was found that \
                 they surely are of; `record reverse PAYMENT` takes it back"
                )
            }
            Self::WentBack(went_back) => went_back.fmt(f),
        }
    }
}

impl fmt::Display for MailFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHandedOver { customer, why } => {
                write!(f, "a message to `{customer}` was not handed over: {why}; it is looked at again")
            }
            Self::Refused(TroubledDelivery { message, card, address, reply }) => write!(
                f,
                "card {card} was refused for {address}: {reply}; mend the address, then `outbox requeue {message}`"
            ),
            Self::Uncertain(TroubledDelivery { message, card, address, reply }) => write!(
                f,
                "card {card} may or may not have reached {address}: {reply}; look into the mail server's log, then \
             `outbox confirm {message}` or `outbox resend {message}`"
            ),
            Self::CameBack { customer, message, address, why, phone, blocks } => {
                let phone = phone.as_deref().unwrap_or("no phone number");
                write!(
                    f,
                    "mail to {address} of `{customer}` came back ({why}); call {phone}, mend the address \
                 (`record email`), then `outbox requeue {message}`"
                )?;
                match blocks {
                    Some(service) => {
                        write!(f, "; until somebody is told, `{service}` is neither suspended nor deleted")
                    }
                    None => Ok(()),
                }
            }
            Self::Unheard { customer, service } => write!(
                f,
                "`{service}` of `{customer}`: the notice that names its suspension or deletion came back, so nothing is \
             done; mend the address (`record email`), or tell them (`record told {service} DATE --how phone`)"
            ),
        }
    }
}

fn unmatched(f: &mut fmt::Formatter<'_>, payment: &UnownedPayment, resembles: &Resembles) -> fmt::Result {
    let UnownedPayment { id, amount, on, payer, bank_ref, likely } = payment;
    let who = payer.as_deref().unwrap_or("an unnamed payer");
    write!(f, "payment of {amount} on {on} from {who} (`{bank_ref}`)")?;
    let id = id.0;
    let whose = likely.as_ref().map_or("CUSTOMER", |code| code.as_str());
    let assign = format!("`record assign {id} {whose}`");
    match resembles {
        Resembles::Nothing => write!(f, " matches no customer; {assign} says whose it is"),
        Resembles::Batch => write!(
            f,
            " is a batch, and the bank does not say how it is divided; ask the bank, record its parts and say \
             `record same {id} PAYMENT…`, or {assign}"
        ),
        Resembles::OtherFormat => write!(
            f,
            " may be one that another file brought; if it is, `record same {id} PAYMENT`, else {assign}"
        ),
        Resembles::ByHand(known) => {
            let known: Vec<String> = known
                .iter()
                .map(|(known, code, on)| format!("payment {} of `{code}` on {on}", known.0))
                .collect();
            write!(
                f,
                " looks like money recorded by hand ({}); if it is, `record same {id} PAYMENT`, else {assign}",
                known.join(", ")
            )
        }
    }
}

impl fmt::Display for WentBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.customer {
            write!(f, "`{code}`: ")?;
        }
        write!(f, "{} of the payment of {} (`{}`) went back", self.amount, self.paid_on, self.bank_ref)?;
        if self.was_credit {
            f.write_str("; it was credit")?;
        }
        self.open.iter().try_for_each(|open| open.fmt(f))
    }
}

/// One charge, as the end of a sentence.
impl fmt::Display for OpenAgain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "; `{}` is unsettled again", self.what)?;
        if let Some(until) = self.renewed_until {
            write!(
                f,
                ", but was renewed until {until}: it is asked for on the next card; `undo RUN` takes the renewal back"
            )?;
        }
        match &self.invoice {
            Some(invoice) => write!(f, " (invoice {invoice} was issued for it)"),
            None => Ok(()),
        }
    }
}
