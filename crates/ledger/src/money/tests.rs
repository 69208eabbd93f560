mod laws;
mod refusals;

use super::*;
use crate::{
    core::{EnterpriseId, Query, QueryContext},
    testing::{Scenario, cny, text},
};
use ::types::{Amount, Currency};

/// A scenario with accounts in yuan.
struct World {
    scenario: Scenario,
    references: u32,
}

impl World {
    fn new() -> Self {
        Self { scenario: Scenario::new(), references: 0 }
    }

    fn account(&mut self, bank: &str, owner: &str) -> CashAccountId {
        let (bank, owner) = (Scenario::id(bank), Scenario::id(owner));
        self.scenario.door(|ctx, state| account_at(ctx, state, bank, owner, Currency::CNY)).unwrap()
    }

    fn suspense(&mut self, bank: &str) -> CashAccountId {
        let bank = Scenario::id(bank);
        self.scenario.door(|ctx, state| suspense_at(ctx, state, bank, Currency::CNY)).unwrap()
    }

    /// Available and held.
    fn balance(&mut self, account: CashAccountId) -> (Amount, Amount) {
        let account: CashAccount = self.scenario.record(&account).unwrap();
        (account.available, account.held)
    }

    fn reference(&mut self) -> ::types::text::Reference {
        self.references += 1;
        text(&format!("REF-{}", self.references))
    }

    fn issue(&mut self, bank: &str, account: CashAccountId, amount: Amount) -> Done<TokenBookingId> {
        let act = IssueTokens { account, amount, bank_reference: self.reference(), fact: None };
        self.scenario.act(&format!("{bank}.treasurer+{bank}.checker"), &act)
    }

    fn transfer(&mut self, owner: &str, source: CashAccountId, target: CashAccountId, amount: Amount) -> Done<()> {
        let act = Transfer { source, target, amount, reference: text("INV-1") };
        self.scenario.act(&format!("{owner}.treasurer"), &act)
    }

    fn hold(&mut self, owner: &str, account: CashAccountId, payee: CashAccountId, amount: Amount) -> Done<HoldId> {
        let expires = self.scenario.time.plus_hours(48);
        let act = PlaceHold { account, payee_account: payee, amount, expires, reference: text("ORDER-1") };
        self.scenario.act(&format!("{owner}.treasurer"), &act)
    }

    fn fact(&mut self, bank: &str, payer: CashAccountId, payee: CashAccountId, amount: Amount) -> Done<CashFactId> {
        let act = attestation(self, payer, payee, amount);
        self.scenario.act(&format!("{bank}.treasurer+{bank}.treasurer2"), &act)
    }

    fn vault(&mut self, bank: &str) -> VaultView {
        let question = Vault { bank: Scenario::id(bank), currency: Currency::CNY };
        let ctx = QueryContext { height: self.scenario.height, time: self.scenario.time };
        question.answer(&ctx, &mut self.scenario.state).unwrap()
    }
}

type Done<T> = Result<T, ::types::Rejection>;

fn attestation(world: &mut World, payer: CashAccountId, payee: CashAccountId, amount: Amount) -> Attest {
    let value_date = world.scenario.time.date();
    Attest { payer, payee, amount, value_date, bank_reference: world.reference() }
}

#[test]
fn the_worked_example_of_the_door_holds_to_the_cent() {
    let mut world = World::new();
    let [s1, s2, s3] = ["S1", "S2", "S3"].map(|owner| world.account("BKA", owner));
    world.issue("BKA", s1, cny("1000000.00")).unwrap();
    assert_eq!(world.vault("BKA").issued, cny("1000000.00"));
    world.transfer("S1", s1, s2, cny("250000.00")).unwrap();
    let hold = world.hold("S1", s1, s3, cny("100000.00")).unwrap();
    assert_eq!(world.balance(s1), (cny("650000.00"), cny("100000.00")));
    world.scenario.act("S3.maker+S3.checker", &PostHold { hold, amount: cny("60000.00") }).unwrap();
    assert_eq!(world.balance(s1), (cny("690000.00"), cny("0.00")));
    assert_eq!(world.balance(s2), (cny("250000.00"), cny("0.00")));
    assert_eq!(world.balance(s3), (cny("60000.00"), cny("0.00")));
    assert_eq!(world.vault("BKA").issued, cny("1000000.00"));
    let vault = world.vault("BKA").account;
    let hold = world.hold("S2", s2, vault, cny("250000.00")).unwrap();
    assert_eq!(world.vault("BKA").issued, cny("1000000.00"), "asking for redemption redeems nothing");
    let redeem = RedeemTokens { hold, bank_reference: text("PAYOUT-1") };
    world.scenario.act("BKA.treasurer+BKA.treasurer2", &redeem).unwrap();
    assert_eq!(world.vault("BKA").issued, cny("750000.00"));
    assert_eq!(world.balance(s2), (cny("0.00"), cny("0.00")));
    world.scenario.audit();
}

#[test]
fn a_hold_that_nobody_takes_is_free_again_when_its_time_is_up() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let taken = world.hold("S1", s1, s2, cny("30.00")).unwrap();
    let left = world.hold("S1", s1, s2, cny("20.00")).unwrap();
    world.scenario.act("S2.treasurer", &PostHold { hold: taken, amount: cny("30.00") }).unwrap();
    assert_eq!(world.balance(s1), (cny("50.00"), cny("20.00")));
    world.scenario.move_to("2026-03-04", 8, 59);
    assert_eq!(world.balance(s1), (cny("50.00"), cny("20.00")));
    world.scenario.move_to("2026-03-04", 9, 0);
    assert_eq!(world.balance(s1), (cny("70.00"), cny("0.00")));
    assert_eq!(world.scenario.record::<Hold>(&left).unwrap().status, HoldStatus::Expired);
    assert_eq!(world.scenario.record::<Hold>(&taken).unwrap().status, HoldStatus::Posted, "a taken hold stays taken");
    world.scenario.audit();
}

