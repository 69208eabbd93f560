//! `sim`: many seeds, one after the other, and what came of them.

use clap::{Arg, Command, value_parser};
use sim::{Plan, Report, TROUBLE, run};
use std::{
    panic::catch_unwind,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

fn command() -> Command {
    let number = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("N").default_value(default).value_parser(value_parser!(u64)).help(help)
    };
    Command::new("sim")
        .about("Run whole networks on simulated time, network and disk; a failure names its seed")
        .arg(number("from", "0", "The first seed"))
        .arg(number("seeds", "100", "How many seeds"))
        .arg(number("threads", "2", "How many simulations at a time"))
        .arg(Arg::new("log").long("log").value_name("FILTER").help(
            "Write what the machines say to standard error: `warn`, `engine=debug,commonware_glue=debug`; best for one seed",
        ))
        .arg(
            Arg::new("show").long("show").action(clap::ArgAction::SetTrue).help("Show the plan of the first seed only"),
        )
}

fn main() -> ExitCode {
    let arguments = command().get_matches();
    let number = |name: &str| *arguments.get_one::<u64>(name).expect("it has a default");
    let (from, seeds) = (number("from"), number("seeds"));
    let commit = env!("COMMIT");
    if let Some(filter) = arguments.get_one::<String>("log") {
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().with_ansi(false);
        log.with_env_filter(tracing_subscriber::EnvFilter::new(filter)).init();
    }
    if arguments.get_flag("show") {
        println!("seed {from} at commit {commit}: {:#?}", Plan::draw(from, TROUBLE));
        return ExitCode::SUCCESS;
    }
    let (next, reports, failures) = (AtomicU64::new(from), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let begun = Instant::now();
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + seeds {
                return;
            }
            let started = Instant::now();
            match catch_unwind(|| run(&Plan::draw(seed, TROUBLE))) {
                Ok(report) => {
                    show(&report, started.elapsed());
                    reports.lock().expect("no holder panics").push(report);
                }
                Err(_) => {
                    println!("seed {seed} at commit {commit}: FAILED, run it again with `sim --from {seed} --seeds 1`");
                    failures.lock().expect("no holder panics").push(seed);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..number("threads") {
            scope.spawn(work);
        }
    });
    let reports = reports.into_inner().expect("no holder panics");
    let failures = failures.into_inner().expect("no holder panics");
    let simulated: Duration = reports.iter().map(|report| report.simulated).sum();
    let ratio = simulated.as_secs_f64() / begun.elapsed().as_secs_f64();
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    println!(
        "commit {commit}: {} seeds passed, {} failed {failures:?}; {} blocks, {} transactions, {} epochs, {} crashes, \
         {} falls of machines with failing disks, {} liars; at most {} views to recover; \
         {:.1} simulated hours in {:.0} s, {ratio:.1} simulated hours per hour",
        reports.len(),
        failures.len(),
        sum(|report| report.blocks),
        sum(|report| report.transactions as u64),
        sum(|report| report.epochs),
        sum(|report| u64::from(report.crashes)),
        sum(|report| u64::from(report.fallen)),
        sum(|report| report.liars as u64),
        reports.iter().map(|report| report.views).max().unwrap_or_default(),
        simulated.as_secs_f64() / 3_600.0,
        begun.elapsed().as_secs_f64(),
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(report: &Report, took: Duration) {
    println!(
        "seed {}: {} machines, {} of them liars, {} blocks, {} transactions, {} epochs, {} crashes, {} falls, {} votes, \
         recovered in {:?} and {} views, {} simulated seconds in {:.1} s, {}",
        report.seed,
        report.machines,
        report.liars,
        report.blocks,
        report.transactions,
        report.epochs,
        report.crashes,
        report.fallen,
        report.votes,
        report.recovery,
        report.views,
        report.simulated.as_secs(),
        took.as_secs_f64(),
        report.digest,
    );
}
