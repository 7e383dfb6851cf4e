//! The rows of a small company's database, all of them, read as anybody could read them: without the program's code.

use chrono::NaiveDate;
use rusqlite::{Connection, OpenFlags, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) code: String,
    pub(crate) reference: String,
    pub(crate) exempt: bool,
    pub(crate) email: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) code: String,
    pub(crate) customer: String,
    pub(crate) kind: String,
    pub(crate) price: i64,
    pub(crate) months: u32,
    pub(crate) anchor: u32,
    pub(crate) expires: NaiveDate,
    pub(crate) state: String,
    pub(crate) state_on: Option<NaiveDate>,
    pub(crate) reason: Option<String>,
    pub(crate) suspension_expiry: Option<NaiveDate>,
    pub(crate) renews: bool,
    pub(crate) hold: Option<NaiveDate>,
}

impl Service {
    /// Whether it can ever be charged again as things are.
    pub(crate) fn is_alive(&self) -> bool {
        self.renews && self.kind != "custom_app" && ["active", "suspended"].contains(&self.state.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) id: i64,
    pub(crate) customer: String,
    pub(crate) service: Option<String>,
    pub(crate) source: String,
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) gross: i64,
    pub(crate) settled: Option<NaiveDate>,
    pub(crate) reopened: Option<NaiveDate>,
    pub(crate) renewed: Option<NaiveDate>,
    pub(crate) written_off: Option<NaiveDate>,
    /// By payments.
    pub(crate) paid: i64,
    /// By discounts and write-offs.
    pub(crate) taken_off: i64,
}

impl Charge {
    pub(crate) fn due(&self) -> i64 {
        if self.settled.is_some() || self.written_off.is_some() || self.source == "adjustment" {
            return 0;
        }
        (self.gross - self.paid - self.taken_off).max(0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) id: i64,
    pub(crate) date: NaiveDate,
    pub(crate) amount: i64,
    pub(crate) bank_ref: String,
    pub(crate) source: String,
    pub(crate) customer: Option<String>,
    pub(crate) services: Vec<String>,
    /// Everything that was written with it.
    pub(crate) words: String,
    pub(crate) reverses: Option<i64>,
    pub(crate) same_as: Option<i64>,
    pub(crate) parked: Option<String>,
    pub(crate) likely: Option<String>,
    pub(crate) seen: Option<NaiveDate>,
    pub(crate) disowned: bool,
    /// What was not taken back.
    pub(crate) kept: i64,
    pub(crate) allocated: i64,
}

impl Payment {
    /// Whether it is money of its own that counts.
    pub(crate) fn counts(&self) -> bool {
        self.reverses.is_none() && self.same_as.is_none() && self.parked.is_none()
    }

    pub(crate) fn left(&self) -> i64 {
        self.kept - self.allocated
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) id: i64,
    pub(crate) service: String,
    pub(crate) from: NaiveDate,
    pub(crate) stage: String,
    pub(crate) live: bool,
    pub(crate) made_on: NaiveDate,
    pub(crate) suspend_on: Option<NaiveDate>,
    pub(crate) terminate_on: Option<NaiveDate>,
    pub(crate) cancelled: bool,
    /// The first day on which an own address of the customer took it, and did not send it back.
    pub(crate) accepted: Option<NaiveDate>,
    /// The charges that its card listed.
    pub(crate) listed: Vec<i64>,
    /// `address|state|role` of each delivery.
    pub(crate) deliveries: Vec<(String, String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) id: i64,
    pub(crate) service: String,
    pub(crate) action: String,
    pub(crate) from: NaiveDate,
    pub(crate) live: bool,
    pub(crate) state: String,
    pub(crate) on: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attention {
    pub(crate) kind: String,
    pub(crate) key: String,
    pub(crate) customer: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) text: String,
    pub(crate) open: bool,
}

/// An allocation, summed: payment, charge, cents.
pub(crate) type Allocation = (i64, i64, i64);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Books {
    pub(crate) customers: BTreeMap<String, Customer>,
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) allocations: Vec<Allocation>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) steps: Vec<Step>,
    pub(crate) attention: Vec<Attention>,
}

impl Books {
    /// The same without the note that a backup was restored, which whatever command comes first makes.
    pub(crate) fn without_restored(&self) -> Self {
        let mut books = self.clone();
        books.attention.retain(|item| item.kind != "restored");
        books
    }

