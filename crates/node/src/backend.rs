//! The node as its doors see it: answers from pool, engine and read model.

use crate::{
    admission::{Admission, Refusal},
    lag::{self, INDEX_LAG_MAX, Known},
    source::PoolSource,
    vitals::NodeVitals,
};
use api::{
    Backend, Failure, Reply,
    backend::{BlockAt, EventCursor, EventFilter, Included, ProvenBlock},
    list::ListRequest,
    message::{
        AnswerView, ChainInfo, CheckpointView, EpochView, EventPage, Head, NonceView, Page, ProofView,
        ReceiptProofView, RowView,
    },
    problem::doors,
    view,
};
use engine::Chain;
use index::{Found, Index};
use ledger::{
    Module,
    core::{QueryContext, QuerySpec, TableSpec, nonce},
};
use serde_json::Value;
use std::{collections::BTreeMap, pin::Pin, sync::Arc};
use types::{
    AccountId, Bytes, Event, Genesis, Key, Miss, State, Stop, Transaction, TransactionHash, rejection::tech, wire,
};

/// Rounds of loading for one query: each brings at least one record more.
const QUERY_ROUNDS_MAX: usize = 20_000;

pub struct NodeBackend {
    pub genesis: Arc<Genesis>,
    pub chain: Chain,
    pub source: Arc<PoolSource>,
    pub index: Arc<Index>,
    pub admission: Admission,
    pub vitals: Arc<NodeVitals>,
}

impl NodeBackend {
    fn head(&self) -> Head {
        let head = self.chain.head();
        Head { height: head.height, hash: head.hash, time: head.time, state_root: head.state_root }
    }

    /// Waits for the index to hold the block at `height`.
    async fn level(&self, height: u64) -> Result<(), Failure> {
        lag::level(&self.index, height, INDEX_LAG_MAX).await
    }

    /// A transaction of a final block up to `height`.
    async fn find(&self, hash: TransactionHash, height: u64) -> Result<Option<Included>, Failure> {
        let found = self.indexed(hash).await?;
        if found.is_some() {
            return Ok(found);
        }
        self.level(height).await?;
        self.indexed(hash).await
    }

    /// A transaction of a block that the index holds. Without lists it is read from the block, as long as that is kept.
    async fn indexed(&self, hash: TransactionHash) -> Result<Option<Included>, Failure> {
        match self.index.transaction(hash).await.map_err(Failure::internal)? {
            None => Ok(None),
            Some(Found::Whole(included)) => Ok(Some(included)),
            Some(Found::At { height, index }) => {
                let block = self.chain.block(height).await.map_err(chain_failure)?;
                Ok(block.and_then(|block| view::included(&block, usize::try_from(index).ok()?)))
            }
        }
    }

    async fn submit_checked(&self, transactions: Vec<Transaction>) -> Vec<Result<TransactionHash, Failure>> {
        let answers = self.admission.submit(transactions).await;
        let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()?.seen).collect();
        let known = Known::of(&self.index, &refused, INDEX_LAG_MAX).await;
        let answer = |answer| {
            let answer = match answer {
                Ok(hash) => Ok(hash),
                Err(refusal) => known_or(refusal, &known),
            };
            match &answer {
                Ok(_) => self.vitals.submitted(Ok(())),
                Err(Failure::Rejected(rejection)) => self.vitals.submitted(Err(rejection)),
                Err(Failure::Internal(_)) => self.vitals.submitted(Err(&doors::internal())),
            }
            answer
        };
        answers.into_iter().map(answer).collect()
    }

    async fn wait(&self, hash: TransactionHash) -> Result<Included, Failure> {
        let waiting = self.source.waiters().wait(hash);
        // Its block may have been told of before this, and not be in the index yet; or it may have left the pool.
        let head = self.chain.head().height;
        let earlier = async {
            self.index.reached(head).await;
            match self.indexed(hash).await.transpose() {
                Some(found) => found,
                None => match self.source.waiters().refused(hash) {
                    Some(rejection) => Err(rejection.into()),
                    None => std::future::pending().await,
                },
            }
        };
        tokio::select! {
            found = earlier => found,
            fate = waiting => fate.map_err(|_| Failure::internal(engine::Error::Stopped))?.map_err(Failure::from),
        }
    }

    async fn answer(&self, query: &QuerySpec, question: Value) -> Result<AnswerView, Failure> {
        let mut snapshot = Snapshot::default();
        for _ in 0..QUERY_ROUNDS_MAX {
            let head = self.chain.head();
            let ctx = QueryContext { height: snapshot.height.unwrap_or(head.height), time: head.time };
            let miss = match (query.answer)(question.clone(), &ctx, &mut snapshot) {
                Ok(answer) => return Ok(AnswerView { height: ctx.height, answer }),
                Err(Stop::Rejected(rejection)) => return Err(rejection.into()),
                Err(Stop::Miss(Miss(key))) => key,
            };
            // Every record is read anew with the missing one, so that all are of one block.
            let keys: Vec<Key> = snapshot.records.keys().cloned().chain([miss]).collect();
            let reading = self.chain.read(keys.clone()).await.map_err(Failure::internal)?;
            snapshot =
                Snapshot { height: Some(reading.height), records: keys.into_iter().zip(reading.values).collect() };
        }
        Err(tech::too_much_work("query").into())
    }
}

