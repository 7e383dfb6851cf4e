//! `notify`: who is told, who is not, and why.

use super::speech::{heads, say, table, word};
use crate::billing::money::Money;
use crate::export::{List, code};
use crate::views::{NotifyView, Totals};

/// Messages and who gets none as tables, and how many there are.
#[must_use]
pub(crate) fn text(view: &NotifyView) -> String {
    let mut text = String::new();
    if !view.messages.is_empty() {
        let head = heads(&["state", "customer", "name", "amount", "subject"]);
        text.push_str(&table(
            &List::of(head, &view.messages, |message| {
                let amount = Money::from_cents(message.total_cents);
                let state = word("delivery", message.state);
                let (name, subject) = (&message.name, &message.subject);
                vec![state.into(), code(&message.customer), name.into(), amount.into(), subject.into()]
            })
            .sparing(&[2, 4]),
        ));
    }
    if !view.skipped.is_empty() {
        text.push_str(&say!("notify.not_told"));
        text.push('\n');
        let head = heads(&["reason", "customer", "service", "because"]);
        text.push_str(&table(&List::of(head, &view.skipped, |skip| {
            let reason = word("reason", skip.reason);
            vec![reason.into(), code(&skip.customer), code(&skip.service), (&skip.because).into()]
        })));
    }
    let Totals { messages, sent, failed, uncertain, queued: waiting, .. } = &view.totals;
    let mode = if view.run.mode == "trial" { say!("enforce.trial") } else { String::new() };
    text.push_str(&say!("notify.sum", command = view.run.command, day = view.run.as_of, mode, messages));
    if view.run.dry_run {
        text.push_str(&format!(" {}", say!("notify.dry_run")));
    } else {
        text.push_str(&say!("notify.outcome", sent, failed, uncertain, waiting));
    }
    text + "\n"
}
