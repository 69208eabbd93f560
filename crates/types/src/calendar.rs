//! Dates and block time.
//!
//! Rules use block time only. The business date is the date in Shanghai (UTC+8, no daylight saving) at block time.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt, str::FromStr};
use time::{
    OffsetDateTime,
    format_description::well_known::{Iso8601, Rfc3339},
};

const DAY_MS: u64 = 86_400_000;
const SHANGHAI_OFFSET_MS: u64 = 8 * 3_600_000;
/// Julian day of 1970-01-01.
const EPOCH_JULIAN_DAY: i32 = 2_440_588;
/// Last day a date may name: 9999-12-31.
const DAYS_MAX: u32 = 2_932_896;

/// A calendar day, counted from 1970-01-01; `2026-03-02` in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Date(u32);

impl Date {
    /// The day `days` after 1970-01-01.
    pub fn from_days(days: u32) -> Option<Self> {
        (days <= DAYS_MAX).then_some(Self(days))
    }

    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = time::Month::try_from(month).ok()?;
        Self::from_time(time::Date::from_calendar_date(year, month, day).ok()?)
    }

    pub fn days(self) -> u32 {
        self.0
    }

    /// Days from this day to a later one; `None` when `later` is earlier. First day in, last day out.
    pub fn days_until(self, later: Self) -> Option<u32> {
        later.0.checked_sub(self.0)
    }

    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(days).min(DAYS_MAX))
    }

    pub fn minus_days(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The same day of a later month; where that month is shorter, its last day (Aug 31 + 6 months = Feb 28 or 29).
    pub fn plus_months(self, months: u32) -> Self {
        let date = self.to_time();
        let index = u32::from(u8::from(date.month())) - 1 + months;
        let year = date.year() + i32::try_from(index / 12).expect("a tenor in months is small");
        let month = u8::try_from(index % 12 + 1).expect("1 to 12");
        let last = time::util::days_in_month(time::Month::try_from(month).expect("1 to 12"), year);
        Self::from_ymd(year, month, date.day().min(last)).unwrap_or(Self(DAYS_MAX))
    }

    /// The year it lies in, of the Gregorian calendar.
    pub fn year(self) -> u32 {
        u32::try_from(self.to_time().year()).expect("between 1970 and 9999")
    }

    /// Saturday or Sunday.
    pub fn is_weekend(self) -> bool {
        // 1970-01-01 was a Thursday.
        matches!((self.0 + 3) % 7, 5 | 6)
    }

    /// This day at `hour:minute` in Shanghai.
    pub fn at(self, hour: u64, minute: u64) -> Timestamp {
        Timestamp((u64::from(self.0) * DAY_MS + hour * 3_600_000 + minute * 60_000).saturating_sub(SHANGHAI_OFFSET_MS))
    }

    fn from_time(date: time::Date) -> Option<Self> {
        u32::try_from(date.to_julian_day() - EPOCH_JULIAN_DAY).ok().and_then(Self::from_days)
    }

    fn to_time(self) -> time::Date {
        let days = i32::try_from(self.0).expect("at most DAYS_MAX");
        time::Date::from_julian_day(days + EPOCH_JULIAN_DAY).expect("between 1970 and 9999")
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.to_time();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a date between 1970 and 9999: write `2026-03-02`");
        if text.len() != 10 {
            return Err(refused());
        }
        let date = time::Date::parse(text, &Iso8601::DATE).map_err(|_| refused())?;
        Self::from_time(date).ok_or_else(refused)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(D::Error::custom);
        }
        Self::from_days(u32::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("date after 9999-12-31"))
    }
}

impl JsonSchema for Date {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

/// A moment in milliseconds since 1970-01-01 UTC; RFC 3339 in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

/// Last millisecond of the year 9999.
const TIMESTAMP_MAX: u64 = (DAYS_MAX as u64 + 1) * DAY_MS - 1;

impl Timestamp {
    /// The business date: the day in Shanghai.
    pub fn date(self) -> Date {
        let days = (self.0.min(TIMESTAMP_MAX - SHANGHAI_OFFSET_MS) + SHANGHAI_OFFSET_MS) / DAY_MS;
        Date(u32::try_from(days).expect("capped one line above"))
    }

    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms).min(TIMESTAMP_MAX))
    }

    pub fn plus_hours(self, hours: u64) -> Self {
        self.plus_ms(hours.saturating_mul(3_600_000))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.min(TIMESTAMP_MAX) / 1000).expect("before the year 10000");
        let whole = OffsetDateTime::from_unix_timestamp(seconds).expect("before the year 10000");
        let time = whole.time();
        write!(
            f,
            "{}T{:02}:{:02}:{:02}.{:03}Z",
            Date::from_time(whole.date()).expect("between 1970 and 9999"),
            time.hour(),
            time.minute(),
            time.second(),
            self.0 % 1000
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a time: write `2026-03-02T09:00:00Z`");
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| refused())?;
        let ms = u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).map_err(|_| refused())?;
        Ok(Self(ms)).and_then(|moment: Self| if moment.0 > TIMESTAMP_MAX { Err(refused()) } else { Ok(moment) })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(D::Error::custom);
        }
        let ms = u64::deserialize(deserializer)?;
        if ms > TIMESTAMP_MAX {
            return Err(D::Error::custom("time after the year 9999"));
        }
        Ok(Self(ms))
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lies_in_the_year_that_it_is_written_with() {
        for text in ["1970-01-01", "1999-12-31", "2000-02-29", "2026-01-01", "2026-12-31", "9999-12-31"] {
            let date: Date = text.parse().expect("a date");
            assert_eq!(date.year().to_string(), text[..4]);
        }
    }
}
