mod laws;
mod modes;
mod refusals;

use super::*;
use crate::{
    core::{EnterpriseId, EventKind, Query, QueryContext, Record},
    testing::{Scenario, cny, text},
};
use ::types::{Amount, Currency, Date, Rejection, wire};

type Done<T> = Result<T, Rejection>;

/// The name under which the catalogue has what was refused.
fn name<T: std::fmt::Debug>(refused: Done<T>) -> &'static str {
    crate::explain(&refused.unwrap_err()).0
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// A maturity within every line of these tests.
fn maturity() -> Date {
    date("2026-08-28")
}

fn granted_quota(core: &str, limit: Amount) -> GrantQuota {
    let (starts, expires) = (date("2026-01-01"), date("2026-12-31"));
    GrantQuota { core: Scenario::id(core), limit, starts, expires, remark: text("committee of 2026-02-20") }
}

fn granted_line(obligor: &str, sanctioned: Amount) -> GrantLine {
    GrantLine {
        obligor: Scenario::id(obligor),
        sanctioned,
        ad_hoc: None,
        starts: date("2026-01-01"),
        expires: date("2026-12-31"),
        kind: LineKind::Revolving,
        remark: text("memo 17"),
    }
}

/// The doors as a sister module uses them, and the acts.
trait Doors {
    fn quota(&mut self, door: Door, core: &str, amount: Amount) -> Done<()>;
    fn line(&mut self, door: Door, bank: &str, amount: Amount) -> Done<()>;
    fn grant(&mut self, bank: &str, sanctioned: Amount);
    fn quota_of(&mut self, core: &str) -> QuotaView;
    fn line_of(&mut self, bank: &str) -> LineView;
    fn told<E: EventKind>(&self) -> Vec<E>;
}

#[derive(Clone, Copy, Debug)]
enum Door {
    Block,
    Unblock,
    Use,
    Release,
}

impl Doors for Scenario {
    fn quota(&mut self, door: Door, core: &str, amount: Amount) -> Done<()> {
        let core = Scenario::id(core);
        self.door(|ctx, state| match door {
            Door::Block => quota_block(ctx, state, core, amount),
            Door::Unblock => quota_unblock(ctx, state, core, amount),
            Door::Use => quota_use(ctx, state, core, amount),
            Door::Release => quota_release(ctx, state, core, amount),
        })
    }

    fn line(&mut self, door: Door, bank: &str, amount: Amount) -> Done<()> {
        let (bank, core) = (Scenario::id(bank), Scenario::id("CORE"));
        self.door(|ctx, state| match door {
            Door::Block => line_block(ctx, state, bank, core, amount, maturity()),
            Door::Unblock => line_unblock(ctx, state, bank, core, amount),
            Door::Use => line_utilise(ctx, state, bank, core, amount),
            Door::Release => line_release(ctx, state, bank, core, amount),
        })
    }

    fn grant(&mut self, bank: &str, sanctioned: Amount) {
        self.act(&format!("{bank}.maker+{bank}.risk"), &granted_line("CORE", sanctioned)).unwrap();
    }

    fn quota_of(&mut self, core: &str) -> QuotaView {
        let question = QuotaOf { core: Scenario::id(core), currency: Currency::CNY };
        let ctx = QueryContext { height: self.height, time: self.time };
        question.answer(&ctx, &mut self.state).unwrap()
    }

    fn line_of(&mut self, bank: &str) -> LineView {
        let (bank, obligor) = (Scenario::id(bank), Scenario::id("CORE"));
        let question = LineOf { bank, obligor, currency: Currency::CNY };
        let ctx = QueryContext { height: self.height, time: self.time };
        question.answer(&ctx, &mut self.state).unwrap()
    }

    fn told<E: EventKind>(&self) -> Vec<E> {
        let of_kind = |event: &&::types::Event| (event.module, event.event) == (E::MODULE, E::NUMBER);
        self.state.events.iter().filter(of_kind).map(|event| wire::decode(&event.payload).unwrap()).collect()
    }
}

/// CORE with a quota, issuing up to it.
fn with_quota(limit: Amount) -> Scenario {
    let mut scenario = Scenario::new();
    scenario.act("OP.maker+OP.checker", &granted_quota("CORE", limit)).unwrap();
    scenario
}

