//! State proofs of a running chain, checked with the group key alone; and every way to spoil them.

use super::support::{GENESIS_TIME, MemorySource, config, genesis, transaction};
use crate::{deal, network, start::start};
use commonware_cryptography::Signer as _;
use commonware_runtime::{Runner as _, Supervisor as _, deterministic};
use commonware_utils::test_rng;
use crypto::state_proof::{Finding, StateProof};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use types::{Genesis, Key, wire};

/// A chain of a few blocks, and proofs of each of its records and of keys that are not there.
fn proofs(senders: u8, rounds: u64) -> (Arc<Genesis>, Vec<(Key, Option<Vec<u8>>, StateProof)>) {
    let start_time = UNIX_EPOCH + Duration::from_millis(GENESIS_TIME.0);
    let settings = deterministic::Config::default().with_start_time(start_time);
    deterministic::Runner::new(settings).start(|context| async move {
        let (committee, keys) = deal(1, &mut test_rng());
        let genesis = Arc::new(genesis(&committee));
        let source = Arc::new(MemorySource::default());
        let network = network::alone(keys[0].peer.public_key());
        let (services, _) =
            start(context.child("chain"), config(&genesis, &keys[0], &source), network).await.unwrap();
        let mut blocks = services.final_blocks(1);
        for nonce in 0..rounds {
            source.add((1..=senders).map(|sender| transaction(&genesis, sender, nonce, 40, GENESIS_TIME)));
            let mut left = usize::from(senders);
            while left > 0 {
                left -= blocks.recv().await.unwrap().unwrap().receipts().len();
            }
        }
        let mut proofs = Vec::new();
        for (key, value) in services.scan().await.unwrap().records {
            proofs.push((key.clone(), Some(value), services.prove(&key).await.unwrap()));
        }
        for number in 0..50_u8 {
            let key = vec![b'?', number];
            proofs.push((key.clone(), None, services.prove(&key).await.unwrap()));
        }
        (genesis, proofs)
    })
}

#[test]
fn every_record_and_every_absence_is_proved_by_the_group_key_alone() {
    let (genesis, proofs) = proofs(40, 12);
    assert!(proofs.len() > 90);
    for (key, value, proof) in &proofs {
        assert!(proof.path.leaves > 512, "the log is longer than two chunks");
        let found = proof.verify(genesis.chain(), &genesis.group_key, key).unwrap();
        assert_eq!(found, value.as_deref());
        let json = serde_json::to_string(proof).unwrap();
        assert_eq!(serde_json::from_str::<StateProof>(&json).unwrap(), *proof);
    }
}

#[test]
fn a_wrong_byte_anywhere_in_a_proof_is_noticed() {
    let (genesis, proofs) = proofs(3, 2);
    let present = proofs.iter().find(|(_, value, _)| value.is_some()).unwrap();
    let absent = proofs.iter().find(|(_, value, _)| value.is_none()).unwrap();
    for (key, _, proof) in [present, absent] {
        let bytes = wire::encode(proof);
        for position in 0..bytes.len() {
            let mut spoiled = bytes.clone();
            spoiled[position] ^= 0x10;
            let verdict = wire::decode::<StateProof>(&spoiled)
                .map(|proof| proof.verify(genesis.chain(), &genesis.group_key, key).is_err());
            assert_ne!(verdict, Ok(false), "byte {position} of {}", bytes.len());
        }
    }
}

#[test]
fn a_proof_holds_for_its_key_chain_and_group_only() {
    let (genesis, proofs) = proofs(3, 2);
    let (other_committee, _) = deal(1, &mut commonware_utils::test_rng_seeded(9));
    for (key, _, proof) in &proofs {
        assert!(proof.verify(genesis.chain(), &other_committee.group_key, key).is_err());
        assert!(proof.verify(types::Digest::default(), &genesis.group_key, key).is_err());
    }
    let (_, _, absence) = proofs.iter().find(|(_, value, _)| value.is_none()).unwrap();
    let Finding::Absent { before, .. } = &absence.finding else { panic!("a proof of absence") };
    let (neighbour, _) = crypto::state_proof::open_entry(before).unwrap();
    assert!(absence.verify(genesis.chain(), &genesis.group_key, neighbour).is_err());
    let (present, _, proof) = &proofs[0];
    let mut other = present.clone();
    other.push(0);
    assert!(proof.verify(genesis.chain(), &genesis.group_key, &other).is_err());
}
