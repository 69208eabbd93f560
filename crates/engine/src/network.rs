//! How validators reach each other. This is the one place that knows.
//!
//! A chain needs six channels, the set of its peers, and a way to shut out a peer that lies. [`connect`] gives those of
//! encrypted connections, on which each side has proved its key, to the peers that are listed and to nobody else. With one
//! validator there is nobody to reach: [`alone`] gives channels on which nothing arrives. The tests give those of a
//! simulated network.

use commonware_actor::{Feedback, Unreliable};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::{marshal, simplex};
use commonware_cryptography::{ChaCha20Poly1305, Signer as _, ed25519};
use commonware_p2p::{
    Address, AddressableManager as _, BlockedSubscription, Blocker, CheckedSender, Ingress, LimitedSender, Message,
    PeerSetSubscription, PeerSetUpdate, Provider, Receiver, Recipients, Sender, TrackedPeers, authenticated::lookup,
};
use commonware_runtime::{IoBufs, Quota, Resolver};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{
    Hostname, NZU32, NZUsize,
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
    str::FromStr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use types::ChainId;

use crate::{
    error::Error,
    gossip,
    keys::VALIDATORS_MAX,
    stack::{BlockDigest, PeerKey, Runtime, Scheme, Variant},
};

/// The two ends of one channel.
pub type Channel<S, R> = (S, R);

/// A validator's way to its peers.
pub struct Network<S, R, P, B>
where
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
    P: Provider<PublicKey = PeerKey>,
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
    pub peers: P,
    pub blocker: B,
}

/// Where a validator listens, and where it finds the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peering {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Where each validator is reached, this one included or not, by its key.
    pub peers: BTreeMap<[u8; 32], PeerAddress>,
}

/// Where a peer is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeerAddress {
    Socket(SocketAddr),
    /// A name, looked up at each dial.
    Name {
        host: String,
        port: u16,
    },
}

impl FromStr for PeerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(socket) = text.parse() {
            return Ok(Self::Socket(socket));
        }
        let wrong = || format!("`{text}` is no address: write HOST:PORT");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        Hostname::new(host).map_err(|_| wrong())?;
        Ok(Self::Name { host: host.to_owned(), port: port.parse().map_err(|_| wrong())? })
    }
}

impl PeerAddress {
    /// Where it is dialed. Where it dials from is not held against it: it proves its key.
    fn dialed(&self) -> Address {
        match self {
            Self::Socket(socket) => Address::Symmetric(*socket),
            Self::Name { host, port } => Address::Asymmetric {
                ingress: Ingress::Dns { host: Hostname::new(host).expect("parsed as one"), port: *port },
                egress: SocketAddr::from(([0, 0, 0, 0], *port)),
            },
        }
    }
}

/// Connections kept waiting inside the network's own actors.
const NETWORK_MAILBOX: NonZeroUsize = NZUsize!(1_024);
/// How far peers' clocks may differ when they shake hands.
const SYNCHRONY_BOUND: Duration = Duration::from_secs(10);
/// How long a handshake stays valid: no older one can be replayed.
const HANDSHAKE_AGE_MAX: Duration = Duration::from_secs(20);
/// How soon a lost peer is dialed again.
const REDIAL: Duration = Duration::from_secs(1);
/// Small messages that a peer may send a second: votes and certificates of some hundred views.
const VOTES_PER_SECOND: NonZeroU32 = NZU32!(2_048);
/// Blocks, and questions for blocks, that a peer may send a second.
const BLOCKS_PER_SECOND: NonZeroU32 = NZU32!(128);
/// Bundles of transactions that a peer may send a second.
const BUNDLES_PER_SECOND: NonZeroU32 = NZU32!(256);

/// The ends of the connections.
pub type Connected<E> =
    Network<lookup::Sender<PeerKey, E>, lookup::Receiver<PeerKey>, lookup::Oracle<PeerKey>, lookup::Oracle<PeerKey>>;

