//! `tributary audit`: every law, recomputed from the whole state; and with `--replay` the whole history, run again.

use anyhow::Context as _;
use clap::ArgMatches;
use engine::{Bundle, Chain, ChainConfig, Replayed, Settled, Standing, StorageTuning, TransactionSource};
use execution::check::check_batch;
use futures::future::BoxFuture;
use node::Folder;
use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};
use types::{
    Genesis, Room, TransactionHash,
    state::Memory,
    transaction::{Checked, Named},
};

/// A source that never has anything: the chain is opened to be read.
struct Nothing;

impl TransactionSource for Nothing {
    fn take(&self, _: Room, _: &BTreeSet<TransactionHash>) -> Vec<Arc<Checked>> {
        Vec::new()
    }
    fn has_work(&self, _: &BTreeSet<TransactionHash>) -> bool {
        false
    }
    fn arrivals(&self) -> u64 {
        0
    }
    fn arrived(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
    fn arrive(&self, _: Bundle) {}
    fn settle(&self, _: Settled) {}
}

/// No block is made while the audit reads.
const NO_HEARTBEAT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the chain may take to find the certificate of a block that is on disk.
const FINALITY_TIME: Duration = Duration::from_secs(10);

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let data: &String = arguments.get_one("data").expect("it has a default");
    let folder = Folder::new(data);
    let _lock = folder.lock()?;
    let genesis = Arc::new(folder.genesis()?);
    let chain = open(&folder, &genesis).await?;
    let audited = audit(&folder, &genesis, &chain, arguments).await;
    chain.stop().await;
    audited
}

/// Opens the chain of a stopped node, to be read.
pub(super) async fn open(folder: &Folder, genesis: &Arc<Genesis>) -> anyhow::Result<Chain> {
    let config = ChainConfig {
        genesis: genesis.clone(),
        keys: folder.validator_keys()?,
        source: Arc::new(Nothing),
        check: Arc::new(|_| Ok(())),
        heartbeat: NO_HEARTBEAT,
        storage: StorageTuning::default(),
        peering: None,
        join: false,
        keep: None,
        standing: Standing::default(),
        restored: None,
        inherited: folder.inherited(genesis, false)?,
        checkpoint: None,
    };
    Chain::start(folder.chain(), config).await.context("open the chain")
}

async fn audit(folder: &Folder, genesis: &Arc<Genesis>, chain: &Chain, arguments: &ArgMatches) -> anyhow::Result<()> {
    let quiet = arguments.get_flag("quiet");
    let listing = chain.scan().await.context("read the whole state")?;
    let records = listing.records.len();
    let state = Memory { records: listing.records.into_iter().collect(), events: Vec::new() };
    let (violations, checks) = ledger::audit(&state);
    for violation in &violations {
        println!("broken: {violation}");
    }
    anyhow::ensure!(
        violations.is_empty(),
        "{} of {checks} checks failed at height {}",
        violations.len(),
        listing.height
    );
    if !quiet {
        println!("all laws hold: {checks} checks over {records} records at height {}", listing.height);
    }
    if arguments.get_flag("replay") {
        let replayed = replay(folder, genesis, chain, listing.height).await?;
        anyhow::ensure!(
            replayed.state_root == listing.state_root,
            "the state is not that of its history: its root is {}, the history's {}",
            listing.state_root,
            replayed.state_root
        );
        certified(genesis, chain, &replayed).await?;
        if !quiet {
            println!(
                "the history holds: {} blocks with {} transactions, run again from the genesis, give the same receipts and roots, and the last is certified",
                replayed.height, replayed.transactions
            );
        }
    }
    if !quiet {
        println!("state root {}", listing.state_root);
    }
    Ok(())
}

/// Runs the history again beside the chain, on a state that is thrown away afterwards.
async fn replay(folder: &Folder, genesis: &Arc<Genesis>, chain: &Chain, last: u64) -> anyhow::Result<Replayed> {
    let scratch = folder.path().join("replay");
    let inherited = folder.state(genesis).context("read the state with which the chain began")?;
    let id = genesis.chain();
    let check = move |transactions: &[Arc<Checked>]| {
        let transactions = transactions.iter().map(|checked| Named::clone(checked)).collect();
        check_batch(id, transactions).into_iter().try_for_each(|result| result.map(drop))
    };
    let clear = || match fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    clear().with_context(|| format!("clear {}", scratch.display()))?;
    let blocks = chain.final_blocks(1).await.context("read the blocks")?;
    let replayed = engine::replay(scratch.clone(), (genesis.clone(), inherited), Arc::new(check), blocks, last).await;
    clear().with_context(|| format!("clear {}", scratch.display()))?;
    replayed.context("run the history again")
}

/// Checks that the last block is final under the chain's group key; those before it are in its line.
async fn certified(genesis: &Genesis, chain: &Chain, replayed: &Replayed) -> anyhow::Result<()> {
    let finality = tokio::time::timeout(FINALITY_TIME, chain.finality(replayed.height)).await;
    let finality = finality.context("the last block has no certificate")??.context("the last block is not there")?;
    let block = chain.block(replayed.height).await?.context("the last block is not there")?;
    finality
        .verify(genesis.chain(), &genesis.group_key, &block.header)
        .with_context(|| format!("check that block {} is final", replayed.height))
}
