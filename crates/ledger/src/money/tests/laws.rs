//! The laws hold after any acts, and `audit` sees each of them broken.

use super::*;
use crate::core::Record;
use proptest::prelude::*;

/// What the books must say, kept apart from the ledger.
#[derive(Default)]
struct Model {
    /// Available and held of each account, in minor units.
    accounts: Vec<(u64, u64)>,
    /// Open holds: source, target, amount, expiry in hours.
    holds: Vec<(HoldId, usize, usize, u64, u64)>,
    hour: u64,
}

/// Two banks; the first four accounts are at the first.
const ACCOUNTS: &[(&str, &str)] =
    &[("BKA", "S1"), ("BKA", "S2"), ("BKA", "S3"), ("BKA", "CORE"), ("BKB", "S1"), ("BKB", "S2")];

#[derive(Clone, Debug)]
enum Step {
    Issue(usize, u64),
    Transfer(usize, usize, u64),
    Hold(usize, usize, u64, u64),
    Post(usize, u64),
    Void(usize),
    Redeem(usize, u64),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let account = || 0..ACCOUNTS.len();
    let amount = || 1..1_000u64;
    let step = prop_oneof![
        2 => (account(), amount()).prop_map(|(account, amount)| Step::Issue(account, amount)),
        4 => (account(), account(), amount()).prop_map(|(a, b, amount)| Step::Transfer(a, b, amount)),
        3 => (account(), account(), amount(), 1..100u64).prop_map(|(a, b, amount, h)| Step::Hold(a, b, amount, h)),
        3 => (0..8usize, amount()).prop_map(|(hold, amount)| Step::Post(hold, amount)),
        1 => (0..8usize).prop_map(Step::Void),
        1 => (account(), amount()).prop_map(|(account, amount)| Step::Redeem(account, amount)),
        1 => (1..40u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..100)
}

struct Run {
    world: World,
    model: Model,
    ids: Vec<CashAccountId>,
}

impl Run {
    fn new() -> Self {
        let mut world = World::new();
        let ids = ACCOUNTS.iter().map(|(bank, owner)| world.account(bank, owner)).collect();
        Self { world, model: Model { accounts: vec![(0, 0); ACCOUNTS.len()], ..Model::default() }, ids }
    }

    /// Whether money may go from one account to the other.
    fn linked(a: usize, b: usize) -> bool {
        a != b && ACCOUNTS[a].0 == ACCOUNTS[b].0
    }

    /// Does the step in the ledger and in the model; both must agree on whether it can be done.
    fn step(&mut self, step: &Step) {
        let minor = |minor: u64| Currency::CNY.minor(minor);
        match *step {
            Step::Issue(account, amount) => {
                self.world.issue(ACCOUNTS[account].0, self.ids[account], minor(amount)).unwrap();
                self.model.accounts[account].0 += amount;
            }
            Step::Transfer(a, b, amount) => {
                let done = self.world.transfer(ACCOUNTS[a].1, self.ids[a], self.ids[b], minor(amount));
                let possible = Self::linked(a, b) && self.model.accounts[a].0 >= amount;
                assert_eq!(done.is_ok(), possible, "{step:?}: {done:?}");
                if possible {
                    self.model.accounts[a].0 -= amount;
                    self.model.accounts[b].0 += amount;
                }
            }
            Step::Hold(a, b, amount, hours) => {
                let expires = self.world.scenario.time.plus_hours(hours);
                let (account, payee_account) = (self.ids[a], self.ids[b]);
                let reference = text("x");
                let act = PlaceHold { account, payee_account, amount: minor(amount), expires, reference };
                let done = self.world.scenario.act(&format!("{}.treasurer", ACCOUNTS[a].1), &act);
                let possible = Self::linked(a, b) && self.model.accounts[a].0 >= amount;
                assert_eq!(done.is_ok(), possible, "{step:?}: {done:?}");
                if let Ok(id) = done {
                    self.model.accounts[a].0 -= amount;
                    self.model.accounts[a].1 += amount;
                    self.model.holds.push((id, a, b, amount, self.model.hour + hours));
                }
            }
            Step::Post(position, amount) => {
                let Some(&(hold, a, b, held, _)) = self.model.holds.get(position) else { return };
                let act = PostHold { hold, amount: minor(amount) };
                let done = self.world.scenario.act(&format!("{}.treasurer", ACCOUNTS[b].1), &act);
                assert_eq!(done.is_ok(), amount <= held, "{step:?}: {done:?}");
                if done.is_ok() {
                    self.model.holds.remove(position);
                    self.model.accounts[a].1 -= held;
                    self.model.accounts[a].0 += held - amount;
                    self.model.accounts[b].0 += amount;
                }
            }
            Step::Void(position) => {
                let Some(&(hold, a, b, held, _)) = self.model.holds.get(position) else { return };
                self.world.scenario.act(&format!("{}.treasurer", ACCOUNTS[b].1), &VoidHold { hold }).unwrap();
                self.model.holds.remove(position);
                self.model.accounts[a].1 -= held;
                self.model.accounts[a].0 += held;
            }
            Step::Redeem(account, amount) => self.redeem(account, amount),
            Step::Wait(hours) => self.wait(hours),
        }
    }

