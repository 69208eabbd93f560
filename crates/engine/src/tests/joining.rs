//! A machine that begins at a recent block: it gets the state from peers, and has what came before from nobody.

use super::{
    committee::{Committee, VALIDATORS, proposer, simulate},
    epochs::{EPOCH_BLOCKS, adopt, appoint, epoch, new_peer, peer, reach},
    support::{GENESIS_TIME, transaction},
};
use crate::{Error, Phase, services::Services};
use commonware_runtime::{Clock as _, Spawner as _, Supervisor as _, deterministic};
use ledger::governance::Change;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

type Machine = Services<deterministic::Context>;

/// Four validators in their third epoch, with some transactions behind them, who know a fifth machine.
async fn grown(context: deterministic::Context, change: fn(&Committee) -> Change) -> (Committee, Vec<Machine>) {
    let committee = Committee::with_newcomers(context, 1, EPOCH_BLOCKS).await;
    let mut validators = Vec::new();
    for number in 0..VALIDATORS {
        validators.push(committee.start(number).await);
    }
    appoint(&committee);
    adopt(&committee, &validators[0], 0, change(&committee)).await;
    for nonce in 0..40 {
        committee.send(&[transaction(&committee.genesis, 9, nonce, 2_000, GENESIS_TIME)]);
    }
    reach(&validators.iter().collect::<Vec<_>>(), 2 * EPOCH_BLOCKS + 2).await;
    (committee, validators)
}

/// The records at the same height at both.
async fn same_state(one: &Machine, other: &Machine) {
    loop {
        let (one, other) = (one.scan().await.unwrap(), other.scan().await.unwrap());
        if one.height == other.height {
            assert_eq!(one.state_root, other.state_root);
            let records = |listing: crate::Listing| listing.records.into_iter().collect::<BTreeMap<_, _>>();
            assert_eq!(records(one), records(other));
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_machine_without_blocks_begins_at_a_recent_one_and_follows() {
    simulate(31, |context| async move {
        let (committee, validators) = grown(context, |committee| Change::AddObserver(new_peer(committee, 4))).await;
        let began_above = validators[0].head().borrow().height;
        let observer = committee.join(4).await.unwrap();
        reach(&[&validators[0], &observer], 4 * EPOCH_BLOCKS + 3).await;
        let first = observer.first();
        assert!(first >= began_above, "it begins at {first}, and the chain was at {began_above}");
        // What came before is not here, and it says so.
        assert!(matches!(observer.block(1).await, Err(Error::NotKept { first: kept }) if kept == first));
        let told = observer.final_blocks(1).recv().await.unwrap();
        assert!(matches!(told, Err(Error::NotKept { .. })));
        let mut blocks = observer.final_blocks(first);
        for height in first..=4 * EPOCH_BLOCKS {
            let here = blocks.recv().await.unwrap().unwrap();
            assert_eq!(here, validators[0].block(height).await.unwrap().unwrap());
        }
        assert_eq!(observer.epoch().await.unwrap().number, 4);
        same_state(&validators[1], &observer).await;
        // It proves what was written before it began.
        let key = ledger::core::nonce::key(super::support::key(9).public_key().account());
        let proven = observer.prove(&key).await.unwrap();
        let (chain, group) = (committee.genesis.chain(), &committee.genesis.group_key);
        proven.bundle.verify(chain, group, &key, proven.value.as_deref()).unwrap();
        assert!(proven.value.is_some());
    });
}

#[test]
fn a_validator_that_joined_at_a_recent_block_gets_its_share_and_proposes() {
    simulate(32, |context| async move {
        let (committee, mut validators) =
            grown(context, |committee| Change::AddValidator(new_peer(committee, 4))).await;
        validators.push(committee.join(4).await.unwrap());
        let info = epoch(&validators[4], 6).await;
        assert!(info.output.players().position(&peer(&committee, 4)).is_some(), "it signs");
        assert!(validators[4].first() > 1);
        let last = 7 * EPOCH_BLOCKS - 1;
        reach(&validators.iter().collect::<Vec<_>>(), last).await;
        let mut proposed = 0;
        for height in 6 * EPOCH_BLOCKS..last {
            proposed += usize::from(proposer(&validators[0], height).await == Some(peer(&committee, 4)));
        }
        assert!(proposed > 0, "its blocks are taken");
    });
}

#[test]
fn a_machine_that_falls_while_it_joins_goes_on() {
    simulate(33, |context| async move {
        let (committee, validators) =
            grown(context.child("world"), |committee| Change::AddObserver(new_peer(committee, 4))).await;
        let committee = Arc::new(committee);
        for (attempt, milliseconds) in
            [5, 20, 40, 60, 80, 100, 120, 150, 180, 220, 260, 300, 350, 400, 500, 600, 800, 1_200]
                .into_iter()
                .enumerate()
        {
            let root = context.child("attempt").with_attribute("number", attempt).spawn({
                let committee = committee.clone();
                move |context| async move {
                    let joined = committee.join_in(context.child("chain"), 4).await.unwrap();
                    joined.head().wait_for(|head| head.height > u64::MAX - 1).await.map(drop).unwrap();
                }
            });
            context.sleep(Duration::from_millis(milliseconds)).await;
            root.abort();
        }
        let standing = crate::Standing::default();
        let phases = standing.phases();
        let observer = {
            let network = crate::simulation::ends(&committee.oracle, peer(&committee, 4)).await;
            let config = crate::ChainConfig { join: true, standing, ..committee.config(4) };
            crate::start::start(context.child("last"), config, network).await.unwrap().0
        };
        assert_eq!(*phases.borrow(), Phase::Following);
        let height = validators[0].head().borrow().height;
        reach(&[&validators[0], &observer], height + EPOCH_BLOCKS).await;
        assert!(observer.first() > 1);
        same_state(&validators[1], &observer).await;
        let (first, last) = (observer.first(), observer.head().borrow().height);
        for height in first..=last {
            assert_eq!(observer.block(height).await.unwrap(), validators[2].block(height).await.unwrap());
        }
    });
}
