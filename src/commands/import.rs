//! `import customers|services|payments FILE…`

use super::Session;
use crate::cli::{Global, ImportArgs, ImportKind};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::import::bounces;
use crate::jobs::import::{self, Manner, Subject, TAKEABLE};
use crate::lock::STAFF_PATIENCE;
use crate::views::{BouncesView, ImportView};
use anyhow::Result;

pub(super) fn run(global: &Global, args: &ImportArgs) -> Result<ExitStatus> {
    if args.kind == ImportKind::Bounces {
        return bounces(global, args);
    }
    let subject = match args.kind {
        ImportKind::Customers => Subject::Customers,
        ImportKind::Services => Subject::Services,
        ImportKind::Invoices => Subject::Invoices,
        ImportKind::Payments | ImportKind::Bounces => Subject::Payments,
    };
    if let Some(unknown) = args.take.iter().find(|column| !TAKEABLE.contains(&column.as_str())) {
        let text = format!("--take {unknown}: only {} can be taken", TAKEABLE.join(", "));
        return Err(Stop::usage(text).into());
    }
    let manner = Manner {
        skip_invalid: args.skip_invalid,
        take: args.take.clone(),
        until: args.until,
        from_inbox: None,
    };
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(STAFF_PATIENCE, subject == Subject::Customers)?;
    session.as_run(&mut store, "import", |desk, store, run, shown| {
        let (view, status) = import::import(desk, store, run, subject, &args.files, &manner, shown)?;
        for warning in &view.warnings {
            desk.report.status(warning);
        }
        desk.report.result(&view, || text(&view))?;
        Ok(status)
    })
}

fn bounces(global: &Global, args: &ImportArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(STAFF_PATIENCE, false)?;
    session.as_run(&mut store, "import", |desk, store, run, shown| {
        let mut total = bounces::Outcome::default();
        for mailbox in &args.files {
            let outcome = bounces::import(desk, store, run, mailbox)?;
            total.read += outcome.read;
            total.bounced += outcome.bounced;
            total.foreign += outcome.foreign;
            total.faults.extend(outcome.faults);
            total.fresh.extend(outcome.fresh);
        }
        let view = BouncesView {
            run: shown,
            read: total.read,
            bounced: total.bounced,
            foreign: total.foreign,
            faults: total.faults,
            attention: total.fresh,
        };
        desk.report.result(&view, || {
            let mut text: String = view.attention.iter().map(|item| format!("{}\n", item.text)).collect();
            text.extend(view.faults.iter().map(|fault| format!("{fault}\n")));
            text.push_str(&format!(
                "bounces: {} messages read, {} came back, {} not ours\n",
                view.read, view.bounced, view.foreign
            ));
            text
        })?;
        let all_well = view.attention.is_empty() && view.faults.is_empty();
        Ok(if all_well { ExitStatus::Done } else { ExitStatus::NeedsPerson })
    })
}

/// What an import changed, or would.
fn text(view: &ImportView) -> String {
    let mut text = String::new();
    for record in &view.records {
        match record.change {
            "created" if record.columns.is_empty() => {}
            "missing" => {}
            change => {
                let columns: Vec<String> = record
                    .columns
                    .iter()
                    .map(|c| match &*c.before {
                        "" => format!("{} {}", c.column, c.after),
                        before => format!("{} {before} → {}", c.column, c.after),
                    })
                    .collect();
                text.push_str(&format!("{change:<9} {}: {}\n", record.code, columns.join(", ")));
            }
        }
    }
    let missing: Vec<&str> =
        view.records.iter().filter(|r| r.change == "missing").map(|r| r.code.as_str()).collect();
    if !missing.is_empty() {
        let some = missing.iter().take(10).copied().collect::<Vec<_>>().join(", ");
        let more = if missing.len() > 10 { ", …" } else { "" };
        text.push_str(&format!(
            "{} stored {} are not in the file and stay as they are: {some}{more}\n",
            missing.len(),
            view.kind
        ));
    }
    for item in &view.attention {
        text.push_str(&format!("a person is needed: {}\n", item.text));
    }
    let would = if view.run.dry_run { " (dry run: nothing was written)" } else { "" };
    text.push_str(&format!(
        "{}: {} new, {} changed, {} the same, {} left out{would}\n",
        view.kind, view.created, view.changed, view.unchanged, view.rejected
    ));
    if view.kind == "payments" {
        text.push_str(&format!("{} matched to a customer, {} unmatched\n", view.matched, view.unmatched));
    }
    text
}
