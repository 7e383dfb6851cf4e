//! `notify`

use super::{Session, known_customers};
use crate::billing::ids::ServiceCode;
use crate::billing::letters::Request;
use crate::billing::money::Money;
use crate::cli::{Global, NotifyArgs};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::notify::{self, Wanted};
use crate::report::table;
use crate::views::NotifyView;
use anyhow::Result;
use std::time::Duration;

pub(super) fn run(global: &Global, args: &NotifyArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    let customers = known_customers(&store, &args.customer)?;
    let service = args.service.clone().map(ServiceCode::new);
    if let Some(code) = &service {
        match store.service(code)? {
            None => return Err(Stop::unknown(format!("there is no service `{code}`")).into()),
            Some(service) if !customers.contains(&service.customer) => {
                let text = format!("`{code}` is a service of `{}`", service.customer);
                return Err(Stop::usage(text).into());
            }
            Some(_) => {}
        }
    }
    let request = args.now.then_some(Request { service });
    let wanted = Wanted { request, until: args.until, instead_of: None };
    session.as_run(&mut store, "notify", |desk, store, run, shown| {
        let (view, fresh, status) =
            notify::night(desk, store, run, shown, &customers, &wanted, args.out.as_deref())?;
        for item in &fresh {
            desk.report.status(&item.text);
        }
        desk.report.result(&view, || text(&view))?;
        Ok(status)
    })
}

fn text(view: &NotifyView) -> String {
    let mut text = String::new();
    let rows: Vec<Vec<String>> = view
        .messages
        .iter()
        .map(|message| {
            vec![
                message.state.to_owned(),
                message.customer.clone(),
                Money::from_cents(message.total_cents).to_string(),
                message.subject.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&table(&["state", "customer", "amount", "subject"], &rows));
    }
    let rows: Vec<Vec<String>> = view
        .skipped
        .iter()
        .map(|skip| {
            vec![skip.reason.to_owned(), skip.customer.clone(), skip.service.clone(), skip.because.clone()]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("Not told:\n");
        text.push_str(&table(&["reason", "customer", "service", "because"], &rows));
    }
    let totals = &view.totals;
    let mode = if view.run.mode == "trial" { ", trial" } else { "" };
    text.push_str(&format!(
        "{} as of {}{mode}: {} messages",
        view.run.command, view.run.as_of, totals.messages
    ));
    if view.run.dry_run {
        text.push_str(" (dry run: nothing was written or sent)\n");
    } else {
        text.push_str(&format!(
            "; {} sent, {} failed, {} uncertain, {} waiting\n",
            totals.sent, totals.failed, totals.uncertain, totals.queued
        ));
    }
    text
}
