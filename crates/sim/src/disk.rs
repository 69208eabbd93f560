//! A machine's disk: what was written, what is sure to stay, and what goes wrong.
//!
//! A write is read back at once, and is sure to stay from a sync on. When the machine falls, every change since the last
//! sync stays whole, in part, or not at all, as the runtime's contract of a blob allows.
//!
//! **Invariant**: what a completed sync covers is there after every fall.

use bytes::{Buf as _, BufMut as _};
use commonware_runtime::{
    Blob, BlobVersion, Clock as _, Error, Handle, IoBufMut, IoBufs, IoBufsMut, ReadOptions, Spawner as _, Storage,
    Supervisor as _, WriteOptions, deterministic,
};
use commonware_utils::sync::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::RangeInclusive,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::plan::Draw;

/// What is wrong with a disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ill {
    /// So many of a thousand writes and syncs fail; what a failed sync was to keep may be gone.
    Failing { per_mille: u64 },
    /// Writes and syncs of the files of one store fail, and of no other: a bad place on the disk.
    BadPlace { store: &'static str },
    /// Nothing that grows a file has room.
    Full,
    /// Every write, sync and opening takes so long, at most.
    Slow { most: Duration },
}

/// A disk. Clones are the same disk.
#[derive(Clone)]
pub(crate) struct Disk {
    context: Arc<deterministic::Context>,
    inner: Arc<Mutex<Inner>>,
    /// Whether it has refused anything in this life of its machine.
    refused: Arc<AtomicBool>,
}

struct Inner {
    partitions: BTreeSet<String>,
    files: BTreeMap<(String, Vec<u8>), Stored>,
    ill: Option<Ill>,
    /// Which life of its machine this is: handles of an earlier one do nothing.
    life: u64,
    draw: Draw,
}

struct Stored {
    file: Arc<Mutex<File>>,
    version: BlobVersion,
    /// Lives as long as somebody has the file open.
    open: Weak<()>,
}

/// A file: what is read, what is sure to stay, and the changes between the two.
#[derive(Default)]
struct File {
    seen: Vec<u8>,
    sure: Vec<u8>,
    changes: Vec<Change>,
    /// Changes that were ever made, those before the first of `changes` included.
    made: u64,
}

enum Change {
    Write { at: usize, bytes: Vec<u8>, sure: bool },
    Resize { len: usize },
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes, .. } => write(content, *at, bytes),
            Self::Resize { len } => content.resize(*len, 0),
        }
    }
}

fn write(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.made += 1;
        match &change {
            Change::Write { sure: true, .. } if self.changes.is_empty() => change.apply(&mut self.sure),
            Change::Write { .. } | Change::Resize { .. } => self.changes.push(change),
        }
    }

    /// Makes sure what was changed up to a moment, by the changes made until then.
    fn keep(&mut self, made: u64) {
        let after = usize::try_from(self.made - made).expect("they are in memory");
        let count = self.changes.len().saturating_sub(after);
        for change in self.changes.drain(..count) {
            change.apply(&mut self.sure);
        }
    }

    /// A sync fails after it kept so many changes: the others are never kept, whatever is synced later.
    fn lose(&mut self, kept: usize) {
        for (number, change) in self.changes.drain(..).enumerate() {
            if number < kept || matches!(change, Change::Write { sure: true, .. }) {
                change.apply(&mut self.sure);
            }
        }
    }

    /// What the changes come to when the power is cut.
    fn fall(&mut self, draw: &mut Draw) {
        if self.changes.is_empty() {
            return;
        }
        for change in std::mem::take(&mut self.changes) {
            match change {
                Change::Write { sure: true, .. } => change.apply(&mut self.sure),
                Change::Write { at, bytes, .. } => tear(&mut self.sure, at, &bytes, draw),
                Change::Resize { .. } if draw.chance(50) => change.apply(&mut self.sure),
                Change::Resize { .. } => {}
            }
        }
        self.seen.clone_from(&self.sure);
    }
}

/// A write of which all, nothing, the beginning, or some pieces are kept.
fn tear(content: &mut Vec<u8>, at: usize, bytes: &[u8], draw: &mut Draw) {
    match draw.between(0, 3) {
        0 => {}
        1 => write(content, at, bytes),
        2 => write(content, at, &bytes[..draw.index(bytes.len() + 1)]),
        _ => {
            let (mut from, mut kept) = (0, draw.chance(50));
            while from < bytes.len() {
                let to = bytes.len().min(from + 1 + draw.index(512));
                if kept {
                    write(content, at + from, &bytes[from..to]);
                }
                (from, kept) = (to, !kept);
            }
        }
    }
}

fn refusal(why: &str) -> Error {
    io::Error::other(format!("simulated disk: {why}")).into()
}

