//! What is foretold comes: in companies with a wild past, every day of the next sixty is as `calendar` said, and every
//! service's next event is the one that `explain` named, on its day, if nobody does anything meanwhile.
//!
//! `KONET_BILLING_FORETOLD=300 cargo test foretold:: -- --nocapture` compares more of them (three or four seconds each);
//! `KONET_BILLING_SEED` compares the same ones again.

use crate::wild::{Life, World, number, over_worlds};
use chrono::{Days, NaiveDate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const DAYS: u64 = 60;

/// What a day brings: steps by their action, and messages.
type Day = BTreeMap<&'static str, i64>;

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Every day of `calendar` that brings anything.
fn foretold(printed: &Value) -> BTreeMap<NaiveDate, Day> {
    let mut days = BTreeMap::new();
    for day in array(&printed["days"]) {
        let date: NaiveDate = word(&day["date"]).parse().unwrap();
        let of = ["messages", "renewals", "reinstatements", "suspensions", "terminations"]
            .map(|what| (what, day[what].as_i64().unwrap_or(0)));
        let of: Day = of.into_iter().filter(|(_, times)| *times > 0).collect();
        if !of.is_empty() {
            days.insert(date, of);
        }
    }
    days
}

/// What a night brought, and of which services.
fn came(printed: &Value) -> (Day, BTreeSet<String>) {
    let mut day = Day::new();
    let mut services = BTreeSet::new();
    for step in array(&printed["enforce"]["actions"]) {
        let what = match step["action"].as_str() {
            Some("renew") => "renewals",
            Some("reinstate") => "reinstatements",
            Some("suspend") => "suspensions",
            _ => "terminations",
        };
        *day.entry(what).or_default() += 1;
        services.insert(word(&step["service"]));
    }
    for message in array(&printed["notify"]["messages"]) {
        *day.entry("messages").or_default() += 1;
        let told = array(&message["lines"]).iter().filter(|line| !line["stage"].is_null());
        services.extend(told.map(|line| word(&line["service"])));
    }
    (day, services)
}

/// A company after its past, with what is foretold beside what then comes.
fn compare(world: &World) -> Result<BTreeMap<String, u64>, String> {
    let mut life = Life::new(world);
    for event in &world.events {
        life.happens(event);
        life.company.holds()?;
    }
    life.calm();
    life.night();
    let begin = life.company.today;
    let day = begin.to_string();
    let days = DAYS.to_string();
    let calendar = life.company.sandbox.run(&["calendar", "--days", &days, "--as-of", &day, "--json"]).json();
    let mut expected = foretold(&calendar);
    expected.retain(|date, _| *date > begin);
    let mut next: BTreeMap<String, (Option<NaiveDate>, String)> = BTreeMap::new();
    for (code, service) in &life.company.books.services {
        if !["active", "suspended"].contains(&service.state.as_str()) || service.kind == "custom_app" {
            continue;
        }
        let explained = life.company.sandbox.run(&["explain", code, "--as-of", &day, "--json"]).json();
        let of = &explained["services"][0];
        let on = of["next"]["on"].as_str().map(|on| on.parse().unwrap());
        next.insert(code.clone(), (on, format!("{} {}", of["next"], of["lacks"])));
    }
    let mut happened = BTreeMap::new();
    for ahead in 1..DAYS {
        life.company.today = begin + Days::new(ahead);
        let today = life.company.today;
        let printed = life.night().json();
        let (actual, services) = came(&printed);
        let said = expected.get(&today).cloned().unwrap_or_default();
        if actual != said {
            life.company
                .broke(format!("{today} 8.7 calendar of {begin}: {said:?} was foretold, {actual:?} came"));
        }
        for (code, (on, what)) in &next {
            if on.is_none_or(|on| on > today) && services.contains(code) {
                life.company.broke(format!(
                    "{today} 8.6 next of {code} on {begin}: {what}, and something came earlier"
                ));
            }
            if *on == Some(today) && !services.contains(code) {
                life.company
                    .broke(format!("{today} 8.6 next of {code} on {begin}: {what}, and nothing came"));
            }
        }
        next.retain(|code, (on, _)| on.is_none_or(|on| on > today) && !services.contains(code));
        for (what, times) in actual {
            *happened.entry(what.to_owned()).or_default() += u64::try_from(times).unwrap();
        }
        life.company.holds()?;
    }
    Ok(happened)
}

#[test]
fn the_sixty_days_that_come_are_those_that_calendar_and_explain_foretold() {
    let companies = number("KONET_BILLING_FORETOLD").unwrap_or(1);
    over_worlds("companies", companies, 15, |world| compare(&world.clone().without_faults()));
}
