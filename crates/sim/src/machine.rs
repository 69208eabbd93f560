//! One machine of the network: the node's parts under a simulated roof, which may fall in at any moment.

use commonware_runtime::{Clock, Spawner as _, Supervisor as _, deterministic};
use commonware_utils::channel::{mpsc, oneshot};
use engine::{
    ChainConfig, Epoch, Listing, Reading, Standing, StorageTuning, ValidatorKeys,
    simulation::{self, Services},
};
use execution::check::check_batch;
use mempool::Policy;
use node::{Arrived, Owners, PoolSource, check_block, enter};
use std::{sync::Arc, time::Duration};
use types::{
    Digest, FinalBlock, Genesis, Timestamp, Transaction,
    transaction::{Checked, Named},
};

use crate::{
    host::{Body, Host},
    liar::Voiced,
};

type Context = deterministic::Context;
/// Where machines tell what happens to them.
pub(crate) type Told = mpsc::UnboundedSender<(usize, Tale)>;

/// What a machine tells.
pub(crate) enum Tale {
    /// It has started, and finds the chain on its disk up to this height.
    Awake(u64),
    Final(Arc<FinalBlock>),
}

/// How often a machine looks whether it has its first block.
const LOOK: Duration = Duration::from_millis(10);

/// Something asked of a machine. Whoever asks hears nothing if it falls meanwhile.
pub(crate) enum Call {
    Submit(Box<Transaction>),
    List(oneshot::Sender<Listing>),
    Epoch(oneshot::Sender<Epoch>),
    /// The epoch and the view in which the block of a height was proposed.
    Round(u64, oneshot::Sender<Option<(u64, u64)>>),
}

/// A machine, running or not. Its disk stays.
pub(crate) struct Machine {
    number: usize,
    genesis: Arc<Genesis>,
    pub(crate) keys: ValidatorKeys,
    heartbeat: Duration,
    pub(crate) body: Arc<Body>,
    running: Option<mpsc::UnboundedSender<Call>>,
    starts: u32,
}

impl Machine {
    pub(crate) fn new(
        number: usize,
        genesis: Arc<Genesis>,
        keys: ValidatorKeys,
        heartbeat: Duration,
        body: Arc<Body>,
    ) -> Self {
        Self { number, genesis, keys, heartbeat, body, running: None, starts: 0 }
    }

    pub(crate) fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// Where to ask it, if it runs.
    pub(crate) fn calls(&self) -> Option<mpsc::UnboundedSender<Call>> {
        self.running.clone()
    }

