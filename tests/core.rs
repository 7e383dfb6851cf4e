//! The decision core: every limit at one day before, on, and after; and what must hold whatever comes.

use crate::support::cards::day;
use chrono::{Days, NaiveDate};
use konet_billing::billing::action::Action;
use konet_billing::billing::allocation::{Basis, allocate};
use konet_billing::billing::calendar::Calendar;
use konet_billing::billing::charging::bring_up_to_date;
use konet_billing::billing::customer::{Customer, Language, PaymentReference};
use konet_billing::billing::enforcement::{Step, decide, done};
use konet_billing::billing::episode::Episode;
use konet_billing::billing::facts::{Change, Facts, Payment};
use konet_billing::billing::guard::{Gates, Limits, refusal};
use konet_billing::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use konet_billing::billing::issuer::Issuer;
use konet_billing::billing::letters;
use konet_billing::billing::money::Money;
use konet_billing::billing::notice::{Notice, NoticeFate, NoticeKey, Stage};
use konet_billing::billing::policy::{Mode, Policies, Policy, Rules};
use konet_billing::billing::service::{Hold, Service, ServiceKind, ServiceState, SuspensionReason};
use konet_billing::billing::vat::{Price, VatRate, VatTreatment};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

const EXPIRY: &str = "2025-03-31";

fn rules() -> Rules {
    Rules {
        policies: Policies {
            default: Policy {
                term_months: None,
                quarantine_days: None,
                notice_days_before: vec![30, 15, 7, 1],
                notice_on_expiry: true,
                notice_days_after: vec![1, 5],
                suspend_after_days: Some(7),
                min_notice_days: 5,
                final_notice_days_before: 7,
                terminate_after_days: Some(30),
            },
            ..Policies::default()
        },
        calendar: every_day(),
        standard_vat: VatRate::percent(24),
        tolerance: Money::ZERO,
        mode: Mode::Live,
        stale_days: 60,
        gather_days: 0,
    }
}

fn every_day() -> Calendar {
    use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    Calendar {
        enforce_on: [Mon, Tue, Wed, Thu, Fri, Sat, Sun].into_iter().collect(),
        greek_holidays: false,
        ..Calendar::default()
    }
}

fn customer() -> Customer {
    Customer {
        code: CustomerCode::new("K-1"),
        name: "Παπαδόπουλος".to_owned(),
        email: vec!["a@a.example".to_owned()],
        cc: Vec::new(),
        tax_id: None,
        tax_office: None,
        profession: None,
        address: None,
        postcode: None,
        city: None,
        country: "GR".to_owned(),
        phone: None,
        language: Language::Greek,
        vat: VatTreatment::Standard,
        reference: PaymentReference::Own("RF05KONET000001".to_owned()),
        enforcement: true,
    }
}

fn service(code: &str) -> Service {
    Service {
        code: ServiceCode::new(code),
        customer: CustomerCode::new("K-1"),
        kind: ServiceKind::Hosting,
        name: "Φιλοξενία".to_owned(),
        domain_name: None,
        price: Price::Net(Money::from_cents(10_000)),
        later_price: None,
        period_months: 12,
        expires_on: day(EXPIRY),
        anchor_day: 31,
        state: ServiceState::Active,
        renews: true,
        cancelled_on: None,
        hold: None,
        episode: Episode::FIRST,
        account: None,
        server: None,
        vat: None,
        imported_on: day("2025-01-01"),
        confirmed: false,
    }
}

fn facts() -> Facts {
    Facts::new(customer(), vec![service("S-1")])
}

/// Facts with a charge of the day it is due, and one notice accepted on `told` that named `suspend_on`.
fn told(told: &str, suspend_on: &str) -> Facts {
    let mut facts = facts();
    bring_up_to_date(&mut facts, &rules(), day("2025-03-01"), None);
    facts.notices.push(notice(Stage::Before(30), told, Some(suspend_on), None));
    facts
}

fn notice(stage: Stage, on: &str, suspend_on: Option<&str>, terminate_on: Option<&str>) -> Notice {
    Notice {
        key: NoticeKey::of(&service("S-1"), day(EXPIRY), stage),
        made_on: day(on),
        fate: NoticeFate::Accepted(day(on)),
        suspend_on: suspend_on.map(day),
        terminate_on: terminate_on.map(day),
    }
}

