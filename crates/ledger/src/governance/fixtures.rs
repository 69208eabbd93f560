//! A consortium of founders in the scenario harness, and its blocks. For tests here and in crates above.

use super::{BlockFacts, Change, Committee, NewPeer, Parameters, Propose, Weight, on_block, state};
use crate::{
    core::{EnterpriseId, Record},
    enterprise,
    testing::{Scenario, text},
};
use types::{List, PeerAddress, PeerKey, State, genesis::FoundingValidator, peer::PeerAddresses, wire};

/// The peer key of a machine, which follows from its name.
pub fn peer(name: &str) -> PeerKey {
    let bytes = (0..=u8::MAX).map(|number| types::Digest::of(&[b"peer for tests", name.as_bytes(), &[number]]).0);
    let mut keys = bytes.filter(|bytes| curve25519_dalek::edwards::CompressedEdwardsY(*bytes).decompress().is_some());
    PeerKey(keys.next().expect("every other string of bytes is a key"))
}

/// An address for a machine.
pub fn addresses(name: &str) -> PeerAddresses {
    let address = PeerAddress::new(format!("{}.example.com:7001", name.to_lowercase())).expect("a host and a port");
    List::new(vec![address]).expect("one of four")
}

/// A founder's machine.
pub fn machine(name: &str) -> FoundingValidator {
    FoundingValidator { peer_key: peer(name), name: text(name), addresses: addresses(name) }
}

/// The founders of the consortium in tests: each has weight 1 and one machine.
pub const FOUNDERS: [&str; 4] = ["OP", "CORE", "BKA", "S1"];
/// Blocks of an epoch in tests, and of the window of liveness.
pub const EPOCH_BLOCKS: u64 = 64;

/// Makes enterprises of the harness the founders of its chain, as if its genesis had named them.
pub fn found(scenario: &mut Scenario, founders: &[&str]) {
    let weights: Vec<EnterpriseId> = scenario.state.records.keys().filter_map(|key| weight_of(key)).collect();
    for enterprise in weights {
        Weight::remove(&mut scenario.state, &enterprise);
        enterprise::obligations_changed(&mut scenario.state, enterprise, -1).expect("memory misses nothing");
    }
    let parameters = Parameters { liveness_window_blocks: EPOCH_BLOCKS, ..Parameters::default() };
    let voters: Vec<(EnterpriseId, u32)> = founders.iter().map(|name| (Scenario::id(name), 1)).collect();
    let machines = founders.iter().map(|name| (Scenario::id(name), machine(&format!("{name}-1")))).collect();
    let time = scenario.time;
    state::establish(&mut scenario.state, (parameters, EPOCH_BLOCKS, time), &voters, machines).expect("sound founders");
}

fn weight_of(key: &[u8]) -> Option<EnterpriseId> {
    let prefix = [Weight::MODULE, Weight::TABLE];
    key.strip_prefix(&prefix).map(|id| wire::decode(id).expect("a key that `Record::key` made"))
}

/// A machine `CORE-2` of the enterprise `CORE`.
pub fn new_peer(name: &str) -> NewPeer {
    let owner = name.split('-').next().expect("a name begins with its owner's");
    NewPeer { peer_key: peer(name), enterprise: Scenario::id(owner), name: text(name), addresses: addresses(name) }
}

/// A proposal of these changes, at once and without an override.
pub fn proposal(changes: Vec<Change>) -> Propose {
    Propose {
        changes: List::new(changes).expect("few changes"),
        reason: text("as agreed"),
        effective_at: None,
        override_preflight: false,
    }
}

/// Runs the blocks up to `height` as the chain's execution does, led in turn by the members that `leads` names.
pub fn run_blocks(state: &mut dyn State, from: u64, height: u64, leads: &dyn Fn(PeerKey) -> bool) {
    for height in from + 1..=height {
        let epoch_blocks = state::governance(state).expect("memory misses nothing").epoch_blocks;
        let leading = super::preflight::leading(state, epoch_blocks, height).expect("memory misses nothing");
        let live: Vec<PeerKey> = leading.members.iter().map(|seat| seat.peer_key).filter(|key| leads(*key)).collect();
        let turn = height.checked_rem(u64::try_from(live.len()).expect("few"));
        let proposer = turn.map(|turn| live[usize::try_from(turn).expect("few")]);
        on_block(&BlockFacts { height, epoch_blocks, proposer }, state).expect("memory misses nothing");
    }
}

/// The members of an epoch's committee.
pub fn members(scenario: &mut Scenario, epoch: u64) -> Vec<PeerKey> {
    let committee = scenario.record::<Committee>(&epoch).expect("it is fixed");
    committee.members.iter().map(|seat| seat.peer_key).collect()
}
