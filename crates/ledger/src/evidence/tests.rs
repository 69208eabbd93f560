use super::{Evidence, EvidenceId, Kind, Log, RecordEvidence, Verify, by_owner, leaf, root};
use crate::{
    core::{EntityRole, Query, QueryContext, Record},
    testing::{Scenario, text},
};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};
use types::{Digest, Rejection, merkle};

const OWNERS: &[&str] = &["CORE", "S1", "S2"];

fn document(name: &str, previous: Option<EvidenceId>) -> RecordEvidence {
    let digest = Digest::of(&[name.as_bytes()]);
    RecordEvidence { digest, kind: Kind::Contract, title: text(name), remark: text(""), previous }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Rejection>) -> &'static str {
    crate::explain(&result.unwrap_err()).0
}

fn ask<Q: Query>(scenario: &mut Scenario, query: &Q) -> Q::Answer {
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    query.answer(&ctx, &mut scenario.state).unwrap()
}

#[test]
fn a_digest_is_known_with_its_owner_its_time_and_its_latest_version() {
    let mut scenario = Scenario::new();
    let act = document("contract", None);
    let first = scenario.act("S1.maker", &act).unwrap();
    let at_first = (scenario.height, scenario.time);
    scenario.move_to("2026-03-05", 9, 0);
    let of_core = scenario.act("CORE.auditor", &act).unwrap();
    let second = scenario.act("S1.checker", &document("amended contract", Some(first))).unwrap();
    let third = scenario.act("S1.admin", &document("amended again", Some(second))).unwrap();

    let found = ask(&mut scenario, &Verify { digest: act.digest });
    assert!(found.known);
    let ids: Vec<_> = found.records.iter().map(|found| (found.id, found.latest)).collect();
    assert_eq!(ids, [(first, third), (of_core, of_core)]);
    let evidence = &found.records[0].evidence;
    assert_eq!((evidence.height, evidence.recorded_at), at_first);
    assert_eq!((evidence.owner, evidence.version), (Scenario::id("S1"), 1));
    assert_eq!(scenario.record::<Evidence>(&third).unwrap().version, 3);
    assert!(!ask(&mut scenario, &Verify { digest: Digest::of(&[b"another"]) }).known);
    assert_eq!(by_owner(&mut scenario.state, act.digest, Scenario::id("CORE")).unwrap(), Some(of_core));
    scenario.audit();
}

#[test]
fn a_public_verifier_needs_the_record_the_root_and_a_proof() {
    let mut scenario = Scenario::new();
    assert_eq!(root(&mut scenario.state).unwrap(), Digest::of(&[]));
    let mut records = Vec::new();
    for number in 0..7 {
        let id = scenario.act("S1.maker", &document(&format!("paper {number}"), None)).unwrap();
        records.push(scenario.record::<Evidence>(&id).unwrap());
    }
    let leaves: Vec<Digest> = records.iter().map(leaf).collect();
    let log = ask(&mut scenario, &Log {});
    assert_eq!((log.size, log.root), (7, root(&mut scenario.state).unwrap()));
    for (place, evidence) in records.iter().enumerate() {
        let proof = merkle::inclusion_proof(&leaves, place).unwrap();
        assert!(merkle::verify_inclusion(log.root, log.size, evidence.index, leaf(evidence), &proof));
        let changed = Evidence { height: evidence.height + 1, ..evidence.clone() };
        assert!(!merkle::verify_inclusion(log.root, log.size, evidence.index, leaf(&changed), &proof));
    }
}

#[test]
fn rejects_a_second_record_and_a_version_that_is_not_the_owners_next() {
    let mut scenario = Scenario::new();
    let first = scenario.act("S1.maker", &document("contract", None)).unwrap();
    assert_eq!(refusal(scenario.act("S1.checker", &document("contract", None))), "E_EVIDENCE_DUPLICATE");
    assert_eq!(refusal(scenario.act("S2.maker", &document("theirs", Some(first)))), "E_EVIDENCE_OWNER");
    let nothing = Some(EvidenceId::default());
    assert_eq!(refusal(scenario.act("S1.maker", &document("next", nothing))), "E_EVIDENCE_UNKNOWN");
    scenario.act("S1.maker", &document("next", Some(first))).unwrap();
    assert_eq!(refusal(scenario.act("S1.maker", &document("other next", Some(first)))), "E_EVIDENCE_SUPERSEDED");
    // What was refused left nothing: the digest is free.
    scenario.act("S1.maker", &document("other next", None)).unwrap();
    scenario.audit();
}

#[test]
fn no_more_owners_than_fit_record_one_digest() {
    let mut scenario = Scenario::new();
    for number in 0..64 {
        let name = format!("OWNER{number}");
        scenario.register(&name, &[EntityRole::Supplier]);
        scenario.act(&format!("{name}.maker"), &document("terms", None)).unwrap();
    }
    assert_eq!(refusal(scenario.act("S1.maker", &document("terms", None))), "E_EVIDENCE_FULL");
    scenario.audit();
}

#[test]
fn audit_notices_a_changed_record_and_a_lost_one() {
    let mut scenario = Scenario::new();
    let id = scenario.act("S1.maker", &document("contract", None)).unwrap();
    let whole = scenario.clone();
    let mut evidence: Evidence = scenario.record(&id).unwrap();
    evidence.height += 1;
    evidence.store(&mut scenario.state, &id);
    let laws = |scenario: &Scenario| -> Vec<&str> {
        crate::audit(&scenario.state).0.iter().map(|violation| violation.law).collect()
    };
    assert_eq!(laws(&scenario), ["V1"]);
    let mut scenario = whole;
    Evidence::remove(&mut scenario.state, &id);
    assert_eq!(laws(&scenario), ["V1", "V1", "V2"]);
}

/// An owner, a document out of few, and which of the records so far it follows.
fn steps() -> impl Strategy<Value = Vec<(usize, u8, Option<prop::sample::Index>)>> {
    let follows = proptest::option::of(any::<prop::sample::Index>());
    proptest::collection::vec((0..OWNERS.len(), 0u8..40, follows), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_recorded_in_whatever_order_the_laws_hold(steps in steps()) {
        let mut scenario = Scenario::new();
        let mut made = Vec::new();
        for (owner, name, follows) in steps {
            let previous = follows.filter(|_| !made.is_empty()).map(|follows| *follows.get(&made));
            let act = document(&format!("paper {name}"), previous);
            let before = root(&mut scenario.state).unwrap();
            match scenario.act(&format!("{}.maker", OWNERS[owner]), &act) {
                Ok(id) => made.push(id),
                Err(_) => assert_eq!(root(&mut scenario.state).unwrap(), before, "a refused act leaves no trace"),
            }
        }
        assert_eq!(ask(&mut scenario, &Log {}).size, u64::try_from(made.len()).unwrap());
        scenario.audit();
    }
}