fn suspended(on: &str) -> Facts {
    let mut facts = told("2025-03-01", "2025-04-07");
    facts.services[0].state =
        ServiceState::Suspended { on: day(on), reason: SuspensionReason::Nonpayment, expiry: day(EXPIRY) };
    facts
}

fn pay(facts: &mut Facts, id: i64, cents: i64, on: &str) -> (Basis, Vec<Change>) {
    facts.payments.push(Payment {
        id: PaymentId(id),
        date: day(on),
        bank_ref: format!("T-{id}"),
        amount: Money::from_cents(cents),
        allocated: Money::ZERO,
        services: Vec::new(),
        for_named: Money::ZERO,
    });
    allocate(facts, PaymentId(id), &rules(), day(on))
}

/// What happens to S-1 on a day: the action, or the code of what keeps it from happening, or nothing.
fn verdict(facts: &Facts, rules: &Rules, on: &str) -> String {
    let night = decide(&mut facts.clone(), rules, day(on));
    let word = |step: &Step| step.action.code().to_owned();
    let withheld = |step: &Step| format!("{} withheld: {}", step.action.code(), step.because.code());
    night.steps.iter().map(word).chain(night.withheld.iter().map(withheld)).collect::<Vec<_>>().join(", ")
}

#[test]
fn suspension_comes_on_the_day_promised_and_not_before() {
    let rules = rules();
    let facts = told("2025-03-01", "2025-04-07");
    for (on, expected) in
        [("2025-03-31", ""), ("2025-04-06", ""), ("2025-04-07", "suspend"), ("2025-04-08", "suspend")]
    {
        assert_eq!(verdict(&facts, &rules, on), expected, "{on}");
    }
    let later = told("2025-03-01", "2025-04-10");
    for (on, expected) in [
        ("2025-04-07", "suspend withheld: promised_later"),
        ("2025-04-09", "suspend withheld: promised_later"),
        ("2025-04-10", "suspend"),
    ] {
        assert_eq!(verdict(&later, &rules, on), expected, "{on}");
    }
}

#[test]
fn a_notice_must_be_accepted_long_enough_before() {
    let rules = rules();
    let facts = told("2025-04-05", "2025-04-07");
    for (on, expected) in [
        ("2025-04-09", "suspend withheld: no_accepted_notice"),
        ("2025-04-10", "suspend"),
        ("2025-04-11", "suspend"),
    ] {
        assert_eq!(verdict(&facts, &rules, on), expected, "{on}");
    }
    for fate in [NoticeFate::Queued, NoticeFate::Failed, NoticeFate::Uncertain, NoticeFate::Bounced] {
        let mut facts = told("2025-03-01", "2025-04-07");
        facts
            .notices
            .push(Notice { fate, ..notice(Stage::After(1), "2025-04-01", Some("2025-04-07"), None) });
        assert_eq!(verdict(&facts, &rules, "2025-04-20"), "suspend withheld: no_accepted_notice", "{fate:?}");
    }
    let mut untold = told("2025-03-01", "2025-04-07");
    untold.notices.clear();
    assert_eq!(verdict(&untold, &rules, "2025-04-20"), "suspend withheld: no_accepted_notice");
}

