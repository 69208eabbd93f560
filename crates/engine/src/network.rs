//! How validators reach each other. This is the one place that knows.
//!
//! A chain needs five channels, the set of its peers, and a way to shut out a peer that lies. With one validator there is
//! nobody to reach: [`alone`] gives channels on which nothing arrives. The tests give those of a simulated network.

use commonware_actor::{Feedback, Unreliable};
use commonware_p2p::{
    BlockedSubscription, Blocker, CheckedSender, LimitedSender, Message, PeerSetSubscription, PeerSetUpdate, Provider,
    Receiver, Recipients, Sender, TrackedPeers,
};
use commonware_runtime::IoBufs;
use commonware_utils::{
    NZUsize,
    channel::{mpsc, ring},
    ordered::Set,
    sync::Mutex,
};
use std::{convert::Infallible, future::pending, num::NonZeroUsize, sync::Arc, time::SystemTime};

use crate::stack::PeerKey;

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
    pub peers: P,
    pub blocker: B,
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
