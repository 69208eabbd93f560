//! Puts a chain together on any runtime: stores, network, state machine, consensus.
//!
//! Partitions of the data folder, by prefix: `blocks-`, `certificates-` (archives), `marshal-` (progress and recent
//! uncertified blocks), `votes` (what this validator has signed), `state-` (the authenticated state), `outputs`.

use commonware_broadcast::buffered;
use commonware_codec::{CodecShared, RangeCfg};
use commonware_consensus::{
    marshal::{
        self,
        core::Actor,
        resolver::p2p as backfill,
        standard::{Deferred, Standard},
    },
    simplex::{
        self,
        config::{Floor, ForwardPolicy, SkipPolicy},
        elector::RoundRobin,
    },
    types::{Epoch, FixedEpocher, ViewDelta},
};
use commonware_cryptography::{Digested, Digestible as _, Sha256, Signer as _, certificate::ConstantProvider};
use commonware_glue::stateful::{Config as StatefulConfig, Stateful, SyncPlan, db::SyncEngineConfig};
use commonware_p2p::{Blocker, Provider, Receiver, Sender};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle, buffer::paged::CacheRef};
use commonware_storage::{
    archive::{Archive as _, Identifier, immutable},
    journal::contiguous::variable,
    merkle::full,
    qmdb::current::VariableConfig,
    translator::EightCap,
};
use commonware_utils::{NZDuration, NZU16, NZU64, NZUsize};
use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::Arc,
    time::Duration,
};
use types::Genesis;

use crate::{
    application::{Application, Core, empty_target},
    block::Block,
    error::Error,
    follow::{Announcer, Archive, Head, announce},
    keys::{self, ValidatorKeys},
    local::LocalOnly,
    network::Network,
    outputs::OutputsStore,
    pace::Paced,
    services::Services,
    source::TransactionSource,
    stack::{self, Runtime},
    verify::CheckBatch,
};

/// How much memory and how large files the stores use.
#[derive(Clone, Debug)]
pub struct StorageTuning {
    /// Stands in front of every partition's name: for chains that share a folder.
    pub prefix: String,
    /// Bytes of file pages kept in memory.
    pub page_cache_bytes: usize,
    /// Operations of the state log in one file.
    pub operations_per_file: u64,
}

impl Default for StorageTuning {
    fn default() -> Self {
        Self { prefix: String::new(), page_cache_bytes: 64 << 20, operations_per_file: 1 << 18 }
    }
}

/// What one validator runs.
#[derive(Clone)]
pub struct ChainConfig {
    pub genesis: Arc<Genesis>,
    pub keys: ValidatorKeys,
    pub source: Arc<dyn TransactionSource>,
    pub check: CheckBatch,
    /// The longest time without a block.
    pub heartbeat: Duration,
    pub storage: StorageTuning,
}

/// With its checksum, a page fills one block of the disk.
const PAGE_BYTES: u16 = 4_084;
const WRITE_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
const REPLAY_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
/// Largest entry of the state that a store accepts when it reads: above what one block can write, so that only a damaged
/// length is refused.
const RECORD_BYTES_MAX: usize = 16 << 20;
const MAILBOX: NonZeroUsize = NZUsize!(1_024);
/// One epoch until validators change by resharing.
const EPOCH_BLOCKS: NonZeroU64 = NZU64!(u64::MAX);
/// Blocks that marshal hands over before it waits for the first to be durable.
const PENDING_BLOCKS: NonZeroUsize = NZUsize!(4);
/// How long a leader may take for a block once it is due.
const BUILD_TIME: Duration = Duration::from_secs(5);

pub(crate) type StateConfig = VariableConfig<EightCap, ((), RangeCfg<usize>), Sequential>;

