//! From the maturity call to the last cent.

use super::*;
use crate::money::CashFactId;
use ::types::{Clock, merkle, wire};

fn paid(scenario: &mut Scenario, lots: &[LotId]) -> Vec<Amount> {
    lots.iter().map(|id| lot(scenario, *id).paid).collect()
}

#[test]
fn money_on_time_pays_every_holder_in_full_and_frees_quota_and_invoices() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    scenario.move_to("2026-08-28", 10, 0);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
    assert_eq!(quota(&mut scenario).1, cny("5000000.00"));
    fund(&mut scenario, id, cny("5000000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    for id in lots {
        assert_eq!(lot(&mut scenario, id).status, LotStatus::Redeemed);
    }
    for (holder, amount) in [("S1", "1800000.00"), ("S2", "2399999.50"), ("S3", "800000.50")] {
        assert_eq!(at_settlement_bank(&mut scenario, holder), cny(amount));
    }
    assert_eq!(suspense(&mut scenario), cny("0.00"));
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    let invoice = certificate(&mut scenario, id).claims[0].invoice;
    assert_eq!(balance(&mut scenario, invoice), [cny("0.00"), cny("0.00"), cny("5000000.00")]);
    let before = scenario.state.records.clone();
    scenario.move_to("2026-08-28", 17, 0);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled, "the cut-off finds nothing to do");
    assert!(before.len() >= scenario.state.records.len());
    scenario.audit();
}

#[test]
fn the_maturity_is_called_five_business_days_before_and_the_list_taken_the_day_before() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    scenario.move_to("2026-08-20", 23, 59);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Active);
    scenario.move_to("2026-08-21", 0, 0);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
    assert_eq!(settlement(&mut scenario, id).phase, SettlementPhase::Called);
    let refused = scenario.act(&all("S1"), &Split { lot: lots[0], parts: amounts(&["400000.00", "400000.00"]) });
    assert_eq!(name(refused), "E_RECORD_CLOSED");
    scenario.move_to("2026-08-27", 16, 59);
    assert_eq!(settlement(&mut scenario, id).recorded_at, None);
    scenario.move_to("2026-08-27", 17, 0);
    let taken = settlement(&mut scenario, id);
    assert_eq!((taken.phase, taken.lines, taken.listed), (SettlementPhase::Waiting, 4, cny("5000000.00")));
    let page: RecordPage = scenario.record(&(id, 0)).unwrap();
    let listed: Vec<(LotId, Amount)> = page.lines.iter().map(|line| (line.lot, line.amount)).collect();
    let amounts = ["800000.00", "1000000.00", "2399999.50", "800000.50"].map(cny);
    assert_eq!(listed, lots.into_iter().zip(amounts).collect::<Vec<_>>());
    let reminders: Vec<u32> = told::<MaturityNear>(&scenario).iter().map(|event| event.business_days).collect();
    assert_eq!(reminders, [15, 5, 1]);
    scenario.audit();
}

fn amounts<const MAX: usize>(parts: &[&str]) -> List<Amount, MAX> {
    List::new(parts.iter().map(|part| cny(part)).collect()).unwrap()
}

