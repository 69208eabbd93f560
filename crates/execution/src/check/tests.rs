//! Every refusal of the envelope, and that neighbors do not touch each other's answers.

use super::*;
use crypto::SigningKey;
use expect_test::expect_file;
use proptest::prelude::*;
use std::fmt::Write as _;
use types::{
    Digest, Timestamp,
    text::{Bytes, List},
    transaction::{Act, Body, Suite, Transaction},
    wire,
};

const CHAIN: Digest = Digest([3; 32]);

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

fn body(nonce: u64, signers: &[PublicKey]) -> Body {
    let act = |call| Act { module: 2, call, payload: Bytes::new([1, 2, 3]).unwrap() };
    Body {
        chain: CHAIN,
        nonce,
        valid_until: Timestamp(1_772_000_000_000),
        signers: List::new(signers.to_vec()).unwrap(),
        acts: List::new(vec![act(1), act(2)]).unwrap(),
    }
}

fn signed_body(body: Body, keys: &[SigningKey]) -> Transaction {
    let message = body.hash().0;
    let signatures = keys.iter().map(|key| key.sign(&message)).collect();
    Transaction { body, signatures: List::new(signatures).unwrap() }
}

fn signed(nonce: u64, keys: &[SigningKey]) -> Transaction {
    let publics: Vec<_> = keys.iter().map(SigningKey::public_key).collect();
    signed_body(body(nonce, &publics), keys)
}

fn code(transaction: Transaction) -> u16 {
    check_one(CHAIN, transaction).expect_err("the check refuses").code
}

#[test]
fn a_transaction_of_two_signers_passes_and_keeps_its_hash_and_size() {
    let transaction = signed(7, &[key(1), key(2)]);
    let checked = check_encoded(CHAIN, &transaction.encode()).unwrap();
    assert_eq!(**checked, Named::from(transaction.clone()), "its bytes name it as it names itself");
    assert_eq!(checked.hash, transaction.body.hash());
    assert_eq!(checked.size, transaction.encode().len());
    assert_eq!(checked.transaction, transaction);
}

#[test]
fn refuses_another_chain() {
    let refused = check_one(Digest([4; 32]), signed(0, &[key(1)])).expect_err("another chain");
    assert_eq!(refused.code, 3);
}

#[test]
fn refuses_no_acts_no_signers_a_missing_signature_and_a_signer_twice() {
    let mut no_acts = body(0, &[key(1).public_key()]);
    no_acts.acts = List::default();
    assert_eq!(code(signed_body(no_acts, &[key(1)])), 11);
    assert_eq!(code(signed(0, &[])), 8);
    assert_eq!(code(signed_body(body(0, &[key(1).public_key(), key(2).public_key()]), &[key(1)])), 8);
    assert_eq!(code(signed(0, &[key(1), key(1)])), 9);
}

#[test]
fn refuses_an_unknown_suite_and_keys_that_anyone_can_sign_for() {
    let unknown = PublicKey { suite: Suite(77), ..key(1).public_key() };
    assert_eq!(code(signed_body(body(0, &[unknown]), &[key(1)])), 10);

    // With the neutral point as key and as R, and s = 0, ZIP215 accepts every message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let public = PublicKey { suite: Suite::ED25519, bytes: Bytes::new(neutral).unwrap() };
    let signature = [neutral, [0; 32]].concat();
    let body = body(0, std::slice::from_ref(&public));
    assert!(crypto::verify(&public, &body.hash().0, &signature), "the key is dangerous indeed");
    let signatures = List::new(vec![Bytes::new(signature).unwrap()]).unwrap();
    assert_eq!(code(Transaction { body, signatures }), 1);
    assert_eq!(
        code(signed_body(self::body(0, &[PublicKey { bytes: Bytes::new([1; 31]).unwrap(), ..public }]), &[key(1)])),
        1
    );
}

#[test]
fn refuses_a_transaction_over_its_size_also_when_it_came_inside_a_block() {
    let mut large = body(0, &[key(1).public_key()]);
    let act = Act { module: 1, call: 1, payload: Bytes::new(vec![0; limits::PAYLOAD_BYTES_MAX]).unwrap() };
    large.acts = List::new(vec![act; 5]).unwrap();
    let transaction = signed_body(large, &[key(1)]);
    assert_eq!(check_encoded(CHAIN, &transaction.encode()).expect_err("too big").code, 12);
    assert_eq!(code(transaction), 12);
}

