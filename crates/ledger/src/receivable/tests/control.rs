//! Freezes and disputes.

use super::*;
use crate::core::EntityRole;

fn freeze(lot: LotId, amount: Option<&str>, ground: FreezeGround) -> FreezeLot {
    let hours = (ground == FreezeGround::Fraud).then_some(72);
    let order_digest = Digest::of(&[b"order"]);
    FreezeLot { lot, amount: amount.map(cny), ground, order: text("(2026) Hu 01 Zhi 7"), order_digest, hours }
}

fn unfreeze(freeze: FreezeId) -> Unfreeze {
    Unfreeze { freeze, order: text("(2026) Hu 01 Zhi 8") }
}

const COURT: &str = "COURT.maker+COURT.checker";
const OPERATOR: &str = "OP.maker+OP.checker";

#[test]
fn a_frozen_part_is_cut_out_and_its_money_waits_in_suspense_until_it_is_free() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    scenario.move_to("2026-06-01", 9, 0);
    let order = scenario.act(COURT, &freeze(lots[2], Some("1000000.00"), FreezeGround::Order)).unwrap();
    let (frozen, free) = (LotId::of(id, 9), LotId::of(id, 10));
    let parts = [frozen, free].map(|id| lot(&mut scenario, id));
    assert_eq!((parts[0].face, parts[0].freeze), (cny("1000000.00"), Some(order)));
    assert_eq!((parts[1].face, parts[1].freeze), (cny("1399999.50"), None));
    let refused = split(&mut scenario, "S2", frozen, &["400000.00", "600000.00"]);
    assert_eq!(name(refused), "E_LOT_FROZEN");
    assert_eq!(name(offer(&mut scenario, ("S2", "S3"), frozen, cny("5000.00"))), "E_LOT_FROZEN");
    offer(&mut scenario, ("S2", "S3"), free, cny("5000.00")).expect("the rest moves on");
    scenario.audit();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("5000000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(at_settlement_bank(&mut scenario, "S2"), cny("1399999.50"));
    assert_eq!(suspense(&mut scenario), cny("1000000.00"));
    assert_eq!(settlement(&mut scenario, id).frozen, cny("1000000.00"));
    assert_eq!(quota(&mut scenario).1, cny("0.00"), "the obligor has paid");
    scenario.audit();
    assert_eq!(scenario.act(COURT, &unfreeze(order)), Ok(cny("1000000.00")));
    assert_eq!(at_settlement_bank(&mut scenario, "S2"), cny("2399999.50"));
    assert_eq!(suspense(&mut scenario), cny("0.00"));
    assert_eq!(name(scenario.act(COURT, &unfreeze(order))), "E_FREEZE_LIFTED");
    scenario.audit();
}

#[test]
fn the_operator_freezes_for_fraud_for_some_hours_and_once() {
    let mut scenario = consortium();
    let (_, lots) = spread(&mut scenario);
    let ground = "E_FREEZE_GROUND";
    let fraud = freeze(lots[0], None, FreezeGround::Fraud);
    for hours in [None, Some(0), Some(73)] {
        assert_eq!(name(scenario.act(OPERATOR, &FreezeLot { hours, ..fraud.clone() })), ground);
    }
    assert_eq!(name(scenario.act(COURT, &fraud)), "E_PARTY_ROLE");
    let begun = scenario.time;
    scenario.act(OPERATOR, &fraud).unwrap();
    assert_eq!(name(split(&mut scenario, "S1", lots[0], &["400000.00", "400000.00"])), "E_LOT_FROZEN");
    scenario.time = ::types::Timestamp(begun.plus_hours(72).0 - 1);
    scenario.run_due();
    assert!(lot(&mut scenario, lots[0]).freeze.is_some());
    scenario.time = scenario.time.plus_ms(1);
    scenario.run_due();
    assert_eq!(lot(&mut scenario, lots[0]).freeze, None);
    assert_eq!(told::<LotUnfrozen>(&scenario)[0].order, None);
    assert_eq!(name(scenario.act(OPERATOR, &fraud)), ground, "not again: a court may");
    scenario.act(COURT, &freeze(lots[0], None, FreezeGround::Order)).unwrap();
    scenario.audit();
}

