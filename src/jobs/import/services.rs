//! Importing services: what a row makes of a stored service, or a new one.

use crate::billing::episode::Episode;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::service::{Hold, Service, ServiceState, SuspensionReason};
use crate::billing::vat::{Price, VatRate};
use crate::intake::{Field, ServiceRow, StateWord};
use crate::jobs::import::customers::yes_no;
use crate::jobs::import::differences::Differences;
use chrono::{Datelike, NaiveDate};

/// A new service from its row, first imported on `today`.
#[must_use]
pub fn created(row: &ServiceRow, today: NaiveDate) -> Service {
    Service {
        code: ServiceCode::new(row.code.clone()),
        customer: CustomerCode::new(row.customer.clone()),
        kind: row.kind,
        name: row.name.clone(),
        domain_name: row.domain_name.value().cloned(),
        price: row.price,
        later_price: None,
        period_months: row.period_months,
        expires_on: row.expires_on,
        anchor_day: row.expires_on.day(),
        state: state(row, today),
        renews: row.renews.value().copied().unwrap_or(true),
        cancelled_on: None,
        hold: hold(row),
        episode: Episode::FIRST,
        account: row.account.value().cloned(),
        server: row.server.value().cloned(),
        vat: row.vat.value().copied(),
        imported_on: today,
        confirmed: false,
    }
}

fn state(row: &ServiceRow, today: NaiveDate) -> ServiceState {
    match row.state.value().copied().unwrap_or(StateWord::Active) {
        StateWord::Active => ServiceState::Active,
        StateWord::Terminated => ServiceState::Terminated { on: today },
        StateWord::Suspended => ServiceState::Suspended {
            on: today,
            reason: row.suspension_reason.value().copied().unwrap_or(SuspensionReason::Nonpayment),
            expiry: row.expires_on,
        },
    }
}

fn hold(row: &ServiceRow) -> Option<Hold> {
    let until = *row.hold_until.value()?;
    Some(Hold { until, note: row.hold_note.value().cloned().unwrap_or_default() })
}

/// Applies a row to a stored service and says what differs. The program owns `expires_on`, `state`
/// and the hold, and staff what they recorded, unless a column is taken.
pub fn updated(
    service: &mut Service,
    row: &ServiceRow,
    today: NaiveDate,
    mut differences: Differences,
) -> Differences {
    // the file has the price of today
    service.settle_price();
    let d = &mut differences;
    d.owned(
        "customer",
        false,
        &mut service.customer,
        CustomerCode::new(row.customer.clone()),
        ToString::to_string,
    );
    d.set("kind", &mut service.kind, row.kind, |kind| kind.code().to_owned());
    d.set("name", &mut service.name, row.name.clone(), Clone::clone);
    d.text("domain_name", &mut service.domain_name, &row.domain_name);
    d.set("price", &mut service.price, row.price, |price| word_price(*price));
    d.set("period_months", &mut service.period_months, row.period_months, ToString::to_string);
    d.text("account", &mut service.account, &row.account);
    d.text("server", &mut service.server, &row.server);
    match &row.vat {
        Field::Absent => {}
        Field::Empty => d.set("vat", &mut service.vat, None, word_rate),
        Field::Value(rate) => d.set("vat", &mut service.vat, Some(*rate), word_rate),
    }
    renews(service, row, d);
    expiry(service, row, d);
    held_and_state(service, row, today, d);
    differences
}

fn renews(service: &mut Service, row: &ServiceRow, d: &mut Differences) {
    let Some(renews) = row.renews.value() else { return };
    d.set("renews", &mut service.renews, *renews, |yes| yes_no(*yes));
    if let (true, ServiceState::Suspended { on, reason: SuspensionReason::Cancelled, expiry }) =
        (service.renews, service.state)
    {
        // the customer changed their mind: from now on a payment lifts the suspension
        service.state = ServiceState::Suspended { on, reason: SuspensionReason::Nonpayment, expiry };
    }
}

fn expiry(service: &mut Service, row: &ServiceRow, d: &mut Differences) {
    let taken = d.takes("expires_on");
    let before = service.expires_on;
    d.owned("expires_on", taken, &mut service.expires_on, row.expires_on, ToString::to_string);
    if service.expires_on != before {
        service.anchor_day = service.expires_on.day();
    }
    if taken {
        // somebody looked at this very date: it is no longer doubtful
        service.confirmed = true;
        // a suspension for an older debt, of a period that it was renewed for meanwhile, stays one for that debt
        if let ServiceState::Suspended { on, reason, expiry } = service.state
            && (expiry == before || service.expires_on < expiry)
        {
            service.state = ServiceState::Suspended { on, reason, expiry: service.expires_on };
        }
    }
}

fn held_and_state(service: &mut Service, row: &ServiceRow, today: NaiveDate, d: &mut Differences) {
    let word_hold = |hold: &Option<Hold>| {
        hold.as_ref()
            .map(|hold| format!("{} {}", hold.until, hold.note))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    match &row.hold_until {
        Field::Absent => {}
        Field::Empty | Field::Value(_) => {
            let taken = d.takes("hold_until");
            d.owned("hold_until", taken, &mut service.hold, hold(row), word_hold);
        }
    }
    let Some(word) = row.state.value() else { return };
    let same = match (word, service.state) {
        (StateWord::Active, ServiceState::Active)
        | (StateWord::Terminated, ServiceState::Terminated { .. }) => true,
        (StateWord::Suspended, ServiceState::Suspended { reason, .. }) => {
            row.suspension_reason.value().is_none_or(|given| *given == reason)
        }
        (StateWord::Active | StateWord::Suspended | StateWord::Terminated, _) => false,
    };
    if !same {
        let new = state(row, today);
        let taken = d.takes("state");
        d.owned("state", taken, &mut service.state, new, |state| word_state(*state));
    }
}

fn word_price(price: Price) -> String {
    match price {
        Price::Net(money) => format!("{} net", money.greek_digits()),
        Price::Gross(money) => format!("{} gross", money.greek_digits()),
    }
}

fn word_rate(rate: &Option<VatRate>) -> String {
    rate.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// A state as files and tables word it.
#[must_use]
pub fn word_state(state: ServiceState) -> String {
    match state {
        ServiceState::Active => "active".to_owned(),
        ServiceState::Suspended { reason, .. } => format!("suspended ({})", reason.code()),
        ServiceState::Terminated { .. } => "terminated".to_owned(),
        ServiceState::Ended { .. } => "ended".to_owned(),
    }
}
