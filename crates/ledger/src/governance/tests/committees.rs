//! Committees, leaders, features, and the preflight's figures.

use super::*;
use crate::governance::{
    BlockFacts, CommitteeFixed, CommitteeKept, CommitteeOf, Feature, FeatureActivated, FeatureStatus,
    LEAD_RECORD_BLOCKS, Lead, PreflightOf, SetAddresses, faults, is_active, on_block, quorum, schedule_key,
    unknown_features,
};
use expect_test::expect;
use types::State as _;

#[test]
fn members_faults_and_quorum() {
    let cases = [(0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 1, 3), (5, 1, 4), (6, 1, 5), (7, 2, 5), (100, 33, 67)];
    for (members, may_fail, must_sign) in cases {
        assert_eq!((faults(members), quorum(members)), (may_fail, must_sign), "{members}");
    }
}

#[test]
fn what_is_voted_before_the_middle_of_an_epoch_is_in_the_committee_of_the_next_but_one() {
    let mut chain = Chain::new();
    let four = keys(&["OP-1", "CORE-1", "BKA-1", "S1-1"]);
    let five = keys(&["OP-1", "CORE-1", "BKA-1", "S1-1", "BKB-1"]);
    assert_eq!((chain.members(0), chain.members(1)), (four.clone(), four.clone()));
    chain.to(EPOCH_BLOCKS / 2 - 6);
    chain.adopt(&proposal(vec![add("BKB-1")]));
    assert_eq!(chain.validator("BKB-1").status, ValidatorStatus::Joining);
    assert_eq!(chain.scenario.record::<Weight>(&Scenario::id("BKB")), Some(Weight { weight: 1 }), "the default weight");
    assert_eq!(chain.governance().epoch_fixed, 1);
    chain.run_to_middle_of(0);
    assert_eq!(chain.members(2), five);
    let joined = chain.validator("BKB-1");
    assert_eq!((joined.status, joined.joined_epoch), (ValidatorStatus::Member, Some(2)));
    let told = chain.events::<CommitteeFixed>();
    assert_eq!((told[0].epoch, told[0].first_height, told[0].members), (2, 2 * EPOCH_BLOCKS, 5));
    assert_eq!((&told[0].joined, told[0].left.len()), (&vec![peer("BKB-1")], 0));
    // Voted a block after the middle: one epoch later.
    chain.to(EPOCH_BLOCKS / 2 + 1);
    chain.adopt(&overriding(vec![remove("BKB-1")]));
    assert_eq!(chain.validator("BKB-1").status, ValidatorStatus::Leaving);
    chain.run_to_middle_of(1);
    assert_eq!(chain.members(2), five);
    assert_eq!(chain.members(3), four);
    let left = chain.validator("BKB-1");
    assert_eq!((left.status, left.left_epoch), (ValidatorStatus::Left, Some(3)));
    chain.run_to_middle_of(4);
    assert_eq!((chain.members(6), chain.governance().epoch_fixed), (four, 6));
    chain.scenario.audit();
}

#[test]
fn a_lost_machine_gets_another_key_and_the_old_one_never_comes_back() {
    let mut chain = Chain::new();
    chain.silent.insert(peer("S1-1"));
    chain.to(EPOCH_BLOCKS + 1);
    let replace = Change::ReplacePeerKey { from: peer("S1-1"), to: peer("S1-2") };
    chain.adopt(&proposal(vec![replace]));
    let new = chain.validator("S1-2");
    assert_eq!((new.replaces, new.name), (Some(peer("S1-1")), chain.validator("S1-1").name));
    chain.run_to_middle_of(1);
    assert_eq!(chain.members(3), keys(&["OP-1", "CORE-1", "BKA-1", "S1-2"]));
    assert_eq!(refusal(chain.propose("CORE", &proposal(vec![add("S1-1")]))), "E_PEER_KEY_TAKEN");
    chain.scenario.audit();
}

#[test]
fn an_observer_of_the_same_enterprise_becomes_a_validator_and_one_of_another_does_not() {
    let mut chain = Chain::new();
    chain.adopt(&proposal(vec![Change::AddObserver(new_peer("BKB-1")), Change::AddObserver(new_peer("CORE-2"))]));
    let foreign = crate::governance::NewPeer { enterprise: Scenario::id("S2"), ..new_peer("CORE-2") };
    assert_eq!(refusal(chain.propose("OP", &proposal(vec![Change::AddValidator(foreign)]))), "E_PEER_KEY_TAKEN");
    chain.adopt(&proposal(vec![add("BKB-1")]));
    assert_eq!(chain.scenario.record::<crate::governance::Observer>(&peer("BKB-1")), None);
    let roster: crate::governance::Roster = chain.scenario.record(&()).unwrap();
    assert_eq!((roster.validators.len(), roster.observers.to_vec()), (5, vec![peer("CORE-2")]));
    chain.adopt(&proposal(vec![Change::RemoveObserver { peer_key: peer("CORE-2") }]));
    chain.scenario.audit();
}

