//! One block's run.

use std::{collections::BTreeMap, sync::Arc};
use types::{Digest, Genesis, Key, Receipt, Rejection, Timestamp, TransactionHash, receipt::SystemReceipt};

pub use types::transaction::Checked;

/// Where a run's block time comes from.
#[derive(Clone, Copy, Debug)]
pub enum BlockTime {
    /// A proposer's wall clock: block time is this plus the chain's clock offset, and never before the parent's.
    Propose { wall: Timestamp },
    /// The time that a proposed block's header claims.
    Verify { claimed: Timestamp },
}

/// What a run starts from.
#[derive(Clone, Debug)]
pub struct BlockInput {
    pub genesis: Arc<Genesis>,
    pub height: u64,
    /// Block time of the parent.
    pub parent_time: Timestamp,
    pub time: BlockTime,
    pub transactions: Vec<Arc<Checked>>,
}

/// What a run asks of its caller next.
#[derive(Debug)]
pub enum Step {
    /// Load these keys, `supply` them, and step again.
    Need(Vec<Key>),
    /// The block is done.
    Done(Box<BlockOutcome>),
    /// (Verify only) the block holds a transaction that may not be in it, or a time it may not have.
    Invalid(Rejection),
}

/// What a block did.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    pub time: Timestamp,
    /// Block time minus wall time on this chain (zero unless the clock is movable).
    pub clock_offset_ms: i64,
    /// The transactions that are in the block, in order.
    pub transactions: Vec<Arc<Checked>>,
    /// (Propose only) transactions that may not be in this block or, with this sender's next nonce, in any later one.
    pub dropped: Vec<(TransactionHash, Rejection)>,
    /// (Propose only) transactions that may be in a later block: an earlier nonce of their sender is missing.
    pub deferred: Vec<TransactionHash>,
    pub receipts: Vec<Receipt>,
    pub system: SystemReceipt,
    /// Every record that changed: its new bytes, or `None` where it was deleted.
    pub changes: BTreeMap<Key, Option<Vec<u8>>>,
    pub transactions_root: Digest,
    pub receipts_root: Digest,
    pub evidence_root: Digest,
    /// Due work was left for the next block.
    pub more_due: bool,
}

/// A run in progress.
pub struct BlockRun {
    input: BlockInput,
    records: BTreeMap<Key, Option<Vec<u8>>>,
}

impl BlockRun {
    pub fn new(input: BlockInput) -> Self {
        Self { input, records: BTreeMap::new() }
    }

    /// Runs until the block is done or records are missing.
    pub fn step(&mut self) -> Step {
        let _ = (&self.input, &self.records);
        Step::Need(Vec::new())
    }

    /// Gives the run the records it asked for.
    pub fn supply(&mut self, records: impl IntoIterator<Item = (Key, Option<Vec<u8>>)>) {
        self.records.extend(records);
    }
}

/// The records of a chain at height zero.
pub fn genesis_records(_genesis: &Genesis) -> Result<BTreeMap<Key, Vec<u8>>, Rejection> {
    Ok(BTreeMap::new())
}
