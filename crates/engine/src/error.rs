//! What can fail outside of our own logic.

use std::io;

/// Why a chain does not start, or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The genesis names keys or a sharing that do not decode or do not belong together.
    #[error("genesis: {0}")]
    Genesis(&'static str),
    /// The share or the peer key is not one of this genesis.
    #[error("the keys of this node are not those of a validator of this chain")]
    ForeignKeys,
    /// The checkpoint from which a machine was to join is not one of this chain.
    #[error("the checkpoint is not to be used: {0}")]
    Checkpoint(&'static str),
    #[error("a peer's key is no Ed25519 key")]
    PeerKey,
    #[error("the key ceremony failed: {0}")]
    Ceremony(&'static str),
    #[error("{0} peers are listed, which is more than a node connects to by itself")]
    TooManyPeers(usize),
    #[error("spawn the engine's thread")]
    Thread(#[source] io::Error),
    /// The chain is stopping or has stopped.
    #[error("the chain has stopped")]
    Stopped,
    /// A part of the chain panicked; it says which operation of which store failed, or which invariant broke.
    #[error("the chain has failed: {0}")]
    Failed(String),
    /// The state holds nothing yet: block one is not final.
    #[error("the chain has no final block yet")]
    Empty,
    #[error("a node keeps at least the newest {0} blocks: two epochs")]
    KeepsTooFew(u64),
    /// How much is kept is settled when a folder is made.
    #[error(
        "this folder keeps every block: to keep fewer, begin again in a new folder with the same keys and `--join`"
    )]
    KeepsAll,
    #[error("this folder keeps the newest blocks only: say how many with `--keep-blocks`, as when it was made")]
    KeepsRecent,
    /// The node was stopped while it fetched the state.
    #[error("the state of the others has not come whole yet: run the node with `--join` until it follows them")]
    NotJoined,
    /// The node began at a peer's state, or its old blocks were removed.
    #[error("blocks before height {first} are not kept here: ask a node that keeps them")]
    NotKept { first: u64 },
    #[error("a prover could not read the state: {0}")]
    Prove(String),
    #[error("a store holds bytes that it should not: {0}")]
    Corrupt(&'static str),
    /// A block that ran again did something else than it says: the history was changed, or a rule was.
    #[error("block {height}, run again, gives another {what} than it says")]
    Replay { height: u64, what: &'static str },
}
