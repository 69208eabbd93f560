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
//! running the block again writes the same. State and outputs are synced side by side, so either may be ahead then.
//!
//! A node that fetches the state does not run the blocks up to there: they are passed over, and the head moves with the
//! first block after them.

use commonware_actor::Feedback;
use commonware_codec::Encode as _;
use commonware_consensus::{
    CertifiableBlock as _, Reporter,
    marshal::Update,
    types::{Height, Round},
};
use commonware_cryptography::Digested;
use commonware_utils::{
    Acknowledgement as _,
    acknowledgement::{Exact, ExactWaiter},
    channel::{mpsc, watch},
    sync::Mutex,
};
use crypto::finality::{Certificate, Envelope, Finality};
use futures::future::{Either, select};
use std::{
    collections::VecDeque,
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use types::{BlockHash, Digest, FinalBlock, Header, List, Timestamp};

use crate::{
    application::Core,
    block::Block,
    checkpoint::Checkpoint,
    error::Error,
    finals::STEP,
    outputs::{Outputs, OutputsStore},
    stack::{EpochInfo, Machine, Marshal, Runtime},
    standing::Standing,
};

/// Final blocks kept in memory for followers that are near the head, and the transactions and changed records that they
/// may hold together. The newest is kept, whatever it holds.
const RECENT: usize = 64;
const RECENT_HOLD: usize = 65_536;

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
    /// The first height that is here.
    first: Arc<AtomicU64>,
    keeps: Option<NonZeroU64>,
    recent: Arc<Mutex<VecDeque<Recent>>>,
}

/// A block near the head, so that neither it nor what a proof needs of it is read from disk and hashed again.
#[derive(Clone)]
struct Recent {
    block: Arc<FinalBlock>,
    envelope: Envelope,
}

impl<E: Runtime> Clone for Archive<E> {
    fn clone(&self) -> Self {
        Self {
            marshal: self.marshal.clone(),
            outputs: self.outputs.clone(),
            head: self.head.clone(),
            first: self.first.clone(),
            keeps: self.keeps,
            recent: self.recent.clone(),
        }
    }
}

impl<E: Runtime> Archive<E> {
    pub(crate) fn new(
        marshal: Marshal,
        outputs: OutputsStore<E>,
        head: Head,
        first: u64,
        keeps: Option<NonZeroU64>,
    ) -> Self {
        let first = Arc::new(AtomicU64::new(first.max(kept_from(head.height, keeps))));
        Self { marshal, outputs, head: watch::Sender::new(head), first, keeps, recent: Arc::default() }
    }

    /// Gives up what need not be kept after the block of this height.
    async fn prune(&self, height: u64) {
        let first = self.first.fetch_max(kept_from(height, self.keeps), Ordering::AcqRel);
        if self.keeps.is_some() && height.is_multiple_of(STEP.get()) {
            self.outputs.prune(first).await;
        }
    }

    /// The first height whose block is here.
    pub(crate) fn first(&self) -> u64 {
        self.first.load(Ordering::Acquire)
    }

    /// Begins after `height`, if nothing was announced yet.
    async fn begin_after(&self, height: u64) {
        self.outputs.begin_after(height).await;
        self.first.store(height + 1, Ordering::Release);
    }

