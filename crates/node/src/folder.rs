//! A node's data folder.
//!
//! ```text
//!   format.json    the format of the folder, and the chain that it was made for
//!   genesis.bcs    the chain's genesis; its hash is the chain's identity; the folder has mode 0700
//!   genesis.json   the same, for people
//!   validator.key  this machine's secret key and first share, mode 0600
//!   state.bin      the state of the chain before, where the genesis names one
//!   peers.json     where the validators are reached; a chain with one validator has none
//!   chain/         the engine's stores, among them later key shares
//!   index.sqlite   the read model; may be deleted, it is made again
//!   pool.log       transactions that clients were told were taken, so that they wait again after a crash
//!   checkpoint.bin whom to ask where to begin, there where the genesis names those who are gone
//!   restored.json  there where the folder came out of a backup: says when
//!   lock           held while a program works here; says which, and where its doors are
//! ```
//! **Invariant**: a folder of a newer format, with another genesis than it was made with, or with a store missing is
//! refused before anything in it is opened.

use crate::{Error, state_file::StateFile};
use engine::{Checkpoint, Peering, ValidatorKeys};
use execution::run::Records;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use types::{ChainId, Genesis, Timestamp, wire};

/// The format of folders that this version writes. One that an older version cannot read gets the next number.
pub const FORMAT: u32 = 2;
/// Blocks in which the state with which the chain began may be needed again after a crash.
const FIRST_BLOCKS: u64 = 64;

/// What `format.json` says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Format {
    format: u32,
    chain: ChainId,
    /// The engine's stores that were there when the chain had its first block: none of them may be gone.
    #[serde(default)]
    stores: Vec<String>,
}

/// Prefixes of the engine's stores without which it would begin anew. Votes are left out: they come and go by epoch.
const LASTING: &[&str] = &["blocks-", "certificates-", "marshal-", "outputs", "resharing", "secrets", "state-"];

/// What `restored.json` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Restored {
    at: Timestamp,
}

/// Which process works in a folder, and where it is reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contact {
    pub process: u32,
    /// The REST door.
    pub door: SocketAddr,
    /// Where metrics are told, if not at the door.
    pub metrics: Option<SocketAddr>,
}

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