#[test]
fn names_the_signer_whose_signature_is_wrong() {
    let mut transaction = signed(0, &[key(1), key(2)]);
    transaction.signatures = List::new(vec![transaction.signatures[0].clone(); 2]).unwrap();
    let refused = check_one(CHAIN, transaction).expect_err("a wrong signature");
    assert_eq!(refused.code, 7);
    assert_eq!(refused.fields, [("signer".to_owned(), key(2).public_key().account().to_string())]);
}

#[test]
fn every_changed_byte_of_a_signed_transaction_is_refused() {
    let bytes = signed(7, &[key(1), key(2)]).encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(check_encoded(CHAIN, &changed).is_err(), "byte {at}");
        assert!(check_encoded(CHAIN, &bytes[..at]).is_err(), "cut at {at}");
    }
    assert!(check_encoded(CHAIN, &[bytes, vec![0]].concat()).is_err());
}

#[test]
fn no_bytes_but_a_transactions_own_are_read_as_that_transaction() {
    // A name is taken from the bytes as they came, so no other bytes may be read as the same transaction.
    let bytes = signed(300, &[key(1), key(2)]).encode();
    let mut read = 0;
    let mut look = |changed: Vec<u8>| {
        if let Ok(named) = Named::decode(&changed) {
            assert_eq!(named.transaction.encode(), changed, "one value, one encoding");
            assert_eq!(named, Named::from(named.transaction.clone()));
            read += 1;
        }
    };
    for at in 0..bytes.len() {
        let (before, after) = (&bytes[..at], &bytes[at + 1..]);
        for other in 0..=u8::MAX {
            look([before, &[other], after].concat());
        }
        // Lengths are ULEB128: the same number with more bytes than it needs.
        look([before, &[bytes[at] | 0x80, 0], after].concat());
        look([before, &[bytes[at] | 0x80, 0x80, 0], after].concat());
        look([before, after].concat());
        look([before, &[0], &bytes[at..]].concat());
    }
    assert!(read > bytes.len(), "most bytes are part of a value, and another one is another value");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_batch_answers_as_single_checks_do(kinds in proptest::collection::vec(0..6_u8, 0..40)) {
        let transactions: Vec<_> = (0..).zip(&kinds).map(|(nonce, kind)| {
            let mut transaction = signed(nonce, &[key(1), key(2)]);
            match kind {
                0 => transaction.body.chain = Digest([9; 32]),
                1 => transaction.body.nonce += 1,
                2 => transaction.signatures = List::default(),
                3 => transaction.signatures = List::new(vec![Bytes::default(); 2]).unwrap(),
                _ => {}
            }
            transaction
        }).collect();
        let batch = check_batch(CHAIN, transactions.clone());
        let single: Vec<_> = transactions.into_iter().map(|transaction| check_one(CHAIN, transaction)).collect();
        prop_assert_eq!(&batch, &single);
        for (answer, kind) in batch.iter().zip(kinds) {
            prop_assert_eq!(answer.is_ok(), kind > 3);
        }
    }
}

/// `vectors/transaction.json`: binds every implementation of the wire format and of the signature.
#[test]
fn the_transaction_vector_is_what_the_code_makes() {
    let keys = [key(1), key(2)];
    let transaction = signed(7, &keys);
    let mut seeds = String::new();
    for key in &keys {
        let comma = if seeds.is_empty() { "" } else { ", " };
        write!(seeds, "{comma}\"{}\"", wire::hex_encode(&*key.seed())).unwrap();
    }
    let vector = format!(
        "{{\n  \"seeds\": [{seeds}],\n  \"sender\": \"{}\",\n  \"transaction\": {},\n  \"body_bcs\": \"{}\",\n  \
         \"hash\": \"{}\",\n  \"transaction_bcs\": \"{}\"\n}}\n",
        transaction.body.sender().unwrap(),
        serde_json::to_string_pretty(&transaction).unwrap().replace('\n', "\n  "),
        wire::hex_encode(&wire::encode(&transaction.body)),
        transaction.body.hash(),
        wire::hex_encode(&transaction.encode()),
    );
    serde_json::from_str::<serde_json::Value>(&vector).expect("the vector is JSON");
    expect_file!["../../../../vectors/transaction.json"].assert_eq(&vector);
    assert!(check_one(CHAIN, transaction).is_ok());
}
