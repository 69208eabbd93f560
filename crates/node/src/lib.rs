//! One node: a chain, its pool, its read model and its doors, wired together. It holds no rule.
//!
//! ```text
//!   server -- Backend --> admission --> pool --take--> engine --final blocks--> feed --> index
//!      ^                      |                                                  |
//!      |                   journal                                               |
//!      '------------------------- waiters, lists, events ------------------------'
//! ```
//! **Invariant**: a client is told that a transaction is final only after its block and receipts are on this node's disk.
//! **Invariant**: the doors are open from the start; until the chain stands they say how far the node is, and nothing else.
//! **Invariant**: a client is told that a transaction was taken only after it is on this node's disk: it waits again after
//! a crash, until it is final, has expired, or its place was given to another.
//! **Invariant**: whom the pool does not know is looked up in a state no older than the last block that the pool was told
//! of ([`enter`]): what is final is not taken again.
//! **Invariant**: the index is behind the chain or level with it, never ahead; it can be dropped and fed again.
//!
//! Entry point: [`Node::start`].

mod admission;
mod backend;
mod entry;
mod error;
mod feed;
mod folder;
mod journal;
mod lag;
mod owners;
mod phase;
mod source;
pub mod state_file;
mod vitals;
mod waiters;

pub use admission::check_block;
pub use entry::enter;
pub use error::Error;
pub use folder::{Contact, FORMAT, Folder, Lock, Peer, Peers};
pub use mempool::Policy;
pub use owners::Owners;
pub use phase::{Phase, Phases};
pub use source::{Arrived, PoolSource};
pub use state_file::StateFile;

