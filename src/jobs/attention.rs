//! What needs a person: collected during a job, told once, listed until it is over.

use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::jobs::Desk;
use crate::store::{NewAttention, Run, Store, StoreError};
use crate::views::AttentionView;
use crate::views::finding::{Finding, Kind};
use anyhow::Result;
use std::collections::HashMap;

/// What a job found.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<(Kind, NewAttention)>,
    places: HashMap<(Kind, String), usize>,
}

impl Findings {
    /// Notes one thing; `key` makes it the same thing when it is found again, and then the last words count.
    pub(crate) fn add(
        &mut self,
        key: impl Into<String>,
        customer: Option<&CustomerCode>,
        service: Option<&ServiceCode>,
        finding: &Finding,
    ) {
        let kind = finding.kind();
        let new = NewAttention {
            kind: kind.code(),
            key: key.into(),
            customer: customer.map(ToString::to_string),
            service: service.map(ToString::to_string),
            text: finding.to_string(),
        };
        self.put(kind, new);
    }

    /// Notes what another thread found.
    pub(crate) fn extend(&mut self, other: Self) {
        for (kind, new) in other.found {
            self.put(kind, new);
        }
    }

    fn put(&mut self, kind: Kind, new: NewAttention) {
        let place = *self.places.entry((kind, new.key.clone())).or_insert(self.found.len());
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
