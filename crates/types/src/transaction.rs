//! The signed envelope, and the acts it asks for.
//!
//! What is signed is the transaction's hash: it covers the chain, the sender's nonce, the time limit, every signer and
//! every act. So no signature can be taken off, added or moved to another chain, and the hash does not depend on the
//! signatures' bytes.

use crate::{
    AccountId, Bytes, List, Timestamp, TransactionHash, limits,
    rejection::{Rejection, tech},
    wire,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, ops::Deref};

/// Separates what is signed here from anything else a key may sign.
const DOMAIN: &[u8] = b"tributary/transaction/1";

/// The identity of a chain: the SHA-256 of its genesis.
pub type ChainId = crate::Digest;

/// A signature suite's number: tagged, so that others can come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Suite(pub u16);

impl Suite {
    /// Ed25519 with the ZIP215 rules.
    pub const ED25519: Self = Self(1);
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A public key with its suite.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PublicKey {
    pub suite: Suite,
    pub bytes: Bytes<{ limits::PUBLIC_KEY_BYTES_MAX }>,
}

impl PublicKey {
    pub fn account(&self) -> AccountId {
        AccountId::of_key(self.suite.0, &self.bytes)
    }
}

/// One signer's signature over the transaction's hash.
pub type Signature = Bytes<{ limits::SIGNATURE_BYTES_MAX }>;

/// What a transaction asks a module to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Act {
    /// The module's number in the operation table.
    pub module: u16,
    /// The call's number in its module.
    pub call: u16,
    /// The call's fields, encoded.
    pub payload: Bytes<{ limits::PAYLOAD_BYTES_MAX }>,
}

/// What the signers sign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Body {
    /// The chain it is for.
    pub chain: ChainId,
    /// The sender's count of earlier transactions; each number is used once, in order.
    pub nonce: u64,
    /// The last block time at which it may run.
    pub valid_until: Timestamp,
    /// Who signs; the first is the sender.
    pub signers: List<PublicKey, { limits::SIGNATURES_PER_TRANSACTION_MAX }>,
    /// What it asks for: all of it happens, or none.
    pub acts: List<Act, { limits::ACTS_PER_TRANSACTION_MAX }>,
}

/// A body and its signatures, in the order of its signers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Transaction {
    pub body: Body,
    pub signatures: List<Signature, { limits::SIGNATURES_PER_TRANSACTION_MAX }>,
}

/// A transaction with what its bytes say of it. Nothing of it need be true.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    pub transaction: Transaction,
    pub hash: TransactionHash,
    /// The accounts of its signers; the first is the sender.
    pub signers: Vec<AccountId>,
    /// Encoded bytes.
    pub size: usize,
}

impl Named {
    /// [`Transaction::decode`], and its name.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejection> {
        let transaction = Transaction::decode(bytes)?;
        // A value has one encoding, and the body's comes first in it: what `Body::hash` would write lies here already.
        let body = &bytes[..bytes.len() - wire::size(&transaction.signatures)];
        Ok(Self::new(transaction, TransactionHash::of(&[DOMAIN, body]), bytes.len()))
    }

    /// The account whose nonce it uses, if anybody signs it.
    pub fn sender(&self) -> Option<AccountId> {
        self.signers.first().copied()
    }

    fn new(transaction: Transaction, hash: TransactionHash, size: usize) -> Self {
        let signers = transaction.body.signers.iter().map(PublicKey::account).collect();
        Self { transaction, hash, signers, size }
    }
}

impl From<Transaction> for Named {
    fn from(transaction: Transaction) -> Self {
        let (hash, size) = (transaction.body.hash(), transaction.size());
        Self::new(transaction, hash, size)
    }
}

/// A transaction whose shape, limits, chain and signatures have been verified. `execution::check` makes them, and whoever
/// reads what was checked before; also whoever decodes a block, which asks `execution::check` before it votes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked(Named);

impl Checked {
    /// Vouches for a transaction.
    pub fn vouch(named: impl Into<Named>) -> Self {
        Self(named.into())
    }

    /// The account whose nonce the transaction uses.
    ///
    /// # Panics
    /// When nobody signs it: `check_shape` was not asked.
    pub fn sender(&self) -> AccountId {
        self.0.sender().expect("a checked transaction has a sender")
    }
}

impl Deref for Checked {
    type Target = Named;
    fn deref(&self) -> &Named {
        &self.0
    }
}

impl Body {
    /// The name of the transaction, and what its signers sign.
    pub fn hash(&self) -> TransactionHash {
        TransactionHash::of(&[DOMAIN, &wire::encode(self)])
    }

    /// The account whose nonce the transaction uses. `check_shape` has seen that there is one.
    pub fn sender(&self) -> Option<AccountId> {
        self.signers.first().map(PublicKey::account)
    }
}

impl Transaction {
    /// Decodes a transaction within its size limit and checks its shape.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.len() > limits::TRANSACTION_BYTES_MAX {
            return Err(tech::payload_too_big(format!("a transaction of {} bytes", bytes.len())));
        }
        let transaction: Self = wire::decode(bytes)?;
        transaction.check_shape()?;
        Ok(transaction)
    }

    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Bytes of its encoding.
    pub fn size(&self) -> usize {
        wire::size(self)
    }

    /// What can be seen without state: at least one act, each signer once, one signature each.
    pub fn check_shape(&self) -> Result<(), Rejection> {
        let body = &self.body;
        if body.acts.is_empty() {
            return Err(tech::no_acts());
        }
        if body.signers.is_empty() || body.signers.len() != self.signatures.len() {
            return Err(tech::signature_count(body.signers.len(), self.signatures.len()));
        }
        for (position, signer) in body.signers.iter().enumerate() {
            if body.signers[..position].contains(signer) {
                return Err(tech::signer_twice(signer.account()));
            }
        }
        Ok(())
    }
}
