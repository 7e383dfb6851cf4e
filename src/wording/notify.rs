//! `notify`: who is told, who is not, and why.

use super::speech::{heads, say, table, word};
use crate::billing::money::Money;
use crate::export::{List, code};
use crate::views::{NotifyView, Totals};
use std::collections::BTreeMap;

/// So many who get no message are shown of each reason.
const SKIPPED_MAX: usize = 20;

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
        // hundreds of one reason say no more than their number; the preview and the JSON have them all
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        let shown = view.skipped.iter().filter(|skip| {
            let of = count.entry(skip.reason).or_default();
            *of += 1;
            *of <= SKIPPED_MAX
        });
        let shown: Vec<_> = shown.collect();
        text.push_str(&table(&List::of(head, shown, |skip| {
            let reason = word("reason", skip.reason);
            vec![reason.into(), code(&skip.customer), code(&skip.service), (&skip.because).into()]
        })));
        for (reason, all) in count.into_iter().filter(|(_, all)| *all > SKIPPED_MAX) {
            let more = say!("notify.more", count = all - SKIPPED_MAX, reason = word("reason", reason));
            text.push_str(&format!("{more}\n"));
        }
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
