//! The tax invoices that accounting has issued: what each is for.

use crate::billing::ids::{ChargeId, CustomerCode, PaymentId};
use crate::intake::{InvoiceOf, InvoiceRow, Sheet};
use crate::jobs::import::differences::record;
use crate::store::{Read, StoreError, StoredPayment, Tx};
use crate::views::ImportView;
use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What an invoice covers.
#[derive(Debug, Default)]
pub struct Covered {
    charges: Vec<ChargeId>,
    /// Payments with money left: paid in advance.
    advances: Vec<PaymentId>,
}

impl Covered {
    /// Whether there is nothing it could be for.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.charges.is_empty() && self.advances.is_empty()
    }
}

/// What an invoice is for: charges, and for a payment also what is left of it.
///
/// # Errors
/// Where the database cannot be read.
pub fn covered(from: &Read, of: &InvoiceOf) -> Result<Covered, StoreError> {
    let mut covered = Covered::default();
    let advances = |payments: Vec<StoredPayment>| {
        let left = payments.into_iter().filter(|payment| payment.kept > payment.allocated);
        left.map(|payment| payment.id).collect()
    };
    match of {
        InvoiceOf::Card(card) => covered.charges = from.charges_of_card(card)?,
        InvoiceOf::Charge(id) => covered.charges.extend(from.customer_of_charge(*id)?.map(|_| *id)),
        InvoiceOf::Advance(id) => covered.advances = advances(from.payment(*id)?.into_iter().collect()),
        InvoiceOf::Period(service, day) => covered.charges = from.charge_of_period(service, *day)?,
        InvoiceOf::Payment(bank_ref) => {
            covered.advances = advances(from.payments_of_reference(bank_ref)?);
            covered.charges = from.charges_of_payment(bank_ref)?;
        }
    }
    Ok(covered)
}

/// Why an invoice of that number cannot be of what it covers: a tax invoice is one company's. `seen` are the owners of
/// invoices that are not recorded yet.
///
/// # Errors
/// Where the database cannot be read.
pub fn is_of_another(
    from: &Read,
    number: &str,
    covered: &Covered,
    seen: &mut BTreeMap<String, CustomerCode>,
) -> Result<Option<String>, StoreError> {
    let mut owners: BTreeSet<CustomerCode> = from.customers_of_invoice(number)?.into_iter().collect();
    owners.extend(seen.get(number).cloned());
    for id in &covered.charges {
        owners.extend(from.customer_of_charge(*id)?);
    }
    for id in &covered.advances {
        owners.extend(from.payment(*id)?.and_then(|payment| payment.customer));
    }
    let Some(owner) = owners.first() else { return Ok(None) };
    seen.insert(number.to_owned(), owner.clone());
    // one company may have two codes, and gets one invoice
    let company = |owner: &CustomerCode| {
        let known = from.customer(owner).ok().flatten();
        known.and_then(|known| known.tax_id).unwrap_or_else(|| owner.to_string())
    };
    let companies: BTreeSet<String> = owners.iter().map(company).collect();
    let owners: Vec<String> = owners.iter().map(|owner| format!("`{owner}`")).collect();
    Ok((companies.len() > 1)
        .then(|| format!("`{number}` would be an invoice of {} at once", owners.join(" and "))))
}

/// Records an invoice; gives how many charges and advances had none yet.
///
/// # Errors
/// Where the database cannot be written.
pub fn issue(tx: &Tx<'_>, number: &str, date: NaiveDate, covered: &Covered) -> Result<usize, StoreError> {
    let mut count = tx.record_invoice(number, date, &covered.charges)?;
    for payment in &covered.advances {
        count += usize::from(tx.record_invoice_of_payment(number, date, *payment)?);
    }
    Ok(count)
}

/// Records the invoices of the sheets; one that is known already changes nothing.
pub(super) fn write(tx: &Tx<'_>, sheets: &[Sheet<InvoiceRow>], view: &mut ImportView) -> Result<()> {
    for row in sheets.iter().flat_map(Sheet::values) {
        let row = row?;
        let count = issue(tx, &row.invoice, row.date, &covered(tx, &row.of)?)?;
        if count == 0 {
            view.unchanged += 1;
            continue;
        }
        view.created += 1;
        view.records.push(record(&row.invoice, "created", Vec::new()));
        let detail = json!({ "invoice": row.invoice, "date": row.date, "charges": count });
        tx.journal(None, None, "invoice", &detail)?;
    }
    Ok(())
}
