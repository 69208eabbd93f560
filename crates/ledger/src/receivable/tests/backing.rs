//! Certificates that a bank's line backs for life.

use super::*;

const FACE: &str = "10000.00";

/// CORE's draft over 10,000.00 that BKA backs.
fn backed(scenario: &mut Scenario, number: &str) -> Draft {
    let invoice = trade(scenario, "S1", "CORE", number, cny(FACE));
    Draft { backing: Backing::Bank(Scenario::id("BKA")), ..draft(cny(FACE), &[(invoice, cny(FACE))]) }
}

/// It lives, whole in S1's hands.
fn world() -> (Scenario, CertificateId, LotId) {
    let mut scenario = consortium();
    let draft = backed(&mut scenario, "INV-1");
    let (id, lot) = issue(&mut scenario, &draft).unwrap();
    (scenario, id, lot)
}

fn is(scenario: &mut Scenario, bank: &str, expected: [&str; 4]) {
    assert_eq!(whole_line(scenario, bank), expected.map(cny), "blocked, earmarked, reserved, utilised of {bank}");
}

#[test]
fn the_line_is_blocked_at_submission_and_reserved_at_acceptance_and_its_bank_signs() {
    let mut scenario = consortium();
    let draft = backed(&mut scenario, "INV-1");
    let certificate = scenario.act("CORE.maker", &draft).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "0.00", "0.00"]);
    scenario.act("CORE.maker", &Submit { certificate }).unwrap();
    is(&mut scenario, "BKA", ["10000.00", "0.00", "0.00", "0.00"]);
    assert_eq!(quota(&mut scenario), (cny(FACE), cny("0.00")), "the quota is used besides");
    let approve = ApproveIssue { certificate, undertaking: undertaking() };
    assert_eq!(name(scenario.act(&checkers("CORE"), &approve)), "E_THRESHOLD");
    let other = format!("{}+BKB.maker+BKB.checker", checkers("CORE"));
    assert_eq!(name(scenario.act(&other, &approve)), "E_THRESHOLD");
    scenario.act(&format!("{}+BKA.maker+BKA.checker", checkers("CORE")), &approve).unwrap();
    scenario.act("S1.maker+S1.checker", &Accept { certificate, consent: consent() }).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "10000.00", "0.00"]);
    scenario.audit();
}

#[test]
fn what_nobody_accepts_gives_the_line_back() {
    let mut scenario = consortium();
    for end in 0..3 {
        let draft = backed(&mut scenario, &format!("INV-{end}"));
        let certificate = offered(&mut scenario, &draft).unwrap();
        is(&mut scenario, "BKA", ["10000.00", "0.00", "0.00", "0.00"]);
        let reason = text("no");
        match end {
            0 => scenario.act("S1.maker+S1.checker", &Decline { certificate, reason }).unwrap(),
            1 => scenario.act("CORE.checker", &Withdraw { certificate, reason }).unwrap(),
            _ => scenario.move_to("2026-03-20", 9, 0),
        }
        is(&mut scenario, "BKA", ["0.00", "0.00", "0.00", "0.00"]);
    }
    scenario.audit();
}

#[test]
fn a_line_backs_no_more_than_it_has_and_nothing_that_matures_after_it() {
    let mut scenario = Scenario::new();
    grant_quota(&mut scenario, "CORE", cny("60000000.00"));
    let draft = backed(&mut scenario, "INV-1");
    let certificate = scenario.act("CORE.maker", &draft).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate })), "E_LINE_CCY", "BKA has no line yet");
    grant_line(&mut scenario, "BKA", "CORE", cny("9999.99"));
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate })), "E_LINE_INSUFFICIENT");
    let (obligor, sanctioned, remark) = (Scenario::id("CORE"), cny("20000.00"), text("memo"));
    let short = crate::credit::ChangeLine { obligor, sanctioned, ad_hoc: None, expires: date("2026-08-27"), remark };
    scenario.act("BKA.maker+BKA.risk", &short).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate })), "E_LINE_EXPIRED");
    let by_supplier = Draft { backing: Backing::Bank(Scenario::id("S2")), ..draft };
    assert_eq!(name(scenario.act("CORE.maker", &by_supplier)), "E_PARTY_ROLE");
    scenario.audit();
}

