//! The rules at the edges, and that a batch and a single check never differ.

use crate::{Item, KeyFault, SigningKey, check_public_key, verify, verify_batch, yardstick};
use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
};
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};
use types::{
    text::Bytes,
    transaction::{PublicKey, Signature, Suite},
};

const MESSAGE: [u8; 32] = *b"a message of thirty-two bytes !!";

fn key_of(bytes: &[u8]) -> PublicKey {
    PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).unwrap() }
}

/// A key, a signature over [`MESSAGE`] and what the rules say about it.
struct Case {
    key: PublicKey,
    signature: Vec<u8>,
    valid: bool,
}

fn case(key: &[u8], r: &[u8; 32], s: &[u8; 32], valid: bool) -> Case {
    Case { key: key_of(key), signature: [*r, *s].concat(), valid }
}

/// Every non-canonical encoding of a point: y of 2^255 - 19 to 2^255 - 1, and x = 0 with the sign set.
fn non_canonical_encodings() -> Vec<[u8; 32]> {
    let mut encodings = Vec::new();
    for low in 0xed..=0xff {
        for top in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, top);
            encodings.push(bytes);
        }
    }
    let mut one = [0; 32];
    (one[0], one[31]) = (1, 0x80);
    let mut minus_one = [0xff; 32];
    minus_one[0] = 0xec;
    encodings.extend([one, minus_one]);
    encodings.retain(|bytes| CompressedEdwardsY(*bytes).decompress().is_some());
    encodings
}

fn small_order_encodings() -> Vec<[u8; 32]> {
    let canonical = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes());
    let is_small = |bytes: &[u8; 32]| CompressedEdwardsY(*bytes).decompress().unwrap().is_small_order();
    let others = non_canonical_encodings().into_iter().filter(is_small);
    canonical.chain(others).collect()
}

fn challenge(r: &[u8; 32], a: &[u8; 32]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(
        &Sha512::new().chain_update(r).chain_update(a).chain_update(MESSAGE).finalize().into(),
    )
}

/// Valid by ZIP215: all pairs of small-order key and R with s = 0, and mixed-order parts. Invalid: s not reduced, R or
/// key not on the curve, and ordinary wrong ones.
fn zip215_cases() -> Vec<Case> {
    let zero = [0; 32];
    let small = small_order_encodings();
    let mut cases: Vec<Case> =
        small.iter().flat_map(|a| small.iter().map(|r| case(a, r, &zero, true)).collect::<Vec<_>>()).collect();

    let secret = Scalar::from(1_234_567_u64);
    let nonce = Scalar::from(7_654_321_u64);
    for torsion in EIGHT_TORSION {
        // The signer's key, R, or both carry a part of small order; the cofactor removes it.
        for (a_part, r_part) in
            [(torsion, EdwardsPoint::default()), (EdwardsPoint::default(), torsion), (torsion, torsion)]
        {
            let a = (ED25519_BASEPOINT_POINT * secret + a_part).compress().to_bytes();
            let r = (ED25519_BASEPOINT_POINT * nonce + r_part).compress().to_bytes();
            let s = nonce + challenge(&r, &a) * secret;
            cases.push(case(&a, &r, s.as_bytes(), true));
            cases.push(case(&a, &r, (s + Scalar::ONE).as_bytes(), false));
        }
    }
    // s + l is the same number modulo l, but not its one canonical form.
    let order: [u8; 32] =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap().try_into().unwrap();
    cases.push(case(&small[0], &small[0], &order, false));
    // y = 2 is no point of the curve.
    let mut off_curve = zero;
    off_curve[0] = 2;
    assert!(CompressedEdwardsY(off_curve).decompress().is_none());
    cases.push(case(&off_curve, &small[0], &zero, false));
    cases.push(case(&small[0], &off_curve, &zero, false));
    cases
}

