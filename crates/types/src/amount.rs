//! Money and quantities as integers.
//!
//! An amount is a whole number of a currency's minor units (fen, cents). It is never negative: what goes the other way
//! has the roles swapped. Arithmetic is checked, and a failed check is a rejection.

use crate::{
    limits,
    rejection::{Rejection, amount as reject},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt, str::FromStr};

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The currencies the ledger knows, with the number of decimals of each (ISO 4217, table A.1), in order.
const CURRENCIES: &[(&[u8; 3], u8)] = &[
    (b"AED", 2),
    (b"AUD", 2),
    (b"BHD", 3),
    (b"BRL", 2),
    (b"CAD", 2),
    (b"CHF", 2),
    (b"CNY", 2),
    (b"CZK", 2),
    (b"DKK", 2),
    (b"EUR", 2),
    (b"GBP", 2),
    (b"HKD", 2),
    (b"HUF", 2),
    (b"IDR", 2),
    (b"INR", 2),
    (b"JPY", 0),
    (b"KRW", 0),
    (b"KWD", 3),
    (b"MXN", 2),
    (b"MYR", 2),
    (b"NOK", 2),
    (b"NZD", 2),
    (b"PHP", 2),
    (b"PLN", 2),
    (b"RON", 2),
    (b"SAR", 2),
    (b"SEK", 2),
    (b"SGD", 2),
    (b"THB", 2),
    (b"TRY", 2),
    (b"TWD", 2),
    (b"USD", 2),
    (b"VND", 0),
    (b"ZAR", 2),
];

impl Currency {
    pub const CNY: Self = Self(*b"CNY");
    pub const EUR: Self = Self(*b"EUR");
    pub const USD: Self = Self(*b"USD");

    fn of(code: &[u8]) -> Result<Self, String> {
        // Compared as numbers, not as texts: every amount in every record is read through here.
        let number = |[a, b, c]: [u8; 3]| u32::from_be_bytes([0, a, b, c]);
        let letters = <[u8; 3]>::try_from(code).ok();
        let known = letters
            .filter(|letters| CURRENCIES.binary_search_by_key(&number(*letters), |(known, _)| number(**known)).is_ok());
        known
            .map(Self)
            .ok_or_else(|| format!("`{}` is not a currency this ledger knows", String::from_utf8_lossy(code)))
    }

    /// The number of decimals that people write.
    pub fn decimals(self) -> u8 {
        let entry = CURRENCIES.iter().find(|(code, _)| **code == self.0);
        entry.expect("a currency is built only from the table").1
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the table holds ASCII letters")
    }

    /// The amount of `minor` minor units.
    pub fn minor(self, minor: u64) -> Amount {
        Amount { currency: self, minor }
    }
}

impl FromStr for Currency {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::of(text.as_bytes())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.code())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        } else {
            let code = <[u8; 3]>::deserialize(deserializer)?;
            Self::of(&code).map_err(D::Error::custom)
        }
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code" })
    }
}

/// An amount of money: `5000000.00 CNY`. Not negative, at most [`limits::AMOUNT_MINOR_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Amount {
    pub currency: Currency,
    pub minor: u64,
}

impl Amount {
    pub fn zero(currency: Currency) -> Self {
        Self { currency, minor: 0 }
    }

    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum, in one currency and under the limit.
    pub fn plus(self, other: Self) -> Result<Self, Rejection> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).filter(|minor| *minor <= limits::AMOUNT_MINOR_MAX);
        Ok(Self { minor: minor.ok_or_else(|| reject::overflow(limits::AMOUNT_MINOR_MAX))?, ..self })
    }

    /// The difference, in one currency and not below zero; `None` when `other` is larger.
    pub fn minus(self, other: Self) -> Result<Option<Self>, Rejection> {
        self.same_currency(other)?;
        Ok(self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }))
    }

    /// Refuses zero.
    pub fn positive(self) -> Result<Self, Rejection> {
        if self.minor == 0 { Err(reject::zero()) } else { Ok(self) }
    }

    /// Refuses another currency.
    pub fn same_currency(self, other: Self) -> Result<(), Rejection> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(reject::currency_mismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", decimal(self.minor, self.currency.decimals()), self.currency)
    }
}

