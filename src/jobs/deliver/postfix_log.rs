//! What the relay's own log says about uncertain deliveries: Postfix on this machine writes down whatever
//! it took, also when nobody read its answer.

use crate::billing::address::compared;
use crate::jobs::Desk;
use crate::jobs::deliver::envelope::sender;
use crate::mail::keyed::MailKey;
use crate::store::{DeliveryState, Run, Store, Troubled};
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// No line of a mail log is longer.
const LINE_MAX: u64 = 16 * 1024;

/// One message that Postfix took in, under one of its queue ids.
#[derive(Debug, Default)]
struct Taken {
    queue_id: String,
    message_id: String,
    sender: Option<String>,
    recipients: BTreeSet<String>,
}

/// What a Postfix log tells of the Message-IDs that were asked about.
#[derive(Debug, Default)]
struct Log {
    wanted: BTreeSet<String>,
    /// By queue id: Postfix gives an id again once it is free, so the newest is the one that lines speak of.
    open: BTreeMap<String, Taken>,
    closed: Vec<Taken>,
    /// Handed in by a program on this machine and not over SMTP: none of ours.
    picked_up: BTreeSet<String>,
}

impl Log {
    fn line(&mut self, line: &str) {
        let Some((head, rest)) = line.split_once("]: ") else { return };
        let Some((queue_id, text)) = rest.split_once(": ") else { return };
        if !queue_id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return;
        }
        if head.contains("/pickup[") {
            self.picked_up.insert(queue_id.to_owned());
        } else if head.contains("/smtpd[") && text.starts_with("client=") {
            self.picked_up.remove(queue_id);
        } else if head.contains("/cleanup[") {
            if let Some(message_id) = text.strip_prefix("message-id=") {
                self.took(queue_id, message_id.trim());
            }
        } else if let Some(taken) = self.open.get_mut(queue_id) {
            if head.contains("/qmgr[") && text.contains("(queue active)") {
                let from = text.strip_prefix("from=<").and_then(|rest| rest.split_once('>'));
                taken.sender = from.map(|(address, _)| compared(address)).or(taken.sender.take());
            } else if let Some((address, _)) = text.strip_prefix("to=<").and_then(|rest| rest.split_once('>'))
            {
                taken.recipients.insert(compared(address));
            }
        }
    }

    /// A queue id begins to stand for a message.
    fn took(&mut self, queue_id: &str, message_id: &str) {
        self.closed.extend(self.open.remove(queue_id));
        if self.wanted.contains(message_id) && !self.picked_up.contains(queue_id) {
            let taken = Taken {
                queue_id: queue_id.to_owned(),
                message_id: message_id.to_owned(),
                ..Taken::default()
            };
            self.open.insert(queue_id.to_owned(), taken);
        }
    }

    /// The queue id under which a message of one of our `senders` to an address was taken.
    fn accepted(&self, message_id: &str, address: &str, senders: &[String]) -> Option<&str> {
        let fits = |taken: &&Taken| {
            taken.message_id == message_id
                && taken
                    .sender
                    .as_ref()
                    .is_some_and(|from| senders.iter().any(|ours| compared(ours) == *from))
                && taken.recipients.contains(&compared(address))
        };
        self.open.values().chain(&self.closed).find(fits).map(|taken| taken.queue_id.as_str())
    }
}

/// Settles uncertain deliveries that the log knows; gives how many. The others stay uncertain.
///
/// # Errors
/// A log that cannot be read, a database that cannot be written.
pub(super) fn resolve(desk: &Desk, store: &mut Store, run: Run) -> Result<u64> {
    let Some(path) = desk.config.smtp.postfix_log.as_deref() else { return Ok(0) };
    let mut uncertain: Vec<(Troubled, String)> = Vec::new();
    for trouble in store.troubled_deliveries()? {
        if trouble.state == DeliveryState::Uncertain
            && let Some(message) = store.listed_message(trouble.message)?
        {
            uncertain.push((trouble, message.message_id));
        }
    }
    if uncertain.is_empty() {
        return Ok(0);
    }
    let key = MailKey::new(store.mail_key()?);
    let log = read(path, uncertain.iter().map(|(_, id)| id.clone()).collect())?;
    let mut settled = 0;
    for (trouble, message_id) in uncertain {
        // it left before or after our deliveries had senders of their own
        let senders =
            [sender(desk, &key, trouble.delivery, &trouble.address), desk.config.mail.envelope_from.clone()];
        let Some(queue_id) = log.accepted(&message_id, &trouble.address, &senders) else { continue };
        let reply = format!("accepted, by the mail server's own log: {queue_id}");
        store.write(run, |tx| -> Result<()> {
            tx.decide_delivery(trouble.delivery, DeliveryState::Uncertain, DeliveryState::Sent, &reply)?;
            let detail = json!({ "delivery": trouble.delivery, "queue_id": queue_id });
            tx.journal(Some(&trouble.customer), None, "outbox_resolved", &detail)?;
            Ok(())
        })?;
        settled += 1;
    }
    Ok(settled)
}