    /// Reads a database; one that is not there has no rows.
    pub(crate) fn read(path: &Path) -> Self {
        if !path.exists() {
            return Self::default();
        }
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let customers = all(&database, "SELECT code, reference, enforcement, email FROM customers", |row| {
            Ok(Customer {
                code: row.get(0)?,
                reference: row.get(1)?,
                exempt: !row.get::<_, bool>(2)?,
                email: row.get(3)?,
            })
        });
        let services = all(
            &database,
            "SELECT code, customer, kind, price_cents, period_months, anchor_day, expires_on, state, state_on,
               suspension_reason, suspension_expiry, renews, hold_until FROM services",
            service,
        );
        Self {
            customers: customers.into_iter().map(|customer| (customer.code.clone(), customer)).collect(),
            services: services.into_iter().map(|service| (service.code.clone(), service)).collect(),
            charges: all(
                &database,
                "SELECT id, customer, service, source, period_from, period_to, gross_cents, settled_on, reopened_on,
                   renewed_on, written_off_on,
                   coalesce((SELECT sum(amount_cents) FROM allocations WHERE charge = c.id AND payment IS NOT NULL), 0),
                   coalesce((SELECT sum(amount_cents) FROM allocations WHERE charge = c.id AND payment IS NULL), 0)
                 FROM charges c ORDER BY id",
                charge,
            ),
            payments: all(
                &database,
                "SELECT id, date, amount_cents, bank_ref, source, customer, services,
                   concat_ws(' ', reference, payer, note), reverses, same_as, parked, likely, seen_on,
                   disowned_on IS NOT NULL,
                   amount_cents + coalesce((SELECT sum(amount_cents) FROM payments WHERE reverses = p.id), 0),
                   coalesce((SELECT sum(amount_cents) FROM allocations WHERE payment = p.id), 0)
                 FROM payments p ORDER BY id",
                payment,
            ),
            allocations: all(
                &database,
                "SELECT payment, charge, sum(amount_cents) FROM allocations WHERE payment IS NOT NULL
                 GROUP BY payment, charge",
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            ),
            notices: notices(&database),
            steps: all(
                &database,
                "SELECT id, service, action, period_from, mode = 'live', state, on_day FROM steps ORDER BY id",
                |row| {
                    Ok(Step {
                        id: row.get(0)?,
                        service: row.get(1)?,
                        action: row.get(2)?,
                        from: row.get(3)?,
                        live: row.get(4)?,
                        state: row.get(5)?,
                        on: row.get(6)?,
                    })
                },
            ),
            attention: all(
                &database,
                "SELECT kind, key, customer, service, text, closed_on IS NULL FROM attention ORDER BY id",
                |row| {
                    Ok(Attention {
                        kind: row.get(0)?,
                        key: row.get(1)?,
                        customer: row.get(2)?,
                        service: row.get(3)?,
                        text: row.get(4)?,
                        open: row.get(5)?,
                    })
                },
            ),
        }
    }

    /// What a customer has to the good.
    pub(crate) fn credit(&self, customer: &str) -> i64 {
        self.payments_of(customer).map(Payment::left).sum()
    }

    pub(crate) fn payments_of<'a>(&'a self, customer: &'a str) -> impl Iterator<Item = &'a Payment> {
        self.payments.iter().filter(move |p| p.counts() && p.customer.as_deref() == Some(customer))
    }

    /// Charges that ask for money: of services that renew and are there, the period at the expiry; what was renewed
    /// and whose money went back; one-off ones.
    pub(crate) fn open<'a>(&'a self, customer: &'a str) -> impl Iterator<Item = &'a Charge> {
        self.charges.iter().filter(move |charge| {
            charge.customer == customer
                && charge.due() > 0
                && charge.written_off.is_none()
                && self.asks(charge)
        })
    }

    fn asks(&self, charge: &Charge) -> bool {
        let service = charge.service.as_ref().and_then(|code| self.services.get(code));
        match (charge.from, service) {
            (Some(from), Some(service)) if from == service.expires => service.is_alive(),
            (Some(from), Some(service)) => {
                from < service.expires
                    && charge.renewed.is_some()
                    && charge.reopened.is_some()
                    && ["active", "suspended"].contains(&service.state.as_str())
            }
            (None, Some(service)) => service.is_alive(),
            (None, None) => true,
            (Some(_), None) => false,
        }
    }

