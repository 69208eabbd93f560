//! The figures as people and programs read them.

use super::{counters::Counters, drive::Finished, machine, node::Memory};
use crate::output::{self, Form};
use serde_json::{Value, json};
use std::time::Duration;

/// One load's figures.
pub struct Measured {
    pub flooded: Finished,
    /// The node's CPU time for the flood.
    pub cpu: Duration,
    /// Blocks of the flood.
    pub blocks: u64,
    /// What the measured node counted in the flood, where it tells.
    pub counters: Option<Counters>,
    /// Signatures of the flood.
    pub signatures: usize,
    /// CPU time of one thread for as many signature checks in batches.
    pub yardstick: Duration,
    pub half: Paced,
    pub ninety: Paced,
    /// With some validators gone.
    pub caught_up: Option<CaughtUp>,
    pub memory: Memory,
}

/// A run on a timetable.
pub struct Paced {
    pub run: Finished,
    /// Shortest first.
    pub latencies: Vec<Duration>,
    /// The node's CPU time.
    pub cpu: Duration,
}

/// A flood with some validators gone, and one of them after it.
pub struct CaughtUp {
    /// The longest latency while they fell and little was sent.
    pub held_up: Duration,
    pub flooded: Finished,
    /// From the start of its process until the last of them had all blocks before that flood.
    pub began: Duration,
    /// From the start of its process until it had the flood too.
    pub time: Duration,
}

impl Paced {
    /// The latency that so many thousandths of all transactions did not exceed.
    fn latency_ms(&self, thousandths: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let found =
            self.latencies.get((self.latencies.len() * thousandths).div_ceil(1_000).saturating_sub(1).min(last));
        round(found.copied().unwrap_or_default().as_secs_f64() * 1e3)
    }

    fn json(&self) -> Value {
        json!({
            "per_second": self.run.per_second(),
            "transactions": self.run.transactions,
            "finality_ms_p50": self.latency_ms(500),
            "finality_ms_p99": self.latency_ms(990),
            "finality_ms_max": self.latency_ms(1_000),
            "node_cpu_us_per_transaction": round(micros(self.cpu, self.run.transactions)),
        })
    }
}

impl CaughtUp {
    /// `full` is the flood while nobody was gone.
    fn json(&self, full: &Finished) -> Value {
        let late = self.flooded.transactions as f64 / self.time.saturating_sub(self.began).as_secs_f64();
        json!({
            "held_up_seconds": round(self.held_up.as_secs_f64()),
            "per_second_max": self.flooded.per_second(),
            "ratio_to_full": round(self.flooded.per_second() as f64 / full.per_second().max(1) as f64),
            "transactions_missed": self.flooded.transactions,
            "catch_up_begins_seconds": round(self.began.as_secs_f64()),
            "catch_up_seconds": round(self.time.as_secs_f64()),
            "catch_up_per_second": round(late),
            "catch_up_over_live": round(late / self.flooded.per_second().max(1) as f64),
        })
    }
}

/// The node's memory with many accounts.
pub struct Filled {
    pub accounts: u32,
    pub records: u64,
    /// After the last account was final and in the index.
    pub memory: Memory,
    /// Of a new process on the same folder.
    pub restarted: Memory,
    pub restart: Duration,
    pub time: Duration,
    pub cpu: Duration,
    pub chain_bytes: u64,
    pub index_bytes: u64,
}

pub struct Report {
    pub loads: Vec<(&'static str, Measured)>,
    pub memory: Option<Filled>,
}

impl Measured {
    fn cpu_us(&self) -> f64 {
        micros(self.cpu, self.flooded.transactions)
    }

    fn yardstick_us(&self) -> f64 {
        micros(self.yardstick, self.flooded.transactions)
    }

    fn ratio(&self) -> f64 {
        self.cpu.as_secs_f64() / self.yardstick.as_secs_f64()
    }

