//! What needs a person: collected during a job, told once, listed until it is over.

use crate::billing::coded::coded;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::jobs::Desk;
use crate::store::{NewAttention, Run, Store, StoreError};
use crate::views::AttentionView;
use anyhow::Result;
use std::collections::HashMap;

coded! {
    /// The kinds of things that need a person.
    pub enum Kind {
        /// A customer with something to be told and no address.
        NoEmail = "no_email",
        /// A card that cannot be drawn or composed.
        Card = "card",
        /// A record that cannot be used.
        Data = "data",
        /// A customer for whom the program or the database failed.
        HeldBack = "held_back",
        /// More messages on one day than any customer should get.
        TooMany = "too_many",
        /// A payment that no customer was found for.
        Unmatched = "unmatched",
        /// Something in a bank's statement: money taken back, balances that do not add up.
        Statement = "statement",
        /// Money for a service that no longer exists, or that nothing can be paid with.
        LateMoney = "late_money",
        /// A step that waits because money is there that would cover the debt.
        PaymentPending = "payment_pending",
        /// A delivery refused for good.
        Failed = "failed",
        /// A delivery that perhaps arrived.
        Uncertain = "uncertain",
        /// A message that came back: somebody must call.
        Bounced = "bounced",
        /// A service of which nothing comes, for its last notice came back.
        Unheard = "unheard",
        /// A hook that failed at the panel.
        Hook = "hook",
        /// A domain name's term or quarantine at its registry.
        Registry = "registry",
        /// An import that disputes what the program owns.
        Conflict = "conflict",
        /// A file of the inbox that could not be read whole.
        Inbox = "inbox",
        /// A database that was restored from a backup.
        Restored = "restored",
    }
}

/// What a job found.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<(Kind, NewAttention)>,
    places: HashMap<(Kind, String), usize>,
}

impl Findings {
    /// Notes one thing; `key` makes it the same thing when it is found again, and then the last words count.
    pub fn add(
        &mut self,
        kind: Kind,
        key: impl Into<String>,
        customer: Option<&CustomerCode>,
        service: Option<&ServiceCode>,
        text: String,
    ) {
        let key = key.into();
        let place = *self.places.entry((kind, key.clone())).or_insert(self.found.len());
        let new = NewAttention {
            kind: kind.code(),
            key,
            customer: customer.map(ToString::to_string),
            service: service.map(ToString::to_string),
            text,
        };
        match self.found.get_mut(place) {
            Some(known) => known.1 = new,
            None => self.found.push((kind, new)),
        }
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
