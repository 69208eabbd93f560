//! The words of Tributary: identifiers, amounts, dates, the transaction, the block, the receipt, and their wire format.
//!
//! Everything here is plain data. Nothing reads a clock, a file, a socket or a source of randomness, so the same
//! bytes mean the same thing on every machine. One derive gives both forms: BCS (canonical binary) for the wire and
//! for state, JSON for people.

pub mod limits;
pub mod digest;
pub mod id;
pub mod text;
pub mod party;
pub mod peer;
pub mod amount;
pub mod rate;
pub mod calendar;
pub mod rejection;
pub mod transaction;
pub mod receipt;
pub mod block;
pub mod genesis;
pub mod merkle;
pub mod state;
pub mod wire;
pub mod planted;

pub use amount::{Amount, Currency, Quantity};
pub use block::{Block, FinalBlock, Header, Room};
pub use calendar::{Date, Timestamp};
pub use digest::{BlockHash, Digest, TransactionHash};
pub use genesis::{Clock, Genesis};
pub use id::AccountId;
pub use peer::{PeerAddress, PeerKey};
pub use rate::Rate;
pub use receipt::{Event, Outcome, Receipt};
pub use rejection::Rejection;
pub use state::{Decoded, Key, Miss, State, Stop};
pub use text::{Bytes, List, Text};
pub use transaction::{Act, ChainId, Signature, Suite, Transaction};
pub use wire::Wire;
