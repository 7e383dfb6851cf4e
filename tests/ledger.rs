//! Every cent that comes in is seen once and serves its owner: random lives of a small company's money, and after every
//! command the sentences of [`crate::never`] and the bank's own book beside the program's.
//!
//! `KONET_BILLING_LEDGERS=1500 cargo test ledger:: -- --nocapture` follows more of them (about three a second);
//! `KONET_BILLING_SEED` follows the same ones again. A failure is shrunk to the shortest life that shows it
//! (`KONET_BILLING_SHRINK=0`: not).

use crate::never::Ladder;
use crate::support::company::{Company, Format, Movement, OURS, euros, run_that_acted};
use crate::support::sandbox::CONFIG;
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How much is paid.
#[derive(Debug, Clone, Copy)]
enum Amount {
    /// What one of the customer's open charges asks for.
    One(usize),
    /// All that the customer owes, and so much more or less.
    All(i64),
    /// So many cents, whatever is owed.
    Cents(i64),
}

/// One thing that happens to the money.
#[derive(Debug, Clone)]
enum Happening {
    /// So many equal movements on our account.
    Comes {
        customer: usize,
        amount: Amount,
        words: usize,
        reference: usize,
        payer: usize,
        named: bool,
        times: usize,
    },
    /// The bank takes a movement back.
    Bounces {
        which: usize,
        same_reference: bool,
    },
    Statement {
        format: Format,
        days: u64,
        turn: usize,
    },
    /// By hand: cash, or what a statement will show as well.
    ByHand {
        customer: usize,
        amount: Amount,
        service: Option<usize>,
    },
    Assign {
        which: usize,
        customer: usize,
    },
    Unassign {
        which: usize,
    },
    /// For one of the customer's services, or for any.
    For {
        which: usize,
        service: Option<usize>,
    },
    Disown {
        which: usize,
    },
    Same {
        which: usize,
        other: usize,
    },
    Reverse {
        which: usize,
        percent: i64,
    },
    Refund {
        customer: usize,
        percent: i64,
    },
    Charge {
        customer: usize,
        service: Option<usize>,
        cents: i64,
    },
    Discount {
        service: usize,
        percent: i64,
    },
    Writeoff {
        service: usize,
    },
    Reprice {
        service: usize,
        cents: i64,
    },
    Change {
        service: usize,
        cents: i64,
        months: u32,
    },
    Cancel {
        service: usize,
        undo: bool,
    },
    End {
        service: usize,
        undo: bool,
    },
    /// The true expiry is so many days off what was imported.
    Expiry {
        service: usize,
        days: i64,
    },
    Undo {
        back: usize,
    },
    Days {
        days: u64,
        told: bool,
        statement: bool,
    },
}

fn amount_paid() -> impl Strategy<Value = Amount> {
    prop_oneof![
        4 => (0_usize..3).prop_map(Amount::One),
        2 => Just(Amount::All(0)),
        2 => (-2_000_i64..9_000).prop_map(Amount::All),
        1 => Just(Amount::Cents(12_400)),
        1 => (1_i64..30_000).prop_map(Amount::Cents),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let format = prop_oneof![3 => Just(Format::Camt), 2 => Just(Format::Export), 2 => Just(Format::Own)];
    let customer = 0_usize..3;
    let service = 0_usize..5;
    prop_oneof![
        7 => (customer.clone(), amount_paid(), 0_usize..6, 0_usize..5, 0_usize..4, proptest::bool::weighted(0.2), 1_usize..3)
            .prop_map(|(customer, amount, words, reference, payer, named, times)| {
                H::Comes { customer, amount, words, reference, payer, named, times }
            }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, same_reference)| H::Bounces { which, same_reference }),
        8 => (format, 0_u64..40, 0_usize..5).prop_map(|(format, days, turn)| H::Statement { format, days, turn }),
        3 => (customer.clone(), amount_paid(), proptest::option::weighted(0.4, service.clone()))
            .prop_map(|(customer, amount, service)| H::ByHand { customer, amount, service }),
        2 => (any::<usize>(), customer.clone()).prop_map(|(which, customer)| H::Assign { which, customer }),
        1 => any::<usize>().prop_map(|which| H::Unassign { which }),
        1 => (any::<usize>(), proptest::option::of(service.clone())).prop_map(|(which, service)| H::For { which, service }),
        1 => any::<usize>().prop_map(|which| H::Disown { which }),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(which, other)| H::Same { which, other }),
        2 => (any::<usize>(), 1_i64..130).prop_map(|(which, percent)| H::Reverse { which, percent }),
        1 => (customer.clone(), 1_i64..120).prop_map(|(customer, percent)| H::Refund { customer, percent }),
        1 => (customer, proptest::option::of(service.clone()), 1_i64..9_000)
            .prop_map(|(customer, service, cents)| H::Charge { customer, service, cents }),
        1 => (service.clone(), 1_i64..130).prop_map(|(service, percent)| H::Discount { service, percent }),
        1 => service.clone().prop_map(|service| H::Writeoff { service }),
        2 => (service.clone(), 100_i64..20_000).prop_map(|(service, cents)| H::Reprice { service, cents }),
        1 => (service.clone(), 100_i64..20_000, 1_u32..25)
            .prop_map(|(service, cents, months)| H::Change { service, cents, months }),
        2 => (service.clone(), any::<bool>()).prop_map(|(service, undo)| H::Cancel { service, undo }),
        2 => (service.clone(), any::<bool>()).prop_map(|(service, undo)| H::End { service, undo }),
        2 => (service, -20_i64..21).prop_map(|(service, days)| H::Expiry { service, days }),
        1 => (0_usize..3).prop_map(|back| H::Undo { back }),
        9 => (1_u64..20, proptest::bool::weighted(0.5), proptest::bool::weighted(0.8))
            .prop_map(|(days, told, statement)| H::Days { days, told, statement }),
    ]
}