#[test]
fn what_keeps_a_service_from_being_suspended_is_named() {
    let mut held = told("2025-03-01", "2025-04-07");
    held.services[0].hold = Some(Hold { until: day("2025-04-20"), note: String::new() });
    for (on, expected) in [("2025-04-20", "suspend withheld: hold"), ("2025-04-21", "suspend")] {
        assert_eq!(verdict(&held, &rules(), on), expected, "{on}");
    }
    let mut exempt = told("2025-03-01", "2025-04-07");
    exempt.customer.enforcement = false;
    assert_eq!(verdict(&exempt, &rules(), "2025-04-20"), "suspend withheld: exempt");
    let mut custom = told("2025-03-01", "2025-04-07");
    custom.services[0].kind = ServiceKind::CustomApp;
    assert_eq!(verdict(&custom, &rules(), "2025-04-20"), "suspend withheld: custom_app");
    let mut free = told("2025-03-01", "2025-04-07");
    free.services[0].price = Price::Net(Money::ZERO);
    assert_eq!(verdict(&free, &rules(), "2025-04-20"), "suspend withheld: data");
    let trial = Rules { mode: Mode::Trial, ..rules() };
    assert_eq!(verdict(&told("2025-03-01", "2025-04-07"), &trial, "2025-04-07"), "suspend withheld: trial");
    let weekdays = Rules { calendar: Calendar::default(), ..rules() };
    for (on, expected) in [
        ("2025-04-10", "suspend"),
        ("2025-04-11", "suspend withheld: not_working_day"),
        ("2025-04-14", "suspend"),
        ("2025-04-21", "suspend withheld: not_working_day"),
    ] {
        // 11/4/2025 is a Friday, 21/4/2025 Easter Monday
        assert_eq!(verdict(&told("2025-03-01", "2025-04-07"), &weekdays, on), expected, "{on}");
    }
}

#[test]
fn a_cancelled_service_lapses_on_its_expiry() {
    let mut facts = facts();
    facts.services[0].renews = false;
    for (on, expected) in [("2025-03-30", ""), ("2025-03-31", "suspend"), ("2025-04-01", "suspend")] {
        assert_eq!(verdict(&facts, &rules(), on), expected, "{on}");
    }
}

#[test]
fn a_debt_that_was_given_up_neither_renews_nor_reinstates_and_its_service_lapses() {
    let given_up = |mut facts: Facts| {
        let charge = &mut facts.charges[0];
        charge.settled_on = Some(day("2025-04-01"));
        charge.written_off_on = Some(day("2025-04-01"));
        facts
    };
    // running, it lapses at its expiry without a notice, and is asked for nothing
    let running = given_up(told("2025-03-01", "2025-04-07"));
    assert!(running.lapses(&running.services[0]));
    for (on, expected) in [("2025-03-30", ""), ("2025-04-01", "suspend")] {
        assert_eq!(verdict(&running, &rules(), on), expected, "{on}");
    }
    let mut night = running;
    let step = decide(&mut night, &rules(), day("2025-04-01")).steps.remove(0);
    night.apply(&done(&step, &night, day("2025-04-01")).unwrap());
    let reason = SuspensionReason::Cancelled;
    let expected = ServiceState::Suspended { on: day("2025-04-01"), reason, expiry: day(EXPIRY) };
    assert_eq!(night.services[0].state, expected);
    // suspended, it goes on to its end, told by a final notice that asks for nothing
    let off = given_up(suspended("2025-04-07"));
    assert_eq!(verdict(&off, &rules(), "2025-04-20"), "");
    let letter = letters::decide(&off, &rules(), &issuer(), day("2025-04-30"), None).letter.unwrap();
    assert_eq!(letter.card.stages(), [Stage::Final]);
    assert_eq!((letter.card.total_due, letter.card.lines.len()), (Money::ZERO, 0));
    let mut off = off;
    off.notices.push(notice(Stage::Final, "2025-04-30", None, Some("2025-05-07")));
    assert_eq!(verdict(&off, &rules(), "2025-05-07"), "terminate");
}

#[test]
fn a_notice_of_an_episode_that_is_over_counts_for_nothing() {
    let mut facts = told("2025-03-01", "2025-04-07");
    assert_eq!(verdict(&facts, &rules(), "2025-04-07"), "suspend");
    facts.services[0].episode = Episode::FIRST.next();
    assert_eq!(verdict(&facts, &rules(), "2025-04-07"), "suspend withheld: no_accepted_notice");
    let mut facts = suspended("2025-04-07");
    facts.notices.push(notice(Stage::Final, "2025-04-30", None, Some("2025-05-07")));
    assert_eq!(verdict(&facts, &rules(), "2025-05-07"), "terminate");
    facts.services[0].episode = Episode::FIRST.next();
    assert_eq!(verdict(&facts, &rules(), "2025-05-07"), "terminate withheld: no_accepted_notice");
}

