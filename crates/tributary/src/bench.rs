//! `tributary bench`: how much a node takes, how soon it is final, what it costs, and what that is in signature checks.
//!
//! ```text
//!   this process                                   a child process: `tributary node run`
//!   sign (before the clock runs) --batches-->  door, pool, chain, index
//!   follow final blocks          <--blocks---
//!                                              /proc/PID: CPU time and memory, of the node alone
//! ```
//! Each load runs twice. As fast as the node takes it, with a bounded number under way: transactions per second, and the
//! node's CPU time for each, until the last is final and in the index. Then at half and at nine tenths of that rate on a
//! fixed timetable: latency counts from the moment at which a transaction was due to be sent, so a stall of the node counts
//! for all that were due meanwhile. In between this thread checks as many signatures in batches as the node had to: the
//! yardstick.
//!
//! With several validators, CPU time is that of all of them, divided by their number. With `--down`, so many of them are
//! ended while little is sent, and the longest latency then is how long their fall holds the chain up: their turns to lead
//! are waited for until it is known that they are gone. After that the same flood is sent once more; then the last of
//! those is started again, and how fast it catches up is compared with how fast the chain went without it. Both are ratios
//! within one run.
//!
//! A transaction that is refused or not applied ends the run: only work that was done is counted.

mod accounts;
mod counters;
mod drive;
mod loads;
mod certificates;
mod machine;
mod network;
mod node;
mod report;

use crate::output::Form;
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use counters::Counters;
use drive::Driver;
use loads::{LOADS, Load};
use network::Network;
use report::{CaughtUp, Measured, Paced, Report};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// Transactions before the clock runs: stores have grown, caches are warm, and the rate is known roughly.
const WARM_UP: usize = 8_192;
/// Most transactions of one run: they are signed before it, and kept in memory.
const RUN_MAX: usize = 400_000;
/// How long a node that was gone may take to catch up.
const CATCH_UP: Duration = Duration::from_secs(600);
/// What is sent while validators fall, and for how long: until all know that they are gone.
const TRICKLE: u64 = 50;
const FALL: Duration = Duration::from_secs(20);
/// How often it is asked how far it is.
const LOOK: Duration = Duration::from_millis(20);

pub fn command() -> Command {
    let loads: Vec<&str> = LOADS.iter().map(|(name, _)| *name).collect();
    let argument = |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    Command::new("bench")
        .about("Measure a node of this machine: rate, finality, CPU per transaction, memory")
        .arg(
            argument("load", "LOAD")
                .value_delimiter(',')
                .value_parser(PossibleValuesParser::new(loads))
                .help("What to measure; all loads when absent"),
        )
        .arg(
            argument("seconds", "S")
                .default_value("10")
                .value_parser(value_parser!(u64).range(1..=600))
                .help("Length of each run"),
        )
        .arg(
            argument("validators", "N")
                .default_value("1")
                .value_parser(value_parser!(u32).range(1..=16))
                .help("How many validators the chain has, all on this machine; the first takes every transaction"),
        )
        .arg(
            argument("down", "N")
                .default_value("0")
                .value_parser(value_parser!(u32).range(0..=5))
                .help("Measure once more with so many validators gone, and how fast one of them catches up"),
        )
        .arg(
            argument("accounts", "N")
                .value_parser(value_parser!(u32).range(1_000..=10_000_000))
                .help("Instead of the loads: the node's memory with this many cash accounts (long)"),
        )
        .arg(
            argument("folder", "DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Where the node's data lies during the run; a temporary folder when absent"),
        )
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let validators: u32 = *arguments.get_one("validators").expect("it has a default");
    let down: u32 = *arguments.get_one("down").expect("it has a default");
    anyhow::ensure!(down <= (validators - 1) / 3, "a chain of {validators} stands still with {down} of them gone");
    let seconds: u64 = *arguments.get_one("seconds").expect("it has a default");
    let folder: Option<&PathBuf> = arguments.get_one("folder");
    let form = Form::of(arguments);
    let mut report = Report::new();
    if let Some(count) = arguments.get_one::<u32>("accounts") {
        report.memory = Some(accounts::measure(folder, *count).await?);
        report.print(form);
        return Ok(());
    }
    let named: Option<Vec<&str>> =
        arguments.get_many::<String>("load").map(|names| names.map(String::as_str).collect());
    for (name, prepare) in LOADS {
        if named.as_ref().is_none_or(|named| named.contains(name)) {
            eprintln!("{name}: a new chain");
            let measured = measure((folder, validators, down), *prepare, Duration::from_secs(seconds)).await;
            report.loads.push((*name, measured.with_context(|| format!("measure {name}"))?));
        }
    }
    report.print(form);
    Ok(())
}

