//! One company, run twice: by the program, and by the reference; every night they must agree.

use super::reference::{self, Company, Customer, Payment, Policy, Service, State, Step, Told, plus};
use crate::support::sandbox::CONFIG;
use crate::support::smtp::{Behaviour, Server};
use chrono::{Datelike, Days, NaiveDate};
use konet_billing::billing::guard::Gates;
use konet_billing::billing::ids::{CustomerCode, ServiceCode};
use konet_billing::billing::money::Money;
use konet_billing::config::Config;
use konet_billing::jobs::deliver::outbox::{Verdict, decide};
use konet_billing::jobs::import::{Manner, Subject, import};
use konet_billing::jobs::notify::render::Renderer;
use konet_billing::jobs::notify::{self, Wanted};
use konet_billing::jobs::record::{self, Author, Record, record};
use konet_billing::jobs::{Desk, deliver, enforce};
use konet_billing::report::Report;
use konet_billing::store::User;
use konet_billing::store::{Run, Store};
use konet_billing::views::RunView;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

const POLICIES: &str = r#"
[policy.default]
notice_days_before = [30, 15, 7, 1]
notice_on_expiry = true
notice_days_after = [1, 5]
suspend_after_days = 7
min_notice_days = 5
final_notice_days_before = 7
terminate_after_days = 30

[policy.domain]
notice_days_before = [45, 15]
notice_on_expiry = false
notice_days_after = [3]
suspend_after_days = 10
terminate_after_days = "never"

[policy.ssl]
notice_days_before = [20]
suspend_after_days = "never"
terminate_after_days = 40
final_notice_days_before = 10

[calendar]
freezes = [{ from = "12-24", to = "01-07" }]
"#;

fn policies() -> BTreeMap<String, Policy> {
    let hosting = Policy {
        before: vec![30, 15, 7, 1],
        on_expiry: true,
        after: vec![1, 5],
        suspend_after: Some(7),
        min_notice: 5,
        final_before: 7,
        terminate_after: Some(30),
    };
    let domain = Policy {
        before: vec![45, 15],
        on_expiry: false,
        after: vec![3],
        suspend_after: Some(10),
        terminate_after: None,
        ..hosting
    };
    let ssl = Policy {
        before: vec![20],
        suspend_after: None,
        terminate_after: Some(40),
        final_before: 10,
        ..hosting.clone()
    };
    [("default", hosting), ("domain", domain), ("ssl", ssl)].map(|(k, p)| (k.to_owned(), p)).into()
}

/// A service as a world begins with it.
#[derive(Debug, Clone)]
pub(super) struct Seed {
    pub(super) customer: usize,
    pub(super) kind: &'static str,
    pub(super) months: u32,
    pub(super) net: i64,
    pub(super) expires: NaiveDate,
}

/// What a customer pays.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amount {
    /// All that is due.
    All,
    /// What the last card asked for, whatever was paid since.
    Card,
    /// What one of the open charges asks for.
    One(usize),
    /// Part of all, in percent; above a hundred it is too much.
    Percent(i64),
}

/// What happens between two nights.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// So many days pass, each with its night.
    Nights(u64),
    /// So many days pass without one.
    Missed(u64),
    /// The night of this day.
    Night,
    /// The night of this day, twice.
    Again,
    /// The clock goes back for one night.
    Back(u64),
    Pay {
        customer: usize,
        amount: Amount,
        named: bool,
        assigned: bool,
    },
    TakeBack {
        customer: usize,
        percent: i64,
    },
    Discount {
        service: usize,
        cents: i64,
    },
    Hold {
        service: usize,
        days: u64,
    },
    Unhold {
        service: usize,
    },
    Cancel {
        service: usize,
        undo: bool,
    },
    Exempt {
        customer: usize,
        exempt: bool,
    },
    Mail(Behaviour),
    Panel {
        broken: bool,
    },
    Statements {
        come: bool,
    },
    /// A person settles what is uncertain, or sends refused messages again.
    Outbox(bool),
}

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) first_day: NaiveDate,
    pub(super) customers: usize,
    pub(super) seeds: Vec<Seed>,
    pub(super) hooked: bool,
    pub(super) max_actions: usize,
    pub(super) max_terminations: usize,
    pub(super) events: Vec<Event>,
}

