//! Why a node cannot run.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use types::ChainId;

/// Why a node cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no chain in {0}: make one with `tributary chain new`")]
    NoChain(PathBuf),
    #[error("{0} has a chain already")]
    HasChain(PathBuf),
    #[error("{folder} is in use by {}: stop that first", process.map_or_else(|| "another program".to_owned(), |process| format!("process {process}")))]
    InUse { folder: PathBuf, process: Option<u32> },
    #[error(
        "{folder} was written in format {found}, this version knows up to {known}: use the version that wrote it, or a newer one"
    )]
    NewerFormat { folder: PathBuf, found: u32, known: u32 },
    #[error("{folder} was written in format {found}, this version knows {known} only: use the version that wrote it")]
    OlderFormat { folder: PathBuf, found: u32, known: u32 },
    #[error(
        "{path} is the genesis of chain {found}, but the folder was made for chain {made_for}: put the old file back; any node of the chain has it"
    )]
    OtherGenesis { path: PathBuf, found: ChainId, made_for: ChainId },
    #[error("the store {path} is gone: put it back, or restore the folder from a backup")]
    StoreMissing { path: PathBuf },
    #[error("{path} is open to others than its owner (mode {mode:03o}), and it keeps secrets: chmod {wanted:03o} {path}", path = path.display())]
    Exposed { path: PathBuf, mode: u32, wanted: u32 },
    #[error("{0} is not empty: choose another folder, or empty it first")]
    NotEmpty(PathBuf),
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
    #[error(
        "no place to listen at {address}: end the program that uses it, or choose another address (--listen, --metrics-listen)"
    )]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error(
        "no place to listen for the other validators at {address}: end the program that uses it, or name another address as \
         `listen` in peers.json and tell the others"
    )]
    ListenForPeers {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("start a thread for the pool's journal")]
    Thread(#[source] io::Error),
    #[error("the chain's engine failed")]
    Engine(#[from] engine::Error),
    #[error("what feeds the read model failed")]
    Feed(#[source] tokio::task::JoinError),
    #[error("the read model failed")]
    Index(#[from] index::Error),
    #[error("the disk of {folder} is full: make space there and start again; whatever was acknowledged is kept")]
    DiskFull { folder: PathBuf },
    #[error(
        "a store in {folder} cannot be read or written: {reason}; if the disk is sound, restore the folder from a backup"
    )]
    Store { folder: PathBuf, reason: String },
    #[error("the chain stopped")]
    ChainStopped,
}

/// How the system says that a disk is full, in whatever error it is wrapped: out of space, over quota, over the largest size.
const FULL: &[&str] =
    &["StorageFull", "QuotaExceeded", "FileTooLarge", "No space left", "quota exceeded", "File too large"];

impl Error {
    /// What a failure of the engine means to an operator: its stores panic with what the system said.
    pub(crate) fn of_engine(folder: &Path, reason: &str) -> Self {
        let folder = folder.to_owned();
        if FULL.iter().any(|word| reason.contains(word)) {
            Self::DiskFull { folder }
        } else {
            Self::Store { folder, reason: reason.to_owned() }
        }
    }

    /// What a failure of the read model means to an operator.
    pub(crate) fn of_index(folder: &Path, error: index::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&error.to_string());
            cause = error.source();
        }
        // SQLite says it in its own words.
        let full = text.contains("is full") || FULL.iter().any(|word| text.contains(word));
        if full { Self::DiskFull { folder: folder.to_owned() } } else { Self::Index(error) }
    }

    /// What an error of the engine means to an operator.
    pub(crate) fn engine(folder: &Path, error: engine::Error) -> Self {
        match error {
            engine::Error::Failed(reason) => Self::of_engine(folder, &reason),
            engine::Error::Corrupt(what) => Self::of_engine(folder, what),
            other => Self::Engine(other),
        }
    }
}
