//! Four validators over a simulated network: they agree, one of them may lie, and one may come late.

use super::{
    committee::{Committee, VALIDATORS, follow, proposer, simulate},
    support::{GENESIS_TIME, checked, transaction},
};
use commonware_cryptography::Signer as _;
use commonware_runtime::{Clock as _, deterministic};
use execution::Checked;
use std::{sync::Arc, time::Duration};
use types::{Bytes, List, Transaction, TransactionHash, transaction::Named};

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
fn a_listing_of_the_state_is_of_a_block_that_is_there() {
    simulate(9, |context| async move {
        let committee = Committee::new(context).await;
        let mut validators = Vec::new();
        for number in 0..VALIDATORS {
            validators.push(committee.start(number).await);
        }
        follow(&validators.iter().collect::<Vec<_>>(), 0).await;
        validators[0].head().wait_for(|head| head.height > 0).await.unwrap();
        let mut nonce = 0;
        while validators[0].head().borrow().height < 40 {
            committee.send(&[transaction(&committee.genesis, 1, nonce, 64, GENESIS_TIME)]);
            nonce += 1;
            let listing = validators[0].scan().await.unwrap();
            let block = validators[0].block(listing.height).await.unwrap().expect("the block is told");
            assert_eq!(block.header.state_root, listing.state_root);
            committee.context.sleep(Duration::from_millis(1)).await;
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
    propose_in_vain(7, |good| {
        let forged = List::new(vec![Bytes::new(vec![7; 64]).unwrap()]).unwrap();
        checked(Transaction { body: good.transaction.body.clone(), signatures: forged })
    });
}

#[test]
fn a_header_with_other_roots_than_its_block_gets_no_votes_and_the_chain_goes_on() {
    // The state after the block is what all have: only the roots of the transactions and of the receipts differ.
    propose_in_vain(8, |good| {
        Arc::new(Checked::vouch(Named { hash: TransactionHash::of(&[b"another"]), ..Named::clone(&good) }))
    });
}

/// Runs a chain in which one validator believes what this makes of a good transaction.
fn propose_in_vain(seed: u64, lie: impl FnOnce(Arc<Checked>) -> Arc<Checked>) {
    simulate(seed, |context| async move {
        let committee = Committee::new(context).await;
        let mut validators = Vec::new();
        for number in 0..VALIDATORS {
            validators.push(committee.start(number).await);
        }
        let good = transaction(&committee.genesis, 2, 0, 64, GENESIS_TIME);
        let lied = lie(good.clone());
        let liar = &committee.sources[1];
        liar.add([lied.clone()]);
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
            let mut told = blocks.iter().flat_map(|block| &block.receipts).map(|receipt| receipt.transaction);
            assert!(told.all(|told| told != good.hash && told != lied.hash), "the transaction is in no block");
            committee.context.sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(liar.waiting(), 1, "the transaction still waits where it is believed");
    });
}
