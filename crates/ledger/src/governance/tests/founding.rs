//! What a genesis founds.

use super::*;
use crate::{
    core::EntityRole,
    enterprise::{self, Enterprise},
    governance::fixtures::machine,
    policy::Setter,
};
use types::{
    Bytes, Clock, Date, Genesis, Suite,
    genesis::{Founder, Operator},
    limits,
    state::Memory,
    text::Reference,
    transaction::PublicKey,
};

fn administrators(name: &str) -> List<PublicKey, 8> {
    let bytes = types::Digest::of(&[b"administrator", name.as_bytes()]).0;
    List::new(vec![PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).unwrap() }]).unwrap()
}

pub(super) fn founder(name: &str, role: EntityRole, machines: &[&str]) -> Founder {
    Founder {
        name: text(name),
        legal_id: text(&format!("LEGAL-{name}")),
        roles: List::new(vec![role]).unwrap(),
        administrators: administrators(name),
        validators: List::new(machines.iter().map(|name| machine(name)).collect()).unwrap(),
        weight: 2,
    }
}

pub(super) fn genesis(founders: Vec<Founder>, machines: &[&str]) -> Genesis {
    let time = Date::from_ymd(2026, 3, 2).unwrap().at(9, 0);
    Genesis {
        name: text("founded"),
        time,
        made_at: time,
        clock: Clock::Real,
        operator: Operator {
            name: text("PLATFORM"),
            legal_id: text("LEGAL-PLATFORM"),
            administrators: administrators("PLATFORM"),
        },
        founders: List::new(founders).unwrap(),
        epoch_blocks: limits::EPOCH_BLOCKS_DEFAULT,
        validators: List::new(machines.iter().map(|name| Bytes::new(peer(name).0).unwrap()).collect()).unwrap(),
        group_key: Bytes::default(),
        sharing: Bytes::default(),
        state: None,
    }
}

pub(super) fn founded(genesis: &Genesis) -> Result<Memory, &'static str> {
    let mut state = Memory::default();
    crate::genesis(genesis, &mut state).map_err(|rejection| crate::explain(&rejection).0)?;
    let (violations, _) = crate::audit(&state);
    assert!(violations.is_empty(), "{violations:#?}");
    Ok(state)
}

pub(super) fn three() -> Vec<Founder> {
    vec![
        founder("STEEL", EntityRole::Core, &["STEEL-1", "STEEL-2"]),
        founder("BANK", EntityRole::Bank, &["BANK-1"]),
        founder("TRUSTEE", EntityRole::Guarantor, &[]),
    ]
}

pub(super) const MACHINES: [&str; 3] = ["BANK-1", "STEEL-1", "STEEL-2"];

#[test]
fn founders_are_enterprises_with_weight_and_machines_from_the_first_block() {
    let mut state = founded(&genesis(three(), &MACHINES)).unwrap();
    let legal_id: Reference = text("LEGAL-STEEL");
    let steel = enterprise::by_legal_id(&mut state, &legal_id).unwrap().unwrap();
    let record = Enterprise::load(&mut state, &steel).unwrap().unwrap();
    assert_eq!((record.roles[..].to_vec(), record.members), (vec![EntityRole::Core], 1));
    assert_eq!(Weight::load(&mut state, &steel).unwrap(), Some(Weight { weight: 2 }));
    let validator = Validator::load(&mut state, &peer("STEEL-2")).unwrap().unwrap();
    assert_eq!((validator.enterprise, validator.status), (steel, ValidatorStatus::Member));
    assert_eq!(validator.addresses[0].as_str(), "steel-2.example.com:7001");
    let governance = Governance::load(&mut state, &()).unwrap().unwrap();
    assert_eq!((governance.weight_total, governance.voters, governance.epoch_fixed), (6, 3, 1));
    assert_eq!(governance.parameters.policy_setter, Setter::Vote);
    for epoch in [0, 1] {
        let committee = Committee::load(&mut state, &epoch).unwrap().unwrap();
        let members: Vec<PeerKey> = committee.members.iter().map(|seat| seat.peer_key).collect();
        assert_eq!(members, keys(&MACHINES));
    }
    // The operator is no founder: it registers, and has no vote.
    let operator = enterprise::by_legal_id(&mut state, &text("LEGAL-PLATFORM")).unwrap().unwrap();
    assert_eq!(Weight::load(&mut state, &operator).unwrap(), None);
}

