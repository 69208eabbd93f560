//! The pool as the engine sees it.

use crate::{journal::Journal, waiters::Waiters};
use engine::{Bundle, Settled, TransactionSource};
use futures::future::BoxFuture;
use mempool::{Admitted, Arrival, Bounds, Departed, Departure, Policy, Pool};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use types::{
    AccountId, FinalBlock, Rejection, Room, Timestamp, Transaction, TransactionHash,
    transaction::{Checked, Named},
};

/// Bundles of peers' transactions that wait to be checked; beyond that they are let go.
const ARRIVING: usize = 1_024;
/// Their bytes, as they were on their way.
const ARRIVING_BYTES: usize = 16 << 20;

/// The pool, with a count of arrivals that the engine waits on.
pub struct PoolSource {
    pool: Mutex<Pool>,
    /// Height of the last final block that the pool was told of by the engine; changed while the pool is held.
    settled: AtomicU64,
    arrivals: watch::Sender<u64>,
    waiters: Waiters,
    /// Where it is noted what is not to come back after a restart.
    journal: Option<Journal>,
    /// What peers sent, on its way to be checked.
    arriving: mpsc::Sender<Arrived>,
    /// Bytes that may still arrive.
    room: Arc<Semaphore>,
}

/// What a peer sent, and the room that it takes until it is checked.
#[derive(Debug)]
pub struct Arrived {
    pub bundle: Bundle,
    _room: OwnedSemaphorePermit,
}

impl PoolSource {
    /// An empty pool, and where it lays what peers send.
    pub fn new(policy: Policy, journal: Option<Journal>) -> (Self, mpsc::Receiver<Arrived>) {
        let (arriving, arrived) = mpsc::channel(ARRIVING);
        let pool = Mutex::new(Pool::new(Bounds::default(), policy));
        let room = Arc::new(Semaphore::new(ARRIVING_BYTES));
        let (arrivals, waiters) = (watch::Sender::new(0), Waiters::default());
        (Self { pool, settled: AtomicU64::default(), arrivals, waiters, journal, arriving, room }, arrived)
    }

    /// Admits checked transactions; `now` is block time. `None` where `height`, that of the state in which their senders
    /// were looked up, lies before the last block that the pool was told of: look them up again.
    pub fn submit(
        &self,
        arrived: Vec<Arrival>,
        height: u64,
        now: Timestamp,
    ) -> Option<Vec<Result<Admitted, Rejection>>> {
        let hashes: Vec<TransactionHash> = arrived.iter().map(|arrival| arrival.checked.hash).collect();
        let mut pool = self.pool();
        if height < self.settled.load(Ordering::Relaxed) {
            return None;
        }
        let admitted = arrived.into_iter().map(|arrival| pool.submit(arrival, now)).collect::<Vec<_>>();
        let new = hashes.into_iter().zip(&admitted).filter(|(_, answer)| matches!(answer, Ok(Admitted::New)));
        self.came(pool, new.map(|(hash, _)| hash));
        Some(admitted)
    }

    /// Admits those that go behind others of their senders, without a look at the state ([`Pool::submit_behind`]).
    pub fn submit_behind(&self, checked: &[Arc<Checked>], now: Timestamp) -> Vec<bool> {
        let mut pool = self.pool();
        let waits: Vec<bool> = checked.iter().map(|checked| pool.submit_behind(checked, now)).collect();
        let new = checked.iter().zip(&waits).filter(|(_, waits)| **waits);
        self.came(pool, new.map(|(checked, _)| checked.hash));
        waits
    }

    /// Tells of what has come in, and of what has left for it.
    fn came(&self, mut pool: MutexGuard<'_, Pool>, new: impl Iterator<Item = TransactionHash>) {
        let departures = pool.departures();
        drop(pool);
        let mut new = new.peekable();
        let any = new.peek().is_some();
        new.for_each(|hash| self.waiters.returned(hash));
        self.tell(departures);
        if any {
            self.arrivals.send_modify(|count| *count += 1);
        }
    }