#[test]
fn a_key_of_the_first_episode_is_written_as_it_always_was() {
    let mut service = service("S-1");
    assert_eq!(NoticeKey::of(&service, day(EXPIRY), Stage::Final).to_string(), "S-1|2025-03-31|final");
    service.episode = service.episode.next();
    assert_eq!(NoticeKey::of(&service, day(EXPIRY), Stage::Final).to_string(), "S-1|2025-03-31|final|2");
}

#[test]
fn termination_waits_for_its_days_and_for_its_final_notice() {
    let rules = rules();
    let mut facts = suspended("2025-04-07");
    assert_eq!(verdict(&facts, &rules, "2025-05-06"), "");
    assert_eq!(verdict(&facts, &rules, "2025-05-07"), "terminate withheld: no_accepted_notice");
    facts.notices.push(notice(Stage::Final, "2025-04-30", None, Some("2025-05-07")));
    for (on, expected) in [("2025-05-06", ""), ("2025-05-07", "terminate"), ("2025-05-08", "terminate")] {
        assert_eq!(verdict(&facts, &rules, on), expected, "{on}");
    }
    // accepted late, it moves the day
    let mut late = suspended("2025-04-07");
    late.notices.push(notice(Stage::Final, "2025-05-03", None, Some("2025-05-10")));
    for (on, expected) in [("2025-05-09", "terminate withheld: promised_later"), ("2025-05-10", "terminate")]
    {
        assert_eq!(verdict(&late, &rules, on), expected, "{on}");
    }
    for reason in [SuspensionReason::Manual, SuspensionReason::Abuse] {
        let mut other = facts.clone();
        other.services[0].state =
            ServiceState::Suspended { on: day("2025-04-07"), reason, expiry: day(EXPIRY) };
        assert_eq!(verdict(&other, &rules, "2026-05-07"), "", "{reason:?}");
    }
}

#[test]
fn a_charge_exists_from_the_earliest_notice_on() {
    for (on, count) in [("2025-02-28", 0), ("2025-03-01", 1), ("2025-03-02", 1)] {
        let mut facts = facts();
        bring_up_to_date(&mut facts, &rules(), day(on), None);
        assert_eq!(facts.charges.len(), count, "{on}");
    }
    // a monthly service is not reminded a month ahead: 15 days are its longest
    for (on, count) in [("2025-03-15", 0), ("2025-03-16", 1)] {
        let mut facts = facts();
        facts.services[0].period_months = 1;
        bring_up_to_date(&mut facts, &rules(), day(on), None);
        assert_eq!(facts.charges.len(), count, "{on}");
    }
    // stale: 60 days before the import are too many by one
    for (imported, count) in [("2025-05-30", 1), ("2025-05-31", 0)] {
        let mut facts = facts();
        facts.services[0].imported_on = day(imported);
        bring_up_to_date(&mut facts, &rules(), day("2025-06-01"), None);
        assert_eq!(facts.charges.len(), count, "{imported}");
    }
}

fn issuer() -> Issuer {
    Issuer {
        company: konet_billing::billing::card::Company::default(),
        banks: Vec::new(),
        latin_banks: Vec::new(),
        ways: Vec::new(),
        iris: None,
        link: None,
        arrives_days: 1,
        epc_qr: false,
        reverse_charge: String::new(),
        exempt: String::new(),
    }
}

/// The stages a card of `on` would tell.
fn due(facts: &Facts, rules: &Rules, on: &str) -> Vec<String> {
    let mut facts = facts.clone();
    bring_up_to_date(&mut facts, rules, day(on), None);
    let letter = letters::decide(&facts, rules, &issuer(), day(on), None).letter;
    letter.map(|letter| letter.notices.iter().map(|n| n.key.stage.to_string()).collect()).unwrap_or_default()
}

