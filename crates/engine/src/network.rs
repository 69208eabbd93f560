//! How validators reach each other. This is the one place that knows.
//!
//! A chain needs nine channels, the peers of each epoch, and a way to shut out a peer that lies. [`connect`] gives those of
//! encrypted connections, on which each side has proved its key, to the peers that are listed and to nobody else. With one
//! validator there is nobody to reach: [`alone`] gives channels on which nothing arrives. The tests give those of a
//! simulated network.

use commonware_actor::{Feedback, Unreliable};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::{marshal, types::Epoch};
use commonware_cryptography::{ChaCha20Poly1305, Signer as _, ed25519};
use commonware_glue::dkg::{self, network::Manager, orchestrator, probe};
use commonware_p2p::{
    Address, AddressableManager as _, AddressableTrackedPeers, BlockedSubscription, Blocker, CheckedSender, Ingress,
    LimitedSender, Message, PeerSetSubscription, PeerSetUpdate, Provider, Receiver, Recipients, Sender, TrackedPeers,
    authenticated::lookup,
};
use commonware_runtime::{Clock, IoBufs, Quota, Resolver};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{
    NZU32, NZUsize,
    channel::{mpsc, ring},
    ordered::{Map, Set},
    sync::Mutex,
};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::pending,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::{Duration, SystemTime},
};
use types::ChainId;

use crate::{
    directory::{Directory, PeerAddress},
    epochs::COMMITTEE_MAX,
    error::Error,
    fetch, gossip,
    stack::{BlockDigest, Curve, PeerKey, Runtime, Scheme, Variant},
};

/// The two ends of one channel.
pub type Channel<S, R> = (S, R);

/// A validator's way to its peers.
pub struct Network<S, R, P, B>
where
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
    P: Peers,
    B: Blocker<PublicKey = PeerKey>,
{
    pub votes: Channel<S, R>,
    pub certificates: Channel<S, R>,
    /// Asks for certificates that were missed.
    pub resolver: Channel<S, R>,
    /// Asks for blocks that were missed.
    pub backfill: Channel<S, R>,
    /// Carries proposals.
    pub broadcast: Channel<S, R>,
    /// Carries transactions to whoever may propose them.
    pub transactions: Channel<S, R>,
    /// Carries what dealers give to those who get shares.
    pub dealings: Channel<S, R>,
    /// Tells those who join where to begin.
    pub probe: Channel<S, R>,
    /// Carries parts of the state to those who join.
    pub state: Channel<S, R>,
    pub peers: P,
    pub blocker: B,
}

/// Who is connected, epoch by epoch.
pub trait Peers: Manager<PublicKey = PeerKey, Directory = Directory> {
    /// Machines that follow without a vote, and where they are reached: from the next epoch on they may connect too.
    fn allow(&mut self, observers: BTreeMap<PeerKey, Option<Address>>);
}

/// Where a validator listens, and where it finds the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peering {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Machines that this one knows by itself, by their keys: it connects to them in every epoch, whoever signs, and their
    /// addresses here come before those that governance recorded.
    pub peers: BTreeMap<[u8; 32], PeerAddress>,
}

/// Peers of one epoch: three committees, those that a node lists for itself, and observers.
const PEERS_MAX: NonZeroUsize = NZUsize!(500);
/// Peers that a node may list.
const LISTED_MAX: usize = 100;
/// Connections kept waiting inside the network's own actors.
const NETWORK_MAILBOX: NonZeroUsize = NZUsize!(1_024);
/// How far peers' clocks may differ when they shake hands.
const SYNCHRONY_BOUND: Duration = Duration::from_secs(10);
/// How long a handshake stays valid: no older one can be replayed.
const HANDSHAKE_AGE_MAX: Duration = Duration::from_secs(20);
/// Handshakes that one address may begin a second.
const HANDSHAKES_PER_SECOND: NonZeroU32 = NZU32!(16);
/// How soon a lost peer is dialed again.
const REDIAL: Duration = Duration::from_secs(1);
/// What a peer may send a second, and how much of it at once: places for that are kept for every peer from the start.
const fn quota(per_second: u32, at_once: u32) -> Quota {
    let (Some(rate), Some(burst)) = (NonZeroU32::new(per_second), NonZeroU32::new(at_once)) else {
        panic!("a quota lets something through")
    };
    Quota::per_second(rate).allow_burst(burst)
}

/// Votes, certificates, and questions for certificates: those of some hundred views.
const VOTES: Quota = quota(2_048, 16);
/// Blocks, and questions for blocks.
const BLOCKS: Quota = quota(128, 8);
/// Bundles of transactions that a peer may send a second.
pub(crate) const BUNDLES_PER_SECOND: u32 = 256;
pub(crate) const BUNDLES: Quota = quota(BUNDLES_PER_SECOND, 8);
/// Dealings and their acknowledgements.
const DEALINGS: Quota = quota(64, 4);
/// Parts of the state, and questions for them.
const STATE: Quota = quota(256, 8);
/// Where a peer is said to be that nobody knows an address of: it is not reached, and may call.
const NOWHERE: Address = Address::Asymmetric {
    ingress: Ingress::Socket(SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0)),
    egress: SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0),
};

