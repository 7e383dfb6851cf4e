//! What leaves, to whom, and what comes back: nothing that is no longer owed, nothing to an address that was replaced,
//! nothing lost that somebody asked for, and no stranger's word about what arrived.

use crate::outbox::{over_smtp, totals};
use crate::support::sandbox::{Ran, Sandbox, stages, steps};
use crate::support::smtp::{Behaviour, Server, Taken};
use mail_parser::MessageParser;
use std::collections::BTreeSet;

const ONE: &str = "code;name;email;phone\nK-1;Παπαδόπουλος;a@a.example;2310 123456\n";
const WITNESS: [&str; 4] = ["--by", "maria", "--reason", "τηλεφώνησε ο πελάτης"];

/// The pauses after a deferral are over; the clock is not ours to move.
fn pauses_are_over(sandbox: &Sandbox) {
    let connection = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    connection.execute_batch("UPDATE deliveries SET retry_at = NULL").unwrap();
}

fn asked_for(sandbox: &Sandbox, day: &str) -> Ran {
    sandbox.run(&["notify", "--customer", "K-1", "--now", "--as-of", day, "--json"])
}

fn say(sandbox: &Sandbox, words: &[&str], day: &str) -> Ran {
    let mut all = words.to_vec();
    all.extend(WITNESS);
    all.extend(["--as-of", day, "--json"]);
    sandbox.run(&all)
}

fn subject(taken: &Taken) -> String {
    MessageParser::default().parse(&taken.bytes).unwrap().subject().unwrap().to_owned()
}

fn text(taken: &Taken) -> String {
    MessageParser::default().parse(&taken.bytes).unwrap().body_text(0).unwrap().into_owned()
}

fn id(taken: &Taken) -> String {
    MessageParser::default().parse(&taken.bytes).unwrap().message_id().unwrap().to_owned()
}

fn to(server: &Server, address: &str) -> Vec<Taken> {
    server.taken().into_iter().filter(|taken| taken.to == [address]).collect()
}

/// A message's deliveries, as `address state`.
fn deliveries(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.run(&["outbox", "list", "--all", "--json"]).exits(0).json();
    let messages = listed["messages"].as_array().unwrap().iter();
    messages
        .flat_map(|message| message["deliveries"].as_array().unwrap().clone())
        .map(|line| format!("{} {}", line["to"].as_str().unwrap(), line["state"].as_str().unwrap()))
        .collect()
}

/// The number of the newest message.
fn newest(sandbox: &Sandbox) -> String {
    let listed = sandbox.run(&["outbox", "list", "--all", "--json"]).exits(0).json();
    listed["messages"].as_array().unwrap().last().unwrap()["id"].to_string()
}

#[test]
fn who_asked_for_a_card_gets_it_after_a_greylisting() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    sandbox.notify("2025-03-01").exits(0);
    server.behave(Behaviour::Busy);
    assert_eq!(totals(&asked_for(&sandbox, "2025-03-03").exits(0)), [1, 0, 0, 0, 1]);
    sandbox.notify("2025-03-04").exits(0);
    assert_eq!(deliveries(&sandbox).last().unwrap(), "a@a.example queued");
    server.behave(Behaviour::Friendly);
    pauses_are_over(&sandbox);
    sandbox.notify("2025-03-05").exits(0);
    let got = to(&server, "a@a.example");
    assert_eq!(got.len(), 2, "the card that was asked for came");
    assert!(text(&got[1]).contains("124,00"));
    sandbox.notify("2025-03-06").exits(0);
    assert_eq!(to(&server, "a@a.example").len(), 2, "and only once");
}

#[test]
fn who_asked_for_a_card_and_paid_while_the_server_stood_still_gets_one_that_is_true() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    sandbox.notify("2025-03-01").exits(0);
    let alive = format!("port = {}", server.port);
    sandbox.reconfigure(&alive, "port = 9");
    asked_for(&sandbox, "2025-03-03").exits(1);
    sandbox.pay("2025-03-03;124,00;T-1;K-1;;;;\n", "2025-03-03").exits(0);
    sandbox.reconfigure("port = 9", &alive);
    sandbox.enforce("2025-03-04").exits(0);
    sandbox.notify("2025-03-04").exits(0);
    let got = to(&server, "a@a.example");
    assert_eq!(got.len(), 3, "the reminder, the thanks, and the card that was asked for: {got:?}");
    for taken in &got[1..] {
        assert!(!text(taken).contains("124,00"), "nothing is asked for any more: {}", text(taken));
    }
    assert_eq!(deliveries(&sandbox).iter().filter(|line| line.ends_with("queued")).count(), 0);
    sandbox.notify("2025-03-05").exits(0);
    assert_eq!(to(&server, "a@a.example").len(), 3);
}

#[test]
fn who_asks_twice_on_one_day_gets_two_messages_that_no_server_takes_for_one() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    sandbox.notify("2025-03-01").exits(0);
    asked_for(&sandbox, "2025-03-01").exits(0);
    asked_for(&sandbox, "2025-03-01").exits(0);
    let got = to(&server, "a@a.example");
    let ids: BTreeSet<String> = got.iter().map(id).collect();
    assert_eq!((got.len(), ids.len()), (3, 3), "{ids:?}");
}

#[test]
fn the_stranger_behind_an_address_that_was_replaced_gets_nothing_that_waited() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    let alive = format!("port = {}", server.port);
    sandbox.reconfigure(&alive, "port = 9");
    sandbox.notify("2025-03-01").exits(1);
    say(&sandbox, &["record", "email", "K-1", "new@a.example"], "2025-03-01").exits(0);
    sandbox.reconfigure("port = 9", &alive);
    sandbox.notify("2025-03-01").exits(0);
    assert!(to(&server, "a@a.example").is_empty());
    let got = to(&server, "new@a.example");
    assert_eq!(got.len(), 1);
    assert!(!String::from_utf8_lossy(&got[0].bytes).contains("a@a.example\r\n"), "nor does a header name it");
}

