//! Golden scenario R1, to the cent.

use super::*;
use crate::{
    core::{Query, QueryContext},
    document::fixtures::credit_note,
};
use ::types::Clock;
use std::collections::BTreeSet;

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
    played_with(|_, _, _| ())
}

/// As `played`, with something else on 2026-03-20, when S1 still holds its 800,000.00.
fn played_with(on_march_20: impl FnOnce(&mut Scenario, CertificateId, LotId)) -> Golden {
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

    scenario.move_to("2026-03-20", 9, 0);
    on_march_20(&mut scenario, certificate, parts[0]);
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

/// What SB owes a holder in its account.
fn got(scenario: &mut Scenario, holder: &str, amount: &str) {
    assert_eq!(at_settlement_bank(scenario, holder), cny(amount), "{holder}");
}

/// Principal and penalty of each line of a round, in order.
fn round(scenario: &mut Scenario, id: CertificateId, number: u32) -> Vec<(LotId, Amount, Amount)> {
    let page: PaidPage = scenario.record(&(id, number, 0)).unwrap();
    page.lines.iter().map(|line| (line.lot, line.principal, line.penalty)).collect()
}

/// A new certificate of CORE for S1, drafted: gives what its submission says.
fn new_issue(scenario: &mut Scenario, number: &str) -> Done<()> {
    let invoice = trade(scenario, "S1", "CORE", number, cny("1000.00"));
    let maturity = scenario.time.date().plus_days(90);
    let draft = Draft { maturity, ..draft(cny("1000.00"), &[(invoice, cny("1000.00"))]) };
    let certificate = scenario.act("CORE.maker", &draft).unwrap();
    scenario.act("CORE.maker", &Submit { certificate }).map(|_| ())
}

/// Steps 8 to 10.
#[test]
fn short_payment_default_recourse_and_late_payment_tie_to_the_cent() {
    let Golden { mut scenario, certificate: id, kept_by_s1, at_bka, kept_by_s2, at_bkb, invoices } = played();
    let lots = [kept_by_s1, at_bka.0, kept_by_s2, at_bkb.0];

    // 8. The list of holders, the short payment, the cut-off.
    scenario.move_to("2026-08-27", 17, 0);
    let list: RecordPage = scenario.record(&(id, 0)).unwrap();
    let holders: Vec<(LotId, EnterpriseId)> = list.lines.iter().map(|line| (line.lot, line.holder)).collect();
    let expected = lots.into_iter().zip(["S1", "BKA", "S2", "BKB"].map(Scenario::id));
    assert_eq!(holders, expected.collect::<Vec<_>>());
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("3000000.01")).unwrap();
    scenario.move_to("2026-08-28", 16, 30);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Overdue);
    for (holder, amount) in [("S1", "480000.00"), ("BKA", "600000.00"), ("S2", "1439999.71"), ("BKB", "480000.30")] {
        got(&mut scenario, holder, amount);
    }
    assert_eq!(certificate(&mut scenario, id).live, cny("1999999.99"));
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("400000.00")));
    assert_eq!(line(&mut scenario, "BKB"), (cny("0.00"), cny("320000.20")), "480,000.30 came back");
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("1999999.99")));
    let notices = told::<CertificateDishonored>(&scenario);
    assert!(notices.iter().all(|notice| notice.unpaid == cny("1999999.99")));
    let informed: BTreeSet<EnterpriseId> = notices.iter().flat_map(|notice| notice.concerned.to_vec()).collect();
    for party in ["CORE", "S1", "S2", "S3", "BKA", "BKB"] {
        assert!(informed.contains(&Scenario::id(party)), "{party} is a prior party");
    }
    assert_eq!(name(new_issue(&mut scenario, "INV-3")), "E_ISSUER_SUSPENDED");
    scenario.audit();

    // 9. Default and recourse.
    scenario.move_to("2026-09-14", 9, 0);
    let others = List::default();
    let default = DeclareDefault { certificate: id, ground: DefaultGround::GraceOver, lot: at_bkb.0, others };
    scenario.act("BKB.maker+BKB.checker", &default).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Defaulted);
    let notify = |financing| NotifyRecourse { financing };
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &notify(at_bka.1))), "E_NO_RECOURSE");
    scenario.act("BKB.maker+BKB.checker", &notify(at_bkb.1)).unwrap();
    let fact = paid(&mut scenario, "BKB", ("S3", "BKB"), cny("321178.87"));
    let pay = PayRecourse { financing: at_bkb.1, source: PaymentSource::Fact(fact) };
    let signers = "BKB.maker+BKB.checker+S3.maker+S3.checker";
    assert_eq!(scenario.act(signers, &pay), Ok(cny("321178.87")));
    let recourse: RecoursePaid = scenario.record::<Recourse>(&at_bkb.1).unwrap().paid.unwrap();
    assert_eq!((recourse.principal, recourse.penalty, recourse.days), (cny("320000.20"), cny("1178.67"), 17));
    let bought = lot(&mut scenario, at_bkb.0);
    assert_eq!((bought.holder, bought.status), (Scenario::id("S3"), LotStatus::Recoursed(at_bkb.1)));
    assert_eq!(line(&mut scenario, "BKB"), (cny("0.00"), cny("0.00")));
    assert_eq!(financing(&mut scenario, at_bkb.1).status, FinancingStatus::Recoursed);
    scenario.audit();

    // 10. The rest, with penalty.
    scenario.move_to("2026-10-12", 9, 0);
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    let payoff = PayoffOf { certificate: id, on: None }.answer(&ctx, &mut scenario.state).unwrap();
    assert_eq!((payoff.principal, payoff.penalty), (cny("1999999.99"), cny("11250.00")));
    fund(&mut scenario, id, payoff.to_pay).unwrap();
    let expected = [
        (kept_by_s1, cny("320000.00"), cny("1800.00")),
        (at_bka.0, cny("400000.00"), cny("2250.00")),
        (kept_by_s2, cny("959999.79"), cny("5400.00")),
        (at_bkb.0, cny("320000.20"), cny("1800.00")),
    ];
    assert_eq!(round(&mut scenario, id, 1), expected);
    got(&mut scenario, "S3", "321800.20");
    got(&mut scenario, "BKB", "480000.30");
    assert_eq!(status(&mut scenario, id), CertificateStatus::SettledLate);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(financing(&mut scenario, at_bka.1).status, FinancingStatus::Repaid);
    let settled = settlement(&mut scenario, id);
    assert_eq!((settled.received, settled.penalty_paid), (cny("5011250.00"), cny("11250.00")));
    assert_eq!(suspense(&mut scenario), cny("0.00"));
    assert_eq!(balance(&mut scenario, invoices[0]), [cny("0.00"), cny("0.00"), cny("3600000.00")]);
    assert_eq!(new_issue(&mut scenario, "INV-4"), Ok(()), "the suspension is lifted");
    scenario.audit();
}

