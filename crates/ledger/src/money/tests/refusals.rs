//! Each thing that may not happen to money, and that it does not.

use super::*;
use crate::enterprise;

/// The name under which the catalogue has what was refused.
fn name<T: std::fmt::Debug>(refused: Done<T>) -> &'static str {
    crate::explain(&refused.unwrap_err()).0
}

#[test]
fn the_operator_has_no_account_and_takes_part_in_no_payment() {
    let mut world = World::new();
    let open = OpenAccount { owner: Scenario::id("OP"), number: text("1"), currency: Currency::CNY };
    let refused = reject::operator_account(Scenario::id("OP"));
    assert_eq!(world.scenario.act("BKA.maker+BKA.checker", &open), Err(refused.clone()), "E_OPERATOR_ACCOUNT");
    let (bank, operator) = (Scenario::id("BKA"), Scenario::id("OP"));
    let found = world.scenario.door(|ctx, state| account_at(ctx, state, bank, operator, Currency::CNY));
    assert_eq!(found, Err(refused));
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let mut record = world.scenario.record::<enterprise::Enterprise>(&Scenario::id("S2")).unwrap();
    record.roles.push(crate::core::EntityRole::Operator).unwrap();
    crate::core::Record::store(&record, &mut world.scenario.state, &Scenario::id("S2"));
    assert_eq!(name(world.transfer("S1", s1, s2, cny("1.00"))), "E_OPERATOR_ACCOUNT");
    assert_eq!(name(world.fact("BKA", s1, s2, cny("1.00"))), "E_OPERATOR_ACCOUNT");
    assert_eq!(name(world.issue("BKA", s2, cny("1.00"))), "E_OPERATOR_ACCOUNT");
}

#[test]
fn only_the_bank_that_keeps_an_account_attests_its_cash() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    assert_eq!(name(world.fact("BKB", s1, s2, cny("1.00"))), "E_CASH_UNATTESTED");
    let attest = attestation(&mut world, s1, s2, cny("1.00"));
    assert_eq!(name(world.scenario.act("S1.treasurer+S1.treasurer2", &attest)), "E_NOT_AUTHORIZED");
    assert_eq!(name(world.scenario.act("BKA.treasurer", &attest)), "E_MAKER_IS_CHECKER");
    assert_eq!(name(world.scenario.act("BKA.maker+BKA.checker", &attest)), "E_THRESHOLD");
    world.scenario.act("BKA.treasurer+BKA.checker", &attest).unwrap();
    let unknown = CashFactId::default();
    let used = world.scenario.door(|ctx, state| consume_fact(ctx, state, unknown, "lot"));
    assert_eq!(name(used), "E_CASH_UNATTESTED");
    world.scenario.audit();
}

#[test]
fn a_fact_is_attested_once_with_its_own_amount_and_date() {
    let mut world = World::new();
    let (s1, s2, suspense) = (world.account("BKA", "S1"), world.account("BKB", "S2"), world.suspense("BKA"));
    let signers = "BKA.treasurer+BKA.checker";
    let attest = attestation(&mut world, s1, s2, cny("1.00"));
    world.scenario.act(signers, &attest).unwrap();
    let again = Attest { amount: cny("2.00"), payee: suspense, ..attest.clone() };
    assert_eq!(name(world.scenario.act(signers, &again)), "E_CASH_REFERENCE_USED");
    world.scenario.act("BKB.treasurer+BKB.checker", &attest).unwrap();
    let tomorrow = attestation(&mut world, s1, s2, cny("1.00"));
    let tomorrow = Attest { value_date: tomorrow.value_date.plus_days(1), ..tomorrow };
    assert_eq!(name(world.scenario.act(signers, &tomorrow)), "E_CASH_VALUE_DATE");
    let dollars = attestation(&mut world, s1, s2, "1.00 USD".parse().unwrap());
    assert_eq!(name(world.scenario.act(signers, &dollars)), "E_CCY_MISMATCH");
    assert_eq!(name(world.fact("BKA", s1, s2, cny("0.00"))), "E_AMOUNT_ZERO");
    assert_eq!(name(world.fact("BKA", s1, s1, cny("1.00"))), "E_CASH_SAME_ACCOUNT");
    assert_eq!(name(world.fact("BKA", s1, CashAccountId::default(), cny("1.00"))), "E_CASH_ACCOUNT_UNKNOWN");
    world.issue("BKA", s1, cny("1.00")).unwrap();
    let vault = world.vault("BKA").account;
    assert_eq!(name(world.fact("BKA", s1, vault, cny("1.00"))), "E_CASH_ACCOUNT_KIND");
    world.scenario.audit();
}

