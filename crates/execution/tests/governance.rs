//! Committees are fixed, leaders noted and features honored in a block's run, whatever was in memory.

#![allow(clippy::unwrap_used)]

use execution::{
    BlockInput, BlockOutcome, BlockRun, BlockTime, Step,
    peers::{self, Peer},
};
use ledger::{
    Record,
    core::EventKind as _,
    governance::{
        Change, CommitteeFixed, Lead, Validator,
        fixtures::{EPOCH_BLOCKS, FOUNDERS, addresses, found, new_peer, peer, proposal},
    },
    testing::{Scenario, text},
};
use std::sync::Arc;
use types::{Bytes, Clock, Genesis, List, PeerKey, State as _, Timestamp, genesis::Operator, state::Memory, wire};

/// A chain of four founders, at whose votes everybody says yes.
struct Chain {
    scenario: Scenario,
    genesis: Arc<Genesis>,
}

impl Chain {
    fn new() -> Self {
        let mut scenario = Scenario::new();
        found(&mut scenario, &FOUNDERS);
        let genesis = Genesis {
            name: text("test"),
            time: scenario.time,
            made_at: scenario.time,
            clock: Clock::Movable,
            operator: Operator { name: text("operator"), legal_id: text("LEGAL-OP"), administrators: List::default() },
            founders: List::default(),
            epoch_blocks: EPOCH_BLOCKS,
            validators: List::default(),
            group_key: Bytes::default(),
            sharing: Bytes::default(),
            state: None,
        };
        Self { scenario, genesis: Arc::new(genesis) }
    }

    fn adopt(&mut self, changes: Vec<Change>) {
        let id = self.scenario.act("CORE.maker+CORE.checker", &proposal(changes)).unwrap();
        for name in ["OP", "BKA"] {
            let vote = ledger::governance::Vote { proposal: id, choice: ledger::governance::Choice::Yes };
            self.scenario.act(&format!("{name}.maker+{name}.checker"), &vote).unwrap();
        }
    }

    /// An empty block at this height; gives what it did, or the code of what it was refused for.
    fn run(&self, state: &mut Memory, height: u64, proposer: Option<PeerKey>) -> Result<BlockOutcome, u16> {
        let time: Timestamp = self.scenario.time;
        let mut run = BlockRun::new(BlockInput {
            genesis: self.genesis.clone(),
            height,
            proposer,
            parent_time: time,
            time: BlockTime::Verify { claimed: time },
            transactions: Vec::new(),
        });
        loop {
            match run.step() {
                Step::Need(keys) => {
                    run.supply(keys.into_iter().map(|key| (key.clone(), state.records.get(&key).cloned())));
                }
                Step::Invalid(rejection) => return Err(rejection.code),
                Step::Done(outcome) => {
                    for (key, value) in &outcome.changes {
                        state.put(key.clone(), value.clone());
                    }
                    return Ok(*outcome);
                }
            }
        }
    }
}

#[test]
fn a_run_fixes_the_committee_and_the_engine_reads_it_as_keys_and_addresses() {
    let mut chain = Chain::new();
    chain.adopt(vec![Change::AddValidator(new_peer("BKB-1"))]);
    let mut state = chain.scenario.state.clone();
    let middle = EPOCH_BLOCKS / 2;
    for height in 1..middle {
        let outcome =
            chain.run(&mut state, height, Some(peer(["OP-1", "CORE-1"][usize::from(height % 2 == 0)]))).unwrap();
        assert!(outcome.system.events.is_empty());
    }
    assert_eq!(state.records.get(&peers::committee_key(2)), None);
    let outcome = chain.run(&mut state, middle, None).unwrap();
    let event = &outcome.system.events[0];
    assert_eq!((event.module, event.event), (CommitteeFixed::MODULE, CommitteeFixed::NUMBER));
    let committee = peers::decode_committee(&state.records[&peers::committee_key(2)]);
    let mut members: Vec<Peer> = ["OP-1", "CORE-1", "BKA-1", "S1-1", "BKB-1"]
        .map(|name| Peer { key: peer(name), addresses: vec![addresses(name)[0].to_string()] })
        .to_vec();
    members.sort_by_key(|member| member.key);
    assert_eq!((committee.epoch, committee.fixed_height, committee.members), (2, middle, members));
    let there = peers::decode_peers(&state.records[&peers::peers_key()]);
    assert_eq!((there.validators.len(), there.observers.len()), (5, 0));
    let key = peers::validator_key(peer("BKB-1"));
    assert_eq!(key, Validator::key(&peer("BKB-1")));
    assert_eq!(peers::decode_validator(&state.records[&key]), ["bkb-1.example.com:7001"]);
    assert_eq!(peers::quorum(5), 4);
}

#[test]
fn a_leader_costs_a_record_only_once_in_a_while() {
    let chain = Chain::new();
    let mut state = chain.scenario.state.clone();
    let mut written = 0;
    for height in 1..=100 {
        let outcome = chain.run(&mut state, height, Some(peer("OP-1"))).unwrap();
        written += u64::from(outcome.changes.contains_key(&Lead::key(&peer("OP-1"))));
    }
    assert_eq!(written, 100 / 16);
    let nobody = chain.run(&mut state, 101, Some(peer("nobody"))).unwrap();
    assert!(nobody.changes.is_empty());
}

#[test]
fn a_block_in_which_an_unknown_feature_holds_is_refused() {
    let mut chain = Chain::new();
    chain.adopt(vec![Change::ActivateFeature { number: 65_000, name: text("of a later program"), height: 20 }]);
    let mut state = chain.scenario.state.clone();
    chain.run(&mut state, 19, None).unwrap();
    assert_eq!(chain.run(&mut state, 20, None).unwrap_err(), 19, "E_UNKNOWN_FEATURE");
    let schedule = state.records.get(&peers::features_key()).map(Vec::as_slice);
    assert_eq!((peers::unknown_features(schedule, 19), peers::unknown_features(schedule, 20)), (vec![], vec![65_000]));
    assert!(peers::known_features().iter().all(|feature| feature.number != 65_000));
    // The two forms of state give one answer: nothing here depends on what was loaded.
    let bytes = wire::encode(&state.records);
    assert!(chain.run(&mut state, 20, None).is_err());
    assert_eq!(wire::encode(&state.records), bytes, "a refused block leaves no trace");
}
