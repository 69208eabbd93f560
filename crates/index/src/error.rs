//! What can fail outside of our own logic.

use std::io;
use types::{BlockHash, Rejection};

/// Why the mirror cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's question is not one that this index can answer; he is told why.
    #[error("{0}")]
    Rejected(Rejection),
    #[error("open the index at {url}")]
    Open { url: String, source: sqlx::Error },
    #[error("remove the damaged index at {url}")]
    Remove { url: String, source: io::Error },
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
    #[error("block {height} of the chain is {found}, the index holds another: delete the index, it is made again")]
    OtherBlock { height: u64, found: BlockHash },
    #[error("a record of table {table} in block {height} does not decode: {rejection}")]
    Record { table: String, height: u64, rejection: Rejection },
    #[error("the index holds {0} that does not decode")]
    Corrupt(&'static str),
}
