//! `outbox list|show|confirm|resend|requeue`

use super::{Session, person};
use crate::cli::{Global, OutboxCommand, VerdictArgs};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::deliver::outbox::{self, Verdict};
use crate::lock::STAFF_PATIENCE;
use crate::store::ListedMessage;
use crate::views::outbox::{DeliveryView, OutboxMessage, OutboxView};
use crate::wording;
use anyhow::Result;
use serde_json::Value;

pub(super) fn run(global: &Global, command: &OutboxCommand) -> Result<ExitStatus> {
    match command {
        OutboxCommand::List { all } => {
            let session = Session::open(global, None, true)?;
            let messages = session.reader()?.listed_messages(*all)?;
            let view = OutboxView { messages: messages.into_iter().map(shown).collect() };
            session.desk.report.result(&view, || wording::outbox::listing(&view))?;
        }
        OutboxCommand::Show { message } => {
            let session = Session::open(global, None, true)?;
            let store = session.reader()?;
            let Some(found) = store.listed_message(*message)? else {
                return Err(Stop::unknown(format!("there is no message {message}")).into());
            };
            let mut view = shown(found);
            for delivery in &mut view.deliveries {
                delivery.attempts = store.attempts(delivery.delivery.id)?;
            }
            session.desk.report.result(&view, || wording::outbox::whole(&view))?;
        }
        OutboxCommand::Confirm(args) => return decide(global, args, Verdict::Confirm),
        OutboxCommand::Resend(args) => return decide(global, args, Verdict::Resend),
        OutboxCommand::Requeue(args) => return decide(global, args, Verdict::Requeue),
    }
    Ok(ExitStatus::Done)
}

fn decide(global: &Global, args: &VerdictArgs, verdict: Verdict) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, false)?;
    let by = person(args.by.as_deref(), false)?;
    let (mut store, _lock) = session.writer(STAFF_PATIENCE, false)?;
    let messages = match args.all_uncertain_of {
        Some(run) if store.listed_run(run)?.is_none() => {
            return Err(Stop::unknown(format!("there is no run {run}")).into());
        }
        Some(run) => store.uncertain_of_run(run)?,
        None => args.messages.clone(),
    };
    session.as_run(&mut store, "outbox", |desk, store, run, _| {
        let to = args.to.as_deref();
        if let [message] = args.messages.as_slice() {
            let view = shown(outbox::decide(desk, store, run, *message, verdict, to, &by, &args.reason)?);
            desk.report.result(&view, || wording::outbox::whole(&view))?;
            return Ok(ExitStatus::Done);
        }
        let (mut decided, mut faults) = (Vec::new(), Vec::new());
        for message in &messages {
            match outbox::decide(desk, store, run, *message, verdict, to, &by, &args.reason) {
                Ok(message) => decided.push(shown(message)),
                Err(error) => faults.push(error),
            }
        }
        for fault in &faults {
            desk.report.error(&format!("{fault:#}"));
        }
        let view = OutboxView { messages: decided };
        desk.report.result(&view, || wording::outbox::listing(&view))?;
        Ok(if faults.is_empty() { ExitStatus::Done } else { ExitStatus::NeedsPerson })
    })
}

fn shown(message: ListedMessage) -> OutboxMessage {
    OutboxMessage {
        id: message.id,
        customer: message.customer,
        card: message.card,
        message_id: message.message_id,
        subject: message.subject,
        made_on: message.made_on,
        lines: serde_json::from_str(&message.lines).unwrap_or(Value::Null),
        deliveries: message
            .deliveries
            .into_iter()
            .map(|delivery| DeliveryView { delivery, attempts: Vec::new() })
            .collect(),
    }
}
