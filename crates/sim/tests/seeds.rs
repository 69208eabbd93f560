//! A few short simulations on every run of the tests; `make sim` runs more and longer ones.

use sim::{Plan, run};
use std::time::Duration;

/// Of each simulation: enough for a few things to happen at the same time.
const TROUBLE: Duration = Duration::from_secs(20);

#[test]
fn networks_under_mixed_trouble_agree_lose_nothing_and_move_again() {
    for seed in 0..2 {
        let report = run(&Plan::draw(seed, TROUBLE));
        assert!(report.transactions > 20 && report.blocks > 20, "{report:?}");
    }
}

#[test]
fn the_same_seed_does_the_same_to_the_byte() {
    let plan = Plan::draw(3, TROUBLE / 2);
    assert_eq!(run(&plan), run(&plan));
}
