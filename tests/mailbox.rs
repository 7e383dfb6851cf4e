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
        assert!(!text(taken).contains("Πληρωτέο"), "nothing is asked for any more: {}", text(taken));
    }
    assert_eq!(deliveries(&sandbox).iter().filter(|line| line.ends_with("queued")).count(), 0);
    sandbox.notify("2025-03-05").exits(0);
    assert_eq!(to(&server, "a@a.example").len(), 3);
}

#[test]
fn a_warning_that_waits_for_a_server_is_not_taken_back_over_a_weekend() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    let every_day = r#"enforce_on = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#;
    sandbox.reconfigure(every_day, r#"enforce_on = ["mon", "tue", "wed", "thu"]"#);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    // what was announced is moved, and the ladder has nothing left that could name another day
    say(&sandbox, &["record", "hold", "S-1", "2025-06-01"], "2025-04-06").exits(0);
    say(&sandbox, &["record", "hold", "S-1", "--none"], "2025-04-07").exits(0);
    sandbox.reconfigure(&format!("port = {}", server.port), "port = 9");
    // Tuesday to Monday: a card of Sunday would name a day that is eight days off
    for day in
        ["2025-04-08", "2025-04-09", "2025-04-10", "2025-04-11", "2025-04-12", "2025-04-13", "2025-04-14"]
    {
        sandbox.notify(day);
        let waiting = deliveries(&sandbox).iter().filter(|line| line.ends_with("queued")).count();
        assert_eq!(waiting, 1, "{day}: {:?}", deliveries(&sandbox));
    }
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
    assert!(subject(&got[0]).contains("Ανανεώθηκε"), "{}", subject(&got[0]));
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

/// A delivery status notification.
fn report(extra: &str, recipient: &str, message_id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example\n{extra}MIME-Version: 1.0\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; relay.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: failed\n\
         Status: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n--b\nContent-Type: text/rfc822-headers\n\n\
         Message-ID: <{message_id}>\nSubject: x\n\n--b--\n"
    )
}

fn comes_back(sandbox: &Sandbox, name: &str, text: &str, day: &str) -> Ran {
    std::fs::create_dir_all(sandbox.path("bounces/new")).unwrap();
    sandbox.file(&format!("bounces/new/{name}"), text);
    let mailbox = sandbox.path("bounces");
    sandbox.run(&["import", "bounces", mailbox.to_str().unwrap(), "--as-of", day, "--json"])
}

/// The kinds of what `status` lists of a customer.
fn listed(sandbox: &Sandbox, day: &str) -> Vec<String> {
    let status = sandbox.run(&["status", "--as-of", day, "--json"]).json();
    let rows = ["held_back", "attention"].map(|part| status[part].as_array().unwrap().clone()).concat();
    rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

/// Told up to a card that names the suspension, which is possible on the 8th.
fn told_of_suspension(customers: &str) -> (Sandbox, Server) {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, customers);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    (sandbox, server)
}

#[test]
fn a_forged_bounce_switches_nobodys_suspension_off() {
    let (sandbox, server) = told_of_suspension(ONE);
    let true_id = id(&server.taken().pop().unwrap());
    // what anybody can know: the service, the stages, the card; and the address, which the bounce must name
    let forged = [
        report("", "a@a.example", "0123456789abcdef0123456789abcdef@konet.example"),
        report("", "b@a.example", &true_id),
        report("To: accounting@konet.example\n", "b@b.example", &true_id),
        report("To: <bounces+1-0000000000000000@konet.example>\n", "a@a.example", ""),
    ];
    for (number, text) in forged.iter().enumerate() {
        let ran = comes_back(&sandbox, &number.to_string(), text, "2025-04-06").exits(0).json();
        assert_eq!((ran["bounced"].as_u64(), ran["foreign"].as_u64()), (Some(0), Some(1)), "{text}");
    }
    sandbox.pay("", "2025-04-08").exits(0);
    assert_eq!(steps(&sandbox.enforce("2025-04-08").exits(0).json(), "actions"), ["suspend S-1 unsettled"]);
}