#[test]
fn the_stage_that_applies_is_the_latest_whose_day_has_come() {
    let facts = facts();
    for (on, stage) in [
        ("2025-03-01", "before-30"),
        ("2025-03-15", "before-30"),
        ("2025-03-16", "before-15"),
        ("2025-03-23", "before-15"),
        ("2025-03-24", "before-7"),
        ("2025-03-30", "before-1"),
        ("2025-03-31", "expiry"),
        ("2025-04-01", "after-1"),
        ("2025-04-04", "after-1"),
        ("2025-04-05", "after-5"),
        ("2025-09-05", "after-5"),
    ] {
        assert_eq!(due(&facts, &rules(), on), [stage], "{on}");
    }
    assert!(due(&facts, &rules(), "2025-02-28").is_empty());
    let mut reminded = told("2025-03-30", "2025-04-07");
    reminded.notices[0].key.stage = Stage::Before(1);
    assert!(due(&reminded, &rules(), "2025-03-30").is_empty());
    assert_eq!(due(&reminded, &rules(), "2025-03-31"), ["expiry"]);
}

#[test]
fn the_final_notice_is_due_its_days_before_termination() {
    let facts = suspended("2025-04-07");
    assert!(due(&facts, &rules(), "2025-04-29").is_empty());
    assert_eq!(due(&facts, &rules(), "2025-04-30"), ["final"]);
    let mut exempt = facts;
    exempt.customer.enforcement = false;
    assert!(due(&exempt, &rules(), "2025-04-30").is_empty());
}

#[test]
fn a_card_names_the_day_it_will_keep() {
    let named = |facts: &Facts, on: &str| {
        let mut facts = facts.clone();
        bring_up_to_date(&mut facts, &rules(), day(on), None);
        let letter = letters::decide(&facts, &rules(), &issuer(), day(on), None).letter.unwrap();
        letter.card.lines[0].suspend_on.unwrap().to_string()
    };
    // E + 7, but never sooner than five days from the card
    assert_eq!(named(&facts(), "2025-03-31"), "2025-04-07");
    let mut charged = told("2025-03-01", "2025-04-07");
    charged.notices.clear();
    assert_eq!(named(&charged, "2025-04-01"), "2025-04-07");
    assert_eq!(named(&charged, "2025-04-04"), "2025-04-09", "five days from the card");
    let mut late = facts();
    late.services[0].imported_on = day("2025-04-20");
    assert_eq!(named(&late, "2025-04-20"), "2025-04-27", "counted from the day the charge came to exist");
    // what the last accepted card named stays
    assert_eq!(named(&told("2025-03-01", "2025-04-09"), "2025-04-01"), "2025-04-09");
}

#[test]
fn money_goes_where_the_ladder_says() {
    let three = || {
        let mut facts = facts();
        for (code, cents, expiry) in [("S-2", 5_000, "2025-03-20"), ("S-3", 2_500, "2025-03-25")] {
            let mut other = service(code);
            other.price = Price::Net(Money::from_cents(cents));
            other.expires_on = day(expiry);
            facts.services.push(other);
        }
        bring_up_to_date(&mut facts, &rules(), day("2025-03-05"), None);
        facts
    };
    // dues: S-1 124,00 · S-2 62,00 · S-3 31,00
    for (cents, basis, paid) in [
        (12_400, Basis::ExactCharge, [12_400, 0, 0]),
        (9_300, Basis::ExactSet, [0, 6_200, 3_100]),
        (21_700, Basis::ExactSet, [12_400, 6_200, 3_100]),
        (7_000, Basis::EarliestExpiry, [0, 6_200, 800]),
        (30_000, Basis::EarliestExpiry, [12_400, 6_200, 3_100]),
    ] {
        let mut facts = three();
        let (found, _) = pay(&mut facts, 1, cents, "2025-03-05");
        assert_eq!(found, basis, "{cents}");
        let of = |code: &str| {
            let code = ServiceCode::new(code);
            facts.charges.iter().find(|c| c.service.as_ref() == Some(&code)).unwrap().paid.cents()
        };
        assert_eq!([of("S-1"), of("S-2"), of("S-3")], paid, "{cents}");
        assert_eq!(facts.credit().cents(), cents - paid.iter().sum::<i64>(), "{cents}");
    }
    let mut nothing_open = facts();
    assert_eq!(pay(&mut nothing_open, 1, 500, "2025-01-01").0, Basis::Credit);
}