impl Disk {
    pub(crate) fn new(context: deterministic::Context, seed: u64) -> Self {
        let inner =
            Inner { partitions: BTreeSet::new(), files: BTreeMap::new(), ill: None, life: 0, draw: Draw::new(seed) };
        Self { context: Arc::new(context), inner: Arc::new(Mutex::new(inner)), refused: Arc::default() }
    }

    /// From now on this is wrong with it; `None`: nothing.
    pub(crate) fn set(&self, ill: Option<Ill>) {
        self.inner.lock().ill = ill;
    }

    /// Whether it has refused anything since its machine started.
    pub(crate) fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// The machine falls: what was not synced is at the mercy of the draw.
    pub(crate) fn fall(&self) {
        let mut inner = self.inner.lock();
        let Inner { files, draw, .. } = &mut *inner;
        for stored in files.values_mut() {
            // Whoever still has the old file changes nothing of the new one.
            let mut old = stored.file.lock();
            old.fall(draw);
            let new = File { seen: old.seen.clone(), sure: std::mem::take(&mut old.sure), ..File::default() };
            drop(old);
            stored.file = Arc::new(Mutex::new(new));
            stored.open = Weak::new();
        }
        inner.life += 1;
        self.refused.store(false, Ordering::Relaxed);
    }

    /// Whether this act on a file of a partition is refused; `grows`: it needs room.
    fn refuses(&self, life: u64, partition: &str, grows: bool) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        if inner.life != life {
            return Err(refusal("its machine has fallen"));
        }
        let refused = match inner.ill {
            Some(Ill::Failing { per_mille }) => inner.draw.between(1, 1_000) <= per_mille,
            Some(Ill::BadPlace { store }) => partition.starts_with(store),
            Some(Ill::Full) => grows,
            Some(Ill::Slow { .. }) | None => false,
        };
        if refused {
            self.refused.store(true, Ordering::Relaxed);
            return Err(refusal("it fails, or is full"));
        }
        Ok(())
    }

    /// How long the next act takes.
    fn pause(&self) -> Option<Duration> {
        let mut inner = self.inner.lock();
        match inner.ill {
            Some(Ill::Slow { most }) => {
                let most = u64::try_from(most.as_millis()).expect("seconds");
                Some(inner.draw.millis(0, most))
            }
            Some(Ill::Failing { .. } | Ill::BadPlace { .. } | Ill::Full) | None => None,
        }
    }

    async fn wait(&self) {
        if let Some(pause) = self.pause() {
            self.context.sleep(pause).await;
        }
    }

    fn part(&self, bytes: usize) -> usize {
        self.inner.lock().draw.index(bytes + 1)
    }
}

impl Storage for Disk {
    type Blob = Handhold;

    async fn open_versioned(
        &self,
        partition: &str,
        name: &[u8],
        versions: RangeInclusive<BlobVersion>,
    ) -> Result<(Handhold, u64, BlobVersion), Error> {
        self.wait().await;
        let life = self.inner.lock().life;
        self.refuses(life, partition, false)?;
        let mut inner = self.inner.lock();
        inner.partitions.insert(partition.to_owned());
        let stored = inner.files.entry((partition.to_owned(), name.to_vec())).or_insert_with(|| Stored {
            file: Arc::default(),
            version: *versions.end(),
            open: Weak::new(),
        });
        if !versions.contains(&stored.version) {
            return Err(Error::BlobVersionMismatch { expected: versions, found: stored.version });
        }
        if stored.open.strong_count() > 0 {
            return Err(Error::BlobAlreadyOpen(partition.to_owned(), String::from_utf8_lossy(name).into_owned()));
        }
        let open = Arc::new(());
        stored.open = Arc::downgrade(&open);
        let len = u64::try_from(stored.file.lock().seen.len()).expect("it is in memory");
        let partition = partition.into();
        let handle = Handhold { disk: self.clone(), partition, file: stored.file.clone(), life, _open: open };
        Ok((handle, len, stored.version))
    }

    async fn remove(&self, partition: &str, name: Option<&[u8]>) -> Result<(), Error> {
        // A name that cannot be removed is of no harm, so nothing is tried here.
        let mut inner = self.inner.lock();
        if !inner.partitions.contains(partition) {
            return Err(Error::PartitionMissing(partition.to_owned()));
        }
        match name {
            Some(name) => {
                let missing = || Error::BlobMissing(partition.to_owned(), String::from_utf8_lossy(name).into_owned());
                inner.files.remove(&(partition.to_owned(), name.to_vec())).ok_or_else(missing)?;
            }
            None => {
                inner.files.retain(|(other, _), _| other != partition);
                inner.partitions.remove(partition);
            }
        }
        Ok(())
    }