#[test]
fn a_customer_whose_mail_came_back_is_not_suspended_and_stands_on_the_list_until_somebody_has_told_them() {
    let (sandbox, server) = told_of_suspension(ONE);
    let true_id = id(&server.taken().pop().unwrap());
    let ran = comes_back(&sandbox, "1", &report("", "A@A.Example", &true_id), "2025-04-06").exits(3).json();
    let text = ran["attention"][0]["text"].as_str().unwrap();
    assert!(text.contains("2310 123456") && text.contains("outbox requeue"), "{text}");
    assert!(!sandbox.path("bounces/new/1").exists(), "what was read lies elsewhere");
    assert!(sandbox.path("bounces/.done/cur/1:2,S").exists());
    // silenced by somebody, it is listed again as long as it blocks
    for day in ["2025-04-08", "2025-04-09"] {
        say(&sandbox, &["record", "ack", "K-1"], day).exits(0);
        sandbox.pay("", day).exits(0);
        let enforced = sandbox.enforce(day).json();
        assert_eq!(steps(&enforced, "withheld"), ["suspend S-1 no_accepted_notice"]);
        let ran = sandbox.notify(day);
        assert!(matches!(ran.status, 0 | 3), "{ran:?}");
        assert!(listed(&sandbox, day).contains(&"bounced".to_owned()));
    }
    say(&sandbox, &["record", "email", "K-1", "new@a.example"], "2025-04-09").exits(0);
    let bounced = listed_message(&sandbox, &true_id);
    say(&sandbox, &["outbox", "requeue", &bounced], "2025-04-09").exits(0);
    sandbox.notify("2025-04-09").exits(0);
    assert_eq!(to(&server, "new@a.example").len(), 1);
    assert_eq!(listed(&sandbox, "2025-04-09"), [""; 0]);
}

fn listed_message(sandbox: &Sandbox, message_id: &str) -> String {
    let listed = sandbox.run(&["outbox", "list", "--all", "--json"]).exits(0).json();
    let wanted = format!("<{message_id}>");
    let messages = listed["messages"].as_array().unwrap();
    messages.iter().find(|message| message["message_id"] == wanted.as_str()).unwrap()["id"].to_string()
}

#[test]
fn after_a_final_notice_that_came_back_another_can_be_sent() {
    let (sandbox, server) = told_of_suspension(ONE);
    sandbox.pay("", "2025-04-08").exits(0);
    sandbox.enforce("2025-04-08").exits(0);
    sandbox.notify("2025-04-08").exits(0);
    assert_eq!(stages(&sandbox.notify("2025-05-01").exits(0).json(), "K-1"), ["S-1 final"]);
    let first = server.taken().pop().unwrap();
    comes_back(&sandbox, "1", &report("", "a@a.example", &id(&first)), "2025-05-02").exits(3);
    let number = listed_message(&sandbox, &id(&first));
    let anew = say(&sandbox, &["outbox", "requeue", &number], "2025-05-03").exits(0).json();
    assert_eq!(anew["deliveries"][0]["state"], "queued", "{anew}");
    sandbox.notify("2025-05-03").exits(0);
    let second = server.taken().pop().unwrap();
    assert_ne!(id(&first), id(&second), "no server may take it for the first one");
    // and a late bounce of the first is none of the second
    comes_back(&sandbox, "2", &report("", "a@a.example", &id(&first)), "2025-05-04").exits(0);
    sandbox.pay("", "2025-05-12").exits(0);
    assert_eq!(
        steps(&sandbox.enforce("2025-05-12").exits(0).json(), "actions"),
        ["terminate S-1 final_notice_served"]
    );
}