#[test]
fn a_freeze_by_order_or_contract_ends_only_when_it_is_lifted() {
    let mut scenario = consortium();
    let (_, lots) = spread(&mut scenario);
    for ground in [FreezeGround::Order, FreezeGround::Contract] {
        let timed = FreezeLot { hours: Some(5), ..freeze(lots[0], None, ground) };
        assert_eq!(name(scenario.act(COURT, &timed)), "E_FREEZE_GROUND");
    }
    let contract = freeze(lots[3], None, FreezeGround::Contract);
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &contract)), "E_NOT_HOLDER");
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &freeze(lots[0], None, FreezeGround::Order))), "E_PARTY_ROLE");
    let by_holder = scenario.act("S3.maker+S3.checker", &contract).unwrap();
    scenario.act(COURT, &freeze(lots[2], None, FreezeGround::Order)).unwrap();
    scenario.move_to("2026-08-20", 9, 0);
    assert_eq!(lot(&mut scenario, lots[3]).freeze, Some(by_holder));
    assert!(lot(&mut scenario, lots[2]).freeze.is_some());
    scenario.act("S3.maker+S3.checker", &unfreeze(by_holder)).unwrap();
    scenario.audit();
}

#[test]
fn only_the_same_authority_or_a_higher_one_lifts_a_freeze() {
    let mut scenario = consortium();
    let (_, lots) = spread(&mut scenario);
    scenario.register("COURT2", &[EntityRole::Regulator]);
    let by_court = scenario.act(COURT, &freeze(lots[0], None, FreezeGround::Order)).unwrap();
    let by_operator = scenario.act(OPERATOR, &freeze(lots[1], None, FreezeGround::Fraud)).unwrap();
    let authority = "E_FREEZE_AUTHORITY";
    for signers in ["COURT2.maker+COURT2.checker", OPERATOR, "S1.maker+S1.checker"] {
        assert_eq!(name(scenario.act(signers, &unfreeze(by_court))), authority);
    }
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &unfreeze(by_operator))), authority);
    assert_eq!(name(scenario.act(COURT, &unfreeze(FreezeId::default()))), "E_RECORD_UNKNOWN");
    scenario.act("COURT2.maker+COURT2.checker", &unfreeze(by_operator)).unwrap();
    scenario.act(COURT, &unfreeze(by_court)).unwrap();
    scenario.audit();
}

#[test]
fn an_order_takes_over_a_lesser_freeze_and_the_money_that_waits_on_it() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    scenario.move_to("2026-08-28", 8, 0);
    let by_operator = scenario.act(OPERATOR, &freeze(lots[0], None, FreezeGround::Fraud)).unwrap();
    fund(&mut scenario, id, cny("2500000.00")).unwrap();
    scenario.move_to("2026-08-28", 17, 0);
    assert_eq!(scenario.record::<Freeze>(&by_operator).unwrap().suspense, cny("400000.00"));
    let part = freeze(lots[0], Some("5000.00"), FreezeGround::Order);
    assert_eq!(name(scenario.act(COURT, &part)), "E_LOT_FROZEN", "what is frozen is taken over whole");
    let by_court = scenario.act(COURT, &freeze(lots[0], None, FreezeGround::Order)).unwrap();
    let freezes = [by_operator, by_court].map(|id| scenario.record::<Freeze>(&id).unwrap());
    assert!(freezes[0].lifted.is_some());
    assert_eq!((freezes[0].suspense, freezes[1].suspense), (cny("0.00"), cny("400000.00")));
    assert_eq!(name(scenario.act(COURT, &freeze(lots[0], None, FreezeGround::Order))), "E_LOT_FROZEN");
    scenario.move_to("2026-09-01", 9, 0);
    assert_eq!(lot(&mut scenario, lots[0]).freeze, Some(by_court), "the operator's hours end nothing any more");
    scenario.audit();
    scenario.act(COURT, &unfreeze(by_court)).unwrap();
    assert_eq!(suspense(&mut scenario), cny("0.00"));
    scenario.audit();
}