    fn json(&self, name: &str) -> Value {
        json!({
            "load": name,
            "transactions": self.flooded.transactions,
            "per_second_max": self.flooded.per_second(),
            "final_seconds": round(self.flooded.time.as_secs_f64()),
            "indexed_seconds": round(self.flooded.indexed.as_secs_f64()),
            "node_cpu_us_per_transaction": round(self.cpu_us()),
            "signatures_per_transaction": self.signatures as f64 / self.flooded.transactions as f64,
            "signature_checks_cpu_us_per_transaction": round(self.yardstick_us()),
            "ratio": round(self.ratio()),
            "blocks": self.blocks,
            "transactions_per_block": round(self.flooded.transactions as f64 / self.blocks.max(1) as f64),
            "syncs_per_block": self.counters.map(|counters| round(counters.syncs as f64 / self.blocks.max(1) as f64)),
            "sent_bytes_per_transaction":
                self.counters.map(|counters| counters.sent_bytes / self.flooded.transactions.max(1)),
            "half": self.half.json(),
            "ninety": self.ninety.json(),
            "down": self.caught_up.as_ref().map(|caught_up| caught_up.json(&self.flooded)),
            "memory_peak_mib": mib(self.memory.peak_kb),
        })
    }
}

impl Filled {
    fn json(&self) -> Value {
        json!({
            "cash_accounts": self.accounts,
            "records": self.records,
            "resident_mib": mib(self.memory.resident_kb),
            "peak_mib": mib(self.memory.peak_kb),
            "resident_mib_after_restart": mib(self.restarted.resident_kb),
            "peak_mib_after_restart": mib(self.restarted.peak_kb),
            "restart_seconds": round(self.restart.as_secs_f64()),
            "build_seconds": round(self.time.as_secs_f64()),
            "node_cpu_seconds": round(self.cpu.as_secs_f64()),
            "chain_mib": self.chain_bytes >> 20,
            "index_mib": self.index_bytes >> 20,
        })
    }
}

impl Report {
    pub fn new() -> Self {
        Self { loads: Vec::new(), memory: None }
    }

    pub fn print(&self, form: Form) {
        let loads: Vec<Value> = self.loads.iter().map(|(name, measured)| measured.json(name)).collect();
        let memory = self.memory.as_ref().map(Filled::json);
        if form == Form::Programs {
            let all = json!({ "machine": machine::describe(), "loads": loads, "memory": memory });
            output::value(form, &all);
            return;
        }
        println!("{}", machine::describe());
        if !loads.is_empty() {
            output::rows(form, HEADER, &loads.iter().map(row).collect::<Vec<_>>());
        }
        if let Some(memory) = memory {
            output::value(form, &memory);
        }
    }
}

const HEADER: &[&str] = &[
    "load",
    "tx/s",
    "p50 ms",
    "p99 ms",
    "p50 at 90%",
    "p99 at 90%",
    "CPU us/tx",
    "signatures us/tx",
    "ratio",
    "CPU us/tx at half",
    "tx/block",
    "syncs/block",
    "sent B/tx",
    "fall: held up s",
    "down: of full",
    "catch-up: of live",
    "peak MiB",
];

fn row(load: &Value) -> Vec<Value> {
    let (half, ninety, down) = (&load["half"], &load["ninety"], &load["down"]);
    [
        &load["load"],
        &load["per_second_max"],
        &half["finality_ms_p50"],
        &half["finality_ms_p99"],
        &ninety["finality_ms_p50"],
        &ninety["finality_ms_p99"],
        &load["node_cpu_us_per_transaction"],
        &load["signature_checks_cpu_us_per_transaction"],
        &load["ratio"],
        &half["node_cpu_us_per_transaction"],
        &load["transactions_per_block"],
        &load["syncs_per_block"],
        &load["sent_bytes_per_transaction"],
        &down["held_up_seconds"],
        &down["ratio_to_full"],
        &down["catch_up_over_live"],
        &load["memory_peak_mib"],
    ]
    .map(Value::clone)
    .to_vec()
}

fn micros(time: Duration, transactions: u64) -> f64 {
    time.as_secs_f64() * 1e6 / transactions.max(1) as f64
}

/// Two decimals.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn mib(kilobytes: u64) -> u64 {
    kilobytes >> 10
}