#[test]
fn a_bounce_is_known_by_the_envelope_sender_of_that_very_delivery() {
    let two = "code;name;email\nK-1;Παπαδόπουλος;\"a@a.example;b@a.example\"\n";
    let (sandbox, server) = over_smtp(Behaviour::Friendly, two);
    sandbox.reconfigure("[mail]\n", "[mail]\nenvelope_from = \"bounces@konet.example\"\n");
    sandbox.notify("2025-03-01").exits(0);
    let [first, second] = ["a@a.example", "b@a.example"].map(|address| to(&server, address).remove(0).from);
    assert!(first.starts_with("bounces+") && first.ends_with("@konet.example"), "{first}");
    assert_ne!(first, second);
    // some servers return no header at all; the envelope sender is where the notification went
    let at = |sender: &str, recipient: &str| report(&format!("Delivered-To: {sender}\n"), recipient, "");
    let foreign = comes_back(&sandbox, "1", &at(&first, "b@a.example"), "2025-03-02").exits(0).json();
    assert_eq!(foreign["foreign"], 1);
    let ran = comes_back(&sandbox, "2", &at(&second, "b@a.example"), "2025-03-02").exits(3).json();
    assert_eq!(ran["bounced"], 1);
    let shown = sandbox.run(&["outbox", "list", "--all", "--json"]).exits(0).json();
    let bounced: Vec<bool> = shown["messages"][0]["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|delivery| !delivery["bounced_on"].is_null())
        .collect();
    assert_eq!(bounced, [false, true]);
}

#[test]
fn where_a_server_takes_no_such_senders_none_is_used() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, ONE);
    sandbox.reconfigure(
        "[mail]\n",
        "[mail]\nenvelope_from = \"bounces@konet.example\"\nrecipient_delimiter = \"none\"\n",
    );
    sandbox.notify("2025-03-01").exits(0);
    assert_eq!(server.taken()[0].from, "bounces@konet.example");
    sandbox.reconfigure("recipient_delimiter = \"none\"", "recipient_delimiter = \"?\"");
    sandbox.run(&["check"]).exits(2);
}

#[test]
fn a_mailbox_full_of_rubbish_keeps_no_true_bounce_from_being_read() {
    let (sandbox, server) = told_of_suspension(ONE);
    let true_id = id(&server.taken().pop().unwrap());
    let mut mbox = b"From x@x.example Mon Apr  7 00:00:00 2025\nSubject: endless\n\n".to_vec();
    mbox.resize(12 * 1024 * 1024, b'x');
    mbox.extend_from_slice(b"\n\nFrom y@y.example Mon Apr  7 00:00:00 2025\n\x00\xff\x1b]0;\n\n");
    let (head, rest) = report("", "x@x.example", "x")
        .split_once("Final-Recipient")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let many = "Final-Recipient: rfc822; x@x.example\nAction: failed\n\n".repeat(4000);
    let of_4000 = format!("{head}{many}Final-Recipient{rest}");
    for text in [of_4000, report("", "a@a.example", &true_id)] {
        mbox.extend_from_slice(b"From z@z.example Mon Apr  7 00:00:00 2025\n");
        mbox.extend_from_slice(text.as_bytes());
        mbox.push(b'\n');
    }
    let file = sandbox.file("mbox", &mbox);
    let file = file.to_str().unwrap();
    let again = |day| sandbox.run(&["import", "bounces", file, "--as-of", day, "--json"]);
    let ran = again("2025-04-06").exits(3).json();
    assert_eq!((ran["read"].as_u64(), ran["bounced"].as_u64()), (Some(4), Some(1)), "{ran}");
    assert_eq!(again("2025-04-07").exits(0).json()["read"], 0, "what was read is not read again");
    assert_eq!(std::fs::metadata(file).unwrap().len(), mbox.len() as u64, "and nothing is taken out");
}

#[test]
fn a_bounce_of_what_was_sent_before_the_upgrade_still_counts() {
    let (sandbox, server) = told_of_suspension(ONE);
    let true_id = id(&server.taken().pop().unwrap());
    let connection = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    let old = "UPDATE messages SET keyed = 0, message_id = '<0ld@konet.example>' WHERE message_id = ?1";
    assert_eq!(connection.execute(old, [format!("<{true_id}>")]).unwrap(), 1);
    drop(connection);
    let before = server.taken().len();
    sandbox.notify("2025-04-06").exits(0);
    assert_eq!(server.taken().len(), before, "nothing is told again because its id is another now");
    comes_back(&sandbox, "1", &report("", "b@a.example", "0ld@konet.example"), "2025-04-06").exits(0);
    comes_back(&sandbox, "2", &report("", "a@a.example", "0ld@konet.example"), "2025-04-06").exits(3);
}

