//! Why a node cannot run.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why a node cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no chain in {0}: make one with `tributary chain new`")]
    NoChain(PathBuf),
    #[error("{0} has a chain already")]
    HasChain(PathBuf),
    #[error("{0} is in use by another node")]
    InUse(PathBuf),
    #[error("read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("write {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is damaged: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("the chain's engine failed")]
    Engine(#[from] engine::Error),
    #[error("the read model failed")]
    Index(#[from] index::Error),
    #[error("the chain stopped")]
    ChainStopped,
}
