//! Final blocks and certificates on disk, by height and digest: all of them, or the recent ones.
//!
//! The store that keeps all of them holds nothing in memory for each, and never gives one up. The one that keeps the recent
//! ones holds a few bytes in memory for each, and gives whole files up. A folder is of one kind for its life.

use commonware_codec::CodecShared;
use commonware_consensus::{
    marshal::store::{Blocks, Certificates},
    types::Height,
};
use commonware_runtime::Handle;
use commonware_storage::{
    archive::{Archive as _, Error, Identifier, immutable, prunable},
    translator::EightCap,
};
use commonware_utils::NZU64;
use std::{num::NonZeroU64, sync::Arc};

use crate::{
    block::Block,
    error,
    stack::{BlockDigest, Finalization, Runtime},
    wiring::{REPLAY_BUFFER, WRITE_BUFFER, Wiring},
};

/// Heights of one file of the recent ones: the steps in which they are given up.
pub(crate) const STEP: NonZeroU64 = NZU64!(128);

type All<E, V> = immutable::Archive<E, BlockDigest, V>;
type Recent<E, V> = prunable::Archive<EightCap, E, BlockDigest, V>;

/// A store of final things.
pub(crate) enum Finals<E: Runtime, V: CodecShared<Cfg = ()>> {
    All(All<E, V>),
    Recent(Recent<E, V>),
}

fn opened<S>(name: &str, store: Result<S, Error>) -> S {
    store.unwrap_or_else(|error| panic!("the store {name} opens, or the node must stop: {error:?}"))
}

impl<E: Runtime, V: CodecShared<Cfg = ()>> Finals<E, V> {
    /// Opens the store of this name. A store that cannot be opened stops the node; one of the other kind is refused.
    pub(crate) async fn open(context: E, wiring: &Wiring, name: &str) -> Result<Self, error::Error> {
        let name = wiring.partition(name);
        let (all, recent) = (format!("{name}-metadata"), format!("{name}-recent"));
        if wiring.keeps().is_some() {
            if context.scan(&all).await.is_ok() {
                return Err(error::Error::KeepsAll);
            }
            let config = prunable::Config {
                translator: EightCap,
                metadata_partition: recent,
                key_partition: format!("{name}-recent-keys"),
                key_page_cache: wiring.cache(),
                value_partition: format!("{name}-recent-values"),
                compression: None,
                codec_config: (),
                items_per_section: STEP,
                key_write_buffer: WRITE_BUFFER,
                value_write_buffer: WRITE_BUFFER,
                replay_buffer: REPLAY_BUFFER,
            };
            return Ok(Self::Recent(opened(&name, Recent::init(context, config).await)));
        }
        if context.scan(&recent).await.is_ok() {
            return Err(error::Error::KeepsRecent);
        }
        let config = immutable::Config {
            metadata_partition: all,
            freezer_table_partition: format!("{name}-table"),
            freezer_table_initial_size: wiring.archive_slots(),
            freezer_table_resize_frequency: 4,
            freezer_table_resize_chunk_size: 1 << 12,
            freezer_key_partition: format!("{name}-keys"),
            freezer_key_page_cache: wiring.cache(),
            freezer_value_partition: format!("{name}-values"),
            freezer_value_target_size: 1 << 28,
            freezer_value_compression: None,
            ordinal_partition: format!("{name}-ordinal"),
            items_per_section: NZU64!(1 << 18),
            codec_config: (),
            replay_buffer: REPLAY_BUFFER,
            freezer_key_write_buffer: WRITE_BUFFER,
            freezer_value_write_buffer: WRITE_BUFFER,
            ordinal_write_buffer: WRITE_BUFFER,
        };
        Ok(Self::All(opened(&name, All::init(context, config).await)))
    }

    async fn put_at(self, height: u64, digest: BlockDigest, value: &V) -> Result<Self, Error> {
        match self {
            Self::All(all) => all.put(height, digest, value).await.map(Self::All),
            Self::Recent(recent) => recent.put(height, digest, value).await.map(Self::Recent),
        }
    }

    async fn synced(self) -> Result<Self, Error> {
        match self {
            Self::All(all) => all.sync().await.map(Self::All),
            Self::Recent(recent) => recent.sync().await.map(Self::Recent),
        }
    }

