//! One sender's waiting transactions, in nonce order.

use std::{collections::BTreeMap, sync::Arc};
use types::{Rejection, Timestamp, TransactionHash, rejection::tech, transaction::Checked};

use crate::{group::Organisation, load::Load};

/// A lane exists only while something waits in it.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Whose the account is.
    pub(crate) home: Organisation,
    /// The sender's next nonce, as far as the pool was told.
    next_nonce: u64,
    waiting: BTreeMap<u64, Arc<Checked>>,
    load: Load,
    /// Nonces below this one were offered for a block of this node.
    offered: u64,
    /// When the sender last put one in another's place.
    replaced_at: Option<Timestamp>,
}

impl Lane {
    /// The lane of an account of this organisation.
    pub(crate) fn of(home: Organisation) -> Self {
        Self { home, ..Self::default() }
    }

    pub(crate) fn load(&self) -> Load {
        self.load
    }

    pub(crate) fn replaced_at(&self) -> Option<Timestamp> {
        self.replaced_at
    }

    /// The sender's next nonce, as far as the pool was told.
    pub(crate) fn next_nonce(&self) -> u64 {
        self.next_nonce
    }

    /// Whether the sender's next nonce, as far as the pool was told, is this one or a later one.
    pub(crate) fn knows(&self, next_nonce: u64) -> bool {
        self.next_nonce >= next_nonce
    }

    pub(crate) fn was_offered(&self, nonce: u64) -> bool {
        nonce < self.offered
    }

    /// Notes that a block of this node may hold the transaction with this nonce.
    pub(crate) fn offer(&mut self, nonce: u64) {
        self.offered = self.offered.max(nonce.saturating_add(1));
    }

    /// What waits at a nonce that is still to be used.
    pub(crate) fn at(&self, nonce: u64) -> Result<Option<&Arc<Checked>>, Rejection> {
        if nonce < self.next_nonce {
            return Err(tech::nonce(self.next_nonce, nonce));
        }
        Ok(self.waiting.get(&nonce))
    }

    pub(crate) fn insert(&mut self, checked: Arc<Checked>) {
        self.load.add(checked.size);
        let taken = self.waiting.insert(checked.transaction.body.nonce, checked);
        assert!(taken.is_none(), "the nonce was checked to be free");
    }

    /// Puts a transaction in the place of another with its nonce.
    pub(crate) fn replace(&mut self, checked: Arc<Checked>, now: Timestamp) -> Arc<Checked> {
        self.load.add(checked.size);
        let old = self.waiting.insert(checked.transaction.body.nonce, checked).expect("it replaces one that waits");
        self.load.remove(old.size);
        self.replaced_at = Some(now);
        old
    }

    /// Takes out the transaction at `nonce`, if it is the one named.
    pub(crate) fn remove(&mut self, nonce: u64, hash: TransactionHash) -> Option<Arc<Checked>> {
        let found = self.waiting.get(&nonce).filter(|waiting| waiting.hash == hash)?.clone();
        self.waiting.remove(&nonce);
        self.load.remove(found.size);
        Some(found)
    }

    /// The transaction with the highest nonce.
    pub(crate) fn last(&self) -> Option<&Arc<Checked>> {
        self.waiting.values().next_back()
    }

    /// Learns the sender's next nonce; gives back what can never run now. A nonce never goes back.
    pub(crate) fn advance(&mut self, next_nonce: u64) -> Vec<Arc<Checked>> {
        self.next_nonce = self.next_nonce.max(next_nonce);
        let mut gone = Vec::new();
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() < self.next_nonce) {
            gone.push(first.remove());
        }
        gone.iter().for_each(|checked| self.load.remove(checked.size));
        gone
    }

    /// Everything that waits, also behind a gap.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Arc<Checked>> {
        self.waiting.values()
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
