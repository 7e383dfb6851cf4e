//! `list` and `forecast` as tables.

use super::speech::{heads, say, service_state, table, word};
use crate::billing::money::Money;
use crate::billing::text::bare_capitals;
use crate::export::{Cell, List, Sink, code};
use crate::views::list::{
    BUCKETS, CardLine, ChargeLine, CreditRow, CustomerRow, DebtorRow, ForecastView, IncomeRow, InvoiceLine,
    Listing, PaymentLine, ServiceLine,
};
use anyhow::Result;
use std::io;

/// What a list is called.
#[must_use]
pub(crate) fn name(list: &str) -> String {
    word("lists", list)
}

/// The code of a state that somebody asks a list for, which may be said as its tables say it; what is neither stays as it is.
#[must_use]
pub(crate) fn state_of(list: &str, states: &[&str], said: &str) -> String {
    let section = match list {
        "services" => "service",
        "charges" => "charge",
        "payments" => "payment",
        _ => "delivery",
    };
    let is_said = |state: &&&str| bare_capitals(&word(section, state)) == bare_capitals(said.trim());
    states.iter().find(is_said).map_or_else(|| said.to_owned(), |state| (*state).to_owned())
}

/// The list as a table.
pub(crate) fn text(list: &List) -> String {
    if list.rows.is_empty() { say!("status.nothing") + "\n" } else { table(list) }
}

/// The list with its columns.
///
/// # Errors
/// A spool that cannot be read.
pub(crate) fn list(view: &Listing) -> Result<List> {
    let mut list = List::default();
    fill(view, &mut list)?;
    Ok(list)
}

/// Fills a list or a file with one row after the other.
///
/// # Errors
/// A spool that cannot be read, a file that cannot be written.
pub(crate) fn fill(view: &Listing, into: &mut dyn Sink) -> Result<()> {
    match view {
        Listing::Customers { customers } => of_customers().fill(customers.iter(), into),
        Listing::Services { services } => of_services().fill(services.iter(), into),
        Listing::Charges { charges } => of_charges().fill(charges.iter(), into),
        Listing::Payments { payments } => of_payments().fill(payments.iter(), into),
        Listing::Cards { cards } => of_cards().fill(cards.iter(), into),
        Listing::Invoices { invoices } => of_invoices().fill(invoices.iter(), into),
        Listing::Debtors { debtors, .. } => into.whole(of_debtors(debtors)),
        Listing::Credits { credits, .. } => into.whole(of_credits(credits)),
    }
}

/// These customers, as a list.
pub(super) fn customers<'a>(rows: impl Iterator<Item = &'a CustomerRow>) -> List {
    let Form { list, row } = of_customers();
    List { rows: rows.map(row).collect(), ..list }
}

/// A list without its rows, and how one is made of an item.
struct Form<T> {
    list: List,
    row: fn(&T) -> Vec<Cell>,
}

impl<T> Form<T> {
    fn of(heads: Vec<String>, row: fn(&T) -> Vec<Cell>) -> Self {
        Self { list: List { head: heads, ..List::default() }, row }
    }

    fn summed(self) -> Self {
        Self { list: summed(self.list), ..self }
    }

    fn sparing(self, columns: &[usize]) -> Self {
        Self { list: self.list.sparing(columns), ..self }
    }

    fn fill(self, mut items: impl Iterator<Item = io::Result<T>>, into: &mut dyn Sink) -> Result<()> {
        into.begin(self.list)?;
        items.try_for_each(|item| into.row((self.row)(&item?)))
    }
}

/// What comes in, and what should have come already.
#[must_use]
pub(crate) fn forecast(view: &ForecastView) -> String {
    let overdue = say!("list.overdue_apart", overdue = Money::from_cents(view.overdue_cents));
    format!("{}{overdue}\n", table(&income(view)))
}

/// Income with its sum.
#[must_use]
pub(crate) fn income(view: &ForecastView) -> List {
    let first = match view.forecast.first() {
        Some(IncomeRow { week: Some(_), .. }) => "week",
        Some(IncomeRow { kind: Some(_), .. }) => "kind",
        Some(IncomeRow { customer: Some(_), .. }) => "customer",
        _ => "month",
    };
    let is_by_customer = first == "customer";
    let head = if is_by_customer {
        heads(&[first, "name", "periods", "gross"])
    } else {
        heads(&[first, "periods", "gross"])
    };
    let list = List::of(head, &view.forecast, |row| {
        let (periods, cents): (Cell, Cell) = (row.periods.into(), money(row.cents));
        if let Some(monday) = row.week {
            return vec![monday.into(), periods, cents];
        }
        match (&row.month, &row.kind, &row.customer) {
            (Some(month), ..) => vec![code(month_of(month)), periods, cents],
            (_, Some(kind), _) => vec![word("kind", kind).into(), periods, cents],
            (.., customer) => {
                vec![code(customer.as_deref().unwrap_or("")), row.name.clone().into(), periods, cents]
            }
        }
    });
    list.summed(word("column", "sum"))
}

/// `2026-10` as the language writes a month.
pub(super) fn month_of(month: &str) -> String {
    match month.split_once('-') {
        Some((year, number)) => say!("list.month", number, year),
        None => month.to_owned(),
    }
}

fn money(cents: i64) -> Cell {
    Money::from_cents(cents).into()
}

