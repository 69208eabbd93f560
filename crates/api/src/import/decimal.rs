//! Exact decimals: what the document says, digit for digit. No floats, no rounding that is not named.

use serde::{Serialize, Serializer};
use std::fmt;
use types::{Amount, Currency, Quantity, limits};

/// Digits before the decimal point: more than the largest amount has.
const WHOLE_DIGITS_MAX: usize = 20;
/// Digits after it: unit prices of electricity have six, exchange rates eight.
const FRACTION_DIGITS_MAX: usize = 12;

/// An exact decimal number, kept without trailing zeros: `-12.5` is `-125` with one decimal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    mantissa: i128,
    decimals: u32,
}

/// How a quantity becomes thousandths of its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuantityRule {
    /// A fourth decimal is refused.
    Exact,
    /// What is below a thousandth is dropped: for "at most" uses, where less is the safe side.
    Floor,
}

impl Decimal {
    pub const ONE: Self = Self { mantissa: 1, decimals: 0 };

    /// Reads `12`, `-0.50`, `+3.`, `.5`; no exponents, no separators.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(format!("`{}` is not a decimal number: write 1234.56", shorten(text)));
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if whole.len() > WHOLE_DIGITS_MAX || fraction.len() > FRACTION_DIGITS_MAX {
            return Err(format!("`{}` has more digits than a trade document needs", shorten(text)));
        }
        let mut mantissa = 0i128;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa * 10 + i128::from(digit - b'0');
        }
        let decimals = u32::try_from(fraction.len()).expect("at most FRACTION_DIGITS_MAX");
        Ok(Self { mantissa: if negative { -mantissa } else { mantissa }, decimals })
    }

    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The number without its sign.
    pub fn magnitude(self) -> Self {
        Self { mantissa: self.mantissa.abs(), ..self }
    }

    /// The number in units of `10^-decimals`; `None` when it is finer than that.
    pub fn units(self, decimals: u32) -> Option<i128> {
        let missing = decimals.checked_sub(self.decimals)?;
        self.mantissa.checked_mul(10i128.checked_pow(missing)?)
    }

    /// Thousandths of the unit, by a named rule; a negative quantity has none.
    pub fn thousandths(self, rule: QuantityRule) -> Result<Quantity, String> {
        if self.is_negative() {
            return Err(format!("quantity {self} is negative: goods that come back are a document of their own"));
        }
        let units = match (self.units(3), rule) {
            (Some(units), _) => units,
            (None, QuantityRule::Floor) if self.decimals > 3 => self.mantissa / power_of_ten(self.decimals - 3),
            (None, _) => return Err(format!("quantity {self} has more than three decimals")),
        };
        let units = u64::try_from(units).ok().filter(|units| *units <= limits::AMOUNT_MINOR_MAX);
        units.map(Quantity).ok_or_else(|| format!("quantity {self} is over the largest quantity"))
    }

    /// `self * price / per` in minor units of `currency`, rounded half away from zero; `None` when too large to say.
    pub fn times_price(self, price: Self, per: Self, currency: Currency) -> Option<i128> {
        let scale = power_of_ten(u32::from(currency.decimals()));
        let above = self.mantissa.checked_mul(price.mantissa)?;
        let above = above.checked_mul(scale)?.checked_mul(power_of_ten(per.decimals))?;
        let below = per.mantissa.checked_mul(power_of_ten(self.decimals))?.checked_mul(power_of_ten(price.decimals))?;
        div_half_up(above, below)
    }

    /// This many percent of `minor`, rounded half away from zero.
    pub fn percent_of(self, minor: i128) -> Option<i128> {
        let above = minor.checked_mul(self.mantissa)?;
        div_half_up(above, power_of_ten(self.decimals).checked_mul(100)?)
    }
}

/// The quotient rounded half away from zero, as EN 16931 and bookkeepers do; `None` for a zero divisor.
pub fn div_half_up(above: i128, below: i128) -> Option<i128> {
    if below == 0 {
        return None;
    }
    let negative = (above < 0) != (below < 0);
    let (above, below) = (above.checked_abs()?, below.checked_abs()?);
    let rounded = above.checked_add(below / 2)? / below;
    Some(if negative { -rounded } else { rounded })
}

fn power_of_ten(exponent: u32) -> i128 {
    10i128.checked_pow(exponent).expect("a decimal has at most 12 decimals")
}

/// Foreign text in a message: its first characters, with nothing that could disturb a terminal.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().count() > 40 {
        short.push_str("...");
    }
    short
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let scale = power_of_ten(self.decimals).unsigned_abs();
        let size = self.mantissa.unsigned_abs();
        match self.decimals {
            0 => write!(f, "{sign}{size}"),
            decimals => {
                let width = usize::try_from(decimals).expect("at most 12");
                write!(f, "{sign}{}.{:0width$}", size / scale, size % scale)
            }
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An amount with a sign: a returned item's line, a rounding down. Zero is not negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signed {
    pub negative: bool,
    pub amount: Amount,
}

impl Signed {
    pub fn zero(currency: Currency) -> Self {
        Self { negative: false, amount: Amount::zero(currency) }
    }

    /// From signed minor units; `None` over the largest amount.
    pub fn from_minor(minor: i128, currency: Currency) -> Option<Self> {
        let size = u64::try_from(minor.unsigned_abs()).ok().filter(|size| *size <= limits::AMOUNT_MINOR_MAX)?;
        Some(Self { negative: minor < 0, amount: currency.minor(size) })
    }

    pub fn minor(self) -> i128 {
        let size = i128::from(self.amount.minor);
        if self.negative { -size } else { size }
    }

    /// The amount, when it is not below zero.
    pub fn amount(self) -> Option<Amount> {
        (!self.negative).then_some(self.amount)
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", money(self.minor(), self.amount.currency), self.amount.currency)
    }
}

impl Serialize for Signed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sign = if self.negative { "-" } else { "" };
        serializer.collect_str(&format_args!("{sign}{}", self.amount))
    }
}

/// Minor units as a bookkeeper writes them: `-1,020.00`.
pub fn money(minor: i128, currency: Currency) -> String {
    let decimals = usize::from(currency.decimals());
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let mut text = String::new();
    for (position, digit) in whole.char_indices() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    let sign = if minor < 0 { "-" } else { "" };
    if decimals == 0 { format!("{sign}{text}") } else { format!("{sign}{text}.{fraction}") }
}
