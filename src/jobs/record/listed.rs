//! Records of what a person did about a thing that is listed: saw it, or did it.

use super::money::unmatched;
use super::{Entry, Recording};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::error::Stop;
use crate::jobs::gates;
use crate::store::CLOCK_FORGIVEN;
use crate::views::record::{Recorded, RecordedMoney};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

/// What a person acknowledges who knows that the clock was wrong.
const CLOCK: &str = "clock";

/// `record ack`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record ack 131")]
pub struct Ack {
    /// Codes of customers or services, or numbers of payments
    #[arg(required = true, value_name = "CODE")]
    pub codes: Vec<String>,
}

impl Ack {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let one = |code: &String| match code.as_str() {
            CLOCK => forgive_the_clock(at),
            code => disown(at, code)?.map_or_else(|| seen(at, code), Ok),
        };
        let mut recorded = self.codes.iter().map(one).collect::<Result<Vec<_>>>()?;
        let several = || Recorded::Acknowledged { what: self.codes.join(", ") };
        let last = recorded.pop().filter(|_| recorded.is_empty());
        Ok(Entry::of_nobody(last.unwrap_or_else(several)))
    }
}

/// A run worked for a day that had not come: days count again.
fn forgive_the_clock(at: &Recording<'_>) -> Result<Recorded> {
    let latest = at.tx.latest_run_day(at.tx.run().id)?.filter(|latest| *latest > at.today());
    let Some(latest) = latest else {
        bail!("no run worked for a later day than {}; there is nothing to forgive", at.today())
    };
    let detail = json!({ "by": at.author.by, "reason": at.author.reason, "day": latest });
    at.tx.journal(None, None, CLOCK_FORGIVEN, &detail)?;
    Ok(Recorded::ClockForgiven { latest })
}

/// An unmatched payment is none of those' whose it seemed to be, and protects nobody any more.
fn disown(at: &Recording<'_>, code: &str) -> Result<Option<Recorded>> {
    let Ok(id) = code.parse() else { return Ok(None) };
    let Some(known) = unmatched(at.tx, id)? else { return Ok(None) };
    at.tx.disown_payment(id)?;
    at.tx.acknowledge(code, &at.author.by)?;
    let disowned = RecordedMoney::Disowned { payment: id, amount: known.kept, paid_on: known.date };
    Ok(Some(Recorded::Money(disowned)))
}

fn seen(at: &Recording<'_>, code: &str) -> Result<Recorded> {
    let by = &at.author.by;
    let mut count = gates::put_aside(at.tx, code, by)? + at.tx.acknowledge(code, by)?;
    if let Some(mut stored) = at.tx.service(&ServiceCode::new(code))?.filter(|service| !service.confirmed) {
        stored.confirmed = true;
        at.tx.put_service(&stored)?;
        count += 1;
    }
    if count == 0 {
        let text = format!("nothing is listed of `{code}`");
        let known = !matches!(at.tx.owner_of(&ServiceCode::new(code)), Ok(None))
            || !matches!(at.tx.customer(&CustomerCode::new(code)), Ok(None))
            || code.parse().is_ok_and(|id| !matches!(at.tx.payment(id), Ok(None)));
        return Err(Stop::unknown_unless(known, text).into());
    }
    Ok(Recorded::Acknowledged { what: code.to_owned() })
}

/// `record done`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record done 12")]
pub struct Done {
    /// Its number, from `status --work-orders`
    pub order: i64,
}

impl Done {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let order = self.order;
        if !at.tx.close_work_order(order, &at.author.by)? {
            bail!("work order {order} is not open; see `status --work-orders`");
        }
        Ok(Entry::of_nobody(Recorded::OrderDone { order }))
    }
}
