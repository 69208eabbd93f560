//! What the figures were measured on, and what a signature check costs there.

use anyhow::Context as _;
use crypto::yardstick;
use rustix::time::{ClockId, clock_gettime};
use std::{fs, time::Duration};

/// Signatures checked for the yardstick: enough batches for a steady figure, in about a second.
const SAMPLES_MAX: u32 = 4_096;

/// The machine in words: cores, model and kernel.
pub fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores, {}, Linux {}", model.trim_start_matches(['\t', ' ', ':']).trim(), kernel.trim())
}

/// CPU time of this thread for checking `count` signatures in batches, from a sample of them.
pub fn signature_checks(count: usize) -> anyhow::Result<Duration> {
    let count = u32::try_from(count).context("count signatures")?;
    let samples = count.clamp(1, SAMPLES_MAX);
    let cost =
        u128::from(yardstick::batch_check_cpu_ns(samples, &thread_cpu)) * u128::from(count) / u128::from(samples);
    Ok(Duration::from_nanos(u64::try_from(cost).context("add up CPU time")?))
}

/// Nanoseconds that this thread was on a core.
fn thread_cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).expect("CPU time is not negative")
}
