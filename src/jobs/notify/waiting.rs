//! Messages that wait since an earlier run.

use crate::billing::facts::Facts;
use crate::billing::ids::CustomerCode;
use crate::billing::notice::NoticeFate;
use crate::store::{Run, Store, Waiting};
use anyhow::Result;
use serde_json::json;

/// Facts as if messages that give way to another did not exist; what was told with them stays told.
pub(in crate::jobs) fn without_waiting(facts: &mut Facts, waiting: &[Waiting]) {
    let keys: Vec<&String> = waiting.iter().flat_map(|message| &message.keys).collect();
    facts.notices.retain(|notice| {
        matches!(notice.fate, NoticeFate::Accepted(_) | NoticeFate::Uncertain)
            || !keys.contains(&&notice.key.to_string())
    });
}

/// What waits is withdrawn.
pub(super) fn withdraw(
    store: &mut Store,
    run: Run,
    code: &CustomerCode,
    waiting: &[Waiting],
    why: &str,
) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    store.write(run, |tx| -> Result<()> {
        for message in waiting {
            tx.cancel_message(message.message, why)?;
            let detail = json!({ "message": message.message, "because": why });
            tx.journal(Some(code), None, "message_cancelled", &detail)?;
        }
        Ok(())
    })?;
    Ok(())
}