#[test]
fn the_preflight_says_who_is_missing_and_no_change_goes_below_the_quorum() {
    let mut chain = Chain::new();
    chain.to(10);
    let sound = chain.ask(&PreflightOf { changes: List::new(vec![add("BKB-1")]).unwrap() });
    let figures = |of: &Preflight| (of.members, of.faults, of.quorum, of.live, of.dealers, of.dealers_live, of.sound);
    assert_eq!(figures(sound.figures.as_ref().unwrap()), (5, 1, 4, 4, 3, 4, true));
    // Two newcomers at once: one too many that has proved nothing.
    let act = proposal(vec![add("BKB-1"), add("S2-1")]);
    let refused = chain.propose("CORE", &act).unwrap_err();
    expect!["the committee would have 6 members, of which 1 may fail and 5 must sign; 4 led in the last 64 blocks, these did not: BKB-1, S2-1; let them lead first, or vote with override_preflight"]
        .assert_eq(&crate::explain(&refused).1);
    let told = chain.ask(&PreflightOf { changes: act.changes.clone() });
    assert_eq!(told.refusal, Some(refused), "E_QUORUM_AT_RISK");
    assert_eq!(figures(&told.figures.unwrap()), (6, 1, 5, 4, 3, 4, false));
    // Two leave at once: the two that stay could not pass on the key.
    let refused = chain.propose("CORE", &proposal(vec![remove("S1-1"), remove("BKA-1")])).unwrap_err();
    expect!["2 members would leave at once; 3 of the committee before must pass on the key, and 2 of them stay and are live; change fewer at a time, or vote with override_preflight"]
        .assert_eq(&crate::explain(&refused).1);
    assert_eq!(crate::explain(&refused).0, "E_RESHARING_AT_RISK");
    // A machine that stopped to lead counts as missing once the window has passed.
    chain.silent.insert(peer("S1-1"));
    chain.to(EPOCH_BLOCKS * 2);
    assert_eq!(refusal(chain.propose("CORE", &proposal(vec![add("BKB-1")]))), "E_QUORUM_AT_RISK");
    chain.adopt(&proposal(vec![remove("S1-1")]));
    chain.scenario.audit();
}

#[test]
fn a_vote_that_would_adopt_what_has_become_unsafe_is_refused_and_the_proposal_stays_open() {
    let mut chain = Chain::new();
    chain.to(10);
    let id = chain.propose("CORE", &proposal(vec![add("BKB-1")])).unwrap();
    chain.vote("BKA", id, Choice::Yes).unwrap();
    chain.silent.insert(peer("S1-1"));
    chain.to(EPOCH_BLOCKS + 10);
    assert_eq!(refusal(chain.vote("OP", id, Choice::Yes)), "E_QUORUM_AT_RISK");
    assert_eq!(chain.proposal(id).tally.yes, 2);
    chain.silent.clear();
    chain.to(EPOCH_BLOCKS + 20);
    chain.vote("OP", id, Choice::Yes).unwrap();
    assert_eq!(chain.proposal(id).status, ProposalStatus::Executed);
    chain.scenario.audit();
}

#[test]
fn a_change_that_is_unsafe_by_the_time_of_fixing_waits_unless_its_risk_was_voted() {
    for override_preflight in [false, true] {
        let mut chain = Chain::new();
        chain.to(20);
        chain.silent.insert(peer("S1-1"));
        chain.to(EPOCH_BLOCKS / 2 + 1);
        chain.adopt(&Propose { override_preflight, ..proposal(vec![add("BKB-1")]) });
        chain.run_to_middle_of(1);
        let five = keys(&["OP-1", "CORE-1", "BKA-1", "S1-1", "BKB-1"]);
        let kept = chain.events::<CommitteeKept>();
        if override_preflight {
            assert_eq!((kept.len(), chain.members(3)), (0, five));
            chain.scenario.audit();
            continue;
        }
        assert_eq!((kept[0].epoch, kept[0].preflight.live, kept[0].preflight.quorum), (3, 3, 4));
        assert_eq!(chain.members(3), keys(&["OP-1", "CORE-1", "BKA-1", "S1-1"]));
        assert_eq!(chain.validator("BKB-1").status, ValidatorStatus::Joining);
        // The machine is back: the change waits no longer.
        chain.silent.clear();
        chain.run_to_middle_of(2);
        assert_eq!(chain.members(4), five);
        chain.scenario.audit();
    }
}

