//! The chain's state machine, as `glue::stateful` drives it: propose a block, process a block, see it final.
//!
//! ```text
//!   propose:  take -> run -> merkleize -> header          process:  decode -> check -> run -> merkleize -> compare
//!                \                                           /
//!                 '----> Done, by block digest <------------'
//!                               | the block is final
//!                               v
//!                 settle the source; the follower writes the outputs
//! ```
//! What a block did is kept from the run until the block is final, so a block is run once, by whoever sees it first.

use bytes::Bytes;
use commonware_consensus::{CertifiableBlock as _, marshal::ancestry::Ancestry};
use commonware_cryptography::Digestible as _;
use commonware_glue::stateful::{
    self, Finality, Input, Proposed,
    db::{DatabaseSet, Unmerkleized as _},
};
use commonware_utils::{non_empty_range, sync::Mutex};
use crypto::state_proof;
use execution::{BlockInput, BlockOutcome, BlockRun, BlockTime, Checked, Recent, Step, run::Records};
use futures::StreamExt as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use types::{
    Digest, Genesis, Header, Key, Rejection, Room, Timestamp, TransactionHash,
    limits::BLOCK_TIME_SKEW_MS_MAX,
    planted::{self, Fault},
};

use crate::{
    block::{self, Block},
    outputs::Outputs,
    reached::Reached,
    source::{Settled, TransactionSource},
    stack::{BlockDigest, Context, Place, ReshareInput, Runtime, Scheme, SharedState, SyncTarget},
    verify::CheckBatch,
};

type Batch<E> = <SharedState<E> as DatabaseSet<E>>::Unmerkleized;
type Merkleized<E> = <SharedState<E> as DatabaseSet<E>>::Merkleized;

/// How often a validator that waits for its clock looks at it: it may be set right meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a proposer runs transactions: well below the leader's timeout, after which its block would be for nothing.
const RUN_TIME: Duration = Duration::from_millis(800);
/// Final states whose height is remembered: a reader finds the height of the state it reads.
const ROOTS_KEPT: usize = 256;

/// What a block did, from its run until its outputs are written.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    height: u64,
    parent: BlockDigest,
    included: Vec<Arc<Checked>>,
    pub(crate) outputs: Outputs,
}

/// What is known of the last final block.
#[derive(Clone, Copy)]
struct LastFinal {
    block: BlockDigest,
    /// It left due work.
    more_due: bool,
}

/// What runs have left behind for later steps.
#[derive(Default)]
struct Memory {
    /// Runs of blocks that are not final yet.
    done: BTreeMap<BlockDigest, Arc<Done>>,
    last_final: Option<LastFinal>,
    /// Final blocks whose outputs the follower has not fetched.
    fresh: BTreeMap<u64, Arc<Done>>,
    /// The records that the last run read or wrote, by the block that it made: blocks mostly follow each other.
    recent: Option<(BlockDigest, Recent)>,
    /// State roots by which a reader finds the height of what it reads, oldest first.
    roots: Vec<(Digest, u64)>,
}

/// What every clone of the application shares.
pub(crate) struct Core {
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) genesis_block: Block,
    /// Until the first block is final: a chain that goes on for another begins with many.
    genesis_records: Mutex<Option<Arc<Records>>>,
    source: Arc<dyn TransactionSource>,
    check: CheckBatch,
    memory: Mutex<Memory>,
    /// Height of the last final block that has run.
    finished: Reached,
}

impl Core {
    pub(crate) fn new(
        genesis: Arc<Genesis>,
        genesis_block: Block,
        genesis_records: Option<Arc<Records>>,
        source: Arc<dyn TransactionSource>,
        check: CheckBatch,
    ) -> Arc<Self> {
        Arc::new(Self {
            genesis,
            genesis_block,
            genesis_records: Mutex::new(genesis_records),
            source,
            check,
            memory: Mutex::default(),
            finished: Reached::default(),
        })
    }

    pub(crate) fn source(&self) -> &Arc<dyn TransactionSource> {
        &self.source
    }

    /// The transactions in blocks from `tip` down that are not final yet.
    pub(crate) fn pending(&self, tip: BlockDigest) -> BTreeSet<TransactionHash> {
        let memory = self.memory.lock();
        let mut pending = BTreeSet::new();
        let mut at = tip;
        while let Some(done) = memory.done.get(&at) {
            pending.extend(done.included.iter().map(|checked| checked.hash));
            at = done.parent;
        }
        pending
    }