const SERVICES: [(&str, &str, &str, i64, u32, &str); 5] = [
    ("S-0", "K-0", "hosting", 10_000, 12, "2025-02-10"),
    ("S-1", "K-0", "ssl", 5_000, 12, "2025-02-20"),
    ("S-2", "K-1", "hosting", 10_000, 1, "2025-01-31"),
    ("S-3", "K-2", "hosting", 999, 3, "2025-02-28"),
    ("S-4", "K-2", "email", 5_000, 1, "2025-02-05"),
];

fn config() -> String {
    CONFIG.replace("GR1601101250000000012300695", OURS).replace(
        "terminate_after_days = 30\n",
        "terminate_after_days = 30\n\n[policy.email]\nsuspend_after_days = \"never\"\nterminate_after_days = 20\n",
    )
}

fn ladders() -> BTreeMap<String, Ladder> {
    let usual = Ladder {
        before: vec![30, 15, 7, 1],
        on_expiry: true,
        after: vec![1, 5],
        min_notice: 5,
        final_before: 7,
        terminate_after: Some(30),
        gather: 0,
    };
    let email = Ladder { terminate_after: Some(20), ..usual.clone() };
    [("default".to_owned(), usual), ("email".to_owned(), email)].into()
}

/// A company whose money is followed cent by cent.
struct Ledger {
    company: Company,
    runs: Vec<i64>,
}

impl Ledger {
    fn new() -> Self {
        let today = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let mut company = Company::new(&config(), ladders(), today);
        company.import(
            "customers",
            "code;name;email;tax_id\nK-0;Αλεξίου Άννα;a@a.example;\nK-1;Βλάχος ΑΕ;b@b.example;090000045\n\
             K-2;Γεωργίου Νίκος;c@c.example;\n",
        );
        let mut rows = "code;customer;kind;name;price;period_months;expires_on\n".to_owned();
        for (code, customer, kind, cents, months, expires) in SERVICES {
            rows.push_str(&format!(
                "{code};{customer};{kind};Υ {code};{};{months};{expires}\n",
                euros(cents)
            ));
        }
        company.import("services", &rows);
        Self { company, runs: Vec::new() }
    }

    fn cents(&self, customer: &str, amount: Amount) -> i64 {
        let open: Vec<i64> = self.company.books.open(customer).map(|charge| charge.due()).collect();
        let cents = match amount {
            Amount::One(at) if !open.is_empty() => open[at % open.len()],
            Amount::One(_) => 12_400,
            Amount::All(more) => open.iter().sum::<i64>() + more,
            Amount::Cents(cents) => cents,
        };
        cents.max(1)
    }

    /// One of the payments, by any number.
    fn payment(&self, which: usize) -> Option<crate::support::books::Payment> {
        let known: Vec<_> = self.company.books.payments.iter().filter(|p| p.reverses.is_none()).collect();
        (!known.is_empty()).then(|| known[which % known.len()].clone())
    }