#[test]
fn variant_a_full_payment_on_time_settles() {
    let Golden { mut scenario, certificate: id, at_bka, at_bkb, invoices, .. } = played();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("5000000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    for (holder, amount) in [("S1", "800000.00"), ("BKA", "1000000.00"), ("S2", "2399999.50"), ("BKB", "800000.50")] {
        got(&mut scenario, holder, amount);
    }
    for (bank, financing_id) in [("BKA", at_bka.1), ("BKB", at_bkb.1)] {
        assert_eq!(line(&mut scenario, bank), (cny("0.00"), cny("0.00")));
        assert_eq!(financing(&mut scenario, financing_id).status, FinancingStatus::Repaid);
    }
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    assert_eq!(balance(&mut scenario, invoices[1])[2], cny("1400000.00"));
    assert!(told::<CertificateDishonored>(&scenario).is_empty());
    scenario.audit();
}

#[test]
fn variant_b_a_frozen_part_is_cut_out_and_its_cash_waits() {
    let Golden { mut scenario, certificate: id, kept_by_s2, .. } = played();
    scenario.move_to("2026-06-01", 9, 0);
    let freeze = FreezeLot {
        lot: kept_by_s2,
        amount: Some(cny("1000000.00")),
        ground: FreezeGround::Order,
        order: text("(2026) Hu 01 Zhi 7"),
        order_digest: Digest::of(&[b"order"]),
        hours: None,
    };
    let freeze = scenario.act("COURT.maker+COURT.checker", &freeze).unwrap();
    let record: Freeze = scenario.record(&freeze).unwrap();
    assert_eq!(record.amount, cny("1000000.00"));
    let rest = certificate(&mut scenario, id).lots;
    assert_eq!(lot(&mut scenario, LotId::of(id, rest)).face, cny("1399999.50"));
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("5000000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    got(&mut scenario, "S2", "1399999.50");
    assert_eq!(suspense(&mut scenario), cny("1000000.00"));
    scenario.audit();
}

#[test]
fn variant_c_a_credit_note_burns_what_s1_still_holds() {
    let golden = played_with(|scenario, id, kept_by_s1| {
        let invoice = certificate(scenario, id).claims[0].invoice;
        let note = credit_note(invoice, "CN-1", date("2026-03-20"), cny("500000.00"));
        let credit_note = scenario.act("S1.maker", &note).unwrap();
        let cut = Cut { lot: kept_by_s1, amount: cny("500000.00") };
        let act = ReduceMutual { certificate: id, credit_note, cuts: List::new(vec![cut]).unwrap() };
        scenario.act("CORE.maker+CORE.checker+S1.maker+S1.checker", &act).unwrap();
        assert_eq!(certificate(scenario, id).live, cny("4500000.00"));
        assert_eq!(quota(scenario).1, cny("4500000.00"));
    });
    let Golden { mut scenario, certificate: id, .. } = golden;
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("4500000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    got(&mut scenario, "S1", "300000.00");
    scenario.audit();
}

#[test]
fn variant_d_a_credit_note_after_s1_holds_nothing_is_a_counter_claim_only() {
    let golden = played_with(|scenario, id, kept_by_s1| {
        pass_on(scenario, ("S1", "S2"), kept_by_s1, cny("800000.00")).unwrap();
        let invoice = certificate(scenario, id).claims[0].invoice;
        let note = credit_note(invoice, "CN-1", date("2026-03-20"), cny("500000.00"));
        let credit_note = scenario.act("S1.maker", &note).unwrap();
        let lots = certificate(scenario, id).lots;
        let cut = Cut { lot: LotId::of(id, lots), amount: cny("500000.00") };
        let act = ReduceMutual { certificate: id, credit_note, cuts: List::new(vec![cut]).unwrap() };
        let refused = scenario.act("CORE.maker+CORE.checker+S1.maker+S1.checker", &act);
        assert_eq!(name(refused), "E_NOT_HOLDER");
        let raise = RaiseCounterClaim { certificate: id, credit_note, amount: cny("500000.00") };
        let counter_claim = scenario.act("CORE.maker+CORE.checker", &raise).unwrap();
        assert_eq!(scenario.record::<CounterClaim>(&counter_claim).unwrap().left(), cny("500000.00"));
    });
    let Golden { mut scenario, certificate: id, .. } = golden;
    assert_eq!(certificate(&mut scenario, id).live, cny("5000000.00"), "no holder lost anything");
    assert_eq!(quota(&mut scenario).1, cny("5000000.00"));
    scenario.audit();
}

#[test]
fn variant_e_a_red_lettered_invoice_locks_s1_and_nobody_else() {
    let Golden { mut scenario, certificate: id, kept_by_s1, at_bka, kept_by_s2, at_bkb, invoices } = played();
    scenario.move_to("2026-05-05", 9, 0);
    attest(&mut scenario, invoices[0], InvoiceStatus::RedLettered);
    scenario.run_due();
    let alert = told::<AlertRaised>(&scenario).pop().unwrap();
    assert_eq!((alert.rule, alert.severity, alert.invoice), (AlertRule::InvoiceRevoked, 1, Some(invoices[0])));
    let refused = split(&mut scenario, "S1", kept_by_s1, &["400000.00", "400000.00"]);
    assert_eq!(name(refused), "E_LOT_LOCKED");
    for free in [at_bka.0, kept_by_s2, at_bkb.0] {
        assert_eq!(lot(&mut scenario, free).lock, None);
    }
    pass_on(&mut scenario, ("S2", "S3"), kept_by_s2, cny("399999.50")).expect("S2 passes its lot on");
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("5000000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled, "the obligor owes all of it");
    for (holder, amount) in [("S1", "800000.00"), ("BKA", "1000000.00"), ("S2", "2000000.00"), ("S3", "399999.50")] {
        got(&mut scenario, holder, amount);
    }
    scenario.audit();
}

#[test]
fn variant_f_a_cent_too_much_goes_to_suspense_with_an_alert() {
    let Golden { mut scenario, certificate: id, .. } = played();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("5000000.01")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(suspense(&mut scenario), cny("0.01"));
    assert_eq!(told::<AlertRaised>(&scenario).last().unwrap().rule, AlertRule::Overfunded);
    scenario.audit();
}

/// No block is made from the evening before the due day until the Monday after it. The banks pay from the list that was
/// exported; what the chain distributes later is the same, and what is sent twice counts once.
#[test]
fn variant_g_banks_pay_from_the_exported_list_and_the_chain_catches_up() {
    for paid_in in ["5000000.00", "3000000.01"] {
        let Golden { mut scenario, certificate: id, .. } = played();
        scenario.move_to("2026-08-27", 17, 0);
        let ctx = QueryContext { height: scenario.height, time: scenario.time };
        let export = RecordListOf { certificate: id, page: 0 }.answer(&ctx, &mut scenario.state).unwrap();
        let leaves: Vec<Digest> =
            export.page.iter().map(|line| ::types::merkle::leaf(&::types::wire::encode(&line.recorded))).collect();
        assert_eq!(::types::merkle::root(&leaves), export.list_root);
        let weights: Vec<u64> = export.page.iter().map(|line| line.recorded.amount.minor).collect();
        let by_hand = ::types::rate::share_by_largest_remainder(cny(paid_in).minor, &weights).unwrap();

        scenario.clock = Clock::Real;
        scenario.time = date("2026-08-31").at(9, 0);
        scenario.run_due();
        assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
        let fact = attested(&mut scenario, "SB", ("CORE", "SB"), cny(paid_in), date("2026-08-28"));
        let act = Fund { certificate: id, source: PaymentSource::Fact(fact) };
        scenario.act("SB.maker+SB.checker", &act).unwrap();
        scenario.run_due();
        assert!(scenario.act("SB.maker+SB.checker", &act).is_err(), "sent again");
        scenario.run_due();
        scenario.move_to("2026-08-31", 16, 30);
        let on_chain: Vec<u64> = round(&mut scenario, id, 0).iter().map(|(_, principal, _)| principal.minor).collect();
        assert_eq!(on_chain, by_hand);
        assert_eq!(settlement(&mut scenario, id).received, cny(paid_in));
        let expected = if paid_in == "5000000.00" { CertificateStatus::Settled } else { CertificateStatus::Overdue };
        assert_eq!(status(&mut scenario, id), expected);
        scenario.audit();
    }
}