/// Listens, and connects to the validators of a chain. Peers of another chain are refused at the handshake.
pub fn connect<E>(context: E, chain: ChainId, me: ed25519::PrivateKey, peering: &Peering) -> Result<Connected<E>, Error>
where
    E: Runtime + commonware_runtime::Network + Resolver,
{
    let mut peers = Vec::with_capacity(peering.peers.len() + 1);
    for (key, address) in &peering.peers {
        let key = PeerKey::decode(Copying(key.as_slice())).map_err(|_| Error::PeerKey)?;
        peers.push((key, address.dialed()));
    }
    if peers.iter().all(|(key, _)| *key != me.public_key()) {
        peers.push((me.public_key(), Address::Symmetric(peering.listen)));
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
    let most = NonZeroUsize::new(peers.len()).expect("this validator is among them");
    let config = lookup::Config {
        allow_private_ips: true,
        // A peer is known by its key, wherever it calls from.
        bypass_ip_check: true,
        peer_connection_cooldown: REDIAL,
        dial_frequency: REDIAL / 2,
        ..lookup::Config::recommended(
            handshake,
            &[b"tributary/p2p/1/".as_slice(), &chain.0].concat(),
            peering.listen,
            most,
            message_bytes_max(),
            NETWORK_MAILBOX,
        )
    };
    let (mut network, mut oracle) = lookup::Network::new(context.child("network"), config);
    oracle.track(0, Map::from_iter_dedup(peers));
    let votes = Quota::per_second(VOTES_PER_SECOND);
    let blocks = Quota::per_second(BLOCKS_PER_SECOND);
    let connected = Network {
        votes: network.register(0, votes),
        certificates: network.register(1, votes),
        resolver: network.register(2, votes),
        backfill: network.register(3, blocks),
        broadcast: network.register(4, blocks),
        transactions: network.register(5, Quota::per_second(BUNDLES_PER_SECOND)),
        peers: oracle.clone(),
        blocker: oracle,
    };
    network.start();
    Ok(connected)
}

/// Bytes of the largest message that a chain's parts send.
fn message_bytes_max() -> u32 {
    commonware_p2p::max_message_size(&[
        simplex::max_payload_size::<Scheme, BlockDigest>(VALIDATORS_MAX),
        marshal::max_payload_size::<Variant, Scheme>(VALIDATORS_MAX, &()),
        gossip::BUNDLE_BYTES_MAX,
    ])
}

/// The network of a validator that is alone.
pub fn alone(me: PeerKey) -> Network<Nobody, Nobody, Nobody, Nobody> {
    let nobody = Nobody { me, subscribers: Arc::default() };
    let channel = || (nobody.clone(), nobody.clone());
    Network {
        votes: channel(),
        certificates: channel(),
        resolver: channel(),
        backfill: channel(),
        broadcast: channel(),
        transactions: channel(),
        peers: nobody.clone(),
        blocker: nobody.clone(),
    }
}

/// Nobody is there: what is sent is gone, and nothing arrives.
#[derive(Clone, Debug)]
pub struct Nobody {
    me: PeerKey,
    /// Held open: to a subscriber, the end of the updates is the end of the network.
    subscribers: Arc<Mutex<Vec<mpsc::UnboundedSender<PeerSetUpdate<PeerKey>>>>>,
}

impl Nobody {
    fn peers(&self) -> TrackedPeers<PeerKey> {
        TrackedPeers::primary(Set::from_iter_dedup([self.me.clone()]))
    }
}

impl LimitedSender for Nobody {
    type PublicKey = PeerKey;
    type Checked<'a> = Self;

    fn check(&mut self, _: Recipients<PeerKey>) -> Result<Self, SystemTime> {
        Ok(self.clone())
    }
}

impl CheckedSender for Nobody {
    type PublicKey = PeerKey;

    fn recipients(&self) -> Vec<PeerKey> {
        Vec::new()
    }

    fn send(self, _: impl Into<IoBufs> + Send, _: bool) -> Unreliable<Feedback> {
        Unreliable::new(Feedback::Ok)
    }
}

impl Receiver for Nobody {
    type Error = Infallible;
    type PublicKey = PeerKey;

    async fn recv(&mut self) -> Result<Message<PeerKey>, Infallible> {
        pending().await
    }

    fn capacity(&self) -> NonZeroUsize {
        NZUsize!(1)
    }
}

impl Provider for Nobody {
    type PublicKey = PeerKey;

    async fn peer_set(&mut self, _: u64) -> Option<TrackedPeers<PeerKey>> {
        Some(self.peers())
    }

    async fn subscribe(&mut self) -> PeerSetSubscription<PeerKey> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let peers = self.peers();
        let _ = sender.send(PeerSetUpdate { index: 0, latest: peers.clone(), all: peers });
        self.subscribers.lock().push(sender);
        receiver
    }
}

impl Blocker for Nobody {
    type PublicKey = PeerKey;

    fn block(&mut self, _: PeerKey) -> Feedback {
        Feedback::Ok
    }

    fn blocked(&mut self) -> BlockedSubscription<PeerKey> {
        let (_, receiver) = ring::channel(NZUsize!(1));
        receiver
    }
}
