//! A chain run again from its genesis, on a state of its own that begins empty: the audit of history.
//!
//! ```text
//!   final blocks -> linked? signed? -> BlockRun on the new state -> same receipts, changes and roots?
//! ```
//! Nothing of what the chain stored is believed but its genesis and its blocks. That the last block is certified is asked
//! of [`Chain::finality`](crate::Chain::finality); those before it are in its line.

use bytes::Bytes;
use commonware_runtime::{Runner as _, buffer::paged::CacheRef, tokio as cw};
use commonware_storage::qmdb::floor::Proportional;
use commonware_utils::{NZU16, NZUsize, channel::oneshot};
use crypto::state_proof;
use execution::{BlockInput, BlockOutcome, BlockRun, BlockTime, Step, run::Records};
use std::{path::PathBuf, sync::Arc, thread};
use types::{BlockHash, Digest, FinalBlock, Genesis, Header, Key, Timestamp};

use crate::{
    FinalBlocks,
    application::{open, place},
    error::Error,
    stack::{Place, Runtime, State},
    start::StorageTuning,
    verify::CheckBatch,
    wiring::state_config,
};

/// File pages of the new state that are kept in memory.
const PAGES: std::num::NonZeroUsize = NZUsize!(4_096);
/// With its checksum, a page fills one block of the disk.
const PAGE_BYTES: std::num::NonZeroU16 = NZU16!(4_084);

/// What a replay went through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// Of the last block.
    pub height: u64,
    pub hash: BlockHash,
    /// Root of the state after it: computed, and the one that its header names.
    pub state_root: Digest,
    pub transactions: u64,
}

/// Runs the blocks from height one to `last` again in `folder`, which must be empty. `check` verifies signatures;
/// `inherited` is the state that the genesis names, if it names one.
///
/// # Errors
/// [`Error::Replay`] names the first block that does something else than it says.
pub async fn replay(
    folder: PathBuf,
    (genesis, inherited): (Arc<Genesis>, Option<Records>),
    check: CheckBatch,
    blocks: FinalBlocks,
    last: u64,
) -> Result<Replayed, Error> {
    let (done, answer) = oneshot::channel();
    let run = move || {
        let runtime = cw::Config::new().with_worker_threads(2).with_storage_directory(folder);
        let result = cw::Runner::new(runtime).start(|context| run(context, (genesis, inherited), check, blocks, last));
        let _ = done.send(result);
    };
    thread::Builder::new().name("replay".into()).spawn(run).map_err(Error::Thread)?;
    answer.await.map_err(|_| Error::Stopped)?
}

async fn run<E: Runtime>(
    context: E,
    (genesis, inherited): (Arc<Genesis>, Option<Records>),
    check: CheckBatch,
    mut blocks: FinalBlocks,
    last: u64,
) -> Result<Replayed, Error> {
    let config = state_config(&StorageTuning::default(), CacheRef::new(PAGE_BYTES, PAGES));
    let failed = |_| Error::Corrupt("the state of the replay");
    let mut state = State::init(context.child("replay"), config, None).await.map_err(failed)?;
    let records = execution::run::genesis_records(&genesis, inherited)
        .map_err(|_| Error::Genesis("its records are refused by the ledger"))?;
    let mut replayed =
        Replayed { height: 0, state_root: Digest::default(), transactions: 0, hash: BlockHash::default() };
    let mut parent = Parent { hash: None, time: genesis.time };
    while replayed.height < last {
        let block = blocks.recv().await.ok_or(Error::Stopped)??;
        let genesis_records = (replayed.height == 0).then_some(&records);
        linked(&genesis, &block, replayed.height, &parent)?;
        check(&block.transactions).map_err(|_| differs(&block, "set of valid signatures"))?;
        let outcome = run_again(&state, &genesis, &block, parent.time, genesis_records).await?;
        let changes = compare(&block, outcome, genesis_records)?;
        let mut batch = state.new_batch();
        for (key, value) in &changes {
            let entry = value.as_ref().map(|value| Bytes::from(state_proof::entry(key, value)));
            batch = batch.write(place(key), entry);
        }
        let batch = batch.merkleize(&state, None, &mut Proportional).await.map_err(failed)?;
        state = state.apply_batch(batch).await.map_err(failed)?;
        replayed.state_root = Digest(state.root().0);
        same(&block, "state root", &replayed.state_root, &block.header.state_root)?;
        replayed.height = block.header.height;
        replayed.transactions += u64::try_from(block.transactions.len()).unwrap_or(u64::MAX);
        replayed.hash = block.hash;
        parent = Parent { hash: Some(block.hash), time: block.header.time };
    }
    Ok(replayed)
}

