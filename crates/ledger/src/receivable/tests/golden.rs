//! Golden scenario R1, to the cent.

use super::*;

/// R1 up to the end of step 7.
pub(super) struct Golden {
    pub(super) scenario: Scenario,
    pub(super) certificate: CertificateId,
    /// S1's 800,000.00.
    pub(super) kept_by_s1: LotId,
    /// BKA's 1,000,000.00, without recourse.
    pub(super) at_bka: (LotId, FinancingId),
    /// S2's 2,399,999.50.
    pub(super) kept_by_s2: LotId,
    /// BKB's 800,000.50, with recourse to S3.
    pub(super) at_bkb: (LotId, FinancingId),
    pub(super) invoices: [InvoiceId; 2],
}

/// Plays steps 1 to 6 and asserts every number on the way.
pub(super) fn played() -> Golden {
    let mut scenario = consortium();
    let first = trade(&mut scenario, "S1", "CORE", "INV-1", cny("3600000.00"));
    let second = trade(&mut scenario, "S1", "CORE", "INV-2", cny("1400000.00"));
    let rests_on = [(first, cny("3600000.00")), (second, cny("1400000.00"))];
    let (certificate, root) = issue(&mut scenario, &draft(cny("5000000.00"), &rests_on)).unwrap();
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("5000000.00")));

    let parts = split(&mut scenario, "S1", root, &["800000.00", "1000000.00", "3200000.00"]).unwrap();
    assert_eq!(name(split(&mut scenario, "S1", root, &["2500000.00"; 2])), "E_LOT_SPENT");

    let at_bka = financed_by_bka(&mut scenario, parts[1]);
    let at_s2 = passed_to_s2(&mut scenario, parts[2]);
    let at_s3 = pass_on(&mut scenario, ("S2", "S3"), at_s2, cny("800000.50")).unwrap();
    let kept_by_s2 = LotId::of(certificate, 7);
    assert_eq!(lot(&mut scenario, kept_by_s2).face, cny("2399999.50"));

    scenario.move_to("2026-04-10", 9, 0);
    let at_bkb = financed_by_bkb(&mut scenario, at_s3);
    let again = draft(cny("1400000.00"), &[(second, cny("1400000.00"))]);
    let again = scenario.act("CORE.maker", &Draft { maturity: date("2026-10-09"), ..again }).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: again })), "E_FINGERPRINT_EXHAUSTED");
    let invoices = [first, second];
    Golden { scenario, certificate, kept_by_s1: parts[0], at_bka, kept_by_s2, at_bkb, invoices }
}

/// Step 3: S1's 1,000,000.00 at BKA, 4.50%, without recourse.
fn financed_by_bka(scenario: &mut Scenario, lot: LotId) -> (LotId, FinancingId) {
    let amount = cny("1000000.00");
    let how = (FinancingKind::NonRecourse, 45_000);
    let id = accepted(scenario, ("S1", "BKA"), (lot, amount), how).unwrap();
    assert_eq!(line(scenario, "BKA"), (amount, cny("0.00")));
    let fact = paid(scenario, "BKA", ("BKA", "S1"), cny("977625.00"));
    let disburse = Disburse { financing: id, payout: Payout::Fact(fact) };
    approved(scenario, "BKA", id).unwrap();
    assert_eq!(name(scenario.act("BKA.treasurer+BKA.treasurer2", &disburse)), "E_REGISTRATION_MISSING");
    registered(scenario, "BKA", id).unwrap();
    let price = scenario.act("BKA.treasurer+BKA.treasurer2", &disburse).unwrap();
    assert_eq!((price.days, price.discount, price.net), (179, cny("22375.00"), cny("977625.00")));
    assert_eq!(line(scenario, "BKA"), (cny("0.00"), amount));
    (lot, id)
}

/// Step 4: 3,200,000.00 to S2, on a trade document of 3,200,000.00 and not of 3,000,000.00.
fn passed_to_s2(scenario: &mut Scenario, lot: LotId) -> LotId {
    let short = trade(scenario, "S2", "S1", "INV-S2-SHORT", cny("3000000.00"));
    let mut offer = transfer(lot, "S2", cny("3200000.00"), short);
    offer.claims = claims(&[(short, cny("3000000.00"))]);
    assert_eq!(name(scenario.act(&all("S1"), &offer)), "E_TRADE_DOC_SHORT");
    pass_on(scenario, ("S1", "S2"), lot, cny("3200000.00")).unwrap()
}

/// Step 6: S3's 800,000.50 at BKB, 5.20%, with recourse.
fn financed_by_bkb(scenario: &mut Scenario, lot: LotId) -> (LotId, FinancingId) {
    let amount = cny("800000.50");
    let how = (FinancingKind::RecourseToSeller, 52_000);
    let id = accepted(scenario, ("S3", "BKB"), (lot, amount), how).unwrap();
    let in_parallel = application(scenario, lot, amount, FinancingKind::NonRecourse, &["BKA"]);
    assert_eq!(name(scenario.act(&all("S3"), &in_parallel)), "E_LOT_LOCKED");
    approved(scenario, "BKB", id).unwrap();
    registered(scenario, "BKB", id).unwrap();
    let fact = paid(scenario, "BKB", ("BKB", "S3"), cny("783822.71"));
    let disburse = Disburse { financing: id, payout: Payout::Fact(fact) };
    let price = scenario.act("BKB.treasurer+BKB.treasurer2", &disburse).unwrap();
    assert_eq!((price.days, price.discount, price.net), (140, cny("16177.79"), cny("783822.71")));
    (lot, id)
}

#[test]
fn steps_1_to_7_tie_to_the_cent() {
    let Golden { mut scenario, certificate: id, kept_by_s1, at_bka, kept_by_s2, at_bkb, invoices } = played();
    let live = [
        (kept_by_s1, "S1", "800000.00"),
        (at_bka.0, "BKA", "1000000.00"),
        (kept_by_s2, "S2", "2399999.50"),
        (at_bkb.0, "BKB", "800000.50"),
    ];
    let mut sum = cny("0.00");
    for (lot_id, holder, face) in live {
        let lot = lot(&mut scenario, lot_id);
        assert_eq!((lot.holder, lot.unpaid()), (Scenario::id(holder), cny(face)));
        sum = sum.plus(lot.unpaid()).unwrap();
    }
    let root = certificate(&mut scenario, id);
    assert_eq!((sum, root.live, root.face), (cny("5000000.00"), cny("5000000.00"), cny("5000000.00")));
    let all_live = (1..=root.lots).filter(|number| lot(&mut scenario, LotId::of(id, *number)).is_live());
    assert_eq!(all_live.count(), live.len());
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("1000000.00")));
    assert_eq!(line(&mut scenario, "BKB"), (cny("0.00"), cny("800000.50")));
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("5000000.00")));
    assert_eq!(balance(&mut scenario, invoices[0])[1], cny("3600000.00"));
    let penalty = financing(&mut scenario, at_bkb.1).disbursement.unwrap().penalty_rate;
    assert_eq!(penalty, Rate(78_000), "5.20% and half of it");
    scenario.audit();
}
