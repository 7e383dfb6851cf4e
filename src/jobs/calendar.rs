//! Every mail and step to come, day by day, if nobody pays and every message arrives.

use crate::billing::forecast::{Coming, forecast};
use crate::billing::ids::CustomerCode;
use crate::jobs::Desk;
use crate::jobs::notify::outlook::{next_night, outlook};
use crate::store::Store;
use crate::views::calendar::{CalendarView, DayView};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Looks so many days ahead, for everybody where nobody is chosen.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) fn calendar(
    desk: &Desk,
    store: &Store,
    chosen: Vec<CustomerCode>,
    ahead: u32,
) -> Result<CalendarView> {
    let horizon = desk.rules.policies.longest_horizon_days().saturating_add(ahead);
    let codes = if chosen.is_empty() { store.due_customers(desk.today, horizon)? } else { chosen };
    let mut days: BTreeMap<NaiveDate, DayView> = BTreeMap::new();
    let bar = desk.report.progress("looking ahead", codes.len());
    let from = next_night(desk, store)?;
    for code in codes {
        bar.inc(1);
        // a record that cannot be read has no future here; `status` lists it
        let Ok(Some(outlook)) = outlook(desk, store, &code, from) else { continue };
        for (date, coming) in forecast(&outlook, &desk.rules, &desk.issuer, ahead) {
            let day = days.entry(date).or_insert_with(|| DayView { date, ..DayView::default() });
            count(day, &coming, &outlook.facts.customer.name);
        }
    }
    bar.finish_and_clear();
    Ok(CalendarView { as_of: desk.today, days: days.into_values().collect() })
}

fn count(day: &mut DayView, coming: &Coming, name: &str) {
    match coming {
        Coming::Message { total_due, .. } => {
            day.messages += 1;
            day.asked_cents += total_due.cents();
        }
        Coming::Step(step) => {
            day.count(step.action);
            day.services.push(format!("{} {}", step.action.code(), step.service));
            day.names.push(name.to_owned());
        }
    }
}