#[test]
fn a_list_longer_than_a_page_is_proved_line_by_line_and_paid_to_the_cent() {
    let mut scenario = consortium();
    let (id, first) = issued(&mut scenario, "INV-1", cny("500000.00"));
    set_policy(&mut scenario, |policy| policy.splits_per_day_max = 1_000);
    let mut rest = first;
    for _ in 0..3 {
        let mut parts = vec!["1000.00"; 49];
        let left = lot(&mut scenario, rest).face.minus(cny("49000.00")).unwrap().unwrap().to_string();
        let left = left.trim_end_matches(" CNY").to_owned();
        parts.push(&left);
        rest = *split(&mut scenario, "S1", rest, &parts).unwrap().last().unwrap();
    }
    scenario.move_to("2026-08-28", 9, 0);
    let taken = settlement(&mut scenario, id);
    assert_eq!((taken.phase, taken.lines), (SettlementPhase::Waiting, 148));
    let mut leaves = Vec::new();
    for page in 0..3 {
        let page: RecordPage = scenario.record(&(id, page)).unwrap();
        leaves.extend(page.lines.iter().map(|line| merkle::leaf(&wire::encode(line))));
    }
    assert_eq!(leaves.len(), 148);
    for index in [0, 63, 64, 147] {
        let proof = merkle::inclusion_proof(&leaves, index).unwrap();
        let position = u64::try_from(index).unwrap();
        assert!(merkle::verify_inclusion(taken.tree.root(), 148, position, leaves[index], &proof));
    }
    fund(&mut scenario, id, cny("100000.01")).unwrap();
    scenario.move_to("2026-08-28", 16, 30);
    let sum: u64 = (0..3)
        .map(|page| {
            let page: PaidPage = scenario.record(&(id, 0, page)).unwrap();
            page.lines.iter().map(|line| line.principal.minor).sum::<u64>()
        })
        .sum();
    assert_eq!(sum, 10_000_001);
    assert_eq!(at_settlement_bank(&mut scenario, "S1"), cny("100000.01"));
    scenario.audit();
}

#[test]
fn money_that_comes_early_waits_for_the_due_day() {
    let mut scenario = consortium();
    let (id, _) = spread(&mut scenario);
    scenario.move_to("2026-08-21", 9, 0);
    fund(&mut scenario, id, cny("2000000.00")).unwrap();
    scenario.move_to("2026-08-27", 18, 0);
    fund(&mut scenario, id, cny("3000000.00")).unwrap();
    scenario.move_to("2026-08-27", 23, 59);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
    assert_eq!(suspense(&mut scenario), cny("5000000.00"));
    scenario.audit();
    scenario.move_to("2026-08-28", 0, 0);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(at_settlement_bank(&mut scenario, "S1"), cny("1800000.00"));
    scenario.audit();
}

#[test]
fn several_fundings_on_the_due_day_are_paid_when_they_are_enough() {
    let mut scenario = consortium();
    let (id, _) = spread(&mut scenario);
    scenario.move_to("2026-08-28", 9, 0);
    for amount in ["1000000.00", "3999999.99"] {
        fund(&mut scenario, id, cny(amount)).unwrap();
        assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
    }
    fund(&mut scenario, id, cny("0.01")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(settlement(&mut scenario, id).fundings, 3);
    scenario.audit();
}

#[test]
fn a_maturity_on_a_holiday_is_paid_on_the_next_business_day() {
    let mut scenario = consortium();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny("1000.00"));
    // Saturday; the tenor cap is 2026-09-02.
    let draft = Draft { maturity: date("2026-08-29"), ..draft(cny("1000.00"), &[(invoice, cny("1000.00"))]) };
    let (id, _) = issue(&mut scenario, &draft).unwrap();
    scenario.move_to("2026-08-30", 23, 59);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
    scenario.move_to("2026-08-31", 9, 0);
    fund(&mut scenario, id, cny("1000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
}

#[test]
fn what_has_come_by_the_cut_off_is_shared_by_largest_remainder() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("3000000.01")).unwrap();
    scenario.move_to("2026-08-28", 16, 29);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
    scenario.move_to("2026-08-28", 16, 30);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Overdue);
    let expected = ["480000.00", "600000.00", "1439999.71", "480000.30"].map(cny);
    assert_eq!(paid(&mut scenario, &lots), expected);
    assert_eq!(certificate(&mut scenario, id).live, cny("1999999.99"));
    assert_eq!(quota(&mut scenario).1, cny("1999999.99"));
    assert_eq!(suspense(&mut scenario), cny("0.00"));
    scenario.audit();
}

