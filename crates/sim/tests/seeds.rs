//! A few short simulations on every run of the tests; `make sim` runs more and longer ones.

use sim::{Event, Ill, Plan, Report, run};
use std::time::Duration;

/// Of each simulation: enough for a few things to happen at the same time.
const TROUBLE: Duration = Duration::from_secs(20);

/// Longer than a machine may go on after its disk has refused something.
const BAD_PLACE: Duration = Duration::from_secs(40);

/// Four sound validators, to whom nothing happens but this, every so often.
fn again_and_again(seed: u64, often: Duration, event: impl Fn(usize) -> Event) -> Report {
    let mut plan = Plan::draw(seed, TROUBLE);
    (plan.validators, plan.liars) = (4, Vec::new());
    plan.clocks.truncate(5);
    let times = (TROUBLE.as_millis() / often.as_millis()).try_into().expect("a few");
    plan.events = (0..times).map(|number: u32| (often * number, event(number as usize))).collect();
    run(&plan)
}

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

#[test]
fn a_machine_whose_disk_fails_stops() {
    let ill = Ill::Failing { per_mille: 300 };
    let event = |number| Event::BadDisk { machine: number % 4, ill: ill.clone(), time: Duration::from_secs(2) };
    let report = again_and_again(1, Duration::from_secs(3), event);
    assert!(report.fallen > 2, "{report:?}");
}

#[test]
fn a_machine_with_a_bad_place_on_its_disk_stops_whichever_store_it_meets() {
    for (seed, store) in (5..).zip(["outputs", "state"]) {
        let mut plan = Plan::draw(seed, BAD_PLACE);
        (plan.validators, plan.liars) = (4, Vec::new());
        plan.clocks.truncate(5);
        let event = Event::BadDisk { machine: 2, ill: Ill::BadPlace { store }, time: BAD_PLACE };
        plan.events = vec![(Duration::from_secs(1), event)];
        let report = run(&plan);
        assert!(report.fallen > 2, "{store}: {report:?}");
    }
}

#[test]
fn what_was_told_is_there_after_a_power_cut_of_all() {
    let event = |_| Event::PowerCut { down: Duration::from_millis(300) };
    let report = again_and_again(2, Duration::from_secs(3), event);
    assert!(report.crashes > 20, "{report:?}");
}

#[test]
fn a_validator_that_falls_again_and_again_never_votes_twice() {
    let event = |_| Event::Crash { machine: 0, down: Duration::from_millis(100) };
    let report = again_and_again(3, Duration::from_millis(700), event);
    assert!(report.crashes > 15, "{report:?}");
}