/// Hands a message over to a server with time limits of a second, and gives what came of it and how long it took.
fn in_a_second(behaviour: Behaviour) -> (Ran, Sandbox, Server, std::time::Duration) {
    let (sandbox, server) = over_smtp(behaviour, ONE);
    let limits = "tls = \"none\"\ncommand_timeout_seconds = 1\nbody_timeout_seconds = 1";
    sandbox.reconfigure("tls = \"none\"", limits);
    let begun = std::time::Instant::now();
    let ran = sandbox.notify("2025-03-01");
    (ran, sandbox, server, begun.elapsed())
}

#[test]
fn a_greeting_without_end_or_one_that_drips_keeps_no_night_from_ending() {
    for behaviour in [Behaviour::EndlessGreeting, Behaviour::DrippingGreeting] {
        let (ran, sandbox, _server, took) = in_a_second(behaviour);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(ran.stderr.contains("stays queued"), "{}", ran.stderr);
        assert!(took < std::time::Duration::from_secs(8), "{behaviour:?} took {took:?}");
        assert_eq!(deliveries(&sandbox), ["a@a.example queued"]);
    }
}

#[test]
fn an_answer_to_the_body_that_drips_is_none_and_the_message_is_uncertain() {
    let (ran, sandbox, _server, took) = in_a_second(Behaviour::DripsAfterBody);
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(took < std::time::Duration::from_secs(8), "{took:?}");
    assert_eq!(deliveries(&sandbox), ["a@a.example uncertain"]);
}

#[test]
fn nobody_counts_as_told_because_a_server_said_so_before_it_had_the_message() {
    let (_ran, sandbox, server, _took) = in_a_second(Behaviour::AnswersEarly);
    assert_eq!(deliveries(&sandbox), ["a@a.example queued"]);
    assert!(server.taken().is_empty());
}

#[test]
fn what_somebody_between_said_before_the_encryption_counts_for_nothing() {
    let (sandbox, server) = over_smtp(Behaviour::SpeaksOnInClear, ONE);
    sandbox.reconfigure("tls = \"none\"", "tls = \"required\"");
    let ran = sandbox.notify("2025-03-01").exits(1);
    assert!(ran.stderr.contains("spoke on in clear"), "{}", ran.stderr);
    assert_eq!(deliveries(&sandbox), ["a@a.example queued"]);
    assert!(server.taken().is_empty());
}

#[test]
fn a_servers_answer_paints_no_terminal() {
    let (sandbox, _server) = over_smtp(Behaviour::PaintsTerminals, ONE);
    let ran = sandbox.notify("2025-03-01").exits(3);
    let listed = sandbox.run(&["outbox", "list"]).exits(0);
    let status = sandbox.run(&["status"]);
    for text in [ran.stderr, listed.stdout, status.stdout] {
        assert!(text.contains("no such user"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
    }
}

#[test]
fn a_password_goes_in_clear_to_nobody_and_a_name_that_looks_like_this_machine_is_not_this_machine() {
    let sandbox = Sandbox::new();
    let folder = "transport = \"folder\"\nfolder = \"outbox\"";
    for (host, more) in [
        ("127.evil.example", ""),
        ("relay.internal", "relay_without_tls = \"relay.internal\"\nusername = \"u\"\npassword = \"p\"\n"),
    ] {
        let smtp = format!("transport = \"smtp\"\nhost = \"{host}\"\ntls = \"none\"\n{more}");
        sandbox.reconfigure(folder, &smtp);
        let ran = sandbox.run(&["check"]).exits(2);
        assert!(ran.stderr.contains("in clear"), "{host}: {}", ran.stderr);
        sandbox.reconfigure(&smtp, folder);
    }
}
