//! Rates in parts per million, interest with one named rounding, and sharing a total without losing a cent.
//!
//! Interest: `HALF_UP(principal * rate_ppm * days / (1_000_000 * basis))`, rounded once.
//! 1,000,000.00 at 4.50% for 179 days, ACT/360: 22,375.00. ACT/365F: 22,068.49.

use crate::{
    Amount, limits,
    planted::{self, Fault},
    rejection::{Rejection, amount as reject},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt};

/// A yearly rate in parts per million: 4.50% is 45,000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Rate(pub u32);

/// How many days make a year when interest is counted by actual days.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum DayCount {
    /// Actual days over 360: Chinese loans and bill discounting.
    Act360,
    /// Actual days over 365.
    Act365Fixed,
}

impl DayCount {
    pub fn basis(self) -> u32 {
        match self {
            Self::Act360 => 360,
            Self::Act365Fixed => 365,
        }
    }
}

impl Rate {
    /// Interest on `principal` for `days`, half up to the minor unit.
    pub fn interest_half_up(self, principal: Amount, days: u32, count: DayCount) -> Result<Amount, Rejection> {
        let numerator = u128::from(principal.minor) * u128::from(self.0) * u128::from(days);
        let denominator = 1_000_000 * u128::from(count.basis());
        if planted::is(Fault::InterestRoundedDown) {
            return amount(principal, numerator / denominator);
        }
        amount(principal, (numerator * 2 + denominator) / (denominator * 2))
    }

    /// This share of `whole`, half up (fees).
    pub fn share_half_up(self, whole: Amount) -> Result<Amount, Rejection> {
        amount(whole, (u128::from(whole.minor) * u128::from(self.0) * 2 + 1_000_000) / 2_000_000)
    }

    /// This rate times a multiple in parts per million (1.5 is 1,500,000), half up.
    pub fn times_half_up(self, multiple: Self) -> Result<Self, Rejection> {
        let ppm = (u64::from(self.0) * u64::from(multiple.0) * 2 + 1_000_000) / 2_000_000;
        let ppm = u32::try_from(ppm).ok().filter(|ppm| *ppm <= limits::RATE_PPM_MAX);
        Ok(Self(ppm.ok_or_else(|| reject::overflow(limits::RATE_PPM_MAX))?))
    }

    /// This share of `whole`, rounded down ("at most").
    pub fn share_floor(self, whole: Amount) -> Result<Amount, Rejection> {
        amount(whole, u128::from(whole.minor) * u128::from(self.0) / 1_000_000)
    }

    /// This share of `whole`, rounded up ("at least").
    pub fn share_ceil(self, whole: Amount) -> Result<Amount, Rejection> {
        amount(whole, (u128::from(whole.minor) * u128::from(self.0)).div_ceil(1_000_000))
    }
}

fn amount(like: Amount, minor: u128) -> Result<Amount, Rejection> {
    let minor = u64::try_from(minor).ok().filter(|minor| *minor <= limits::AMOUNT_MINOR_MAX);
    Ok(Amount { minor: minor.ok_or_else(|| reject::overflow(limits::AMOUNT_MINOR_MAX))?, ..like })
}

/// Shares `total` in proportion to `weights`; the parts sum to `total` exactly.
///
/// Each part is rounded down, then the units left over go one each to the largest remainders; equal remainders are
/// served in the order of `weights`, so the caller orders them by id. `total` may not exceed the sum of weights'
/// reach: with all weights zero and a total above zero there is nobody to pay, and `None` is returned.
pub fn share_by_largest_remainder(total: u64, weights: &[u64]) -> Option<Vec<u64>> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        return (total == 0).then(|| vec![0; weights.len()]);
    }
    let product = |weight: &u64| u128::from(total) * u128::from(*weight);
    let mut parts = Vec::with_capacity(weights.len());
    for weight in weights {
        parts.push(u64::try_from(product(weight) / sum).expect("a part is at most the total, which is a u64"));
    }
    let given: u64 = parts.iter().sum();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|position| std::cmp::Reverse(product(&weights[*position]) % sum));
    let left = usize::try_from(total - given).expect("fewer units are left than there are parts");
    let left = if planted::is(Fault::RemainderLost) { 0 } else { left };
    for position in by_remainder.into_iter().take(left) {
        parts[position] += 1;
    }
    assert!(parts.iter().sum::<u64>() == total, "largest remainder conserves the total");
    Some(parts)
}

impl fmt::Display for Rate {
    /// As a percentage: `4.5000%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}%", self.0 / 10_000, self.0 % 10_000)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ppm = u32::deserialize(deserializer)?;
        if ppm > limits::RATE_PPM_MAX {
            return Err(D::Error::custom(format!("E_AMOUNT_OVERFLOW: a rate of {ppm} ppm is over the limit")));
        }
        Ok(Self(ppm))
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "minimum": 0,
            "maximum": limits::RATE_PPM_MAX,
            "description": "Parts per million; a yearly rate of 4.50% is 45000.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn yuan(minor: u64) -> Amount {
        Currency::CNY.minor(minor)
    }

    #[test]
    fn interest_is_rounded_once_half_up() {
        let rate = Rate(45_000);
        let interest = |minor, days, count| rate.interest_half_up(yuan(minor), days, count).map(|amount| amount.minor);
        assert_eq!(interest(100_000_000, 179, DayCount::Act360), Ok(2_237_500));
        // 22,068.4931...
        assert_eq!(interest(100_000_000, 179, DayCount::Act365Fixed), Ok(2_206_849));
        // One yuan for 40 days: half a cent.
        assert_eq!(interest(100, 40, DayCount::Act360), Ok(1), "exactly a half goes up");
        assert_eq!(interest(99, 40, DayCount::Act360), Ok(0));
    }

    #[test]
    fn a_total_is_shared_to_the_last_unit() {
        assert_eq!(share_by_largest_remainder(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(share_by_largest_remainder(2, &[3, 3, 1]), Some(vec![1, 1, 0]));
        assert_eq!(share_by_largest_remainder(1, &[0, 0]), None);
    }
}
