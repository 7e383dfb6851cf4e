//! The program beside a second, separately written reading of its rules ([`reference`]): random companies, and one
//! over six years, day by day.
//!
//! `KONET_BILLING_WORLDS=2000 cargo test model:: -- --nocapture` tries more random ones (about a second each);
//! `KONET_BILLING_SEED` tries the same ones again.

mod reference;
mod six_years;
mod twin;

use crate::support::smtp::Behaviour;
use chrono::{Datelike, NaiveDate, TimeDelta};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use twin::{Amount, Event, Seed, Twin, World};

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 15).unwrap()
}

fn seed() -> impl Strategy<Value = Seed> {
    (
        prop_oneof![1 => Just(1), 1 => 0_usize..3],
        prop_oneof![3 => Just("hosting"), 1 => Just("domain"), 1 => Just("ssl")],
        prop_oneof![Just(1_u32), Just(3), Just(12), Just(24)],
        // few prices, so that sums coincide
        prop_oneof![3 => Just(10_000_i64), 2 => Just(999), 1 => Just(20_000), 1 => 100_i64..30_000],
        -30_i64..150,
        any::<bool>(),
    )
        .prop_map(|(customer, kind, months, net, expires_in, at_month_end)| {
            let day = first_day() + TimeDelta::days(expires_in);
            let next_month = reference::add_months(day.with_day(1).unwrap(), 1, 1);
            let expires = if at_month_end { next_month.pred_opt().unwrap() } else { day };
            Seed { customer, kind, months, net, expires }
        })
}

fn event() -> impl Strategy<Value = Event> {
    let amount = prop_oneof![
        4 => Just(Amount::All),
        2 => (0_usize..4).prop_map(Amount::One),
        1 => Just(Amount::Card),
        2 => (10_i64..180).prop_map(Amount::Percent),
    ];
    let mail = prop_oneof![
        4 => Just(Behaviour::Friendly),
        1 => Just(Behaviour::Busy),
        1 => Just(Behaviour::HangsUpAfterBody),
        2 => Just(Behaviour::RefusesSome),
    ];
    prop_oneof![
        18 => (1_u64..30).prop_map(Event::Nights),
        2 => (1_u64..20).prop_map(Event::Missed),
        1 => Just(Event::Again),
        1 => (1_u64..15).prop_map(Event::Back),
        6 => (0_usize..3, amount, any::<bool>(), any::<bool>())
            .prop_map(|(customer, amount, named, assigned)| Event::Pay { customer, amount, named: named && assigned, assigned }),
        1 => (0_usize..3, 1_i64..101).prop_map(|(customer, percent)| Event::TakeBack { customer, percent }),
        1 => (0_usize..6, 1_i64..9_000).prop_map(|(service, cents)| Event::Discount { service, cents }),
        3 => (0_usize..6, 0_u64..40).prop_map(|(service, days)| Event::Hold { service, days }),
        2 => (0_usize..6).prop_map(|service| Event::Unhold { service }),
        1 => (0_usize..6, any::<bool>()).prop_map(|(service, undo)| Event::Cancel { service, undo }),
        1 => (0_usize..3, any::<bool>()).prop_map(|(customer, exempt)| Event::Exempt { customer, exempt }),
        2 => mail.prop_map(Event::Mail),
        1 => proptest::bool::weighted(0.4).prop_map(|broken| Event::Panel { broken }),
        1 => proptest::bool::weighted(0.7).prop_map(|come| Event::Statements { come }),
        2 => any::<bool>().prop_map(Event::Outbox),
    ]
}

fn world() -> impl Strategy<Value = World> {
    (
        proptest::collection::vec(seed(), 1..6),
        any::<bool>(),
        prop_oneof![3 => Just(50_usize), 1 => Just(1)],
        prop_oneof![3 => Just(50_usize), 1 => Just(0)],
        proptest::collection::vec(event(), 1..45),
    )
        .prop_map(|(seeds, hooked, max_actions, max_terminations, events)| World {
            first_day: first_day(),
            customers: 3,
            seeds,
            hooked,
            max_actions,
            max_terminations,
            events,
        })
}

#[test]
fn every_night_of_every_world_is_as_the_reference_says() {
    let seed: u64 = number("KONET_BILLING_SEED").unwrap_or_else(|| {
        std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), "worlds")
    });
    let worlds = number("KONET_BILLING_WORLDS").unwrap_or(2);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let cases = u32::try_from(worlds).unwrap();
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut happened: BTreeMap<String, u64> = BTreeMap::new();
    let seen = std::cell::RefCell::new(&mut happened);
    let outcome = TestRunner::new_with_rng(config, rng).run(&world(), |world| {
        let mut twin = Twin::new(&world);
        for event in &world.events {
            twin.happens(event);
        }
        twin.store.check().unwrap();
        for (what, count) in &twin.happened {
            *seen.borrow_mut().entry(what.clone()).or_default() += count;
        }
        Ok(())
    });
    eprintln!("seed {seed}, {worlds} worlds: {happened:?}");
    if let Err(failure) = outcome {
        panic!("KONET_BILLING_SEED={seed} KONET_BILLING_WORLDS={worlds}: {failure}");
    }
    // worlds in which nothing happens show nothing
    if worlds >= 100 {
        for what in ["renew", "reinstate", "suspend", "terminate", "withheld", "uncertain", "failed", "lag"] {
            assert!(happened.contains_key(what), "no {what} in {happened:?}");
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}
