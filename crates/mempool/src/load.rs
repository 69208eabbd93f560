//! How much somebody holds of a pool that is bounded in two ways.

use crate::pool::Bounds;

/// Transactions and their bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Load {
    pub(crate) transactions: usize,
    pub(crate) bytes: usize,
}

impl Load {
    pub(crate) fn add(&mut self, size: usize) {
        self.transactions += 1;
        self.bytes += size;
    }

    pub(crate) fn remove(&mut self, size: usize) {
        self.transactions = self.transactions.checked_sub(1).expect("it was counted when it came");
        self.bytes = self.bytes.checked_sub(size).expect("its size was added when it came");
    }

    pub(crate) fn is_nothing(self) -> bool {
        self.transactions == 0
    }

    /// Whether one more of this size stays within the bounds.
    pub(crate) fn fits(self, size: usize, bounds: Bounds) -> bool {
        self.transactions < bounds.transactions_max && self.bytes.saturating_add(size) <= bounds.bytes_max
    }

    /// The larger of both parts of the pool that this is, in the unit of [`whole`].
    pub(crate) fn weight(self, bounds: Bounds) -> u128 {
        let product = |one: usize, other: usize| (one as u128) * (other as u128);
        product(self.transactions, bounds.bytes_max).max(product(self.bytes, bounds.transactions_max))
    }
}

/// The weight of a full pool.
pub(crate) fn whole(bounds: Bounds) -> u128 {
    Load { transactions: bounds.transactions_max, bytes: bounds.bytes_max }.weight(bounds)
}
