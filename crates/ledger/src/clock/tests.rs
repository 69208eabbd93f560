use super::{Advance, offset, reject};
use crate::testing::Scenario;
use types::{Clock, rejection::tech};

#[test]
fn moves_block_time_forward_on_a_movable_chain() {
    let mut scenario = Scenario::new();
    let before = offset(&mut scenario.state).unwrap();
    let to = scenario.time.plus_hours(24);
    scenario.act("OP.admin", &Advance { to }).unwrap();
    assert_eq!(offset(&mut scenario.state).unwrap() - before, 24 * 3_600_000);
}

#[test]
fn rejects_a_step_backwards() {
    let mut scenario = Scenario::new();
    let to = scenario.time;
    assert_eq!(scenario.act("OP.admin", &Advance { to }), Err(reject::backwards(to, to)), "E_CLOCK_BACKWARDS");
}

#[test]
fn does_not_exist_on_a_chain_with_a_real_clock() {
    let mut scenario = Scenario::new();
    scenario.clock = Clock::Real;
    let to = scenario.time.plus_hours(1);
    assert_eq!(scenario.act("OP.admin", &Advance { to }), Err(tech::unknown_act(1, "advance")), "E_UNKNOWN_ACT");
}
