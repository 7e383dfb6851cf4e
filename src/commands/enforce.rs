//! `enforce`

use super::{Session, known_customers, person};
use crate::billing::guard::Gates;
use crate::cli::{EnforceArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::enforce::{self, backup};
use crate::wording;
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
        for line in wording::nightly::fresh(&fresh) {
            desk.report.status(&line);
        }
        desk.report.result(&view, || wording::enforce::text(&view))?;
        Ok(status)
    })
}