    /// Whether a block on `parent` is wanted at once, whatever waits in the source.
    pub(crate) fn wants_child(&self, parent: BlockDigest) -> bool {
        if parent == self.genesis_block.digest() {
            return true;
        }
        let memory = self.memory.lock();
        match (memory.done.get(&parent), memory.last_final) {
            (Some(done), _) => done.outputs.more_due,
            (None, Some(last)) => last.block == parent && last.more_due,
            (None, None) => false,
        }
    }

    /// What lies in the state before the first block.
    fn genesis_records(&self) -> Arc<Records> {
        self.genesis_records.lock().clone().expect("who runs block one was given the state with which the chain begins")
    }

    /// Whether this block is the last final one.
    pub(crate) fn is_final(&self, block: BlockDigest) -> bool {
        self.memory.lock().last_final.is_some_and(|last| last.block == block)
    }

    /// Tells how far the state is at the start.
    pub(crate) fn begin(&self, height: u64) {
        self.finished.set(height);
    }

    /// Tells what was true when the node stopped.
    pub(crate) fn resume(&self, block: &Block, more_due: bool) {
        let mut memory = self.memory.lock();
        memory.last_final = Some(LastFinal { block: block.digest(), more_due });
        memory.roots.push((block.header().state_root, block.header().height));
    }

    /// The height of the last final block whose outputs can be taken.
    pub(crate) fn finished(&self) -> &Reached {
        &self.finished
    }

    /// What the final block of this height did, once.
    pub(crate) fn take_fresh(&self, height: u64) -> Option<Arc<Done>> {
        self.memory.lock().fresh.remove(&height)
    }

    /// The height whose state has this root.
    pub(crate) fn height_of(&self, root: Digest) -> Option<u64> {
        let memory = self.memory.lock();
        memory.roots.iter().rev().find(|(known, _)| *known == root).map(|(_, height)| *height)
    }

    fn remember(&self, block: &Block, done: Done, recent: Recent) {
        let mut memory = self.memory.lock();
        memory.done.insert(block.digest(), Arc::new(done));
        memory.recent = Some((block.digest(), recent));
    }

    /// The records at hand for a child of `parent`, if the last run made that block.
    fn take_recent(&self, parent: BlockDigest) -> Option<Recent> {
        self.memory.lock().recent.take_if(|(block, _)| *block == parent).map(|(_, recent)| recent)
    }

    fn finish(&self, block: &Block) {
        let height = block.header().height;
        let done = self.memory.lock().done.get(&block.digest()).cloned();
        let done = done.expect("a final block was proposed or processed here");
        // The source forgets them first: what a proposer does not find among the pending it does not find there either.
        self.source.settle(Settled { height, included: done.included.clone(), ..Settled::default() });
        let mut memory = self.memory.lock();
        memory.done.retain(|_, other| other.height > height);
        memory.last_final = Some(LastFinal { block: block.digest(), more_due: done.outputs.more_due });
        memory.fresh.insert(height, done);
        drop(memory);
        *self.genesis_records.lock() = None;
        self.finished.set(height);
    }

    /// A state with this root is about to be readable.
    fn announce_root(&self, block: &Block) {
        let mut memory = self.memory.lock();
        if memory.roots.len() == ROOTS_KEPT {
            memory.roots.remove(0);
        }
        memory.roots.push((block.header().state_root, block.header().height));
    }
}

/// The state machine. Clones share everything.
pub struct Application<E> {
    core: Arc<Core>,
    runtime: PhantomData<fn(E)>,
}

impl<E> Clone for Application<E> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), runtime: PhantomData }
    }
}

/// A run's result: what it did, and the state after it.
struct Ran<E: Runtime> {
    outcome: Box<BlockOutcome>,
    changes: Vec<(Key, Option<Vec<u8>>)>,
    state: Merkleized<E>,
    recent: Recent,
}