    async fn scan(&self, partition: &str) -> Result<Vec<Vec<u8>>, Error> {
        let inner = self.inner.lock();
        if !inner.partitions.contains(partition) {
            return Err(Error::PartitionMissing(partition.to_owned()));
        }
        let first = (partition.to_owned(), Vec::new());
        let within = inner.files.range(first..).take_while(|((other, _), _)| other == partition);
        Ok(within.map(|((_, name), _)| name.clone()).collect())
    }
}

/// An open file.
pub(crate) struct Handhold {
    disk: Disk,
    partition: Arc<str>,
    file: Arc<Mutex<File>>,
    life: u64,
    _open: Arc<()>,
}

impl Handhold {
    fn place(offset: u64, len: usize) -> Result<(usize, usize), Error> {
        let at = usize::try_from(offset).map_err(|_| Error::OffsetOverflow)?;
        at.checked_add(len).map(|end| (at, end)).ok_or(Error::OffsetOverflow)
    }

    fn sync_now(&self, made: u64) -> Result<(), Error> {
        keep(&self.disk, (&self.partition, &self.file), self.life, made)
    }
}

/// Makes sure what was changed up to a moment, or fails to.
fn keep(disk: &Disk, (partition, file): (&str, &Mutex<File>), life: u64, made: u64) -> Result<(), Error> {
    let refused = disk.refuses(life, partition, false);
    let mut file = file.lock();
    match refused {
        Ok(()) => file.keep(made),
        Err(_) => {
            let kept = disk.part(file.changes.len());
            file.lose(kept);
        }
    }
    refused
}

impl Blob for Handhold {
    async fn read_at(&self, offset: u64, len: usize, _: ReadOptions) -> Result<IoBufsMut, Error> {
        let (at, end) = Self::place(offset, len)?;
        let file = self.file.lock();
        let bytes = file.seen.get(at..end).ok_or(Error::BlobInsufficientLength)?;
        Ok(IoBufMut::from(bytes).into())
    }

    async fn read_at_buf(
        &self,
        offset: u64,
        len: usize,
        bufs: impl Into<IoBufsMut> + Send,
        _: ReadOptions,
    ) -> Result<IoBufsMut, Error> {
        let (at, end) = Self::place(offset, len)?;
        let mut bufs = bufs.into();
        let file = self.file.lock();
        let bytes = file.seen.get(at..end).ok_or(Error::BlobInsufficientLength)?;
        if bufs.len() == len {
            bufs.copy_from_slice(bytes);
            return Ok(bufs);
        }
        if let Some(single) = bufs.as_single_mut() {
            single.clear();
        }
        assert!(bufs.is_empty(), "whoever reads brings buffers that are empty, or as long as what is read");
        bufs.put_slice(bytes);
        Ok(bufs)
    }

    async fn write_at(&self, offset: u64, bufs: impl Into<IoBufs> + Send, options: WriteOptions) -> Result<(), Error> {
        let bufs = bufs.into();
        let sure = options.contains(WriteOptions::SYNC);
        if !bufs.has_remaining() {
            return Ok(());
        }
        let bytes = bufs.coalesce().as_ref().to_vec();
        let (at, end) = Self::place(offset, bytes.len())?;
        self.disk.wait().await;
        let grows = end > self.file.lock().seen.len();
        if let Err(error) = self.disk.refuses(self.life, &self.partition, grows) {
            let part = self.disk.part(bytes.len());
            self.file.lock().change(Change::Write { at, bytes: bytes[..part].to_vec(), sure: false });
            return Err(error);
        }
        self.file.lock().change(Change::Write { at, bytes, sure });
        Ok(())
    }

    async fn resize(&self, len: u64) -> Result<(), Error> {
        let (len, _) = Self::place(len, 0)?;
        let grows = len > self.file.lock().seen.len();
        self.disk.refuses(self.life, &self.partition, grows)?;
        self.file.lock().change(Change::Resize { len });
        Ok(())
    }

    async fn sync(&self) -> Result<(), Error> {
        let made = self.file.lock().made;
        self.disk.wait().await;
        self.sync_now(made)
    }

    async fn start_sync(&self) -> Handle<()> {
        let made = self.file.lock().made;
        let Some(pause) = self.disk.pause() else { return Handle::ready(self.sync_now(made)) };
        let (disk, life) = (self.disk.clone(), self.life);
        let (partition, file) = (self.partition.clone(), self.file.clone());
        let syncing = self.disk.context.child("sync").spawn(move |context| async move {
            context.sleep(pause).await;
            keep(&disk, (&partition, &file), life, made)
        });
        Handle::from_future(async move { syncing.await? })
    }
}
