//! `notify`

use super::{Session, known_customers};
use crate::billing::ids::ServiceCode;
use crate::billing::letters::Request;
use crate::cli::{Global, NotifyArgs};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::notify::preview::Shown;
use crate::jobs::notify::{self, Wanted};
use crate::wording;
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
        let out = args.out.as_deref().map(|folder| Shown { folder, page: &wording::preview::page });
        let (view, fresh, status) = notify::night(desk, store, run, shown, &customers, &wanted, out)?;
        for line in wording::nightly::fresh(&fresh) {
            desk.report.status(&line);
        }
        desk.report.result(&view, || wording::notify::text(&view))?;
        Ok(status)
    })
}