#[test]
fn a_second_address_that_was_deferred_is_not_asked_for_money_that_came_meanwhile() {
    let two = "code;name;email\nK-1;Παπαδόπουλος;a@a.example,later@a.example\n".replace(',', ";");
    let two = two.replace("a@a.example;later@a.example", "\"a@a.example;later@a.example\"");
    let (sandbox, server) = over_smtp(Behaviour::DefersSome, &two);
    sandbox.notify("2025-03-01").exits(0);
    assert_eq!(deliveries(&sandbox), ["a@a.example sent", "later@a.example queued"]);
    sandbox.pay("2025-03-02;124,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    server.behave(Behaviour::Friendly);
    pauses_are_over(&sandbox);
    sandbox.enforce("2025-03-02").exits(0);
    sandbox.notify("2025-03-02").exits(0);
    assert_eq!(deliveries(&sandbox)[..2], ["a@a.example sent", "later@a.example cancelled"]);
    let got = to(&server, "later@a.example");
    assert_eq!(got.len(), 1, "only the thanks");
    assert!(subject(&got[0]).contains("ανανέωση"), "{}", subject(&got[0]));
}

#[test]
fn a_second_address_that_was_deferred_gets_what_is_still_true() {
    let two = "code;name;email\nK-1;Παπαδόπουλος;\"a@a.example;later@a.example\"\n";
    let (sandbox, server) = over_smtp(Behaviour::DefersSome, two);
    sandbox.notify("2025-03-01").exits(0);
    server.behave(Behaviour::Friendly);
    pauses_are_over(&sandbox);
    sandbox.notify("2025-03-02").exits(0);
    let (first, second) = (to(&server, "a@a.example"), to(&server, "later@a.example"));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].bytes, second[0].bytes, "the same message");
}

#[test]
fn who_was_refused_gets_the_card_at_the_address_that_was_mended() {
    let refused = "code;name;email\nK-1;Παπαδόπουλος;refused@a.example\n";
    let (sandbox, server) = over_smtp(Behaviour::RefusesSome, refused);
    sandbox.notify("2025-03-01").exits(3);
    say(&sandbox, &["record", "email", "K-1", "new@a.example"], "2025-03-02").exits(0);
    let id = newest(&sandbox);
    let anew = say(&sandbox, &["outbox", "requeue", &id], "2025-03-02").exits(0).json();
    assert_eq!(anew["deliveries"][0]["to"], "new@a.example", "{anew}");
    let ran = sandbox.notify("2025-03-02").exits(0);
    assert_eq!(totals(&ran), [0, 1, 0, 0, 0]);
    assert_eq!(to(&server, "new@a.example").len(), 1);
    assert!(to(&server, "refused@a.example").is_empty());
    assert!(sandbox.run(&["outbox", "list"]).exits(0).stdout.contains("nothing waits"));
    assert_eq!(totals(&sandbox.notify("2025-03-03").exits(0)), [0, 0, 0, 0, 0], "and once");
}

#[test]
fn one_of_two_addresses_was_refused_and_the_other_is_not_told_twice() {
    let two = "code;name;email\nK-1;Παπαδόπουλος;\"a@a.example;refused@a.example\"\n";
    let (sandbox, server) = over_smtp(Behaviour::RefusesSome, two);
    sandbox.notify("2025-03-01").exits(3);
    say(&sandbox, &["record", "email", "K-1", "a@a.example", "new@a.example"], "2025-03-02").exits(0);
    say(&sandbox, &["outbox", "requeue", &newest(&sandbox)], "2025-03-02").exits(0);
    sandbox.notify("2025-03-02").exits(0);
    assert_eq!(to(&server, "a@a.example").len(), 1);
    assert_eq!(to(&server, "new@a.example").len(), 1);
    assert!(sandbox.run(&["outbox", "list"]).exits(0).stdout.contains("nothing waits"));
}

#[test]
fn what_waited_from_the_trial_is_not_sent_when_the_company_goes_live_and_is_due_afresh() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    let alive = format!("port = {}", server.port);
    let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
    let trial = "\n[rollout]\nmode = \"trial\"\ntrial_recipient = \"boss@konet.example\"\n";
    sandbox.file("konet-billing.toml", format!("{config}{trial}").replace(&alive, "port = 9"));
    sandbox.notify("2025-03-01").exits(1);
    sandbox.file("konet-billing.toml", config);
    let live = sandbox.notify("2025-03-01").exits(0);
    assert_eq!(stages(&live.json(), "K-1"), ["S-1 before-30"]);
    assert!(to(&server, "boss@konet.example").is_empty());
    assert_eq!(to(&server, "a@a.example").len(), 1);
}

#[test]
fn an_archive_that_was_the_trials_recipient_gets_its_copy_in_live() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
    let live = config.replace("[mail]\n", "[mail]\nbcc = \"boss@konet.example\"\n");
    let trial = "\n[rollout]\nmode = \"trial\"\ntrial_recipient = \"boss@konet.example\"\n";
    sandbox.file("konet-billing.toml", format!("{live}{trial}"));
    sandbox.notify("2025-03-01").exits(0);
    sandbox.file("konet-billing.toml", live);
    assert_eq!(totals(&sandbox.notify("2025-03-01").exits(0)), [1, 1, 0, 0, 0]);
    assert_eq!(to(&server, "boss@konet.example").len(), 2, "once in the trial, once as a copy");
    assert_eq!(to(&server, "a@a.example").len(), 1);
}