#[test]
fn without_founders_the_operator_votes_alone_and_owns_the_machines() {
    let mut state = founded(&genesis(vec![], &MACHINES)).unwrap();
    let operator = enterprise::by_legal_id(&mut state, &text("LEGAL-PLATFORM")).unwrap().unwrap();
    assert_eq!(Weight::load(&mut state, &operator).unwrap(), Some(Weight { weight: 1 }));
    assert_eq!(Validator::load(&mut state, &peer("BANK-1")).unwrap().unwrap().enterprise, operator);
    let governance = Governance::load(&mut state, &()).unwrap().unwrap();
    assert_eq!(governance.parameters.policy_setter, Setter::Operator);
}

#[test]
fn the_operator_is_a_founder_when_the_genesis_repeats_it() {
    let own = Founder { weight: 1, ..founder("PLATFORM", EntityRole::Operator, &["PLATFORM-1"]) };
    let with = |own: Founder| genesis([three(), vec![own]].concat(), &["BANK-1", "PLATFORM-1", "STEEL-1", "STEEL-2"]);
    let mut state = founded(&with(own.clone())).unwrap();
    let operator = enterprise::by_legal_id(&mut state, &text("LEGAL-PLATFORM")).unwrap().unwrap();
    assert_eq!(Weight::load(&mut state, &operator).unwrap(), Some(Weight { weight: 1 }));
    assert_eq!(Validator::load(&mut state, &peer("PLATFORM-1")).unwrap().unwrap().enterprise, operator);
    let other = Founder { administrators: administrators("ANOTHER"), ..own.clone() };
    assert_eq!(founded(&with(other)).unwrap_err(), "E_FOUNDER");
    let banker = Founder { roles: List::new(vec![EntityRole::Bank]).unwrap(), ..own };
    assert_eq!(founded(&with(banker)).unwrap_err(), "E_FOUNDER");
}

#[test]
fn rejects_a_genesis_whose_founders_are_not_sound() {
    let spoiled = |spoil: &dyn Fn(&mut Founder)| {
        let mut founders = three();
        spoil(&mut founders[0]);
        founded(&genesis(founders, &MACHINES)).unwrap_err()
    };
    assert_eq!(spoiled(&|founder| founder.legal_id = text("LEGAL-BANK")), "E_FOUNDER");
    assert_eq!(spoiled(&|founder| founder.roles = List::new(vec![EntityRole::Operator]).unwrap()), "E_FOUNDER");
    assert_eq!(spoiled(&|founder| founder.roles = List::default()), "E_ENTITY_ROLES");
    assert_eq!(spoiled(&|founder| founder.legal_id = text("11010519491231002X")), "E_NATURAL_PERSON");
    assert_eq!(spoiled(&|founder| founder.administrators = List::default()), "E_NO_ADMINISTRATOR");
    assert_eq!(spoiled(&|founder| founder.administrators = administrators("BANK")), "E_KEY_TAKEN");
    assert_eq!(spoiled(&|founder| founder.weight = 0), "E_FOUNDING_VALIDATORS");
    let twice = || List::new(vec![machine("STEEL-1"), machine("STEEL-1"), machine("STEEL-2")]).unwrap();
    assert_eq!(spoiled(&|founder| founder.validators = twice()), "E_FOUNDING_VALIDATORS");
    assert_eq!(spoiled(&|founder| founder.validators = List::default()), "E_FOUNDING_VALIDATORS", "nobody's machines");
    let more = || List::new(vec![machine("STEEL-1"), machine("STEEL-2"), machine("STEEL-3")]).unwrap();
    assert_eq!(spoiled(&|founder| founder.validators = more()), "E_FOUNDING_VALIDATORS", "a machine without a share");
}

#[test]
fn rejects_a_genesis_with_epochs_or_keys_that_no_resharing_could_use() {
    let founded = |change: &dyn Fn(&mut Genesis)| {
        let mut genesis = genesis(vec![], &MACHINES);
        change(&mut genesis);
        founded(&genesis).map(drop)
    };
    assert_eq!(founded(&|genesis| genesis.epoch_blocks = limits::EPOCH_BLOCKS_MIN), Ok(()));
    let refused = Err("E_FOUNDING_VALIDATORS");
    assert_eq!(founded(&|genesis| genesis.epoch_blocks = limits::EPOCH_BLOCKS_MIN - 1), refused);
    assert_eq!(founded(&|genesis| genesis.epoch_blocks = limits::EPOCH_BLOCKS_MAX + 1), refused);
    let keys = |bytes: usize, count: u8| {
        let key = |number: u8| Bytes::new(vec![number; bytes]).unwrap();
        List::new((0..count).map(key).collect()).unwrap()
    };
    assert_eq!(founded(&|genesis| genesis.validators = keys(31, 1)), refused);
    assert_eq!(founded(&|genesis| genesis.validators = keys(32, 101)), refused);
    assert_eq!(founded(&|genesis| genesis.validators = keys(32, 100)), Ok(()));
}
