//! Validators over a simulated network, for the tests.

use super::support::{MemorySource, config, genesis, settings};
use crate::{
    ChainConfig, StorageTuning, ValidatorKeys,
    application::{Core, empty_target},
    block::Block,
    deal,
    services::Services,
    simulation::ends,
    stack::{Context, PeerKey},
    start::{launch, start},
    wiring::Wiring,
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::Signer as _;
use commonware_p2p::simulated::{self, Link, Oracle};
use commonware_runtime::{Runner as _, Supervisor as _, deterministic};
use commonware_utils::{NZUsize, TestRng};
use execution::Checked;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use types::{FinalBlock, Genesis};

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
        let network = ends(&self.oracle, self.keys[number].peer.public_key()).await;
        start(self.context(number), self.config(number), network).await.unwrap().0
    }

    /// Starts a machine that begins at the others' newest block if it has none.
    pub async fn join(&self, number: usize) -> Result<Services<deterministic::Context>, crate::Error> {
        self.join_in(self.context(number), number).await
    }

    pub async fn join_in(
        &self,
        context: deterministic::Context,
        number: usize,
    ) -> Result<Services<deterministic::Context>, crate::Error> {
        let network = ends(&self.oracle, self.keys[number].peer.public_key()).await;
        let config = ChainConfig { join: true, ..self.config(number) };
        start(context, config, network).await.map(|(services, _)| services)
    }

    /// A validator whose state differs from the others' in one record, from the first block on.
    pub async fn start_with_other_state(&self, number: usize) -> Services<deterministic::Context> {
        let network = ends(&self.oracle, self.keys[number].peer.public_key()).await;
        let config = self.config(number);
        let wiring = Wiring::new(&config).unwrap();
        let mut records = execution::run::genesis_records(&self.genesis, None).unwrap();
        records.insert(b"a record of its own".to_vec(), vec![1]);
        let target = empty_target::<deterministic::Context>();
        let block = Block::genesis(&self.genesis, wiring.first_epoch().clone(), target);
        let core = Core::new(self.genesis.clone(), block, Some(Arc::new(records)), config.source, config.check);
        launch(self.context(number), core, wiring, config.keys.share, network).await.unwrap().0
    }

    pub fn send(&self, transactions: &[Arc<Checked>]) {
        for source in &self.sources {
            source.add(transactions.iter().cloned());
        }
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
