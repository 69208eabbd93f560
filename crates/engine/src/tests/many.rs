//! Four validators over a simulated network.

use super::support::{GENESIS_TIME, MemorySource, config, genesis, transaction};
use crate::{StorageTuning, deal, network::Network, start::start};
use commonware_cryptography::Signer as _;
use commonware_p2p::simulated::{self, Link};
use commonware_runtime::{Quota, Runner as _, Supervisor as _, deterministic};
use commonware_utils::{NZU32, NZUsize, TestRng};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

const QUOTA: Quota = Quota::per_second(NZU32!(10_000));
const MESSAGE_BYTES_MAX: u32 = 8 << 20;

#[test]
fn four_validators_agree_on_every_block() {
    let start_time = UNIX_EPOCH + Duration::from_millis(GENESIS_TIME.0);
    let settings = deterministic::Config::default().with_seed(4).with_start_time(start_time);
    deterministic::Runner::new(settings).start(|context| async move {
        let (committee, keys) = deal(4, &mut TestRng::new(4));
        let genesis = Arc::new(genesis(&committee));
        let peers: Vec<_> = keys.iter().map(|keys| keys.peer.public_key()).collect();
        let (network, oracle) = simulated::Network::new_with_peers(
            context.child("network"),
            simulated::Config {
                max_size: MESSAGE_BYTES_MAX,
                max_peers_per_set: NZUsize!(4),
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
        // Every validator has the same transactions waiting, as if their pools had told each other.
        let sources: Vec<_> = (0..4).map(|_| Arc::new(MemorySource::default())).collect();
        let mut validators = Vec::new();
        for (number, keys) in keys.iter().enumerate() {
            let control = oracle.control(peers[number].clone());
            let mut channels = Vec::new();
            for channel in 0..5 {
                channels.push(control.register(channel, QUOTA).await.unwrap());
            }
            let mut channel = || channels.pop().unwrap();
            let network = Network {
                votes: channel(),
                certificates: channel(),
                resolver: channel(),
                backfill: channel(),
                broadcast: channel(),
                peers: oracle.manager(),
                blocker: control.clone(),
            };
            let mut config = config(&genesis, keys, &sources[number]);
            config.storage = StorageTuning { prefix: format!("v{number}-"), ..config.storage };
            config.heartbeat = Duration::from_secs(1);
            let context = context.child("validator").with_attribute("number", number);
            validators.push(start(context, config, network).await.unwrap().0);
        }
        let sent: Vec<_> = (0..60).map(|nonce| transaction(&genesis, 1, nonce, 64, GENESIS_TIME)).collect();
        for source in &sources {
            source.add(sent.clone());
        }
        let mut followers: Vec<_> = validators.iter().map(|services| services.final_blocks(1)).collect();
        let mut receipts = BTreeSet::new();
        for height in 1..=8 {
            let mut hashes = BTreeSet::new();
            for follower in &mut followers {
                let block = follower.recv().await.unwrap().unwrap();
                assert_eq!(block.height(), height);
                receipts.extend(block.receipts().iter().map(|receipt| receipt.transaction));
                hashes.insert(block.hash);
            }
            assert_eq!(hashes.len(), 1, "one block at each height");
        }
        assert_eq!(receipts.len(), sent.len());
        assert!(sources.iter().all(|source| source.waiting() == 0 && source.dropped().is_empty()));
    });
}
