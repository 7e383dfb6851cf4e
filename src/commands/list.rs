//! `list` and `forecast`.

use super::{Session, known_customers, taken_away};
use crate::cli::{ForecastArgs, Global, ListArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::{income, list};
use crate::store::Filter;
use crate::wording;
use anyhow::Result;
use clap::ValueEnum;

pub(super) fn run(global: &Global, args: &ListArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, true)?;
    let store = session.reader()?;
    let name = args.what.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let filter = Filter {
        customer: known_customers(&store, args.customer.as_slice())?.pop(),
        kind: args.kind,
        state: args.state.as_deref().map(|said| wording::list::state_of(&name, args.what.states(), said)),
        from: args.from,
        to: args.to,
        min_cents: args.min.map(|min| min.cents()),
    };
    let (view, status) = list::list(&session.desk, &store, args.what, &filter)?;
    let report = &session.desk.report;
    // a list may be as long as the company is large
    if args.taken.csv {
        taken_away::as_csv(report, &args.taken, |into| wording::list::fill(&view, into))?;
    } else if report.json {
        report.result(&view, String::new)?;
    } else {
        let list = wording::list::list(&view)?;
        let lists = || vec![(wording::list::name(&name), list.clone())];
        taken_away::shown(report, &args.taken, &view, || wording::list::text(&list), lists)?;
    }
    Ok(status)
}

pub(super) fn forecast(global: &Global, args: &ForecastArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, true)?;
    let [view] = income::forecast(&session.desk, &session.reader()?, args.months, [args.by])?;
    let lists = || vec![(wording::list::name("forecast"), wording::list::income(&view))];
    taken_away::shown(&session.desk.report, &args.taken, &view, || wording::list::forecast(&view), lists)?;
    Ok(ExitStatus::Done)
}
