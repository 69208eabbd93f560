//! What can be asked of a running chain, on any runtime.

use commonware_utils::{
    channel::{mpsc, watch},
    sync::Mutex,
};
use crypto::{
    finality::Finality,
    receipt_proof,
    state_proof::{self, open_entry},
};
use futures::StreamExt as _;
use std::sync::Arc;
use types::{ChainId, Digest, FinalBlock, Key, List, merkle};

use crate::{
    application::{Core, open, place},
    checkpoint::Checkpoint,
    epochs::Epoch,
    error::Error,
    follow::{Archive, Head, feed},
    gossip::Outgoing,
    prove::prove,
    stack::{EpochInfo, Place, Runtime, SharedState, State},
};

/// Blocks that wait for a follower.
const FEED_PLACES: usize = 16;

/// Records with the height at which they were read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    pub height: u64,
    pub state_root: Digest,
    /// One value per key asked for.
    pub values: Vec<Option<Vec<u8>>>,
}

/// What lies under a key, with what shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proven {
    /// The record's bytes; `None`: there is none.
    pub value: Option<Vec<u8>>,
    pub bundle: state_proof::Bundle,
}

/// A whole state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    pub height: u64,
    pub state_root: Digest,
    /// Keys and values, in no order that means anything.
    pub records: Vec<(Key, Vec<u8>)>,
}

/// A running chain's readers.
pub struct Services<E: Runtime> {
    context: E,
    core: Arc<Core>,
    archive: Archive<E>,
    state: SharedState<E>,
    outgoing: Outgoing,
    /// The epoch in which the node began, if it began at a peer's state.
    began: Option<EpochInfo>,
    /// The epoch that was asked for last.
    epoch: Mutex<Option<Epoch>>,
}

impl<E: Runtime> Services<E> {
    pub(crate) fn new(
        context: E,
        core: Arc<Core>,
        archive: Archive<E>,
        state: SharedState<E>,
        outgoing: Outgoing,
        began: Option<EpochInfo>,
    ) -> Self {
        Self { context, core, archive, state, outgoing, began, epoch: Mutex::default() }
    }

    /// What every part of the runtime counts.
    pub(crate) fn metrics(&self) -> String {
        self.context.encode()
    }

    /// The chain's identity.
    pub fn chain(&self) -> ChainId {
        self.core.genesis.chain()
    }

    /// The first height whose block is here.
    pub fn first(&self) -> u64 {
        self.archive.first()
    }

    pub fn outgoing(&self) -> Outgoing {
        self.outgoing.clone()
    }

    pub fn head(&self) -> watch::Receiver<Head> {
        self.archive.head()
    }

    pub(crate) async fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, Error> {
        self.archive.load(height).await
    }

    /// Final blocks from `from` on, forever.
    pub fn final_blocks(&self, from: u64) -> mpsc::Receiver<Result<Arc<FinalBlock>, Error>> {
        let (sender, receiver) = mpsc::channel(FEED_PLACES);
        let archive = self.archive.clone();
        self.context.child("follower").spawn(move |_| feed(archive, from, sender));
        receiver
    }

    /// The height and root of the state behind a guard.
    fn height_of(&self, state: &State<E>) -> Result<(u64, Digest), Error> {
        let root = Digest(state.root().0);
        self.core.height_of(root).map(|height| (height, root)).ok_or(Error::Empty)
    }

    /// The epoch in which the block at this height is or will be, if the block before the epoch is here.
    pub(crate) async fn epoch_info(&self, height: u64) -> Option<EpochInfo> {
        let blocks = self.core.genesis.epoch_blocks;
        if let Some(began) = self.began.as_ref().filter(|began| began.epoch.get() == height / blocks) {
            return Some(began.clone());
        }
        self.archive.next_epoch((height / blocks * blocks).saturating_sub(1)).await
    }

    /// The epoch of the next block.
    pub async fn epoch(&self) -> Result<Epoch, Error> {
        let (next, blocks) = (self.head().borrow().height + 1, self.core.genesis.epoch_blocks);
        if let Some(known) = self.epoch.lock().as_ref().filter(|known| known.number == next / blocks) {
            return Ok(known.clone());
        }
        let info = self.epoch_info(next).await.ok_or(Error::Stopped)?;
        Ok(self.epoch.lock().insert(Epoch::of(&info, blocks)).clone())
    }

