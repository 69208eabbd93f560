//! Receipt proofs: what became of a transaction, under a final block's receipts root.
//!
//! ```text
//!   receipt's canonical bytes -> leaf -> steps -> receipts root -> header -> certificate
//! ```
//! The receipt says itself which transaction it is of, at which height and place; so the steps are all that is needed.

use crate::finality::{Finality, FinalityError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{ChainId, Header, List, merkle};

/// The only version so far.
pub const VERSION: u8 = 1;
/// More levels than the receipts of the fullest block make.
const STEPS_MAX: usize = 16;

/// Everything that someone who knows a chain's identity and group key needs to check a receipt. The receipt is not in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    pub version: u8,
    /// The final block that holds the transaction.
    pub header: Header,
    pub finality: Finality,
    /// From the receipt to the header's receipts root.
    pub steps: List<merkle::Step, STEPS_MAX>,
}

/// Why a receipt proof does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    #[error("this version of the proof is not known")]
    Version,
    #[error("the block is not final: {0}")]
    Finality(#[from] FinalityError),
    #[error("the steps lead to another receipts root")]
    OtherRoot,
}

impl Bundle {
    /// Checks that `receipt`, the canonical bytes of one, is of the block of the returned header, which is final on the
    /// chain with this identity and group key. Every byte of the bundle is bound by one of the checks.
    pub fn verify(&self, chain: ChainId, group_key: &[u8], receipt: &[u8]) -> Result<&Header, ProofError> {
        if self.version != VERSION {
            return Err(ProofError::Version);
        }
        // Hashes before the signature: what is spoiled is refused cheaply.
        if merkle::climb(merkle::leaf(receipt), &self.steps) != self.header.receipts_root {
            return Err(ProofError::OtherRoot);
        }
        self.finality.verify(chain, group_key, &self.header)?;
        Ok(&self.header)
    }
}
