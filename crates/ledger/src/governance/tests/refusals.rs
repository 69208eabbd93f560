//! Each thing that governance refuses.

use super::*;
use crate::{
    core::Call,
    governance::{CommitteeOf, NewPeer, SetAddresses, Withdraw, fixtures::addresses},
};
use types::{Timestamp, limits, state::State as _};

fn weight(name: &str, weight: u32) -> Change {
    Change::SetWeight { enterprise: Scenario::id(name), weight }
}

/// The rejection's name when `CORE` proposes this.
fn refused(chain: &mut Chain, changes: Vec<Change>) -> &'static str {
    refusal(chain.propose("CORE", &proposal(changes)))
}

#[test]
fn only_two_people_of_an_enterprise_with_weight_propose_and_vote() {
    let mut chain = Chain::new();
    let act = proposal(vec![weight("BKB", 1)]);
    assert_eq!(refusal(chain.propose("BKB", &act)), "E_NO_VOTING_WEIGHT");
    assert_eq!(refusal(chain.scenario.act("CORE.maker", &act)), "E_THRESHOLD");
    assert_eq!(refusal(chain.scenario.act("CORE.both", &act)), "E_MAKER_IS_CHECKER");
    let id = chain.propose("CORE", &act).unwrap();
    assert_eq!(refusal(chain.vote("BKB", id, Choice::Yes)), "E_NO_VOTING_WEIGHT");
    let vote = Vote { proposal: id, choice: Choice::Yes };
    assert_eq!(refusal(chain.scenario.act("OP.maker", &vote)), "E_THRESHOLD");
    assert_eq!(refusal(chain.scenario.act(&two("OP"), &Withdraw { proposal: id })), "E_NOT_PROPOSER");
    assert_eq!(refusal(chain.vote("OP", ProposalId::default(), Choice::No)), "E_PROPOSAL_UNKNOWN");
    chain.scenario.time = chain.proposal(id).expires_at;
    assert_eq!(refusal(chain.vote("OP", id, Choice::Yes)), "E_PROPOSAL_CLOSED");
}

#[test]
fn without_a_genesis_that_names_it_the_operator_of_the_harness_has_no_weight() {
    let mut scenario = Scenario::new();
    assert_eq!(refusal(scenario.act(&two("OP"), &proposal(vec![weight("BKB", 1)]))), "E_NO_VOTING_WEIGHT");
    scenario.audit();
}

#[test]
fn rejects_a_proposal_of_nothing_or_for_no_time() {
    let mut chain = Chain::new();
    assert_eq!(refused(&mut chain, vec![]), "E_NO_CHANGES");
    let now = chain.scenario.time;
    for at in [now, Timestamp(0), now.plus_hours(24 * 400)] {
        let act = Propose { effective_at: Some(at), ..proposal(vec![weight("BKB", 1)]) };
        assert_eq!(refusal(chain.propose("CORE", &act)), "E_EFFECTIVE_TIME");
    }
    let (at, from) = (now.plus_hours(10), now.plus_hours(10));
    let set = crate::policy::Set { effective_from: from, based_on: 1, policy: Default::default() };
    let act = Propose { effective_at: Some(at), ..proposal(vec![Change::SetPolicy(Box::new(set))]) };
    assert_eq!(refusal(chain.propose("CORE", &act)), "E_EFFECTIVE_TIME");
}

