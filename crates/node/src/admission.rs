//! The way into the pool: signatures of what arrives together are checked together.
//!
//! One task takes whatever has queued up since it last looked, checks all of it in one batch off the async threads, and
//! admits it. Nothing waits for a batch to fill: under load batches grow by themselves, idle they have one member.

use crate::source::PoolSource;
use engine::{Chain, CheckBatch};
use execution::check::check_batch;
use ledger::core::nonce;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::{mpsc, oneshot};
use types::{
    AccountId, ChainId, Genesis, Rejection, Transaction, TransactionHash, rejection::tech, transaction::Checked,
};

/// Requests that wait to be checked; beyond that callers are told to come again.
const QUEUE: usize = 8_192;
/// Transactions checked in one batch: more would gain nothing and delay the first.
const BATCH: usize = 256;

/// What a submission comes to.
pub type Answer = Result<TransactionHash, Refusal>;

/// Why a transaction was not admitted.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub hash: Option<TransactionHash>,
    pub rejection: Rejection,
}

struct Request {
    transaction: Transaction,
    answer: oneshot::Sender<Answer>,
}

/// The way into the pool.
pub struct Admission {
    requests: mpsc::Sender<Request>,
}

impl Admission {
    pub fn start(genesis: Arc<Genesis>, chain: Chain, source: Arc<PoolSource>) -> Self {
        let (requests, queue) = mpsc::channel(QUEUE);
        tokio::spawn(run(genesis.chain(), chain, source, queue));
        Self { requests }
    }

    /// Checks a transaction and takes it into the pool.
    pub async fn submit(&self, transaction: Transaction) -> Answer {
        let (answer, answered) = oneshot::channel();
        let refuse = |rejection| Refusal { hash: None, rejection };
        let busy = || refuse(tech::pool_full(types::limits::POOL_RETRY_MS));
        self.requests.try_send(Request { transaction, answer }).map_err(|_| busy())?;
        answered.await.map_err(|_| busy())?
    }
}

async fn run(id: ChainId, chain: Chain, source: Arc<PoolSource>, mut queue: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let (transactions, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|request| (request.transaction, request.answer)).unzip();
        let checked = tokio::task::spawn_blocking(move || check_batch(id, transactions)).await;
        let Ok(checked) = checked else { continue };
        admit(&chain, &source, checked, answers).await;
    }
}

async fn admit(
    chain: &Chain,
    source: &PoolSource,
    checked: Vec<Result<Arc<Checked>, Rejection>>,
    answers: Vec<oneshot::Sender<Answer>>,
) {
    let senders = checked.iter().flatten().filter_map(|checked| checked.transaction.body.sender());
    let nonces = match nonces(chain, senders.collect()).await {
        Ok(nonces) => nonces,
        Err(error) => {
            tracing::error!(%error, "the senders' nonces cannot be read");
            return;
        }
    };
    let next = |checked: &Checked| {
        let sender = checked.transaction.body.sender().expect("a checked transaction has a sender");
        nonces.get(&sender).copied().expect("every sender's nonce was read")
    };
    let arrived = checked.iter().flatten().map(|checked| (checked.clone(), next(checked))).collect();
    let mut admitted = source.submit(arrived, chain.head().time).into_iter();
    for (checked, answer) in checked.into_iter().zip(answers) {
        let result = match checked {
            Err(rejection) => Err(Refusal { hash: None, rejection }),
            Ok(checked) => match admitted.next().expect("one answer for each that was checked") {
                Ok(_) => Ok(checked.hash),
                Err(rejection) => Err(Refusal { hash: Some(checked.hash), rejection }),
            },
        };
        // A caller who went away needs no answer.
        let _ = answer.send(result);
    }
}

/// The next nonce of each sender in final state.
async fn nonces(chain: &Chain, senders: Vec<AccountId>) -> Result<BTreeMap<AccountId, u64>, engine::Error> {
    let senders: Vec<AccountId> = senders.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let reading = chain.read(senders.iter().map(|sender| nonce::key(*sender)).collect()).await?;
    let decode = |(sender, record): (AccountId, Option<Vec<u8>>)| (sender, nonce::decode(record.as_deref()));
    Ok(senders.into_iter().zip(reading.values).map(decode).collect())
}

/// The check of another validator's block: every signature again.
pub fn check_block(chain: ChainId) -> CheckBatch {
    Arc::new(move |transactions: &[Arc<Checked>]| {
        let transactions = transactions.iter().map(|checked| checked.transaction.clone()).collect();
        check_batch(chain, transactions).into_iter().try_for_each(|result| result.map(drop))
    })
}