/// A panel that does as it is told, unless it is broken.
const PANEL: &str = "#!/bin/sh\n[ -e \"${0%/*}/broken\" ] && { echo broken >&2; exit 7; }\nexit 0\n";

/// The company in the program, and the same in the reference.
pub(super) struct Twin {
    folder: tempfile::TempDir,
    database: Connection,
    pub(super) store: Store,
    config: Config,
    studio: Renderer,
    server: Server,
    hooked: bool,
    pub(super) today: NaiveDate,
    latest_night: NaiveDate,
    company: Company,
    statements_come: bool,
    /// Hooks may lag behind until this day: they failed lately, and are asked at growing intervals.
    lag_until: Option<NaiveDate>,
    payments: u32,
    /// How often what happened, to see that worlds are no idle ones.
    pub(super) happened: BTreeMap<String, u64>,
    /// What happened, a line each, as a person would note it.
    pub(super) log: Vec<String>,
}

fn place() -> tempfile::TempDir {
    // what is tried here is not the disk
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

impl Twin {
    pub(super) fn new(world: &World) -> Self {
        let folder = place();
        let server = Server::start(Behaviour::Friendly);
        let begin = CONFIG.find("[policy.default]").unwrap();
        let smtp =
            format!("transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"", server.port);
        let mut text =
            CONFIG[..begin].replace("transport = \"folder\"\nfolder = \"outbox\"", &smtp) + POLICIES;
        text.push_str(&format!(
            "[guard]\nmax_actions = {}\nmax_percent = 0\nmax_terminations = {}\n",
            world.max_actions, world.max_terminations
        ));
        if world.hooked {
            let hook = folder.path().join("panel");
            std::fs::write(&hook, PANEL).unwrap();
            std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
            let hook = hook.display();
            text.push_str(&format!(
                "[hooks.hosting]\nsuspend = [\"{hook}\"]\nreinstate = [\"{hook}\"]\nterminate = [\"{hook}\"]\n"
            ));
        }
        let config = Config::parse(&text, &folder.path().join("konet-billing.toml")).unwrap();
        let path = folder.path().join("konet.db");
        let store = Store::open_or_create(&path).unwrap();
        let database = Connection::open(&path).unwrap();
        let company = Company {
            policies: policies(),
            customers: vec![Customer::default(); world.customers],
            services: Vec::new(),
            done: Vec::new(),
            max_actions: world.max_actions,
            max_terminations: world.max_terminations,
            fresh_on: None,
        };
        let studio = Renderer::open(&desk(&config, world.first_day)).unwrap();
        let mut twin = Self {
            folder,
            database,
            store,
            config,
            studio,
            server,
            hooked: world.hooked,
            today: world.first_day,
            latest_night: world.first_day,
            company,
            statements_come: true,
            lag_until: None,
            payments: 0,
            happened: BTreeMap::new(),
            log: Vec::new(),
        };
        twin.found(&world.seeds);
        twin
    }

    /// Customers and services come in.
    fn found(&mut self, seeds: &[Seed]) {
        let mut rows = "code;name;email\n".to_owned();
        for at in 0..self.company.customers.len() {
            rows.push_str(&format!("K-{at};Α;{}\n", address(at)));
        }
        self.import(Subject::Customers, &rows);
        let mut rows = "code;customer;kind;name;price;period_months;expires_on\n".to_owned();
        for (at, seed) in seeds.iter().enumerate() {
            let expires = seed.expires;
            let euros = format!("{},{:02}", seed.net / 100, seed.net % 100);
            rows.push_str(&format!(
                "S-{at};K-{};{};Υ{at};{euros};{};{expires}\n",
                seed.customer, seed.kind, seed.months
            ));
            self.company.services.push(Service {
                code: format!("S-{at}"),
                customer: seed.customer,
                kind: seed.kind.to_owned(),
                gross: seed.net + (seed.net * 24 + 50) / 100,
                months: seed.months,
                anchor: expires.day(),
                expires,
                renews: true,
                cancelled: None,
                hold: None,
                episode: 1,
                state: State::Active,
                charges: Vec::new(),
                told: Vec::new(),
            });
        }
        self.import(Subject::Services, &rows);
        for customer in 0..self.company.customers.len() {
            self.company.bring_up(customer, self.today);
        }
    }

    fn everyone(&self) -> Vec<CustomerCode> {
        (0..self.company.customers.len()).map(|at| CustomerCode::new(format!("K-{at}"))).collect()
    }

    fn desk(&self) -> Desk {
        desk(&self.config, self.today)
    }

    fn run(&mut self, command: &str) -> Run {
        let mode = self.config.mode_on(self.today);
        self.store.begin_run(command, self.today, mode, "2024-01-15T03:00:00+02:00", User::default()).unwrap()
    }

    fn import(&mut self, subject: Subject, text: &str) {
        let desk = self.desk();
        let file = self.folder.path().join("import.csv");
        std::fs::write(&file, text).unwrap();
        let run = self.run("import");
        let view = RunView {
            id: Some(run.id.0),
            command: "import",
            as_of: self.today,
            dry_run: false,
            mode: "live",
        };
        import(&desk, &mut self.store, run, subject, &[file], &Manner::default(), view).unwrap();
        if subject == Subject::Payments {
            self.company.fresh_on = self.company.fresh_on.max(Some(self.today));
        }
    }

    fn record(&mut self, what: &Record) -> anyhow::Result<()> {
        let desk = self.desk();
        let run = self.run("record");
        let witness = Author { by: "maria".to_owned(), reason: "δοκιμή".to_owned() };
        record(&desk, &mut self.store, run, what, &witness).map(drop)
    }

    pub(super) fn happens(&mut self, event: &Event) {
        match event {
            Event::Nights(days) => {
                for _ in 0..*days {
                    self.today = plus(self.today, 1);
                    self.night();
                }
            }
            Event::Missed(days) => self.today = plus(self.today, *days),
            Event::Night => {
                self.night();
            }
            Event::Again => {
                self.night();
                let late = self.accepted_late();
                let acted = self.night();
                // a letter of an earlier day that went out at last may be the one that was waited for
                assert!(acted == 0 || late, "{}: the night ran again and did something", self.today);
            }
            Event::Back(days) => {
                let now = self.today;
                self.today = now - Days::new(*days);
                self.night();
                self.today = now;
            }
            Event::Pay { customer, amount, named, assigned } => {
                self.pay(*customer, *amount, *named, *assigned);
            }
            Event::TakeBack { customer, percent } => {
                let Some(payment) = self.company.customers[*customer].payments.last().cloned() else {
                    return;
                };
                let amount = payment.kept * percent / 100;
                if amount == 0 {
                    return;
                }
                let what = Record::Reverse(record::Reverse {
                    payment: payment.reference.clone(),
                    amount: Some(Money::from_cents(amount)),
                });
                self.record(&what).unwrap();
                self.company.take_back(*customer, &payment.reference, amount, self.today);
            }
            Event::Discount { service, cents } => {
                let at = service % self.company.services.len();
                let of = self.company.services[at].code.clone();
                let amount = Money::from_cents(*cents);
                let ours = self.record(&Record::Discount(record::Discount { of, amount })).is_ok();
                assert_eq!(ours, self.company.discount(at, *cents), "{}: discount of {cents}", self.today);
            }
            Event::Hold { service, days } => self.hold(*service, Some(plus(self.today, *days))),
            Event::Unhold { service } => self.hold(*service, None),
            Event::Cancel { service, undo } => {
                let at = service % self.company.services.len();
                let service = &mut self.company.services[at];
                let code = ServiceCode::new(service.code.clone());
                if service.renews != *undo {
                    service.episode += 1;
                    service.cancelled = (!undo).then_some(self.today);
                }
                service.renews = *undo;
                if let (true, State::Suspended(on, false, expiry)) = (*undo, service.state) {
                    service.state = State::Suspended(on, true, expiry);
                }
                let customer = service.customer;
                self.record(&Record::Cancel(record::Cancel { service: code, undo: *undo })).unwrap();
                self.company.bring_up(customer, self.today);
            }
            Event::Exempt { customer, exempt } => {
                let word = if *exempt { "no" } else { "yes" };
                let rows =
                    format!("code;name;email;enforcement\nK-{customer};Α;{};{word}\n", address(*customer));
                let desk = self.desk();
                let file = self.folder.path().join("customers.csv");
                std::fs::write(&file, rows).unwrap();
                let run = self.run("import");
                let view = RunView {
                    id: Some(run.id.0),
                    command: "import",
                    as_of: self.today,
                    dry_run: false,
                    mode: "live",
                };
                let manner = Manner { take: vec!["enforcement".to_owned()], ..Manner::default() };
                let changes = self.company.customers[*customer].exempt != *exempt;
                import(&desk, &mut self.store, run, Subject::Customers, &[file], &manner, view).unwrap();
                self.company.customers[*customer].exempt = *exempt;
                if changes {
                    for service in self.company.services.iter_mut().filter(|s| s.customer == *customer) {
                        service.episode += 1;
                    }
                    self.company.bring_up(*customer, self.today);
                }
            }
            Event::Mail(behaviour) => self.server.behave(*behaviour),
            Event::Panel { broken } => {
                let flag = self.folder.path().join("broken");
                if *broken {
                    std::fs::write(flag, "").unwrap();
                } else {
                    let _ = std::fs::remove_file(flag);
                }
            }
            Event::Statements { come } => self.statements_come = *come,
            Event::Outbox(confirm) => {
                let (verdict, state) =
                    if *confirm { (Verdict::Confirm, "uncertain") } else { (Verdict::Requeue, "failed") };
                let sql = "SELECT DISTINCT message FROM deliveries WHERE state = ?1 ORDER BY 1";
                let messages: Vec<i64> = {
                    let mut statement = self.database.prepare(sql).unwrap();
                    let rows = statement.query_map([state], |row| row.get(0)).unwrap();
                    rows.map(Result::unwrap).collect()
                };
                let desk = self.desk();
                for message in messages {
                    let run = self.run("outbox");
                    let decided =
                        decide(&desk, &mut self.store, run, message, verdict, None, "maria", "δοκιμή");
                    if let Err(why) = decided {
                        // nobody gets a fourth message on one day, whoever asks for it
                        assert!(why.to_string().contains("messages today already"), "{why:#}");
                    }
                }
                self.observe();
            }
        }
        self.compare_money();
    }

    fn hold(&mut self, service: usize, until: Option<NaiveDate>) {
        let at = service % self.company.services.len();
        let service = &mut self.company.services[at];
        service.episode += u32::from(service.hold != until);
        service.hold = until;
        let code = ServiceCode::new(service.code.clone());
        self.record(&Record::Hold(record::Hold { service: code, until, none: until.is_none() })).unwrap();
    }

    fn pay(&mut self, customer: usize, amount: Amount, named: bool, assigned: bool) {
        // what the customer was asked for is known after the charges of the day have come to exist
        let mut asked = self.company.clone();
        asked.bring_up(customer, self.today);
        let open: Vec<(String, i64)> = asked
            .services
            .iter()
            .filter(|service| service.customer == customer)
            .flat_map(|service| service.charges.iter().map(|charge| (service.code.clone(), charge.due())))
            .filter(|(_, due)| *due > 0)
            .collect();
        let all: i64 = open.iter().map(|(_, due)| due).sum();
        let cents = match amount {
            Amount::All => all,
            Amount::Card => {
                self.company.customers[customer].last_card.as_ref().map_or(0, |(total, _)| *total)
            }
            Amount::One(which) if !open.is_empty() => open[which % open.len()].1,
            Amount::One(_) => 0,
            Amount::Percent(percent) => all * percent / 100,
        };
        if cents <= 0 {
            return;
        }
        self.payments += 1;
        self.log.push(format!("{} K-{customer} pays {},{:02}", self.today, cents / 100, cents % 100));
        let reference = format!("T-{:05}", self.payments);
        let services =
            if named { open.iter().take(1).map(|(code, _)| code.clone()).collect() } else { Vec::new() };
        let who = if assigned { format!("K-{customer}") } else { String::new() };
        let text = format!(
            "date;amount;bank_ref;customer;services\n{};{},{:02};{reference};{who};{}\n",
            self.today,
            cents / 100,
            cents % 100,
            services.join(";")
        );
        self.import(Subject::Payments, &text);
        if !assigned {
            let id: i64 = self
                .database
                .query_row("SELECT id FROM payments WHERE bank_ref = ?1", [&reference], |row| row.get(0))
                .unwrap();
            let payment = konet_billing::billing::ids::PaymentId(id);
            let customer = Some(CustomerCode::new(format!("K-{customer}")));
            let what = record::Assign { payment, customer, once: false, of: None, undo: false };
            self.record(&Record::Assign(what)).unwrap();
        }
        let payment = Payment { reference, date: self.today, kept: cents, services };
        self.company.pay(customer, &payment, self.today);
    }

    /// One night in both; gives how many steps and messages there were.
    fn night(&mut self) -> usize {
        if self.statements_come {
            self.import(Subject::Payments, "date;amount;bank_ref\n");
        }
        let (desk, today) = (self.desk(), self.today);
        let run = self.run("nightly");
        let behind = today < self.latest_night;
        self.latest_night = self.latest_night.max(today);
        let (expected, withheld) = self.company.plan(today, behind);
        let gates = enforce::gates(&desk, &self.store, run, Gates::default()).unwrap();
        let everyone: Vec<CustomerCode> = self.everyone();
        let plan = enforce::plan(&desk, &self.store, &everyone, &gates).unwrap();
        let outcome = plan.apply(&desk, &mut self.store, run).unwrap();
        assert_eq!(
            outcome.refusal.is_some(),
            !withheld.is_empty(),
            "{today}: the guard says {:?}, the reference withholds {withheld:?}",
            outcome.refusal
        );
        let broken = self.hooked && self.folder.path().join("broken").exists();
        if broken {
            self.lag_until = Some(plus(today, 9));
        }
        let actual = self.compare_steps(&expected, &outcome.actions, broken);
        *self.happened.entry("nights".to_owned()).or_default() += 1;
        *self.happened.entry("withheld".to_owned()).or_default() += withheld.len() as u64;
        *self.happened.entry("lag".to_owned()).or_default() += (expected.len() - actual.len()) as u64;
        for step in &actual {
            *self.happened.entry(step.0.to_owned()).or_default() += 1;
            self.witness(step);
            self.company.apply(step, today);
            let (what, code, from) = step;
            let service = self.company.services.iter().find(|service| service.code == *code).unwrap();
            let until = if *what == "renew" { format!(" until {}", service.expires) } else { String::new() };
            self.log.push(format!("{today} {what} {code} {from}{until}"));
        }
        let (made, delivered) = deliver::while_making(&desk, &mut self.store, run, &[], |books, recorded| {
            let wanted = Wanted::default();
            notify::make(&desk, books, run, &self.studio, &everyone, &wanted, &mut None, recorded)
        })
        .unwrap();
        let made = self.compare_notices(made.made.len());
        for state in delivered.messages.values() {
            *self.happened.entry(state.code().to_owned()).or_default() += 1;
        }
        if !withheld.is_empty() {
            for (what, code, from) in &withheld {
                self.note(format!("{today} the guard withholds: {what} {code} {from}"));
            }
        }
        self.log_notices();
        // hours pass until the next night
        self.database.execute("UPDATE deliveries SET retry_at = NULL", []).unwrap();
        self.observe();
        self.compare_money();
        self.compare_services();
        actual.len() + made
    }

    /// Whether the mail server took a message today that was made on an earlier day.
    fn accepted_late(&self) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM notices n JOIN deliveries d ON d.message = n.message
            WHERE d.accepted_on = ?1 AND n.made_on < ?1)";
        self.database.query_row(sql, [self.today], |row| row.get(0)).unwrap()
    }

    /// The notices made today and what became of them, and those accepted today.
    fn log_notices(&mut self) {
        let today = self.today;
        let sql = "SELECT n.service, n.stage, n.period_from, n.suspend_on, n.terminate_on, n.made_on, d.state
            FROM notices n JOIN deliveries d ON d.message = n.message
            WHERE n.made_on = ?1 OR d.accepted_on = ?1 ORDER BY n.service, n.id";
        let mut statement = self.database.prepare_cached(sql).unwrap();
        let mut rows = statement.query([today]).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let text = |at: usize| row.get::<_, Option<String>>(at).unwrap().unwrap_or_default();
            let mut line = format!("{today} tell {} {} {}", text(0), text(2), text(1));
            for (at, what) in [(3, "suspension"), (4, "termination")] {
                if !text(at).is_empty() {
                    line.push_str(&format!(", {what} {}", text(at)));
                }
            }
            if text(5) != today.to_string() {
                line.push_str(&format!(", made {}", text(5)));
            }
            if text(6) != "sent" {
                line.push_str(&format!(", {}", text(6)));
            }
            lines.push(line);
        }
        drop(rows);
        drop(statement);
        for line in lines {
            self.note(line);
        }
    }

    /// A line of the log; a night that runs again finds the same once more.
    fn note(&mut self, line: String) {
        let today = self.today.to_string();
        if !self.log.iter().rev().take_while(|known| known.starts_with(&today)).any(|known| *known == line) {
            self.log.push(line);
        }
    }

    /// The steps of both; a panel that fails may leave out its own.
    fn compare_steps(
        &self,
        expected: &[Step],
        actions: &[konet_billing::views::StepView],
        broken: bool,
    ) -> Vec<Step> {
        let today = self.today;
        let mut left: Vec<Step> = expected.to_vec();
        let mut actual = Vec::new();
        for action in actions {
            let what = (action.action.code(), action.service.as_str());
            let at = left.iter().position(|(step, service, from)| {
                (*step, service.as_str()) == what && action.from.is_none_or(|day| day == *from)
            });
            let at = at.unwrap_or_else(|| {
                panic!("{today}: {what:?} was done ({}) and is not expected: {expected:?}", action.because)
            });
            actual.push(left.remove(at));
        }
        let by_hook = |step: &Step| {
            self.hooked
                && step.0 != "renew"
                && self.company.services.iter().any(|s| s.code == step.1 && s.kind == "hosting")
        };
        let lags = broken || self.lag_until.is_some_and(|until| today <= until);
        left.retain(|step| !(lags && by_hook(step)));
        assert!(left.is_empty(), "{today}: {left:?} was expected and not done");
        if broken {
            assert!(!actual.iter().any(by_hook), "{today}: {actual:?} was done by a broken panel");
        }
        actual
    }

    /// What must never be, whatever both think: looked at in the rows.
    fn witness(&self, (what, service, from): &Step) {
        let today = self.today;
        let one = |sql: &str| -> i64 {
            self.database.query_row(sql, params![service, from, today], |row| row.get(0)).unwrap()
        };
        if !["suspend", "terminate"].contains(what) {
            return;
        }
        let held = one("SELECT count(*) FROM services s JOIN customers k ON k.code = s.customer
             WHERE s.code = ?1 AND ?2 IS NOT NULL AND (s.hold_until >= ?3 OR k.enforcement = 0)");
        assert_eq!(held, 0, "{today}: {what} of {service} under a hold or exemption");
        let renews =
            one("SELECT renews FROM services WHERE code = ?1 AND ?2 IS NOT NULL AND ?3 IS NOT NULL") == 1;
        if *what == "terminate" || renews {
            assert!(reference::is_working(today), "{today}: {what} of {service} on a day off");
        }
        let paid = one(
            "SELECT count(*) FROM charges c WHERE service = ?1 AND period_from = ?2 AND ?3 IS NOT NULL
             AND gross_cents <= (SELECT coalesce(sum(amount_cents), 0) FROM allocations WHERE charge = c.id)",
        );
        assert_eq!(paid, 0, "{today}: {what} of {service}, which is paid");
        let (stage, days) = if *what == "terminate" { ("final", 7) } else { ("%", 5) };
        if *what == "terminate" || renews {
            let told = one(&format!(
                "SELECT count(*) FROM notices n JOIN deliveries d ON d.message = n.message
                 WHERE n.service = ?1 AND n.period_from = ?2 AND n.stage LIKE '{stage}' AND n.cancelled = 0
                   AND d.state = 'sent' AND julianday(?3) - julianday(d.accepted_on) >= {days}"
            ));
            assert!(told > 0, "{today}: {what} of {service} untold");
        }
    }

    fn compare_notices(&mut self, made: usize) -> usize {
        let today = self.today;
        let mut expected: BTreeSet<reference::Due> = BTreeSet::new();
        for customer in 0..self.company.customers.len() {
            expected.extend(self.company.due_notices(customer, today));
        }
        for service in &self.company.services {
            // a refused message that goes again when its stage is over is a card of its own, which nothing makes due
            for told in service.told.iter().filter(|told| !told.queued && told.stage != "on_request") {
                let (stage, episode) = (told.stage.clone(), told.episode);
                expected.insert((service.code.clone(), told.from, stage, episode, told.suspend_on));
            }
        }
        let sql = "SELECT service, period_from, stage, episode, suspend_on FROM notices WHERE cancelled = 0 AND stage <> 'on_request'";
        let mut statement = self.database.prepare(sql).unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .unwrap();
        let actual: BTreeSet<_> = rows.map(Result::unwrap).collect();
        let more: Vec<_> = actual.difference(&expected).collect();
        let less: Vec<_> = expected.difference(&actual).collect();
        assert!(
            more.is_empty() && less.is_empty(),
            "{today}: told and not expected {more:?}; expected and not told {less:?}"
        );
        made
    }

    /// What became of the notices, and the last card: the mail server decides, so the reference is told.
    fn observe(&mut self) {
        let sql = "SELECT n.period_from, n.stage, n.suspend_on, n.terminate_on,
              (SELECT min(accepted_on) FROM deliveries WHERE message = n.message AND state = 'sent'),
              EXISTS (SELECT 1 FROM deliveries WHERE message = n.message AND state = 'queued'), n.episode, n.made_on
            FROM notices n WHERE n.service = ?1 AND n.cancelled = 0 ORDER BY n.made_on, n.id";
        for service in &mut self.company.services {
            let mut statement = self.database.prepare_cached(sql).unwrap();
            let rows = statement.query_map([&service.code], |row| {
                Ok(Told {
                    from: row.get(0)?,
                    stage: row.get(1)?,
                    suspend_on: row.get(2)?,
                    terminate_on: row.get(3)?,
                    accepted: row.get(4)?,
                    queued: row.get(5)?,
                    episode: row.get(6)?,
                    made: row.get(7)?,
                })
            });
            service.told = rows.unwrap().map(Result::unwrap).collect();
        }
        for (at, customer) in self.company.customers.iter_mut().enumerate() {
            let sql = "SELECT number, total_due_cents FROM cards c WHERE customer = ?1
                AND EXISTS (SELECT 1 FROM messages m JOIN deliveries d ON d.message = m.id
                            WHERE m.card = c.number AND d.state <> 'cancelled')
                ORDER BY year DESC, sequence DESC LIMIT 1";
            let mut statement = self.database.prepare_cached(sql).unwrap();
            let mut rows = statement.query([format!("K-{at}")]).unwrap();
            let card: Option<(String, i64)> =
                rows.next().unwrap().map(|row| (row.get(0).unwrap(), row.get(1).unwrap()));
            customer.last_card = card.map(|(number, total)| {
                let sql =
                    "SELECT c.service, c.period_from FROM card_charges k JOIN charges c ON c.id = k.charge
                           WHERE k.card = ?1";
                let mut statement = self.database.prepare_cached(sql).unwrap();
                let rows = statement.query_map([number], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                (total, rows.map(Result::unwrap).collect())
            });
        }
    }

    fn compare_money(&self) {
        let today = self.today;
        let sql = "SELECT service, period_from, gross_cents,
              coalesce((SELECT sum(amount_cents) FROM allocations WHERE charge = c.id), 0), settled_on IS NOT NULL
            FROM charges c WHERE source = 'period' ORDER BY service, period_from";
        let mut statement = self.database.prepare_cached(sql).unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .unwrap();
        let ours: Vec<(String, NaiveDate, i64, i64, bool)> = rows.map(Result::unwrap).collect();
        let mut theirs: Vec<(String, NaiveDate, i64, i64, bool)> = self
            .company
            .services
            .iter()
            .flat_map(|service| service.charges.iter().map(|charge| (service.code.clone(), charge)))
            .map(|(code, c)| (code, c.from, c.gross, c.paid.values().sum(), c.settled))
            .collect();
        theirs.sort();
        assert_eq!(ours, theirs, "{today}: charges");
        for customer in 0..self.company.customers.len() {
            let sql = "SELECT coalesce(sum(kept_cents - allocated_cents), 0) FROM money WHERE customer = ?1";
            let credit: i64 =
                self.database.query_row(sql, [format!("K-{customer}")], |row| row.get(0)).unwrap();
            assert_eq!(credit, self.company.credit(customer), "{today}: credit of K-{customer}");
        }
    }

    fn compare_services(&self) {
        for service in &self.company.services {
            let sql = "SELECT expires_on, state FROM services WHERE code = ?1";
            let (expires, state): (NaiveDate, String) =
                self.database.query_row(sql, [&service.code], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            let word = match service.state {
                State::Active => "active",
                State::Suspended(..) => "suspended",
                State::Terminated => "terminated",
            };
            assert_eq!(
                (expires, state.as_str()),
                (service.expires, word),
                "{}: {}",
                self.today,
                service.code
            );
        }
    }
}

/// The first customer's address is one that a server may refuse.
fn address(customer: usize) -> String {
    if customer == 0 { "refused0@k.example".to_owned() } else { format!("k{customer}@k.example") }
}

fn desk(config: &Config, today: NaiveDate) -> Desk {
    let now = chrono::DateTime::parse_from_rfc3339("2024-01-15T03:00:00Z").unwrap();
    Desk {
        rules: config.rules(today),
        issuer: config.issuer(),
        config: config.clone(),
        today,
        now: now.with_timezone(&chrono_tz::Europe::Athens),
        dry_run: false,
        report: Report { json: true, quiet: true, verbose: false },
    }
}
