//! `vectors/governance.json`: what other programs read and sign, in both forms.

use super::*;
use crate::governance::{
    SetAddresses, Withdraw,
    fixtures::{addresses, machine},
};
use serde_json::{Value, json};
use types::{
    Bytes, Clock, Genesis, Suite, Timestamp, Wire,
    genesis::{Founder, Operator},
    transaction::PublicKey,
};

fn both<T: Wire>(value: &T) -> Value {
    json!({ "json": value, "bcs": wire::hex_encode(&wire::encode(value)) })
}

fn genesis() -> Genesis {
    let administrators = || {
        let key = PublicKey { suite: Suite::ED25519, bytes: Bytes::new([3; 32]).unwrap() };
        List::new(vec![key]).unwrap()
    };
    Genesis {
        name: text("vector"),
        time: Timestamp(1_772_413_200_000),
        made_at: Timestamp(1_772_413_200_000),
        clock: Clock::Real,
        operator: Operator { name: text("Operator"), legal_id: text("LEGAL-OP"), administrators: administrators() },
        founders: List::new(vec![Founder {
            name: text("Steel"),
            legal_id: text("LEGAL-STEEL"),
            roles: List::new(vec![crate::core::EntityRole::Core]).unwrap(),
            administrators: administrators(),
            validators: List::new(vec![machine("STEEL-1")]).unwrap(),
            weight: 2,
        }])
        .unwrap(),
        epoch_blocks: 1_000,
        validators: List::new(vec![Bytes::new(peer("STEEL-1").0).unwrap()]).unwrap(),
        group_key: Bytes::new([4; 4]).unwrap(),
        sharing: Bytes::new([5; 5]).unwrap(),
        state: None,
    }
}

#[test]
fn the_governance_vector_is_what_the_code_makes() {
    let mut chain = Chain::new();
    chain.to(10);
    let enterprise = crate::core::EnterpriseId([7; 16]);
    let changes = vec![
        add("BKB-1"),
        remove("OP-1"),
        Change::ReplacePeerKey { from: peer("S1-1"), to: peer("S1-2") },
        Change::AddObserver(new_peer("CORE-2")),
        Change::RemoveObserver { peer_key: peer("CORE-2") },
        Change::SetWeight { enterprise, weight: 3 },
        Change::SetParameters(Parameters::default()),
        Change::ActivateFeature { number: 1, name: text("a feature"), height: 5_000 },
    ];
    let propose = Propose { effective_at: Some(Timestamp(1_772_500_000_000)), ..overriding(changes) };
    let id = ProposalId([8; 16]);
    let committee: Committee = chain.scenario.record(&1).unwrap();
    let key = wire::hex_encode(&Committee::key(&1));
    let moved = SetAddresses { peer_key: peer("CORE-1"), name: text("Core"), addresses: addresses("core") };
    let genesis = genesis();
    let vector = json!({
        "about": "Governance in JSON and BCS: the genesis with its founders, records that an engine reads, acts.",
        "genesis": both(&genesis),
        "chain": genesis.chain(),
        "committee_key": key,
        "committee": both(&committee),
        "validator_key": wire::hex_encode(&Validator::key(&peer("CORE-1"))),
        "validator": both(&chain.validator("CORE-1")),
        "propose": both(&propose),
        "vote": both(&Vote { proposal: id, choice: Choice::No }),
        "withdraw": both(&Withdraw { proposal: id }),
        "set_addresses": both(&moved),
    });
    let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
    expect_test::expect_file!["../../../../../vectors/governance.json"].assert_eq(&text);
}
