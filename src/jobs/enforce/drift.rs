//! Where a panel and the program disagree, and where a trial and the staff did.

use crate::billing::enforcement;
use crate::billing::ids::ServiceCode;
use crate::billing::period::days_before;
use crate::billing::policy::Mode;
use crate::jobs::Desk;
use crate::jobs::enforce::panels::state_at_panel;
use crate::jobs::import::services::word_state;
use crate::store::{ServiceChange, Store};
use crate::views::status::{Drift, Shadow};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Services that were terminated so long ago are the panel's business no more.
const TERMINATED_WITHIN_DAYS: u32 = 60;

/// Asks the panels of every service whose kind has a `verify`, and gives those that differ.
///
/// # Errors
/// Where the database cannot be read.
pub fn drift(desk: &Desk, store: &Store) -> Result<Vec<Drift>> {
    let services = store.services_at_panels(days_before(desk.today, TERMINATED_WITHIN_DAYS))?;
    let bar = desk.report.progress("asking the panels", services.len());
    let mut drifted = Vec::new();
    for service in services {
        bar.inc(1);
        let Some(answer) = state_at_panel(desk, &service) else { continue };
        let ours = word_state(service.state).split_whitespace().next().unwrap_or_default().to_owned();
        let (panel, why) = match answer {
            Ok(state) if state == ours => continue,
            Ok(state) => (Some(state), None),
            Err(why) => (None, Some(why)),
        };
        drifted.push(Drift {
            service: service.code.to_string(),
            customer: service.customer.to_string(),
            account: service.account,
            server: service.server,
            ours,
            panel,
            why,
        });
    }
    bar.finish_and_clear();
    Ok(drifted)
}

/// What the trial would have done beside what staff did by hand, as the imported files show it.
///
/// # Errors
/// Where the database cannot be read.
pub fn shadow(desk: &Desk, store: &Store) -> Result<Vec<Shadow>> {
    let mut staff: BTreeMap<(ServiceCode, &'static str), Vec<NaiveDate>> = BTreeMap::new();
    for ServiceChange { service, from, to, on } in store.staff_changes()? {
        let action = match (from.as_str(), to.as_str()) {
            (_, "terminated") => "terminate",
            (_, "suspended") => "suspend",
            ("suspended", "active") => "reinstate",
            _ => continue,
        };
        staff.entry((service, action)).or_default().push(on);
    }
    let mut rows = Vec::new();
    for step in store.shadow_steps()? {
        let key = staff
            .keys()
            .find(|(service, action)| *service == step.service && *action == step.action)
            .cloned();
        // the one of staff's days that lies nearest is meant
        let staff_on = key.and_then(|key| {
            let days = staff.get_mut(&key)?;
            let nearest = (0..days.len()).min_by_key(|at| (days[*at] - step.on).num_days().abs())?;
            Some(days.remove(nearest))
        });
        rows.push(Shadow {
            service: step.service.to_string(),
            customer: step.customer.to_string(),
            action: step.action,
            ours_on: Some(step.on),
            staff_on,
            verdict: if staff_on.is_some() { "agree" } else { "only_ours" },
            because: step.because,
        });
    }
    for ((service, action), days) in staff {
        for on in days {
            rows.push(only_staff(desk, store, &service, action, on)?);
        }
    }
    rows.sort_by(|a, b| {
        let key = |row: &Shadow| (row.ours_on.or(row.staff_on), row.service.clone(), row.action.clone());
        key(a).cmp(&key(b))
    });
    Ok(rows)
}

fn only_staff(
    desk: &Desk,
    store: &Store,
    service: &ServiceCode,
    action: &str,
    on: NaiveDate,
) -> Result<Shadow> {
    let customer = store.service(service)?.map(|service| service.customer);
    let mut because = "the program saw no reason to".to_owned();
    if let Some(mut facts) =
        customer.as_ref().map(|code| store.facts(code, Mode::Trial, desk.today)).transpose()?.flatten()
    {
        let night = enforcement::decide(&mut facts, &desk.rules, desk.today);
        if let Some(step) =
            night.withheld.iter().find(|step| step.service == *service && step.action.code() == action)
        {
            because = step.because.to_string();
        }
    }
    Ok(Shadow {
        service: service.to_string(),
        customer: customer.map(|code| code.to_string()).unwrap_or_default(),
        action: action.to_owned(),
        ours_on: None,
        staff_on: Some(on),
        verdict: "only_staff",
        because,
    })
}