#[test]
fn edge_cases_follow_zip215_alone_and_in_a_batch() {
    let cases = zip215_cases();
    assert!(cases.len() > 196 + 48);
    for case in &cases {
        assert_eq!(verify(&case.key, &MESSAGE, &case.signature), case.valid, "{:?} {:?}", case.key, case.signature);
        let item = Item { public_key: &case.key, message: &MESSAGE, signature: &case.signature };
        // With itself it makes a batch of two: the equation, not the single check, must say so.
        assert_eq!(verify_batch(&[item, item]), [case.valid; 2], "{:?} {:?}", case.key, case.signature);
    }
    let items: Vec<_> =
        cases.iter().map(|c| Item { public_key: &c.key, message: &MESSAGE, signature: &c.signature }).collect();
    let expected: Vec<_> = cases.iter().map(|c| c.valid).collect();
    assert_eq!(verify_batch(&items), expected);
    let valid: Vec<_> = items.iter().zip(&expected).filter(|(_, valid)| **valid).map(|(item, _)| *item).collect();
    assert!(verify_batch(&valid).into_iter().all(|verdict| verdict));
}

#[test]
fn a_key_of_rfc_8032_signs_as_openssl_does() {
    // RFC 8032, 7.1: the key of test 1. Its own messages are not 32 bytes long, so the signature here was made by
    // OpenSSL (`openssl pkeyutl -sign -rawin`) over 32 bytes 0x00 to 0x1f.
    let seed: [u8; 32] =
        hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap().try_into().unwrap();
    let key = SigningKey::from_seed(&seed);
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    assert_eq!(hex::encode(&key.public_key().bytes[..]), public);
    let message: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let signature = "00c1db988bb12fd7351a6054ae3fac90fab7e4fc56b1651c7181f5f55f896f663933d3a90605d9058e9d0ac45950ee2d3c9c9b14857415587179fe0ccac35f09";
    assert_eq!(hex::encode(&key.sign(&message)[..]), signature);
    assert!(verify(&key.public_key(), &message, &key.sign(&message)));
}

#[test]
fn wrong_lengths_and_unknown_suites_are_invalid_and_never_panic() {
    let key = SigningKey::from_seed(&[1; 32]);
    let (public, signature) = (key.public_key(), key.sign(&MESSAGE));
    for length in (0..=130).filter(|length| *length != 64) {
        let other: Vec<u8> = signature.iter().copied().cycle().take(length).collect();
        assert!(!verify(&public, &MESSAGE, &other));
        assert_eq!(verify_batch(&[Item { public_key: &public, message: &MESSAGE, signature: &other }; 2]), [false; 2]);
    }
    for length in (0..=70).filter(|length| *length != 32) {
        let other = key_of(&public.bytes.iter().copied().cycle().take(length).collect::<Vec<_>>());
        assert!(!verify(&other, &MESSAGE, &signature));
        assert_eq!(
            verify_batch(&[Item { public_key: &other, message: &MESSAGE, signature: &signature }; 2]),
            [false; 2]
        );
        assert_eq!(check_public_key(&other), Err(KeyFault::WrongLength));
    }
    let foreign = PublicKey { suite: Suite(2), ..public };
    assert!(!verify(&foreign, &MESSAGE, &signature));
    assert_eq!(verify_batch(&[Item { public_key: &foreign, message: &MESSAGE, signature: &signature }]), [false]);
    assert_eq!(check_public_key(&foreign), Err(KeyFault::UnknownSuite(Suite(2))));
    assert_eq!(verify_batch(&[]), Vec::<bool>::new());
}

#[test]
fn keys_of_small_order_and_second_encodings_may_not_sign() {
    for bytes in small_order_encodings() {
        assert!(check_public_key(&key_of(&bytes)).is_err(), "{bytes:?}");
    }
    for bytes in non_canonical_encodings() {
        assert!(check_public_key(&key_of(&bytes)).is_err(), "{bytes:?}");
    }
    for point in EIGHT_TORSION {
        assert_eq!(check_public_key(&key_of(&point.compress().to_bytes())), Err(KeyFault::SmallOrder));
    }
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    assert_eq!(check_public_key(&key_of(&prime)), Err(KeyFault::NotCanonical));
    // Just below the prime, and no point of small order.
    prime[0] = 0xeb;
    assert_eq!(check_public_key(&key_of(&prime)), Ok(()));
    assert_eq!(check_public_key(&SigningKey::generate().unwrap().public_key()), Ok(()));
}

