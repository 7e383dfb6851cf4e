//! A night's e-mails through a real SMTP conversation, read by another MIME reader.

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::smtp::{Behaviour, Server};
use mail_parser::{MessageParser, MimeHeaders};

pub(crate) fn over_smtp(behaviour: Behaviour, customers: &str) -> (Sandbox, Server) {
    let server = Server::start(behaviour);
    let sandbox = Sandbox::new();
    sandbox.reconfigure(
        "transport = \"folder\"\nfolder = \"outbox\"",
        &format!("transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"", server.port),
    );
    sandbox.import("customers", customers, "2025-03-01").exits(0);
    let services: String = (1..=customers.lines().count() - 1)
        .map(|i| format!("S-{i};K-{i};hosting;Φιλοξενία;alpha-{i}.example;{i}00,00;12;2025-03-31\n"))
        .collect();
    let head = "code;customer;kind;name;domain_name;price;period_months;expires_on\n";
    sandbox.import("services", format!("{head}{services}"), "2025-03-01").exits(0);
    (sandbox, server)
}

const THREE: &str = "code;name;email;cc\nK-1;Παπαδόπουλος;a@a.example;c@a.example\n\
    K-2;Βήτα;b@b.example;\nK-3;Γάμα;refused@c.example;\n";

pub(crate) fn totals(ran: &Ran) -> [i64; 5] {
    let json = ran.json();
    ["messages", "sent", "failed", "uncertain", "queued"].map(|key| json["totals"][key].as_i64().unwrap())
}

#[test]
fn another_reader_finds_subject_bodies_headers_and_the_same_amounts_in_the_pdf() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, THREE);
    assert_eq!(totals(&sandbox.notify("2025-03-01").exits(0)), [3, 3, 0, 0, 0]);
    let taken = server.taken();
    assert_eq!(taken.len(), 4, "one delivery per address");
    assert!(taken.iter().all(|message| message.to.len() == 1 && message.from == "accounting@konet.example"));
    for message in &taken {
        let mail = MessageParser::default().parse(&message.bytes).unwrap();
        let subject = mail.subject().unwrap();
        assert!(
            subject.starts_with("Λήξη στις 31/03/2025: alpha-") && subject.contains(" € (KX-2025-00000"),
            "{subject}"
        );
        assert_eq!(mail.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
        assert_eq!(mail.reply_to().unwrap().first().unwrap().address(), Some("answers@konet.example"));
        assert!(mail.message_id().unwrap().ends_with("@konet.example"));
        let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
        let pdf = mail.attachments().next().unwrap();
        assert!(pdf.attachment_name().unwrap().starts_with("kartela-KX-2025-"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("card.pdf");
        std::fs::write(&file, pdf.contents()).unwrap();
        let amount = text.lines().find_map(|line| line.trim().strip_prefix("Πληρωτέο ποσό: ")).unwrap();
        assert!(html.contains(amount), "{amount}");
        let Ok(output) =
            std::process::Command::new("pdftotext").args(["-layout"]).arg(&file).arg("-").output()
        else {
            eprintln!("NOT CHECKED: `pdftotext` is not installed");
            continue;
        };
        let printed = String::from_utf8(output.stdout).unwrap();
        let digits = amount.trim_end_matches('€').trim();
        assert!(printed.contains(digits), "{digits} is not in the PDF:\n{printed}");
    }
}

#[test]
fn each_message_names_the_one_before_it() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, THREE);
    for day in ["2025-03-01", "2025-03-16", "2025-03-24"] {
        sandbox.notify(day).exits(0);
    }
    let ids: Vec<(Option<String>, Option<String>)> = server
        .taken()
        .iter()
        .filter(|message| message.to == ["a@a.example"])
        .map(|message| {
            let mail = MessageParser::default().parse(&message.bytes).unwrap();
            let before = mail.references().as_text().map(str::to_owned);
            assert_eq!(mail.in_reply_to().as_text(), before.as_deref());
            (mail.message_id().map(str::to_owned), before)
        })
        .collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0].1, None);
    assert_eq!(ids[1].1, ids[0].0);
    assert_eq!(ids[2].1, ids[1].0);
}