/// Starts a chain and returns the services that read it. It runs until the runtime stops.
pub(crate) async fn start<E, S, R, P, B>(
    context: E,
    config: ChainConfig,
    network: Network<S, R, P, B>,
) -> Result<(Services<E>, Handle<()>), Error>
where
    E: Runtime,
    S: Sender<PublicKey = stack::PeerKey>,
    R: Receiver<PublicKey = stack::PeerKey>,
    P: Provider<PublicKey = stack::PeerKey>,
    B: Blocker<PublicKey = stack::PeerKey>,
{
    let scheme = keys::scheme(&config.genesis, &config.keys)?;
    let records = execution::run::genesis_records(&config.genesis)
        .map_err(|_| Error::Genesis("its records are refused by the ledger"))?;
    let genesis = Block::genesis(&config.genesis, empty_target::<E>());
    let core = Core::new(config.genesis.clone(), genesis.clone(), records, config.source, config.check);
    let cache = CacheRef::new(NZU16!(PAGE_BYTES), pages(&config.storage));
    let me = config.keys.peer.public_key();
    let partition = |name: &str| format!("{}{name}", config.storage.prefix);

    let outputs = OutputsStore::open(context.child("outputs"), partition("outputs"), cache.clone()).await;
    let certificates = open_archive(context.child("certificates"), &partition("certificates"), cache.clone()).await;
    let blocks = open_archive(context.child("blocks"), &partition("blocks"), cache.clone()).await;
    let head = resume(&core, &blocks, &outputs).await?;
    let plan = SyncPlan::init(context.child("plan"), partition("state-")).await;
    let (marshal_actor, marshal, floor) = Actor::<_, Standard<Block>, _, _, _, _, _>::init(
        context.child("marshal"),
        certificates,
        blocks,
        marshal::Config {
            provider: ConstantProvider::new(scheme.clone()),
            epocher: FixedEpocher::new(EPOCH_BLOCKS),
            start: plan.marshal_start(Digested::precomputed(genesis.clone(), genesis.digest())),
            partition_prefix: partition("marshal"),
            mailbox_size: MAILBOX,
            view_retention: ViewDelta::new(64),
            prunable_items_per_section: NZU64!(64),
            page_cache: cache.clone(),
            replay_buffer: REPLAY_BUFFER,
            key_write_buffer: WRITE_BUFFER,
            value_write_buffer: WRITE_BUFFER,
            block_codec_config: (),
            max_repair: NZUsize!(16),
            max_pending_acks: PENDING_BLOCKS,
            strategy: Sequential,
        },
    )
    .await;

    let (machine_actor, machine) = Stateful::new(
        context.child("machine"),
        StatefulConfig {
            application: Application::new(core.clone()),
            db_config: state_config(&config.storage, cache.clone()),
            provider: (),
            marshal: (marshal.clone(), floor),
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
        },
    );

    let resolver = backfill::init(
        context.child("backfill"),
        backfill::Config {
            public_key: me.clone(),
            peer_provider: network.peers.clone(),
            blocker: network.blocker.clone(),
            mailbox_size: MAILBOX,
            fetch_timeout: NZDuration!(Duration::from_secs(2)),
            fetch_retry_delay: Duration::from_millis(100),
            priority_requests: false,
            priority_responses: false,
        },
        network.backfill,
    );
    let (broadcast, buffer) = buffered::Engine::new(
        context.child("broadcast"),
        buffered::Config {
            public_key: me,
            mailbox_size: MAILBOX,
            deque_size: 16,
            priority: true,
            codec_config: (),
            peer_provider: network.peers,
            strategy: Sequential,
        },
    );
    broadcast.start(network.broadcast);

    let archive = Archive::new(marshal.clone(), outputs, head);
    let (announcer, announcements) = Announcer::new(machine.clone());
    let announcing = announce(core.clone(), archive.clone(), announcements);
    context.child("announcer").spawn(|_| announcing);
    marshal_actor.start(announcer, buffer, resolver);
    machine_actor.start();
    let state = machine.subscribe_databases().await;

    let automaton = Deferred::new(context.child("automaton"), machine, marshal, FixedEpocher::new(EPOCH_BLOCKS));
    let automaton = Paced::new(context.child("pace"), automaton, core.clone(), config.heartbeat);
    let leader_timeout = config.heartbeat + BUILD_TIME;
    let consensus = simplex::Engine::new(
        context.child("consensus"),
        simplex::Config {
            scheme,
            elector: RoundRobin::<Sha256>::default(),
            blocker: network.blocker,
            automaton: automaton.clone(),
            relay: automaton.clone(),
            reporter: automaton,
            strategy: Sequential,
            partition: partition("votes"),
            mailbox_size: MAILBOX,
            epoch: Epoch::zero(),
            floor: Floor::Genesis(genesis.digest()),
            replay_buffer: REPLAY_BUFFER,
            write_buffer: WRITE_BUFFER,
            page_cache: cache,
            leader_timeout,
            certification_timeout: leader_timeout + BUILD_TIME,
            timeout_retry: BUILD_TIME,
            view_retention: ViewDelta::new(64),
            skip: SkipPolicy::Enabled {
                timeout: leader_timeout + BUILD_TIME * 2,
                budget: simplex::SkipBudget::Participants,
            },
            fetch_timeout: NZDuration!(Duration::from_secs(2)),
            fetch_retry_delay: Duration::from_secs(1),
            forward: ForwardPolicy::SilentVoters,
            track_historical_votes: false,
        },
    );
    let handle = consensus.start(network.votes, network.certificates, network.resolver);
    Ok((Services::new(context, core, archive, state), handle))
}

/// Tells the application where it left off, and returns the last announced block.
///
/// What was announced before the last stop stays announced: its outputs are durable, and its block was before them.
async fn resume<E: Runtime>(
    core: &Core,
    blocks: &stack::Archive<E, Arc<Block>>,
    outputs: &OutputsStore<E>,
) -> Result<Head, Error> {
    let height = outputs.height().await;
    let mut head = Head::of(&core.genesis_block);
    // Marshal may have to deliver the last few again; until then the state lies that far back.
    let first = height.saturating_sub(u64::try_from(PENDING_BLOCKS.get()).unwrap_or(u64::MAX));
    for height in first.max(1)..=height {
        let block = blocks
            .get(Identifier::Index(height))
            .await
            .map_err(|_| Error::Corrupt("a final block"))?
            .ok_or(Error::Corrupt("a block that was announced is missing"))?;
        let outputs = outputs.get(height).await?.ok_or(Error::Corrupt("the outputs of a block"))?;
        core.resume(&block, outputs.more_due);
        head = Head::of(&block);
    }
    Ok(head)
}

fn pages(tuning: &StorageTuning) -> NonZeroUsize {
    NonZeroUsize::new(tuning.page_cache_bytes / usize::from(PAGE_BYTES)).unwrap_or(NonZeroUsize::MIN)
}

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

async fn open_archive<E: Runtime, V: CodecShared<Cfg = ()>>(
    context: E,
    name: &str,
    cache: CacheRef,
) -> stack::Archive<E, V> {
    let config = immutable::Config {
        metadata_partition: format!("{name}-metadata"),
        freezer_table_partition: format!("{name}-table"),
        freezer_table_initial_size: 1 << 16,
        freezer_table_resize_frequency: 4,
        freezer_table_resize_chunk_size: 1 << 12,
        freezer_key_partition: format!("{name}-keys"),
        freezer_key_page_cache: cache,
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
