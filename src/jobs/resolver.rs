//! What the relay's own log says about uncertain deliveries: Postfix on this machine writes down whatever
//! it took, also when nobody read its answer.

use super::Desk;
use crate::store::{DeliveryState, Outbox, RunId, Store};
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What a Postfix log tells: per Message-ID the queue ids, and which of them were queued, for whom.
#[derive(Debug, Default)]
struct Log {
    queue_ids: BTreeMap<String, BTreeSet<String>>,
    queued: BTreeSet<String>,
    recipients: BTreeSet<(String, String)>,
}

impl Log {
    fn line(&mut self, line: &str) {
        let Some((head, rest)) = line.split_once("]: ") else { return };
        let Some((queue_id, text)) = rest.split_once(": ") else { return };
        if !queue_id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return;
        }
        if head.contains("/cleanup[") {
            if let Some(message_id) = text.strip_prefix("message-id=") {
                self.queue_ids.entry(message_id.trim().to_owned()).or_default().insert(queue_id.to_owned());
            }
        } else if head.contains("/qmgr[") && text.contains("(queue active)") {
            self.queued.insert(queue_id.to_owned());
        } else if let Some((address, _)) = text.strip_prefix("to=<").and_then(|rest| rest.split_once('>')) {
            self.recipients.insert((queue_id.to_owned(), address.to_lowercase()));
        }
    }

    /// The queue id under which a message to an address was taken.
    fn accepted(&self, message_id: &str, address: &str) -> Option<&str> {
        let address = address.to_lowercase();
        self.queue_ids.get(message_id)?.iter().map(String::as_str).find(|queue_id| {
            self.queued.contains(*queue_id)
                && self.recipients.contains(&((*queue_id).to_owned(), address.clone()))
        })
    }
}

/// Settles uncertain deliveries that the log knows; gives how many. The others stay uncertain.
///
/// # Errors
/// A log that cannot be read, a database that cannot be written.
pub fn resolve(desk: &Desk, store: &mut Store, run: RunId) -> Result<u64> {
    let Some(path) = desk.config.smtp.postfix_log.as_deref() else { return Ok(0) };
    let troubled: Vec<_> = store
        .troubled_deliveries()?
        .into_iter()
        .filter(|trouble| trouble.state == DeliveryState::Uncertain)
        .collect();
    if troubled.is_empty() {
        return Ok(0);
    }
    let log = read(path)?;
    let mut settled = 0;
    for trouble in troubled {
        let Some(message) = store.listed_message(trouble.message)? else { continue };
        let Some(queue_id) = log.accepted(&message.message_id, &trouble.address) else { continue };
        let reply = format!("accepted, by the mail server's own log: {queue_id}");
        store.write(|tx| -> Result<()> {
            tx.decide_delivery(
                trouble.delivery,
                DeliveryState::Uncertain,
                DeliveryState::Sent,
                desk.today,
                &reply,
            )?;
            let detail = json!({ "delivery": trouble.delivery, "queue_id": queue_id });
            tx.journal(run, Some(&trouble.customer), None, "outbox_resolved", &detail)?;
            Ok(())
        })?;
        settled += 1;
    }
    Ok(settled)
}

fn read(path: &Path) -> Result<Log> {
    let failed = || format!("the mail server's log `{}` cannot be read", path.display());
    let mut reader = BufReader::new(std::fs::File::open(path).with_context(failed)?);
    let mut log = Log::default();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).with_context(failed)? > 0 {
        log.line(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn only_what_was_queued_for_that_address_counts() {
        let mut log = Log::default();
        for line in [
            "Nov 23 06:30:01 mx postfix/smtpd[11]: connect from localhost[127.0.0.1]",
            "Nov 23 06:30:01 mx postfix/cleanup[12]: 4XA1: message-id=<1@konet.example>",
            "Nov 23 06:30:01 mx postfix/qmgr[13]: 4XA1: from=<a@konet.example>, size=9, nrcpt=1 (queue active)",
            "Nov 23 06:30:02 mx postfix/smtp[14]: 4XA1: to=<A@alpha.example>, relay=mx, status=sent (250 ok)",
            "Nov 23 06:30:03 mx postfix/cleanup[12]: 4XB2: message-id=<2@konet.example>",
            "Nov 23 06:30:03 mx postfix/smtpd[11]: lost connection after DATA from localhost[127.0.0.1]",
        ] {
            log.line(line);
        }
        assert_eq!(log.accepted("<1@konet.example>", "a@alpha.example"), Some("4XA1"));
        assert_eq!(log.accepted("<1@konet.example>", "b@alpha.example"), None);
        assert_eq!(log.accepted("<2@konet.example>", "a@alpha.example"), None);
        assert_eq!(log.accepted("<3@konet.example>", "a@alpha.example"), None);
    }
}
