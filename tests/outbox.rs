//! A night's e-mails through a real SMTP conversation, read by another MIME reader.

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::smtp::{Behaviour, Server};
use mail_parser::{MessageParser, MimeHeaders};

fn over_smtp(behaviour: Behaviour, customers: &str) -> (Sandbox, Server) {
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

fn totals(ran: &Ran) -> [i64; 5] {
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
            subject.starts_with("Καρτέλα Χρέωσης KX-2025-00000") && subject.contains("31/03/2025"),
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
        let amount = text.lines().find_map(|line| line.trim().strip_prefix("Ποσό πληρωμής: ")).unwrap();
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
    assert!(to_first[0].contains("ανανέωση"), "the reminder gave way to thanks: {to_first:?}");
}