/// Keeps other programs out of a folder for as long as it lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Writes into the folder where this process is reached.
    pub fn tell(&mut self, contact: &Contact) -> Result<(), Error> {
        let json = serde_json::to_vec(contact).expect("a contact has string keys only");
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.write_all(&json)
        };
        write(&mut self.file).map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

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
        let made = builder.create(&self.0);
        // One that was there already may have been open to all.
        #[cfg(unix)]
        let made =
            made.and_then(|()| fs::set_permissions(&self.0, std::os::unix::fs::PermissionsExt::from_mode(0o700)));
        made.map_err(|source| Error::Write { path: self.0.clone(), source })
    }

    /// Makes the folder, or takes one in which there is nothing.
    pub fn make_empty(&self) -> Result<(), Error> {
        self.make()?;
        let mut entries = fs::read_dir(&self.0).map_err(|source| Error::Read { path: self.0.clone(), source })?;
        if entries.next().is_some() { Err(Error::NotEmpty(self.0.clone())) } else { Ok(()) }
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
        self.write_format(&Format { format: FORMAT, chain: genesis.chain(), stores: Vec::new() })?;
        // Last, since it says that the folder has a chain.
        write_new(&self.genesis_path(), &wire::encode(genesis), Secrecy::Public)
    }

    /// The genesis of a folder that this version can work with: its format is known, its genesis is the one it was made
    /// with, and none of its stores is gone.
    pub fn genesis(&self) -> Result<Genesis, Error> {
        if !self.has_chain() && !self.format_path().exists() {
            return Err(Error::NoChain(self.0.clone()));
        }
        let format = self.format()?;
        let path = self.genesis_path();
        let genesis: Genesis = wire::decode(&read(&path)?)
            .map_err(|rejection| Error::Damaged { path: path.clone(), reason: rejection.to_string() })?;
        if genesis.chain() != format.chain {
            return Err(Error::OtherGenesis { path, found: genesis.chain(), made_for: format.chain });
        }
        let gone = format.stores.into_iter().find(|store| !self.chain().join(store).is_dir());
        match gone {
            Some(store) => Err(Error::StoreMissing { path: self.chain().join(store) }),
            None => Ok(genesis),
        }
    }

    /// The format of the folder, if it is one that this version knows.
    fn format(&self) -> Result<Format, Error> {
        /// What every format says.
        #[derive(Deserialize)]
        struct Number {
            format: u32,
        }
        let path = self.format_path();
        if !path.exists() {
            let reason = "it is missing: put it back, or restore the folder from a backup".to_owned();
            return Err(Error::Damaged { path, reason });
        }
        let bytes = read(&path)?;
        let damaged = |error: serde_json::Error| Error::Damaged { path: path.clone(), reason: error.to_string() };
        let Number { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if format > FORMAT {
            return Err(Error::NewerFormat { folder: self.0.clone(), found: format, known: FORMAT });
        }
        if format < FORMAT {
            return Err(Error::OlderFormat { folder: self.0.clone(), found: format, known: FORMAT });
        }
        serde_json::from_slice(&bytes).map_err(damaged)
    }

    fn write_format(&self, format: &Format) -> Result<(), Error> {
        let json = serde_json::to_vec_pretty(format).expect("a format has string keys only");
        write_over(&self.format_path(), &json, Secrecy::Public)
    }

    /// Remembers the engine's stores, once: the chain has its first block.
    pub fn remember_stores(&self) -> Result<(), Error> {
        let format = self.format()?;
        if !format.stores.is_empty() {
            return Ok(());
        }
        let path = self.chain();
        let list = || -> io::Result<Vec<String>> {
            let mut stores = Vec::new();
            for entry in fs::read_dir(&path)? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                if LASTING.iter().any(|prefix| name.starts_with(prefix)) {
                    stores.push(name);
                }
            }
            stores.sort();
            Ok(stores)
        };
        let stores = list().map_err(|source| Error::Read { path: path.clone(), source })?;
        self.write_format(&Format { stores, ..format })
    }

    /// Refuses a folder whose secrets others than its owner can read.
    pub fn check_modes(&self) -> Result<(), Error> {
        #[cfg(unix)]
        for (path, wanted) in [(self.0.clone(), 0o700), (self.keys_path(), 0o600)] {
            let metadata = fs::metadata(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
            let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
            if mode & 0o077 != 0 {
                return Err(Error::Exposed { path, mode, wanted });
            }
        }
        Ok(())
    }

    /// Bytes that may still be written to the disk of the folder.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.0)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// When the folder came out of a backup, if it did.
    pub fn restored(&self) -> Result<Option<Timestamp>, Error> {
        let path = self.restored_path();
        if !path.exists() {
            return Ok(None);
        }
        let restored: Result<Restored, _> = serde_json::from_slice(&read(&path)?);
        restored.map(|restored| Some(restored.at)).map_err(|error| Error::Damaged { path, reason: error.to_string() })
    }

    /// Writes that the folder came out of a backup at this time: the validator stays silent until it is safe to sign.
    pub fn write_restored(&self, at: Timestamp) -> Result<(), Error> {
        let json = serde_json::to_vec(&Restored { at }).expect("a time is a number");
        write_over(&self.restored_path(), &json, Secrecy::Public)
    }

    /// Writes the state that the genesis names: before the genesis, which says that the folder is whole.
    pub fn write_state(&self, file: &[u8]) -> Result<(), Error> {
        self.make()?;
        write_over(&self.state_path(), file, Secrecy::Public)
    }

    /// The state that the genesis names. A node that has the first blocks needs it no more, nor one that `joins` the
    /// others where they are, as long as it is not there.
    pub fn inherited(&self, genesis: &Genesis, joins: bool) -> Result<Option<Arc<Records>>, Error> {
        if genesis.state.is_none() || engine::height(self.chain())? > FIRST_BLOCKS {
            return Ok(None);
        }
        if joins && !self.state_path().exists() {
            return Ok(None);
        }
        self.state(genesis).map(|records| records.map(Arc::new))
    }

    /// The state that the genesis names, if it names one.
    pub fn state(&self, genesis: &Genesis) -> Result<Option<Records>, Error> {
        let Some(named) = &genesis.state else { return Ok(None) };
        let path = self.state_path();
        match StateFile::inherited(&read(&path)?, named) {
            Ok(state) => Ok(Some(state.records)),
            Err(reason) => Err(Error::Damaged { path, reason }),
        }
    }

    /// Writes whom this machine asks where to begin.
    pub fn write_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), Error> {
        write_over(&self.checkpoint_path(), &checkpoint.encode(), Secrecy::Public)
    }

    /// Whom this machine asks where to begin, if the folder says so.
    pub fn checkpoint(&self, genesis: &Genesis) -> Result<Option<Checkpoint>, Error> {
        let path = self.checkpoint_path();
        if !path.exists() {
            return Ok(None);
        }
        let checkpoint = Checkpoint::decode(&read(&path)?, genesis);
        checkpoint.map(Some).map_err(|error| Error::Damaged { path, reason: error.to_string() })
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

    /// Where transactions are kept that wait.
    pub(crate) fn pool_journal(&self) -> PathBuf {
        self.0.join("pool.log")
    }

    /// Takes the folder for this process.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.0.join("lock");
        if !self.0.exists() {
            return Err(Error::NoChain(self.0.clone()));
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| Error::Write { path: path.clone(), source })?;
        match file.try_lock() {
            // What an earlier holder wrote is old.
            Ok(()) => match file.set_len(0) {
                Ok(()) => Ok(Lock { file, path }),
                Err(source) => Err(Error::Write { path, source }),
            },
            Err(fs::TryLockError::WouldBlock) => {
                Err(Error::InUse { folder: self.0.clone(), process: self.contact().map(|contact| contact.process) })
            }
            Err(fs::TryLockError::Error(source)) => Err(Error::Write { path, source }),
        }
    }

    /// The process that works in the folder, as it says itself. Whether it lives, the lock says.
    pub fn contact(&self) -> Option<Contact> {
        serde_json::from_slice(&fs::read(self.0.join("lock")).ok()?).ok()
    }

    fn genesis_path(&self) -> PathBuf {
        self.0.join("genesis.bcs")
    }

    fn format_path(&self) -> PathBuf {
        self.0.join("format.json")
    }

    fn state_path(&self) -> PathBuf {
        self.0.join("state.bin")
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.0.join("checkpoint.bin")
    }

    fn restored_path(&self) -> PathBuf {
        self.0.join("restored.json")
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
