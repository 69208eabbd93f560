//! Sends transactions and sees them become final.
//!
//! Finality is seen as a client sees it: one request waits for each block and names its transactions. So a latency ends
//! when the block, final and durable on the node, has arrived here.

use crate::client::import::bar;
use anyhow::Context as _;
use indicatif::ProgressBar;
use sdk::{Client, client};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};
use types::{
    Transaction, TransactionHash,
    limits::{BLOCK_TRANSACTIONS_MAX, REQUEST_WAIT_MS_MAX},
};

/// Transactions under way in a flood: four full blocks, so that they are as large as the node makes them; well within the
/// pool's bounds.
const UNDER_WAY_MAX: u64 = 4 * BLOCK_TRANSACTIONS_MAX as u64;
/// Transactions under way in a set-up: nobody measures it, and some of its transactions carry many acts and signatures.
const SET_UP_UNDER_WAY_MAX: u64 = 1_024;
/// Transactions of one request in a flood.
const TOGETHER: usize = 512;
/// Requests at a time in a flood.
const REQUESTS: usize = 3;
/// How often the timetable is looked at.
const TICK: Duration = Duration::from_millis(5);
/// Without a block for so long, the run has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Transactions of a run that are asked for afterwards: each must have been applied.
const SAMPLES: usize = 200;

/// A run's length and what it did.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    pub transactions: u64,
    /// Until the last was final.
    pub time: Duration,
    /// Until the last was in the index too.
    pub indexed: Duration,
}

impl Finished {
    /// Transactions per second, final and in the index.
    pub fn per_second(&self) -> u64 {
        let millis = self.indexed.as_millis().max(1);
        u64::try_from(u128::from(self.transactions) * 1_000 / millis).unwrap_or(u64::MAX)
    }
}

type Seen = Arc<Mutex<HashMap<TransactionHash, Instant>>>;

/// Sends, and follows the chain.
pub struct Driver {
    client: Client,
    seen: Seen,
    /// Transactions that were seen final.
    total: watch::Receiver<u64>,
    following: JoinHandle<()>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.following.abort();
    }
}

impl Driver {
    /// Follows the chain from its head on.
    pub async fn start(client: Client) -> anyhow::Result<Self> {
        let height = client.info().await?.head.height + 1;
        let (count, total) = watch::channel(0);
        let seen = Seen::default();
        let following = tokio::spawn(follow(client.clone(), height, seen.clone(), count));
        Ok(Self { client, seen, total, following })
    }

    /// Sends what a set-up needs, and checks that a sample of it was applied.
    pub async fn settle(&self, transactions: &[Transaction]) -> anyhow::Result<()> {
        self.flood_within(transactions, SET_UP_UNDER_WAY_MAX, "set-up").await?;
        self.require_applied(transactions).await
    }

    /// Sends as fast as the node takes it, with at most [`UNDER_WAY_MAX`] under way.
    pub async fn flood(&self, transactions: &[Transaction], what: &'static str) -> anyhow::Result<Finished> {
        self.flood_within(transactions, UNDER_WAY_MAX, what).await
    }

    /// [`flood`](Self::flood) with a bound of one's own on what is under way.
    pub async fn flood_within(
        &self,
        transactions: &[Transaction],
        under_way_max: u64,
        what: &'static str,
    ) -> anyhow::Result<Finished> {
        let bar = bar(transactions.len(), what);
        let (start, before) = (Instant::now(), *self.total.borrow());
        let requests = Arc::new(Semaphore::new(REQUESTS));
        let mut sending = JoinSet::new();
        let mut sent = before;
        let together = TOGETHER.min(usize::try_from(under_way_max).unwrap_or(TOGETHER));
        for part in transactions.chunks(together) {
            sent += count(part);
            self.until(sent.saturating_sub(under_way_max), before, &bar).await?;
            let place = requests.clone().acquire_owned().await.expect("nobody closes the semaphore");
            let (client, part) = (self.client.clone(), part.to_vec());
            sending.spawn(async move {
                let _place = place;
                send(&client, &part).await
            });
            while let Some(done) = sending.try_join_next() {
                done??;
            }
        }
        while let Some(done) = sending.join_next().await {
            done??;
        }
        let finished = self.finish(start, sent, before, &bar).await?;
        self.seen().clear();
        Ok(finished)
    }

