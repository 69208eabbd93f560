//! Lots that are financed below their face: what is held back, and who gets it.

use super::super::rules::advance::share;
use super::*;
use crate::core::{Query, QueryContext};

const FACE: &str = "1000000.00";
const BKA: &str = "BKA.maker+BKA.checker";
const BOTH: &str = "BKA.maker+BKA.checker+S1.maker+S1.checker";

/// Four fifths at 4.50%, fees of 1,000.00.
fn four_fifths(scenario: &Scenario) -> QuoteTerms {
    QuoteTerms { advance_share: Some(Rate(800_000)), fees: cny("1000.00"), ..terms(scenario, 45_000) }
}

/// S1's application to BKA on its whole lot, and what BKA answers.
fn quoted(scenario: &mut Scenario, lot: LotId, kind: FinancingKind, terms: QuoteTerms) -> Done<FinancingId> {
    let apply = application(scenario, lot, cny(FACE), kind, &["BKA"]);
    let financing = scenario.act(&all("S1"), &apply).unwrap();
    scenario.act(&all("BKA"), &GiveQuote { financing, offer: Offer::Open(terms) })?;
    Ok(financing)
}

fn accept(scenario: &mut Scenario, financing: FinancingId) -> Done<()> {
    let terms = four_fifths(scenario);
    scenario.act(&all("S1"), &AcceptQuote { financing, bank: Scenario::id("BKA"), terms })
}

fn disbursed(scenario: &mut Scenario, financing: FinancingId) {
    approved(scenario, "BKA", financing).unwrap();
    registered(scenario, "BKA", financing).unwrap();
    let fact = paid(scenario, "BKA", ("BKA", "S1"), cny("800000.00"));
    let act = Disburse { financing, payout: Payout::Fact(fact) };
    let price = scenario.act("BKA.treasurer+BKA.treasurer2", &act).unwrap();
    assert_eq!((price.net, price.holdback, price.discount), (cny("800000.00"), cny("200000.00"), cny("17900.00")));
}

/// BKA has advanced S1 800,000.00 on CORE's 1,000,000.00, due on 2026-08-28.
fn world_with(backing: Backing) -> (Scenario, CertificateId, LotId, FinancingId) {
    let mut scenario = consortium();
    grant_cover(&mut scenario, "CORE", cny(FACE));
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny(FACE));
    let draft = Draft { backing, ..draft(cny(FACE), &[(invoice, cny(FACE))]) };
    let (certificate, lot) = issue(&mut scenario, &draft).unwrap();
    let terms = four_fifths(&scenario);
    let financing = quoted(&mut scenario, lot, FinancingKind::RecourseToSeller, terms).unwrap();
    accept(&mut scenario, financing).unwrap();
    disbursed(&mut scenario, financing);
    scenario.audit();
    (scenario, certificate, lot, financing)
}

fn world() -> (Scenario, CertificateId, LotId, FinancingId) {
    world_with(Backing::Corporate)
}

/// In default on 2026-09-14, after CORE has paid `first` on the due day.
fn in_default(backing: Backing, first: Option<&str>) -> (Scenario, CertificateId, LotId, FinancingId) {
    let (mut scenario, certificate, lot, financing) = world_with(backing);
    scenario.move_to("2026-08-28", 9, 0);
    if let Some(first) = first {
        fund(&mut scenario, certificate, cny(first)).unwrap();
    }
    scenario.move_to("2026-09-14", 9, 0);
    let default = DeclareDefault { certificate, ground: DefaultGround::GraceOver, lot, others: List::default() };
    scenario.act(BKA, &default).unwrap();
    scenario.run_due();
    (scenario, certificate, lot, financing)
}

fn advance(scenario: &mut Scenario, id: FinancingId) -> Advance {
    scenario.record(&id).unwrap()
}

/// What BKA and S1 have in their accounts at SB.
fn got(scenario: &mut Scenario) -> [Amount; 2] {
    [at_settlement_bank(scenario, "BKA"), at_settlement_bank(scenario, "S1")]
}

fn costs(financing: FinancingId, amount: &str) -> StateCosts {
    let evidence = Digest::of(&[b"bills"]);
    StateCosts { financing, amount: cny(amount), evidence, reason: text("court fees") }
}

