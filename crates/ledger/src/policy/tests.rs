use super::{
    At, BusinessDay, Calendar, Policy, Set, SetHolidays, add_business_days, at, following_business_day,
    is_business_day, reject, subtract_business_days,
};
use crate::{
    core::{Query, QueryContext, Record},
    testing::Scenario,
};
use types::{Amount, Currency, Date, List, Rate, Rejection, Timestamp};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn days(texts: &[&str]) -> List<Date, 64> {
    List::new(texts.iter().map(|text| date(text)).collect()).unwrap()
}

fn six_months() -> Policy {
    Policy { tenor_months_hard: 6, ..Policy::default() }
}

fn set(effective_from: Timestamp, based_on: u32, policy: Policy) -> Set {
    Set { effective_from, based_on, policy }
}

fn propose(scenario: &mut Scenario, act: &Set) -> Result<u32, Rejection> {
    scenario.act("OP.maker+OP.checker", act)
}

#[test]
fn tenor_cap_switches_at_its_time_and_running_things_keep_their_version() {
    let mut scenario = Scenario::new();
    let switch = date("2026-09-14").at(0, 0);
    assert_eq!(propose(&mut scenario, &set(switch, 1, six_months())), Ok(2));
    let hard = |scenario: &mut Scenario, time: Timestamp| {
        let dated = at(&mut scenario.state, time).unwrap();
        (dated.version, dated.tenor_months_hard)
    };
    assert_eq!(hard(&mut scenario, Timestamp(switch.0 - 1)), (1, 12));
    assert_eq!(hard(&mut scenario, switch), (2, 6));
    scenario.move_to("2026-10-12", 9, 0);
    // What began before the switch asks for its own time and finds its own version, whatever came later.
    assert_eq!(hard(&mut scenario, date("2026-03-02").at(9, 0)), (1, 12));
    let now = scenario.time;
    assert_eq!(hard(&mut scenario, now), (2, 6));
    assert_eq!(hard(&mut scenario, Timestamp(0)), (1, 12));
    scenario.audit();
}

#[test]
fn a_version_is_found_by_date_until_its_last_minute() {
    let mut scenario = Scenario::new();
    let switch = date("2026-09-14").at(0, 0);
    propose(&mut scenario, &set(switch, 1, six_months())).unwrap();
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    let mut version = |date: Option<Date>| At { date }.answer(&ctx, &mut scenario.state).unwrap().version;
    assert_eq!(version(None), 1);
    assert_eq!(version(Some(date("2026-09-13"))), 1);
    assert_eq!(version(Some(date("2026-09-14"))), 2);
}

#[test]
fn rejects_a_version_that_is_not_in_the_future_or_not_after_the_others() {
    let mut scenario = Scenario::new();
    let now = scenario.time;
    let code = |result: Result<u32, Rejection>| result.map_err(|rejection| rejection.code);
    let refused = Err(reject::version("").code); // E_POLICY_VERSION
    assert_eq!(code(propose(&mut scenario, &set(now, 1, six_months()))), refused);
    assert_eq!(code(propose(&mut scenario, &set(now.plus_hours(1), 2, six_months()))), refused);
    assert_eq!(code(propose(&mut scenario, &set(now.plus_hours(48), 1, six_months()))), Ok(2));
    // Somebody else's version came between.
    assert_eq!(code(propose(&mut scenario, &set(now.plus_hours(72), 1, six_months()))), refused);
    assert_eq!(code(propose(&mut scenario, &set(now.plus_hours(48), 2, six_months()))), refused);
    assert_eq!(code(propose(&mut scenario, &set(now.plus_hours(24), 2, six_months()))), refused);
    assert_eq!(code(propose(&mut scenario, &set(now.plus_hours(49), 2, six_months()))), Ok(3));
    scenario.audit();
}

#[test]
fn rejects_a_policy_that_contradicts_itself() {
    let mut scenario = Scenario::new();
    let from = scenario.time.plus_hours(24);
    let broken: &[fn(&mut Policy)] = &[
        |policy| policy.tenor_months_soft = 13,
        |policy| policy.tenor_months_hard = 121,
        |policy| policy.record_minute_of_day = 1_440,
        |policy| policy.ltv_warning = Rate(690_000),
        |policy| policy.ltv_liquidation = Rate(1_000_001),
        |policy| policy.approval_level2_minor = policy.approval_level3_minor + 1,
        |policy| policy.holder_types = List::default(),
        |policy| policy.split_parts_max = 51,
        |policy| policy.match_price_tolerance = Rate(1_000_001),
        |policy| policy.prepayment_deposit_share = Rate(100_000),
        |policy| policy.maturity_notice_business_days = List::new(vec![400]).unwrap(),
        |policy| policy.core_penalty_multiple = Rate(999_999),
    ];
    for spoil in broken {
        let mut policy = Policy::default();
        spoil(&mut policy);
        let refused = propose(&mut scenario, &set(from, 1, policy)).unwrap_err();
        assert_eq!(refused.code, reject::value("", "").code, "E_POLICY_VALUE");
    }
    assert!(Policy::default().check().is_ok());
}

#[test]
fn only_the_operators_maker_and_checker_set_policy() {
    let mut scenario = Scenario::new();
    let act = set(scenario.time.plus_hours(1), 1, six_months());
    for signers in ["OP.maker", "OP.both", "OP.admin+OP.checker", "BKA.maker+BKA.checker", "OP.maker+BKA.checker"] {
        assert!(scenario.act(signers, &act).is_err(), "{signers}");
    }
}

