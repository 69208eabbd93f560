//! What became of a transaction: its outcome and its events.

use crate::{Rejection, TransactionHash, wire};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that happened, told to those who follow: module, number in the module, encoded fields.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    pub module: u16,
    pub event: u16,
    #[serde(with = "wire::raw")]
    #[schemars(with = "Vec<u8>")]
    pub payload: Vec<u8>,
}

/// The result of a transaction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Outcome {
    /// Every act happened; each act's outcome, encoded.
    Applied {
        #[serde(with = "wire::raw_list")]
        #[schemars(with = "Vec<Vec<u8>>")]
        outcomes: Vec<Vec<u8>>,
    },
    /// Nothing happened, because of this act.
    Rejected { act: u16, rejection: Rejection },
}

/// The record of one transaction in one block. A transaction has at most one, ever.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    pub transaction: TransactionHash,
    pub height: u64,
    /// Position in the block.
    pub index: u32,
    pub outcome: Outcome,
    pub events: Vec<Event>,
}

/// What a block did by itself: the chain's own affairs and due work, for which no transaction asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SystemReceipt {
    pub events: Vec<Event>,
}
