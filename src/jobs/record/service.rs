//! Records of services: held, cancelled, told of, ended, changed.

use super::{Entry, Recording, amount};
use crate::billing::action::Action;
use crate::billing::coded::coded;
use crate::billing::ids::ServiceCode;
use crate::billing::letters;
use crate::billing::money::Money;
use crate::billing::period::{BillingPeriod, days_after, read_day};
use crate::billing::service::{self as billed, ServiceState, SuspensionReason};
use crate::billing::vat::Price;
use crate::error::Stop;
use crate::store::RecordOf;
use crate::views::record::Recorded;
use anyhow::{Result, anyhow, bail};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};

/// `record hold`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record hold S-0410 20/10/2026 --reason \"περιμένει έγκριση\"")]
pub struct Hold {
    /// Service
    pub service: ServiceCode,
    /// The last day
    #[arg(required_unless_present = "none", value_parser = read_day)]
    pub until: Option<NaiveDate>,
    /// End the hold
    #[arg(long, conflicts_with = "until")]
    pub none: bool,
}

impl Hold {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let Self { service: code, until, .. } = self;
        let mut stored = at.service(code)?;
        if until.is_some_and(|until| until < at.today()) {
            bail!("a hold cannot end before today, {}", at.today());
        }
        stored.hold = until.map(|until| billed::Hold { until, note: at.author.reason.clone() });
        at.tx.put_service(&stored)?;
        Ok(Entry::of_service(stored, Recorded::Held { service: code.clone(), until: *until }))
    }
}

/// `record cancel`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record cancel S-0410")]
pub struct Cancel {
    /// Service
    pub service: ServiceCode,
    /// The customer changed their mind: it renews again
    #[arg(long)]
    pub undo: bool,
}

impl Cancel {
    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        let Self { service: code, undo } = self;
        let mut stored = at.service(code)?;
        // the first word counts: it is confirmed once
        stored.cancelled_on = match (*undo, stored.renews) {
            (true, _) => None,
            (false, true) => Some(at.today()),
            (false, false) => stored.cancelled_on,
        };
        stored.renews = *undo;
        if let (true, ServiceState::Suspended { on, reason: SuspensionReason::Cancelled, expiry }) =
            (*undo, stored.state)
        {
            stored.state = ServiceState::Suspended { on, reason: SuspensionReason::Nonpayment, expiry };
        }
        at.tx.put_service(&stored)?;
        at.tx.note_staff_word(RecordOf::Service(code), "renews")?;
        at.update(&stored.customer)?;
        at.tell_idle(&stored.customer)?;
        let service = code.clone();
        let recorded = match undo {
            true => Recorded::CancellationUndone { service },
            false => Recorded::Cancelled { service, lapses_on: stored.expires_on },
        };
        Ok(Entry::of_service(stored, recorded))
    }
}

coded! {
    /// How somebody was told.
    #[derive(ValueEnum)]
    pub enum How {
        /// By telephone
        Phone = "phone",
        /// By letter
        Letter = "letter",
    }
}

/// `record told`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record told S-0410 20/10/2026 --how phone")]
pub struct Told {
    /// Service
    pub service: ServiceCode,
    /// The day of suspension or deletion that was named
    #[arg(value_parser = read_day)]
    pub date: NaiveDate,
    /// How
    #[arg(long, value_enum)]
    pub how: How,
}

impl Told {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let (code, date, how) = (&self.service, self.date, self.how.code());
        let stored = at.service(code)?;
        let owner = &stored.customer;
        let (rules, today) = (&at.desk.rules, at.today());
        if date < today {
            bail!("{date} lies before today, {today}; name a day to come");
        }
        at.update(owner)?;
        let facts = at.facts(owner)?;
        let notice = letters::told_by_a_person(&facts, rules, code, date, today)
            .map_err(|why| anyhow!("`{code}`: {why}"))?;
        at.tx.store_told(&notice, how)?;
        let policy = facts.service(code).map(|service| rules.policies.of(service));
        let (action, days) = match (notice.suspend_on, policy) {
            (Some(_), Some(policy)) => (Action::Suspend, policy.min_notice_days),
            (_, Some(policy)) => (Action::Terminate, policy.final_notice_days_before),
            (_, None) => (Action::Suspend, 0),
        };
        let on = days_after(today, days).max(date);
        let recorded = Recorded::Told { customer: owner.clone(), service: code.clone(), how, action, on };
        Ok(Entry::of_service(stored, recorded))
    }
}

/// `record end`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record end S-0410 --reason \"μεταφέρθηκε αλλού\"")]
pub struct End {
    /// Service
    pub service: ServiceCode,
    /// It is there after all
    #[arg(long)]
    pub undo: bool,
}

