//! The laws hold after any movements, and `audit` sees each of them broken.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Quota(Door, u64),
    Line(usize, Door, u64),
    /// The reserve of BKA's line.
    Reserve(Hold, u64),
    /// GUAR's cover.
    Cover(Door, u64),
    GrantCover(u64),
    GrantQuota(u64),
    ChangeLine(usize, u64, Option<u64>),
    Days(u64),
}

const BANKS: &[&str] = &["BKA", "BKB"];

/// Movements of what a line backs for life.
#[derive(Clone, Copy, Debug)]
enum Hold {
    Reserve,
    Earmark,
    Unearmark,
    Draw,
    Return,
    Free,
}

/// Blocked, used or utilised, repaid for good, and the limit, in minor units.
#[derive(Clone, Copy, Default)]
struct Book {
    blocked: u64,
    used: u64,
    repaid: u64,
    reserved: u64,
    earmarked: u64,
    limit: u64,
}

impl Book {
    /// Whether the reserve can be moved so; if so it is.
    fn holds(&mut self, hold: Hold, amount: u64) -> bool {
        let possible = match hold {
            Hold::Reserve => amount <= self.blocked,
            Hold::Earmark | Hold::Free => amount <= self.reserved - self.earmarked,
            Hold::Unearmark | Hold::Draw => amount <= self.earmarked,
            Hold::Return => amount <= self.used,
        };
        if possible {
            match hold {
                Hold::Reserve => (self.blocked, self.reserved) = (self.blocked - amount, self.reserved + amount),
                Hold::Earmark => self.earmarked += amount,
                Hold::Unearmark => self.earmarked -= amount,
                Hold::Draw => {
                    self.earmarked -= amount;
                    (self.reserved, self.used) = (self.reserved - amount, self.used + amount);
                }
                Hold::Return => (self.used, self.reserved) = (self.used - amount, self.reserved + amount),
                Hold::Free => self.reserved -= amount,
            }
        }
        possible
    }

    /// Whether the movement can be made; if so it is made.
    fn moves(&mut self, door: Door, amount: u64, revolving: bool) -> bool {
        let outstanding = self.blocked + self.used + self.repaid + self.reserved;
        let possible = match door {
            Door::Block => outstanding + amount <= self.limit,
            Door::Unblock | Door::Use => amount <= self.blocked,
            Door::Release => amount <= self.used,
        };
        if possible {
            match door {
                Door::Block => self.blocked += amount,
                Door::Unblock => self.blocked -= amount,
                Door::Use => (self.blocked, self.used) = (self.blocked - amount, self.used + amount),
                Door::Release => {
                    self.used -= amount;
                    self.repaid += if revolving { 0 } else { amount };
                }
            }
        }
        possible
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let door = || prop_oneof![Just(Door::Block), Just(Door::Unblock), Just(Door::Use), Just(Door::Release)];
    let hold = || {
        prop_oneof![
            Just(Hold::Reserve),
            Just(Hold::Earmark),
            Just(Hold::Unearmark),
            Just(Hold::Draw),
            Just(Hold::Return),
            Just(Hold::Free)
        ]
    };
    let amount = || 1..400u64;
    let step = prop_oneof![
        5 => (door(), amount()).prop_map(|(door, amount)| Step::Quota(door, amount)),
        5 => (0..2usize, door(), amount()).prop_map(|(bank, door, amount)| Step::Line(bank, door, amount)),
        5 => (hold(), amount()).prop_map(|(hold, amount)| Step::Reserve(hold, amount)),
        3 => (door(), amount()).prop_map(|(door, amount)| Step::Cover(door, amount)),
        1 => (1..1_000u64).prop_map(Step::GrantCover),
        1 => (1..1_000u64).prop_map(Step::GrantQuota),
        1 => (0..2usize, 1..1_000u64, prop::option::of(1..300u64)).prop_map(|(b, s, a)| Step::ChangeLine(b, s, a)),
        1 => (1..3u64).prop_map(Step::Days),
    ];
    prop::collection::vec(step, 1..120)
}

/// The ledger, and independent books: the quota, and one line of each kind.
struct Run {
    scenario: Scenario,
    quota: Book,
    lines: [Book; 2],
    cover: Book,
    /// Sanctioned amount and the ad hoc amount with its last hour.
    sanctioned: [(u64, Option<(u64, Date)>); 2],
}

impl Run {
    fn new() -> Self {
        let mut scenario = with_quota(cny("5.00"));
        scenario.grant("BKA", cny("5.00"));
        let one_time = GrantLine { kind: LineKind::OneTime, ..granted_line("CORE", cny("5.00")) };
        scenario.act("BKB.maker+BKB.risk", &one_time).unwrap();
        let book = Book { limit: 500, ..Book::default() };
        scenario.act("GUAR.maker+GUAR.risk", &Self::cover(500)).unwrap();
        Self { scenario, quota: book, lines: [book; 2], cover: book, sanctioned: [(500, None); 2] }
    }

