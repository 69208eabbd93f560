//! What a client was told is taken, on disk: it waits again after a crash.
//!
//! ```text
//!   admission --keep--> this thread: all that has queued up, one write, one sync --> answers
//!   pool --forget-----> noted with the next write
//!
//!   file:   8 bytes that say what it is, then entries
//!   entry:  length u32 | CRC-32 of the rest u32 | kind u8 | a transaction's bytes, or a hash   (little-endian)
//! ```
//! The file only grows, until it holds much more than waits; then another with what waits takes its place. What a block
//! holds is not noted: after a start, state says which nonces are used. An entry that was cut off by a crash ends the
//! file: nobody was told of it.
//!
//! **Invariant**: a client is told that a transaction is taken only after the entry is synced.

use crate::{Error, source::PoolSource};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread,
};
use tokio::sync::{mpsc, oneshot};
use types::{Transaction, TransactionHash, limits::TRANSACTION_BYTES_MAX, transaction::Checked};

/// The file's first bytes.
const MAGIC: &[u8; 8] = b"TRIBPOL1";
/// Length and checksum in front of an entry.
const HEAD_BYTES: usize = 8;
/// An entry: a kind, and at most a transaction.
const ENTRY_BYTES_MAX: usize = 1 + TRANSACTION_BYTES_MAX;
const KEPT: u8 = 1;
const FORGOTTEN: u8 = 2;
/// Bytes that may lie in the file beside what waits, before it is made anew: seconds of a flood, a moment to read.
const SLACK_BYTES: u64 = 32 << 20;
/// Requests that wait for the disk.
const QUEUE: usize = 4_096;

/// The disk did not take what was to be kept; the log says why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotKept;

enum Request {
    Keep(Vec<Arc<Checked>>, oneshot::Sender<Result<(), NotKept>>),
    Forget(Vec<TransactionHash>),
    Compact,
}

/// The way to the journal. The thread behind it ends with its last clone.
#[derive(Clone)]
pub struct Journal(mpsc::Sender<Request>);

/// The other end of a [`Journal`].
pub struct Requests(mpsc::Receiver<Request>);

/// A way to a journal that is not opened yet.
pub fn channel() -> (Journal, Requests) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Journal(sender), Requests(receiver))
}

impl Journal {
    /// Resolves when these transactions are on disk. One that is there already costs nothing.
    pub async fn keep(&self, transactions: Vec<Arc<Checked>>) -> Result<(), NotKept> {
        let (done, kept) = oneshot::channel();
        self.0.send(Request::Keep(transactions, done)).await.map_err(|_| NotKept)?;
        kept.await.map_err(|_| NotKept)?
    }

    /// Notes that these are not to come back. Nobody waits for it: one that comes back after all is sound, and waits again.
    pub fn forget(&self, transactions: Vec<TransactionHash>) {
        let _ = self.0.try_send(Request::Forget(transactions));
    }

    /// Leaves in the file what waits now.
    pub async fn compact(&self) {
        let _ = self.0.send(Request::Compact).await;
    }
}

/// The file, and what is known of it.
pub struct Store {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Bytes after it was last made anew.
    base: u64,
    written: BTreeSet<TransactionHash>,
    /// A write failed, so nobody knows what lies at the end.
    broken: bool,
}

impl Store {
    /// Opens the journal at `path`, or makes one; gives what was kept and not forgotten, in the order in which it came.
    pub fn open(path: &Path) -> Result<(Self, Vec<Transaction>), Error> {
        let write = |source| Error::Write { path: path.to_owned(), source };
        if !path.exists() {
            let store = Self::make(path, std::iter::empty()).map_err(write)?;
            return Ok((store, Vec::new()));
        }
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(write)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let Some(entries) = bytes.strip_prefix(MAGIC) else {
            let reason = "it is no journal of a pool: move it away, and what waited must be sent again".to_owned();
            return Err(Error::Damaged { path: path.to_owned(), reason });
        };
        let (kept, sound) = read(entries);
        let cut = entries.len() - sound;
        if cut > 0 {
            tracing::warn!(path = %path.display(), bytes = cut, "the end of the pool's journal was cut off by a crash");
        }
        let end = u64::try_from(MAGIC.len() + sound).expect("a file fits");
        file.set_len(end).map_err(write)?;
        file.seek(SeekFrom::Start(end)).map_err(write)?;
        let written = kept.iter().map(|transaction| transaction.body.hash()).collect();
        let store = Self { path: path.to_owned(), file, bytes: end, base: end, written, broken: false };
        Ok((store, kept))
    }

    /// Serves requests on a thread of its own until nobody is left to make them.
    pub fn serve(mut self, requests: Requests, source: &Arc<PoolSource>) -> io::Result<()> {
        let (mut requests, source) = (requests.0, Arc::downgrade(source));
        let run = move || {
            while let Some(first) = requests.blocking_recv() {
                let mut waiting = Vec::new();
                let mut changes = Changes::default();
                let mut next = Some(first);
                while let Some(request) = next {
                    match request {
                        Request::Keep(transactions, done) => {
                            self.add(&mut changes, &transactions);
                            waiting.push(done);
                        }
                        Request::Forget(hashes) => self.strike(&mut changes, &hashes),
                        Request::Compact => changes.compact = true,
                    }
                    next = requests.try_recv().ok();
                }
                let done = self.write(changes, &source);
                for waiting in waiting {
                    // Whoever asked may have gone.
                    let _ = waiting.send(done);
                }
            }
        };
        thread::Builder::new().name("pool journal".into()).spawn(run).map(drop)
    }

