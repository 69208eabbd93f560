//! The pool: checked transactions that wait for a block.
//!
//! ```text
//!   submit -> lane of the sender, in nonce order -> take: an organisation after the other, each organisation's
//!                 |                                  accounts in turn; nothing leaves -> finalized
//!                 '-> departures: settled, superseded, refused, expired, replaced, evicted
//! ```
//! The pool is bounded by count, by bytes and by account ([`types::limits`]), so a flood ends in back-pressure, not in
//! memory. It reads no clock: `now` is the block time as its caller knows it. It knows no state: what nonce a sender is
//! at and whose account it is, its caller says with what comes of a sender of whom nothing waits; while something does,
//! the settled blocks say it, and what goes behind it needs no such word.
//!
//! An organisation that holds no more than its share of a full pool always gets in: the organisation that holds the most
//! gives way, with the last transaction of its account that holds the most. A share is the pool divided by the
//! organisations that have something in it. Accounts of nobody are one organisation together.
//!
//! **Invariant**: an admitted transaction stays until it departs, and departs once, for one reason that its caller can ask.
//! **Invariant**: what is pushed out is the last of its lane, so it never leaves a gap behind.

mod departure;
mod drain;
mod group;
mod lane;
mod load;
mod policy;
mod pool;
mod ranking;

pub use departure::{Departed, Departure};
pub use group::Organisation;
pub use policy::Policy;
pub use pool::{Admitted, Arrival, Bounds, Pool};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_random;
#[cfg(test)]
mod tests_share;
