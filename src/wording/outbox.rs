//! `outbox`: what waits, failed or is uncertain.

use crate::export::{List, table};
use crate::views::outbox::{OutboxMessage, OutboxView};

/// A line for each delivery.
#[must_use]
pub(crate) fn listing(view: &OutboxView) -> String {
    let deliveries =
        view.messages.iter().flat_map(|message| message.deliveries.iter().map(move |line| (message, line)));
    let deliveries: Vec<_> = deliveries.collect();
    if deliveries.is_empty() {
        return "nothing waits, failed or is uncertain\n".to_owned();
    }
    let head = ["message", "made", "customer", "card", "state", "to", "reply"];
    table(&List::of(&head, &deliveries, |(message, line)| {
        let delivery = &line.delivery;
        vec![
            message.id.to_string().into(),
            message.made_on.into(),
            (&message.customer).into(),
            (&message.card).into(),
            (&delivery.state).into(),
            (&delivery.to).into(),
            delivery.reply.as_ref().into(),
        ]
    }))
}

/// One message with every attempt to deliver it.
#[must_use]
pub(crate) fn whole(view: &OutboxMessage) -> String {
    let mut text = format!(
        "message {} of {} to {}\n{}\ncard {}, {}\n",
        view.id, view.made_on, view.customer, view.subject, view.card, view.message_id
    );
    for line in &view.deliveries {
        let delivery = &line.delivery;
        let reply = delivery.reply.as_deref().unwrap_or("");
        text.push_str(&format!("{} ({}): {} {reply}\n", delivery.to, delivery.role, delivery.state));
        for attempt in &line.attempts {
            text.push_str(&format!(
                "  {} {} {}: {}\n",
                attempt.at, attempt.stage, attempt.outcome, attempt.reply
            ));
        }
    }
    text
}
