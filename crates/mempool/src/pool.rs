//! The pool over all senders.

use crate::lane::Lane;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};
use types::{
    AccountId, Rejection, Room, Timestamp, TransactionHash, limits,
    planted::{self, Fault},
    rejection::tech,
    transaction::Checked,
};

/// How much may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub transactions_max: usize,
    pub bytes_max: usize,
    pub per_account_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            transactions_max: limits::POOL_TRANSACTIONS_MAX,
            bytes_max: limits::POOL_BYTES_MAX,
            per_account_max: limits::POOL_PER_ACCOUNT_MAX,
        }
    }
}

/// What became of a submitted transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admitted {
    /// It waits now.
    New,
    /// It waited already: submitting twice is the same as once.
    Already,
}

/// Where a transaction waits.
#[derive(Clone, Copy, Debug)]
struct Place {
    sender: AccountId,
    nonce: u64,
}

/// Transactions that wait for a block.
#[derive(Debug, Default)]
pub struct Pool {
    bounds: Bounds,
    lanes: BTreeMap<AccountId, Lane>,
    places: BTreeMap<TransactionHash, Place>,
    deadlines: BTreeSet<(Timestamp, TransactionHash)>,
    bytes: usize,
    /// The sender with whom the next round begins.
    turn: Option<AccountId>,
}

impl Pool {
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Transactions that wait.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Encoded bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn contains(&self, hash: TransactionHash) -> bool {
        self.places.contains_key(&hash)
    }

    /// The first nonce of a sender that is neither used nor waiting; `None` when nothing of this sender waits.
    pub fn free_nonce(&self, sender: AccountId) -> Option<u64> {
        self.lanes.get(&sender).map(Lane::free_nonce)
    }

    /// Admits a transaction or says why not. `now` is block time, `next_nonce` the sender's next one in final state.
    pub fn submit(&mut self, checked: Arc<Checked>, now: Timestamp, next_nonce: u64) -> Result<Admitted, Rejection> {
        let body = &checked.transaction.body;
        let (nonce, valid_until) = (body.nonce, body.valid_until);
        let sender = body.sender().ok_or_else(|| tech::signature_count(0, checked.transaction.signatures.len()))?;
        self.expire(now);
        if valid_until < now {
            return Err(tech::expired(valid_until, now));
        }
        let latest = Timestamp(now.0.saturating_add(limits::VALIDITY_MS_MAX));
        if valid_until > latest {
            return Err(tech::validity_too_long(valid_until, latest));
        }
        self.advance(sender, next_nonce);
        if self.contains(checked.hash) {
            return Ok(Admitted::Already);
        }
        if nonce < next_nonce {
            return Err(tech::nonce(next_nonce, nonce));
        }
        let waiting = self.lanes.get(&sender).map_or(Ok(0), |lane| lane.check(nonce).map(|()| lane.len()))?;
        let full = waiting >= self.bounds.per_account_max
            || self.len() >= self.bounds.transactions_max
            || self.bytes.saturating_add(checked.size) > self.bounds.bytes_max;
        if full {
            return Err(tech::pool_full(limits::POOL_RETRY_MS));
        }
        self.places.insert(checked.hash, Place { sender, nonce });
        self.deadlines.insert((valid_until, checked.hash));
        self.bytes += checked.size;
        let lane = self.lanes.entry(sender).or_default();
        let stale = lane.advance(next_nonce);
        assert!(stale.is_empty(), "the lane was advanced above");
        lane.insert(checked);
        Ok(Admitted::New)
    }

    /// What the next block may hold. Nothing leaves the pool.
    pub fn take(&mut self, room: Room) -> Vec<Arc<Checked>> {
        self.take_beyond(&BTreeSet::new(), room)
    }

    /// Whether anything waits that is not `pending`.
    pub fn has_beyond(&self, pending: &BTreeSet<TransactionHash>) -> bool {
        self.lanes.values().flat_map(Lane::runnable).any(|checked| !pending.contains(&checked.hash))
    }

    /// [`take`](Self::take) for a block whose ancestors hold `pending` but are not settled yet.
    ///
    /// One transaction of each sender in turn, each sender's in nonce order and without a gap. The next call begins
    /// with the first sender who was left wanting, so that nobody waits behind a flood.
    pub fn take_beyond(&mut self, pending: &BTreeSet<TransactionHash>, mut room: Room) -> Vec<Arc<Checked>> {
        let (mut taken, mut left_wanting) = (Vec::new(), None);
        let mut lanes: Vec<_> = self
            .lanes_in_turn()
            .map(|(sender, lane)| {
                (*sender, lane.runnable().filter(|checked| !pending.contains(&checked.hash)).peekable())
            })
            .collect();
        while !lanes.is_empty() {
            lanes.retain_mut(|(sender, lane)| {
                let Some(checked) = lane.peek() else { return false };
                if !room.take(checked) {
                    left_wanting.get_or_insert(*sender);
                    return false;
                }
                taken.extend(lane.next().map(Arc::clone));
                true
            });
        }
        drop(lanes);
        if left_wanting.is_some() {
            self.turn = left_wanting;
        }
        taken
    }

    /// Removes what a final block holds, what it made impossible, and what its proposer was told can never run.
    pub fn settle(&mut self, included: &[Arc<Checked>], dropped: &[TransactionHash]) {
        for checked in included {
            let body = &checked.transaction.body;
            if let Some(sender) = body.sender() {
                self.advance(sender, body.nonce.saturating_add(1));
            }
        }
        for hash in dropped {
            self.remove(*hash);
        }
    }

    /// Removes what can no longer run at block time `now`, and names it.
    pub fn expire(&mut self, now: Timestamp) -> Vec<TransactionHash> {
        let mut expired = Vec::new();
        while let Some((valid_until, hash)) = self.deadlines.first().copied() {
            if valid_until >= now || planted::is(Fault::ExpiredTaken) {
                break;
            }
            self.remove(hash);
            expired.push(hash);
        }
        expired
    }

    /// The lanes in the order of their turn.
    fn lanes_in_turn(&self) -> impl Iterator<Item = (&AccountId, &Lane)> {
        let turn = self.turn.unwrap_or_default();
        let first = self.lanes.range(turn..);
        first.chain(self.lanes.range((Bound::Unbounded, Bound::Excluded(turn))))
    }

    /// Learns a sender's next nonce and forgets what can never run now.
    fn advance(&mut self, sender: AccountId, next_nonce: u64) {
        let Some(lane) = self.lanes.get_mut(&sender) else { return };
        let gone = lane.advance(next_nonce);
        if lane.is_empty() {
            self.lanes.remove(&sender);
        }
        for checked in gone {
            self.forget(&checked);
        }
    }

    fn remove(&mut self, hash: TransactionHash) {
        let Some(Place { sender, nonce }) = self.places.get(&hash).copied() else { return };
        let lane = self.lanes.get_mut(&sender).expect("a place names a lane that exists");
        let checked = lane.remove(nonce, hash).expect("a place names what waits there");
        if lane.is_empty() {
            self.lanes.remove(&sender);
        }
        self.forget(&checked);
    }

    /// Strikes a transaction that has left its lane off the books.
    fn forget(&mut self, checked: &Checked) {
        let place = self.places.remove(&checked.hash);
        assert!(place.is_some(), "what waits in a lane has a place");
        let deadline = self.deadlines.remove(&(checked.transaction.body.valid_until, checked.hash));
        assert!(deadline, "what waits in a lane has a deadline");
        self.bytes = self.bytes.checked_sub(checked.size).expect("its size was added when it came");
    }
}
