//! Delivery status notifications (RFC 3464): which message did not reach which address.

use mail_parser::{MessageParser, MimeHeaders, PartType};

/// One failed recipient of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The Message-ID of what came back, with its brackets.
    pub message_id: String,
    /// The address it did not reach.
    pub recipient: String,
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
            ("message", "delivery-status") => status = String::from_utf8_lossy(part.contents()).into_owned(),
            ("message", "rfc822") => {
                if let PartType::Message(original) = &part.body {
                    message_id = original.message_id().map(str::to_owned).or(message_id);
                }
            }
            ("text", "rfc822-headers") | ("message", "rfc822-headers") => {
                let headers = MessageParser::default().parse(part.contents());
                message_id =
                    headers.and_then(|headers| headers.message_id().map(str::to_owned)).or(message_id);
            }
            _ => {}
        }
    }
    let Some(message_id) = message_id else { return Vec::new() };
    failures(&status)
        .into_iter()
        .map(|(recipient, why)| Bounce { message_id: format!("<{message_id}>"), recipient, why })
        .collect()
}

/// The recipients of a delivery status that failed for good, each with the reason.
fn failures(status: &str) -> Vec<(String, String)> {
    let mut failures = Vec::new();
    for group in status.replace("\r\n", "\n").split("\n\n") {
        let field = |name: &str| {
            let unfolded = group.replace("\n ", " ").replace("\n\t", " ");
            unfolded.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let Some(recipient) = field("Original-Recipient").or_else(|| field("Final-Recipient")) else {
            continue;
        };
        if !field("Action").is_some_and(|action| action.eq_ignore_ascii_case("failed")) {
            continue;
        }
        let address = recipient.split_once(';').map_or(recipient.as_str(), |(_, address)| address).trim();
        let said = [field("Status"), field("Diagnostic-Code")];
        let why = said.into_iter().flatten().collect::<Vec<_>>().join(", ");
        failures.push((address.trim_matches(['<', '>']).to_lowercase(), why.chars().take(300).collect()));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "From: MAILER-DAEMON@relay.example\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n\
        --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n\
        Final-Recipient: rfc822; A@alpha.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
        Diagnostic-Code: smtp; 550 5.1.1 no\r\n such user\r\n\r\n\
        Final-Recipient: rfc822; b@alpha.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n\
        --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1234@konet.example>\r\nSubject: x\r\n\r\n--b--\r\n";

    #[test]
    fn names_what_failed_for_good_and_nothing_else() {
        let found = read(REPORT.as_bytes());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].message_id, "<1234@konet.example>");
        assert_eq!(found[0].recipient, "a@alpha.example");
        assert_eq!(found[0].why, "5.1.1, smtp; 550 5.1.1 no such user");
        assert_eq!(read(&REPORT.replace("text/rfc822-headers", "message/rfc822").into_bytes()).len(), 1);
    }

    #[test]
    fn other_mail_is_no_bounce() {
        assert!(read(b"From: a@a.example\r\nSubject: hello\r\n\r\nAction: failed\r\n").is_empty());
        assert!(read(b"\x00\xff garbage").is_empty());
        assert!(read(&REPORT.replace("1234@konet.example", "").into_bytes()).is_empty());
    }
}
