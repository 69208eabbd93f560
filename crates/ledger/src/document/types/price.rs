//! Unit prices: finer than money, because a screw costs less than a cent.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt, str::FromStr};
use types::{amount::parse_decimal, limits};

const DECIMALS: u8 = 4;

/// A price for one unit, in ten-thousandths of the document's currency: `8900.0000`. The currency is the document's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct UnitPrice(pub u64);

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl FromStr for UnitPrice {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse_decimal(text, DECIMALS).map(Self)
    }
}

impl Serialize for UnitPrice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for UnitPrice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(D::Error::custom);
        }
        let units = u64::deserialize(deserializer)?;
        if units > limits::AMOUNT_MINOR_MAX {
            return Err(D::Error::custom("E_AMOUNT_OVERFLOW: unit price is over the largest price"));
        }
        Ok(Self(units))
    }
}

impl JsonSchema for UnitPrice {
    fn schema_name() -> Cow<'static, str> {
        "UnitPrice".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(\\.[0-9]{1,4})?$",
            "description": "A price for one unit with up to four decimals, for example `8900.0000`.",
        })
    }
}