#[test]
fn credit_passes_down_the_chain_for_free_and_comes_back_at_maturity() {
    let mut scenario = with_quota(cny("80000000.00"));
    scenario.grant("BKA", cny("100000000.00"));
    scenario.grant("BKB", cny("5000000.00"));
    let face = cny("60000000.00");
    scenario.quota(Door::Block, "CORE", face).unwrap();
    scenario.quota(Door::Use, "CORE", face).unwrap();
    let quota = scenario.quota_of("CORE");
    assert_eq!((quota.quota.used, quota.available), (cny("60000000.00"), cny("20000000.00")));
    assert_eq!(scenario.line_of("BKA").line.utilised, cny("0.00"), "issuing takes nothing of a bank's line");
    for (bank, amount) in [("BKA", cny("25000000.00")), ("BKB", cny("5000000.00"))] {
        scenario.line(Door::Block, bank, amount).unwrap();
        scenario.line(Door::Use, bank, amount).unwrap();
        assert_eq!(scenario.line_of(bank).line.utilised, amount);
        assert_eq!(scenario.line_of(bank).line.blocked, cny("0.00"));
    }
    assert_eq!(scenario.line_of("BKA").available, cny("75000000.00"));
    assert_eq!(scenario.line_of("BKB").available, cny("0.00"));
    assert_eq!(scenario.quota_of("CORE").quota.used, face, "financing takes nothing of the quota");
    scenario.audit();
    for part in ["20000000.00", "25000000.00", "5000000.00", "10000000.00"] {
        scenario.quota(Door::Release, "CORE", cny(part)).unwrap();
    }
    scenario.line(Door::Release, "BKA", cny("25000000.00")).unwrap();
    scenario.line(Door::Release, "BKB", cny("5000000.00")).unwrap();
    assert_eq!(scenario.quota_of("CORE").quota.used, cny("0.00"));
    assert_eq!(scenario.line_of("BKA").line.utilised, cny("0.00"));
    assert_eq!(scenario.line_of("BKB").line.utilised, cny("0.00"));
    scenario.audit();
}

#[test]
fn a_refused_certificate_and_a_lapsed_quote_give_everything_back() {
    let mut scenario = with_quota(cny("100.00"));
    scenario.grant("BKA", cny("50.00"));
    scenario.quota(Door::Block, "CORE", cny("100.00")).unwrap();
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("0.01"))), "E_QUOTA");
    scenario.quota(Door::Unblock, "CORE", cny("100.00")).unwrap();
    scenario.line(Door::Block, "BKA", cny("50.00")).unwrap();
    scenario.line(Door::Unblock, "BKA", cny("50.00")).unwrap();
    assert_eq!(scenario.quota_of("CORE").available, cny("100.00"));
    assert_eq!(scenario.line_of("BKA").available, cny("50.00"));
    scenario.audit();
}

#[test]
fn what_is_resold_leaves_one_banks_line_and_enters_the_others() {
    let mut scenario = Scenario::new();
    scenario.grant("BKA", cny("100.00"));
    scenario.grant("BKB", cny("100.00"));
    scenario.line(Door::Block, "BKA", cny("70.00")).unwrap();
    scenario.line(Door::Use, "BKA", cny("70.00")).unwrap();
    scenario.line(Door::Release, "BKA", cny("70.00")).unwrap();
    scenario.line(Door::Block, "BKB", cny("70.00")).unwrap();
    scenario.line(Door::Use, "BKB", cny("70.00")).unwrap();
    assert_eq!(scenario.line_of("BKA").available, cny("100.00"));
    assert_eq!(scenario.line_of("BKB").line.utilised, cny("70.00"));
    scenario.audit();
}

#[test]
fn an_ad_hoc_amount_counts_on_its_days_only() {
    let mut scenario = Scenario::new();
    let (starts, ends) = (date("2026-03-10"), date("2026-03-12"));
    let ad_hoc = Some(AdHoc { amount: cny("50.00"), starts, ends });
    let line = GrantLine { ad_hoc, ..granted_line("CORE", cny("100.00")) };
    scenario.act("BKA.maker+BKA.risk", &line).unwrap();
    assert_eq!(scenario.line_of("BKA").limit, cny("100.00"));
    scenario.move_to("2026-03-10", 9, 0);
    assert_eq!(scenario.line_of("BKA").limit, cny("150.00"));
    scenario.line(Door::Block, "BKA", cny("150.00")).unwrap();
    scenario.line(Door::Use, "BKA", cny("150.00")).unwrap();
    scenario.move_to("2026-03-13", 9, 0);
    let view = scenario.line_of("BKA");
    assert_eq!((view.limit, view.available), (cny("100.00"), cny("0.00")));
    scenario.line(Door::Release, "BKA", cny("50.01")).unwrap();
    assert_eq!(scenario.line_of("BKA").available, cny("0.01"), "what was drawn on the ad hoc amount runs off first");
    scenario.audit();
}

