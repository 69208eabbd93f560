//! A machine that begins at a recent block: it gets the state from peers, and has what came before from nobody.

use super::{
    committee::{Committee, VALIDATORS, proposer, simulate},
    epochs::{EPOCH_BLOCKS, adopt, appoint, epoch, new_peer, peer, reach, vote},
    support::{GENESIS_TIME, transaction},
};
use crate::{Checkpoint, Error, Phase, services::Services};
use commonware_runtime::{Clock as _, Spawner as _, Supervisor as _, deterministic};
use commonware_utils::ordered::Set;
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

/// A chain that three of its four first validators have left for good after three others came, and a machine that was voted
/// in since.
async fn moved_on(context: deterministic::Context) -> (Committee, Vec<Machine>) {
    let committee = Committee::with_newcomers(context, 4, EPOCH_BLOCKS).await;
    let mut validators = Vec::new();
    for number in 0..VALIDATORS {
        validators.push(committee.start(number).await);
    }
    appoint(&committee);
    let mut changes = vec![Change::AddObserver(new_peer(&committee, 7))];
    changes.extend([4, 5, 6].map(|number| Change::AddValidator(new_peer(&committee, number))));
    changes.extend([0, 1, 2].map(|number| {
        let peer_key = types::PeerKey::from_bytes(&peer(&committee, number)).unwrap();
        Change::RemoveValidator { peer_key }
    }));
    // All at once is more than the preflight lets pass: here everybody is there to pass the key on.
    vote(&committee, &validators[0], 0, (changes, true)).await;
    for number in 4..7 {
        validators.push(committee.start(number).await);
    }
    let info = epoch(&validators[3], 4).await;
    assert!(info.output.players().iter().eq(&signers(&committee)));
    for gone in 0..3 {
        for other in (gone + 1)..8 {
            let (one, other) = (peer(&committee, gone), peer(&committee, other));
            committee.oracle.remove_link(one.clone(), other.clone()).await.unwrap();
            committee.oracle.remove_link(other, one).await.unwrap();
        }
    }
    let there = validators.split_off(3);
    reach(&there.iter().collect::<Vec<_>>(), 5 * EPOCH_BLOCKS + 4).await;
    (committee, there)
}

/// Who signs in the end.
fn signers(committee: &Committee) -> Set<crate::stack::PeerKey> {
    Set::from_iter_dedup((3..7).map(|number| peer(committee, number)))
}

#[test]
fn a_machine_joins_by_a_checkpoint_when_the_first_validators_are_gone() {
    simulate(34, |context| async move {
        let (committee, validators) = moved_on(context.child("world")).await;
        let (genesis, committee) = (committee.genesis.clone(), Arc::new(committee));
        // By the genesis alone it asks those who are not there.
        let asking = context.child("asking").spawn({
            let committee = committee.clone();
            move |context| async move { committee.join_in(context.child("chain"), 7).await.map(drop) }
        });
        let patience = context.sleep(Duration::from_secs(60));
        let first = futures::future::select(Box::pin(asking), Box::pin(patience)).await;
        assert!(matches!(first, futures::future::Either::Right(_)), "nobody answers");

        let checkpoint = validators[1].checkpoint().await.unwrap().unwrap();
        let named = checkpoint.epoch(&genesis);
        assert_eq!(named, validators[1].epoch().await.unwrap().number);
        assert!(named >= 5, "epochs have gone by");
        let told = Checkpoint::decode(&checkpoint.encode(), &genesis).unwrap();
        assert_eq!(told, checkpoint);
        let machines = told.machines(&genesis).unwrap();
        let signing: Vec<_> = signers(&committee).iter().map(|key| types::PeerKey::from_bytes(key).unwrap()).collect();
        assert!(machines.keys().eq(&signing));
        let newcomer = types::PeerKey::from_bytes(&peer(&committee, 5)).unwrap();
        assert_eq!(machines[&newcomer].as_deref(), Some("machine-5.example:9645"));

        let network = crate::simulation::ends(&committee.oracle, peer(&committee, 7)).await;
        let config = crate::ChainConfig { join: true, checkpoint: Some(told), ..committee.config(7) };
        let joined = crate::start::start(context.child("joining"), config, network).await.unwrap().0;
        let height = validators[0].head().borrow().height;
        reach(&[&validators[0], &joined], height + EPOCH_BLOCKS).await;
        assert!(joined.first() > named * EPOCH_BLOCKS);
        same_state(&validators[0], &joined).await;
    });
}

#[test]
fn a_checkpoint_is_of_this_chain_whole_and_signed_or_refused() {
    simulate(35, |context| async move {
        let (committee, validators) = grown(context, |committee| Change::AddObserver(new_peer(committee, 4))).await;
        let genesis = &committee.genesis;
        let checkpoint = validators[0].checkpoint().await.unwrap().unwrap();
        assert_eq!(checkpoint.epoch(genesis), 2);
        let bytes = checkpoint.encode();
        assert!(Checkpoint::decode(&bytes, genesis).is_ok());
        let other = types::Genesis { epoch_blocks: EPOCH_BLOCKS + 1, ..types::Genesis::clone(genesis) };
        assert!(Checkpoint::decode(&bytes, &other).is_err(), "of another chain");
        for place in (0..bytes.len()).step_by(97) {
            let mut spoiled = bytes.clone();
            spoiled[place] ^= 1;
            assert!(Checkpoint::decode(&spoiled, genesis).is_err(), "byte {place}");
            assert!(Checkpoint::decode(&bytes[..place], genesis).is_err(), "cut at {place}");
        }
        // A final block that is not the last of an epoch names nobody.
        let header = validators[0].block(5).await.unwrap().unwrap().header.clone();
        let finality = validators[0].finality(5).await.unwrap().unwrap();
        let middle = Checkpoint { header, finality, body: checkpoint.body.clone() };
        assert!(matches!(Checkpoint::decode(&middle.encode(), genesis), Err(Error::Checkpoint(_))));
    });
}