#[test]
fn a_part_is_frozen_only_of_a_lot_that_is_free_and_not_yet_listed() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    let part = |lot, amount| freeze(lot, Some(amount), FreezeGround::Order);
    assert_eq!(name(scenario.act(COURT, &part(lots[0], "800000.01"))), "E_SPLIT_SUM");
    assert_eq!(name(scenario.act(COURT, &part(lots[0], "0.00"))), "E_AMOUNT_ZERO");
    assert_eq!(name(scenario.act(COURT, &part(LotId::of(id, 1), "5000.00"))), "E_LOT_SPENT");
    let small = split(&mut scenario, "S1", lots[0], &["1500.00", "798500.00"]).unwrap()[0];
    assert_eq!(name(scenario.act(COURT, &part(small, "750.00"))), "E_LOT_TOO_SMALL");
    scenario.act(COURT, &freeze(small, Some("1500.00"), FreezeGround::Order)).expect("the whole is no part");
    let transfer = offer(&mut scenario, ("S2", "S3"), lots[2], cny("2399999.50")).unwrap();
    assert_eq!(name(scenario.act(COURT, &part(lots[2], "5000.00"))), "E_LOT_LOCKED");
    scenario.act(COURT, &freeze(lots[2], None, FreezeGround::Order)).unwrap();
    let refused = scenario.act("S3.maker+S3.checker", &AcceptTransfer { transfer });
    assert_eq!(name(refused), "E_LOT_FROZEN", "what was on offer stays where it is");
    set_policy(&mut scenario, |policy| policy.lots_per_root_max = 2);
    assert!(scenario.act(COURT, &part(lots[1], "5000.00")).is_ok(), "a certificate keeps the policy of its issue");
    scenario.move_to("2026-08-27", 17, 0);
    assert_eq!(name(scenario.act(COURT, &part(lots[3], "5000.00"))), "E_RECORD_CLOSED");
    scenario.act(COURT, &freeze(lots[3], None, FreezeGround::Order)).expect("a whole lot can be frozen any time");
    scenario.audit();
}

#[test]
fn a_certificate_with_all_its_lots_freezes_whole_lots_only() {
    let mut scenario = consortium();
    set_policy(&mut scenario, |policy| policy.lots_per_root_max = 4);
    let (_, first) = issued(&mut scenario, "INV-1", cny("10000.00"));
    let parts = split(&mut scenario, "S1", first, &["4000.00", "6000.00"]).unwrap();
    let part = freeze(parts[0], Some("1000.00"), FreezeGround::Order);
    assert_eq!(name(scenario.act(COURT, &part)), "E_TOO_MANY_LOTS");
    scenario.act(COURT, &freeze(parts[0], None, FreezeGround::Order)).unwrap();
    scenario.audit();
}

#[test]
fn a_dispute_holds_only_what_the_first_creditor_still_holds() {
    let mut scenario = consortium();
    let (_, lots) = spread(&mut scenario);
    let open = |lot| OpenDispute { lot, evidence: Digest::of(&[b"photos"]), reason: text("rust") };
    let core = "CORE.maker+CORE.checker";
    assert_eq!(name(scenario.act(core, &open(lots[2]))), "E_NOT_HOLDER", "S2 holds it in good faith");
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &open(lots[0]))), "E_NOT_PARTY");
    let dispute = scenario.act(core, &open(lots[0])).unwrap();
    assert_eq!(name(scenario.act(core, &open(lots[0]))), "E_LOT_DISPUTED");
    assert_eq!(name(offer(&mut scenario, ("S1", "S2"), lots[0], cny("5000.00"))), "E_LOT_DISPUTED");
    assert_eq!(name(split(&mut scenario, "S1", lots[0], &["400000.00", "400000.00"])), "E_LOT_DISPUTED");
    offer(&mut scenario, ("S2", "S3"), lots[2], cny("5000.00")).expect("others pass their lots on");
    let resolve = |outcome| ResolveDispute { dispute, outcome, remark: text("replaced") };
    let withdrawn = resolve(DisputeOutcome::Withdrawn);
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &withdrawn)), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &resolve(DisputeOutcome::Settled))), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &resolve(DisputeOutcome::Settled))), "E_THRESHOLD");
    let both = "S1.maker+S1.checker+CORE.maker+CORE.checker";
    scenario.act(both, &resolve(DisputeOutcome::Settled)).unwrap();
    assert_eq!(name(scenario.act(core, &withdrawn)), "E_DISPUTE_CLOSED");
    offer(&mut scenario, ("S1", "S2"), lots[0], cny("5000.00")).expect("it is free again");
    let again = scenario.act("S1.maker+S1.checker", &open(lots[1])).unwrap();
    let withdrawn = ResolveDispute { dispute: again, ..withdrawn };
    scenario.act("S1.maker+S1.checker", &withdrawn).unwrap();
    let unknown = ResolveDispute { dispute: DisputeId::default(), ..withdrawn };
    assert_eq!(name(scenario.act(core, &unknown)), "E_RECORD_UNKNOWN");
    scenario.move_to("2026-08-21", 9, 0);
    assert_eq!(name(scenario.act(core, &open(lots[1]))), "E_RECORD_CLOSED");
    scenario.audit();
}
