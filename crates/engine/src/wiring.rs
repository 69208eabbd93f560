//! How each part of a chain is set: sizes, times, and the names of its partitions.

use commonware_broadcast::buffered;
use commonware_codec::RangeCfg;
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
        orchestrator, probe, reshare,
        state_sync::Plan as EpochPlan,
    },
    stateful::{self, SyncPlan, db::SyncEngineConfig},
};
use commonware_p2p::{Blocker, Provider};
use commonware_parallel::Sequential;
use commonware_resolver::p2p as resolver;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::{
    journal::contiguous::variable,
    merkle::full,
    qmdb::{current::VariableConfig, sync::Request},
    translator::EightCap,
};
use commonware_utils::{NZDuration, NZU16, NZU64, NZUsize};
use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};
use types::Timestamp;

use crate::{
    application::Application,
    block::Block,
    directory::Directory,
    epochs::{COMMITTEE_MAX, Committees, SHARING_MODE, Schemes, belongs, first_epoch},
    error::Error,
    fetch::{Desk, OPERATIONS_MAX, StateSource},
    finals::STEP,
    network::Peers,
    pace::Paced,
    secrets::Secrets,
    stack::{BlockDigest, Curve, EpochInfo, Family, Finalization, Marshal, PeerKey, Runtime, Scheme, Variant},
    standing::Standing,
    start::{ChainConfig, StorageTuning},
};

/// With its checksum, a page fills one block of the disk.
const PAGE_BYTES: u16 = 4_084;
pub(crate) const WRITE_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
pub(crate) const REPLAY_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
/// Largest entry of the state that a store accepts when it reads: above what one block can write, so that only a damaged
/// length is refused.
pub(crate) const RECORD_BYTES_MAX: usize = 16 << 20;
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
/// Epochs whose blocks every node keeps: a restart needs the block before its epoch, and others come to fetch.
const KEPT_EPOCHS_MIN: u64 = 2;
/// How soon those who did not answer are asked again where to begin.
const ASK_AGAIN: Duration = Duration::from_secs(1);

pub(crate) type StateConfig = VariableConfig<EightCap, ((), RangeCfg<usize>), Sequential>;
type MarshalStart = marshal::Start<Scheme, BlockDigest, Digested<Block>>;
type MarshalConfig =
    marshal::Config<ConstantProvider<Scheme, Epoch>, FixedEpocher, Sequential, Block, Digested<Block>, BlockDigest>;