    async fn syncing(self) -> Result<(Self, Handle<()>), Error> {
        match self {
            Self::All(all) => all.start_sync().await.map(|(all, handle)| (Self::All(all), handle)),
            Self::Recent(recent) => recent.start_sync().await.map(|(recent, handle)| (Self::Recent(recent), handle)),
        }
    }

    pub(crate) async fn find(&self, id: Identifier<'_, BlockDigest>) -> Result<Option<V>, Error> {
        match self {
            Self::All(all) => all.get(id).await,
            Self::Recent(recent) => recent.get(id).await,
        }
    }

    async fn pruned(self, first: u64) -> Result<Self, Error> {
        match self {
            Self::All(_) => Ok(self),
            Self::Recent(recent) => recent.prune(first).await.map(Self::Recent),
        }
    }

    async fn holds(&self, height: u64) -> Result<bool, Error> {
        match self {
            Self::All(all) => all.has(Identifier::Index(height)).await,
            Self::Recent(recent) => recent.has(Identifier::Index(height)).await,
        }
    }

    fn ranges(&self, from: u64) -> Vec<(u64, u64)> {
        match self {
            Self::All(all) => all.ranges_from(from).collect(),
            Self::Recent(recent) => recent.ranges_from(from).collect(),
        }
    }

    fn missing(&self, start: u64, most: usize) -> Vec<u64> {
        match self {
            Self::All(all) => all.missing_items(start, most),
            Self::Recent(recent) => recent.missing_items(start, most),
        }
    }

    fn gap(&self, height: u64) -> (Option<u64>, Option<u64>) {
        match self {
            Self::All(all) => all.next_gap(height),
            Self::Recent(recent) => recent.next_gap(height),
        }
    }

    fn last(&self) -> Option<Height> {
        let last = match self {
            Self::All(all) => all.last_index(),
            Self::Recent(recent) => recent.last_index(),
        };
        last.map(Height::new)
    }
}

impl<E: Runtime> Certificates for Finals<E, Finalization> {
    type BlockDigest = BlockDigest;
    type Commitment = BlockDigest;
    type Scheme = crate::stack::Scheme;
    type Error = Error;

    async fn put(self, height: Height, digest: BlockDigest, finalization: &Finalization) -> Result<Self, Error> {
        self.put_at(height.get(), digest, finalization).await
    }

    async fn sync(self) -> Result<Self, Error> {
        self.synced().await
    }

    async fn start_sync(self) -> Result<(Self, Handle<()>), Error> {
        self.syncing().await
    }

    async fn get(&self, id: Identifier<'_, BlockDigest>) -> Result<Option<Finalization>, Error> {
        self.find(id).await
    }

    async fn has(&self, height: Height) -> Result<bool, Error> {
        self.holds(height.get()).await
    }

    async fn prune(self, first: Height) -> Result<Self, Error> {
        self.pruned(first.get()).await
    }

    fn last_index(&self) -> Option<Height> {
        self.last()
    }

    fn ranges_from(&self, from: Height) -> impl Iterator<Item = (Height, Height)> {
        self.ranges(from.get()).into_iter().map(|(first, last)| (Height::new(first), Height::new(last)))
    }
}

impl<E: Runtime> Blocks for Finals<E, Arc<Block>> {
    type Block = Arc<Block>;
    type Error = Error;

    async fn put(self, digest: BlockDigest, block: &Arc<Block>) -> Result<Self, Error> {
        self.put_at(block.header().height, digest, block).await
    }

    async fn sync(self) -> Result<Self, Error> {
        self.synced().await
    }

    async fn start_sync(self) -> Result<(Self, Handle<()>), Error> {
        self.syncing().await
    }

    async fn get(&self, id: Identifier<'_, BlockDigest>) -> Result<Option<Arc<Block>>, Error> {
        self.find(id).await
    }

    async fn prune(self, first: Height) -> Result<Self, Error> {
        self.pruned(first.get()).await
    }

    fn missing_items(&self, start: Height, most: usize) -> Vec<Height> {
        self.missing(start.get(), most).into_iter().map(Height::new).collect()
    }

    fn next_gap(&self, height: Height) -> (Option<Height>, Option<Height>) {
        let (end, next) = self.gap(height.get());
        (end.map(Height::new), next.map(Height::new))
    }

    fn last_index(&self) -> Option<Height> {
        self.last()
    }
}
