//! `forecast`: what comes in if everybody renews, each period's charge once.

use crate::billing::customer::Customer;
use crate::billing::money::Money;
use crate::billing::period::BillingPeriod;
use crate::billing::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use crate::jobs::Desk;
use crate::store::{Filter, Store};
use crate::views::list::{ForecastView, IncomeRow};
use anyhow::Result;
use chrono::{Datelike, Months, NaiveDate, Weekday};
use clap::ValueEnum;
use std::collections::BTreeMap;

/// What income is summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SummedBy {
    /// The month in which the period begins
    Month,
    /// The week, by its Monday
    Week,
    /// The kind of service
    Kind,
    /// The customer
    Customer,
}

/// The income of the next `months` months: this one from today on, and whole ones after it. Periods count by the expiry
/// at which they begin, gross, at today's prices; of one that is charged already counts what is still due. What is
/// overdue stands apart. Left out are services that are cancelled or that a person suspended, and custom applications, which
/// are collected by hand.
///
/// # Errors
/// A database that cannot be read.
pub(crate) fn forecast<const N: usize>(
    desk: &Desk,
    store: &Store,
    months: u32,
    by: [SummedBy; N],
) -> Result<[ForecastView; N]> {
    let from = desk.today;
    let first_after = from.with_day(1).unwrap_or(from).checked_add_months(Months::new(months));
    let until = first_after.unwrap_or(NaiveDate::MAX);
    let charged = store.charged_services()?;
    let mut sums = by.map(|by| Sums::empty(by, from, until));
    let mut add = |on: NaiveDate, kind: &str, who: (&str, &str), cents: i64| {
        sums.iter_mut().for_each(|sums| sums.add(on, kind, who, cents));
    };
    let mut overdue_cents = 0;
    // what was charged already, one-off charges and what is owed again with it: what is still due of it
    for line in store.list_open(&Filter::default(), from)?.rows {
        let kind = line.kind.as_deref().unwrap_or("other");
        if line.is_overdue(from) {
            overdue_cents += line.due_cents;
        } else if line.since < until {
            add(line.since, kind, (&line.customer, &line.name), line.due_cents);
        }
    }
    for code in store.customer_codes()? {
        // a record that cannot be read brings nothing; `status` lists it
        let Ok(Some(customer)) = store.customer(&code) else { continue };
        let (services, _) = store.services_of(&code)?;
        for service in services.iter().filter(|service| brings_income(service)) {
            for begins in beginnings(service, until) {
                let cents = gross(desk, &customer, service, begins).cents();
                let is_present = begins == service.expires_on;
                if is_present && charged.contains(&service.code) {
                    continue;
                }
                if begins >= from {
                    add(begins, service.kind.code(), (code.as_str(), &customer.name), cents);
                } else if is_present {
                    // it expired, and no night has charged it yet
                    overdue_cents += cents;
                }
            }
        }
    }
    Ok(sums.map(|sums| sums.view(from, overdue_cents)))
}

/// The days on which a service's periods begin, the present one first, before `until`.
fn beginnings(service: &Service, until: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let (months, anchor) = (service.period_months, service.anchor_day);
    let next = move |begins: &NaiveDate| Some(BillingPeriod::anchored(*begins, months, anchor).to);
    std::iter::successors(Some(service.expires_on), next).take_while(move |begins| *begins < until)
}

/// Income while it is summed.
struct Sums {
    by: SummedBy,
    rows: BTreeMap<String, IncomeRow>,
}

impl Sums {
    /// With the months or weeks in which nothing may come in.
    fn empty(by: SummedBy, from: NaiveDate, until: NaiveDate) -> Self {
        let mut sums = Self { by, rows: BTreeMap::new() };
        if matches!(by, SummedBy::Month | SummedBy::Week) {
            for day in from.iter_days().take_while(|day| *day < until) {
                sums.row(day, "", ("", ""));
            }
        }
        sums
    }

    fn view(self, from: NaiveDate, overdue_cents: i64) -> ForecastView {
        let mut rows: Vec<IncomeRow> = self.rows.into_values().collect();
        if matches!(self.by, SummedBy::Kind | SummedBy::Customer) {
            rows.sort_by_key(|row| std::cmp::Reverse(row.cents));
        }
        let total_cents = rows.iter().map(|row| row.cents).sum();
        ForecastView { as_of: from, total_cents, forecast: rows, overdue_cents }
    }

    fn add(&mut self, on: NaiveDate, kind: &str, who: (&str, &str), cents: i64) {
        let row = self.row(on, kind, who);
        row.periods += 1;
        row.cents += cents;
    }

    fn row(&mut self, on: NaiveDate, kind: &str, (customer, name): (&str, &str)) -> &mut IncomeRow {
        let row = IncomeRow::default();
        let (key, row) = match self.by {
            SummedBy::Month => (name_of(on), IncomeRow { month: Some(name_of(on)), ..row }),
            SummedBy::Week => {
                let monday = on.week(Weekday::Mon).first_day();
                (monday.to_string(), IncomeRow { week: Some(monday), ..row })
            }
            SummedBy::Kind => (kind.to_owned(), IncomeRow { kind: Some(kind.to_owned()), ..row }),
            SummedBy::Customer => {
                let (code, name) = (Some(customer.to_owned()), Some(name.to_owned()));
                (customer.to_owned(), IncomeRow { customer: code, name, ..row })
            }
        };
        self.rows.entry(key).or_insert(row)
    }
}

fn brings_income(service: &Service) -> bool {
    let lives = match service.state {
        ServiceState::Active => true,
        ServiceState::Suspended { reason, .. } => reason == SuspensionReason::Nonpayment,
        ServiceState::Terminated { .. } | ServiceState::Ended { .. } => false,
    };
    lives && service.renews && service.kind != ServiceKind::CustomApp
}

fn gross(desk: &Desk, customer: &Customer, service: &Service, begins: NaiveDate) -> Money {
    let rate = service.vat.unwrap_or_else(|| customer.vat.rate(desk.rules.standard_vat));
    service.price_of(begins).at(rate).gross
}

fn name_of(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}