impl<E: Runtime> Application<E> {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core, runtime: PhantomData }
    }

    /// Runs a block on its parent's state. A proposer closes it once it is `late`.
    async fn run(
        &self,
        mut batch: Batch<E>,
        parent: BlockDigest,
        input: BlockInput,
        late: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<Ran<E>, Rejection> {
        // The state is empty until block one, whose run finds the records of the genesis as if they lay there.
        let first = input.height == 1;
        let genesis = first.then(|| self.core.genesis_records());
        let mut run = BlockRun::new(input);
        if let Some(recent) = self.core.take_recent(parent) {
            run.recall(recent);
        }
        let mut outcome = loop {
            match run.step_until(late) {
                Step::Need(keys) => {
                    assert!(!keys.is_empty(), "a run that needs nothing goes on by itself");
                    run.supply(load::<E>(&batch, genesis.as_deref(), keys).await);
                }
                Step::Done(outcome) => break outcome,
                Step::Invalid(rejection) => return Err(rejection),
            }
        };
        let mut changes = std::mem::take(&mut outcome.changes);
        for (key, value) in genesis.iter().flat_map(|records| records.iter()) {
            changes.entry(key.clone()).or_insert_with(|| Some(value.clone()));
        }
        for (key, value) in &changes {
            let entry = value.as_ref().map(|value| Bytes::from(state_proof::entry(key, value)));
            batch = batch.write(place(key), entry);
        }
        let state = batch.merkleize().await.expect("the state is readable, or the node must stop");
        Ok(Ran { outcome, changes: changes.into_iter().collect(), state, recent: run.into_recent() })
    }

    fn header(&self, parent: &Block, ran: &Ran<E>) -> Header {
        let outcome = &ran.outcome;
        Header {
            chain: parent.header().chain,
            height: parent.header().height + 1,
            parent: parent.hash(),
            time: outcome.time,
            transactions_root: outcome.transactions_root,
            receipts_root: outcome.receipts_root,
            state_root: Digest(ran.state.root().0),
            evidence_root: outcome.evidence_root,
        }
    }

    fn remember(&self, block: &Block, ran: &mut Ran<E>) {
        let outputs = Outputs {
            receipts: std::mem::take(&mut ran.outcome.receipts),
            system: std::mem::take(&mut ran.outcome.system),
            changes: std::mem::take(&mut ran.changes),
            more_due: ran.outcome.more_due,
        };
        let included = std::mem::take(&mut ran.outcome.transactions);
        let parent = commonware_consensus::Block::parent(block);
        let height = block.header().height;
        self.core.remember(block, Done { height, parent, included, outputs }, std::mem::take(&mut ran.recent));
    }

    fn input(&self, parent: &Block, context: &Context, time: BlockTime, transactions: Vec<Arc<Checked>>) -> BlockInput {
        BlockInput {
            genesis: self.core.genesis.clone(),
            height: parent.header().height + 1,
            proposer: Some(block::proposer(context)),
            parent_time: parent.header().time,
            time,
            transactions,
        }
    }

    /// What can be seen of a candidate without running it.
    fn check(&self, block: &Block, parent: &Block) -> Option<()> {
        let header = block.header();
        let linked = header.chain == parent.header().chain
            && header.height == parent.header().height + 1
            && header.parent == parent.hash();
        if !linked {
            tracing::warn!(height = header.height, "refused a block that does not follow its parent");
            return None;
        }
        let transactions = block.transactions().inspect_err(|error| refused(block, error)).ok()?;
        if planted::is(Fault::BlockUnchecked) {
            return Some(());
        }
        (self.core.check)(transactions).inspect_err(|error| refused(block, error)).ok()
    }

    /// Waits until a candidate's wall-clock time is no further ahead than clocks may differ.
    ///
    /// However far it is ahead, this is a "not yet" and never a "no": a refusal is for good, and would outlast the error of
    /// this machine's own clock. Whoever waits in vain for the vote gives the view up.
    async fn wait_for_clock(&self, runtime: &E, block: &Block, offset_ms: i64) {
        let claimed = block.header().time.0.saturating_add_signed(offset_ms.saturating_neg());
        loop {
            let allowed = wall(runtime.current()).0.saturating_add(BLOCK_TIME_SKEW_MS_MAX);
            let ahead = Duration::from_millis(claimed.saturating_sub(allowed));
            if ahead.is_zero() {
                return;
            }
            if ahead > LOOK_AGAIN {
                tracing::warn!(
                    height = block.header().height,
                    ?ahead,
                    "a block is from the future: its proposer's clock is wrong, or this one"
                );
            }
            runtime.sleep(ahead.min(LOOK_AGAIN)).await;
        }
    }
}

fn refused(block: &Block, rejection: &Rejection) {
    tracing::warn!(height = block.header().height, code = rejection.code, "refused a block");
}

