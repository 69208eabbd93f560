//! Epochs: shares are dealt anew, and the group's key stays.

use super::{
    committee::{Committee, VALIDATORS, follow, proposer, simulate},
    support::{GENESIS_TIME, MemorySource, acts, config, genesis, key, runner, start_alone, transaction},
};
use crate::{
    deal,
    services::Services,
    stack::{EpochInfo, PeerKey},
};
use commonware_cryptography::Signer as _;
use commonware_glue::dkg::types::EpochOutcome;
use commonware_runtime::{Runner as _, Storage as _, deterministic};
use commonware_utils::TestRng;
use ledger::{
    core::{EnterpriseId, Function},
    enterprise::{AddMember, NewMember},
    governance::{Change, NewPeer, Propose},
};
use std::sync::Arc;
use types::{Genesis, List, Outcome, PeerKey as Peer, Text, TransactionHash};

pub(super) const EPOCH_BLOCKS: u64 = 24;

/// Waits until the chain is this high at each of these.
pub(super) async fn reach(validators: &[&Services<deterministic::Context>], height: u64) {
    for services in validators {
        services.head().wait_for(|head| head.height >= height).await.unwrap();
    }
}

#[test]
fn shares_are_dealt_anew_in_every_epoch_and_the_groups_key_stays() {
    simulate(10, |context| async move {
        let committee = Committee::with_newcomers(context, 0, EPOCH_BLOCKS).await;
        let mut validators = Vec::new();
        for number in 0..VALIDATORS {
            validators.push(committee.start(number).await);
        }
        let all: Vec<_> = validators.iter().collect();
        let mut sharings = vec![committee.genesis.sharing.to_vec()];
        for epoch in 1..=4 {
            let last = epoch * EPOCH_BLOCKS - 1;
            reach(&all, last).await;
            let info = all[0].epoch_info(last + 1).await.unwrap();
            assert_eq!((info.epoch.get(), info.outcome), (epoch, EpochOutcome::Success));
            assert_eq!(all[3].epoch_info(last + 1).await.unwrap(), info);
            assert!(info.output.revealed().is_empty(), "everybody was there to be dealt to");
            let sharing = commonware_codec::Encode::encode(&info.output).to_vec();
            assert!(!sharings.contains(&sharing));
            sharings.push(sharing);
        }
        committee.send(&[transaction(&committee.genesis, 1, 0, 64, GENESIS_TIME)]);
        let blocks = follow(&all, 1).await;
        let last = blocks.last().unwrap();
        assert!(last.header.height > 4 * EPOCH_BLOCKS - 1);
        // One key verifies blocks of every epoch.
        for height in [1, EPOCH_BLOCKS - 1, EPOCH_BLOCKS, 3 * EPOCH_BLOCKS + 5, last.header.height] {
            let finality = all[1].finality(height).await.unwrap().unwrap();
            let header = &all[1].block(height).await.unwrap().unwrap().header;
            finality.verify(committee.genesis.chain(), &committee.genesis.group_key, header).unwrap();
        }
    });
}

/// The operator's people: one makes, one checks. They vote for it, and it alone votes.
pub(super) fn appoint(committee: &Committee) {
    let member = |number: u8, function| {
        let member = NewMember {
            name: Text::new(format!("number {number}")).unwrap(),
            functions: List::new(vec![function]).unwrap(),
            public_key: key(number).public_key(),
            starts: None,
            ends: None,
            limit_minor: None,
        };
        ledger::act(&AddMember { member }).unwrap()
    };
    let members = vec![member(1, Function::Maker), member(2, Function::Checker)];
    committee.send(&[acts(&committee.genesis, &[0], 0, members, GENESIS_TIME)]);
}

/// Has the operator vote for a change, and waits until it is made.
pub(super) async fn adopt(
    committee: &Committee,
    services: &Services<deterministic::Context>,
    nonce: u64,
    change: Change,
) {
    vote(committee, services, nonce, (vec![change], false)).await;
}

/// Has the operator vote for changes, whatever the preflight says of them where that is overridden.
pub(super) async fn vote(
    committee: &Committee,
    services: &Services<deterministic::Context>,
    nonce: u64,
    (changes, override_preflight): (Vec<Change>, bool),
) {
    let propose = Propose {
        changes: List::new(changes).unwrap(),
        reason: Text::default(),
        effective_at: None,
        override_preflight,
    };
    let vote = acts(&committee.genesis, &[1, 2], nonce, vec![ledger::act(&propose).unwrap()], GENESIS_TIME);
    let mut blocks = services.final_blocks(services.head().borrow().height);
    committee.send(std::slice::from_ref(&vote));
    loop {
        let block = blocks.recv().await.unwrap().unwrap();
        if let Some(receipt) = block.receipts.iter().find(|receipt| receipt.transaction == vote.hash) {
            assert!(matches!(receipt.outcome, Outcome::Applied { .. }), "{:?}", receipt.outcome);
            return;
        }
    }
}

pub(super) fn peer(committee: &Committee, number: usize) -> PeerKey {
    committee.keys[number].peer.public_key()
}

pub(super) fn new_peer(committee: &Committee, number: usize) -> NewPeer {
    NewPeer {
        peer_key: Peer::from_bytes(&peer(committee, number)).unwrap(),
        enterprise: EnterpriseId::derive(TransactionHash(committee.genesis.chain().0), 0, 0),
        name: Text::new(format!("machine {number}")).unwrap(),
        addresses: List::new(vec![format!("machine-{number}.example:9645").parse().unwrap()]).unwrap(),
    }
}

