//! `import customers|services|payments FILE…`

use super::Session;
use crate::cli::{Global, ImportArgs, ImportKind};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::import::bounces;
use crate::jobs::import::{self, Manner, Subject, TAKEABLE};
use crate::lock::STAFF_PATIENCE;
use crate::views::BouncesView;
use crate::wording;
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
        desk.report.result(&view, || wording::import::text(&view))?;
        Ok(status)
    })
}

fn bounces(global: &Global, args: &ImportArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, args.dry_run)?;
    let (mut store, _lock) = session.writer(STAFF_PATIENCE, false)?;
    session.as_run(&mut store, "import", |desk, store, run, shown| {
        let mut total = bounces::BouncesTaken::default();
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
        desk.report.result(&view, || wording::import::bounces(&view))?;
        let all_well = view.attention.is_empty() && view.faults.is_empty();
        Ok(if all_well { ExitStatus::Done } else { ExitStatus::NeedsPerson })
    })
}
