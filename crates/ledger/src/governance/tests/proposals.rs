//! Proposals and votes.

use super::*;
use crate::{
    governance::{ParametersNow, ProposalAdopted, ProposalFailed, ProposalOf, Withdraw},
    policy::{self, Policy, Set, Setter},
};

#[test]
fn a_proposal_is_executed_by_the_vote_that_exceeds_two_thirds() {
    let mut chain = Chain::new();
    let act = proposal(vec![Change::SetWeight { enterprise: Scenario::id("BKB"), weight: 3 }]);
    let id = chain.propose("CORE", &act).unwrap();
    assert_eq!(chain.proposal(id).tally, Tally { yes: 1, no: 0, total: 4, threshold_ppm: 666_667 });
    assert_eq!(chain.vote("OP", id, Choice::No).unwrap().no, 1);
    assert_eq!(chain.vote("BKA", id, Choice::Yes).unwrap().yes, 2);
    // A vote may change while the proposal is open; an enterprise counts once.
    assert_eq!(chain.vote("OP", id, Choice::No).unwrap().no, 1);
    assert_eq!(chain.ask(&ProposalOf { proposal: id }).missing_weight, 1);
    let tally = chain.vote("OP", id, Choice::Yes).unwrap();
    assert_eq!((tally.yes, tally.no, tally.total), (3, 0, 4));
    assert_eq!(chain.proposal(id).status, ProposalStatus::Executed);
    assert_eq!(chain.scenario.record::<Weight>(&Scenario::id("BKB")), Some(Weight { weight: 3 }));
    assert_eq!(chain.ask(&ParametersNow {}).weight_total, 7);
    assert_eq!(chain.events::<ProposalAdopted>().len(), 1);
    chain.scenario.audit();
}

#[test]
fn exactly_two_thirds_are_not_more_than_two_thirds() {
    let tally = |yes, total| Tally { yes, no: 0, total, threshold_ppm: Parameters::default().threshold_ppm };
    let cases =
        [(1, 1, true), (2, 3, false), (3, 3, true), (3, 4, true), (4, 6, false), (5, 6, true), (200, 300, false)];
    for (yes, total, passes) in cases {
        assert_eq!(tally(yes, total).passes(), passes, "{yes} of {total}");
        assert_eq!(tally(yes, total).missing() == 0, passes, "{yes} of {total}");
    }
    assert!(tally(201, 300).passes());
}

#[test]
fn a_sole_voter_decides_by_proposing() {
    let mut chain = Chain::of(&["OP"]);
    let id = chain.propose("OP", &proposal(vec![Change::SetWeight { enterprise: Scenario::id("BKA"), weight: 1 }]));
    let id = id.unwrap();
    assert_eq!(chain.proposal(id).status, ProposalStatus::Executed);
    chain.scenario.audit();
}

#[test]
fn a_proposal_is_withdrawn_by_its_proposer_or_expires() {
    let mut chain = Chain::new();
    let act = proposal(vec![Change::SetWeight { enterprise: Scenario::id("BKB"), weight: 1 }]);
    let (one, other) = (chain.propose("CORE", &act).unwrap(), chain.propose("CORE", &act).unwrap());
    assert_eq!(chain.governance().proposals_open, 2);
    chain.scenario.act(&two("CORE"), &Withdraw { proposal: one }).unwrap();
    assert_eq!(chain.proposal(one).status, ProposalStatus::Withdrawn);
    chain.scenario.move_to("2026-03-16", 8, 59);
    assert_eq!(chain.proposal(other).status, ProposalStatus::Open);
    chain.scenario.move_to("2026-03-16", 9, 0);
    assert_eq!(chain.proposal(other).status, ProposalStatus::Expired);
    assert_eq!(chain.governance().proposals_open, 0);
    for id in [one, other] {
        assert_eq!(refusal(chain.vote("OP", id, Choice::Yes)), "E_PROPOSAL_CLOSED");
    }
    chain.scenario.audit();
}