#[test]
fn a_one_time_line_is_drawn_once() {
    let mut scenario = Scenario::new();
    let line = GrantLine { kind: LineKind::OneTime, ..granted_line("CORE", cny("100.00")) };
    scenario.act("BKA.maker+BKA.risk", &line).unwrap();
    scenario.line(Door::Block, "BKA", cny("60.00")).unwrap();
    scenario.line(Door::Use, "BKA", cny("60.00")).unwrap();
    scenario.line(Door::Release, "BKA", cny("60.00")).unwrap();
    assert_eq!(scenario.line_of("BKA").available, cny("40.00"));
    scenario.line(Door::Block, "BKA", cny("40.00")).unwrap();
    scenario.line(Door::Unblock, "BKA", cny("40.00")).unwrap();
    assert_eq!(scenario.line_of("BKA").available, cny("40.00"), "what was only blocked can be blocked again");
    scenario.audit();
}

#[test]
fn a_cut_stops_what_is_new_and_leaves_what_is_there() {
    let mut scenario = with_quota(cny("100.00"));
    scenario.grant("BKA", cny("100.00"));
    for door in [Door::Block, Door::Use] {
        scenario.quota(door, "CORE", cny("80.00")).unwrap();
        scenario.line(door, "BKA", cny("80.00")).unwrap();
    }
    scenario.act("OP.maker+OP.checker", &granted_quota("CORE", cny("50.00"))).unwrap();
    let (sanctioned, expires) = (cny("50.00"), date("2026-12-31"));
    let obligor = Scenario::id("CORE");
    let cut = ChangeLine { obligor, sanctioned, ad_hoc: None, expires, remark: text("cut") };
    scenario.act("BKA.maker+BKA.risk", &cut).unwrap();
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("0.01"))), "E_QUOTA");
    assert_eq!(name(scenario.line(Door::Block, "BKA", cny("0.01"))), "E_LINE_INSUFFICIENT");
    scenario.audit();
    scenario.quota(Door::Release, "CORE", cny("40.00")).unwrap();
    scenario.line(Door::Release, "BKA", cny("40.00")).unwrap();
    assert_eq!(scenario.quota_of("CORE").available, cny("10.00"));
    assert_eq!(scenario.line_of("BKA").available, cny("10.00"));
    scenario.audit();
}

#[test]
fn the_owner_of_a_limit_is_told_at_80_90_and_100_percent_each_time_it_is_crossed() {
    let mut scenario = with_quota(cny("100.00"));
    scenario.grant("BKA", cny("100.00"));
    for amount in ["79.99", "0.01", "9.99", "0.01", "10.00"] {
        scenario.quota(Door::Block, "CORE", cny(amount)).unwrap();
        scenario.line(Door::Block, "BKA", cny(amount)).unwrap();
    }
    let percents = |scenario: &Scenario| {
        let quota = scenario.told::<QuotaAlarmed>().iter().map(|alarm| alarm.percent).collect::<Vec<_>>();
        let line = scenario.told::<LineAlarmed>().iter().map(|alarm| alarm.percent).collect::<Vec<_>>();
        assert_eq!(quota, line);
        quota
    };
    assert_eq!(percents(&scenario), [80, 90, 100]);
    scenario.quota(Door::Unblock, "CORE", cny("20.01")).unwrap();
    scenario.line(Door::Unblock, "BKA", cny("20.01")).unwrap();
    scenario.quota(Door::Block, "CORE", cny("15.00")).unwrap();
    scenario.line(Door::Block, "BKA", cny("15.00")).unwrap();
    assert_eq!(percents(&scenario), [80, 90, 100, 90]);
    assert_eq!(scenario.told::<LineAlarmed>()[0].parties(), [Scenario::id("BKA")]);
    assert_eq!(scenario.told::<QuotaAlarmed>()[0].parties(), [Scenario::id("CORE"), Scenario::id("OP")]);
}

#[test]
fn an_overdue_certificate_stops_new_issues_until_it_is_paid() {
    let mut scenario = with_quota(cny("100.00"));
    let core = Scenario::id("CORE");
    scenario.quota(Door::Block, "CORE", cny("10.00")).unwrap();
    scenario.door(|ctx, state| overdue_began(ctx, state, core, "root_1")).unwrap();
    scenario.door(|ctx, state| overdue_began(ctx, state, core, "root_2")).unwrap();
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("1.00"))), "E_ISSUER_SUSPENDED");
    scenario.quota(Door::Use, "CORE", cny("10.00")).expect("what was blocked before may be accepted");
    scenario.door(|ctx, state| overdue_ended(ctx, state, core, "root_1")).unwrap();
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("1.00"))), "E_ISSUER_SUSPENDED");
    assert!(scenario.told::<IssuerCleared>().is_empty());
    scenario.door(|ctx, state| overdue_ended(ctx, state, core, "root_2")).unwrap();
    scenario.quota(Door::Block, "CORE", cny("1.00")).unwrap();
    assert_eq!(scenario.told::<IssuerCleared>().len(), 1);
    let suspended = scenario.told::<IssuerSuspended>();
    assert_eq!(suspended[1].overdue, 2);
    assert_eq!(suspended[1].until, None);
    scenario.audit();
}