#[test]
fn weekends_holidays_and_make_up_days_of_2026() {
    let mut scenario = Scenario::new();
    let mut open = |text: &str| is_business_day(&mut scenario.state, date(text)).unwrap();
    assert!(open("2026-03-02"));
    assert!(!open("2026-03-07"), "a Saturday");
    assert!(!open("2026-02-17"), "Spring Festival");
    assert!(open("2026-02-14"), "a make-up Saturday");
    assert!(open("2026-02-28"), "a make-up Saturday");
    assert!(open("2026-09-20"), "a make-up Sunday");
    assert!(!open("2026-10-07"), "National Day's last day off");
    assert!(open("2026-10-08"));
    assert!(open("2026-10-10"), "a make-up Saturday");
    assert!(!open("2026-10-11"), "a Sunday");
    assert!(open("2027-01-01"), "no calendar for 2027 yet: weekdays are business days");
}

#[test]
fn business_days_are_counted_over_weekends_holidays_and_the_turn_of_the_year() {
    let mut scenario = Scenario::new();
    let state = &mut scenario.state;
    assert_eq!(add_business_days(state, date("2026-08-28"), 10).unwrap(), date("2026-09-11"));
    assert_eq!(add_business_days(state, date("2026-09-30"), 1).unwrap(), date("2026-10-08"));
    assert_eq!(add_business_days(state, date("2026-02-13"), 2).unwrap(), date("2026-02-24"));
    assert_eq!(add_business_days(state, date("2026-12-31"), 1).unwrap(), date("2027-01-01"));
    assert_eq!(add_business_days(state, date("2026-03-07"), 0).unwrap(), date("2026-03-07"));
    assert_eq!(subtract_business_days(state, date("2026-08-28"), 5).unwrap(), date("2026-08-21"));
    assert_eq!(subtract_business_days(state, date("2026-10-08"), 1).unwrap(), date("2026-09-30"));
    assert_eq!(following_business_day(state, date("2026-10-03")).unwrap(), date("2026-10-08"));
    assert_eq!(following_business_day(state, date("2026-08-28")).unwrap(), date("2026-08-28"));
    // The calendar's end holds: nothing runs for ever.
    assert_eq!(add_business_days(state, date("9999-12-30"), 50).unwrap(), date("9999-12-31"));
    let ask = BusinessDay { date: date("2026-10-03"), days: 1 };
    let answer = ask.answer(&QueryContext { height: 1, time: Timestamp(0) }, state).unwrap();
    assert_eq!((answer.business_day, answer.following), (false, date("2026-10-08")));
    assert_eq!((answer.later, answer.earlier), (date("2026-10-08"), date("2026-09-30")));
}

#[test]
fn a_years_calendar_can_be_set_ahead_and_never_behind() {
    let mut scenario = Scenario::new();
    let next = SetHolidays { year: 2027, holidays: days(&["2027-01-01"]), working_days: days(&["2027-01-02"]) };
    scenario.act("OP.maker+OP.checker", &next).unwrap();
    assert!(!is_business_day(&mut scenario.state, date("2027-01-01")).unwrap());
    assert!(is_business_day(&mut scenario.state, date("2027-01-02")).unwrap());
    let calendar = Calendar::load(&mut scenario.state, &2026).unwrap().unwrap();
    let without = |day: &str| {
        let mut holidays = calendar.holidays.clone();
        holidays.retain(|other| *other != date(day));
        SetHolidays { year: 2026, holidays, working_days: calendar.working_days.clone() }
    };
    let refused = scenario.act("OP.maker+OP.checker", &without("2026-02-17")).unwrap_err();
    assert_eq!(refused.code, reject::holiday("", "").code, "E_HOLIDAY");
    scenario.act("OP.maker+OP.checker", &without("2026-10-07")).unwrap();
    assert!(is_business_day(&mut scenario.state, date("2026-10-07")).unwrap());
    scenario.audit();
}

#[test]
fn rejects_days_that_are_in_no_order_in_another_year_or_on_the_wrong_side() {
    let mut scenario = Scenario::new();
    let cases = [
        (days(&["2026-01-01"]), days(&[])),
        (days(&["2027-05-01", "2027-04-30"]), days(&[])),
        (days(&["2027-05-01", "2027-05-01"]), days(&[])),
        (days(&[]), days(&["2027-01-04"])),
        (days(&["2027-01-02"]), days(&["2027-01-02"])),
    ];
    for (holidays, working_days) in cases {
        let act = SetHolidays { year: 2027, holidays, working_days };
        let refused = scenario.act("OP.maker+OP.checker", &act).unwrap_err();
        assert_eq!(refused.code, 301, "E_HOLIDAY");
    }
}

#[test]
fn the_fee_cap_names_both_sides() {
    let amount = |minor| Amount { currency: Currency::CNY, minor };
    let (_, text) = crate::explain(&reject::fee_cap(amount(300), amount(200)));
    assert_eq!(text, "the fees are 3.00 CNY: the policy allows 2.00 CNY at most", "E_FEE_CAP");
}

#[test]
fn defaults_are_those_of_the_parameter_table() {
    expect_test::expect_file!["defaults.json"].assert_eq(&crate::testing::json(&Policy::default()));
}
