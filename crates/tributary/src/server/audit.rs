//! `tributary audit`: every law, recomputed from the whole state.

use anyhow::Context as _;
use clap::ArgMatches;
use engine::{Chain, ChainConfig, Room, Settled, StorageTuning, TransactionSource};
use futures::future::BoxFuture;
use node::Folder;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use types::{TransactionHash, state::Memory, transaction::Checked};

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
    fn settle(&self, _: Settled) {}
}

/// No block is made while the audit reads.
const NO_HEARTBEAT: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let data: &String = arguments.get_one("data").expect("it has a default");
    let folder = Folder::new(data);
    let _lock = folder.lock()?;
    let config = ChainConfig {
        genesis: Arc::new(folder.genesis()?),
        keys: folder.validator_keys()?,
        source: Arc::new(Nothing),
        check: Arc::new(|_| Ok(())),
        heartbeat: NO_HEARTBEAT,
        storage: StorageTuning::default(),
    };
    let chain = Chain::start(folder.chain(), config).await.context("open the chain")?;
    let listing = chain.scan().await.context("read the whole state")?;
    chain.stop().await;
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
    if !arguments.get_flag("quiet") {
        println!("all laws hold: {checks} checks over {records} records at height {}", listing.height);
        println!("state root {}", listing.state_root);
    }
    Ok(())
}
