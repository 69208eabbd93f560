//! One machine of the network: the node's parts under a simulated roof, which may fall in at any moment.

use commonware_runtime::{Clock as _, Handle, Spawner as _, Supervisor as _, deterministic};
use commonware_utils::channel::{mpsc, oneshot};
use engine::{
    ChainConfig, Epoch, Listing, Standing, StorageTuning, ValidatorKeys,
    simulation::{self, Ends, Services},
};
use execution::check::check_batch;
use ledger::core::nonce;
use node::{PoolSource, check_block};
use std::{sync::Arc, time::Duration};
use types::{FinalBlock, Genesis, Timestamp, Transaction, transaction::Checked};

type Context = deterministic::Context;
/// Where machines tell of final blocks.
pub(crate) type Told = mpsc::UnboundedSender<(usize, Arc<FinalBlock>)>;

/// Something asked of a machine. Whoever asks hears nothing if it falls meanwhile.
pub(crate) enum Call {
    Submit(Box<Transaction>),
    List(oneshot::Sender<Listing>),
    Epoch(oneshot::Sender<Epoch>),
}

/// A machine, running or not. Its disk stays.
pub(crate) struct Machine {
    number: usize,
    genesis: Arc<Genesis>,
    pub(crate) keys: ValidatorKeys,
    heartbeat: Duration,
    running: Option<Running>,
    starts: u32,
}

struct Running {
    root: Handle<()>,
    calls: mpsc::UnboundedSender<Call>,
}

impl Machine {
    pub(crate) fn new(number: usize, genesis: Arc<Genesis>, keys: ValidatorKeys, heartbeat: Duration) -> Self {
        Self { number, genesis, keys, heartbeat, running: None, starts: 0 }
    }

    pub(crate) fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// Where to ask it, if it runs.
    pub(crate) fn calls(&self) -> Option<mpsc::UnboundedSender<Call>> {
        self.running.as_ref().map(|running| running.calls.clone())
    }

    pub(crate) fn start(&mut self, context: &Context, ends: Ends, told: Told) {
        assert!(!self.runs(), "machine {} runs already", self.number);
        let (source, arriving) = PoolSource::new();
        let source = Arc::new(source);
        let storage = StorageTuning {
            prefix: format!("m{}-", self.number),
            page_cache_bytes: 4 << 20,
            ..StorageTuning::default()
        };
        let config = ChainConfig {
            genesis: self.genesis.clone(),
            keys: self.keys.clone(),
            source: source.clone(),
            check: check_block(self.genesis.chain()),
            heartbeat: self.heartbeat,
            storage,
            peering: None,
            join: false,
            keep: None,
            standing: Standing::default(),
        };
        let (calls, asked) = mpsc::unbounded_channel();
        let (number, start) = (self.number, self.starts);
        let context = context.child("machine").with_attribute("number", number).with_attribute("start", start);
        let root = context.spawn(move |context| async move {
            let (services, consensus) =
                simulation::start(context.child("chain"), config, ends).await.expect("a machine's disk is sound");
            let living = Living { number, services: Arc::new(services), source };
            context.child("follower").spawn({
                let living = living.clone();
                move |_| living.follow(told)
            });
            context.child("arrivals").spawn({
                let living = living.clone();
                move |context| living.arrivals(context, arriving)
            });
            context.child("calls").spawn(move |context| living.answer(context, asked));
            consensus.await.expect("consensus goes on as long as the machine does");
        });
        self.running = Some(Running { root, calls });
        self.starts += 1;
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn crash(&mut self) {
        if let Some(running) = self.running.take() {
            running.root.abort();
        }
    }
}

/// What runs on a machine beside the chain itself.
#[derive(Clone)]
struct Living {
    number: usize,
    services: Arc<Services<Context>>,
    source: Arc<PoolSource>,
}

impl Living {
    /// Tells of every final block, from the first: what is on disk is read again after each start.
    async fn follow(self, told: Told) {
        let mut blocks = self.services.final_blocks(1);
        while let Some(block) = blocks.recv().await {
            let block = block.expect("what is final can be read");
            self.source.finalized(&block);
            if told.send((self.number, block)).is_err() {
                return;
            }
        }
    }

    async fn arrivals(self, context: Context, mut arriving: tokio::sync::mpsc::Receiver<Vec<Transaction>>) {
        while let Some(transactions) = arriving.recv().await {
            self.admit(&context, transactions).await;
        }
    }

    async fn answer(self, context: Context, mut asked: mpsc::UnboundedReceiver<Call>) {
        while let Some(call) = asked.recv().await {
            match call {
                Call::Submit(transaction) => {
                    for checked in self.admit(&context, vec![*transaction]).await {
                        self.services.outgoing().send(&checked.transaction);
                    }
                }
                Call::List(answer) => {
                    if let Ok(listing) = self.services.scan().await {
                        let _ = answer.send(listing);
                    }
                }
                Call::Epoch(answer) => {
                    if let Ok(epoch) = self.services.epoch().await {
                        let _ = answer.send(epoch);
                    }
                }
            }
        }
    }

    /// Checks transactions as a node's door does, and gives those that are new in the pool.
    async fn admit(&self, context: &Context, transactions: Vec<Transaction>) -> Vec<Arc<Checked>> {
        let chain = self.services.chain();
        let checked: Vec<_> = check_batch(chain, transactions).into_iter().flatten().collect();
        let senders: Vec<_> =
            checked.iter().map(|checked| checked.transaction.body.sender().expect("checked")).collect();
        let keys: Vec<_> = senders.iter().map(|sender| nonce::key(*sender)).collect();
        // Before block one there is no state, and nobody has used a nonce.
        let nonces = match self.services.read(&keys).await {
            Ok(reading) => reading.values.iter().map(|record| nonce::decode(record.as_deref())).collect(),
            Err(_) => vec![0; keys.len()],
        };
        let now = wall(context);
        let admitted = self.source.submit(checked.iter().cloned().zip(nonces).collect(), now);
        let new =
            |(checked, answer): (Arc<Checked>, _)| matches!(answer, Ok(mempool::Admitted::New)).then_some(checked);
        checked.into_iter().zip(admitted).filter_map(new).collect()
    }
}

/// The simulated clock.
pub(crate) fn wall(context: &Context) -> Timestamp {
    let since = context.current().duration_since(std::time::UNIX_EPOCH).expect("the simulated clock begins after 1970");
    Timestamp(u64::try_from(since.as_millis()).expect("far in the future"))
}
