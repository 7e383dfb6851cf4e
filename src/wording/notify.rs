//! `notify`: who is told, who is not, and why.

use crate::billing::money::Money;
use crate::export::{List, table};
use crate::views::NotifyView;

/// Messages and who gets none as tables, and how many there are.
#[must_use]
pub(crate) fn text(view: &NotifyView) -> String {
    let mut text = String::new();
    if !view.messages.is_empty() {
        let head = ["state", "customer", "amount", "subject"];
        text.push_str(&table(&List::of(&head, &view.messages, |message| {
            let amount = Money::from_cents(message.total_cents);
            vec![message.state.into(), (&message.customer).into(), amount.into(), (&message.subject).into()]
        })));
    }
    if !view.skipped.is_empty() {
        text.push_str("Not told:\n");
        let head = ["reason", "customer", "service", "because"];
        text.push_str(&table(&List::of(&head, &view.skipped, |skip| {
            vec![skip.reason.into(), (&skip.customer).into(), (&skip.service).into(), (&skip.because).into()]
        })));
    }
    let totals = &view.totals;
    let mode = if view.run.mode == "trial" { ", trial" } else { "" };
    text.push_str(&format!(
        "{} as of {}{mode}: {} messages",
        view.run.command, view.run.as_of, totals.messages
    ));
    if view.run.dry_run {
        text.push_str(" (dry run: nothing was written or sent)\n");
    } else {
        text.push_str(&format!(
            "; {} sent, {} failed, {} uncertain, {} waiting\n",
            totals.sent, totals.failed, totals.uncertain, totals.queued
        ));
    }
    text
}
