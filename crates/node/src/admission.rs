//! The way into the pool: signatures of what arrives together are checked together.
//!
//! One task takes whatever has queued up since it last looked, checks all of it in one batch off the async threads, and
//! admits it. Nothing waits for a batch to fill: under load batches grow by themselves, idle they have one member.
//! What a client brought is told to the other validators; what a validator sent is not sent on. The client has its answer
//! when the transaction is in the journal; the next batch does not wait for that.

use crate::{
    entry::{Refused, enter, nonces},
    journal::Journal,
    owners::Owners,
    source::{Arrived, PoolSource},
};
use api::problem::doors;
use engine::{Chain, CheckBatch};
use execution::check::check_batch;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use types::{
    AccountId, ChainId, Genesis, Rejection, Transaction, TransactionHash, limits,
    rejection::tech,
    transaction::{Checked, Named},
};

/// Transactions that wait to be checked; beyond that callers are told to come again.
const QUEUE: usize = 8_192;
/// Transactions that are checked in one batch, but for the rest of a request or bundle: more would gain nothing and delay
/// the first.
const BATCH: usize = 512;

/// What a submission comes to.
pub type Answer = Result<TransactionHash, Refusal>;

/// Why a transaction was not admitted.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Its name, where it was sound, and the height of the state that it was held against.
    pub seen: Option<(TransactionHash, u64)>,
    pub rejection: Rejection,
}

struct Request {
    transactions: Vec<Transaction>,
    answers: oneshot::Sender<Vec<Answer>>,
    /// Given back when the transactions are answered.
    places: OwnedSemaphorePermit,
}

/// The way into the pool.
pub struct Admission {
    requests: mpsc::Sender<Request>,
    places: Arc<Semaphore>,
    source: Arc<PoolSource>,
    pace: Arc<Pace>,
}

/// How long a transaction takes from the queue into the pool: a moving mean, in nanoseconds.
#[derive(Default)]
struct Pace(AtomicU64);

impl Pace {
    /// Soonest and latest that a client is told to come again.
    const RETRY_MS: std::ops::RangeInclusive<u64> = 50..=10_000;

    fn note(&self, since: Instant, transactions: usize) {
        let Some(one) = since.elapsed().as_nanos().checked_div(transactions as u128) else { return };
        let one = u64::try_from(one).unwrap_or(u64::MAX);
        let mean = self.0.load(Ordering::Relaxed);
        self.0.store(if mean == 0 { one } else { mean - mean / 8 + one / 8 }, Ordering::Relaxed);
    }

    /// Milliseconds until so many transactions have gone through.
    fn time_for(&self, transactions: usize) -> u64 {
        let nanos = u128::from(self.0.load(Ordering::Relaxed)) * transactions as u128;
        let ms = u64::try_from(nanos / 1_000_000).unwrap_or(u64::MAX);
        ms.clamp(*Self::RETRY_MS.start(), *Self::RETRY_MS.end())
    }
}

impl Admission {
    /// `arriving` is what other validators send.
    pub fn start(
        genesis: Arc<Genesis>,
        chain: Chain,
        source: Arc<PoolSource>,
        (journal, arriving): (Journal, mpsc::Receiver<Arrived>),
    ) -> Self {
        let (requests, queue) = mpsc::channel(QUEUE);
        let pace = Arc::<Pace>::default();
        let way = Way { id: genesis.chain(), chain, source: source.clone(), owners: Arc::default(), journal };
        tokio::spawn(take_from_peers(way.clone(), arriving));
        tokio::spawn(run(way, pace.clone(), queue));
        Self { requests, places: Arc::new(Semaphore::new(QUEUE)), source, pace }
    }

    /// Checks transactions and takes them into the pool; one answer each, in order. Those for whom the pool has no room
    /// are told so before their signatures are looked at.
    pub async fn submit(&self, transactions: Vec<Transaction>) -> Vec<Answer> {
        let refuse = |retry_ms| Err(Refusal { seen: None, rejection: tech::pool_full(retry_ms) });
        let mut answers: Vec<Option<Answer>> =
            transactions.iter().map(|transaction| self.source.busy(transaction).map(refuse)).collect();
        let hopeful = transactions.into_iter().zip(&answers).filter(|(_, answer)| answer.is_none());
        let hopeful: Vec<Transaction> = hopeful.map(|(transaction, _)| transaction).collect();
        if !hopeful.is_empty() {
            let mut admitted = self.admit(hopeful).await.into_iter();
            for answer in answers.iter_mut().filter(|answer| answer.is_none()) {
                *answer = admitted.next();
            }
        }
        answers.into_iter().map(|answer| answer.expect("those without one were admitted")).collect()
    }

