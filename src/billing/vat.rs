//! VAT: rates in basis points, one rounding rule (half-up, per line), and who pays which.

use super::money::Money;
use std::fmt;

/// A VAT rate in basis points: 24 % is 2400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct VatRate(u32);

impl VatRate {
    /// No VAT.
    pub const ZERO: Self = Self(0);

    /// A rate of whole percent.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self(percent * 100)
    }

    /// A rate from its basis points.
    #[must_use]
    pub const fn from_basis_points(points: u32) -> Self {
        Self(points)
    }

    /// The rate in basis points.
    #[must_use]
    pub const fn basis_points(self) -> u32 {
        self.0
    }
}

/// `24%`, or `6,5%` where it is not whole.
impl fmt::Display for VatRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(100) {
            write!(f, "{}%", self.0 / 100)
        } else {
            write!(f, "{},{}%", self.0 / 100, format!("{:02}", self.0 % 100).trim_end_matches('0'))
        }
    }
}

/// How a customer is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum VatTreatment {
    /// The configured standard rate.
    Standard,
    /// A rate of their own.
    Own(VatRate),
    /// EU business: the recipient accounts for the tax; the card prints the sentence.
    ReverseCharge,
    /// Exempt: the card prints the sentence.
    Exempt,
}

impl VatTreatment {
    /// The rate that applies, given the standard one.
    #[must_use]
    pub const fn rate(self, standard: VatRate) -> VatRate {
        match self {
            Self::Standard => standard,
            Self::Own(rate) => rate,
            Self::ReverseCharge | Self::Exempt => VatRate::ZERO,
        }
    }
}

/// A price as it was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Price {
    /// Before VAT.
    Net(Money),
    /// With VAT: what the customer was told is what is printed.
    Gross(Money),
}

impl Price {
    /// The number agreed, net or gross.
    #[must_use]
    pub const fn money(self) -> Money {
        match self {
            Self::Net(money) | Self::Gross(money) => money,
        }
    }

    /// The three amounts at `rate`. From a net price VAT is rounded half-up (away from zero); from a
    /// gross price the net is, and VAT is what remains, so that the gross stays the price agreed.
    #[must_use]
    pub fn at(self, rate: VatRate) -> Amounts {
        match self {
            Self::Net(net) => {
                let vat = half_up(net.cents(), i64::from(rate.0), 10_000);
                Amounts { net, vat: Money::from_cents(vat), gross: Money::from_cents(net.cents() + vat) }
            }
            Self::Gross(gross) => {
                let net = half_up(gross.cents(), 10_000, 10_000 + i64::from(rate.0));
                Amounts { net: Money::from_cents(net), vat: Money::from_cents(gross.cents() - net), gross }
            }
        }
    }
}

impl Price {
    /// What so many days cost of a period that has `of` days; rounded half up.
    #[must_use]
    pub fn of_days(self, days: i64, of: i64) -> Self {
        let part = |price: Money| Money::from_cents(half_up(price.cents(), days, of.max(1)));
        match self {
            Self::Net(price) => Self::Net(part(price)),
            Self::Gross(price) => Self::Gross(part(price)),
        }
    }
}

/// `value × times / over`, rounded half away from zero.
fn half_up(value: i64, times: i64, over: i64) -> i64 {
    let product = i128::from(value) * i128::from(times);
    let over = i128::from(over);
    let rounded = (product.abs() * 2 + over) / (over * 2);
    let cents = i64::try_from(rounded).unwrap_or(i64::MAX);
    if product < 0 { -cents } else { cents }
}

/// Net, VAT and gross of a line or of a sum of lines; net + VAT = gross by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Amounts {
    /// Καθαρή αξία.
    pub net: Money,
    /// ΦΠΑ.
    pub vat: Money,
    /// Σύνολο.
    pub gross: Money,
}

impl std::ops::Add for Amounts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { net: self.net + other.net, vat: self.vat + other.vat, gross: self.gross + other.gross }
    }
}

impl std::iter::Sum for Amounts {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), |a, b| a + b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(cents: i64) -> Amounts {
        Price::Net(Money::from_cents(cents)).at(VatRate::percent(24))
    }

    #[test]
    fn vat_is_per_line_and_half_up() {
        assert_eq!(net(999).vat.cents() * 3, 720);
        assert_eq!(net(10).vat.cents() * 10, 20);
        assert_eq!(net(1002).vat.cents() * 7, 1680);
        assert_eq!(half_up(125, 1, 10), 13);
        assert_eq!(half_up(-125, 1, 10), -13);
    }

    #[test]
    fn days_cost_their_part_of_a_period() {
        let price = Price::Net(Money::from_cents(6000));
        assert_eq!(price.of_days(107, 365), Price::Net(Money::from_cents(1759)));
        assert_eq!(price.of_days(365, 365), price);
        assert_eq!(Price::Gross(Money::from_cents(7440)).of_days(0, 365), Price::Gross(Money::ZERO));
    }

    #[test]
    fn a_gross_price_stays_the_price_agreed() {
        let amounts = Price::Gross(Money::from_cents(10_000)).at(VatRate::percent(24));
        assert_eq!((amounts.net.cents(), amounts.vat.cents(), amounts.gross.cents()), (8065, 1935, 10_000));
        let round = Price::Gross(Money::from_cents(12_400)).at(VatRate::percent(24));
        assert_eq!((round.net.cents(), round.vat.cents()), (10_000, 2400));
    }

    proptest::proptest! {
        #[test]
        fn net_and_vat_make_gross(cents in -10_000_000_i64..10_000_000, points in 0_u32..3000, gross: bool) {
            let price = Money::from_cents(cents);
            let price = if gross { Price::Gross(price) } else { Price::Net(price) };
            let amounts = price.at(VatRate::from_basis_points(points));
            proptest::prop_assert_eq!(amounts.net + amounts.vat, amounts.gross);
        }
    }
}
