//! When the money does not come.

use super::*;
use std::collections::BTreeSet;

/// R1's lots, overdue with 3,000,000.01 paid.
fn overdue(scenario: &mut Scenario) -> (CertificateId, [LotId; 4]) {
    let (id, lots) = spread(scenario);
    scenario.move_to("2026-08-28", 9, 0);
    fund(scenario, id, cny("3000000.01")).unwrap();
    scenario.move_to("2026-08-28", 16, 30);
    (id, lots)
}

fn declare(id: CertificateId, lot: LotId, others: &[LotId]) -> DeclareDefault {
    let others = List::new(others.to_vec()).unwrap();
    DeclareDefault { certificate: id, ground: DefaultGround::GraceOver, lot, others }
}

#[test]
fn all_prior_parties_are_told_and_the_obligor_issues_no_more() {
    let mut scenario = consortium();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-9", cny("1000.00"));
    let (id, _) = overdue(&mut scenario);
    let notices = told::<CertificateDishonored>(&scenario);
    let informed: BTreeSet<EnterpriseId> = notices.iter().flat_map(|notice| notice.concerned.to_vec()).collect();
    for party in ["CORE", "S1", "S2", "S3", "SB"] {
        assert!(informed.contains(&Scenario::id(party)), "{party}");
    }
    assert_eq!(notices[0].unpaid, cny("1999999.99"));
    assert_eq!((notices[0].overdue_since, notices[0].grace_ends), (date("2026-08-28"), date("2026-09-11")));
    attest(&mut scenario, invoice, InvoiceStatus::Normal);
    let later = Draft { maturity: date("2026-12-01"), ..draft(cny("1000.00"), &[(invoice, cny("1000.00"))]) };
    let new = scenario.act("CORE.maker", &later).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: new })), "E_ISSUER_SUSPENDED");
    // Paid late, it may issue again.
    fund(&mut scenario, id, cny("1999999.99")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::SettledLate, "on the due day there is no penalty yet");
    scenario.act("CORE.maker", &Submit { certificate: new }).unwrap();
    scenario.audit();
}

