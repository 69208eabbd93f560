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

fn main() -> ExitCode {
    let number = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("N").default_value(default).value_parser(value_parser!(u64)).help(help)
    };
    let arguments = Command::new("sim")
        .about("Run whole networks on simulated time, network and disk; a failure names its seed")
        .arg(number("from", "0", "The first seed"))
        .arg(number("seeds", "100", "How many seeds"))
        .arg(number("threads", "2", "How many simulations at a time"))
        .arg(
            Arg::new("show").long("show").action(clap::ArgAction::SetTrue).help("Show the plan of the first seed only"),
        )
        .get_matches();
    let number = |name: &str| *arguments.get_one::<u64>(name).expect("it has a default");
    let (from, seeds) = (number("from"), number("seeds"));
    if arguments.get_flag("show") {
        println!("{:#?}", Plan::draw(from, TROUBLE));
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
            match catch_unwind(|| run(&Plan::draw(seed, TROUBLE))) {
                Ok(report) => {
                    show(&report);
                    reports.lock().expect("no holder panics").push(report);
                }
                Err(_) => {
                    println!("seed {seed}: FAILED, run it again with `sim --from {seed} --seeds 1`");
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
        "{} seeds passed, {} failed {failures:?}; {} blocks, {} transactions, {} epochs, {} crashes; \
         {:.1} simulated hours at {ratio:.1} simulated hours per hour",
        reports.len(),
        failures.len(),
        sum(|report| report.blocks),
        sum(|report| report.transactions as u64),
        sum(|report| report.epochs),
        sum(|report| u64::from(report.crashes)),
        simulated.as_secs_f64() / 3_600.0,
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(report: &Report) {
    println!(
        "seed {}: {} machines, {} blocks, {} transactions, {} epochs, {} crashes, {} votes, recovered in {:?}, {} simulated seconds, {}",
        report.seed,
        report.machines,
        report.blocks,
        report.transactions,
        report.epochs,
        report.crashes,
        report.votes,
        report.recovery,
        report.simulated.as_secs(),
        report.digest,
    );
}