#[test]
fn a_cent_too_much_waits_in_suspense_raises_an_alert_and_can_be_returned_once() {
    let mut scenario = consortium();
    let (id, _) = spread(&mut scenario);
    scenario.move_to("2026-08-28", 9, 0);
    let funding = fund(&mut scenario, id, cny("5000000.01")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(settlement(&mut scenario, id).excess, cny("0.01"));
    assert_eq!(suspense(&mut scenario), cny("0.01"));
    assert_eq!(told::<AlertRaised>(&scenario).last().unwrap().rule, AlertRule::Overfunded);
    scenario.audit();
    let back = |amount| ReturnExcess { certificate: id, funding, amount: cny(amount) };
    assert_eq!(name(scenario.act("SB.maker+SB.checker", &back("0.02"))), "E_EXCESS");
    assert_eq!(name(scenario.act("SB.maker+SB.checker", &back("0.00"))), "E_AMOUNT_ZERO");
    let stranger = ReturnExcess { funding: FundingId::default(), ..back("0.01") };
    assert_eq!(name(scenario.act("SB.maker+SB.checker", &stranger)), "E_RECORD_UNKNOWN");
    scenario.act("SB.maker+SB.checker", &back("0.01")).unwrap();
    assert_eq!(suspense(&mut scenario), cny("0.00"));
    assert_eq!(at_settlement_bank(&mut scenario, "CORE"), cny("0.01"));
    assert_eq!(name(scenario.act("SB.maker+SB.checker", &back("0.01"))), "E_EXCESS");
    assert_eq!(name(fund(&mut scenario, id, cny("1.00"))), "E_ROOT_STATE");
    scenario.audit();
}

#[test]
fn deposit_tokens_of_the_agent_pay_as_well_when_their_owners_treasurer_signs() {
    let mut scenario = consortium();
    let (id, _) = spread(&mut scenario);
    scenario.move_to("2026-08-28", 9, 0);
    let core = account(&mut scenario, "SB", "CORE");
    let amount = cny("5000000.00");
    scenario.door(|ctx, state| money::issue(ctx, state, core, amount, "deposit")).unwrap();
    let act = Fund { certificate: id, source: PaymentSource::Tokens { account: core, amount } };
    assert_eq!(name(scenario.act("SB.maker+SB.checker", &act)), "E_THRESHOLD");
    scenario.act("SB.maker+SB.checker+CORE.treasurer", &act).unwrap();
    scenario.run_due();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(at_settlement_bank(&mut scenario, "CORE"), cny("0.00"));
    scenario.audit();
}

#[test]
fn only_what_the_settlement_agent_attests_and_received_is_money_for_the_certificate() {
    let mut scenario = consortium();
    let (id, _) = spread(&mut scenario);
    let today = scenario.time.date();
    let by = |scenario: &mut Scenario, signers: &str, fact: CashFactId| {
        scenario.act(signers, &Fund { certificate: id, source: PaymentSource::Fact(fact) })
    };
    let agent = "SB.maker+SB.checker";
    let early = attested(&mut scenario, "SB", ("CORE", "SB"), cny("5.00"), today);
    assert_eq!(name(by(&mut scenario, agent, early)), "E_ROOT_STATE", "the maturity is not called yet");
    scenario.move_to("2026-08-28", 9, 0);
    assert_eq!(name(by(&mut scenario, "BKA.maker+BKA.checker", early)), "E_NOT_AUTHORIZED");
    scenario.register("SB2", &[crate::core::EntityRole::SettlementAgent]);
    assert_eq!(name(by(&mut scenario, "SB2.maker+SB2.checker", early)), "E_NOT_PARTY");
    assert_eq!(name(by(&mut scenario, agent, CashFactId::default())), "E_CASH_UNATTESTED");
    let elsewhere = attested(&mut scenario, "BKA", ("CORE", "SB"), cny("5.00"), today);
    assert_eq!(name(by(&mut scenario, agent, elsewhere)), "E_CASH_UNATTESTED");
    let own = attested(&mut scenario, "SB", ("S1", "CORE"), cny("5.00"), today);
    assert_eq!(name(by(&mut scenario, agent, own)), "E_PAYEE_NOT_OWN_NAME");
    by(&mut scenario, agent, early).unwrap();
    assert_eq!(name(by(&mut scenario, agent, early)), "E_CASH_FACT_USED", "the same money counts once");
    let other_bank = account(&mut scenario, "BKA", "CORE");
    let tokens = PaymentSource::Tokens { account: other_bank, amount: cny("5.00") };
    let signers = "SB.maker+SB.checker+CORE.treasurer";
    assert_eq!(name(scenario.act(signers, &Fund { certificate: id, source: tokens })), "E_CASH_OTHER_BANK");
    let nothing = PaymentSource::Tokens { account: other_bank, amount: cny("0.00") };
    assert_eq!(name(scenario.act(signers, &Fund { certificate: id, source: nothing })), "E_AMOUNT_ZERO");
    scenario.audit();
}

#[test]
fn somebody_elses_money_counts_and_raises_an_alert() {
    let mut scenario = consortium();
    let (id, _) = spread(&mut scenario);
    scenario.move_to("2026-08-28", 9, 0);
    let today = scenario.time.date();
    let fact = attested(&mut scenario, "SB", ("CORE2", "SB"), cny("5000000.00"), today);
    scenario.act("SB.maker+SB.checker", &Fund { certificate: id, source: PaymentSource::Fact(fact) }).unwrap();
    scenario.run_due();
    assert_eq!(told::<AlertRaised>(&scenario).last().unwrap().rule, AlertRule::PaidByThirdParty);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
}

/// Variant (g): no block is made on the due day. The banks distribute from the list; the chain says the same later.
#[test]
fn a_chain_that_slept_through_the_cut_off_catches_up_without_calling_anybody_late() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    scenario.move_to("2026-08-27", 17, 0);
    scenario.clock = Clock::Real;
    scenario.time = date("2026-08-31").at(9, 0);
    scenario.run_due();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing, "nobody could attest on the due day");
    let fact = attested(&mut scenario, "SB", ("CORE", "SB"), cny("5000000.00"), date("2026-08-28"));
    let act = Fund { certificate: id, source: PaymentSource::Fact(fact) };
    scenario.act("SB.maker+SB.checker", &act).unwrap();
    scenario.run_due();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(name(scenario.act("SB.maker+SB.checker", &act)), "E_ROOT_STATE", "sent again, it has no second effect");
    let expected = ["800000.00", "1000000.00", "2399999.50", "800000.50"].map(cny);
    assert_eq!(paid(&mut scenario, &lots), expected, "as the list that the banks paid from");
    scenario.audit();
}

