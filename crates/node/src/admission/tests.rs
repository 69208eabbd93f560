//! What a block may hold, whatever waits in the pool.

use super::check_block;
use crate::source::PoolSource;
use crypto::SigningKey;
use execution::check::{check_batch, check_one};
use mempool::{Arrival, Organisation, Policy};
use std::sync::Arc;
use types::{
    Act, Bytes, Digest, List, Timestamp, Transaction, TransactionHash,
    transaction::{Body, Checked},
};

const CHAIN: Digest = Digest([1; 32]);

fn signed(nonce: u64) -> Transaction {
    let key = SigningKey::from_seed(&[7; 32]);
    let act = Act { module: 1, call: 0, payload: Bytes::default() };
    let body = Body {
        chain: CHAIN,
        nonce,
        valid_until: Timestamp(1_000_000),
        signers: List::new(vec![key.public_key()]).expect("one"),
        acts: List::new(vec![act]).expect("one"),
    };
    let TransactionHash(message) = body.hash();
    Transaction { body, signatures: List::new(vec![key.sign(&message)]).expect("one") }
}

/// As a block brings it: nobody has looked at its signatures.
fn unchecked(transaction: Transaction) -> Arc<Checked> {
    Arc::new(Checked::vouch(transaction))
}

/// The transaction with its signature of another length, or with another signature.
fn forged(transaction: &Transaction, signature: Vec<u8>) -> Arc<Checked> {
    let signatures = List::new(vec![Bytes::new(signature).expect("short")]).expect("one");
    unchecked(Transaction { body: transaction.body.clone(), signatures })
}

#[test]
fn who_sends_a_forged_signature_is_told_from_those_whose_bundles_are_checked_with_it() {
    let [one, two, three] = [0, 1, 2].map(signed);
    let bad = forged(&two, vec![7; 64]).transaction.clone();
    let bundles = [vec![one.clone()], vec![], vec![three.clone(), bad, one], vec![three, two]];
    let lengths: Vec<usize> = bundles.iter().map(Vec::len).collect();
    let checked = check_batch(CHAIN, bundles.concat());
    assert_eq!(super::forged(&lengths, &checked), [false, false, true, false]);
    // What is refused for another reason may be an honest peer's.
    let checked = check_batch(Digest([2; 32]), bundles.concat());
    assert_eq!(super::forged(&lengths, &checked), [false; 4]);
}

#[test]
fn a_block_is_checked_but_for_what_waits_here_to_the_last_byte() {
    let source = Arc::new(PoolSource::new(Policy::FirstCome, None).0);
    let check = check_block(CHAIN, source.clone());
    let [waiting, strange] = [0, 1].map(signed);
    let checked = check_one(CHAIN, waiting.clone()).expect("it is sound");
    let arrival = Arrival { checked, next_nonce: 0, organisation: Organisation::UNKNOWN };
    let answers = source.submit(vec![arrival], 0, Timestamp(0)).expect("no block has become final");
    assert_eq!(answers, [Ok(mempool::Admitted::New)]);

    let [same, other] = [waiting.clone(), strange.clone()].map(unchecked);
    assert_eq!(source.strange(&[same.clone(), other.clone()]), [&**other], "one was checked when it came");
    assert_eq!(check(&[same.clone(), other.clone()]), Ok(()));
    for transaction in [&waiting, &strange] {
        let signature = transaction.signatures[0].to_vec();
        let mut spoiled = signature.clone();
        spoiled[40] ^= 1;
        for signature in [spoiled, signature[..63].to_vec(), Vec::new()] {
            let forged = forged(transaction, signature);
            assert_eq!(forged.hash, transaction.body.hash(), "a hash does not cover signatures");
            assert!(check(&[same.clone(), forged, other.clone()]).is_err());
        }
    }
}
