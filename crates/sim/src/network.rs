//! The simulated network: the links between machines.

use commonware_p2p::simulated::{self, Link, Oracle};
use commonware_runtime::{Supervisor as _, deterministic};
use commonware_utils::{NZUsize, Probability};
use engine::simulation::{self, Ends, PeerKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

type Context = deterministic::Context;

const MESSAGE_BYTES_MAX: u32 = 8 << 20;
/// What the links are like when nothing is wrong.
const GOOD: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(5));

/// The links between all machines.
pub(crate) struct Links {
    oracle: Oracle<PeerKey, Context>,
    pub(crate) peers: Arc<Vec<PeerKey>>,
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
        let mut links = Self { oracle, peers: Arc::new(peers), now: BTreeMap::new(), good: good.clone() };
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
    pub(crate) async fn ends(&self, number: usize) -> Ends {
        simulation::ends(&self.oracle, self.peers[number].clone()).await
    }

    /// Who blocks whom.
    pub(crate) async fn blocked(&self) -> Vec<(usize, usize)> {
        let number =
            |peer: &PeerKey| self.peers.iter().position(|other| other == peer).expect("a peer of this network");
        let blocked = self.oracle.blocked().await.expect("the network goes on");
        blocked.iter().map(|(from, to)| (number(from), number(to))).collect()
    }
}
