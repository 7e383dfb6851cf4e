//! What `status` asks: who is due, overdue, suspended, unmatched, and what waits for a person.

use super::Read;
use super::columns::Record;
use super::error::Result;
use crate::views::status::{ChargeRow, HoldRow, InvoiceRow, OneOffRow, PaymentRow, ServiceRow, WorkOrder};
use chrono::NaiveDate;
use rusqlite::params;

/// What was settled or paid in advance and has no tax invoice; one of an advance
/// covers what its payment settles later, and not what it had settled before.
const TO_INVOICE: &str =
    "WITH waiting AS MATERIALIZED (SELECT * FROM charges c WHERE c.settled_on IS NOT NULL AND c.source <> 'adjustment'
      AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.charge = c.id)),
    paying AS MATERIALIZED (SELECT a.charge, p.id, p.bank_ref, p.date, min(a.run) AS run FROM waiting w
      JOIN allocations a ON a.charge = w.id JOIN payments p ON p.id = a.payment
      GROUP BY a.charge, p.id HAVING sum(a.amount_cents) > 0),
    off AS MATERIALIZED (SELECT a.charge, sum(c.net_cents) AS net, sum(c.vat_cents) AS vat,
      sum(c.gross_cents) AS gross FROM waiting w JOIN allocations a ON a.charge = w.id
      JOIN charges c ON c.id = a.adjustment GROUP BY a.charge)
    SELECT 'settled' AS what, c.id AS charge, NULL AS payment, s.domain_name, c.vat_rate AS vat_basis_points,
      c.customer, k.name AS customer_name, c.service, c.label,
      c.period_from, c.period_to, c.net_cents + coalesce(off.net, 0) AS net_cents,
      c.vat_cents + coalesce(off.vat, 0) AS vat_cents,
      c.gross_cents + coalesce(off.gross, 0) AS gross_cents, c.settled_on, k.tax_id, k.tax_office,
      trim(coalesce(k.address, '') || ' ' || coalesce(k.postcode, '') || ' ' || coalesce(k.city, ''))
        AS address,
      (SELECT max(date) FROM paying WHERE charge = c.id) AS paid_on,
      (SELECT group_concat(bank_ref, ', ') FROM paying WHERE charge = c.id) AS payments
    FROM waiting c JOIN customers k ON k.code = c.customer LEFT JOIN services s ON s.code = c.service
      LEFT JOIN off ON off.charge = c.id
    WHERE EXISTS (SELECT 1 FROM paying WHERE charge = c.id
        AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.payment = paying.id AND i.run < paying.run))
    UNION ALL
    SELECT 'advance', NULL, m.id, NULL, NULL, m.customer, k.name, NULL, '', NULL, NULL, 0, 0,
      m.kept_cents - m.allocated_cents, m.date, k.tax_id, k.tax_office,
      trim(coalesce(k.address, '') || ' ' || coalesce(k.postcode, '') || ' ' || coalesce(k.city, '')),
      m.date, m.bank_ref
    FROM money m JOIN customers k ON k.code = m.customer
    WHERE m.kept_cents > m.allocated_cents
      AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.payment = m.id)
    ORDER BY 1 DESC, settled_on, 6, 8";