#[test]
fn an_issue_matches_the_deposit_that_it_names() {
    let mut world = World::new();
    let (outside, s1) = (world.account("BKB", "S1"), world.account("BKA", "S1"));
    let (s2, elsewhere) = (world.account("BKA", "S2"), world.account("BKB", "S1"));
    let issue = |world: &mut World, fact: CashFactId, amount: Amount| {
        let bank_reference = world.reference();
        let act = IssueTokens { account: s1, amount, bank_reference, fact: Some(fact) };
        world.scenario.act("BKA.treasurer+BKA.checker", &act)
    };
    let fact = world.fact("BKA", outside, s1, cny("10.00")).unwrap();
    let refused = issue(&mut world, fact, cny("10.01"));
    assert_eq!(refused, Err(reject::net_mismatch(cny("10.01"), cny("10.00"))), "E_NET_MISMATCH");
    let foreign = world.fact("BKA", outside, s2, cny("10.00")).unwrap();
    assert_eq!(name(issue(&mut world, foreign, cny("10.00"))), "E_PAYEE_NOT_OWN_NAME");
    let away = world.fact("BKA", s1, elsewhere, cny("10.00")).unwrap();
    assert_eq!(name(issue(&mut world, away, cny("10.00"))), "E_CASH_OTHER_BANK");
    let again = IssueTokens { account: s1, amount: cny("1.00"), bank_reference: text("ONCE"), fact: None };
    world.scenario.act("BKA.treasurer+BKA.checker", &again).unwrap();
    assert_eq!(name(world.scenario.act("BKA.treasurer+BKA.checker", &again)), "E_CASH_REFERENCE_USED");
    issue(&mut world, fact, cny("10.00")).expect("a refused issue has not used its fact");
    assert_eq!(world.balance(s1), (cny("11.00"), cny("0.00")));
    world.scenario.audit();
}

#[test]
fn a_bank_issues_only_to_its_own_customers() {
    let mut world = World::new();
    let (s1, suspense) = (world.account("BKA", "S1"), world.suspense("BKA"));
    assert_eq!(name(world.issue("BKB", s1, cny("1.00"))), "E_CASH_OTHER_BANK");
    assert_eq!(name(world.issue("BKA", suspense, cny("1.00"))), "E_CASH_ACCOUNT_KIND");
    assert_eq!(name(world.issue("BKA", s1, cny("0.00"))), "E_AMOUNT_ZERO");
    let dollars = world.issue("BKA", s1, "1.00 USD".parse().unwrap());
    assert_eq!(name(dollars), "E_CCY_MISMATCH");
    let act = IssueTokens { account: s1, amount: cny("1.00"), bank_reference: text("X"), fact: None };
    assert_eq!(name(world.scenario.act("S1.treasurer+S1.checker", &act)), "E_NOT_AUTHORIZED");
    assert_eq!(world.vault("BKA").issued, cny("0.00"));
}

#[test]
fn a_transfer_stays_within_the_balance_the_bank_and_the_currency() {
    let mut world = World::new();
    let (s1, s2, away) = (world.account("BKA", "S1"), world.account("BKA", "S2"), world.account("BKB", "S2"));
    let suspense = world.suspense("BKA");
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let over = world.transfer("S1", s1, s2, cny("100.01"));
    assert_eq!(over, Err(reject::insufficient(s1, cny("100.00"), cny("100.01"))), "E_CASH_INSUFFICIENT");
    assert_eq!(name(world.transfer("S1", s1, away, cny("1.00"))), "E_CASH_OTHER_BANK");
    assert_eq!(name(world.transfer("S1", s1, s1, cny("1.00"))), "E_CASH_SAME_ACCOUNT");
    assert_eq!(name(world.transfer("S2", s1, s2, cny("1.00"))), "E_CASH_NOT_OWNER");
    assert_eq!(name(world.transfer("S1", s1, s2, cny("0.00"))), "E_AMOUNT_ZERO");
    assert_eq!(name(world.transfer("S1", s1, s2, "1.00 USD".parse().unwrap())), "E_CCY_MISMATCH");
    assert_eq!(name(world.transfer("S1", s1, suspense, cny("1.00"))), "E_CASH_ACCOUNT_KIND");
    assert_eq!(name(world.transfer("BKA", suspense, s1, cny("1.00"))), "E_CASH_ACCOUNT_KIND");
    let vault = world.vault("BKA").account;
    assert_eq!(name(world.transfer("S1", s1, vault, cny("1.00"))), "E_CASH_ACCOUNT_KIND");
    assert_eq!(name(world.transfer("BKA", vault, s1, cny("1.00"))), "E_CASH_ACCOUNT_KIND");
    let from_vault = world.scenario.door(|ctx, state| pay(ctx, state, vault, s1, cny("1.00"), "x"));
    assert_eq!(name(from_vault), "E_CASH_ACCOUNT_KIND");
    let into_vault = world.scenario.door(|ctx, state| issue(ctx, state, vault, cny("1.00"), "x"));
    assert_eq!(name(into_vault), "E_CASH_ACCOUNT_KIND");
    assert_eq!(name(world.transfer("S1", s1, CashAccountId::default(), cny("1.00"))), "E_CASH_ACCOUNT_UNKNOWN");
    let act = Transfer { source: s1, target: s2, amount: cny("1.00"), reference: text("x") };
    assert_eq!(name(world.scenario.act("S1.maker", &act)), "E_THRESHOLD");
    assert_eq!(name(world.scenario.act("S1.both", &act)), "E_MAKER_IS_CHECKER");
    world.scenario.act("S1.maker+S1.checker", &act).unwrap();
    assert_eq!(world.balance(s1), (cny("99.00"), cny("0.00")));
    world.scenario.audit();
}

