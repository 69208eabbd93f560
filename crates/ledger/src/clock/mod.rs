//! The movable clock of demonstrations and tests.
//!
//! Rules know block time only. On a chain whose genesis says `Clock::Movable`, block time is the validators' clock plus
//! an offset: it starts at the genesis time, and `clock.advance` moves it forward, never back. On any other chain this
//! act does not exist.
//!
//! Example: genesis time 2026-03-02 09:00, chain made on 2026-11-22 at noon: the offset begins at -265 days and some
//! hours. After `advance` to 2026-08-27 the next block's time is that moment plus the milliseconds since.

mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use types::{Advance, ClockAdvanced, reject};

use crate::core::{CallSpec, EventSpec, Module};

pub const MODULE: Module = Module {
    number: 1,
    name: "clock",
    about: "Moves block time forward on demonstration chains.",
    calls: &[CallSpec::new::<Advance>(1)],
    queries: &[],
    tables: &[],
    events: &[EventSpec::new::<ClockAdvanced>()],
    rejections: reject::CATALOGUE,
    due: None,
    genesis: Some(state::genesis),
    audit: |_| (),
};

pub(crate) use state::inherit;
pub use state::{offset, offset_key};