#[test]
fn one_bad_signature_in_a_large_batch_condemns_no_other() {
    let keys: Vec<_> = (0..40).map(|number| SigningKey::from_seed(&[number; 32])).collect();
    let publics: Vec<_> = keys.iter().map(SigningKey::public_key).collect();
    let signatures: Vec<Signature> = keys.iter().map(|key| key.sign(&MESSAGE)).collect();
    let other = [9; 32];
    // One equation, the fewest and more that take several, and the places where these begin and end.
    let of_300 = [0, 1, 255, 256, 299].map(|bad| (300, bad));
    let of_384 = [0, 191, 192, 383].map(|bad| (384, bad));
    let of_641 = [0, 213, 214, 427, 428, 640].map(|bad| (641, bad));
    for (count, bad) in of_300.into_iter().chain(of_384).chain(of_641) {
        let items: Vec<_> = (0..count)
            .map(|index| Item {
                public_key: &publics[index % 40],
                message: if index == bad { &other } else { &MESSAGE },
                signature: &signatures[index % 40],
            })
            .collect();
        let verdicts = verify_batch(&items);
        assert_eq!(verdicts.len(), count);
        assert!(verdicts.iter().enumerate().all(|(index, valid)| *valid == (index != bad)));
    }
}

#[test]
fn keys_come_back_from_their_seed_and_never_show_it() {
    let key = SigningKey::generate().unwrap();
    let again = SigningKey::from_seed(&key.seed());
    assert_eq!(again.public_key(), key.public_key());
    assert_ne!(SigningKey::generate().unwrap().public_key(), key.public_key());
    assert!(!format!("{key:?}").contains(&hex::encode(*key.seed())));
}

#[test]
fn the_yardstick_takes_the_median_of_the_clock_it_is_given() {
    let ticks = std::cell::Cell::new(0);
    let clock = || {
        ticks.set(ticks.get() + 5);
        ticks.get()
    };
    assert_eq!(yardstick::batch_check_cpu_ns(3, &clock), 5);
    assert_eq!(yardstick::single_check_cpu_ns(3, &clock), 5);
}

/// What is done to a good signature.
#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    Signature(usize, u8),
    Message(usize, u8),
    Key(usize, u8),
    OtherKey,
    Length(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        6 => Just(Damage::None),
        1 => (0..64_usize, 1..=255_u8).prop_map(|(at, by)| Damage::Signature(at, by)),
        1 => (0..32_usize, 1..=255_u8).prop_map(|(at, by)| Damage::Message(at, by)),
        1 => (0..32_usize, 1..=255_u8).prop_map(|(at, by)| Damage::Key(at, by)),
        1 => Just(Damage::OtherKey),
        1 => (0..64_usize).prop_map(Damage::Length),
    ]
}

fn damaged(signer: u8, message: [u8; 32], damage: Damage) -> (PublicKey, [u8; 32], Vec<u8>) {
    let key = SigningKey::from_seed(&[signer; 32]);
    let (mut message, mut public) = (message, key.public_key().bytes.to_vec());
    let mut signature = key.sign(&message).to_vec();
    match damage {
        Damage::None => {}
        Damage::Signature(at, by) => signature[at] ^= by,
        Damage::Message(at, by) => message[at] ^= by,
        Damage::Key(at, by) => public[at] ^= by,
        Damage::OtherKey => public = SigningKey::from_seed(&[200; 32]).public_key().bytes.to_vec(),
        Damage::Length(length) => signature.truncate(length),
    }
    (key_of(&public), message, signature)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_says_what_single_checks_say(
        parts in proptest::collection::vec((0..6_u8, any::<[u8; 32]>(), damage()), 0..70),
    ) {
        let made: Vec<_> = parts.iter().map(|(signer, message, what)| damaged(*signer, *message, *what)).collect();
        let items: Vec<_> =
            made.iter().map(|(public_key, message, signature)| Item { public_key, message, signature }).collect();
        let single: Vec<_> = made.iter().map(|(key, message, signature)| verify(key, message, signature)).collect();
        let batch = verify_batch(&items);
        prop_assert_eq!(&batch, &single);
        for ((_, _, what), valid) in parts.iter().zip(batch) {
            prop_assert_eq!(valid, matches!(what, Damage::None), "{:?}", what);
        }
    }

    #[test]
    fn foreign_bytes_never_verify_and_never_panic(key: [u8; 32], message: [u8; 32], signature in any::<[[u8; 32]; 2]>()) {
        let key = key_of(&key);
        let signature = signature.concat();
        prop_assert!(!verify(&key, &message, &signature));
        prop_assert_eq!(
            verify_batch(&[Item { public_key: &key, message: &message, signature: &signature }; 2]),
            [false; 2]
        );
    }
}