    fn cover(limit: u64) -> GrantCover {
        let (obligor, limit) = (Scenario::id("CORE"), Currency::CNY.minor(limit));
        GrantCover { obligor, limit, starts: date("2026-01-01"), expires: date("2026-12-31"), remark: text("x") }
    }

    /// A movement of the reserve that the books allow; callers make no other.
    fn hold(&mut self, hold: Hold, amount: u64) {
        if self.lines[0].holds(hold, amount) {
            let (bank, core, amount) = (Scenario::id(BANKS[0]), Scenario::id("CORE"), Currency::CNY.minor(amount));
            let done = self.scenario.door(|ctx, state| match hold {
                Hold::Reserve => line_reserve(ctx, state, bank, core, amount),
                Hold::Earmark => reserve_earmark(ctx, state, bank, core, amount),
                Hold::Unearmark => reserve_unearmark(ctx, state, bank, core, amount),
                Hold::Draw => reserve_draw(ctx, state, bank, core, amount),
                Hold::Return => reserve_return(ctx, state, bank, core, amount),
                Hold::Free => reserve_free(ctx, state, bank, core, amount),
            });
            done.unwrap();
        }
    }

    fn move_cover(&mut self, door: Door, amount: u64) {
        let possible = self.cover.moves(door, amount, true);
        if possible || matches!(door, Door::Block) {
            let (guarantor, core) = (Scenario::id("GUAR"), Scenario::id("CORE"));
            let amount = Currency::CNY.minor(amount);
            let done = self.scenario.door(|ctx, state| match door {
                Door::Block => cover_block(ctx, state, guarantor, core, amount, maturity()),
                Door::Unblock => cover_unblock(state, guarantor, core, amount),
                Door::Use => cover_use(state, guarantor, core, amount),
                Door::Release => cover_release(state, guarantor, core, amount),
            });
            assert_eq!(done.is_ok(), possible, "{door:?} {amount}: {done:?}");
        }
    }

    fn step(&mut self, step: &Step) {
        let minor = |minor: u64| Currency::CNY.minor(minor);
        match *step {
            Step::Quota(door, amount) => {
                let possible = self.quota.moves(door, amount, true);
                if possible || matches!(door, Door::Block) {
                    let done = self.scenario.quota(door, "CORE", minor(amount));
                    assert_eq!(done.is_ok(), possible, "{step:?}: {done:?}");
                }
            }
            Step::Line(bank, door, amount) => {
                self.lines[bank].limit = self.limit(bank);
                let possible = self.lines[bank].moves(door, amount, bank == 0);
                if possible || matches!(door, Door::Block) {
                    let done = self.scenario.line(door, BANKS[bank], minor(amount));
                    assert_eq!(done.is_ok(), possible, "{step:?}: {done:?}");
                }
            }
            Step::Reserve(hold, amount) => self.hold(hold, amount),
            Step::Cover(door, amount) => self.move_cover(door, amount),
            Step::GrantCover(limit) => {
                self.scenario.act("GUAR.maker+GUAR.risk", &Self::cover(limit)).unwrap();
                self.cover.limit = limit;
            }
            Step::GrantQuota(limit) => {
                self.scenario.act("OP.maker+OP.checker", &granted_quota("CORE", minor(limit))).unwrap();
                self.quota.limit = limit;
            }
            Step::ChangeLine(bank, sanctioned, ad_hoc) => {
                let today = self.scenario.time.date();
                let ends = today.plus_days(1);
                let added = ad_hoc.map(|amount| AdHoc { amount: minor(amount), starts: today, ends });
                let (obligor, expires) = (Scenario::id("CORE"), date("2026-12-31"));
                let remark = text("x");
                let act = ChangeLine { obligor, sanctioned: minor(sanctioned), ad_hoc: added, expires, remark };
                self.scenario.act(&format!("{0}.maker+{0}.risk", BANKS[bank]), &act).unwrap();
                self.sanctioned[bank] = (sanctioned, ad_hoc.map(|amount| (amount, ends)));
            }
            Step::Days(days) => {
                let later = self.scenario.time.plus_hours(days * 24);
                // All days of a run lie within the lines and the quota.
                if later.date() <= date("2026-08-01") {
                    self.scenario.time = later;
                    self.scenario.run_due();
                }
            }
        }
    }