    fn redeem(&mut self, account: usize, amount: u64) {
        let (bank, owner) = ACCOUNTS[account];
        let vault = self.world.vault(bank).account;
        let asked = self.world.hold(owner, self.ids[account], vault, Currency::CNY.minor(amount));
        assert_eq!(asked.is_ok(), self.model.accounts[account].0 >= amount, "{asked:?}");
        if let Ok(hold) = asked {
            let act = RedeemTokens { hold, bank_reference: self.world.reference() };
            self.world.scenario.act(&format!("{bank}.treasurer+{bank}.checker"), &act).unwrap();
            self.model.accounts[account].0 -= amount;
        }
    }

    fn wait(&mut self, hours: u64) {
        self.model.hour += hours;
        self.world.scenario.time = self.world.scenario.time.plus_hours(hours);
        self.world.scenario.run_due();
        let (over, open) = self.model.holds.iter().partition(|(.., expires)| *expires <= self.model.hour);
        self.model.holds = open;
        let over: Vec<(HoldId, usize, usize, u64, u64)> = over;
        for (_, a, _, held, _) in over {
            self.model.accounts[a].1 -= held;
            self.model.accounts[a].0 += held;
        }
    }

    fn compare(&mut self) {
        for (position, (available, held)) in self.model.accounts.iter().enumerate() {
            let balance = self.world.balance(self.ids[position]);
            assert_eq!((balance.0.minor, balance.1.minor), (*available, *held), "{:?}", ACCOUNTS[position]);
        }
        self.world.scenario.audit();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn balances_are_what_an_independent_book_says_after_any_acts(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
        }
        run.compare();
    }
}

/// The laws that `audit` finds broken after `break_it`.
fn broken(break_it: impl FnOnce(&mut World, CashAccountId, HoldId)) -> Vec<&'static str> {
    let mut world = World::new();
    let (s1, s2) = (world.account("BKA", "S1"), world.account("BKA", "S2"));
    world.issue("BKA", s1, cny("100.00")).unwrap();
    let hold = world.hold("S1", s1, s2, cny("40.00")).unwrap();
    world.fact("BKA", s1, s2, cny("5.00")).unwrap();
    world.scenario.audit();
    break_it(&mut world, s1, hold);
    crate::audit(&world.scenario.state).0.into_iter().map(|violation| violation.law).collect()
}

#[test]
fn audit_sees_money_from_nowhere() {
    let laws = broken(|world, account, _| {
        let mut record = world.scenario.record::<CashAccount>(&account).unwrap();
        record.available = record.available.plus(cny("0.01")).unwrap();
        record.store(&mut world.scenario.state, &account);
    });
    assert_eq!(laws, ["MONEY-TRIAL-BALANCE"]);
}

#[test]
fn audit_sees_held_money_without_a_hold() {
    let laws = broken(|world, _, hold| Hold::remove(&mut world.scenario.state, &hold));
    assert_eq!(laws, ["MONEY-HELD"]);
}

#[test]
fn audit_sees_an_account_of_the_operator() {
    let laws = broken(|world, account, _| {
        let mut record = world.scenario.record::<CashAccount>(&account).unwrap();
        record.owner = Scenario::id("OP");
        record.store(&mut world.scenario.state, &account);
    });
    assert_eq!(laws, ["I10"]);
}

#[test]
fn audit_sees_a_number_and_a_reference_used_twice() {
    let laws = broken(|world, account, _| {
        let record = world.scenario.record::<CashAccount>(&account).unwrap();
        let zero = Amount::zero(Currency::CNY);
        let copy = CashAccount { available: zero, held: zero, ..record };
        copy.store(&mut world.scenario.state, &CashAccountId::default());
    });
    assert_eq!(laws, ["MONEY-NUMBER"]);
    let laws = broken(|world, _, _| {
        let id = CashFactId::of(Scenario::id("BKA"), &text("REF-2"));
        let fact = world.scenario.record::<CashFact>(&id).unwrap();
        fact.store(&mut world.scenario.state, &CashFactId::default());
    });
    assert_eq!(laws, ["MONEY-FACT-ONCE"]);
}