#[test]
fn late_money_pays_penalty_first_and_each_lot_its_own() {
    let mut scenario = consortium();
    let (id, lots) = overdue(&mut scenario);
    scenario.move_to("2026-10-12", 9, 0);
    fund(&mut scenario, id, cny("2011249.99")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::SettledLate);
    let page: PaidPage = scenario.record(&(id, 1, 0)).unwrap();
    let paid: Vec<(LotId, Amount, Amount)> =
        page.lines.iter().map(|line| (line.lot, line.principal, line.penalty)).collect();
    // 4.50% for 45 days: 1.5 times the loan prime rate of 3.00%.
    let expected =
        [("320000.00", "1800.00"), ("400000.00", "2250.00"), ("959999.79", "5400.00"), ("320000.20", "1800.00")];
    let expected =
        lots.into_iter().zip(expected).map(|(lot, (principal, penalty))| (lot, cny(principal), cny(penalty)));
    assert_eq!(paid, expected.collect::<Vec<_>>());
    let settled = settlement(&mut scenario, id);
    assert_eq!((settled.principal_paid, settled.penalty_paid), (cny("5000000.00"), cny("11250.00")));
    assert_eq!(settled.received, cny("5011250.00"));
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

#[test]
fn money_that_is_less_than_penalty_and_principal_leaves_principal_that_bears_penalty() {
    let mut scenario = consortium();
    let (id, lots) = overdue(&mut scenario);
    scenario.move_to("2026-09-01", 9, 0);
    // Four days: 1,999,999.99 at 4.50% is 1,000.00, shared 160 / 200 / 480 / 160.
    fund(&mut scenario, id, cny("600.00")).unwrap();
    let page: PaidPage = scenario.record(&(id, 1, 0)).unwrap();
    assert_eq!(page.lines.iter().map(|line| line.penalty.minor).collect::<Vec<_>>(), [9_600, 12_000, 28_800, 9_600]);
    assert!(page.lines.iter().all(|line| line.principal.is_zero()));
    let owed: OpenPage = scenario.record(&(id, 0)).unwrap();
    assert_eq!(owed.lines.iter().map(|line| line.penalty.minor).collect::<Vec<_>>(), [6_400, 8_000, 19_200, 6_400]);
    scenario.move_to("2026-09-05", 9, 0);
    // Four more days: 1,000.00 and the 400.00 from before, and half of the principal.
    fund(&mut scenario, id, cny("1001400.00")).unwrap();
    assert_eq!(settlement(&mut scenario, id).penalty_paid, cny("2000.00"));
    assert_eq!(certificate(&mut scenario, id).live, cny("999999.99"));
    scenario.move_to("2026-09-09", 9, 0);
    // Four days on the half that is left: 500.00.
    fund(&mut scenario, id, cny("1000499.99")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::SettledLate);
    assert_eq!(settlement(&mut scenario, id).excess, cny("0.00"));
    assert!(lots.iter().all(|id| lot(&mut scenario, *id).status == LotStatus::Redeemed));
    scenario.audit();
}

#[test]
fn a_payment_dated_before_the_last_counted_day_counts_no_day_twice() {
    let mut scenario = consortium();
    let (id, _) = overdue(&mut scenario);
    scenario.move_to("2026-09-05", 9, 0);
    fund(&mut scenario, id, cny("10.00")).unwrap();
    let fact = attested(&mut scenario, "SB", ("CORE", "SB"), cny("10.00"), date("2026-09-01"));
    scenario.act("SB.maker+SB.checker", &Fund { certificate: id, source: PaymentSource::Fact(fact) }).unwrap();
    scenario.run_due();
    assert_eq!(settlement(&mut scenario, id).counted_to, Some(date("2026-09-05")));
    let owed: OpenPage = scenario.record(&(id, 0)).unwrap();
    // Eight days: 2,000.00 less the 20.00 paid.
    assert_eq!(owed.lines.iter().map(|line| line.penalty.minor).sum::<u64>(), 198_000);
    scenario.audit();
}

#[test]
fn holders_declare_a_default_when_grace_is_over_and_by_majority() {
    let mut scenario = consortium();
    let (id, [first, second, third, fourth]) = overdue(&mut scenario);
    let other = issued_elsewhere(&mut scenario);
    let s2 = "S2.maker+S2.checker";
    scenario.move_to("2026-09-11", 23, 59);
    assert_eq!(name(scenario.act(s2, &declare(id, third, &[fourth]))), "E_GRACE");
    scenario.move_to("2026-09-12", 0, 0);
    assert_eq!(name(scenario.act("S3.maker+S3.checker", &declare(id, fourth, &[]))), "E_MAJORITY");
    assert_eq!(name(scenario.act(s2, &declare(id, fourth, &[]))), "E_NOT_HOLDER");
    assert_eq!(name(scenario.act(s2, &declare(id, third, &[third]))), "E_LOT_TWICE");
    assert_eq!(name(scenario.act(s2, &declare(id, third, &[other]))), "E_LOT_ELSEWHERE");
    let s1_s3 = "S1.maker+S1.checker+S3.maker+S3.checker";
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &declare(id, first, &[second, fourth]))), "E_THRESHOLD");
    // 320,000.00 + 400,000.00 + 320,000.20 is more than half of 1,999,999.99.
    scenario.act(s1_s3, &declare(id, first, &[second, fourth])).unwrap();
    scenario.run_due();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Defaulted);
    assert!(!told::<CertificateDefaulted>(&scenario).is_empty());
    assert_eq!(name(scenario.act(s2, &declare(id, third, &[]))), "E_ROOT_STATE");
    scenario.audit();
}

/// A lot of another certificate of S2.
fn issued_elsewhere(scenario: &mut Scenario) -> LotId {
    let invoice = trade(scenario, "S2", "CORE2", "INV-E", cny("1000.00"));
    grant_quota(scenario, "CORE2", cny("1000000.00"));
    let draft = Draft {
        creditor: Scenario::id("S2"),
        maturity: date("2026-12-01"),
        ..draft(cny("1000.00"), &[(invoice, cny("1000.00"))])
    };
    let certificate = scenario.act("CORE2.maker", &draft).unwrap();
    scenario.act("CORE2.maker", &Submit { certificate }).unwrap();
    let approve = ApproveIssue { certificate, undertaking: draft.undertaking };
    scenario.act(&checkers("CORE2"), &approve).unwrap();
    scenario.act("S2.maker+S2.checker", &Accept { certificate, consent: consent() }).unwrap()
}