#[test]
fn renewal_counts_from_the_old_expiry_and_consumes_credit() {
    let mut facts = told("2025-03-01", "2025-04-07");
    pay(&mut facts, 1, 12_400 * 2, "2025-04-20");
    let night = decide(&mut facts, &rules(), day("2025-04-20"));
    assert_eq!(night.steps.iter().map(|s| s.action).collect::<Vec<_>>(), [Action::Renew]);
    assert_eq!(facts.services[0].expires_on, day("2026-03-31"));
    assert_eq!(facts.credit().cents(), 12_400);
    // the next period takes the credit as soon as its charge exists
    let next = decide(&mut facts, &rules(), day("2026-03-01"));
    assert_eq!(next.steps.len(), 1);
    assert_eq!(facts.services[0].expires_on, day("2027-03-31"));
}

#[test]
fn a_renewal_into_the_past_suspends_nobody_on_the_morrow() {
    let mut facts = told("2025-03-01", "2025-04-07");
    facts.services[0].period_months = 1;
    facts.services[0].imported_on = day("2025-03-31");
    facts.charges.clear();
    bring_up_to_date(&mut facts, &rules(), day("2025-03-31"), None);
    pay(&mut facts, 1, 12_400, "2025-06-20");
    decide(&mut facts, &rules(), day("2025-06-20"));
    assert_eq!(facts.services[0].expires_on, day("2025-04-30"));
    for on in ["2025-06-21", "2025-06-26"] {
        assert_eq!(verdict(&facts, &rules(), on), "", "{on}");
    }
    assert_eq!(verdict(&facts, &rules(), "2025-06-27"), "suspend withheld: no_accepted_notice");
}

#[test]
fn the_guard_lets_through_what_its_limits_allow_and_not_one_more() {
    let limits = Limits { max_actions: 2, max_percent: 1, max_terminations: 1, max_payment_age_days: 2 };
    let gates =
        |fresh: &str| Gates { payments_fresh_on: Some(day(fresh)), active_services: 100, ..Gates::default() };
    let step = |action, code: &str| Step {
        action,
        service: ServiceCode::new(code),
        customer: CustomerCode::new("K-1"),
        kind: ServiceKind::Hosting,
        period: konet_billing::billing::period::BillingPeriod { from: day(EXPIRY), to: day("2026-03-31") },
        because: konet_billing::billing::because::Because::Cancelled { expired_on: day(EXPIRY) },
    };
    let plan = |suspend: usize, terminate: usize| -> Vec<Step> {
        let suspend = (0..suspend).map(|i| step(Action::Suspend, &format!("S-{i}")));
        let terminate = (0..terminate).map(|i| step(Action::Terminate, &format!("T-{i}")));
        suspend.chain(terminate).chain([step(Action::Renew, "R-1")]).collect()
    };
    let reason = |steps: &[Step], gates: &Gates, on: &str| {
        refusal(steps, gates, &limits, &rules(), day(on)).map(|refusal| refusal.refused.which().code())
    };
    let today = "2025-04-08";
    assert_eq!(reason(&plan(2, 0), &gates(today), today), None);
    assert_eq!(reason(&plan(3, 0), &gates(today), today), Some("max_actions"));
    assert_eq!(reason(&plan(1, 1), &gates(today), today), None);
    assert_eq!(reason(&plan(0, 2), &gates(today), today), Some("max_terminations"));
    // the larger of the two counts: 1 % of 300 is 3
    let many = Gates { active_services: 300, ..gates(today) };
    assert_eq!(reason(&plan(3, 0), &many, today), None);
    // bank days, Monday to Friday: from Friday 4/4 to Tuesday 8/4 there are two
    assert_eq!(reason(&plan(1, 0), &gates("2025-04-04"), "2025-04-08"), None);
    assert_eq!(reason(&plan(1, 0), &gates("2025-04-03"), "2025-04-08"), Some("payments"));
    assert_eq!(reason(&plan(1, 0), &Gates::default(), today), Some("payments"));
    assert_eq!(reason(&plan(0, 0), &Gates::default(), today), None, "nothing to refuse");
    let behind = Gates { latest_run_day: Some(day("2025-04-09")), ..gates(today) };
    assert_eq!(reason(&plan(1, 0), &behind, today), Some("clock"));
    let stopped = Gates { stopped_by: Some("stop".to_owned()), ..gates(today) };
    assert_eq!(reason(&plan(1, 0), &stopped, today), Some("stop_file"));
}

