//! The pool: checked transactions that wait for a block.
//!
//! ```text
//!   submit -> lane of the sender, in nonce order -> take (round-robin over lanes, nothing leaves) -> settle
//!                                 `-> expire, when valid_until has passed
//! ```
//! The pool is bounded by count, by bytes and by account ([`types::limits`]), so a flood ends in back-pressure, not in
//! memory. It reads no clock: `now` is the block time as its caller knows it. It knows no state: what nonce a sender is
//! at, its caller says with each transaction, and the settled blocks say from then on.
//!
//! Invariant: an admitted transaction stays until it is settled, its nonce was used by another, or it has expired.
//! Nothing is pushed out to make room.

mod lane;
mod pool;

pub use pool::{Admitted, Bounds, Pool};

#[cfg(test)]
mod tests;
