//! `forecast`: what comes in if everybody renews, each period's charge once.

use crate::billing::customer::Customer;
use crate::billing::money::Money;
use crate::billing::period::BillingPeriod;
use crate::billing::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use crate::jobs::Desk;
use crate::jobs::list::debtors;
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
    let charged = store.due_of_present_periods()?;
    let mut uncharged = 0;
    let mut sums: BTreeMap<String, IncomeRow> = BTreeMap::new();
    if by == SummedBy::Month {
        for month in 0..months {
            let day = from.checked_add_months(Months::new(month)).unwrap_or(from);
            sums.insert(name_of(day), IncomeRow { month: Some(name_of(day)), ..IncomeRow::default() });
        }
    }
    for code in store.customer_codes()? {
        // a record that cannot be read brings nothing; `status` lists it
        let Ok(Some(customer)) = store.customer(&code) else { continue };
        let (services, _) = store.services_of(&code)?;
        for service in services.iter().filter(|service| brings_income(service)) {
            let gross = gross(desk, &customer, service);
            let mut begins = service.expires_on;
            while begins < until {
                let is_present = begins == service.expires_on;
                let known = charged.get(&service.code).filter(|_| is_present);
                let cents = known.copied().unwrap_or_else(|| gross.cents());
                if begins < from && is_present && known.is_none() {
                    // it expired, and no night has charged it yet
                    uncharged += cents;
                }
                if begins >= from {
                    let (key, row) = row_of(by, begins, service, &customer);
                    let row = sums.entry(key).or_insert(row);
                    row.periods += 1;
                    row.cents += cents;
                }
                begins = BillingPeriod::anchored(begins, service.period_months, service.anchor_day).to;
            }
        }
    }
    let mut rows: Vec<IncomeRow> = sums.into_values().collect();
    if by != SummedBy::Month {
        rows.sort_by_key(|row| std::cmp::Reverse(row.cents));
    }
    let (_, overdue) = debtors(desk, store, &Filter::default())?;
    Ok(ForecastView {
        as_of: from,
        total_cents: rows.iter().map(|row| row.cents).sum(),
        forecast: rows,
        overdue_cents: overdue.total_cents + uncharged,
    })
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

fn row_of(by: SummedBy, begins: NaiveDate, service: &Service, customer: &Customer) -> (String, IncomeRow) {
    let row = IncomeRow::default();
    match by {
        SummedBy::Month => (name_of(begins), IncomeRow { month: Some(name_of(begins)), ..row }),
        SummedBy::Kind => {
            (service.kind.code().to_owned(), IncomeRow { kind: Some(service.kind.code().to_owned()), ..row })
        }
        SummedBy::Customer => {
            let (code, name) = (customer.code.to_string(), customer.name.clone());
            (code.clone(), IncomeRow { customer: Some(code), name: Some(name), ..row })
        }
    }
}
