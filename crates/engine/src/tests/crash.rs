//! Crashes at any moment, in the deterministic runtime: what was not synced is lost or torn.

use super::support::{GENESIS_TIME, MemorySource, config, genesis, replay_agrees, settings, start_alone, transaction};
use crate::{ChainConfig, deal, services::Services, stack::Runtime};
use commonware_runtime::{
    Clock as _, Runner as _,
    deterministic::{self, Checkpoint, FaultConfig, PartialWriteMode, WriteConfig},
};
use commonware_utils::{TestRng, probability};
use futures::{
    FutureExt as _,
    future::{Either, select},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use types::{FinalBlock, Genesis, Key};

/// What followers have seen over all runs.
type Seen = Arc<Mutex<BTreeMap<u64, Arc<FinalBlock>>>>;

const RUNS: u64 = 8;
const SENT: usize = 40;

/// What the disk keeps of writes that were not synced when the power fails.
#[derive(Clone, Copy, Debug)]
enum Disk {
    /// Nothing.
    Forgets,
    /// Everything: it was the process that died.
    Keeps,
    /// Some writes up to some byte.
    Tears(PartialWriteMode),
}

impl Disk {
    fn faults(self) -> FaultConfig {
        let (retention_rate, mode) = match self {
            Self::Forgets => return FaultConfig::default(),
            Self::Keeps => (probability!(1.0), PartialWriteMode::Prefix),
            Self::Tears(mode) => (probability!(0.9), mode),
        };
        let write = WriteConfig { failure_rate: probability!(0.0), retention_rate, mode };
        FaultConfig { write_rate: Some(write), ..FaultConfig::default() }
    }
}

/// Follows the chain from the first block on, and compares with what was seen before, until `until`.
async fn follow<E: Runtime>(
    services: &Services<E>,
    seen: &Seen,
    until: impl Fn(&BTreeMap<u64, Arc<FinalBlock>>) -> bool,
) {
    let mut blocks = services.final_blocks(1);
    while !until(&seen.lock().unwrap()) {
        let block = blocks.recv().await.unwrap().unwrap();
        let mut seen = seen.lock().unwrap();
        if let Some(known) = seen.get(&block.header.height) {
            assert_eq!(*known, block);
        }
        seen.insert(block.header.height, block);
    }
}

/// The state that blocks up to a height leave behind.
fn state_after(blocks: &BTreeMap<u64, Arc<FinalBlock>>, height: u64) -> BTreeMap<Key, Vec<u8>> {
    let mut state = BTreeMap::new();
    for (key, value) in blocks.range(..=height).flat_map(|(_, block)| block.changes.iter().cloned()) {
        match value {
            Some(value) => state.insert(key, value),
            None => state.remove(&key),
        };
    }
    state
}

/// Crashes a chain again and again, then lets it run: every transaction is final once, and nothing seen was lost.
fn crash_again_and_again(seed: u64, disk: Disk) {
    let (committee, keys) = deal(1, &mut TestRng::new(seed));
    let genesis: Arc<Genesis> = Arc::new(genesis(&committee));
    let source = Arc::new(MemorySource::default());
    let config = config(&genesis, &keys[0], &source);
    let seen = Seen::default();
    let mut runner = deterministic::Runner::new(settings(seed).with_storage_fault_config(disk.faults()));
    for run in 0..RUNS {
        source.add((run * 5..run * 5 + 5).map(|nonce| transaction(&genesis, 1, nonce, 64, GENESIS_TIME)));
        let (config, seen) = (config.clone(), seen.clone());
        let life = Duration::from_millis(1 + (seed * 7_919 + run * run * 101 + run * 37) % 300);
        let (_, checkpoint) = runner.start_and_recover(|context| async move {
            let chain = async {
                let services = start_alone(&context, config).await;
                let known = seen.lock().unwrap().len() as u64;
                assert!(services.head().borrow().height >= known, "what followers saw is there");
                follow(&services, &seen, |_| false).await;
            };
            select(Box::pin(chain), Box::pin(context.sleep(life))).await;
        });
        runner = deterministic::Runner::from(checkpoint);
    }
    let known = seen.clone();
    runner.start(|context| async move {
        let services = start_alone(&context, config).await;
        let receipts =
            |blocks: &BTreeMap<_, Arc<FinalBlock>>| blocks.values().map(|block| block.receipts.len()).sum::<usize>();
        follow(&services, &known, |blocks| receipts(blocks) == SENT).await;
        let listing = services.scan().await.unwrap();
        follow(&services, &known, |blocks| blocks.contains_key(&listing.height)).await;
        let blocks = known.lock().unwrap();
        assert_eq!(listing.records.into_iter().collect::<BTreeMap<_, _>>(), state_after(&blocks, listing.height));
        assert_eq!(listing.state_root, blocks[&listing.height].header.state_root);
    });
    let blocks: Vec<_> = seen.lock().unwrap().values().cloned().collect();
    let receipts = blocks.iter().flat_map(|block| &block.receipts).map(|receipt| receipt.transaction);
    assert_eq!(receipts.collect::<BTreeSet<_>>().len(), SENT, "each transaction has one receipt");
    replay_agrees(&genesis, blocks);
}

#[test]
fn what_followers_saw_survives_crashes_at_any_moment() {
    for seed in 0..6 {
        crash_again_and_again(seed, Disk::Forgets);
    }
}

#[test]
fn what_followers_saw_survives_torn_writes() {
    for seed in 0..3 {
        crash_again_and_again(seed, Disk::Tears(PartialWriteMode::Prefix));
        crash_again_and_again(seed, Disk::Tears(PartialWriteMode::Subset));
    }
}

/// Cuts starts off a little later each time, until one comes through and follows to `height`; how many were cut off.
fn cut_starts(
    mut runner: deterministic::Runner,
    config: &ChainConfig,
    seen: &Seen,
    height: u64,
) -> (deterministic::Runner, u32) {
    for cut in 1.. {
        let (config, seen) = (config.clone(), seen.clone());
        let (through, checkpoint) = runner.start_and_recover(|context| async move {
            let starting = Box::pin(start_alone(&context, config));
            let Either::Left((services, _)) = select(starting, context.sleep(Duration::from_millis(cut)).boxed()).await
            else {
                return false;
            };
            assert!(services.head().borrow().height >= seen.lock().unwrap().len() as u64);
            follow(&services, &seen, |blocks| blocks.contains_key(&height)).await;
            true
        });
        runner = deterministic::Runner::from(checkpoint);
        if through {
            return (runner, u32::try_from(cut - 1).unwrap());
        }
    }
    unreachable!("a start comes through in the end")
}

#[test]
fn a_start_that_was_cut_off_leaves_a_chain_that_starts() {
    for disk in [Disk::Forgets, Disk::Tears(PartialWriteMode::Prefix), Disk::Tears(PartialWriteMode::Subset)] {
        let (committee, keys) = deal(1, &mut TestRng::new(1));
        let genesis: Arc<Genesis> = Arc::new(genesis(&committee));
        let config = config(&genesis, &keys[0], &Arc::new(MemorySource::default()));
        let seen = Seen::default();
        let runner = deterministic::Runner::new(settings(1).with_storage_fault_config(disk.faults()));
        // In an empty folder first, then where there are blocks.
        let (runner, first) = cut_starts(runner, &config, &seen, 3);
        let (_, second) = cut_starts(runner, &config, &seen, 5);
        assert!(first > 0 && second > 0, "{disk:?}: {first} and {second} starts were cut off");
        replay_agrees(&genesis, seen.lock().unwrap().values().cloned().collect());
    }
}

/// Within this time a chain that starts again makes its next block, however long its heartbeat.
const BACK_AFTER: Duration = Duration::from_secs(2);
/// One step of the runtime: a crash may fall between any two of them.
const STEP: Duration = Duration::from_millis(1);

/// Starts a chain, lets it come to rest, gives it a transaction, and kills it so many steps later. Says whether the
/// transaction's block had been announced by then.
fn kill_after(steps: u32, disk: Disk, config: &ChainConfig, source: &MemorySource, seen: &Seen) -> (Checkpoint, bool) {
    let settings = settings(u64::from(steps)).with_storage_fault_config(disk.faults());
    let (announced, checkpoint) = deterministic::Runner::new(settings).start_and_recover(|context| async move {
        let services = start_alone(&context, config.clone()).await;
        follow(&services, seen, |blocks| blocks.contains_key(&1)).await;
        context.sleep(BACK_AFTER).await;
        source.add([transaction(&config.genesis, 1, 0, 64, GENESIS_TIME)]);
        let announced = Box::pin(follow(&services, seen, |blocks| blocks.contains_key(&2)));
        matches!(select(announced, Box::pin(context.sleep(STEP * steps))).await, Either::Left(_))
    });
    (checkpoint, announced)
}

/// Starts the chain again and kills it so many steps later.
fn start_and_kill(checkpoint: Checkpoint, steps: u32, config: &ChainConfig) -> Checkpoint {
    let runner = deterministic::Runner::from(checkpoint);
    let (_, checkpoint) = runner.start_and_recover(|context| async move {
        let chain = async {
            let _services = start_alone(&context, config.clone()).await;
            std::future::pending::<()>().await;
        };
        select(Box::pin(chain), Box::pin(context.sleep(STEP * steps))).await;
    });
    checkpoint
}

/// Starts the chain again. Its client sends the same transaction once more, and it is soon final, without another one that
/// would bring a block about.
fn comes_back(checkpoint: Checkpoint, what: &str, config: &ChainConfig, seen: &Seen) {
    deterministic::Runner::from(checkpoint).start(|context| async move {
        let services = start_alone(&context, config.clone()).await;
        let receipts = |blocks: &BTreeMap<_, Arc<FinalBlock>>| -> usize {
            blocks.values().map(|block| block.receipts.len()).sum()
        };
        let done = Box::pin(follow(&services, seen, |blocks| receipts(blocks) == 1));
        let Either::Left(_) = select(done, Box::pin(context.sleep(BACK_AFTER))).await else {
            panic!("{what}: the transaction is not final {BACK_AFTER:?} after the start");
        };
    });
}

/// Kills a chain at every step between a transaction's arrival and its block's announcement, and again, if told so, at
/// some step of the start after that.
fn killed_at_every_step(disk: Disk, again: Option<u32>) {
    let (committee, keys) = deal(1, &mut TestRng::new(1));
    let genesis: Arc<Genesis> = Arc::new(genesis(&committee));
    for steps in 0.. {
        let source = Arc::new(MemorySource::default());
        let config = ChainConfig { heartbeat: Duration::from_secs(3_600), ..config(&genesis, &keys[0], &source) };
        let seen = Seen::default();
        let (mut checkpoint, announced) = kill_after(steps, disk, &config, &source, &seen);
        if let Some(every) = again {
            checkpoint = start_and_kill(checkpoint, steps % every, &config);
        }
        let what = format!("{disk:?}, killed after {steps} steps{}", if again.is_some() { " and again" } else { "" });
        comes_back(checkpoint, &what, &config, &seen);
        replay_agrees(&genesis, seen.lock().unwrap().values().cloned().collect());
        if announced {
            assert!(steps > 10, "{what}: a block takes more steps than that");
            return;
        }
    }
}

#[test]
fn a_kill_at_any_step_of_a_view_does_not_hold_the_chain_up() {
    for disk in
        [Disk::Keeps, Disk::Forgets, Disk::Tears(PartialWriteMode::Prefix), Disk::Tears(PartialWriteMode::Subset)]
    {
        killed_at_every_step(disk, None);
    }
}

#[test]
fn a_second_kill_during_the_start_does_not_hold_the_chain_up() {
    for disk in [Disk::Keeps, Disk::Forgets] {
        killed_at_every_step(disk, Some(97));
    }
}
