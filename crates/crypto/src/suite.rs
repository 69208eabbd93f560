//! The suites by number, and what they all can do.

use crate::ed25519;
use thiserror::Error;
use types::transaction::{PublicKey, Suite};

/// One signature to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub public_key: &'a PublicKey,
    pub message: &'a [u8; 32],
    pub signature: &'a [u8],
}

/// Why a public key may not sign here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum KeyFault {
    #[error("suite {0} is not known")]
    UnknownSuite(Suite),
    #[error("an Ed25519 public key has 32 bytes")]
    WrongLength,
    /// A second encoding of the same point would be a second account of the same key.
    #[error("the public key is not in its one canonical encoding")]
    NotCanonical,
    /// Anyone can sign for such a key.
    #[error("the public key has a small order: anyone could sign for it")]
    SmallOrder,
}

/// Whether a key may be a signer: of a known suite, canonical, and not one that anyone can sign for.
///
/// Cheap (bytes only), so it is asked of every signer of every transaction. That the bytes are a point of the curve is
/// left to [`verify`]: no signature verifies for bytes that are none.
pub fn check_public_key(key: &PublicKey) -> Result<(), KeyFault> {
    match key.suite {
        Suite::ED25519 => ed25519::check_public_key(&key.bytes),
        unknown => Err(KeyFault::UnknownSuite(unknown)),
    }
}

/// Whether the signature over the message verifies. Unknown suites and wrong lengths do not.
pub fn verify(public_key: &PublicKey, message: &[u8; 32], signature: &[u8]) -> bool {
    match public_key.suite {
        Suite::ED25519 => ed25519::verify(&public_key.bytes, message, signature),
        _ => false,
    }
}

/// [`verify`] for many at once, at about 40% of the cost; each item gets its own answer.
pub fn verify_batch(items: &[Item<'_>]) -> Vec<bool> {
    let mut verdicts = vec![false; items.len()];
    let (positions, parsed): (Vec<usize>, Vec<ed25519::Entry>) = items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.public_key.suite == Suite::ED25519)
        .filter_map(|(position, item)| Some((position, ed25519::Entry::parse(item)?)))
        .unzip();
    for (position, valid) in positions.into_iter().zip(ed25519::verify_batch(&parsed)) {
        verdicts[position] = valid;
    }
    verdicts
}
