//! Validators over a simulated network, for the tests.

use super::support::{MemorySource, config, genesis, settings};
use crate::{
    ChainConfig, StorageTuning, ValidatorKeys,
    application::{Core, empty_target},
    block::Block,
    deal,
    directory::Directory,
    network::{Network, Peers},
    services::Services,
    stack::{Context, PeerKey},
    start::{launch, start},
    wiring::Wiring,
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::types::Epoch;
use commonware_cryptography::Signer as _;
use commonware_glue::dkg::network::Manager;
use commonware_p2p::{
    Address, PeerSetSubscription, PeerSetUpdate, Provider, TrackedPeers,
    simulated::{self, Link, Oracle},
};
use commonware_runtime::{Quota, Runner as _, Supervisor as _, deterministic};
use commonware_utils::{NZU32, NZUsize, TestRng, channel::mpsc, ordered::Set, sequence::Unit, sync::Mutex};
use execution::Checked;
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};
use types::{FinalBlock, Genesis};

const QUOTA: Quota = Quota::per_second(NZU32!(10_000));
const MESSAGE_BYTES_MAX: u32 = 8 << 20;
/// Validators of a genesis.
pub const VALIDATORS: usize = 4;

/// Machines that can reach each other, and what waits at each of them: the validators of the genesis first.
pub struct Committee {
    pub context: deterministic::Context,
    pub genesis: Arc<Genesis>,
    pub keys: Vec<ValidatorKeys>,
    pub oracle: Oracle<PeerKey, deterministic::Context>,
    pub sources: Vec<Arc<MemorySource>>,
}

impl Committee {
    pub async fn new(context: deterministic::Context) -> Self {
        Self::with_newcomers(context, 0, types::limits::EPOCH_BLOCKS_DEFAULT).await
    }

    /// The same with machines that have no share yet, and epochs of this length.
    pub async fn with_newcomers(context: deterministic::Context, newcomers: usize, epoch_blocks: u64) -> Self {
        let mut rng = TestRng::new(4);
        let (committee, mut keys) = deal(u32::try_from(VALIDATORS).unwrap(), &mut rng);
        keys.extend((0..newcomers).map(|_| ValidatorKeys::new(&mut rng)));
        let genesis = Arc::new(Genesis { epoch_blocks, ..genesis(&committee) });
        let peers: Vec<_> = keys.iter().map(|keys| keys.peer.public_key()).collect();
        let (network, oracle) = simulated::Network::new_with_peers(
            context.child("network"),
            simulated::Config {
                max_size: MESSAGE_BYTES_MAX,
                max_peers_per_set: NZUsize!(16),
                disconnect_on_block: true,
                tracked_peer_sets: NZUsize!(4),
            },
            peers.clone(),
        )
        .await;
        network.start();
        let link = Link {
            latency: Duration::from_millis(20),
            jitter: Duration::from_millis(5),
            success_rate: commonware_utils::probability!(1.0),
        };
        for from in &peers {
            for to in peers.iter().filter(|to| *to != from) {
                oracle.add_link(from.clone(), to.clone(), link.clone()).await.unwrap();
            }
        }
        let sources = keys.iter().map(|_| Arc::new(MemorySource::default())).collect();
        Self { context, genesis, keys, oracle, sources }
    }

    pub fn config(&self, number: usize) -> ChainConfig {
        let config = config(&self.genesis, &self.keys[number], &self.sources[number]);
        let storage = StorageTuning { prefix: format!("v{number}-"), ..config.storage };
        ChainConfig { storage, heartbeat: Duration::from_secs(1), ..config }
    }

    fn context(&self, number: usize) -> deterministic::Context {
        self.context.child("validator").with_attribute("number", number)
    }

    pub async fn start(&self, number: usize) -> Services<deterministic::Context> {
        let network = network(&self.oracle, self.keys[number].peer.public_key()).await;
        start(self.context(number), self.config(number), network).await.unwrap().0
    }

    /// A validator whose state differs from the others' in one record, from the first block on.
    pub async fn start_with_other_state(&self, number: usize) -> Services<deterministic::Context> {
        let network = network(&self.oracle, self.keys[number].peer.public_key()).await;
        let config = self.config(number);
        let wiring = Wiring::new(&config).unwrap();
        let mut records = execution::run::genesis_records(&self.genesis).unwrap();
        records.insert(b"a record of its own".to_vec(), vec![1]);
        let target = empty_target::<deterministic::Context>();
        let block = Block::genesis(&self.genesis, wiring.first_epoch().clone(), target);
        let core = Core::new(self.genesis.clone(), block, records, config.source, config.check);
        launch(self.context(number), core, wiring, config.keys.share, network).await.unwrap().0
    }

    pub fn send(&self, transactions: &[Arc<Checked>]) {
        for source in &self.sources {
            source.add(transactions.iter().cloned());
        }
    }
}

