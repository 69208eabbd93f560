//! What blocks did, kept by height: so that followers can be fed again from any height without running anything.
//!
//! One append-only journal: the outputs of height `h` lie at position `h - 1`. The journal is never ahead of what it says:
//! an append counts once it is synced, and a block that is delivered again after a crash finds its outputs and must agree
//! with them. A node that began at a peer's state has the outputs of the blocks after that.

use bytes::Bytes;
use commonware_codec::RangeCfg;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::journal::contiguous::{Contiguous as _, variable};
use commonware_utils::{NZU64, NZUsize, sync::AsyncRwLock};
use serde::{Deserialize, Serialize};
use std::{num::NonZeroU64, sync::Arc};
use types::{
    Key, Receipt,
    planted::{self, Fault},
    receipt::SystemReceipt,
    wire,
};

use crate::{error::Error, finals::STEP, stack::Runtime};

/// Largest outputs of one block that a journal accepts when it reads: far above what the block limits allow to arise, so
/// that only a damaged length is refused.
const OUTPUTS_BYTES_MAX: usize = 1 << 30;
/// Heights of one file, where all of them are kept.
const HEIGHTS_PER_FILE: NonZeroU64 = NZU64!(65_536);

/// What one block did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outputs {
    pub receipts: Vec<Receipt>,
    pub system: SystemReceipt,
    /// Every record that changed: its new bytes, or `None` where it was deleted. At height one they include the records
    /// of the genesis.
    #[serde(with = "wire::raw_changes")]
    pub changes: Vec<(Key, Option<Vec<u8>>)>,
    /// Due work was left for the next block.
    pub more_due: bool,
}

type Journal<E> = variable::Journal<E, Bytes>;
type Config = variable::Config<RangeCfg<usize>>;

/// The journal of outputs. Clones share it.
pub(crate) struct OutputsStore<E: Runtime> {
    context: Arc<E>,
    config: Config,
    journal: Arc<AsyncRwLock<Option<Journal<E>>>>,
}

impl<E: Runtime> Clone for OutputsStore<E> {
    fn clone(&self) -> Self {
        Self { context: self.context.clone(), config: self.config.clone(), journal: self.journal.clone() }
    }
}

const LOST: &str = "a failed write stops the node, so nobody asks after it";

impl<E: Runtime> OutputsStore<E> {
    /// Opens the journal, of all blocks or of the recent ones. A journal that cannot be opened stops the node.
    pub(crate) async fn open(context: E, partition: String, recent: bool, cache: CacheRef) -> Self {
        let config = variable::Config {
            partition,
            items_per_section: if recent { STEP } else { HEIGHTS_PER_FILE },
            compression: None,
            codec_config: (..=OUTPUTS_BYTES_MAX).into(),
            page_cache: cache,
            write_buffer: NZUsize!(1 << 20),
            replay_buffer: NZUsize!(1 << 20),
        };
        let journal = Journal::init(context.child("journal"), config.clone()).await;
        let journal = journal.expect("the outputs journal opens, or the node must stop");
        Self { context: Arc::new(context), config, journal: Arc::new(AsyncRwLock::new(Some(journal))) }
    }

    /// The first height whose outputs are or will be here.
    pub(crate) async fn first(&self) -> u64 {
        self.journal.read().await.as_ref().expect(LOST).bounds().start + 1
    }

    /// Begins after `height`: a state that was fetched holds what the blocks up to there did. Nothing may be here yet.
    pub(crate) async fn begin_after(&self, height: u64) {
        let mut guard = self.journal.write().await;
        let journal = guard.take().expect(LOST);
        assert!(journal.bounds().is_empty(), "outputs that are here are not given up");
        drop(journal);
        let journal = Journal::init_at_size(self.context.child("journal"), self.config.clone(), height).await;
        *guard = Some(journal.expect("the outputs journal begins, or the node must stop"));
    }

    /// The last height that is durable.
    pub(crate) async fn height(&self) -> u64 {
        self.journal.read().await.as_ref().expect(LOST).size()
    }

    /// Gives up the files that hold nothing from `first` on.
    pub(crate) async fn prune(&self, first: u64) {
        let mut guard = self.journal.write().await;
        let journal = guard.take().expect(LOST);
        let (journal, _) = journal.prune(first - 1).await.expect("outputs are given up, or the node must stop");
        *guard = Some(journal);
    }

    /// Writes the outputs of `height` and returns once they are durable. Heights come in order; one that is there already
    /// must be the same.
    pub(crate) async fn put(&self, height: u64, outputs: &Outputs) {
        let encoded = Bytes::from(wire::encode(outputs));
        let mut guard = self.journal.write().await;
        let journal = guard.take().expect(LOST);
        let size = journal.size();
        if height <= size {
            let stored = journal.read(height - 1).await.expect("stored outputs read back, or the node must stop");
            assert_eq!(stored, encoded, "block {height} does the same each time it runs");
            *guard = Some(journal);
            return;
        }
        assert_eq!(height, size + 1, "final blocks arrive in the order of their heights");
        let (journal, _) = journal.append(&encoded).await.expect("outputs are written, or the node must stop");
        if planted::is(Fault::OutputsUnsynced) {
            *guard = Some(journal);
            return;
        }
        let synced = journal.commit().await;
        if planted::is(Fault::FailureHidden) && synced.is_err() {
            return std::future::pending().await;
        }
        *guard = Some(synced.expect("outputs are synced, or the node must stop"));
    }

    /// The outputs of `height`, if they are durable.
    pub(crate) async fn get(&self, height: u64) -> Result<Option<Outputs>, Error> {
        let guard = self.journal.read().await;
        let journal = guard.as_ref().expect(LOST);
        if height <= journal.bounds().start || height > journal.size() {
            return Ok(None);
        }
        let encoded = journal.read(height - 1).await.map_err(|_| Error::Corrupt("the outputs of a block"))?;
        wire::decode(&encoded).map(Some).map_err(|_| Error::Corrupt("the outputs of a block"))
    }
}