#[test]
fn the_same_night_again_hands_nothing_over() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, THREE);
    sandbox.notify("2025-03-01").exits(0);
    let before = server.taken().len();
    for _ in 0..20 {
        assert_eq!(totals(&sandbox.notify("2025-03-01").exits(0)), [0, 0, 0, 0, 0]);
    }
    assert_eq!(server.taken().len(), before);
}

#[test]
fn a_refused_address_fails_alone_and_needs_a_person_once() {
    let (sandbox, server) = over_smtp(Behaviour::RefusesSome, THREE);
    let ran = sandbox.notify("2025-03-01").exits(3);
    assert_eq!(totals(&ran), [3, 2, 1, 0, 0]);
    assert!(ran.stderr.contains("no such user"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("refused@c.example"), "addresses are masked: {}", ran.stderr);
    assert_eq!(server.taken().len(), 3);
    assert_eq!(totals(&sandbox.notify("2025-03-01").exits(0)), [0, 0, 0, 0, 0]);
}

#[test]
fn a_dead_server_loses_nothing() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, THREE);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let alive = format!("port = {}", server.port);
    sandbox.reconfigure(&alive, &format!("port = {dead}"));
    let ran = sandbox.notify("2025-03-01").exits(1);
    assert_eq!(ran.json()["totals"]["messages"], 3);
    assert!(ran.stderr.contains("stays queued"), "{}", ran.stderr);
    sandbox.reconfigure(&format!("port = {dead}"), &alive);
    let later = sandbox.notify("2025-03-02").exits(0);
    assert_eq!(totals(&later), [0, 3, 0, 0, 0], "the same messages, not new ones");
    assert_eq!(server.taken().len(), 4);
}

#[test]
fn what_is_deferred_goes_later_and_what_is_uncertain_never_by_itself() {
    let (sandbox, server) = over_smtp(Behaviour::Busy, THREE);
    let busy = sandbox.notify("2025-03-01").exits(0);
    assert_eq!(totals(&busy), [3, 0, 0, 0, 3]);
    assert_eq!(
        totals(&sandbox.notify("2025-03-01").exits(0)),
        [0, 0, 0, 0, 0],
        "not before its pause is over"
    );
    let (sandbox, server_2) = over_smtp(Behaviour::HangsUpAfterBody, THREE);
    let lost = sandbox.notify("2025-03-01").exits(3);
    assert_eq!(totals(&lost)[3], 3, "{lost:?}");
    let handed = server_2.taken().len();
    server_2.behave(Behaviour::Friendly);
    sandbox.notify("2025-03-01").exits(0);
    assert_eq!(server_2.taken().len(), handed, "nothing uncertain is sent twice");
    assert!(server.taken().is_empty());
}

#[test]
fn paid_meanwhile_a_waiting_message_is_withdrawn() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, THREE);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let alive = format!("port = {}", server.port);
    sandbox.reconfigure(&alive, &format!("port = {dead}"));
    sandbox.notify("2025-03-01").exits(1);
    sandbox.pay("2025-03-01;124,00;T-1;K-1;;;;\n", "2025-03-01").exits(0);
    sandbox.reconfigure(&format!("port = {dead}"), &alive);
    sandbox.enforce("2025-03-02").exits(0);
    sandbox.notify("2025-03-02").exits(0);
    let to_first: Vec<String> = server
        .taken()
        .iter()
        .filter(|message| message.to == ["a@a.example"])
        .map(|message| MessageParser::default().parse(&message.bytes).unwrap().subject().unwrap().to_owned())
        .collect();
    assert_eq!(to_first.len(), 1);
    assert!(to_first[0].contains("Ανανεώθηκε"), "the reminder gave way to thanks: {to_first:?}");
}

