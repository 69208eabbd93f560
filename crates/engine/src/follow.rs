//! Who is told of a final block, and when.
//!
//! ```text
//!   marshal --block, ack--> Announcer --block, ack'--> state machine
//!              ^               |                            | state durable: ack'
//!              |               v  <-------------------------'
//!              |            outputs written and synced
//!              |               |
//!              '----- ack -----+----> head moves: followers may read the block
//! ```
//! Marshal hands a block over once the block and its certificate are durable. So a block is announced when block,
//! certificate, state and outputs are all on disk, and marshal counts it as processed after that. A crash anywhere in
//! between makes marshal deliver the block again; the state is rewound to the last block that marshal counts, and
//! running the block again writes the same.

use commonware_actor::Feedback;
use commonware_codec::Encode as _;
use commonware_consensus::{Reporter, marshal::Update, types::Height};
use commonware_cryptography::Digested;
use commonware_utils::{
    Acknowledgement as _,
    acknowledgement::{Exact, ExactWaiter},
    channel::{mpsc, watch},
    sync::Mutex,
};
use crypto::finality::{Certificate, Finality};
use execution::Checked;
use futures::future::{Either, select};
use std::{collections::VecDeque, sync::Arc};
use types::{BlockHash, Digest, Header, Key, List, Receipt, Timestamp, receipt::SystemReceipt};

use crate::{
    application::Core,
    block::Block,
    error::Error,
    outputs::{Outputs, OutputsStore},
    stack::{Machine, Marshal, Runtime},
};

/// Final blocks kept in memory for followers that are near the head.
const RECENT: usize = 64;

/// A block that will never be undone, and all that it did.
#[derive(Clone, Debug)]
pub struct FinalBlock {
    pub hash: BlockHash,
    pub header: Header,
    pub transactions: Vec<Arc<Checked>>,
    pub outputs: Arc<Outputs>,
}

impl FinalBlock {
    pub fn height(&self) -> u64 {
        self.header.height
    }

    pub fn receipts(&self) -> &[Receipt] {
        &self.outputs.receipts
    }

    pub fn system(&self) -> &SystemReceipt {
        &self.outputs.system
    }

    /// Every record that changed, in the order of keys.
    pub fn changes(&self) -> &[(Key, Option<Vec<u8>>)] {
        &self.outputs.changes
    }

    /// Header and transactions, copied.
    pub fn block(&self) -> types::Block {
        let transactions = self.transactions.iter().map(|checked| checked.transaction.clone()).collect();
        types::Block { header: self.header.clone(), transactions }
    }
}

/// The last announced block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    pub height: u64,
    pub hash: BlockHash,
    /// Block time.
    pub time: Timestamp,
    /// Root of the state after the block; all zeros at height zero, before anything was written.
    pub state_root: Digest,
}

impl Head {
    pub(crate) fn of(block: &Block) -> Self {
        let header = block.header();
        Self { height: header.height, hash: block.hash(), time: header.time, state_root: header.state_root }
    }
}

/// Final blocks as readers see them.
pub(crate) struct Archive<E: Runtime> {
    pub(crate) marshal: Marshal,
    pub(crate) outputs: OutputsStore<E>,
    head: watch::Sender<Head>,
    recent: Arc<Mutex<VecDeque<Arc<FinalBlock>>>>,
}

impl<E: Runtime> Clone for Archive<E> {
    fn clone(&self) -> Self {
        Self {
            marshal: self.marshal.clone(),
            outputs: self.outputs.clone(),
            head: self.head.clone(),
            recent: self.recent.clone(),
        }
    }
}

impl<E: Runtime> Archive<E> {
    pub(crate) fn new(marshal: Marshal, outputs: OutputsStore<E>, head: Head) -> Self {
        Self { marshal, outputs, head: watch::Sender::new(head), recent: Arc::default() }
    }

