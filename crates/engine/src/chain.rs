//! The door of this crate: one chain, running in the background.
//!
//! commonware's runtime owns its executor: a chain runs on a thread of its own, with its own tokio workers. A [`Chain`]
//! is a handle that any other runtime (the node's axum server) may use: each question travels over a channel, is answered
//! on the chain's runtime, and comes back over a oneshot. Followers read from bounded channels.

use commonware_cryptography::Signer as _;
use commonware_runtime::{Handle, Runner as _, Spawner as _, Supervisor as _, tokio as cw};
use commonware_utils::channel::{mpsc, oneshot, watch};
use crypto::{finality::Finality, receipt_proof};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Either, select},
};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};
use types::{FinalBlock, Key};

use crate::{
    checkpoint::Checkpoint,
    epochs::Epoch,
    error::Error,
    follow::Head,
    gossip::Outgoing,
    network,
    services::{Listing, Proven, Reading, Services},
    start::{ChainConfig, start},
};

/// Questions that wait for the chain's runtime.
const CALLS: usize = 1_024;
/// Workers of the chain's runtime.
const WORKERS: usize = 2;
/// Stack of the thread that puts a chain together: its parts are large before they are moved to where they run.
pub(crate) const STACK: usize = 16 << 20;
/// Threads that wait for the disk.
const DISK_THREADS: usize = 32;
/// How long the chain's actors may take to notice that they should stop.
const STOP_TIME: Duration = Duration::from_secs(10);

type Call = Box<dyn FnOnce(Arc<Services<cw::Context>>) -> BoxFuture<'static, ()> + Send>;

enum Message {
    Call(Call),
    Stop,
}

/// A running chain. Clones are handles to the same chain; it stops when it is told to, or when the last handle is gone.
#[derive(Clone)]
pub struct Chain {
    messages: mpsc::Sender<Message>,
    head: watch::Receiver<Head>,
    outgoing: Option<Outgoing>,
    /// Closed when the chain's thread has ended; holds why, where it did not end in order.
    ended: watch::Receiver<Option<String>>,
}

/// Blocks as they become final.
pub type FinalBlocks = mpsc::Receiver<Result<Arc<FinalBlock>, Error>>;

impl Chain {
    /// Opens the data in `folder`, which one chain holds at a time, and starts the chain.
    pub async fn start(folder: PathBuf, config: ChainConfig) -> Result<Self, Error> {
        let (messages, inbox) = mpsc::channel(CALLS);
        let (started, starting) = oneshot::channel();
        let alone = config.peering.is_none();
        let (alive, ended) = watch::channel(None);
        on_a_thread(folder, config, inbox, started, alive).map_err(Error::Thread)?;
        let (head, outgoing) = match starting.await {
            Ok(started) => started?,
            Err(_) => {
                closed(ended.clone()).await;
                let why = ended.borrow().clone();
                return Err(why.map_or(Error::Stopped, Error::Failed));
            }
        };
        let outgoing = Some(outgoing).filter(|_| !alone);
        Ok(Self { messages, head, outgoing, ended })
    }

    /// The way by which the other validators hear of transactions; `None` where there are none.
    pub fn outgoing(&self) -> Option<&Outgoing> {
        self.outgoing.as_ref()
    }

    /// The last final block that followers may read.
    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// Changes with each final block.
    pub fn heads(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    /// Returns once the block at this height is final.
    pub async fn reached(&self, height: u64) -> Result<(), Error> {
        let mut head = self.head.clone();
        head.wait_for(|head| head.height >= height).await.map(drop).map_err(|_| Error::Stopped)
    }

    /// The first height whose block is here: one, unless the node began at a peer's state.
    pub async fn first(&self) -> Result<u64, Error> {
        self.call(|services| async move { services.first() }).await
    }

    /// The final block at a height, or `None` where there is none yet. Height zero has none: the genesis is written by
    /// block one.
    pub async fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, Error> {
        self.call(move |services| async move { services.block(height).await }).await?
    }

    /// Final blocks from a height on: history first, then each one as it becomes final. The reader sets the pace.
    pub async fn final_blocks(&self, from: u64) -> Result<FinalBlocks, Error> {
        self.call(move |services| async move { services.final_blocks(from) }).await
    }

    /// The epoch of the next block: who signs it, and who gets shares in it.
    pub async fn epoch(&self) -> Result<Epoch, Error> {
        self.call(|services| async move { services.epoch().await }).await?
    }

    /// Whom a machine may ask that joins now; `None` in the first epoch, which the genesis names the validators of.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, Error> {
        self.call(|services| async move { services.checkpoint().await }).await?
    }

    /// Reads records at the last final state.
    pub async fn read(&self, keys: Vec<Key>) -> Result<Reading, Error> {
        self.call(move |services| async move { services.read(&keys).await }).await?
    }

