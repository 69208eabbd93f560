//! Certificates that a guarantor answers for.

use super::*;

const FACE: &str = "10000.00";
const PAY: &str = "GUAR.maker+GUAR.checker+S1.maker+S1.checker";

/// CORE's draft over 10,000.00 that GUAR backs; its cover is 15,000.00.
fn guaranteed() -> (Scenario, Draft) {
    let mut scenario = consortium();
    grant_cover(&mut scenario, "CORE", cny("15000.00"));
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny(FACE));
    let backing = Backing::Guarantor(Scenario::id("GUAR"));
    (scenario, Draft { backing, ..draft(cny(FACE), &[(invoice, cny(FACE))]) })
}

/// It is in default, nothing paid: S1 holds 6,000.00 (lot 3), BKA has financed 4,000.00 (lot 2).
fn in_default(kind: FinancingKind) -> (Scenario, CertificateId, FinancingId) {
    let (mut scenario, draft) = guaranteed();
    let (certificate, root) = issue(&mut scenario, &draft).unwrap();
    let (financing, _) = financed(&mut scenario, ("S1", "BKA"), (root, cny("4000.00")), (kind, 45_000)).unwrap();
    scenario.move_to("2026-09-14", 9, 0);
    let lot = LotId::of(certificate, 2);
    let claim = ClaimGuarantee { lot };
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &claim)), "E_ROOT_STATE", "only after the default");
    let default = DeclareDefault { certificate, ground: DefaultGround::GraceOver, lot, others: List::default() };
    scenario.act("BKA.maker+BKA.checker", &default).unwrap();
    scenario.run_due();
    (scenario, certificate, financing)
}

fn pay(scenario: &mut Scenario, lot: LotId, payee: &str, amount: &str) -> Done<Amount> {
    let fact = paid(scenario, "SB", ("GUAR", payee), cny(amount));
    let signers = format!("GUAR.maker+GUAR.checker+{payee}.maker+{payee}.checker");
    scenario.act(&signers, &PayGuarantee { lot, source: PaymentSource::Fact(fact) })
}

#[test]
fn the_cover_is_blocked_used_and_released_with_the_certificate() {
    let (mut scenario, draft) = guaranteed();
    let certificate = offered(&mut scenario, &draft).unwrap();
    assert_eq!(cover(&mut scenario), (cny(FACE), cny("0.00")));
    scenario.act("CORE.checker", &Withdraw { certificate, reason: text("no") }).unwrap();
    assert_eq!(cover(&mut scenario), (cny("0.00"), cny("0.00")));
    let (certificate, root) = issue(&mut scenario, &draft).unwrap();
    assert_eq!(cover(&mut scenario), (cny("0.00"), cny(FACE)));
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny(FACE)));
    financed(&mut scenario, ("S1", "BKA"), (root, cny("4000.00")), (FinancingKind::NonRecourse, 45_000)).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("4000.00")), "banks use their own lines");
    assert_eq!(cover(&mut scenario), (cny("0.00"), cny(FACE)));
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-2", cny("5000.01"));
    let second = super::draft(cny("5000.01"), &[(invoice, cny("5000.01"))]);
    let second = Draft { backing: draft.backing, ..second };
    let id = scenario.act("CORE.maker", &second).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: id })), "E_COVER");
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, certificate, cny(FACE)).unwrap();
    assert_eq!(cover(&mut scenario), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

#[test]
fn the_guarantor_pays_a_claim_and_becomes_the_holder() {
    let (mut scenario, certificate, _) = in_default(FinancingKind::NonRecourse);
    let lot = LotId::of(certificate, 3);
    let refused = pay(&mut scenario, lot, "S1", "6012.75");
    assert_eq!(name(refused), "E_GUARANTEE_UNCLAIMED");
    let claim = ClaimGuarantee { lot };
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &claim)), "E_NOT_HOLDER");
    scenario.act("S1.maker+S1.checker", &claim).unwrap();
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &claim)), "E_GUARANTEE_CLAIMED");
    assert_eq!(told::<GuaranteeClaimed>(&scenario)[0].principal, cny("6000.00"));
    assert_eq!(name(pay(&mut scenario, lot, "S1", "6000.00")), "E_NET_MISMATCH");
    let own = account(&mut scenario, "SB", "GUAR");
    let without = PaymentSource::Tokens { account: own, amount: cny("0.00") };
    assert_eq!(name(scenario.act(PAY, &PayGuarantee { lot, source: without })), "E_AMOUNT_ZERO");
    let unsigned = PayGuarantee { lot, source: PaymentSource::Tokens { account: own, amount: cny("6012.75") } };
    assert_eq!(name(scenario.act("GUAR.maker+GUAR.checker", &unsigned)), "E_THRESHOLD", "the holder signs too");
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &unsigned)), "E_NOT_AUTHORIZED");
    // 6,000.00 at 4.50% (1.5 times the loan prime rate of 3%) for 17 days of 360: 12.75.
    assert_eq!(pay(&mut scenario, lot, "S1", "6012.75"), Ok(cny("6012.75")));
    let taken = super::lot(&mut scenario, lot);
    assert_eq!((taken.holder, taken.status), (Scenario::id("GUAR"), LotStatus::Subrogated));
    assert_eq!(cover(&mut scenario), (cny("0.00"), cny(FACE)), "what it paid it is owed, until CORE pays");
    let paid = told::<LotSubrogated>(&scenario).pop().unwrap();
    assert_eq!((paid.principal, paid.penalty), (cny("6000.00"), cny("12.75")));
    assert_eq!(name(pay(&mut scenario, lot, "S1", "6012.75")), "E_GUARANTEE_UNCLAIMED");
    assert_eq!(name(scenario.act("GUAR.maker+GUAR.checker", &claim)), "E_GUARANTEE_CLAIMED");
    scenario.audit();
    // CORE pays on 2026-10-12, 45 days late: 4.50% of 10,000.00 are 56.25, of 6,000.00 33.75.
    scenario.move_to("2026-10-12", 9, 0);
    fund(&mut scenario, certificate, cny("10056.25")).unwrap();
    assert_eq!(status(&mut scenario, certificate), CertificateStatus::SettledLate);
    assert_eq!(at_settlement_bank(&mut scenario, "GUAR"), cny("6033.75"));
    assert_eq!(cover(&mut scenario), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

#[test]
fn a_banks_claim_is_paid_in_its_own_deposit_tokens_and_its_line_is_free() {
    let (mut scenario, certificate, financing_id) = in_default(FinancingKind::RecourseToSeller);
    let (lot, amount) = (LotId::of(certificate, 2), cny("4008.50"));
    scenario.act("BKA.maker+BKA.checker", &ClaimGuarantee { lot }).unwrap();
    let source = {
        let account = account(&mut scenario, "BKA", "GUAR");
        scenario.door(|ctx, state| money::issue(ctx, state, account, amount, "deposit")).unwrap();
        PaymentSource::Tokens { account, amount }
    };
    scenario.act("GUAR.maker+GUAR.checker+BKA.maker+BKA.checker", &PayGuarantee { lot, source }).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(financing(&mut scenario, financing_id).status, FinancingStatus::Subrogated);
    scenario.audit();
    let notify = NotifyRecourse { financing: financing_id };
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &notify)), "E_FINANCING_STATE", "it was paid");
    scenario.act("GUAR.maker+GUAR.checker", &WriteOff { lot, reason: text("hopeless") }).unwrap();
    assert_eq!(cover(&mut scenario), (cny("0.00"), cny("6000.00")));
    scenario.audit();
}