#[test]
fn three_overdue_certificates_in_six_months_suspend_for_six_months() {
    let mut scenario = with_quota(cny("100.00"));
    let core = Scenario::id("CORE");
    for day in ["2026-03-02", "2026-05-04", "2026-09-02"] {
        scenario.move_to(day, 18, 0);
        scenario.door(|ctx, state| overdue_began(ctx, state, core, "root")).unwrap();
        scenario.door(|ctx, state| overdue_ended(ctx, state, core, "root")).unwrap();
    }
    let standing = scenario.quota_of("CORE").standing;
    assert_eq!(standing.suspended_until, Some(date("2027-03-02")));
    assert_eq!(standing.overdue, 0);
    let refused = scenario.quota(Door::Block, "CORE", cny("1.00"));
    assert_eq!(name(refused), "E_ISSUER_SUSPENDED");
    scenario.move_to("2026-12-01", 9, 0);
    let longer = GrantQuota { expires: date("2027-12-31"), ..granted_quota("CORE", cny("100.00")) };
    scenario.act("OP.maker+OP.checker", &longer).unwrap();
    scenario.move_to("2027-03-01", 23, 59);
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("1.00"))), "E_ISSUER_SUSPENDED");
    let cleared = scenario.told::<IssuerCleared>().len();
    scenario.move_to("2027-03-02", 0, 0);
    assert_eq!(scenario.told::<IssuerCleared>().len(), cleared + 1);
    scenario.quota(Door::Block, "CORE", cny("1.00")).unwrap();
    scenario.audit();
}

#[test]
fn an_overdue_certificate_of_more_than_six_months_ago_does_not_count() {
    let mut scenario = with_quota(cny("100.00"));
    let core = Scenario::id("CORE");
    for day in ["2026-03-02", "2026-05-04", "2026-09-03"] {
        scenario.move_to(day, 18, 0);
        scenario.door(|ctx, state| overdue_began(ctx, state, core, "root")).unwrap();
        scenario.door(|ctx, state| overdue_ended(ctx, state, core, "root")).unwrap();
    }
    assert_eq!(scenario.quota_of("CORE").standing.suspended_until, None);
    scenario.quota(Door::Block, "CORE", cny("1.00")).unwrap();
}

#[test]
fn a_suspension_that_ends_while_a_certificate_is_overdue_clears_nobody() {
    let mut scenario = with_quota(cny("100.00"));
    let core = Scenario::id("CORE");
    for _ in 0..3 {
        scenario.door(|ctx, state| overdue_began(ctx, state, core, "root")).unwrap();
    }
    scenario.move_to("2026-09-03", 9, 0);
    assert_eq!(scenario.quota_of("CORE").standing.suspended_until, None);
    assert!(scenario.told::<IssuerCleared>().is_empty());
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("1.00"))), "E_ISSUER_SUSPENDED");
    scenario.audit();
}

#[test]
fn an_issuer_that_is_overdue_more_often_than_anyone_counts_is_remembered_still() {
    let mut scenario = with_quota(cny("100.00"));
    let core = Scenario::id("CORE");
    for _ in 0..types::OVERDUE_REMEMBERED_MAX + 3 {
        scenario.door(|ctx, state| overdue_began(ctx, state, core, "root")).unwrap();
    }
    let standing = scenario.quota_of("CORE").standing;
    assert_eq!(standing.recent.len(), types::OVERDUE_REMEMBERED_MAX);
    assert_eq!(standing.overdue, 67);
    scenario.audit();
}

#[test]
fn a_bank_is_told_a_month_before_its_line_expires() {
    let mut scenario = Scenario::new();
    scenario.grant("BKA", cny("100.00"));
    let (obligor, sanctioned) = (Scenario::id("CORE"), cny("100.00"));
    let shorter =
        ChangeLine { obligor, sanctioned, ad_hoc: None, expires: date("2026-10-31"), remark: text("shorter") };
    scenario.act("BKA.maker+BKA.risk", &shorter).unwrap();
    scenario.move_to("2026-10-01", 8, 59);
    assert!(scenario.told::<LineExpiring>().is_empty());
    scenario.move_to("2027-01-01", 0, 0);
    let told = scenario.told::<LineExpiring>();
    assert_eq!(told.len(), 1, "the notice for the earlier date fell away");
    assert_eq!(told[0].expires, date("2026-10-31"));
}
