//! A node's data folder.
//!
//! ```text
//!   genesis.bcs    the chain's genesis; its hash is the chain's identity; the folder has mode 0700
//!   genesis.json   the same, for people
//!   validator.key  this machine's secret key and first share, mode 0600
//!   peers.json     where the validators are reached; a chain with one validator has none
//!   chain/         the engine's stores, among them later key shares
//!   index.sqlite   the read model; may be deleted, it is made again
//!   lock           held while a node runs here
//! ```

use crate::Error;
use engine::{Peering, ValidatorKeys};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
};
use types::{Genesis, wire};

/// What `peers.json` says. Every validator's file may say the same but for `listen`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    /// The address on which this node listens for other validators: `0.0.0.0:9645`.
    pub listen: SocketAddr,
    /// Every validator, this one included or not.
    pub validators: Vec<Peer>,
}

/// One validator in `peers.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its peer key, as the genesis has it: 64 hexadecimal digits.
    pub key: String,
    /// Where it is reached: `HOST:PORT`.
    pub address: String,
}

impl Peers {
    fn peering(&self) -> Result<Peering, String> {
        let peer = |peer: &Peer| Ok((wire::hex_decode::<32>(&peer.key)?, peer.address.parse()?));
        let peers = self.validators.iter().map(peer).collect::<Result<_, String>>()?;
        Ok(Peering { listen: self.listen, peers })
    }
}

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

    /// Makes the folder, which nobody but its owner may look into: the engine keeps key shares there.
    fn make(&self) -> Result<(), Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0).map_err(|source| Error::Write { path: self.0.clone(), source })
    }

    /// Writes the keys of a machine that has no chain yet; refuses a folder that has some.
    pub fn write_keys(&self, keys: &ValidatorKeys) -> Result<(), Error> {
        self.make()?;
        write_new(&self.keys_path(), &keys.encode(), Secrecy::Secret)
    }

    /// Writes a new chain's genesis and this validator's keys; refuses a folder that has a chain.
    pub fn create(&self, genesis: &Genesis, keys: &ValidatorKeys) -> Result<(), Error> {
        if self.has_chain() {
            return Err(Error::HasChain(self.0.clone()));
        }
        self.make()?;
        write_over(&self.keys_path(), &keys.encode(), Secrecy::Secret)?;
        let json = serde_json::to_vec_pretty(genesis).expect("a genesis has string keys only");
        write_over(&self.0.join("genesis.json"), &json, Secrecy::Public)?;
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

    /// Writes where the validators are reached.
    pub fn write_peers(&self, peers: &Peers) -> Result<(), Error> {
        let json = serde_json::to_vec_pretty(peers).expect("peers have string keys only");
        write_over(&self.peers_path(), &json, Secrecy::Public)
    }

    /// Where the validators are reached, if the folder says so.
    pub fn peering(&self) -> Result<Option<Peering>, Error> {
        let path = self.peers_path();
        if !path.exists() {
            return Ok(None);
        }
        let peers: Result<Peers, _> = serde_json::from_slice(&read(&path)?);
        let peering = peers.map_err(|error| error.to_string()).and_then(|peers| peers.peering());
        peering.map(Some).map_err(|reason| Error::Damaged { path, reason })
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

    fn peers_path(&self) -> PathBuf {
        self.0.join("peers.json")
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

/// Writes a file, or another in its place at once, and returns when it is on disk.
fn write_over(path: &Path, bytes: &[u8], secrecy: Secrecy) -> Result<(), Error> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(Error::Write { path: new, source }),
        _ => {}
    }
    write_new(&new, bytes, secrecy)?;
    fs::rename(&new, path).map_err(|source| Error::Write { path: path.to_owned(), source })
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