    pub(crate) fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// The final block of this height, if it was announced. Height zero has none: what the genesis writes is in block one.
    pub(crate) async fn load(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, Error> {
        if height == 0 || height > self.head.borrow().height {
            return Ok(None);
        }
        let first = self.first();
        if height < first {
            return Err(Error::NotKept { first });
        }
        if let Some(recent) = self.recent(height) {
            return Ok(Some(recent.block));
        }
        let block = self.marshal.get_block(Height::new(height)).await.ok_or(Error::Stopped)?;
        let outputs = self.outputs.get(height).await?.ok_or(Error::Corrupt("outputs of an announced block"))?;
        assemble(block.inner(), outputs).map(|block| Some(Arc::new(block)))
    }

    fn recent(&self, height: u64) -> Option<Recent> {
        self.recent.lock().iter().find(|recent| recent.block.header.height == height).cloned()
    }

    /// Where in consensus the block of this height was proposed.
    pub(crate) async fn round(&self, height: u64) -> Option<Round> {
        Some(self.marshal.get_block(Height::new(height)).await?.inner().context().round)
    }

    /// What the certificate of this height's final block signs; `None` while there is no such block.
    pub(crate) async fn certified(&self, height: u64) -> Option<(Header, Envelope)> {
        if let Some(recent) = self.recent(height) {
            return Some((recent.block.header.clone(), recent.envelope));
        }
        let block = self.marshal.get_block(Height::new(height)).await?;
        Some((block.inner().header().clone(), block.inner().envelope()))
    }

    /// The block of this height as one that begins an epoch after it, if it is a last one of an epoch and is here.
    pub(crate) async fn checkpoint(&self, height: u64) -> Option<Checkpoint> {
        let block = self.marshal.get_block(Height::new(height)).await?;
        block.inner().next_epoch()?;
        let (header, body) = (block.inner().header().clone(), block.inner().body().to_vec());
        Some(Checkpoint { header, body, finality: self.finality(height).await? })
    }

    /// The epoch that begins after the block of this height, if it is a last one of an epoch and is here; the
    /// genesis is at zero.
    pub(crate) async fn next_epoch(&self, height: u64) -> Option<EpochInfo> {
        self.marshal.get_block(Height::new(height)).await?.inner().next_epoch().cloned()
    }

    /// What makes the block of this height final: its own certificate, or that of the first block after it that has one,
    /// with the headers between. `None` while no block has one.
    pub(crate) async fn finality(&self, height: u64) -> Option<Finality> {
        let mut descendants = List::default();
        for at in height.. {
            let (header, envelope) = self.certified(at).await?;
            if at > height && descendants.push(header).is_err() {
                return None;
            }
            if let Some(finalization) = self.marshal.get_finalization(Height::new(at)).await {
                let certificate = Certificate::new(finalization.encode())
                    .expect("four varints, a digest and a signature are below 160 bytes");
                return Some(Finality { descendants, envelope, certificate });
            }
        }
        None
    }

    fn announce(&self, block: FinalBlock, envelope: Envelope) {
        let FinalBlock { hash, ref header, .. } = block;
        let head = Head { height: header.height, hash, time: header.time, state_root: header.state_root };
        let mut recent = self.recent.lock();
        recent.push_back(Recent { block: Arc::new(block), envelope });
        let oldest = kept(recent.iter().map(|recent| recent.block.transactions.len() + recent.block.changes.len()));
        let gone: Vec<Recent> = recent.drain(..oldest).collect();
        drop(recent);
        self.head.send_replace(head);
        // To give up thousands of records takes a moment, and nobody waits for it.
        drop(gone);
    }
}

/// The first of recent blocks that is kept, by what each of them holds.
fn kept(blocks: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator) -> usize {
    let count = blocks.len();
    let mut held = 0;
    let fit = blocks.rev().take(RECENT).take_while(|holds| {
        held += holds;
        held <= RECENT_HOLD
    });
    count - fit.count().clamp(1, count)
}

/// The first height that a node with this head keeps.
fn kept_from(head: u64, keeps: Option<NonZeroU64>) -> u64 {
    keeps.map_or(1, |keeps| (head + 1).saturating_sub(keeps.get()).max(1))
}

fn assemble(block: &Block, outputs: Outputs) -> Result<FinalBlock, Error> {
    let transactions = block.transactions().map_err(|_| Error::Corrupt("a final block's transactions"))?.to_vec();
    let Outputs { receipts, system, changes, .. } = outputs;
    let (hash, header, proposer) = (block.hash(), block.header().clone(), Some(block.proposer()));
    Ok(FinalBlock { hash, header, proposer, transactions, receipts, system, changes })
}

/// Stands between marshal and the state machine.
pub(crate) struct Announcer<E: Runtime> {
    machine: Machine<E>,
    queue: mpsc::UnboundedSender<Announcement>,
    standing: Standing,
}

impl<E: Runtime> Clone for Announcer<E> {
    fn clone(&self) -> Self {
        Self { machine: self.machine.clone(), queue: self.queue.clone(), standing: self.standing.clone() }
    }
}

/// A block on its way to the state machine and back. Marshal bounds how many there are.
pub(crate) struct Announcement {
    block: Digested<Block>,
    applied: ExactWaiter,
    processed: Exact,
}

impl<E: Runtime> Announcer<E> {
    pub(crate) fn new(machine: Machine<E>, standing: Standing) -> (Self, mpsc::UnboundedReceiver<Announcement>) {
        let (queue, announcements) = mpsc::unbounded_channel();
        (Self { machine, queue, standing }, announcements)
    }
}

impl<E: Runtime> Reporter for Announcer<E> {
    type Activity = Update<Block>;

