//! How fast blocks empty the pool, and so when there is room for whom it refused.
//!
//! Whoever is refused is given the next place in a row that exists in nobody's memory but as a number: it grows with each
//! refusal and shrinks with each transaction that a block settles. So a thousand refused clients come back one after the
//! other, at the rate at which room comes free, and not all at once.

use std::collections::VecDeque;
use types::{Timestamp, limits};

/// Blocks that the rate is taken from: some seconds of a busy chain.
const BLOCKS: usize = 16;
/// Sooner is not worth a request: a block takes longer.
const RETRY_MS_MIN: u64 = 100;
/// Later would only make a client give up.
const RETRY_MS_MAX: u64 = 30_000;

/// The last blocks' times and transactions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Drain {
    last: Option<Timestamp>,
    /// Of the last blocks with transactions: milliseconds since the block before, and how many there were.
    blocks: VecDeque<(u64, u64)>,
    /// Transactions that were refused for want of room and whose turn has not come.
    refused: u64,
}

impl Drain {
    /// Notes a final block.
    pub(crate) fn settled(&mut self, transactions: u64, time: Timestamp) {
        let since = self.last.map(|last| time.0.saturating_sub(last.0));
        self.last = Some(time);
        self.refused = self.refused.saturating_sub(transactions);
        if let Some(since) = since.filter(|_| transactions > 0) {
            self.blocks.push_back((since, transactions));
            if self.blocks.len() > BLOCKS {
                self.blocks.pop_front();
            }
        }
    }

    /// Milliseconds until so many transactions will have been settled, at the rate of the last blocks.
    pub(crate) fn time_for(&self, transactions: u64) -> u64 {
        let (time, settled) = self.blocks.iter().fold((0, 0), |sum, block| (sum.0 + block.0, sum.1 + block.1));
        let ms = u128::from(transactions) * u128::from(time);
        let ms =
            ms.checked_div(u128::from(settled)).map_or(limits::POOL_RETRY_MS, |ms| ms.try_into().unwrap_or(u64::MAX));
        ms.clamp(RETRY_MS_MIN, RETRY_MS_MAX)
    }

    /// Gives one that is refused its place behind those refused before it: when to come again.
    pub(crate) fn refuse(&mut self) -> u64 {
        self.refused = self.refused.saturating_add(1);
        self.time_for(self.refused)
    }
}

#[cfg(test)]
mod tests {
    use super::Drain;
    use types::{Timestamp, limits};

    #[test]
    fn refused_ones_come_back_one_after_the_other_at_the_rate_of_the_blocks() {
        let mut drain = Drain::default();
        assert_eq!(drain.refuse(), limits::POOL_RETRY_MS, "nothing is known yet");
        for block in 0..40_u64 {
            // Two hundred in half a second; empty blocks in between say nothing about the rate.
            drain.settled(200 * u64::from(block % 2 == 0), Timestamp(1_000_000 + block * 500));
        }
        assert_eq!(drain.time_for(400), 1_000);
        let last = (0..2_000).map(|_| drain.refuse()).last();
        assert_eq!(last, Some(5_000), "two thousand places at four hundred a second");
        drain.settled(1_600, Timestamp(1_000_000 + 40 * 500));
        assert!(drain.refuse() < 1_000, "the row has moved on");
    }

    #[test]
    fn a_time_to_retry_has_bounds() {
        let mut drain = Drain::default();
        drain.settled(1, Timestamp(0));
        drain.settled(1, Timestamp(u64::MAX));
        assert_eq!(drain.time_for(u64::MAX), 30_000);
        let mut fast = Drain::default();
        (0..3).for_each(|_| fast.settled(1_000, Timestamp(5)));
        assert_eq!(fast.refuse(), 100);
    }
}
