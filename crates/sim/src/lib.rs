//! Whole networks in one process, on a simulated clock, network and disk, from one seed.
//!
//! ```text
//!   seed --> plan: how many machines, what is done to them and when
//!              |
//!   clients ---+--> machines (engine, pool, rules: the real ones) ---final blocks---> auditor
//!              |        ^ crash, restart, cut, slow and lossy links, votes                |
//!              '--------'                                              what must be true of every answer
//! ```
//! Nothing of the chain is replaced but what lies under it: time, network, disk. A run that fails says its seed, and the
//! same seed does the same again, to the byte.
//!
//! What is found wrong is a panic with the reason in it: a simulation has nothing to go on with.

mod auditor;
mod clients;
mod disk;
mod host;
mod liar;
mod machine;
mod network;
mod plan;
mod trade;
mod world;

pub use disk::Ill;
pub use host::Skew;
pub use liar::Lie;
pub use plan::{Event, Plan, TROUBLE};
pub use world::{Report, run};