#[test]
fn insolvency_needs_no_grace() {
    let mut scenario = consortium();
    let (id, lots) = overdue(&mut scenario);
    let ground = DefaultGround::Insolvency { evidence: Digest::of(&[b"court decision"]) };
    // S2 holds 959,999.79 of 1,999,999.99: not half.
    let act = DeclareDefault { ground, ..declare(id, lots[2], &[lots[3]]) };
    scenario.act("S2.maker+S2.checker+S3.maker+S3.checker", &act).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Defaulted);
    scenario.audit();
}

#[test]
fn each_holder_gives_up_his_own_and_what_comes_later_goes_to_the_others() {
    let mut scenario = consortium();
    let (id, lots) = overdue(&mut scenario);
    let give_up = |lot| WriteOff { lot, reason: text("hopeless") };
    assert_eq!(name(scenario.act("S3.maker+S3.checker", &give_up(lots[3]))), "E_ROOT_STATE", "not in default yet");
    scenario.move_to("2026-09-14", 9, 0);
    scenario.act("S2.maker+S2.checker+S3.maker+S3.checker", &declare(id, lots[2], &[lots[3]])).unwrap();
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &give_up(lots[3]))), "E_NOT_HOLDER");
    assert_eq!(scenario.act("S3.maker+S3.checker", &give_up(lots[3])), Ok(cny("320000.20")));
    assert_eq!(name(scenario.act("S3.maker+S3.checker", &give_up(lots[3]))), "E_LOT_SPENT");
    assert_eq!(certificate(&mut scenario, id).written_off, cny("320000.20"));
    assert_eq!(quota(&mut scenario).1, cny("1679999.79"));
    scenario.audit();
    fund(&mut scenario, id, cny("500000.00")).unwrap();
    assert_eq!(lot(&mut scenario, lots[3]).paid, cny("480000.30"), "what was given up is not paid");
    scenario.audit();
    for (holder, lot) in [("S1", lots[0]), ("S1", lots[1]), ("S2", lots[2])] {
        scenario.act(&format!("{holder}.maker+{holder}.checker"), &give_up(lot)).unwrap();
    }
    assert_eq!(status(&mut scenario, id), CertificateStatus::WrittenOff);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    assert_eq!(name(fund(&mut scenario, id, cny("1.00"))), "E_ROOT_STATE");
    scenario.audit();
}

#[test]
fn nothing_is_given_up_while_money_is_being_paid() {
    let mut scenario = consortium();
    let (id, lots) = defaulted_by_two(&mut scenario);
    let today = scenario.time.date();
    let fact = attested(&mut scenario, "SB", ("CORE", "SB"), cny("10.00"), today);
    scenario.act("SB.maker+SB.checker", &Fund { certificate: id, source: PaymentSource::Fact(fact) }).unwrap();
    // The round is planned, but its page is not paid yet.
    let item = crate::core::due::take(&mut scenario.state, scenario.time).unwrap().unwrap();
    scenario.door(|ctx, state| crate::run_due(ctx, &item, state)).unwrap();
    assert_eq!(settlement(&mut scenario, id).phase, SettlementPhase::Paying(0));
    let give_up = WriteOff { lot: lots[3], reason: text("hopeless") };
    assert_eq!(name(scenario.act("S3.maker+S3.checker", &give_up)), "E_SETTLING");
    scenario.run_due();
    scenario.act("S3.maker+S3.checker", &give_up).unwrap();
    scenario.audit();
}

fn defaulted_by_two(scenario: &mut Scenario) -> (CertificateId, [LotId; 4]) {
    let (id, lots) = overdue(scenario);
    scenario.move_to("2026-09-14", 9, 0);
    scenario.act("S2.maker+S2.checker+S3.maker+S3.checker", &declare(id, lots[2], &[lots[3]])).unwrap();
    scenario.run_due();
    (id, lots)
}