/// The block before; of the genesis only its time is known here.
struct Parent {
    hash: Option<BlockHash>,
    time: Timestamp,
}

fn differs(block: &FinalBlock, what: &'static str) -> Error {
    Error::Replay { height: block.header.height, what }
}

fn same<T: PartialEq>(block: &FinalBlock, what: &'static str, found: &T, claimed: &T) -> Result<(), Error> {
    if found == claimed { Ok(()) } else { Err(differs(block, what)) }
}

fn linked(genesis: &Genesis, block: &FinalBlock, below: u64, parent: &Parent) -> Result<(), Error> {
    let Header { chain, height, parent: named, .. } = &block.header;
    same(block, "chain", chain, &genesis.chain())?;
    same(block, "height", height, &(below + 1))?;
    same(block, "hash", &block.header.hash(), &block.hash)?;
    parent.hash.map_or(Ok(()), |hash| same(block, "parent", named, &hash))
}

async fn run_again<E: Runtime>(
    state: &State<E>,
    genesis: &Arc<Genesis>,
    block: &FinalBlock,
    parent_time: Timestamp,
    genesis_records: Option<&Records>,
) -> Result<BlockOutcome, Error> {
    let mut run = BlockRun::new(BlockInput {
        genesis: genesis.clone(),
        height: block.header.height,
        proposer: block.proposer,
        parent_time,
        time: BlockTime::Verify { claimed: block.header.time },
        transactions: block.transactions.clone(),
    });
    loop {
        let keys = match run.step() {
            Step::Need(keys) => keys,
            Step::Done(outcome) => return Ok(*outcome),
            Step::Invalid(_) => return Err(differs(block, "validity")),
        };
        if let Some(records) = genesis_records {
            run.supply(keys.into_iter().map(|key| (key.clone(), records.get(&key).cloned())));
            continue;
        }
        let places: Vec<Place> = keys.iter().map(|key| place(key)).collect();
        let places: Vec<&Place> = places.iter().collect();
        let entries = state.get_many(&places).await.map_err(|_| Error::Corrupt("the state of the replay"))?;
        let value = |(key, entry): (Key, Option<Bytes>)| {
            let value = entry.map(|entry| open(&key, &entry));
            (key, value)
        };
        run.supply(keys.into_iter().zip(entries).map(value).collect::<Vec<_>>());
    }
}

/// Compares what the block did now with its header and with what was stored of it; gives the changes.
fn compare(
    block: &FinalBlock,
    mut outcome: BlockOutcome,
    genesis_records: Option<&Records>,
) -> Result<Vec<(Key, Option<Vec<u8>>)>, Error> {
    let header = &block.header;
    same(block, "transactions root", &outcome.transactions_root, &header.transactions_root)?;
    same(block, "receipts root", &outcome.receipts_root, &header.receipts_root)?;
    same(block, "evidence root", &outcome.evidence_root, &header.evidence_root)?;
    same(block, "list of receipts", &outcome.receipts, &block.receipts)?;
    same(block, "list of due work", &outcome.system, &block.system)?;
    for (key, value) in genesis_records.into_iter().flatten() {
        outcome.changes.entry(key.clone()).or_insert_with(|| Some(value.clone()));
    }
    let changes: Vec<_> = outcome.changes.into_iter().collect();
    same(block, "list of changes", &changes, &block.changes)?;
    Ok(changes)
}
