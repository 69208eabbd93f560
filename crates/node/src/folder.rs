//! A node's data folder.
//!
//! ```text
//!   genesis.bcs    the chain's genesis; its hash is the chain's identity
//!   genesis.json   the same, for people
//!   validator.key  this validator's secret keys, mode 0600
//!   chain/         the engine's stores
//!   index.sqlite   the read model; may be deleted, it is made again
//!   lock           held while a node runs here
//! ```

use crate::Error;
use engine::ValidatorKeys;
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};
use types::{Genesis, wire};

/// A node's data folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// Keeps other nodes out of a folder for as long as it lives.
pub struct Lock(#[expect(dead_code, reason = "the lock ends when the file is closed")] File);

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether a chain was made here.
    pub fn has_chain(&self) -> bool {
        self.genesis_path().exists()
    }

    /// Writes a new chain's genesis and this validator's keys; refuses a folder that has a chain.
    pub fn create(&self, genesis: &Genesis, keys: &ValidatorKeys) -> Result<(), Error> {
        fs::create_dir_all(&self.0).map_err(|source| Error::Write { path: self.0.clone(), source })?;
        write_new(&self.keys_path(), &keys.encode(), Secrecy::Secret)?;
        let json = serde_json::to_vec_pretty(genesis).expect("a genesis has string keys only");
        write_new(&self.0.join("genesis.json"), &json, Secrecy::Public)?;
        // Last, since it says that the folder has a chain.
        write_new(&self.genesis_path(), &wire::encode(genesis), Secrecy::Public)
    }

    pub fn genesis(&self) -> Result<Genesis, Error> {
        if !self.has_chain() {
            return Err(Error::NoChain(self.0.clone()));
        }
        let path = self.genesis_path();
        wire::decode(&read(&path)?).map_err(|rejection| Error::Damaged { path, reason: rejection.to_string() })
    }

    pub fn validator_keys(&self) -> Result<ValidatorKeys, Error> {
        let path = self.keys_path();
        ValidatorKeys::decode(&read(&path)?).map_err(|error| Error::Damaged { path, reason: error.to_string() })
    }

    /// Where the engine keeps its stores.
    pub fn chain(&self) -> PathBuf {
        self.0.join("chain")
    }

    /// Where the read model is.
    pub fn index_url(&self) -> String {
        format!("sqlite://{}", self.0.join("index.sqlite").display())
    }

    /// Takes the folder for this process.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.0.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| Error::Write { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(fs::TryLockError::WouldBlock) => Err(Error::InUse(self.0.clone())),
            Err(fs::TryLockError::Error(source)) => Err(Error::Write { path, source }),
        }
    }

    fn genesis_path(&self) -> PathBuf {
        self.0.join("genesis.bcs")
    }

    fn keys_path(&self) -> PathBuf {
        self.0.join("validator.key")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Public,
    Secret,
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Writes a file that was not there, and returns when it is on disk.
fn write_new(path: &Path, bytes: &[u8], secrecy: Secrecy) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secrecy == Secrecy::Secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| Error::Write { path: path.to_owned(), source })
}