type MachineConfig<E> = stateful::Config<E, Application<E>, Variant, StateSource<E>, Sequential>;
type ProbeConfig<E, P, B> = probe::Config<E, P, Scheme, Variant, Sequential, B>;
type ResolverConfig<E, P, B> = resolver::Config<PeerKey, P, B, Request<Family>, Desk<E>, Desk<E>>;
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
    /// Whose validators are asked where to begin.
    asked: EpochInfo,
    epoch_blocks: NonZeroU64,
    storage: StorageTuning,
    cache: CacheRef,
    heartbeat: Duration,
    joins: bool,
    keeps: Option<NonZeroU64>,
    standing: Standing,
    restored: Option<Timestamp>,
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
        if config.keep.is_some_and(|keep| keep.get() < KEPT_EPOCHS_MIN * config.genesis.epoch_blocks) {
            return Err(Error::KeepsTooFew(KEPT_EPOCHS_MIN * config.genesis.epoch_blocks));
        }
        let asked = config.checkpoint.as_ref().map(|checkpoint| checkpoint.info(&config.genesis)).transpose()?;
        Ok(Self {
            asked: asked.unwrap_or_else(|| first_epoch.clone()),
            signer: keys.peer.clone(),
            verifier: Scheme::certificate_verifier(&namespace, *first_epoch.output.public().public()),
            first_epoch,
            epoch_blocks: NonZeroU64::new(config.genesis.epoch_blocks)
                .ok_or(Error::Genesis("an epoch has no blocks"))?,
            storage: config.storage.clone(),
            cache: CacheRef::new(NZU16!(PAGE_BYTES), NonZeroUsize::new(pages).unwrap_or(NonZeroUsize::MIN)),
            heartbeat: config.heartbeat,
            joins: config.join,
            keeps: config.keep,
            standing: config.standing.clone(),
            restored: config.restored,
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

    /// Whether a node that has nothing begins at a recent block instead of the genesis.
    pub(crate) fn joins(&self) -> bool {
        self.joins
    }

    /// How many of the newest final blocks are kept; `None`: all.
    pub(crate) fn keeps(&self) -> Option<NonZeroU64> {
        self.keeps
    }

    /// Places of a new archive's table.
    pub(crate) fn archive_slots(&self) -> u32 {
        self.storage.archive_slots
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// When the folder came out of a backup, if it did.
    pub(crate) fn restored(&self) -> Option<Timestamp> {
        self.restored
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
        source: StateSource<E>,
    ) -> MachineConfig<E> {
        stateful::Config {
            application,
            db_config: state_config(&self.storage, self.cache()),
            provider: (),
            marshal,
            mailbox_size: MAILBOX,
            plan,
            resolvers: source,
            sync_config: SyncEngineConfig {
                fetch_batch_size: OPERATIONS_MAX,
                apply_batch_size: NZU64!(1_024),
                max_outstanding_requests: NZUsize!(8),
            },
            prune_config: self.keeps.map(pruning),
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

    /// Asks for parts of the state, and answers those who ask.
    pub(crate) fn state_resolver<E, P, B>(&self, peers: P, blocker: B, desk: Desk<E>) -> ResolverConfig<E, P, B>
    where
        E: Runtime,
        P: Provider<PublicKey = PeerKey>,
        B: Blocker<PublicKey = PeerKey>,
    {
        resolver::Config {
            peer_provider: peers,
            blocker,
            consumer: desk.clone(),
            producer: desk,
            mailbox_size: MAILBOX,
            me: Some(self.signer.public_key()),
            fetch_timeout: NZDuration!(FETCH_TIME),
            fetch_retry_delay: Duration::from_millis(100),
            priority_requests: false,
            priority_responses: false,
        }
    }

    /// Asks the first validators, or those of a checkpoint, where to begin, and answers those who ask.
    pub(crate) fn probe<E, P, B>(
        &self,
        context: E,
        floor: Option<Finalization>,
        peers: P,
        blocker: B,
    ) -> ProbeConfig<E, P, B>
    where
        E: Runtime,
        P: Peers,
        B: Blocker<PublicKey = PeerKey>,
    {
        probe::Config {
            context,
            manager: peers,
            bootstrap: probe::Bootstrap {
                epoch: self.asked.epoch,
                participants: self.asked.participants(),
                directory: self.asked.directory.clone(),
            },
            floor,
            verifier: self.verifier.clone(),
            genesis: self.first_epoch.clone(),
            strategy: Sequential,
            blocker,
            blocks_per_epoch: self.epoch_blocks,
            retry_timeout: NZDuration!(ASK_AGAIN),
            mailbox_size: MAILBOX,
            block_codec_config: (),
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
                    timeout: leader_timeout + BUILD_TIME + RETRY_TIME,
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

/// What is given up of blocks, and of the state's log below what is live, for those who begin at a recent block.
fn pruning(keeps: NonZeroU64) -> stateful::PruneConfig {
    let keeps = usize::try_from(keeps.get()).unwrap_or(usize::MAX);
    let maintenance_interval = NonZeroUsize::new(STEP.get() as usize / 2).unwrap_or(NonZeroUsize::MIN);
    stateful::PruneConfig { maintenance_interval, retained_marshal_blocks: keeps, retained_qmdb_blocks: keeps }
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
        init_cache: NonZeroUsize::new(tuning.replay_keys),
        init_buffer: NZUsize!(1 << 21),
        init_concurrency: (),
    }
}