// ---- whatever comes ---------------------------------------------------------------------------------

/// Facts with a history: charges, a told customer, perhaps suspended, perhaps held, some money.
fn any_facts() -> impl Strategy<Value = Facts> {
    let shape = (1_u32..=24, 0_i64..30_000, any::<bool>(), prop::option::of(0_u64..60), any::<bool>());
    (shape, prop::collection::vec(1_i64..30_000, 0..4), Just(())).prop_map(
        |((months, price, suspended, hold, renews), payments, ())| {
            let mut facts = told("2025-03-01", "2025-04-07");
            facts.charges.clear();
            let service = &mut facts.services[0];
            service.period_months = months;
            service.price = Price::Net(Money::from_cents(price));
            service.renews = renews;
            service.hold =
                hold.map(|days| Hold { until: day(EXPIRY) + Days::new(days), note: String::new() });
            if suspended {
                service.state = ServiceState::Suspended {
                    on: day("2025-04-07"),
                    reason: SuspensionReason::Nonpayment,
                    expiry: day(EXPIRY),
                };
                facts.notices.push(notice(Stage::Final, "2025-04-30", None, Some("2025-05-07")));
            }
            bring_up_to_date(&mut facts, &rules(), day("2025-03-16"), None);
            for (id, cents) in payments.into_iter().enumerate() {
                pay(&mut facts, i64::try_from(id).unwrap() + 1, cents, "2025-04-01");
            }
            facts
        },
    )
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..500).prop_map(|days| day("2025-03-16") + Days::new(days))
}

fn harsh(facts: &Facts, on: NaiveDate) -> Vec<Action> {
    let night = decide(&mut facts.clone(), &rules(), on);
    night
        .steps
        .iter()
        .map(|s| s.action)
        .filter(|a| matches!(a, Action::Suspend | Action::Terminate))
        .collect()
}

proptest! {
    #[test]
    fn later_is_never_milder(facts in any_facts(), on in any_day(), more in 0_u64..200) {
        let now = harsh(&facts, on);
        let later = harsh(&facts, on + Days::new(more));
        prop_assert!(later.len() >= now.len(), "{on} {now:?}, {more} days later {later:?}");
    }

    #[test]
    fn settled_never_suspends(facts in any_facts(), on in any_day()) {
        let mut paid = facts;
        let owed: i64 = paid.open_charges().iter().map(|charge| charge.due().cents()).sum();
        if owed > 0 && paid.services[0].renews {
            pay(&mut paid, 99, owed, "2025-04-02");
            // only periods that have come to exist are settled; a later one may be owed again
            let until = paid.charges.iter().filter_map(|charge| charge.period()).map(|p| p.to).max();
            if until.is_some_and(|until| on < until) {
                prop_assert_eq!(harsh(&paid, on), Vec::<Action>::new());
            }
        }
    }

    #[test]
    fn a_hold_blocks(facts in any_facts(), on in any_day()) {
        let mut held = facts;
        held.services[0].hold = Some(Hold { until: on, note: String::new() });
        prop_assert_eq!(harsh(&held, on), Vec::<Action>::new());
    }

    #[test]
    fn twice_is_nothing(facts in any_facts(), on in any_day()) {
        let mut facts = facts;
        let night = decide(&mut facts, &rules(), on);
        for step in &night.steps {
            if let Some(change) = done(step, &facts, on) {
                facts.apply(&change);
            }
        }
        // what was paid for a period that was given up becomes credit with the step
        bring_up_to_date(&mut facts, &rules(), on, None);
        let again = decide(&mut facts.clone(), &rules(), on);
        prop_assert!(again.changes.is_empty(), "{:?}", again.changes);
        // one step per service and run: a suspension today may be a termination on a later day only
        prop_assert!(again.steps.is_empty(), "{:?}", again.steps);
    }

    #[test]
    fn money_is_neither_made_nor_lost(facts in any_facts(), on in any_day()) {
        let mut facts = facts;
        let brought: i64 = facts.payments.iter().map(|payment| payment.amount.cents()).sum();
        decide(&mut facts, &rules(), on);
        let paid: i64 = facts.charges.iter().map(|charge| charge.paid.cents()).sum();
        prop_assert_eq!(paid + facts.credit().cents(), brought);
        for charge in &facts.charges {
            prop_assert!(charge.paid <= charge.amounts.gross);
        }
        for payment in &facts.payments {
            prop_assert!(payment.allocated <= payment.amount);
        }
    }

    #[test]
    fn a_card_sums_to_its_lines(facts in any_facts(), on in any_day()) {
        let mut facts = facts;
        bring_up_to_date(&mut facts, &rules(), on, None);
        let card = letters::preview(&facts, &rules(), &issuer(), on);
        prop_assert_eq!(card.totals.net + card.totals.vat, card.totals.gross);
        let due: i64 = card.lines.iter().map(|line| line.due.cents()).sum();
        prop_assert_eq!(card.total_due.cents(), (due - card.credit.cents()).max(0));
        let rates: i64 = card.vat.iter().map(|sum| sum.amounts.gross.cents()).sum();
        prop_assert_eq!(rates, card.totals.gross.cents());
    }
}