    /// The charge of the period that begins at a service's expiry.
    pub(crate) fn at_expiry(&self, service: &Service) -> Option<&Charge> {
        self.charges.iter().find(|charge| {
            charge.service.as_ref() == Some(&service.code) && charge.from == Some(service.expires)
        })
    }

    pub(crate) fn newest_notice(&self) -> i64 {
        self.notices.iter().map(|notice| notice.id).max().unwrap_or(0)
    }

    /// Services and customers that stand on the list for a person.
    pub(crate) fn listed(&self) -> BTreeSet<String> {
        let open = self.attention.iter().filter(|item| item.open);
        open.flat_map(|item| item.customer.clone().into_iter().chain(item.service.clone())).collect()
    }
}

fn all<T>(database: &Connection, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| read(row)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn service(row: &Row<'_>) -> rusqlite::Result<Service> {
    Ok(Service {
        code: row.get(0)?,
        customer: row.get(1)?,
        kind: row.get(2)?,
        price: row.get(3)?,
        months: row.get(4)?,
        anchor: row.get(5)?,
        expires: row.get(6)?,
        state: row.get(7)?,
        state_on: row.get(8)?,
        reason: row.get(9)?,
        suspension_expiry: row.get(10)?,
        renews: row.get(11)?,
        hold: row.get(12)?,
    })
}

fn charge(row: &Row<'_>) -> rusqlite::Result<Charge> {
    Ok(Charge {
        id: row.get(0)?,
        customer: row.get(1)?,
        service: row.get(2)?,
        source: row.get(3)?,
        from: row.get(4)?,
        to: row.get(5)?,
        gross: row.get(6)?,
        settled: row.get(7)?,
        reopened: row.get(8)?,
        renewed: row.get(9)?,
        written_off: row.get(10)?,
        paid: row.get(11)?,
        taken_off: row.get(12)?,
    })
}

fn payment(row: &Row<'_>) -> rusqlite::Result<Payment> {
    let services: String = row.get(6)?;
    Ok(Payment {
        id: row.get(0)?,
        date: row.get(1)?,
        amount: row.get(2)?,
        bank_ref: row.get(3)?,
        source: row.get(4)?,
        customer: row.get(5)?,
        services: services.split(';').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        words: row.get(7)?,
        reverses: row.get(8)?,
        same_as: row.get(9)?,
        parked: row.get(10)?,
        likely: row.get(11)?,
        seen: row.get(12)?,
        disowned: row.get(13)?,
        kept: row.get(14)?,
        allocated: row.get(15)?,
    })
}

fn notices(database: &Connection) -> Vec<Notice> {
    let deliveries = all(
        database,
        "SELECT message, address, state, role, accepted_on, bounced_on IS NOT NULL FROM deliveries",
        |row| {
            let one: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get::<_, i64>(0)?, one, row.get::<_, Option<NaiveDate>>(4)?, row.get::<_, bool>(5)?))
        },
    );
    let listed = all(
        database,
        "SELECT m.id, l.charge FROM messages m JOIN card_charges l ON l.card = m.card",
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    );
    let sql =
        "SELECT id, message, service, period_from, stage, mode = 'live', made_on, suspend_on, terminate_on,
        cancelled, told_how FROM notices WHERE service IS NOT NULL ORDER BY id";
    all(database, sql, |row| {
        let message: Option<i64> = row.get(1)?;
        let of_message = || deliveries.iter().filter(|(of, ..)| Some(*of) == message);
        let made_on: NaiveDate = row.get(6)?;
        // what a person told is accepted the day it is recorded
        let told = row.get::<_, Option<String>>(10)?.map(|_| made_on);
        Ok(Notice {
            id: row.get(0)?,
            service: row.get(2)?,
            from: row.get(3)?,
            stage: row.get(4)?,
            live: row.get(5)?,
            made_on,
            suspend_on: row.get(7)?,
            terminate_on: row.get(8)?,
            cancelled: row.get(9)?,
            accepted: of_message()
                .filter(|(_, (_, state, role), _, bounced)| state == "sent" && role == "email" && !bounced)
                .filter_map(|(_, _, accepted, _)| *accepted)
                .chain(told)
                .min(),
            listed: listed.iter().filter(|(of, _)| Some(*of) == message).map(|(_, charge)| *charge).collect(),
            deliveries: of_message().map(|(_, one, ..)| one.clone()).collect(),
        })
    })
}