    fn add(&mut self, changes: &mut Changes, transactions: &[Arc<Checked>]) {
        for checked in transactions {
            if self.written.insert(checked.hash) {
                entry(&mut changes.bytes, KEPT, &checked.transaction.encode());
                changes.sync = true;
            }
        }
    }

    fn strike(&mut self, changes: &mut Changes, hashes: &[TransactionHash]) {
        for hash in hashes {
            if self.written.remove(hash) {
                entry(&mut changes.bytes, FORGOTTEN, &hash.0);
            }
        }
    }

    /// Writes changes, and makes the file anew where it is due.
    fn write(&mut self, changes: Changes, source: &Weak<PoolSource>) -> Result<(), NotKept> {
        let done = if self.broken { Err(io::Error::other("an earlier write failed")) } else { self.append(&changes) };
        let done = match done {
            Ok(()) if !changes.compact && self.bytes <= SLACK_BYTES + 2 * self.base => return Ok(()),
            // Everything that was to be kept is in the pool, and so in the new file.
            Ok(()) | Err(_) => source.upgrade().map_or(done, |source| self.compact(&source.all())),
        };
        done.map_err(|error| {
            self.broken = true;
            tracing::error!(path = %self.path.display(), %error, "the pool's journal cannot be written");
            NotKept
        })
    }

    fn append(&mut self, changes: &Changes) -> io::Result<()> {
        self.file.write_all(&changes.bytes)?;
        self.bytes += u64::try_from(changes.bytes.len()).expect("a write fits");
        if changes.sync { self.file.sync_data() } else { Ok(()) }
    }

    /// Puts another file in the place of this one, with these transactions.
    fn compact(&mut self, waiting: &[Arc<Checked>]) -> io::Result<()> {
        *self = Self::make(&self.path, waiting.iter().map(|checked| (checked.hash, checked.transaction.encode())))?;
        Ok(())
    }

    fn make(path: &Path, waiting: impl Iterator<Item = (TransactionHash, Vec<u8>)>) -> io::Result<Self> {
        let (mut bytes, mut written) = (MAGIC.to_vec(), BTreeSet::new());
        for (hash, transaction) in waiting {
            entry(&mut bytes, KEPT, &transaction);
            written.insert(hash);
        }
        let new = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = options.open(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        let base = u64::try_from(bytes.len()).expect("a file fits");
        Ok(Self { path: path.to_owned(), file, bytes: base, base, written, broken: false })
    }
}

/// What is to be written at once.
#[derive(Default)]
struct Changes {
    bytes: Vec<u8>,
    sync: bool,
    compact: bool,
}

fn entry(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    let length = u32::try_from(1 + content.len()).expect("an entry is bounded");
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&[kind]);
    checksum.update(content);
    bytes.extend(length.to_le_bytes());
    bytes.extend(checksum.finalize().to_le_bytes());
    bytes.push(kind);
    bytes.extend(content);
}

/// The first entry's kind and content, and what follows it; `None` where it is cut off or damaged.
fn first(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let [a, b, c, d, e, f, g, h] = *head;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok().filter(|length| *length <= ENTRY_BYTES_MAX)?;
    let (entry, rest) = rest.split_at_checked(length)?;
    let (kind, content) = entry.split_first()?;
    (crc32fast::hash(entry) == u32::from_le_bytes([e, f, g, h])).then_some((*kind, content, rest))
}

/// What the entries say is kept, in its order, and how many bytes of them are sound.
fn read(entries: &[u8]) -> (Vec<Transaction>, usize) {
    let mut kept: BTreeMap<usize, Transaction> = BTreeMap::new();
    let mut places: BTreeMap<TransactionHash, usize> = BTreeMap::new();
    let mut rest = entries;
    while let Some((kind, content, next)) = first(rest) {
        let place = entries.len() - rest.len();
        match (kind, Transaction::decode(content), <[u8; 32]>::try_from(content)) {
            (KEPT, Ok(transaction), _) => {
                if let Some(earlier) = places.insert(transaction.body.hash(), place) {
                    kept.remove(&earlier);
                }
                kept.insert(place, transaction);
            }
            (FORGOTTEN, _, Ok(hash)) => {
                if let Some(place) = places.remove(&TransactionHash(hash)) {
                    kept.remove(&place);
                }
            }
            // Sound, and of no kind that this version knows.
            _ => tracing::warn!(kind, "an entry of the pool's journal cannot be read"),
        }
        rest = next;
    }
    (kept.into_values().collect(), entries.len() - rest.len())
}

#[cfg(test)]
mod tests;
