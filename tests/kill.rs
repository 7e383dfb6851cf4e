//! The outbox under fire: killed at random moments, broken by random faults, run eight times at once. The
//! oracle after each: no message taken twice, nothing lost, taken means `sent` or `uncertain`, the database
//! sound, and one more run changes nothing.
//!
//! The short form runs with the tests. The long one is
//! `KONET_BILLING_KILLS=1500 KONET_BILLING_SEEDS=300 cargo test --release kill:: -- --nocapture`.

use crate::support::sandbox::Sandbox;
use crate::support::smtp::{Behaviour, Server};
use mail_parser::MessageParser;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

fn figure(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A company with something to tell to so many customers today.
fn company(server: &Server, customers: usize) -> Sandbox {
    let sandbox = Sandbox::on_disk();
    sandbox.reconfigure(
        "transport = \"folder\"\nfolder = \"outbox\"",
        &format!(
            "transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nconnections = 2",
            server.port
        ),
    );
    let people: String = (0..customers).map(|i| format!("K-{i};Πελάτης {i};a{i}@a.example\n")).collect();
    sandbox.import("customers", format!("code;name;email\n{people}"), "2025-03-01").exits(0);
    let services: String =
        (0..customers).map(|i| format!("S-{i};K-{i};hosting;Φιλοξενία;10;12;2025-03-31\n")).collect();
    let head = "code;customer;kind;name;price;period_months;expires_on\n";
    sandbox.import("services", format!("{head}{services}"), "2025-03-01").exits(0);
    sandbox
}

/// How many copies of each message the server took, by Message-ID and address.
fn taken(server: &Server) -> BTreeMap<(String, String), u32> {
    let mut copies = BTreeMap::new();
    for message in server.taken() {
        let id = MessageParser::default().parse(&message.bytes).unwrap().message_id().unwrap().to_owned();
        *copies.entry((format!("<{id}>"), message.to[0].clone())).or_insert(0) += 1;
    }
    copies
}

/// Checks the oracle and gives how many deliveries are `[sent, uncertain, queued]`.
fn oracle(sandbox: &Sandbox, server: &Server, customers: usize, seed: u64) -> [usize; 3] {
    let copies = taken(server);
    for (key, count) in &copies {
        assert_eq!(*count, 1, "seed {seed}: {key:?} was taken {count} times");
    }
    let outbox = sandbox.run(&["outbox", "list", "--all", "--json"]).exits(0).json();
    let mut states = [0; 3];
    let mut told = std::collections::BTreeSet::new();
    for message in outbox["messages"].as_array().unwrap() {
        for delivery in message["deliveries"].as_array().unwrap() {
            let state = delivery["state"].as_str().unwrap();
            if state == "cancelled" {
                continue;
            }
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            let key = (word(&message["message_id"]), word(&delivery["to"]));
            let was_taken = copies.contains_key(&key);
            match state {
                "sent" => assert!(was_taken, "seed {seed}: {key:?} is sent and was never taken"),
                "uncertain" | "in_doubt" => {}
                _ => assert!(!was_taken, "seed {seed}: {key:?} was taken and is {state}"),
            }
            match state {
                "sent" => states[0] += 1,
                "uncertain" => states[1] += 1,
                "queued" => states[2] += 1,
                _ => {}
            }
            told.insert(word(&message["customer"]));
        }
    }
    assert_eq!(told.len(), customers, "seed {seed}: somebody's notice is lost");
    sandbox.run(&["check"]).exits(0);
    states
}

/// Runs until nothing waits any more, and checks that one more run changes nothing.
fn finish(sandbox: &Sandbox, server: &Server) {
    server.behave(Behaviour::Friendly);
    let mut runs = 0;
    loop {
        // what is deferred waits for its pause; the clock is not ours to move
        let connection = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
        connection.execute_batch("UPDATE deliveries SET retry_at = NULL").unwrap();
        drop(connection);
        let ran = sandbox.notify("2025-03-01");
        assert!(matches!(ran.status, 0 | 3), "{ran:?}");
        runs += 1;
        if ran.json()["totals"]["queued"] == 0 {
            break;
        }
        assert!(runs < 10, "it does not end: {ran:?}");
    }
    let before = server.taken().len();
    let again = sandbox.notify("2025-03-01").exits(0).json();
    assert_eq!(again["totals"]["messages"], 0);
    assert_eq!(server.taken().len(), before);
}

#[test]
fn killed_at_random_moments() {
    let wanted = figure("KONET_BILLING_KILLS", 12);
    let (mut kills, mut deliveries, mut uncertain, mut rounds) = (0, 0, 0, 0);
    let mut dice = Dice(20_250_301);
    while kills < wanted {
        rounds += 1;
        let server = Server::start(Behaviour::Slow);
        let customers = 120;
        let sandbox = company(&server, customers);
        // all of it waits before the killing begins, so that it hits the handing over
        let alive = format!("port = {}", server.port);
        sandbox.reconfigure(&alive, "port = 9");
        sandbox.notify("2025-03-01").exits(1);
        sandbox.reconfigure("port = 9", &alive);
        for _ in 0..60 {
            if server.taken().len() >= customers || kills >= wanted {
                break;
            }
            let mut child = sandbox
                .command(&["notify", "--as-of", "2025-03-01", "--json"])
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(dice.below(350)));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                kills += 1;
            }
            child.wait().unwrap();
        }
        finish(&sandbox, &server);
        let [sent, doubtful, queued] = oracle(&sandbox, &server, customers, rounds);
        assert_eq!(queued, 0);
        deliveries += sent + doubtful;
        uncertain += doubtful;
    }
    eprintln!(
        "{kills} kills in {rounds} rounds: {deliveries} deliveries, 0 twice, 0 lost, {uncertain} uncertain"
    );
}