    pub(crate) fn start(&mut self, context: &Context, ends: Voiced, told: Told) {
        assert!(!self.runs(), "machine {} runs already", self.number);
        let (source, arriving) = PoolSource::new(Policy::default(), None);
        let source = Arc::new(source);
        let config = ChainConfig {
            genesis: self.genesis.clone(),
            keys: self.keys.clone(),
            source: source.clone(),
            check: check_block(self.genesis.chain(), source.clone()),
            heartbeat: self.heartbeat,
            storage: storage(),
            peering: None,
            // Who has no share of the first epoch comes later, and begins where the others are.
            join: self.keys.share.is_none(),
            keep: None,
            standing: Standing::default(),
            restored: None,
            inherited: None,
            checkpoint: None,
        };
        let (calls, asked) = mpsc::unbounded_channel();
        let (number, start) = (self.number, self.starts);
        let context = context.child("machine").with_attribute("number", number).with_attribute("start", start);
        let body = self.body.clone();
        let root = Host::new(context, body.clone()).spawn(move |context| async move {
            let (services, consensus) = match simulation::start(context.child("chain"), config, ends).await {
                Ok(started) => started,
                Err(_) if body.give_up() => return,
                Err(error) => panic!("machine {number} does not start on a sound disk: {error}"),
            };
            let living = Living { number, services: Arc::new(services), source, owners: Arc::default() };
            let _ = told.send((number, Tale::Awake(living.services.head().borrow().height)));
            context.child("follower").spawn({
                let living = living.clone();
                move |context| living.follow(context, told)
            });
            context.child("arrivals").spawn({
                let living = living.clone();
                move |_| living.arrivals(arriving)
            });
            context.child("calls").spawn(move |_| living.answer(asked));
            let ended = consensus.await;
            assert!(body.give_up(), "machine {number}: consensus goes on as long as the machine does: {ended:?}");
        });
        self.body.live(root);
        self.running = Some(calls);
        self.starts += 1;
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn crash(&mut self) {
        if self.running.take().is_some() {
            self.body.end();
            self.body.disk.fall();
        }
    }
}

/// Small stores: a simulation is short, and its disk is memory.
fn storage() -> StorageTuning {
    StorageTuning {
        page_cache_bytes: 1 << 20,
        operations_per_file: 1 << 12,
        archive_slots: 1 << 8,
        replay_keys: 1 << 10,
        ..StorageTuning::default()
    }
}

/// What runs on a machine beside the chain itself.
#[derive(Clone)]
struct Living {
    number: usize,
    services: Arc<Services<Host>>,
    source: Arc<PoolSource>,
    owners: Arc<Owners>,
}

impl Living {
    /// Tells of every final block, from the first that is here: what is on disk is read again after each start.
    async fn follow(self, context: Host, told: Told) {
        while self.services.head().borrow().height == 0 {
            context.sleep(LOOK).await;
        }
        let mut blocks = self.services.final_blocks(self.services.first());
        while let Some(block) = blocks.recv().await {
            let block = block.expect("what is final can be read");
            self.source.finalized(&block);
            if told.send((self.number, Tale::Final(block))).is_err() {
                return;
            }
        }
    }

    async fn arrivals(self, mut arriving: tokio::sync::mpsc::Receiver<Arrived>) {
        while let Some(arrived) = arriving.recv().await {
            self.admit(arrived.bundle.transactions).await;
        }
    }

    async fn answer(self, mut asked: mpsc::UnboundedReceiver<Call>) {
        while let Some(call) = asked.recv().await {
            match call {
                Call::Submit(transaction) => {
                    for checked in self.admit(vec![*transaction]).await {
                        self.services.outgoing().send(&checked.transaction);
                    }
                }
                Call::List(answer) => {
                    if let Ok(listing) = self.services.scan().await {
                        let _ = answer.send(listing);
                    }
                }
                Call::Round(height, answer) => {
                    let _ = answer.send(self.services.round(height).await);
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
    async fn admit<T: Into<Named>>(&self, transactions: Vec<T>) -> Vec<Arc<Checked>> {
        let chain = self.services.chain();
        let checked: Vec<_> = check_batch(chain, transactions).into_iter().flatten().collect();
        let now = self.services.head().borrow().time;
        let read = async |keys: Vec<_>| {
            match self.services.read(&keys).await {
                // Before block one nobody has used a nonce.
                Err(engine::Error::Empty) if self.services.head().borrow().height == 0 => {
                    Ok(Reading { height: 0, state_root: Digest::default(), values: vec![None; keys.len()] })
                }
                other => other,
            }
        };
        let Ok(entered) = enter(&self.source, &self.owners, &checked, now, read).await else { return Vec::new() };
        let new =
            |(checked, answer): (Arc<Checked>, _)| matches!(answer, Ok(mempool::Admitted::New)).then_some(checked);
        checked.into_iter().zip(entered).filter_map(new).collect()
    }
}

/// What time it is there.
pub(crate) fn wall<C: Clock>(context: &C) -> Timestamp {
    let since = context.current().duration_since(std::time::UNIX_EPOCH).expect("the simulated clock begins after 1970");
    Timestamp(u64::try_from(since.as_millis()).expect("far in the future"))
}