#[test]
fn people_decide_about_what_failed_or_is_uncertain() {
    let (sandbox, server) = over_smtp(Behaviour::HangsUpAfterBody, "code;name;email\nK-1;Α;a@a.example\n");
    sandbox.notify("2025-03-01").exits(3);
    let listed = sandbox.run(&["outbox", "list", "--json"]).exits(0).json();
    let message = &listed["messages"][0];
    assert_eq!(message["deliveries"][0]["state"], "uncertain");
    assert_eq!(message["customer"], "K-1");
    assert_eq!(message["lines"][0]["stage"], "before-30");
    assert!(message["message_id"].as_str().unwrap().starts_with('<'));
    let id = message["id"].to_string();
    server.behave(Behaviour::Friendly);
    let reasons =
        ["--reason", "δεν υπάρχει στο αρχείο του διακομιστή", "--by", "maria", "--as-of", "2025-03-01"];
    let say = |verb: &str| {
        let mut arguments = vec!["outbox", verb, id.as_str()];
        arguments.extend(reasons);
        sandbox.run(&arguments)
    };
    assert!(say("requeue").exits(1).stderr.contains("uncertain"), "only what failed is requeued");
    say("resend").exits(0);
    assert_eq!(totals(&sandbox.notify("2025-03-02").exits(0)), [0, 1, 0, 0, 0]);
    assert!(say("confirm").exits(1).stderr.contains("sent"));
    let shown = sandbox.run(&["outbox", "show", &id]).exits(0).stdout;
    assert!(shown.contains("queued as 4XyZ9K1abc") && shown.contains("uncertain"), "{shown}");
    sandbox.run(&["outbox", "show", "999"]).exits(2);
    assert!(sandbox.run(&["outbox", "list"]).exits(0).stdout.contains("nothing waits"));
}

#[test]
fn many_uncertain_messages_are_decided_at_once_and_one_that_does_not_fit_keeps_none_back() {
    let (sandbox, _server) = over_smtp(Behaviour::HangsUpAfterBody, THREE);
    let lost = sandbox.notify("2025-03-01").exits(3).json();
    let run = lost["run"]["id"].to_string();
    let say = |arguments: &[&str]| {
        let whole: Vec<&str> = ["outbox", "confirm"]
            .iter()
            .chain(arguments)
            .copied()
            .chain(["--reason", "στο αρχείο", "--by", "maria", "--as-of", "2025-03-01", "--json"])
            .collect();
        sandbox.run(&whole)
    };
    let some = say(&["1", "99"]).exits(3);
    assert!(some.stderr.contains("there is no message 99"), "{}", some.stderr);
    assert_eq!(some.json()["messages"][0]["deliveries"][0]["state"], "sent");
    assert_eq!(say(&["2"]).exits(0).json()["id"], 2, "one by its number is an answer by itself");
    let rest = say(&["--all-uncertain-of", &run]).exits(0).json();
    assert_eq!(rest["messages"].as_array().unwrap().len(), 1, "a list, however many there are: {rest}");
    say(&["--all-uncertain-of", "99"]).exits(2);
    let none = say(&["--all-uncertain-of", &run]).exits(0).json();
    assert_eq!(none["messages"], serde_json::json!([]));
}

#[test]
fn mail_that_comes_back_counts_as_told_no_longer() {
    let (sandbox, server) =
        over_smtp(Behaviour::Friendly, "code;name;email;phone\nK-1;Α;a@a.example;2310 123456\n");
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    let last = server.taken().pop().unwrap();
    let id = MessageParser::default().parse(&last.bytes).unwrap().message_id().unwrap().to_owned();
    let report = format!(
        "From: MAILER-DAEMON@relay.example\nMIME-Version: 1.0\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; relay.example\n\nFinal-Recipient: rfc822; a@a.example\nAction: failed\n\
         Status: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{id}>\n\n--b--\n"
    );
    std::fs::create_dir_all(sandbox.path("bounces/new")).unwrap();
    sandbox.file("bounces/new/1.eml", &report);
    sandbox.file("bounces/new/2.eml", "From: a@b.example\nSubject: hello\n\nnot a bounce\n");
    let mailbox = sandbox.path("bounces");
    let mailbox = mailbox.to_str().unwrap();
    let ran = sandbox.run(&["import", "bounces", mailbox, "--as-of", "2025-04-06", "--json"]).exits(3);
    assert_eq!((ran.json()["read"].as_u64(), ran.json()["bounced"].as_u64()), (Some(2), Some(1)));
    assert!(ran.json()["attention"][0]["text"].as_str().unwrap().contains("2310 123456"));
    sandbox.run(&["import", "bounces", mailbox, "--as-of", "2025-04-06"]).exits(0);
    sandbox.pay("", "2025-04-08").exits(0);
    let enforced = sandbox.enforce("2025-04-08").exits(0).json();
    assert_eq!(crate::support::sandbox::steps(&enforced, "withheld"), ["suspend S-1 no_accepted_notice"]);
}