/// Milliseconds since 1970 on the runtime's clock.
pub(crate) fn wall(now: SystemTime) -> Timestamp {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Where a key's record lies in the state.
pub(crate) fn place(key: &[u8]) -> Place {
    Place::from(state_proof::place(key).0)
}

async fn load<E: Runtime>(batch: &Batch<E>, genesis: Option<&Records>, keys: Vec<Key>) -> Vec<(Key, Option<Vec<u8>>)> {
    if let Some(records) = genesis {
        let found = |key: Key| (key.clone(), records.get(&key).cloned());
        return keys.into_iter().map(found).collect();
    }
    let places: Vec<Place> = keys.iter().map(|key| place(key)).collect();
    let places: Vec<&Place> = places.iter().collect();
    let entries = batch.get_many(&places).await.expect("the state is readable, or the node must stop");
    let value = |(key, entry): (Key, Option<Bytes>)| {
        let value = entry.map(|entry| open(&key, &entry));
        (key, value)
    };
    keys.into_iter().zip(entries).map(value).collect()
}

/// The value in an entry of the state.
pub(crate) fn open(key: &[u8], entry: &[u8]) -> Vec<u8> {
    let (stored, value) = state_proof::open_entry(entry).expect("the engine wrote the entry");
    assert_eq!(stored, key, "a key's place holds that key's record");
    value.to_vec()
}

fn target<E: Runtime>(state: &Merkleized<E>) -> SyncTarget {
    SyncTarget::new(state.ops_root(), non_empty_range!(state.sync_boundary(), state.bounds().tip.size))
}

impl<E: Runtime> stateful::Application<E> for Application<E> {
    type SigningScheme = Scheme;
    type Context = Context;
    type Block = Block;
    type Databases = SharedState<E>;
    type Captured = ();
    type Provider = ();
    type Input = ReshareInput;

    fn sync_targets(block: &Block) -> SyncTarget {
        block.target().clone()
    }

    async fn genesis(&mut self) -> Block {
        self.core.genesis_block.clone()
    }

    async fn propose(
        &mut self,
        (runtime, context): (E, Context),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch<E>,
        input: Input<ReshareInput, ()>,
    ) -> Option<Proposed<Self, E>> {
        let parent = ancestry.next().await?;
        let parent = parent.inner();
        let pending = self.core.pending(context.parent.1);
        let transactions = self.core.source.take(Room::BLOCK, &pending);
        let mut room = Room::BLOCK;
        assert!(transactions.iter().all(|checked| room.take(checked)), "a source keeps to the room");
        let time = BlockTime::Propose { wall: wall(runtime.current()) };
        let begun = runtime.current();
        let payload = input.upstream.payload;
        let late = || runtime.current().duration_since(begun).is_ok_and(|taken| taken > RUN_TIME);
        let input = self.input(parent, &context, time, transactions);
        let mut ran = match self.run(batch, parent.digest(), input, &late).await {
            Ok(ran) => ran,
            Err(rejection) => unreachable!("a proposal drops what does not fit: {rejection}"),
        };
        let header = self.header(parent, &ran);
        let transactions = ran.outcome.transactions.clone();
        let block = Block::new(context, header, target::<E>(&ran.state), payload, transactions);
        let dropped = std::mem::take(&mut ran.outcome.dropped);
        let deferred = std::mem::take(&mut ran.outcome.deferred);
        if !dropped.is_empty() || !deferred.is_empty() {
            self.core.source.settle(Settled { dropped, deferred, ..Settled::default() });
        }
        self.remember(&block, &mut ran);
        Some(Proposed { block, merkleized: ran.state })
    }

    async fn process(
        &mut self,
        (runtime, _): (E, Context),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch<E>,
        finality: Finality,
    ) -> Option<Merkleized<E>> {
        let block = ancestry.next().await?;
        let parent = ancestry.next().await?;
        let (block, parent) = (block.inner(), parent.inner());
        if finality == Finality::Candidate {
            self.check(block, parent)?;
        }
        let transactions = block.transactions().inspect_err(|error| refused(block, error)).ok()?.to_vec();
        let time = BlockTime::Verify { claimed: block.header().time };
        let input = self.input(parent, &block.context(), time, transactions);
        let mut ran = match self.run(batch, parent.digest(), input, &|| false).await {
            Ok(ran) => ran,
            Err(rejection) => {
                refused(block, &rejection);
                return None;
            }
        };
        let as_said = self.header(parent, &ran) == *block.header() && target::<E>(&ran.state) == *block.target();
        if !as_said && !planted::is(Fault::HeaderUnchecked) {
            tracing::warn!(height = block.header().height, "refused a block that does not do what its header says");
            return None;
        }
        if finality == Finality::Candidate {
            self.wait_for_clock(&runtime, block, ran.outcome.clock_offset_ms).await;
        }
        self.remember(block, &mut ran);
        Some(ran.state)
    }

    async fn capture(
        &mut self,
        _: (E, Context),
        block: &Block,
        _: &Merkleized<E>,
        _: <Self::Databases as DatabaseSet<E>>::Readers,
    ) {
        self.core.announce_root(block);
    }

    async fn finalized(
        &mut self,
        _: (E, Context),
        block: &Block,
        (): (),
        _: <Self::Databases as DatabaseSet<E>>::Readers,
    ) {
        self.core.finish(block);
    }
}

/// The root of the state with nothing in it: what the block at height zero commits to.
pub(crate) fn empty_target<E: Runtime>() -> SyncTarget {
    <SharedState<E> as DatabaseSet<E>>::initial_sync_targets()
}
