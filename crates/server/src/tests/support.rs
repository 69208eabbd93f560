//! A server over a chain in memory: real rules, real signatures, the real read model, and no engine.

use crate::{Config, Handle, serve};
use api::{
    Backend, Failure, Reply, Vitals,
    backend::{BlockAt, EventCursor, EventFilter, Included, ProvenBlock},
    health::{Readiness, Stage},
    list::ListRequest,
    message::{
        AnswerView, ChainInfo, CheckpointView, EpochView, EventPage, Head, NonceView, Page, ProofView,
        ReceiptProofView, RowView,
    },
    problem::doors,
};
use execution::{check::check_one, testing::TestChain};
use index::{Found, Index, Scope};
use ledger::core::{EnterpriseId, EntityRole, Module, QueryContext, QuerySpec, TableSpec, nonce};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::net::TcpListener;
use types::{
    AccountId, Act, Bytes, Digest, Key, Rejection, Stop, Text, Transaction, TransactionHash, rejection::tech,
    transaction::Checked, wire,
};

/// So many of a sender wait before more of it is put off.
const WAITING_MAX: usize = 3;

/// A chain in memory as its doors see it. A transaction is a block of its own at once, or waits while blocks are held.
pub(super) struct MemoryBackend {
    chain: Mutex<TestChain>,
    index: Index,
    held: AtomicBool,
    waiting: Mutex<Vec<Arc<Checked>>>,
    waits: AtomicUsize,
    broken: AtomicBool,
    _folder: tempfile::TempDir,
}

impl MemoryBackend {
    pub(super) fn chain(&self) -> MutexGuard<'_, TestChain> {
        self.chain.lock().unwrap()
    }

    /// Makes no blocks from now on.
    pub(super) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Makes a block of all that waits.
    pub(super) async fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap());
        let block = self.chain().run(waiting);
        self.index.apply(&[block]).await.unwrap();
    }

    /// How many requests have begun to wait for finality.
    pub(super) fn waits(&self) -> usize {
        self.waits.load(Ordering::SeqCst)
    }

    /// Fails inside, from now on or no more.
    pub(super) fn break_down(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// Takes a block that the test made itself into the index.
    pub(super) async fn follow(&self) {
        let height = usize::try_from(self.index.height().await.unwrap()).unwrap();
        let blocks = self.chain().blocks[height..].to_vec();
        self.index.apply(&blocks).await.unwrap();
    }

    async fn take(&self, transaction: Transaction) -> Result<TransactionHash, Failure> {
        let checked = check_one(self.chain().genesis.chain(), transaction)?;
        let hash = checked.hash;
        if self.index.transaction(hash).await.map_err(Failure::internal)?.is_some() {
            return Ok(hash);
        }
        if self.held.load(Ordering::SeqCst) {
            self.waiting.lock().unwrap().push(checked);
            return Ok(hash);
        }
        // A block is made whether or not the transaction may be in it.
        let dropped = self.make_block(checked)?;
        self.follow().await;
        dropped.map_or(Ok(hash), |rejection| Err(rejection.into()))
    }

    /// A block with this transaction, or an empty one and why the transaction may be in none.
    fn make_block(&self, checked: Arc<Checked>) -> Result<Option<Rejection>, Failure> {
        let mut chain = self.chain();
        let body = &checked.transaction.body;
        let sender = body.sender().expect("it was checked");
        let expected = nonce::next(&mut chain.state, sender).expect("memory misses nothing");
        if body.nonce > expected {
            return Err(tech::nonce(expected, body.nonce).into());
        }
        chain.run(vec![checked]);
        Ok(chain.dropped.pop().map(|(_, rejection)| rejection))
    }

    async fn included(&self, hash: TransactionHash) -> Result<Option<Included>, Failure> {
        let found = self.index.transaction(hash).await.map_err(read)?;
        Ok(found.map(|found| match found {
            Found::Whole(included) => included,
            Found::At { .. } => panic!("this index has lists"),
        }))
    }

    async fn wait(&self, hash: TransactionHash) -> Result<Included, Failure> {
        self.waits.fetch_add(1, Ordering::SeqCst);
        loop {
            let height = self.index.height().await.map_err(Failure::internal)?;
            if let Some(included) = self.included(hash).await? {
                return Ok(included);
            }
            self.index.reached(height + 1).await;
        }
    }
}

type Answers<'a> = Pin<Box<dyn Future<Output = Vec<Result<TransactionHash, Failure>>> + Send + 'a>>;

fn read(error: index::Error) -> Failure {
    match error {
        index::Error::Rejected(rejection) => Failure::Rejected(rejection),
        other => Failure::internal(other),
    }
}