/// An amount that is nothing leaves its place empty.
fn some_money(cents: i64) -> Cell {
    (cents != 0).then(|| Money::from_cents(cents)).into()
}

fn summed(list: List) -> List {
    list.summed(word("column", "sum"))
}

fn of_customers() -> Form<CustomerRow> {
    let head =
        heads(&["customer", "name", "phone", "email", "tax_id", "reference", "services", "due", "credit"]);
    Form::of(head, |row: &CustomerRow| {
        vec![
            code(&row.customer),
            (&row.name).into(),
            row.phone.as_ref().map(code).into(),
            (&row.email).into(),
            row.tax_id.as_ref().map(code).into(),
            code(&row.reference),
            row.services.into(),
            some_money(row.due_cents),
            some_money(row.credit_cents),
        ]
    })
    .summed()
    .sparing(&[3, 4, 6, 2, 5, 8])
}

fn of_services() -> Form<ServiceLine> {
    let head = heads(&[
        "service",
        "customer",
        "name",
        "kind",
        "what",
        "domain_name",
        "state",
        "expires",
        "price",
        "months",
        "hold",
    ]);
    Form::of(head, |row: &ServiceLine| {
        let state = service_state(&row.state);
        let state = if row.renews { state } else { format!("{state}, {}", word("reason", "cancelled")) };
        vec![
            code(&row.service),
            code(&row.customer),
            (&row.name).into(),
            word("kind", &row.kind).into(),
            (&row.description).into(),
            row.domain_name.as_ref().map(code).into(),
            state.into(),
            row.expires_on.into(),
            money(row.price_cents),
            row.period_months.into(),
            row.hold_until.into(),
        ]
    })
    .sparing(&[9, 2, 3, 10, 4, 8])
}

fn of_charges() -> Form<ChargeLine> {
    let head = heads(&[
        "charge", "customer", "name", "service", "what", "expires", "state", "gross", "due", "settled",
    ]);
    Form::of(head, |row: &ChargeLine| {
        vec![
            code(row.charge.to_string()),
            code(&row.customer),
            (&row.name).into(),
            row.service.as_ref().map(code).into(),
            (&row.label).into(),
            row.day.into(),
            word("charge", &row.state).into(),
            money(row.gross_cents),
            some_money(row.due_cents),
            row.settled_on.into(),
        ]
    })
    .summed()
    .sparing(&[9, 2, 4, 7])
}

fn of_payments() -> Form<PaymentLine> {
    let head = heads(&[
        "payment", "date", "amount", "kept", "credit", "customer", "name", "bank_ref", "method", "who",
        "state",
    ]);
    Form::of(head, |row: &PaymentLine| {
        vec![
            code(row.payment.to_string()),
            row.date.into(),
            money(row.amount_cents),
            money(row.kept_cents),
            some_money(row.credit_cents),
            row.customer.as_ref().map(code).into(),
            row.name.clone().into(),
            (&row.bank_ref).into(),
            word("method", &row.method).into(),
            row.payer.clone().into(),
            word("payment", &row.state).into(),
        ]
    })
    .summed()
    .sparing(&[8, 4, 9, 7, 6])
}

fn of_cards() -> Form<CardLine> {
    let head = heads(&["card", "made", "customer", "name", "amount", "state", "replaces"]);
    Form::of(head, |row: &CardLine| {
        vec![
            code(&row.card),
            row.issued_on.into(),
            code(&row.customer),
            (&row.name).into(),
            money(row.total_cents),
            word("delivery", &row.state).into(),
            row.replaces.as_ref().map(code).into(),
        ]
    })
    .sparing(&[6, 3])
}

fn of_invoices() -> Form<InvoiceLine> {
    let head = heads(&["invoice", "date", "customer", "name", "service", "gross"]);
    Form::of(head, |row: &InvoiceLine| {
        vec![
            code(&row.invoice),
            row.date.into(),
            row.customer.as_ref().map(code).into(),
            row.name.clone().into(),
            row.service.as_ref().map(code).into(),
            money(row.gross_cents),
        ]
    })
    .summed()
    .sparing(&[4])
}

pub(super) fn of_debtors(rows: &[DebtorRow]) -> List {
    // an age in which nobody owes anything takes no place
    let owes = |age: &&str| rows.iter().any(|row| row.buckets.get(age).is_some_and(|cents| *cents != 0));
    let ages: Vec<&str> = BUCKETS.into_iter().filter(owes).collect();
    let mut head = heads(&["customer", "name", "phone", "days"]);
    head.extend(ages.iter().map(|age| say!("list.age", age)));
    head.extend(heads(&["sum", "last_mail"]));
    summed(List::of(head, rows, |row| {
        let who =
            [code(&row.customer), (&row.name).into(), row.phone.as_ref().map(code).into(), row.days.into()];
        let ages = ages.iter().map(|age| some_money(row.buckets.get(age).copied().unwrap_or_default()));
        who.into_iter().chain(ages).chain([money(row.total_cents), row.last_mail.into()]).collect()
    }))
    .sparing(&[5 + ages.len(), 2, 3])
}

fn of_credits(rows: &[CreditRow]) -> List {
    summed(List::of(heads(&["customer", "name", "phone", "since", "credit"]), rows, |row| {
        vec![
            code(&row.customer),
            (&row.name).into(),
            row.phone.as_ref().map(code).into(),
            row.since.into(),
            money(row.credit_cents),
        ]
    }))
}
