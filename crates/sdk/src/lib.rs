//! The Rust SDK: builds transactions, signs them where the key is, submits them, waits until they are final, and checks
//! what the node says.
//!
//! ```text
//!   act -> Body -> Signer::sign (keystore file, this side) -> Client::submit -> final receipt
//!                                                             Client::proven -> record, checked against the group key
//! ```
//! **Invariant**: a private key never leaves this side, and nothing a node answers to a proof request is believed
//! before it was verified against the genesis that the caller trusts.
//!
//! Entry points: [`Client`], [`keystore::Keystore`], [`proof::verify`].

mod batch;
pub mod client;
pub mod error;
pub mod keystore;
pub mod proof;

pub use client::Client;
pub use error::Error;
pub use keystore::{Keystore, Signer};
