//! One chain: blocks in order, final once and for all, with a state that can be proved.
//!
//! ```text
//!   source --take--> propose --> simplex votes --> certificate --> marshal (blocks, certificates on disk)
//!      ^                ^                                              |
//!      |             BlockRun  <---- records ---- QMDB state <--apply--+--> outputs on disk --> followers
//!      '----- settle <-------------------------------------------------'
//! ```
//! The engine sees bytes and roots: what a transaction means is `execution`'s matter, which transactions wait is the
//! source's, and who may read what is the server's. With one validator it is the same engine as with many.
//!
//! **Invariant**: a follower is told of a block after the block, its certificate, its state and its outputs are on disk.
//! **Invariant**: a block is run by the same code whether it is proposed, verified, or run again after a crash.
//! **Invariant**: no type of commonware leaves this crate, but for the network's traits, the tests, and `simulation`.

mod application;
mod block;
mod ceremony;
mod chain;
mod checkpoint;
mod directory;
mod epochs;
mod error;
mod follow;
mod fetch;
mod finals;
mod gossip;
mod joining;
mod keys;
pub mod network;
mod observers;
mod outputs;
mod pace;
mod peek;
mod prove;
mod reached;
mod replay;
mod restored;
mod secrets;
mod services;
mod signing;
pub mod simulation;
mod source;
mod stack;
mod standing;
mod start;
mod unfinished;
mod verify;
mod wiring;

pub use ceremony::{Attendance, Born, Progress, ceremony};
pub use chain::{Chain, FinalBlocks};
pub use checkpoint::Checkpoint;
pub use directory::PeerAddress;
pub use epochs::Epoch;
pub use error::Error;
pub use follow::Head;
pub use gossip::{Bundle, Outgoing};
pub use keys::{Committee, VALIDATORS_MAX, ValidatorKeys, deal};
pub use network::Peering;
pub use peek::height;
pub use replay::{Replayed, replay};
pub use restored::safe_to_sign;
pub use services::{Listing, Proven, Reading};
pub use source::{Settled, TransactionSource};
pub use standing::{Phase, Standing};
pub use start::{ChainConfig, StorageTuning};
pub use verify::CheckBatch;

#[cfg(test)]
mod tests;