#[test]
fn on_time_the_seller_gets_face_less_advance_interest_and_fees() {
    let (mut scenario, certificate, lot_id, id) = world();
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny(FACE)), "CORE owes BKA the whole lot");
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    let view = AdvanceOf { financing: id, on: None }.answer(&ctx, &mut scenario.state).unwrap();
    assert_eq!((view.to_pay, view.release), (cny("818900.00"), cny("181100.00")));
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, certificate, cny(FACE)).unwrap();
    assert_eq!(got(&mut scenario), [cny("818900.00"), cny("181100.00")]);
    let closed = advance(&mut scenario, id);
    assert_eq!((closed.status, closed.released), (AdvanceStatus::Closed, cny("181100.00")));
    let paid = told::<LotPaid>(&scenario).pop().unwrap();
    assert_eq!((paid.principal, paid.released), (cny(FACE), cny("181100.00")));
    assert!(paid.parties().contains(&Scenario::id("S1")), "the seller is told");
    assert_eq!(lot(&mut scenario, lot_id).status, LotStatus::Redeemed);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

#[test]
fn late_money_pays_fees_interest_penalty_and_the_advance_before_the_seller() {
    let (mut scenario, certificate, _, id) = world();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, certificate, cny("600000.00")).unwrap();
    scenario.move_to("2026-08-28", 16, 30);
    let open = advance(&mut scenario, id);
    assert_eq!((open.paid.fees, open.paid.interest), (cny("1000.00"), cny("17900.00")));
    assert_eq!((open.owed.principal, open.released), (cny("218900.00"), cny("0.00")));
    assert_eq!(got(&mut scenario), [cny("600000.00"), cny("0.00")]);
    scenario.audit();
    // CORE's penalty: 4.50% of 400,000.00 for 45 days, 2,250.00. S1's: 6.75% of 218,900.00, 1,846.96875 half up.
    scenario.move_to("2026-10-12", 9, 0);
    fund(&mut scenario, certificate, cny("402250.00")).unwrap();
    let closed = advance(&mut scenario, id);
    assert_eq!((closed.status, closed.paid.penalty), (AdvanceStatus::Closed, cny("1846.97")));
    assert_eq!(got(&mut scenario), [cny("820746.97"), cny("181503.03")]);
    scenario.audit();
}

#[test]
fn the_seller_buys_its_lot_back_for_what_it_owes_and_has_the_rest() {
    let (mut scenario, certificate, lot_id, id) = in_default(Backing::Corporate, Some("600000.00"));
    scenario.act(BKA, &NotifyRecourse { financing: id }).unwrap();
    assert_eq!(told::<RecourseNotified>(&scenario)[0].principal, cny("218900.00"));
    scenario.act(BKA, &costs(id, "500.00")).unwrap();
    assert!(told::<CostsStated>(&scenario)[0].parties().contains(&Scenario::id("S1")));
    // 218,900.00 + 6.75% of it for 17 days, 697.74, + 500.00.
    let short = paid(&mut scenario, "BKA", ("S1", "BKA"), cny("219597.74"));
    let pay = |fact| PayRecourse { financing: id, source: PaymentSource::Fact(fact) };
    assert_eq!(name(scenario.act(BOTH, &pay(short))), "E_NET_MISMATCH", "the costs are missing");
    let fact = paid(&mut scenario, "BKA", ("S1", "BKA"), cny("220097.74"));
    assert_eq!(scenario.act(BOTH, &pay(fact)), Ok(cny("220097.74")));
    let paid: RecoursePaid = scenario.record::<Recourse>(&id).unwrap().paid.unwrap();
    assert_eq!((paid.principal, paid.penalty, paid.costs), (cny("218900.00"), cny("697.74"), cny("500.00")));
    let back = lot(&mut scenario, lot_id);
    assert_eq!((back.holder, back.unpaid()), (Scenario::id("S1"), cny("400000.00")));
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    scenario.audit();
    scenario.move_to("2026-10-12", 9, 0);
    fund(&mut scenario, certificate, cny("402250.00")).unwrap();
    assert_eq!(got(&mut scenario), [cny("600000.00"), cny("402250.00")]);
    scenario.audit();
}

