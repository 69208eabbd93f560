//! The lanes of one organisation.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    iter::Peekable,
    ops::Bound,
    sync::Arc,
};
use types::{AccountId, Room, TransactionHash, transaction::Checked};

use crate::{
    lane::Lane,
    load::{Load, Ranking},
    pool::Bounds,
};

/// Whose an account is: what the pool is shared among.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Organisation(Option<[u8; 16]>);

impl Organisation {
    /// That of all accounts that belong to nobody.
    pub const UNKNOWN: Self = Self(None);

    /// The organisation with this id.
    pub fn of(id: [u8; 16]) -> Self {
        Self(Some(id))
    }
}

/// A group exists only while something waits in it.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) lanes: BTreeMap<AccountId, Lane>,
    load: Load,
    ranking: Ranking<AccountId>,
    /// The account with which the next round begins.
    turn: AccountId,
}

impl Group {
    pub(crate) fn load(&self) -> Load {
        self.load
    }

    pub(crate) fn set_turn(&mut self, account: AccountId) {
        self.turn = account;
    }

    /// Changes an account's lane, and keeps the books of it. A lane that was empty before and stays so is no lane.
    pub(crate) fn change<T>(&mut self, account: AccountId, bounds: Bounds, change: impl FnOnce(&mut Lane) -> T) -> T {
        let lane = self.lanes.entry(account).or_default();
        let before = lane.load();
        let done = change(lane);
        let after = lane.load();
        if lane.is_empty() {
            self.lanes.remove(&account);
        }
        self.note(account, before, after, bounds);
        done
    }

    /// Takes a lane that was in another group.
    pub(crate) fn adopt(&mut self, account: AccountId, lane: Lane, bounds: Bounds) {
        let load = lane.load();
        let before = self.lanes.insert(account, lane);
        assert!(before.is_none(), "an account has one lane");
        self.note(account, Load::default(), load, bounds);
    }

    /// Gives a lane to another group.
    pub(crate) fn release(&mut self, account: AccountId, bounds: Bounds) -> Option<Lane> {
        let lane = self.lanes.remove(&account)?;
        self.note(account, lane.load(), Load::default(), bounds);
        Some(lane)
    }

    /// What is pushed out first: the last transaction of the account that holds the most.
    pub(crate) fn last_of_heaviest(&self) -> Option<&Arc<Checked>> {
        self.lanes.get(&self.ranking.heaviest()?)?.last()
    }

    fn note(&mut self, account: AccountId, before: Load, after: Load, bounds: Bounds) {
        self.load.transactions = self.load.transactions + after.transactions - before.transactions;
        self.load.bytes = self.load.bytes + after.bytes - before.bytes;
        self.ranking.set(account, after.weight(bounds));
    }

    /// The lanes in the order of their turn, each with what it has beside what is `pending`.
    pub(crate) fn round<'a>(&'a self, pending: &'a BTreeSet<TransactionHash>) -> Round<'a> {
        let later = self.lanes.range(self.turn..);
        let lanes = later.chain(self.lanes.range((Bound::Unbounded, Bound::Excluded(self.turn))));
        let lanes = lanes.map(|(account, lane)| {
            let runnable: Box<dyn Iterator<Item = &'a Arc<Checked>> + 'a> =
                Box::new(lane.runnable().filter(|checked| !pending.contains(&checked.hash)));
            (*account, runnable.peekable())
        });
        Round { lanes: lanes.collect(), left_wanting: None }
    }
}

/// One account after the other, until all have nothing left or no room.
pub(crate) struct Round<'a> {
    lanes: VecDeque<(AccountId, Peekable<Box<dyn Iterator<Item = &'a Arc<Checked>> + 'a>>)>,
    /// The first account that had something for which there was no room.
    pub(crate) left_wanting: Option<AccountId>,
}

impl Round<'_> {
    /// The next transaction that there is room for.
    pub(crate) fn next(&mut self, room: &mut Room) -> Option<Arc<Checked>> {
        while let Some((account, mut lane)) = self.lanes.pop_front() {
            let Some(checked) = lane.peek() else { continue };
            if room.take(checked) {
                let taken = lane.next().map(Arc::clone);
                self.lanes.push_back((account, lane));
                return taken;
            }
            self.left_wanting.get_or_insert(account);
        }
        None
    }
}
