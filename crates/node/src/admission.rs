//! The way into the pool: signatures of what arrives together are checked together.
//!
//! One task takes whatever has queued up since it last looked, checks all of it in one batch off the async threads, and
//! admits it. Nothing waits for a batch to fill: under load batches grow by themselves, idle they have one member.
//! What a client brought is told to the other validators; what a validator sent is not sent on.

use crate::source::PoolSource;
use engine::{Chain, CheckBatch};
use execution::check::check_batch;
use ledger::core::nonce;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use types::{
    AccountId, ChainId, Genesis, Rejection, Transaction, TransactionHash, rejection::tech, transaction::Checked,
};

/// Transactions that wait to be checked; beyond that callers are told to come again.
const QUEUE: usize = 8_192;
/// Requests whose transactions are checked in one batch: more would gain nothing and delay the first.
const BATCH: usize = 256;

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
    /// Given back when the transactions have left the queue.
    places: OwnedSemaphorePermit,
}

/// The way into the pool.
pub struct Admission {
    requests: mpsc::Sender<Request>,
    places: Arc<Semaphore>,
}

impl Admission {
    /// `arriving` is what other validators send.
    pub fn start(
        genesis: Arc<Genesis>,
        chain: Chain,
        source: Arc<PoolSource>,
        arriving: mpsc::Receiver<Vec<Transaction>>,
    ) -> Self {
        let (requests, queue) = mpsc::channel(QUEUE);
        let id = genesis.chain();
        tokio::spawn(take_from_peers(id, chain.clone(), source.clone(), arriving));
        tokio::spawn(run(id, chain, source, queue));
        Self { requests, places: Arc::new(Semaphore::new(QUEUE)) }
    }

    /// Checks transactions and takes them into the pool; one answer each, in order.
    pub async fn submit(&self, transactions: Vec<Transaction>) -> Vec<Answer> {
        let count = transactions.len();
        let busy =
            || vec![Err(Refusal { seen: None, rejection: tech::pool_full(types::limits::POOL_RETRY_MS) }); count];
        let wanted = u32::try_from(count).unwrap_or(u32::MAX);
        let Ok(places) = self.places.clone().try_acquire_many_owned(wanted) else { return busy() };
        let (answers, answered) = oneshot::channel();
        if self.requests.try_send(Request { transactions, answers, places }).is_err() {
            return busy();
        }
        answered.await.unwrap_or_else(|_| busy())
    }
}

async fn run(id: ChainId, chain: Chain, source: Arc<PoolSource>, mut queue: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let mut transactions = Vec::new();
        let mut requests = Vec::with_capacity(batch.len());
        for request in batch.drain(..) {
            requests.push((request.transactions.len(), request.answers, request.places));
            transactions.extend(request.transactions);
        }
        let checked = tokio::task::spawn_blocking(move || check_batch(id, transactions)).await;
        let Ok(checked) = checked else { continue };
        let mut answers = Vec::with_capacity(checked.len());
        for (answer, new) in admit(&chain, &source, checked).await {
            if let Some((outgoing, checked)) = chain.outgoing().zip(new) {
                outgoing.send(&checked.transaction);
            }
            answers.push(answer);
        }
        let mut answers = answers.into_iter();
        for (count, answer, _places) in requests {
            let own: Vec<Answer> = answers.by_ref().take(count).collect();
            if own.len() == count {
                // A caller who went away needs no answer.
                let _ = answer.send(own);
            }
        }
    }
}

/// Checks and takes what other validators send. Nobody waits for an answer.
async fn take_from_peers(
    id: ChainId,
    chain: Chain,
    source: Arc<PoolSource>,
    mut arriving: mpsc::Receiver<Vec<Transaction>>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while arriving.recv_many(&mut batch, BATCH).await > 0 {
        let transactions = batch.drain(..).flatten().collect();
        let checked = tokio::task::spawn_blocking(move || check_batch(id, transactions)).await;
        let Ok(checked) = checked else { continue };
        admit(&chain, &source, checked).await;
    }
}

/// An answer, and the transaction if it is new in the pool.
type Admitted = (Answer, Option<Arc<Checked>>);

/// Takes what was checked into the pool. Answers nothing when the nonces cannot be read: the callers come again.
async fn admit(chain: &Chain, source: &PoolSource, checked: Vec<Result<Arc<Checked>, Rejection>>) -> Vec<Admitted> {
    let senders = checked.iter().flatten().map(|checked| sender(checked));
    let (height, nonces) = match nonces(chain, senders.collect()).await {
        Ok(nonces) => nonces,
        Err(error) => {
            tracing::error!(%error, "the senders' nonces cannot be read");
            return Vec::new();
        }
    };
    let next = |checked: &Checked| nonces.get(&sender(checked)).copied().expect("every sender's nonce was read");
    let arrived = checked.iter().flatten().map(|checked| (checked.clone(), next(checked))).collect();
    let mut admitted = source.submit(arrived, chain.head().time).into_iter();
    let answer = |checked: Result<Arc<Checked>, Rejection>| {
        let checked = match checked {
            Ok(checked) => checked,
            Err(rejection) => return (Err(Refusal { seen: None, rejection }), None),
        };
        match admitted.next().expect("one answer for each that was checked") {
            Ok(mempool::Admitted::New) => (Ok(checked.hash), Some(checked)),
            Ok(mempool::Admitted::Already) => (Ok(checked.hash), None),
            Err(rejection) => (Err(Refusal { seen: Some((checked.hash, height)), rejection }), None),
        }
    };
    checked.into_iter().map(answer).collect()
}

fn sender(checked: &Checked) -> AccountId {
    checked.transaction.body.sender().expect("a checked transaction has a sender")
}

/// The next nonce of each sender in final state, and the state's height.
async fn nonces(chain: &Chain, senders: Vec<AccountId>) -> Result<(u64, BTreeMap<AccountId, u64>), engine::Error> {
    let senders: Vec<AccountId> = senders.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let reading = chain.read(senders.iter().map(|sender| nonce::key(*sender)).collect()).await?;
    let decode = |(sender, record): (AccountId, Option<Vec<u8>>)| (sender, nonce::decode(record.as_deref()));
    Ok((reading.height, senders.into_iter().zip(reading.values).map(decode).collect()))
}

/// The check of another validator's block: every signature again.
pub fn check_block(chain: ChainId) -> CheckBatch {
    Arc::new(move |transactions: &[Arc<Checked>]| {
        let transactions = transactions.iter().map(|checked| checked.transaction.clone()).collect();
        check_batch(chain, transactions).into_iter().try_for_each(|result| result.map(drop))
    })
}