#[test]
fn a_voided_hold_gives_everything_back() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let hold = world.hold("S1", s1, s2, cny("100.00")).unwrap();
    world.scenario.act("S2.treasurer", &VoidHold { hold }).unwrap();
    assert_eq!(world.balance(s1), (cny("100.00"), cny("0.00")));
    assert_eq!(world.balance(s2), (cny("0.00"), cny("0.00")));
    world.scenario.audit();
}

#[test]
fn a_deposit_that_the_bank_attested_is_issued_once() {
    let mut world = World::new();
    let (outside, inside) = (world.account("BKB", "S1"), world.account("BKA", "S1"));
    let fact = world.fact("BKA", outside, inside, cny("500.00")).unwrap();
    let issue = |world: &mut World| {
        let bank_reference = world.reference();
        let act = IssueTokens { account: inside, amount: cny("500.00"), bank_reference, fact: Some(fact) };
        world.scenario.act("BKA.treasurer+BKA.checker", &act)
    };
    let booking = issue(&mut world).unwrap();
    assert_eq!(world.balance(inside), (cny("500.00"), cny("0.00")));
    let by = format!("issue of tokens {booking}");
    assert_eq!(issue(&mut world), Err(reject::fact_used(fact, &by)), "E_CASH_FACT_USED");
    let consumed = world.scenario.record::<CashFact>(&fact).unwrap().consumed_by.unwrap();
    assert_eq!(consumed.by.as_str(), by);
    assert_eq!(world.balance(inside), (cny("500.00"), cny("0.00")));
    world.scenario.audit();
}

#[test]
fn an_owner_is_paid_into_the_first_account_that_the_bank_opened_for_him() {
    let mut world = World::new();
    let open = |world: &mut World, number: &str, currency: Currency| {
        let act = OpenAccount { owner: Scenario::id("S1"), number: text(number), currency };
        world.scenario.act("BKA.maker+BKA.checker", &act).unwrap()
    };
    let first = open(&mut world, "6222-0001", Currency::CNY);
    let second = open(&mut world, "6222-0002", Currency::CNY);
    let dollars = open(&mut world, "6222-0003", Currency::USD);
    assert!(first != second && second != dollars);
    assert_eq!(world.account("BKA", "S1"), first);
    let ctx = QueryContext { height: 1, time: world.scenario.time };
    let question = AccountAt { bank: Scenario::id("BKA"), owner: Scenario::id("S1"), currency: Currency::USD };
    assert_eq!(question.answer(&ctx, &mut world.scenario.state).unwrap(), Some(dollars));
    let question = AccountAt { bank: Scenario::id("BKB"), ..question };
    assert_eq!(question.answer(&ctx, &mut world.scenario.state).unwrap(), None);
    assert_eq!(
        Balance { account: first }.answer(&ctx, &mut world.scenario.state).unwrap().number.as_str(),
        "6222-0001"
    );
    world.scenario.audit();
}

#[test]
fn a_sister_module_pays_into_suspense_and_out_of_it() {
    let mut world = World::new();
    let (s1, suspense) = (world.account("SB", "S1"), world.suspense("SB"));
    world.scenario.door(|ctx, state| issue(ctx, state, suspense, cny("10.00"), "funding of root")).unwrap();
    world.scenario.door(|ctx, state| pay(ctx, state, suspense, s1, cny("7.50"), "lot")).unwrap();
    assert_eq!(world.balance(suspense), (cny("2.50"), cny("0.00")));
    assert_eq!(world.balance(s1), (cny("7.50"), cny("0.00")));
    world.scenario.audit();
}

#[test]
fn a_suspended_owner_can_still_be_paid_by_due_work() {
    let mut world = World::new();
    let s1 = Scenario::id("S1");
    let mut record = world.scenario.record::<crate::enterprise::Enterprise>(&s1).unwrap();
    record.standing = crate::enterprise::Standing::Suspended;
    crate::core::Record::store(&record, &mut world.scenario.state, &s1);
    let account = world.account("SB", "S1");
    world.scenario.door(|ctx, state| issue(ctx, state, account, cny("10.00"), "maturity")).unwrap();
    assert_eq!(world.balance(account), (cny("10.00"), cny("0.00")));
}

#[test]
fn a_transfer_touches_two_accounts_and_nothing_else() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let before = world.scenario.state.records.clone();
    world.transfer("S1", s1, s2, cny("1.00")).unwrap();
    let after = &world.scenario.state.records;
    let changed: Vec<_> = after.iter().filter(|(key, value)| before.get(*key) != Some(value)).collect();
    assert_eq!(changed.len(), 2);
    assert_eq!(after.len(), before.len());
}

#[test]
fn the_parties_of_a_transfer_are_told_and_nobody_else() {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    world.transfer("S1", s1, s2, cny("1.00")).unwrap();
    let event = world.scenario.state.events.last().unwrap();
    let spec = MODULE.events.iter().find(|spec| spec.number == event.event).unwrap();
    assert_eq!(spec.name, "TokensTransferred");
    let told: Vec<EnterpriseId> = (spec.parties)(&event.payload).unwrap();
    assert_eq!(told, [Scenario::id("S1"), Scenario::id("S2")]);
}
