//! The pool as the engine sees it.

use engine::{Settled, TransactionSource};
use futures::future::BoxFuture;
use mempool::{Admitted, Pool};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::{broadcast, mpsc, watch};
use types::{AccountId, FinalBlock, Rejection, Room, Timestamp, Transaction, TransactionHash, transaction::Checked};

/// Droppings that a slow listener may be behind.
const DROPPINGS: usize = 1_024;
/// Bundles of peers' transactions that wait to be checked; beyond that they are let go.
const ARRIVING: usize = 256;

/// The pool, with a count of arrivals that the engine waits on.
pub struct PoolSource {
    pool: Mutex<Pool>,
    arrivals: watch::Sender<u64>,
    /// Transactions that can never run any more, for those who wait for them.
    dropped: broadcast::Sender<(TransactionHash, Rejection)>,
    /// What peers sent, on its way to be checked.
    arriving: mpsc::Sender<Vec<Transaction>>,
}

impl PoolSource {
    /// An empty pool, and where it lays what peers send.
    pub fn new() -> (Self, mpsc::Receiver<Vec<Transaction>>) {
        let (arriving, arrived) = mpsc::channel(ARRIVING);
        let (arrivals, dropped) = (watch::Sender::new(0), broadcast::Sender::new(DROPPINGS));
        (Self { pool: Mutex::default(), arrivals, dropped, arriving }, arrived)
    }

    /// Admits checked transactions; `next_nonce` of each is its sender's in final state.
    pub fn submit(&self, arrived: Vec<(Arc<Checked>, u64)>, now: Timestamp) -> Vec<Result<Admitted, Rejection>> {
        let mut pool = self.pool();
        let admitted = arrived.into_iter().map(|(checked, next)| pool.submit(checked, now, next)).collect::<Vec<_>>();
        drop(pool);
        if admitted.iter().any(|result| matches!(result, Ok(Admitted::New))) {
            self.arrivals.send_modify(|count| *count += 1);
        }
        admitted
    }

    /// Forgets what a final block holds, and what has expired by it.
    pub fn finalized(&self, block: &FinalBlock) {
        let mut pool = self.pool();
        pool.settle(&block.transactions, &[]);
        let expired = pool.expire(block.header.time);
        drop(pool);
        for hash in expired {
            // Nobody may be listening: then nobody waits for it.
            let _ = self.dropped.send((hash, types::rejection::tech::expired("then", block.header.time)));
        }
    }

    pub fn waiting(&self) -> usize {
        self.pool().len()
    }

    /// How many transactions wait, and their bytes.
    pub fn load(&self) -> (usize, usize) {
        let pool = self.pool();
        (pool.len(), pool.bytes())
    }

    /// The first nonce of a sender that is neither used nor waiting, where something of him waits.
    pub fn free_nonce(&self, sender: AccountId) -> Option<u64> {
        self.pool().free_nonce(sender)
    }

    /// Transactions that leave the pool without having run.
    pub fn dropped(&self) -> broadcast::Receiver<(TransactionHash, Rejection)> {
        self.dropped.subscribe()
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().expect("no holder of the pool panics")
    }
}

impl TransactionSource for PoolSource {
    fn take(&self, room: Room, pending: &BTreeSet<TransactionHash>) -> Vec<Arc<Checked>> {
        self.pool().take_beyond(pending, room)
    }

    fn has_work(&self, pending: &BTreeSet<TransactionHash>) -> bool {
        self.pool().has_beyond(pending)
    }

    fn arrivals(&self) -> u64 {
        *self.arrivals.borrow()
    }

    fn arrived(&self, seen: u64) -> BoxFuture<'static, ()> {
        let mut arrivals = self.arrivals.subscribe();
        Box::pin(async move {
            // The sender lives as long as the engine that waits here.
            let _ = arrivals.wait_for(|count| *count > seen).await;
        })
    }

    fn arrive(&self, mut transactions: Vec<Transaction>) {
        let pool = self.pool();
        transactions.retain(|transaction| !pool.contains(transaction.body.hash()));
        drop(pool);
        if !transactions.is_empty() {
            // A peer that sends more than can be checked loses the rest: it keeps them in its own pool.
            let _ = self.arriving.try_send(transactions);
        }
    }

    fn settle(&self, settled: Settled) {
        // A deferred transaction stays, and its lane offers it again only behind the nonce it waits for.
        let hashes: Vec<TransactionHash> = settled.dropped.iter().map(|(hash, _)| *hash).collect();
        self.pool().settle(&settled.included, &hashes);
        for dropped in settled.dropped {
            let _ = self.dropped.send(dropped);
        }
    }
}
