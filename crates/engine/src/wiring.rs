//! How each part of a chain is set: sizes, times, and the names of its partitions.

use commonware_broadcast::buffered;
use commonware_codec::{CodecShared, RangeCfg};
use commonware_consensus::{
    marshal::{self, core::Floor, resolver::p2p as backfill},
    simplex::{
        self,
        config::{Floor as FirstBlock, ForwardPolicy, SkipPolicy},
        elector::RoundRobin,
    },
    types::{Epoch, FixedEpocher, ViewDelta},
};
use commonware_cryptography::{Digested, Sha256, Signer as _, certificate::ConstantProvider};
use commonware_glue::stateful::{self, SyncPlan, db::SyncEngineConfig};
use commonware_p2p::{Blocker, Provider};
use commonware_parallel::Sequential;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::{
    archive::immutable, journal::contiguous::variable, merkle::full, qmdb::current::VariableConfig,
    translator::EightCap,
};
use commonware_utils::{NZDuration, NZU16, NZU64, NZUsize};
use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use crate::{
    application::Application,
    block::Block,
    error::Error,
    keys,
    local::LocalOnly,
    pace::Paced,
    stack::{self, BlockDigest, Marshal, PeerKey, Runtime, Scheme, Variant},
    start::{ChainConfig, StorageTuning},
};

/// With its checksum, a page fills one block of the disk.
const PAGE_BYTES: u16 = 4_084;
pub(crate) const WRITE_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
pub(crate) const REPLAY_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
/// Largest entry of the state that a store accepts when it reads: above what one block can write, so that only a damaged
/// length is refused.
const RECORD_BYTES_MAX: usize = 16 << 20;
const MAILBOX: NonZeroUsize = NZUsize!(1_024);
/// One epoch until validators change by resharing.
pub(crate) const EPOCH: Epoch = Epoch::zero();
/// Blocks of that epoch.
pub(crate) const EPOCH_BLOCKS: NonZeroU64 = NZU64!(u64::MAX);
/// Blocks that marshal hands over before it waits for the first to be durable.
pub(crate) const PENDING_BLOCKS: NonZeroUsize = NZUsize!(4);
/// How long a leader may take for a block once it is due.
const BUILD_TIME: Duration = Duration::from_secs(2);
/// How often a vote to skip a view is repeated until the view ends.
const RETRY_TIME: Duration = Duration::from_millis(500);
/// Views kept behind the last final one, for peers that are a little behind.
const VIEWS_KEPT: ViewDelta = ViewDelta::new(64);
/// How long a peer may take to answer.
const FETCH_TIME: Duration = Duration::from_secs(2);

pub(crate) type StateConfig = VariableConfig<EightCap, ((), RangeCfg<usize>), Sequential>;
type MarshalStart = marshal::Start<Scheme, BlockDigest, Digested<Block>>;
type MarshalConfig =
    marshal::Config<ConstantProvider<Scheme, Epoch>, FixedEpocher, Sequential, Block, Digested<Block>, BlockDigest>;
type MachineConfig<E> = stateful::Config<E, Application<E>, Variant, LocalOnly, Sequential>;
type BroadcastConfig<P> = buffered::Config<PeerKey, (), P, Sequential>;
type ConsensusConfig<E, B> =
    simplex::Config<Scheme, RoundRobin<Sha256>, B, BlockDigest, Paced<E>, Paced<E>, Paced<E>, Sequential>;

/// What the settings of one validator's parts follow from.
pub(crate) struct Wiring {
    scheme: Scheme,
    me: PeerKey,
    storage: StorageTuning,
    cache: CacheRef,
    heartbeat: Duration,
}

impl Wiring {
    pub(crate) fn new(config: &ChainConfig) -> Result<Self, Error> {
        let pages = config.storage.page_cache_bytes / usize::from(PAGE_BYTES);
        Ok(Self {
            scheme: keys::scheme(&config.genesis, &config.keys)?,
            me: config.keys.peer.public_key(),
            storage: config.storage.clone(),
            cache: CacheRef::new(NZU16!(PAGE_BYTES), NonZeroUsize::new(pages).unwrap_or(NonZeroUsize::MIN)),
            heartbeat: config.heartbeat,
        })
    }

    pub(crate) fn partition(&self, name: &str) -> String {
        format!("{}{name}", self.storage.prefix)
    }

    pub(crate) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The file pages in memory, shared by every store.
    pub(crate) fn cache(&self) -> CacheRef {
        self.cache.clone()
    }

    pub(crate) fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    pub(crate) fn marshal(&self, start: MarshalStart) -> MarshalConfig {
        marshal::Config {
            provider: ConstantProvider::new(self.scheme.clone()),
            epocher: FixedEpocher::new(EPOCH_BLOCKS),
            start,
            partition_prefix: self.partition("marshal"),
            mailbox_size: MAILBOX,
            view_retention: VIEWS_KEPT,
            prunable_items_per_section: NZU64!(64),
            page_cache: self.cache(),
            replay_buffer: REPLAY_BUFFER,
            key_write_buffer: WRITE_BUFFER,
            value_write_buffer: WRITE_BUFFER,
            block_codec_config: (),
            max_repair: NZUsize!(16),
            max_pending_acks: PENDING_BLOCKS,
            strategy: Sequential,
        }
    }

