//! Records of charges: new ones, what is taken off them, and what they cost from now on.

use super::{Entry, Recording, amount};
use crate::billing::asked::rate_of;
use crate::billing::charge::Charge as Charged;
use crate::billing::charging::{TakeOff, charge_once, reprice_told, take_off};
use crate::billing::facts::{Change, Facts};
use crate::billing::ids::{ChargeId, CustomerCode, ServiceCode};
use crate::billing::money::Money;
use crate::billing::vat::Price;
use crate::error::Stop;
use crate::store::RecordOf;
use crate::views::record::Recorded;
use anyhow::{Result, anyhow, bail};
use clap::Args;

/// `record charge`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record charge K-0150 30,00 \"Μεταφορά ιστοσελίδας\"")]
pub struct Charge {
    /// Customer
    pub customer: CustomerCode,
    /// Amount before VAT
    #[arg(value_parser = amount)]
    pub amount: Money,
    /// What is printed
    pub label: String,
    /// For this service
    #[arg(long)]
    pub service: Option<ServiceCode>,
    /// The amount is with VAT
    #[arg(long)]
    pub gross: bool,
}

impl Charge {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let Self { customer, amount, label, service, gross } = self;
        let mut facts = at.facts_with(customer, service)?;
        let price = price(*amount, *gross);
        let changes =
            charge_once(&mut facts, &at.desk.rules, service.clone(), label.clone(), price, at.today());
        at.tx.apply(customer, &changes)?;
        let gross = changes.iter().find_map(|change| match change {
            Change::Charged(charge) => Some(charge.amounts.gross),
            _ => None,
        });
        let recorded = Recorded::Charged {
            customer: customer.clone(),
            gross: gross.unwrap_or(Money::ZERO),
            label: label.clone(),
        };
        Ok(Entry { customer: Some(customer.clone()), service: service.clone(), recorded })
    }
}

/// `record discount`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record discount S-0410 5,00")]
pub struct Discount {
    /// Service, for its open charge; or # and a charge's number, from `explain`
    #[arg(value_name = "SERVICE|#CHARGE")]
    pub of: String,
    /// Amount with VAT
    #[arg(value_parser = amount)]
    pub amount: Money,
}

impl Discount {
    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        off(at, &self.of, Some(self.amount), TakeOff::Discount)
    }
}

/// `record writeoff`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record writeoff S-0410")]
pub struct Writeoff {
    /// Service, for its open charge; or # and a charge's number, from `explain`
    #[arg(value_name = "SERVICE|#CHARGE")]
    pub of: String,
}

impl Writeoff {
    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        off(at, &self.of, None, TakeOff::WriteOff)
    }
}

/// Takes an amount off an open charge; none is all that is due.
fn off(at: &mut Recording<'_>, of: &str, amount: Option<Money>, kind: TakeOff) -> Result<Entry> {
    let (mut facts, charge) = charge_named(at, of)?;
    let customer = facts.customer.code.clone();
    let amount = amount.unwrap_or_else(|| charge.due());
    if amount > charge.due() || !amount.is_positive() {
        bail!("{} are due for `{of}`; {amount} cannot be taken off", charge.due());
    }
    let label = at.author.reason.clone();
    let changes = take_off(&mut facts, &at.desk.rules, &charge, amount, kind, label, at.today());
    at.tx.apply(&customer, &changes)?;
    at.tell_idle(&customer)?;
    let (of, left) = (of.to_owned(), charge.due() - amount);
    let recorded = match kind {
        TakeOff::Discount => Recorded::Discounted { of, amount, left },
        TakeOff::WriteOff => Recorded::WrittenOff { of, amount },
    };
    Ok(Entry { customer: Some(customer), service: charge.service, recorded })
}

/// `record reprice`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  record reprice S-0410 80,00")]
pub struct Reprice {
    /// Service
    pub service: ServiceCode,
    /// Price before VAT
    #[arg(value_parser = amount)]
    pub price: Money,
    /// The price is with VAT
    #[arg(long)]
    pub gross: bool,
}

impl Reprice {
    pub(super) fn enter(&self, at: &Recording<'_>) -> Result<Entry> {
        let (code, price) = (&self.service, price(self.price, self.gross));
        let mut stored = at.service(code)?;
        (stored.price, stored.later_price) =
            (price, stored.later_price.filter(|(from, _)| *from > stored.expires_on));
        at.tx.put_service(&stored)?;
        at.tx.note_staff_word(RecordOf::Service(code), "price")?;
        let mut facts = at.facts(&stored.customer)?;
        let off = facts.open_period_charge(&stored).map_or(Money::ZERO, |charge| facts.taken_off(charge.id));
        if off > price.at(rate_of(&facts, &stored, &at.desk.rules)).gross {
            bail!(
                "{off} were taken off the open charge of `{code}` already, which is more than the new price"
            );
        }
        let changes = reprice_told(&mut facts, &at.desk.rules, code);
        at.tx.apply(&stored.customer, &changes)?;
        at.update(&stored.customer)?;
        let recorded =
            Recorded::Repriced { service: code.clone(), price: price.money(), charges: changes.len() };
        Ok(Entry::of_service(stored, recorded))
    }
}

const fn price(amount: Money, gross: bool) -> Price {
    if gross { Price::Gross(amount) } else { Price::Net(amount) }
}

/// The open charge that a person means: `#12`, or the code of a service, whose present period comes first.
fn charge_named(at: &Recording<'_>, name: &str) -> Result<(Facts, Charged)> {
    if let Some(id) = name.strip_prefix('#').and_then(|id| id.parse().ok()).map(ChargeId) {
        let owner = at
            .tx
            .customer_of_charge(id)?
            .ok_or_else(|| Stop::unknown(format!("there is no charge `{name}`")))?;
        let facts = at.facts(&owner)?;
        let open = facts.open_charges().into_iter().find(|charge| charge.id == id).cloned();
        let charge = open.ok_or_else(|| anyhow!("charge `{name}` of `{owner}` is not open"))?;
        return Ok((facts, charge));
    }
    let code = ServiceCode::new(name);
    let service = at.service(&code)?;
    let facts = at.facts(&service.customer)?;
    let present = facts.open_period_charge(&service).cloned();
    let any =
        || facts.open_charges().into_iter().find(|charge| charge.service.as_ref() == Some(&code)).cloned();
    let charge = present.or_else(any).ok_or_else(|| anyhow!("nothing is charged for `{code}` now"))?;
    Ok((facts, charge))
}
