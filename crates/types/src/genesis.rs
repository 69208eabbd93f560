//! The first page of a chain: a file everyone can check. Its hash is the chain's identity.

use crate::{
    Bytes, ChainId, Digest, List, Timestamp, limits,
    party::EntityRole,
    peer::{PeerAddresses, PeerKey},
    text::{Name, Reference},
    transaction::PublicKey,
    wire,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where block time comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Clock {
    /// The validators' clocks.
    Real,
    /// Demonstrations and tests: block time starts at the genesis time when the chain starts, runs with the validators'
    /// clocks, and the act `clock.advance` moves it forward.
    Movable,
}

/// The organisation that registers the others. It holds no money and moves no claim.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Operator {
    pub name: Name,
    /// Unified social credit code or LEI.
    pub legal_id: Reference,
    /// Keys of its founding administrators.
    pub administrators: List<PublicKey, 8>,
}

/// A machine with which a founder takes part in the first committee.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FoundingValidator {
    /// The machine's peer key; it also stands among the genesis's validators.
    pub peer_key: PeerKey,
    /// The machine's name for people.
    pub name: Name,
    /// Where the other peers reach it.
    pub addresses: PeerAddresses,
}

/// An organisation that founds the chain with others: each makes its own keys, and only public halves meet here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Founder {
    /// The name in the commercial register.
    pub name: Name,
    /// Unified social credit code, LEI, or the id of another register. The operator is a founder by its own legal id.
    pub legal_id: Reference,
    /// What it is in the trade; the operator's own entry names that one role.
    pub roles: List<EntityRole, 8>,
    /// Keys of its founding administrators; the operator's own entry repeats those of the operator.
    pub administrators: List<PublicKey, 8>,
    /// Its machines in the first committee; an organisation may found and vote without one.
    pub validators: List<FoundingValidator, { limits::FOUNDER_VALIDATORS_MAX }>,
    /// Its weight in votes, above zero.
    pub weight: u32,
}

/// What a chain takes over from another that has ended: its whole state, in a file that everybody has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Inheritance {
    /// The chain before.
    pub chain: ChainId,
    /// Its last block.
    pub height: u64,
    /// That block's time: nothing on the new chain is earlier.
    pub time: Timestamp,
    /// The file's digest, as `tributary state export` shows it.
    pub digest: Digest,
}

/// A chain's genesis.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Genesis {
    /// The chain's name for people.
    pub name: Name,
    /// Block time of block zero.
    pub time: Timestamp,
    /// Wall-clock time at which block zero was made; with a movable clock, block time minus this is the first offset.
    pub made_at: Timestamp,
    pub clock: Clock,
    pub operator: Operator,
    /// The organisations that vote. With none the operator alone votes, owns the validators and sets the policy.
    pub founders: List<Founder, { limits::FOUNDERS_MAX }>,
    /// Blocks of an epoch: block `h` is in epoch `h / epoch_blocks`.
    pub epoch_blocks: u64,
    /// The validators' peer keys (Ed25519), in the order of their key shares.
    pub validators: List<Bytes<32>, 256>,
    /// The chain's group key: verifies any block of any age.
    pub group_key: Bytes<128>,
    /// How the validators' first key shares were dealt: the public polynomial, the dealers and the validators, as the engine
    /// encodes it.
    pub sharing: Bytes<16384>,
    /// The state with which the chain begins, where it goes on for another; `null`: the organisations above and nothing
    /// else.
    pub state: Option<Inheritance>,
}

impl Genesis {
    /// The chain's identity.
    pub fn chain(&self) -> ChainId {
        Digest::of(&[b"tributary/genesis/1", &wire::encode(self)])
    }
}
