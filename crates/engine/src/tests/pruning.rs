//! Nodes that keep the newest blocks only.

use super::{
    committee::{Committee, VALIDATORS, simulate},
    epochs::{EPOCH_BLOCKS, adopt, appoint, new_peer, reach},
    support::{GENESIS_TIME, MemorySource, config, genesis, runner, start_alone, transaction},
};
use crate::{ChainConfig, Error, deal, finals::STEP, network, services::Services, start::start};
use commonware_cryptography::Signer as _;
use commonware_runtime::{Runner as _, Storage as _, Supervisor as _, deterministic};
use commonware_utils::TestRng;
use ledger::governance::Change;
use std::{num::NonZeroU64, sync::Arc, time::Duration};
use types::Genesis;

const BLOCKS: u64 = 16;

fn keeping(config: ChainConfig, keep: u64) -> ChainConfig {
    ChainConfig { keep: NonZeroU64::new(keep), heartbeat: Duration::from_secs(1), ..config }
}

/// Every kept block reads back, and older ones are known to be gone.
async fn kept(services: &Services<deterministic::Context>, keep: u64) {
    let (first, head) = (services.first(), services.head().borrow().height);
    assert!((head + 1 - keep..=head + 2 - keep).contains(&first), "from {first} on, at {head}");
    for height in first + 1..=head {
        assert_eq!(services.block(height).await.unwrap().unwrap().header.height, height);
        services.finality(height).await.unwrap().unwrap();
    }
    assert!(matches!(services.block(first - 1).await, Err(Error::NotKept { .. })));
}

#[test]
fn a_node_gives_up_old_blocks_file_by_file_and_starts_again_without_them() {
    let (founding, keys) = deal(1, &mut TestRng::new(41));
    let genesis = Arc::new(Genesis { epoch_blocks: BLOCKS, ..genesis(&founding) });
    let source = Arc::new(MemorySource::default());
    let keep = 3 * BLOCKS;
    let config = keeping(config(&genesis, &keys[0], &source), keep);
    let (again, other) = (config.clone(), ChainConfig { keep: None, ..config.clone() });
    let until = 3 * STEP.get() + 7;
    let files = |context: deterministic::Context| async move {
        let mut count = 0;
        for partition in ["blocks-recent-values", "certificates-recent-values", "outputs_data"] {
            count += context.scan(partition).await.map_or(0, |files| files.len());
        }
        count
    };
    let (before, checkpoint) = runner(41).start_and_recover(|context| async move {
        let services = start_alone(&context, config).await;
        source.add((0..8).map(|nonce| transaction(&genesis, 1, nonce, 64, GENESIS_TIME)));
        reach(&[&services], STEP.get() / 2).await;
        let young = files(context.child("young")).await;
        reach(&[&services], until).await;
        kept(&services, keep).await;
        let old = files(context.child("old")).await;
        assert!(young >= 3 && old <= 2 * young, "{young} files became {old}");
        services.scan().await.unwrap().state_root
    });
    let (_, checkpoint) = deterministic::Runner::from(checkpoint).start_and_recover(|context| async move {
        let services = start_alone(&context, again).await;
        let height = services.head().borrow().height;
        assert!(height >= until);
        kept(&services, keep).await;
        reach(&[&services], height + 2 * BLOCKS).await;
        assert_ne!(services.scan().await.unwrap().state_root, before, "blocks move the clock of the state");
    });
    deterministic::Runner::from(checkpoint).start(|context| async move {
        let network = network::alone::<deterministic::Context>(other.keys.peer.public_key());
        let refused = start(context.child("chain"), other, network).await;
        assert!(matches!(refused.map(drop), Err(Error::KeepsRecent)));
    });
}

#[test]
fn a_machine_joins_validators_that_keep_recent_blocks_only() {
    simulate(42, |context| async move {
        let committee = Committee::with_newcomers(context.child("world"), 1, EPOCH_BLOCKS).await;
        let keep = 2 * EPOCH_BLOCKS;
        let begin = |number: usize| {
            let config = keeping(committee.config(number), keep);
            let config = ChainConfig { join: number == VALIDATORS, ..config };
            let (oracle, me) = (committee.oracle.clone(), committee.keys[number].peer.public_key());
            let context = context.child("machine").with_attribute("number", number);
            async move {
                let ends = crate::simulation::ends(&oracle, me).await;
                start(context, config, ends).await.unwrap().0
            }
        };
        let mut machines = Vec::new();
        for number in 0..VALIDATORS {
            machines.push(begin(number).await);
        }
        appoint(&committee);
        adopt(&committee, &machines[0], 0, Change::AddObserver(new_peer(&committee, 4))).await;
        reach(&machines.iter().collect::<Vec<_>>(), STEP.get() + 3 * EPOCH_BLOCKS).await;
        machines.push(begin(4).await);
        let height = machines[0].head().borrow().height;
        reach(&machines.iter().collect::<Vec<_>>(), height + 3 * EPOCH_BLOCKS).await;
        for machine in &machines {
            kept(machine, keep).await;
        }
        let last = height + 3 * EPOCH_BLOCKS;
        assert_eq!(machines[4].block(last).await.unwrap(), machines[1].block(last).await.unwrap());
    });
}