#[test]
fn nobody_pays_an_enterprise_that_may_not_act() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let mut record = world.scenario.record::<enterprise::Enterprise>(&Scenario::id("S2")).unwrap();
    record.standing = enterprise::Standing::Suspended;
    crate::core::Record::store(&record, &mut world.scenario.state, &Scenario::id("S2"));
    assert_eq!(name(world.transfer("S1", s1, s2, cny("1.00"))), "E_KYC_INACTIVE");
    assert_eq!(name(world.hold("S1", s1, s2, cny("1.00"))), "E_KYC_INACTIVE");
}

#[test]
fn an_account_number_is_given_once_and_by_its_bank() {
    let mut world = World::new();
    let open = |owner: &str, number: &str| OpenAccount {
        owner: Scenario::id(owner),
        number: text(number),
        currency: Currency::CNY,
    };
    let signers = "BKA.maker+BKA.checker";
    world.scenario.act(signers, &open("S1", "1")).unwrap();
    assert_eq!(name(world.scenario.act(signers, &open("S2", "1"))), "E_CASH_ACCOUNT_EXISTS");
    world.scenario.act("BKB.maker+BKB.checker", &open("S2", "1")).unwrap();
    assert_eq!(name(world.scenario.act(signers, &open("S1", ""))), "E_CASH_NUMBER");
    assert_eq!(name(world.scenario.act(signers, &open("S1", "ledger/vault/CNY"))), "E_CASH_NUMBER");
    assert_eq!(name(world.scenario.act("S1.maker+S1.checker", &open("S1", "2"))), "E_NOT_AUTHORIZED");
    let (not_bank, owner) = (Scenario::id("S2"), Scenario::id("S1"));
    let found = world.scenario.door(|ctx, state| account_at(ctx, state, not_bank, owner, Currency::CNY));
    assert_eq!(name(found), "E_NOT_A_BANK");
    let suspense = world.scenario.door(|ctx, state| suspense_at(ctx, state, not_bank, Currency::CNY));
    assert_eq!(name(suspense), "E_NOT_A_BANK");
    world.scenario.audit();
}

#[test]
fn a_hold_is_taken_by_its_payee_once_and_not_above_what_was_set_aside() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    assert_eq!(name(world.hold("S1", s1, s2, cny("100.01"))), "E_CASH_INSUFFICIENT");
    let hold = world.hold("S1", s1, s2, cny("40.00")).unwrap();
    assert_eq!(name(world.transfer("S1", s1, s2, cny("60.01"))), "E_CASH_INSUFFICIENT");
    let post = |amount: &str| PostHold { hold, amount: cny(amount) };
    assert_eq!(name(world.scenario.act("S1.treasurer", &post("1.00"))), "E_HOLD_NOT_PAYEE");
    assert_eq!(name(world.scenario.act("S1.treasurer", &VoidHold { hold })), "E_HOLD_NOT_PAYEE");
    assert_eq!(name(world.scenario.act("S2.treasurer", &post("40.01"))), "E_OVERFUNDED");
    assert_eq!(name(world.scenario.act("S2.treasurer", &post("0.00"))), "E_AMOUNT_ZERO");
    world.scenario.act("S2.treasurer", &post("40.00")).unwrap();
    assert_eq!(name(world.scenario.act("S2.treasurer", &post("1.00"))), "E_HOLD_CLOSED");
    assert_eq!(name(world.scenario.act("S2.treasurer", &VoidHold { hold })), "E_HOLD_CLOSED");
    let unknown = HoldId::default();
    assert_eq!(name(world.scenario.act("S2.treasurer", &VoidHold { hold: unknown })), "E_HOLD_UNKNOWN");
    world.scenario.audit();
}