#[test]
fn adopted_changes_wait_for_their_time_and_fail_without_a_trace_when_they_are_not_possible_any_more() {
    let mut chain = Chain::new();
    let at = chain.scenario.time.plus_hours(48);
    let bank = Scenario::id("BKB");
    let later = |changes| Propose { effective_at: Some(at), ..proposal(changes) };
    let observer = Change::AddObserver(new_peer("BKB-1"));
    let sound = chain.adopt(&later(vec![Change::SetWeight { enterprise: bank, weight: 2 }]));
    let broken = chain.adopt(&later(vec![Change::SetWeight { enterprise: bank, weight: 9 }, observer.clone()]));
    assert_eq!(chain.proposal(sound).status, ProposalStatus::Adopted);
    assert_eq!(refusal(chain.vote("S1", sound, Choice::No)), "E_PROPOSAL_CLOSED");
    assert_eq!(chain.scenario.record::<Weight>(&bank), None);
    chain.scenario.audit();
    // Meanwhile another vote makes one of the two impossible.
    chain.adopt(&proposal(vec![observer]));
    chain.scenario.move_to("2026-03-04", 9, 0);
    assert_eq!(chain.proposal(sound).status, ProposalStatus::Executed);
    assert_eq!(chain.scenario.record::<Weight>(&bank), Some(Weight { weight: 2 }), "not 9: all or nothing");
    let failed = chain.proposal(broken);
    assert_eq!(failed.status, ProposalStatus::Failed);
    assert_eq!(failed.failure, Some(reject::peer_key_taken(peer("BKB-1"))), "E_PEER_KEY_TAKEN");
    assert_eq!(chain.events::<ProposalFailed>().len(), 1);
    chain.scenario.audit();
}

#[test]
fn the_votes_of_an_enterprise_that_lost_its_weight_count_no_more() {
    let mut chain = Chain::new();
    let id =
        chain.propose("S1", &proposal(vec![Change::SetWeight { enterprise: Scenario::id("BKB"), weight: 1 }])).unwrap();
    chain.adopt(&proposal(vec![Change::SetWeight { enterprise: Scenario::id("S1"), weight: 0 }]));
    assert_eq!(refusal(chain.vote("S1", id, Choice::Yes)), "E_NO_VOTING_WEIGHT");
    let tally = chain.vote("CORE", id, Choice::Yes).unwrap();
    assert_eq!((tally.yes, tally.total), (1, 3));
    chain.vote("OP", id, Choice::Yes).unwrap();
    assert_eq!(chain.proposal(id).status, ProposalStatus::Open, "2 of 3 are not more than two thirds");
    chain.vote("BKA", id, Choice::Yes).unwrap();
    assert_eq!(chain.proposal(id).status, ProposalStatus::Executed);
    chain.scenario.audit();
}

#[test]
fn a_vote_sets_the_policy_and_may_take_that_right_from_the_operator() {
    let mut chain = Chain::new();
    let policy = Policy { tenor_months_hard: 6, ..Policy::default() };
    let set = |from, based_on| Set { effective_from: from, based_on, policy: policy.clone() };
    let (first, second) = (chain.scenario.time.plus_hours(72), chain.scenario.time.plus_hours(96));
    chain.adopt(&proposal(vec![Change::SetPolicy(Box::new(set(first, 1)))]));
    let dated = policy::at(&mut chain.scenario.state, first).unwrap();
    assert_eq!((dated.version, dated.tenor_months_hard), (2, 6));
    assert_eq!(chain.scenario.act(&two("OP"), &set(second, 2)), Ok(3));
    let parameters = Parameters { policy_setter: Setter::Vote, ..chain.governance().parameters };
    chain.adopt(&proposal(vec![Change::SetParameters(parameters)]));
    let third = second.plus_hours(1);
    assert_eq!(refusal(chain.scenario.act(&two("OP"), &set(third, 3))), "E_POLICY_BY_VOTE");
    chain.adopt(&proposal(vec![Change::SetPolicy(Box::new(set(third, 3)))]));
    // Written from a version that is not the latest any more.
    assert_eq!(
        refusal(chain.propose("CORE", &proposal(vec![Change::SetPolicy(Box::new(set(third, 3)))]))),
        "E_POLICY_VERSION"
    );
    chain.scenario.audit();
}

#[test]
fn a_restricted_enterprise_still_votes_and_a_suspended_ones_weight_still_counts() {
    use crate::enterprise::{SetStanding, Standing};
    let mut chain = Chain::new();
    let id = chain
        .propose("CORE", &proposal(vec![Change::SetWeight { enterprise: Scenario::id("BKB"), weight: 1 }]))
        .unwrap();
    let standing = |name: &str, standing| SetStanding {
        enterprise: Scenario::id(name),
        standing,
        reviewed: None,
        reason: text("overdue"),
    };
    chain.scenario.act(&two("OP"), &standing("S1", Standing::Restricted)).unwrap();
    chain.scenario.act(&two("OP"), &standing("BKA", Standing::Suspended)).unwrap();
    assert_eq!(refusal(chain.vote("BKA", id, Choice::Yes)), "E_KYC_INACTIVE");
    assert_eq!(refusal(chain.scenario.act(&two("OP"), &standing("BKA", Standing::Exited))), "E_OBLIGATIONS_OPEN");
    let tally = chain.vote("S1", id, Choice::Yes).unwrap();
    assert_eq!((tally.yes, tally.total), (2, 4));
    chain.scenario.audit();
}
