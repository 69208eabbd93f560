use crate::core::{EnterpriseId, EventKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::Timestamp;

/// Moves block time forward.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Advance {
    /// Block time from the next block on; later than now.
    pub to: Timestamp,
}

/// Block time was moved.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClockAdvanced {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl EventKind for ClockAdvanced {
    const MODULE: u16 = 1;
    const NUMBER: u16 = 1;
    const NAME: &'static str = "ClockAdvanced";
    fn parties(&self) -> Vec<EnterpriseId> {
        Vec::new()
    }
}

pub mod reject {
    types::rejections! {
        110 backwards(now, to) "E_CLOCK_BACKWARDS" "block time is {now}: it cannot be moved to {to}, only forward";
    }
}
