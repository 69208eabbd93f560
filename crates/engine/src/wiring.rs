//! How each part of a chain is set: sizes, times, and the names of its partitions.

use commonware_broadcast::buffered;
use commonware_codec::{CodecShared, RangeCfg};
use commonware_consensus::{
    marshal::{self, core::Floor, resolver::p2p as backfill},
    simplex::{
        self,
        config::{ForwardPolicy, SkipPolicy},
        elector::RoundRobin,
    },
    types::{Epoch, FixedEpocher, ViewDelta},
};
use commonware_cryptography::{
    Digested, Sha256, Signer as _, bls12381::dkg::feldman_desmedt::Reveal, certificate::ConstantProvider, ed25519,
};
use commonware_glue::{
    dkg::{
        fence::{Fence, Gate},
        orchestrator, reshare,
        state_sync::Plan as EpochPlan,
    },
    stateful::{self, SyncPlan, db::SyncEngineConfig},
};
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
    directory::Directory,
    epochs::{COMMITTEE_MAX, Committees, SHARING_MODE, Schemes, belongs, first_epoch},
    error::Error,
    local::LocalOnly,
    network::Peers,
    pace::Paced,
    secrets::Secrets,
    stack::{self, BlockDigest, Curve, EpochInfo, Marshal, PeerKey, Runtime, Scheme, Variant},
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
/// The same between the parts of consensus, which are made anew in each epoch.
const VOTES_MAILBOX: NonZeroUsize = NZUsize!(128);
/// Sets dealings apart from everything else that a peer key signs. What chain they belong to is in what they sign: the
/// sharing before them.
const DEALINGS: &[u8] = b"tributary/dealings/1";
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
type ConsensusConfig<E, P, B> =
    orchestrator::Config<B, P, Schemes, Variant, Curve, Paced<E>, RoundRobin<Sha256>, Sequential>;
type ReshareConfig<E, P, B> =
    reshare::Config<ed25519::PrivateKey, P, B, Committees<E>, Secrets<E>, Sequential, Scheme, Variant, Schemes>;
/// What both actors of the epochs share of a start from a peer's state.
pub(crate) type StartPlan = EpochPlan<Scheme, BlockDigest, Curve, Directory>;

/// What the settings of one validator's parts follow from.
pub(crate) struct Wiring {
    signer: ed25519::PrivateKey,
    /// Verifies what any committee of the chain signed.
    verifier: Scheme,
    first_epoch: EpochInfo,
    epoch_blocks: NonZeroU64,
    storage: StorageTuning,
    cache: CacheRef,
    heartbeat: Duration,
}

impl Wiring {
    pub(crate) fn new(config: &ChainConfig) -> Result<Self, Error> {
        let pages = config.storage.page_cache_bytes / usize::from(PAGE_BYTES);
        let first_epoch = first_epoch(&config.genesis)?;
        let keys = &config.keys;
        if keys.share.as_ref().is_some_and(|share| !belongs(&first_epoch, &keys.peer.public_key(), share)) {
            return Err(Error::ForeignKeys);
        }
        let namespace = crypto::finality::namespace(config.genesis.chain());
        Ok(Self {
            signer: keys.peer.clone(),
            verifier: Scheme::certificate_verifier(&namespace, *first_epoch.output.public().public()),
            first_epoch,
            epoch_blocks: NonZeroU64::new(config.genesis.epoch_blocks)
                .ok_or(Error::Genesis("an epoch has no blocks"))?,
            storage: config.storage.clone(),
            cache: CacheRef::new(NZU16!(PAGE_BYTES), NonZeroUsize::new(pages).unwrap_or(NonZeroUsize::MIN)),
            heartbeat: config.heartbeat,
        })
    }

    pub(crate) fn partition(&self, name: &str) -> String {
        format!("{}{name}", self.storage.prefix)
    }

    /// Where the votes of an epoch lie.
    pub(crate) fn votes_of(&self, epoch: Epoch) -> String {
        format!("{}_consensus_{epoch}", self.partition("votes"))
    }

    pub(crate) fn first_epoch(&self) -> &EpochInfo {
        &self.first_epoch
    }

    pub(crate) fn epocher(&self) -> FixedEpocher {
        FixedEpocher::new(self.epoch_blocks)
    }

    pub(crate) fn epoch_blocks(&self) -> NonZeroU64 {
        self.epoch_blocks
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
            provider: ConstantProvider::new(self.verifier.clone()),
            epocher: self.epocher(),
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
            public_key: self.signer.public_key(),
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
            public_key: self.signer.public_key(),
            mailbox_size: MAILBOX,
            deque_size: 16,
            priority: true,
            codec_config: (),
            peer_provider: peers,
            strategy: Sequential,
        }
    }

    /// The leader's timeout lies above the heartbeat: an idle chain makes one view per heartbeat and no more.
    pub(crate) fn consensus<E, P, B>(
        &self,
        automaton: Paced<E>,
        marshal: Marshal,
        (manager, blocker): (P, B),
        schemes: Schemes,
        (gate, plan): (Gate, StartPlan),
    ) -> ConsensusConfig<E, P, B>
    where
        E: Runtime,
        P: Peers,
        B: Blocker<PublicKey = PeerKey>,
    {
        let leader_timeout = self.heartbeat + BUILD_TIME;
        orchestrator::Config {
            oracle: blocker,
            manager,
            provider: schemes,
            marshal,
            application: automaton,
            strategy: Sequential,
            simplex: orchestrator::SimplexConfig {
                elector: RoundRobin::default(),
                mailbox_size: VOTES_MAILBOX,
                replay_buffer: REPLAY_BUFFER,
                write_buffer: WRITE_BUFFER,
                page_cache: self.cache(),
                leader_timeout,
                certification_timeout: leader_timeout + BUILD_TIME,
                timeout_retry: RETRY_TIME,
                fetch_timeout: NZDuration!(FETCH_TIME),
                fetch_retry_delay: Duration::from_secs(1),
                view_retention: VIEWS_KEPT,
                skip: SkipPolicy::Enabled {
                    timeout: leader_timeout + BUILD_TIME * 2,
                    budget: simplex::SkipBudget::Participants,
                },
                track_historical_votes: false,
                forward: ForwardPolicy::SilentVoters,
            },
            gate,
            state_sync: plan,
            blocks_per_epoch: self.epoch_blocks,
            mailbox_size: MAILBOX,
            partition_prefix: self.partition("votes"),
        }
    }

    pub(crate) fn resharing<E, P, B>(
        &self,
        (committees, secrets): (Committees<E>, Secrets<E>),
        marshal: Marshal,
        (manager, blocker): (P, B),
        schemes: Schemes,
        (fence, plan): (Fence, StartPlan),
    ) -> ReshareConfig<E, P, B>
    where
        E: Runtime,
        P: Peers,
        B: Blocker<PublicKey = PeerKey>,
    {
        reshare::Config {
            signer: self.signer.clone(),
            manager,
            blocker,
            participants_provider: committees,
            secret_store: secrets,
            strategy: Sequential,
            registrar: schemes,
            marshal,
            state_sync: plan,
            fence,
            namespace: DEALINGS,
            sharing_mode: SHARING_MODE,
            reveal: Reveal::V1,
            mailbox_size: MAILBOX,
            partition_prefix: self.partition("resharing"),
            page_cache: self.cache(),
            write_buffer: WRITE_BUFFER,
            replay_buffer: REPLAY_BUFFER,
            max_participants: COMMITTEE_MAX,
            blocks_per_epoch: self.epoch_blocks,
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
