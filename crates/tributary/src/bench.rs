//! `tributary bench`: how much a node takes, how soon it is final, what it costs, and what that is in signature checks.
//!
//! ```text
//!   this process                                   a child process: `tributary node run`
//!   sign (before the clock runs) --batches-->  door, pool, chain, index
//!   follow final blocks          <--blocks---
//!                                              /proc/PID: CPU time and memory, of the node alone
//! ```
//! Each load runs twice. As fast as the node takes it, with a bounded number under way: transactions per second, and the
//! node's CPU time for each, until the last is final and in the index. Then at half that rate on a fixed timetable:
//! latency counts from the moment at which a transaction was due to be sent, so a stall of the node counts for all that
//! were due meanwhile. In between this thread checks as many signatures in batches as the node had to: the yardstick.
//!
//! With several validators, CPU time is that of all of them, divided by their number.
//!
//! A transaction that is refused or not applied ends the run: only work that was done is counted.

mod accounts;
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
use drive::Driver;
use loads::{LOADS, Load};
use network::Network;
use report::{Measured, Report};
use std::{path::PathBuf, time::Duration};

/// Transactions before the clock runs: stores have grown, caches are warm, and the rate is known roughly.
const WARM_UP: usize = 8_192;
/// Most transactions of one run: they are signed before it, and kept in memory.
const RUN_MAX: usize = 400_000;

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
            let measured = measure((folder, validators), *prepare, Duration::from_secs(seconds)).await;
            report.loads.push((*name, measured.with_context(|| format!("measure {name}"))?));
        }
    }
    report.print(form);
    Ok(())
}

async fn measure(
    (folder, validators): (Option<&PathBuf>, u32),
    prepare: loads::Prepare,
    length: Duration,
) -> anyhow::Result<Measured> {
    let (node, mut network) = Network::start(folder, validators).await?;
    let driver = Driver::start(network.client()).await?;
    let mut load = prepare(&mut network, &driver).await?;
    let warm = sign(&mut network, load.as_mut(), WARM_UP, "signed to warm up");
    let warmed = driver.flood(&warm, "warming up").await?;

    let transactions = sign(&mut network, load.as_mut(), count(warmed.per_second(), length), "signed");
    let before = node.cpu()?;
    let flooded = driver.flood(&transactions, "final, at most rate").await?;
    let cpu = node.cpu()?.saturating_sub(before);
    let signatures = transactions.iter().map(|transaction| transaction.signatures.len()).sum();
    let yardstick = machine::signature_checks(signatures)?;
    driver.require_applied(&transactions).await?;

    let half = flooded.per_second() / 2;
    let transactions = sign(&mut network, load.as_mut(), count(half, length), "signed");
    let before = node.cpu()?;
    let (paced, latencies) = driver.pace(&transactions, half.max(1), "final, at half rate").await?;
    let cpu_at_half = node.cpu()?.saturating_sub(before);
    driver.require_applied(&transactions).await?;
    Ok(Measured { flooded, cpu, signatures, yardstick, paced, cpu_at_half, latencies, memory: node.memory()? })
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
