//! What `list` asks, into whatever holds rows of any length: each list is a query with the columns that a filter looks at – `customer`, `kind`, `state`, `day` and
//! `cents` – and the filter is the same for all.

use super::Read;
use super::columns::Record;
use super::error::{Result, StoreError};
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::service::ServiceKind;
use crate::views::list::{
    CardLine, ChargeLine, CreditRow, CustomerRow, InvoiceLine, OpenLine, PaymentLine, ServiceLine,
};
use chrono::NaiveDate;
use rusqlite::params;
use std::collections::HashSet;

/// Which rows are wanted; what is not set wants all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Whose.
    pub customer: Option<CustomerCode>,
    /// Of services of this kind.
    pub kind: Option<ServiceKind>,
    /// In this state.
    pub state: Option<String>,
    /// Of this day or later.
    pub from: Option<NaiveDate>,
    /// Of this day or earlier.
    pub to: Option<NaiveDate>,
    /// Of so many cents or more.
    pub min_cents: Option<i64>,
}

/// Charges that are asked for, with what is due of each.
const OPEN: &str = "SELECT c.id, c.customer, coalesce(c.period_from, c.created_on) AS since,
        c.gross_cents - coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.charge = c.id), 0) AS due_cents
    FROM charges c LEFT JOIN services s ON s.code = c.service
    WHERE c.settled_on IS NULL AND c.written_off_on IS NULL
      AND (c.source = 'one_off' AND coalesce(s.state, '') <> 'ended' OR c.source = 'period'
        AND s.state IN ('active', 'suspended')
        AND (c.period_from = s.expires_on AND s.renews = 1 OR c.period_from <> s.expires_on AND c.renewed_on IS NOT NULL))";

const CUSTOMERS: &str = "SELECT code AS customer, NULL AS kind, NULL AS state, NULL AS day, name, email, phone, tax_id,
        reference, coalesce(s.services, 0) AS services, coalesce(o.due_cents, 0) AS cents,
        coalesce(m.credit_cents, 0) AS credit_cents
    FROM customers k
      LEFT JOIN (SELECT customer, count(*) AS services FROM services WHERE state IN ('active', 'suspended')
        GROUP BY customer) s ON s.customer = k.code
      LEFT JOIN (SELECT customer, sum(due_cents) AS due_cents FROM open GROUP BY customer) o ON o.customer = k.code
      LEFT JOIN (SELECT customer, sum(kept_cents - allocated_cents) AS credit_cents FROM money GROUP BY customer) m
        ON m.customer = k.code
    ORDER BY name, code";

const SERVICES: &str = "SELECT s.code, s.customer, k.name AS customer_name, s.kind, s.name AS description, s.domain_name,
        s.state, s.expires_on AS day, s.period_months,
        CASE WHEN s.later_price_from <= s.expires_on THEN s.later_price_cents ELSE s.price_cents END AS cents,
        CASE WHEN s.later_price_from <= s.expires_on THEN s.later_price_is_gross ELSE s.price_is_gross END AS price_is_gross,
        s.renews, s.hold_until
    FROM services s JOIN customers k ON k.code = s.customer ORDER BY s.expires_on, s.code";

const CHARGES: &str = "SELECT c.id, c.customer, k.name AS customer_name, c.service, s.kind, c.label,
        coalesce(c.period_from, c.created_on) AS day, c.period_to, c.gross_cents, c.settled_on,
        coalesce(o.due_cents, 0) AS cents,
        CASE WHEN c.written_off_on IS NOT NULL THEN 'written_off' WHEN c.settled_on IS NOT NULL THEN 'settled'
          WHEN o.id IS NULL THEN 'withdrawn' WHEN o.since < ?7 THEN 'overdue' ELSE 'open' END AS state
    FROM charges c JOIN customers k ON k.code = c.customer LEFT JOIN services s ON s.code = c.service
      LEFT JOIN open o ON o.id = c.id
    WHERE c.source <> 'adjustment' ORDER BY day, c.id";

const PAYMENTS: &str = "SELECT m.id, m.date AS day, m.amount_cents AS cents, m.kept_cents,
        m.kept_cents - m.allocated_cents AS credit_cents,
        m.customer, k.name AS customer_name, m.bank_ref, m.method, m.payer, NULL AS kind,
        CASE WHEN m.parked IS NOT NULL THEN 'parked' WHEN m.kept_cents <= 0 THEN 'reversed'
          WHEN m.customer IS NULL THEN 'unmatched' ELSE 'matched' END AS state
    FROM money m LEFT JOIN customers k ON k.code = m.customer ORDER BY m.date, m.id";