/// One machine's ends of the simulated network.
pub async fn network(
    oracle: &Oracle<PeerKey, deterministic::Context>,
    me: PeerKey,
) -> Network<
    simulated::Sender<PeerKey, deterministic::Context>,
    simulated::Receiver<PeerKey>,
    Tracked,
    simulated::Control<PeerKey, deterministic::Context>,
> {
    let control = oracle.control(me);
    let mut channels = Vec::new();
    for channel in 0..7 {
        channels.push(control.register(channel, QUOTA).await.unwrap());
    }
    let mut channel = || channels.pop().unwrap();
    Network {
        votes: channel(),
        certificates: channel(),
        resolver: channel(),
        backfill: channel(),
        broadcast: channel(),
        transactions: channel(),
        dealings: channel(),
        peers: Tracked { manager: oracle.manager(), own: Arc::default(), observers: Arc::default() },
        blocker: control.clone(),
    }
}

/// One machine's peers. The simulated network has one history of them for all its machines; a machine that lags behind
/// must ask those of its own epoch, as on a real network.
#[derive(Clone, Debug)]
pub struct Tracked {
    manager: simulated::Manager<PeerKey, deterministic::Context>,
    own: Arc<Mutex<Own>>,
    observers: Arc<Mutex<BTreeSet<PeerKey>>>,
}

#[derive(Debug, Default)]
struct Own {
    sets: BTreeMap<u64, TrackedPeers<PeerKey>>,
    subscribers: Vec<mpsc::UnboundedSender<PeerSetUpdate<PeerKey>>>,
}

impl Own {
    fn latest(&self) -> Option<PeerSetUpdate<PeerKey>> {
        let (index, latest) = self.sets.last_key_value()?;
        let primary = Set::from_iter_dedup(self.sets.values().flat_map(|peers| peers.primary.iter().cloned()));
        let others = self.sets.values().flat_map(|peers| peers.secondary.iter());
        let secondary = Set::from_iter_dedup(others.filter(|peer| primary.position(peer).is_none()).cloned());
        Some(PeerSetUpdate { index: *index, latest: latest.clone(), all: TrackedPeers::new(primary, secondary) })
    }
}

impl Provider for Tracked {
    type PublicKey = PeerKey;

    async fn peer_set(&mut self, id: u64) -> Option<TrackedPeers<PeerKey>> {
        self.own.lock().sets.get(&id).cloned()
    }

    async fn subscribe(&mut self) -> PeerSetSubscription<PeerKey> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut own = self.own.lock();
        if let Some(update) = own.latest() {
            let _ = sender.send(update);
        }
        own.subscribers.push(sender);
        receiver
    }
}

impl Manager for Tracked {
    type Directory = Directory;
    type Error = Infallible;

    fn track(&mut self, epoch: Epoch, peers: TrackedPeers<PeerKey>, _: &Directory) -> Result<(), Infallible> {
        let observers = self.observers.lock();
        let others = observers.iter().filter(|peer| peers.primary.position(peer).is_none());
        let secondary = Set::from_iter_dedup(peers.secondary.iter().chain(others).cloned());
        let peers = TrackedPeers::new(peers.primary, secondary);
        Manager::track(&mut self.manager, epoch, peers.clone(), &Unit)?;
        let mut own = self.own.lock();
        own.sets.entry(epoch.get()).or_insert(peers);
        let update = own.latest().unwrap();
        own.subscribers.retain(|subscriber| subscriber.send(update.clone()).is_ok());
        Ok(())
    }
}

impl Peers for Tracked {
    fn allow(&mut self, observers: BTreeMap<PeerKey, Option<Address>>) {
        *self.observers.lock() = observers.into_keys().collect();
    }
}

/// Follows the chain at several validators from block one until `until` transactions are final, and finds one block at
/// each height.
pub async fn follow(validators: &[&Services<deterministic::Context>], until: usize) -> Vec<Arc<FinalBlock>> {
    let mut followers: Vec<_> = validators.iter().map(|services| services.final_blocks(1)).collect();
    let (mut blocks, mut included) = (Vec::new(), 0);
    while included < until {
        let mut hashes = BTreeSet::new();
        for follower in &mut followers {
            let block = follower.recv().await.unwrap().unwrap();
            hashes.insert(block.hash);
            if hashes.len() == 1 && blocks.len() as u64 + 1 == block.header.height {
                included += block.receipts.len();
                blocks.push(block);
            }
        }
        assert_eq!(hashes.len(), 1, "one block at each height");
    }
    blocks
}

/// Who proposed the block at this height.
pub async fn proposer(services: &Services<deterministic::Context>, height: u64) -> Option<PeerKey> {
    let finality = services.finality(height).await.unwrap().unwrap();
    let context = Context::decode(Copying(&finality.envelope.context)).unwrap();
    finality.descendants.is_empty().then_some(context.leader)
}

pub fn simulate<F: Future>(seed: u64, test: impl FnOnce(deterministic::Context) -> F) -> F::Output {
    // A validator that finds itself wrong panics; the others go on.
    deterministic::Runner::new(settings(seed).with_catch_panics(true)).start(test)
}
