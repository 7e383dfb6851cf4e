//! `outbox`: what waits, failed or is uncertain.

use super::speech::{heads, say, table, word};
use crate::export::{List, code};
use crate::views::outbox::{OLDER_DATABASE, OutboxMessage, OutboxView};

/// A line for each delivery.
#[must_use]
pub(crate) fn listing(view: &OutboxView) -> String {
    let deliveries =
        view.messages.iter().flat_map(|message| message.deliveries.iter().map(move |line| (message, line)));
    let deliveries: Vec<_> = deliveries.collect();
    if deliveries.is_empty() {
        return say!("outbox.nothing") + "\n";
    }
    let head = heads(&["message", "made", "customer", "card", "state", "to", "reply"]);
    table(
        &List::of(head, &deliveries, |(message, line)| {
            let delivery = &line.delivery;
            vec![
                code(message.id.to_string()),
                message.made_on.into(),
                code(&message.customer),
                code(&message.card),
                word("delivery", &delivery.state).into(),
                (&delivery.to).into(),
                delivery.reply.as_deref().map(reply).into(),
            ]
        })
        .sparing(&[1, 6]),
    )
}

/// One message with every attempt to deliver it.
#[must_use]
pub(crate) fn whole(view: &OutboxMessage) -> String {
    let OutboxMessage { id: message, made_on: on, customer, subject, card, message_id: id, .. } = view;
    let head = say!("outbox.message", message, on, customer);
    let mut text = format!("{head}\n{subject}\n{}\n", say!("outbox.card", card, id));
    for line in &view.deliveries {
        let delivery = &line.delivery;
        let reply = delivery.reply.as_deref().map(reply).unwrap_or_default();
        text.push_str(&format!(
            "{} ({}): {} {reply}\n",
            delivery.to,
            delivery.role,
            word("delivery", &delivery.state)
        ));
        for attempt in &line.attempts {
            text.push_str(&format!(
                "  {} {} {}: {}\n",
                attempt.at, attempt.stage, attempt.outcome, attempt.reply
            ));
        }
    }
    text
}

/// What a mail server replied, as it did, or why none was asked.
pub(crate) fn reply(text: &str) -> String {
    match text.strip_suffix(OLDER_DATABASE) {
        Some(notice) => say!("mail.restored", notice),
        None => text.to_owned(),
    }
}