#[test]
fn a_hold_ends_within_a_year_and_not_in_the_past() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let now = world.scenario.time;
    for (expires, allowed) in
        [(now, false), (now.plus_ms(1), true), (now.plus_hours(366 * 24), true), (now.plus_hours(367 * 24), false)]
    {
        let (account, payee_account) = (s1, s2);
        let act = PlaceHold { account, payee_account, amount: cny("1.00"), expires, reference: text("x") };
        let placed = world.scenario.act("S1.treasurer", &act);
        assert_eq!(placed.is_ok(), allowed, "{expires}");
        if !allowed {
            assert_eq!(name(placed), "E_HOLD_EXPIRY");
        }
    }
}

#[test]
fn tokens_are_redeemed_only_as_their_owner_asked_and_by_the_bank_that_owes_them() {
    let mut world = World::new();
    let (s1, bank_own) = (world.account("BKA", "S1"), world.account("BKA", "BKA"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let vault = world.vault("BKA").account;
    let other_vault = world.vault("BKB").account;
    assert_eq!(name(world.hold("S1", s1, other_vault, cny("1.00"))), "E_CASH_ACCOUNT_UNKNOWN");
    let hold = world.hold("S1", s1, vault, cny("60.00")).unwrap();
    let taken = world.scenario.act("BKA.treasurer", &PostHold { hold, amount: cny("60.00") });
    assert_eq!(name(taken), "E_CASH_ACCOUNT_KIND");
    let redeem = |hold: HoldId, reference: &str| RedeemTokens { hold, bank_reference: text(reference) };
    let signers = "BKA.treasurer+BKA.checker";
    assert_eq!(name(world.scenario.act("BKB.treasurer+BKB.checker", &redeem(hold, "P"))), "E_HOLD_NOT_PAYEE");
    world.scenario.act(signers, &redeem(hold, "P")).unwrap();
    assert_eq!(name(world.scenario.act(signers, &redeem(hold, "P"))), "E_CASH_REFERENCE_USED");
    assert_eq!(name(world.scenario.act(signers, &redeem(hold, "Q"))), "E_HOLD_CLOSED");
    let for_bank = world.hold("S1", s1, bank_own, cny("1.00")).unwrap();
    assert_eq!(name(world.scenario.act(signers, &redeem(for_bank, "R"))), "E_CASH_ACCOUNT_KIND");
    assert_eq!(world.vault("BKA").issued, cny("40.00"));
    assert_eq!(name(world.scenario.act(signers, &redeem(HoldId::default(), "S"))), "E_HOLD_UNKNOWN");
    world.scenario.audit();
}

#[test]
fn a_large_payment_takes_more_approvals() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("30000000.00")).unwrap();
    let act = |amount: &str| Transfer { source: s1, target: s2, amount: cny(amount), reference: text("x") };
    world.scenario.act("S1.treasurer", &act("999999.99")).unwrap();
    assert_eq!(name(world.scenario.act("S1.treasurer", &act("1000000.00"))), "E_THRESHOLD");
    assert_eq!(name(world.scenario.act("S1.maker+S1.checker", &act("1000000.00"))), "E_THRESHOLD");
    world.scenario.act("S1.maker+S1.checker+S1.approver", &act("1000000.00")).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker+S1.checker+S1.approver", &act("10000000.00"))), "E_THRESHOLD");
    let everyone = "S1.treasurer+S1.checker+S1.approver+S1.approver2";
    world.scenario.act(everyone, &act("10000000.00")).unwrap();
    assert_eq!(world.balance(s2).0, cny("11999999.99"));
    world.scenario.audit();
}

#[test]
fn a_person_does_not_sign_above_his_limit() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    for signer in ["S1.treasurer", "BKA.treasurer"] {
        let account = world.scenario.account(signer);
        let key = world.scenario.record::<enterprise::MemberKey>(&account).unwrap();
        let mut person = world.scenario.record::<enterprise::Member>(&key.member).unwrap();
        person.limit_minor = Some(5_000);
        crate::core::Record::store(&person, &mut world.scenario.state, &key.member);
    }
    assert_eq!(name(world.transfer("S1", s1, s2, cny("50.01"))), "E_THRESHOLD");
    world.transfer("S1", s1, s2, cny("50.00")).unwrap();
    assert_eq!(name(world.issue("BKA", s1, cny("50.01"))), "E_THRESHOLD");
    assert_eq!(name(world.fact("BKA", s1, s2, cny("50.01"))), "E_THRESHOLD");
}
