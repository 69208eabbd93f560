//! Signature suites: sign and verify what people sign, one suite per kind of key.
//!
//! A key carries its suite's number, so that others can come without touching what is signed. Today there is one:
//! Ed25519 with the ZIP215 rules, under which a batch and a single check always agree. Everything here is a pure
//! function of its input; only [`SigningKey::generate`] asks the operating system for randomness.
//!
//! Invariant: every node gives the same answer for the same bytes. So there is one implementation per suite, and
//! nothing here depends on a clock, on local files, or on how signatures were grouped.

mod ed25519;
pub mod suite;
pub mod yardstick;

pub use ed25519::{SEED_BYTES, SigningKey};
pub use suite::{Item, KeyFault, check_public_key, verify, verify_batch};

#[cfg(test)]
mod tests;

pub mod finality;
pub mod receipt_proof;
pub mod state_proof;
