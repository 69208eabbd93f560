//! Crashes at any moment, in the deterministic runtime: what was not synced is lost, and the clock starts again.

use super::support::{GENESIS_TIME, MemorySource, config, genesis, replay_agrees, runner, transaction};
use crate::{FinalBlock, deal, network, services::Services, stack::Runtime, start::start};
use commonware_cryptography::Signer as _;
use commonware_runtime::{Clock as _, Runner as _, Supervisor as _, deterministic};
use commonware_utils::TestRng;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use types::Genesis;

/// What followers have seen over all runs.
type Seen = Arc<Mutex<BTreeMap<u64, Arc<FinalBlock>>>>;

const RUNS: u64 = 8;
const SENT: usize = 40;

/// Follows the chain from the first block on, and compares with what was seen before.
async fn follow<E: Runtime>(services: &Services<E>, seen: &Seen, until: impl Fn(&FinalBlock) -> bool) {
    let mut blocks = services.final_blocks(1);
    while let Some(block) = blocks.recv().await {
        let block = block.unwrap();
        let mut seen = seen.lock().unwrap();
        if let Some(known) = seen.get(&block.height()) {
            assert_eq!(known.hash, block.hash);
            assert_eq!(known.outputs, block.outputs);
        }
        let new = seen.insert(block.height(), block.clone()).is_none();
        if new && until(&block) {
            return;
        }
    }
}

fn crash_again_and_again(seed: u64) {
    let (committee, keys) = deal(1, &mut TestRng::new(seed));
    let genesis: Arc<Genesis> = Arc::new(genesis(&committee));
    let source = Arc::new(MemorySource::default());
    let config = config(&genesis, &keys[0], &source);
    let seen = Seen::default();
    let mut runner = runner(seed);
    for run in 0..RUNS {
        source.add((run * 5..run * 5 + 5).map(|nonce| transaction(&genesis, 1, nonce, 64, GENESIS_TIME)));
        let (config, seen) = (config.clone(), seen.clone());
        let life = Duration::from_millis(1 + seed * 7919 % 13 + run * run * 11 % 97);
        let (_, checkpoint) = runner.start_and_recover(|context| async move {
            let network = network::alone(config.keys.peer.public_key());
            let (services, _) = start(context.child("chain"), config, network).await.unwrap();
            let known = seen.lock().unwrap().len() as u64;
            assert!(services.head().borrow().height >= known, "what followers saw is there");
            let crash = context.sleep(life);
            futures::future::select(Box::pin(follow(&services, &seen, |_| false)), Box::pin(crash)).await;
        });
        runner = deterministic::Runner::from(checkpoint);
    }
    let counted = seen.clone();
    runner.start(|context| async move {
        let network = network::alone(config.keys.peer.public_key());
        let (services, _) = start(context.child("chain"), config, network).await.unwrap();
        while counted.lock().unwrap().values().map(|block| block.receipts().len()).sum::<usize>() < SENT {
            follow(&services, &counted, |_| true).await;
        }
        let mut state = BTreeMap::new();
        for block in counted.lock().unwrap().values() {
            for (key, value) in block.changes().iter().cloned() {
                match value {
                    Some(value) => state.insert(key, value),
                    None => state.remove(&key),
                };
            }
        }
        let listing = services.scan().await.unwrap();
        if listing.height == counted.lock().unwrap().len() as u64 {
            assert_eq!(listing.records.into_iter().collect::<BTreeMap<_, _>>(), state);
        }
    });
    let blocks: Vec<_> = seen.lock().unwrap().values().cloned().collect();
    let receipts = blocks.iter().flat_map(|block| block.receipts()).map(|receipt| receipt.transaction);
    assert_eq!(receipts.collect::<BTreeSet<_>>().len(), SENT, "each transaction has one receipt");
    replay_agrees(&genesis, blocks);
}

#[test]
fn what_followers_saw_survives_crashes_at_any_moment() {
    for seed in 0..6 {
        crash_again_and_again(seed);
    }
}