    fn report(&mut self, update: Update<Block>) -> Feedback {
        let (block, processed) = match update {
            Update::Block(block, processed) => (block, processed),
            Update::Tip(_, height, _) => {
                self.standing.hears_of(height.get());
                return self.machine.report(update);
            }
        };
        let (ack, applied) = Exact::handle();
        // A closed queue means that the node stops; dropping the acknowledgement then is right.
        let _ = self.queue.send(Announcement { block: block.clone(), applied, processed });
        self.machine.report(Update::Block(block, ack))
    }
}

/// Writes outputs and moves the head, block by block, until the node stops. A node that is `joining` has no outputs yet and
/// passes over what the state that it fetches holds.
pub(crate) async fn announce<E: Runtime>(
    core: Arc<Core>,
    archive: Archive<E>,
    mut joining: bool,
    mut announcements: mpsc::UnboundedReceiver<Announcement>,
) {
    while let Some(Announcement { block, mut applied, processed }) = announcements.recv().await {
        let block = block.inner();
        let height = block.header().height;
        // While the state is being synced, the outputs are. A block that the state held before the start is not run again:
        // then only its acknowledgement comes.
        let ran = core.finished().at_least(height);
        let synced = match select(Box::pin(ran), &mut applied).await {
            Either::Left(_) => None,
            Either::Right((result, _)) => Some(result),
        };
        let done = core.take_fresh(height);
        if let Some(done) = &done {
            if std::mem::take(&mut joining) {
                archive.begin_after(height - 1).await;
            }
            archive.outputs.put(height, &done.outputs).await;
        }
        let synced = match synced {
            Some(result) => result,
            None => applied.await,
        };
        if synced.is_err() {
            return;
        }
        if joining {
            processed.acknowledge();
            continue;
        }
        // A block that was announced before the last stop may come again: then its outputs are there, and were the same.
        let known = height <= archive.head.borrow().height;
        assert!(known || done.is_some(), "the state machine runs each new block before it acknowledges it");
        if let Some(done) = done.filter(|_| !known) {
            // Nobody else holds what a final block did any more.
            let Ok(final_block) = assemble(block, Arc::unwrap_or_clone(done).outputs) else { return };
            archive.announce(final_block, block.envelope());
            archive.prune(height).await;
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

#[cfg(test)]
mod tests {
    use super::{RECENT, RECENT_HOLD, kept};

    #[test]
    fn recent_blocks_are_bounded_by_number_and_by_what_they_hold() {
        let from = |blocks: &[usize]| kept(blocks.iter().copied());
        assert_eq!(from(&[1]), 0);
        assert_eq!(from(&[0; RECENT]), 0);
        assert_eq!(from(&[0; RECENT + 1]), 1);
        assert_eq!(from(&[RECENT_HOLD / 2; 3]), 1);
        assert_eq!(from(&[1, RECENT_HOLD + 1]), 1, "the newest is kept, whatever it holds");
        assert_eq!(from(&[RECENT_HOLD + 1, 1]), 1);
    }
}
