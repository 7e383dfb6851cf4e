//! Six years of a small company, day by day: ends of months, leap years, holidays, the freeze of Christmas, people who
//! pay early, late, too much and never. Every night agrees with the reference, and all that happened is written in
//! `six_years.txt`; `KONET_BILLING_UPDATE=1 KONET_BILLING_YEARS=6` writes it anew, for a person to read. The README's tests live through the
//! first half year, `.ci/run` through `KONET_BILLING_YEARS=6`.

use super::twin::{Amount, Event, Seed, Twin, World};
use crate::support::smtp::Behaviour;
use chrono::NaiveDate;

fn on(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn world() -> World {
    let seed = |customer, kind, months, net, expires| Seed { customer, kind, months, net, expires };
    World {
        first_day: on(2024, 1, 2),
        customers: 15,
        seeds: vec![
            seed(0, "hosting", 1, 1_000, on(2024, 1, 31)),
            seed(1, "hosting", 12, 10_000, on(2024, 2, 29)),
            // Holy Thursday, and later years' days around Easter
            seed(2, "domain", 24, 3_000, on(2024, 5, 2)),
            // the night the clocks go back, and the national holiday after it
            seed(3, "domain", 12, 1_200, on(2024, 10, 27)),
            seed(3, "hosting", 12, 8_000, on(2024, 10, 28)),
            seed(4, "ssl", 12, 5_000, on(2024, 6, 10)),
            // a week later the freeze has begun
            seed(5, "hosting", 12, 8_000, on(2024, 12, 19)),
            // a week later it is Clean Monday
            seed(6, "hosting", 12, 8_000, on(2025, 2, 24)),
            seed(7, "hosting", 12, 8_000, on(2024, 8, 1)),
            seed(8, "hosting", 3, 2_500, on(2024, 3, 31)),
            seed(9, "hosting", 12, 8_000, on(2024, 3, 15)),
            seed(10, "hosting", 12, 10_000, on(2025, 7, 1)),
            seed(11, "hosting", 12, 6_000, on(2024, 11, 15)),
            seed(12, "hosting", 12, 6_000, on(2025, 9, 5)),
            seed(13, "hosting", 12, 6_000, on(2026, 5, 13)),
            seed(14, "hosting", 12, 6_000, on(2027, 8, 3)),
        ],
        hooked: false,
        max_actions: 50,
        max_terminations: 50,
        events: Vec::new(),
    }
}

/// What happens on which morning, before that day's night.
fn story() -> Vec<(NaiveDate, Event)> {
    let pay = |customer, amount| Event::Pay { customer, amount, named: false, assigned: true };
    let all = |customer| pay(customer, Amount::All);
    let mut story = Vec::new();
    for year in 2024..=2029 {
        story.extend((1..=12).map(|month| (on(year, month, 25), all(0))));
        story.push((on(year, 2, 20), all(1)));
        story.push((on(year, 10, 20), all(3)));
        if year > 2025 {
            story.push((on(year, 2, 26), all(6)));
        }
        if year > 2024 {
            story.extend([3, 6, 9, 12].map(|month| (on(year, month, 20), all(8))));
        }
    }
    story.extend([
        // late by four days; a month early; a month late, when it has been suspended
        (on(2024, 5, 6), all(2)),
        (on(2026, 4, 2), all(2)),
        (on(2028, 6, 1), all(2)),
        (on(2025, 3, 10), all(6)),
        (on(2024, 7, 10), Event::Cancel { service: 8, undo: false }),
        // a promise that is kept, and one that is not
        (on(2024, 4, 5), Event::Hold { service: 9, days: 20 }),
        (on(2024, 4, 24), all(8)),
        (on(2024, 7, 3), Event::Hold { service: 9, days: 17 }),
        (on(2024, 7, 29), all(8)),
        (on(2024, 9, 20), all(8)),
        (on(2024, 12, 20), all(8)),
        // exempt for two years, paid up after them, and not any more
        (on(2024, 1, 10), Event::Exempt { customer: 9, exempt: true }),
        (on(2026, 1, 12), Event::Exempt { customer: 9, exempt: false }),
        // two years and a half at once
        (on(2025, 6, 20), pay(10, Amount::Percent(250))),
        (on(2027, 6, 20), all(10)),
        // paid, renewed, and the bank takes it back
        (on(2024, 11, 10), all(11)),
        (on(2024, 11, 20), Event::TakeBack { customer: 11, percent: 100 }),
        (on(2025, 11, 10), all(11)),
        // the mail server is busy around an expiry
        (on(2025, 8, 28), Event::Mail(Behaviour::Busy)),
        (on(2025, 9, 15), Event::Mail(Behaviour::Friendly)),
        // no statement comes while a suspension is due, until K-0 pays
        (on(2026, 5, 14), Event::Statements { come: false }),
        (on(2026, 6, 5), Event::Statements { come: true }),
        // the machine is off in August, and later its clock goes back
        (on(2027, 8, 5), Event::Missed(17)),
        (on(2028, 3, 20), Event::Back(10)),
    ]);
    story.sort_by_key(|(day, _)| *day);
    story
}

#[test]
fn six_years_day_by_day() {
    let world = world();
    let mut twin = Twin::new(&world);
    let story = story();
    // without a number the first half year
    let years = super::number("KONET_BILLING_YEARS").map_or(0, |years| years.clamp(1, 6));
    let last = if years == 0 { on(2024, 6, 30) } else { on(2023 + i32::try_from(years).unwrap(), 12, 31) };
    while twin.today < last {
        let tomorrow = twin.today.succ_opt().unwrap();
        for (_, event) in story.iter().filter(|(day, _)| *day == tomorrow) {
            twin.today = tomorrow;
            twin.happens(event);
        }
        twin.today = twin.today.max(tomorrow);
        let before = twin.log.len();
        twin.happens(&Event::Night);
        if twin.log.len() > before {
            twin.happens(&Event::Again);
        }
    }
    twin.store.check().unwrap();
    let log = twin.log.join("\n") + "\n";
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model/six_years.txt");
    if std::env::var_os("KONET_BILLING_UPDATE").is_some() {
        assert_eq!(years, 6, "it is written whole: KONET_BILLING_YEARS=6");
        std::fs::write(&golden, &log).unwrap();
    }
    let known = std::fs::read_to_string(&golden).unwrap();
    for (at, (now, before)) in log.lines().zip(known.lines()).enumerate() {
        assert_eq!(now, before, "line {} of six_years.txt", at + 1);
    }
    let of_years = known.lines().filter(|line| {
        line.get(..10).and_then(|day| day.parse::<NaiveDate>().ok()).is_none_or(|day| day <= last)
    });
    let [ours, kept] = [log.lines().count(), of_years.count()];
    assert_eq!(ours, kept, "six_years.txt has lines that no longer happen, or lacks some");
}