fn read(path: &Path, wanted: BTreeSet<String>) -> Result<Log> {
    let failed = || format!("the mail server's log `{}` cannot be read", path.display());
    let mut reader = BufReader::new(std::fs::File::open(path).with_context(failed)?);
    let mut log = Log { wanted, ..Log::default() };
    let mut line = Vec::new();
    while reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line).with_context(failed)? > 0 {
        log.line(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::Log;

    const US: &str = "a@konet.example";

    fn log(lines: &[&str]) -> Log {
        let wanted = ["<1@konet.example>", "<2@konet.example>"].map(str::to_owned).into();
        let mut log = Log { wanted, ..Log::default() };
        for line in lines {
            log.line(&format!("Nov 23 06:30:01 mx postfix/{line}"));
        }
        log
    }

    fn accepted(log: &Log, id: &str, address: &str) -> Option<String> {
        log.accepted(id, address, &[US.to_owned()]).map(str::to_owned)
    }

    #[test]
    fn only_what_was_queued_for_that_address_counts() {
        let log = log(&[
            "smtpd[11]: connect from localhost[127.0.0.1]",
            "smtpd[11]: 4XA1: client=localhost[127.0.0.1]",
            "cleanup[12]: 4XA1: message-id=<1@konet.example>",
            "qmgr[13]: 4XA1: from=<A@konet.example>, size=9, nrcpt=1 (queue active)",
            "smtp[14]: 4XA1: to=<A@alpha.example>, relay=mx, status=sent (250 ok)",
            "cleanup[12]: 4XB2: message-id=<2@konet.example>",
            "smtpd[11]: lost connection after DATA from localhost[127.0.0.1]",
        ]);
        assert_eq!(accepted(&log, "<1@konet.example>", "a@alpha.example").as_deref(), Some("4XA1"));
        assert_eq!(accepted(&log, "<1@konet.example>", "b@alpha.example"), None);
        assert_eq!(accepted(&log, "<2@konet.example>", "a@alpha.example"), None);
        assert_eq!(accepted(&log, "<3@konet.example>", "a@alpha.example"), None);
    }

    #[test]
    fn a_message_that_somebody_else_sent_under_our_id_is_not_ours() {
        for stranger in [
            "qmgr[13]: 4XA1: from=<mallory@konet.example>, size=9, nrcpt=1 (queue active)",
            "qmgr[13]: 4XA1: from=<>, size=9, nrcpt=1 (queue active)",
        ] {
            let log = log(&[
                "smtpd[11]: 4XA1: client=localhost[127.0.0.1]",
                "cleanup[12]: 4XA1: message-id=<1@konet.example>",
                stranger,
                "smtp[14]: 4XA1: to=<a@alpha.example>, relay=mx, status=sent (250 ok)",
            ]);
            assert_eq!(accepted(&log, "<1@konet.example>", "a@alpha.example"), None, "{stranger}");
        }
        let picked_up = log(&[
            "pickup[11]: 4XA1: uid=1000 from=<a@konet.example>",
            "cleanup[12]: 4XA1: message-id=<1@konet.example>",
            "qmgr[13]: 4XA1: from=<a@konet.example>, size=9, nrcpt=1 (queue active)",
            "smtp[14]: 4XA1: to=<a@alpha.example>, relay=mx, status=sent (250 ok)",
        ]);
        assert_eq!(accepted(&picked_up, "<1@konet.example>", "a@alpha.example"), None);
    }

    #[test]
    fn a_queue_id_that_was_given_again_proves_nothing_for_the_message_before() {
        let log = log(&[
            "cleanup[12]: 4XA1: message-id=<1@konet.example>",
            "cleanup[12]: 4XA1: message-id=<other@konet.example>",
            "qmgr[13]: 4XA1: from=<a@konet.example>, size=9, nrcpt=1 (queue active)",
            "smtp[14]: 4XA1: to=<a@alpha.example>, relay=mx, status=sent (250 ok)",
        ]);
        assert_eq!(accepted(&log, "<1@konet.example>", "a@alpha.example"), None);
    }
}