    pub(crate) fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// The final block of this height, if it was announced. Height zero has none: what the genesis writes is in block one.
    pub(crate) async fn load(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, Error> {
        if height == 0 || height > self.head.borrow().height {
            return Ok(None);
        }
        let recent = self.recent.lock().iter().find(|block| block.height() == height).cloned();
        if recent.is_some() {
            return Ok(recent);
        }
        let block = self.marshal.get_block(Height::new(height)).await.ok_or(Error::Stopped)?;
        let outputs = self.outputs.get(height).await?.ok_or(Error::Corrupt("outputs of an announced block"))?;
        assemble(block.inner(), Arc::new(outputs)).map(|block| Some(Arc::new(block)))
    }

    /// What makes the block of this height final: its own certificate, or that of the first block after it that has one,
    /// with the headers between. `None` while no block has one.
    pub(crate) async fn finality(&self, height: u64) -> Option<Finality> {
        let mut descendants = List::default();
        for at in (height..).map(Height::new) {
            let block = self.marshal.get_block(at).await?;
            let block = block.inner();
            if at.get() > height && descendants.push(block.header().clone()).is_err() {
                return None;
            }
            if let Some(finalization) = self.marshal.get_finalization(at).await {
                let certificate = Certificate::new(finalization.encode())
                    .expect("four varints, a digest and a signature are below 160 bytes");
                return Some(Finality { descendants, envelope: block.envelope(), certificate });
            }
        }
        None
    }

    fn announce(&self, block: FinalBlock) {
        let FinalBlock { hash, ref header, .. } = block;
        let head = Head { height: header.height, hash, time: header.time, state_root: header.state_root };
        let mut recent = self.recent.lock();
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back(Arc::new(block));
        drop(recent);
        self.head.send_replace(head);
    }
}

fn assemble(block: &Block, outputs: Arc<Outputs>) -> Result<FinalBlock, Error> {
    let transactions = block.transactions().map_err(|_| Error::Corrupt("a final block's transactions"))?.to_vec();
    Ok(FinalBlock { hash: block.hash(), header: block.header().clone(), transactions, outputs })
}

/// Stands between marshal and the state machine.
pub(crate) struct Announcer<E: Runtime> {
    machine: Machine<E>,
    queue: mpsc::UnboundedSender<Announcement>,
}

impl<E: Runtime> Clone for Announcer<E> {
    fn clone(&self) -> Self {
        Self { machine: self.machine.clone(), queue: self.queue.clone() }
    }
}

/// A block on its way to the state machine and back. Marshal bounds how many there are.
pub(crate) struct Announcement {
    block: Digested<Block>,
    applied: ExactWaiter,
    processed: Exact,
}

impl<E: Runtime> Announcer<E> {
    pub(crate) fn new(machine: Machine<E>) -> (Self, mpsc::UnboundedReceiver<Announcement>) {
        let (queue, announcements) = mpsc::unbounded_channel();
        (Self { machine, queue }, announcements)
    }
}

impl<E: Runtime> Reporter for Announcer<E> {
    type Activity = Update<Block>;

    fn report(&mut self, update: Update<Block>) -> Feedback {
        let Update::Block(block, processed) = update else {
            return self.machine.report(update);
        };
        let (ack, applied) = Exact::handle();
        // A closed queue means that the node stops; dropping the acknowledgement then is right.
        let _ = self.queue.send(Announcement { block: block.clone(), applied, processed });
        self.machine.report(Update::Block(block, ack))
    }
}

/// Writes outputs and moves the head, block by block, until the node stops.
pub(crate) async fn announce<E: Runtime>(
    core: Arc<Core>,
    archive: Archive<E>,
    mut announcements: mpsc::UnboundedReceiver<Announcement>,
) {
    while let Some(Announcement { block, applied, processed }) = announcements.recv().await {
        if applied.await.is_err() {
            return;
        }
        let height = block.inner().header().height;
        let head = archive.head.borrow().height;
        // The block at height zero does nothing. A block that was announced before the last stop may come again: then its
        // outputs are there, and must be the same.
        if let Some(done) = core.take_fresh(height) {
            archive.outputs.put(height, &done.outputs).await;
            if height > head {
                let Ok(block) = assemble(block.inner(), done.outputs.clone()) else {
                    return;
                };
                archive.announce(block);
            }
        } else {
            assert!(height <= head, "the state machine runs each new block before it acknowledges it");
        }
        processed.acknowledge();
    }
}

/// Feeds a follower from `from` on: history first, then each block as it is announced. The follower's pace is the pace:
/// nothing is kept for it but the channel's few places.
pub(crate) async fn feed<E: Runtime>(
    archive: Archive<E>,
    from: u64,
    sender: mpsc::Sender<Result<Arc<FinalBlock>, Error>>,
) {
    let mut head = archive.head();
    let mut height = from.max(1);
    loop {
        let known = head.borrow_and_update().height;
        while height <= known {
            let block = match archive.load(height).await {
                Ok(Some(block)) => block,
                Ok(None) => unreachable!("the head does not go back"),
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            if sender.send(Ok(block)).await.is_err() {
                return;
            }
            height += 1;
        }
        let changed = select(Box::pin(head.changed()), Box::pin(sender.closed()));
        match changed.await {
            Either::Left((Ok(()), _)) => {}
            _ => return,
        }
    }
}
