//! A validator whose folder came out of a backup has forgotten what it signed after the backup was made.
//!
//! If it signed in an epoch in which it may have signed before, it could contradict itself: two votes for one view, by which
//! a chain forks. So it follows without a vote until an epoch begins whose first block was not thought of when the folder
//! was restored: the block before that epoch, by its time, is from after the restore.

use commonware_consensus::types::{Epoch, Height};
use std::num::NonZeroU64;
use types::{Clock, Timestamp, limits::BLOCK_TIME_SKEW_MS_MAX};

use crate::stack::Marshal;

/// How far the clock of the machine that restored may lie behind the proposers' clocks, beside what they may differ.
const CLOCK_ERROR_MS: u64 = 60_000;

/// Keeps a restored validator silent. Clones are the same.
#[derive(Clone)]
pub(crate) struct Restored {
    pub(crate) at: Timestamp,
    pub(crate) clock: Clock,
    pub(crate) epoch_blocks: NonZeroU64,
    pub(crate) marshal: Marshal,
}

impl Restored {
    /// Whether nothing that was forgotten can be a vote of this epoch.
    pub(crate) async fn may_sign(&self, epoch: Epoch, signers: usize) -> bool {
        // A validator that signs alone has nobody who could have seen another vote of its.
        if signers == 1 {
            return true;
        }
        // Block time that can be moved says nothing about when a block was made.
        if self.clock == Clock::Movable {
            return false;
        }
        let Some(last) = epoch.get().checked_mul(self.epoch_blocks.get()).and_then(|first| first.checked_sub(1)) else {
            return false;
        };
        let Some(block) = self.marshal.get_block(Height::new(last)).await else { return false };
        safe_to_sign(self.at, block.inner().header().time)
    }
}

/// Whether an epoch that follows a block of this time was not thought of when a folder was restored at `restored`.
pub fn safe_to_sign(restored: Timestamp, before: Timestamp) -> bool {
    before.0 > restored.0.saturating_add(BLOCK_TIME_SKEW_MS_MAX + CLOCK_ERROR_MS)
}
