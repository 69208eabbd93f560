//! How a node is: what `/livez`, `/readyz` and `/metrics` say, before there is a chain to ask and after it has stopped.
//!
//! Programs that watch nodes read these, not people who trade: nothing here belongs to the ledger's operations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, pin::Pin};
use types::Timestamp;

/// What a node does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Opens its stores and looks for its peers.
    Opening,
    /// Takes the state from other nodes.
    Syncing,
    /// Waits for the chain's first block.
    FirstBlock,
    /// Follows the chain and answers.
    Running,
    /// The chain has ended here: the node must be started again.
    Stopped,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opening => "it opens its stores",
            Self::Syncing => "it takes the state from other nodes",
            Self::FirstBlock => "it waits for the chain's first block",
            Self::Running => "it runs",
            Self::Stopped => "the chain has stopped",
        })
    }
}

/// The answer of `GET /readyz`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Whether the node answers, what it answers is not old, and the chain goes on.
    pub ready: bool,
    pub stage: Stage,
    /// What is missing, in a sentence; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Height of the last final block here.
    pub height: u64,
    /// Height of the last final block anywhere, as far as this node has heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_height: Option<u64>,
    /// Height that the lists hold.
    pub indexed_height: u64,
    /// Block time of the last final block here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_time: Option<Timestamp>,
    /// Milliseconds since this node saw a block become final, or began to wait for one.
    pub idle_ms: u64,
}

/// What a node's doors ask about the node itself.
pub trait Vitals: Send + Sync {
    /// How it is. Answered from memory: it must not wait for what may be stuck.
    fn readiness(&self) -> Readiness;

    /// Everything it counts, in the text format of OpenMetrics 1.0.
    fn metrics(&self) -> Pin<Box<dyn Future<Output = String> + Send + '_>>;
}
