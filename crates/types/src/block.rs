//! Blocks: a header that commits to everything, and the transactions.

use crate::{
    BlockHash, ChainId, Digest, Key, PeerKey, Receipt, Timestamp, Transaction, limits, receipt::SystemReceipt,
    transaction::Checked, wire,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a quorum certifies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    pub chain: ChainId,
    pub height: u64,
    pub parent: BlockHash,
    /// Block time: the only clock that rules know. Never before the parent's.
    pub time: Timestamp,
    /// RFC 6962 root over the transactions' hashes.
    pub transactions_root: Digest,
    /// RFC 6962 root over the encoded receipts; the system's receipt is the last leaf.
    pub receipts_root: Digest,
    /// Root of the authenticated state after this block.
    pub state_root: Digest,
    /// RFC 6962 root of the evidence log after this block.
    pub evidence_root: Digest,
}

impl Header {
    pub fn hash(&self) -> BlockHash {
        BlockHash::of(&[b"tributary/header/1", &wire::encode(self)])
    }
}

/// A header and its transactions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    pub header: Header,
    pub transactions: Vec<Transaction>,
}

/// How much a block has room for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    pub transactions: usize,
    pub bytes: usize,
    pub acts: usize,
}

impl Room {
    /// Of an empty block.
    pub const BLOCK: Self = Self {
        transactions: limits::BLOCK_TRANSACTIONS_MAX,
        bytes: limits::BLOCK_BYTES_MAX,
        acts: limits::BLOCK_ACTS_MAX,
    };

    /// Takes a transaction's room, if there is enough left.
    pub fn take(&mut self, checked: &Checked) -> bool {
        let acts = checked.transaction.body.acts.len();
        let fits = self.transactions > 0 && self.bytes >= checked.size && self.acts >= acts;
        if fits {
            self.transactions -= 1;
            self.bytes -= checked.size;
            self.acts -= acts;
        }
        fits
    }
}

/// A block that will never be undone, and all that it did: what mirrors and followers are fed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinalBlock {
    pub hash: BlockHash,
    pub header: Header,
    /// The validator that proposed it, where that is known.
    pub proposer: Option<PeerKey>,
    pub transactions: Vec<Arc<Checked>>,
    /// One for each transaction, in their order.
    pub receipts: Vec<Receipt>,
    /// What due work did; it ran before the transactions.
    pub system: SystemReceipt,
    /// Every record that changed: its new bytes, or `None` where it was deleted. Each key once.
    pub changes: Vec<(Key, Option<Vec<u8>>)>,
}
