//! Bounces: mail that came back ties itself to its message, which then counts as told no longer.

use super::Desk;
use super::attention::{Findings, Kind};
use crate::billing::address::masked;
use crate::mail::bounce;
use crate::store::{Customers, Outbox, RunId, Store};
use crate::views::AttentionView;
use anyhow::{Context, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What an import of bounces came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Messages looked at.
    pub read: u64,
    /// Deliveries that came back.
    pub bounced: u64,
    /// Notifications of messages that are not ours.
    pub foreign: u64,
    /// What needs a person and is new.
    pub fresh: Vec<AttentionView>,
}

/// Reads a Maildir, an mbox file, or a single message, and marks what came back.
///
/// # Errors
/// A mailbox that cannot be read.
pub fn import(desk: &Desk, store: &mut Store, run: RunId, mailbox: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut findings = Findings::default();
    for message in messages(mailbox)? {
        outcome.read += 1;
        for bounce in bounce::read(&message) {
            let deliveries = store.deliveries_of(&bounce.message_id)?;
            // a relay may report the address in another case, or the only one there is under an alias
            let hit = deliveries
                .iter()
                .find(|(_, address, _)| address.to_lowercase() == bounce.recipient)
                .or_else(|| if deliveries.len() == 1 { deliveries.first() } else { None });
            let Some((delivery, address, customer)) = hit else {
                outcome.foreign += 1;
                continue;
            };
            let news = store.write(|tx| -> Result<bool> {
                let news = tx.mark_bounced(*delivery, desk.today, &bounce.why)?;
                if news {
                    let detail = json!({ "delivery": delivery, "why": bounce.why });
                    tx.journal(run, Some(customer), None, "bounced", &detail)?;
                }
                Ok(news)
            })?;
            if news {
                outcome.bounced += 1;
                let record = store.customer(customer)?;
                let phone = record
                    .and_then(|customer| customer.phone)
                    .unwrap_or_else(|| "no phone number".to_owned());
                let text = format!(
                    "mail to {} of `{customer}` came back ({}); call {phone}, and mend the address",
                    masked(address),
                    bounce.why
                );
                findings.add(Kind::Bounced, delivery.to_string(), Some(customer), None, text);
            }
        }
    }
    outcome.fresh = findings.raise(desk, store, run, None)?;
    Ok(outcome)
}

fn messages(mailbox: &Path) -> Result<Vec<Vec<u8>>> {
    let failed = |path: &Path| format!("the mailbox `{}` cannot be read", path.display());
    if !mailbox.is_dir() {
        let bytes = std::fs::read(mailbox).with_context(|| failed(mailbox))?;
        return Ok(mbox(&bytes));
    }
    let mut files: Vec<PathBuf> = Vec::new();
    let folders = [mailbox.join("new"), mailbox.join("cur")];
    let folders: Vec<&Path> = if folders.iter().any(|folder| folder.is_dir()) {
        folders.iter().filter(|folder| folder.is_dir()).map(PathBuf::as_path).collect()
    } else {
        vec![mailbox]
    };
    for folder in folders {
        for entry in std::fs::read_dir(folder).with_context(|| failed(folder))? {
            let path = entry.with_context(|| failed(folder))?.path();
            if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|file| std::fs::read(file).with_context(|| failed(file))).collect()
}

/// The messages of an mbox: each begins with a line `From `.
fn mbox(bytes: &[u8]) -> Vec<Vec<u8>> {
    if !bytes.starts_with(b"From ") {
        return vec![bytes.to_vec()];
    }
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let mut after_blank = true;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if after_blank && line.starts_with(b"From ") {
            messages.push(Vec::new());
        } else if let Some(message) = messages.last_mut() {
            message.extend_from_slice(
                line.strip_prefix(b">").filter(|l| l.starts_with(b"From ")).unwrap_or(line),
            );
        }
        after_blank = line.iter().all(u8::is_ascii_whitespace);
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::mbox;

    #[test]
    fn an_mbox_falls_into_its_messages() {
        let two = b"From a@b Mon\nSubject: 1\n\n>From here\nnot From x\n\nFrom c@d Tue\nSubject: 2\n\nbody\n";
        let messages = mbox(two);
        assert_eq!(messages.len(), 2);
        assert!(messages[0].ends_with(b"From here\nnot From x\n\n"));
        assert_eq!(mbox(b"Subject: one\n\nFrom me\n").len(), 1);
    }
}
