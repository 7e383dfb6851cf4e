//! `calendar`: every mail and step to come, per day, if nobody pays.

use super::{Session, known_customers};
use crate::billing::forecast::{Coming, forecast};
use crate::billing::money::Money;
use crate::cli::{CalendarArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::notify::outlook::{next_night, outlook};
use crate::views::calendar::{CalendarView, DayView};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Bars are at most so wide.
const BAR: usize = 30;

pub(super) fn run(global: &Global, args: &CalendarArgs) -> Result<ExitStatus> {
    let session = Session::open(global, args.as_of, true)?;
    let store = session.reader()?;
    let desk = &session.desk;
    let horizon = desk.rules.policies.longest_horizon_days().saturating_add(args.days);
    let chosen = known_customers(&store, &args.customer)?;
    let codes = if chosen.is_empty() { store.due_customers(desk.today, horizon)? } else { chosen };
    let mut days: BTreeMap<NaiveDate, DayView> = BTreeMap::new();
    let bar = desk.report.progress("looking ahead", codes.len());
    let from = next_night(desk, &store)?;
    for code in codes {
        bar.inc(1);
        // a record that cannot be read has no future here; `status` lists it
        let Ok(Some(outlook)) = outlook(desk, &store, &code, from) else { continue };
        for (date, coming) in forecast(&outlook, &desk.rules, &desk.issuer, args.days) {
            let day = days.entry(date).or_insert_with(|| DayView { date, ..DayView::default() });
            match coming {
                Coming::Message { total_due, .. } => {
                    day.messages += 1;
                    day.asked_cents += total_due.cents();
                }
                Coming::Step(step) => {
                    use crate::billing::facts::Action;
                    match step.action {
                        Action::Renew => day.renewals += 1,
                        Action::Reinstate => day.reinstatements += 1,
                        Action::Suspend => day.suspensions += 1,
                        Action::Terminate => day.terminations += 1,
                    }
                    day.services.push(format!("{} {}", step.action.code(), step.service));
                }
            }
        }
    }
    bar.finish_and_clear();
    let view = CalendarView { as_of: desk.today, days: days.into_values().collect() };
    desk.report.result(&view, || text(&view))?;
    Ok(ExitStatus::Done)
}

fn text(view: &CalendarView) -> String {
    let most = view.days.iter().map(|day| day.messages).max().unwrap_or(0).max(1);
    let mut text = format!("What comes from {} on, if nobody pays and every message arrives\n", view.as_of);
    for day in &view.days {
        let width = usize::try_from(day.messages).unwrap_or(0) * BAR / usize::try_from(most).unwrap_or(1);
        let asked = Money::from_cents(day.asked_cents).to_string();
        text.push_str(&format!(
            "{} {}  {:>4} messages {asked:>14}  {:<BAR$}  {}\n",
            day.date.format("%a"),
            day.date,
            day.messages,
            "█".repeat(width),
            day.services.join(", ")
        ));
    }
    text
}