#[test]
fn a_discounted_lot_is_bought_back_with_the_costs_too() {
    let mut scenario = consortium();
    let (certificate, root) = issued(&mut scenario, "INV-1", cny("10000.00"));
    let how = (FinancingKind::RecourseToSeller, 45_000);
    let (financing, _) = financed(&mut scenario, ("S1", "BKA"), (root, cny("10000.00")), how).unwrap();
    scenario.move_to("2026-09-14", 9, 0);
    let default = DeclareDefault { certificate, ground: DefaultGround::GraceOver, lot: root, others: List::default() };
    scenario.act(BKA, &default).unwrap();
    scenario.run_due();
    scenario.act(BKA, &NotifyRecourse { financing }).unwrap();
    scenario.act(BKA, &costs(financing, "80.00")).unwrap();
    scenario.act(BKA, &costs(financing, "20.00")).unwrap();
    // 10,000.00 + 6.75% for 17 days, 31.875 half up, + 100.00.
    let fact = paid(&mut scenario, "BKA", ("S1", "BKA"), cny("10131.88"));
    let pay = PayRecourse { financing, source: PaymentSource::Fact(fact) };
    assert_eq!(scenario.act(BOTH, &pay), Ok(cny("10131.88")));
    scenario.audit();
}

#[test]
fn what_the_obligors_money_leaves_short_is_a_claim_on_the_seller() {
    let (mut scenario, certificate, _, id) = in_default(Backing::Corporate, None);
    let none = PayShortfall { financing: id, source: PaymentSource::Fact(money::CashFactId::default()) };
    assert_eq!(name(scenario.act(BOTH, &none)), "E_NO_SHORTFALL");
    scenario.act(BKA, &costs(id, "300000.00")).unwrap();
    scenario.move_to("2026-10-12", 9, 0);
    fund(&mut scenario, certificate, cny("1005625.00")).unwrap();
    // Owed: 300,000.00 + 1,000.00 + 17,900.00 + 6.75% of 800,000.00 for 45 days, 6,750.00, + 800,000.00.
    let short = advance(&mut scenario, id);
    assert_eq!((short.status, short.owed.principal), (AdvanceStatus::Short, cny("120025.00")));
    assert_eq!(short.owed.sum(), Ok(cny("120025.00")));
    assert_eq!(told::<ShortfallRaised>(&scenario)[0].amount, cny("120025.00"));
    assert_eq!(financing(&mut scenario, id).status, FinancingStatus::Repaid);
    assert_eq!(got(&mut scenario), [cny("1005625.00"), cny("0.00")]);
    scenario.audit();
    // Thirty days later 675.140625 has come to it.
    scenario.move_to("2026-11-11", 9, 0);
    let mut pay = |amount: &str, signers: &str| {
        let fact = paid(&mut scenario, "BKA", ("S1", "BKA"), cny(amount));
        scenario.act(signers, &PayShortfall { financing: id, source: PaymentSource::Fact(fact) })
    };
    assert_eq!(name(pay("120025.00", BOTH)), "E_NET_MISMATCH");
    assert_eq!(name(pay("120700.14", BKA)), "E_THRESHOLD");
    assert_eq!(name(pay("120700.14", "BKB.maker+BKB.checker+S1.maker+S1.checker")), "E_NOT_PARTY");
    assert_eq!(pay("120700.14", BOTH), Ok(cny("120700.14")));
    assert_eq!(name(pay("120700.14", BOTH)), "E_NO_SHORTFALL");
    let zero = PaymentSource::Tokens { account: account(&mut scenario, "BKA", "S1"), amount: cny("0.00") };
    assert_eq!(name(scenario.act(BOTH, &PayShortfall { financing: id, source: zero })), "E_AMOUNT_ZERO");
    assert_eq!(advance(&mut scenario, id).status, AdvanceStatus::Closed);
    scenario.audit();
}

#[test]
fn on_a_frozen_lot_both_parts_wait() {
    let (mut scenario, certificate, lot, id) = world();
    let (order, order_digest) = (text("order 1"), Digest::of(&[b"order"]));
    let by_clause = FreezeLot {
        lot,
        amount: None,
        ground: FreezeGround::Contract,
        order: order.clone(),
        order_digest,
        hours: None,
    };
    scenario.act(BKA, &by_clause).unwrap();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, certificate, cny("900000.00")).unwrap();
    scenario.move_to("2026-08-31", 9, 0);
    let by_court = FreezeLot { ground: FreezeGround::Order, ..by_clause };
    let freeze = scenario.act("COURT.maker+COURT.checker", &by_court).unwrap();
    assert_eq!(got(&mut scenario), [cny("0.00"), cny("0.00")]);
    // 81,100.00 beyond what BKA is owed, which went over to the court's freeze.
    let waits: Freeze = scenario.record(&freeze).unwrap();
    assert_eq!((waits.suspense, waits.for_seller.unwrap().amount), (cny("900000.00"), cny("81100.00")));
    scenario.audit();
    // CORE's penalty for three days: 4.50% of 100,000.00, 37.50.
    fund(&mut scenario, certificate, cny("100037.50")).unwrap();
    assert_eq!(advance(&mut scenario, id).status, AdvanceStatus::Closed);
    scenario.audit();
    scenario.act("COURT.maker+COURT.checker", &Unfreeze { freeze, order }).unwrap();
    assert_eq!(got(&mut scenario), [cny("818900.00"), cny("181137.50")]);
    scenario.audit();
}