#[test]
fn a_chain_that_slept_holds_the_cut_off_on_the_next_business_day() {
    let mut scenario = consortium();
    let (id, _) = spread(&mut scenario);
    scenario.clock = Clock::Real;
    scenario.time = date("2026-08-30").at(9, 0);
    scenario.run_due();
    scenario.move_to("2026-08-31", 16, 29);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Maturing);
    scenario.move_to("2026-08-31", 16, 30);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Overdue);
    assert_eq!(settlement(&mut scenario, id).overdue_since, Some(date("2026-08-28")), "penalty runs from the due day");
    scenario.audit();
}

/// Due items that one block handles at most, and the lots that one certificate may have.
#[test]
fn five_thousand_lots_are_listed_and_paid_within_the_due_work_of_one_block_each() {
    let mut scenario = consortium();
    let (id, first) = issued(&mut scenario, "INV-1", cny("6000000.00"));
    set_policy(&mut scenario, |policy| policy.splits_per_day_max = 1_000);
    let mut rest = first;
    while certificate(&mut scenario, id).lots + 50 <= 5_000 {
        let mut parts = vec!["1000.00"; 49];
        let left = lot(&mut scenario, rest).face.minus(cny("49000.00")).unwrap().unwrap().to_string();
        parts.push(left.trim_end_matches(" CNY"));
        rest = *split(&mut scenario, "S1", rest, &parts).unwrap().last().unwrap();
    }
    assert!(certificate(&mut scenario, id).lots > 4_950);
    scenario.move_to("2026-08-27", 16, 59);
    scenario.time = date("2026-08-27").at(17, 0);
    let listing = due_items(&mut scenario);
    assert!(listing <= ::types::limits::DUE_PER_BLOCK_MAX, "{listing} items list the holders");
    let listed = settlement(&mut scenario, id);
    assert_eq!((listed.phase, listed.listed), (SettlementPhase::Waiting, cny("6000000.00")));
    assert!(listed.lines > 4_800);
    scenario.move_to("2026-08-28", 9, 0);
    let today = scenario.time.date();
    let fact = attested(&mut scenario, "SB", ("CORE", "SB"), cny("6000000.00"), today);
    scenario.act("SB.maker+SB.checker", &Fund { certificate: id, source: PaymentSource::Fact(fact) }).unwrap();
    let paying = due_items(&mut scenario);
    assert!(paying <= ::types::limits::DUE_PER_BLOCK_MAX, "{paying} items pay the holders");
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(at_settlement_bank(&mut scenario, "S1"), cny("6000000.00"));
    scenario.audit();
}

