//! State proofs of a running chain, checked with the group key alone; and every way to spoil them.

use super::support::{busy_chain, runner, spoiled};
use crate::{Proven, deal};
use commonware_runtime::Runner as _;
use commonware_utils::TestRng;
use crypto::{
    finality::FinalityError,
    state_proof::{Bundle, Neighbor, ProofError, open_entry},
};
use std::sync::Arc;
use types::{Genesis, Key, wire};

/// A chain of a few blocks, and proofs of each of its records and of keys that are not there.
fn proofs(senders: u8, rounds: u64) -> (Arc<Genesis>, Vec<(Key, Proven)>) {
    runner(0).start(|context| async move {
        let (genesis, services) = busy_chain(&context, senders, rounds).await;
        let mut proofs = Vec::new();
        for (key, value) in services.scan().await.unwrap().records {
            let proven = services.prove(&key).await.unwrap();
            assert_eq!(proven.value, Some(value));
            proofs.push((key, proven));
        }
        for number in 0..50_u8 {
            let key = vec![b'?', number];
            let proven = services.prove(&key).await.unwrap();
            assert_eq!(proven.value, None);
            proofs.push((key, proven));
        }
        (genesis, proofs)
    })
}

fn verify(genesis: &Genesis, bundle: &Bundle, key: &[u8], value: Option<&[u8]>) -> Result<u64, ProofError> {
    bundle.verify(genesis.chain(), &genesis.group_key, key, value).map(|header| header.height)
}

/// One proof of presence and one of absence.
fn one_of_each(proofs: &[(Key, Proven)]) -> [&(Key, Proven); 2] {
    let there = proofs.iter().find(|(_, proven)| proven.value.is_some()).unwrap();
    let absent = proofs.iter().find(|(_, proven)| proven.value.is_none()).unwrap();
    [there, absent]
}

#[test]
fn every_record_and_every_absence_is_proved_by_the_group_key_alone() {
    let (genesis, proofs) = proofs(40, 12);
    assert!(proofs.len() > 90);
    for (key, Proven { value, bundle }) in &proofs {
        assert!(bundle.path.leaves > 512, "the log is longer than two chunks");
        assert_eq!(verify(&genesis, bundle, key, value.as_deref()), Ok(bundle.header.height));
        let json = serde_json::to_string(bundle).unwrap();
        assert_eq!(serde_json::from_str::<Bundle>(&json).unwrap(), *bundle);
        assert_eq!(wire::decode::<Bundle>(&wire::encode(bundle)).unwrap(), *bundle);
    }
}

#[test]
fn a_flipped_byte_anywhere_in_a_proof_is_refused() {
    let (genesis, proofs) = proofs(3, 2);
    for (key, Proven { value, bundle }) in one_of_each(&proofs) {
        for (position, bytes) in spoiled(&wire::encode(bundle)) {
            // The encoding is canonical: other bytes are another bundle, or none. So whatever passed would be a second
            // proof, and there is none to be had by changing a byte.
            if let Ok(other) = wire::decode::<Bundle>(&bytes) {
                assert_ne!(other, *bundle, "byte {position}");
                assert!(verify(&genesis, &other, key, value.as_deref()).is_err(), "byte {position}");
            }
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_in_the_json_of_a_proof_is_refused() {
    let (genesis, proofs) = proofs(3, 2);
    for (key, Proven { value, bundle }) in one_of_each(&proofs) {
        let json = serde_json::to_vec(bundle).unwrap();
        for (position, bytes) in spoiled(&json) {
            match serde_json::from_slice::<Bundle>(&bytes) {
                // JSON has several spellings of one value (capital hex digits, the letter between date and time): what
                // was read is what was proved.
                Ok(same) if same == *bundle => {}
                Ok(other) => assert!(verify(&genesis, &other, key, value.as_deref()).is_err(), "byte {position}"),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn a_proof_holds_for_its_key_value_chain_and_group_only() {
    let (genesis, proofs) = proofs(3, 2);
    let (other_committee, _) = deal(1, &mut TestRng::new(9));
    let other_group = Err(ProofError::Finality(FinalityError::Signature));
    let other_chain = Err(ProofError::Finality(FinalityError::OtherChain));
    for (key, Proven { value, bundle }) in &proofs {
        let value = value.as_deref();
        let found = bundle.verify(genesis.chain(), &other_committee.group_key, key, value);
        assert_eq!(found.map(drop), other_group);
        let found = bundle.verify(types::Digest::default(), &genesis.group_key, key, value);
        assert_eq!(found.map(drop), other_chain);
        let (claimed_absent, claimed_there) =
            (verify(&genesis, bundle, key, None), verify(&genesis, bundle, key, Some(b"x")));
        match value {
            Some(value) => {
                assert_eq!(claimed_absent, Err(ProofError::OtherFinding));
                assert_eq!(claimed_there, Err(ProofError::OtherRoot));
                let longer = [value, &[0]].concat();
                assert_eq!(verify(&genesis, bundle, key, Some(&longer)), Err(ProofError::OtherRoot));
            }
            None => {
                assert_eq!(claimed_absent, Ok(bundle.header.height));
                assert_eq!(claimed_there, Err(ProofError::OtherFinding));
            }
        }
    }
    // No proof serves for another key that is there, present or not.
    for (key, Proven { bundle, .. }) in &proofs {
        for (other, Proven { value, .. }) in
            proofs.iter().filter(|(other, proven)| other != key && proven.value.is_some())
        {
            assert!(verify(&genesis, bundle, other, value.as_deref()).is_err());
            assert!(verify(&genesis, bundle, other, None).is_err());
        }
    }
}

#[test]
fn the_neighbors_of_an_absent_key_are_not_absent() {
    let (genesis, proofs) = proofs(3, 2);
    for (_, Proven { bundle, .. }) in proofs.iter().filter(|(_, proven)| proven.value.is_none()) {
        let Neighbor::Around { before, next } = &bundle.neighbor else { panic!("a proof of absence") };
        let (neighbor, _) = open_entry(before).unwrap();
        assert_eq!(verify(&genesis, bundle, neighbor, None), Err(ProofError::Neighbor));
        let after = proofs.iter().find(|(key, _)| crypto::state_proof::place(key) == *next).unwrap();
        assert_eq!(verify(&genesis, bundle, &after.0, None), Err(ProofError::Neighbor));
    }
}

#[test]
fn a_proof_under_another_final_block_is_refused() {
    let (genesis, earlier) = proofs(3, 1);
    let (same, later) = proofs(3, 2);
    assert_eq!(genesis, same, "the same chain, seen twice");
    for (key, Proven { value, bundle }) in &later {
        let old = &earlier.iter().find(|(other, _)| other == key).unwrap().1;
        let other_block = Err(ProofError::Finality(FinalityError::OtherBlock));
        let mixed =
            Bundle { header: old.bundle.header.clone(), finality: old.bundle.finality.clone(), ..bundle.clone() };
        assert_eq!(verify(&genesis, &mixed, key, value.as_deref()), Err(ProofError::OtherRoot));
        let mixed = Bundle { finality: old.bundle.finality.clone(), ..bundle.clone() };
        assert_eq!(verify(&genesis, &mixed, key, value.as_deref()), other_block);
        let mut mixed = bundle.clone();
        mixed.finality.certificate = old.bundle.finality.certificate.clone();
        assert_eq!(verify(&genesis, &mixed, key, value.as_deref()), other_block);
        let mut mixed = bundle.clone();
        mixed.finality.envelope = old.bundle.finality.envelope.clone();
        assert_eq!(verify(&genesis, &mixed, key, value.as_deref()), other_block);
    }
}