#[test]
fn rejects_peers_that_are_there_that_are_not_and_that_nobody_could_reach() {
    let mut chain = Chain::new();
    assert_eq!(refused(&mut chain, vec![add("OP-1")]), "E_PEER_KEY_TAKEN");
    assert_eq!(refused(&mut chain, vec![Change::AddObserver(new_peer("OP-1"))]), "E_PEER_KEY_TAKEN");
    let replace = |from: &str, to: &str| Change::ReplacePeerKey { from: peer(from), to: peer(to) };
    assert_eq!(refused(&mut chain, vec![replace("OP-1", "CORE-1")]), "E_PEER_KEY_TAKEN");
    assert_eq!(refused(&mut chain, vec![replace("OP-1", "OP-1")]), "E_PEER_KEY_TAKEN");
    assert_eq!(refused(&mut chain, vec![replace("OP-2", "OP-3")]), "E_PEER_UNKNOWN");
    assert_eq!(refused(&mut chain, vec![remove("OP-2")]), "E_PEER_UNKNOWN");
    assert_eq!(refused(&mut chain, vec![remove("OP-1"), remove("OP-1")]), "E_PEER_UNKNOWN");
    assert_eq!(refused(&mut chain, vec![Change::RemoveObserver { peer_key: peer("OP-1") }]), "E_PEER_UNKNOWN");
    let unreachable = NewPeer { addresses: List::default(), ..new_peer("BKB-1") };
    assert_eq!(refused(&mut chain, vec![Change::AddValidator(unreachable)]), "E_PEER_ADDRESS");
    let nobodys = NewPeer { enterprise: Default::default(), ..new_peer("BKB-1") };
    assert_eq!(refused(&mut chain, vec![Change::AddValidator(nobodys.clone())]), "E_ENTERPRISE_UNKNOWN");
    assert_eq!(refused(&mut chain, vec![Change::AddObserver(nobodys)]), "E_ENTERPRISE_UNKNOWN");
    // Two is the y of no point on the curve: nobody has such a key.
    let mut two = [0; 32];
    two[0] = 2;
    let no_key = PeerKey(two);
    let keyless = NewPeer { peer_key: no_key, ..new_peer("BKB-1") };
    assert_eq!(refused(&mut chain, vec![Change::AddValidator(keyless.clone())]), "E_PEER_KEY");
    assert_eq!(refused(&mut chain, vec![Change::AddObserver(keyless)]), "E_PEER_KEY");
    assert_eq!(refused(&mut chain, vec![Change::ReplacePeerKey { from: peer("OP-1"), to: no_key }]), "E_PEER_KEY");

    let moved = |name: &str| SetAddresses { peer_key: peer(name), name: text(name), addresses: addresses(name) };
    assert_eq!(refusal(chain.scenario.act("CORE.maker", &moved("OP-1"))), "E_NOT_OWN_PEER");
    assert_eq!(refusal(chain.scenario.act("CORE.maker", &moved("CORE-2"))), "E_PEER_UNKNOWN");
    assert_eq!(refusal(chain.scenario.act("CORE.risk", &moved("CORE-1"))), "E_THRESHOLD");
    let nowhere = SetAddresses { addresses: List::default(), ..moved("CORE-1") };
    assert_eq!(nowhere.check().map_err(|rejection| crate::explain(&rejection).0), Err("E_PEER_ADDRESS"));
    chain.scenario.audit();
}

#[test]
fn a_committee_is_never_empty_nor_larger_than_its_epochs_allow_whatever_is_voted() {
    let mut chain = Chain::new();
    let all = FOUNDERS.map(|name| remove(&format!("{name}-1"))).to_vec();
    assert_eq!(refusal(chain.propose("CORE", &overriding(all))), "E_COMMITTEE_SIZE");
    // Epochs of 64 blocks: 16 members.
    let many = |count: usize| overriding((0..count).map(|number| add(&format!("BKB-{number}"))).collect());
    assert_eq!(refusal(chain.propose("CORE", &many(13))), "E_COMMITTEE_SIZE");
    chain.adopt(&many(12));
    chain.scenario.audit();
}

#[test]
fn rejects_more_peers_voters_and_proposals_than_fit() {
    let mut chain = Chain::new();
    let numbers = |first: usize, count: usize| (first..first + count).collect::<Vec<_>>();
    let observers = |first, count| {
        let add = |number: usize| Change::AddObserver(new_peer(&format!("S2-{number}")));
        numbers(first, count).into_iter().map(add).collect::<Vec<_>>()
    };
    for round in 0..limits::OBSERVERS_MAX / 25 {
        chain.adopt(&proposal(observers(round * 25, 25)));
    }
    assert_eq!(refused(&mut chain, observers(limits::OBSERVERS_MAX, 1)), "E_PEERS_FULL");
    let mut voters = Vec::new();
    for number in 0..limits::VOTERS_MAX {
        let name = format!("V{number}");
        chain.scenario.register(&name, &[crate::core::EntityRole::Supplier]);
        voters.push(weight(&name, 1));
    }
    // Light next to the founders, who go on deciding.
    chain.adopt(&proposal(FOUNDERS.map(|name| weight(name, 1_000)).to_vec()));
    let last = voters.split_off(limits::VOTERS_MAX - FOUNDERS.len());
    for some in voters.chunks(31) {
        chain.adopt(&proposal(some.to_vec()));
    }
    assert_eq!(refused(&mut chain, last), "E_VOTERS_FULL");
    for _ in 0..limits::PROPOSALS_OPEN_MAX {
        chain.propose("S1", &proposal(vec![weight("V0", 2)])).unwrap();
    }
    assert_eq!(refused(&mut chain, vec![weight("V0", 2)]), "E_PROPOSALS_FULL");
    chain.scenario.audit();
}

#[test]
fn rejects_a_weight_without_which_nobody_votes() {
    let mut chain = Chain::of(&["OP"]);
    assert_eq!(refusal(chain.propose("OP", &proposal(vec![weight("OP", 0)]))), "E_LAST_VOTER");
    // Another takes over in the same proposal.
    chain.propose("OP", &proposal(vec![weight("BKA", 5), weight("OP", 0)])).unwrap();
    chain.scenario.audit();
}

