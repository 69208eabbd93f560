//! What the node does now: one value that the parts set as they come to it, and that its doors tell.
//!
//! A machine that begins at a recent block tells how far it is with the state that it fetches.

use api::health::Stage;
use tokio::sync::watch;

/// What the node does now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Phase {
    /// Opens its stores and looks for its peers.
    #[default]
    Opening,
    /// Asks the validators where to begin.
    Asking,
    /// Takes the state of a recent block from other nodes.
    Fetching {
        /// Changes of the state that came.
        fetched: u64,
        /// Changes that the chain has made; those that later ones undid do not come.
        end: u64,
    },
    /// Waits for the block that writes the genesis: before it there is no state to answer from.
    FirstBlock,
    /// Follows the chain and answers.
    Running,
    /// The chain has ended here.
    Stopped { reason: String },
}

impl Phase {
    pub fn stage(&self) -> Stage {
        match self {
            Self::Opening => Stage::Opening,
            Self::Asking | Self::Fetching { .. } => Stage::Syncing,
            Self::FirstBlock => Stage::FirstBlock,
            Self::Running => Stage::Running,
            Self::Stopped { .. } => Stage::Stopped,
        }
    }

    /// Why the node cannot answer in this phase; `None` where it can.
    pub fn missing(&self) -> Option<String> {
        match self {
            Self::Running => None,
            Self::Asking => Some("it asks the validators for their newest final block".to_owned()),
            Self::Fetching { fetched, end } => {
                Some(format!("{}: {fetched} of at most {end} changes have come", self.stage()))
            }
            Self::Stopped { reason } => Some(format!("{}: {reason}", self.stage())),
            Self::Opening | Self::FirstBlock => Some(self.stage().to_string()),
        }
    }
}

/// The engine's part of it, until the engine has the state.
pub fn of_engine(phase: engine::Phase) -> Option<Phase> {
    match phase {
        engine::Phase::Opening => Some(Phase::Opening),
        engine::Phase::Asking => Some(Phase::Asking),
        engine::Phase::Fetching { fetched, end } => Some(Phase::Fetching { fetched, end }),
        engine::Phase::Following => None,
    }
}

/// Where the parts tell what the node does.
pub type Phases = watch::Sender<Phase>;