/// Reading what `status` shows.
impl Read {
    /// Open charges of no period, the oldest first.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn one_off_charges(&self) -> Result<Vec<OneOffRow>> {
        let sql = "SELECT c.id, c.customer, k.name AS customer_name, c.label, c.created_on,
                     c.gross_cents - coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.charge = c.id), 0) AS due_cents
                   FROM charges c JOIN customers k ON k.code = c.customer LEFT JOIN services s ON s.code = c.service
                   WHERE c.settled_on IS NULL AND c.written_off_on IS NULL AND c.source = 'one_off'
                     AND coalesce(s.state, '') <> 'ended'
                   ORDER BY c.created_on, c.customer, c.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut charges = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "charge of");
            charges.push(OneOffRow {
                customer: record.text("customer")?,
                name: record.text("customer_name")?,
                charge: record.integer("id")?,
                label: record.text("label")?,
                since: record.date("created_on")?,
                due_cents: record.integer("due_cents")?,
            });
        }
        Ok(charges)
    }

    /// Open period charges whose expiry lies before `today`.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn overdue_charges(&self, today: NaiveDate) -> Result<Vec<ChargeRow>> {
        let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(NaiveDate::MIN);
        self.open_period_charges(first, today.pred_opt().unwrap_or(NaiveDate::MIN))
    }

    /// Open period charges whose expiry lies from `from` up to `to`.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn open_period_charges(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<ChargeRow>> {
        let sql =
            "SELECT c.service, c.customer, k.name AS customer_name, s.name AS description,
                    c.period_from AS expires_on, c.gross_cents, c.gross_cents - coalesce((SELECT sum(a.amount_cents) FROM allocations a
                      WHERE a.charge = c.id), 0) AS due_cents
                   FROM charges c JOIN services s ON s.code = c.service
                   JOIN customers k ON k.code = c.customer
                   WHERE c.settled_on IS NULL AND c.written_off_on IS NULL AND c.source = 'period' AND c.period_from BETWEEN ?1 AND ?2
                     AND (c.period_from = s.expires_on AND s.renews = 1 AND s.state IN ('active', 'suspended')
                          OR c.period_from < s.expires_on AND c.reopened_on IS NOT NULL AND s.state <> 'ended')
                   ORDER BY c.period_from, c.customer, c.service";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params![from, to])?;
        let mut charges = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "charge of service");
            charges.push(ChargeRow {
                customer: record.text("customer")?,
                name: record.text("customer_name")?,
                service: record.text("service")?,
                description: record.text("description")?,
                expires_on: record.date("expires_on")?,
                gross_cents: record.integer("gross_cents")?,
                due_cents: record.integer("due_cents")?,
            });
        }
        Ok(charges)
    }

    /// Suspended services.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn suspended_services(&self) -> Result<Vec<ServiceRow>> {
        self.service_rows("s.state = 'suspended' ORDER BY s.state_on, s.code", NaiveDate::MAX)
    }

    /// Services on hold on `today`, those whose hold ends first before the others. One whose day cannot be read is listed with
    /// the records that cannot, and hides no other.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn services_on_hold(&self, today: NaiveDate) -> Result<Vec<HoldRow>> {
        let sql = "SELECT s.code, s.customer, k.name AS customer_name, s.name AS description, s.hold_until, s.hold_note
                   FROM services s JOIN customers k ON k.code = s.customer
                   WHERE s.hold_until >= ?1 AND s.state IN ('active', 'suspended') ORDER BY s.hold_until, s.code";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([today])?;
        let mut held = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "service");
            let until = match record.date("hold_until") {
                Err(fault) if fault.is_data() => continue,
                until => until?,
            };
            held.push(HoldRow {
                service: record.text("code")?,
                customer: record.text("customer")?,
                name: record.text("customer_name")?,
                description: record.text("description")?,
                until,
                note: record.optional_text("hold_note")?.unwrap_or_default(),
            });
        }
        Ok(held)
    }

    /// Custom applications that expire up to `to`: a person notifies them.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn custom_apps(&self, to: NaiveDate) -> Result<Vec<ServiceRow>> {
        self.service_rows(
            "s.kind = 'custom_app' AND s.state = 'active' AND s.renews = 1 AND s.expires_on <= ?1
             ORDER BY s.expires_on, s.code",
            to,
        )
    }

    /// Services by a condition on `s` (a literal of this file) and a day.
    pub(super) fn service_rows(&self, condition: &str, day: NaiveDate) -> Result<Vec<ServiceRow>> {
        let sql = format!(
            "SELECT s.code, s.customer, k.name AS customer_name, s.name AS description, s.expires_on, s.state_on,
              s.suspension_reason FROM services s JOIN customers k ON k.code = s.customer
             WHERE ?1 IS NOT NULL AND {condition}"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut rows = statement.query([day])?;
        let mut services = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "service");
            services.push(ServiceRow {
                customer: record.text("customer")?,
                name: record.text("customer_name")?,
                service: record.text("code")?,
                description: record.text("description")?,
                expires_on: record.date("expires_on")?,
                since: record.optional_date("state_on")?,
                reason: record.optional_text("suspension_reason")?,
            });
        }
        Ok(services)
    }

    /// Payments that no customer was found for, oldest first.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn unmatched_payments(&self) -> Result<Vec<PaymentRow>> {
        let sql = "SELECT id, date, kept_cents AS amount_cents, bank_ref, reference, payer, note, parked, likely FROM money
                   WHERE customer IS NULL AND kept_cents > 0 ORDER BY date, bank_ref";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut payments = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "payment");
            payments.push(PaymentRow {
                id: record.integer("id")?,
                date: record.date("date")?,
                amount_cents: record.integer("amount_cents")?,
                bank_ref: record.text("bank_ref")?,
                reference: record.optional_text("reference")?,
                payer: record.optional_text("payer")?,
                note: record.optional_text("note")?,
                parked: record.optional_text("parked")?,
                likely: record.optional_text("likely")?,
            });
        }
        Ok(payments)
    }

    /// Settled charges without a tax invoice, less what was taken off them, oldest first; then money paid in
    /// advance that has none, all of it as gross.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn to_invoice(&self) -> Result<Vec<InvoiceRow>> {
        let mut statement = self.connection().prepare_cached(TO_INVOICE)?;
        let mut rows = statement.query([])?;
        let mut charges = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "charge of customer");
            charges.push(InvoiceRow {
                what: record.text("what")?,
                charge: record.optional_integer("charge")?,
                payment: record.optional_integer("payment")?,
                domain_name: record.optional_text("domain_name")?,
                vat_basis_points: record
                    .optional_integer("vat_basis_points")?
                    .and_then(|rate| u32::try_from(rate).ok()),
                customer: record.text("customer")?,
                name: record.text("customer_name")?,
                service: record.optional_text("service")?,
                description: record.text("label")?,
                period_from: record.optional_date("period_from")?,
                period_to: record.optional_date("period_to")?,
                net_cents: record.integer("net_cents")?,
                vat_cents: record.integer("vat_cents")?,
                gross_cents: record.integer("gross_cents")?,
                settled_on: record.date("settled_on")?,
                tax_id: record.optional_text("tax_id")?,
                tax_office: record.optional_text("tax_office")?,
                address: record.text("address")?,
                paid_on: record.optional_date("paid_on")?,
                payments: record.optional_text("payments")?.unwrap_or_default(),
            });
        }
        Ok(charges)
    }

    /// Open work orders, oldest first.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn work_orders(&self) -> Result<Vec<WorkOrder>> {
        let sql =
            "SELECT w.id, w.action, w.service, s.customer, s.name AS description, s.domain_name, s.account,
                    s.server, w.until, w.opened_on
                   FROM work_orders w JOIN services s ON s.code = w.service
                   WHERE w.done_on IS NULL ORDER BY w.opened_on, w.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut orders = Vec::new();
        while let Some(row) = rows.next()? {
            let record = Record::new(row, "work order");
            orders.push(WorkOrder {
                id: record.integer("id")?,
                action: record.text("action")?,
                service: record.text("service")?,
                customer: record.text("customer")?,
                description: record.text("description")?,
                domain_name: record.optional_text("domain_name")?,
                account: record.optional_text("account")?,
                server: record.optional_text("server")?,
                until: record.optional_date("until")?,
                opened_on: record.date("opened_on")?,
            });
        }
        Ok(orders)
    }
}