/// The ends of a machine's network.
pub type Connected<E> = Network<Outlet<E>, Inlet, Connections, Connections>;

/// Where a channel is sent into. With nobody there, what is sent is gone.
pub struct Outlet<E: Clock>(Option<lookup::Sender<PeerKey, E>>);

impl<E: Clock> Clone for Outlet<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Messages whose peers may be sent them now.
pub struct Allowed<'a, E: Clock>(Option<<lookup::Sender<PeerKey, E> as LimitedSender>::Checked<'a>>);

impl<E: Clock> LimitedSender for Outlet<E> {
    type PublicKey = PeerKey;
    type Checked<'a> = Allowed<'a, E>;

    fn check(&mut self, recipients: Recipients<PeerKey>) -> Result<Allowed<'_, E>, SystemTime> {
        self.0.as_mut().map(|sender| sender.check(recipients)).transpose().map(Allowed)
    }
}

impl<E: Clock> CheckedSender for Allowed<'_, E> {
    type PublicKey = PeerKey;

    fn recipients(&self) -> Vec<PeerKey> {
        self.0.as_ref().map(CheckedSender::recipients).unwrap_or_default()
    }

    fn send(self, message: impl Into<IoBufs> + Send, priority: bool) -> Unreliable<Feedback> {
        match self.0 {
            Some(checked) => checked.send(message, priority),
            None => Unreliable::new(Feedback::Ok),
        }
    }
}

/// Where a channel arrives. With nobody there, nothing does.
#[derive(Debug)]
pub struct Inlet(Option<lookup::Receiver<PeerKey>>);

impl Receiver for Inlet {
    type Error = <lookup::Receiver<PeerKey> as Receiver>::Error;
    type PublicKey = PeerKey;

    async fn recv(&mut self) -> Result<Message<PeerKey>, Self::Error> {
        match &mut self.0 {
            Some(receiver) => receiver.recv().await,
            None => pending().await,
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        self.0.as_ref().map_or(NonZeroUsize::MIN, Receiver::capacity)
    }
}

/// The peers of a machine: those of each epoch, and those that it lists.
#[derive(Clone, Debug)]
pub struct Connections {
    me: PeerKey,
    /// `None`: there is nobody.
    oracle: Option<lookup::Oracle<PeerKey>>,
    listed: Arc<BTreeMap<PeerKey, Address>>,
    observers: Arc<Mutex<BTreeMap<PeerKey, Option<Address>>>>,
    /// Held open where there is nobody: to a subscriber, the end of the updates is the end of the network.
    subscribers: Arc<Mutex<Vec<mpsc::UnboundedSender<PeerSetUpdate<PeerKey>>>>>,
}

impl Connections {
    /// The peers that this node lists, itself included.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &PeerKey> {
        self.listed.keys()
    }

    fn alone(&self) -> TrackedPeers<PeerKey> {
        TrackedPeers::primary(Set::from_iter_dedup([self.me.clone()]))
    }
}

impl Provider for Connections {
    type PublicKey = PeerKey;

    async fn peer_set(&mut self, id: u64) -> Option<TrackedPeers<PeerKey>> {
        match &mut self.oracle {
            Some(oracle) => oracle.peer_set(id).await,
            None => Some(self.alone()),
        }
    }

    async fn subscribe(&mut self) -> PeerSetSubscription<PeerKey> {
        if let Some(oracle) = &mut self.oracle {
            return oracle.subscribe().await;
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        let peers = self.alone();
        let _ = sender.send(PeerSetUpdate { index: 0, latest: peers.clone(), all: peers });
        self.subscribers.lock().push(sender);
        receiver
    }
}

impl Manager for Connections {
    type Directory = Directory;
    type Error = Infallible;

    fn track(&mut self, epoch: Epoch, peers: TrackedPeers<PeerKey>, directory: &Directory) -> Result<(), Infallible> {
        let observers = self.observers.lock();
        let address = |peer: &PeerKey| {
            let observer = || observers.get(peer).and_then(Option::as_ref);
            let known = self.listed.get(peer).or_else(|| directory.address(peer)).or_else(observer);
            (peer.clone(), known.cloned().unwrap_or(NOWHERE))
        };
        let others = self.listed.keys().chain(observers.keys());
        let others = others.filter(|peer| peers.primary.position(peer).is_none());
        let primary = Map::from_iter_dedup(peers.primary.iter().map(address));
        let secondary = Map::from_iter_dedup(peers.secondary.iter().chain(others).map(address));
        if let Some(oracle) = &mut self.oracle {
            oracle.track(epoch.get(), AddressableTrackedPeers::new(primary, secondary));
        }
        Ok(())
    }
}

impl Peers for Connections {
    fn allow(&mut self, observers: BTreeMap<PeerKey, Option<Address>>) {
        // As many as fit beside three committees and the listed ones.
        let most = PEERS_MAX.get() - 3 * COMMITTEE_MAX.get() as usize - self.listed.len();
        *self.observers.lock() = observers.into_iter().take(most).collect();
    }
}

impl Blocker for Connections {
    type PublicKey = PeerKey;

