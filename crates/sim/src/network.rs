//! The simulated network: links between machines, and each machine's ends of it.

use commonware_consensus::types::Epoch;
use commonware_glue::dkg::network::Manager;
use commonware_p2p::{
    Address, PeerSetSubscription, PeerSetUpdate, Provider, TrackedPeers,
    simulated::{self, Link, Oracle},
};
use commonware_runtime::{Quota, Supervisor as _, deterministic};
use commonware_utils::{NZU32, NZUsize, Probability, channel::mpsc, ordered::Set, sequence::Unit, sync::Mutex};
use engine::simulation::{Directory, Network as Ends, PeerKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

type Context = deterministic::Context;
/// A machine's ends of the network.
pub(crate) type MachineEnds = Ends<
    simulated::Sender<PeerKey, Context>,
    simulated::Receiver<PeerKey>,
    Tracked,
    simulated::Control<PeerKey, Context>,
>;

const QUOTA: Quota = Quota::per_second(NZU32!(10_000)).allow_burst(NZU32!(64));
const MESSAGE_BYTES_MAX: u32 = 8 << 20;
/// What the links are like when nothing is wrong.
const GOOD: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(5));

/// The links between all machines.
pub(crate) struct Links {
    oracle: Oracle<PeerKey, Context>,
    peers: Vec<PeerKey>,
    /// How each link is now; one that is missing is cut.
    now: BTreeMap<(usize, usize), Link>,
    good: Link,
}

impl Links {
    pub(crate) async fn new(context: &Context, peers: Vec<PeerKey>) -> Self {
        let config = simulated::Config {
            max_size: MESSAGE_BYTES_MAX,
            max_peers_per_set: NZUsize!(16),
            disconnect_on_block: true,
            tracked_peer_sets: NZUsize!(4),
        };
        let (network, oracle) =
            simulated::Network::new_with_peers(context.child("network"), config, peers.clone()).await;
        network.start();
        let good = Link { latency: GOOD.0, jitter: GOOD.1, success_rate: commonware_utils::probability!(1.0) };
        let mut links = Self { oracle, peers, now: BTreeMap::new(), good: good.clone() };
        links.set(&BTreeSet::new(), &good).await;
        links
    }

    /// Makes every link like this one, and cuts those between `side` and the others.
    async fn set(&mut self, side: &BTreeSet<usize>, link: &Link) {
        for from in 0..self.peers.len() {
            for to in (0..self.peers.len()).filter(|to| *to != from) {
                let (a, b) = (self.peers[from].clone(), self.peers[to].clone());
                if self.now.remove(&(from, to)).is_some() {
                    self.oracle.remove_link(a.clone(), b.clone()).await.expect("the link is there");
                }
                if side.contains(&from) == side.contains(&to) {
                    self.oracle.add_link(a, b, link.clone()).await.expect("the link was not there");
                    self.now.insert((from, to), link.clone());
                }
            }
        }
    }

    pub(crate) async fn cut(&mut self, side: &BTreeSet<usize>) {
        let good = self.good.clone();
        self.set(side, &good).await;
    }

    pub(crate) async fn spoil(&mut self, latency: Duration, jitter: Duration, lost_percent: u8) {
        let kept = Probability::new(u64::from(100 - lost_percent), 100).expect("at most all of it");
        self.set(&BTreeSet::new(), &Link { latency, jitter, success_rate: kept }).await;
    }

    pub(crate) async fn heal(&mut self) {
        let good = self.good.clone();
        self.set(&BTreeSet::new(), &good).await;
    }

    /// The ends of a machine that starts, in place of those that it had.
    pub(crate) async fn ends(&self, number: usize) -> MachineEnds {
        let control = self.oracle.control(self.peers[number].clone());
        let mut channels = Vec::new();
        for channel in 0..7 {
            channels.push(control.register(channel, QUOTA).await.expect("a channel is registered"));
        }
        let mut channel = || channels.pop().expect("seven channels");
        Ends {
            votes: channel(),
            certificates: channel(),
            resolver: channel(),
            backfill: channel(),
            broadcast: channel(),
            transactions: channel(),
            dealings: channel(),
            peers: Tracked { manager: self.oracle.manager(), own: Arc::default(), observers: Arc::default() },
            blocker: control.clone(),
        }
    }
}

/// One machine's peers. The simulated network has one history of them for all its machines; a machine that lags behind
/// must ask those of its own epoch, as on a real network.
#[derive(Clone, Debug)]
pub(crate) struct Tracked {
    manager: simulated::Manager<PeerKey, Context>,
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
        let update = own.latest().expect("one was put in");
        own.subscribers.retain(|subscriber| subscriber.send(update.clone()).is_ok());
        Ok(())
    }
}

impl engine::simulation::Peers for Tracked {
    fn allow(&mut self, observers: BTreeMap<PeerKey, Option<Address>>) {
        *self.observers.lock() = observers.into_keys().collect();
    }
}