fn decimal(units: u64, decimals: u8) -> String {
    let scale = 10u64.pow(u32::from(decimals));
    match decimals {
        0 => units.to_string(),
        _ => format!("{}.{:0width$}", units / scale, units % scale, width = usize::from(decimals)),
    }
}

/// Whole units from a decimal text with at most `decimals` decimals.
pub fn parse_decimal(text: &str, decimals: u8) -> Result<u64, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits_only(whole) || !digits_only(fraction) || text.ends_with('.') {
        return Err(format!("`{text}` is not a decimal number"));
    }
    if fraction.len() > usize::from(decimals) {
        return Err(format!("E_AMOUNT_SCALE: `{text}` has more than {decimals} decimals"));
    }
    let units = format!("{whole}{fraction:0<width$}", width = usize::from(decimals));
    let units = units.parse::<u64>().ok().filter(|units| *units <= limits::AMOUNT_MINOR_MAX);
    units.ok_or_else(|| format!("E_AMOUNT_OVERFLOW: `{text}` is over the largest amount"))
}

impl FromStr for Amount {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (number, currency) =
            text.split_once(' ').ok_or_else(|| format!("`{text}` is not an amount: write `1000.00 CNY`"))?;
        let currency: Currency = currency.parse()?;
        Ok(Self { currency, minor: parse_decimal(number, currency.decimals())? })
    }
}

#[derive(Serialize, Deserialize)]
struct AmountWire(Currency, u64);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            AmountWire(self.currency, self.minor).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(D::Error::custom);
        }
        let AmountWire(currency, minor) = AmountWire::deserialize(deserializer)?;
        if minor > limits::AMOUNT_MINOR_MAX {
            return Err(D::Error::custom("E_AMOUNT_OVERFLOW: amount is over the largest amount"));
        }
        Ok(Self { currency, minor })
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(\\.[0-9]+)? [A-Z]{3}$",
            "description": "An amount of money with its currency, for example `5000000.00 CNY`.",
        })
    }
}

/// A quantity in thousandths of its unit (kilograms of a tonne, millilitres of a litre): `480.000`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Quantity(pub u64);

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0, 3))
    }
}

impl FromStr for Quantity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse_decimal(text, 3).map(Self)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(D::Error::custom);
        }
        let units = u64::deserialize(deserializer)?;
        if units > limits::AMOUNT_MINOR_MAX {
            return Err(D::Error::custom("E_AMOUNT_OVERFLOW: quantity is over the largest quantity"));
        }
        Ok(Self(units))
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(\\.[0-9]{1,3})?$",
            "description": "A quantity with up to three decimals, for example `480.000`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rejection::tech, wire};

    #[test]
    fn every_currency_is_found_and_its_three_letters_are_its_bytes() {
        for (code, decimals) in CURRENCIES {
            let text = std::str::from_utf8(*code).expect("ASCII");
            let currency: Currency = text.parse().expect("it is in the table");
            assert_eq!(currency.decimals(), *decimals);
            assert_eq!(wire::encode(&currency), code.as_slice());
            assert_eq!(wire::decode::<Currency>(code.as_slice()), Ok(currency));
        }
    }

    #[test]
    fn other_letters_are_no_currency() {
        for code in ["", "CN", "CNYX", "cny", "AAA", "ZZZ"] {
            assert_eq!(code.parse::<Currency>(), Err(format!("`{code}` is not a currency this ledger knows")));
        }
        assert_eq!(wire::decode::<Currency>(b"XXX").map_err(|refused| refused.code), Err(tech::malformed("").code));
    }
}