/// Records of one block, as a query reads them.
#[derive(Default)]
struct Snapshot {
    height: Option<u64>,
    records: BTreeMap<Key, Option<Vec<u8>>>,
}

impl State for Snapshot {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Miss> {
        self.records.get(key).cloned().ok_or_else(|| Miss(key.to_vec()))
    }

    fn put(&mut self, key: Key, _: Option<Vec<u8>>) {
        panic!("a query wrote the record {}", wire::hex_encode(&key));
    }

    fn emit(&mut self, event: Event) {
        panic!("a query told of an event: {event:?}");
    }
}

fn epoch_view(epoch: engine::Epoch, blocks: u64) -> EpochView {
    let engine::Epoch { number, first_height, dealt, signers, receivers, next_receivers } = epoch;
    EpochView { number, first_height, next_height: first_height + blocks, dealt, signers, receivers, next_receivers }
}

impl Backend for NodeBackend {
    fn info(&self) -> Reply<'_, ChainInfo> {
        Box::pin(async move {
            Ok(ChainInfo {
                chain: self.genesis.chain(),
                name: self.genesis.name.clone(),
                clock: self.genesis.clock,
                head: self.head(),
                epoch: epoch_view(self.chain.epoch().await.map_err(Failure::internal)?, self.genesis.epoch_blocks),
                first_height: self.chain.first().await.map_err(chain_failure)?,
                indexed_height: self.index.height().await.map_err(Failure::internal)?,
                waiting: u64::try_from(self.source.waiting()).expect("the pool is bounded"),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                genesis: Bytes::new(wire::encode(&*self.genesis)).expect("a genesis is within its limit"),
            })
        })
    }

    fn submit(&self, transaction: Transaction) -> Reply<'_, TransactionHash> {
        Box::pin(async move {
            let mut answers = self.submit_checked(vec![transaction]).await;
            answers.pop().expect("one answer for one transaction")
        })
    }

    fn put_off(&self, sender: AccountId) -> Option<u64> {
        self.source.put_off(sender)
    }

    fn submit_many(
        &self,
        transactions: Vec<Transaction>,
    ) -> Pin<Box<dyn Future<Output = Vec<Result<TransactionHash, Failure>>> + Send + '_>> {
        Box::pin(self.submit_checked(transactions))
    }

    fn reached(&self, height: u64) -> Reply<'_, ()> {
        Box::pin(async move {
            let reached = self.chain.reached(height).await;
            reached.map_err(Failure::internal)
        })
    }

    fn wait_final(&self, hash: TransactionHash) -> Reply<'_, Included> {
        Box::pin(self.wait(hash))
    }

    fn transaction(&self, hash: TransactionHash) -> Reply<'_, Option<Included>> {
        Box::pin(async move { self.find(hash, self.chain.head().height).await })
    }

    fn block(&self, at: BlockAt) -> Reply<'_, Option<ProvenBlock>> {
        Box::pin(async move {
            let height = match at {
                BlockAt::Height(height) => height,
                BlockAt::Latest => self.chain.head().height,
            };
            let block = self.chain.block(height).await.map_err(chain_failure)?;
            let Some(block) = block else { return Ok(None) };
            let finality = self.chain.finality(height).await.map_err(Failure::internal)?;
            let finality = serde_json::to_value(&finality).map_err(Failure::internal)?;
            Ok(Some(ProvenBlock { block, finality }))
        })
    }

    fn checkpoint(&self) -> Reply<'_, Option<CheckpointView>> {
        Box::pin(async move {
            let Some(checkpoint) = self.chain.checkpoint().await.map_err(chain_failure)? else { return Ok(None) };
            let epoch = checkpoint.epoch(&self.genesis);
            let checkpoint = Bytes::new(checkpoint.encode()).map_err(|message| wire::malformed(&message))?;
            Ok(Some(CheckpointView { epoch, checkpoint }))
        })
    }

    fn nonce(&self, account: AccountId) -> Reply<'_, NonceView> {
        Box::pin(async move {
            let reading = self.chain.read(vec![nonce::key(account)]).await.map_err(Failure::internal)?;
            let committed = nonce::decode(reading.values[0].as_deref());
            let next = self.source.free_nonce(account).map_or(committed, |free| free.max(committed));
            Ok(NonceView { account, committed, next })
        })
    }

    fn query(&self, query: &'static QuerySpec, question: Value) -> Reply<'_, AnswerView> {
        Box::pin(self.answer(query, question))
    }

    fn prove(&self, key: Key) -> Reply<'_, ProofView> {
        Box::pin(async move {
            let proof = self.chain.prove(key.clone()).await.map_err(Failure::internal)?;
            Ok(ProofView {
                key,
                height: proof.bundle.header.height,
                proof: serde_json::to_value(&proof.bundle).map_err(Failure::internal)?,
                value: proof.value,
            })
        })
    }

    fn prove_transaction(&self, hash: TransactionHash) -> Reply<'_, Option<ReceiptProofView>> {
        Box::pin(async move {
            let Some(included) = self.find(hash, self.chain.head().height).await? else { return Ok(None) };
            let (height, index) = (included.receipt.height, included.receipt.index);
            let proof = self.chain.prove_receipt(height, index).await.map_err(chain_failure)?;
            let Some(proof) = proof else { return Ok(None) };
            let receipt = Bytes::new(wire::encode(&included.receipt)).map_err(|message| wire::malformed(&message))?;
            let proof = serde_json::to_value(&proof).map_err(Failure::internal)?;
            Ok(Some(ReceiptProofView { transaction: hash, height, receipt, proof }))
        })
    }

    fn list(&self, request: ListRequest) -> Reply<'_, Page> {
        Box::pin(async move {
            // A page names the height that it holds.
            let _ = self.level(self.chain.head().height).await;
            self.index.list(request).await.map_err(failure)
        })
    }

    fn row(&self, module: &'static Module, table: &'static TableSpec, id: String) -> Reply<'_, Option<RowView>> {
        Box::pin(async move {
            self.level(self.chain.head().height).await?;
            self.index.row(module, table, &id).await.map_err(failure)
        })
    }

    fn events(&self, after: EventCursor, filter: EventFilter, max: usize) -> Reply<'_, EventPage> {
        Box::pin(async move { self.index.events(after, &filter, max).await.map_err(failure) })
    }
}

/// A used nonce may be this very transaction's: sent again, it is answered as the first time.
fn known_or(refusal: Refusal, known: &Known) -> Result<TransactionHash, Failure> {
    let Some((hash, _)) = refusal.seen else { return Err(refusal.rejection.into()) };
    if known.holds(hash)? { Ok(hash) } else { Err(refusal.rejection.into()) }
}

/// What a node does not have is the caller's matter, what fails in it is not.
fn chain_failure(error: engine::Error) -> Failure {
    match error {
        engine::Error::NotKept { first } => doors::not_kept(first).into(),
        other => Failure::internal(other),
    }
}

/// What the read model refuses is the caller's matter, what fails in it is not.
fn failure(error: index::Error) -> Failure {
    match error {
        index::Error::Rejected(rejection) => Failure::Rejected(rejection),
        other => Failure::internal(other),
    }
}
