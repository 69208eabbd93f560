//! Four validators over a simulated network: they agree, one of them may lie, and one may come late.

use super::support::{GENESIS_TIME, MemorySource, checked, config, genesis, settings, transaction};
use crate::{
    ChainConfig, StorageTuning, ValidatorKeys,
    application::{Core, empty_target},
    block::Block,
    deal,
    network::Network,
    services::Services,
    stack::{Context, PeerKey},
    start::{launch, start},
    wiring::Wiring,
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::Signer as _;
use commonware_p2p::simulated::{self, Link, Oracle};
use commonware_runtime::{Clock as _, Quota, Runner as _, Supervisor as _, deterministic};
use commonware_utils::{NZU32, NZUsize, TestRng};
use execution::Checked;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use types::{Bytes, FinalBlock, Genesis, List, Transaction};

const QUOTA: Quota = Quota::per_second(NZU32!(10_000));
const MESSAGE_BYTES_MAX: u32 = 8 << 20;
const VALIDATORS: usize = 4;

/// Four validators that can reach each other, and what waits at each of them.
struct Committee {
    context: deterministic::Context,
    genesis: Arc<Genesis>,
    keys: Vec<ValidatorKeys>,
    oracle: Oracle<PeerKey, deterministic::Context>,
    sources: Vec<Arc<MemorySource>>,
}

impl Committee {
    async fn new(context: deterministic::Context) -> Self {
        let (committee, keys) = deal(4, &mut TestRng::new(4));
        let genesis = Arc::new(genesis(&committee));
        let peers: Vec<_> = keys.iter().map(|keys| keys.peer.public_key()).collect();
        let (network, oracle) = simulated::Network::new_with_peers(
            context.child("network"),
            simulated::Config {
                max_size: MESSAGE_BYTES_MAX,
                max_peers_per_set: NZUsize!(VALIDATORS),
                disconnect_on_block: true,
                tracked_peer_sets: NZUsize!(1),
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
        let sources = (0..VALIDATORS).map(|_| Arc::new(MemorySource::default())).collect();
        Self { context, genesis, keys, oracle, sources }
    }

    fn config(&self, number: usize) -> ChainConfig {
        let config = config(&self.genesis, &self.keys[number], &self.sources[number]);
        let storage = StorageTuning { prefix: format!("v{number}-"), ..config.storage };
        ChainConfig { storage, heartbeat: Duration::from_secs(1), ..config }
    }

    fn context(&self, number: usize) -> deterministic::Context {
        self.context.child("validator").with_attribute("number", number)
    }

    async fn start(&self, number: usize) -> Services<deterministic::Context> {
        let network = network(&self.oracle, self.keys[number].peer.public_key()).await;
        start(self.context(number), self.config(number), network).await.unwrap().0
    }

    /// A validator whose state differs from the others' in one record, from the first block on.
    async fn start_with_other_state(&self, number: usize) -> Services<deterministic::Context> {
        let network = network(&self.oracle, self.keys[number].peer.public_key()).await;
        let config = self.config(number);
        let wiring = Wiring::new(&config).unwrap();
        let mut records = execution::run::genesis_records(&self.genesis).unwrap();
        records.insert(b"a record of its own".to_vec(), vec![1]);
        let block = Block::genesis(&self.genesis, empty_target::<deterministic::Context>());
        let core = Core::new(self.genesis.clone(), block, records, config.source, config.check);
        launch(self.context(number), core, wiring, network).await.unwrap().0
    }

    fn send(&self, transactions: &[Arc<Checked>]) {
        for source in &self.sources {
            source.add(transactions.iter().cloned());
        }
    }
}

/// One validator's ends of the simulated network.
async fn network(
    oracle: &Oracle<PeerKey, deterministic::Context>,
    me: PeerKey,
) -> Network<
    simulated::Sender<PeerKey, deterministic::Context>,
    simulated::Receiver<PeerKey>,
    simulated::Manager<PeerKey, deterministic::Context>,
    simulated::Control<PeerKey, deterministic::Context>,
> {
    let control = oracle.control(me);
    let mut channels = Vec::new();
    for channel in 0..6 {
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
        peers: oracle.manager(),
        blocker: control.clone(),
    }
}

/// Follows the chain at several validators from block one until `until` transactions are final, and finds one block at
/// each height.
async fn follow(validators: &[&Services<deterministic::Context>], until: usize) -> Vec<Arc<FinalBlock>> {
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
async fn proposer(services: &Services<deterministic::Context>, height: u64) -> Option<PeerKey> {
    let finality = services.finality(height).await.unwrap().unwrap();
    let context = Context::decode(Copying(&finality.envelope.context)).unwrap();
    finality.descendants.is_empty().then_some(context.leader)
}

fn simulate<F: Future>(seed: u64, test: impl FnOnce(deterministic::Context) -> F) -> F::Output {
    // A validator that finds itself wrong panics; the others go on.
    deterministic::Runner::new(settings(seed).with_catch_panics(true)).start(test)
}

#[test]
fn four_validators_agree_on_every_block() {
    simulate(4, |context| async move {
        let committee = Committee::new(context).await;
        let mut validators = Vec::new();
        for number in 0..VALIDATORS {
            validators.push(committee.start(number).await);
        }
        let sent: Vec<_> = (0..60).map(|nonce| transaction(&committee.genesis, 1, nonce, 64, GENESIS_TIME)).collect();
        committee.send(&sent);
        let blocks = follow(&validators.iter().collect::<Vec<_>>(), sent.len()).await;
        let receipts = blocks.iter().flat_map(|block| &block.receipts).map(|receipt| receipt.transaction);
        assert_eq!(receipts.collect::<Vec<_>>(), sent.iter().map(|checked| checked.hash).collect::<Vec<_>>());
        assert!(committee.sources.iter().all(|source| source.waiting() == 0 && source.dropped().is_empty()));
        for services in &validators {
            let proven = services.prove(&[99, 99]).await.unwrap();
            let found = proven.bundle.verify(committee.genesis.chain(), &committee.genesis.group_key, &[99, 99], None);
            assert!(found.unwrap().height >= blocks.len() as u64);
        }
    });
}

#[test]
fn a_validator_that_comes_late_runs_every_block_and_has_the_same_roots() {
    simulate(5, |context| async move {
        let committee = Committee::new(context).await;
        let (first, second, third) = (committee.start(0).await, committee.start(1).await, committee.start(2).await);
        let sent: Vec<_> = (0..60).map(|nonce| transaction(&committee.genesis, 1, nonce, 64, GENESIS_TIME)).collect();
        for (number, part) in sent.chunks(20).enumerate() {
            committee.send(part);
            follow(&[&first, &second, &third], (number + 1) * 20).await;
        }
        let late = committee.start(3).await;
        let blocks = follow(&[&first, &late], sent.len()).await;
        assert!(blocks.len() > 3);
        let (here, there) =
            (first.block(blocks.len() as u64).await.unwrap(), late.block(blocks.len() as u64).await.unwrap());
        assert_eq!(here, there);
    });
}

#[test]
fn a_wrong_state_root_gets_no_votes_and_the_chain_goes_on_without_its_proposer() {
    // A validator with another state stops when the others' first block is final, so it lies only if it comes first.
    let lies: usize = (0..VALIDATORS).map(|liar| simulate(6, |context| lie(context, liar))).sum();
    assert!(lies > 0, "one of the four proposed the first block");
}

/// Runs a chain in which this validator has another state than the others; how often it proposed.
async fn lie(context: deterministic::Context, liar: usize) -> usize {
    let committee = Committee::new(context).await;
    let sent: Vec<_> = (0..30).map(|nonce| transaction(&committee.genesis, 1, nonce, 64, GENESIS_TIME)).collect();
    committee.send(&sent);
    let _other = committee.start_with_other_state(liar).await;
    let mut honest = Vec::new();
    for number in (0..VALIDATORS).filter(|number| *number != liar) {
        honest.push(committee.start(number).await);
    }
    let blocks = follow(&honest.iter().collect::<Vec<_>>(), sent.len()).await;
    let key = committee.keys[liar].peer.public_key();
    for block in &blocks {
        assert_ne!(proposer(&honest[0], block.header.height).await, Some(key.clone()));
    }
    let listing = honest[0].scan().await.unwrap();
    assert!(listing.records.iter().all(|(key, _)| key != b"a record of its own"));
    committee.sources[liar].proposals()
}

#[test]
fn a_bad_signature_gets_no_votes_and_the_chain_goes_on() {
    simulate(7, |context| async move {
        let committee = Committee::new(context).await;
        let mut validators = Vec::new();
        for number in 0..VALIDATORS {
            validators.push(committee.start(number).await);
        }
        // One validator believes a transaction that nobody signed.
        let good = transaction(&committee.genesis, 2, 0, 64, GENESIS_TIME);
        let forged = List::new(vec![Bytes::new(vec![7; 64]).unwrap()]).unwrap();
        let forged = checked(Transaction { body: good.transaction.body.clone(), signatures: forged });
        let liar = &committee.sources[1];
        liar.add([forged.clone()]);
        let mut sent = 0;
        // It gets its turns, each of them in vain; the others' transactions become final all the same.
        while liar.proposals() < 3 {
            let next: Vec<_> =
                (sent..sent + 5).map(|nonce| transaction(&committee.genesis, 1, nonce, 64, GENESIS_TIME)).collect();
            for number in [0, 2, 3] {
                committee.sources[number].add(next.iter().cloned());
            }
            sent += 5;
            let blocks = follow(&validators.iter().collect::<Vec<_>>(), sent as usize).await;
            assert!(blocks.iter().flat_map(|block| &block.receipts).all(|receipt| receipt.transaction != forged.hash));
            committee.context.sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(liar.waiting(), 1, "the forged transaction is in no block");
    });
}