#[test]
fn rejects_parameters_out_of_bounds() {
    let mut chain = Chain::new();
    let broken: &[fn(&mut Parameters)] = &[
        |parameters| parameters.threshold_ppm = 499_999,
        |parameters| parameters.threshold_ppm = 1_000_000,
        |parameters| parameters.proposal_hours = 0,
        |parameters| parameters.weight_default = 1_000_001,
        |parameters| parameters.liveness_window_blocks = 63,
    ];
    for spoil in broken {
        let mut parameters = Parameters::default();
        spoil(&mut parameters);
        assert_eq!(refused(&mut chain, vec![Change::SetParameters(parameters)]), "E_GOVERNANCE_PARAMETER");
    }
    assert!(Parameters::default().check().is_ok());
}

#[test]
fn rejects_a_feature_without_a_name_for_the_past_or_that_holds_already() {
    let mut chain = Chain::new();
    chain.to(10);
    let feature = |number, name: &str, height| vec![Change::ActivateFeature { number, name: text(name), height }];
    for broken in [feature(0, "zero", 99), feature(1, "", 99), feature(1, "past", 10)] {
        assert_eq!(refused(&mut chain, broken), "E_FEATURE");
    }
    chain.adopt(&proposal(feature(1, "one", 20)));
    assert_eq!(refused(&mut chain, feature(1, "other", 30)), "E_FEATURE");
    chain.to(20);
    assert_eq!(refused(&mut chain, feature(1, "one", 30)), "E_FEATURE");
    let mut scheduled = 1;
    while scheduled < limits::FEATURES_MAX {
        let some = (scheduled + 1..limits::FEATURES_MAX + 1).take(32);
        let some: Vec<Change> =
            some.flat_map(|number| feature(u32::try_from(number).unwrap(), "more", 99_999)).collect();
        scheduled += some.len();
        chain.adopt(&proposal(some));
    }
    assert_eq!(refused(&mut chain, feature(9_999, "too many", 99_999)), "E_FEATURE");
    chain.scenario.audit();
}

#[test]
fn a_committee_that_is_not_fixed_yet_is_unknown() {
    let mut chain = Chain::new();
    let ctx = QueryContext { height: 1, time: chain.scenario.time };
    let asked = CommitteeOf { epoch: Some(2) }.answer(&ctx, &mut chain.scenario.state);
    assert_eq!(asked.unwrap_err(), reject::unknown_committee(2, 1).into(), "E_COMMITTEE_UNKNOWN");
}

#[test]
fn audit_notices_a_committee_nobody_fixed_a_vote_nobody_cast_and_weight_from_nowhere() {
    let mut chain = Chain::new();
    let id = chain.propose("CORE", &proposal(vec![weight("BKB", 1)])).unwrap();
    let laws = |chain: &Chain| {
        let found = crate::audit(&chain.scenario.state).0;
        found.into_iter().map(|violation| violation.law).collect::<BTreeSet<_>>()
    };
    let sound = chain.scenario.state.clone();
    let mut spoiled = |spoil: &dyn Fn(&mut types::state::Memory), law: &'static str| {
        chain.scenario.state = sound.clone();
        spoil(&mut chain.scenario.state);
        assert!(laws(&chain).contains(law), "{law}: {:?}", laws(&chain));
    };
    let skipped = |state: &mut types::state::Memory| {
        let committee = Committee { epoch: 3, members: List::default(), fixed_height: 96 };
        committee.store(state, &3);
    };
    spoiled(&skipped, "G1");
    let exchanged = |state: &mut types::state::Memory| {
        let mut committee = Committee::load(state, &1).unwrap().unwrap();
        committee.members.retain(|seat| seat.peer_key != peer("OP-1"));
        committee.store(state, &1);
    };
    spoiled(&exchanged, "G2");
    spoiled(&|state| state.put(Validator::key(&peer("OP-1")), None), "G3");
    spoiled(&|state| Weight { weight: 9 }.store(state, &Scenario::id("BKB")), "G4");
    let forged = |state: &mut types::state::Memory| {
        let mut proposal = Proposal::load(state, &id).unwrap().unwrap();
        proposal.status = ProposalStatus::Executed;
        proposal.store(state, &id);
    };
    spoiled(&forged, "G5");
    let nameless = |state: &mut types::state::Memory| {
        crate::governance::Schedule { features: List::new(vec![(1, 1)]).unwrap() }.store(state, &());
    };
    spoiled(&nameless, "G6");
}
