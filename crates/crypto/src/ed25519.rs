//! Suite 1: Ed25519 with the ZIP215 rules, over the bare 32-byte message.
//!
//! ZIP215 says exactly which edge cases verify (small-order and non-canonical points do, `s` at or above the group
//! order does not), and checks with the cofactor, so a batch and a single check agree on every input. The message is
//! signed as it is, without a library's framing, so any Ed25519 signer (a browser, a hardware module) can sign.
//! The packages behind it stay inside this file.

use crate::{Item, KeyFault};
use ed25519_zebra::{Signature, VerificationKey, VerificationKeyBytes, batch};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, fmt};
use types::{
    text::Bytes,
    transaction::{PublicKey, Signature as SignatureBytes, Suite},
};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of the secret from which a key pair follows.
pub const SEED_BYTES: usize = 32;

/// Signatures in one equation, about: beyond this the cost per signature hardly falls, and a bad one spoils more; below
/// half of this it grows.
const BATCH: usize = 256;
/// Signatures in one equation when a batch has failed: small enough to corner a bad one, large enough to save work.
const PART_MAX: usize = 16;

/// The field's prime, 2^255 - 19, little-endian.
const PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// The y coordinates of the eight points of small order, little-endian: 0, 1, -1, and two of order eight.
/// The sign of x is left out: with either sign these are the points that stand here.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = PRIME;
        minus_one[0] -= 1;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// See [`crate::check_public_key`].
pub(crate) fn check_public_key(key: &[u8]) -> Result<(), KeyFault> {
    let mut y = <[u8; 32]>::try_from(key).map_err(|_| KeyFault::WrongLength)?;
    y[31] &= 0x7f;
    if y.iter().rev().ge(PRIME.iter().rev()) {
        return Err(KeyFault::NotCanonical);
    }
    // The other non-canonical encodings are those with x = 0 and the sign set: y = 1 and y = -1, of small order too.
    if SMALL_ORDER.contains(&y) {
        return Err(KeyFault::SmallOrder);
    }
    Ok(())
}

/// A signature whose parts have the right lengths.
#[derive(Clone)]
pub(crate) struct Entry {
    key: [u8; 32],
    message: [u8; 32],
    signature: [u8; 64],
}

impl Entry {
    /// The entry of an item of this suite; `None` where a length is wrong.
    pub(crate) fn parse(item: &Item<'_>) -> Option<Self> {
        let key = <[u8; 32]>::try_from(&item.public_key.bytes[..]).ok()?;
        let signature = <[u8; 64]>::try_from(item.signature).ok()?;
        Some(Self { key, message: *item.message, signature })
    }

    fn verify(&self) -> bool {
        verify(&self.key, &self.message, &self.signature)
    }
}

/// See [`crate::verify`].
pub(crate) fn verify(key: &[u8], message: &[u8; 32], signature: &[u8]) -> bool {
    let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
    let Ok(key) = VerificationKey::try_from(key) else { return false };
    key.verify(&Signature::from_bytes(&signature), message).is_ok()
}

/// One verdict per entry.
///
/// A failed batch is cut into parts of 16 and only failed parts are checked one by one. So one bad signature costs
/// little, and a batch of nothing but bad ones costs less than double the single checks.
pub(crate) fn verify_batch(entries: &[Entry]) -> Vec<bool> {
    let mut verdicts = Vec::with_capacity(entries.len());
    // No equation is left with few: those beyond the last whole one are shared among all.
    let equations = ((entries.len() + BATCH / 2) / BATCH).max(1);
    for batch in entries.chunks(entries.len().div_ceil(equations).max(1)) {
        if all_valid(batch) {
            verdicts.resize(verdicts.len() + batch.len(), true);
            continue;
        }
        for part in batch.chunks(PART_MAX) {
            let known_bad = batch.len() <= PART_MAX;
            if !known_bad && all_valid(part) {
                verdicts.resize(verdicts.len() + part.len(), true);
            } else {
                verdicts.extend(part.iter().map(Entry::verify));
            }
        }
    }
    verdicts
}

/// Whether all of them verify, in one equation.
fn all_valid(entries: &[Entry]) -> bool {
    if let [only] = entries {
        return only.verify();
    }
    let mut verifier = batch::Verifier::new();
    for entry in entries {
        let key = VerificationKeyBytes::from(entry.key);
        verifier.queue((key, Signature::from_bytes(&entry.signature), &entry.message));
    }
    verifier.verify(Coefficients::of(entries)).is_ok()
}

/// The coefficients of a batch equation, derived from everything in the batch.
///
/// A batch is sound when whoever made the signatures could not know the 128-bit coefficients beforehand. Here they
/// follow, by SHA-256 in counter mode, from a hash over every key, message and signature of the batch: changing any
/// byte changes all of them, so a forger can only try batches until the wrong parts cancel, 2^128 tries on average
/// (the argument of Fiat and Shamir). Unlike randomness of the operating system this needs no I/O, cannot fail or
/// repeat after a snapshot of a machine, and makes every run reproducible.
struct Coefficients {
    seed: [u8; 32],
    counter: u64,
}

impl Coefficients {
    fn of(entries: &[Entry]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"tributary/batch-coefficients/1");
        // Every part has a fixed length, so the concatenation can be read in one way only.
        for entry in entries {
            hasher.update(entry.key);
            hasher.update(entry.message);
            hasher.update(entry.signature);
        }
        Self { seed: hasher.finalize().into(), counter: 0 }
    }

    fn block(&mut self) -> [u8; 32] {
        let block = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_le_bytes()).finalize();
        self.counter += 1;
        block.into()
    }
}

impl TryRng for Coefficients {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(32) {
            part.copy_from_slice(&self.block()[..part.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}

/// A secret key that signs; wiped from memory when dropped.
pub struct SigningKey(Box<ed25519_zebra::SigningKey>);

impl SigningKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        getrandom::fill(seed.as_mut_slice())?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of a seed.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        Self(Box::new(ed25519_zebra::SigningKey::from(*seed)))
    }

    /// The secret itself, for a keystore.
    pub fn seed(&self) -> Zeroizing<[u8; SEED_BYTES]> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        seed.copy_from_slice(self.0.as_ref().as_ref());
        seed
    }

    pub fn public_key(&self) -> PublicKey {
        let bytes = <[u8; 32]>::from(VerificationKey::from(&*self.0));
        PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).expect("32 bytes are under the limit") }
    }

    pub fn sign(&self, message: &[u8; 32]) -> SignatureBytes {
        SignatureBytes::new(self.0.sign(message).to_bytes()).expect("64 bytes are under the limit")
    }
}

impl Drop for SigningKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.public_key().bytes)
    }
}