    fn limit(&self, bank: usize) -> u64 {
        let (sanctioned, ad_hoc) = self.sanctioned[bank];
        let today = self.scenario.time.date();
        sanctioned + ad_hoc.filter(|(_, ends)| today <= *ends).map_or(0, |(amount, _)| amount)
    }

    fn compare(&mut self) {
        let quota = self.scenario.quota_of("CORE").quota;
        assert_eq!((quota.blocked.minor, quota.used.minor), (self.quota.blocked, self.quota.used));
        for (bank, book) in self.lines.iter().enumerate() {
            let line = self.scenario.line_of(BANKS[bank]).line;
            let found = [line.blocked, line.utilised, line.repaid, line.reserved, line.earmarked];
            let expected = [book.blocked, book.used, book.repaid, book.reserved, book.earmarked];
            assert_eq!(found.map(|amount| amount.minor), expected, "{}", BANKS[bank]);
        }
        let cover: Cover = self.scenario.record(&(Scenario::id("GUAR"), Scenario::id("CORE"), Currency::CNY)).unwrap();
        assert_eq!((cover.blocked.minor, cover.used.minor), (self.cover.blocked, self.cover.used));
        self.scenario.audit();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn limits_are_what_an_independent_book_says_after_any_movements(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
        }
        run.compare();
    }
}

fn broken(break_it: impl FnOnce(&mut Quota, &mut BankLine)) -> Vec<&'static str> {
    let mut scenario = with_quota(cny("100.00"));
    scenario.grant("BKA", cny("100.00"));
    scenario.quota(Door::Block, "CORE", cny("100.00")).unwrap();
    scenario.line(Door::Block, "BKA", cny("100.00")).unwrap();
    scenario.audit();
    let quota_id = (Scenario::id("CORE"), Currency::CNY);
    let line_id: (EnterpriseId, EnterpriseId, Currency) = (Scenario::id("BKA"), quota_id.0, Currency::CNY);
    let mut quota = scenario.record::<Quota>(&quota_id).unwrap();
    let mut line = scenario.record::<BankLine>(&line_id).unwrap();
    break_it(&mut quota, &mut line);
    quota.store(&mut scenario.state, &quota_id);
    line.store(&mut scenario.state, &line_id);
    crate::audit(&scenario.state).0.into_iter().map(|violation| violation.law).collect()
}

#[test]
fn audit_sees_a_promise_above_the_quota() {
    assert_eq!(broken(|quota, _| quota.used = cny("0.01")), ["I9"]);
}

#[test]
fn audit_sees_a_line_that_is_drawn_too_far() {
    assert_eq!(broken(|_, line| line.utilised = cny("0.01")), ["I9"]);
}

#[test]
fn audit_sees_a_revolving_line_that_forgot_to_revolve() {
    let laws = broken(|_, line| (line.blocked, line.repaid) = (cny("0.00"), cny("0.01")));
    assert_eq!(laws, ["CREDIT-REPAID"]);
}

#[test]
fn audit_sees_an_earmark_above_the_reserve() {
    assert_eq!(broken(|_, line| line.earmarked = cny("0.01")), ["CREDIT-RESERVE"]);
}

#[test]
fn audit_sees_an_enterprise_of_a_group_that_does_not_know_it() {
    let mut scenario = Scenario::new();
    GroupMembership { parent: Scenario::id("CORE") }.store(&mut scenario.state, &Scenario::id("S1"));
    let laws: Vec<_> = crate::audit(&scenario.state).0.into_iter().map(|violation| violation.law).collect();
    assert_eq!(laws, ["CREDIT-GROUP"]);
}

#[test]
fn audit_sees_a_cover_that_answers_for_too_much() {
    let mut scenario = Scenario::new();
    scenario.act("GUAR.maker+GUAR.risk", &Run::cover(100)).unwrap();
    let id = (Scenario::id("GUAR"), Scenario::id("CORE"), Currency::CNY);
    let mut cover: Cover = scenario.record(&id).unwrap();
    cover.used = cny("1.01");
    cover.store(&mut scenario.state, &id);
    let laws: Vec<_> = crate::audit(&scenario.state).0.into_iter().map(|violation| violation.law).collect();
    assert_eq!(laws, ["I9"]);
}
