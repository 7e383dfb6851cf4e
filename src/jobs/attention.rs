//! What needs a person: collected during a job, told once, listed until it is over.

use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::jobs::Desk;
use crate::store::{NewAttention, Run, Store, StoreError};
use crate::views::AttentionView;
use anyhow::Result;

/// The kinds of things that need a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A customer with something to be told and no address.
    NoEmail,
    /// A card that cannot be drawn or composed.
    Card,
    /// A record that cannot be used.
    Data,
    /// A customer for whom the program or the database failed.
    HeldBack,
    /// More messages on one day than any customer should get.
    TooMany,
    /// A payment that no customer was found for.
    Unmatched,
    /// Something in a bank's statement: money taken back, balances that do not add up.
    Statement,
    /// Money for a service that no longer exists, or that nothing can be paid with.
    LateMoney,
    /// A step that waits because money is there that would cover the debt.
    PaymentPending,
    /// A delivery refused for good.
    Failed,
    /// A delivery that perhaps arrived.
    Uncertain,
    /// A message that came back: somebody must call.
    Bounced,
    /// A service of which nothing comes, for its last notice came back.
    Unheard,
    /// A hook that failed at the panel.
    Hook,
    /// A domain name's term or quarantine at its registry.
    Registry,
    /// An import that disputes what the program owns.
    Conflict,
    /// A file of the inbox that could not be read whole.
    Inbox,
    /// A database that was restored from a backup.
    Restored,
}

impl Kind {
    /// The word in the table and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoEmail => "no_email",
            Self::Card => "card",
            Self::Data => "data",
            Self::HeldBack => "held_back",
            Self::TooMany => "too_many",
            Self::Unmatched => "unmatched",
            Self::Statement => "statement",
            Self::LateMoney => "late_money",
            Self::PaymentPending => "payment_pending",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Bounced => "bounced",
            Self::Unheard => "unheard",
            Self::Hook => "hook",
            Self::Registry => "registry",
            Self::Conflict => "conflict",
            Self::Inbox => "inbox",
            Self::Restored => "restored",
        }
    }
}

/// What a job found.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<(Kind, NewAttention)>,
}

impl Findings {
    /// Notes one thing; `key` makes it the same thing when it is found again.
    pub fn add(
        &mut self,
        kind: Kind,
        key: impl Into<String>,
        customer: Option<&CustomerCode>,
        service: Option<&ServiceCode>,
        text: String,
    ) {
        let new = NewAttention {
            kind: kind.code(),
            key: key.into(),
            customer: customer.map(ToString::to_string),
            service: service.map(ToString::to_string),
            text,
        };
        self.found.push((kind, new));
    }

    /// What was found, in words.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.found.iter().map(|(_, new)| new.text.as_str()).collect()
    }

    /// Lists what was found and gives what is new. Kinds in `complete` were looked for everywhere:
    /// what was listed of them before and was not found again is over.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn raise(
        &self,
        desk: &Desk,
        store: &mut Store,
        run: Run,
        complete: Option<&[Kind]>,
    ) -> Result<Vec<AttentionView>> {
        let fresh = store.write(run, |tx| -> Result<Vec<AttentionView>, StoreError> {
            let mut fresh = Vec::new();
            for (_, new) in &self.found {
                if tx.raise(new)? {
                    fresh.push(AttentionView {
                        kind: new.kind.to_owned(),
                        customer: new.customer.clone(),
                        service: new.service.clone(),
                        since: desk.today,
                        text: new.text.clone(),
                    });
                }
            }
            for kind in complete.unwrap_or_default() {
                let still: Vec<String> = self
                    .found
                    .iter()
                    .filter(|(found, _)| found == kind)
                    .map(|(_, new)| new.key.clone())
                    .collect();
                tx.close_others(kind.code(), &still, None)?;
            }
            Ok(fresh)
        })?;
        Ok(fresh)
    }
}
