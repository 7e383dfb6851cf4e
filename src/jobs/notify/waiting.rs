//! Messages that wait since an earlier run.

use crate::billing::facts::Facts;
use crate::billing::ids::CustomerCode;
use crate::billing::notice::NoticeFate;
use crate::store::{StoreError, Tx, Waiting};
use serde_json::json;

/// Facts as if messages that give way to another did not exist; what was told with them stays told.
pub(in crate::jobs) fn without_waiting(facts: &mut Facts, waiting: &[Waiting]) {
    let keys: Vec<&String> = waiting.iter().flat_map(|message| &message.keys).collect();
    facts.notices.retain(|notice| {
        matches!(notice.fate, NoticeFate::Accepted(_) | NoticeFate::Uncertain)
            || !keys.contains(&&notice.key.to_string())
    });
}

/// Messages of a customer that wait and are withdrawn.
pub(super) struct Over {
    /// Whose.
    pub(super) customer: CustomerCode,
    /// Which.
    pub(super) waiting: Vec<Waiting>,
    /// Why.
    pub(super) because: &'static str,
}

impl Over {
    /// Withdraws them.
    pub(super) fn withdraw(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        for message in &self.waiting {
            tx.cancel_message(message.message, self.because)?;
            let detail = json!({ "message": message.message, "because": self.because });
            tx.journal(Some(&self.customer), None, "message_cancelled", &detail)?;
        }
        Ok(())
    }
}
