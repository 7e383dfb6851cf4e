//! `forecast`: what comes in if everybody renews, each period's charge once.

use crate::billing::customer::Customer;
use crate::billing::money::Money;
use crate::billing::period::BillingPeriod;
use crate::billing::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use crate::jobs::Desk;
use crate::store::{Filter, Store};
use crate::views::list::{ForecastView, IncomeRow};
use anyhow::Result;
use chrono::{Datelike, Months, NaiveDate};
use clap::ValueEnum;
use std::collections::BTreeMap;

/// What income is summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SummedBy {
    /// The month in which the period begins
    Month,
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
pub(crate) fn forecast(desk: &Desk, store: &Store, months: u32, by: SummedBy) -> Result<ForecastView> {
    let from = desk.today;
    let first_after = from.with_day(1).unwrap_or(from).checked_add_months(Months::new(months));
    let until = first_after.unwrap_or(NaiveDate::MAX);
    let charged = store.charged_services()?;
    let mut sums = Sums { by, rows: BTreeMap::new() };
    if by == SummedBy::Month {
        for month in 0..months {
            let day = from.checked_add_months(Months::new(month)).unwrap_or(from);
            sums.rows.insert(name_of(day), IncomeRow { month: Some(name_of(day)), ..IncomeRow::default() });
        }
    }
    let mut overdue_cents = 0;
    // what was charged already, one-off charges and what is owed again with it: what is still due of it
    for line in store.list_open(&Filter::default(), from)? {
        let kind = line.kind.as_deref().unwrap_or("other");
        if line.is_overdue(from) {
            overdue_cents += line.due_cents;
        } else if line.since < until {
            sums.add(line.since, kind, (&line.customer, &line.name), line.due_cents);
        }
    }
    for code in store.customer_codes()? {
        // a record that cannot be read brings nothing; `status` lists it
        let Ok(Some(customer)) = store.customer(&code) else { continue };
        let (services, _) = store.services_of(&code)?;
        for service in services.iter().filter(|service| brings_income(service)) {
            let cents = gross(desk, &customer, service).cents();
            for begins in beginnings(service, until) {
                let is_present = begins == service.expires_on;
                if is_present && charged.contains(&service.code) {
                    continue;
                }
                if begins >= from {
                    sums.add(begins, service.kind.code(), (code.as_str(), &customer.name), cents);
                } else if is_present {
                    // it expired, and no night has charged it yet
                    overdue_cents += cents;
                }
            }
        }
    }
    let mut rows: Vec<IncomeRow> = sums.rows.into_values().collect();
    if by != SummedBy::Month {
        rows.sort_by_key(|row| std::cmp::Reverse(row.cents));
    }
    Ok(ForecastView {
        as_of: from,
        total_cents: rows.iter().map(|row| row.cents).sum(),
        forecast: rows,
        overdue_cents,
    })
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
    fn add(&mut self, on: NaiveDate, kind: &str, (customer, name): (&str, &str), cents: i64) {
        let row = IncomeRow::default();
        let (key, row) = match self.by {
            SummedBy::Month => (name_of(on), IncomeRow { month: Some(name_of(on)), ..row }),
            SummedBy::Kind => (kind.to_owned(), IncomeRow { kind: Some(kind.to_owned()), ..row }),
            SummedBy::Customer => {
                let (code, name) = (Some(customer.to_owned()), Some(name.to_owned()));
                (customer.to_owned(), IncomeRow { customer: code, name, ..row })
            }
        };
        let row = self.rows.entry(key).or_insert(row);
        row.periods += 1;
        row.cents += cents;
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

fn gross(desk: &Desk, customer: &Customer, service: &Service) -> Money {
    let rate = service.vat.unwrap_or_else(|| customer.vat.rate(desk.rules.standard_vat));
    service.price.at(rate).gross
}

fn name_of(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}
