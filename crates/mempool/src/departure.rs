//! Why a transaction left the pool.

use std::sync::Arc;
use types::{Rejection, Timestamp, TransactionHash, rejection::tech, transaction::Checked};

/// A transaction that left the pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Departure {
    pub checked: Arc<Checked>,
    pub why: Departed,
}

/// Why a transaction left the pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Departed {
    /// Its nonce is used, by itself as far as the pool was told.
    Settled,
    /// Another transaction of its sender used its nonce in a final block.
    Superseded,
    /// A proposer found that it can never run.
    Refused(Rejection),
    /// Block time passed its `valid_until`.
    Expired(Timestamp),
    /// Its sender put another one in its place.
    Replaced(TransactionHash),
    /// Its organisation held the most of a full pool, and another that held less needed the room. It may come again
    /// after so many milliseconds.
    Evicted(u64),
}

impl Departure {
    /// What is told to whoever waits for the transaction; `None` where a block tells it.
    pub fn rejection(&self) -> Option<Rejection> {
        let body = &self.checked.transaction.body;
        match &self.why {
            Departed::Settled => None,
            Departed::Superseded => Some(tech::nonce(body.nonce.saturating_add(1), body.nonce)),
            Departed::Refused(rejection) => Some(rejection.clone()),
            Departed::Expired(now) => Some(tech::expired(body.valid_until, now)),
            Departed::Replaced(by) => Some(tech::replaced(by)),
            Departed::Evicted(retry_ms) => Some(tech::evicted(retry_ms)),
        }
    }
}
