//! What can fail outside of our own logic.

use std::path::PathBuf;
use types::{BlockHash, ChainId, Rejection};

/// Why the mirror cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("open the index at {path}")]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("create the folder of the index at {path}")]
    Folder { path: PathBuf, source: std::io::Error },
    /// The file mirrors another chain: give this chain its own.
    #[error("the index is of chain {found}, not of {expected}")]
    OtherChain { expected: ChainId, found: String },
    #[error("make the tables of the index")]
    Schema(#[source] sqlx::Error),
    #[error("write block {height} into the index")]
    Write { height: u64, source: sqlx::Error },
    #[error("read {what} from the index")]
    Read { what: &'static str, source: sqlx::Error },
    /// Blocks come in the order of their heights, without holes.
    #[error("the index needs block {expected}, it was given {found}")]
    Gap { expected: u64, found: u64 },
    /// The mirror holds another block at this height: it is not this chain's.
    #[error("block {height} is {found}, the index holds another")]
    OtherBlock { height: u64, found: BlockHash },
    #[error("a record of table {table} in block {height} does not decode: {rejection}")]
    Record { table: String, height: u64, rejection: Rejection },
    #[error("the index holds {0} that does not decode")]
    Corrupt(&'static str),
}
