//! A row of a file of services.

use super::Field;
use super::cells::{Cells, date, money, shown, yes_no};
use super::customers::percent;
use super::sheet::{Column, optional, required};
use crate::billing::coded::coded;
use crate::billing::money::Money;
use crate::billing::service::{ServiceKind, SuspensionReason};
use crate::billing::vat::{Price, VatRate};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub(super) const COLUMNS: [Column; 17] = [
    required("code"),
    required("customer"),
    required("kind"),
    required("name"),
    optional("domain_name"),
    optional("price"),
    optional("price_gross"),
    required("period_months"),
    required("expires_on"),
    optional("state"),
    optional("suspension_reason"),
    optional("renews"),
    optional("hold_until"),
    optional("hold_note"),
    optional("account"),
    optional("server"),
    optional("vat"),
];

coded! {
    /// A state as files name it.
    pub enum StateWord {
        /// `active`
        Active = "active",
        /// `suspended`
        Suspended = "suspended",
        /// `terminated`
        Terminated = "terminated",
    }
}

/// A service as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRow {
    /// Code.
    pub code: String,
    /// Code of its customer.
    pub customer: String,
    /// Kind.
    pub kind: ServiceKind,
    /// What was bought.
    pub name: String,
    /// Domain name.
    pub domain_name: Field<String>,
    /// Price per period.
    pub price: Price,
    /// Months of a period.
    pub period_months: u32,
    /// Expiry.
    pub expires_on: NaiveDate,
    /// State.
    pub state: Field<StateWord>,
    /// Why it is suspended.
    pub suspension_reason: Field<SuspensionReason>,
    /// Whether it renews.
    pub renews: Field<bool>,
    /// Hold until.
    pub hold_until: Field<NaiveDate>,
    /// Why it is held.
    pub hold_note: Field<String>,
    /// The panel's user name.
    pub account: Field<String>,
    /// The panel.
    pub server: Field<String>,
    /// VAT of its own.
    pub vat: Field<VatRate>,
}

pub(super) fn read(cells: &mut Cells<'_>) -> Option<ServiceRow> {
    let code = cells.code("code");
    let customer = cells.code("customer");
    let kind = cells.needed_parsed("kind", |text| {
        ServiceKind::from_code(&text.to_lowercase()).ok_or_else(|| {
            let kinds = ServiceKind::ALL.map(ServiceKind::code).join(", ");
            format!("`{}` is not a kind of service; one of {kinds}", shown(text))
        })
    });
    let name = cells.needed("name");
    let price = price(cells, kind);
    let period_months = cells.needed_parsed("period_months", |text| match text.parse() {
        Ok(months) if (1..=120).contains(&months) => Ok(months),
        _ => Err(format!("`{}` is not a number of months from 1 to 120", shown(text))),
    });
    let expires_on = cells.needed_parsed("expires_on", date);
    let row = ServiceRow {
        code: code.unwrap_or_default(),
        customer: customer.unwrap_or_default(),
        kind: kind.unwrap_or(ServiceKind::Other),
        name: name.unwrap_or_default(),
        domain_name: cells.plain("domain_name"),
        price: price.unwrap_or(Price::Net(Money::ZERO)),
        period_months: period_months.unwrap_or(1),
        expires_on: expires_on.unwrap_or(NaiveDate::MIN),
        state: cells.parsed("state", |text| match text.to_lowercase().as_str() {
            "active" => Ok(StateWord::Active),
            "suspended" => Ok(StateWord::Suspended),
            "terminated" => Ok(StateWord::Terminated),
            _ => Err(format!("`{}` is not active, suspended or terminated", shown(text))),
        }),
        suspension_reason: cells.parsed("suspension_reason", |text| {
            SuspensionReason::from_code(&text.to_lowercase())
                .ok_or_else(|| format!("`{}` is not nonpayment, manual, abuse or cancelled", shown(text)))
        }),
        renews: cells.parsed("renews", yes_no),
        hold_until: cells.parsed("hold_until", date),
        hold_note: cells.text("hold_note"),
        account: cells.plain("account"),
        server: cells.plain("server"),
        vat: cells.parsed("vat", percent),
    };
    cross_check(cells, &row);
    // a fault noted above leaves the row out, whatever stands in for the bad cell
    Some(row)
}

fn cross_check(cells: &mut Cells<'_>, row: &ServiceRow) {
    let suspended = row.state.value() == Some(&StateWord::Suspended);
    if suspended && row.suspension_reason.value().is_none() {
        cells.warn("suspension_reason", "empty for a suspended service; taken as nonpayment");
    }
    if !suspended && row.suspension_reason.value().is_some() {
        cells.fault("suspension_reason", "given for a service that is not suspended");
    }
    if row.hold_note.value().is_some() && row.hold_until.value().is_none() {
        cells.fault("hold_note", "given without `hold_until`; every hold has an end");
    }
}

/// Net or gross, exactly one of them.
fn price(cells: &mut Cells<'_>, kind: Option<ServiceKind>) -> Option<Price> {
    let net = cells.parsed("price", money);
    let gross = cells.parsed("price_gross", money);
    let (column, price) = match (&net, &gross) {
        (Field::Value(_), Field::Value(_)) => {
            cells.fault("price_gross", "both `price` and `price_gross` are given; leave one empty");
            return None;
        }
        (Field::Value(net), Field::Absent | Field::Empty) => ("price", Price::Net(*net)),
        (Field::Absent | Field::Empty, Field::Value(gross)) => ("price_gross", Price::Gross(*gross)),
        (Field::Absent, Field::Absent) => {
            cells.fault("price", "the file has neither a column `price` nor `price_gross`");
            return None;
        }
        (Field::Absent | Field::Empty, Field::Absent | Field::Empty) => {
            // custom applications are billed by hand and may have no price here
            if kind == Some(ServiceKind::CustomApp) {
                return Some(Price::Net(Money::ZERO));
            }
            let column = if net == Field::Absent { "price_gross" } else { "price" };
            cells.fault(column, "it is empty");
            return None;
        }
    };
    if price.money() < Money::ZERO {
        cells.fault(column, "a price cannot be negative");
        return None;
    }
    Some(price)
}
