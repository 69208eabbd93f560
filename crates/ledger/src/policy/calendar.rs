//! Business days.

use super::types::Calendar;
use crate::core::Record;
use types::{Date, List, Miss, State};

/// Business days that may be counted in one go: no period of the policy is longer than a few years.
const COUNT_MAX: u32 = 2_000;

/// Whether business is done on `date`.
pub fn is_business_day(state: &mut dyn State, date: Date) -> Result<bool, Miss> {
    Days::new(state).is_business_day(date)
}

/// The business day that lies `count` business days after `date`; with zero, `date` itself.
pub fn add_business_days(state: &mut dyn State, date: Date, count: u32) -> Result<Date, Miss> {
    Days::new(state).step(date, count.min(COUNT_MAX), |date| date.plus_days(1))
}

/// The business day that lies `count` business days before `date`; with zero, `date` itself.
pub fn subtract_business_days(state: &mut dyn State, date: Date, count: u32) -> Result<Date, Miss> {
    Days::new(state).step(date, count.min(COUNT_MAX), |date| date.minus_days(1))
}

/// `date` itself if business is done on it, otherwise the next day on which it is.
pub fn following_business_day(state: &mut dyn State, date: Date) -> Result<Date, Miss> {
    let mut days = Days::new(state);
    if days.is_business_day(date)? { Ok(date) } else { days.step(date, 1, |date| date.plus_days(1)) }
}

/// Days of the calendar; keeps the year that it read last.
struct Days<'a> {
    state: &'a mut dyn State,
    year: Option<(u32, Calendar)>,
}

impl<'a> Days<'a> {
    fn new(state: &'a mut dyn State) -> Self {
        Self { state, year: None }
    }

    fn is_business_day(&mut self, date: Date) -> Result<bool, Miss> {
        let wanted = date.year();
        if self.year.as_ref().is_none_or(|(year, _)| *year != wanted) {
            self.year = Some((wanted, Calendar::load(self.state, &wanted)?.unwrap_or_default()));
        }
        let (_, calendar) = self.year.as_ref().expect("read above");
        let listed = |days: &List<Date, 64>| days.binary_search(&date).is_ok();
        Ok(listed(&calendar.working_days) || (!date.is_weekend() && !listed(&calendar.holidays)))
    }

    /// Goes `count` business days; ends early at the ends of the calendar, where `next` stands still.
    fn step(&mut self, from: Date, count: u32, next: impl Fn(Date) -> Date) -> Result<Date, Miss> {
        let (mut date, mut left) = (from, count);
        while left > 0 && next(date) != date {
            date = next(date);
            if self.is_business_day(date)? {
                left -= 1;
            }
        }
        Ok(date)
    }
}

/// China's 2026, as the State Council's office announced it in November 2025.
pub(super) fn china_2026() -> (u32, Calendar) {
    let day = |(month, day): (u8, u8)| Date::from_ymd(2026, month, day).expect("a day of 2026");
    let span = |(month, first, last): (u8, u8, u8)| (first..=last).map(move |date| (month, date));
    // New Year, Spring Festival, Qingming, Labor Day, Dragon Boat, Mid-Autumn, National Day.
    let spans = [(1, 1, 3), (2, 15, 23), (4, 4, 6), (5, 1, 5), (6, 19, 21), (9, 25, 27), (10, 1, 7)];
    let working = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)];
    let calendar = Calendar {
        holidays: List::new(spans.into_iter().flat_map(span).map(day).collect()).expect("33 of 64"),
        working_days: List::new(working.into_iter().map(day).collect()).expect("6 of 64"),
    };
    (2026, calendar)
}
