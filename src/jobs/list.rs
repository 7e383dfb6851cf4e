//! Lists as accounting and support want them, and who owes what since when.

use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::Desk;
use crate::store::{Filter, Rows, Store};
use crate::views::list::{Ageing, BUCKETS, DebtorRow, DebtorTotals, Listing, OpenLine};
use anyhow::Result;
use chrono::NaiveDate;
use clap::ValueEnum;

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Customers, with what they owe and what they are owed
    Customers,
    /// Services, the earliest expiry first
    Services,
    /// Charges: open, overdue, settled, written_off, withdrawn
    Charges,
    /// Payments: matched, unmatched, parked, reversed
    Payments,
    /// Cards, with the worst that became of each: failed, uncertain, queued, sent, cancelled
    Cards,
    /// Tax invoices that were recorded
    Invoices,
    /// Customers with something overdue, by its age in days since the expiry
    Debtors,
    /// Customers with money that is for nothing yet
    Credits,
}

impl Listed {
    /// The options that choose among its rows.
    const fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Customers | Self::Debtors => &["--customer", "--min"],
            Self::Services => &["--customer", "--kind", "--state", "--from", "--to", "--min"],
            Self::Charges => &["--customer", "--kind", "--state", "--from", "--to", "--min"],
            Self::Payments | Self::Cards => &["--customer", "--state", "--from", "--to", "--min"],
            Self::Invoices | Self::Credits => &["--customer", "--from", "--to", "--min"],
        }
    }

    /// What `--state` can ask for.
    pub(crate) const fn states(self) -> &'static [&'static str] {
        match self {
            Self::Services => &["active", "suspended", "terminated", "ended"],
            Self::Charges => &["open", "overdue", "settled", "written_off", "withdrawn"],
            Self::Payments => &["matched", "unmatched", "parked", "reversed"],
            Self::Cards => &["queued", "in_doubt", "sent", "failed", "uncertain", "cancelled"],
            _ => &[],
        }
    }

    /// An option that its rows know nothing of, or a state that none of them can have, would list nothing and look as if
    /// there were nothing.
    fn check(self, filter: &Filter) -> Result<()> {
        let given = [
            ("--kind", filter.kind.is_some()),
            ("--state", filter.state.is_some()),
            ("--from", filter.from.is_some()),
            ("--to", filter.to.is_some()),
        ];
        let known = self.filters();
        if let Some((name, _)) = given.iter().find(|(name, given)| *given && !known.contains(name)) {
            let text = format!("this list has no {name}; it has {}", known.join(", "));
            return Err(Stop::usage(text).into());
        }
        match &filter.state {
            Some(state) if !self.states().contains(&state.as_str()) => {
                let text = format!("no such state: `{state}`; there are {}", self.states().join(", "));
                Err(Stop::usage(text).into())
            }
            _ => Ok(()),
        }
    }
}

/// The rows of a list that `filter` wants, and whether all of them could be read.
///
/// # Errors
/// A filter that the list does not know; a database that cannot be read.
pub(crate) fn list(
    desk: &Desk,
    store: &Store,
    what: Listed,
    filter: &Filter,
) -> Result<(Listing, ExitStatus)> {
    what.check(filter)?;
    let today = desk.today;
    let mut status = ExitStatus::Done;
    let listing = match what {
        Listed::Customers => {
            Listing::Customers { customers: told(desk, &mut status, store.list_customers(filter, today)?) }
        }
        Listed::Services => {
            Listing::Services { services: told(desk, &mut status, store.list_services(filter, today)?) }
        }
        Listed::Charges => {
            Listing::Charges { charges: told(desk, &mut status, store.list_charges(filter, today)?) }
        }
        Listed::Payments => {
            Listing::Payments { payments: told(desk, &mut status, store.list_payments(filter, today)?) }
        }
        Listed::Cards => Listing::Cards { cards: told(desk, &mut status, store.list_cards(filter, today)?) },
        Listed::Invoices => {
            Listing::Invoices { invoices: told(desk, &mut status, store.list_invoices(filter, today)?) }
        }
        Listed::Debtors => {
            let lines = store.list_open(&Filter { min_cents: None, ..filter.clone() }, today)?;
            let (debtors, totals) = aged(told(desk, &mut status, lines), filter, today);
            Listing::Debtors { debtors, totals }
        }
        Listed::Credits => {
            let credits = told(desk, &mut status, store.list_credits(filter, today)?);
            let total_cents = credits.iter().map(|row| row.credit_cents).sum();
            Listing::Credits { credits, total_cents }
        }
    };
    Ok((listing, status))
}

/// The rows of a list; of what cannot be read it is said that it is not among them.
fn told<L>(desk: &Desk, status: &mut ExitStatus, rows: Rows<L>) -> L {
    for fault in &rows.unread {
        desk.report.error(&format!("left out: {fault}"));
        *status = ExitStatus::NeedsPerson;
    }
    rows.rows
}

/// Who owes what, by its age, the most first, with the sums.
///
/// # Errors
/// A database that cannot be read.
pub(crate) fn debtors(desk: &Desk, store: &Store) -> Result<(Vec<DebtorRow>, DebtorTotals)> {
    let filter = Filter::default();
    Ok(aged(store.list_open(&filter, desk.today)?.rows, &filter, desk.today))
}

/// Open charges by customer; `--min` is of what a customer owes in all.
fn aged(lines: Vec<OpenLine>, filter: &Filter, today: NaiveDate) -> (Vec<DebtorRow>, DebtorTotals) {
    let mut debtors: Vec<DebtorRow> = Vec::new();
    for line in lines.into_iter().filter(|line| line.is_overdue(today)) {
        let known = debtors.last().is_some_and(|row| row.customer == line.customer);
        let days = (today - line.since).num_days();
        let cents = line.due_cents;
        if !known {
            debtors.push(first_line(line));
        }
        if let Some(row) = debtors.last_mut() {
            row.days = row.days.max(days);
            *row.buckets.entry(bucket(days)).or_default() += cents;
            row.total_cents += cents;
        }
    }
    debtors.retain(|row| filter.min_cents.is_none_or(|min| row.total_cents >= min));
    debtors.sort_by(|a, b| (b.total_cents, &a.customer).cmp(&(a.total_cents, &b.customer)));
    let mut totals = DebtorTotals { buckets: empty(), total_cents: 0 };
    for row in &debtors {
        totals.total_cents += row.total_cents;
        for (age, cents) in &row.buckets {
            *totals.buckets.entry(age).or_default() += cents;
        }
    }
    (debtors, totals)
}

fn empty() -> Ageing {
    BUCKETS.into_iter().map(|age| (age, 0)).collect()
}

fn first_line(line: OpenLine) -> DebtorRow {
    DebtorRow {
        customer: line.customer,
        name: line.name,
        phone: line.phone,
        days: 0,
        buckets: empty(),
        total_cents: 0,
        last_mail: line.last_mail,
    }
}

const fn bucket(days: i64) -> &'static str {
    match days {
        ..=30 => BUCKETS[0],
        31..=60 => BUCKETS[1],
        61..=90 => BUCKETS[2],
        _ => BUCKETS[3],
    }
}