    /// Sends on a timetable of so many a second, whatever the node does, and gives each transaction's latency from when
    /// it was due, shortest first.
    pub async fn pace(
        &self,
        transactions: &[Transaction],
        per_second: u64,
        what: &'static str,
    ) -> anyhow::Result<(Finished, Vec<Duration>)> {
        let bar = bar(transactions.len(), what);
        let (start, before) = (Instant::now(), *self.total.borrow());
        let due = |number: usize| {
            let nanos = u128::try_from(number).expect("it fits") * 1_000_000_000 / u128::from(per_second);
            start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        };
        let mut sending = JoinSet::new();
        let mut ticks = tokio::time::interval(TICK);
        let mut next = 0;
        while next < transactions.len() {
            ticks.tick().await;
            let now = Instant::now();
            let first = next;
            while next < transactions.len() && next - first < TOGETHER && due(next) <= now {
                next += 1;
            }
            if first < next {
                let (client, part) = (self.client.clone(), transactions[first..next].to_vec());
                sending.spawn(async move { send(&client, &part).await });
            }
            while let Some(done) = sending.try_join_next() {
                done??;
            }
            bar.set_position(*self.total.borrow() - before);
        }
        while let Some(done) = sending.join_next().await {
            done??;
        }
        let finished = self.finish(start, before + count(transactions), before, &bar).await?;
        let seen = std::mem::take(&mut *self.seen());
        let latency = |(number, transaction): (usize, &Transaction)| {
            let at = seen.get(&transaction.body.hash()).context("a transaction of the run was not seen final")?;
            Ok(at.saturating_duration_since(due(number)))
        };
        let mut latencies: Vec<Duration> =
            transactions.iter().enumerate().map(latency).collect::<anyhow::Result<_>>()?;
        latencies.sort_unstable();
        Ok((finished, latencies))
    }

    /// Refuses a run of which a sampled transaction was not applied.
    pub async fn require_applied(&self, transactions: &[Transaction]) -> anyhow::Result<()> {
        for transaction in transactions.iter().step_by(transactions.len().div_ceil(SAMPLES).max(1)) {
            client::applied(self.client.transaction(transaction.body.hash(), 0).await?)
                .context("a transaction of the run was not applied")?;
        }
        Ok(())
    }

    /// Waits until all are final, and then until the index holds them.
    async fn finish(&self, start: Instant, all: u64, before: u64, bar: &ProgressBar) -> anyhow::Result<Finished> {
        self.until(all, before, bar).await?;
        let time = start.elapsed();
        let mut ticks = tokio::time::interval(TICK);
        loop {
            let info = self.client.info().await?;
            if info.indexed_height >= info.head.height {
                break;
            }
            anyhow::ensure!(start.elapsed() < time + PATIENCE, "the index does not reach the chain");
            ticks.tick().await;
        }
        bar.finish_and_clear();
        Ok(Finished { transactions: all - before, time, indexed: start.elapsed() })
    }

    /// Waits until so many transactions are final.
    async fn until(&self, wanted: u64, before: u64, bar: &ProgressBar) -> anyhow::Result<()> {
        let mut total = self.total.clone();
        loop {
            let have = *total.borrow_and_update();
            bar.set_position(have.saturating_sub(before));
            if have >= wanted {
                return Ok(());
            }
            let changed = tokio::time::timeout(PATIENCE, total.changed()).await;
            changed.context("no block came for a minute")?.context("the node's blocks cannot be followed")?;
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<TransactionHash, Instant>> {
        self.seen.lock().expect("no holder of the map panics")
    }
}

fn count(transactions: &[Transaction]) -> u64 {
    u64::try_from(transactions.len()).expect("it fits")
}

/// Sends transactions in one request; a refusal of one ends the run.
async fn send(client: &Client, transactions: &[Transaction]) -> anyhow::Result<()> {
    for answer in client.submit_many(transactions).await? {
        answer.map_err(|problem| anyhow::anyhow!("refused: {}: {}", problem.code, problem.detail))?;
    }
    Ok(())
}

/// Notes when each transaction was seen final, until the node goes.
async fn follow(client: Client, from: u64, seen: Seen, count: watch::Sender<u64>) {
    let wait = [("wait_ms", REQUEST_WAIT_MS_MAX.to_string())];
    let mut height = from;
    loop {
        let block: api::message::BlockView = match client.get(&format!("/v1/blocks/{height}"), &wait).await {
            Ok(block) => block,
            // No block came in time: the heartbeat may be longer than the wait.
            Err(sdk::Error::Problem(problem)) if problem.status == 404 => continue,
            Err(_) => return,
        };
        let now = Instant::now();
        let total = block.transactions.len();
        seen.lock()
            .expect("no holder of the map panics")
            .extend(block.transactions.into_iter().map(|hash| (hash, now)));
        count.send_modify(|count| *count += u64::try_from(total).expect("a block is bounded"));
        height += 1;
    }
}