#[test]
fn a_quote_of_the_bank_that_backs_is_earmarked_and_drawn_out_of_the_reserve() {
    let (mut scenario, _, root) = world();
    let how = (FinancingKind::NonRecourse, 45_000);
    let financing = accepted(&mut scenario, ("S1", "BKA"), (root, cny("4000.00")), how).unwrap();
    is(&mut scenario, "BKA", ["0.00", "4000.00", "10000.00", "0.00"]);
    scenario.audit();
    scenario.act("S1.maker+S1.checker", &CancelFinancing { financing, reason: text("no") }).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "10000.00", "0.00"]);
    let lot = LotId::of(lot(&mut scenario, root).certificate, 2);
    financed(&mut scenario, ("S1", "BKA"), (lot, cny("4000.00")), how).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "6000.00", "4000.00"]);
    scenario.audit();
}

#[test]
fn a_quote_of_the_bank_that_backs_needs_no_line_that_holds_still() {
    let (mut scenario, _, root) = world();
    let close = crate::credit::CloseLine { obligor: Scenario::id("CORE"), currency: Currency::CNY, remark: text("x") };
    scenario.act("BKA.maker+BKA.risk", &close).unwrap();
    let how = (FinancingKind::NonRecourse, 45_000);
    financed(&mut scenario, ("S1", "BKA"), (root, cny(FACE)), how).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "0.00", "10000.00"]);
    scenario.audit();
}

#[test]
fn another_bank_uses_its_own_line_and_what_it_sells_on_draws_the_reserve() {
    let (mut scenario, id, root) = world();
    let how = (FinancingKind::NonRecourse, 45_000);
    let (financing, _) = financed(&mut scenario, ("S1", "BKB"), (root, cny("4000.00")), how).unwrap();
    is(&mut scenario, "BKB", ["0.00", "0.00", "0.00", "4000.00"]);
    is(&mut scenario, "BKA", ["0.00", "0.00", "10000.00", "0.00"]);
    let mut sell = |from: &str, to: &str, amendment: &str| {
        let price = cny("3950.00");
        let fact = paid(&mut scenario, from, (to, from), price);
        let (buyer, connector) = (Scenario::id(to), Scenario::id("REGISTRY"));
        let act = Refinance { financing, buyer, price, fact, amendment: text(amendment), connector };
        scenario.act(&format!("{}+{to}.maker+{to}.checker+REGISTRY.maker", all(from)), &act).unwrap();
        scenario.audit();
        [whole_line(&mut scenario, "BKA"), whole_line(&mut scenario, "BKB")]
    };
    let lines = |a: [&str; 4], b: [&str; 4]| [a.map(cny), b.map(cny)];
    let expected = lines(["0.00", "0.00", "6000.00", "4000.00"], ["0.00", "0.00", "0.00", "0.00"]);
    assert_eq!(sell("BKB", "BKA", "ZD-A1"), expected);
    let expected = lines(["0.00", "0.00", "10000.00", "0.00"], ["0.00", "0.00", "0.00", "4000.00"]);
    assert_eq!(sell("BKA", "BKB", "ZD-A2"), expected);
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny(FACE)).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "0.00", "0.00"]);
    is(&mut scenario, "BKB", ["0.00", "0.00", "0.00", "0.00"]);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

