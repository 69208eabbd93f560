//! One sender's waiting transactions, in nonce order.

use std::{collections::BTreeMap, sync::Arc};
use types::{Rejection, TransactionHash, rejection::tech, transaction::Checked};

/// A lane exists only while something waits in it.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// The sender's next nonce, as far as the pool was told.
    next_nonce: u64,
    waiting: BTreeMap<u64, Arc<Checked>>,
}

impl Lane {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a nonce is still to be used, and free here.
    pub(crate) fn check(&self, nonce: u64) -> Result<(), Rejection> {
        if nonce < self.next_nonce {
            return Err(tech::nonce(self.next_nonce, nonce));
        }
        match self.waiting.get(&nonce) {
            Some(other) => Err(tech::idempotency_conflict(nonce, other.hash)),
            None => Ok(()),
        }
    }

    pub(crate) fn insert(&mut self, checked: Arc<Checked>) {
        let taken = self.waiting.insert(checked.transaction.body.nonce, checked);
        assert!(taken.is_none(), "the nonce was checked to be free");
    }

    /// Takes out the transaction at `nonce`, if it is the one named.
    pub(crate) fn remove(&mut self, nonce: u64, hash: TransactionHash) -> Option<Arc<Checked>> {
        let found = self.waiting.get(&nonce).is_some_and(|waiting| waiting.hash == hash);
        if found { self.waiting.remove(&nonce) } else { None }
    }

    /// Learns the sender's next nonce; gives back what can never run now. A nonce never goes back.
    pub(crate) fn advance(&mut self, next_nonce: u64) -> Vec<Arc<Checked>> {
        self.next_nonce = self.next_nonce.max(next_nonce);
        let later = self.waiting.split_off(&self.next_nonce);
        std::mem::replace(&mut self.waiting, later).into_values().collect()
    }

    /// Those that can run one after the other from the sender's next nonce on.
    pub(crate) fn runnable(&self) -> impl Iterator<Item = &Arc<Checked>> {
        (self.next_nonce..)
            .zip(&self.waiting)
            .take_while(|(expected, (nonce, _))| expected == *nonce)
            .map(|(_, (_, checked))| checked)
    }

    /// The first nonce that is neither used nor waiting.
    pub(crate) fn free_nonce(&self) -> u64 {
        let ahead = u64::try_from(self.runnable().count()).expect("a lane is bounded");
        self.next_nonce.saturating_add(ahead)
    }
}
