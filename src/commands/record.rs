//! `record …`

use super::{Session, person};
use crate::billing::charging::TakeOff;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::vat::Price;
use crate::cli::{Global, How, Method, RecordArgs, RecordCommand};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::import::invoices::InvoiceOf;
use crate::jobs::record::{Record, Witness, record};
use crate::lock::STAFF_PATIENCE;
use crate::views::{AttentionView, RunView};
use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

/// `--for any`: the money may serve every service.
const ANY_SERVICE: &str = "any";

#[derive(Debug, Serialize)]
struct RecordView {
    run: RunView,
    recorded: String,
    attention: Vec<AttentionView>,
}

pub(super) fn run(global: &Global, args: &RecordArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let wanted = wanted(&args.what, session.desk.today)?;
    let witness = Witness { by: person(args.by.as_deref(), args.dry_run)?, reason: args.reason.clone() };
    let (mut store, _lock) = session.writer(STAFF_PATIENCE, false)?;
    session.as_run(&mut store, "record", |desk, store, run, shown| {
        let recorded = record(desk, store, run, &wanted, &witness)?;
        let view = RecordView { run: shown, recorded: recorded.text, attention: recorded.attention };
        let would = if desk.dry_run { " (dry run: nothing was written)" } else { "" };
        desk.report.result(&view, || {
            let mut text = format!("{}{would}\n", view.recorded);
            for item in &view.attention {
                text.push_str(&format!("a person is needed: {}\n", item.text));
            }
            text
        })?;
        // whoever recorded it is the person, and has read it
        Ok(ExitStatus::Done)
    })
}

fn amount(text: &str) -> Result<Money> {
    let amount = Money::parse(text).map_err(|error| Stop::Usage(error.to_string()))?;
    if amount.is_positive() {
        Ok(amount)
    } else {
        Err(Stop::Usage(format!("`{text}` must be more than zero")).into())
    }
}

fn price(text: &str, gross: bool) -> Result<Price> {
    let amount = amount(text)?;
    Ok(if gross { Price::Gross(amount) } else { Price::Net(amount) })
}

fn service(code: &str) -> ServiceCode {
    ServiceCode::new(code)
}

fn customer(code: &str) -> CustomerCode {
    CustomerCode::new(code)
}

fn wanted(command: &RecordCommand, today: NaiveDate) -> Result<Record> {
    Ok(match command {
        RecordCommand::Payment {
            customer: code,
            amount: text,
            method: Method::Cheque,
            due: Some(due),
            ..
        } => Record::Cheque { customer: customer(code), amount: amount(text)?, due: *due },
        RecordCommand::Payment { due: Some(_), .. } => {
            return Err(Stop::Usage("--due goes with --method cheque".to_owned()).into());
        }
        RecordCommand::Payment {
            customer: code,
            amount: text,
            date,
            services,
            method,
            reference,
            other_money,
            due: None,
        } => Record::Payment {
            other_money: *other_money,
            customer: customer(code),
            amount: amount(text)?,
            date: date.unwrap_or(today),
            services: services.iter().map(|code| service(code)).collect(),
            method: match method {
                Method::Cash => "cash",
                Method::Card => "card",
                Method::Iris => "iris",
                Method::Bank => "bank",
                Method::Cheque => "cheque",
            },
            reference: reference.clone(),
        },
        RecordCommand::Proof { customer: code, days } => {
            Record::Proof { customer: customer(code), days: *days }
        }
        RecordCommand::Reverse { payment, amount: text } => {
            Record::Reverse { payment: payment.clone(), amount: text.as_deref().map(amount).transpose()? }
        }
        RecordCommand::Same { line, payments } => Record::Same {
            line: PaymentId(*line),
            payments: payments.iter().copied().map(PaymentId).collect(),
        },
        RecordCommand::Assign { payment, customer: Some(code), once, of, .. } => Record::Assign {
            payment: PaymentId(*payment),
            customer: customer(code),
            once: *once,
            services: of.as_ref().map(|of| {
                of.iter().filter(|code| code.as_str() != ANY_SERVICE).map(|code| service(code)).collect()
            }),
        },
        RecordCommand::Assign { payment, customer: None, .. } => {
            Record::Unassign { payment: PaymentId(*payment) }
        }
        RecordCommand::Refund { customer: code, amount: text } => {
            Record::Refund { customer: customer(code), amount: amount(text)? }
        }
        RecordCommand::Hold { service: code, until, none } => {
            Record::Hold { service: service(code), until: until.filter(|_| !none) }
        }
        RecordCommand::Cancel { service: code, undo } => {
            Record::Cancel { service: service(code), undo: *undo }
        }
        RecordCommand::Told { service: code, date, how } => Record::Told {
            service: service(code),
            date: *date,
            how: match how {
                How::Phone => "phone",
                How::Letter => "letter",
            },
        },
        RecordCommand::End { service: code, undo } => Record::End { service: service(code), undo: *undo },
        RecordCommand::Charge { customer: code, amount: text, label, service: of, gross } => Record::Charge {
            customer: customer(code),
            service: of.as_deref().map(service),
            price: price(text, *gross)?,
            label: label.clone(),
        },
        RecordCommand::Discount { of, amount: text } => {
            Record::TakeOff { of: of.clone(), amount: Some(amount(text)?), kind: TakeOff::Discount }
        }
        RecordCommand::Writeoff { of } => {
            Record::TakeOff { of: of.clone(), amount: None, kind: TakeOff::WriteOff }
        }
        RecordCommand::Reprice { service: code, price: text, gross } => {
            Record::Reprice { service: service(code), price: price(text, *gross)? }
        }
        RecordCommand::Change { service: code, price: net, price_gross, months } => {
            if net.is_none() && price_gross.is_none() && months.is_none() {
                return Err(
                    Stop::Usage("say what changes: --price, --price-gross or --months".to_owned()).into()
                );
            }
            if months.is_some_and(|months| !(1..=120).contains(&months)) {
                return Err(Stop::Usage("--months is a number from 1 to 120".to_owned()).into());
            }
            let net = net.as_deref().map(|text| price(text, false)).transpose()?;
            let gross = price_gross.as_deref().map(|text| price(text, true)).transpose()?;
            Record::Change { service: service(code), price: net.or(gross), months: *months }
        }
        RecordCommand::Invoice { number, undo: true, .. } => Record::InvoiceUndone { number: number.clone() },
        RecordCommand::Invoice { number, date, card, service: of, period_from, bank_ref, undo: false } => {
            Record::Invoice {
                number: number.clone(),
                date: date.unwrap_or(today),
                of: match (card, of, period_from, bank_ref) {
                    (Some(card), ..) => InvoiceOf::Card(card.clone()),
                    (None, Some(code), Some(from), _) => InvoiceOf::Period(code.clone(), *from),
                    (None, _, _, Some(bank_ref)) => InvoiceOf::Payment(bank_ref.clone()),
                    (None, ..) => return Err(Stop::Usage("say what the invoice is for".to_owned()).into()),
                },
            }
        }
        RecordCommand::Email { customer: code, addresses } => {
            Record::Email { customer: customer(code), addresses: addresses.clone() }
        }
        RecordCommand::Ack { code } => Record::Ack { code: code.clone() },
        RecordCommand::Done { order } => Record::Done { order: *order },
    })
}
