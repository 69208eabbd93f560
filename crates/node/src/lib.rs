//! One node: a chain, its pool, its read model and its doors, wired together. It holds no rule.
//!
//! ```text
//!   server -- Backend --> admission --> pool --take--> engine --final blocks--> feed --> index
//!      ^                                                                         |
//!      '------------------------- waiters, lists, events ------------------------'
//! ```
//! **Invariant**: a client is told that a transaction is final only after its block and receipts are on this node's disk.
//! **Invariant**: the index is behind the chain or level with it, never ahead; it can be dropped and fed again.
//!
//! Entry point: [`Node::start`].

mod admission;
mod backend;
mod error;
mod feed;
mod folder;
mod source;
mod waiters;

pub use admission::check_block;
pub use error::Error;
pub use folder::{Folder, Peer, Peers};
pub use source::PoolSource;

use api::Backend;
use backend::NodeBackend;
use engine::{Chain, ChainConfig, Standing, StorageTuning};
use futures::future::BoxFuture;
use std::{net::SocketAddr, num::NonZeroU64, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};

/// How a node runs.
#[derive(Clone, Debug)]
pub struct Config {
    pub folder: Folder,
    /// Address of the REST door; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The longest time without a block.
    pub heartbeat: Duration,
    /// A node that has no block begins at the others' newest one. A machine that is not of the genesis does so anyway.
    pub join: bool,
    /// How many of the newest blocks are kept; `None`: all.
    pub keep_blocks: Option<NonZeroU64>,
}

/// The longest time without a block, when nothing else is said.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// Waits for the block that writes the genesis: before it there is no state to answer from.
async fn first_block(chain: &Chain) -> Result<(), Error> {
    let mut heads = chain.heads();
    tokio::select! {
        found = heads.wait_for(|head| head.height > 0) => found.map(drop).map_err(|_| Error::ChainStopped),
        () = chain.stopped() => Err(Error::ChainStopped),
    }
}

/// A running node.
pub struct Node {
    address: SocketAddr,
    chain: Chain,
    backend: Arc<NodeBackend>,
    door: server::Handle,
    feed: JoinHandle<Result<(), Error>>,
}

impl Node {
    /// Opens the folder, starts the chain, brings the index up to it, and opens the doors.
    ///
    /// Not an async function, so that all this is compiled with this crate and not with the program that polls it, which is
    /// hardly optimized.
    #[inline(never)]
    pub fn start(config: Config) -> BoxFuture<'static, Result<Self, Error>> {
        Box::pin(Self::open(config))
    }

    async fn open(config: Config) -> Result<Self, Error> {
        let genesis = Arc::new(config.folder.genesis()?);
        let keys = config.folder.validator_keys()?;
        let (source, arriving) = source::PoolSource::new();
        let source = Arc::new(source);
        let me = keys.peer_key();
        let founder = genesis.validators.iter().any(|key| **key == me.0);
        let chain_config = ChainConfig {
            genesis: genesis.clone(),
            keys,
            source: source.clone(),
            check: admission::check_block(genesis.chain()),
            heartbeat: config.heartbeat,
            storage: StorageTuning::default(),
            peering: config.folder.peering()?,
            join: config.join || !founder,
            keep: config.keep_blocks,
            standing: Standing::default(),
        };
        let chain = Chain::start(config.folder.chain(), chain_config).await?;
        first_block(&chain).await?;
        let index = Arc::new(index::Index::open(&config.folder.index_url()).await?);
        let waiters = Arc::new(waiters::Waiters::default());
        let feed = tokio::spawn(feed::run(chain.clone(), index.clone(), source.clone(), waiters.clone()));
        let admission = admission::Admission::start(genesis.clone(), chain.clone(), source.clone(), arriving);
        let backend = Arc::new(NodeBackend { genesis, chain: chain.clone(), source, index, admission, waiters });
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| Error::Listen { address: config.listen, source })?;
        let address = listener.local_addr().map_err(|source| Error::Listen { address: config.listen, source })?;
        let door = server::serve(listener, backend.clone());
        tracing::info!(%address, height = chain.head().height, "node started");
        Ok(Self { address, chain, backend, door, feed })
    }

    /// Where the REST door is.
    pub fn address(&self) -> SocketAddr {
        self.address
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
            () = self.chain.stopped() => Error::ChainStopped,
            result = &mut self.feed => match result {
                Ok(Err(error)) => error,
                Ok(Ok(())) | Err(_) => Error::ChainStopped,
            },
        }
    }

    /// Closes the doors, then the chain: what was acknowledged is on disk.
    pub async fn stop(self) {
        self.door.stop().await;
        self.feed.abort();
        self.chain.stop().await;
        if let Err(error) = self.backend.index.close().await {
            tracing::warn!(%error, "the index was not folded into its file");
        }
    }
}