    async fn admit(&self, transactions: Vec<Transaction>) -> Vec<Answer> {
        let count = transactions.len();
        let busy = || {
            let queued = QUEUE - self.places.available_permits() + count;
            let rejection = tech::pool_full(self.pace.time_for(queued));
            vec![Err(Refusal { seen: None, rejection }); count]
        };
        let wanted = u32::try_from(count).unwrap_or(u32::MAX);
        let Ok(places) = self.places.clone().try_acquire_many_owned(wanted) else { return busy() };
        let (answers, answered) = oneshot::channel();
        if self.requests.try_send(Request { transactions, answers, places }).is_err() {
            return busy();
        }
        answered.await.unwrap_or_else(|_| busy())
    }

    /// Takes in again what waited before the last stop; says how much of it waits now.
    pub async fn restore(&self, kept: Vec<Transaction>) -> usize {
        let mut waiting = 0;
        let mut kept = kept.into_iter().peekable();
        while kept.peek().is_some() {
            let part = kept.by_ref().take(limits::REQUEST_TRANSACTIONS_MAX).collect();
            waiting += self.admit(part).await.iter().flatten().count();
        }
        waiting
    }
}

/// What lies on the way into the pool.
#[derive(Clone)]
struct Way {
    id: ChainId,
    chain: Chain,
    source: Arc<PoolSource>,
    owners: Arc<Owners>,
    journal: Journal,
}

async fn run(way: Way, pace: Arc<Pace>, mut queue: mpsc::Receiver<Request>) {
    while let Some(first) = queue.recv().await {
        let start = Instant::now();
        let (mut transactions, mut requests) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(request) = next {
            requests.push((request.transactions.len(), request.answers, request.places));
            transactions.extend(request.transactions);
            next = if transactions.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        let (id, count) = (way.id, transactions.len());
        let checked = tokio::task::spawn_blocking(move || check_batch(id, transactions)).await;
        let Ok(checked) = checked else { continue };
        let (mut answers, mut kept) = (Vec::with_capacity(checked.len()), Vec::new());
        for (answer, taken) in admit(&way, checked).await {
            if let Some((checked, admitted)) = taken {
                if let (mempool::Admitted::New, Some(outgoing)) = (admitted, way.chain.outgoing()) {
                    outgoing.send(&checked.transaction);
                }
                kept.push(checked);
            }
            answers.push(answer);
        }
        pace.note(start, count);
        tokio::spawn(answer(way.journal.clone(), kept, answers, requests));
    }
}

/// Answers when what was taken is on disk.
async fn answer(
    journal: Journal,
    kept: Vec<Arc<Checked>>,
    mut answers: Vec<Answer>,
    requests: Vec<(usize, oneshot::Sender<Vec<Answer>>, OwnedSemaphorePermit)>,
) {
    if !kept.is_empty() && journal.keep(kept).await.is_err() {
        let rejection = doors::unavailable("its disk does not take what is to wait");
        for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
            *answer = Err(Refusal { seen: None, rejection: rejection.clone() });
        }
    }
    let mut answers = answers.into_iter();
    for (count, asked, _places) in requests {
        let own: Vec<Answer> = answers.by_ref().take(count).collect();
        if own.len() == count {
            // A caller who went away needs no answer.
            let _ = asked.send(own);
        }
    }
}