    /// The next nonces of the senders of whom something waits, by the place of each transaction.
    pub fn next_nonces(&self, transactions: &[&Named]) -> Vec<Option<u64>> {
        let pool = self.pool();
        transactions.iter().map(|named| pool.next_nonce(named.sender()?)).collect()
    }

    /// Forgets what a final block holds, and what has expired by it; tells who waits.
    pub fn finalized(&self, block: &FinalBlock) {
        let mut pool = self.pool();
        pool.finalized(&block.transactions, block.header.time);
        let departures = pool.departures();
        drop(pool);
        self.tell(departures);
        self.waiters.finalized(block);
    }

    pub fn waiting(&self) -> usize {
        self.pool().len()
    }

    /// How many transactions wait, and their bytes.
    pub fn load(&self) -> (usize, usize) {
        let pool = self.pool();
        (pool.len(), pool.bytes())
    }

    /// Everything that waits.
    pub fn all(&self) -> Vec<Arc<Checked>> {
        self.pool().waiting().cloned().collect()
    }

    /// Those that do not wait here just as they are: the same to the last byte of their signatures.
    pub fn strange<'a>(&self, transactions: &'a [Arc<Checked>]) -> Vec<&'a Named> {
        let pool = self.pool();
        // The hash covers everything but the signatures.
        let same = |own: &Checked, checked: &Checked| own.transaction.signatures == checked.transaction.signatures;
        let waits = |checked: &Checked| pool.get(checked.hash).is_some_and(|own| same(own, checked));
        transactions.iter().filter(|checked| !waits(checked)).map(|checked| &***checked).collect()
    }

    /// The first nonce of a sender that is neither used nor waiting, where something of him waits.
    pub fn free_nonce(&self, sender: AccountId) -> Option<u64> {
        self.pool().free_nonce(sender)
    }

    /// When to come again with a transaction for which there is no room, as far as that can be seen without checking it.
    pub fn busy(&self, transaction: &Transaction) -> Option<u64> {
        self.pool().busy(transaction)
    }

    /// When to come again with anything of this sender, where its organisation floods.
    pub fn put_off(&self, sender: AccountId) -> Option<u64> {
        self.pool().put_off(sender)
    }

    /// Who waits for what.
    pub fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    fn tell(&self, departures: Vec<Departure>) {
        let mut gone = Vec::new();
        for departure in departures {
            if let Some(rejection) = departure.rejection() {
                self.waiters.refuse(departure.checked.hash, rejection);
            }
            match departure.why {
                Departed::Replaced(_) | Departed::Evicted(_) => gone.push(departure.checked.hash),
                // State or time speak against these after a restart too.
                Departed::Settled | Departed::Superseded | Departed::Refused(_) | Departed::Expired(_) => {}
            }
        }
        if let Some(journal) = self.journal.as_ref().filter(|_| !gone.is_empty()) {
            journal.forget(gone);
        }
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

    fn arrive(&self, mut bundle: Bundle) {
        // A peer that sends more than can be checked loses the rest: it keeps them in its own pool.
        let bytes = u32::try_from(bundle.bytes()).unwrap_or(u32::MAX);
        let Ok(room) = self.room.clone().try_acquire_many_owned(bytes) else { return };
        let pool = self.pool();
        bundle.transactions.retain(|named| !pool.contains(named.hash));
        drop(pool);
        if !bundle.transactions.is_empty() {
            let _ = self.arriving.try_send(Arrived { bundle, _room: room });
        }
    }

    fn settle(&self, settled: Settled) {
        // A deferred transaction stays, and its lane offers it again only behind the nonce it waits for.
        let mut pool = self.pool();
        self.settled.fetch_max(settled.height, Ordering::Relaxed);
        pool.settle(&settled.included, settled.dropped);
        let departures = pool.departures();
        drop(pool);
        self.tell(departures);
    }
}