const CARDS: &str = "SELECT c.number, c.customer, k.name AS customer_name, c.issued_on AS day, c.total_due_cents AS cents,
        c.replaces, NULL AS kind,
        coalesce((SELECT d.state FROM messages m JOIN deliveries d ON d.message = m.id
          WHERE m.card = c.number AND d.role IN ('email', 'cc', 'trial')
          ORDER BY CASE d.state WHEN 'failed' THEN 0 WHEN 'uncertain' THEN 1 WHEN 'in_doubt' THEN 2 WHEN 'queued' THEN 3
            WHEN 'sent' THEN 4 ELSE 5 END LIMIT 1), 'cancelled') AS state
    FROM cards c JOIN customers k ON k.code = c.customer ORDER BY c.issued_on, c.number";

const INVOICES: &str = "SELECT i.number, i.date AS day, coalesce(c.customer, p.customer) AS customer,
        k.name AS customer_name, c.service, coalesce(c.gross_cents, p.amount_cents) AS cents, NULL AS kind, NULL AS state
    FROM invoices i LEFT JOIN charges c ON c.id = i.charge LEFT JOIN payments p ON p.id = i.payment
      LEFT JOIN customers k ON k.code = coalesce(c.customer, p.customer) ORDER BY i.date, i.number, i.id";

const CREDITS: &str = "SELECT m.customer, k.name AS customer_name, k.phone, sum(m.kept_cents - m.allocated_cents) AS cents,
        min(m.date) AS day, NULL AS kind, NULL AS state
    FROM money m JOIN customers k ON k.code = m.customer WHERE m.kept_cents > m.allocated_cents AND m.parked IS NULL
    GROUP BY m.customer ORDER BY 4 DESC, m.customer";

const OPEN_CHARGES: &str =
    "SELECT o.customer, k.name AS customer_name, k.phone, o.since AS day, o.due_cents AS cents,
        s.kind, NULL AS state,
        (SELECT max(d.accepted_on) FROM messages m JOIN deliveries d ON d.message = m.id
          WHERE m.customer = o.customer AND d.state = 'sent') AS last_mail
    FROM open o JOIN charges c ON c.id = o.id JOIN customers k ON k.code = o.customer
      LEFT JOIN services s ON s.code = c.service WHERE o.due_cents > 0 ORDER BY o.customer, o.since";

/// Rows of a list, and the records that cannot be read: they keep nobody else from being listed.
#[derive(Debug)]
pub struct Rows<L> {
    /// The rows.
    pub rows: L,
    /// Why one is not among them, each.
    pub unread: Vec<StoreError>,
}

