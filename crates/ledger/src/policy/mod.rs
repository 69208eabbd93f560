//! Dated parameters: what the rules may not hard-code.
//!
//! Parties: the operator sets (maker and checker), or, on a chain of several founders, a vote does; every module reads.
//!
//! ```text
//!            set(effective_from, based_on)
//!  version 1 -----------------------------> version 2 ----> ...
//!  from the genesis time                    from a future time, later than every earlier version's
//! ```
//! Laws:
//! - P1: versions are numbered 1, 2, 3 without a gap and take effect in that order. So the version of any time is one
//!   and the same for ever, and a thing that runs keeps the version under which it began.
//! - P2: each version stands within its bounds (tenors in order, shares at most 100%, a day's minutes inside the day).
//! - P3: the calendar of a day that has begun is never changed; a year's days are in that year.
//!
//! Example: on 2026-03-02 the tenor cap is 12 months (version 1). On 2026-03-05 the operator sets version 2, 6 months,
//! from 2026-09-14 00:00. A certificate issued on 2026-09-13 may run 12 months and keeps them; one issued on 2026-09-14
//! may run 6.
//!
//! Calendar: Saturdays and Sundays are free unless listed as make-up working days; holidays are listed by year. A year
//! without a calendar has its weekends only. 10 business days after Friday 2026-08-28 is Friday 2026-09-11; 1 business
//! day after Wednesday 2026-09-30 is Thursday 2026-10-08.

mod audit;
mod calendar;
mod queries;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use calendar::{add_business_days, following_business_day, is_business_day, subtract_business_days};
pub use rules::adopt;
pub use state::{InForce, at, give_right, read_ahead, setter};
pub use types::{
    At, BusinessDay, BusinessDayAnswer, Calendar, CalendarOf, Dated, FeePayer, HolderType, HolidaysSet, PlatformFee,
    Policy, PolicySet, PolicyVersion, Set, SetHolidays, Setter, reject,
};

use crate::core::{CallSpec, EventSpec, Module, QuerySpec, TableSpec};

pub const MODULE: Module = Module {
    number: 3,
    name: "policy",
    about: "Parameters with the dates from which they hold, and the calendar of business days.",
    calls: &[CallSpec::new::<Set>(1), CallSpec::new::<SetHolidays>(2)],
    queries: &[QuerySpec::new::<At>(), QuerySpec::new::<CalendarOf>(), QuerySpec::new::<BusinessDay>()],
    tables: &[TableSpec::new::<PolicyVersion>(), TableSpec::new::<Calendar>()],
    events: &[EventSpec::new::<PolicySet>(), EventSpec::new::<HolidaysSet>()],
    rejections: reject::CATALOGUE,
    due: None,
    genesis: Some(state::genesis),
    audit: audit::audit,
};