impl Backend for MemoryBackend {
    fn info(&self) -> Reply<'_, ChainInfo> {
        Box::pin(async move {
            if self.broken.load(Ordering::SeqCst) {
                return Err(Failure::internal(std::io::Error::other("disk 7 of rack 3 is gone")));
            }
            let indexed_height = self.index.height().await.map_err(Failure::internal)?;
            let chain = self.chain();
            let block = chain.blocks.last().expect("the fixture made blocks");
            let head = Head {
                height: block.header.height,
                hash: block.hash,
                time: block.header.time,
                state_root: block.header.state_root,
            };
            Ok(ChainInfo {
                chain: chain.genesis.chain(),
                name: chain.genesis.name.clone(),
                clock: chain.genesis.clock,
                head,
                epoch: EpochView {
                    number: 0,
                    first_height: 0,
                    next_height: chain.genesis.epoch_blocks,
                    dealt: true,
                    signers: Vec::new(),
                    receivers: Vec::new(),
                    next_receivers: Vec::new(),
                },
                first_height: 1,
                indexed_height,
                waiting: self.waiting.lock().unwrap().len().try_into().expect("few"),
                version: "of a test".to_owned(),
                genesis: Bytes::new(wire::encode(&*chain.genesis)).expect("small"),
            })
        })
    }

    fn submit(&self, transaction: Transaction) -> Reply<'_, TransactionHash> {
        Box::pin(self.take(transaction))
    }

    fn put_off(&self, sender: AccountId) -> Option<u64> {
        let waiting = self.waiting.lock().unwrap();
        let of_sender = waiting.iter().filter(|checked| checked.transaction.body.sender() == Some(sender));
        (of_sender.count() > WAITING_MAX).then_some(700)
    }

    fn submit_many(&self, transactions: Vec<Transaction>) -> Answers<'_> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for transaction in transactions {
                answers.push(self.take(transaction).await);
            }
            answers
        })
    }

    fn reached(&self, height: u64) -> Reply<'_, ()> {
        Box::pin(async move {
            self.index.reached(height).await;
            Ok(())
        })
    }

    fn wait_final(&self, hash: TransactionHash) -> Reply<'_, Included> {
        Box::pin(self.wait(hash))
    }

    fn transaction(&self, hash: TransactionHash) -> Reply<'_, Option<Included>> {
        Box::pin(self.included(hash))
    }

    fn block(&self, at: BlockAt) -> Reply<'_, Option<ProvenBlock>> {
        let chain = self.chain();
        let height = match at {
            BlockAt::Height(height) => height,
            BlockAt::Latest => chain.height(),
        };
        let position = usize::try_from(height).ok().and_then(|height| height.checked_sub(1));
        let block = position.and_then(|position| chain.blocks.get(position).cloned());
        Box::pin(async move { Ok(block.map(|block| ProvenBlock { block, finality: Value::Null })) })
    }

    fn nonce(&self, account: AccountId) -> Reply<'_, NonceView> {
        let next = nonce::next(&mut self.chain().state, account).expect("memory misses nothing");
        Box::pin(async move { Ok(NonceView { account, committed: next, next }) })
    }

    fn query(&self, query: &'static QuerySpec, question: Value) -> Reply<'_, AnswerView> {
        assert!(!self.broken.load(Ordering::SeqCst), "an invariant of the node broke");
        let mut chain = self.chain();
        let ctx = QueryContext { height: chain.height(), time: chain.time };
        let answer = (query.answer)(question, &ctx, &mut chain.state);
        Box::pin(async move {
            match answer {
                Ok(answer) => Ok(AnswerView { height: ctx.height, answer }),
                Err(Stop::Rejected(rejection)) => Err(rejection.into()),
                Err(Stop::Miss(miss)) => panic!("memory misses nothing: {miss:?}"),
            }
        })
    }

    fn checkpoint(&self) -> Reply<'_, Option<CheckpointView>> {
        Box::pin(async { Ok(None) })
    }

    fn prove(&self, _: Key) -> Reply<'_, ProofView> {
        Box::pin(async { Err(doors::unavailable("nobody certifies a chain in memory").into()) })
    }

    fn prove_transaction(&self, _: TransactionHash) -> Reply<'_, Option<ReceiptProofView>> {
        Box::pin(async { Err(doors::unavailable("nobody certifies a chain in memory").into()) })
    }

    fn list(&self, request: ListRequest) -> Reply<'_, Page> {
        Box::pin(async move { self.index.list(request).await.map_err(read) })
    }

    fn row(&self, module: &'static Module, table: &'static TableSpec, id: String) -> Reply<'_, Option<RowView>> {
        Box::pin(async move { self.index.row(module, table, &id).await.map_err(read) })
    }

    fn events(&self, after: EventCursor, filter: EventFilter, max: usize) -> Reply<'_, EventPage> {
        Box::pin(async move { self.index.events(after, &filter, max).await.map_err(read) })
    }
}