#[test]
fn a_lot_that_is_sold_on_takes_its_account_along() {
    let (mut scenario, certificate, _, financing) = world();
    let price = cny("805000.00");
    let fact = paid(&mut scenario, "BKA", ("BKB", "BKA"), price);
    let (buyer, connector) = (Scenario::id("BKB"), Scenario::id("REGISTRY"));
    let act = Refinance { financing, buyer, price, fact, amendment: text("ZD-A1"), connector };
    scenario.act(&format!("{}+BKB.maker+BKB.checker+REGISTRY.maker", all("BKA")), &act).unwrap();
    scenario.audit();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, certificate, cny(FACE)).unwrap();
    assert_eq!(at_settlement_bank(&mut scenario, "BKB"), cny("818900.00"));
    assert_eq!(got(&mut scenario), [cny("0.00"), cny("181100.00")]);
    scenario.audit();
}

#[test]
fn an_advance_is_a_real_share_with_recourse_and_leaves_its_costs_in_what_is_held_back() {
    let mut scenario = consortium();
    let (_, lot) = issued(&mut scenario, "INV-1", cny(FACE));
    let good = four_fifths(&scenario);
    let refused = |kind, terms| name(quoted(&mut scenario.clone(), lot, kind, terms));
    assert_eq!(refused(FinancingKind::NonRecourse, good.clone()), "E_QUOTE_FORM");
    for share in [0, 1_000_000, 1_000_001] {
        let terms = QuoteTerms { advance_share: Some(Rate(share)), ..good.clone() };
        assert_eq!(refused(FinancingKind::RecourseToSeller, terms), "E_QUOTE_FORM");
    }
    let nearly_all = QuoteTerms { advance_share: Some(Rate(990_000)), ..good };
    assert_eq!(refused(FinancingKind::RecourseToSeller, nearly_all), "E_NET_NEGATIVE");
}

#[test]
fn costs_are_stated_by_the_bank_after_the_default_where_the_seller_answers() {
    let (mut scenario, _, _, id) = world();
    assert_eq!(name(scenario.act(BKA, &costs(id, "1.00"))), "E_ROOT_STATE");
    let (mut scenario, _, _, id) = in_default(Backing::Corporate, None);
    assert_eq!(name(scenario.act(BKA, &costs(id, "0.00"))), "E_AMOUNT_ZERO");
    assert_eq!(name(scenario.act("BKB.maker+BKB.checker", &costs(id, "1.00"))), "E_NOT_PARTY");
    assert_eq!(name(scenario.act(BKA, &costs(FinancingId::default(), "1.00"))), "E_RECORD_UNKNOWN");
    let mut without = financing(&mut scenario, id);
    without.kind = FinancingKind::NonRecourse;
    without.store(&mut scenario.state, &id);
    assert_eq!(name(scenario.act(BKA, &costs(id, "1.00"))), "E_NO_RECOURSE");
}

#[test]
fn a_bank_gives_up_the_sellers_part_only_with_the_seller() {
    let (mut scenario, _, lot, id) = in_default(Backing::Corporate, None);
    let give_up = WriteOff { lot, reason: text("hopeless") };
    assert_eq!(name(scenario.act(BKA, &give_up)), "E_THRESHOLD");
    scenario.act(BOTH, &give_up).unwrap();
    assert_eq!(advance(&mut scenario, id).status, AdvanceStatus::WrittenOff);
    scenario.audit();
}

#[test]
fn a_lot_with_a_part_of_the_seller_is_not_claimed_on_the_guarantor() {
    let (mut scenario, _, lot, id) = in_default(Backing::Guarantor(Scenario::id("GUAR")), None);
    assert_eq!(name(scenario.act(BKA, &ClaimGuarantee { lot })), "E_HELD_BACK");
    scenario.act(BKA, &NotifyRecourse { financing: id }).unwrap();
    // 800,000.00 + 1,000.00 + 17,900.00 + 6.75% for 17 days, 2,550.00.
    let fact = paid(&mut scenario, "BKA", ("S1", "BKA"), cny("821450.00"));
    scenario.act(BOTH, &PayRecourse { financing: id, source: PaymentSource::Fact(fact) }).unwrap();
    scenario.act("S1.maker+S1.checker", &ClaimGuarantee { lot }).unwrap();
    scenario.audit();
}