#[test]
fn hostile_data_reaches_exactly_the_right_address_in_sound_headers() {
    let nasty = [
        "Α\u{202e}Β",
        "{{lookup this \"x\"}} {{{x}}} {{> partial}}",
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "=HYPERLINK(1)",
        "../../etc/passwd",
        "a@x.example,b@x.example",
        "xxxxxxxxxx",
    ];
    let server = Server::start(Behaviour::Friendly);
    let sandbox = Sandbox::new();
    sandbox.reconfigure(
        "transport = \"folder\"\nfolder = \"outbox\"",
        &format!("transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"", server.port),
    );
    let quoted =
        |text: &str| format!("\"{}\"", text.replace('"', "\"\"").replace("xxxxxxxxxx", &"x".repeat(5000)));
    let people: String = nasty
        .iter()
        .enumerate()
        .map(|(i, text)| format!("K-{i};{};a{i}@a.example\n", quoted(text)))
        .collect();
    sandbox.import("customers", format!("code;name;email\n{people}"), "2025-03-01").exits(0);
    let services: String = nasty
        .iter()
        .enumerate()
        .map(|(i, text)| {
            // a domain name that looks like a path is refused before it comes so far
            let domain = quoted(text.replace('/', "").trim_start_matches('.'));
            format!("S-{i};K-{i};hosting;{};{domain};10;12;2025-03-31\n", quoted(text))
        })
        .collect();
    let head = "code;customer;kind;name;domain_name;price;period_months;expires_on\n";
    sandbox.import("services", format!("{head}{services}"), "2025-03-01").exits(0);
    let ran = sandbox.notify("2025-03-01");
    assert!(matches!(ran.status, 0 | 3), "{ran:?}");
    let taken = server.taken();
    assert!(taken.len() >= nasty.len() - 1, "{}", taken.len());
    for message in &taken {
        assert_eq!(message.to.len(), 1);
        let text = String::from_utf8(message.bytes.clone()).unwrap();
        assert!(text.lines().all(|line| line.len() <= 998), "a line is too long");
        let head = text.split("\r\n\r\n").next().unwrap();
        let names: Vec<&str> = head
            .lines()
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len(), "a header stands twice: {names:?}");
        assert!(!names.contains(&"Bcc"), "{names:?}");
        let mail = MessageParser::default().parse(&message.bytes).unwrap();
        assert!(!mail.body_html(0).unwrap().contains("<script>"));
        assert!(!mail.body_html(0).unwrap().contains("<img"));
        assert_eq!(mail.attachments().count(), 1);
    }
}

#[test]
fn check_logs_in_to_the_mail_server_and_sends_nothing() {
    let (sandbox, server) = over_smtp(Behaviour::Friendly, THREE);
    let ran = sandbox.run(&["check", "--json"]).exits(0).json();
    let mail =
        ran["checks"].as_array().unwrap().iter().find(|check| check["what"] == "mail").unwrap().clone();
    assert_eq!(mail["ok"], true, "{mail}");
    assert!(server.taken().is_empty());
    sandbox.reconfigure(&format!("port = {}", server.port), "port = 1");
    let ran = sandbox.run(&["check", "--json"]).exits(1).json();
    assert!(ran.to_string().contains("cannot connect to the mail server"), "{ran}");
}