/// A node that is as it is told to be.
#[derive(Default)]
pub(super) struct Health(Mutex<Option<String>>);

impl Health {
    /// What is missing from now on.
    pub(super) fn miss(&self, reason: Option<&str>) {
        *self.0.lock().unwrap() = reason.map(str::to_owned);
    }
}

impl Vitals for Health {
    fn readiness(&self) -> Readiness {
        let reason = self.0.lock().unwrap().clone();
        Readiness {
            ready: reason.is_none(),
            stage: if reason.is_none() { Stage::Running } else { Stage::Opening },
            reason,
            height: 7,
            best_height: None,
            indexed_height: 7,
            head_time: None,
            idle_ms: 0,
        }
    }

    fn metrics(&self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(async { "# EOF\n".to_owned() })
    }
}

/// A server on a free port, on whose chain `CORE` and `S1` are registered.
pub(super) struct Fixture {
    pub(super) backend: Arc<MemoryBackend>,
    pub(super) health: Arc<Health>,
    pub(super) address: SocketAddr,
    pub(super) handle: Handle,
    pub(super) parties: Vec<EnterpriseId>,
    pub(super) http: reqwest::Client,
}

pub(super) const PARTIES: &[(&str, EntityRole)] = &[("CORE", EntityRole::Core), ("S1", EntityRole::Supplier)];

impl Fixture {
    pub(super) async fn new() -> Self {
        Self::within(Config::default()).await
    }

    pub(super) async fn within(config: Config) -> Self {
        let mut chain = TestChain::new();
        let parties = chain.register(PARTIES);
        Self::over(chain, parties, config).await
    }

    pub(super) async fn over(chain: TestChain, parties: Vec<EnterpriseId>, config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(&format!("sqlite://{}", folder.path().join("index.sqlite").display()), Scope::Lists)
            .await
            .unwrap();
        index.apply(&chain.blocks).await.unwrap();
        let (held, waiting) = (AtomicBool::new(false), Mutex::default());
        let (chain, waits, broken) = (Mutex::new(chain), AtomicUsize::new(0), AtomicBool::new(false));
        let backend = Arc::new(MemoryBackend { chain, index, held, waiting, waits, broken, _folder: folder });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let health = Arc::new(Health::default());
        let handle = serve(listener, health.clone(), config);
        handle.answer_from(backend.clone());
        Self { health, backend, address, handle, parties, http: reqwest::Client::new() }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Status and JSON of a GET.
    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        read_json(self.http.get(self.url(path)).send().await.unwrap()).await
    }

    /// Status and JSON of a POST of JSON.
    pub(super) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        read_json(self.http.post(self.url(path)).json(body).send().await.unwrap()).await
    }

    /// Status and JSON of a POST of bytes.
    pub(super) async fn post_bytes(&self, path: &str, media: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let request = self.http.post(self.url(path)).header("content-type", media).body(body.into());
        read_json(request.send().await.unwrap()).await
    }

    /// Sends a signed transaction and gives what became of it.
    pub(super) async fn submit(&self, transaction: &Transaction) -> (u16, Value) {
        let path = "/v1/transactions?wait_ms=10000";
        self.post_bytes(path, "application/octet-stream", transaction.encode()).await
    }

    /// A transaction that records a digest.
    pub(super) fn record(&self, signer: &str, number: u32) -> Transaction {
        self.backend.chain().transaction(signer, &[evidence(number)])
    }
}

/// The act that records a digest.
pub(super) fn evidence(number: u32) -> Act {
    let record = ledger::evidence::RecordEvidence {
        digest: Digest::of(&[b"paper", &number.to_le_bytes()]),
        kind: ledger::evidence::Kind::Reading,
        title: Text::new(format!("paper {number}")).unwrap(),
        remark: Text::default(),
        previous: None,
    };
    ledger::act(&record).unwrap()
}

/// The same as fields.
pub(super) fn evidence_fields(number: u32) -> Value {
    let digest = Digest::of(&[b"paper", &number.to_le_bytes()]);
    json!({ "digest": digest, "kind": "Reading", "title": format!("paper {number}"), "remark": "", "previous": null })
}

pub(super) async fn read_json(response: reqwest::Response) -> (u16, Value) {
    let (status, media) = (response.status().as_u16(), response.headers()["content-type"].clone());
    let expected = if status < 400 { "application/json" } else { "application/problem+json" };
    let text = response.text().await.unwrap();
    assert_eq!(media, expected, "{status} {text}");
    (status, serde_json::from_str(&text).unwrap())
}