#[test]
fn with_recourse_the_banks_line_on_the_seller_is_used_where_it_has_one() {
    let mut scenario = consortium();
    let (certificate, lot) = issued(&mut scenario, "INV-1", cny(FACE));
    grant_line(&mut scenario, "BKA", "S1", cny("799999.99"));
    let own = |scenario: &mut Scenario| {
        let key = (Scenario::id("BKA"), Scenario::id("S1"), Currency::CNY);
        let line: BankLine = scenario.record(&key).unwrap();
        (line.blocked, line.utilised)
    };
    let (_, other) = issued(&mut scenario, "INV-2", cny(FACE));
    accepted(&mut scenario, ("S1", "BKA"), (other, cny(FACE)), (FinancingKind::NonRecourse, 45_000)).unwrap();
    assert_eq!(own(&mut scenario), (cny("0.00"), cny("0.00")), "without recourse credit passes for free");
    let terms = four_fifths(&scenario);
    let id = quoted(&mut scenario, lot, FinancingKind::RecourseToSeller, terms).unwrap();
    assert_eq!(name(accept(&mut scenario, id)), "E_LINE_INSUFFICIENT");
    let (obligor, sanctioned, remark) = (Scenario::id("S1"), cny("800000.00"), text("memo"));
    let more = crate::credit::ChangeLine { obligor, sanctioned, ad_hoc: None, expires: date("2027-12-31"), remark };
    scenario.act("BKA.maker+BKA.risk", &more).unwrap();
    accept(&mut scenario, id).unwrap();
    assert_eq!(own(&mut scenario), (cny("800000.00"), cny("0.00")));
    scenario.act(&all("S1"), &CancelFinancing { financing: id, reason: text("no") }).unwrap();
    assert_eq!(own(&mut scenario), (cny("0.00"), cny("0.00")));
    let terms = four_fifths(&scenario);
    let id = quoted(&mut scenario, lot, FinancingKind::RecourseToSeller, terms).unwrap();
    accept(&mut scenario, id).unwrap();
    disbursed(&mut scenario, id);
    assert_eq!(own(&mut scenario), (cny("0.00"), cny("800000.00")));
    scenario.audit();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, certificate, cny(FACE)).unwrap();
    assert_eq!(own(&mut scenario), (cny("0.00"), cny("0.00")));
}

#[test]
fn parts_are_paid_in_order_and_nothing_is_lost() {
    let mut seed = 0x5EED_0004_u64;
    let mut below = |end: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        Currency::CNY.minor(seed % end)
    };
    for _ in 0..50_000 {
        let (costs, fees, interest) = (below(100), below(100), below(1_000));
        let owed = AdvanceParts { costs, fees, interest, penalty: below(300), principal: below(10_000) };
        let money = below(13_000);
        let (paid, left) = share(&owed, money).unwrap();
        assert_eq!(paid.sum().unwrap().plus(left).unwrap(), money);
        let list = |parts: AdvanceParts| [parts.costs, parts.fees, parts.interest, parts.penalty, parts.principal];
        let mut before_are_paid = true;
        for (paid, owed) in list(paid).into_iter().zip(list(owed)) {
            assert!(paid.minor <= owed.minor && (before_are_paid || paid.is_zero()), "{owed:?} {money}: {paid:?}");
            before_are_paid &= paid == owed;
        }
        assert!(left.is_zero() || before_are_paid, "the seller comes last");
    }
}

#[test]
fn audit_sees_an_advance_that_does_not_add_up() {
    let broken = |break_it: fn(&mut Advance)| {
        let (mut scenario, _, _, id) = world();
        let mut record = advance(&mut scenario, id);
        break_it(&mut record);
        record.store(&mut scenario.state, &id);
        let mut laws: Vec<_> = crate::audit(&scenario.state).0.into_iter().map(|found| found.law).collect();
        laws.dedup();
        laws
    };
    assert_eq!(broken(|record| record.owed.principal = cny("799999.99")), ["ADVANCE"]);
    assert_eq!(broken(|record| record.released = cny("0.01")), ["ADVANCE"]);
    assert_eq!(broken(|record| record.status = AdvanceStatus::Short), ["ADVANCE"]);
    assert_eq!(broken(|record| record.seller = Scenario::id("S2")), ["I17"]);
}
