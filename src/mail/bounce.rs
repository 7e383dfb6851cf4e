//! Delivery status notifications (RFC 3464): which message did not reach which address.
//!
//! Whoever writes to the mailbox of bounces is anybody: what is read here is believed only where the store knows
//! the message by a name that only we could give it.

use crate::billing::address;
use crate::billing::text::cleaned;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// A notification is about the one address of one delivery; more recipients than this are not looked at.
const RECIPIENTS_MAX: usize = 20;
/// Nor are more addresses that the notification itself was sent to.
const SENDERS_MAX: usize = 10;
const STATUS_MAX: usize = 64 * 1024;
const WHY_MAX: usize = 300;

/// One failed recipient of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The Message-ID of what came back, with its brackets, where the notification holds it.
    pub message_id: Option<String>,
    /// The addresses the notification was sent to: the envelope sender of what came back is among them.
    pub senders: Vec<String>,
    /// The address it did not reach, as it was given and as it was at last.
    pub recipients: Vec<String>,
    /// The status and what the other server said.
    pub why: String,
}

/// Reads a notification; empty where it is none, or reports no final failure.
#[must_use]
pub fn read(bytes: &[u8]) -> Vec<Bounce> {
    let Some(message) = MessageParser::default().parse(bytes) else { return Vec::new() };
    let is_report =
        message.content_type().is_some_and(|t| t.ctype() == "multipart" && t.subtype() == Some("report"));
    if !is_report {
        return Vec::new();
    }
    let mut status = String::new();
    let mut message_id = None;
    for part in &message.parts {
        let Some(kind) = part.content_type() else { continue };
        match (kind.ctype(), kind.subtype().unwrap_or("")) {
            ("message", "delivery-status" | "global-delivery-status") => {
                let contents = part.contents();
                status = String::from_utf8_lossy(&contents[..contents.len().min(STATUS_MAX)]).into_owned();
            }
            ("message", "rfc822" | "global") => {
                if let PartType::Message(original) = &part.body {
                    message_id = original.message_id().map(str::to_owned).or(message_id);
                }
            }
            ("text" | "message", "rfc822-headers" | "global-headers") => {
                let headers = MessageParser::default().parse(part.contents());
                message_id =
                    headers.and_then(|headers| headers.message_id().map(str::to_owned)).or(message_id);
            }
            _ => {}
        }
    }
    let message_id = message_id.map(|id| format!("<{id}>"));
    let senders = senders(&message);
    failures(&status)
        .into_iter()
        .map(|(recipients, why)| Bounce {
            message_id: message_id.clone(),
            senders: senders.clone(),
            recipients,
            why,
        })
        .collect()
}

/// The addresses that a notification was sent to.
fn senders(message: &Message<'_>) -> Vec<String> {
    const FIELDS: [&str; 4] = ["To", "Delivered-To", "X-Original-To", "Envelope-To"];
    message
        .headers_raw()
        .filter(|(name, _)| FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field)))
        .flat_map(|(_, value)| value.split(|c: char| c.is_whitespace() || "<>,;\"".contains(c)))
        .filter(|word| word.contains('@') && word.len() <= 320)
        .map(str::to_owned)
        .take(SENDERS_MAX)
        .collect()
}

/// The recipients of a delivery status that failed for good, each with the reason.
fn failures(status: &str) -> Vec<(Vec<String>, String)> {
    let status = status.replace("\r\n", "\n");
    let groups = status.split("\n\n").map(fields).filter(|fields| named(fields, "Action").is_some());
    let mut failures = Vec::new();
    for fields in groups.take(RECIPIENTS_MAX) {
        if !named(&fields, "Action").is_some_and(|action| action.eq_ignore_ascii_case("failed")) {
            continue;
        }
        let given = [named(&fields, "Original-Recipient"), named(&fields, "Final-Recipient")];
        let recipients: Vec<String> = given.into_iter().flatten().map(bare).collect();
        if recipients.is_empty() {
            continue;
        }
        let said = [named(&fields, "Status"), named(&fields, "Diagnostic-Code")];
        let why = said.into_iter().flatten().collect::<Vec<_>>().join(", ");
        failures.push((recipients, cleaned(&why).chars().take(WHY_MAX).collect()));
    }
    failures
}

/// The fields of one group, unfolded.
fn fields(group: &str) -> Vec<(String, String)> {
    let unfolded = group.replace("\n ", " ").replace("\n\t", " ");
    let fields = unfolded.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

fn named<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// `rfc822; <A@Alpha.example>` as addresses are compared.
fn bare(recipient: &str) -> String {
    let address = recipient.split_once(';').map_or(recipient, |(_, address)| address).trim();
    address::compared(address.trim_matches(['<', '>']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "From: MAILER-DAEMON@relay.example\r\nTo: <bounces+7-ab@konet.example>\r\n\
        Subject: Undelivered Mail\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n\
        --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n\
        Final-Recipient: rfc822; A@alpha.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
        Diagnostic-Code: smtp; 550 5.1.1 no\r\n such \u{1b}[31muser\r\n\r\n\
        Final-Recipient: rfc822; b@alpha.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n\
        --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1234@konet.example>\r\nSubject: x\r\n\r\n--b--\r\n";

    #[test]
    fn names_what_failed_for_good_and_nothing_else() {
        let found = read(REPORT.as_bytes());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].message_id.as_deref(), Some("<1234@konet.example>"));
        assert_eq!(found[0].recipients, ["a@alpha.example"]);
        assert_eq!(found[0].senders, ["bounces+7-ab@konet.example"]);
        assert_eq!(found[0].why, "5.1.1, smtp; 550 5.1.1 no such [31muser", "nothing that a terminal obeys");
        assert_eq!(read(&REPORT.replace("text/rfc822-headers", "message/rfc822").into_bytes()).len(), 1);
        let unnamed = read(&REPORT.replace("Message-ID: <1234@konet.example>\r\n", "").into_bytes());
        assert_eq!(unnamed[0].message_id, None, "the envelope sender may know it all the same");
    }

    #[test]
    fn other_mail_is_no_bounce() {
        assert!(read(b"From: a@a.example\r\nSubject: hello\r\n\r\nAction: failed\r\n").is_empty());
        assert!(read(b"\x00\xff garbage").is_empty());
    }

    #[test]
    fn a_report_of_four_thousand_recipients_is_read_as_far_as_twenty() {
        let one = "Final-Recipient: rfc822; x@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
        let many = REPORT.replace(
            "Final-Recipient: rfc822; A",
            &format!("{}Final-Recipient: rfc822; A", one.repeat(4000)),
        );
        assert_eq!(read(many.as_bytes()).len(), RECIPIENTS_MAX);
    }
}
