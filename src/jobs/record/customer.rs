//! Records of customers: their addresses, and their word that money is on its way.

use super::{Entry, Recording};
use crate::billing::address;
use crate::billing::ids::CustomerCode;
use crate::billing::period::days_after;
use crate::billing::service::Hold;
use crate::error::Stop;
use crate::store::RecordOf;
use crate::views::record::Recorded;
use anyhow::{Result, anyhow};
use clap::Args;

/// `record proof`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record proof K-0150")]
pub struct Proof {
    /// Customer
    pub customer: CustomerCode,
    /// Days of the hold
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
}

impl Proof {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let customer = &self.customer;
        let until = days_after(at.today(), self.days);
        let note = format!("{}{}", Hold::SLIP, at.author.reason);
        let held = at.hold_all(customer, until, &note)?;
        Ok(Entry::of_customer(customer, Recorded::ProofShown { customer: customer.clone(), until, held }))
    }
}

/// `record email`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record email K-0150 eleni@ergo.example")]
pub struct Email {
    /// Customer
    pub customer: CustomerCode,
    /// Addresses
    #[arg(required = true)]
    pub addresses: Vec<String>,
}

impl Email {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let customer = &self.customer;
        let known = at.tx.customer(customer)?;
        let mut stored = known.ok_or_else(|| Stop::unknown(format!("there is no customer `{customer}`")))?;
        let checked: Result<Vec<String>, String> =
            self.addresses.iter().map(|address| address::check(address)).collect();
        stored.email =
            checked.and_then(|all| address::check_count(&all).map(|()| all)).map_err(|why| anyhow!(why))?;
        at.tx.update_customer(&stored)?;
        at.tx.note_staff_word(RecordOf::Customer(customer), "email")?;
        let recorded = Recorded::Emailed { customer: customer.clone(), addresses: stored.email };
        Ok(Entry::of_customer(customer, recorded))
    }
}
