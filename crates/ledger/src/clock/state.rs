use crate::core::Record;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Clock, Genesis, Key, Miss, Rejection, State};

/// Block time minus wall time, in milliseconds.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Offset {
    pub(super) ms: i64,
}

impl Record for Offset {
    type Id = ();
    const MODULE: u8 = 1;
    const TABLE: u8 = 0;
    const NAME: &'static str = "offset";
}

/// Block time minus wall time; zero on a chain with a real clock.
pub fn offset(state: &mut dyn State) -> Result<i64, Miss> {
    Ok(Offset::load(state, &())?.unwrap_or_default().ms)
}

/// Where the offset stands in state.
pub fn offset_key() -> Key {
    Offset::key(&())
}

/// The clock of a chain that goes on for another is the genesis's.
pub(crate) fn inherit(genesis: &Genesis, state: &mut dyn State) {
    if genesis.clock == Clock::Real {
        Offset::remove(state, &());
    }
    set_offset(genesis, state);
}

pub(super) fn genesis(genesis: &Genesis, state: &mut dyn State) -> Result<(), Rejection> {
    set_offset(genesis, state);
    Ok(())
}

fn set_offset(genesis: &Genesis, state: &mut dyn State) {
    if genesis.clock == Clock::Movable {
        let ms = |time: types::Timestamp| i64::try_from(time.0).expect("timestamps end with the year 9999");
        Offset { ms: ms(genesis.time) - ms(genesis.made_at) }.store(state, &());
    }
}
