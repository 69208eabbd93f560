//! What signatures alone cost on this machine: the yardstick that the node's cost per transaction is held against.
//!
//! The clock is the caller's (thread CPU time makes the best one), since this crate reads none.

use crate::{Item, SigningKey, verify, verify_batch};
use types::transaction::{PublicKey, Signature};

/// Signatures by as many different keys, ready to be checked.
pub struct Samples(Vec<(PublicKey, [u8; 32], Signature)>);

impl Samples {
    /// `count` valid signatures, the same ones each time.
    pub fn prepare(count: u32) -> Self {
        let sample = |number: u32| {
            let mut seed = [7; 32];
            seed[..4].copy_from_slice(&number.to_le_bytes());
            let key = SigningKey::from_seed(&seed);
            (key.public_key(), seed, key.sign(&seed))
        };
        Self((0..count).map(sample).collect())
    }

    /// Checks all in a batch.
    pub fn check_batch(&self) -> bool {
        let items = self.0.iter().map(|(public_key, message, signature)| Item { public_key, message, signature });
        verify_batch(&items.collect::<Vec<_>>()).into_iter().all(|valid| valid)
    }

    /// Checks one after the other.
    pub fn check_single(&self) -> bool {
        self.0.iter().all(|(key, message, signature)| verify(key, message, signature))
    }
}

/// Nanoseconds of `clock` for a batch check of `count` signatures by different keys.
pub fn batch_check_cpu_ns(count: u32, clock: &dyn Fn() -> u64) -> u64 {
    let samples = Samples::prepare(count);
    measure(clock, || samples.check_batch())
}

/// Nanoseconds of `clock` for single checks of `count` signatures by different keys.
pub fn single_check_cpu_ns(count: u32, clock: &dyn Fn() -> u64) -> u64 {
    let samples = Samples::prepare(count);
    measure(clock, || samples.check_single())
}

/// The median of nine runs after one to warm up.
fn measure(clock: &dyn Fn() -> u64, check: impl Fn() -> bool) -> u64 {
    assert!(check(), "the samples were signed above");
    let mut costs = [0; 9];
    for cost in &mut costs {
        let start = clock();
        assert!(check(), "the samples were signed above");
        *cost = clock() - start;
    }
    costs.sort_unstable();
    costs[costs.len() / 2]
}