impl Read {
    /// Rows of a list (a literal of this file), those that `filter` wants.
    fn listed<T, L: Default + Extend<T>>(
        &self,
        list: &str,
        name: &str,
        filter: &Filter,
        today: NaiveDate,
        read: impl Fn(&Record<'_>) -> Result<T>,
    ) -> Result<Rows<L>> {
        let sql = format!(
            "WITH open AS MATERIALIZED ({OPEN}) SELECT * FROM ({list})
             WHERE (?1 IS NULL OR customer = ?1) AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR state = ?3)
               AND (?4 IS NULL OR day >= ?4) AND (?5 IS NULL OR day <= ?5) AND (?6 IS NULL OR cents >= ?6)
               AND ?7 IS NOT NULL"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let Filter { customer, kind, state, from, to, min_cents } = filter;
        let values = params![
            customer.as_ref().map(CustomerCode::as_str),
            kind.map(ServiceKind::code),
            state,
            from,
            to,
            min_cents,
            today
        ];
        let mut rows = statement.query(values)?;
        let mut found = Rows { rows: L::default(), unread: Vec::new() };
        while let Some(row) = rows.next()? {
            match read(&Record::new(row, name)) {
                Ok(row) => found.rows.extend([row]),
                Err(fault) if fault.is_data() => found.unread.push(fault),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Customers, by name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_customers<L: Default + Extend<CustomerRow>>(
        &self,
        filter: &Filter,
        today: NaiveDate,
    ) -> Result<Rows<L>> {
        self.listed(CUSTOMERS, "customer", filter, today, |row| {
            Ok(CustomerRow {
                customer: row.text("customer")?,
                name: row.text("name")?,
                email: row.text("email")?,
                phone: row.optional_text("phone")?,
                tax_id: row.optional_text("tax_id")?,
                reference: row.text("reference")?,
                services: row.integer("services")?,
                due_cents: row.integer("cents")?,
                credit_cents: row.integer("credit_cents")?,
            })
        })
    }

    /// Services, the earliest expiry first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_services<L: Default + Extend<ServiceLine>>(
        &self,
        filter: &Filter,
        today: NaiveDate,
    ) -> Result<Rows<L>> {
        self.listed(SERVICES, "service", filter, today, |row| {
            Ok(ServiceLine {
                service: row.text("code")?,
                customer: row.text("customer")?,
                name: row.text("customer_name")?,
                kind: row.text("kind")?,
                description: row.text("description")?,
                domain_name: row.optional_text("domain_name")?,
                state: row.text("state")?,
                expires_on: row.date("day")?,
                price_cents: row.integer("cents")?,
                price_is_gross: row.integer("price_is_gross")? != 0,
                period_months: row.integer("period_months")?,
                renews: row.integer("renews")? != 0,
                hold_until: row.optional_date("hold_until")?,
            })
        })
    }

    /// Charges, the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_charges<L: Default + Extend<ChargeLine>>(
        &self,
        filter: &Filter,
        today: NaiveDate,
    ) -> Result<Rows<L>> {
        self.listed(CHARGES, "charge", filter, today, |row| {
            Ok(ChargeLine {
                charge: row.integer("id")?,
                customer: row.text("customer")?,
                name: row.text("customer_name")?,
                service: row.optional_text("service")?,
                label: row.text("label")?,
                day: row.date("day")?,
                period_to: row.optional_date("period_to")?,
                state: row.text("state")?,
                gross_cents: row.integer("gross_cents")?,
                due_cents: row.integer("cents")?,
                settled_on: row.optional_date("settled_on")?,
            })
        })
    }

    /// Payments, the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_payments<L: Default + Extend<PaymentLine>>(
        &self,
        filter: &Filter,
        today: NaiveDate,
    ) -> Result<Rows<L>> {
        self.listed(PAYMENTS, "payment", filter, today, |row| {
            Ok(PaymentLine {
                payment: row.integer("id")?,
                date: row.date("day")?,
                amount_cents: row.integer("cents")?,
                kept_cents: row.integer("kept_cents")?,
                credit_cents: row.integer("credit_cents")?,
                customer: row.optional_text("customer")?,
                name: row.optional_text("customer_name")?,
                bank_ref: row.text("bank_ref")?,
                method: row.text("method")?,
                payer: row.optional_text("payer")?,
                state: row.text("state")?,
            })
        })
    }

    /// Cards, the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_cards<L: Default + Extend<CardLine>>(
        &self,
        filter: &Filter,
        today: NaiveDate,
    ) -> Result<Rows<L>> {
        self.listed(CARDS, "card", filter, today, |row| {
            Ok(CardLine {
                card: row.text("number")?,
                customer: row.text("customer")?,
                name: row.text("customer_name")?,
                issued_on: row.date("day")?,
                total_cents: row.integer("cents")?,
                state: row.text("state")?,
                replaces: row.optional_text("replaces")?,
            })
        })
    }

    /// Tax invoices, the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_invoices<L: Default + Extend<InvoiceLine>>(
        &self,
        filter: &Filter,
        today: NaiveDate,
    ) -> Result<Rows<L>> {
        self.listed(INVOICES, "invoice", filter, today, |row| {
            Ok(InvoiceLine {
                invoice: row.text("number")?,
                date: row.date("day")?,
                customer: row.optional_text("customer")?,
                name: row.optional_text("customer_name")?,
                service: row.optional_text("service")?,
                gross_cents: row.integer("cents")?,
            })
        })
    }

    /// Customers with money that is for nothing yet, the most first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_credits(&self, filter: &Filter, today: NaiveDate) -> Result<Rows<Vec<CreditRow>>> {
        self.listed(CREDITS, "credit of", filter, today, |row| {
            Ok(CreditRow {
                customer: row.text("customer")?,
                name: row.text("customer_name")?,
                phone: row.optional_text("phone")?,
                credit_cents: row.integer("cents")?,
                since: row.date("day")?,
            })
        })
    }

    /// What is open, by customer: overdue or not.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list_open(&self, filter: &Filter, today: NaiveDate) -> Result<Rows<Vec<OpenLine>>> {
        self.listed(OPEN_CHARGES, "charge of", filter, today, |row| {
            Ok(OpenLine {
                customer: row.text("customer")?,
                name: row.text("customer_name")?,
                phone: row.optional_text("phone")?,
                since: row.date("day")?,
                due_cents: row.integer("cents")?,
                kind: row.optional_text("kind")?,
                last_mail: row.optional_date("last_mail")?,
            })
        })
    }

    /// Services whose present period was charged, whatever became of that charge.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn charged_services(&self) -> Result<HashSet<ServiceCode>> {
        let sql = "SELECT c.service FROM charges c JOIN services s ON s.code = c.service AND s.expires_on = c.period_from
                   WHERE c.source = 'period'";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.map(|code| code.map(ServiceCode::new)).collect::<rusqlite::Result<_>>()?)
    }
}
