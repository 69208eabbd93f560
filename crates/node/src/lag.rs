//! The index follows the chain a little behind: what may be said meanwhile.

use api::{Failure, problem::doors};
use index::Index;
use std::{collections::BTreeSet, time::Duration};
use types::TransactionHash;

/// How long an answer waits for the index to reach the head that stood when it was asked.
pub const INDEX_LAG_MAX: Duration = Duration::from_secs(2);

/// Waits, within a bound, for the index to hold the block at `height`. An index that is being made again takes longer:
/// then nobody may be told that something is not there.
pub async fn level(index: &Index, height: u64, within: Duration) -> Result<(), Failure> {
    if tokio::time::timeout(within, index.reached(height)).await.is_ok() {
        return Ok(());
    }
    let held = index.height().await.map_err(Failure::internal)?;
    Err(doors::unavailable(format!("its lists hold block {held}, not yet block {height}")).into())
}

/// Which of some transactions are in final blocks.
#[derive(Default)]
pub struct Known {
    found: BTreeSet<TransactionHash>,
    /// Why nothing can be said of the others.
    late: Option<Failure>,
}

impl Known {
    /// Looks for transactions in final blocks up to the heights that stand beside them: for all together, so that the index
    /// is waited for once.
    pub async fn of(index: &Index, sought: &[(TransactionHash, u64)], within: Duration) -> Self {
        let mut known = Self::default();
        let hashes: BTreeSet<TransactionHash> = sought.iter().map(|(hash, _)| *hash).collect();
        let late = known.look(index, &hashes).await;
        let missed = sought.iter().filter(|(hash, _)| !known.found.contains(hash)).map(|(_, height)| *height).max();
        known.late = match (late, missed) {
            (Ok(()), Some(height)) => match level(index, height, within).await {
                Ok(()) => known.look(index, &hashes).await.err(),
                Err(late) => Some(late),
            },
            (looked, _) => looked.err(),
        };
        known
    }

    async fn look(&mut self, index: &Index, hashes: &BTreeSet<TransactionHash>) -> Result<(), Failure> {
        let missed: Vec<TransactionHash> = hashes.difference(&self.found).copied().collect();
        self.found.extend(index.known(&missed).await.map_err(Failure::internal)?);
        Ok(())
    }

    /// Whether this is one of them, where that can be said.
    pub fn holds(&self, hash: TransactionHash) -> Result<bool, Failure> {
        match &self.late {
            _ if self.found.contains(&hash) => Ok(true),
            Some(late) => Err(late.clone()),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use execution::testing::TestChain;
    use index::Scope;
    use ledger::core::EntityRole;
    use std::time::Instant;

    /// An index that is fed as far as a test says, and no further.
    async fn index() -> (tempfile::TempDir, Index) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("index.sqlite").display());
        let index = Index::open(&url, Scope::Transactions).await.unwrap();
        (folder, index)
    }

    /// A chain of two blocks, and each transaction with the height of its block.
    fn chain() -> (TestChain, Vec<(TransactionHash, u64)>) {
        let mut chain = TestChain::new();
        chain.register(&[("CORE", EntityRole::Core), ("S1", EntityRole::Supplier)]);
        let of = |block: &types::FinalBlock| {
            let height = block.header.height;
            block.transactions.iter().map(|checked| (checked.hash, height)).collect::<Vec<_>>()
        };
        let sent = chain.blocks.iter().flat_map(|block| of(block)).collect();
        (chain, sent)
    }

    fn is_late(answer: Result<bool, Failure>) -> bool {
        matches!(answer, Err(Failure::Rejected(rejection)) if rejection.code == doors::unavailable("").code)
    }

    #[tokio::test]
    async fn what_a_late_index_holds_is_known_and_of_the_rest_nothing_is_said() {
        let ((_folder, index), (chain, sent)) = (index().await, chain());
        let (first, later): (Vec<_>, Vec<_>) = sent.iter().partition(|(_, height)| *height == 1);
        assert!(!first.is_empty() && !later.is_empty(), "{sent:?}");
        index.apply(&chain.blocks[..1]).await.unwrap();

        let wait = Duration::from_millis(20);
        let began = Instant::now();
        // A whole request, each transaction twice.
        let many: Vec<_> = sent.iter().chain(&sent).copied().collect();
        let known = Known::of(&index, &many, wait).await;
        assert!(first.iter().all(|(hash, _)| known.holds(*hash).unwrap()));
        assert!(later.iter().all(|(hash, _)| is_late(known.holds(*hash))));
        assert!(began.elapsed() >= wait);

        index.apply(&chain.blocks).await.unwrap();
        let strange = TransactionHash([7; 32]);
        let known = Known::of(&index, &[many, vec![(strange, 2)]].concat(), wait).await;
        assert!(sent.iter().all(|(hash, _)| known.holds(*hash).unwrap()));
        assert!(!known.holds(strange).unwrap());
    }

    #[tokio::test]
    async fn a_late_index_is_waited_for_once_and_not_at_all_when_it_holds_what_is_sought() {
        let ((_folder, index), (chain, sent)) = (index().await, chain());
        index.apply(&chain.blocks[..1]).await.unwrap();
        let first = sent[0];

        // A wait without end: it would show as a test that does not end.
        let forever = Duration::from_secs(1 << 30);
        let known = Known::of(&index, &[first, first], forever).await;
        assert!(known.holds(first.0).unwrap());

        // 256 that are not there: waited for one after the other they would take 256 of these waits.
        let wait = Duration::from_millis(50);
        let strange = |number: u32| TransactionHash(types::Digest::of(&[&number.to_le_bytes()]).0);
        let many: Vec<_> = (0..256).map(|number| (strange(number), 2)).collect();
        let began = Instant::now();
        let known = Known::of(&index, &many, wait).await;
        assert!(many.iter().all(|(hash, _)| is_late(known.holds(*hash))));
        assert!(began.elapsed() < 128 * wait, "{:?}", began.elapsed());
    }
}