impl End {
    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        let code = &self.service;
        let mut stored = at.service(code)?;
        let ended = matches!(stored.state, ServiceState::Ended { .. });
        stored.state = match (self.undo, ended) {
            (false, true) => bail!("`{code}` has ended already"),
            (true, false) => bail!("`{code}` has not ended"),
            (false, false) => {
                at.tx.remember_before_end(code)?;
                ServiceState::Ended { on: at.today() }
            }
            (true, true) => at.tx.state_before_end(code)?.unwrap_or(ServiceState::Active),
        };
        at.tx.put_service(&stored)?;
        at.update(&stored.customer)?;
        at.tell_idle(&stored.customer)?;
        let service = code.clone();
        let recorded = if self.undo {
            let state = crate::jobs::import::services::word_state(stored.state);
            Recorded::EndUndone { service, state, expires_on: stored.expires_on }
        } else {
            Recorded::Ended { service }
        };
        Ok(Entry::of_service(stored, recorded))
    }
}

/// `record change`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record change S-0410 --price 80")]
pub struct Change {
    /// Service
    pub service: ServiceCode,
    /// Price before VAT
    #[arg(long, value_parser = amount)]
    pub price: Option<Money>,
    /// Price with VAT
    #[arg(long, conflicts_with = "price", value_parser = amount)]
    pub price_gross: Option<Money>,
    /// Months of a period
    #[arg(long)]
    pub months: Option<u32>,
    /// The price holds for periods that begin on this day or later, and not from the next charge on
    #[arg(long, value_name = "DATE", value_parser = read_day, conflicts_with = "months")]
    pub from: Option<NaiveDate>,
}

impl Change {
    pub(super) fn check(&self) -> Result<()> {
        let nothing = self.price().is_none() && self.months.is_none();
        let wrong = match self.months {
            None if nothing => "say what changes: --price, --price-gross or --months",
            None if self.from.is_some() && self.price().is_none() => {
                "--from is the day of a price: say --price or --price-gross"
            }
            Some(months) if !(1..=120).contains(&months) => "--months is a number from 1 to 120",
            _ => return Ok(()),
        };
        Err(Stop::usage(wrong).into())
    }

    fn price(&self) -> Option<Price> {
        self.price.map(Price::Net).or_else(|| self.price_gross.map(Price::Gross))
    }

    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let Self { service: code, months, .. } = self;
        let mut stored = at.service(code)?;
        stored.settle_price();
        let before = stored.price_of(stored.expires_on);
        if let (Some(from), Some(price)) = (self.from, self.price()) {
            return later(at, stored, from, price);
        }
        if let Some(price) = self.price() {
            (stored.price, stored.later_price) = (price, None);
        }
        stored.period_months = months.unwrap_or(stored.period_months);
        at.tx.put_service(&stored)?;
        for (column, said) in [("price", self.price().is_some()), ("period_months", months.is_some())] {
            if said {
                at.tx.note_staff_word(RecordOf::Service(code), column)?;
            }
        }
        let facts = at.facts(&stored.customer)?;
        let is_charged = |begins: &NaiveDate| {
            let of = facts.charges.iter().filter(|charge| charge.service.as_ref() == Some(code));
            of.filter_map(|charge| charge.period()).any(|period| period.from == *begins)
        };
        let first = begins(&stored).take(PERIODS_AHEAD).find(|begins| !is_charged(begins));
        let recorded = Recorded::Changed {
            service: code.clone(),
            price: stored.price,
            before: Some(before).filter(|before| *before != stored.price),
            period_months: stored.period_months,
            first,
        };
        Ok(Entry::of_service(stored, recorded))
    }
}

/// Another price of the periods that begin on `from` or later.
fn later(at: &Recording<'_>, mut stored: billed::Service, from: NaiveDate, price: Price) -> Result<Entry> {
    let first = begins(&stored).take(PERIODS_AHEAD).find(|begins| *begins >= from);
    let Some(first) = first else {
        return Err(Stop::usage(format!("no period begins on {from} or later in sight")).into());
    };
    let facts = at.facts(&stored.customer)?;
    let charges = facts.charges.iter().filter(|charge| charge.service.as_ref() == Some(&stored.code));
    let is_charged = charges.filter_map(|charge| charge.period()).any(|period| period.from >= first);
    let before = stored.price_of(first).money();
    stored.later_price = Some((from, price));
    at.tx.put_service(&stored)?;
    at.tx.note_staff_word(RecordOf::Service(&stored.code), "price")?;
    let (service, price) = (stored.code.clone(), price.money());
    Ok(Entry::of_service(stored, Recorded::ChangedLater { service, from, price, before, first, is_charged }))
}

/// The days on which a service's periods begin, from its expiry on.
fn begins(service: &billed::Service) -> impl Iterator<Item = NaiveDate> {
    let (months, anchor) = (service.period_months, service.anchor_day);
    std::iter::successors(Some(service.expires_on), move |begins| {
        Some(BillingPeriod::anchored(*begins, months, anchor).to)
    })
}

/// So many periods ahead is a price agreed at most.
const PERIODS_AHEAD: usize = 130;