/// The epoch that this one signs in, once its first block is there.
pub(super) async fn epoch(services: &Services<deterministic::Context>, number: u64) -> EpochInfo {
    reach(&[services], number * EPOCH_BLOCKS).await;
    let info = services.epoch_info(number * EPOCH_BLOCKS).await.unwrap();
    assert_eq!(info.outcome, EpochOutcome::Success, "epoch {number}");
    info
}

#[test]
fn a_machine_that_was_voted_in_gets_a_share_and_signs_and_one_that_was_voted_out_is_not_needed() {
    simulate(11, |context| async move {
        let committee = Committee::with_newcomers(context, 1, EPOCH_BLOCKS).await;
        let mut validators = Vec::new();
        for number in 0..VALIDATORS {
            validators.push(committee.start(number).await);
        }
        appoint(&committee);
        epoch(&validators[0], 1).await;
        // Voted before the middle of epoch 1: it gets a share in epoch 3 and signs from epoch 4 on.
        adopt(&committee, &validators[0], 0, Change::AddValidator(new_peer(&committee, 4))).await;
        assert!(validators[0].head().borrow().height < EPOCH_BLOCKS + EPOCH_BLOCKS / 2, "in time");
        let second = epoch(&validators[0], 2).await;
        assert!(second.next_players.position(&peer(&committee, 4)).is_some(), "announced one epoch ahead");
        validators.push(committee.start(4).await);
        let third = epoch(&validators[0], 3).await;
        assert_eq!((third.output.players().len(), third.players.len()), (4, 5));
        let fourth = epoch(&validators[4], 4).await;
        assert_eq!(fourth.output.players().len(), 5);
        assert!(fourth.output.revealed().is_empty(), "the newcomer was there to be dealt to");
        // Once it has led, another may go. Voted out before the middle of epoch 5, it gets no share in epoch 7, and from epoch
        // 8 on four sign again.
        epoch(&validators[1], 5).await;
        let first_key = Peer::from_bytes(&peer(&committee, 0)).unwrap();
        adopt(&committee, &validators[1], 1, Change::RemoveValidator { peer_key: first_key }).await;
        assert!(validators[1].head().borrow().height < 5 * EPOCH_BLOCKS + EPOCH_BLOCKS / 2, "in time");
        assert_eq!(epoch(&validators[1], 7).await.output.players().len(), 5);
        let eighth = epoch(&validators[1], 8).await;
        assert_eq!(eighth.output.players().len(), 4);
        assert!(eighth.output.players().position(&peer(&committee, 0)).is_none());
        let mut proposers = Vec::new();
        for height in 4 * EPOCH_BLOCKS..5 * EPOCH_BLOCKS {
            proposers.extend(proposer(&validators[1], height).await);
        }
        assert!(proposers.contains(&peer(&committee, 4)), "the newcomer made blocks");
        // It can go now: the others do not miss it.
        for other in 1..5 {
            committee.oracle.remove_link(peer(&committee, 0), peer(&committee, other)).await.unwrap();
            committee.oracle.remove_link(peer(&committee, other), peer(&committee, 0)).await.unwrap();
        }
        let there: Vec<_> = validators[1..].iter().collect();
        committee.send(&[transaction(&committee.genesis, 3, 0, 64, GENESIS_TIME)]);
        reach(&there, 9 * EPOCH_BLOCKS + 4).await;
        let blocks = follow(&there, 4).await;
        assert_eq!(blocks.iter().flat_map(|block| &block.receipts).count(), 4);
    });
}

#[test]
fn an_observer_that_was_voted_in_follows_without_a_vote() {
    simulate(14, |context| async move {
        let committee = Committee::with_newcomers(context, 1, EPOCH_BLOCKS).await;
        let mut validators = Vec::new();
        for number in 0..VALIDATORS {
            validators.push(committee.start(number).await);
        }
        appoint(&committee);
        adopt(&committee, &validators[0], 0, Change::AddObserver(new_peer(&committee, 4))).await;
        let observer = committee.start(4).await;
        let last = 2 * EPOCH_BLOCKS + 4;
        reach(&[&validators[0], &observer], last).await;
        let here = observer.block(last).await.unwrap().unwrap();
        assert_eq!(here.hash, validators[0].block(last).await.unwrap().unwrap().hash);
        let info = epoch(&validators[0], 2).await;
        assert_eq!(info.output.players().len(), VALIDATORS);
        assert!(info.next_players.position(&peer(&committee, 4)).is_none());
        // What it is asked it proves like any other.
        let proven = observer.prove(&[99, 99]).await.unwrap();
        proven.bundle.verify(committee.genesis.chain(), &committee.genesis.group_key, &[99, 99], None).unwrap();
    });
}

#[test]
fn a_restart_in_a_later_epoch_goes_on_there_and_forgets_the_votes_of_those_long_over() {
    let (founding, keys) = deal(1, &mut TestRng::new(15));
    let genesis = Arc::new(Genesis { epoch_blocks: 16, ..genesis(&founding) });
    let source = Arc::new(MemorySource::default());
    let config = config(&genesis, &keys[0], &source);
    let again = config.clone();
    let (before, checkpoint) = runner(15).start_and_recover(|context| async move {
        let services = start_alone(&context, config).await;
        reach(&[&services], 4 * 16 + 2).await;
        services.epoch().await.unwrap()
    });
    deterministic::Runner::from(checkpoint).start(|context| async move {
        let services = start_alone(&context, again).await;
        assert_eq!((before.number, services.epoch().await.unwrap()), (4, before));
        reach(&[&services], 5 * 16 + 1).await;
        for (epoch, kept) in [(0, false), (1, false), (2, false), (3, true), (4, true)] {
            assert_eq!(context.scan(&format!("votes_consensus_{epoch}")).await.is_ok(), kept, "of epoch {epoch}");
        }
    });
}