    /// What lies under a key after the last final block, with everything that shows it to someone who knows only the
    /// chain's identity and group key.
    pub async fn prove(&self, key: Key) -> Result<Proven, Error> {
        self.call(move |services| async move { services.prove(&key).await }).await?
    }

    /// What shows the receipt at this place of a final block to someone who knows only the chain's identity and group
    /// key; `None` where there is no such block or no such receipt.
    pub async fn prove_receipt(&self, height: u64, index: u32) -> Result<Option<receipt_proof::Bundle>, Error> {
        self.call(move |services| async move { services.prove_receipt(height, index).await }).await?
    }

    /// What makes the block at a height final; `None` where there is none yet.
    pub async fn finality(&self, height: u64) -> Result<Option<Finality>, Error> {
        self.call(move |services| async move { services.finality(height).await }).await?
    }

    /// Lists the whole state. No block becomes final meanwhile: it is for audits and exports.
    pub async fn scan(&self) -> Result<Listing, Error> {
        self.call(|services| async move { services.scan().await }).await?
    }

    /// Stops the chain and returns when its files are closed.
    pub async fn stop(&self) {
        let _ = self.messages.send(Message::Stop).await;
        self.stopped().await;
    }

    /// Returns when the chain has stopped, for whatever reason.
    pub async fn stopped(&self) {
        closed(self.ended.clone()).await;
    }

    /// Why the chain has stopped, if a part of it failed.
    pub fn failure(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// What the engine's parts count, in the text format of OpenMetrics.
    pub async fn metrics(&self) -> Result<String, Error> {
        self.call(|services| async move { services.metrics() }).await
    }

    async fn call<T, F, Fut>(&self, question: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Services<cw::Context>>) -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |services| {
            Box::pin(async move {
                let _ = answer.send(question(services).await);
            })
        });
        self.messages.send(Message::Call(call)).await.map_err(|_| Error::Stopped)?;
        answered.await.map_err(|_| Error::Stopped)
    }
}

/// Resolves when the sender is gone.
async fn closed<T>(mut watched: watch::Receiver<T>) {
    while watched.changed().await.is_ok() {}
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "for no stated reason".to_owned())
}

/// Runs the chain on a thread of its own.
///
/// A plain function, never inlined: what it calls is compiled with this crate. An async function's body is compiled by the
/// crate that polls it, and the whole engine would be compiled with the program, as little optimized as that is.
#[inline(never)]
fn on_a_thread(
    folder: PathBuf,
    config: ChainConfig,
    inbox: mpsc::Receiver<Message>,
    started: oneshot::Sender<Result<(watch::Receiver<Head>, Outgoing), Error>>,
    alive: watch::Sender<Option<String>>,
) -> std::io::Result<()> {
    let run = move || {
        let runtime = cw::Config::new()
            .with_worker_threads(WORKERS)
            .with_max_blocking_threads(DISK_THREADS)
            .with_storage_directory(folder);
        // The runtime carries the first panic of any of its tasks up to here, when all of them have ended.
        let run = || cw::Runner::new(runtime).start(|context| serve(context, config, inbox, started));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            alive.send_replace(Some(message(&*panic)));
        }
    };
    thread::Builder::new().name("engine".into()).stack_size(STACK).spawn(run).map(drop)
}

/// The chain's own thread: starts the chain, answers questions, stops it.
async fn serve(
    context: cw::Context,
    config: ChainConfig,
    mut inbox: mpsc::Receiver<Message>,
    started: oneshot::Sender<Result<(watch::Receiver<Head>, Outgoing), Error>>,
) {
    let (services, mut consensus) = match join(&context, config).await {
        Ok((services, consensus)) => (Arc::new(services), consensus),
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok((services.head(), services.outgoing())));
    loop {
        let call = match select(inbox.recv().boxed(), &mut consensus).await {
            Either::Left((Some(Message::Call(call)), _)) => call,
            Either::Left((Some(Message::Stop) | None, _)) => break,
            Either::Right(_) => {
                tracing::error!("consensus has ended: the chain stops");
                break;
            }
        };
        let services = services.clone();
        context.child("call").spawn(|_| call(services));
    }
    let _ = context.stop(0, Some(STOP_TIME)).await;
}

/// Starts the chain on the network that its configuration names.
async fn join(context: &cw::Context, config: ChainConfig) -> Result<(Services<cw::Context>, Handle<()>), Error> {
    let me = config.keys.peer.clone();
    let network = match config.peering.clone() {
        None => network::alone(me.public_key()),
        Some(peering) => network::connect(context.child("p2p"), config.genesis.chain(), me, &peering)?,
    };
    start(context.child("chain"), config, network).await
}
