//! What `outbox` reports.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

/// What stands after a notice where no server replied: the journal beside the database knows of a handover that the database,
/// older than it, does not.
pub(crate) const OLDER_DATABASE: &str = " was handed over before this database was restored from a backup";

#[derive(Debug, Serialize)]
pub(crate) struct OutboxView {
    pub(crate) messages: Vec<OutboxMessage>,
}

#[derive(Debug, Serialize)]
pub(crate) struct OutboxMessage {
    pub(crate) id: i64,
    pub(crate) customer: String,
    pub(crate) card: String,
    pub(crate) message_id: String,
    pub(crate) subject: String,
    pub(crate) made_on: chrono::NaiveDate,
    pub(crate) lines: Value,
    pub(crate) deliveries: Vec<DeliveryView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DeliveryView {
    #[serde(flatten)]
    pub(crate) delivery: ListedDelivery,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attempts: Vec<ListedAttempt>,
}

/// A delivery as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct ListedDelivery {
    /// Its number.
    pub id: i64,
    /// The address.
    pub to: String,
    /// `email`, `cc`, `bcc` or `trial`.
    pub role: String,
    /// Its state.
    pub state: String,
    /// The server's last reply.
    pub reply: Option<String>,
    /// The server's queue id.
    pub queue_id: Option<String>,
    /// The day it came back.
    pub bounced_on: Option<NaiveDate>,
    /// When it was last tried.
    pub at: Option<String>,
}

/// An attempt as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct ListedAttempt {
    /// When.
    pub at: String,
    /// How far it came.
    pub stage: String,
    /// The reply's code.
    pub code: Option<u16>,
    /// The reply.
    pub reply: String,
    /// What it came to.
    pub outcome: String,
}