#[test]
fn a_claim_lapses_when_the_lot_goes_to_another_holder() {
    let (mut scenario, certificate, financing) = in_default(FinancingKind::RecourseToSeller);
    let lot = LotId::of(certificate, 2);
    scenario.act("BKA.maker+BKA.checker", &ClaimGuarantee { lot }).unwrap();
    scenario.act("BKA.maker+BKA.checker", &NotifyRecourse { financing }).unwrap();
    // 4,000.00 at 6.75% for 17 days of 360: 12.75.
    let fact = paid(&mut scenario, "BKA", ("S1", "BKA"), cny("4012.75"));
    let recourse = PayRecourse { financing, source: PaymentSource::Fact(fact) };
    scenario.act("BKA.maker+BKA.checker+S1.maker+S1.checker", &recourse).unwrap();
    assert_eq!(name(pay(&mut scenario, lot, "S1", "4008.50")), "E_GUARANTEE_UNCLAIMED");
    scenario.act("S1.maker+S1.checker", &ClaimGuarantee { lot }).unwrap();
    pay(&mut scenario, lot, "S1", "4008.50").unwrap();
    scenario.audit();
}

#[test]
fn nobody_claims_where_nobody_guarantees_or_a_court_holds_the_lot() {
    let (mut scenario, certificate, _) = in_default(FinancingKind::NonRecourse);
    let lot = LotId::of(certificate, 3);
    scenario.act("S1.maker+S1.checker", &ClaimGuarantee { lot }).unwrap();
    let (order, order_digest) = (text("order 1"), Digest::of(&[b"order"]));
    let freeze = FreezeLot { lot, amount: None, ground: FreezeGround::Order, order, order_digest, hours: None };
    scenario.act("COURT.maker+COURT.checker", &freeze).unwrap();
    assert_eq!(name(pay(&mut scenario, lot, "S1", "6012.75")), "E_LOT_FROZEN");
    let spent = ClaimGuarantee { lot: LotId::of(certificate, 1) };
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &spent)), "E_LOT_SPENT");
    let mut record = super::certificate(&mut scenario, certificate);
    record.backing = Backing::Corporate;
    record.store(&mut scenario.state, &certificate);
    let plain = ClaimGuarantee { lot: LotId::of(certificate, 2) };
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &plain)), "E_NO_GUARANTEE");
}

#[test]
fn audit_sees_a_holder_that_took_over_on_no_claim() {
    let (mut scenario, certificate, _) = in_default(FinancingKind::NonRecourse);
    scenario.audit();
    let id = LotId::of(certificate, 3);
    let stolen = Lot { status: LotStatus::Subrogated, ..lot(&mut scenario, id) };
    stolen.store(&mut scenario.state, &id);
    let laws: Vec<_> = crate::audit(&scenario.state).0.into_iter().map(|found| found.law).collect();
    assert_eq!(laws, ["I17"]);
    let key = (Scenario::id("GUAR"), Scenario::id("CORE"), Currency::CNY);
    let mut cover: Cover = scenario.record(&key).unwrap();
    cover.used = cny("9999.99");
    cover.store(&mut scenario.state, &key);
    let laws: Vec<_> = crate::audit(&scenario.state).0.into_iter().map(|found| found.law).collect();
    assert!(laws.contains(&"I9"), "{laws:?}");
}