#[test]
fn what_is_reduced_set_off_and_canceled_is_reserved_no_longer() {
    let (mut scenario, certificate, root) = world();
    let claim = super::certificate(&mut scenario, certificate).claims[0].invoice;
    let today = scenario.time.date();
    let paper = crate::document::fixtures::credit_note(claim, "CN-1", today, cny("1000.00"));
    let credit_note = scenario.act("S1.maker", &paper).unwrap();
    let cuts = List::new(vec![Cut { lot: root, amount: cny("1000.00") }]).unwrap();
    let both = "CORE.maker+CORE.checker+S1.maker+S1.checker";
    scenario.act(both, &ReduceMutual { certificate, credit_note, cuts }).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "9000.00", "0.00"]);
    let invoice = trade(&mut scenario, "CORE", "S1", "INV-C", cny("2000.00"));
    let (lot, amount) = (LotId::of(certificate, 3), cny("2000.00"));
    let holder_first = "S1.maker+S1.checker+CORE.maker+CORE.checker";
    scenario.act(holder_first, &SetOff { lot, amount, claims: claims(&[(invoice, amount)]) }).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "7000.00", "0.00"]);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("7000.00")));
    scenario.audit();
    let draft = backed(&mut scenario, "INV-2");
    let (certificate, _) = issue(&mut scenario, &draft).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "17000.00", "0.00"]);
    scenario.act(both, &CancelMutual { certificate, reason: text("returned") }).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "7000.00", "0.00"]);
    scenario.audit();
}

#[test]
fn recourse_returns_the_lot_to_the_reserve_until_it_is_paid_or_given_up() {
    let (mut scenario, certificate, root) = world();
    let how = (FinancingKind::RecourseToSeller, 45_000);
    let (financing, _) = financed(&mut scenario, ("S1", "BKA"), (root, cny("4000.00")), how).unwrap();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, certificate, cny("1000.00")).unwrap();
    scenario.move_to("2026-09-14", 9, 0);
    is(&mut scenario, "BKA", ["0.00", "0.00", "5400.00", "3600.00"]);
    let lot = LotId::of(certificate, 2);
    let default = DeclareDefault { certificate, ground: DefaultGround::GraceOver, lot, others: List::default() };
    scenario.act("BKA.maker+BKA.checker", &default).unwrap();
    scenario.run_due();
    scenario.act("BKA.maker+BKA.checker", &NotifyRecourse { financing }).unwrap();
    // 3,600.00 at 6.75% for 17 days of 360: 11.475, half up.
    let fact = paid(&mut scenario, "BKA", ("S1", "BKA"), cny("3611.48"));
    let pay = PayRecourse { financing, source: PaymentSource::Fact(fact) };
    scenario.act("BKA.maker+BKA.checker+S1.maker+S1.checker", &pay).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "9000.00", "0.00"]);
    scenario.audit();
    scenario.act("S1.maker+S1.checker", &WriteOff { lot, reason: text("hopeless") }).unwrap();
    is(&mut scenario, "BKA", ["0.00", "0.00", "5400.00", "0.00"]);
    scenario.audit();
}

#[test]
fn a_bank_that_backs_a_certificate_cannot_leave_before_it_is_paid() {
    let (mut scenario, id, _) = world();
    let open = |scenario: &mut Scenario| {
        scenario
            .record::<crate::enterprise::Obligations>(&Scenario::id("BKA"))
            .map_or(0, |obligations| obligations.open)
    };
    assert_eq!(open(&mut scenario), 1);
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny(FACE)).unwrap();
    assert_eq!(open(&mut scenario), 0);
}

#[test]
fn audit_sees_a_reserve_that_is_too_small() {
    let (mut scenario, _, _) = world();
    let key = (Scenario::id("BKA"), Scenario::id("CORE"), Currency::CNY);
    let mut line: BankLine = scenario.record(&key).unwrap();
    line.reserved = cny("9999.99");
    line.store(&mut scenario.state, &key);
    let laws: Vec<_> = crate::audit(&scenario.state).0.into_iter().map(|found| found.law).collect();
    assert_eq!(laws, ["I9"]);
}
