//! Records of tax invoices that accounting has issued.

use super::{Entry, Recording};
use crate::billing::ids::ServiceCode;
use crate::billing::period::read_day;
use crate::error::Stop;
use crate::intake::InvoiceOf;
use crate::jobs::import::invoices;
use crate::store::Tx;
use crate::views::record::Recorded;
use anyhow::{Result, bail};
use chrono::NaiveDate;
use clap::Args;
use std::collections::BTreeMap;

/// `record invoice`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record invoice ΤΠΥ-512 07/09/2026 --card KX-2026-000123")]
pub struct Invoice {
    /// Its number
    pub number: String,
    /// Its day
    #[arg(required_unless_present = "undo", value_parser = read_day)]
    pub date: Option<NaiveDate>,
    /// It was recorded by mistake
    #[arg(long)]
    pub undo: bool,
    /// For everything that a card asked for
    #[arg(long, required_unless_present_any = ["service", "bank_ref", "undo"])]
    pub card: Option<String>,
    /// For a service's period
    #[arg(long, requires = "period_from")]
    pub service: Option<String>,
    /// First day of the period
    #[arg(long, value_parser = read_day)]
    pub period_from: Option<NaiveDate>,
    /// For everything that a payment went to
    #[arg(long)]
    pub bank_ref: Option<String>,
}

impl Invoice {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let (tx, number) = (at.tx, &self.number);
        if self.undo {
            let count = tx.forget_invoice(number)?;
            if count == 0 {
                bail!("no invoice `{number}` is recorded");
            }
            return Ok(Entry::of_nobody(Recorded::InvoiceForgotten {
                number: number.clone(),
                entries: count,
            }));
        }
        let date = self.date.unwrap_or_else(|| at.today());
        at.not_ahead(date)?;
        let covered = invoices::covered(tx, &self.of()?)?;
        if covered.is_nothing() {
            let text = format!("no charge was found for invoice `{number}`");
            return Err(Stop::unknown_unless(self.names_something(tx)?, text).into());
        }
        if let Some(why) = invoices::is_of_another(tx, number, &covered, &mut BTreeMap::new())? {
            bail!("{why}");
        }
        let count = invoices::issue(tx, number, date, &covered)?;
        Ok(Entry::of_nobody(Recorded::Invoiced { number: number.clone(), date, entries: count }))
    }

    /// Whether the card, service or payment that it is for is known.
    fn names_something(&self, tx: &Tx<'_>) -> Result<bool> {
        Ok(match self.of()? {
            InvoiceOf::Card(card) => tx.customer_of_card(&card)?.is_some(),
            InvoiceOf::Period(service, _) => tx.owner_of(&ServiceCode::new(service))?.is_some(),
            InvoiceOf::Charge(charge) => tx.customer_of_charge(charge)?.is_some(),
            InvoiceOf::Advance(payment) => tx.payment(payment)?.is_some(),
            InvoiceOf::Payment(bank_ref) => !tx.payments_of_reference(&bank_ref)?.is_empty(),
        })
    }

    fn of(&self) -> Result<InvoiceOf> {
        let Self { card, service, period_from, bank_ref, .. } = self.clone();
        Ok(match (card, service, period_from, bank_ref) {
            (Some(card), ..) => InvoiceOf::Card(card),
            (None, Some(service), Some(from), _) => InvoiceOf::Period(service, from),
            (None, _, _, Some(bank_ref)) => InvoiceOf::Payment(bank_ref),
            (None, ..) => return Err(Stop::usage("say what the invoice is for").into()),
        })
    }
}
