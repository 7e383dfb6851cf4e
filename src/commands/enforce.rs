//! `enforce`

use super::{Session, known_customers, person};
use crate::billing::guard::Gates;
use crate::cli::{EnforceArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::enforce::{self, backup};
use crate::report::table;
use crate::views::{EnforceView, StepView};
use anyhow::Result;
use std::time::Duration;

pub(super) fn run(global: &Global, args: &EnforceArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(Duration::ZERO, false)?;
    session.as_run(&mut store, "enforce", |desk, store, run, shown| {
        let approval = match args.approve.as_deref() {
            Some(digest) => Some((digest, person(args.by.as_deref(), desk.dry_run)?)),
            None => None,
        };
        let gates = Gates { damaged: backup::failed(desk, store), ..Gates::default() };
        let chosen = known_customers(store, &args.customer)?;
        let (view, fresh, status) = enforce::night(desk, store, run, shown, chosen, gates, approval)?;
        for item in &fresh {
            desk.report.status(&item.text);
        }
        desk.report.result(&view, || text(&view))?;
        Ok(status)
    })
}

fn rows(steps: &[StepView]) -> Vec<Vec<String>> {
    steps
        .iter()
        .map(|step| {
            let days = match (step.from, step.to) {
                (Some(from), Some(to)) => format!("{from} → {to}; "),
                _ => String::new(),
            };
            vec![
                step.action.code().to_owned(),
                step.service.clone(),
                step.customer.clone(),
                step.reason.to_owned(),
                format!("{days}{}", step.because),
            ]
        })
        .collect()
}

fn text(view: &EnforceView) -> String {
    let head = ["action", "service", "customer", "reason", "because"];
    let mut text = String::new();
    if !view.actions.is_empty() {
        text.push_str(if view.run.dry_run { "Would be done:\n" } else { "Done:\n" });
        text.push_str(&table(&head, &rows(&view.actions)));
    }
    if !view.withheld.is_empty() {
        text.push_str("Withheld:\n");
        text.push_str(&table(&head, &rows(&view.withheld)));
    }
    if let Some(guard) = &view.guard {
        text.push_str(&format!("The guard refused: {}\n", guard.message));
    }
    let mode = if view.run.mode == "trial" { ", trial" } else { "" };
    text.push_str(&format!(
        "{} as of {}{mode}: {} done, {} withheld{}\n",
        view.run.command,
        view.run.as_of,
        view.actions.len(),
        view.withheld.len(),
        if view.run.dry_run { " (dry run: nothing was written)" } else { "" }
    ));
    text
}
