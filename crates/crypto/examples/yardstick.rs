//! Prints the thread CPU time of one signature check: `cargo run --release -p crypto --example yardstick`.

use crypto::yardstick::{batch_check_cpu_ns, single_check_cpu_ns};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let clock = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let part = |value: i64| u64::try_from(value).expect("CPU time is not negative");
        part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
    };
    for count in [32, 256, 1024] {
        println!("batch of {count:>4}: {:>7} ns per signature", batch_check_cpu_ns(count, &clock) / u64::from(count));
    }
    println!("single       : {:>7} ns per signature", single_check_cpu_ns(256, &clock) / 256);
}