/// Of each: expiry, suspension, termination and release; then the day of issue, bank days of travel, and the deadline.
#[test]
fn the_deadline_leaves_money_its_bank_days_before_anything_happens() {
    use konet_billing::billing::pay_by::{Banks, pay_by};
    type Days<'a> = [&'a str; 4];
    let rows: [(&[Days<'_>], &str, u32, &str); 12] = [
        // Tuesday 8/4: money sent on Friday 4/4 is known after Monday
        (&[["2025-04-01", "2025-04-08", "2025-05-08", ""]], "2025-04-02", 1, "2025-04-04"),
        (&[["2025-04-01", "2025-04-08", "", ""]], "2025-04-02", 0, "2025-04-07"),
        (&[["2025-04-01", "2025-04-08", "", ""]], "2025-04-02", 2, "2025-04-03"),
        // it is past: today
        (&[["2025-04-01", "2025-04-08", "", ""]], "2025-04-07", 1, "2025-04-07"),
        (&[["2025-04-01", "2025-04-08", "", ""]], "2025-04-08", 1, "2025-04-08"),
        // not after the expiry to come, and on a bank day
        (&[["2025-04-06", "2025-04-14", "", ""]], "2025-03-20", 1, "2025-04-04"),
        (&[["2025-04-03", "", "", ""]], "2025-03-20", 1, "2025-04-03"),
        // Easter: Friday 18/4 to Monday 21/4 the banks are closed
        (&[["2025-04-01", "2025-04-22", "", ""]], "2025-04-10", 1, "2025-04-16"),
        // the earliest of all that is asked for
        (&[["2025-04-01", "2025-04-22", "", ""], ["2025-04-10", "", "", ""]], "2025-04-09", 1, "2025-04-10"),
        // a domain name that its registry gives away
        (&[["2025-04-01", "", "", "2025-04-17"]], "2025-04-02", 1, "2025-04-15"),
        // nothing happens to it: at once
        (&[["2025-04-01", "", "", ""]], "2025-04-02", 1, ""),
        (&[], "2025-04-02", 1, ""),
    ];
    let when = |text: &str| (!text.is_empty()).then(|| day(text));
    for (lines, today, arrives_days, expected) in rows {
        let lines: Vec<_> = lines
            .iter()
            .map(|[expires, suspend, terminate, released]| konet_billing::billing::card::CardLine {
                expires_on: when(expires),
                suspend_on: when(suspend),
                terminate_on: when(terminate),
                released_on: when(released),
                ..crate::support::cards::line(0, 0, None)
            })
            .collect();
        let calendar = konet_billing::billing::calendar::Calendar::default();
        let banks = Banks { calendar: &calendar, arrives_days };
        assert_eq!(pay_by(lines.iter(), banks, day(today)), when(expected), "{lines:?} on {today}");
    }
}