#[test]
fn growing_from_one_takes_the_override_and_is_shown_to_those_who_vote() {
    let mut chain = Chain::of(&["OP"]);
    chain.to(EPOCH_BLOCKS * 3);
    let two_of_two = vec![add("CORE-1")];
    assert_eq!(refusal(chain.propose("OP", &proposal(two_of_two.clone()))), "E_QUORUM_AT_RISK");
    chain.propose("OP", &overriding(two_of_two)).unwrap();
    assert!(chain.governance().override_pending);
    chain.run_to_middle_of(3);
    assert!(!chain.governance().override_pending);
    assert_eq!(chain.members(5), keys(&["OP-1", "CORE-1"]));
    chain.scenario.audit();
}

#[test]
fn a_leader_is_noted_once_in_a_while_and_never_in_a_committee_of_one() {
    let mut chain = Chain::new();
    let led = |chain: &mut Chain, name| chain.scenario.record::<Lead>(&peer(name)).map(|lead| lead.height);
    let mut writes = 0;
    let mut last = led(&mut chain, "OP-1");
    for height in 1..=200 {
        chain.to(height);
        let now = led(&mut chain, "OP-1");
        writes += u64::from(now != last);
        last = now;
    }
    assert!(writes <= 200 / LEAD_RECORD_BLOCKS && writes > 5, "{writes}");
    assert!(last.unwrap() > 200 - 2 * LEAD_RECORD_BLOCKS);
    let view = chain.ask(&CommitteeOf { epoch: None });
    assert_eq!((view.epoch, view.first_height, view.faults, view.quorum), (3, 192, 1, 3));
    assert!(view.members.iter().all(|seat| seat.live));

    let mut alone = Chain::of(&["OP"]);
    alone.to(200);
    assert_eq!(led(&mut alone, "OP-1"), Some(0));
    assert!(alone.ask(&CommitteeOf { epoch: Some(2) }).members[0].live, "it made every block");
    // Nobody knows this leader: nothing is written.
    let stranger = BlockFacts { height: 201, epoch_blocks: EPOCH_BLOCKS, proposer: Some(peer("nobody")) };
    let before = chain.scenario.state.records.clone();
    on_block(&stranger, &mut chain.scenario.state).unwrap();
    assert_eq!(before, chain.scenario.state.records);
}

#[test]
fn an_enterprise_moves_its_machine_without_a_vote_and_later_committees_carry_the_address() {
    let mut chain = Chain::new();
    let addresses = crate::governance::fixtures::addresses("elsewhere");
    let act = SetAddresses { peer_key: peer("CORE-1"), name: text("Core in Shanghai"), addresses: addresses.clone() };
    chain.scenario.act("CORE.admin", &act).unwrap();
    chain.scenario.act("CORE.maker", &act).unwrap();
    chain.run_to_middle_of(0);
    let of = |chain: &mut Chain, epoch: u64| {
        let committee: Committee = chain.scenario.record(&epoch).unwrap();
        committee.members.iter().find(|seat| seat.peer_key == peer("CORE-1")).unwrap().addresses.clone()
    };
    assert_ne!(of(&mut chain, 1), addresses);
    assert_eq!(of(&mut chain, 2), addresses);
    chain.scenario.audit();
}

#[test]
fn a_feature_holds_from_its_height_and_a_program_that_does_not_know_it_says_so() {
    let mut chain = Chain::new();
    let activate = |height| Change::ActivateFeature { number: 7, name: text("quiet blocks"), height };
    chain.adopt(&proposal(vec![activate(30)]));
    // Not yet in force: it may be put off.
    chain.adopt(&proposal(vec![activate(40)]));
    chain.to(39);
    let feature: Feature = chain.scenario.record(&7).unwrap();
    assert_eq!((feature.height, feature.status), (40, FeatureStatus::Scheduled));
    chain.to(40);
    assert_eq!(chain.events::<FeatureActivated>().len(), 1);
    let feature: Feature = chain.scenario.record(&7).unwrap();
    assert_eq!(feature.status, FeatureStatus::Active);
    let holds = |chain: &mut Chain, height| is_active(&mut chain.scenario.state, 7, height).unwrap();
    assert_eq!((holds(&mut chain, 39), holds(&mut chain, 40)), (false, true));
    let schedule = chain.scenario.state.get(&schedule_key()).unwrap();
    assert_eq!(unknown_features(schedule.as_deref(), 39), [0; 0]);
    assert_eq!(unknown_features(schedule.as_deref(), 40), [7]);
    assert_eq!(unknown_features(None, 40), [0; 0]);
    let told = chain.ask(&PreflightOf {
        changes: List::new(vec![Change::ActivateFeature { number: 8, name: text("x"), height: 90 }]).unwrap(),
    });
    assert_eq!((told.unknown_features, told.refusal), (vec![8], None));
    chain.scenario.audit();
}