    pub(crate) fn machine<E: Runtime>(
        &self,
        application: Application<E>,
        marshal: (Marshal, Floor),
        plan: SyncPlan<E, Scheme, Variant>,
    ) -> MachineConfig<E> {
        stateful::Config {
            application,
            db_config: state_config(&self.storage, self.cache()),
            provider: (),
            marshal,
            mailbox_size: MAILBOX,
            plan,
            resolvers: LocalOnly,
            sync_config: SyncEngineConfig {
                fetch_batch_size: NZU64!(1_024),
                apply_batch_size: NZU64!(1_024),
                max_outstanding_requests: NZUsize!(8),
            },
            prune_config: None,
            strategy: Sequential,
        }
    }

    pub(crate) fn backfill<P, B>(&self, peers: P, blocker: B) -> backfill::Config<PeerKey, P, B>
    where
        P: Provider<PublicKey = PeerKey>,
        B: Blocker<PublicKey = PeerKey>,
    {
        backfill::Config {
            public_key: self.me.clone(),
            peer_provider: peers,
            blocker,
            mailbox_size: MAILBOX,
            fetch_timeout: NZDuration!(FETCH_TIME),
            fetch_retry_delay: Duration::from_millis(100),
            priority_requests: false,
            priority_responses: false,
        }
    }

    pub(crate) fn broadcast<P: Provider<PublicKey = PeerKey>>(&self, peers: P) -> BroadcastConfig<P> {
        buffered::Config {
            public_key: self.me.clone(),
            mailbox_size: MAILBOX,
            deque_size: 16,
            priority: true,
            codec_config: (),
            peer_provider: peers,
            strategy: Sequential,
        }
    }

    /// The leader's timeout lies above the heartbeat: an idle chain makes one view per heartbeat and no more.
    pub(crate) fn consensus<E: Runtime, B: Blocker<PublicKey = PeerKey>>(
        &self,
        automaton: Paced<E>,
        blocker: B,
        genesis: BlockDigest,
    ) -> ConsensusConfig<E, B> {
        let leader_timeout = self.heartbeat + BUILD_TIME;
        simplex::Config {
            scheme: self.scheme.clone(),
            elector: RoundRobin::default(),
            blocker,
            automaton: automaton.clone(),
            relay: automaton.clone(),
            reporter: automaton,
            strategy: Sequential,
            partition: self.partition("votes"),
            mailbox_size: MAILBOX,
            epoch: EPOCH,
            floor: FirstBlock::Genesis(genesis),
            replay_buffer: REPLAY_BUFFER,
            write_buffer: WRITE_BUFFER,
            page_cache: self.cache(),
            leader_timeout,
            certification_timeout: leader_timeout + BUILD_TIME,
            timeout_retry: RETRY_TIME,
            view_retention: VIEWS_KEPT,
            skip: SkipPolicy::Enabled {
                timeout: leader_timeout + BUILD_TIME * 2,
                budget: simplex::SkipBudget::Participants,
            },
            fetch_timeout: NZDuration!(FETCH_TIME),
            fetch_retry_delay: Duration::from_secs(1),
            forward: ForwardPolicy::SilentVoters,
            track_historical_votes: false,
        }
    }
}

/// The settings of the authenticated state.
pub(crate) fn state_config(tuning: &StorageTuning, cache: CacheRef) -> StateConfig {
    let partition = |name: &str| format!("{}state-{name}", tuning.prefix);
    let operations_per_file = NonZeroU64::new(tuning.operations_per_file).unwrap_or(NonZeroU64::MIN);
    StateConfig {
        merkle_config: full::Config {
            journal_partition: partition("nodes"),
            metadata_partition: partition("pinned"),
            items_per_blob: operations_per_file,
            write_buffer: WRITE_BUFFER,
            replay_buffer: REPLAY_BUFFER,
            strategy: Sequential,
            page_cache: cache.clone(),
        },
        journal_config: variable::Config {
            partition: partition("log"),
            items_per_section: operations_per_file,
            compression: None,
            codec_config: ((), (..=RECORD_BYTES_MAX).into()),
            page_cache: cache,
            write_buffer: WRITE_BUFFER,
            replay_buffer: REPLAY_BUFFER,
        },
        grafted_metadata_partition: partition("grafted"),
        translator: EightCap,
        init_cache: Some(NZUsize!(1 << 16)),
        init_buffer: NZUsize!(1 << 21),
        init_concurrency: (),
    }
}

/// Opens a store of final things. A store that cannot be opened stops the node.
pub(crate) async fn open_archive<E: Runtime, V: CodecShared<Cfg = ()>>(
    context: E,
    wiring: &Wiring,
    name: &str,
) -> stack::Archive<E, V> {
    let name = wiring.partition(name);
    let config = immutable::Config {
        metadata_partition: format!("{name}-metadata"),
        freezer_table_partition: format!("{name}-table"),
        freezer_table_initial_size: 1 << 16,
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
    immutable::Archive::init(context, config).await.expect("the archive opens, or the node must stop")
}