    fn service(&self, at: usize) -> &'static str {
        SERVICES[at % SERVICES.len()].0
    }

    fn comes(&mut self, movement: &Movement, times: usize) {
        for _ in 0..times {
            self.company.booked(movement.clone());
        }
    }

    /// Does what happens; what makes no sense is refused and changes nothing.
    fn happens(&mut self, what: &Happening) {
        match what {
            Happening::Comes { customer, amount, words, reference, payer, named, times } => {
                let code = format!("K-{customer}");
                let cents = self.cents(&code, *amount);
                let rf = self.company.books.customers[&code].reference.clone();
                let other = format!("K-{}", (customer + 1) % 3);
                let other_rf = &self.company.books.customers[&other].reference;
                let text = [
                    code.clone(),
                    rf.clone(),
                    "ΠΛΗΡΩΜΗ".to_owned(),
                    String::new(),
                    format!("{rf} {other_rf}"),
                    rf,
                ][*words]
                    .clone();
                let number = self.company.bank.len();
                let bank_ref = [
                    "NONREF".to_owned(),
                    String::new(),
                    "POS-77".to_owned(),
                    format!("B-{number}"),
                    "0000".to_owned(),
                ][*reference]
                    .clone();
                let end_to_end = if number.is_multiple_of(3) {
                    format!("E-{number}")
                } else {
                    ["", "NOTPROVIDED"][number % 2].to_owned()
                };
                let (payer, payer_iban) = [
                    ("", ""),
                    ("ΑΛΕΞΙΟΥ ΑΝΝΑ", "GR1801400010000000099900001"),
                    ("ΒΛΑΧΟΣ ΑΕ 090000045", "GR5701100010000000088800002"),
                    ("GEORGIOU NIKOS", ""),
                ][*payer];
                let services = if *named {
                    SERVICES.iter().find(|(_, of, ..)| *of == code).map_or("", |(service, ..)| service)
                } else {
                    ""
                };
                let movement = Movement {
                    cents,
                    bank_ref,
                    end_to_end,
                    payer: payer.to_owned(),
                    payer_iban: payer_iban.to_owned(),
                    text,
                    services: services.to_owned(),
                    ..Movement::default()
                };
                self.comes(&movement, *times);
            }
            Happening::Bounces { which, same_reference } => {
                let of: Vec<Movement> = self.company.bank.iter().filter(|m| !m.goes_back).cloned().collect();
                if of.is_empty() {
                    return;
                }
                let mut movement = of[which % of.len()].clone();
                movement.goes_back = true;
                if !same_reference {
                    movement.bank_ref = format!("R-{}", self.company.bank.len());
                }
                self.comes(&movement, 1);
            }
            Happening::Statement { format, days, turn } => {
                self.company.statement(*format, *days, *turn);
            }
            Happening::ByHand { customer, amount, service } => {
                let code = format!("K-{customer}");
                let cents = self.cents(&code, *amount);
                let day = self.company.today;
                let sum = euros(cents);
                let mut arguments = vec!["payment", &code, &sum];
                if let Some(at) = service {
                    arguments.extend(["--for", self.service(*at)]);
                }
                if self.company.record(&arguments).did() {
                    self.company.cash.push((day, cents));
                }
                self.company.accounts();
            }
            Happening::Assign { which, customer } => {
                self.on(*which, |id| vec!["assign".to_owned(), id, format!("K-{customer}")]);
            }
            Happening::Unassign { which } => {
                self.on(*which, |id| vec!["assign".to_owned(), id, "--undo".to_owned()]);
            }
            Happening::For { which, service } => {
                let Some(customer) = self.payment(*which).and_then(|payment| payment.customer) else {
                    return;
                };
                let of = service.map_or("any", |at| SERVICES[at].0).to_owned();
                self.on(*which, |id| vec!["assign".to_owned(), id, customer, "--for".to_owned(), of]);
            }
            Happening::Disown { which } => self.on(*which, |id| vec!["ack".to_owned(), id]),
            Happening::Same { which, other } => {
                let Some(other) = self.payment(*other) else { return };
                self.on(*which, |id| vec!["same".to_owned(), id, other.id.to_string()]);
            }
            Happening::Reverse { which, percent } => {
                let Some(payment) = self.payment(*which) else { return };
                let cents = (payment.kept * percent / 100).max(1);
                let (id, sum) = (payment.id.to_string(), euros(cents));
                if self.company.record(&["reverse", &id, "--amount", &sum]).did() {
                    self.company.went_back += cents;
                }
                self.company.accounts();
            }
            Happening::Refund { customer, percent } => {
                let code = format!("K-{customer}");
                let cents = (self.company.books.credit(&code) * percent / 100).max(1);
                if self.company.record(&["refund", &code, &euros(cents)]).did() {
                    self.company.went_back += cents;
                }
                self.company.accounts();
            }
            Happening::Charge { customer, service, cents } => {
                let (code, sum) = (format!("K-{customer}"), euros(*cents));
                let mut arguments = vec!["charge", &code, &sum, "Εργασία"];
                if let Some(at) = service {
                    arguments.extend(["--service", self.service(*at)]);
                }
                self.company.record(&arguments);
            }
            Happening::Discount { service, percent } => {
                let code = self.service(*service);
                let service = &self.company.books.services[code];
                let due =
                    self.company.books.at_expiry(service).map_or(100, crate::support::books::Charge::due);
                let sum = euros((due * percent / 100).max(1));
                self.company.record(&["discount", code, &sum]);
            }
            Happening::Writeoff { service } => {
                let code = self.service(*service);
                self.company.record(&["writeoff", code]);
            }
            Happening::Reprice { service, cents } => {
                let code = self.service(*service);
                self.company.record(&["reprice", code, &euros(*cents)]);
            }
            Happening::Change { service, cents, months } => {
                let (code, months) = (self.service(*service), months.to_string());
                self.company.record(&["change", code, "--price", &euros(*cents), "--months", &months]);
            }
            Happening::Cancel { service, undo } => self.switch("cancel", *service, *undo),
            Happening::End { service, undo } => self.switch("end", *service, *undo),
            Happening::Expiry { service, days } => self.expiry(*service, *days),
            Happening::Undo { back } => {
                let Some(run) = self.runs.iter().rev().nth(*back).map(ToString::to_string) else { return };
                self.company.correct(&["undo", &run, "--by", "maria", "--reason", "δοκιμή"]);
            }
            Happening::Days { days, told, statement } => {
                self.company.today = self.company.today + Days::new(*days);
                if *statement {
                    // one without entries: the bank is known up to today, and nothing came
                    self.company.import("payments", "date;amount;bank_ref\n");
                }
                let ran = if *told { self.company.run(&["nightly"]) } else { self.company.run(&["enforce"]) };
                let printed = ran.json();
                self.runs.extend(run_that_acted(&printed));
            }
        }
    }

    fn on(&mut self, which: usize, arguments: impl FnOnce(String) -> Vec<String>) {
        let Some(payment) = self.payment(which) else { return };
        let arguments = arguments(payment.id.to_string());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.company.record(&arguments);
        self.company.accounts();
    }

    fn switch(&mut self, what: &str, service: usize, undo: bool) {
        let code = self.service(service);
        let arguments = [what, code, "--undo"];
        self.company.record(if undo { &arguments } else { &arguments[..2] });
    }

    fn expiry(&mut self, at: usize, days: i64) {
        let (code, customer, kind, ..) = SERVICES[at % SERVICES.len()];
        let service = self.company.books.services[code].clone();
        let expires = service.expires + chrono::TimeDelta::days(days);
        let rows = format!(
            "code;customer;kind;name;price;period_months;expires_on\n{code};{customer};{kind};Υ {code};{};{};{expires}\n",
            euros(service.price),
            service.months
        );
        let file = self.company.sandbox.file("services.csv", rows);
        self.company.correct(&["import", "services", file.to_str().unwrap(), "--take", "expires_on"]);
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[test]
fn nobody_is_suspended_for_what_the_money_of_a_service_that_ends_the_same_night_covers() {
    let days = |days, told, statement| Happening::Days { days, told, statement };
    let life = [
        days(5, false, false),
        days(15, false, false),
        Happening::ByHand { customer: 2, amount: Amount::One(0), service: None },
        Happening::Reverse { which: 0, percent: 1 },
        days(5, false, false),
        days(12, false, false),
        days(12, true, true),
        days(16, true, true),
    ];
    let mut ledger = Ledger::new();
    for what in &life {
        ledger.happens(what);
        ledger.company.holds().unwrap();
    }
    let ended = ledger.company.books.services.values().filter(|service| service.state == "terminated");
    assert_eq!(ended.count(), 1, "the service whose money it was");
}

#[test]
fn no_cent_is_lost_counted_twice_or_left_where_it_pays_nothing_whatever_happens_to_the_ledger() {
    let seed: u64 = number("KONET_BILLING_SEED").unwrap_or_else(|| {
        std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), "ledgers")
    });
    let ledgers = number("KONET_BILLING_LEDGERS").unwrap_or(8);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig {
        cases: u32::try_from(ledgers).unwrap(),
        failure_persistence: None,
        max_shrink_iters: number("KONET_BILLING_SHRINK").map_or(400, |most| u32::try_from(most).unwrap()),
        max_shrink_time: 60_000,
        ..ProptestConfig::default()
    };
    let happened: RefCell<BTreeMap<String, u64>> = RefCell::default();
    let lives = proptest::collection::vec(happening(), 1..40);
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let outcome = runner.run(&lives, |life| {
        let mut ledger = Ledger::new();
        for what in &life {
            ledger.happens(what);
            ledger.company.holds().map_err(TestCaseError::fail)?;
        }
        ledger.company.lists_agree();
        ledger.company.holds().map_err(TestCaseError::fail)?;
        for (what, times) in &ledger.company.happened {
            *happened.borrow_mut().entry(what.clone()).or_default() += times;
        }
        Ok(())
    });
    eprintln!("seed {seed}, {ledgers} ledgers: {:?}", happened.borrow());
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, life)) => {
            panic!("KONET_BILLING_SEED={seed} KONET_BILLING_LEDGERS={ledgers}: {why}\nin {life:?}")
        }
        Err(TestError::Abort(why)) => panic!("KONET_BILLING_SEED={seed}: {why}"),
    }
}