#[test]
fn broken_by_random_faults() {
    let seeds = figure("KONET_BILLING_SEEDS", 8);
    let (mut deliveries, mut uncertain) = (0, 0);
    for seed in 1..=seeds {
        let server = Server::start(Behaviour::Random(seed));
        let customers = 15;
        let sandbox = company(&server, customers);
        for _ in 0..4 {
            let ran = sandbox.notify("2025-03-01");
            assert!(matches!(ran.status, 0 | 1 | 3), "seed {seed}: {ran:?}");
            oracle(&sandbox, &server, customers, seed);
        }
        finish(&sandbox, &server);
        let [sent, doubtful, queued] = oracle(&sandbox, &server, customers, seed);
        assert_eq!(queued, 0, "seed {seed}");
        deliveries += sent + doubtful;
        uncertain += doubtful;
    }
    eprintln!(
        "{seeds} seeds: {deliveries} deliveries sent or uncertain, 0 twice, 0 lost, {uncertain} uncertain"
    );
}

#[test]
fn eight_at_once() {
    let server = Server::start(Behaviour::Slow);
    let sandbox = company(&server, 30);
    for _ in 0..3 {
        let children: Vec<_> = (0..8)
            .map(|_| {
                sandbox
                    .command(&["notify", "--as-of", "2025-03-01", "--json"])
                    .stdout(std::process::Stdio::null())
                    .stderr(std::process::Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            let status = child.wait().unwrap().code();
            assert!(matches!(status, Some(0 | 75)), "{status:?}");
        }
    }
    finish(&sandbox, &server);
    assert_eq!(oracle(&sandbox, &server, 30, 0), [30, 0, 0]);
}

#[test]
fn a_restored_backup_sends_nothing_twice_and_suspends_nobody() {
    let server = Server::start(Behaviour::Friendly);
    let sandbox = company(&server, 5);
    sandbox.notify("2025-03-01").exits(0);
    let backup = std::fs::read(sandbox.path("konet.db")).unwrap();
    assert!(
        !sandbox.path("konet.db-wal").exists()
            || std::fs::metadata(sandbox.path("konet.db-wal")).unwrap().len() == 0
    );
    sandbox.notify("2025-03-16").exits(0);
    let handed = server.taken().len();
    std::fs::write(sandbox.path("konet.db"), backup).unwrap();
    // the next day: the database knows nothing of the reminder, the journal does
    let ran = sandbox.notify("2025-03-17").exits(3);
    assert_eq!(server.taken().len(), handed, "nothing goes out twice");
    assert_eq!(ran.json()["totals"]["uncertain"], 5, "{ran:?}");
    assert!(ran.stderr.contains("restored from a backup"), "{}", ran.stderr);
}

#[test]
fn files_that_may_not_grow_end_the_run_cleanly() {
    for blocks in [1, 60, 150, 200, 300, 400] {
        let server = Server::start(Behaviour::Friendly);
        let sandbox = company(&server, 10);
        // the limit sends a signal that kills programs which do not ignore it
        let limited = std::process::Command::new("sh")
            .args([
                "-c",
                &format!("ulimit -f {blocks}; exec \"$@\""),
                "sh",
                env!("CARGO_BIN_EXE_konet-billing"),
            ])
            .args(["notify", "--as-of", "2025-03-01", "--json"])
            .current_dir(sandbox.path(""))
            .env("KONET_BILLING_CONFIG", sandbox.path("konet-billing.toml"))
            .output()
            .unwrap();
        let status = limited.status.code();
        assert!(matches!(status, Some(0 | 1)), "{blocks} blocks: {status:?} {limited:?}");
        finish(&sandbox, &server);
        let [sent, doubtful, queued] = oracle(&sandbox, &server, 10, blocks);
        assert_eq!((sent + doubtful, queued), (10, 0));
    }
}

#[test]
fn a_stop_signal_ends_the_run_between_two_messages() {
    let server = Server::start(Behaviour::Slow);
    let sandbox = company(&server, 60);
    let mut child = sandbox
        .command(&["notify", "--as-of", "2025-03-01", "--json"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while server.taken().len() < 3 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = child.wait().unwrap().code();
    assert_eq!(status, Some(1), "what waits stays queued");
    let [sent, doubtful, queued] = oracle(&sandbox, &server, 60, 0);
    assert_eq!(doubtful, 0, "nothing is left in doubt");
    assert!(queued > 0 && sent + queued == 60, "{sent} sent, {queued} queued");
    finish(&sandbox, &server);
    assert_eq!(oracle(&sandbox, &server, 60, 0), [60, 0, 0]);
}

#[test]
fn the_first_messages_leave_while_others_are_still_made() {
    let server = Server::start(Behaviour::Friendly);
    let sandbox = company(&server, 150);
    let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    let watched = "CREATE TABLE watched (at INTEGER PRIMARY KEY, what TEXT);
        CREATE TRIGGER watched_made AFTER INSERT ON messages BEGIN INSERT INTO watched (what) VALUES ('made'); END;
        CREATE TRIGGER watched_left AFTER UPDATE OF state ON deliveries WHEN NEW.state = 'in_doubt' BEGIN
            INSERT INTO watched (what) VALUES ('left'); END;";
    database.execute_batch(watched).unwrap();
    sandbox.notify("2025-03-01").exits(0);
    let one = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(one("SELECT count(*) FROM watched WHERE what = 'made'"), 150);
    assert_eq!(one("SELECT count(*) FROM watched WHERE what = 'left'"), 150);
    let before_the_last = "SELECT count(*) FROM watched WHERE what = 'left'
        AND at < (SELECT max(at) FROM watched WHERE what = 'made')";
    assert!(one(before_the_last) > 0, "nothing left before everything was made");
    database
        .execute_batch("DROP TRIGGER watched_made; DROP TRIGGER watched_left; DROP TABLE watched")
        .unwrap();
    assert_eq!(oracle(&sandbox, &server, 150, 0), [150, 0, 0]);
}

/// What waited is looked at again while the runs are killed: some have paid since, some have another address, some
/// had asked for a card.
#[test]
fn killed_while_what_waits_is_withdrawn_and_made_anew() {
    let wanted = figure("KONET_BILLING_KILLS", 12) / 2;
    let (mut kills, mut deliveries, mut uncertain, mut rounds) = (0, 0, 0, 0);
    let mut dice = Dice(20_250_302);
    let customers = 60;
    while kills < wanted {
        rounds += 1;
        let server = Server::start(Behaviour::Slow);
        let sandbox = company(&server, customers);
        let alive = format!("port = {}", server.port);
        sandbox.reconfigure(&alive, "port = 9");
        sandbox.notify("2025-03-01").exits(1);
        let askers: Vec<String> = (2..customers).step_by(3).map(|i| format!("K-{i}")).collect();
        let mut asked = vec!["notify", "--now", "--as-of", "2025-03-01"];
        asked.extend(askers.iter().flat_map(|code| ["--customer", code.as_str()]));
        sandbox.run(&asked).exits(1);
        let paid: String =
            (0..customers).step_by(3).map(|i| format!("2025-03-01;12,40;T-{i};K-{i};;;;\n")).collect();
        sandbox.pay(&paid, "2025-03-01").exits(0);
        let moved: String =
            (1..customers).step_by(3).map(|i| format!("K-{i};Πελάτης {i};new{i}@a.example\n")).collect();
        sandbox.import("customers", format!("code;name;email\n{moved}"), "2025-03-01");
        sandbox.enforce("2025-03-01").exits(0);
        sandbox.reconfigure("port = 9", &alive);
        for _ in 0..wanted.min(40) {
            let mut child = sandbox
                .command(&["notify", "--as-of", "2025-03-01", "--json"])
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(dice.below(900)));
            let is_done = child.try_wait().unwrap().is_some();
            if !is_done {
                child.kill().unwrap();
                kills += 1;
            }
            child.wait().unwrap();
            // all of it was handed over: nothing is left to be killed in
            if is_done {
                break;
            }
        }
        finish(&sandbox, &server);
        let [sent, doubtful, queued] = oracle(&sandbox, &server, customers, rounds);
        assert_eq!(
            (sent + doubtful, queued),
            (customers + askers.len(), 0),
            "everybody, and who asked twice"
        );
        for taken in server.taken() {
            let (name, _) = taken.to[0].split_once('@').unwrap();
            let number: usize = name.trim_start_matches(char::is_alphabetic).parse().unwrap();
            let mail = MessageParser::default().parse(&taken.bytes).unwrap();
            let asks = mail.body_text(0).unwrap().contains("Πληρωτέο ποσό: 12,40");
            match number % 3 {
                0 => assert!(!asks, "round {rounds}: {name} had paid"),
                1 => assert!(name.starts_with("new"), "round {rounds}: {name} was replaced"),
                _ => assert!(asks, "round {rounds}: {name} has not paid"),
            }
        }
        deliveries += sent + doubtful;
        uncertain += doubtful;
    }
    eprintln!(
        "{kills} kills while the facts changed, {rounds} rounds: {deliveries} deliveries, 0 twice, 0 lost, 0 untrue, \
         {uncertain} uncertain"
    );
}
