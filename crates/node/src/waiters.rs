//! Who waits for which transaction, and what is remembered of those that left the pool without having run.

use api::backend::Included;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::oneshot;
use types::{FinalBlock, Rejection, TransactionHash};

/// Transactions that are remembered after they left without having run: for who asks a little later.
const REMEMBERED_MAX: usize = 65_536;

/// What a transaction came to.
pub type Fate = Result<Included, Rejection>;

#[derive(Default)]
struct Lists {
    waiting: BTreeMap<TransactionHash, Vec<oneshot::Sender<Fate>>>,
    refused: BTreeMap<TransactionHash, Rejection>,
    /// Those of `refused`, the oldest first; some may be back in the pool.
    order: VecDeque<TransactionHash>,
}

/// Who waits for which transaction.
#[derive(Default)]
pub struct Waiters(Mutex<Lists>);

impl Waiters {
    /// Resolves when a block with the transaction is final from now on, or when it leaves the pool without having run.
    /// Look for it in earlier blocks, and in [`refused`](Self::refused), after this call, so that it cannot slip through
    /// between.
    pub fn wait(&self, hash: TransactionHash) -> oneshot::Receiver<Fate> {
        let (sender, receiver) = oneshot::channel();
        let mut lists = self.lists();
        let entry = lists.waiting.entry(hash).or_default();
        entry.retain(|sender| !sender.is_closed());
        entry.push(sender);
        receiver
    }

    /// Why a transaction that is not in the pool left it without having run, as far as that is remembered.
    pub fn refused(&self, hash: TransactionHash) -> Option<Rejection> {
        self.lists().refused.get(&hash).cloned()
    }

    /// A transaction is in the pool again.
    pub fn returned(&self, hash: TransactionHash) {
        self.lists().refused.remove(&hash);
    }

    /// A transaction left the pool without having run.
    pub fn refuse(&self, hash: TransactionHash, rejection: Rejection) {
        let mut lists = self.lists();
        for sender in lists.waiting.remove(&hash).unwrap_or_default() {
            let _ = sender.send(Err(rejection.clone()));
        }
        lists.order.push_back(hash);
        lists.refused.insert(hash, rejection);
        if lists.order.len() > REMEMBERED_MAX
            && let Some(oldest) = lists.order.pop_front()
        {
            lists.refused.remove(&oldest);
        }
    }

    /// Tells those who wait for one of the block's transactions.
    pub fn finalized(&self, block: &FinalBlock) {
        let mut lists = self.lists();
        if lists.waiting.is_empty() {
            return;
        }
        let mut first_event = u32::try_from(block.system.events.len()).expect("a block's events are bounded");
        for (transaction, receipt) in block.transactions.iter().zip(&block.receipts) {
            if let Some(senders) = lists.waiting.remove(&transaction.hash) {
                let included = Included {
                    transaction: Arc::clone(transaction),
                    receipt: receipt.clone(),
                    time: block.header.time,
                    first_event,
                };
                for sender in senders {
                    let _ = sender.send(Ok(included.clone()));
                }
            }
            first_event += u32::try_from(receipt.events.len()).expect("a block's events are bounded");
        }
        lists.waiting.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().expect("no holder of the lists panics")
    }
}

#[cfg(test)]
mod tests {
    use super::{REMEMBERED_MAX, Waiters};
    use types::{Digest, TransactionHash, rejection::tech};

    fn hash(number: usize) -> TransactionHash {
        TransactionHash(Digest::of(&[&number.to_le_bytes()]).0)
    }

    #[test]
    fn who_waits_and_who_asks_later_are_told_the_same() {
        let waiters = Waiters::default();
        let mut waiting = [waiters.wait(hash(1)), waiters.wait(hash(1))];
        let mut other = waiters.wait(hash(2));
        waiters.refuse(hash(1), tech::evicted(5));
        for receiver in &mut waiting {
            assert_eq!(receiver.try_recv().expect("it is told").expect_err("it did not run").code, 21);
        }
        assert!(other.try_recv().is_err());
        assert_eq!(waiters.refused(hash(1)).map(|rejection| rejection.code), Some(21));
        waiters.returned(hash(1));
        assert_eq!(waiters.refused(hash(1)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let waiters = Waiters::default();
        for number in 0..REMEMBERED_MAX + 3 {
            waiters.refuse(hash(number), tech::evicted(5));
        }
        assert_eq!(waiters.lists().refused.len(), REMEMBERED_MAX);
        assert_eq!(waiters.refused(hash(2)), None);
        assert!(waiters.refused(hash(3)).is_some());
    }
}
