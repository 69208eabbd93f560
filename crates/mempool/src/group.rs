//! The accounts of one organisation.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    iter::Peekable,
    ops::Bound,
    sync::Arc,
};
use types::{AccountId, Room, TransactionHash, transaction::Checked};

use crate::{lane::Lane, load::Load};

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
    /// The accounts that have a lane.
    pub(crate) accounts: BTreeSet<AccountId>,
    load: Load,
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

    /// Notes that the lane of an account holds something else than before.
    pub(crate) fn note(&mut self, account: AccountId, before: Load, after: Load) {
        if before.is_nothing() {
            self.accounts.insert(account);
        }
        if after.is_nothing() {
            self.accounts.remove(&account);
        }
        self.load.transactions = self.load.transactions + after.transactions - before.transactions;
        self.load.bytes = self.load.bytes + after.bytes - before.bytes;
    }

    /// The lanes in the order of their turn, each with what it has beside what is `pending`.
    pub(crate) fn round<'a>(
        &'a self,
        lanes: &'a HashMap<AccountId, Lane>,
        pending: &'a BTreeSet<TransactionHash>,
    ) -> Round<'a> {
        let later = self.accounts.range(self.turn..);
        let accounts = later.chain(self.accounts.range((Bound::Unbounded, Bound::Excluded(self.turn))));
        let lanes = accounts.map(|account| {
            let runnable = lanes[account].runnable().filter(|checked| !pending.contains(&checked.hash));
            let runnable: Box<dyn Iterator<Item = &'a Arc<Checked>> + 'a> = Box::new(runnable);
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
