//! How far a node is on its way to the others: what it shows to people while it has no state to answer from.

use commonware_utils::channel::watch;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Where a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Phase {
    /// It opens its stores.
    #[default]
    Opening,
    /// It asks the validators for the newest final block.
    Asking,
    /// It fetches the state at a final block from peers.
    Fetching {
        /// Operations of the state's log that came.
        fetched: u64,
        /// Where the log ends; what of it is no longer live is not fetched.
        end: u64,
    },
    /// It has the state, and follows the final blocks.
    Following,
}

/// Says how far a node is. Clones say the same.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    phase: watch::Sender<Phase>,
    best: Arc<AtomicU64>,
}

impl Standing {
    /// Changes with each step.
    pub fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Height of the newest block that is known to be final, here or not yet; zero while none is.
    pub fn best(&self) -> u64 {
        self.best.load(Ordering::Relaxed)
    }

    pub(crate) fn hears_of(&self, height: u64) {
        self.best.fetch_max(height, Ordering::Relaxed);
    }

    pub(crate) fn asks(&self) {
        self.phase.send_replace(Phase::Asking);
    }

    pub(crate) fn expects(&self, end: u64) {
        self.phase.send_modify(|phase| {
            let fetched = if let Phase::Fetching { fetched, .. } = phase { *fetched } else { 0 };
            *phase = Phase::Fetching { fetched, end };
        });
    }

    pub(crate) fn fetched(&self, operations: usize) {
        self.phase.send_modify(|phase| {
            if let Phase::Fetching { fetched, .. } = phase {
                *fetched += u64::try_from(operations).unwrap_or(u64::MAX);
            }
        });
    }

    pub(crate) fn follows(&self) {
        self.phase.send_replace(Phase::Following);
    }
}
