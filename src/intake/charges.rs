//! What a bank took off an entry.

use crate::billing::money::Money;

/// What the bank kept, as far as it says so.
#[derive(Debug, Default, Clone)]
pub(super) struct Charges {
    pub(super) total: Option<Money>,
    pub(super) sum: Money,
}

impl Charges {
    pub(super) fn take(&mut self, place: &[&str], value: &str, currency: &str) {
        let Some(amount) = Money::parse_decimal(value).filter(|_| matches!(currency, "" | "EUR")) else {
            return;
        };
        match place {
            ["TtlChrgsAndTaxAmt"] => self.total = Some(amount),
            ["Amt"] | ["Rcrd", "Amt"] => self.sum += amount,
            _ => {}
        }
    }

    pub(super) fn amount(&self) -> Money {
        self.total.unwrap_or(self.sum)
    }
}
