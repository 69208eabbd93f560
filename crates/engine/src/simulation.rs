//! The chain's parts for who brings a runtime and a network of his own: the simulator, and the tests of this crate.

pub use commonware_consensus::types::Epoch;
use commonware_glue::dkg::network::Manager;
use commonware_p2p::{Address, PeerSetSubscription, PeerSetUpdate, Provider, TrackedPeers, simulated};
use commonware_runtime::{Quota, deterministic};
use commonware_utils::{NZU32, channel::mpsc, ordered::Set, sequence::Unit, sync::Mutex};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
};

pub use crate::{
    directory::Directory,
    network::{Network, Peers},
    services::Services,
    stack::{PeerKey, Runtime},
    start::start,
};

/// One machine's ends of a simulated network.
pub type Ends = Network<
    simulated::Sender<PeerKey, deterministic::Context>,
    simulated::Receiver<PeerKey>,
    Tracked,
    simulated::Control<PeerKey, deterministic::Context>,
>;

/// Messages that a machine may send a second.
const QUOTA: Quota = Quota::per_second(NZU32!(10_000)).allow_burst(NZU32!(64));

/// The ends of a machine that starts, in place of those that it had.
pub async fn ends(oracle: &simulated::Oracle<PeerKey, deterministic::Context>, me: PeerKey) -> Ends {
    let control = oracle.control(me);
    let mut channels = Vec::new();
    for channel in 0..9 {
        channels.push(control.register(channel, QUOTA).await.expect("a channel is registered"));
    }
    let mut channel = || channels.pop().expect("nine channels");
    Network {
        votes: channel(),
        certificates: channel(),
        resolver: channel(),
        backfill: channel(),
        broadcast: channel(),
        transactions: channel(),
        dealings: channel(),
        probe: channel(),
        state: channel(),
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

impl Tracked {
    /// The peers of a second machine with the same key.
    pub fn twin(&self) -> Self {
        Self { manager: self.manager.clone(), own: Arc::default(), observers: Arc::default() }
    }
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
        let update = own.latest().expect("one was put in");
        own.subscribers.retain(|subscriber| subscriber.send(update.clone()).is_ok());
        Ok(())
    }
}

impl Peers for Tracked {
    fn allow(&mut self, observers: BTreeMap<PeerKey, Option<Address>>) {
        *self.observers.lock() = observers.into_keys().collect();
    }
}
