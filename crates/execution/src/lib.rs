//! Execution: from ordered transactions to receipts and a change set.
//!
//! ```text
//!   transactions -> check (shape, signatures) -> BlockRun: the chain's own affairs, due work, then each transaction on
//!                                                  |         its own overlay
//!                                                  |  Need(keys)  ^ supply(records)
//!                                                  v              |
//!                                                 the engine reads its store
//! ```
//! A run is a sync state machine without I/O: it asks for keys, the caller loads them however it likes, and the run
//! goes on. Same transactions, same records: same outcome, on every machine and in the simulator.

pub mod check;
pub mod run;
pub mod peers;
mod records;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use records::Recent;
pub use run::{BlockInput, BlockOutcome, BlockRun, BlockTime, Checked, Step};
