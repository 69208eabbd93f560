//! A chain that goes on with the state of another.

use super::{
    founding::{MACHINES, founded, founder, genesis, three},
    *,
};
use crate::{
    core::EntityRole,
    governance::fixtures::{machine, run_blocks},
};
use types::{
    Bytes, Genesis, Timestamp,
    genesis::{Founder, Inheritance},
    limits,
    state::Memory,
};

const NEW_MACHINES: [&str; 2] = ["BANK-9", "STEEL-9"];
const LAST: u64 = 200;

/// Three epochs of a chain, of which one founder's second machine leaves.
fn lived() -> (Genesis, Memory) {
    let old = Genesis { epoch_blocks: 64, ..genesis(three(), &MACHINES) };
    let mut state = founded(&old).unwrap();
    run_blocks(&mut state, 0, 20, &|_| true);
    let leaving = peer("STEEL-2");
    let record = Validator::load(&mut state, &leaving).unwrap().unwrap();
    Validator { status: ValidatorStatus::Leaving, ..record }.store(&mut state, &leaving);
    let governance = Governance::load(&mut state, &()).unwrap().unwrap();
    Governance { override_pending: true, ..governance }.store(&mut state, &());
    run_blocks(&mut state, 20, LAST, &|_| true);
    assert_eq!(Validator::load(&mut state, &leaving).unwrap().unwrap().status, ValidatorStatus::Left);
    (old, state)
}

fn named(old: &Genesis) -> Inheritance {
    Inheritance { chain: old.chain(), height: LAST, time: old.time.plus_ms(1_000), digest: types::Digest::default() }
}

/// The same founders with new machines.
fn heirs() -> Vec<Founder> {
    vec![
        founder("STEEL", EntityRole::Core, &["STEEL-9"]),
        founder("BANK", EntityRole::Bank, &["BANK-9"]),
        founder("TRUSTEE", EntityRole::Guarantor, &[]),
    ]
}

fn inherit(change: &dyn Fn(&mut Genesis)) -> Result<Memory, &'static str> {
    let (old, mut state) = lived();
    let from = named(&old);
    let mut next = Genesis { state: Some(from.clone()), time: from.time, ..genesis(heirs(), &NEW_MACHINES) };
    change(&mut next);
    crate::inherit(&next, &from, &mut state).map_err(|rejection| crate::explain(&rejection).0)?;
    let (violations, _) = crate::audit(&state);
    assert!(violations.is_empty(), "{violations:#?}");
    Ok(state)
}

#[test]
fn the_machines_are_those_of_the_genesis_and_everything_else_stays() {
    let (_, mut before) = lived();
    let mut state = inherit(&|_| ()).unwrap();
    for epoch in [0, 1] {
        let committee = Committee::load(&mut state, &epoch).unwrap().unwrap();
        let members: Vec<PeerKey> = committee.members.iter().map(|seat| seat.peer_key).collect();
        assert_eq!((members, committee.fixed_height), (keys(&NEW_MACHINES), 0));
    }
    assert_eq!(Committee::load(&mut state, &2).unwrap(), None, "epochs begin again");
    for name in MACHINES {
        assert_eq!(Validator::load(&mut state, &peer(name)).unwrap().unwrap().status, ValidatorStatus::Left);
    }
    let (then, now) = (Governance::load(&mut before, &()).unwrap(), Governance::load(&mut state, &()).unwrap());
    let (then, now) = (then.unwrap(), now.unwrap());
    assert_eq!((now.parameters, now.weight_total, now.voters), (then.parameters, then.weight_total, then.voters));
    let others = |state: &Memory| -> Vec<_> {
        let module_of = |key: &[u8]| u16::from(key[0]);
        // Enterprises count their machines among what they are bound to.
        state.records.clone().into_iter().filter(|(key, _)| ![2, 9].contains(&module_of(key))).collect()
    };
    assert_eq!(others(&state), others(&before));
    // It goes on: the next committees are fixed, the machines lead.
    run_blocks(&mut state, 0, 2 * limits::EPOCH_BLOCKS_DEFAULT, &|_| true);
    assert!(crate::audit(&state).0.is_empty());
}

/// Changes the first founder of a genesis.
fn first(change: impl Fn(&mut Founder)) -> impl Fn(&mut Genesis) {
    move |genesis| {
        let mut founders = std::mem::take(&mut genesis.founders).into_vec();
        change(&mut founders[0]);
        genesis.founders = List::new(founders).unwrap();
    }
}

#[test]
fn rejects_a_genesis_that_changes_what_only_a_vote_may_change() {
    let refused = Err("E_FOUNDING_VALIDATORS");
    let inherit = |change: &dyn Fn(&mut Genesis)| inherit(change).map(drop);
    assert_eq!(inherit(&first(|founder| founder.weight = 3)), refused, "another weight");
    let fewer = |genesis: &mut Genesis| genesis.founders = List::new(heirs()[..2].to_vec()).unwrap();
    assert_eq!(inherit(&fewer), refused, "a voter less");
    assert_eq!(inherit(&|genesis| genesis.founders = List::default()), refused, "the operator alone");
}

#[test]
fn rejects_a_genesis_that_does_not_fit_the_state() {
    let inherit = |change: &dyn Fn(&mut Genesis)| inherit(change).map(drop);
    let early = |genesis: &mut Genesis| genesis.time = Timestamp(genesis.time.0 - 1);
    assert_eq!(inherit(&early), Err("E_FOUNDING_VALIDATORS"), "too early");
    let old = |genesis: &mut Genesis| {
        first(|founder| founder.validators = List::new(vec![machine("STEEL-1")]).unwrap())(genesis);
        let keys = keys(&["BANK-9", "STEEL-1"]).iter().map(|key| Bytes::new(key.0).unwrap()).collect();
        genesis.validators = List::new(keys).unwrap();
    };
    assert_eq!(inherit(&old), Err("E_FOUNDING_VALIDATORS"), "an old machine's key");
    assert_eq!(inherit(&first(|founder| founder.legal_id = text("LEGAL-NOBODY"))), Err("E_FOUNDER"));
    let of = |name: &str| founder(name, EntityRole::Bank, &[]).administrators;
    assert_eq!(inherit(&first(|founder| founder.administrators = of("BANK"))), Err("E_FOUNDER"), "another's");
    let unknown = |genesis: &mut Genesis| genesis.operator.administrators = of("NOBODY");
    assert_eq!(inherit(&unknown), Err("E_FOUNDER"), "nobody's key");
}