use api::Backend;
use backend::NodeBackend;
use engine::{Chain, ChainConfig, Peering, Standing, StorageTuning, ValidatorKeys};
use futures::future::BoxFuture;
use index::{Index, Scope};
use std::{net::SocketAddr, num::NonZeroU64, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use types::Genesis;
use vitals::NodeVitals;

/// How a node runs.
#[derive(Clone, Debug)]
pub struct Config {
    pub folder: Folder,
    /// Address of the REST door; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address of a door of its own for health and metrics; without one the REST door tells them.
    pub metrics: Option<SocketAddr>,
    /// A proxy stands before the door and names the clients.
    pub behind_proxy: bool,
    /// The longest time without a block.
    pub heartbeat: Duration,
    /// A node that has no block begins at the others' newest one. A machine that is not of the genesis does so anyway.
    pub join: bool,
    /// How many of the newest blocks are kept; `None`: all.
    pub keep_blocks: Option<NonZeroU64>,
    /// When a sender may put another transaction in the place of one that waits.
    pub pool_policy: Policy,
    /// Whether lists, records and events are kept for clients. Transactions, queries and proofs are answered without.
    pub lists: bool,
}

/// The longest time without a block, when nothing else is said. Each idle block costs its place on the disk; a validator
/// that falls holds the chain up at its turns, each time for this and two seconds more, until the others skip them.
pub const HEARTBEAT: Duration = Duration::from_secs(3);

/// Waits for the block that writes the genesis: before it there is no state to answer from.
async fn first_block(folder: &Folder, chain: &Chain) -> Result<(), Error> {
    let mut heads = chain.heads();
    let found = tokio::select! {
        found = heads.wait_for(|head| head.height > 0) => found.is_ok(),
        () = chain.stopped() => false,
    };
    if found {
        return Ok(());
    }
    chain.stopped().await;
    Err(why_stopped(folder, chain))
}

fn why_stopped(folder: &Folder, chain: &Chain) -> Error {
    // Not every part says what the system told it.
    if folder.free_bytes().is_ok_and(|free| free < FREE_BYTES_NONE) {
        return Error::DiskFull { folder: folder.path().to_owned() };
    }
    chain.failure().map_or(Error::ChainStopped, |reason| Error::of_engine(folder.path(), &reason))
}

/// Where the engine tells how far its start is. It tells until it has the state.
fn standing(vitals: &Arc<NodeVitals>) -> Standing {
    let standing = vitals.standing().clone();
    let (vitals, mut phases) = (vitals.clone(), standing.phases());
    tokio::spawn(async move {
        while phases.changed().await.is_ok() {
            let Some(phase) = phase::of_engine(*phases.borrow_and_update()) else { return };
            vitals.phase().send_replace(phase);
        }
    });
    standing
}

fn warn_of_space(folder: &Folder) {
    match folder.free_bytes() {
        Ok(free) if free < FREE_BYTES_MIN => {
            tracing::warn!(folder = %folder.path().display(), free_mib = free >> 20, "the disk of the data folder is nearly full");
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(folder = %folder.path().display(), %error, "the disk of the data folder cannot be measured")
        }
    }
}

/// Below so much free space a start warns: a busy node writes that in some hours.
const FREE_BYTES_MIN: u64 = 1 << 30;

/// With so little free space no store can grow: a chain that has stopped then has stopped for that.
const FREE_BYTES_NONE: u64 = 1 << 20;

/// A running node.
pub struct Node {
    folder: Folder,
    lock: Lock,
    chain: Chain,
    backend: Arc<NodeBackend>,
    doors: Doors,
    feed: JoinHandle<Result<(), Error>>,
}

/// The node's open doors.
struct Doors {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    door: server::Handle,
    metrics: Option<server::Handle>,
}

impl Doors {
    async fn open(config: &Config, vitals: &Arc<NodeVitals>, meters: server::Meters) -> Result<Self, Error> {
        let (listener, address) = bind(config.listen).await?;
        let (metrics, behind_proxy) = (config.metrics.is_none(), config.behind_proxy);
        let settings = server::Config { metrics, behind_proxy, meters, ..server::Config::default() };
        let door = server::serve(listener, vitals.clone(), settings);
        let (mut metrics, mut metrics_address) = (None, None);
        if let Some(listen) = config.metrics {
            let (listener, address) = bind(listen).await?;
            metrics = Some(server::serve_probes(listener, vitals.clone()));
            metrics_address = Some(address);
        }
        Ok(Self { address, metrics_address, door, metrics })
    }

    async fn close(self) {
        self.door.stop().await;
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Where this node meets others, if it does. The engine would end at an address that is taken, without a word for
/// operators.
fn peering(folder: &Folder) -> Result<Option<Peering>, Error> {
    let peering = folder.peering()?;
    if let Some(Peering { listen: address, .. }) = peering {
        std::net::TcpListener::bind(address).map_err(|source| Error::ListenForPeers { address, source })?;
    }
    Ok(peering)
}

impl Node {
    /// Takes the folder, opens the doors, starts the chain, brings the index up to it, and answers.
    ///
    /// Not an async function, so that all this is compiled with this crate and not with the program that polls it, which is
    /// hardly optimized.
    #[inline(never)]
    pub fn start(config: Config) -> BoxFuture<'static, Result<Self, Error>> {
        Box::pin(Self::open(config))
    }

    async fn open(config: Config) -> Result<Self, Error> {
        let folder = config.folder.clone();
        let mut lock = folder.lock()?;
        let genesis = Arc::new(folder.genesis()?);
        folder.check_modes()?;
        let keys = folder.validator_keys()?;
        warn_of_space(&folder);
        let meters = server::Meters::default();
        let vitals = Arc::new(NodeVitals::new(folder.clone(), keys.peer_key(), config.heartbeat, &meters));
        let doors = Doors::open(&config, &vitals, meters).await?;
        lock.tell(&Contact { process: std::process::id(), door: doors.address, metrics: doors.metrics_address })?;
        tracing::info!(address = %doors.address, "the door is open; the node starts");
        let started = Self::launch(&config, genesis, keys, &vitals).await;
        let (chain, backend, feed) = match started {
            Ok(started) => started,
            Err(error) => {
                doors.close().await;
                return Err(error);
            }
        };
        doors.door.answer_from(backend.clone());
        tracing::info!(address = %doors.address, height = chain.head().height, "node started");
        Ok(Self { folder, lock, chain, backend, doors, feed })
    }

    /// Starts what stands behind the doors.
    async fn launch(
        config: &Config,
        genesis: Arc<Genesis>,
        keys: ValidatorKeys,
        vitals: &Arc<NodeVitals>,
    ) -> Result<(Chain, Arc<NodeBackend>, JoinHandle<Result<(), Error>>), Error> {
        let folder = &config.folder;
        let (store, kept) = journal::Store::open(&folder.pool_journal())?;
        let (journal, requests) = journal::channel();
        let (source, arriving) = source::PoolSource::new(config.pool_policy, Some(journal.clone()));
        let source = Arc::new(source);
        store.serve(requests, &source).map_err(Error::Thread)?;
        let me = keys.peer_key();
        let founder = genesis.validators.iter().any(|key| **key == me.0);
        let join = config.join || !founder;
        let chain_config = ChainConfig {
            genesis: genesis.clone(),
            keys,
            source: source.clone(),
            check: admission::check_block(genesis.chain(), source.clone()),
            heartbeat: config.heartbeat,
            storage: StorageTuning::default(),
            peering: peering(folder)?,
            join,
            keep: config.keep_blocks,
            standing: standing(vitals),
            restored: folder.restored()?,
            inherited: folder.inherited(&genesis, join)?,
            checkpoint: folder.checkpoint(&genesis)?,
        };
        let chain = Chain::start(folder.chain(), chain_config).await;
        let chain = chain.map_err(|error| Error::engine(folder.path(), error))?;
        vitals.phase().send_replace(Phase::FirstBlock);
        first_block(folder, &chain).await?;
        folder.remember_stores()?;
        let scope = if config.lists { Scope::Lists } else { Scope::Transactions };
        let index = Arc::new(Index::open(&folder.index_url(), scope).await?);
        let feed = tokio::spawn(feed::run(chain.clone(), index.clone(), source.clone()));
        let way = (journal.clone(), arriving);
        let admission = admission::Admission::start(genesis.clone(), chain.clone(), source.clone(), way);
        let count = kept.len();
        let waiting = admission.restore(kept).await;
        journal.compact().await;
        if count > 0 {
            tracing::info!(kept = count, waiting, "the pool's journal was read");
        }
        vitals.run(chain.clone(), index.clone(), source.clone());
        let (chain_of_backend, vitals) = (chain.clone(), vitals.clone());
        let backend = NodeBackend { genesis, chain: chain_of_backend, source, index, admission, vitals };
        Ok((chain, Arc::new(backend), feed))
    }

    /// Where the REST door is.
    pub fn address(&self) -> SocketAddr {
        self.doors.address
    }

    /// Where metrics are told, if not at the REST door.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.doors.metrics_address
    }

    /// The chain, for audits and measurements in the same process.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The node as its doors see it.
    pub fn backend(&self) -> Arc<dyn Backend> {
        self.backend.clone()
    }

    /// Resolves when the node has stopped by itself, with the reason.
    pub async fn failed(&mut self) -> Error {
        tokio::select! {
            () = self.chain.stopped() => why_stopped(&self.folder, &self.chain),
            result = &mut self.feed => match result {
                Ok(Err(Error::Index(error))) => Error::of_index(self.folder.path(), error),
                // A chain that fails takes the feed along: its reason is the one that counts.
                Ok(Ok(()) | Err(Error::Engine(engine::Error::Stopped | engine::Error::Failed(_)))) => {
                    self.chain.stopped().await;
                    why_stopped(&self.folder, &self.chain)
                }
                Ok(Err(error)) => error,
                Err(panic) => Error::Feed(panic),
            },
        }
    }

    /// Closes the doors, then the chain: what was acknowledged is on disk.
    pub async fn stop(self) {
        self.doors.close().await;
        self.feed.abort();
        self.chain.stop().await;
        if let Err(error) = self.backend.index.close().await {
            tracing::warn!(%error, "the index was not folded into its file");
        }
        drop(self.lock);
    }
}
