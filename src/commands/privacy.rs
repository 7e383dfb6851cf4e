//! `privacy export` and `privacy erase`.

use super::{Session, known_customers, person};
use crate::cli::{Global, PrivacyCommand};
use crate::exit_status::ExitStatus;
use crate::jobs::privacy;
use crate::jobs::record::Author;
use crate::lock::STAFF_PATIENCE;
use crate::wording;
use anyhow::Result;

pub(super) fn run(global: &Global, command: &PrivacyCommand) -> Result<ExitStatus> {
    match command {
        PrivacyCommand::Export { customer, out } => {
            let session = Session::open(global, None, true)?;
            let store = session.reader()?;
            for code in known_customers(&store, std::slice::from_ref(customer))? {
                let view = privacy::export(&session.desk, &store, &code, out.as_deref())?;
                session.desk.report.result(&view, || wording::privacy::exported(&view))?;
            }
            Ok(ExitStatus::Done)
        }
        PrivacyCommand::Erase { customer, by, reason, dry_run, as_of } => {
            let session = Session::open(global, *as_of, *dry_run)?;
            let author = Author { by: person(by.as_deref(), *dry_run)?, reason: reason.clone() };
            let (mut store, _lock) = session.writer(STAFF_PATIENCE, false)?;
            session.as_run(&mut store, "privacy", |desk, store, run, _| {
                let mut status = ExitStatus::Done;
                for code in known_customers(store, std::slice::from_ref(customer))? {
                    let view = privacy::erase(desk, store, run, &session.database, &code, &author)?;
                    desk.report.result(&view, || wording::privacy::erased(&view, desk.dry_run))?;
                    if !view.left.is_empty() {
                        status = ExitStatus::NeedsPerson;
                    }
                }
                Ok(status)
            })
        }
    }
}