/// Checks and takes what other validators send, all bundles together that have queued up. Nobody waits for an answer.
///
/// Nonces come first: what was final long ago costs no check of its signature, and its sender is heard less for a while;
/// what this node has no room for is not its sender's fault. A signature that does not verify tells that its sender is no
/// honest node, which sends only what it has checked.
async fn take_from_peers(way: Way, mut arriving: mpsc::Receiver<Arrived>) {
    while let Some(first) = arriving.recv().await {
        let (mut count, mut arrived) = (first.bundle.transactions.len(), vec![first]);
        while count < BATCH
            && let Ok(next) = arriving.try_recv()
        {
            count += next.bundle.transactions.len();
            arrived.push(next);
        }
        if only_of_use(&way, &mut arrived).await.is_err() {
            continue;
        }
        let lengths: Vec<usize> = arrived.iter().map(|arrived| arrived.bundle.transactions.len()).collect();
        let transactions = arrived.iter_mut().flat_map(|arrived| std::mem::take(&mut arrived.bundle.transactions));
        let (id, transactions) = (way.id, transactions.collect::<Vec<Named>>());
        let checked = tokio::task::spawn_blocking(move || check_batch(id, transactions)).await;
        let Ok(checked) = checked else { continue };
        for (arrived, forged) in arrived.iter().zip(forged(&lengths, &checked)) {
            if forged {
                arrived.bundle.denounce();
            }
        }
        admit(&way, checked).await;
    }
}

/// Which of some bundles, of these lengths and checked one after the other, hold a signature that does not verify.
fn forged(lengths: &[usize], checked: &[Result<Arc<Checked>, Rejection>]) -> Vec<bool> {
    let invalid = tech::signature_invalid("").code;
    let is_forged = |checked: &Result<_, Rejection>| checked.as_ref().is_err_and(|refused| refused.code == invalid);
    let mut rest = checked;
    let next = |length: &usize| {
        let (own, others) = rest.split_at(*length);
        rest = others;
        own.iter().any(is_forged)
    };
    lengths.iter().map(next).collect()
}

/// Leaves in the bundles those whose nonces are not used, and tells of the others.
async fn only_of_use(way: &Way, arrived: &mut [Arrived]) -> Result<(), engine::Error> {
    let all: Vec<&Named> = arrived.iter().flat_map(|arrived| &arrived.bundle.transactions).collect();
    let next = way.source.next_nonces(&all);
    let strange = all.iter().zip(&next).filter(|(_, next)| next.is_none());
    let strange: BTreeSet<AccountId> = strange.filter_map(|(named, _)| named.sender()).collect();
    let read = match strange.is_empty() {
        true => BTreeMap::new(),
        false => nonces(&strange, |keys| way.chain.read(keys)).await?.1,
    };
    let mut next = next.into_iter();
    for Arrived { bundle, .. } in arrived {
        let all = bundle.transactions.len();
        bundle.transactions.retain(|named| {
            let next = next.next().expect("one for each").or_else(|| read.get(&named.sender()?).copied());
            next.is_some_and(|next| named.transaction.body.nonce >= next)
        });
        bundle.useless(all - bundle.transactions.len());
    }
    Ok(())
}

/// An answer, and the transaction if it waits now.
type Admitted = (Answer, Option<(Arc<Checked>, mempool::Admitted)>);

/// Takes what was checked into the pool. Answers nothing when state cannot be read: the callers come again.
async fn admit(way: &Way, checked: Vec<Result<Arc<Checked>, Rejection>>) -> Vec<Admitted> {
    let now = way.chain.head().time;
    let sound: Vec<Arc<Checked>> = checked.iter().flatten().cloned().collect();
    let mut entered = match enter(&way.source, &way.owners, &sound, now, |keys| way.chain.read(keys)).await {
        Ok(entered) => entered.into_iter(),
        Err(error) => {
            tracing::error!(%error, "what state says of the senders cannot be read");
            return Vec::new();
        }
    };
    let answer = |checked: Result<Arc<Checked>, Rejection>| {
        let checked = match checked {
            Ok(checked) => checked,
            Err(rejection) => return (Err(Refusal { seen: None, rejection }), None),
        };
        match entered.next().expect("one answer for each that was checked") {
            Ok(admitted) => (Ok(checked.hash), Some((checked, admitted))),
            Err(Refused { height, rejection }) => {
                (Err(Refusal { seen: Some((checked.hash, height)), rejection }), None)
            }
        }
    };
    checked.into_iter().map(answer).collect()
}

/// The check of another validator's block: what waits in this node's pool was checked when it came.
pub fn check_block(chain: ChainId, source: Arc<PoolSource>) -> CheckBatch {
    Arc::new(move |transactions: &[Arc<Checked>]| {
        let strange = source.strange(transactions).into_iter().cloned().collect();
        check_batch(chain, strange).into_iter().try_for_each(|result| result.map(drop))
    })
}

#[cfg(test)]
mod tests;