    /// Whom a machine may ask that joins now; `None` in the first epoch, which the genesis names the validators of.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, Error> {
        let (next, blocks) = (self.head().borrow().height + 1, self.core.genesis.epoch_blocks);
        if next < blocks {
            return Ok(None);
        }
        let last = next / blocks * blocks - 1;
        let found = self.archive.checkpoint(last).await;
        // A node that began in the midst of the epoch does not have the block before it.
        found.map(Some).ok_or(Error::NotKept { first: self.archive.first() })
    }

    /// Reads records at the last final state.
    pub async fn read(&self, keys: &[Key]) -> Result<Reading, Error> {
        let places: Vec<Place> = keys.iter().map(|key| place(key)).collect();
        let places: Vec<&Place> = places.iter().collect();
        let state = self.state.read().await;
        let (height, state_root) = self.height_of(&state)?;
        let entries = state.get_many(&places).await.map_err(|_| Error::Corrupt("a record of the state"))?;
        let values = keys.iter().zip(entries).map(|(key, entry)| entry.map(|entry| open(key, &entry))).collect();
        Ok(Reading { height, state_root, values })
    }

    /// What lies under a key after the last final state, with everything that shows it to someone who knows only the
    /// chain's identity and group key.
    pub(crate) async fn prove(&self, key: &[u8]) -> Result<Proven, Error> {
        let (height, (value, neighbor, path)) = {
            let state = self.state.read().await;
            let (height, _) = self.height_of(&state)?;
            (height, prove(&state, key).await?)
        };
        // Marshal has the block before the state machine applies it.
        let (header, _) = self.archive.certified(height).await.ok_or(Error::Stopped)?;
        let finality = self.final_by(height).await?;
        Ok(Proven {
            value,
            bundle: state_proof::Bundle { version: state_proof::VERSION, header, finality, neighbor, path },
        })
    }

    /// The epoch and the view in which a block was proposed; `None` while there is no such block.
    pub async fn round(&self, height: u64) -> Option<(u64, u64)> {
        let round = self.archive.round(height).await?;
        Some((round.epoch().get(), round.view().get()))
    }

    /// Shows a receipt of a final block; `None` where there is no such block or no such receipt.
    pub(crate) async fn prove_receipt(&self, height: u64, index: u32) -> Result<Option<receipt_proof::Bundle>, Error> {
        let Some(block) = self.archive.load(height).await? else { return Ok(None) };
        let index = usize::try_from(index).map_err(|_| Error::Corrupt("an index beyond this machine"))?;
        if index >= block.receipts.len() {
            return Ok(None);
        }
        let leaves = execution::run::receipt_leaves(&block.receipts, &block.system);
        let steps = merkle::steps(&leaves, index).expect("a block has a leaf for each of its receipts");
        let steps = List::new(steps).expect("a block's transactions are bounded, so its tree is");
        let (header, finality) = (block.header.clone(), self.final_by(height).await?);
        Ok(Some(receipt_proof::Bundle { version: receipt_proof::VERSION, header, finality, steps }))
    }

    /// What makes an announced block final; `None` where there is no such block.
    pub(crate) async fn finality(&self, height: u64) -> Result<Option<Finality>, Error> {
        if self.archive.load(height).await?.is_none() {
            return Ok(None);
        }
        self.final_by(height).await.map(Some)
    }

    /// Where the certificate of a final block was lost, the next block's covers it: then waits for that.
    async fn final_by(&self, height: u64) -> Result<Finality, Error> {
        let mut heads = self.head();
        loop {
            heads.borrow_and_update();
            if let Some(finality) = self.archive.finality(height).await {
                return Ok(finality);
            }
            heads.changed().await.map_err(|_| Error::Stopped)?;
        }
    }

    /// Lists the whole state. No block becomes final meanwhile: it is for audits and exports.
    pub async fn scan(&self) -> Result<Listing, Error> {
        let listing = self.list().await?;
        // The state is there a moment before its block is told.
        self.head().wait_for(|head| head.height >= listing.height).await.map_err(|_| Error::Stopped)?;
        Ok(listing)
    }

    async fn list(&self) -> Result<Listing, Error> {
        let state = self.state.read().await;
        let (height, state_root) = self.height_of(&state)?;
        let mut records = Vec::new();
        let mut stream = std::pin::pin!(state.stream_range(..));
        while let Some(item) = stream.next().await {
            let (_, entry) = item.map_err(|_| Error::Corrupt("a record of the state"))?;
            let (key, value) = open_entry(&entry).ok_or(Error::Corrupt("an entry of the state"))?;
            records.push((key.to_vec(), value.to_vec()));
        }
        Ok(Listing { height, state_root, records })
    }
}