/// Runs what is due now, and gives the number of items.
fn due_items(scenario: &mut Scenario) -> usize {
    let mut items = 0;
    while let Some(item) = crate::core::due::take(&mut scenario.state, scenario.time).unwrap() {
        scenario.door(|ctx, state| crate::run_due(ctx, &item, state)).unwrap();
        items += 1;
    }
    items
}

/// Credit passes down the chain: the tiers use no limit of their own, and at maturity all of it comes back.
#[test]
fn sixty_million_pass_three_tiers_and_two_banks_and_come_back() {
    let mut scenario = Scenario::new();
    grant_quota(&mut scenario, "CORE", cny("80000000.00"));
    grant_line(&mut scenario, "BKA", "CORE", cny("100000000.00"));
    grant_line(&mut scenario, "BKB", "CORE", cny("5000000.00"));
    let (id, first) = issued(&mut scenario, "INV-1", cny("60000000.00"));
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("60000000.00")));
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")), "an issue uses no line");
    let at_s2 = pass_on(&mut scenario, ("S1", "S2"), first, cny("40000000.00")).unwrap();
    let parts = split(&mut scenario, "S2", at_s2, &["25000000.00", "15000000.00"]).unwrap();
    let without = |rate| (FinancingKind::NonRecourse, rate);
    financed(&mut scenario, ("S2", "BKA"), (parts[0], cny("25000000.00")), without(45_000)).unwrap();
    let at_s3 = pass_on(&mut scenario, ("S2", "S3"), parts[1], cny("15000000.00")).unwrap();
    let parts = split(&mut scenario, "S3", at_s3, &["5000000.00", "10000000.00"]).unwrap();
    financed(&mut scenario, ("S3", "BKB"), (parts[0], cny("5000000.00")), without(52_000)).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("25000000.00")));
    assert_eq!(line(&mut scenario, "BKB"), (cny("0.00"), cny("5000000.00")), "on its own line");
    assert_eq!(certificate(&mut scenario, id).live, cny("60000000.00"), "CORE owes the same all the while");
    scenario.audit();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("60000000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    for (holder, amount) in
        [("S1", "20000000.00"), ("BKA", "25000000.00"), ("BKB", "5000000.00"), ("S3", "10000000.00")]
    {
        assert_eq!(at_settlement_bank(&mut scenario, holder), cny(amount));
    }
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(line(&mut scenario, "BKB"), (cny("0.00"), cny("0.00")));
    scenario.audit();
}