    fn block(&mut self, peer: PeerKey) -> Feedback {
        self.oracle.as_mut().map_or(Feedback::Ok, |oracle| oracle.block(peer))
    }

    fn blocked(&mut self) -> BlockedSubscription<PeerKey> {
        match &mut self.oracle {
            Some(oracle) => oracle.blocked(),
            None => ring::channel(NZUsize!(1)).1,
        }
    }
}

/// Listens, and connects to the peers of a chain. Peers of another chain are refused at the handshake.
pub fn connect<E>(context: E, chain: ChainId, me: ed25519::PrivateKey, peering: &Peering) -> Result<Connected<E>, Error>
where
    E: Runtime + Resolver,
{
    let own = me.public_key();
    let mut listed = BTreeMap::from([(own.clone(), Address::Symmetric(peering.listen))]);
    for (key, address) in &peering.peers {
        let key = PeerKey::decode(Copying(key.as_slice())).map_err(|_| Error::PeerKey)?;
        listed.insert(key, address.dialed());
    }
    if listed.len() > LISTED_MAX {
        return Err(Error::TooManyPeers(listed.len()));
    }
    let handshake = Cups::<_, ChaCha20Poly1305>::new(
        Sake {
            signer: me,
            synchrony_bound: SYNCHRONY_BOUND,
            max_handshake_age: HANDSHAKE_AGE_MAX,
            version: sake::Version::V1,
        },
        cups::Version::V1,
    );
    let config = lookup::Config {
        allow_private_ips: true,
        // A peer is known by its key, wherever it calls from.
        bypass_ip_check: true,
        peer_connection_cooldown: REDIAL,
        dial_frequency: REDIAL / 2,
        // Machines of several members may share an address; what a stranger can cost is a handshake.
        allowed_handshake_rate_per_ip: Quota::per_second(HANDSHAKES_PER_SECOND),
        ..lookup::Config::recommended(
            handshake,
            &[b"tributary/p2p/1/".as_slice(), &chain.0].concat(),
            peering.listen,
            PEERS_MAX,
            message_bytes_max(),
            NETWORK_MAILBOX,
        )
    };
    let (mut network, oracle) = lookup::Network::new(context.child("network"), config);
    let mut channel = |number, quota| {
        let (sender, receiver) = network.register(number, quota);
        (Outlet(Some(sender)), Inlet(Some(receiver)))
    };
    let connections = Connections {
        me: own,
        oracle: Some(oracle),
        listed: Arc::new(listed),
        observers: Arc::default(),
        subscribers: Arc::default(),
    };
    let connected = Network {
        votes: channel(0, VOTES),
        certificates: channel(1, VOTES),
        resolver: channel(2, VOTES),
        backfill: channel(3, BLOCKS),
        broadcast: channel(4, BLOCKS),
        transactions: channel(5, BUNDLES),
        dealings: channel(6, DEALINGS),
        probe: channel(7, BLOCKS),
        state: channel(8, STATE),
        peers: connections.clone(),
        blocker: connections,
    };
    network.start();
    Ok(connected)
}

/// Bytes of the largest message that a chain's parts send.
fn message_bytes_max() -> u32 {
    commonware_p2p::max_message_size(&[
        orchestrator::max_payload_size::<Scheme, BlockDigest>(COMMITTEE_MAX.get()),
        marshal::max_payload_size::<Variant, Scheme>(COMMITTEE_MAX.get(), &()),
        dkg::max_payload_size::<Curve, PeerKey>(COMMITTEE_MAX),
        gossip::BUNDLE_BYTES_MAX,
        probe::max_payload_size::<Variant, Scheme>(COMMITTEE_MAX.get(), &()),
        fetch::message_bytes_max(),
    ])
}

/// The network of a validator that is alone. Its type is that of the others: the engine is compiled once.
pub fn alone<E: Runtime>(me: PeerKey) -> Connected<E> {
    let channel = || (Outlet(None), Inlet(None));
    let nobody = Connections {
        me,
        oracle: None,
        listed: Arc::default(),
        observers: Arc::default(),
        subscribers: Arc::default(),
    };
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
        peers: nobody.clone(),
        blocker: nobody,
    }
}