async fn measure(
    (folder, validators, down): (Option<&PathBuf>, u32, u32),
    prepare: loads::Prepare,
    length: Duration,
) -> anyhow::Result<Measured> {
    let (mut node, mut network) = Network::start(folder, validators).await?;
    let driver = Driver::start(network.client()).await?;
    let mut load = prepare(&mut network, &driver).await?;
    let warm = sign(&mut network, load.as_mut(), WARM_UP, "signed to warm up");
    let warmed = driver.flood(&warm, "warming up").await?;

    let transactions = sign(&mut network, load.as_mut(), count(warmed.per_second(), length), "signed");
    let (before, counted) = (node.cpu()?, Counters::of(&node.url).await?);
    let height = network.client().info().await?.head.height;
    let flooded = driver.flood(&transactions, "final, at most rate").await?;
    let cpu = node.cpu()?.saturating_sub(before);
    let blocks = network.client().info().await?.head.height - height;
    let counters = Counters::of(&node.url).await?.zip(counted).map(|(after, before)| after.since(before));
    let signatures = transactions.iter().map(|transaction| transaction.signatures.len()).sum();
    let yardstick = machine::signature_checks(signatures)?;
    driver.require_applied(&transactions).await?;

    let mut paced = Vec::new();
    for (tenths, what) in [(5, "final, at half rate"), (9, "final, at nine tenths")] {
        let rate = (flooded.per_second() * tenths / 10).max(1);
        let transactions = sign(&mut network, load.as_mut(), count(rate, length), "signed");
        let before = node.cpu()?;
        let (run, latencies) = driver.pace(&transactions, rate, what).await?;
        paced.push(Paced { run, latencies, cpu: node.cpu()?.saturating_sub(before) });
        driver.require_applied(&transactions).await?;
    }
    let memory = node.memory()?;
    let mut caught_up = None;
    if down > 0 {
        let trickle = sign(&mut network, load.as_mut(), count(TRICKLE, FALL), "signed");
        let transactions = sign(&mut network, load.as_mut(), transactions.len(), "signed");
        caught_up = Some(with_some_gone(&mut node, &network, &driver, down, [&trickle, &transactions]).await?);
    }
    let [half, ninety] = paced.try_into().ok().context("two rates were measured")?;
    Ok(Measured { flooded, cpu, blocks, counters, signatures, yardstick, half, ninety, caught_up, memory })
}

/// Sends with some validators gone, and lets the last of them catch up.
async fn with_some_gone(
    node: &mut node::Node,
    network: &Network,
    driver: &Driver,
    down: u32,
    [trickle, transactions]: [&[types::Transaction]; 2],
) -> anyhow::Result<CaughtUp> {
    let client = network.client();
    node.end(usize::try_from(down)?)?;
    let (_, latencies) = driver.pace(trickle, TRICKLE, "final, while some fall").await?;
    let held_up = latencies.last().copied().unwrap_or_default();
    let from = client.info().await?.head.height;
    let flooded = driver.flood(transactions, "final, with some gone").await?;
    let to = client.info().await?.head.height;
    driver.require_applied(transactions).await?;
    let start = Instant::now();
    let late = node.start_last()?;
    // Before the flood came a trickle in many small blocks, and a chain at rest tells of its head with its next heartbeat.
    let mut began = Duration::ZERO;
    loop {
        let height = late.info().await?.head.height;
        if height <= from {
            began = start.elapsed();
        }
        if height >= to {
            break;
        }
        anyhow::ensure!(start.elapsed() < CATCH_UP, "a node that was gone does not catch up");
        tokio::time::sleep(LOOK).await;
    }
    Ok(CaughtUp { held_up, flooded, began, time: start.elapsed() })
}

/// How many transactions a run of this length takes at this rate.
fn count(per_second: u64, length: Duration) -> usize {
    let count = per_second.saturating_mul(length.as_secs());
    usize::try_from(count).unwrap_or(RUN_MAX).clamp(1_000, RUN_MAX)
}

fn sign(network: &mut Network, load: &mut dyn Load, count: usize, what: &'static str) -> Vec<types::Transaction> {
    let bar = crate::client::import::bar(count, what);
    let transactions = (0..count).map(|_| {
        bar.inc(1);
        load.next(network)
    });
    let transactions = transactions.collect();
    bar.finish_and_clear();
    transactions
}
